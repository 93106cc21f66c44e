//! Authority as its user meets it: grants, guests, references for others and the audit, by the program's own words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::Finished;
use powerbox_tests::terminal::AtTerminal;
use serde_json::Value;

/// A user with two directories, and `compare` installed over them.
fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    for (directory, name) in [("notes", "plan"), ("old", "ideas")] {
        user.ok(&["mkdir", directory]).unwrap();
        user.ok(&["store", &format!("{directory}/{name}"), "--text", "x"]).unwrap();
    }
    let file = component("compare").unwrap();
    let install = ["plugin", "install", "--yes", file.to_str().unwrap()];
    user.ok(&[&install[..], &["--bind", "left=notes", "--bind", "right=old"]].concat()).unwrap();
    user
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn denied(finished: &Finished, part: &str) {
    assert_eq!(finished.status, Some(3), "{finished:?}");
    assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
}

/// The number of the live grant that fills a slot.
fn grant(user: &Powerbox, holder: &str, slot: &str) -> String {
    let listed: Value = serde_json::from_str(&user.ok(&["grant", "list", "--json"]).unwrap()).unwrap();
    let found = listed.as_array().unwrap().iter().find(|one| one["holder"] == holder && one["slot"] == slot);
    found.unwrap_or_else(|| panic!("{holder} has no {slot}: {listed}"))["id"].to_string()
}

#[test]
fn a_grant_counts_over_processes_and_says_how_to_go_on() {
    let user = user();
    user.ok(&words("grant add compare left=notes --functions list --calls 2")).unwrap();
    for _ in 0..2 {
        user.ok(&["compare"]).unwrap();
    }
    let third = user.run(&["compare"]).unwrap();
    denied(&third, "`calls 2` is used up");
    assert!(
        third
            .stderr
            .contains("hint: the person can grant it anew with `powerbox grant add compare left=notes`")
    );
    // The way that was named works.
    user.ok(&words("grant add compare left=notes")).unwrap();
    user.ok(&["compare"]).unwrap();
}

#[test]
fn odd_caveats_are_a_matter_of_words() {
    let user = user();
    for odd in [
        "--calls 0",
        "--calls -1",
        "--rate 5",
        "--bytes 99999999999GiB",
        "--expires yesterday",
        "--path a//b",
    ] {
        let line = format!("grant add compare left=notes {odd}");
        let finished = user.run(&words(&line)).unwrap();
        assert_eq!(finished.status, Some(2), "{odd}: {finished:?}");
    }
    user.ok(&["compare"]).unwrap();
}

#[test]
fn revoking_takes_back_the_subtree_and_nothing_else() {
    let user = user();
    let parent = grant(&user, "plugin compare", "left");
    user.ok(&words(&format!("grant add compare right --parent {parent} --read-only"))).unwrap();
    user.ok(&["compare"]).unwrap();
    let wider = user.run(&words(&format!("grant narrow {parent} --calls 5"))).unwrap();
    assert_eq!(wider.status, Some(0), "{wider:?}");
    user.ok(&words(&format!("grant revoke {parent} --yes"))).unwrap();
    denied(&user.run(&["compare"]).unwrap(), "revoked");
    // Neither slot is left, and the names are where they were.
    let why: String = user.ok(&["why", "compare"]).unwrap();
    assert!(!why.contains("→ `notes`"), "{why}");
    assert_eq!(user.ok(&["list", "notes"]).unwrap(), "plan\n");
}

#[test]
fn a_guests_commands_have_the_guests_names_and_its_own_grants() {
    let user = user();
    user.ok(&words("mkguest scout-mail scout --introduce notes=papers")).unwrap();
    assert_eq!(user.ok(&words("list --as scout papers")).unwrap(), "plan\n");
    assert_eq!(
        user.run(&words("list --as scout notes")).unwrap().status,
        Some(1),
        "it has another name for it"
    );
    assert_eq!(user.run(&words("show --as scout old/ideas")).unwrap().status, Some(1));
    // What the person granted to the plugin is not the guest's.
    let unbound = user.run(&words("--as scout compare")).unwrap();
    assert!(unbound.stderr.contains("powerbox grant add compare left=NAME --as scout"), "{unbound:?}");
    user.ok(&["compare"]).unwrap();
    for slot in ["left=papers", "right=papers"] {
        user.ok(&["grant", "add", "compare", slot, "--as", "scout"]).unwrap();
    }
    assert!(user.ok(&words("--as scout compare --all")).unwrap().contains("both"));
    // Taking the agent's grant back ends all that is done in its name, and nothing of the person's.
    let agent = grant(&user, "agent scout", "@agent");
    user.ok(&["grant", "revoke", &agent, "--yes"]).unwrap();
    assert_ne!(user.run(&words("--as scout compare")).unwrap().status, Some(0));
    assert_ne!(user.run(&words("list --as scout")).unwrap().status, Some(0));
    user.ok(&["compare"]).unwrap();
}

