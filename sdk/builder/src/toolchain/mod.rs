//! What is needed to build, where it is, and how to get it.

use std::fs;
use std::io;
use std::path::Path;

mod check;
mod debian;
pub(crate) mod node;
pub(crate) mod python;
pub mod rust;

pub(crate) use check::install_hint;
pub use check::{Check, check};

/// Puts a tool that was got aside in its place, unless somebody else was quicker.
fn keep(aside: tempfile::TempDir, place: &Path, is_there: impl Fn() -> bool) -> io::Result<()> {
    let aside = aside.keep();
    let moved = fs::rename(&aside, place);
    if moved.is_err() && is_there() {
        return fs::remove_dir_all(&aside);
    }
    if moved.is_err() {
        // What stands there is not whole.
        fs::remove_dir_all(place)?;
        return fs::rename(&aside, place);
    }
    moved
}
