//! The macros of `powerbox-sdk`: a command is a documented function, and everything that the host wants to know about
//! it is made of its declaration. What is wrong with a declaration is said at the place where it is wrong.
//!
//! The macros know the contract's words, and nothing of what commands do. What they expand to calls `powerbox-sdk`,
//! which is the crate to depend on.

use proc_macro::TokenStream;
use syn::parse_macro_input;

mod command;
mod docs;
mod group;
mod parameter;
mod slots;
mod words;

/// Makes a command of an async function.
///
/// `#[command(effect = reads, alias = "ls", category = "storage", name = "list")]`
///
/// - `effect` must be there: the strongest thing that the command may do. One of `reads`, `writes`, `destroys`,
///   `executes`, `communicates`, or `other("…")`.
/// - `alias` gives another word for the command; it may come several times.
/// - `category` is the heading under which `help` lists it; the group's name if left out.
/// - `name` is the word that the user types; the function's name if left out, with hyphens for underscores.
///
/// The function's documentation is what `help` shows: the first paragraph as the command's summary, the others as its
/// details. Write it in the imperative: "List the names". Each parameter has a documentation comment of one paragraph, and may have these attributes:
///
/// - `#[option]` or `#[option(short = 'f')]`: given as `--name value` instead of by its place. A `bool` always is one.
/// - `#[default = "…"]`: what counts if the user gives none.
/// - `#[choices("a", "b")]`: the only values that are allowed, for `String`.
/// - `#[methods("a", "b")]`: the methods that the command may call, for `Object`.
/// - `#[rights(read, remove)]`: what the command may do with the name, for `Name`.
/// - `#[label = "…"]`: how a form would label it; made of the name if left out.
///
/// An `Option<T>` may be left out. A `Vec<T>` takes one or more values, an `Option<Vec<T>>` any number. The types that
/// a parameter can have are listed in `powerbox_sdk::parameter`.
///
/// The function returns a `Result` whose value becomes an `Output` by `Into`, and whose error becomes a `Problem`.
#[proc_macro_attribute]
pub fn command(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as syn::ItemFn);
    let expanded = command::Declaration::read(arguments.into(), &function)
        .map(|declaration| declaration.expand(&function))
        // The function stays, so that an error in its declaration does not bring errors where it is used.
        .unwrap_or_else(|error| command::without_declaration(&function, &error));
    expanded.into()
}

/// Makes a plugin of commands.
///
/// ```ignore
/// powerbox_sdk::group! {
///     /// Names, and what they hold
///     storage: [list, files::store]
/// }
/// ```
///
/// The documentation comment is the group's summary. Commands are named by the paths of the modules where they are
/// declared: `files::store`, not a `use` of it. With `#[log_panics]` before the name, a panic is written to the
/// plugin's `log` slot, which it then asks for. With `#[receives]` the plugin gets the messages to objects that it
/// makes with `powerbox_sdk::callback`. With `#[migrates(function)]` an `async fn function(from_version: String)` is
/// called before this version takes an older one's place, to bring what is in the plugin's store into its form.
#[proc_macro]
pub fn group(input: TokenStream) -> TokenStream {
    parse_macro_input!(input as group::Group).expand().into()
}

/// Makes functions of the slots that the plugin's own WIT world imports, in a module `slots`.
///
/// ```ignore
/// powerbox_sdk::slots!("example:compare/compare@0.1.0");
/// ```
///
/// The text names the world; its package is in the folder `wit` of the crate, or another one: `slots!("…" in "folder")`.
/// The packages `powerbox:plugin` and `endo:daemon` are there already, and their types are those of `powerbox_sdk`.
/// The functions of a slot `left` are in `slots::left`.
#[proc_macro]
pub fn slots(input: TokenStream) -> TokenStream {
    parse_macro_input!(input as slots::Slots).expand().into()
}
