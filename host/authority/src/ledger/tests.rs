//! What the ledger keeps, over restarts and between processes. Each protection with what it lets through.

mod agents;
mod counting;
mod damage;
mod keeping;
mod sharing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_passable::Value;
use rusqlite::Connection;

use super::*;
use crate::caveat::{Caveat, Crossing, Which};
use crate::grant::{Admission, Agent, AgentId, Ending, Holder, Record, Refusal, Target};

const NOW: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

/// A folder for a ledger, and the machine's clock.
struct Home {
    folder: tempfile::TempDir,
    time: Arc<AtomicU64>,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), time: Arc::new(AtomicU64::new(NOW)) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("grants.sqlite")
    }

    /// Opens the ledger as a process of its own would.
    fn open(&self) -> Ledger {
        let time = Arc::clone(&self.time);
        Ledger::open(&self.path(), Clock::with(move || time.load(Ordering::SeqCst))).unwrap()
    }

    fn set(&self, time: u64) {
        self.time.store(time, Ordering::SeqCst);
    }

    /// Does something to the database behind everybody's back.
    fn tamper(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }
}

fn caveats(texts: &[&str]) -> Vec<Caveat> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn new(origin: Origin, slot: &str, texts: &[&str]) -> NewGrant {
    NewGrant {
        origin,
        holder: Holder::plugin(None, "notes"),
        slot: slot.to_owned(),
        caveats: caveats(texts),
        giver: "person".to_owned(),
    }
}

fn object() -> Origin {
    Origin::Object(Target::Object { name: vec!["notes".to_owned()], id: Some("0123".to_owned()) })
}

fn add(ledger: &Ledger, slot: &str, texts: &[&str]) -> Record {
    ledger.add(&new(object(), slot, texts)).unwrap()
}

fn child(ledger: &Ledger, parent: &Record, slot: &str, texts: &[&str]) -> Result<Record, AddError> {
    ledger.add(&new(Origin::Child(parent.id), slot, texts))
}

/// A call as a test tells it.
struct Told {
    function: &'static str,
    bytes: u64,
    digest: &'static str,
}

const LIST: Told = Told { function: "list", bytes: 10, digest: "d1" };

impl Crossing for Told {
    fn function(&self) -> &str {
        self.function
    }

    fn is_direct(&self) -> bool {
        true
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        None
    }

    fn argument(&self, _which: &Which) -> Option<Value<()>> {
        None
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn digest(&self) -> String {
        self.digest.to_owned()
    }
}

/// What becomes of a call, in a word.
fn call(ledger: &Ledger, record: &Record, call: &Told) -> &'static str {
    match ledger.grant(record.id).map(|grant| grant.admit(call, None)) {
        Ok(Ok(Admission::Granted)) => "granted",
        Ok(Ok(Admission::Ask { .. })) => "ask",
        Ok(Err(Refusal::Ended { ending: Ending::Revoked, .. })) => "revoked",
        Ok(Err(Refusal::Ended { ending: Ending::Expired, .. })) => "expired",
        Ok(Err(Refusal::Ended { ending: Ending::Removed, .. })) => "removed",
        Ok(Err(Refusal::Denied { .. })) => "denied",
        Ok(Err(Refusal::Ledger(_))) => "ledger",
        Err(LedgerError::Damaged(..)) => "damaged",
        Err(error) => panic!("{error}"),
    }
}

fn list(ledger: &Ledger, record: &Record) -> &'static str {
    call(ledger, record, &LIST)
}
