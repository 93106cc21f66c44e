//! Counting by what names begin with. It needs nothing of the host, so `cargo test` tests it.

use std::collections::BTreeMap;

/// Counts names by what they begin with, up to the first hyphen or dot.
pub(crate) fn tally(names: &[String]) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for name in names {
        let start = name.split(['-', '.']).next().unwrap_or(name);
        *counts.entry(start.to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::tally;

    #[test]
    fn names_that_begin_alike_are_counted_together() {
        let names = ["todo-1", "todo-2", "plan.txt"].map(str::to_owned);
        assert_eq!(tally(&names), [("plan".to_owned(), 1), ("todo".to_owned(), 2)]);
    }
}
