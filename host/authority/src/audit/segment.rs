use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The path of the segment whose first line has that number.
pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(name(first))
}

/// The file name of the segment whose first line has that number.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}.jsonl")
}

/// The numbers of the first lines of all segments, in order. A folder that is not there has none.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u64>> {
    // While a folder is read, a segment that is being made can be left out although the one that is made after it is
    // found. Those before one that was found are all there when it is read again.
    let found = list_once(folder)?;
    let mut firsts = list_once(folder)?;
    firsts.retain(|first| Some(first) <= found.last());
    Ok(firsts)
}

fn list_once(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut firsts = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|digits| {
            (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(digits)
        });
        firsts.extend(first.and_then(|digits| digits.parse::<u64>().ok()));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Opens a segment to append to and to read its end, for its owner only; makes it if it is not there.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the folder, for its owner only, or takes the others' rights away.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = folder.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o700);
            std::fs::set_permissions(folder, permissions)?;
        }
    }
    Ok(())
}
