//! One host for all front ends: limits count once, runs end with their clients, a killed host is started again, and a host
//! of another build or configuration is replaced.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod commands;
mod places;

use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::Running;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

const LIMIT: Duration = Duration::from_secs(60);

/// A user with a directory `box` and a plugin whose command `follow` goes on until it is ended.
fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    with_follower(&user);
    user
}

fn with_follower(user: &Powerbox) {
    user.ok(&["mkdir", "box"]).unwrap();
    let file = component("attacker").unwrap();
    let file = file.to_str().unwrap();
    user.ok(&["plugin", "install", file, "--yes", "--bind", "test:vault/vault@1.0.0=box"]).unwrap();
}

fn status(user: &Powerbox) -> Json {
    serde_json::from_str(&user.ok(&["status", "--json"]).unwrap()).unwrap()
}

fn process(user: &Powerbox) -> u64 {
    status(user)["process"].as_u64().unwrap()
}

/// Waits until so many commands are under way.
fn wait_for_runs(user: &Powerbox, runs: u64) {
    let enough = Instant::now() + LIMIT;
    while status(user)["runs"] != runs {
        assert!(Instant::now() < enough, "{runs} runs are never under way: {}", status(user));
    }
}

/// Follows `box`, and has begun to.
fn follow(user: &Powerbox, runs: u64) -> Running {
    let following = user.start(&["follow", "box"]).unwrap();
    wait_for_runs(user, runs);
    following
}

