//! Whether what was shown is what stands in the text, apart from what differs each time.

use std::collections::BTreeMap;

/// The numbers of grants: what stands in the text, and what it is in this run.
pub(crate) type Numbers = BTreeMap<String, String>;

/// Compares lines; learns the numbers of grants that are seen for the first time.
pub(crate) fn matches(written: &[String], shown: &[String], numbers: &mut Numbers) -> bool {
    let written: Vec<_> = written.iter().map(|line| words(line)).collect();
    let shown: Vec<_> = shown.iter().map(|line| words(line)).collect();
    match lines_match(&written, &shown, numbers.clone()) {
        Some(learned) => {
            *numbers = learned;
            true
        }
        None => false,
    }
}

/// A command with the numbers of this run.
pub(crate) fn with_numbers(command: &str, numbers: &Numbers) -> String {
    if !command.contains("grant ") {
        return command.to_owned();
    }
    let words = command.split(' ').map(|word| numbers.get(word).map_or(word, String::as_str));
    words.collect::<Vec<_>>().join(" ")
}

fn lines_match(written: &[Vec<String>], shown: &[Vec<String>], numbers: Numbers) -> Option<Numbers> {
    let Some((first, rest)) = written.split_first() else { return shown.is_empty().then_some(numbers) };
    if first.as_slice() == ["…"] {
        return (0..=shown.len()).find_map(|skipped| lines_match(rest, &shown[skipped..], numbers.clone()));
    }
    let (line, more) = shown.split_first()?;
    lines_match(rest, more, words_match(first, line, numbers)?)
}

fn words_match(written: &[String], shown: &[String], mut numbers: Numbers) -> Option<Numbers> {
    if written.len() != shown.len() {
        return None;
    }
    for (place, (one, other)) in written.iter().zip(shown).enumerate() {
        let of_grant =
            place > 0 && bare(&written[place - 1]) == "grant" && is_number(one) && is_number(other);
        if of_grant {
            if numbers.entry(bare(one).to_owned()).or_insert_with(|| bare(other).to_owned()) != bare(other) {
                return None;
            }
        } else if !word_matches(one, other) {
            return None;
        }
    }
    Some(numbers)
}

fn word_matches(written: &str, shown: &str) -> bool {
    match written.split_once('…') {
        None => written == shown,
        Some((head, tail)) => {
            shown.len() >= head.len() + tail.len() && shown.starts_with(head) && shown.ends_with(tail)
        }
    }
}

fn is_number(word: &str) -> bool {
    let bare = bare(word);
    !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit())
}

/// A word without what stands around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | ';' | ':' | '.'))
}

const UNITS: &[&str] = &["B", "KiB", "MiB", "GiB", "µs", "ms", "s"];

/// The words of a line, with a mark in place of what differs each time. Where columns begin does not count.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let core = bare(word);
        let mark = if is_time(core) {
            Some("(time)")
        } else if core.strip_prefix("sha256:").is_some_and(|hex| hex.len() > 3) {
            Some("(digest)")
        } else {
            None
        };
        if UNITS.contains(&core)
            && let Some(number) = words.last_mut()
            && number.starts_with(|c: char| c.is_ascii_digit())
        {
            *number = "(amount)".to_owned();
        }
        words.push(match mark {
            Some(mark) => word.replace(core, mark),
            None => word.to_owned(),
        });
    }
    words
}

/// `2026-11-29T16:16:20.792Z`, or a time of day.
fn is_time(word: &str) -> bool {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    matches!(&*shape, "0000-00-00T00:00:00.000Z" | "0000-00-00T00:00:00Z" | "00:00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn same(written: &str, shown: &str) -> bool {
        matches(&lines(written), &lines(shown), &mut Numbers::new())
    }

    #[test]
    fn what_differs_each_time_may_differ() {
        assert!(same("built in 2.8 s, 1.2 MiB", "built in 13 s, 900 MiB"));
        assert!(same("size 1.2 MiB", "size  40.9 MiB"));
        assert!(same("expires 2026-11-29T16:16:20.792Z;", "expires 2027-01-02T03:04:05.678Z;"));
        assert!(same("digest sha256:15e8…", "digest sha256:00ff00ff"));
        assert!(same("a\n…\nz", "a\nb\nc\nz") && same("a\n…\nz", "a\nz"));
        assert!(same("…k", "link"));
    }

    #[test]
    fn anything_else_must_be_as_it_stands() {
        assert!(!same("a", "b") && !same("a", "a\nb") && !same("a\nb", "a") && !same("…\nz", "a\ny"));
        assert!(!same("2 passed", "3 passed") && !same("calls 2", "calls 3"));
    }

    #[test]
    fn a_number_means_the_same_grant_throughout() {
        let mut numbers = Numbers::new();
        assert!(matches(&lines("granted: grant 7, x"), &lines("granted: grant 12, x"), &mut numbers));
        assert!(matches(&lines("(grant 7)"), &lines("(grant 12)"), &mut numbers));
        assert!(!matches(&lines("(grant 7)"), &lines("(grant 13)"), &mut numbers));
        assert_eq!(with_numbers("powerbox grant revoke 7 --yes", &numbers), "powerbox grant revoke 12 --yes");
        assert_eq!(with_numbers("head -7 7", &numbers), "head -7 7");
    }
}
