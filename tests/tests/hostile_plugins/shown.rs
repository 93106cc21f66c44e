//! Plugins that write to the person's terminal what it obeys instead of showing it. The bytes that the program writes
//! are looked at; the control looks at what the plugin itself said.

use std::path::PathBuf;

use powerbox_core::registry::{CommandGroup, Effect, ParameterKind, ParameterStyle};
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::Finished;
use powerbox_tests::raw::{self, RUN, Raw};
use powerbox_tests::terminal::AtTerminal;

use crate::attack::{Came, Guard, attacks};
use crate::poison::{self, POISON};
use crate::target::{outcome, world_with};

attacks! {
    output by Word "\\u{1b}[31m",
    output_as_json by Word "\\u009b31m",
    output_at_a_terminal by Word "\\u{1b}[31m",
    problems by Word "\\u{1b}[31m",
    problems_as_json by Word "\\u{9b}31m",
    names_of_interfaces by Word "cannot be shown",
    descriptions_in_help by Word "\\u{1b}[31m",
    descriptions_at_installation by Word "\\u{1b}[31m",
    names_of_functions_in_a_crash by Word "\\u{1b}[31m",
    names_of_functions_in_a_broken_version by Word "\\u{1b}[31m",
    names_of_imports by Word "error: ",
    documentation by Word "\\u009b31m",
    notes_in_the_log by Word "\\u{1b}[31m",
    arguments_in_the_audit by Word "\\u{202e}",
    a_hint_in_the_hosts_name by Word "no rule of the host's",
}

/// A user with the plugin `hostile`.
fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    let file = component("hostile").unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    user
}

/// A file of a user's with a plugin of the test's own.
fn file(user: &Powerbox, raw: Raw) -> PathBuf {
    let file = user.path("raw.wasm");
    std::fs::write(&file, raw.build().unwrap()).unwrap();
    file
}

/// What came of lines whose output was looked at: `own` is what the plugin said, which is what the control looks at.
fn came(guard: Guard, finished: &[Finished], own: &str) -> Came {
    let errors: String = finished.iter().map(|run| run.stderr.as_str()).collect();
    let all: String = finished.iter().map(|run| run.stdout.as_str()).chain([errors.as_str()]).collect();
    // What is put out as data may have any lines; what stands beside the program's errors may not look like them.
    let (all, errors) = if guard.is_up() { (all, errors) } else { (own.to_owned(), own.to_owned()) };
    Came::aside(poison::has_any(&all) || poison::imitates(&errors), all)
}

/// What the plugin `hostile` says by itself.
async fn painted() -> String {
    outcome(&world_with(|_| {}).await, "paint").await
}

async fn output(guard: Guard) -> Came {
    let finished = user().run(&["paint"]).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    came(guard, &[finished], &painted().await)
}

async fn output_as_json(guard: Guard) -> Came {
    let finished = user().run(&["paint", "--json"]).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    // What is said is all there.
    let said: Vec<serde_json::Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.iter().any(|said| said.as_str().is_some_and(|text| text.contains("\u{9b}31m"))), "{said:?}");
    came(guard, &[finished], &painted().await)
}

async fn output_at_a_terminal(guard: Guard) -> Came {
    let user = user();
    let (status, shown) = AtTerminal::start(&user.command(&["paint"]).unwrap()).unwrap().finish().unwrap();
    assert_eq!(status, Some(0), "{shown}");
    let looked_at = if guard.is_up() { shown } else { painted().await };
    Came::aside(poison::at_terminal(&looked_at).is_some(), looked_at)
}

const PROBLEMS: &[&str] = &["denied", "not-found", "invalid", "remote", "limit", "unbound", "other"];

fn blamed(more: &[&str]) -> Vec<Finished> {
    let user = user();
    let run = |kind: &&str| user.run(&[&["blame", *kind], more].concat()).unwrap();
    let finished: Vec<_> = PROBLEMS.iter().map(run).collect();
    assert!(finished.iter().all(|run| run.status != Some(0)), "{finished:?}");
    finished
}

