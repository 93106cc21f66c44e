use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::grant::GrantId;
use crate::ledger::Ledger;

/// A call that a `confirm` caveat wants the person to agree to. All texts are cleaned and whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// For whom: the chain in words.
    pub principal: String,
    /// Through which slot, parameter or reference, and on what.
    pub slot: String,
    /// What would be called.
    pub function: String,
    /// With what.
    pub arguments: String,
}

/// The questions that nobody was there to answer, for all processes of the user: whoever agrees to a call by its digest
/// afterwards is shown the call.
///
/// They are kept in a folder beside the ledger, the latest [`MOST`] of them.
#[derive(Clone, Debug)]
pub struct Questions(PathBuf);

/// How many questions are kept.
const MOST: usize = 64;
/// The largest file that is read: a question has one long text, which escapes can make longer.
const MOST_BYTES: u64 = 1 << 20;

impl Questions {
    /// Those beside a ledger.
    pub fn of(ledger: &Ledger) -> Self {
        Self(ledger.path().with_extension("questions"))
    }

    /// Keeps a question, and forgets the oldest if there are too many.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn keep(&self, grant: GrantId, digest: &str, question: &Question) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let path = self.path(grant, digest)?;
        let text = serde_json::to_vec(question)?;
        self.make_room(&path)?;
        let draft = path.with_extension(format!("draft-{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&text)?;
        fs::rename(&draft, &path)
    }

    /// Gives the question about a call; `None` if it was not asked, or so long ago that it is forgotten.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn get(&self, grant: GrantId, digest: &str) -> io::Result<Option<Question>> {
        let file = match fs::File::open(self.path(grant, digest)?) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }

    fn path(&self, grant: GrantId, digest: &str) -> io::Result<PathBuf> {
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_digest {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a digest has 64 hexadecimal digits"));
        }
        Ok(self.0.join(format!("{grant}-{digest}.json")))
    }

    fn make_room(&self, for_file: &Path) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.path() != for_file {
                // Another process may have removed it.
                let modified = entry.metadata().and_then(|metadata| metadata.modified());
                files.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
            }
        }
        files.sort();
        let excess = (files.len() + 1).saturating_sub(MOST);
        for (_, path) in files.into_iter().take(excess) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_question_is_found_by_its_digest_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("grants.sqlite"), Clock::system()).unwrap();
        let questions = Questions::of(&ledger);
        let grant: GrantId = "5".parse().unwrap();
        let digest = |number: usize| format!("{number:064x}");
        let question = |number: usize| Question {
            principal: "person".to_owned(),
            slot: "left".to_owned(),
            function: "remove".to_owned(),
            arguments: number.to_string(),
        };
        assert_eq!(questions.get(grant, &digest(0)).unwrap(), None);
        for number in 0..MOST + 10 {
            questions.keep(grant, &digest(number), &question(number)).unwrap();
        }
        assert_eq!(questions.get(grant, &digest(MOST + 9)).unwrap(), Some(question(MOST + 9)));
        assert_eq!(questions.get("6".parse().unwrap(), &digest(MOST + 9)).unwrap(), None);
        assert!(fs::read_dir(&questions.0).unwrap().count() <= MOST);
        assert!(questions.get(grant, "../../grants").is_err());
    }
}
