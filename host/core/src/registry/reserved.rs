//! The words that belong to the program that people type: its options and its verbs. A plugin gets none of them.
//!
//! The program holds its own definition of them against these lists in a test.

/// The program's options. They also count after a command's name, so a plugin's parameter of that name would never be
/// what people take it for.
pub const PROGRAM_OPTIONS: &[&str] = &["as", "connect", "help", "json", "version"];

/// The short forms of the program's options.
pub const PROGRAM_LETTERS: &[char] = &['V', 'h'];

/// The program's verbs, and what the prompt itself understands. A plugin's command of that name is called as
/// `plugin:word`.
pub const PROGRAM_VERBS: &[&str] = &[
    "attenuate",
    "audit",
    "completions",
    "dev",
    "doctor",
    "exit",
    "grant",
    "plugin",
    "quit",
    "serve",
    "status",
    "stop",
    "up",
    "why",
];

/// Whether a word is one of the program's verbs.
pub fn is_verb(word: &str) -> bool {
    PROGRAM_VERBS.contains(&word)
}
