//! What is written down about a component that could not be compiled.

use std::path::PathBuf;

use powerbox_files::read_regular;
use serde::{Deserialize, Serialize};

use crate::cache::CodeCache;
use crate::compiler::Budget;
use crate::component::LoadError;
use crate::digest::Digest;
use crate::engine::Engine;
use crate::manifest::ManifestError;

/// How often a child may be broken off (by a signal, or the machine going down) before the component is held to be the
/// cause.
const ATTEMPTS: u32 = 3;
/// The longest note, in bytes.
const MOST: u64 = 1 << 16;

/// Why there is no code. It holds for one engine and one budget: with others it is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) budget: Budget,
    pub(super) verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It was begun that often, and nothing is known of the end.
    Begun(u32),
    OutOfTime,
    OutOfMemory,
    Crashed,
    Manifest(ManifestError),
    Compile(String),
}

impl Note {
    /// What is on record for a component, if it still counts.
    pub(super) fn read(cache: &CodeCache, engine: &Engine, digest: &Digest, budget: Budget) -> Option<Self> {
        let text = read_regular(&path(cache, engine, digest), MOST).ok()?;
        let note: Self = serde_json::from_slice(&text).ok()?;
        (note.budget == budget).then_some(note)
    }

    pub(super) fn write(&self, cache: &CodeCache, engine: &Engine, digest: &Digest) -> std::io::Result<()> {
        cache.write_beside(&serde_json::to_vec(self)?, &path(cache, engine, digest))
    }

    pub(super) fn remove(cache: &CodeCache, engine: &Engine, digest: &Digest) {
        // One that stays behind costs another try at most: what is in the cache counts first.
        let _ = std::fs::remove_file(path(cache, engine, digest));
    }

    /// How often it was begun without an end.
    pub(super) fn attempts(&self) -> u32 {
        if let Verdict::Begun(attempts) = self.verdict { attempts } else { 0 }
    }

    /// Why nobody should try again; none if somebody may.
    pub(super) fn failure(&self) -> Option<LoadError> {
        Some(match &self.verdict {
            Verdict::Begun(attempts) if *attempts < ATTEMPTS => return None,
            Verdict::Begun(_) => LoadError::Unfinished { attempts: ATTEMPTS },
            Verdict::OutOfTime => LoadError::OutOfTime { limit: self.budget.cpu },
            Verdict::OutOfMemory => LoadError::OutOfMemory { limit: self.budget.memory },
            Verdict::Crashed => LoadError::Crashed,
            Verdict::Manifest(error) => LoadError::Manifest(error.clone()),
            Verdict::Compile(reason) => LoadError::Compile(reason.clone()),
        })
    }
}

fn path(cache: &CodeCache, engine: &Engine, digest: &Digest) -> PathBuf {
    cache.beside(engine, digest, "failed")
}