fn kill_host(user: &Powerbox) {
    let pid = Pid::from_raw(i32::try_from(process(user)).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

#[test]
fn limits_count_once_for_all_front_ends() {
    let user = user();
    let config = user.path("config/powerbox");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[plugin.attacker.limits]\nconcurrent = 3\n").unwrap();
    let mut all: Vec<_> = (0..8).map(|_| user.start(&["follow", "box"]).unwrap()).collect();
    // Five end by themselves.
    let enough = Instant::now() + LIMIT;
    let mut refused = Vec::new();
    while refused.len() < 5 {
        assert!(Instant::now() < enough, "only {} were refused", refused.len());
        let (ended, rest): (Vec<_>, _) = all
            .into_iter()
            .map(|mut run| (run.child().unwrap().try_wait().unwrap().is_some(), run))
            .partition(|(ended, _)| *ended);
        refused.extend(ended.into_iter().map(|(_, run)| run.finish(LIMIT).unwrap()));
        all = rest.into_iter().map(|(_, run)| run).collect();
    }
    for refused in &refused {
        assert!(
            refused.status == Some(1) && refused.stderr.contains("runs 3 commands at once"),
            "{refused:?}"
        );
    }
    wait_for_runs(&user, 3);
    // Somebody who leaves makes room for the next.
    all.pop().unwrap().signal(Signal::KILL).unwrap();
    wait_for_runs(&user, 2);
    drop(follow(&user, 3));
}

#[test]
fn what_a_client_runs_ends_when_it_is_killed() {
    let user = user();
    let following = follow(&user, 1);
    following.signal(Signal::KILL).unwrap();
    wait_for_runs(&user, 0);
    // The control: one that is not killed goes on.
    let _following = follow(&user, 1);
    user.ok(&["store", "box/x", "--text", "y"]).unwrap();
    assert_eq!(status(&user)["runs"], 1);
}

#[test]
fn a_killed_host_ends_calls_with_a_clear_error_and_is_started_by_the_next_use() {
    let user = user();
    let following = follow(&user, 1);
    let before = process(&user);
    kill_host(&user);
    let ended = following.finish(LIMIT).unwrap();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the host has gone") && ended.stderr.contains("hint:"), "{ended:?}");
    // Its socket and its locks are still there.
    assert!(user.path("run/powerbox/host.sock").exists());
    assert!(user.ok(&["list"]).unwrap().contains("box"));
    assert_ne!(process(&user), before);
}

#[test]
fn stopping_waits_for_what_runs_unless_it_shall_not() {
    let user = user();
    let mut following = follow(&user, 1);
    let mut stopping = Running::start(user.command(&["stop"]).unwrap().stderr(Stdio::piped())).unwrap();
    let mut said = [0; 24];
    stopping.child().unwrap().stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(std::str::from_utf8(&said).unwrap(), "waiting for one command;");
    // Nothing new is begun meanwhile, and what runs goes on.
    assert!(following.child().unwrap().try_wait().unwrap().is_none());
    user.ok(&["stop", "--now"]).unwrap();
    assert_eq!(stopping.finish(LIMIT).unwrap().status, Some(0));
    let ended = following.finish(LIMIT).unwrap();
    assert!(ended.status == Some(1) && ended.stderr.contains("the host has gone"), "{ended:?}");
    assert_eq!(user.run(&["status"]).unwrap().status, Some(4));
    // There is nothing to stop twice.
    assert_eq!(user.run(&["stop"]).unwrap().status, Some(0));
}

#[test]
fn a_host_of_another_build_is_replaced_once_it_has_finished_what_it_runs() {
    let user = user();
    let before = process(&user);
    // The same program, written at another time.
    let other = user.path("powerbox-of-another-build");
    std::fs::copy(powerbox_tests::program::built("powerbox").unwrap(), &other).unwrap();
    let list = || {
        let mut command = std::process::Command::new(&other);
        let like = user.command(&["list"]).unwrap();
        command
            .args(["list"])
            .env_clear()
            .envs(like.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::start(&mut command).unwrap()
    };
    let following = follow(&user, 1);
    let mut listing = list();
    // It waits: the old host finishes first.
    wait_for_runs(&user, 1);
    assert!(listing.child().unwrap().try_wait().unwrap().is_none());
    following.signal(Signal::KILL).unwrap();
    let listed = listing.finish(LIMIT).unwrap();
    assert!(listed.status == Some(0) && listed.stdout.contains("box"), "{listed:?}");
    // And back again.
    assert!(user.ok(&["list"]).unwrap().contains("box"));
    assert_ne!(process(&user), before);
}

#[test]
fn a_changed_configuration_holds_for_the_next_command() {
    let user = user();
    let before = process(&user);
    let config = user.path("config/powerbox");
    std::fs::create_dir_all(&config).unwrap();
    user.ok(&["list"]).unwrap();
    assert_eq!(process(&user), before, "the same configuration is the same host");
    std::fs::write(config.join("config.toml"), "[plugin.nobody.limits]\nconcurrent = 1\n").unwrap();
    let warned = user.run(&["list"]).unwrap();
    assert!(
        warned.status == Some(0) && warned.stderr.contains("limits of the plugin `nobody`"),
        "{warned:?}"
    );
    assert_ne!(process(&user), before);
    // It is told once.
    assert_eq!(user.run(&["list"]).unwrap().stderr, "");
    std::fs::write(config.join("config.toml"), "nonsense = 1\n").unwrap();
    let refused = user.run(&["list"]).unwrap();
    assert!(refused.status != Some(0) && refused.stderr.contains("config.toml"), "{refused:?}");
}

#[test]
fn many_clients_at_once_are_served() {
    let user = user();
    let all: Vec<_> = (0..200).map(|_| user.start(&["list"]).unwrap()).collect();
    for listing in all {
        let listed = listing.finish(LIMIT).unwrap();
        assert!(listed.status == Some(0) && listed.stdout.contains("box"), "{listed:?}");
    }
    wait_for_runs(&user, 0);
}

#[test]
fn those_who_start_it_at_once_start_one() {
    let user = Powerbox::embedded().unwrap();
    let all: Vec<_> = (0..8).map(|_| user.start(&["list"]).unwrap()).collect();
    for listing in all {
        let listed = listing.finish(LIMIT).unwrap();
        assert_eq!(listed.status, Some(0), "{listed:?}");
    }
}

#[test]
fn files_and_standard_input_are_opened_by_the_client_where_it_is() {
    let user = Powerbox::embedded().unwrap();
    // The host runs elsewhere.
    user.ok(&["up"]).unwrap();
    let folder = user.path("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(folder.join("file"), &bytes).unwrap();
    let mut command = user.command(&["store", "kept", "--file", "file"]).unwrap();
    let stored = Running::start(command.current_dir(&folder)).unwrap().finish(LIMIT).unwrap();
    assert_eq!(stored.status, Some(0), "{stored:?}");
    let kept = user.command(&["cat", "kept"]).unwrap().output().unwrap();
    assert!(kept.stdout == bytes);
    let piped = user.run_with(&["store", "piped", "--file", "-"], b"by standard input").unwrap();
    assert_eq!(piped.status, Some(0), "{piped:?}");
    assert_eq!(user.ok(&["cat", "piped"]).unwrap(), "by standard input");
    let missing = user.run(&["store", "no", "--file", "missing"]).unwrap();
    assert!(missing.status == Some(1) && missing.stderr.contains("cannot read `missing`"), "{missing:?}");
}

#[test]
fn the_value_of_an_option_is_no_option_of_the_programs() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "kept", "--text", "--as=nobody"]).unwrap();
    assert_eq!(user.ok(&["show", "kept"]).unwrap(), "--as=nobody\n");
    // The control: elsewhere it is.
    let refused = user.run(&["show", "kept", "--as=nobody"]).unwrap();
    assert!(refused.status != Some(0) && refused.stderr.contains("nobody"), "{refused:?}");
    let json = user.ok(&["show", "kept", "--json"]).unwrap();
    assert_eq!(json, "\"--as=nobody\"\n");
}
