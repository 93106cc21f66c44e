//! What a name holds is not lost without a word, and copies and moves go where `cp` and `mv` put things.

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::program::Finished;

use crate::{listed, user};

/// Runs a line whose names that begin with a colon are in the test's own folder.
fn run(user: &Powerbox, line: &str) -> Finished {
    let words = line.split_whitespace().map(|word| match word.strip_prefix(':') {
        Some(name) => user.name(name),
        None => word.to_owned(),
    });
    user.run(&words.collect::<Vec<_>>()).unwrap()
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

/// A directory `d` with `inside`, and the texts `f` and `g`.
fn furnished() -> Powerbox {
    let user = user();
    for line in ["mkdir :d", "store :d/inside --text kept", "store :f --text one", "store :g --text two"] {
        done(&user, line);
    }
    user
}

#[test]
fn a_name_that_holds_something_stays_as_it_is_without_force() {
    let user = furnished();
    for line in ["mkdir :d", "mkdir :d/", "store :d --text new"] {
        refused(&user, line, "holds a directory already");
    }
    for line in ["mkdir :g", "store :g --text new", "copy :f :g", "move :f :g"] {
        refused(&user, line, "holds a value already");
    }
    done(&user, "copy :f :d/f");
    for line in ["copy :f :d", "move :f :d", "copy :f :d/", "store :d/f --text new"] {
        refused(&user, line, "d/f` holds a value already");
    }
    assert_eq!(listed(&user), ["d", "f", "g"]);
    assert_eq!(done(&user, "list :d"), "f\ninside\n");
    assert_eq!(done(&user, "show :d/inside"), "kept\n");
    assert_eq!(done(&user, "show :g"), "two\n");
}

#[test]
fn force_replaces_what_a_name_holds_and_says_so_before() {
    let user = furnished();
    refused(&user, "store :g --text new", "replace it with `--force`");
    done(&user, "store :g --text new --force");
    assert_eq!(done(&user, "show :g"), "new\n");
    done(&user, "copy --force :f :g");
    assert_eq!(done(&user, "show :g"), "one\n");
    done(&user, "move --force :g :f");
    assert_eq!(listed(&user), ["d", "f"]);
    // A directory is gone into all the same; only what is in it can be replaced.
    done(&user, "copy --force :f :d");
    assert_eq!(done(&user, "list :d"), "f\ninside\n");
    done(&user, "store :d --text flat --force");
    assert_eq!(done(&user, "show :d"), "flat\n");
    let usage = run(&user, "mkdir :f --force");
    assert_eq!(usage.status, Some(2), "{usage:?}");
}

#[test]
fn copies_and_moves_go_into_a_directory() {
    let user = furnished();
    let copied = run(&user, "copy :f :d");
    assert!(copied.stderr.contains(&format!("copied to \"{}\"", user.name("d/f"))), "{copied:?}");
    done(&user, "move :g :d/");
    assert_eq!(done(&user, "list :d"), "f\ng\ninside\n");
    assert_eq!(listed(&user), ["d", "f"]);
    done(&user, "mkdir :e");
    done(&user, "move :d :e");
    assert_eq!(done(&user, "list :e/d"), "f\ng\ninside\n");
    // Out again, and to another name.
    done(&user, "move :e/d/g :e");
    done(&user, "move :e/g :h");
    assert_eq!(listed(&user), ["e", "f", "h"]);
    done(&user, "mkdir :new/");
    assert_eq!(listed(&user), ["e", "f", "h", "new"]);
}

#[test]
fn a_slash_at_the_end_says_that_it_is_a_directory() {
    let user = furnished();
    assert_eq!(done(&user, "list :d/"), "inside\n");
    for line in ["copy :f :g/", "move :f :g/", "list :g/", "show :g/", "cat :g/", "remove :g/"] {
        refused(&user, line, "is a value, not a directory");
    }
    refused(&user, "copy :f :absent/", "there is nothing named");
    refused(&user, "store :new/ --text x", "add the name");
    assert_eq!(listed(&user), ["d", "f", "g"]);
    done(&user, "remove :d/");
    assert_eq!(listed(&user), ["f", "g"]);
}

#[test]
fn nothing_is_put_onto_or_into_itself() {
    let user = furnished();
    for force in ["", "--force"] {
        for line in ["copy :f :f", "move :f :f", "move :d/inside :d", "copy :d/inside :d"] {
            refused(&user, &format!("{line} {force}"), "is the same place");
        }
        for line in ["move :d :d", "move :d :d/e", "copy :d :d/e", "move :d :d/e/f"] {
            refused(&user, &format!("{line} {force}"), "");
        }
        for line in ["move :d :d/e", "copy :d :d/e", "copy :d/ :d/e"] {
            refused(&user, &format!("{line} {force}"), "cannot be put into itself");
        }
    }
    // By another name it is the same directory.
    done(&user, "copy :d :alias");
    for line in ["move :d :alias", "move :d :alias/e", "copy :alias :d"] {
        refused(&user, line, "cannot be put into itself");
    }
    assert_eq!(listed(&user), ["alias", "d", "f", "g"]);
    assert_eq!(done(&user, "list :d"), "inside\n");
    // A neighbour whose name begins alike is another.
    done(&user, "mkdir :d2");
    done(&user, "move :d :d2");
    assert_eq!(done(&user, "list :d2"), "d\n");
}

/// Only the embedded daemon looks and writes in one step.
#[test]
fn of_many_that_write_a_free_name_at_once_one_succeeds() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["mkdir", "d"]).unwrap();
    let all: Vec<_> = (0..8)
        .map(|number: u32| user.start(&["store", "d/x", "--text", &number.to_string()]).unwrap())
        .collect();
    let ended: Vec<_> =
        all.into_iter().map(|one| one.finish(std::time::Duration::from_secs(120)).unwrap()).collect();
    let winner = ended.iter().position(|one| one.status == Some(0)).unwrap();
    assert_eq!(ended.iter().filter(|one| one.status == Some(0)).count(), 1, "{ended:?}");
    assert_eq!(user.ok(&["show", "d/x"]).unwrap(), format!("{winner}\n"));
}

#[test]
fn a_reference_for_others_replaces_nothing_without_force() {
    let user = Powerbox::embedded().unwrap();
    for line in ["mkdir notes", "mkdir shared", "store shared/a --text x"] {
        user.ok(&line.split(' ').collect::<Vec<_>>()).unwrap();
    }
    let attenuate = |more: &[&str]| user.run(&[&["attenuate", "notes", "--as"], more].concat()).unwrap();
    let refused = attenuate(&["shared"]);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("`shared` holds a directory already"), "{refused:?}");
    assert_eq!(user.ok(&["list", "shared"]).unwrap(), "a\n");
    for name in ["notes", "@self"] {
        for force in [&[name][..], &[name, "--force"]] {
            assert_ne!(attenuate(force).status, Some(0), "{force:?}");
        }
    }
    let grants = user.ok(&["grant", "list"]).unwrap();
    assert!(!grants.contains("reference"), "what was refused left a grant: {grants}");
    assert_eq!(attenuate(&["shared", "--force"]).status, Some(0));
    assert_eq!(user.ok(&["show", "shared"]).unwrap(), "<Attenuated>\n");
}
