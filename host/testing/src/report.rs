use serde::Serialize;
use serde_json::Value as Json;

/// What came of a scenario.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its steps, as far as they were made.
    pub steps: Vec<StepReport>,
}

impl Report {
    /// Whether all is as it must be.
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.mismatches.is_empty())
    }
}

/// What came of a step.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// What was done.
    pub what: String,
    /// What was put out, as a terminal shows it.
    pub text: String,
    /// What was put out, as `--json` gives it.
    pub json: Json,
    /// The error that it ended in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The exit status that the program would end with.
    pub status: i32,
    /// The calls that were made, as slot, function and arguments.
    pub calls: Vec<String>,
    /// The calls that were refused.
    pub denied: Vec<String>,
    /// The rule by which each of them was refused, as the audit names it.
    pub rules: Vec<String>,
    /// How long it took, in microseconds.
    pub wall_micros: u64,
    /// Processor time, in microseconds.
    pub cpu_micros: u64,
    /// Linear memory at its largest, in bytes.
    pub memory: u64,
    /// The golden file that it is compared with, and what that must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden: Option<String>,
    /// How it differs from what must come of it; empty if it does not.
    pub mismatches: Vec<Mismatch>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Of what: `output`, `calls`, …
    pub of: &'static str,
    /// What must be.
    pub expected: String,
    /// What is.
    pub found: String,
}
