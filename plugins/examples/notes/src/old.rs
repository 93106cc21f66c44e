//! The form in which the first version kept notes: all in one text, one a line, without the time.

use powerbox_sdk::{Problem, log, store};

use crate::NEXT;
use crate::note::{Note, key};

/// Where they were.
const ALL: &str = "notes";

/// Brings notes of the first version into today's form. It is called once, before this version's commands run, and all
/// that it does is kept or nothing.
pub(crate) async fn migrate(from_version: String) -> Result<(), Problem> {
    let Some(all) = store::get_text(ALL).await? else { return Ok(()) };
    let mut next = 1;
    for line in lines(&all) {
        store::set(key(next), Note { made: 0, text: line.to_owned() }.to_bytes()).await?;
        next += 1;
    }
    store::set_text(NEXT, &next.to_string()).await?;
    store::remove(ALL.to_owned()).await?;
    log::info(&format!("{} notes of version {from_version} were taken over", next - 1));
    Ok(())
}

fn lines(all: &str) -> impl Iterator<Item = &str> {
    all.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_old_note_is_a_line() {
        assert_eq!(super::lines("dig\n\n  sow \n").collect::<Vec<_>>(), ["dig", "sow"]);
    }
}
