use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use powerbox_core::InvokeError;
use powerbox_core::local::Output;
use powerbox_core::text::{clean, clean_line};
use powerbox_files::read_regular_text;
use powerbox_testing::{Bench, Mismatch, Report, Scenario, ScenarioError, Show, Shown};
use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::build::{make, project};
use crate::app;
use crate::bundled;
use crate::config::Config;
use crate::exit::{self, Failure, Status};
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

/// Scenarios that run at the same time.
const AT_ONCE: usize = 4;

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
        compiler: app::compiler()?,
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
    let bench = Arc::new(bench);
    let mut runs = stream::iter(cases)
        .map(|case| {
            let bench = Arc::clone(&bench);
            async move {
                let run = tokio::spawn(async move { (case.run(&bench).await, case) }).await;
                run.map_err(|error| Failure::new(Status::Failed, format!("a scenario broke off: {error}")))
            }
        })
        .buffered(AT_ONCE);
    let (mut all, mut failed) = (Vec::new(), 0);
    while let Some(run) = runs.next().await {
        let (ran, case) = run?;
        let mut report = match ran {
            Ok(report) => report,
            // Whoever gave one scenario has nothing else to learn.
            Err(failure) if arguments.scenario.is_some() => return Err(failure),
            Err(failure) => {
                failed += 1;
                if !json {
                    println!("FAILED  {}", clean_line(&case.name));
                }
                exit::show(&failure, false);
                all.push(json!({ "scenario": case.name, "passed": false, "problem": failure.message }));
                continue;
            }
        };
        if arguments.update {
            update(&case, &mut report)?;
        }
        failed += usize::from(!report.is_good());
        if !json {
            show(&case, &report);
        }
        all.push(json!({ "scenario": case.name, "passed": report.is_good(), "report": report }));
    }
    if json {
        render::print_json(&json!({ "passed": failed == 0, "scenarios": all }))?;
    } else {
        println!("\n{} passed, {failed} failed", all.len() - failed);
    }
    Ok(if failed == 0 { Status::Done } else { Status::Failed })
}

/// The largest scenario, and the largest golden file, in bytes.
const MOST: u64 = 16 << 20;

/// A scenario, and where it is from.
struct Case {
    name: String,
    folder: PathBuf,
    scenario: Result<Scenario, ScenarioError>,
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
        let text = read_regular_text(path, MOST)
            .map_err(|error| Failure::new(Status::Failed, format!("{}: {error}", path.display())))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self { name, folder, scenario: Scenario::from_toml(&text) })
    }

    fn of_json(path: &Path) -> Result<Self, Failure> {
        let stdin = path == Path::new("-");
        let text =
            if stdin { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
        let text = text.map_err(|error| {
            Failure::new(Status::Failed, format!("the scenario in JSON cannot be read: {error}"))
        })?;
        let folder = path.parent().filter(|_| !stdin).unwrap_or(Path::new("."));
        let scenario = Scenario::from_json(&text);
        Ok(Self { name: "scenario".to_owned(), folder: folder.to_owned(), scenario })
    }

    async fn run(&self, bench: &Bench) -> Result<Report, Failure> {
        let failed = |reason: String| {
            Failure::new(Status::Failed, format!("the scenario {} cannot be run: {reason}", self.name))
        };
        let scenario = self.scenario.as_ref().map_err(|error| {
            let failure = failed(error.reason.clone());
            match &error.meant {
                Some(key) => failure.hinted(format!("did you mean `{key}`?")),
                None => failure,
            }
        })?;
        let golden = |name: &str| read_regular_text(&self.folder.join(name), MOST).ok();
        bench.run(scenario, &Terminal, &golden).await.map_err(|error| failed(error.to_string()))
    }
}

/// Writes the golden files of a scenario.
fn update(case: &Case, report: &mut Report) -> Result<(), Failure> {
    for step in &mut report.steps {
        let Some(name) = &step.golden else { continue };
        // What a step that failed put out is nothing to go by.
        if matches!(step.mismatches.as_slice(), [only] if only.of == "golden") {
            step.mismatches.clear();
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
