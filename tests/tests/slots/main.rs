//! Slots: two of one interface bound to two objects, one of an interface that the host has never seen bound to an
//! object made by JavaScript, and slots that are bound to nothing. Calls reach the object that the user bound.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use powerbox_tests::node::script;
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::{Home, Running};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// A JavaScript peer in the shape of a daemon, a user connected to it, and what its objects heard.
struct Peer {
    user: Powerbox,
    heard: Receiver<Value>,
    _station: Running,
    _home: Home,
}

impl Peer {
    fn new() -> Self {
        let home = Home::new().unwrap();
        let address = format!("unix:{}", home.path("station.sock").display());
        let mut command = script(&home, "station.mjs", &["listen", &address]).unwrap();
        let mut station = Running::start(command.stdin(Stdio::piped())).unwrap();
        let child = station.child().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "ready");
        std::thread::spawn(move || said.for_each(drop));
        let stdout = child.stdout.take().unwrap();
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let user = Powerbox::connected(&address).unwrap();
        Self { user, heard, _station: station, _home: home }
    }

    fn install(&self, bind: &[&str]) {
        let file = component("probe").unwrap();
        let mut words = vec!["plugin", "install", "--yes", file.to_str().unwrap()];
        for bind in bind {
            words.extend(["--bind", bind]);
        }
        self.user.ok(&words).unwrap();
        while self.heard.try_recv().is_ok() {}
    }

    /// Waits until one of the peer's objects hears of a method, and tells which object it was.
    fn who_hears(&self, method: &str) -> String {
        loop {
            let call = self.heard.recv_timeout(LIMIT).unwrap();
            if call["method"] == method {
                return call["object"].as_str().unwrap().to_owned();
            }
        }
    }
}

const ALL: &[&str] = &["home=home", "work=work", "demo:weather/station@1.0.0=observatory"];

#[test]
fn two_slots_of_one_interface_reach_two_directories() {
    let peer = Peer::new();
    peer.install(ALL);
    assert_eq!(peer.user.ok(&["home"]).unwrap(), "groceries\nstation\ntodo\n");
    assert_eq!(peer.who_hears("list"), "home");
    assert_eq!(peer.user.ok(&["work"]).unwrap(), "report\ntodo\n");
    assert_eq!(peer.who_hears("list"), "work");
    let both = peer.user.ok(&["both", "todo"]).unwrap();
    assert!(both.contains("home: #\"water the plants\""), "{both}");
    assert!(both.contains("work: #\"answer the mail\""), "{both}");
}

#[test]
fn an_interface_that_the_host_has_never_seen_reaches_a_javascript_object() {
    let peer = Peer::new();
    peer.install(ALL);
    let place = peer.user.ok(&["place"]).unwrap();
    assert!(place.contains("latitude: 52.5") && place.contains("height-in-meters: 34"), "{place}");
    assert!(place.contains("note: None"), "{place}");
    assert_eq!(peer.who_hears("whereIs"), "observatory");

    let observed = peer.user.ok(&["observe", "41"]).unwrap();
    for part in
        ["sequence: 42", "taken-at: -5", "PartlyCloudy", "Rain(0.5)", "bits: 2", "\"mast\", 4.25", "Some(-1)"]
    {
        assert!(observed.contains(part), "{part} is not in {observed}");
    }

    let echoed = peer.user.ok(&["echo"]).unwrap();
    for part in [
        "sequence: 255",
        &format!("taken-at: {}", i64::MIN),
        "PartlyCloudy",
        "Snow(",
        "bits: 3",
        "true é🐈 AH// -3 roof",
    ] {
        assert!(echoed.contains(part), "{part} is not in {echoed}");
    }

    let sensor = peer.user.ok(&["sensor", "roof"]).unwrap();
    assert!(sensor.contains("now: Ok(12.25)") && sensor.contains("last: Ok([12.25, 12.0])"), "{sensor}");
    let missing = peer.user.ok(&["sensor", "attic"]).unwrap();
    assert!(missing.contains("there is no sensor attic"), "{missing}");
    assert!(peer.user.ok(&["same", "roof", "roof"]).unwrap().contains("true"));
    assert!(peer.user.ok(&["same", "roof", "cellar"]).unwrap().contains("false"));
    let named = peer.user.run(&["station"]).unwrap();
    assert!(named.stderr.contains("observatory of the JavaScript peer"), "{named:?}");
}

