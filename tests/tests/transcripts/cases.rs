//! How one recording is played to `powerbox`.

use std::{fs, time::Duration};

use powerbox_tests::{
    program::{Finished, Home, Running},
    transcript::{Extra, Player, Recording, Script, Verdict},
};
use rustix::process::Signal;
use serde_json::{Value, json};

// A command takes a fraction of a second; the rest is for a machine that compiles something else meanwhile.
const LIMIT: Duration = Duration::from_secs(60);

/// A recording, the command that should have the same conversation, and what the person should see.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    recording: &'static str,
    arguments: Vec<&'static str>,
    status: i32,
    prints: Vec<String>,
    says: Vec<&'static str>,
    may_leave_out: Vec<&'static str>,
    follows: bool,
    looks: Vec<Extra>,
    file: Option<(&'static str, Vec<u8>)>,
}

/// What the recorded clients do not look at before they change a name: whether it is free, and whether a thing would be
/// put into itself.
fn looks_before_writing() -> Vec<Extra> {
    let nothing = json!({"@qclass": "undefined"});
    ["locate", "identify"].map(|method| Extra::new(HOST, method, nothing.clone())).into()
}

const HOST: &str = "Alleged: EndoHost";

/// Starts the description of a case; unless said otherwise the command is to be done with status 0.
pub(crate) fn case(recording: &'static str, arguments: &[&'static str]) -> Case {
    Case {
        recording,
        arguments: arguments.to_vec(),
        status: 0,
        prints: Vec::new(),
        says: Vec::new(),
        may_leave_out: Vec::new(),
        follows: false,
        looks: looks_before_writing(),
        file: None,
    }
}

impl Case {
    /// Expects texts on standard output.
    pub(crate) fn prints<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.prints.extend(texts.into_iter().map(Into::into));
        self
    }

    /// Expects the command to fail, with these words on standard error.
    pub(crate) fn fails(mut self, says: &[&'static str]) -> Self {
        self.status = 1;
        self.says.extend(says);
        self
    }

    /// Lets the command do without calls of a method that the recorded client made for its own display.
    pub(crate) fn without(mut self, method: &'static str) -> Self {
        self.may_leave_out.push(method);
        self
    }

    /// Says that the command looks whether what it ends has a special name; it has none.
    pub(crate) fn looks_before_cancelling(mut self) -> Self {
        let locator = json!("endo://0/?id=0&type=eval");
        self.looks =
            vec![Extra::new(HOST, "locate", locator), Extra::new(HOST, "reverseLocate", json!(["it"]))];
        self
    }

    /// Says that the command goes on until it is interrupted, which happens after the last recorded call.
    pub(crate) fn until_interrupted(mut self) -> Self {
        self.follows = true;
        self.status = 130;
        self
    }

    /// Puts a file into the folder that the command runs in.
    pub(crate) fn with_file(mut self, name: &'static str, bytes: Vec<u8>) -> Self {
        self.file = Some((name, bytes));
        self
    }

    /// Plays the recording to the command, as people see its output and as programs do with `--json`.
    #[track_caller]
    pub(crate) fn play(&self) {
        self.play_as(&[]);
        let finished = self.play_as(&["--json"]);
        if self.status != 0 {
            return;
        }
        let mut documents = serde_json::Deserializer::from_str(&finished.stdout).into_iter::<Value>();
        assert!(documents.all(|document| document.is_ok()), "{}: no JSON: {finished:#?}", self.recording);
    }

    #[track_caller]
    fn play_as(&self, flags: &[&str]) -> Finished {
        let (finished, verdict) = self.run(flags);
        assert!(verdict.is_clean(), "{:?} said something else:\n{verdict}\n{finished:#?}", self.arguments);
        assert_eq!(finished.status, Some(self.status), "{:?}: {finished:#?}", self.arguments);
        for text in &self.prints {
            assert!(
                finished.stdout.contains(text),
                "{:?} should print {text:?}: {finished:#?}",
                self.arguments
            );
        }
        for text in &self.says {
            assert!(
                finished.stderr.contains(text),
                "{:?} should say {text:?}: {finished:#?}",
                self.arguments
            );
        }
        // Data and talk do not mix: a failure prints nothing, and what was done is not an error.
        if self.status == 1 && flags.is_empty() {
            assert_eq!(finished.stdout, "", "{:?} failed: {finished:#?}", self.arguments);
        }
        finished
    }

    fn run(&self, flags: &[&str]) -> (Finished, Verdict) {
        let home = Home::new().unwrap();
        if let Some((name, bytes)) = &self.file {
            fs::write(home.path(name), bytes).unwrap();
        }
        let script = Script::new(Recording::named(self.recording).unwrap());
        let script = self.may_leave_out.iter().fold(script, |script, method| script.without(method));
        let script = self.looks.iter().cloned().fold(script, Script::allowing);
        let player = Player::start(script, &home.path("endo.sock")).unwrap();
        let address = player.address();
        let arguments: Vec<&str> = ["--connect", &address]
            .into_iter()
            .chain(flags.iter().copied())
            .chain(self.arguments.iter().copied())
            .collect();
        let running = Running::start(&mut home.powerbox(&arguments).unwrap()).unwrap();
        if self.follows {
            let heard_all = player.wait_until_all_called(LIMIT);
            running.signal(Signal::INT).unwrap();
            assert!(heard_all, "{:?} did not ask for all changes: {:#?}", self.arguments, player.finish());
        }
        let finished = running.finish(LIMIT).unwrap();
        // The host keeps its session with the daemon until it ends.
        let stopped = Running::start(&mut home.powerbox(&["stop", "--now"]).unwrap()).unwrap();
        assert_eq!(stopped.finish(LIMIT).unwrap().status, Some(0));
        (finished, player.finish())
    }
}
