//! `plugin test`: scenarios from files, from JSON, and from the test runners of three languages. What a scenario shows
//! is what production does; and for each thing that one can demand, there is a scenario that demands it in vain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod many;
mod production;
mod waiting;

use std::fs;
use std::process::Command;

use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::{Finished, Running, built};
use serde_json::{Value, json};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// Runs a scenario with a component that the repository builds; gives whether it passed, and its steps.
fn run(name: &str, scenario: &Value) -> (bool, Vec<Value>) {
    let powerbox = Powerbox::embedded().unwrap();
    let component = component(name).unwrap();
    let file = powerbox.path("scenario.json");
    fs::write(&file, scenario.to_string()).unwrap();
    let words = ["plugin", "test", component.to_str().unwrap(), "--json", "--scenario"];
    let mut command = powerbox.command(&words).unwrap();
    // Compiled code is the same for all: it goes by the digest of the component.
    let cache = component.ancestors().nth(2).unwrap().join("tmp/powerbox-cache");
    command.arg(file).env("XDG_CACHE_HOME", cache);
    let finished = Running::start(&mut command).unwrap().finish(LIMIT).unwrap();
    let answer: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"));
    let passed = answer["passed"].as_bool().unwrap();
    assert_eq!(finished.status, Some(i32::from(!passed)), "{finished:?}");
    (passed, answer["scenarios"][0]["report"]["steps"].as_array().unwrap().clone())
}

fn compare(steps: Value) -> Value {
    json!({
        "names": {
            "one": { "plan": { "text": "dig" }, "todo": { "text": "sow" } },
            "two": { "plan": { "json": "{\"when\":\"spring\"}" } },
        },
        "bind": { "left": "one", "right": { "to": "two", "caveats": ["functions list", "calls 2"] } },
        "step": steps,
    })
}

#[test]
fn what_must_come_of_a_command_is_compared_and_a_difference_is_found() {
    let good = json!([
        { "run": "compare --all", "output-contains": "todo", "output-json": [
            { "name": "plan", "in": "both" }, { "name": "todo", "in": "left" }],
          "calls": ["left list", "right list"], "denied": [] },
        { "run": "compare nothing", "error": "nothing", "status": 1 },
    ]);
    let (passed, steps) = run("compare", &compare(good.clone()));
    assert!(passed, "{steps:?}");
    assert!(steps[0]["cpuMicros"].as_u64().unwrap() > 0 && steps[0]["memory"].as_u64().unwrap() > 0);
    // Each demand, wrong.
    for (key, wrong) in [
        ("output", json!("nothing")),
        ("output-contains", json!("absent")),
        ("output-json", json!([])),
        ("error", json!("it fails")),
        ("status", json!(3)),
        ("calls", json!(["left list"])),
        ("calls", json!(["right list", "left list"])),
        ("denied", json!(["left list"])),
    ] {
        let mut scenario = good.clone();
        scenario[0][key] = wrong;
        let (passed, steps) = run("compare", &compare(scenario));
        assert!(!passed, "{key}");
        assert_eq!(steps[0]["mismatches"].as_array().unwrap().len(), 1, "{key}: {steps:?}");
    }
    // An error that nobody expects.
    let (passed, _) = run("compare", &compare(json!([{ "run": "compare nothing" }])));
    assert!(!passed);
}

#[test]
fn grants_and_revocation_are_those_of_production() {
    let steps = json!([
        { "run": "compare", "output-contains": "todo" },
        { "run": "compare", "output-contains": "todo" },
        { "run": "compare", "error": "`calls 2` is used up", "status": 3, "denied": ["right list"] },
        { "revoke": "left" },
        { "run": "compare", "error": "revoked", "status": 3, "denied": ["left list"] },
    ]);
    let (passed, steps) = run("compare", &compare(steps));
    assert!(passed, "{steps:?}");
}

#[test]
fn scripted_objects_answer_as_they_are_told() {
    let scenario = |answers: Value, steps: Value| {
        json!({
            "names": { "home": { "object": "Alleged: Directory", "answers": answers } },
            "bind": { "left": "home", "right": "home" },
            "step": steps,
        })
    };
    let answers = json!([
        { "method": "list", "args": ["deep"], "throws": "too deep" },
        { "method": "list", "returns": ["a"], "times": 1 },
        { "method": "list", "returns": ["b"] },
    ]);
    let steps = json!([
        { "run": "compare", "output-json": [{ "name": "a", "in": "left" }, { "name": "b", "in": "right" }] },
        { "run": "compare deep", "error": "too deep" },
    ]);
    let (passed, steps) = run("compare", &scenario(answers, steps));
    assert!(passed, "{steps:?}");
}

