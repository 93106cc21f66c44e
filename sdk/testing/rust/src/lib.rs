//! Scenarios of a Powerbox plugin from `cargo test`: what there is, what is run, and what must come of it.
//!
//! ```no_run
//! use powerbox_sdk_testing::scenario;
//! use serde_json::json;
//!
//! let report = scenario("dist/count.wasm", &json!({
//!     "names": { "notes": { "todo": { "text": "dig" } } },
//!     "step": [{ "run": "count notes", "output": "1 name" }],
//! }));
//! report.assert_good();
//! ```
//!
//! The keys are those of the scenario files that `powerbox plugin test` runs, and so is all that happens: this crate only
//! calls that program, which is `powerbox` on the search path, or what the variable `POWERBOX` names. So it is quick to
//! build, and tests what users run.

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};

pub use serde_json;
use serde_json::Value;

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its steps, each with `text`, `json`, `error`, `status`, `calls`, `denied` and `mismatches`.
    pub steps: Vec<Value>,
}

impl Report {
    /// How what came of it differs from what must, a line each.
    pub fn mismatches(&self) -> Vec<String> {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let of_step = |step: &Value| {
            let all = step.get("mismatches").and_then(Value::as_array).cloned().unwrap_or_default();
            let what = text(step, "what");
            all.into_iter()
                .map(move |one| {
                    let (of, expected, found) =
                        (text(&one, "of"), text(&one, "expected"), text(&one, "found"));
                    format!("{what}: {of}: expected {expected}; found {found}")
                })
                .collect::<Vec<_>>()
        };
        self.steps.iter().flat_map(of_step).collect()
    }

    /// Fails the test if something is not as it must be.
    ///
    /// # Panics
    ///
    /// With all differences.
    #[track_caller]
    pub fn assert_good(&self) {
        let mismatches = self.mismatches();
        assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    }
}

/// Runs a scenario with a component, or with a project's folder, which is built first.
///
/// # Panics
///
/// If it cannot be run: the program is not there, or the scenario is wrong.
#[track_caller]
#[allow(clippy::panic, reason = "a test that cannot be run fails")]
pub fn scenario(component: impl AsRef<OsStr>, description: &Value) -> Report {
    match run(component.as_ref(), description) {
        Ok(report) => report,
        Err(reason) => panic!("the scenario was not run: {reason}"),
    }
}

fn run(component: &OsStr, description: &Value) -> Result<Report, String> {
    let program = env::var_os("POWERBOX").unwrap_or_else(|| "powerbox".into());
    let mut child = Command::new(&program)
        .args(["plugin", "test"])
        .arg(component)
        .args(["--scenario", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", program.to_string_lossy()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends before it has read everything says why itself.
        let _ = stdin.write_all(description.to_string().as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let steps = answer.pointer("/scenarios/0/report/steps").and_then(Value::as_array);
    Ok(Report { steps: steps.cloned().ok_or("the report has no steps")? })
}
