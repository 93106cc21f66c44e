//! What `#[command]` and `group!` expand into calls of.

use crate::{Arguments, Output, Problem, description::Command};

/// One command: implemented for a hidden type beside each command's function.
#[doc(hidden)]
#[allow(async_fn_in_trait, reason = "a component has one thread, so no bounds are needed")]
pub trait Entry {
    /// The command's own name.
    const NAME: &str;
    /// The name, then the aliases.
    const WORDS: &[&str];

    fn describe(category: &str) -> Command;

    async fn run(arguments: Arguments) -> Result<Output, Problem>;
}

/// Makes what a command's function returns into what the contract wants.
#[doc(hidden)]
pub fn finish<T: Into<Output>, E: Into<Problem>>(result: Result<T, E>) -> Result<Output, Problem> {
    result.map(Into::into).map_err(Into::into)
}

/// What a group answers to a command that it does not have; the host never asks for one.
#[doc(hidden)]
pub fn unknown(command: &str) -> Problem {
    Problem::invalid(format!("there is no command {command:?}"))
}

/// Tells whether all words of a group are different; checked when the plugin is compiled.
#[doc(hidden)]
#[allow(
    clippy::indexing_slicing,
    reason = "constant functions can not iterate; a wrong index is a compile error"
)]
pub const fn no_word_twice(commands: &[&[&str]]) -> bool {
    let mut a = 0;
    while a < commands.len() {
        let mut i = 0;
        while i < commands[a].len() {
            let mut b = a;
            while b < commands.len() {
                let mut j = if a == b { i + 1 } else { 0 };
                while j < commands[b].len() {
                    if same(commands[a][i].as_bytes(), commands[b][j].as_bytes()) {
                        return false;
                    }
                    j += 1;
                }
                b += 1;
            }
            i += 1;
        }
        a += 1;
    }
    true
}

#[allow(clippy::indexing_slicing, reason = "the lengths are compared first")]
const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::no_word_twice;

    #[test]
    fn words_of_one_group_must_differ() {
        assert!(no_word_twice(&[&["list", "ls"], &["show"], &[]]));
        assert!(!no_word_twice(&[&["list", "ls"], &["show", "ls"]]));
        assert!(!no_word_twice(&[&["list", "list"]]));
    }
}
