/// Gives the length of the longest start of `bytes` that stands in a JSON string as it is.
///
/// That is everything but `"`, `\` and the characters below U+0020.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    // Whole blocks are tested without branching, which the compiler turns into vector instructions.
    const BLOCK: usize = 32;
    let mut plain = 0;
    for block in bytes.chunks_exact(BLOCK) {
        if block.iter().fold(false, |special, &byte| special | is_special(byte)) {
            break;
        }
        plain += BLOCK;
    }
    let left = bytes.get(plain..).unwrap_or_default();
    plain + left.iter().position(|&byte| is_special(byte)).unwrap_or(left.len())
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}
