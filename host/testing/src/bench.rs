use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use powerbox_authority::audit::{Crossing, Decision, Filter, Reader, Record};
use powerbox_authority::caveat::Caveat;
use powerbox_captp::Value;
use powerbox_core::local::store::Owner;
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::membrane::{Consent, Word as Said};
use powerbox_core::plugin::slot_meant;
use powerbox_core::{Allowances, Bundled, Host, HostConfig, InvokeError, Link, Principal, Request, Run};
use powerbox_sandbox::EngineOptions;
use serde_json::Value as Json;

use crate::daemon::{Behind, Laid};
use crate::outside::Scripted;
use crate::report::{Mismatch, Report, StepReport};
use crate::scenario::{Binding, Expected, Held, Scenario, Step, Word};
use crate::scripted;

/// How output and errors are shown: as the program that calls shows them.
pub trait Show {
    /// Output as a terminal shows it, without colours.
    fn text(&self, output: &Output) -> String;
    /// Output as JSON, if there is something to say; `last` for the final one.
    fn json(&self, output: &Output, last: bool) -> Option<Json>;
    /// The error that a command ends in, and the exit status that goes with it.
    fn failure(&self, error: InvokeError) -> Shown;
}

/// An error as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What it says, with its hint.
    pub message: String,
    /// The exit status.
    pub status: i32,
}

/// A scenario cannot be run: it is wrong, or the plugin cannot be installed as it says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BenchError(String);

fn wrong(error: impl std::fmt::Display) -> BenchError {
    BenchError(error.to_string())
}

/// What scenarios are run with.
pub struct Bench {
    /// The plugin's component.
    pub component: PathBuf,
    /// The plugins that come with the program.
    pub bundled: Vec<Bundled>,
    /// Where compiled code is kept between scenarios, and between runs.
    pub cache: PathBuf,
    /// What plugins may use, given what the scenario sets.
    pub allowances: fn(&BTreeMap<String, i64>) -> Result<Allowances, String>,
}

