//! What a command says that it did is done, and what cannot be done is said to be so.

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::program::Finished;

fn run(user: &Powerbox, line: &str) -> Finished {
    user.run(&line.split_whitespace().collect::<Vec<_>>()).unwrap()
}

#[track_caller]
fn done(user: &Powerbox, line: &str) -> String {
    let finished = run(user, line);
    assert_eq!(finished.status, Some(0), "{line}: {finished:?}");
    finished.stdout
}

#[track_caller]
fn refused(user: &Powerbox, line: &str, says: &str) {
    let finished = run(user, line);
    assert_eq!(finished.status, Some(1), "{line}: {finished:?}");
    assert!(finished.stderr.contains(says), "{line} does not say {says:?}: {finished:?}");
}

/// A directory, a value, a blob, and the guest `scout` with its mail address.
fn furnished() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    std::fs::write(user.path("bytes"), "bytes").unwrap();
    done(&user, "mkdir notes");
    done(&user, "store value --text x");
    done(&user, &format!("store blob --file {}", user.path("bytes").display()));
    done(&user, "mkguest scout-mail scout --introduce notes");
    user
}

#[test]
fn a_guest_is_made_or_the_command_fails() {
    let user = furnished();
    let before = done(&user, "list");
    for (line, says) in [
        ("mkguest notes ag9", "\"notes\" holds a directory already"),
        ("mkguest value ag9", "\"value\" holds a value already"),
        ("mkguest scout-mail ag9", "\"scout-mail\" holds a handle already"),
        ("mkguest scout ag9", "\"scout\" holds a guest already"),
        ("mkguest mail notes", "\"notes\" holds a directory already"),
        ("mkguest mail scout", "\"scout\" holds a guest already"),
        ("mkguest scout-mail scout", "holds a handle already"),
        ("mkguest @self ag9", "holds a handle already"),
        ("mkguest same same", "different names"),
        ("mkguest notes/mail ag9", "is a path"),
        ("mkguest mail notes/ag9", "is a path"),
        ("mkguest mail ag9 --introduce nosuchname", "nothing named `nosuchname`"),
        ("mkguest mail ag9 --introduce notes --introduce nosuchname=x", "nothing named `nosuchname`"),
        ("mkguest mail ag9 --introduce notes=a --introduce value=a", "repeats a name"),
        ("mkguest mail ag9 --introduce notes/x", "path"),
        ("mkguest mail ag9 --introduce notes=@self", "Invalid pet name"),
        ("mkguest --as scout mail ag9", ""),
    ] {
        refused(&user, line, says);
        assert_eq!(done(&user, "list"), before, "{line} left something");
    }
    let made = run(&user, "mkguest mail ag9 --introduce notes --introduce value=gift");
    assert!(made.stderr.contains("Guest \"ag9\" created"), "{made:?}");
    assert_eq!(done(&user, "list --as ag9"), "@agent\n@host\n@self\ngift\nnotes\n");
}

#[test]
fn only_an_agent_has_commands_run_for_it() {
    let user = furnished();
    for (name, says) in [
        ("notes", "`notes` is a directory, not an agent"),
        ("notes/", ""),
        ("value", "`value` is a value, not an agent"),
        ("blob", "`blob` is a blob, not an agent"),
        ("scout-mail", "`scout-mail` is a mail address, not an agent"),
        ("@none", "not an agent"),
        ("@info", "not an agent"),
        ("absent", "nothing named `absent`"),
    ] {
        for line in ["list", "store x --text y", "show notes"] {
            let finished = run(&user, &format!("--as {name} {line}"));
            assert!(matches!(finished.status, Some(1 | 2)), "--as {name} {line}: {finished:?}");
            assert!(finished.stderr.contains(says), "--as {name} {line}: {finished:?}");
        }
    }
    for agent in ["scout", "@agent", "@agent/scout"] {
        assert!(done(&user, &format!("list --as {agent}")).contains("notes"));
    }
}

#[test]
fn special_names_stay_as_they_are() {
    let user = furnished();
    let before = done(&user, "list");
    for name in ["@self", "@agent", "@nets", "@pins", "@main", "@mail", "scout/@self", "@agent/@host"] {
        for (line, says) in [
            (format!("remove {name}"), "cannot be removed"),
            (format!("move {name} x"), "cannot be moved"),
            (format!("cancel {name}"), "cannot be cancelled"),
            (format!("store {name} --text x --force"), "cannot be replaced"),
            (format!("mkdir {name}"), "cannot be replaced"),
        ] {
            refused(&user, &line, says);
        }
    }
    for line in ["copy value @self --force", "move value @agent --force"] {
        refused(&user, line, "cannot be replaced");
    }
    assert_eq!(done(&user, "list"), before);
    // What has a special name is not ended by another name either; what has none is.
    done(&user, "copy @pins pinned");
    refused(&user, "cancel pinned", "`pinned` is `@pins`, which the daemon needs");
    refused(&user, "cancel scout/@host", "cannot be cancelled");
    for name in ["notes", "value", "scout"] {
        done(&user, &format!("cancel {name}"));
    }
    // They can be read, and what is in one of their directories is anybody's.
    done(&user, "show @self");
    done(&user, "copy value @pins");
    assert_eq!(done(&user, "list @pins"), "value\n");
    done(&user, "remove @pins/value");
}

/// Each command with each thing that it cannot use in each of its places.
#[test]
fn a_thing_of_the_wrong_kind_is_refused_and_nothing_changes() {
    let user = furnished();
    done(&user, "store notes/a --text a");
    let all =
        |user: &Powerbox| ["list", "list notes", "list scout", "show value"].map(|line| done(user, line));
    let before = all(&user);
    for wrong in ["value", "blob", "scout-mail", "@none"] {
        for line in [
            format!("list {wrong}"),
            format!("list {wrong} --follow"),
            format!("list {wrong}/x"),
            format!("show {wrong}/x"),
            format!("cat {wrong}/x"),
            format!("remove {wrong}/x"),
            format!("cancel {wrong}/x"),
            format!("copy {wrong}/x y"),
            format!("copy notes/a {wrong}/x"),
            format!("copy notes/a {wrong}/x --force"),
            format!("move {wrong}/x y"),
            format!("move notes/a {wrong}/x"),
            format!("move notes/a {wrong}/x --force"),
            format!("store {wrong}/x --text y"),
            format!("mkdir {wrong}/x"),
            format!("mkguest {wrong} ag9"),
            format!("mkguest mail {wrong}"),
            format!("attenuate {wrong}/x --as y"),
        ] {
            refused(&user, &line, "");
        }
    }
    for absent in ["absent", "notes/absent", "absent/x"] {
        for line in [
            format!("list {absent}"),
            format!("list {absent} --follow"),
            format!("show {absent}"),
            format!("cat {absent}"),
            format!("remove {absent}"),
            format!("remove {absent} {absent}"),
            format!("cancel {absent}"),
            format!("copy {absent} y"),
            format!("copy {absent} value"),
            format!("move {absent} y"),
            format!("attenuate {absent} --as y"),
        ] {
            refused(&user, &line, "");
        }
    }
    refused(&user, "copy absent value", "nothing named `absent`");
    for line in ["store absent/x --text y", "mkdir absent/x", "copy value absent/x", "move value absent/x"] {
        refused(&user, line, "absent");
    }
    for file in [user.path("nosuch"), user.path("")] {
        refused(&user, &format!("store new --file {}", file.display()), "");
    }
    refused(&user, "attenuate value --as y", "not an object");
    assert_eq!(all(&user), before);
}
