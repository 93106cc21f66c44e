//! Netstrings: the frames around messages on a byte stream. No I/O happens here.
//!
//! A frame is the length in decimal digits, a colon, so many bytes, and a comma.

use std::io::Write;

/// How many digits a length may have; the tenth is refused even if it is a zero.
const DIGITS: usize = 9;

/// How much room is made at most for data that was announced but has not come.
const STEP: usize = 64 << 10;

/// Why a stream is no sequence of netstrings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetstringError {
    /// The length is missing, or is no number.
    #[error("invalid netstring length prefix at offset {0} of stream")]
    Prefix(u64),
    /// The length has more digits than any that is accepted.
    #[error("too long netstring length prefix at offset {0} of stream")]
    PrefixTooLong(u64),
    /// The frame is longer than the limit.
    #[error("netstring message too big (length {1}) at offset {0} of stream")]
    TooBig(u64, usize),
    /// Another byte stands where the comma belongs.
    #[error("invalid netstring separator at offset {0} of stream")]
    Separator(u64),
    /// The stream ended within a frame.
    #[error("unexpected dangling message at offset {0} of stream")]
    Dangling(u64),
}

/// Takes bytes in pieces of any size and gives frames.
///
/// It holds what has come of one frame, and room for one step more, whatever length a peer announces.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the first byte that was not given out yet lies in the buffer.
    start: usize,
    /// Where in the stream the buffer starts.
    offset: u64,
    limit: usize,
    /// Where the frame that is being read has its data, once that is known.
    data: Option<(usize, usize)>,
}

impl Decoder {
    /// Makes a decoder that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, offset: 0, limit, data: None }
    }

    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// Gives room into which a reader may append bytes.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.compact();
        let missing = self.data.map_or(0, |(_, end)| (end + 1).saturating_sub(self.buffer.len()));
        // An announced length is believed step by step only, as its data comes in.
        self.buffer.reserve(missing.clamp(STEP / 4, STEP));
        &mut self.buffer
    }

    /// Gives the next frame that has come whole, or `None` if more bytes are needed.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, NetstringError> {
        let (start, end) = match self.data {
            Some(data) => data,
            None => match self.prefix()? {
                Some(data) => *self.data.insert(data),
                None => return Ok(None),
            },
        };
        match self.buffer.get(end) {
            None => Ok(None),
            Some(b',') => {
                self.data = None;
                self.start = end + 1;
                Ok(Some(self.buffer.get(start..end).unwrap_or_default()))
            }
            Some(_) => Err(NetstringError::Separator(self.offset + end as u64)),
        }
    }

    /// Tells whether a stream may end here.
    ///
    /// An end within the digits of a length is a clean one, as JavaScript takes it.
    pub fn finish(&self) -> Result<(), NetstringError> {
        match self.data {
            Some((start, _)) => Err(NetstringError::Dangling(self.offset + start as u64)),
            None => Ok(()),
        }
    }

    /// Reads the length; gives where the data starts and ends.
    fn prefix(&self) -> Result<Option<(usize, usize)>, NetstringError> {
        let at = self.offset + self.start as u64;
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let mut length = 0_usize;
        // A limit of few digits refuses longer numbers before their colon has come.
        let most = digits(self.limit);
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    length = length * 10 + usize::from(byte - b'0');
                    if index >= DIGITS || digits(length) > most {
                        return Err(NetstringError::PrefixTooLong(at));
                    }
                }
                b':' if index > 0 && length > self.limit => return Err(NetstringError::TooBig(at, length)),
                b':' if index > 0 => {
                    let start = self.start + index + 1;
                    return Ok(Some((start, start + length)));
                }
                _ => return Err(NetstringError::Prefix(at)),
            }
        }
        Ok(None)
    }

    fn compact(&mut self) {
        if self.start == 0 {
            return;
        }
        let start = std::mem::take(&mut self.start);
        if start == self.buffer.len() {
            self.buffer.clear();
            // A rare big frame shall not keep its room for the life of the connection.
            self.buffer.shrink_to(4 * STEP);
        } else {
            self.buffer.drain(..start);
        }
        self.offset += start as u64;
        self.data = self.data.map(|(from, to)| (from - start, to - start));
    }
}

/// Appends a frame whose data is appended by `write`, without a copy; gives how many bytes it is. `about` is a guess of
/// that, which should have the right number of digits: otherwise the data moves once more.
pub fn append_with(out: &mut Vec<u8>, about: usize, write: impl FnOnce(&mut Vec<u8>)) -> usize {
    out.reserve(about + DIGITS + 2);
    let start = out.len();
    let guessed = digits(about);
    out.resize(start + guessed, b'0');
    out.push(b':');
    let data = out.len();
    write(out);
    let length = out.len().saturating_sub(data);
    if digits(length) != guessed {
        out.splice(start..start + guessed, std::iter::repeat_n(b'0', digits(length)));
    }
    if let Some(mut prefix) = out.get_mut(start..) {
        // There is room for these digits.
        let _ = write!(prefix, "{length}");
    }
    out.push(b',');
    length
}

/// Appends a frame.
pub fn append(out: &mut Vec<u8>, data: &[u8]) {
    out.reserve(data.len() + DIGITS + 2);
    // Writing to a vector does not fail.
    let _ = write!(out, "{}:", data.len());
    out.extend_from_slice(data);
    out.push(b',');
}

/// How many decimal digits a number has.
fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_announcement_reserves_little() {
        let mut decoder = Decoder::new(1 << 30);
        decoder.push(b"999999999:x");
        assert_eq!(decoder.next_frame(), Ok(None));
        assert!(decoder.room().capacity() <= 3 * STEP);
    }

    #[test]
    fn frames_may_come_byte_by_byte() {
        let mut decoder = Decoder::new(100);
        let mut frames = Vec::new();
        for byte in b"5:hello,0:,2:ab," {
            decoder.push(&[*byte]);
            while let Some(frame) = decoder.next_frame().unwrap() {
                frames.push(frame.to_vec());
            }
        }
        assert_eq!(frames, [b"hello".to_vec(), Vec::new(), b"ab".to_vec()]);
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_its_data() {
        let mut decoder = Decoder::new(10);
        decoder.push(b"11:");
        assert_eq!(decoder.next_frame(), Err(NetstringError::TooBig(0, 11)));
    }

    #[test]
    fn append_writes_what_the_decoder_reads() {
        let mut out = Vec::new();
        append(&mut out, b"hello");
        append(&mut out, b"");
        assert_eq!(out, b"5:hello,0:,");
        for about in [0, 4, 9, 10, 1_000] {
            let mut out = b"before".to_vec();
            assert_eq!(append_with(&mut out, about, |out| out.extend(b"hello hello")), 11);
            assert_eq!(out, b"before11:hello hello,");
        }
    }
}