impl Bench {
    /// Runs a scenario, in a folder of its own that is gone afterwards. `golden` gives the content of the files that its
    /// steps name.
    ///
    /// # Errors
    ///
    /// If it cannot be run at all. What is not as it must be is in the report.
    pub async fn run(
        &self,
        scenario: &Scenario,
        show: &dyn Show,
        golden: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Report, BenchError> {
        if scenario.steps.is_empty() {
            return Err(wrong("the scenario has no steps, so it shows nothing"));
        }
        let stage = self.stage(scenario).await?;
        let mut report = Report::default();
        for step in &scenario.steps {
            report.steps.push(stage.step(step, show, golden).await?);
        }
        stage.host.disconnect().await;
        Ok(report)
    }

    /// Sets up what the scenario says that there is.
    async fn stage(&self, scenario: &Scenario) -> Result<Stage, BenchError> {
        let mut private = tempfile::Builder::new();
        // A daemon's socket is in a folder that only its owner can enter.
        private.prefix("pbt").permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = private.tempdir().map_err(wrong)?;
        let behind = Behind::start(folder.path()).map_err(wrong)?;
        let connect = Laid { folder: folder.path().to_owned(), objects: scripted::objects(&scenario.names) };
        let host = Host::open(HostConfig {
            state: folder.path().join("state"),
            data: folder.path().join("data"),
            cache: self.cache.clone(),
            bundled: self.bundled.clone(),
            connect: Arc::new(connect),
            allowances: (self.allowances)(&scenario.limits).map_err(wrong)?,
            signatures: powerbox_core::plugin::Signatures::default(),
            engine: EngineOptions::default(),
        });
        let host = host.await.map_err(wrong)?;
        host.set_outside(Arc::new(Scripted::of(scenario)));
        let person = Person { says: scenario.confirm, ..Person::default() };
        let mut stage =
            Stage { host, person: Arc::new(person), plugin: String::new(), _behind: behind, folder };
        stage.fill(&scenario.names, &[]).await?;
        for (guest, names) in &scenario.guests {
            stage.guest(guest, names).await?;
        }
        stage.install(&self.component, &scenario.bind).await?;
        stage.keep(&scenario.store).await?;
        Ok(stage)
    }
}

/// A host with what a scenario says that there is.
struct Stage {
    host: Host,
    person: Arc<Person>,
    plugin: String,
    _behind: Behind,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Makes names, by the commands that a person would use.
    fn fill<'a>(
        &'a self,
        names: &'a BTreeMap<String, Held>,
        above: &'a [String],
    ) -> BoxFuture<'a, Result<(), BenchError>> {
        Box::pin(async move {
            for (name, held) in names {
                let path: Vec<_> = above.iter().chain([name]).cloned().collect();
                let place = path.join("/");
                match held {
                    Held::Directory(inner) => {
                        self.prepare(&["mkdir", &place]).await?;
                        self.fill(inner, &path).await?;
                    }
                    Held::Text { text } => self.prepare(&["store", &place, "--text", text]).await?,
                    Held::Json { json } => self.prepare(&["store", &place, "--json", json]).await?,
                    Held::Blob { blob } => {
                        let file = self.folder.path().join("blob");
                        std::fs::write(&file, blob).map_err(wrong)?;
                        self.prepare(&["store", &place, "--file", &file.to_string_lossy()]).await?;
                    }
                    Held::Object { .. } if above.is_empty() => {}
                    Held::Object { .. } => {
                        return Err(wrong(format!(
                            "`{place}`: scripted objects stand outside of directories"
                        )));
                    }
                }
            }
            Ok(())
        })
    }

    async fn prepare(&self, words: &[&str]) -> Result<(), BenchError> {
        let (command, words) = words.split_first().unwrap_or((&"help", &[]));
        let request = Request {
            principal: Principal::person(),
            command: (*command).to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let done = self.host.invoke(request, Arc::new(Person::default())).await;
        done.map(drop).map_err(|error| wrong(format!("the scenario's names cannot be made: {error}")))
    }

    async fn guest(&self, name: &str, introduced: &[String]) -> Result<(), BenchError> {
        let names = introduced.iter().map(|name| (name.as_str(), Value::text(name.as_str())));
        let options =
            Value::record([("agentName", Value::text(name)), ("introducedNames", Value::record(names))]);
        let handle = Value::text(format!("{name}-handle"));
        let daemon = self.host.daemon().await.map_err(wrong)?;
        let made = daemon.host().call("provideGuest", vec![handle, options]).await;
        made.map(drop).map_err(|error| wrong(format!("the guest `{name}` cannot be made: {error}")))
    }

    async fn install(
        &mut self,
        component: &Path,
        bind: &BTreeMap<String, Binding>,
    ) -> Result<(), BenchError> {
        let bound = bind.iter().filter_map(|(slot, binding)| match binding {
            Binding::Plain(to) => Some((slot.clone(), to.clone())),
            Binding::Narrowed(narrowed) => Some((slot.clone(), narrowed.to.clone()?)),
        });
        let bound: Vec<_> = bound.collect();
        let installation = self.host.prepare_install(component, &bound).await.map_err(wrong)?;
        self.plugin = installation.plugin().name().to_owned();
        self.host.install(installation).await.map_err(wrong)?;
        for (slot, binding) in bind {
            let Binding::Narrowed(narrowed) = binding else { continue };
            let caveats = narrowed.caveats.iter().map(|caveat| {
                caveat.parse::<Caveat>().map_err(|error| wrong(format!("the caveat `{caveat}`: {error}")))
            });
            let caveats = caveats.collect::<Result<Vec<_>, _>>()?;
            self.host.narrow_grant(self.grant(slot)?, &caveats).map_err(wrong)?;
        }
        Ok(())
    }

    /// The grant that fills a slot of the plugin when it acts for the person.
    fn grant(&self, slot: &str) -> Result<powerbox_authority::grant::GrantId, BenchError> {
        let registry = self.host.registry();
        let meant = registry.plugin(&self.plugin).and_then(|plugin| slot_meant(plugin.manifest(), slot));
        let meant = meant.map_or_else(|| slot.to_owned(), |meant| meant.slot.clone());
        let holder = powerbox_authority::grant::Holder::plugin(None, &self.plugin);
        let filling = self.host.ledger().filling(&holder, &meant).map_err(wrong)?;
        Ok(filling.ok_or_else(|| wrong(format!("the plugin has nothing for a slot `{slot}`")))?.id)
    }

    /// The owner of the plugin's first store.
    fn store(&self) -> Option<Owner> {
        let registry = self.host.registry();
        let plugin = registry.plugin(&self.plugin)?;
        let slot = slot_meant(plugin.manifest(), "store")?;
        Some(Owner { plugin: self.plugin.clone(), agent: None, slot: slot.slot.clone() })
    }

    async fn keep(&self, store: &BTreeMap<String, String>) -> Result<(), BenchError> {
        if store.is_empty() {
            return Ok(());
        }
        let owner = self.store().ok_or_else(|| wrong("the plugin has no slot `store`"))?;
        self.host.fill_store(&owner, store).map_err(wrong)
    }

    async fn step(
        &self,
        step: &Step,
        show: &dyn Show,
        golden: &dyn Fn(&str) -> Option<String>,
    ) -> Result<StepReport, BenchError> {
        let mut report = match (&step.run, &step.revoke) {
            (Some(line), None) => self.command(line, step.agent.as_deref(), show).await?,
            (None, Some(slot)) => {
                self.host.revoke_grant(self.grant(slot)?).map_err(wrong)?;
                StepReport { what: format!("revoke {slot}"), ..StepReport::default() }
            }
            _ => return Err(wrong("a step has either `run` or `revoke`")),
        };
        let kept = match (&step.expected.store, self.store()) {
            (Some(_), Some(owner)) => Some(self.host.read_store(&owner).map_err(wrong)?),
            (Some(_), None) => return Err(wrong("the plugin has no slot `store`")),
            (None, _) => None,
        };
        report.golden = step.expected.golden.clone();
        compare(&mut report, &step.expected, kept, golden);
        Ok(report)
    }

    async fn command(
        &self,
        line: &str,
        agent: Option<&str>,
        show: &dyn Show,
    ) -> Result<StepReport, BenchError> {
        let words = shlex::split(line).ok_or_else(|| wrong(format!("a quote is not closed: {line}")))?;
        let mut words = words.into_iter();
        let command = words.next().ok_or_else(|| wrong("there is nothing to run"))?;
        let principal = match agent {
            Some(agent) => Principal::person().with(Link::Agent(agent.to_owned())),
            None => Principal::person(),
        };
        let person = Arc::new(Person { says: self.person.says, ..Person::default() });
        let before = self.crossings()?.last().map_or(0, |crossing| crossing.number);
        let request = Request { principal, command, words: words.collect() };
        let outcome = self.host.invoke(request, Arc::clone(&person) as Arc<dyn FrontEnd>).await;

        let mut report = StepReport { what: line.to_owned(), ..StepReport::default() };
        let mut outputs = std::mem::take(&mut *lock(&person.shown));
        let emitted = outputs.len();
        match outcome {
            Ok(last) => outputs.push(last),
            Err(error) => {
                let shown = show.failure(error);
                report.error = Some(shown.message);
                report.status = shown.status;
            }
        }
        report.text = outputs.iter().map(|output| show.text(output)).collect();
        let json =
            outputs.iter().enumerate().filter_map(|(place, output)| show.json(output, place == emitted));
        let mut json: Vec<_> = json.collect();
        report.json = if json.len() == 1 { json.remove(0) } else { Json::Array(json) };
        if let Some(run) = lock(&person.run).take() {
            (report.wall_micros, report.cpu_micros, report.memory) =
                (run.wall_micros, run.cpu_micros, run.memory);
        }
        for crossing in self.crossings()?.into_iter().filter(|crossing| crossing.number > before) {
            let call = format!("{} {} {}", short(&crossing.slot), crossing.function, crossing.arguments);
            let call = call.trim_end().to_owned();
            match crossing.decision {
                Decision::Denied => report.denied.push(call),
                Decision::Allowed => report.calls.push(call),
            }
        }
        Ok(report)
    }

    /// What crossed the membrane of the plugin, but for its own output and notes.
    fn crossings(&self) -> Result<Vec<Crossing>, BenchError> {
        let folder = self.host.audit().folder().ok_or_else(|| wrong("the audit is not on disk"))?;
        let filter = Filter { plugin: Some(self.plugin.clone()), ..Filter::default() };
        let mut crossings = Vec::new();
        for record in Reader::open(folder, &filter).map_err(wrong)? {
            if let Record::Crossing(crossing) = record.map_err(wrong)?
                && !matches!(short(&crossing.slot), "output" | "log")
            {
                crossings.push(crossing);
            }
        }
        Ok(crossings)
    }
}

