//! What needs no host, and so can be tested by `cargo test`.

/// Says how many names there are, in words.
pub(crate) fn tally(names: &[String], prefix: &str) -> String {
    match names.iter().filter(|name| name.starts_with(prefix)).count() {
        0 => "no names".to_owned(),
        1 => "1 name".to_owned(),
        count => format!("{count} names"),
    }
}

#[cfg(test)]
mod tests {
    use super::tally;

    #[test]
    fn names_are_counted_by_their_beginning() {
        let names = ["plan".to_owned(), "plot".to_owned(), "todo".to_owned()];
        assert_eq!(tally(&names, ""), "3 names");
        assert_eq!(tally(&names, "to"), "1 name");
        assert_eq!(tally(&names, "x"), "no names");
    }
}
