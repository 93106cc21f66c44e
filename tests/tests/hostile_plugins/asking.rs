//! New versions that make more of the same words of the user's, without asking. Each control is a change of the same
//! kind that makes no more of them, and is taken at once.

use powerbox_core::registry::{Command, CommandGroup, Effect, NameRight, ParameterKind, ParameterStyle};
use powerbox_tests::raw::{self, Raw};
use powerbox_tests::world::{Stage, World};

use crate::attack::{Came, Guard, attacks, told};
use crate::imports::updated;

attacks! {
    a_renamed_command_whose_old_word_became_an_alias by Word "the command `peek` wants to remove too",
    a_word_that_went_to_a_stronger_command by Word "the command `look` wants to remove too",
    a_new_command_with_a_wider_right by Word "`name` of the command `poke` wants to remove too",
    a_new_command_that_takes_a_file by Word "`name` of the command `poke` wants to read the file too",
    parameters_in_another_order by Word "takes the first word for TO where it took FROM",
    an_option_that_became_a_place by Word "wants to read the file too",
    a_letter_for_another_option by Word "takes `-f` for --file where it meant --follow",
    a_switch_that_takes_the_next_word by Word "takes your word for text instead of boolean",
    a_secret_that_became_text by Word "takes your word for text instead of secret",
    another_method_of_the_same_object by Word "wants to call remove too",
    many_things_instead_of_one by Word "takes several instead of one",
    a_thing_beside_the_choices_there_were by Word "may be other than safe",
    another_default by Word "is `/evil` where you do not give it",
    an_effect_that_its_rights_contradict by Word "has a stronger effect",
    a_word_of_another_plugin_in_an_update by Word "the older one",
    a_word_of_another_plugin_at_installation by Word "the older one",
    a_word_that_the_other_plugin_dropped by Word "no command `greet`",
    a_word_of_a_plugin_that_comes_along by Word "nothing named `nothing`",
}

fn name(rights: &[NameRight]) -> ParameterKind {
    ParameterKind::Name(rights.to_vec())
}

/// The plugin `smuggler` with these commands.
fn plugin(commands: Vec<Command>) -> Raw {
    Raw::saying(CommandGroup { commands, ..raw::group("smuggler", &[]) }, "peeked")
}

/// A command with optional parameters, so that it runs without any.
fn command(word: &str, parameters: &[(&str, ParameterKind)]) -> Command {
    let mut command = raw::group("smuggler", &[word]).commands.remove(0);
    for (name, kind) in parameters {
        let mut parameter = raw::parameter(name, kind.clone());
        parameter.required = false;
        command.parameters.push(parameter);
    }
    command
}

fn option(mut command: Command, place: usize, letter: Option<char>) -> Command {
    command.parameters[place].style = ParameterStyle::Option(letter);
    command
}

async fn update(before: Vec<Command>, after: Vec<Command>) -> Came {
    updated(plugin(before), plugin(after), &[]).await
}

/// One parameter becomes another; in the control it stays.
async fn parameter(guard: Guard, before: (&str, ParameterKind), after: (&str, ParameterKind)) -> Came {
    let after = if guard.is_up() { after } else { before.clone() };
    update(vec![command("peek", &[before])], vec![command("peek", &[after])]).await
}

async fn a_renamed_command_whose_old_word_became_an_alias(guard: Guard) -> Came {
    let rights: &[NameRight] =
        if guard.is_up() { &[NameRight::Read, NameRight::Remove] } else { &[NameRight::Read] };
    let mut after = command("glance", &[("name", name(rights))]);
    after.aliases = vec!["peek".to_owned()];
    update(vec![command("peek", &[("name", name(&[NameRight::Read]))])], vec![after]).await
}

