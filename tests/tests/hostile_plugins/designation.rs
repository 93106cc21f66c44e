//! Plugins that choose themselves what a command works on. Only the user does that. The control is the same command
//! without the plugin's choice, with a word of the user's in its place.

use powerbox_core::registry::{CommandGroup, NameRight, ParameterKind, ParameterStyle};
use powerbox_tests::raw::{self, Raw};
use powerbox_tests::world::{Stage, World};

use crate::attack::{Came, Guard, attacks, told};
use crate::things::Thing;

attacks! {
    a_default_on_a_file_parameter by Word "only the user says which file it is",
    a_default_on_a_name_that_is_removed by Word "only the user says which name it is",
    a_default_on_a_new_name by Word "only the user says which new-name it is",
    a_default_on_a_directory by Word "only the user says which directory it is",
    a_default_on_an_object by Word "only the user says which object it is",
    a_default_on_a_message_number by Word "only the user says which message-number it is",
    a_default_on_an_edge_name by Word "only the user says which edge-name it is",
    a_default_on_a_locator by Word "only the user says which locator it is",
    a_default_on_endowments by Word "only the user says which endowments it is",
    a_default_on_a_message by Word "only the user says which message it is",
    a_default_on_an_option by Word "only the user says which file it is",
    a_default_among_choices by Word "only the user says which name it is",
    a_default_on_a_kind_that_is_not_known by Word "only the user says which later it is",
    a_default_that_is_no_value_of_its_kind by Word "must be a whole number",
    a_default_that_is_no_choice by Word "is no value of thing",
    a_parameter_called_like_the_option_as by Word "called like the program's option `--as`",
    a_parameter_called_like_the_option_json by Word "called like the program's option `--json`",
    a_parameter_called_like_the_option_help by Word "called like the program's option `--help`",
    a_parameter_called_like_the_option_connect by Word "called like the program's option `--connect`",
    a_letter_like_that_of_the_option_help by Word "called like the program's option `-h`",
}

/// A plugin whose command `peek` has a parameter `thing` of a kind.
fn group(kind: ParameterKind, default: Option<&str>) -> CommandGroup {
    let mut group = raw::group("chooser", &["peek"]);
    let mut parameter = raw::parameter("thing", kind);
    parameter.required = default.is_none();
    parameter.default = default.map(str::to_owned);
    group.commands[0].parameters.push(parameter);
    group
}

/// Installs a plugin, and runs its command: it is reached if that runs.
async fn run(group: CommandGroup, line: &str) -> Came {
    let world = World::on(&Stage::with([("box", powerbox_captp::Object::exo(Thing::new()).into())])).await;
    let world = world.unwrap();
    let installed = Raw::saying(group, "peeked").install(&world).await;
    let said = told(world.run(line).await);
    Came::of(&world, said == "peeked", installed.err().map_or(said, |error| format!("{error:#}")))
}

/// The plugin chooses `default`; in the control the user types `typed`.
async fn chosen(guard: Guard, kind: ParameterKind, default: &str, typed: &str) -> Came {
    let (default, line) =
        if guard.is_up() { (Some(default), "peek".to_owned()) } else { (None, format!("peek {typed}")) };
    run(group(kind, default), &line).await
}

async fn a_default_on_a_file_parameter(guard: Guard) -> Came {
    chosen(guard, ParameterKind::File, "/proc/self/environ", "/dev/null").await
}

async fn a_default_on_a_name_that_is_removed(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Name(vec![NameRight::Remove]), "box", "box").await
}

async fn a_default_on_a_new_name(guard: Guard) -> Came {
    chosen(guard, ParameterKind::NewName, "box", "other").await
}

async fn a_default_on_a_directory(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Directory, "@agent", "box").await
}

async fn a_default_on_an_object(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Object(vec!["list".to_owned()]), "@agent", "box").await
}

async fn a_default_on_a_message_number(guard: Guard) -> Came {
    chosen(guard, ParameterKind::MessageNumber, "1", "1").await
}

async fn a_default_on_an_edge_name(guard: Guard) -> Came {
    chosen(guard, ParameterKind::EdgeName, "gift", "gift").await
}

async fn a_default_on_a_locator(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Locator, "endo://x/?id=1", "endo://x/?id=1").await
}

async fn a_default_on_endowments(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Endowments, "x=@agent", "x=box").await
}

async fn a_default_on_a_message(guard: Guard) -> Came {
    chosen(guard, ParameterKind::Message, "take:@agent", "take:@box").await
}

/// A default of an option counts in a command line that does not even mention it.
async fn a_default_on_an_option(guard: Guard) -> Came {
    let mut group = group(ParameterKind::File, guard.is_up().then_some("/proc/self/environ"));
    group.commands[0].parameters[0].style = ParameterStyle::Option(None);
    run(group, if guard.is_up() { "peek" } else { "peek --thing /dev/null" }).await
}

async fn a_default_among_choices(guard: Guard) -> Came {
    let mut group = group(ParameterKind::Name(vec![NameRight::Read]), guard.is_up().then_some("box"));
    group.commands[0].parameters[0].choices = vec!["box".to_owned()];
    run(group, if guard.is_up() { "peek" } else { "peek box" }).await
}

/// What a kind is that this version does not know, it cannot say; the control is one that it knows.
async fn a_default_on_a_kind_that_is_not_known(guard: Guard) -> Came {
    let kind = if guard.is_up() { ParameterKind::Other("later".to_owned()) } else { ParameterKind::Text };
    run(group(kind, Some("x")), "peek").await
}

async fn a_default_that_is_no_value_of_its_kind(guard: Guard) -> Came {
    run(group(ParameterKind::Integer, Some(if guard.is_up() { "many" } else { "7" })), "peek").await
}

async fn a_default_that_is_no_choice(guard: Guard) -> Came {
    let mut group = group(ParameterKind::Choice, Some(if guard.is_up() { "c" } else { "a" }));
    group.commands[0].parameters[0].choices = vec!["a".to_owned(), "b".to_owned()];
    run(group, "peek").await
}

/// An option that the program takes for itself; in the control it is called otherwise.
async fn called(guard: Guard, option: &str) -> Came {
    let mut group = group(ParameterKind::Text, None);
    let parameter = &mut group.commands[0].parameters[0];
    parameter.name = if guard.is_up() { option.to_owned() } else { "other".to_owned() };
    parameter.style = ParameterStyle::Option(None);
    run(group, &format!("peek --{} x", if guard.is_up() { option } else { "other" })).await
}

async fn a_parameter_called_like_the_option_as(guard: Guard) -> Came {
    called(guard, "as").await
}

async fn a_parameter_called_like_the_option_json(guard: Guard) -> Came {
    called(guard, "json").await
}

async fn a_parameter_called_like_the_option_help(guard: Guard) -> Came {
    called(guard, "help").await
}

async fn a_parameter_called_like_the_option_connect(guard: Guard) -> Came {
    called(guard, "connect").await
}

async fn a_letter_like_that_of_the_option_help(guard: Guard) -> Came {
    let letter = if guard.is_up() { 'h' } else { 'o' };
    let mut group = group(ParameterKind::Text, None);
    group.commands[0].parameters[0].style = ParameterStyle::Option(Some(letter));
    run(group, &format!("peek -{letter} x")).await
}
