//! Which characters a reader does not see for what they are, by Unicode's own data.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
    GeneralCategory, JoiningType, PrependedConcatenationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether a character moves the cursor, turns the direction of reading, or is not seen where it stands: between
/// `before` and `after`.
///
/// Joiners and variation selectors are not seen by themselves, but they are part of how some scripts and emoji are
/// written. They count as seen where the writing needs them, and nowhere else.
pub(super) fn is_unseen(before: &str, character: char, after: &str) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control() && !matches!(character, '\n' | '\t');
    }
    match character {
        '\u{200c}' => !joins_script(before, after),
        '\u{200d}' => !joins_emoji(before, after) && !follows_virama(before),
        '\u{fe0e}' | '\u{fe0f}' => !selects_emoji(before, after),
        // Mongolian chooses between the forms of a letter with these.
        '\u{180b}'..='\u{180d}' | '\u{180f}' => {
            !before.ends_with(|letter| matches!(letter, '\u{1820}'..='\u{18aa}'))
        }
        // The blank cell is the space of Braille. It has no ink, and stands for nothing outside of it.
        '\u{2800}' => !before.ends_with(is_braille) && !after.starts_with(is_braille),
        // The filler of Khitan and the note without a head: no ink either, and not in the data below.
        '\u{16fe4}' | '\u{1d159}' => true,
        _ => is_format(character) || is_ignorable(character),
    }
}

/// Controls, the separators that terminals take as line ends, and format characters: embeddings, overrides, isolates,
/// tags, annotations. The signs that Arabic and its neighbours write in front of a number are such characters, too, but
/// are drawn.
fn is_format(character: char) -> bool {
    match CodePointMapData::<GeneralCategory>::new().get(character) {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            true
        }
        GeneralCategory::Format => !CodePointSetData::new::<PrependedConcatenationMark>().contains(character),
        _ => false,
    }
}

fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn is_braille(cell: char) -> bool {
    matches!(cell, '\u{2801}'..='\u{28ff}')
}

/// Where a non-joiner changes what is seen, as for names of hosts (RFC 5892, appendix A.1): after a virama, or between
/// letters that would join.
fn joins_script(before: &str, after: &str) -> bool {
    let kind = |character: char| CodePointMapData::<JoiningType>::new().get(character);
    let mut letters_before =
        before.chars().rev().map(kind).skip_while(|kind| *kind == JoiningType::Transparent);
    let mut letters_after = after.chars().map(kind).skip_while(|kind| *kind == JoiningType::Transparent);
    follows_virama(before)
        || (matches!(letters_before.next(), Some(JoiningType::LeftJoining | JoiningType::DualJoining))
            && matches!(letters_after.next(), Some(JoiningType::RightJoining | JoiningType::DualJoining)))
}

fn follows_virama(before: &str) -> bool {
    before.chars().next_back().is_some_and(|sign| {
        CodePointMapData::<CanonicalCombiningClass>::new().get(sign) == CanonicalCombiningClass::Virama
    })
}

/// Where a joiner makes one picture of two (Unicode annex 29, rule GB11).
fn joins_emoji(before: &str, after: &str) -> bool {
    let picture = |character: char| CodePointSetData::new::<ExtendedPictographic>().contains(character);
    let mut before = before.chars().rev();
    let mut last = before.next();
    if last == Some('\u{fe0f}') {
        last = before.next();
    }
    if last.is_some_and(|last| CodePointSetData::new::<EmojiModifier>().contains(last)) {
        last = before.next();
    }
    last.is_some_and(picture) && after.starts_with(picture)
}

/// Where a variation selector chooses between a picture and a sign: after an emoji. Digits are emoji only as the
/// caps of keys.
fn selects_emoji(before: &str, after: &str) -> bool {
    before.chars().next_back().is_some_and(|base| {
        CodePointSetData::new::<Emoji>().contains(base) && (!base.is_ascii() || after.starts_with('\u{20e3}'))
    })
}
