use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::plugin::private_folder;

/// How often is looked whether the last command has left.
const POLL: Duration = Duration::from_millis(10);

/// Keeps the commands of a plugin and a migration of its store apart, in all processes of the user.
///
/// Commands share the room; a migration has it for itself. Whoever wants in passes the door first, which the migration
/// holds while it waits for the room: so those that come later do not keep it waiting for ever.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    door: PathBuf,
    room: PathBuf,
}

/// A command's stay in the room.
#[derive(Debug)]
pub(crate) struct Shared(#[allow(dead_code, reason = "closing the file leaves the room")] File);

/// A migration's stay.
#[derive(Debug)]
pub(crate) struct Alone(#[allow(dead_code, reason = "closing the files leaves the room")] [File; 2]);

impl Gate {
    /// The gate of a plugin.
    pub(crate) fn of(state: &Path, plugin: &str) -> io::Result<Self> {
        let folder = state.join("gates");
        private_folder(&folder)?;
        Ok(Self { door: folder.join(format!("{plugin}.door")), room: folder.join(format!("{plugin}.room")) })
    }

    /// Waits until no migration is at work, and keeps migrations out.
    pub(crate) async fn enter(&self) -> io::Result<Shared> {
        let door = shared(open(&self.door)?).await?;
        let room = shared(open(&self.room)?).await?;
        drop(door);
        Ok(Shared(room))
    }

    /// Keeps new commands waiting until those that run have ended; nothing if that takes too long.
    pub(crate) async fn clear(&self, patience: Duration) -> io::Result<Option<Alone>> {
        let end = Instant::now() + patience;
        let door = open(&self.door)?;
        let room = open(&self.room)?;
        for file in [&door, &room] {
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) if Instant::now() < end => tokio::time::sleep(POLL).await,
                    Err(TryLockError::WouldBlock) => return Ok(None),
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        }
        Ok(Some(Alone([door, room])))
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Shares a lock; waiting does not hold up the runtime.
async fn shared(file: File) -> io::Result<File> {
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let waiting = tokio::task::spawn_blocking(move || file.lock_shared().map(|()| file));
            waiting.await.map_err(io::Error::other)?
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_migration_waits_for_commands_and_commands_for_the_migration() {
        let folder = tempfile::tempdir().unwrap();
        let gate = Gate::of(folder.path(), "notes").unwrap();
        let (one, two) = (gate.enter().await.unwrap(), gate.enter().await.unwrap());
        assert!(gate.clear(Duration::from_millis(30)).await.unwrap().is_none());
        drop((one, two));
        let alone = gate.clear(Duration::from_secs(10)).await.unwrap().unwrap();
        let coming = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await }
        });
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(!coming.is_finished());
        drop(alone);
        coming.await.unwrap().unwrap();
    }
}
