//! What a person at a terminal and a script meet: help, exit statuses, the embedded daemon's life, the prompt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod hints;
mod stranger;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::Running;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

fn user() -> Powerbox {
    Powerbox::embedded().unwrap()
}

#[test]
fn the_programs_own_help() {
    insta::assert_snapshot!(user().ok(&["--help"]).unwrap());
}

#[test]
fn the_plugin_verbs_help() {
    insta::assert_snapshot!(user().ok(&["plugin", "install", "--help"]).unwrap());
}

#[test]
fn the_commands_help() {
    let user = user();
    let mut all = user.ok(&["help"]).unwrap();
    for command in ["list", "show", "cat", "store", "remove", "move", "copy", "mkdir", "help", "cancel"] {
        all += &format!("\n$ powerbox help {command}\n{}", user.ok(&["help", command]).unwrap());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn asking_a_command_for_help_explains_it() {
    let user = user();
    assert_eq!(user.ok(&["copy", "--help"]).unwrap(), user.ok(&["help", "copy"]).unwrap());
}

#[test]
fn inspecting_a_plugin_tells_what_it_imports_from_the_component_alone() {
    let user = user();
    let inspected = user.ok(&["plugin", "inspect", "storage"]).unwrap();
    let lines = inspected.lines().filter(|line| !line.starts_with("digest") && !line.starts_with("size"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));

    let mut json: Value =
        serde_json::from_str(&user.ok(&["plugin", "inspect", "storage", "--json"]).unwrap()).unwrap();
    let bytes = std::fs::read(component("storage").unwrap()).unwrap();
    assert_eq!(json["size"], bytes.len());
    let slots: Vec<_> =
        json["slots"].as_array().unwrap().iter().map(|slot| slot["slot"].as_str().unwrap()).collect();
    assert_eq!(slots, ["powerbox:plugin/output@0.1.0", "inventory"]);
    assert_eq!(json["commands"].as_array().unwrap().len(), 8);
    assert!(!user.path("run/powerbox/daemon.sock").exists(), "no daemon was needed");
    let file = component("storage").unwrap();
    let mut again: Value =
        serde_json::from_str(&user.ok(&["plugin", "inspect", file.to_str().unwrap(), "--json"]).unwrap())
            .unwrap();
    // Where it is from, and whether it was signed, is not said by the component.
    for inspected in [&mut json, &mut again] {
        inspected.as_object_mut().unwrap().retain(|key, _| key != "source" && key != "signature");
    }
    assert_eq!(again, json);
}

#[test]
fn words_that_make_no_sense_end_with_status_two() {
    let user = user();
    for (words, part) in [
        (&["bogus"][..], "no command `bogus`"),
        (&["lst"], "did you mean `list`"),
        (&["list", "--bogus"], "no option `--bogus`"),
        (&["copy", "a"], "needs TO"),
        (&["copy", "a", "b", "c"], "no further word"),
        (&["show", "../x"], "do not climb"),
        (&["store", "x", "--json", "{"], "must be JSON"),
        (&["--connect", "nowhere", "list"], "no address"),
        (&["plugin", "install"], "required"),
        (&["plugin", "bogus"], "bogus"),
    ] {
        let finished = user.run(words).unwrap();
        assert_eq!(finished.status, Some(2), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains(part), "{words:?}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{words:?}: {finished:?}");
    }
}

#[test]
fn without_a_daemon_the_status_is_four() {
    let user = Powerbox::connected("unix:/nonexistent/socket").unwrap();
    for words in [&["list"][..], &["status"], &["mkdir", "x"]] {
        let finished = user.run(words).unwrap();
        assert_eq!(finished.status, Some(4), "{words:?}: {finished:?}");
        assert!(
            finished.stderr.contains("hint:") || finished.stderr.contains("ENDO_SOCK"),
            "{words:?}: {finished:?}"
        );
    }
    // What needs no daemon works all the same.
    user.ok(&["help"]).unwrap();
    user.ok(&["plugin", "list"]).unwrap();
}

#[test]
fn the_embedded_daemon_starts_stops_and_keeps_what_it_holds() {
    let user = user();
    let before = user.run(&["status"]).unwrap();
    assert_eq!(before.status, Some(4), "{before:?}");
    user.ok(&["mkdir", "kept"]).unwrap();
    let status: Value = serde_json::from_str(&user.ok(&["status", "--json"]).unwrap()).unwrap();
    assert_eq!(status["running"], true);
    assert_eq!(status["dialect"], "embedded");
    user.ok(&["up"]).unwrap();
    user.ok(&["stop"]).unwrap();
    assert_eq!(user.run(&["status"]).unwrap().status, Some(4));
    user.ok(&["stop"]).unwrap();
    user.ok(&["up"]).unwrap();
    assert!(user.ok(&["list"]).unwrap().lines().any(|name| name == "kept"));
    let folder = std::fs::metadata(user.path("run/powerbox")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_daemon_that_was_killed_is_started_again_over_its_stale_socket() {
    let user = user();
    user.ok(&["store", "kept", "--text", "safe"]).unwrap();
    let lock = user.path("state/powerbox/daemon");
    let pid = std::fs::read_dir(lock)
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok())
        .find_map(|text| serde_json::from_str::<Value>(&text).ok()?["pid"].as_i64())
        .expect("the lock names the process");
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert!(user.path("run/powerbox/daemon.sock").exists());
    assert_eq!(user.ok(&["show", "kept"]).unwrap(), "safe\n");
}

#[test]
fn commands_that_start_the_daemon_at_once_share_one() {
    let user = user();
    let names: Vec<String> = (0..4).map(|n| format!("n{n}")).collect();
    let started: Vec<_> = names.iter().map(|name| user.start(&["mkdir", name]).unwrap()).collect();
    for running in started {
        let finished = running.finish(LIMIT).unwrap();
        assert_eq!(finished.status, Some(0), "{finished:?}");
    }
    let listed = user.ok(&["list"]).unwrap();
    assert!(names.iter().all(|name| listed.lines().any(|line| line == name)), "{listed}");
}

#[test]
fn endo_sock_names_the_daemon() {
    let user = user();
    user.ok(&["mkdir", "here"]).unwrap();
    let other = Powerbox::embedded().unwrap();
    let socket = user.path("run/powerbox/daemon.sock");
    let mut command = other.command(&["list"]).unwrap();
    let finished = Running::start(command.env("ENDO_SOCK", &socket)).unwrap().finish(LIMIT).unwrap();
    assert!(finished.stdout.lines().any(|name| name == "here"), "{finished:?}");
    // The option is stronger than the variable.
    let mut command = other.command(&["--connect", "unix:/nonexistent/socket", "list"]).unwrap();
    let finished = Running::start(command.env("ENDO_SOCK", &socket)).unwrap().finish(LIMIT).unwrap();
    assert_eq!(finished.status, Some(4), "{finished:?}");
}

#[test]
fn names_of_an_agent_are_used_where_it_is_named() {
    let user = user();
    user.ok(&["mkdir", "inner"]).unwrap();
    user.ok(&["mkdir", "inner/deep"]).unwrap();
    assert!(user.ok(&["--as", "@agent", "list"]).unwrap().contains("inner"));
    assert!(user.ok(&["list", "--as=@agent"]).unwrap().contains("inner"));
    let absent = user.run(&["--as", "nobody", "list"]).unwrap();
    assert_eq!(absent.status, Some(1), "{absent:?}");
    assert!(absent.stderr.contains("nobody"), "{absent:?}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let user = user();
    user.ok(&["store", "long", "--text", &"x".repeat(100_000)]).unwrap();
    let mut command = user.command(&["cat", "long"]).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let finished = Running::start(command.stdout(Stdio::from(writer))).unwrap().finish(LIMIT).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    assert_eq!(finished.stderr, "");
}

#[test]
fn what_a_terminal_could_take_for_commands_is_spelled_out() {
    let user = user();
    let name = "odd\u{1b}[31m\u{202e}name";
    user.ok(&["store", name, "--text", "\u{1b}]0;title\u{7}text"]).unwrap();
    let listed = user.ok(&["list"]).unwrap();
    assert!(listed.contains("odd\\u{1b}[31m\\u{202e}name"), "{listed:?}");
    assert!(!listed.contains('\u{1b}'), "{listed:?}");
    let shown = user.ok(&["show", name]).unwrap();
    assert!(!shown.contains('\u{1b}') && shown.contains("text"), "{shown:?}");
    let gone = user.run(&["remove", name]).unwrap();
    assert!(!gone.stderr.contains('\u{1b}') && !gone.stderr.contains('\u{202e}'), "{gone:?}");
}

#[test]
fn a_key_that_the_configuration_does_not_know_is_an_error() {
    let user = user();
    std::fs::create_dir_all(user.path("config/powerbox")).unwrap();
    let file = user.path("config/powerbox/config.toml");
    std::fs::write(&file, "[limits]\nmemory-mb = 5\n").unwrap();
    let refused = user.run(&["list"]).unwrap();
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("memory-mb") && refused.stderr.contains("config.toml"), "{refused:?}");
    std::fs::write(&file, "connect = \"unix:/nonexistent/socket\"\n[limits]\nmemory-mib = 32\n").unwrap();
    assert_eq!(user.run(&["list"]).unwrap().status, Some(4));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn lines_at_the_standard_input_are_run_one_by_one() {
    let user = user();
    let lines = "mkdir a\n\nstore 'a/b c' --text \"quo ted\"\nshow 'a/b c'\nbogus\nlist a\n";
    let finished = user.run_with::<&str>(&[], lines.as_bytes()).unwrap();
    assert_eq!(finished.stdout, "quo ted\nb c\n", "{finished:?}");
    assert!(finished.stderr.contains("no command `bogus`"), "{finished:?}");
    assert_eq!(finished.status, Some(0), "the last line's status: {finished:?}");
    let left = user.run_with::<&str>(&[], b"show absent\nexit\nlist\n").unwrap();
    assert_eq!((left.status, left.stdout.as_str()), (Some(1), ""), "{left:?}");
}

#[test]
fn every_crossing_is_recorded_with_its_principal_and_outcome() {
    let user = user();
    user.ok(&["mkdir", "a"]).unwrap();
    user.ok(&["list"]).unwrap();
    user.run(&["show", "absent"]).unwrap();
    let audit = user.ok(&["audit", "--json"]).unwrap();
    let records: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |function: &str| {
        let crossings = records.iter().filter(|record| record["kind"] == "crossing");
        let mut found = crossings
            .filter(|record| record["function"].as_str().is_some_and(|name| name.ends_with(function)));
        found.next().unwrap_or_else(|| panic!("{function} is not in {audit}"))
    };
    let made = of("make-directory");
    assert!(
        made["principal"].as_str().unwrap().starts_with("person > plugin storage > invocation "),
        "{made}"
    );
    assert!(made["slot"].as_str().unwrap().contains("`a`"), "{made}");
    assert_eq!((&made["decision"], &made["outcome"]), (&"allowed".into(), &"answered".into()));
    assert_eq!(of("list")["slot"], "inventory");
    assert!(of("lookup")["outcome"].as_str().unwrap().contains("absent"));
    let folder = user.path("state/powerbox/audit");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for segment in std::fs::read_dir(folder).unwrap() {
        assert_eq!(segment.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_prompt_outlives_its_daemon() {
    let user = user();
    let mut command = user.command::<&str>(&[]).unwrap();
    let mut prompt = Running::start(command.stdin(Stdio::piped())).unwrap();
    let child = prompt.child().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut list = || {
        stdin.write_all(b"list\n").unwrap();
        lines.by_ref().map(Result::unwrap).find(|line| line == "kept").unwrap();
    };
    user.ok(&["mkdir", "kept"]).unwrap();
    list();
    user.ok(&["stop"]).unwrap();
    // The next command finds the session gone, and starts the daemon again.
    list();
    drop(stdin);
    assert_eq!(prompt.finish(LIMIT).unwrap().status, Some(0));
}

#[test]
fn a_peer_that_is_no_daemon_is_said_to_be_none() {
    let user = user();
    let socket = user.path("tmp/silent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A frame that is no message.
        stream.write_all(b"5:hello,").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let refused = user.run(&["--connect", &format!("unix:{}", socket.display()), "list"]).unwrap();
    assert_eq!(refused.status, Some(4), "{refused:?}");
    peer.join().unwrap();
}
