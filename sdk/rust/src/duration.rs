//! Durations as text, for defaults.

use std::time::Duration;

/// Reads a duration such as `500ms`, `1.5s`, `2m` or `1h`; a bare number counts seconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let seconds = match unit.trim() {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_command_line() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(parse("3"), Some(Duration::from_secs(3)));
        assert_eq!(parse("3 parsecs"), None);
        assert_eq!(parse("-1s"), None);
        assert_eq!(parse(""), None);
    }
}
