use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use powerbox_core::InvokeError;
use powerbox_core::local::Output;
use powerbox_core::text::{clean, clean_line};
use powerbox_testing::{Bench, Mismatch, Report, Scenario, Show, Shown};
use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::build::{make, project};
use crate::bundled;
use crate::config::Config;
use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::render;

/// What `plugin test` is told.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// The project's folder, or a component file
    #[arg(default_value = ".", value_name = "FOLDER")]
    place: PathBuf,
    /// Only scenarios whose file's name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write what is put out into the golden files, instead of comparing
    #[arg(long)]
    update: bool,
    /// A scenario in JSON, from a file or from standard input (-), instead of those in `tests`
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

/// Runs a plugin's scenarios.
pub(crate) async fn test(paths: &Paths, arguments: TestArguments, json: bool) -> Result<Status, Failure> {
    let (component, folder) = if arguments.place.is_file() {
        let folder = arguments.place.parent().unwrap_or(Path::new(".")).to_owned();
        (arguments.place.clone(), folder)
    } else {
        let project = project(&arguments.place)?;
        (make(&project, false).await?.component, project.folder.clone())
    };
    let bench = Bench {
        component,
        bundled: bundled::PLUGINS.to_vec(),
        cache: paths.cache.clone(),
        allowances: Config::limits,
    };
    let mut cases = match &arguments.scenario {
        Some(file) => vec![Case::of_json(file)?],
        None => Case::all(&folder.join("tests"))?,
    };
    if let Some(filter) = &arguments.filter {
        cases.retain(|case| case.name.contains(filter.as_str()));
    }
    if cases.is_empty() {
        return Err(Failure::new(Status::Failed, "there is no scenario to run")
            .hinted(format!("scenarios are files like {}", folder.join("tests/first.toml").display())));
    }
    let mut all = Vec::new();
    let mut good = true;
    for case in &cases {
        let golden = |name: &str| std::fs::read_to_string(case.folder.join(name)).ok();
        let report = bench.run(&case.scenario, &Terminal, &golden).await;
        let mut report = report.map_err(|error| {
            Failure::new(Status::Failed, format!("the scenario {} cannot be run: {error}", case.name))
        })?;
        if arguments.update {
            update(case, &mut report)?;
        }
        good &= report.is_good();
        if !json {
            show(case, &report);
        }
        all.push(json!({ "scenario": case.name, "passed": report.is_good(), "report": report }));
    }
    if json {
        render::print_json(&json!({ "passed": good, "scenarios": all }))?;
    } else {
        let failed = all.iter().filter(|one| one.get("passed") != Some(&Json::Bool(true))).count();
        println!("\n{} passed, {failed} failed", all.len() - failed);
    }
    Ok(if good { Status::Done } else { Status::Failed })
}

/// A scenario, and where it is from.
struct Case {
    name: String,
    folder: PathBuf,
    scenario: Scenario,
}

impl Case {
    fn all(folder: &Path) -> Result<Vec<Self>, Failure> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::new(Status::Failed, format!("{}: {error}", folder.display()))),
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut paths: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
        paths.sort();
        paths.iter().map(|path| Self::of_toml(path)).collect()
    }

    fn of_toml(path: &Path) -> Result<Self, Failure> {
        let broken = |reason: String| Failure::new(Status::Failed, format!("{}: {reason}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        let scenario = toml::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, folder: path.parent().unwrap_or(Path::new(".")).to_owned(), scenario })
    }

    fn of_json(path: &Path) -> Result<Self, Failure> {
        let broken = |reason: String| Failure::new(Status::Failed, format!("the scenario in JSON: {reason}"));
        let mut text = String::new();
        if path == Path::new("-") {
            std::io::stdin().read_to_string(&mut text).map_err(|error| broken(error.to_string()))?;
        } else {
            text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
        }
        let scenario = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let folder = path.parent().filter(|_| path != Path::new("-")).unwrap_or(Path::new("."));
        Ok(Self { name: "scenario".to_owned(), folder: folder.to_owned(), scenario })
    }
}

/// Writes the golden files of a scenario.
fn update(case: &Case, report: &mut Report) -> Result<(), Failure> {
    for step in &mut report.steps {
        let Some(name) = &step.golden else { continue };
        let before = step.mismatches.len();
        step.mismatches.retain(|mismatch| mismatch.of != "golden");
        if step.mismatches.len() < before {
            let path = case.folder.join(name);
            let text = format!("{}\n", step.text.trim_end());
            std::fs::write(&path, text)
                .map_err(|error| Failure::new(Status::Failed, format!("{}: {error}", path.display())))?;
            eprintln!("{} was written", path.display());
        }
    }
    Ok(())
}

/// What a person sees of a scenario.
fn show(case: &Case, report: &Report) {
    let mark = if report.is_good() { "ok    " } else { "FAILED" };
    println!("{mark}  {}", clean_line(&case.name));
    for step in report.steps.iter().filter(|step| !step.mismatches.is_empty()) {
        println!("        {}", clean_line(&step.what));
        for mismatch in &step.mismatches {
            difference(mismatch);
        }
    }
}

fn difference(mismatch: &Mismatch) {
    println!("          {} (- expected, + found)", mismatch.of);
    let (expected, found) = (format!("{}\n", mismatch.expected), format!("{}\n", mismatch.found));
    for change in TextDiff::from_lines(&expected, &found).iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        println!("          {mark} {}", clean(change.value().trim_end_matches('\n')));
    }
}

/// Shows as this program does.
struct Terminal;

impl Show for Terminal {
    fn text(&self, output: &Output) -> String {
        let mut text = Vec::new();
        // A vector takes all that is written.
        let _ = render::text(output, false, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn json(&self, output: &Output, last: bool) -> Option<Json> {
        render::json(output, last)
    }

    fn failure(&self, error: InvokeError) -> Shown {
        let failure = Failure::from(error);
        let hint = failure.hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        Shown { message: clean(&format!("{}{hint}", failure.message)), status: failure.status as i32 }
    }
}
