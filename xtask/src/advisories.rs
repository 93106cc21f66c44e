//! Known weaknesses of dependencies, checked without a network: against what the RustSec database knew when
//! `advisories.toml` was written.
//!
//! That file has an entry for each advisory on a package of `Cargo.lock`: its number, and which versions it is not about.
//! It is written anew from a checkout of the database with `cargo xtask advisories FOLDER`; a package that is new in
//! `Cargo.lock` since then is told of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use semver::{Version, VersionReq};
use toml::{Table, Value};

use crate::workspace::Workspace;

/// A package as it is locked.
type Locked = (String, Version);

/// One advisory, as far as it is needed here.
#[derive(Debug, PartialEq)]
struct Advisory {
    id: String,
    package: String,
    /// `unsound`, `unmaintained` or `notice`, if it is about no vulnerability.
    informational: Option<String>,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// Fails if a locked package has a known vulnerability, or is unsound. Tells of packages nobody looks after.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let locked = locked(workspace)?;
    let path = file(workspace);
    let known: Table = fs::read_to_string(&path)?.parse().with_context(|| path.display().to_string())?;
    let advisories = list(&known, "advisory")
        .map(|entry| Advisory::read(entry, entry))
        .collect::<Option<Vec<_>>>()
        .with_context(|| format!("{} has an entry that lacks something", path.display()))?;
    let looked_up: BTreeSet<&str> = known
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let new: BTreeSet<_> =
        locked.iter().map(|(name, _)| name.as_str()).filter(|name| !looked_up.contains(name)).collect();
    let (mut weak, mut told) = (Vec::new(), Vec::new());
    for (name, version) in &locked {
        for advisory in advisories.iter().filter(|advisory| advisory.package == *name) {
            if advisory.is_about(version)? {
                let line = format!("{name} {version} ({})", advisory.id);
                match advisory.informational.as_deref() {
                    None | Some("unsound") => weak.push(line),
                    Some(what) => told.push(format!("{line}: {what}")),
                }
            }
        }
    }
    for line in told {
        eprintln!("xtask: advisory: {line}");
    }
    if !weak.is_empty() {
        bail!("these dependencies have known weaknesses: {}", weak.join(", "));
    }
    let as_of = known.get("as-of").and_then(Value::as_str).unwrap_or("an unknown day");
    eprintln!("xtask: no known weakness of {} packages, as of {as_of}", locked.len());
    if !new.is_empty() {
        let names = new.into_iter().collect::<Vec<_>>().join(", ");
        eprintln!("xtask: nobody has looked for advisories on {names}; `cargo xtask advisories` does");
    }
    Ok(())
}

/// Writes the file anew from a checkout of the database.
pub(crate) fn write(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let [database, as_of] = arguments else {
        bail!("give the folder of a checkout of rustsec/advisory-db, and the day of its last commit");
    };
    let names: BTreeSet<_> = locked(workspace)?.into_iter().map(|(name, _)| name).collect();
    let mut advisories = Vec::new();
    for name in &names {
        let folder = Path::new(database).join("crates").join(name);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "md") {
                let text = fs::read_to_string(&path)?;
                advisories.extend(from_database(&text).with_context(|| path.display().to_string())?);
            }
        }
    }
    advisories.sort_by(|a, b| (&a.package, &a.id).cmp(&(&b.package, &b.id)));
    let texts = |texts: &[String]| Value::Array(texts.iter().cloned().map(Value::String).collect());
    let entries = advisories.iter().map(|advisory| {
        let mut entry = Table::new();
        entry.insert("id".into(), advisory.id.clone().into());
        entry.insert("package".into(), advisory.package.clone().into());
        if let Some(what) = &advisory.informational {
            entry.insert("informational".into(), what.clone().into());
        }
        entry.insert("patched".into(), texts(&advisory.patched));
        entry.insert("unaffected".into(), texts(&advisory.unaffected));
        Value::Table(entry)
    });
    let mut all = Table::new();
    all.insert("as-of".into(), as_of.clone().into());
    all.insert("packages".into(), texts(&names.into_iter().collect::<Vec<_>>()));
    all.insert("advisory".into(), Value::Array(entries.collect()));
    let head = "# Written by `cargo xtask advisories`, from the RustSec advisory database (CC0).\n";
    fs::write(file(workspace), format!("{head}{}", toml::to_string(&all)?))?;
    eprintln!("xtask: {} advisories", advisories.len());
    Ok(())
}

