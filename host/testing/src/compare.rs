use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::report::{Mismatch, StepReport};
use crate::scenario::Step;

/// Gives the content of the golden files that steps name.
pub type Golden<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Writes down how a step differs from what must come of it.
pub(crate) fn compare(
    report: &mut StepReport,
    expected: &Step,
    kept: Option<BTreeMap<String, String>>,
    golden: Golden<'_>,
) {
    let mut mismatches = Vec::new();
    let mut differ = |of, expected: String, found: String| mismatches.push(Mismatch { of, expected, found });
    let found = report.text.trim_end();
    match (&expected.error, &report.error) {
        (Some(part), Some(error)) if error.contains(part.as_str()) => {}
        (Some(part), error) => {
            differ("error", part.clone(), error.clone().unwrap_or_else(|| "none".to_owned()))
        }
        (None, Some(error)) => differ("error", "none".to_owned(), error.clone()),
        (None, None) => {}
    }
    if let Some(output) = &expected.output
        && output.trim_end() != found
    {
        differ("output", output.trim_end().to_owned(), found.to_owned());
    }
    if let Some(part) = &expected.output_contains
        && !found.contains(part.as_str())
    {
        differ("output", format!("… {part} …"), found.to_owned());
    }
    if let Some(json) = &expected.output_json
        && !same(json, &report.json)
    {
        differ("output-json", json.to_string(), report.json.to_string());
    }
    if let Some(name) = &expected.golden {
        match golden(name) {
            Some(text) if text.trim_end() == found => {}
            Some(text) => differ("golden", text.trim_end().to_owned(), found.to_owned()),
            None => differ(
                "golden",
                format!("the file {name}, which is not there; --update writes it"),
                found.to_owned(),
            ),
        }
    }
    if let Some(status) = expected.status
        && status != report.status
    {
        differ("status", status.to_string(), report.status.to_string());
    }
    for (of, wanted, found) in
        [("calls", &expected.calls, &report.calls), ("denied", &expected.denied, &report.denied)]
    {
        let Some(wanted) = wanted else { continue };
        let fits = |wanted: &String, found: &String| {
            wanted == found || found.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with(' '))
        };
        if wanted.len() != found.len() || !wanted.iter().zip(found).all(|(wanted, found)| fits(wanted, found))
        {
            differ(of, wanted.join("\n"), found.join("\n"));
        }
    }
    if let (Some(wanted), Some(found)) = (&expected.store, kept)
        && *wanted != found
    {
        let shown = |store: &BTreeMap<String, String>| {
            store.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("\n")
        };
        differ("store", shown(wanted), shown(&found));
    }
    report.mismatches.append(&mut mismatches);
}

/// Whether two JSON values are the same; numbers by their value, however they are written.
pub(crate) fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => one.as_f64() == two.as_f64(),
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, value)| two.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == two,
    }
}
