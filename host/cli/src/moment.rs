//! Times as people write and read them. Inside they are milliseconds since 1970.

use std::time::{Duration, UNIX_EPOCH};

use chrono::{Local, TimeZone as _};

/// A time that somebody typed: so long ago, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long before now.
    Ago(Duration),
    /// At this time.
    At(u64),
}

impl Moment {
    /// Reads `10m` or `2026-12-01T00:00:00Z`.
    ///
    /// # Errors
    ///
    /// What is right instead.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return Ok(Self::Ago(ago));
        }
        let moment = humantime::parse_rfc3339(text).ok();
        let since = moment.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        since
            .and_then(|since| u64::try_from(since.as_millis()).ok())
            .map(Self::At)
            .ok_or_else(|| "write a time as 10m (so long ago) or as 2026-12-01T00:00:00Z".to_owned())
    }

    /// The time that is meant, as seen from `now`.
    pub(crate) fn before(self, now: u64) -> u64 {
        match self {
            Self::Ago(ago) => now.saturating_sub(u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
            Self::At(moment) => moment,
        }
    }
}

/// The local time, to the second.
pub(crate) fn local(millis: u64) -> String {
    formatted(millis, "%Y-%m-%d %H:%M:%S")
}

/// The local time without the year, for lines that must be short.
pub(crate) fn local_short(millis: u64) -> String {
    formatted(millis, "%m-%d %H:%M:%S")
}

fn formatted(millis: u64, format: &str) -> String {
    let moment = i64::try_from(millis).ok().and_then(|millis| Local.timestamp_millis_opt(millis).single());
    moment.map_or_else(|| format!("{millis} ms after 1970"), |moment| moment.format(format).to_string())
}

/// How long ago something was, roughly.
pub(crate) fn ago(millis: u64, now: u64) -> String {
    const STEPS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let seconds = now.saturating_sub(millis) / 1000;
    match STEPS.iter().find(|(length, _)| seconds >= *length) {
        Some((length, unit)) => {
            let count = seconds / length;
            format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
        }
        None => "just now".to_owned(),
    }
}

/// How long something took.
pub(crate) fn took(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(Moment::parse("10m").unwrap().before(1_000_000), 400_000);
        assert_eq!(Moment::parse("1970-01-01T00:00:02Z").unwrap().before(9), 2_000);
        for odd in ["", "-5m", "yesterday", "2026-12-01", "1969-01-01T00:00:00Z"] {
            assert!(Moment::parse(odd).unwrap_err().contains("2026-12-01T00:00:00Z"), "{odd}");
        }
    }

    #[test]
    fn spans_are_told_roughly() {
        assert_eq!(ago(0, 999), "just now");
        assert_eq!(ago(0, 61_000), "1 minute ago");
        assert_eq!(ago(0, 7_300_000), "2 hours ago");
        assert_eq!(ago(5_000, 0), "just now");
        assert_eq!(took(999), "999 µs");
        assert_eq!(took(1_250), "1.2 ms");
        assert_eq!(took(2_500_000), "2.5 s");
    }
}
