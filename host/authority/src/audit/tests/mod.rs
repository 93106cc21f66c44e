//! What the tests of the log have in common.

mod disk;
mod following;
mod reading;
mod redacting;
mod tampering;
mod tearing;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A log in a folder of its own.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    fn open(&self) -> Arc<Audit> {
        Audit::open(&self.path(), AuditBounds::default()).unwrap()
    }

    /// Opens the log with segments of about three lines.
    fn open_small(&self) -> Arc<Audit> {
        Audit::open(&self.path(), AuditBounds { segment: 1400, ..AuditBounds::default() }).unwrap()
    }

    fn segments(&self) -> Vec<PathBuf> {
        let firsts = segment::list(&self.path()).unwrap();
        firsts.into_iter().map(|first| segment::path(&self.path(), first)).collect()
    }

    /// The whole log as text.
    fn text(&self) -> String {
        self.segments().iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    fn verify(&self) -> Report {
        verify(&self.path()).unwrap()
    }

    fn read(&self, filter: &Filter) -> Vec<Record> {
        Reader::open(&self.path(), filter).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn entry(function: &str) -> Entry<'_> {
    Entry {
        principal: "person > agent scout > plugin compare > invocation 7",
        agent: Some("scout"),
        agent_key: None,
        plugin: "compare",
        invocation: 7,
        slot: "left",
        grant: Some(3),
        function,
        arguments: r#""a", 1"#,
        digest: "00ff",
    }
}

/// A crossing from its beginning to its end.
fn call(audit: &Audit, function: &str) -> Number {
    let number = audit.begin(&entry(function)).unwrap();
    audit.end(number, "ok", 12).unwrap();
    number
}

fn functions(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .map(|record| match record {
            Record::Crossing(crossing) => crossing.function.as_str(),
            Record::Act(act) => act.what.as_str(),
        })
        .collect()
}

fn sound(report: &Report) {
    assert!(report.is_sound() && report.further == 0, "{report:#?}");
}
