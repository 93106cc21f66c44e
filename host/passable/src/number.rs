//! Numbers as JavaScript spells them, and the spellings that it takes.

use std::fmt::Write as _;

use num_bigint::BigInt;

use crate::{DecodeError, error::excerpt};

/// Writes a finite number as `JSON.stringify` does.
pub(crate) fn write(number: f64, out: &mut String) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.trunc() == number && number.abs() < EXACT {
        // Also takes the sign from -0, as JavaScript does.
        let mut integer = number.abs() as u64;
        let mut digits = [0_u8; 16];
        let mut length = 0;
        for place in digits.iter_mut().rev() {
            *place = b'0' + (integer % 10) as u8;
            integer /= 10;
            length += 1;
            if integer == 0 {
                break;
            }
        }
        if number < 0.0 {
            out.push('-');
        }
        out.extend(digits.iter().skip(digits.len() - length).map(|&digit| char::from(digit)));
        return;
    }
    let spelled = shortest(number.abs());
    let Some((digits, Ok(exponent))) = spelled.split_once('e').map(|(d, e)| (d, e.parse::<i32>())) else {
        return; // Neither NaN nor an infinity is a finite number.
    };
    let (first, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let count = 1 + fraction.len();
    // The decimal point stands after so many digits.
    let point = exponent + 1;
    if number < 0.0 {
        out.push('-');
    }
    match usize::try_from(point) {
        Ok(point @ 1..=21) if count <= point => {
            out.push_str(first);
            out.push_str(fraction);
            out.extend(std::iter::repeat_n('0', point - count));
        }
        Ok(point @ 1..=21) => {
            let (whole, fraction) = fraction.split_at_checked(point - 1).unwrap_or((fraction, ""));
            out.push_str(first);
            out.push_str(whole);
            out.push('.');
            out.push_str(fraction);
        }
        _ if (-5..=0).contains(&point) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
            out.push_str(first);
            out.push_str(fraction);
        }
        _ => {
            out.push_str(digits);
            out.push('e');
            // Writing to a string does not fail.
            let _ = write!(out, "{exponent:+}");
        }
    }
}

/// Gives the shortest digits that read as the same number, and an exponent: `1.5e-7`.
fn shortest(number: f64) -> String {
    // Below this, no two spellings of one length are equally close to a number and read as it.
    const FEWEST_OF_TIE: usize = 15;
    let spelled = format!("{number:e}");
    let digits = spelled.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
    if digits >= FEWEST_OF_TIE {
        // Of two that are equally close JavaScript takes the even one, as does rounding to a given length, but Rust's
        // shortest spelling takes the greater one. Just above a power of two, rounding may give another number.
        let even = format!("{:.*e}", digits - 1, number);
        if even != spelled && even.parse() == Ok(number) {
            return even;
        }
    }
    spelled
}

/// Reads what JavaScript's `BigInt` takes.
pub(crate) fn read_bigint(text: &str, most_digits: usize) -> Result<BigInt, DecodeError> {
    let spelled = trim(text);
    if spelled.is_empty() {
        return Ok(BigInt::ZERO);
    }
    let (radix, negative, digits) = match radix(spelled) {
        Some((radix, digits)) => (radix, false, digits),
        None => match spelled.strip_prefix('-') {
            Some(digits) => (10, true, digits),
            None => (10, false, spelled.strip_prefix('+').unwrap_or(spelled)),
        },
    };
    // Parsing alone would let more signs and underscores pass.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(DecodeError::BigInt(excerpt(text)));
    }
    if digits.len() > most_digits {
        return Err(DecodeError::Limit { what: "digits in a bigint", most: most_digits });
    }
    let integer =
        BigInt::parse_bytes(digits.as_bytes(), radix).ok_or_else(|| DecodeError::BigInt(excerpt(text)))?;
    Ok(if negative { -integer } else { integer })
}

/// Reads what JavaScript's `Number` takes, if it is a natural number; the text has no decimal point.
pub(crate) fn read_natural(text: &str) -> Option<f64> {
    let digits = trim(text);
    if digits.is_empty() {
        return Some(0.0);
    }
    if let Some((radix, digits)) = radix(digits) {
        if !digits.chars().all(|digit| digit.is_digit(radix)) {
            return None;
        }
        return u64::from_str_radix(digits, radix)
            .ok()
            .map(|number| number as f64)
            .filter(|&number| is_natural(number));
    }
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(mantissa) || !all_digits(exponent) {
        return None;
    }
    digits.parse().ok().filter(|&number| is_natural(number))
}

/// Tells whether a number is a natural number that is exact as a double; -0 is.
pub(crate) fn is_natural(number: f64) -> bool {
    number.trunc() == number && (0.0..=9_007_199_254_740_991.0).contains(&number)
}

fn radix(digits: &str) -> Option<(u32, &str)> {
    let (prefix, digits) = digits.split_at_checked(2)?;
    match prefix {
        "0x" | "0X" => Some((16, digits)),
        "0o" | "0O" => Some((8, digits)),
        "0b" | "0B" => Some((2, digits)),
        _ => None,
    }
}

/// Takes away what JavaScript calls white space, which is not quite what Unicode does.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'))
}

/// Gives the number that the name of a property is as an array index, if it is one.
pub(crate) fn array_index(key: &str) -> Option<u32> {
    let canonical = key == "0" || (key.len() <= 10 && !key.starts_with('0'));
    if !canonical || key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    key.parse().ok().filter(|&index| index != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_indexes_are_canonical_and_below_the_greatest_length() {
        for (key, index) in [("0", 0), ("7", 7), ("4294967294", 4_294_967_294)] {
            assert_eq!(array_index(key), Some(index));
        }
        for key in
            ["", "00", "01", "-1", "+1", "1.0", "4294967295", "4294967296", "99999999999", "1e3", " 1", "٣"]
        {
            assert_eq!(array_index(key), None, "{key}");
        }
    }
}
