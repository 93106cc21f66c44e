//! The methods that directories and agents have in common.

use crate::interface::Shape::{Any, NameOrPath, Path, Record, Text};
use crate::interface::{Method, may_take, names, takes};

pub(crate) const METHODS: &[Method] = &[
    may_take(
        "copy",
        &[Path, Path],
        &[Record],
        "copy(fromPath, toPath, {replace}?) - gives a value another name.",
    ),
    takes(
        "followLocatorNameChanges",
        &[Text],
        "followLocatorNameChanges(locator) - iterates over the names of one value.",
    ),
    takes(
        "followNameChanges",
        &[],
        "followNameChanges() - iterates over all names, and then over what changes.",
    ),
    names("has", "has(...path) - tells whether there is such a name."),
    names("identify", "identify(...path) - gives the identifier of what a name stands for."),
    names("list", "list(...path) - gives all names, sorted."),
    names("listIdentifiers", "listIdentifiers(...path) - gives the identifiers of all names, sorted."),
    names("listLocators", "listLocators(...path) - gives the locators of all names."),
    names("locate", "locate(...path) - gives the locator of what a name stands for."),
    takes("lookup", &[NameOrPath], "lookup(nameOrPath) - gives the value that a name stands for."),
    may_take(
        "makeDirectory",
        &[NameOrPath],
        &[Record],
        "makeDirectory(nameOrPath, {replace}?) - makes a directory and names it.",
    ),
    takes(
        "maybeLookup",
        &[NameOrPath],
        "maybeLookup(nameOrPath) - like lookup, with undefined for an absent name.",
    ),
    takes(
        "maybeReadText",
        &[NameOrPath],
        "maybeReadText(nameOrPath) - like readText, with undefined for an absent name.",
    ),
    may_take(
        "move",
        &[Path, Path],
        &[Record],
        "move(fromPath, toPath, {replace}?) - gives a value another name in place of the one it has.",
    ),
    takes("readText", &[NameOrPath], "readText(nameOrPath) - gives the text of a blob."),
    names("remove", "remove(...path) - forgets a name."),
    takes("reverseLocate", &[Text], "reverseLocate(locator) - gives the names of a value."),
    takes("reverseLookup", &[Any], "reverseLookup(value) - gives the names of a value."),
    takes(
        "storeIdentifier",
        &[NameOrPath, Text],
        "storeIdentifier(nameOrPath, id) - lets a name stand for what an identifier names.",
    ),
    takes(
        "storeLocator",
        &[NameOrPath, Text],
        "storeLocator(nameOrPath, locator) - lets a name stand for what a locator names.",
    ),
    takes(
        "writeText",
        &[NameOrPath, Text],
        "writeText(nameOrPath, text) - stores a text as a blob and names it.",
    ),
];
