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

use powerbox_captp::Object;
use powerbox_sandbox::Function;
use powerbox_sandbox::wit::{FunctionKind, interface_matches};

use self::input::Input;
use self::network::Network;
use self::output::Output;
use self::pollable::Pollable;
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

/// What a call of the virtual WASI gives to a plugin, or takes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Something that is not to be had without it: the time, chance, a try for a socket.
    Something,
    /// A line for the log, which is record enough.
    ALine,
    /// Nothing: it tells what there is not, or waits. If such calls were judged and recorded like others, a program
    /// could not begin under a narrow grant, and would fill pages of the audit with its beginning.
    Nothing,
}

/// What a method of the power gives.
pub(crate) fn gives(method: &str) -> Gives {
    if power::GIVES_NOTHING.contains(&method) { Gives::Nothing } else { Gives::Something }
}

/// What a method of an object gives, if that is a part of a virtual WASI. It is the object that counts: what a plugin's
/// author calls it says nothing.
pub(crate) fn gives_part(object: &Object, method: &str) -> Option<Gives> {
    if object.downcast::<Output>().is_some() {
        return Some(match method {
            "write" | "blockingWriteAndFlush" => Gives::ALine,
            _ => Gives::Nothing,
        });
    }
    let part = object.downcast::<Input>().is_some()
        || object.downcast::<Pollable>().is_some()
        || object.downcast::<Network>().is_some();
    part.then_some(Gives::Nothing)
}

#[cfg(test)]
mod tests;
