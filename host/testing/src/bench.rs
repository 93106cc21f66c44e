use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use powerbox_authority::audit::{Crossing, Decision, Filter, Reader, Record};
use powerbox_authority::caveat::Caveat;
use powerbox_core::daemon::Connect;
use powerbox_core::grants::Gift;
use powerbox_core::local::Output;
use powerbox_core::local::store::Owner;
use powerbox_core::plugin::{Origin, Signatures, slot_meant};
use powerbox_core::{Agent, Allowances, Bundled, Host, HostConfig, InvokeError, Principal, Request};
use powerbox_sandbox::{Compiler, EngineOptions};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::compare::{Golden, compare};
use crate::daemon::{Behind, Laid};
use crate::outside::Scripted;
use crate::person::Person;
use crate::prepare::Preparer;
use crate::report::{Mismatch, Report, StepReport};
use crate::scenario::{Binding, Scenario, Step, Word};
use crate::scripted;

/// How output and errors are shown: as the program that calls shows them.
pub trait Show: Send + Sync {
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

pub(crate) fn wrong(error: impl std::fmt::Display) -> BenchError {
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
    /// How the plugin is compiled.
    pub compiler: Compiler,
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
        golden: Golden<'_>,
    ) -> Result<Report, BenchError> {
        if scenario.steps.is_empty() {
            return Err(wrong("the scenario has no steps, so it shows nothing"));
        }
        let mut private = tempfile::Builder::new();
        // A daemon's socket is in a folder that only its owner can enter.
        private.prefix("pbt").permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = private.tempdir().map_err(wrong)?;
        let behind = Behind::start(folder.path()).map_err(wrong)?;
        let report = self.steps(scenario, folder.path(), show, golden).await;
        behind.end().await;
        report
    }

    async fn steps(
        &self,
        scenario: &Scenario,
        folder: &Path,
        show: &dyn Show,
        golden: Golden<'_>,
    ) -> Result<Report, BenchError> {
        let stage = self.stage(scenario, folder).await?;
        let mut report = Report::default();
        for step in &scenario.steps {
            report.steps.push(stage.step(step, show, golden).await?);
        }
        stage.host.disconnect().await;
        Ok(report)
    }

    /// Sets up what the scenario says that there is.
    async fn stage(&self, scenario: &Scenario, folder: &Path) -> Result<Stage, BenchError> {
        let waiting = watch::Sender::new(0);
        let objects = scripted::objects(&scenario.names, &waiting);
        let connect: Arc<dyn Connect> = Arc::new(Laid { folder: folder.to_owned(), objects });
        let limited = (self.allowances)(&scenario.limits).map_err(wrong)?;
        let unlimited = (self.allowances)(&BTreeMap::new()).map_err(wrong)?;

        let host = self.open(folder, &connect, unlimited).await?;
        let preparer = Preparer { host, folder };
        preparer.fill(&scenario.names, &[]).await?;
        for (guest, described) in &scenario.guests {
            preparer.guest(guest, &described.names).await?;
        }
        preparer.host.disconnect().await;

        let host = self.open(folder, &connect, limited).await?;
        host.set_outside(Arc::new(Scripted::of(scenario)));
        let mut stage = Stage {
            host,
            confirm: scenario.confirm,
            patience: Duration::from_secs(u64::from(scenario.patience)),
            waiting,
            plugin: String::new(),
        };
        stage.install(&self.component, &scenario.bind).await?;
        for (guest, described) in &scenario.guests {
            stage.give(guest, &described.bind).await?;
        }
        stage.keep(&scenario.store).await?;
        Ok(stage)
    }

    async fn open(
        &self,
        folder: &Path,
        connect: &Arc<dyn Connect>,
        allowances: Allowances,
    ) -> Result<Host, BenchError> {
        let host = Host::open(HostConfig {
            state: folder.join("state"),
            data: folder.join("data"),
            cache: self.cache.clone(),
            bundled: self.bundled.clone(),
            connect: Arc::clone(connect),
            allowances,
            signatures: Signatures::default(),
            engine: EngineOptions::default().compiled_by(self.compiler.clone()),
            authority: None,
        });
        host.await.map_err(wrong)
    }
}

