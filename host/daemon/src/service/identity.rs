//! How clients know the daemon of a state folder: by its key, whatever answers at its socket.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, VerifyingKey};
use powerbox_captp::{CallError, Object, Value};
use powerbox_files::read_regular_text;

use super::OpenError;
use crate::id::NodeId;
use crate::key::{Challenge, signed_text};

/// The longest file that can hold an identity, in bytes.
const MOST: u64 = 1024;

/// The public key of the daemon that keeps its state in a folder. The daemon writes it there when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(NodeId);

/// What answers is not the daemon that was meant.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Stranger {
    /// It speaks CapTP and is no daemon of this kind.
    #[error("it offers {0}")]
    Other(&'static str),
    /// It is a daemon and does not prove that it has the key.
    #[error("it is a daemon that does not hold the key of the embedded one")]
    WrongKey,
    /// It ended the session or failed.
    #[error("it did not answer: {0}")]
    Silent(CallError),
    /// A challenge cannot be made.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Identity {
    pub(crate) fn new(node: NodeId) -> Self {
        Self(node)
    }

    /// Reads the identity of the daemon that keeps its state in a folder; none if no daemon has run there.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn on_record(state_dir: &Path) -> io::Result<Option<Self>> {
        let text = match read_regular_text(&path(state_dir), MOST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let node = NodeId::from_hex(text.trim());
        node.map(|node| Some(Self(node))).ok_or_else(|| io::Error::other("it does not hold a key"))
    }

    /// Puts it on record.
    pub(super) fn record(self, state_dir: &Path) -> Result<(), OpenError> {
        let path = path(state_dir);
        if matches!(Self::on_record(state_dir), Ok(Some(known)) if known == self) {
            return Ok(());
        }
        let aside = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options.open(&aside).and_then(|mut file| writeln!(file, "{}", self.0));
        let written = written.and_then(|()| std::fs::rename(&aside, &path));
        written.map_err(|error| OpenError::file(path, error))
    }

    /// Has the peer of a session prove that it holds the key. `bootstrap` is what the session begins with.
    ///
    /// Each challenge is new, so an answer that was heard before proves nothing. A peer that passes challenges on to the
    /// daemon and answers back is not found out: it must run as the same user.
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub async fn confirm(&self, bootstrap: &Value) -> Result<(), Stranger> {
        let bootstrap = match bootstrap {
            Value::Capability(bootstrap) => bootstrap,
            Value::Record(_) => {
                return Err(Stranger::Other("a record of objects, as the npm package @endo/daemon does"));
            }
            _ => return Err(Stranger::Other("data instead of a daemon")),
        };
        let challenge = Challenge::random().map_err(|_| Stranger::NoRandomness)?;
        let answer = bootstrap.call("prove", vec![Value::text(challenge.to_string())]).await;
        let proven = answer.as_ref().ok().and_then(Value::as_str).and_then(signature);
        let key = VerifyingKey::from_bytes(self.0.as_bytes()).map_err(|_| Stranger::WrongKey)?;
        match proven {
            Some(proof) if key.verify_strict(&signed_text(&challenge), &proof).is_ok() => Ok(()),
            Some(_) => Err(Stranger::WrongKey),
            None => Err(found(bootstrap).await),
        }
    }
}

/// Says what a peer is that has no proof.
async fn found(bootstrap: &Object) -> Stranger {
    match bootstrap.call("__getMethodNames__", vec![]).await {
        Ok(Value::List(methods)) if methods.iter().any(|method| method.as_str() == Some("host")) => {
            Stranger::WrongKey
        }
        Ok(_) => Stranger::Other("an object that is not a daemon"),
        Err(error) => Stranger::Silent(error),
    }
}

fn signature(text: &str) -> Option<Signature> {
    let (first, second) = text.split_at_checked(64)?;
    let (first, second) = (NodeId::from_hex(first)?, NodeId::from_hex(second)?);
    Some(Signature::from_components(*first.as_bytes(), *second.as_bytes()))
}

fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("identity")
}
