//! An example of a plugin that keeps something: a notes keeper. It asks for its own store and the time, and reaches
//! nothing else.

mod date;
mod note;
mod old;

use powerbox_sdk::{Output, Problem, clock, command, store};

use crate::note::{Note, key, number};

powerbox_sdk::group! {
    /// Keeping notes
    #[migrates(old::migrate)]
    notes: [note, notes, note_show, note_edit, note_remove]
}

/// Where the number of the next note is kept.
const NEXT: &str = "next";

/// Keep a note
#[command(effect = writes)]
async fn note(
    /// What to keep
    text: Vec<String>,
) -> Result<Output, Problem> {
    let number = take_number().await?;
    let note = Note { made: clock::now()?, text: text.join(" ") };
    store::set(key(number), note.to_bytes()).await?;
    Ok(Output::message(format!("Note {number} kept")))
}

/// List the notes
#[command(effect = reads)]
async fn notes(
    /// Only notes with this in them, in whatever case
    find: Option<String>,
) -> Result<Output, Problem> {
    let wanted = find.map(|find| find.to_lowercase());
    let mut rows = Vec::new();
    for key in store::all_keys(note::PREFIX).await? {
        // One may be removed while this lists.
        let Some(bytes) = store::get(key.clone()).await? else { continue };
        let (Some(number), Some(note)) = (number(&key), Note::read(&bytes)) else { continue };
        if wanted.as_ref().is_none_or(|wanted| note.text.to_lowercase().contains(wanted)) {
            rows.push(vec![number.to_string(), date::shown(note.made), note.first_line().to_owned()]);
        }
    }
    if rows.is_empty() {
        return Ok(Output::message("There are no such notes"));
    }
    Ok(Output::table(["no", "made", "note"], rows))
}

/// Show a note
#[command(effect = reads)]
async fn note_show(
    /// Its number
    number: u64,
) -> Result<Output, Problem> {
    Ok(Output::text(read(number).await?.text))
}

/// Replace the text of a note
#[command(effect = writes)]
async fn note_edit(
    /// Its number
    number: u64,
    /// The new text
    text: Vec<String>,
) -> Result<Output, Problem> {
    let note = read(number).await?;
    let edited = Note { text: text.join(" "), ..note.clone() };
    // Another command may have changed it since it was read.
    if !store::replace(key(number), Some(note.to_bytes()), Some(edited.to_bytes())).await? {
        return Err(Problem::Other(format!("note {number} was changed just now; look at it again")));
    }
    Ok(Output::message(format!("Note {number} changed")))
}

/// Remove a note
#[command(effect = destroys)]
async fn note_remove(
    /// Its number
    number: u64,
) -> Result<Output, Problem> {
    if !store::remove(key(number)).await? {
        return Err(missing(number));
    }
    Ok(Output::message(format!("Note {number} removed")))
}

async fn read(number: u64) -> Result<Note, Problem> {
    let bytes = store::get(key(number)).await?.ok_or_else(|| missing(number))?;
    Note::read(&bytes).ok_or_else(|| Problem::Other(format!("note {number} is damaged")))
}

fn missing(number: u64) -> Problem {
    Problem::NotFound(format!("note {number}"))
}

/// Takes the next number, which no other command gets.
async fn take_number() -> Result<u64, Problem> {
    loop {
        let held = store::get_text(NEXT).await?;
        let number = held.as_deref().and_then(|held| held.parse().ok()).unwrap_or(1_u64);
        let next = (number + 1).to_string().into_bytes();
        if store::replace(NEXT.to_owned(), held.map(String::into_bytes), Some(next)).await? {
            return Ok(number);
        }
    }
}
