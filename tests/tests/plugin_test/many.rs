//! Several scenarios in a folder: one that is wrong hides no other.

use std::fs;

use powerbox_tests::powerbox::Powerbox;

use crate::{SCENARIO, folder, test};

const GOOD: &str = "
[names]
one = {}
two = {}
[bind]
left = \"one\"
right = \"two\"
[[step]]
run = \"compare\"
output = \"Both have the same names\"
";

#[test]
fn each_scenario_is_told_by_its_name_and_a_wrong_one_hides_no_other() {
    let powerbox = Powerbox::embedded().unwrap();
    let wrong = GOOD.replace("output =", "outptu =");
    let differs = GOOD.replace("the same", "other");
    let component = folder(
        &powerbox,
        &[
            ("a.toml", GOOD),
            ("b.toml", &wrong),
            ("c.toml", &differs),
            ("d.toml", GOOD),
            ("e.toml", "step = 1"),
        ],
    );
    let all = test(&powerbox, &component, &[]);
    assert_eq!(all.status, Some(1));
    insta::assert_snapshot!(format!("{}\n{}", all.stdout, all.stderr));
    let good = test(&powerbox, &component, &["--filter", "a"]);
    assert_eq!(good.status, Some(0), "{good:?}");
    assert_eq!(test(&powerbox, &component, &["--filter", "absent"]).status, Some(1));
    let json = test(&powerbox, &component, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let passed: Vec<_> = json["scenarios"].as_array().unwrap().iter().map(|one| &one["passed"]).collect();
    assert_eq!(passed, [true, false, false, true, false]);
    assert!(json["scenarios"][1]["problem"].as_str().unwrap().contains("outptu"), "{json}");
}

#[test]
fn what_a_failed_command_put_out_becomes_no_golden_file() {
    let powerbox = Powerbox::embedded().unwrap();
    let failing = SCENARIO.replace("run = \"compare\"", "run = \"compare nowhere\"");
    let component = folder(&powerbox, &[("first.toml", &failing)]);
    assert_eq!(test(&powerbox, &component, &["--update"]).status, Some(1));
    assert!(!component.parent().unwrap().join("tests/compare.txt").exists());
}

#[test]
fn a_golden_file_stands_beside_its_scenario() {
    let powerbox = Powerbox::embedded().unwrap();
    let target = powerbox.path("elsewhere");
    fs::write(&target, "kept").unwrap();
    for name in ["../../elsewhere", target.to_str().unwrap()] {
        let outside = SCENARIO.replace("compare.txt", name);
        let component = folder(&powerbox, &[("first.toml", &outside)]);
        let refused = test(&powerbox, &component, &["--update"]);
        assert_eq!(refused.status, Some(1));
        assert!(refused.stderr.contains("not beside the scenario"), "{refused:?}");
    }
    assert_eq!(fs::read_to_string(target).unwrap(), "kept");
}