#[test]
fn a_reference_for_others_allows_less_and_can_be_taken_back() {
    let user = user();
    user.ok(&words("attenuate notes --methods list,lookup --calls 4 --as shared")).unwrap();
    user.ok(&words("mkguest eve-mail eve --introduce shared")).unwrap();
    assert_eq!(user.ok(&words("list --as eve shared")).unwrap(), "plan\n");
    let refused = user.run(&words("mkdir --as eve shared/mine")).unwrap();
    denied(&refused, "allows list,lookup, not");
    // It outlives the daemon, and so does its end.
    user.ok(&["stop"]).unwrap();
    assert_eq!(user.ok(&words("list --as eve shared")).unwrap(), "plan\n");
    let reference = grant(&user, "reference shared", "shared");
    user.ok(&["grant", "revoke", &reference, "--yes"]).unwrap();
    assert!(user.run(&words("list --as eve shared")).unwrap().stderr.contains("revoked"));
    user.ok(&["stop"]).unwrap();
    assert!(user.run(&words("list --as eve shared")).unwrap().stderr.contains("revoked"));
    assert_eq!(user.ok(&["list", "notes"]).unwrap(), "plan\n", "the owner's own way is open");
}

#[test]
fn where_nobody_can_be_asked_the_call_is_refused_and_can_be_allowed_once() {
    let user = user();
    user.ok(&words("grant add compare left=notes --confirm")).unwrap();
    let refused = user.run(&["compare"]).unwrap();
    denied(&refused, "nobody to ask");
    let command = refused.stderr.split('`').find(|part| part.starts_with("powerbox grant allow")).unwrap();
    let allow = words(command.strip_prefix("powerbox ").unwrap());
    denied(&user.run(&allow).unwrap(), "no terminal to ask at");
    user.ok(&[&allow[..], &["--yes"]].concat()).unwrap();
    user.ok(&["compare"]).unwrap();
    denied(&user.run(&["compare"]).unwrap(), "nobody to ask");
}

#[test]
fn a_refusal_by_a_reference_is_a_denial_that_says_what_to_do() {
    let user = user();
    user.ok(&words("attenuate notes --methods list --calls 3 --as shared")).unwrap();
    let reference = grant(&user, "reference shared", "shared");
    let way_out = format!("hint: `powerbox grant show {reference}`");
    assert_eq!(user.ok(&words("list shared")).unwrap(), "plan\n");
    for line in ["show shared/plan", "remove shared/plan", "store shared/new --text x"] {
        let refused = user.run(&words(line)).unwrap();
        denied(&refused, "error: denied: ");
        assert!(refused.stderr.contains(&way_out), "{refused:?}");
        assert!(!refused.stderr.contains("Error:"), "{refused:?}");
    }
    // In JSON, for a guest, and by a slot of a plugin.
    let refused = user.run(&words("show shared/plan --json")).unwrap();
    denied(&refused, "\"kind\":\"denied\"");
    user.ok(&words("mkguest eve-mail eve --introduce shared")).unwrap();
    denied(&user.run(&words("show --as eve shared/plan")).unwrap(), &way_out);
    user.ok(&words("attenuate notes --methods lookup --as looked-up")).unwrap();
    user.ok(&words("grant add compare left=looked-up")).unwrap();
    denied(&user.run(&["compare"]).unwrap(), "the grant allows lookup, not list");
    // When its calls are used up, and when it is taken back.
    for _ in 0..2 {
        user.ok(&words("list shared")).unwrap();
    }
    denied(&user.run(&words("list shared")).unwrap(), "is used up");
    user.ok(&["grant", "revoke", &reference, "--yes"]).unwrap();
    denied(&user.run(&words("list shared")).unwrap(), "was revoked");
    // What is no refusal is none.
    assert_eq!(user.run(&words("show notes/nothing")).unwrap().status, Some(1));
}

