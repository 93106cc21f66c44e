//! Streams that sessions run over.

use tokio::io::DuplexStream;

pub mod tcp;
pub mod unix;

/// How many bytes a pair in memory holds each way.
const PAIR: usize = 64 << 10;

/// Gives the two ends of a stream in memory.
pub fn pair() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(PAIR)
}
