use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{
    Dialect,
    matching::Thing,
    message::{Message, Outcome, slot_index},
};

/// One recorded session between a client and a daemon.
#[derive(Clone, Debug)]
pub struct Recording {
    name: String,
    dialect: Dialect,
    pub(super) steps: Vec<Step>,
    /// What the daemon answered to each of the client's questions.
    pub(super) answers: HashMap<String, Outcome>,
    /// What became of each promise that the client exported, by its number as in `p1`.
    pub(super) resolutions: HashMap<String, Outcome>,
    interfaces: HashMap<Thing, String>,
}

/// A message of the recording, in its place.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) from_client: bool,
    pub(super) message: Message,
    pub(super) raw: Value,
}

impl Recording {
    /// Gives the folder that the recordings are in.
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")
    }

    /// Reads a recording by its name, such as `llm/list`.
    pub fn named(name: &str) -> Result<Self> {
        let path = Self::folder().join(name).with_extension("jsonl");
        let text = fs::read_to_string(&path).with_context(|| format!("can not read {}", path.display()))?;
        Self::parse(name, &text).with_context(|| format!("recording {name}"))
    }

    /// Gives the names of all recordings there are.
    pub fn all() -> Result<Vec<String>> {
        let mut names = Vec::new();
        for dialect in [Dialect::Npm, Dialect::Master, Dialect::Llm] {
            for entry in fs::read_dir(Self::folder().join(dialect.folder()))? {
                let path = entry?.path();
                if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) {
                    names.push(format!("{}/{stem}", dialect.folder()));
                }
            }
        }
        names.sort();
        Ok(names)
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        let dialect = Dialect::of_folder(name.split('/').next().unwrap_or_default())?;
        let mut recording = Self {
            name: name.to_owned(),
            dialect,
            steps: Vec::new(),
            answers: HashMap::new(),
            resolutions: HashMap::new(),
            interfaces: HashMap::new(),
        };
        for line in text.lines() {
            let line: Value = serde_json::from_str(line)?;
            let raw = line.get("msg").context("a line has no message")?.clone();
            let from_client = match line.get("dir").and_then(Value::as_str) {
                Some(">") => true,
                Some("<") => false,
                _ => bail!("a line has no direction"),
            };
            let message = Message::read(&raw)?;
            recording.note(from_client, &message);
            recording.steps.push(Step { from_client, message, raw });
        }
        Ok(recording)
    }

    fn note(&mut self, from_client: bool, message: &Message) {
        match message {
            Message::Return { answer, outcome } if !from_client => {
                self.answers.insert(answer.clone(), outcome.clone());
                self.note_interfaces(outcome);
            }
            Message::Resolve { promise, outcome } if from_client => {
                self.resolutions.insert(promise.replace('-', ""), outcome.clone());
            }
            _ => {}
        }
    }

    fn note_interfaces(&mut self, outcome: &Outcome) {
        let data = outcome.data();
        let mut open = vec![&data.body];
        while let Some(value) = open.pop() {
            if let Some(slot) = slot_index(value).and_then(|index| data.slots.get(index)) {
                if let Some(iface) = value.get("iface").and_then(Value::as_str) {
                    self.interfaces.insert(Thing::of_daemon(slot), iface.to_owned());
                }
            } else if let Some(items) = value.as_array() {
                open.extend(items);
            } else if let Some(entries) = value.as_object() {
                open.extend(entries.values());
            }
        }
    }

    /// Gives the name, such as `llm/list`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the dialect of the daemon that was recorded.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Gives every message with whether the client sent it, in recorded order.
    pub fn messages(&self) -> impl Iterator<Item = (bool, &Value)> {
        self.steps.iter().map(|step| (step.from_client, &step.raw))
    }

    /// Gives the interface name that the daemon alleged of a thing.
    pub(super) fn interface(&self, thing: &Thing) -> Option<&str> {
        self.interfaces.get(thing).map(String::as_str)
    }

    /// Gives the thing that a recorded question came to.
    pub(super) fn thing_of_answer(&self, question: &str) -> Thing {
        match self.answers.get(question) {
            Some(Outcome::Fulfilled(data)) => match data.lone_slot() {
                Some(slot) => Thing::of_slot(slot, false),
                None => Thing::Answer(question.to_owned()),
            },
            _ => Thing::Answer(question.to_owned()),
        }
    }

    /// Gives the thing that a slot in the recorded client's own view stands for.
    pub(super) fn thing_of_client_slot(&self, slot: &str) -> Thing {
        if slot.starts_with('q') {
            return self.thing_of_answer(slot);
        }
        let thing = Thing::of_slot(slot, true);
        if let Thing::Client(number) = &thing
            && let Some(Outcome::Fulfilled(data)) = self.resolutions.get(number)
            && let Some(resolved) = data.lone_slot()
        {
            return Thing::of_slot(resolved, true);
        }
        thing
    }
}
