//! Cutting text into rows that a terminal does not wrap.

/// How many columns text takes at most: a terminal may show what is not ASCII in two.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

/// Cuts text into rows anywhere. Together they are the whole text.
pub(crate) fn cut(text: &str, room: usize) -> Vec<String> {
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    for character in text.chars() {
        let more = columns_of(character);
        if used + more > room && !row.is_empty() {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        row.push(character);
        used += more;
    }
    rows.push(row);
    rows
}

/// Cuts a line into rows at its spaces, and words that are longer than a row anywhere.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let (mut rows, mut row) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !row.is_empty() && columns(&row) + 1 + columns(word) > room {
            rows.push(std::mem::take(&mut row));
        } else if !row.is_empty() {
            row.push(' ');
        }
        // A word that needs more than a row begins one.
        let mut pieces = cut(word, room);
        let last = pieces.pop().unwrap_or_default();
        rows.extend(pieces);
        row.push_str(&last);
    }
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_nothing_out_and_counts_wide_characters_twice() {
        assert_eq!(cut("ab cd", 3), ["ab ", "cd"]);
        assert_eq!(cut("長い名", 5), ["長い", "名"]);
        assert_eq!(cut("", 5), [""]);
        assert_eq!(cut("長", 1), ["長"], "a row has one character at least");
    }

    #[test]
    fn words_stay_whole_if_they_fit() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("a abcdefgh b", 5), ["a", "abcde", "fgh b"]);
        assert_eq!(wrap("a  b", 8), ["a  b"], "spaces inside of a row stay");
        assert_eq!(wrap("", 8), [""]);
    }
}
