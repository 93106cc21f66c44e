//! Byte streams, and the frames or the fault that JavaScript's reader finds in them.

use std::path::Path;

use powerbox_captp::netstring::{Decoder, NetstringError, append};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    valid: Vec<Stream>,
    invalid: Vec<Stream>,
    writer: Vec<Written>,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    chunks: Vec<String>,
    frames: Vec<String>,
    error: Option<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    max_message_length: Option<usize>,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    payloads: Vec<String>,
    writes: Vec<String>,
}

fn vectors() -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/netstring.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Feeds a stream in the pieces given, and to the end; gives the frames and how it ended.
fn decode(stream: &Stream) -> (Vec<Vec<u8>>, Result<(), NetstringError>) {
    let mut decoder = Decoder::new(stream.options.max_message_length.unwrap_or(999_999_999));
    let mut frames = Vec::new();
    for chunk in &stream.chunks {
        decoder.push(&bytes(chunk));
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame.to_vec()),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, decoder.finish())
}

fn frames(stream: &Stream) -> Vec<Vec<u8>> {
    stream.frames.iter().map(|frame| bytes(frame)).collect()
}

#[test]
fn valid_streams_give_their_frames() {
    for stream in vectors().valid {
        assert_eq!(decode(&stream), (frames(&stream), Ok(())), "{}", stream.name);
    }
}

#[test]
fn invalid_streams_give_what_comes_before_the_fault() {
    for stream in vectors().invalid {
        let (found, end) = decode(&stream);
        assert_eq!(found, frames(&stream), "{}", stream.name);
        let fault = end.expect_err(&stream.name);
        // The texts agree but for what they quote.
        let words = |text: &str| -> String {
            text.split([' ', '"']).take(2).collect::<Vec<_>>().join(" ").to_lowercase()
        };
        assert_eq!(
            words(&fault.to_string()),
            words(stream.error.as_deref().unwrap_or_default()),
            "{}",
            stream.name
        );
    }
}

#[test]
fn frames_are_written_as_javascript_writes_them() {
    for written in vectors().writer {
        let mut out = Vec::new();
        for payload in &written.payloads {
            append(&mut out, &bytes(payload));
        }
        // Javascript may write a frame in pieces; what counts is the bytes.
        assert_eq!(out, bytes(&written.writes.concat()), "{}", written.name);
    }
}
