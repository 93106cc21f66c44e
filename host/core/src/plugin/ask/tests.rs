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

/// Versions that follow one another; each but the last asks for no more than what was agreed to.
fn after(versions: Vec<Ask>) -> (Ask, Ask) {
    let mut versions = versions.into_iter();
    let (mut agreed, mut last) = (versions.next().unwrap(), versions.next().unwrap());
    for next in versions {
        assert_eq!(last.beyond(&agreed), Vec::<String>::new());
        agreed = last.agreed_after(&agreed, false);
        last = next;
    }
    (agreed, last)
}

#[test]
fn what_was_left_out_for_a_while_comes_back_as_what_it_was() {
    use crate::registry::NameRight::{Read, Remove};
    let look = || command(&["look"], Effect::Reads, vec![word("NAME", name(&[Read]))]);
    let zap = |words: &[&str]| command(words, Effect::Destroys, vec![word("NAME", name(&[Remove]))]);
    let (agreed, last) = after(vec![
        ask(vec![look(), zap(&["zap"])]),
        ask(vec![zap(&["zap"])]),
        ask(vec![zap(&["zap", "look"])]),
    ]);
    is_more(&agreed, &last, "the command `look`");
    // The control: as itself it may come back.
    let both = || ask(vec![look(), zap(&["zap"])]);
    let (agreed, last) = after(vec![both(), ask(vec![zap(&["zap"])]), both()]);
    is_no_more(&agreed, &last);

    let text = |name: &str, letter| option(name, letter, ParameterKind::Boolean);
    let (agreed, last) = after(vec![
        reads(vec![text("keep", Some('k'))]),
        reads(vec![text("keep", None)]),
        reads(vec![text("keep", None), text("force", Some('k'))]),
    ]);
    is_more(&agreed, &last, "takes `-k` for --force where it meant --keep");

    let (agreed, last) = after(vec![
        reads(vec![option("to", None, ParameterKind::Text)]),
        reads(vec![]),
        reads(vec![option("to", None, ParameterKind::Boolean)]),
    ]);
    is_more(&agreed, &last, "takes your word for boolean instead of text");

    let (agreed, last) = after(vec![
        reads(vec![word("a", ParameterKind::Text), word("b", name(&[Read]))]),
        reads(vec![word("a", ParameterKind::Text)]),
        reads(vec![word("a", ParameterKind::Text), word("c", name(&[Read]))]),
    ]);
    is_more(&agreed, &last, "takes the second word for C where it took B");
}

#[test]
fn what_came_without_a_question_is_compared_with_later_on() {
    use crate::registry::NameRight::{Read, Remove};
    let with = |words: &[&str], rights: &[crate::registry::NameRight]| {
        ask(vec![
            command(&["zap"], Effect::Destroys, vec![word("NAME", name(&[Remove]))]),
            command(words, Effect::Reads, vec![word("NAME", name(rights))]),
        ])
    };
    // `peek` is new, reads only, and may not become more.
    let (agreed, last) = after(vec![
        with(&["look"], &[Read]),
        with(&["look", "peek"], &[Read]),
        ask(vec![
            command(&["zap", "peek"], Effect::Destroys, vec![word("NAME", name(&[Remove]))]),
            command(&["look"], Effect::Reads, vec![word("NAME", name(&[Read]))]),
        ]),
    ]);
    is_more(&agreed, &last, "the command `peek`");
}

#[test]
fn what_the_user_agreed_to_replaces_what_they_had_agreed_to() {
    use crate::registry::NameRight::{Read, Remove};
    let reading = reads(vec![word("NAME", name(&[Read]))]);
    let removing = reads(vec![word("NAME", name(&[Read, Remove]))]);
    assert!(!removing.beyond(&reading).is_empty());
    let agreed = removing.clone().agreed_after(&reading, true);
    is_no_more(&agreed, &removing);
    // Without a question nothing is added.
    let agreed = reading.clone().agreed_after(&reading, false);
    is_more(&agreed, &removing, "remove");
}