#[test]
fn the_hosts_own_powers_are_scripted_too() {
    let scenario = |expected: Value| {
        json!({
            "bind": { "http": "https://example.org" },
            "web": [{ "url": "https://example.org/a", "body": "hello" }],
            "store": { "a": "one" },
            "clock": 1234,
            "seed": 7,
            "step": [
                { "run": "kept a", "output": "one" },
                { "run": "keep b two", "store": expected },
                { "run": "time", "output": "1234" },
                { "run": "fetch /a", "output": "200 hello" },
                { "run": "fetch /b", "error": "no page" },
                { "run": "dice 4" },
            ],
        })
    };
    let (passed, steps) = run("keeper-v1", &scenario(json!({ "a": "one", "b": "two" })));
    assert!(passed, "{steps:?}");
    let (_, again) = run("keeper-v1", &scenario(json!({ "a": "one", "b": "two" })));
    assert_eq!(steps[5]["text"], again[5]["text"]);
    let (passed, _) = run("keeper-v1", &scenario(json!({ "a": "one" })));
    assert!(!passed);
}

#[test]
fn limits_hold_and_a_plugin_acts_for_a_guest_with_his_names() {
    let limited = json!({ "limits": { "calls": 1 }, "store": { "a": "x" },
        "step": [{ "run": "keep b two", "error": "calls" }] });
    let (passed, steps) = run("keeper-v1", &limited);
    assert!(!passed, "one call is allowed: {steps:?}");
    let odd = json!({ "limits": { "calls": 0 }, "step": [{ "run": "keys" }] });
    let powerbox = Powerbox::embedded().unwrap();
    let component = component("keeper-v1").unwrap();
    let words = ["plugin", "test", component.to_str().unwrap(), "--scenario", "-"];
    let finished = powerbox.run_with(&words, odd.to_string().as_bytes()).unwrap();
    assert_eq!(finished.status, Some(1));
    assert!(finished.stderr.contains("limits.calls"), "{finished:?}");
    let guests = json!({ "guests": { "scout": [] }, "step": [
        { "run": "keep a mine" },
        { "run": "kept a", "as": "scout", "output": "nothing" },
        { "run": "kept a", "output": "mine" },
    ] });
    let (passed, steps) = run("keeper-v1", &guests);
    assert!(passed, "{steps:?}");
}

/// A folder with the component `compare` and these scenarios.
fn folder(powerbox: &Powerbox, scenarios: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = powerbox.path("plugin");
    fs::create_dir_all(folder.join("tests")).unwrap();
    fs::copy(component("compare").unwrap(), folder.join("compare.wasm")).unwrap();
    for (name, text) in scenarios {
        fs::write(folder.join("tests").join(name), text).unwrap();
    }
    folder.join("compare.wasm")
}

fn test(powerbox: &Powerbox, component: &std::path::Path, more: &[&str]) -> Finished {
    let mut words = vec!["plugin", "test", component.to_str().unwrap()];
    words.extend(more);
    powerbox.run(&words).unwrap()
}

