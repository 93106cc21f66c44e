//! Commands that wait: for an object that never answers, or for the person's word.

use serde_json::{Value, json};

use crate::run;

/// The plugin `compare` over an object that answers so.
fn over(answers: &Value, more: &Value, steps: &Value) -> (bool, Vec<Value>) {
    let mut scenario = json!({
        "names": { "home": { "object": "Alleged: Directory", "answers": answers } },
        "bind": { "left": "home", "right": "home" },
        "step": steps,
    });
    scenario.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    run("compare", &scenario)
}

#[test]
fn a_command_that_waits_is_interrupted_and_the_next_one_runs() {
    let answers = json!([
        { "method": "list", "never": true, "times": 1 },
        { "method": "list", "returns": [] },
    ]);
    let steps = json!([
        { "run": "compare", "interrupt": true, "status": 130 },
        { "run": "compare", "output": "Both have the same names", "calls": ["left list", "right list"] },
    ]);
    let (passed, steps) = over(&answers, &json!({}), &steps);
    assert!(passed, "{steps:?}");
    assert_eq!(steps[0]["text"], "");

    // One that does not wait cannot be interrupted, and that is said.
    let answers = json!([{ "method": "list", "returns": [] }]);
    let (passed, steps) = over(&answers, &json!({}), &json!([{ "run": "compare", "interrupt": true }]));
    assert!(!passed);
    assert_eq!(steps[0]["mismatches"][0]["of"], "interrupt", "{steps:?}");
}

#[test]
fn a_command_that_never_ends_is_a_failure_and_no_hanging_test() {
    let answers = json!([{ "method": "list", "never": true }]);
    let patient = json!({ "patience": 1 });
    let (passed, steps) = over(&answers, &patient, &json!([{ "run": "compare" }]));
    assert!(!passed);
    assert_eq!(steps[0]["error"], "it did not end within 1 s");
    // Who waits for an object is not what a limit of processor time is for, but one of time is.
    let limited = json!({ "limits": { "wall-seconds": 1 } });
    let expected =
        json!([{ "run": "compare", "error": "the plugin did not finish within 1 s", "status": 1 }]);
    let (passed, steps) = over(&answers, &limited, &expected);
    assert!(passed, "{steps:?}");
}

#[test]
fn the_person_answers_as_the_scenario_says() {
    let scenario = |steps: Value| {
        json!({
            "names": { "one": {}, "two": {} },
            "bind": { "left": { "to": "one", "caveats": ["confirm"] }, "right": "two" },
            "confirm": "yes",
            "step": steps,
        })
    };
    let (passed, steps) = run(
        "compare",
        &scenario(json!([
            { "run": "compare", "output": "Both have the same names", "denied": [] },
            { "run": "compare", "confirm": "no", "error": "refused", "status": 3, "denied": ["left list"] },
            { "run": "compare", "confirm": "nobody", "error": "nobody to ask", "status": 3 },
        ])),
    );
    assert!(passed, "{steps:?}");
}
