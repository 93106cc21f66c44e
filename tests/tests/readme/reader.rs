//! Somebody who follows the README from its beginning.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use powerbox_tests::powerbox::component;
use powerbox_tests::program::{Home, Running, built};
use powerbox_tests::terminal::AtTerminal;

use crate::blocks::Step;
use crate::pattern::{Numbers, matches, with_numbers};

/// Longer than any command takes on a busy machine; one that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// A home in which nothing was done yet but building the clone.
pub(crate) struct Reader {
    home: Home,
    numbers: Numbers,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let home = Home::new().unwrap();
        fs::create_dir(home.path("bin")).unwrap();
        symlink(built("powerbox").unwrap(), home.path("bin/powerbox")).unwrap();
        fs::create_dir(home.path("target")).unwrap();
        fs::create_dir(home.path("target/components")).unwrap();
        let compare = component("compare").unwrap();
        fs::copy(compare, home.path("target/components/compare.wasm")).unwrap();
        Self { home, numbers: Numbers::new() }
    }

    /// Does what a step says, and compares what is shown.
    pub(crate) fn follow(&mut self, step: &Step) -> Result<(), String> {
        let command = with_numbers(&step.command, &self.numbers);
        let answers: Vec<_> = step.answers().collect();
        let (status, shown) = if answers.is_empty() {
            let finished = Running::start(&mut self.shell(&format!("exec 2>&1; {command}"))).unwrap();
            let finished = finished.finish(LIMIT).unwrap();
            (finished.status, finished.stdout)
        } else {
            let mut terminal = AtTerminal::start(&self.shell(&command)).unwrap();
            for (question, answer) in answers {
                terminal.wait_for(question).map_err(|error| error.to_string())?;
                terminal.type_in(&format!("{answer}\n")).unwrap();
            }
            terminal.finish().unwrap()
        };
        let shown = self.as_written(&shown);
        if (status != Some(0)) != step.fails() {
            return Err(format!("`{command}` ended with {status:?}:\n{}", shown.join("\n")));
        }
        if !matches(&step.shows, &shown, &mut self.numbers) {
            let (written, shown) = (step.shows.join("\n"), shown.join("\n"));
            return Err(format!("`{command}` shows\n\n{shown}\n\nand not\n\n{written}"));
        }
        Ok(())
    }

    /// Writes the settings, and sees that they are understood.
    pub(crate) fn configure(&self, settings: &str) {
        fs::create_dir_all(self.home.path("config/powerbox")).unwrap();
        let path = self.home.path("config/powerbox/config.toml");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        let finished = Running::start(&mut self.shell("powerbox list")).unwrap().finish(LIMIT).unwrap();
        assert_eq!(finished.status, Some(0), "{settings}\n{finished:?}");
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = self.home.command("bash");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.home.path("bin")).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        command.args(["-c", line]).stdin(Stdio::null());
        command
    }

    /// What was shown, as somebody would copy it: without colours, and with their home in place of this one.
    fn as_written(&self, shown: &str) -> Vec<String> {
        let home = self.home.path("");
        let shown = without_escapes(shown).replace(&*home.to_string_lossy(), "/home/anna/");
        shown.replace('\r', "").lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Ok(running) = Running::start(&mut self.shell("powerbox stop")) {
            let _ = running.finish(LIMIT);
        }
    }
}

/// Text without the sequences by which a terminal is told colours and the like.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            // `ESC [ … letter`
            if rest.next() == Some('[') {
                rest.by_ref().find(|c| ('@'..='~').contains(c));
            }
        } else {
            plain.push(character);
        }
    }
    plain
}

#[test]
fn escapes_are_taken_out() {
    assert_eq!(without_escapes("a\u{1b}[1;32mb\u{1b}[0mc"), "abc");
}
