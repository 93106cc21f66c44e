//! A moment as people write it. A plugin has no time zone, so it is that of Greenwich.

/// Writes milliseconds since 1970 as `2026-11-26 22:39`.
pub(crate) fn shown(millis: u64) -> String {
    let minutes = millis / 60_000;
    let (days, of_day) = (minutes / 1440, minutes % 1440);
    let (year, month, day) = date(days);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", of_day / 60, of_day % 60)
}

/// The date of a day since 1970, by Howard Hinnant's `civil_from_days`.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn moments_are_written_as_people_do() {
        assert_eq!(shown(0), "1970-01-01 00:00");
        assert_eq!(shown(951_782_400_000), "2000-02-29 00:00");
        assert_eq!(shown(1_795_732_740_000), "2026-11-26 22:39");
        assert_eq!(shown(4_107_542_399_000), "2100-02-28 23:59");
    }
}
