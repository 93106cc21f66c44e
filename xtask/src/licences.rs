//! Licences of all dependencies, checked without a network.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// Licences under which others may use, change and pass on the code as part of ours.
const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Fails with a list of all packages whose licence is not free enough, or unknown.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let output = workspace.cargo().args(["metadata", "--format-version", "1", "--locked"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            let licence = text("license").unwrap_or("no licence given");
            let named =
                || format!("{} {} ({licence})", text("name").unwrap_or("?"), text("version").unwrap_or("?"));
            (!is_free(licence)).then(named)
        })
        .collect();
    if refused.is_empty() {
        eprintln!("xtask: licences of {} packages are free", packages.len());
        return Ok(());
    }
    bail!(
        "these dependencies are not under a licence that xtask/src/licences.rs allows: {}",
        refused.join(", ")
    )
}

/// Judges an SPDX expression: every part joined by `AND` must be free, of parts joined by `OR` one. Old packages
/// write `/` for `OR`.
fn is_free(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    split(&expression, " AND ").iter().all(|all| {
        let all = all.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(all);
        split(all, " OR ").iter().any(|one| {
            let one = one.split_whitespace().collect::<Vec<_>>().join(" ");
            ALLOWED.contains(&one.as_str()) || (one.contains(['(', ' ']) && *all != one && is_free(&one))
        })
    })
}

/// Splits at a word that stands outside parentheses.
fn split<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0
                && index >= start
                && expression.get(index..).is_some_and(|rest| rest.starts_with(word)) =>
            {
                parts.extend(expression.get(start..index).map(str::trim));
                start = index + word.len();
            }
            _ => {}
        }
    }
    parts.extend(expression.get(start..).map(str::trim));
    parts
}

#[cfg(test)]
mod tests {
    use super::is_free;

    #[test]
    fn expressions_are_judged_by_their_parts() {
        for free in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "(Apache-2.0 OR MIT) AND BSD-3-Clause",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_free(free), "{free}");
        }
        for unfree in
            ["GPL-3.0-only", "MIT AND GPL-3.0-only", "no licence given", "(MIT OR ISC) AND LGPL-3.0", ""]
        {
            assert!(!is_free(unfree), "{unfree}");
        }
    }
}
