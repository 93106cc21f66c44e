use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use powerbox_builder::{BuildError, Built, Project};
use powerbox_core::text::{clean, clean_line};
use powerbox_core::{Line, Run};
use serde_json::{Value as Json, json};

use super::stay::Taken;
use crate::ask;
use crate::author::build::size;
use crate::exit::Failure;
use crate::render::spelled;

/// What stands before lines that belong to the one above.
const MORE: &str = "          ";

/// What the author sees: a line for each thing that happens, and on a terminal one below them that tells how things
/// stand.
pub(super) struct View {
    json: bool,
    status: Option<ProgressBar>,
    name: String,
    live: String,
    runs: usize,
}

impl View {
    pub(super) fn new(json: bool, project: &Project) -> Self {
        let terminal = !json && std::io::stderr().is_terminal();
        let status = terminal.then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            let bar = ProgressBar::new_spinner();
            let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let name = project.component.clone();
        let view = Self { json, status, name, live: "nothing is live yet".to_owned(), runs: 0 };
        let version = project.about.version.as_deref().unwrap_or("without version");
        let folder = project.folder.display().to_string();
        view.say(&clean_line(&format!("{} {version} · {} · {folder}", view.name, project.language)));
        view.tell(json!({
            "event": "began", "component": view.name, "language": project.language, "folder": folder,
        }));
        view
    }

    pub(super) fn is_coloured(&self) -> bool {
        self.status.is_some()
    }

    pub(super) fn building(&self) {
        self.stand("building");
    }

    /// A component was built, and this came of it.
    pub(super) fn taken(&mut self, built: &Built, taken: &Taken, saved: Instant) {
        let digest: String = built.digest.chars().take(12).collect();
        let (build, bytes) = (millis(built.took), size(built.size));
        match taken {
            Taken::Same => self.line(&format!("built in {build}; it is the same as before")),
            Taken::Live { difference, took } => {
                self.live = format!("sha256:{digest} is live since {}, {bytes}", clock());
                self.line(&format!(
                    "built in {build}, swapped in {}: sha256:{digest}, {bytes}",
                    millis(*took)
                ));
                for line in difference.iter().flat_map(|difference| difference.lines()) {
                    self.more(&line);
                }
            }
            Taken::Held(wants) => {
                self.line(&format!("built in {build}; it is held, and the old version stays"));
                wants.iter().for_each(|want| self.more(&format!("it wants {}", clean_line(want))));
            }
            Taken::Broken(reason) => {
                self.line(&format!("built in {build}, but the host does not take it; what is live stays"));
                self.more(&clean_line(reason));
            }
            Taken::Refused => self.line("nothing was installed"),
        }
        self.stand("watching");
        let (what, more) = match taken {
            Taken::Same => ("same", Json::Null),
            Taken::Live { difference, took } => {
                let lines = difference.as_ref().map(|difference| difference.lines());
                ("live", json!({ "swapMillis": took.as_secs_f64() * 1e3, "difference": lines }))
            }
            Taken::Held(wants) => ("held", json!({ "wants": wants })),
            Taken::Broken(reason) => ("refused", json!({ "reason": reason })),
            Taken::Refused => ("unwanted", Json::Null),
        };
        self.tell(json!({
            "event": what, "digest": built.digest, "size": built.size, "more": more,
            "buildMillis": built.took.as_secs_f64() * 1e3, "sinceSavedMillis": saved.elapsed().as_secs_f64() * 1e3,
        }));
    }

    /// A build failed.
    pub(super) fn failed(&self, error: &BuildError, something_is_live: bool) {
        self.line(&format!("{}{}", error, if something_is_live { "; the old version stays" } else { "" }));
        if let BuildError::Tool { said, .. } = error {
            self.say(said.trim_end());
        }
        self.stand("watching");
        let said = if let BuildError::Tool { said, .. } = error { said.as_str() } else { "" };
        self.tell(json!({ "event": "failed", "reason": error.to_string(), "said": said }));
    }

    /// A command of the plugin has run, here or in another process.
    pub(super) fn ran(&mut self, run: &Run) {
        self.runs += 1;
        let outcome = run
            .failure
            .as_deref()
            .map_or_else(|| "ok".to_owned(), |said| format!("failed: {}", clean_line(said)));
        let micros = |micros| millis(Duration::from_micros(micros));
        self.line(&format!(
            "{:16} {:>9}  cpu {:>8}  {:>9}  {outcome}",
            clean_line(&run.command),
            micros(run.wall_micros),
            micros(run.cpu_micros),
            size(run.memory),
        ));
        self.stand("watching");
        let mut run = json!(run);
        if let Some(run) = run.as_object_mut() {
            run.insert("event".to_owned(), json!("ran"));
        }
        self.tell(run);
    }

    /// What the plugin asks for. It is shown here unless the question shows it.
    pub(super) fn asks(&self, asks: &[Line], shown: bool) {
        if shown {
            ask::shown(asks, ask::WIDTH - MORE.len()).lines().for_each(|row| self.more(row));
        }
        let asks: Vec<_> = asks.iter().map(|line| &line.text).collect();
        self.tell(json!({ "event": "asks", "asks": asks }));
    }

    /// Does something at the terminal that the line below must not disturb.
    pub(super) fn aside<T>(&self, act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.status {
            Some(status) => status.suspend(act),
            None => act(),
        }
    }

    /// It is over.
    pub(super) fn ended(&self, what: Option<&str>) {
        if let Some(status) = &self.status {
            status.finish_and_clear();
        }
        if let Some(what) = what {
            self.say(what);
        }
        self.tell(json!({ "event": "ended", "what": what }));
    }

    fn line(&self, text: &str) {
        self.say(&format!("{}  {}", clock(), clean(text)));
    }

    fn more(&self, text: &str) {
        self.say(&format!("{MORE}{}", clean(text)));
    }

    fn say(&self, text: &str) {
        match &self.status {
            _ if self.json => {}
            Some(status) => status.println(text),
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn stand(&self, doing: &str) {
        if let Some(status) = &self.status {
            let runs = if self.runs == 1 { "1 run".to_owned() } else { format!("{} runs", self.runs) };
            status.set_message(format!("{doing} {} · {} · {runs} · Ctrl-C ends", self.name, self.live));
        }
    }

    fn tell(&self, event: Json) {
        if self.json {
            let mut stdout = std::io::stdout();
            let _ = writeln!(stdout, "{}", spelled(&event)).and_then(|()| stdout.flush());
        }
    }
}

fn clock() -> String {
    chrono::Local::now().format("%H:%M:%S").to_string()
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis >= 1000.0 { format!("{:.2} s", millis / 1e3) } else { format!("{millis:.1} ms") }
}
