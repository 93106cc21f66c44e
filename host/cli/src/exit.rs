//! How the program ends, and how it says why.

use std::process::ExitCode;

pub(crate) use powerbox_console::{Failure, Status};
use serde_json::json;

use crate::render;

/// The status as the system takes it.
pub(crate) fn code(status: Status) -> ExitCode {
    ExitCode::from(status as u8)
}

/// Shows a failure on standard error.
pub(crate) fn show(failure: &Failure, json: bool) {
    if json {
        eprintln!("{}", render::spelled(&json!({ "error": failure })));
    } else {
        eprintln!("error: {}", render::sentence(&failure.message));
        if let Some(hint) = &failure.hint {
            eprintln!("hint: {}", powerbox_core::text::clean_line(hint));
        }
    }
}
