use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::CaveatError;
use super::text::positive;

/// How many calls there may be in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallCount(u64);

impl CallCount {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for CallCount {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        positive(text).map(Self)
    }
}

impl fmt::Display for CallCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How many calls there may be at once, and in how much time as many become possible again. Written `5/1m`.
///
/// Kept as a bucket: so many calls may come at once, and one more becomes possible each time an even share of the time
/// has passed. In the long run there are so many in the time given, never more; in one stretch of that time, right
/// after a pause, nearly twice as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    calls: u64,
    per: u64,
}

/// The most calls, and the longest time in milliseconds (a year), that a rate speaks of.
const MOST_CALLS: u64 = 1_000_000;
const LONGEST: u64 = 366 * 24 * 60 * 60 * 1000;

impl Rate {
    /// How many calls.
    pub fn calls(self) -> u64 {
        self.calls
    }

    /// In which time, in milliseconds.
    pub fn per(self) -> u64 {
        self.per
    }

    /// Less or as much at once, and less or as much in the long run.
    pub(super) fn is_within(self, parent: &Self) -> bool {
        let (own, parents) = (
            u128::from(self.calls) * u128::from(parent.per),
            u128::from(parent.calls) * u128::from(self.per),
        );
        self.calls <= parent.calls && own <= parents
    }
}

impl FromStr for Rate {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        let shape = || CaveatError::new(text, "a rate is written as 5/1m: so many calls in so much time");
        let (calls, per) = text.split_once('/').ok_or_else(shape)?;
        let calls = positive(calls.trim())?;
        let per = humantime::parse_duration(per.trim()).map_err(|_| shape())?;
        let per = u64::try_from(per.as_millis()).map_err(|_| shape())?;
        if calls > MOST_CALLS || per == 0 || per > LONGEST {
            return Err(CaveatError::new(text, "it is beyond 1000000 calls, or not between 1ms and a year"));
        }
        Ok(Self { calls, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = humantime::format_duration(Duration::from_millis(self.per)).to_string();
        write!(f, "{}/{}", self.calls, per.replace(' ', ""))
    }
}

/// How many bytes all calls and answers together may carry. Written `4096`, `64KiB`, `10MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteBudget(u64);

const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl ByteBudget {
    /// The number of bytes.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteBudget {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        let unit = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
        let (digits, size) = unit.unwrap_or((text, 1));
        let bytes =
            positive(digits.trim_end())?.checked_mul(size).filter(|bytes| i64::try_from(*bytes).is_ok());
        bytes.map(Self).ok_or_else(|| CaveatError::new(text, "that is too many bytes"))
    }
}

impl fmt::Display for ByteBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().rev().find(|(_, size)| self.0.is_multiple_of(*size));
        match unit {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}
