use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::grant::Grant;
use super::problem::Problem;

/// How many bytes are read from a file at once.
const CHUNK: usize = 64 << 10;

/// Bytes that the user named, read once from start to end.
#[derive(Clone, Debug)]
pub struct Blob {
    source: Source,
    pub(super) grant: Arc<Grant>,
}

#[derive(Clone)]
enum Source {
    /// Something on this machine.
    Local(Arc<Mutex<Box<dyn Read + Send>>>),
    /// An iterator of base64 texts, as a daemon's `streamBase64` gives.
    Remote(Object),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Local(_) => "Local",
            Self::Remote(_) => "Remote",
        })
    }
}

impl Blob {
    /// Bytes of a file, or of standard input for `-`.
    pub fn open(path: &str, grant: Arc<Grant>) -> std::io::Result<Self> {
        let reader: Box<dyn Read + Send> =
            if path == "-" { Box::new(std::io::stdin()) } else { Box::new(open_file(path)?) };
        Ok(Self { source: Source::Local(Arc::new(Mutex::new(reader))), grant })
    }

    /// Bytes that an iterator of base64 texts gives.
    pub(super) fn remote(iterator: Object, grant: Arc<Grant>) -> Self {
        Self { source: Source::Remote(iterator), grant }
    }

    /// Gives the next bytes, or `None` at the end.
    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Problem> {
        match &self.source {
            Source::Local(reader) => {
                let reader = Arc::clone(reader);
                let read = tokio::task::spawn_blocking(move || {
                    let mut chunk = vec![0; CHUNK];
                    let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                    let count = reader.read(&mut chunk)?;
                    chunk.truncate(count);
                    Ok::<_, std::io::Error>(chunk)
                });
                match read.await {
                    Ok(Ok(chunk)) if chunk.is_empty() => Ok(None),
                    Ok(Ok(chunk)) => Ok(Some(chunk)),
                    Ok(Err(error)) => Err(Problem::Other(format!("reading failed: {error}"))),
                    Err(_) => Err(Problem::Cancelled),
                }
            }
            Source::Remote(iterator) => {
                let step = iterator.call("next", vec![]).await?;
                match (step.get("done").and_then(Value::as_bool), step.get("value").and_then(Value::as_str)) {
                    (Some(true), _) => Ok(None),
                    (Some(false), Some(text)) => match STANDARD.decode(text) {
                        Ok(bytes) => Ok(Some(bytes)),
                        Err(error) => {
                            Err(Problem::Other(format!("the daemon sent malformed bytes: {error}")))
                        }
                    },
                    _ => Err(Problem::Other("the daemon sent something other than bytes".to_owned())),
                }
            }
        }
    }

    /// An object that a daemon can pull the bytes from: what its `storeBlob` takes.
    pub(super) fn reader(&self) -> Object {
        Object::exo(Arc::new(BlobReader(self.clone())))
    }
}

fn open_file(path: &str) -> std::io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a directory"));
    }
    Ok(file)
}

/// The iterator that Endo calls a reader ref: base64 texts, one for each chunk.
struct BlobReader(Blob);

impl Exo for BlobReader {
    fn interface(&self) -> std::borrow::Cow<'_, str> {
        "Alleged: AsyncIterator".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["next", "return", "throw"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        let done = |value| Value::record([("done", Value::Bool(true)), ("value", value)]);
        if method != "next" {
            return Reply::value(done(Value::Undefined));
        }
        let this = Arc::clone(self);
        Reply::pending(async move {
            if this.0.grant.is_revoked() {
                return Err(CallError::error("the file was taken back"));
            }
            match this.0.read().await {
                Ok(Some(bytes)) => {
                    let text = Value::text(STANDARD.encode(bytes));
                    Ok(Value::record([("done", Value::Bool(false)), ("value", text)]))
                }
                Ok(None) => Ok(done(Value::Undefined)),
                Err(problem) => Err(CallError::error(problem.to_string())),
            }
        })
    }
}
