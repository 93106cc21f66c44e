use std::io::{self, BufRead, Read, Write};

// More than any recorded message; a peer that announces more is broken.
const LONGEST: usize = 1 << 24;

/// Reads the payload of one netstring, or nothing at a clean end of the stream.
pub fn read_frame(stream: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut digits = Vec::new();
    stream.by_ref().take(10).read_until(b':', &mut digits)?;
    if digits.is_empty() {
        return Ok(None);
    }
    let length = digits
        .strip_suffix(b":")
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .filter(|length: &usize| *length <= LONGEST)
        .ok_or_else(|| malformed(format!("a frame starts with {:?}", String::from_utf8_lossy(&digits))))?;
    let mut payload = vec![0; length + 1];
    stream.read_exact(&mut payload)?;
    match payload.pop() {
        Some(b',') => Ok(Some(payload)),
        other => Err(malformed(format!("a frame ends with {other:?} instead of a comma"))),
    }
}

/// Writes one netstring in the way that Endo's daemons do: its three parts by themselves.
pub fn write_frame(stream: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    stream.write_all(format!("{}:", payload.len()).as_bytes())?;
    stream.write_all(payload)?;
    stream.write_all(b",")?;
    stream.flush()
}

fn malformed(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