#[test]
fn a_call_that_is_allowed_afterwards_is_shown_and_no_other_can_be() {
    let user = user();
    let storage = grant(&user, "plugin storage", "@named");
    user.ok(&["grant", "narrow", &storage, "--confirm"]).unwrap();
    let long = format!("{}, and this is the end", "x".repeat(1000));
    let store = ["store", "long", "--text", &long];
    let refused = user.run(&store).unwrap();
    denied(&refused, "nobody to ask");
    let command = refused.stderr.split('`').find(|part| part.starts_with("powerbox grant allow")).unwrap();
    let digest = command.split(' ').next_back().unwrap();
    // A digest that a plugin made up is of no call that was asked about.
    let unknown = user.run(&["grant", "allow", &storage, &"0".repeat(64), "--yes"]).unwrap();
    assert_eq!(unknown.status, Some(1), "{unknown:?}");
    assert!(unknown.stderr.contains("did not ask about a call with this digest"), "{unknown:?}");
    let other = grant(&user, "plugin compare", "left");
    assert_eq!(user.run(&["grant", "allow", &other, digest, "--yes"]).unwrap().status, Some(1));
    let allowed = user.run(&["grant", "allow", &storage, digest, "--yes"]).unwrap();
    assert_eq!(allowed.status, Some(0), "{allowed:?}");
    assert!(allowed.stderr.contains(&long) && allowed.stderr.contains("store-value"), "{allowed:?}");
    user.ok(&store).unwrap();
    denied(&user.run(&store).unwrap(), "nobody to ask");
}

#[test]
fn the_audit_has_it_all_in_a_chain_that_shows_changes() {
    let user = user();
    user.ok(&words("grant add compare left=notes --functions has")).unwrap();
    denied(&user.run(&["compare"]).unwrap(), "allows has");
    let refused = user.ok(&words("audit --json --denied --plugin compare")).unwrap();
    let record: Value = serde_json::from_str(refused.lines().next_back().unwrap()).unwrap();
    assert_eq!((&record["slot"], &record["decision"]), (&"left".into(), &"denied".into()));
    assert!(record["principal"].as_str().unwrap().starts_with("person > plugin compare > invocation"));
    let sound = user.run(&words("audit --verify")).unwrap();
    assert_eq!(sound.status, Some(0), "{sound:?}");

    let folder = user.path("state/powerbox/audit");
    let segment = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("denied", "wanted", 1)).unwrap();
    let changed = user.run(&words("audit --verify")).unwrap();
    assert_eq!(changed.status, Some(1), "{changed:?}");
    // Put back, it is sound again.
    std::fs::write(&segment, text).unwrap();
    assert_eq!(user.run(&words("audit --verify")).unwrap().status, Some(0));
}

#[test]
fn an_agent_keeps_what_is_its_own_under_a_new_name_and_a_new_one_of_the_old_name_has_nothing() {
    let user = user();
    user.ok(&words("mkguest scout-mail scout --introduce notes=papers")).unwrap();
    for slot in ["left=papers", "right=papers"] {
        user.ok(&["grant", "add", "compare", slot, "--as", "scout"]).unwrap();
    }
    user.ok(&words("--as scout compare --all")).unwrap();
    user.ok(&words("move scout old-scout")).unwrap();
    user.ok(&words("mkguest m2 scout --introduce notes=papers")).unwrap();
    let new = user.run(&words("--as scout compare")).unwrap();
    assert!(new.stderr.contains("powerbox grant add compare left=NAME --as scout"), "{new:?}");
    assert!(user.ok(&words("--as old-scout compare --all")).unwrap().contains("both"));
    // A second name is no second agent.
    user.ok(&words("copy old-scout again")).unwrap();
    assert!(user.ok(&words("--as again compare --all")).unwrap().contains("both"));
    user.ok(&words("remove again")).unwrap();

    // What people read has the name that there is.
    let listed = user.ok(&words("grant list")).unwrap();
    assert!(listed.contains("agent old-scout\n") && listed.contains("the agent `old-scout`"), "{listed}");
    let why = user.ok(&words("why compare")).unwrap();
    assert!(why.contains("when it acts for the agent old-scout\n"), "{why}");
    // The audit has the name of then, and finds it by the one of now.
    let told = user.ok(&words("audit --json --agent old-scout --plugin compare")).unwrap();
    let first: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(first["agent"], "scout");
    assert_eq!(first["agentKey"].as_str().unwrap().len(), 32);

    // Taken back, it stays so under every name.
    let agent = grant(&user, "agent old-scout", "@agent");
    user.ok(&["grant", "revoke", &agent, "--yes"]).unwrap();
    user.ok(&words("move old-scout third")).unwrap();
    assert_ne!(user.run(&words("--as third compare")).unwrap().status, Some(0));
    assert_eq!(
        user.run(&words("list --as scout papers")).unwrap().stdout,
        "plan\n",
        "the new one is another"
    );
}