async fn problems(guard: Guard) -> Came {
    came(guard, &blamed(&[]), POISON)
}

async fn problems_as_json(guard: Guard) -> Came {
    came(guard, &blamed(&["--json"]), POISON)
}

async fn names_of_interfaces(guard: Guard) -> Came {
    let user = user();
    let finished =
        [user.run(&["blame", "interface"]).unwrap(), user.run(&["blame", "interface", "--json"]).unwrap()];
    came(guard, &finished, POISON)
}

/// A group whose every text is poison.
fn poisonous() -> CommandGroup {
    let text = || POISON.to_owned();
    let mut group = CommandGroup { summary: text(), ..raw::group("raw", &["tell"]) };
    let command = &mut group.commands[0];
    (command.summary, command.details, command.category) = (text(), text(), text());
    command.effect = Effect::Other(text());
    let kinds = [
        ParameterKind::Choice,
        ParameterKind::Object(vec![text()]),
        ParameterKind::Other(text()),
        ParameterKind::Text,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let mut parameter = raw::parameter(&format!("p{number}"), kind);
        (parameter.label, parameter.help) = (text(), text());
        // A thing of the user's can have no default.
        parameter.default = (!parameter.kind.designates()).then(text);
        parameter.choices = vec![text()];
        parameter.style = [ParameterStyle::Option(None), ParameterStyle::Other(text())][number % 2].clone();
        parameter.required = false;
        command.parameters.push(parameter);
    }
    group
}

async fn descriptions_in_help(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let file = file(&user, Raw::saying(poisonous(), "told"));
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    let lines: &[&[&str]] = &[
        &["help"],
        &["help", "tell"],
        &["help", "--json"],
        &["help", "tell", "--json"],
        &["tell", "--p0", "x"],
        &["tell", "--bogus"],
        &["tell", "--p2", "x"],
        &["plugin", "list"],
        &["plugin", "inspect", "raw"],
        &["plugin", "inspect", "raw", "--json"],
        &["why", "raw"],
        &["why", "raw", "--json"],
    ];
    let finished: Vec<_> = lines.iter().map(|line| user.run(line).unwrap()).collect();
    came(guard, &finished, POISON)
}

async fn descriptions_at_installation(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let file = file(&user, Raw::saying(poisonous(), "told"));
    let file = file.to_str().unwrap();
    let finished = [
        user.run(&["plugin", "inspect", file]).unwrap(),
        user.run(&["plugin", "install", "--yes", file]).unwrap(),
        user.run(&["plugin", "install", "--yes", "--json", file]).unwrap(),
    ];
    assert!(finished.iter().all(|run| run.status == Some(0)), "{finished:?}");
    came(guard, &finished, POISON)
}

