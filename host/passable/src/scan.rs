/// Gives the length of the longest start of `bytes` that stands in a JSON string as it is.
///
/// That is everything but `"`, `\` and the characters below U+0020.
pub fn plain_prefix(bytes: &[u8]) -> usize {
    // Escapes often stand close together, so the first bytes are tested word by word; what goes on beyond them is most
    // likely long, and is tested in blocks without branches, which compile to vector instructions.
    let (first, long) = bytes.split_at_checked(FIRST).unwrap_or((bytes, &[]));
    let mut plain = by_words(first);
    if plain < FIRST {
        return plain;
    }
    for block in long.chunks_exact(BLOCK) {
        if block.iter().fold(false, |found, &byte| found | is_special(byte)) {
            break;
        }
        plain += BLOCK;
    }
    plain + by_words(bytes.get(plain..).unwrap_or_default())
}

const FIRST: usize = 32;
const BLOCK: usize = 64;

fn by_words(bytes: &[u8]) -> usize {
    let mut plain = 0;
    let mut left = bytes;
    while let Some((word, rest)) = left.split_first_chunk::<8>() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return plain + (found.trailing_zeros() / 8) as usize;
        }
        plain += 8;
        left = rest;
    }
    plain + left.iter().position(|&byte| is_special(byte)).unwrap_or(left.len())
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Sets the highest bit of the first byte that is special, and perhaps of later ones.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A byte is zero if subtracting one borrows; a borrow can only spoil what comes after the first find.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for special in [b'"', b'\\', 0, 0x1f] {
            for length in 0..300 {
                let mut bytes: Vec<u8> =
                    (0..length).map(|n| [b' ', b'!', b'#', b'[', 0x7f, 0xff][n % 6]).collect();
                assert_eq!(plain_prefix(&bytes), length);
                bytes.push(special);
                bytes.extend([b'"'; 3]);
                assert_eq!(plain_prefix(&bytes), length);
            }
        }
    }
}
