//! What objects say of themselves.

use powerbox_captp::{Reply, Value};

use crate::arguments::Arguments;

/// Methods, each with how it is called and what it does.
pub(crate) type Entries = &'static [(&'static str, &'static str)];

/// Answers `help()` with the overview and the methods, and `help(method)` with what that one does.
pub(crate) fn answer(object: &str, overview: &str, tables: &[Entries], args: Vec<Value>) -> Reply {
    let wanted = match Arguments::new(args).optional_text() {
        Ok(wanted) => wanted.map(|method| method.to_string()),
        Err(failure) => return Reply::error(failure.into()),
    };
    let mut entries = tables.iter().copied().flatten();
    Reply::value(match wanted {
        None => {
            let methods: String = entries.map(|(_, help)| format!("\n{help}")).collect();
            format!("{object} - {overview}{methods}")
        }
        Some(wanted) => match entries.find(|(method, _)| *method == wanted) {
            Some((_, help)) => (*help).to_owned(),
            None => format!("No documentation for method \"{wanted}\"."),
        },
    })
}

pub(crate) const ENDO_OVERVIEW: &str = "The embedded daemon of Powerbox: what a session begins with.";
pub(crate) const HOST_OVERVIEW: &str =
    "The agent of the daemon's owner: names for values, and ways to make more.";
pub(crate) const DIRECTORY: &str =
    "Names for values. A path is a list of names, each of which leads to the next.";
pub(crate) const BLOB_OVERVIEW: &str = "Bytes that can be read, and never change.";
pub(crate) const NOTHING_OVERVIEW: &str = "An agent that refuses everything.";

pub(crate) const ENDO: Entries = &[
    ("host", "host() - gives the agent of the owner."),
    ("leastAuthority", "leastAuthority() - gives an agent that refuses everything."),
    ("nodeId", "nodeId() - gives the public key of the daemon."),
    ("ping", "ping() - answers \"pong\"."),
    ("powerbox", "powerbox() - tells version, process and counts of the embedded daemon."),
    ("terminate", "terminate() - ends the daemon; the session ends before there is an answer."),
];

pub(crate) const HUB: Entries = &[
    ("copy", "copy(fromPath, toPath) - gives a value another name."),
    ("followLocatorNameChanges", "followLocatorNameChanges(locator) - iterates over the names of one value."),
    ("followNameChanges", "followNameChanges() - iterates over all names, and then over what changes."),
    ("has", "has(...path) - tells whether there is such a name."),
    ("help", "help(method?) - tells what an object or one of its methods does."),
    ("identify", "identify(...path) - gives the identifier of what a name stands for."),
    ("list", "list(...path) - gives all names, sorted."),
    ("listIdentifiers", "listIdentifiers(...path) - gives the identifiers of all names, sorted."),
    ("listLocators", "listLocators(...path) - gives the locators of all names."),
    ("locate", "locate(...path) - gives the locator of what a name stands for."),
    ("lookup", "lookup(nameOrPath) - gives the value that a name stands for."),
    ("makeDirectory", "makeDirectory(nameOrPath) - makes a directory and names it."),
    ("maybeLookup", "maybeLookup(nameOrPath) - like lookup, with undefined for an absent name."),
    ("maybeReadText", "maybeReadText(nameOrPath) - like readText, with undefined for an absent name."),
    ("move", "move(fromPath, toPath) - gives a value another name in place of the one it has."),
    ("readText", "readText(nameOrPath) - gives the text of a blob."),
    ("remove", "remove(...path) - forgets a name."),
    ("reverseLocate", "reverseLocate(locator) - gives the names of a value."),
    ("reverseLookup", "reverseLookup(value) - gives the names of a value."),
    ("storeIdentifier", "storeIdentifier(nameOrPath, id) - lets a name stand for what an identifier names."),
    ("storeLocator", "storeLocator(nameOrPath, locator) - lets a name stand for what a locator names."),
    ("writeText", "writeText(nameOrPath, text) - stores a text as a blob and names it."),
];

pub(crate) const HOST: Entries = &[
    ("cancel", "cancel(nameOrPath, error?) - drops the live value; the next lookup makes a new one."),
    ("handle", "handle() - gives the mail address of the agent."),
    ("lookupById", "lookupById(id) - gives the value that an identifier names."),
    ("reverseIdentify", "reverseIdentify(id) - gives the names of what an identifier names."),
    ("storeBlob", "storeBlob(reader, nameOrPath) - stores the bytes of a reader and names them."),
    (
        "storeValue",
        "storeValue(value, nameOrPath) - stores data, which may refer to named objects, and names it.",
    ),
];

pub(crate) const BLOB: Entries = &[
    ("help", "help(method?) - tells what an object or one of its methods does."),
    ("json", "json() - gives the bytes as JSON."),
    ("sha256", "sha256() - gives the SHA-256 of the bytes."),
    ("streamBase64", "streamBase64() - iterates over the bytes, as pieces in base64."),
    ("text", "text() - gives the bytes as text."),
];
