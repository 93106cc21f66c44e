//! What the person agrees to when he is asked: one exact call.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_passable::Value;
use sha2::{Digest as _, Sha256};

use super::act::Act;
use super::handle::{Handle, Kind};
use super::types::named;
use crate::bridge::write_body;

/// A mark that no other crossing has, in this process or another.
pub(super) struct Once {
    number: u64,
    /// Whether it is in every digest: where the user gave a secret, a digest must not serve to guess it.
    always: bool,
}

impl Once {
    pub(super) fn new(always: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), always }
    }

    fn mark(&self, hasher: &mut Sha256) {
        process().iter().chain([&self.number]).for_each(|part| hasher.update(part.to_le_bytes()));
    }
}

/// Numbers that no other process has, and that nobody outside it knows.
fn process() -> &'static [u64; 2] {
    static PROCESS: OnceLock<[u64; 2]> = OnceLock::new();
    let random = || RandomState::new().build_hasher().finish();
    PROCESS.get_or_init(|| [random(), random()])
}

/// What a plugin is told in place of an identifier: the same for the same one, as long as this process runs.
pub(super) fn mark(identifier: &str) -> String {
    let mut hasher = Sha256::new();
    process().iter().for_each(|part| hasher.update(part.to_le_bytes()));
    hasher.update(identifier);
    let digits: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("thing-{digits}")
}

/// The SHA-256 of one exact call, in hexadecimal: through what, which function, with what arguments, and which
/// references are in them.
///
/// It is the same for the same call in every process, so that the person can agree to it beforehand, if all references
/// are to what the user named in the command. Others have no name by which he could know them: a call with one is
/// agreed to as it is made, or not at all.
pub(super) fn exact(act: &Act, args: &[Value<Handle>], once: &Once) -> String {
    let mut hasher = Sha256::new();
    let part = |bytes: &[u8], hasher: &mut Sha256| {
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(act.grant.what().as_bytes(), &mut hasher);
    part(act.method.as_bytes(), &mut hasher);
    if let Ok((body, handles)) = write_body(&Value::List(args.to_vec())) {
        part(body.as_bytes(), &mut hasher);
        for name in handles.iter().filter_map(known) {
            part(name.as_bytes(), &mut hasher);
        }
    }
    if !can_be_repeated(args, once) {
        once.mark(&mut hasher);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the same call can be told again in another process, so that the person can agree to it beforehand.
pub(super) fn can_be_repeated(args: &[Value<Handle>], once: &Once) -> bool {
    let written = write_body(&Value::List(args.to_vec()));
    !once.always && written.is_ok_and(|(_, handles)| handles.iter().all(|handle| known(handle).is_some()))
}

/// What the user wrote for just this thing, not for something that it led to.
fn known(handle: &Handle) -> Option<String> {
    match handle.kind() {
        Kind::Name(_) => named(handle),
        Kind::Object(reference) if reference.direct => named(handle),
        _ => None,
    }
}
