//! What the names of one client should be.

use std::collections::BTreeMap;

use powerbox_captp::{CallError, Object, Value};

use crate::random::Random;

/// A directory of the client, or a name in one.
type Path = (usize, String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Blob(String),
    Directory,
}

/// Two directories, and what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    directories: [String; 2],
    names: BTreeMap<Path, Content>,
    /// Makes each content different from all before it.
    counter: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    directories: [String; 2],
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Store(Path, Content),
    Remove(Path),
    Move(Path, Path),
    Copy(Path, Path),
}

impl Model {
    pub(crate) fn new(client: usize) -> Self {
        let directories = [format!("a{client}"), format!("b{client}")];
        Self { directories, names: BTreeMap::new(), counter: 0 }
    }

    /// Makes the directories.
    pub(crate) async fn prepare(&self, host: &Object) {
        for directory in &self.directories {
            host.call("makeDirectory", vec![Value::text(directory.as_str())]).await.expect("a directory");
        }
    }

    /// Thinks of a change that must succeed.
    pub(crate) fn step(&mut self, random: &mut Random) -> Step {
        self.counter += 1;
        let any = |random: &mut Random| (random.below(2) as usize, format!("n{}", random.below(12)));
        let existing = (!self.names.is_empty())
            .then(|| self.names.keys().nth(random.below(self.names.len() as u64) as usize).cloned())
            .flatten();
        let change = match (random.below(8), existing) {
            (0 | 1, Some(from)) => Change::Move(from, any(random)),
            (2, Some(from)) => Change::Copy(from, any(random)),
            (3, Some(from)) => Change::Remove(from),
            (4, _) => Change::Store(any(random), Content::Blob(format!("blob {}", self.counter))),
            (5, _) => Change::Store(any(random), Content::Directory),
            _ => Change::Store(any(random), Content::Text(format!("text {}", self.counter))),
        };
        Step { directories: self.directories.clone(), change }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        match &step.change {
            Change::Store(path, content) => _ = self.names.insert(path.clone(), content.clone()),
            Change::Remove(path) => _ = self.names.remove(path),
            Change::Move(from, to) => {
                if let Some(content) = self.names.remove(from) {
                    self.names.insert(to.clone(), content);
                }
            }
            Change::Copy(from, to) => {
                if let Some(content) = self.names.get(from).cloned() {
                    self.names.insert(to.clone(), content);
                }
            }
        }
    }

    /// Reads what the daemon has of this client.
    pub(crate) async fn read(&self, host: &Object) -> Self {
        let mut names = BTreeMap::new();
        for (i, directory) in self.directories.iter().enumerate() {
            let listed = host.call("list", vec![Value::text(directory.as_str())]).await.expect("a list");
            for name in listed.as_list().expect("a list") {
                let name = name.as_str().expect("a name");
                let value = host.call("lookup", vec![Value::texts([directory.as_str(), name])]).await;
                let content = content_of(value.expect("every name leads to a value")).await;
                names.insert((i, name.to_owned()), content);
            }
        }
        Self { names, ..self.clone() }
    }
}

async fn content_of(value: Value) -> Content {
    let Value::Capability(object) = value else {
        return Content::Text(value.as_str().expect("a text").to_owned());
    };
    if object.interface().as_deref() == Some("Alleged: EndoDirectory") {
        return Content::Directory;
    }
    let text = object.call("text", vec![]).await.expect("every blob has its bytes");
    Content::Blob(text.as_str().expect("a text").to_owned())
}

impl Step {
    /// Asks the daemon for the change.
    pub(crate) async fn run(&self, host: &Object) -> Result<(), CallError> {
        let path = |(i, name): &Path| Value::texts([self.directories[*i].as_str(), name.as_str()]);
        let (method, args) = match &self.change {
            Change::Store(to, Content::Text(text)) => {
                ("storeValue", vec![Value::text(text.as_str()), path(to)])
            }
            Change::Store(to, Content::Blob(text)) => {
                ("writeText", vec![path(to), Value::text(text.as_str())])
            }
            Change::Store(to, Content::Directory) => ("makeDirectory", vec![path(to)]),
            Change::Remove((i, name)) => {
                ("remove", vec![Value::text(self.directories[*i].as_str()), Value::text(name.as_str())])
            }
            Change::Move(from, to) => ("move", vec![path(from), path(to)]),
            Change::Copy(from, to) => ("copy", vec![path(from), path(to)]),
        };
        host.call(method, args).await.map(drop)
    }
}