const SCENARIO: &str = "
[names.one]
plan = { text = \"dig\" }
[names.two]
todo = { text = \"sow\" }
[bind]
left = \"one\"
right = \"two\"
[[step]]
run = \"compare\"
golden = \"compare.txt\"
";

#[test]
fn a_golden_file_is_written_when_that_is_wanted_and_compared_else() {
    let powerbox = Powerbox::embedded().unwrap();
    let component = folder(&powerbox, &[("first.toml", SCENARIO)]);
    let missing = test(&powerbox, &component, &[]);
    assert_eq!(missing.status, Some(1));
    assert!(missing.stdout.contains("--update writes it"), "{missing:?}");
    let written = test(&powerbox, &component, &["--update"]);
    assert_eq!(written.status, Some(0), "{written:?}");
    assert_eq!(test(&powerbox, &component, &[]).status, Some(0));
    let golden = component.parent().unwrap().join("tests/compare.txt");
    fs::write(&golden, fs::read_to_string(&golden).unwrap().replace("todo", "tudo")).unwrap();
    let differs = test(&powerbox, &component, &[]);
    assert_eq!(differs.status, Some(1));
    insta::assert_snapshot!(differs.stdout);
}

#[test]
fn what_is_no_scenario_is_an_error_and_no_success() {
    let powerbox = Powerbox::embedded().unwrap();
    let component = folder(&powerbox, &[]);
    let none = test(&powerbox, &component, &[]);
    assert_eq!(none.status, Some(1));
    assert!(none.stderr.contains("no scenario"), "{none:?}");
    for (text, part) in [
        ("[[step]]\nrun = \"compare\"\noutptu = \"x\"\n", "outptu"),
        ("nmaes = 1\n", "nmaes"),
        ("[names]\n", "no steps"),
        ("[[step]]\n", "either"),
        ("[bind]\nmiddle = \"x\"\n[[step]]\nrun = \"compare\"\n", "no slot `middle`"),
    ] {
        let component = folder(&powerbox, &[("wrong.toml", text)]);
        let wrong = test(&powerbox, &component, &[]);
        assert_eq!(wrong.status, Some(1), "{text}");
        assert!(wrong.stderr.contains(part), "{text}: {wrong:?}");
    }
}

#[test]
fn cargo_test_runs_scenarios_through_the_sdk() {
    // The program is found by a variable, which no other test of this process uses.
    let scenario =
        compare(json!([{ "run": "compare", "output": "x" }, { "run": "compare --all", "status": 0 }]));
    // SAFETY: nothing else in this process reads or sets variables while this runs alone in its process, as nextest
    // and the order below see to.
    unsafe { std::env::set_var("POWERBOX", built("powerbox").unwrap()) };
    let report = powerbox_sdk_testing::scenario(component("compare").unwrap(), &scenario);
    let mismatches = report.mismatches();
    assert!(mismatches.len() == 1 && mismatches[0].contains("output: expected x"), "{mismatches:?}");
}

/// Runs another language's tests of the component `compare`, one of which must fail.
fn foreign(program: &str, arguments: &[&str], file: &str, source: &str) -> Finished {
    let powerbox = Powerbox::embedded().unwrap();
    let component = folder(&powerbox, &[(file, source)]);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/testing");
    for (from, name) in [("node", "powerbox-testing.mjs"), ("python", "powerbox_testing.py")] {
        fs::copy(root.join(from).join(name), component.parent().unwrap().join("tests").join(name)).unwrap();
    }
    let mut command = Command::new(program);
    command.args(arguments).current_dir(component.parent().unwrap().join("tests"));
    command.env("POWERBOX", built("powerbox").unwrap()).env("COMPONENT", &component);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Running::start(&mut command).unwrap().finish(LIMIT).unwrap()
}

#[test]
fn nodes_test_runner_runs_scenarios() {
    let source = "
import { test } from 'node:test';
import { scenario } from './powerbox-testing.mjs';
const described = (step) => ({ names: { one: {}, two: {} }, bind: { left: 'one', right: 'two' }, step: [step] });
test('good', async () => {
  (await scenario(process.env.COMPONENT, described({ run: 'compare', output: 'Both have the same names' }))).assertGood();
});
test('bad', async () => {
  (await scenario(process.env.COMPONENT, described({ run: 'compare', output: 'x' }))).assertGood();
});
test('wrong', async () => {
  await scenario(process.env.COMPONENT, { nmaes: {} });
});
";
    let finished =
        foreign("node", &["--test", "--test-reporter=tap", "count.test.mjs"], "count.test.mjs", source);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    for part in ["# pass 1", "# fail 2", "output: expected x", "nmaes"] {
        assert!(finished.stdout.contains(part), "{part}: {finished:?}");
    }
}

#[test]
fn pythons_test_runner_runs_scenarios() {
    let source = "
import os, unittest
from powerbox_testing import scenario
def described(step):
    return {'names': {'one': {}, 'two': {}}, 'bind': {'left': 'one', 'right': 'two'}, 'step': [step]}
class Compare(unittest.TestCase):
    def test_good(self):
        scenario(os.environ['COMPONENT'], described({'run': 'compare', 'output': 'Both have the same names'})).assert_good()
    def test_bad(self):
        scenario(os.environ['COMPONENT'], described({'run': 'compare', 'output': 'x'})).assert_good()
    def test_wrong(self):
        scenario(os.environ['COMPONENT'], {'nmaes': {}})
";
    let finished = foreign("python3", &["-m", "unittest", "test_compare"], "test_compare.py", source);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    for part in ["Ran 3 tests", "failures=1, errors=1", "output: expected x", "nmaes"] {
        assert!(finished.stderr.contains(part), "{part}: {finished:?}");
    }
}
