//! Files and folders that others may have a hand in: read without waiting, trusted only where nobody else can write.
//!
//! [`read_regular`] and [`open_regular`] are how every file is read whose path somebody else can change: a FIFO, a
//! device, a socket or an endless file in its place is an error at once. [`private_folder`] and [`check_folder`] are
//! how every part of the program makes sure that a folder is the user's own.
//!
//! [`Lock`] and [`Socket`] are how a process takes the place that only one can have: what it owns, and where it serves.
//!
//! This crate knows paths and modes. It refuses to know what is in the files.

mod folder;
mod lock;
mod regular;
mod serve_error;
mod socket;

pub use folder::{FolderError, Others, check_folder, private_folder};
pub use lock::{Lock, Running};
pub use regular::{open_regular, read_regular, read_regular_text};
pub use serve_error::ServeError;
pub use socket::Socket;