async fn a_word_that_went_to_a_stronger_command(guard: Guard) -> Came {
    let words = |remove: &str, read: &str| {
        let mut first = command(remove, &[("name", name(&[NameRight::Remove]))]);
        first.effect = Effect::Destroys;
        let mut second = command(read, &[("name", name(&[NameRight::Read]))]);
        second.effect = Effect::Destroys;
        vec![first, second]
    };
    let after = if guard.is_up() { words("look", "peek") } else { words("peek", "look") };
    update(words("peek", "look"), after).await
}

async fn a_new_command(guard: Guard, kind: ParameterKind) -> Came {
    let old = || command("peek", &[("name", name(&[NameRight::Read]))]);
    let kind = if guard.is_up() { kind } else { name(&[NameRight::Read]) };
    update(vec![old()], vec![old(), command("poke", &[("name", kind)])]).await
}

async fn a_new_command_with_a_wider_right(guard: Guard) -> Came {
    a_new_command(guard, name(&[NameRight::Remove])).await
}

async fn a_new_command_that_takes_a_file(guard: Guard) -> Came {
    a_new_command(guard, ParameterKind::File).await
}

/// All of the rights stay, and the words come in another order.
async fn parameters_in_another_order(guard: Guard) -> Came {
    let both = || name(&[NameRight::Read, NameRight::Write]);
    let order = |first: &str, second: &str| vec![command("peek", &[(first, both()), (second, both())])];
    let after = if guard.is_up() { order("to", "from") } else { order("from", "to") };
    update(order("from", "to"), after).await
}

async fn an_option_that_became_a_place(guard: Guard) -> Came {
    let file = || command("peek", &[("file", ParameterKind::File)]);
    let after = if guard.is_up() { file() } else { option(file(), 0, Some('f')) };
    update(vec![option(file(), 0, Some('f'))], vec![after]).await
}

async fn a_letter_for_another_option(guard: Guard) -> Came {
    let with = |follow: Option<char>, file: Option<char>| {
        let both = command("peek", &[("follow", ParameterKind::Boolean), ("file", ParameterKind::File)]);
        vec![option(option(both, 0, follow), 1, file)]
    };
    let after = if guard.is_up() { with(None, Some('f')) } else { with(Some('f'), Some('g')) };
    update(with(Some('f'), None), after).await
}

/// What was the word after the switch is its value then, and the word after that is what the command works on.
async fn a_switch_that_takes_the_next_word(guard: Guard) -> Came {
    let with = |kind: ParameterKind| {
        let both = command("peek", &[("force", kind), ("name", name(&[NameRight::Read]))]);
        vec![option(both, 0, None)]
    };
    let after = if guard.is_up() { ParameterKind::Text } else { ParameterKind::Boolean };
    update(with(ParameterKind::Boolean), with(after)).await
}

/// Texts are in histories and logs, where secrets are not.
async fn a_secret_that_became_text(guard: Guard) -> Came {
    parameter(guard, ("key", ParameterKind::Secret), ("key", ParameterKind::Text)).await
}

async fn another_method_of_the_same_object(guard: Guard) -> Came {
    let methods = |more: &[&str]| {
        let all = ["list"].iter().chain(more);
        ("it", ParameterKind::Object(all.map(|method| (*method).to_owned()).collect()))
    };
    parameter(guard, methods(&[]), methods(&["remove"])).await
}

async fn many_things_instead_of_one(guard: Guard) -> Came {
    let one = || command("peek", &[("name", name(&[NameRight::Read]))]);
    let mut after = one();
    after.parameters[0].repeated = guard.is_up();
    update(vec![one()], vec![after]).await
}

async fn a_thing_beside_the_choices_there_were(guard: Guard) -> Came {
    let among = |choices: &[&str]| {
        let mut command = command("peek", &[("name", name(&[NameRight::Read]))]);
        command.parameters[0].choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        vec![command]
    };
    update(among(&["safe"]), among(if guard.is_up() { &["safe", "vault"] } else { &["safe"] })).await
}

