//! What was typed at the prompt: kept in a file of the person's alone, as each line is entered, and without secrets.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use powerbox_core::text::clean;
use reedline::{
    FileBackedHistory, History, HistoryItem, HistoryItemId, HistorySessionId, Result, SearchDirection,
    SearchQuery,
};

/// How many lines are kept.
const LINES: usize = 10_000;

/// Says whether a line may be kept.
pub(super) type MayBeKept = Box<dyn Fn(&str) -> bool + Send>;

/// The history of one prompt. It begins with what the file has, and goes on with what is entered here, which is added to
/// the file at once: nothing is lost when the terminal is closed or the process is killed.
pub(super) struct Remembered {
    here: FileBackedHistory,
    file: PathBuf,
    may_be_kept: MayBeKept,
}

impl Remembered {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The file cannot be made, made private, or read.
    pub(super) fn open(file: PathBuf, may_be_kept: MayBeKept) -> io::Result<Self> {
        make_private(&file)?;
        let mut here = FileBackedHistory::new(LINES)?;
        let kept = FileBackedHistory::with_file(LINES, file.clone())?;
        for item in kept.search(SearchQuery::everything(SearchDirection::Forward, None))? {
            here.save(HistoryItem::from_command_line(clean(&item.command_line)))?;
        }
        Ok(Self { here, file, may_be_kept })
    }
}

/// Makes the file if it is not there, and it and its folder readable for their owner only.
fn make_private(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        narrow(folder, folder.metadata()?.permissions(), 0o700)?;
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let permissions = opened.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        opened.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn narrow(path: &Path, permissions: Permissions, mode: u32) -> io::Result<()> {
    if permissions.mode() & 0o077 != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

impl History for Remembered {
    /// Keeps a line, here and in the file. One that must not be kept is in neither.
    fn save(&mut self, mut item: HistoryItem) -> Result<HistoryItem> {
        if !(self.may_be_kept)(&item.command_line) {
            item.id = None;
            return Ok(item);
        }
        // A text is pasted with the end of its last line.
        item.command_line.truncate(item.command_line.trim_end().len());
        let saved = self.here.save(item.clone())?;
        // Other prompts write to it, too.
        make_private(&self.file)?;
        let mut kept = FileBackedHistory::with_file(LINES, self.file.clone())?;
        kept.save(item)?;
        kept.sync()?;
        Ok(saved)
    }

    fn load(&self, id: HistoryItemId) -> Result<HistoryItem> {
        self.here.load(id)
    }

    fn count(&self, query: SearchQuery) -> Result<i64> {
        self.here.count(query)
    }

    fn search(&self, query: SearchQuery) -> Result<Vec<HistoryItem>> {
        self.here.search(query)
    }

    fn update(&mut self, id: HistoryItemId, updater: &dyn Fn(HistoryItem) -> HistoryItem) -> Result<()> {
        self.here.update(id, updater)
    }

    fn clear(&mut self) -> Result<()> {
        self.here.clear()
    }

    fn delete(&mut self, id: HistoryItemId) -> Result<()> {
        self.here.delete(id)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn session(&self) -> Option<HistorySessionId> {
        self.here.session()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(file: &Path) -> Remembered {
        Remembered::open(file.to_owned(), Box::new(|line| !line.contains("hunter2"))).unwrap()
    }

    fn lines(history: &Remembered) -> Vec<String> {
        let all = history.search(SearchQuery::everything(SearchDirection::Forward, None)).unwrap();
        all.into_iter().map(|item| item.command_line).collect()
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_line_is_in_the_file_as_soon_as_it_is_entered_and_a_secret_never_is() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/history.txt");
        let mut history = open(&file);
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        for line in ["list", "login --token hunter2", "mkdir a\nrm b\n"] {
            history.save(HistoryItem::from_command_line(line)).unwrap();
        }
        assert_eq!(lines(&history), ["list", "mkdir a\nrm b"]);
        // As it is when the process is killed.
        std::mem::forget(history);
        assert_eq!(lines(&open(&file)), ["list", "mkdir a\nrm b"]);
        assert!(!std::fs::read_to_string(&file).unwrap().contains("hunter2"));
    }

    #[test]
    fn a_file_that_others_can_read_is_made_private_and_what_is_in_it_is_cleaned() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history.txt");
        std::fs::write(&file, "list\nrm a\u{1b}[2J\n").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let history = open(&file);
        assert_eq!(mode(&file), 0o600);
        assert_eq!(lines(&history), ["list", "rm a\\u{1b}[2J"]);
    }

    #[test]
    fn two_prompts_share_the_file_and_each_goes_on_with_its_own() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history.txt");
        let (mut one, mut other) = (open(&file), open(&file));
        one.save(HistoryItem::from_command_line("list")).unwrap();
        other.save(HistoryItem::from_command_line("status")).unwrap();
        assert_eq!((lines(&one), lines(&other)), (vec!["list".to_owned()], vec!["status".to_owned()]));
        assert_eq!(lines(&open(&file)), ["list", "status"]);
    }
}