/// A slot's name as a scenario says it: the last part of an interface's name.
fn short(slot: &str) -> &str {
    let last = slot.rsplit('/').next().unwrap_or(slot);
    if slot.contains(':') { last.split('@').next().unwrap_or(last) } else { slot }
}

/// Writes down how a step differs from what must come of it.
fn compare(
    report: &mut StepReport,
    expected: &Expected,
    kept: Option<BTreeMap<String, String>>,
    golden: &dyn Fn(&str) -> Option<String>,
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
    report.mismatches = mismatches;
}

/// Whether two JSON values are the same; numbers by their value, however they are written.
fn same(one: &Json, two: &Json) -> bool {
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

/// Who watches, and answers the host's questions.
#[derive(Default)]
struct Person {
    shown: Mutex<Vec<Output>>,
    run: Mutex<Option<Run>>,
    says: Option<Word>,
}

impl FrontEnd for Person {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        lock(&self.shown).push(piece);
        Box::pin(async {})
    }

    fn confirm<'a>(&'a self, _: &'a Consent) -> BoxFuture<'a, Said> {
        let says = match self.says {
            Some(Word::Yes) => Said::Yes,
            Some(Word::No) => Said::No,
            None => Said::Nobody,
        };
        Box::pin(async move { says })
    }

    fn ran(&self, run: &Run) {
        *lock(&self.run) = Some(run.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
