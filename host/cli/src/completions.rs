//! Completion in shells: by the same names that the prompt completes, so with the commands of all plugins.
//!
//! The scripts only ask this program at each Tab. It starts no daemon then, and tells nothing that should be told to
//! somebody who reads.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::app::{App, Choice};
use crate::config::Config;
use crate::exit::Failure;
use crate::paths::Paths;
use crate::prompt::Names;
use crate::render::print;

/// For which shell, or what shall be completed.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(required_unless_present = "line")]
    shell: Option<Shell>,
    /// The line as far as it is typed: what its last word could be is printed, each with a tab and its description
    #[arg(long, hide = true, allow_hyphen_values = true)]
    line: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
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
    if let Some(line) = &arguments.line {
        let typed = Typed::read(line);
        let app = Arc::new(App::silent(paths, choice, config).await?);
        let names = Names::new(Arc::clone(&app), typed.agent, tokio::runtime::Handle::current());
        // It waits for the daemon, which it must not do where that is served.
        let rest = typed.rest;
        let found = tokio::task::spawn_blocking(move || names.suggestions(&rest, rest.len())).await;
        let lines: Vec<_> = found
            .unwrap_or_default()
            .into_iter()
            .filter(|found| !found.value.contains(['\n', '\t']))
            .map(|found| {
                let about = found.description.unwrap_or_default();
                format!("{}\t{}", found.value, powerbox_core::text::clean_line(&about))
            })
            .collect();
        app.host.disconnect().await;
        return if lines.is_empty() { Ok(()) } else { print(&lines.join("\n")) };
    }
    match arguments.shell {
        Some(shell) => print(shell.script().trim_end()),
        None => Ok(()),
    }
}

/// A line of a shell, without the program and its own options.
#[derive(Debug, PartialEq)]
struct Typed {
    agent: Option<String>,
    rest: String,
}

impl Typed {
    fn read(line: &str) -> Self {
        let (mut rest, mut agent) = (line.trim_start(), None);
        let word = |text: &str| -> Option<(String, usize)> {
            let end = text.find(char::is_whitespace)?;
            let space = text.get(end..)?;
            Some((text.get(..end)?.to_owned(), end + space.len() - space.trim_start().len()))
        };
        let mut first = true;
        while let Some((option, length)) = word(rest).filter(|(option, _)| first || option.starts_with('-')) {
            rest = rest.get(length..).unwrap_or_default();
            if !first && matches!(option.as_str(), "--as" | "--connect") {
                let Some((value, length)) = word(rest) else { break };
                rest = rest.get(length..).unwrap_or_default();
                if option == "--as" {
                    agent = Some(value);
                }
            } else if let Some(value) = option.strip_prefix("--as=") {
                agent = Some(value.to_owned());
            }
            first = false;
        }
        // The program's name itself is the shell's business.
        Self { agent, rest: if first { String::new() } else { rest.to_owned() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_its_options_are_no_part_of_a_line() {
        let read = |line: &str| {
            let Typed { agent, rest } = Typed::read(line);
            (agent, rest)
        };
        assert_eq!(read("powerbox "), (None, String::new()));
        assert_eq!(read("  powerbox  sh"), (None, "sh".into()));
        assert_eq!(read("powerbox --json --as scout show x/"), (Some("scout".into()), "show x/".into()));
        assert_eq!(read("powerbox --as=scout show "), (Some("scout".into()), "show ".into()));
        assert_eq!(read("powerbox --connect unix:/x li"), (None, "li".into()));
        assert_eq!(read("powerbox show --as x"), (None, "show --as x".into()));
        assert_eq!(read("power"), (None, String::new()));
        assert_eq!(read(""), (None, String::new()));
    }
}