#[test]
fn what_is_no_agent_is_not_run_for() {
    let user = user();
    user.ok(&words("mkguest scout-mail scout")).unwrap();
    for (name, status, said) in [
        ("notes", 1, "`notes` is a directory, not an agent"),
        ("scout-mail", 1, "`scout-mail` is a mail address, not an agent"),
        ("notes/plan", 1, "not an agent"),
        ("nobody", 1, "there is nothing named `nobody`"),
        ("a//b", 2, "empty name"),
    ] {
        // Neither by a command that uses names nor by one that does not.
        for command in [&["list", "--as", name][..], &["--as", name, "help"]] {
            let refused = user.run(command).unwrap();
            assert_eq!(refused.status, Some(status), "{name}: {refused:?}");
            assert!(refused.stderr.contains(said), "{name}: {refused:?}");
        }
    }
    user.ok(&words("list --as scout")).unwrap();
    user.ok(&words("--as scout help")).unwrap();
}

#[test]
fn what_a_plugin_stored_is_deleted_or_kept_as_the_person_says() {
    let user = Powerbox::embedded().unwrap();
    let file = component("keeper-v1").unwrap();
    let install = ["plugin", "install", file.to_str().unwrap(), "--yes"];
    user.ok(&install).unwrap();
    user.ok(&words("keep a mine")).unwrap();
    user.ok(&words("mkguest scout-mail scout")).unwrap();
    user.ok(&words("--as scout keep b theirs")).unwrap();

    // Where nobody can be asked, nothing goes.
    for command in ["plugin remove keeper", "--json plugin remove keeper"] {
        let refused = user.run(&words(command)).unwrap();
        denied(&refused, "--keep-data");
    }
    let refused = user.run(&words("plugin remove keeper")).unwrap();
    assert!(refused.stderr.contains("1 key (5 bytes) for you"), "{refused:?}");
    assert!(refused.stderr.contains("1 key (7 bytes) for the agent `scout`"), "{refused:?}");
    assert_eq!(user.ok(&words("kept a")).unwrap(), "mine\n");

    let kept = user.run(&words("plugin remove keeper --keep-data")).unwrap();
    assert!(kept.stderr.contains("what it stored is kept: 2 keys (12 bytes)"), "{kept:?}");
    // Nobody signed it, so that it could be anybody's: it begins with nothing until the person says something else.
    let again = user.run(&install).unwrap();
    assert!(again.stderr.contains("stored data under this name"), "{again:?}");
    assert_eq!(user.ok(&words("kept a")).unwrap(), "nothing\n");
    user.ok(&words("plugin remove keeper")).unwrap();
    user.ok(&[&install[..], &["--adopt-data"]].concat()).unwrap();
    assert_eq!(user.ok(&words("kept a")).unwrap(), "mine\n");
    assert_eq!(user.ok(&words("--as scout kept b")).unwrap(), "theirs\n");

    // What is kept of a plugin that is gone can be deleted, too.
    user.ok(&words("plugin remove keeper --keep-data")).unwrap();
    denied(&user.run(&words("plugin remove keeper")).unwrap(), "--yes");
    user.ok(&words("plugin remove keeper --yes")).unwrap();
    assert_eq!(user.run(&words("plugin remove keeper")).unwrap().status, Some(1));
    let again = user.run(&install).unwrap();
    assert!(!again.stderr.contains("stored data"), "{again:?}");
    user.ok(&words("keep a more")).unwrap();
    let deleted = user.run(&words("plugin remove keeper --yes")).unwrap();
    assert!(deleted.stderr.contains("what it stored is deleted: 1 key"), "{deleted:?}");
}

#[test]
fn at_a_terminal_the_person_is_asked_about_what_a_plugin_stored() {
    let user = Powerbox::embedded().unwrap();
    let file = component("keeper-v1").unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    user.ok(&words("keep a mine")).unwrap();
    let remove = words("plugin remove keeper");
    for (answer, status) in [("n\n", Some(1)), ("y\n", Some(0))] {
        let mut terminal = AtTerminal::start(&user.command(&remove).unwrap()).unwrap();
        terminal.wait_for("delete this? [y/N] ").unwrap();
        assert!(terminal.shown().contains("1 key (5 bytes) for you"), "{}", terminal.shown());
        terminal.type_in(answer).unwrap();
        let (ended, shown) = terminal.finish().unwrap();
        assert_eq!(ended, status, "{shown}");
    }
    assert_eq!(user.run(&words("kept a")).unwrap().status, Some(2), "there is no such command any more");
}