/// A host with what a scenario says that there is.
struct Stage {
    host: Host,
    /// What the person answers where a step says nothing else.
    confirm: Option<Word>,
    patience: Duration,
    /// The calls that scripted objects left without an answer.
    waiting: watch::Sender<u64>,
    plugin: String,
}

impl Stage {
    async fn install(
        &mut self,
        component: &Path,
        bind: &BTreeMap<String, Binding>,
    ) -> Result<(), BenchError> {
        let (manifest, _) = self.host.inspect(component).await.map_err(wrong)?;
        let bundled = self.host.registry().plugins().iter().find_map(|plugin| {
            let same = plugin.digest() == manifest.digest && matches!(plugin.origin(), Origin::Bundled);
            same.then(|| plugin.name().to_owned())
        });
        if let Some(name) = bundled {
            if !bind.is_empty() {
                return Err(wrong(format!("`{name}` comes with the program; its slots are bound already")));
            }
            self.plugin = name;
            return Ok(());
        }
        let bound = bind.iter().filter_map(|(slot, binding)| Some((slot.clone(), binding.to()?.to_owned())));
        let bound: Vec<_> = bound.collect();
        let installation = self.host.prepare_install(component, &bound).await.map_err(wrong)?;
        self.plugin = installation.plugin().name().to_owned();
        self.host.install(installation).await.map_err(wrong)?;
        for (slot, binding) in bind {
            if !binding.caveats().is_empty() {
                let caveats = caveats(binding)?;
                self.host.narrow_grant(self.grant(slot, None)?, &caveats).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// Binds slots for when the plugin acts for a guest.
    async fn give(&self, guest: &str, bind: &BTreeMap<String, Binding>) -> Result<(), BenchError> {
        for (slot, binding) in bind {
            let gift = Gift {
                plugin: self.plugin.clone(),
                agent: Some(guest.to_owned()),
                slot: slot.clone(),
                name: binding.to().map(str::to_owned),
                parent: None,
                caveats: caveats(binding)?,
            };
            self.host.give(&gift).await.map_err(wrong)?;
        }
        Ok(())
    }

    /// The grant that fills a slot of the plugin when it acts for an agent, or for the person.
    fn grant(
        &self,
        slot: &str,
        agent: Option<&Agent>,
    ) -> Result<powerbox_authority::grant::GrantId, BenchError> {
        let registry = self.host.registry();
        let meant = registry.plugin(&self.plugin).and_then(|plugin| slot_meant(plugin.manifest(), slot));
        let meant = meant.map_or_else(|| slot.to_owned(), |meant| meant.slot.to_owned());
        let holder = powerbox_authority::grant::Holder::plugin(agent, &self.plugin);
        let filling = self.host.ledger().filling(&holder, &meant).map_err(wrong)?;
        Ok(filling.ok_or_else(|| wrong(format!("the plugin has nothing for a slot `{slot}`")))?.id)
    }

    /// Who owns the plugin's store when it acts for an agent, or for the person.
    fn store(&self, agent: Option<&Agent>) -> Option<Owner> {
        let registry = self.host.registry();
        let plugin = registry.plugin(&self.plugin)?;
        let slot = slot_meant(plugin.manifest(), "store")?;
        Some(Owner {
            plugin: self.plugin.clone(),
            agent: agent.map(|agent| agent.key().clone()),
            slot: slot.slot.to_owned(),
        })
    }

    async fn keep(&self, store: &BTreeMap<String, String>) -> Result<(), BenchError> {
        if store.is_empty() {
            return Ok(());
        }
        let owner = self.store(None).ok_or_else(|| wrong("the plugin has no slot `store`"))?;
        self.host.fill_store(&owner, store).map_err(wrong)
    }

    async fn step(&self, step: &Step, show: &dyn Show, golden: Golden<'_>) -> Result<StepReport, BenchError> {
        let agent = match &step.agent {
            Some(path) => Some(self.host.agent(path).await.map_err(wrong)?),
            None => None,
        };
        let agent = agent.as_ref();
        let mut report = match (&step.run, &step.revoke) {
            (Some(line), None) => self.command(line, agent, step, show).await?,
            (None, Some(slot)) => {
                self.host.revoke_grant(self.grant(slot, agent)?).map_err(wrong)?;
                StepReport { what: format!("revoke {slot}"), ..StepReport::default() }
            }
            _ => return Err(wrong("a step has either `run` or `revoke`")),
        };
        let kept = match (&step.store, self.store(agent)) {
            (Some(_), Some(owner)) => Some(self.host.read_store(&owner).map_err(wrong)?),
            (Some(_), None) => return Err(wrong("the plugin has no slot `store`")),
            (None, _) => None,
        };
        if let Some(name) = &step.golden
            && !Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(wrong(format!("the golden file `{name}` is not beside the scenario")));
        }
        report.golden = step.golden.clone();
        compare(&mut report, step, kept, golden);
        Ok(report)
    }

    async fn command(
        &self,
        line: &str,
        agent: Option<&Agent>,
        step: &Step,
        show: &dyn Show,
    ) -> Result<StepReport, BenchError> {
        let words = shlex::split(line).ok_or_else(|| wrong(format!("a quote is not closed: {line}")))?;
        let mut words = words.into_iter();
        let command = words.next().ok_or_else(|| wrong("there is nothing to run"))?;
        let principal = Principal::of(agent);
        let person = Arc::new(Person::saying(step.confirm.or(self.confirm)));
        let before = self.crossings()?.last().map_or(0, |crossing| crossing.number);
        let request = Request { principal, command, words: words.collect() };
        let mut waiting = self.waiting.subscribe();
        let ended = tokio::select! {
            biased;
            outcome = self.host.invoke(request, Arc::clone(&person) as _) => Ended::Itself(outcome),
            // The sender is ours, so there is always one.
            Ok(()) = waiting.changed(), if step.interrupt => Ended::Interrupted,
            () = tokio::time::sleep(self.patience) => Ended::Not,
        };

        let mut report = StepReport { what: line.to_owned(), ..StepReport::default() };
        let mut outputs = person.seen();
        let emitted = outputs.len();
        match ended {
            Ended::Itself(_) if step.interrupt => report.mismatches.push(Mismatch {
                of: "interrupt",
                expected: "it waits for a scripted object, and is interrupted".to_owned(),
                found: "it ended by itself".to_owned(),
            }),
            Ended::Interrupted => report.status = INTERRUPTED,
            Ended::Not => {
                report.error = Some(format!("it did not end within {} s", self.patience.as_secs()));
                report.status = 1;
            }
            Ended::Itself(Ok(last)) => outputs.push(last),
            Ended::Itself(Err(error)) => {
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
        if let Some(run) = person.run() {
            (report.wall_micros, report.cpu_micros, report.memory) =
                (run.wall_micros, run.cpu_micros, run.memory);
        }
        for crossing in self.crossings()?.into_iter().filter(|crossing| crossing.number > before) {
            let (slot, function) = (short(&crossing.slot), plain(&crossing.function));
            let call = format!("{slot} {function} {}", crossing.arguments);
            let call = call.trim_end().to_owned();
            match crossing.decision {
                Decision::Denied => {
                    report.denied.push(call);
                    report.rules.push(crossing.outcome);
                }
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

/// The exit status of a program that a person interrupted.
const INTERRUPTED: i32 = 130;

/// How a command came to its end.
enum Ended {
    Itself(Result<Output, InvokeError>),
    Interrupted,
    /// It did not, as long as one may wait.
    Not,
}

fn caveats(binding: &Binding) -> Result<Vec<Caveat>, BenchError> {
    let read = |text: &String| {
        text.parse::<Caveat>().map_err(|error| wrong(format!("the caveat `{text}`: {error}")))
    };
    binding.caveats().iter().map(read).collect()
}

/// A slot's name as a scenario says it: the last part of an interface's name, or what the user named, in backquotes.
fn short(slot: &str) -> &str {
    if let Some(named) = slot.strip_prefix("what the user named ") {
        return named;
    }
    let last = slot.rsplit('/').next().unwrap_or(slot);
    if slot.contains(':') { last.split('@').next().unwrap_or(last) } else { slot }
}

/// A function's name as a scenario says it: a method without the resource that it is of.
fn plain(function: &str) -> &str {
    let method = function.strip_prefix("[method]").and_then(|method| method.split_once('.'));
    method.map_or(function, |(_, name)| name)
}
