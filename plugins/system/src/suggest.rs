//! Guessing what a user meant.

/// Gives the word that is nearest to what was typed, if any is near.
pub(crate) fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far_enough = typed.chars().count() / 3 + 1;
    words
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, _)| *distance <= far_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Counts the letters to insert, delete or exchange to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    // `row` holds the distances from what was read of `a` to each beginning of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (read, letter) in a.chars().enumerate() {
        let mut diagonal = read;
        let mut left = read + 1;
        for (cell, other) in row.iter_mut().zip(std::iter::once(None).chain(b.iter().map(Some))) {
            let above = *cell;
            *cell = match other {
                None => left,
                Some(other) => {
                    let exchange = diagonal + usize::from(*other != letter);
                    exchange.min(above + 1).min(left + 1)
                }
            };
            (diagonal, left) = (above, *cell);
        }
    }
    row.last().copied().unwrap_or(0)
}