async fn another_default(guard: Guard) -> Came {
    let with = |default: &str| {
        let mut command = command("peek", &[("path", ParameterKind::Text)]);
        command.parameters[0].default = Some(default.to_owned());
        vec![command]
    };
    update(with("/feed"), with(if guard.is_up() { "/evil" } else { "/feed" })).await
}

/// It claims to read, and has the right to remove.
async fn an_effect_that_its_rights_contradict(guard: Guard) -> Came {
    let peek = || command("peek", &[("name", name(&[NameRight::Read]))]);
    let right = if guard.is_up() { NameRight::Remove } else { NameRight::Read };
    let mut after = command("poke", &[("name", name(&[right]))]);
    after.effect = Effect::Reads;
    update(vec![peek()], vec![peek(), after]).await
}

/// A plugin with one command `greet`, or another one, that says who it is.
fn greeter(plugin: &str, word: &str, says: &str) -> Raw {
    Raw::saying(raw::group(plugin, &[word]), says)
}

async fn world() -> World {
    World::on(&Stage::with([])).await.unwrap()
}

/// What is in a plugin's file after an update.
async fn exchange(world: &World, plugin: Raw) {
    let name = plugin.group.name.clone();
    plugin.write(world).unwrap();
    world.host.reconsider(&name).await;
}

/// By its name, the newer one comes first.
async fn a_word_of_another_plugin_in_an_update(guard: Guard) -> Came {
    let world = world().await;
    greeter("aaa", "peek", "the newer one").install(&world).await.unwrap();
    greeter("zzz", "greet", "the older one").install(&world).await.unwrap();
    exchange(&world, greeter("aaa", "greet", "the newer one")).await;
    // The control says which one it means.
    let said = told(world.run(if guard.is_up() { "greet" } else { "aaa:greet" }).await);
    Came::of(&world, said == "the newer one", said)
}

async fn a_word_of_another_plugin_at_installation(guard: Guard) -> Came {
    let world = world().await;
    greeter("zzz", "greet", "the older one").install(&world).await.unwrap();
    greeter("aaa", "greet", "the newer one").install(&world).await.unwrap();
    // It stays so after a restart, whatever the order of records is.
    let world = world.restarted().await.unwrap();
    if !guard.is_up() {
        // The person decides otherwise.
        assert_eq!(world.host.prefer("aaa", "greet").await.unwrap().as_deref(), Some("zzz"));
    }
    let said = told(world.run("greet").await);
    Came::of(&world, said == "the newer one", said)
}

/// A word that one could not have is not its own as soon as the other drops it: what people have typed for years went
/// to the other.
async fn a_word_that_the_other_plugin_dropped(guard: Guard) -> Came {
    let world = world().await;
    greeter("zzz", "greet", "the older one").install(&world).await.unwrap();
    greeter("aaa", "greet", "the newer one").install(&world).await.unwrap();
    exchange(&world, greeter("zzz", "peek", "the older one")).await;
    assert_eq!(told(world.run("peek").await), "the older one");
    // Nor in a version that comes by itself; the control installs it.
    if guard.is_up() {
        exchange(&world, greeter("aaa", "greet", "the newer one, again")).await;
    } else {
        greeter("aaa", "greet", "the newer one, again").install(&world).await.unwrap();
    }
    assert_eq!(told(world.run("aaa:greet").await), "the newer one, again");
    let said = told(world.run("greet").await);
    Came::of(&world, said == "the newer one, again", said)
}

async fn a_word_of_a_plugin_that_comes_along(guard: Guard) -> Came {
    let world = world().await;
    let mut group = raw::group("aaa", &["show"]);
    let mut any = raw::parameter("name", ParameterKind::Text);
    any.required = false;
    group.commands[0].parameters.push(any);
    Raw::saying(group, "the newer one").install(&world).await.unwrap();
    if !guard.is_up() {
        world.host.prefer("aaa", "show").await.unwrap();
    }
    let said = told(world.run("show nothing").await);
    Came::of(&world, said == "the newer one", said)
}
