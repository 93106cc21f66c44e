//! Completion in shells: by the same names that the prompt completes, so with the commands of all plugins.
//!
//! The scripts only ask this program at each Tab. It starts no daemon then, and tells nothing that should be told to
//! somebody who reads.
//!
//! A name may be anything, and what is inserted into a line is run at Enter. Zsh and fish quote what they insert for the
//! place where it stands; bash inserts it as it is, so that for bash it is quoted here.

mod bash;

use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::app::{App, Choice};
use crate::config::Config;
use crate::exit::Failure;
use crate::paths::Paths;
use crate::prompt::{Candidate, Names};
use crate::quoting::{Dialect, read};
use crate::render::print;

/// For which shell, or what shall be completed.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
    /// The line as far as it is typed, as bash and fish have it
    #[arg(long, hide = true, allow_hyphen_values = true)]
    line: Option<String>,
    /// The end of it that bash replaces
    #[arg(long, hide = true, allow_hyphen_values = true, requires = "line", default_value = "")]
    part: String,
    /// The words, as zsh has them; the last is the one to complete
    #[arg(last = true, hide = true)]
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("completions/bash.sh"),
            Self::Zsh => include_str!("completions/zsh.sh"),
            Self::Fish => include_str!("completions/fish.fish"),
        }
    }
}

pub(crate) async fn run(
    paths: Paths,
    choice: Choice,
    config: &Config,
    arguments: &CompletionsArguments,
) -> Result<(), Failure> {
    let CompletionsArguments { shell, line, part, words } = arguments;
    if line.is_none() && words.is_empty() {
        return print(shell.script().trim_end());
    }
    // Without a program before them the words are none of ours.
    let Some(line) = Line::read(*shell, line.as_deref(), part, words) else { return Ok(()) };
    let app = Arc::new(App::silent(paths, choice, config).await?);
    let names = Names::new(Arc::clone(&app), None, tokio::runtime::Handle::current());
    let (words, word) = (line.words, line.word);
    // It waits for the daemon, which it must not do where that is served.
    let found = tokio::task::spawn_blocking(move || names.candidates(&words, &word)).await;
    app.host.disconnect().await;
    let lines: Vec<_> =
        found.unwrap_or_default().into_iter().filter_map(|found| line.place.shown(&found)).collect();
    if lines.is_empty() { Ok(()) } else { print(&lines.join("\n")) }
}

/// A line of a shell, without the program.
struct Line {
    words: Vec<String>,
    word: String,
    place: Place,
}

/// Where a candidate is inserted.
enum Place {
    Bash(bash::Place),
    /// Where the shell quotes by itself.
    Quoting,
}

impl Line {
    fn read(shell: Shell, line: Option<&str>, part: &str, words: &[String]) -> Option<Self> {
        if shell == Shell::Zsh {
            let (word, words) = words.split_last()?;
            return Some(Self { words: words.to_vec(), word: word.clone(), place: Place::Quoting });
        }
        let (typed, place) = match shell {
            Shell::Bash => {
                let (typed, place) = bash::Place::read(line?, part)?;
                (typed, Place::Bash(place))
            }
            _ => (read(Dialect::Fish, line?)?, Place::Quoting),
        };
        // The program's name itself is the shell's business.
        Some(Self { words: typed.words.get(1..)?.to_vec(), word: typed.word, place })
    }
}

impl Place {
    fn shown(&self, found: &Candidate) -> Option<String> {
        match self {
            Self::Bash(place) => place.inserted(&found.value),
            // It would be shown as it is in the list, and none of it may be seen.
            Self::Quoting if powerbox_core::text::clean_line(&found.value) != found.value => None,
            Self::Quoting => {
                let about = found.about.as_deref().map(powerbox_core::text::clean_line);
                Some(format!("{}\t{}", found.value, about.unwrap_or_default()))
            }
        }
    }
}
