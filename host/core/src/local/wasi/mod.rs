//! A virtual WASI 0.2, for plugins whose toolchain brings WASI along.
//!
//! It has everything that such a toolchain imports, and next to nothing behind it: no files, arguments, environment,
//! terminal, sockets or web, and an input that is at its end. There are a clock, with the precision of a `clock` slot,
//! and randomness; what is written to the output or the error output goes to the log, line by line.
//!
//! All imports of WASI together are one slot, [`WASI`], which the person grants as a whole. Its objects are objects like
//! any other, so the membrane judges and records their calls as it does those of every slot.

mod input;
mod lines;
mod network;
mod output;
mod pollable;
mod power;

pub(crate) use power::NO_WEB;
pub use power::WasiPower;

use powerbox_sandbox::Function;
use powerbox_sandbox::wit::{FunctionKind, interface_matches};

use crate::bridge::camel_case;

/// The one slot of all imports of WASI.
pub const WASI: &str = "wasi";
/// The power behind it.
pub const VIRTUAL_WASI: &str = "virtual-wasi";
/// What the person may bind the slot to; there is no other WASI here.
pub const VIRTUAL: &str = "virtual";
/// What that is, for people.
pub const WASI_IN_WORDS: &str = "virtual WASI 0.2: no files, arguments, environment, sockets or web, and no input; the clock and randomness; output \
     goes to the log";

/// The packages of WASI 0.2. Others by that name, such as `wasi:keyvalue`, are interfaces of third parties.
const PACKAGES: &[&str] =
    &["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:http", "wasi:io", "wasi:random", "wasi:sockets"];

/// Whether an interface is of the WASI that is served, in a version of it.
pub fn is_wasi(interface: &str) -> bool {
    let (name, _) = interface.split_once('@').unwrap_or((interface, ""));
    let known = name.split_once('/').is_some_and(|(package, _)| PACKAGES.contains(&package));
    known && interface_matches(interface, &format!("{name}@0.2.0"))
}

/// The method that a function of WASI becomes.
pub(crate) enum Method {
    /// Of the power itself.
    Free(String),
    /// Of the object that is the first argument.
    Of(String),
}

/// What a function of WASI calls.
pub(crate) fn method(function: &Function) -> Method {
    match &function.kind {
        FunctionKind::Method(_) => Method::Of(camel_case(&function.item)),
        _ => Method::Free(camel_case(&label(function))),
    }
}

/// A function of WASI as the audit and caveats call it: `wall-clock-now`. With its interface in front, since all of WASI
/// is one slot, and several of its interfaces have a `now`.
pub(crate) fn label(function: &Function) -> String {
    let (name, _) = function.interface.split_once('@').unwrap_or((&function.interface, ""));
    match &function.kind {
        FunctionKind::Method(_) => function.name.to_string(),
        FunctionKind::Free => format!("{}-{}", name.rsplit('/').next().unwrap_or(name), function.item),
        FunctionKind::Static(resource) => format!("{resource}-{}", function.item),
        FunctionKind::Constructor(resource) => format!("new-{resource}"),
    }
}

/// Whether a call gives and takes nothing: it tells what there is not, or waits. Such calls need a grant that lives, and
/// no more: what it allows in particular does not matter to them, and they are recorded only if they are refused. Else a
/// program could not begin under a narrow grant, and would fill pages of the audit with its beginning.
pub(crate) fn gives_nothing(function: &Function) -> bool {
    let (name, _) = function.interface.split_once('@').unwrap_or((&function.interface, ""));
    is_wasi(&function.interface)
        && match name {
            "wasi:cli/exit" => false,
            "wasi:clocks/monotonic-clock" | "wasi:clocks/wall-clock" => &*function.item != "now",
            "wasi:io/streams" => !is_in_the_log(function),
            _ => {
                ["wasi:cli/", "wasi:io/", "wasi:filesystem/"].iter().any(|package| name.starts_with(package))
            }
        }
}

/// Whether a call writes to the log, which is record enough.
pub(crate) fn is_in_the_log(function: &Function) -> bool {
    is_wasi(&function.interface)
        && matches!(
            &*function.name,
            "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush"
        )
}

#[cfg(test)]
mod tests;
