use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_authority::grant::{Grant, Holder};
use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::problem::Problem;

/// How many bytes are handed over at once. A plugin receives bytes one by one as far as the engine's accounts go, so a
/// larger piece would reach the limit of one call.
const CHUNK: usize = 64 << 10;

/// Bytes that the user named, read once from start to end.
#[derive(Clone, Debug)]
pub struct Blob {
    source: ByteSource,
    pub(super) grant: Arc<Grant>,
}

/// Where bytes come from that a front end opened for its user.
#[derive(Clone)]
pub struct ByteSource(Source);

#[derive(Clone)]
enum Source {
    /// Something on this machine.
    Local(Arc<Mutex<Box<dyn Read + Send>>>),
    /// An iterator of base64 texts, as a daemon's `streamBase64` gives, and what it gave beyond one piece.
    Remote(Object, Arc<Mutex<VecDeque<u8>>>),
}

impl std::fmt::Debug for ByteSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Source::Local(_) => "Local",
            Source::Remote(..) => "Remote",
        })
    }
}

impl ByteSource {
    /// Bytes of a file, or of standard input for `-`.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it is a directory.
    pub fn open(path: &str) -> std::io::Result<Self> {
        let reader: Box<dyn Read + Send> =
            if path == "-" { Box::new(std::io::stdin()) } else { Box::new(open_file(path)?) };
        Ok(Self(Source::Local(Arc::new(Mutex::new(reader)))))
    }

    /// Bytes that an iterator of base64 texts gives, as a daemon's `streamBase64` and a [`reader`](Self::reader) do.
    pub fn remote(iterator: Object) -> Self {
        Self(Source::Remote(iterator, Arc::default()))
    }

    /// An object that another process can pull the bytes from.
    pub fn reader(&self) -> Object {
        Blob::new(self.clone(), Grant::unlisted(Holder::reference("a file"), "file")).reader()
    }
}

impl Blob {
    /// Bytes from a source, under the right to them.
    pub(crate) fn new(source: ByteSource, grant: Arc<Grant>) -> Self {
        Self { source, grant }
    }

    /// Bytes that an iterator of base64 texts gives.
    pub(super) fn remote(iterator: Object, grant: Arc<Grant>) -> Self {
        Self::new(ByteSource::remote(iterator), grant)
    }

    /// Gives the next bytes, or `None` at the end.
    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Problem> {
        match &self.source.0 {
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
            Source::Remote(iterator, rest) => {
                if let Some(piece) = piece(rest) {
                    return Ok(Some(piece));
                }
                let step = iterator.call("next", vec![]).await?;
                match (step.get("done").and_then(Value::as_bool), step.get("value").and_then(Value::as_str)) {
                    (Some(true), _) => Ok(None),
                    (Some(false), Some(text)) => match STANDARD.decode(text) {
                        Ok(bytes) => {
                            rest.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
                            // An empty chunk is not the end.
                            Ok(Some(piece(rest).unwrap_or_default()))
                        }
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

/// Takes the next piece of what is left.
fn piece(rest: &Mutex<VecDeque<u8>>) -> Option<Vec<u8>> {
    let mut rest = rest.lock().unwrap_or_else(PoisonError::into_inner);
    let count = rest.len().min(CHUNK);
    (count > 0).then(|| rest.drain(..count).collect())
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
            if this.0.grant.has_ended() {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// An iterator that gives everything in one chunk.
    struct OneChunk(Vec<u8>, AtomicBool);

    impl Exo for OneChunk {
        fn interface(&self) -> std::borrow::Cow<'_, str> {
            "Alleged: AsyncIterator".into()
        }

        fn methods(&self) -> &'static [&'static str] {
            &["next"]
        }

        fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
            let done = self.1.swap(true, Ordering::Relaxed);
            let value = if done { Value::Undefined } else { Value::text(STANDARD.encode(&self.0)) };
            Reply::value(Value::record([("done", Value::Bool(done)), ("value", value)]))
        }
    }

    #[tokio::test]
    async fn a_chunk_of_any_size_is_handed_over_in_pieces() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 5).map(|n| (n % 251) as u8).collect();
        let iterator = Object::exo(Arc::new(OneChunk(bytes.clone(), AtomicBool::new(false))));
        let blob = Blob::remote(iterator, Grant::unlisted(Holder::plugin(None, "plugin"), "slot"));
        let mut read = Vec::new();
        while let Some(piece) = blob.read().await.unwrap() {
            assert!(piece.len() <= CHUNK);
            read.extend(piece);
        }
        assert!(read == bytes);
    }

    #[tokio::test]
    async fn bytes_that_a_daemon_pulls_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; CHUNK + 1]).unwrap();
        let source = ByteSource::open(path.to_str().unwrap()).unwrap();
        let blob = Blob::new(source, Grant::unlisted(Holder::plugin(None, "plugin"), "slot"));
        let again = Blob::remote(blob.reader(), Grant::unlisted(Holder::plugin(None, "plugin"), "slot"));
        let mut count = 0;
        while let Some(piece) = again.read().await.unwrap() {
            count += piece.len();
        }
        assert_eq!(count, CHUNK + 1);
        assert!(ByteSource::open(folder.path().to_str().unwrap()).is_err(), "a directory");
    }
}
