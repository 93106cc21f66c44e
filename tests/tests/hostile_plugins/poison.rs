//! What must not get from a plugin to a screen.

/// What a terminal obeys, or a reader is led astray by, instead of seeing it: colours, cursor, title, clipboard, links,
/// other character sets, overwriting, directions, what is invisible, and lines that pass for the program's own.
pub(crate) const POISON: &str = "\u{1b}[31m\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}]52;c;Zm9v\u{7}\
    \u{1b}]8;;http://x\u{1b}\\link\u{9b}31m\u{9d}0;title\u{9c}\u{90}q\u{e}\rover\u{8}\u{7f}\
    \u{202e}txt.exe\u{202c}\u{2066}in\u{2069}\u{200f}\u{200b}\u{feff}\u{2028}\u{2029}\u{85}\u{e0041}\
    \nerror: not the program's\nhint: run this\n";

/// Whether a terminal would obey something in a text, or a reader be led astray by it.
pub(crate) fn has_any(text: &str) -> bool {
    text.chars().any(is_poison)
}

/// Whether a line passes for one that only the program writes, at most once for each of its own.
pub(crate) fn imitates(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("hint: run this") || line.starts_with("error: not the program's"))
}

/// All but line feeds and tabs that is obeyed instead of shown, turns the direction of reading, or is invisible.
pub(crate) fn is_poison(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\t');
    let direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let line = matches!(character, '\u{2028}' | '\u{2029}');
    let invisible = matches!(
        character,
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    );
    control || direction || line || invisible
}

/// What of it is in the bytes that a terminal got, where the program's own colours and line ends are, too.
pub(crate) fn at_terminal(text: &str) -> Option<&'static str> {
    let marks = [
        "\u{1b}[31m",
        "\u{1b}[2J",
        "\u{1b}]0",
        "\u{1b}]52",
        "\u{1b}]8",
        "\u{7}",
        "\u{9b}",
        "\u{9d}",
        "\u{90}",
        "\u{e}",
        "\rover",
        "\u{8}",
        "\u{7f}",
        "\u{202e}",
        "\u{202c}",
        "\u{2066}",
        "\u{2069}",
        "\u{200f}",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}",
        "\u{2029}",
        "\u{85}",
        "\u{e0041}",
    ];
    marks.into_iter().find(|mark| text.contains(mark))
}
