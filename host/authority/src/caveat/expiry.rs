use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use super::CaveatError;

/// The moment at which a grant ends, in milliseconds since 1970.
///
/// Written as `2026-12-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry(u64);

/// The last moment that can be written: the end of the year 9999.
const LAST: u64 = 253_402_300_799_999;

impl Expiry {
    /// The moment that lies `after` from `now` (milliseconds since 1970).
    ///
    /// # Errors
    ///
    /// If it is now, or too far away to be written.
    pub fn after(after: Duration, now: u64) -> Result<Self, CaveatError> {
        let text = || humantime::format_duration(after).to_string();
        let wait = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        if wait == 0 {
            return Err(CaveatError::new(&text(), "it would end at once"));
        }
        match now.checked_add(wait).filter(|moment| *moment <= LAST) {
            Some(moment) => Ok(Self(moment)),
            None => Err(CaveatError::new(&text(), "it is too far away")),
        }
    }

    /// Whether it is over at `now`.
    pub fn is_over(self, now: u64) -> bool {
        now >= self.0
    }

    /// The moment, in milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0
    }
}

impl FromStr for Expiry {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        let bad = || CaveatError::new(text, "a moment is written as 2026-12-01T00:00:00Z");
        let moment = humantime::parse_rfc3339(text).map_err(|_| bad())?;
        let since = moment.duration_since(UNIX_EPOCH).map_err(|_| bad())?;
        let millis = u64::try_from(since.as_millis()).map_err(|_| bad())?;
        if millis == 0 || millis > LAST { Err(bad()) } else { Ok(Self(millis)) }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(self.0)))
    }
}
