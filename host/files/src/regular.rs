use std::fs::{File, FileType};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// Opens a regular file for reading without ever waiting; a symbolic link to one is followed.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] if something else is at the path, and what the system says otherwise.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Looked at first: opening a device can have effects of its own.
    regular(std::fs::metadata(path)?.file_type())?;
    // It may have been replaced since. Without NONBLOCK, opening a FIFO waits for a writer, and opening a leased file
    // for its holder.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// Reads a regular file of at most `most` bytes, as [`open_regular`] opens it.
///
/// # Errors
///
/// As [`open_regular`]; [`ErrorKind::FileTooLarge`] if there are more bytes, also if the file grows meanwhile.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let too_large =
        || io::Error::new(ErrorKind::FileTooLarge, format!("it has more than the {most} bytes allowed"));
    let size = file.metadata()?.len();
    if size > most {
        return Err(too_large());
    }
    // The size is a hint: files of `/proc` say zero, and others can grow.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a regular file of UTF-8 text, as [`read_regular`].
///
/// # Errors
///
/// As [`read_regular`]; [`ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_regular_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, most)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn regular(found: FileType) -> io::Result<()> {
    let kind = if found.is_file() {
        return Ok(());
    } else if found.is_dir() {
        "a directory"
    } else if found.is_fifo() {
        "a FIFO"
    } else if found.is_socket() {
        "a socket"
    } else if found.is_char_device() || found.is_block_device() {
        "a device"
    } else {
        "something else"
    };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {kind}, not a regular file")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::io::Write as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    const MOST: u64 = 1 << 16;

    fn refused(path: &Path, part: &str) {
        let error = read_regular(path, MOST).unwrap_err();
        assert!(error.to_string().contains(part), "{}: {error}", path.display());
    }

    #[test]
    fn a_regular_file_and_a_link_to_one_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "text").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read_regular(&file, 4).unwrap(), b"text");
        assert_eq!(read_regular_text(&link, MOST).unwrap(), "text");
        assert_eq!(read_regular(&folder.path().join("none"), 4).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_fifo_a_device_a_socket_and_a_directory_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (fifo, link) = (folder.path().join("fifo"), folder.path().join("link"));
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        symlink(&fifo, &link).unwrap();
        refused(&fifo, "a FIFO");
        refused(&link, "a FIFO");
        refused(Path::new("/dev/zero"), "a device");
        refused(Path::new("/dev/tty"), "a device");
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        refused(&socket, "a socket");
        refused(folder.path(), "a directory");
    }

    #[test]
    fn a_file_above_its_size_is_refused_whatever_it_says_of_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_regular(&file, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_regular(&file, 5).unwrap(), b"12345");
        // It says that it is empty.
        assert_eq!(std::fs::metadata("/proc/kallsyms").map_or(0, |metadata| metadata.len()), 0);
        let error = read_regular(Path::new("/proc/self/smaps"), 16).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        // Sparse: nothing of it is read.
        std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read_regular(&file, MOST).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn reading_a_file_that_grows_without_end_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = std::fs::File::create(&path).unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let growing = std::thread::spawn(move || {
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                file.write_all(&[0; 1024]).unwrap();
            }
        });
        let mut refusals = 0;
        while refusals < 3 {
            match read_regular(&path, MOST) {
                Ok(bytes) => assert!(bytes.len() as u64 <= MOST),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
                    refusals += 1;
                }
            }
        }
        drop(stop);
        growing.join().unwrap();
    }
}