impl Advisory {
    /// Reads one from the table that names it and the one that has its versions; `None` if something is missing.
    fn read(about: &Table, versions: &Table) -> Option<Self> {
        let text = |key: &str| about.get(key).and_then(Value::as_str).map(str::to_owned);
        let ranges = |key: &str| -> Option<Vec<String>> {
            let Some(ranges) = versions.get(key) else { return Some(Vec::new()) };
            ranges.as_array()?.iter().map(|range| range.as_str().map(str::to_owned)).collect()
        };
        Some(Self {
            id: text("id")?,
            package: text("package")?,
            informational: text("informational"),
            patched: ranges("patched")?,
            unaffected: ranges("unaffected")?,
        })
    }

    fn is_about(&self, version: &Version) -> Result<bool> {
        for range in self.patched.iter().chain(&self.unaffected) {
            let range: VersionReq =
                range.parse().with_context(|| format!("{}: the range {range:?}", self.id))?;
            if range.matches(version) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Reads a file of the database: a table in front of a text. `None` if it was withdrawn.
fn from_database(text: &str) -> Result<Option<Advisory>> {
    let front = text.strip_prefix("```toml").and_then(|rest| rest.split_once("```"));
    let (front, _) = front.context("there is no table in front")?;
    let front: Table = front.parse()?;
    let table = |key: &str| front.get(key).and_then(Value::as_table);
    let about = table("advisory").context("there is no table `advisory`")?;
    if about.contains_key("withdrawn") {
        return Ok(None);
    }
    let empty = Table::new();
    let advisory = Advisory::read(about, table("versions").unwrap_or(&empty));
    advisory.map(Some).context("it lacks something")
}

fn list<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.root().join("xtask/advisories.toml")
}

/// The packages of others that are locked.
fn locked(workspace: &Workspace) -> Result<Vec<Locked>> {
    let lock: Table = fs::read_to_string(workspace.root().join("Cargo.lock"))?.parse()?;
    let packages = list(&lock, "package").filter(|package| package.contains_key("source"));
    packages
        .map(|package| {
            let text =
                |key: &str| package.get(key).and_then(Value::as_str).context("Cargo.lock lacks something");
            Ok((text("name")?.to_owned(), text("version")?.parse()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"x\"\n\n[versions]\n\
                        patched = [\">= 1.0.5, < 1.1.0\", \">= 1.1.2\"]\nunaffected = [\"< 1.0.0\"]\n```\n\n# A text\n";

    #[test]
    fn an_advisory_is_about_versions_that_are_neither_patched_nor_unaffected() {
        let advisory = from_database(TEXT).unwrap().unwrap();
        for (version, about) in
            [("0.9.0", false), ("1.0.0", true), ("1.0.5", false), ("1.1.1", true), ("2.0.0", false)]
        {
            assert_eq!(advisory.is_about(&version.parse().unwrap()).unwrap(), about, "{version}");
        }
    }

    #[test]
    fn what_was_withdrawn_is_no_advisory() {
        let withdrawn = TEXT.replace("package", "withdrawn = \"2026-01-01\"\npackage");
        assert_eq!(from_database(&withdrawn).unwrap(), None);
        assert!(from_database("# no table").is_err());
    }

    #[test]
    fn a_version_that_is_known_to_be_weak_is_found_in_the_file_that_is_kept() {
        let known: Table = include_str!("../advisories.toml").parse().unwrap();
        let all: Vec<_> =
            list(&known, "advisory").map(|entry| Advisory::read(entry, entry).unwrap()).collect();
        let found = |version: &str| {
            let version = version.parse().unwrap();
            all.iter().any(|one| one.package == "anyhow" && one.is_about(&version).unwrap())
        };
        assert!(found("1.0.99") && !found("1.0.103"));
    }

    #[test]
    fn without_versions_all_are_meant() {
        let text =
            "```toml\n[advisory]\nid = \"R\"\npackage = \"x\"\ninformational = \"unmaintained\"\n```\n";
        let advisory = from_database(text).unwrap().unwrap();
        assert!(advisory.is_about(&"1.0.0".parse().unwrap()).unwrap());
        assert_eq!(advisory.informational.as_deref(), Some("unmaintained"));
    }
}
