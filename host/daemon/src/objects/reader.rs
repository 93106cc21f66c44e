//! Takes in the bytes of a reader that a client exports.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Object, Value};

use crate::failure::Failure;
use crate::hub::blocking;
use crate::id::ContentHash;
use crate::limits::Limits;
use crate::store::Content;

/// Asks a reader for one chunk after the other until it is done, and keeps them.
///
/// Each chunk is a whole base64 text. Only one is in memory at a time. A reader that goes beyond a limit, or hands
/// over anything else, is told to end.
pub(crate) async fn take_all(
    reader: &Object,
    content: &Content,
    limits: &Limits,
) -> Result<ContentHash, CallError> {
    let beginning = content.clone();
    let mut incoming = blocking(move || beginning.begin()).await?;
    loop {
        let chunk = match chunk(reader.call("next", Vec::new()).await?, limits) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(failure) => {
                reader.send("return", Vec::new());
                return Err(failure.into());
            }
        };
        if incoming.size().saturating_add(chunk.len() as u64) > limits.blob_bytes {
            reader.send("return", Vec::new());
            return Err(Failure::Limit { most: limits.blob_bytes, what: "bytes in a blob" }.into());
        }
        incoming = blocking(move || {
            incoming.push(&chunk)?;
            Ok(incoming)
        })
        .await?;
    }
    Ok(blocking(move || incoming.finish()).await?)
}

/// Reads one answer of `next`: a chunk, or `None` at the end.
fn chunk(answer: Value, limits: &Limits) -> Result<Option<Vec<u8>>, Failure> {
    if answer.as_record().is_none() {
        return Err(Failure::Reader("a reader must answer next with a record"));
    }
    if answer.get("done").and_then(Value::as_bool).unwrap_or(false) {
        return Ok(None);
    }
    let text = answer
        .get("value")
        .and_then(Value::as_str)
        .ok_or(Failure::Reader("a reader must give each chunk as a string of base64"))?;
    if text.len() > limits.chunk_chars {
        return Err(Failure::Limit { most: limits.chunk_chars as u64, what: "characters in a chunk" });
    }
    let bytes =
        STANDARD.decode(text).map_err(|_| Failure::Reader("Invalid base64 in a chunk of a reader"))?;
    Ok(Some(bytes))
}
