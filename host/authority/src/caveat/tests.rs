//! Caveats as they are read, shown, compared and applied.

mod judging;
mod reading;
mod tables;

use super::*;

fn read(text: &str) -> Result<Caveat, CaveatError> {
    text.parse()
}
