//! What a shell inserts into the line at Tab, and what it runs at Enter then: in the shells themselves, at a terminal.

use std::fmt::Write as _;

use powerbox_tests::hostile_names::{HOSTILE, UNSEEN};
use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::terminal::AtTerminal;

use super::{is_there, shell_of};

/// A user with hostile names; each holds a text with its number.
fn user(names: &[&str]) -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    let lines = names.iter().enumerate().fold(String::new(), |mut lines, (number, name)| {
        // As the prompt reads it.
        let name: String = name.bytes().fold(String::new(), |mut word, byte| {
            write!(word, "\\x{byte:02x}").unwrap();
            word
        });
        writeln!(lines, "store --text held-{number}. -- $'{name}'").unwrap();
        lines
    });
    let finished = user.run_with::<&str>(&[], lines.as_bytes()).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    user
}

struct Shell {
    words: &'static [&'static str],
    /// Takes the script, and sets a prompt.
    setup: &'static str,
    /// What a word can be begun with.
    opened: &'static [&'static str],
}

const BASH: Shell = Shell {
    words: &["bash", "--norc", "--noprofile", "-i"],
    setup: "PS1='go'on'>'; source <(powerbox completions bash)\n",
    opened: &["", "\"", "'", "$'"],
};
const ZSH: Shell = Shell {
    words: &["zsh", "-f", "-i"],
    setup: "PS1='go'on'>'; autoload -U compinit; compinit -u -D; source <(powerbox completions zsh)\n",
    opened: &["", "\"", "'", "$'"],
};
const FISH: Shell = Shell {
    words: &["fish", "--no-config", "-i"],
    setup: "powerbox completions fish | source; function fish_prompt; echo -n go'on>'; end\n",
    opened: &["", "\"", "'"],
};

fn open(user: &Powerbox, shell: &Shell) -> AtTerminal {
    let mut terminal = AtTerminal::start(&shell_of(user, shell.words)).unwrap();
    terminal.type_in(shell.setup).unwrap();
    terminal.wait_for("goon>").unwrap();
    terminal
}

/// Types the beginning of each name behind each kind of quote, then Tab and Enter: what it holds is shown, and nothing
/// else happens.
fn each_name_is_designated_and_runs_nothing(shell: &Shell, names: &[&str]) {
    if !is_there(shell.words[0]) {
        return;
    }
    let user = user(names);
    for opened in shell.opened {
        let mut terminal = open(&user, shell);
        for (number, name) in names.iter().enumerate() {
            let begun = name.get(..2).unwrap();
            terminal.type_in(&format!("powerbox show {opened}{begun}\t\n")).unwrap();
            terminal.wait_for_next(&format!("held-{number}.")).unwrap_or_else(|error| {
                panic!("{:?} {opened}{name:?}: {error}", shell.words[0]);
            });
        }
        assert!(!user.path("pwned").exists(), "{:?} {opened}", shell.words[0]);
        terminal.type_in("exit\n").unwrap();
        terminal.finish().unwrap();
    }
}

#[test]
fn bash_inserts_a_name_for_the_quote_where_it_stands() {
    each_name_is_designated_and_runs_nothing(&BASH, &[HOSTILE, UNSEEN].concat());
}

/// Readline takes a mark at the beginning of what it inserts for the one that opened the quote.
#[test]
fn bash_inserts_a_name_that_cannot_stand_in_the_quote_from_its_beginning() {
    const NO_HISTORY: Shell =
        Shell { setup: "set +H; PS1='go'on'>'; source <(powerbox completions bash)\n", ..BASH };
    each_name_is_designated_and_runs_nothing(&NO_HISTORY, &["!a; touch pwned; #", "!b\"; touch pwned; #"]);
}

#[test]
fn zsh_inserts_a_name_for_the_quote_where_it_stands() {
    each_name_is_designated_and_runs_nothing(&ZSH, HOSTILE);
}

#[test]
fn fish_inserts_a_name_for_the_quote_where_it_stands() {
    each_name_is_designated_and_runs_nothing(&FISH, HOSTILE);
}

/// The control: a completion that inserts the name as it is, or as it would be in no quotes, runs it.
#[test]
fn what_is_inserted_as_it_is_runs_in_bash() {
    let user = user(&[]);
    for reply in ["my fi$(touch pwned)", "'my fi$(touch pwned)'"] {
        let mut terminal = open(&user, &BASH);
        let reply = reply.replace('\'', r"'\''");
        terminal
            .type_in(&format!("say() {{ echo done-$#; }}; _say() {{ COMPREPLY=('{reply}'); }}\n"))
            .unwrap();
        terminal.type_in("complete -F _say say; echo rea''dy\n").unwrap();
        terminal.wait_for("ready").unwrap();
        terminal.type_in("say \"my fi\t\n").unwrap();
        terminal.wait_for("done-1").unwrap();
        assert!(user.path("pwned").exists(), "{}", terminal.shown());
        std::fs::remove_file(user.path("pwned")).unwrap();
        terminal.type_in("exit\n").unwrap();
        terminal.finish().unwrap();
    }
}

#[test]
fn what_names_have_in_common_is_inserted_for_the_quote_too() {
    let user = user(&["two $(touch pwned) one", "two $(touch pwned) other"]);
    let mut terminal = open(&user, &BASH);
    for opened in ["", "\"", "'"] {
        // As far as both go, then the rest of one; behind a quote it is closed.
        terminal.type_in(&format!("powerbox show {opened}tw\tn\t\n")).unwrap();
        terminal.wait_for_next("held-0.").unwrap();
    }
    assert!(!user.path("pwned").exists(), "{}", terminal.shown());
}

#[test]
fn a_name_like_an_option_is_completed_where_no_option_is_looked_for() {
    let user = user(&["--json", "-x"]);
    let line = |line: &str| user.ok(&["completions", "fish", "--line", line]).unwrap();
    assert!(!line("powerbox remove ").contains("-x"));
    assert_eq!(line("powerbox remove -- -"), "--json\t\n-x\t\n");
    assert_eq!(line("powerbox remove --json "), line("powerbox remove "));
}

#[test]
fn a_shell_is_told_no_name_that_it_would_show_as_it_is() {
    let user = user(&[HOSTILE, UNSEEN].concat());
    let line = |line: &str| user.ok(&["completions", "fish", "--line", line]).unwrap();
    let told = line("powerbox show ");
    assert!(HOSTILE.iter().all(|name| told.contains(name)), "{told:?}");
    assert!(UNSEEN.iter().all(|name| !told.contains(&name[..2])), "{told:?}");
    // Bash gets them in its own spelling.
    let told = user.ok(&["completions", "bash", "--line", "powerbox show qq", "--part", "qq"]).unwrap();
    assert_eq!(told, "qq$'\\x1b'\\[2J$'\\x1b'\\[H$'\\x07'\n");
}
