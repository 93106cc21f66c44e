use super::*;
use crate::registry::NameRight::{Move, Read, Remove, Write};

fn slots(slots: &[(&str, &str)]) -> Ask {
    let slots = slots.iter().map(|(slot, interface)| ((*slot).into(), track(interface))).collect();
    Ask { slots, commands: Some(Vec::new()) }
}

fn ask(commands: Vec<AskedCommand>) -> Ask {
    Ask { slots: BTreeMap::new(), commands: Some(commands) }
}

fn command(words: &[&str], effect: Effect, parameters: Vec<AskedParameter>) -> AskedCommand {
    AskedCommand { words: words.iter().map(|word| (*word).into()).collect(), effect, parameters }
}

fn word(name: &str, kind: ParameterKind) -> AskedParameter {
    AskedParameter {
        name: name.into(),
        positional: true,
        letter: None,
        required: true,
        repeated: false,
        default: None,
        choices: Vec::new(),
        kind,
    }
}

fn option(name: &str, letter: Option<char>, kind: ParameterKind) -> AskedParameter {
    AskedParameter { positional: false, letter, required: false, ..word(name, kind) }
}

fn name(rights: &[crate::registry::NameRight]) -> ParameterKind {
    ParameterKind::Name(rights.to_vec())
}

fn reads(parameters: Vec<AskedParameter>) -> Ask {
    ask(vec![command(&["c"], Effect::Reads, parameters)])
}

fn is_more(old: &Ask, new: &Ask, part: &str) {
    let more = new.beyond(old);
    assert!(more.iter().any(|more| more.contains(part)), "{more:?} has no {part:?}");
    assert!(more.iter().all(|more| !more.contains(WORD)), "{more:?}");
    assert_eq!(old.beyond(old), Vec::<String>::new());
}

fn is_no_more(old: &Ask, new: &Ask) {
    assert_eq!(new.beyond(old), Vec::<String>::new());
}

#[test]
fn a_newer_minor_version_and_fewer_rights_are_not_more() {
    is_no_more(&slots(&[("a", "x:y/z@1.2.0")]), &slots(&[("a", "x:y/z@1.9.1")]));
    is_no_more(
        &ask(vec![command(&["c"], Effect::Destroys, vec![word("p", name(&[Read, Write]))])]),
        &ask(vec![command(&["c"], Effect::Reads, vec![word("p", name(&[Read]))])]),
    );
    is_no_more(
        &reads(vec![word("p", ParameterKind::Object(vec!["list".into(), "has".into()]))]),
        &reads(vec![word("p", ParameterKind::Object(vec!["has".into()]))]),
    );
}

#[test]
fn another_slot_or_interface_is_more() {
    let old = slots(&[("a", "x:y/z@1.2.0")]);
    is_more(&old, &slots(&[("a", "x:y/z@2.0.0")]), "instead of x:y/z@1");
    is_more(&old, &slots(&[("b", "x:y/z@1.2.0")]), "new slot `b`");
}

#[test]
fn a_wider_right_or_a_stronger_effect_is_more() {
    let old = reads(vec![word("p", name(&[Read]))]);
    is_more(&old, &reads(vec![word("p", name(&[Read, Write]))]), "`p` of the command `c` wants to write too");
    is_more(&old, &ask(vec![command(&["c"], Effect::Writes, vec![])]), "stronger effect");
    let old = reads(vec![word("p", ParameterKind::Object(vec!["list".into()]))]);
    let new = reads(vec![word("p", ParameterKind::Object(vec!["list".into(), "remove".into()]))]);
    is_more(&old, &new, "wants to call remove too");
}

#[test]
fn a_word_is_compared_by_what_it_calls_whatever_that_is_named() {
    let old = ask(vec![command(&["show"], Effect::Reads, vec![word("p", name(&[Read]))])]);
    let new = ask(vec![command(&["other", "show"], Effect::Reads, vec![word("p", name(&[Read, Remove]))])]);
    is_more(&old, &new, "the command `show` wants to remove too");
    // Two commands that exchange their words.
    let two = |a: &str, b: &str| {
        ask(vec![
            command(&[a], Effect::Destroys, vec![word("p", name(&[Remove]))]),
            command(&[b], Effect::Reads, vec![word("p", name(&[Read]))]),
        ])
    };
    is_more(&two("wipe", "show"), &two("show", "wipe"), "the command `show` wants to remove too");
    // A new name with the same reach is no more.
    let new = ask(vec![command(&["other", "show"], Effect::Reads, vec![word("p", name(&[Read]))])]);
    is_no_more(&old, &new);
}