#[test]
fn an_unknown_interface_must_be_bound_and_a_known_one_may_stay_unbound() {
    let peer = Peer::new();
    let file = component("probe").unwrap();
    let refused = peer.user.run(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("demo:weather/station@1.0.0"), "{refused:?}");

    peer.install(&["demo:weather/station@1.0.0=observatory", "work=work"]);
    let unbound = peer.user.run(&["home"]).unwrap();
    assert_eq!(unbound.status, Some(1), "{unbound:?}");
    assert!(unbound.stderr.contains("slot `home` is bound to nothing"), "{unbound:?}");
    // The positive control: the slot beside it is bound and works.
    peer.user.ok(&["work"]).unwrap();
}

#[test]
fn a_slot_keeps_to_its_object_when_the_name_moves() {
    let user = Powerbox::embedded().unwrap();
    let file = component("compare").unwrap();
    user.ok(&["mkdir", "a"]).unwrap();
    user.ok(&["mkdir", "b"]).unwrap();
    user.ok(&["store", "a/only-a", "--text", "1"]).unwrap();
    user.ok(&["store", "b/only-b", "--text", "1"]).unwrap();
    let install =
        ["plugin", "install", "--yes", file.to_str().unwrap(), "--bind", "left=a", "--bind", "right=b"];
    user.ok(&install).unwrap();
    let compared = |user: &Powerbox| -> Vec<Value> {
        serde_json::from_str(&user.ok(&["compare", "--json"]).unwrap()).unwrap()
    };
    let before = compared(&user);
    assert_eq!(before.len(), 2, "{before:?}");
    // The names go elsewhere; the slots do not.
    user.ok(&["move", "a", "c"]).unwrap();
    user.ok(&["mkdir", "a"]).unwrap();
    assert_eq!(compared(&user), before);
    user.ok(&["remove", "c/only-a"]).unwrap();
    assert_eq!(compared(&user).len(), 1);
}

#[test]
fn bindings_that_make_no_sense_change_nothing() {
    let user = Powerbox::embedded().unwrap();
    let file = component("compare").unwrap();
    let file = file.to_str().unwrap();
    for (bind, status, part) in [
        ("middle=a", 2, "no slot `middle`; it has left, right"),
        ("left=absent", 1, "nothing named `absent`"),
        ("left", 2, "left=notes"),
    ] {
        let refused = user.run(&["plugin", "install", "--yes", file, "--bind", bind]).unwrap();
        assert_eq!(refused.status, Some(status), "{bind}: {refused:?}");
        assert!(refused.stderr.contains(part), "{bind}: {refused:?}");
    }
    let listed = user.ok(&["plugin", "list", "--json"]).unwrap();
    assert!(!listed.contains("compare"), "{listed}");
}

#[test]
fn a_removed_plugin_is_gone_with_all_it_was_granted() {
    let user = Powerbox::embedded().unwrap();
    let file = component("compare").unwrap();
    user.ok(&[
        "plugin",
        "install",
        "--yes",
        file.to_str().unwrap(),
        "--bind",
        "left=@agent",
        "--bind",
        "right=@agent",
    ])
    .unwrap();
    user.ok(&["compare"]).unwrap();
    user.ok(&["plugin", "remove", "compare"]).unwrap();
    assert_eq!(user.run(&["compare"]).unwrap().status, Some(2));
    assert_eq!(user.run(&["plugin", "remove", "compare"]).unwrap().status, Some(1));
    assert_eq!(user.run(&["plugin", "remove", "storage"]).unwrap().status, Some(1), "bundled ones stay");
}

#[test]
fn a_method_that_the_parameter_does_not_declare_is_denied() {
    let user = Powerbox::embedded().unwrap();
    let file = component("probe").unwrap();
    let station = "demo:weather/station@1.0.0=@agent";
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap(), "--bind", station]).unwrap();
    let denied = user.run(&["call", "@agent", "list"]).unwrap();
    assert_eq!(denied.status, Some(3), "{denied:?}");
    assert!(denied.stderr.contains("the parameter allows describe, not list"), "{denied:?}");
    // The positive control: the declared method reaches the object, which happens to have none of that name.
    let reached = user.run(&["call", "@agent", "describe"]).unwrap();
    assert_eq!(reached.status, Some(1), "{reached:?}");
    assert!(reached.stderr.contains("has no method"), "{reached:?}");
}
