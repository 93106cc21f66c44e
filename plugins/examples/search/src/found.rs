//! What is searched for, without a host.

/// The longest line that is shown whole, in characters.
const LONGEST: usize = 200;

/// What is searched for, in whatever case.
pub(crate) struct Wanted(String);

impl Wanted {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// The lines of a text that have it, with their numbers from 1.
    pub(crate) fn lines<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
        let found = text.lines().enumerate().filter(|(_, line)| line.to_lowercase().contains(&self.0));
        found.map(|(number, line)| (number + 1, cut(line.trim())))
    }
}

fn cut(line: &str) -> String {
    let mut shown: String = line.chars().take(LONGEST).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_whatever_case() {
        let wanted = Wanted::new("GRÜN");
        let found: Vec<_> = wanted.lines("rot\n das grüne Haus \nGrün").collect();
        assert_eq!(found, [(2, "das grüne Haus".to_owned()), (3, "Grün".to_owned())]);
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = "ä".repeat(1000);
        let (_, shown) = Wanted::new("ä").lines(&line).next().unwrap();
        assert_eq!(shown.chars().count(), LONGEST + 1);
    }
}