/// A plugin that traps in a function of this name, in its command or while it describes itself.
fn named(describing: bool) -> Raw {
    let mut raw = Raw::saying(raw::group("raw", &["tell"]), "told");
    let name: String = POISON.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let trap = format!(r#"(func $"{name}" unreachable)"#);
    if describing {
        raw.describe = Some(format!(r#"(call $"{name}") unreachable"#));
        raw.core.push_str(&trap);
    } else {
        raw.core = format!(
            r#"{trap} (func (export "{RUN}") (param i32 i32 i32 i32) (result i32) (call $"{name}") unreachable)"#
        );
    }
    raw
}

async fn names_of_functions_in_a_crash(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let file = file(&user, named(false));
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    let finished: Vec<_> = [&["tell"][..], &["tell", "--json"], &["tell"], &["tell"], &["tell"], &["tell"]]
        .iter()
        .map(|line| user.run(line).unwrap())
        .collect();
    assert!(finished.last().unwrap().stderr.contains("is put aside"), "{finished:?}");
    came(guard, &finished, POISON)
}

async fn names_of_functions_in_a_broken_version(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let good = file(&user, Raw::saying(raw::group("raw", &["tell"]), "told"));
    let good = good.to_str().unwrap();
    user.ok(&["plugin", "install", "--yes", good]).unwrap();
    file(&user, named(true));
    let lines: &[&[&str]] = &[
        &["tell"],
        &["plugin", "inspect", good],
        &["plugin", "inspect", good, "--json"],
        &["plugin", "install", "--yes", good],
    ];
    let finished: Vec<_> = lines.iter().map(|line| user.run(line).unwrap()).collect();
    assert_eq!(finished[0].status, Some(0), "the version before is there: {:?}", finished[0]);
    came(guard, &finished, POISON)
}

/// A component's imports have names, and not every reader of them insists on good ones.
async fn names_of_imports(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let name: String = POISON.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(r#"(component (import "{name}" (func)))"#);
    let file = user.path("raw.wasm");
    std::fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let finished = [
        user.run(&["plugin", "install", "--yes", file]).unwrap(),
        user.run(&["plugin", "inspect", file]).unwrap(),
        user.run(&["plugin", "install", "--json", file]).unwrap(),
    ];
    assert!(finished.iter().all(|run| run.status == Some(1)), "{finished:?}");
    came(guard, &finished, POISON)
}

/// A component carries the documentation of its interfaces in a section of its own.
async fn documentation(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let mut component = Raw::saying(raw::group("raw", &["tell"]), "told").build().unwrap();
    raw::document(&mut component, "powerbox:plugin", "types", POISON).unwrap();
    let file = user.path("raw.wasm");
    std::fs::write(&file, component).unwrap();
    let file = file.to_str().unwrap();
    let finished = [
        user.run(&["plugin", "inspect", file]).unwrap(),
        user.run(&["plugin", "inspect", file, "--json"]).unwrap(),
    ];
    assert!(finished.iter().all(|run| run.status == Some(0)), "{finished:?}");
    came(guard, &finished, POISON)
}

async fn notes_in_the_log(guard: Guard) -> Came {
    let user = user();
    user.ok(&["paint"]).unwrap();
    let log = std::fs::read_to_string(user.path("state/powerbox/plugins.log")).unwrap();
    // One note is one line.
    assert_eq!(log.lines().count(), 1, "{log}");
    let looked_at = if guard.is_up() { log } else { POISON.to_owned() };
    Came::aside(poison::has_any(&looked_at) || poison::imitates(&looked_at), looked_at)
}

async fn arguments_in_the_audit(guard: Guard) -> Came {
    let user = user();
    user.ok(&["mkdir", "d"]).unwrap();
    user.run(&["plead", "d"]).unwrap();
    user.run(&["paint"]).unwrap();
    let finished = [
        user.run(&["audit"]).unwrap(),
        user.run(&["audit", "--json"]).unwrap(),
        user.run(&["why", "hostile"]).unwrap(),
    ];
    assert!(finished[0].stdout.contains("object.call"), "{finished:?}");
    came(guard, &finished, POISON)
}

/// A plugin that refuses something itself may say why. What to do about it is not for it to say in the host's name.
async fn a_hint_in_the_hosts_name(guard: Guard) -> Came {
    let user = Powerbox::embedded().unwrap();
    let raw = Raw::giving(raw::group("raw", &["tell"]), |data| {
        let rule = data.text("no rule of the host's");
        let remedy = data.text("powerbox grant add raw everything=@agent");
        data.words(&raw::problem(0, &[rule[0], rule[1], 1, remedy[0], remedy[1]]))
    });
    let file = file(&user, raw);
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    let finished = user.run(&["tell"]).unwrap();
    assert_eq!(finished.status, Some(3), "{finished:?}");
    let hinted = |text: &str| text.lines().any(|line| line.starts_with("hint: "));
    // The host's own refusals keep theirs.
    let host = user.run(&["tell", "--bogus"]).unwrap();
    assert!(hinted(&host.stderr), "{host:?}");
    let looked_at = if guard.is_up() { finished.stderr } else { host.stderr };
    Came::aside(hinted(&looked_at), looked_at)
}

/// What a plugin draws is no question of the host's: at a terminal that asks it waits, and what was typed before the
/// question was there answers nothing.
#[test]
fn only_what_is_typed_after_the_question_answers_it() {
    let user = user();
    user.ok(&["mkdir", "d"]).unwrap();
    let grants = user.ok(&["grant", "list", "--json"]).unwrap();
    let grants: serde_json::Value = serde_json::from_str(&grants).unwrap();
    let named = grants
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["slot"] == "@named" && grant["holder"].to_string().contains("hostile"));
    let id = named.unwrap_or_else(|| panic!("{grants}"))["id"].to_string();
    user.ok(&["grant", "narrow", &id, "--confirm"]).unwrap();
    let question = "Allow this one call? [y/N] ";

    // Without a terminal nobody is asked, whatever standard input says.
    let headless = user.run_with(&["erase", "d"], b"y\ny\n").unwrap();
    assert_eq!(headless.status, Some(3), "{headless:?}");
    assert!(headless.stderr.contains("powerbox grant allow"), "{headless:?}");

    for (answer, status) in [("n\n", 3), ("\n", 3), ("y\n", 0)] {
        let mut terminal = AtTerminal::start(&user.command(&["erase", "d"]).unwrap()).unwrap();
        terminal.type_in("y\ny\n").unwrap();
        terminal.wait_for(question).unwrap();
        terminal.type_in(answer).unwrap();
        let (ended, shown) = terminal.finish().unwrap();
        assert_eq!(ended, Some(status), "{answer:?}: {shown}");
    }
}

/// The person agrees only to what they have seen to its end.
#[test]
fn a_question_that_is_longer_than_the_terminal_is_shown_page_by_page() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["list"]).unwrap();
    let grants = user.ok(&["grant", "list", "--json"]).unwrap();
    let grants: serde_json::Value = serde_json::from_str(&grants).unwrap();
    let mut grants = grants.as_array().unwrap().iter();
    let of_storage = grants.find(|grant| grant["holder"] == "plugin storage" && grant["slot"] == "@named");
    user.ok(&["grant", "narrow", &of_storage.unwrap()["id"].to_string(), "--confirm"]).unwrap();
    let long = format!("{} and-this-is-the-end", "x".repeat(5000));
    let store = user.command(&["store", "long", "--text", &long]).unwrap();
    let more = "Enter shows more";
    for refusal in ["y\n", "q\n"] {
        let mut terminal = AtTerminal::start(&store).unwrap();
        terminal.wait_for(more).unwrap();
        terminal.type_in(refusal).unwrap();
        let (ended, shown) = terminal.finish().unwrap();
        assert_eq!(ended, Some(3), "{refusal:?}: {shown}");
        assert!(!shown.contains("Allow this one call?"), "{shown}");
    }
    let mut terminal = AtTerminal::start(&store).unwrap();
    let asked = "Allow this one call?";
    let mut pages = 0;
    loop {
        let next = |shown: &str| shown.contains(asked) || shown.matches(more).count() > pages;
        terminal.wait_until(next).unwrap();
        if terminal.shown().contains(asked) {
            break;
        }
        pages += 1;
        terminal.type_in("\n").unwrap();
    }
    assert!(pages >= 2, "{}", terminal.shown());
    terminal.type_in("y\n").unwrap();
    let (ended, shown) = terminal.finish().unwrap();
    assert_eq!(ended, Some(0), "{shown}");
    let text: String = shown.split('│').skip(1).filter_map(|row| row.lines().next()).collect();
    assert!(text.contains("and-this-is-the-end"), "{shown}");
}
