//! What a scenario shows is what production does: the same refusal, in the same words, by the same rule on record.

use powerbox_tests::world::World;
use serde_json::json;

use crate::run;

/// How a plugin that lists `left` and then `right` fares the second time it runs: the error, and the calls that were
/// refused, with their rules.
type Fate = (Option<String>, Vec<(String, String)>);

async fn in_production(caveats: &[&str]) -> Fate {
    let world = World::new().await.unwrap();
    for line in ["mkdir one", "mkdir two", "store one/plan --text dig"] {
        world.run(line).await.unwrap();
    }
    world.install("compare", &[("left", "one"), ("right", "two")]).await.unwrap();
    world.narrow("compare", "left", caveats).unwrap();
    let _ = world.run("compare").await;
    let before = world.denials().unwrap().len();
    let error = world.run("compare").await.err().map(|error| error.to_string());
    let refused = world.denials().unwrap().into_iter().skip(before);
    let refused = refused.map(|crossing| (crossing.function, crossing.outcome)).collect();
    world.close().await.unwrap();
    (error, refused)
}

fn on_the_bench(caveats: &[&str]) -> Fate {
    let (_, steps) = run(
        "compare",
        &json!({
            "names": { "one": { "plan": { "text": "dig" } }, "two": {} },
            "bind": { "left": { "to": "one", "caveats": caveats }, "right": "two" },
            "step": [{ "run": "compare" }, { "run": "compare" }],
        }),
    );
    let texts = |key: &str| -> Vec<String> {
        steps[1][key].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let function = |call: String| call.split(' ').nth(1).unwrap().to_owned();
    let refused = texts("denied").into_iter().map(function).zip(texts("rules")).collect();
    // The way out is the program's, not the rule's.
    let error = steps[1]["error"].as_str().map(|error| error.split("\nhint: ").next().unwrap().to_owned());
    (error, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_on_the_bench_is_the_one_of_production() {
    for caveats in [["functions identify"], ["calls 1"], ["confirm"], ["rate 1/1h"]] {
        let (error, refused) = in_production(&caveats).await;
        // The program says that it is a denial; the host's own error says only why.
        let error = error.unwrap();
        let (shown, recorded) = on_the_bench(&caveats);
        let shown = shown.unwrap();
        assert!(shown.contains(&error) || error.contains(&shown), "{caveats:?}: {shown} / {error}");
        assert_eq!(refused.len(), 1, "{caveats:?}");
        assert_eq!(recorded, refused, "{caveats:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_in_production_is_allowed_on_the_bench() {
    let allowed = ["functions list", "calls 9"];
    assert_eq!(in_production(&allowed).await, (None, vec![]));
    assert_eq!(on_the_bench(&allowed), (None, vec![]));
}

#[test]
fn calls_to_what_the_command_named_are_told_by_its_name() {
    let scenario = |calls: &str| {
        json!({
            "names": { "one": { "a": { "text": "x" } } },
            "step": [
                { "run": "erase one", "output": "erased", "calls": [calls], "denied": [] },
                { "run": "erase one", "error": "nothing named `one`" },
            ],
        })
    };
    let (passed, steps) = run("hostile", &scenario("`one` remove"));
    assert!(passed, "{steps:?}");
    for wrong in ["`two` remove", "one remove", "`one` lookup", "`one` rem"] {
        assert!(!run("hostile", &scenario(wrong)).0, "{wrong}");
    }
}

#[test]
fn what_comes_with_the_program_can_be_tested_too() {
    let scenario = |output: &str| {
        json!({
            "names": { "notes": { "plan": { "text": "dig" } } },
            "step": [
                { "run": "list", "output-contains": "notes", "calls": ["inventory list"] },
                { "run": "list notes", "output": output, "calls": ["`notes` list"] },
            ],
        })
    };
    let (passed, steps) = run("storage", &scenario("plan"));
    assert!(passed, "{steps:?}");
    assert!(!run("storage", &scenario("plot")).0);
}

#[test]
fn a_plugin_has_for_a_guest_what_the_guest_was_given() {
    let scenario = |bind: serde_json::Value, expected: serde_json::Value| {
        json!({
            "names": { "one": { "plan": { "text": "dig" } }, "two": {} },
            "guests": { "scout": { "names": ["one", "two"], "bind": bind } },
            "bind": { "left": "two", "right": "two" },
            "step": [
                { "run": "compare", "output": "Both have the same names" },
                expected,
                { "revoke": "left", "as": "scout" },
                { "run": "compare", "as": "scout", "error": "revoked", "status": 3 },
                { "run": "compare", "output": "Both have the same names" },
            ],
        })
    };
    let bound = json!({ "left": "one", "right": { "to": "two", "caveats": ["calls 1"] } });
    let expected = json!({ "run": "compare", "as": "scout", "output-contains": "plan",
        "calls": ["left list", "right list"] });
    let (passed, steps) = run("compare", &scenario(bound, expected));
    assert!(passed, "{steps:?}");
    let narrow = json!({ "left": { "to": "one", "caveats": ["functions identify"] }, "right": "two" });
    let expected = json!({ "run": "compare", "as": "scout", "status": 3, "denied": ["left list"],
        "error": "not list" });
    let (passed, steps) = run("compare", &scenario(narrow, expected));
    assert!(passed, "{steps:?}");
}

#[test]
fn a_limit_holds_on_the_bench_and_what_keeps_to_it_runs() {
    let calls = |calls: u32, expected: serde_json::Value| {
        let scenario = json!({
            "names": { "one": {}, "two": {} },
            "bind": { "left": "one", "right": "two" },
            "limits": { "calls": calls },
            "step": [expected],
        });
        run("compare", &scenario)
    };
    let (passed, steps) = calls(1, json!({ "run": "compare", "error": "1 calls", "status": 1 }));
    assert!(passed, "{steps:?}");
    let (passed, steps) = calls(9, json!({ "run": "compare", "output": "Both have the same names" }));
    assert!(passed, "{steps:?}");
}