#[test]
fn a_new_word_may_do_what_a_word_before_did() {
    let old = ask(vec![command(&["c"], Effect::Destroys, vec![word("p", name(&[Read, Remove]))])]);
    let with = |new: AskedCommand| {
        let mut all = old.clone();
        all.commands.as_mut().unwrap().push(new);
        all
    };
    is_no_more(&old, &with(command(&["d"], Effect::Writes, vec![word("q", name(&[Remove]))])));
    is_no_more(&old, &with(command(&["d"], Effect::Reads, vec![word("q", ParameterKind::Text)])));
    let new = with(command(&["d"], Effect::Reads, vec![word("q", name(&[Write]))]));
    is_more(&old, &new, "`q` of the command `d` wants to write too");
    let new = with(command(&["d"], Effect::Executes, vec![]));
    is_more(&old, &new, "the command `d` has a stronger effect");
    for kind in [ParameterKind::File, ParameterKind::MessageNumber, ParameterKind::Other("x".into())] {
        is_more(&old, &with(command(&["d"], Effect::Reads, vec![word("q", kind)])), "the command `d`");
    }
}

#[test]
fn another_order_of_parameters_is_more() {
    let to_and_from = |first: &str, second: &str| {
        reads(vec![word(first, name(&[Read, Write])), word(second, name(&[Read, Write]))])
    };
    is_more(
        &to_and_from("from", "to"),
        &to_and_from("to", "from"),
        "takes the first word for TO where it took FROM",
    );
    is_more(
        &reads(vec![word("from", name(&[Move])), word("to", name(&[Write]))]),
        &reads(vec![word("to", name(&[Write])), word("from", name(&[Move]))]),
        "wants to write too",
    );
}

#[test]
fn another_style_or_letter_is_more() {
    let old = reads(vec![option("file", Some('f'), ParameterKind::File)]);
    is_more(&old, &reads(vec![word("file", ParameterKind::File)]), "wants to read the file too");
    let old = reads(vec![
        option("follow", Some('f'), ParameterKind::Boolean),
        option("file", None, ParameterKind::File),
    ]);
    let new = reads(vec![
        option("follow", None, ParameterKind::Boolean),
        option("file", Some('f'), ParameterKind::File),
    ]);
    is_more(&old, &new, "takes `-f` for --file where it meant --follow");
}

#[test]
fn another_kind_is_more() {
    let kinds = [
        ParameterKind::Text,
        ParameterKind::Boolean,
        ParameterKind::Secret,
        ParameterKind::File,
        ParameterKind::Locator,
        ParameterKind::Other("later".into()),
        name(&[Read]),
        ParameterKind::Object(vec!["list".into()]),
    ];
    for (n, old) in kinds.iter().enumerate() {
        for (m, new) in kinds.iter().enumerate() {
            let (old, new) = (reads(vec![word("p", old.clone())]), reads(vec![word("p", new.clone())]));
            assert_eq!(new.beyond(&old).is_empty(), n == m, "{old:?} {new:?}");
        }
    }
    is_no_more(&reads(vec![word("p", ParameterKind::Text)]), &reads(vec![word("p", ParameterKind::Integer)]));
}

#[test]
fn several_things_instead_of_one_are_more() {
    let several = |kind| AskedParameter { repeated: true, ..word("p", kind) };
    is_more(
        &reads(vec![word("p", name(&[Remove]))]),
        &reads(vec![several(name(&[Remove]))]),
        "takes several instead of one",
    );
    is_no_more(&reads(vec![word("p", ParameterKind::Text)]), &reads(vec![several(ParameterKind::Text)]));
    let two = reads(vec![word("p", ParameterKind::Text), word("q", name(&[Read]))]);
    is_more(&two, &reads(vec![several(ParameterKind::Text)]), "takes the first word for P");
    // Where all further words were taken, one place for one of them is no more.
    let one = AskedParameter { required: false, ..word("p", name(&[Read])) };
    is_no_more(&reads(vec![several(name(&[Read]))]), &reads(vec![one]));
}

#[test]
fn wider_choices_of_a_thing_are_more() {
    let of = |choices: &[&str]| {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        reads(vec![AskedParameter { choices, ..word("p", name(&[Read])) }])
    };
    is_more(&of(&["a"]), &of(&[]), "may be other than a");
    is_more(&of(&["a"]), &of(&["a", "b"]), "may be other than a");
    is_no_more(&of(&["a", "b"]), &of(&["a"]));
}

#[test]
fn another_default_is_more() {
    let of = |default: Option<&str>| {
        let default = default.map(str::to_owned);
        reads(vec![AskedParameter { default, ..option("path", None, ParameterKind::Text) }])
    };
    is_more(&of(None), &of(Some("/x")), "is `/x` where you do not give it");
    is_more(&of(Some("/x")), &of(Some("/y")), "is `/y` where you do not give it");
    is_no_more(&of(Some("/x")), &of(None));
}

#[test]
fn compared_with_an_earlier_record_every_command_is_more() {
    let old = Ask { slots: BTreeMap::new(), commands: None };
    let more = reads(vec![]).beyond(&old);
    assert!(more.len() == 1 && more[0].contains("did not record"), "{more:?}");
    is_no_more(&old, &ask(vec![]));
}
