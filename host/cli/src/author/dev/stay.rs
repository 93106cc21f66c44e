use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use powerbox_authority::grant::{GrantId, Holder};
use powerbox_core::local::store::Amount;
use powerbox_core::plugin::{Data, Difference, InstalledPlugin, Plugin, Visit};
use powerbox_core::text::clean_line;
use powerbox_core::{Event, Host, InstallError, Installation, Line, Runs};

use super::DevArguments;
use super::view::View;
use crate::ask;
use crate::exit::{Failure, Status};

/// A plugin's stay among those that are installed, for as long as its author works on it.
pub(super) struct Stay {
    host: Host,
    bind: Vec<(String, String)>,
    yes: bool,
    keep: bool,
    /// What was there before, once it is known which plugin it is.
    before: Option<(String, Option<InstalledPlugin>)>,
    /// What it had been granted then.
    grants: Vec<GrantId>,
    /// What puts that back if this process is killed.
    visit: Option<Visit>,
}

fn works_already(name: &str) -> Failure {
    Failure::new(Status::Failed, format!("`powerbox dev` works on the plugin `{name}` already"))
}

/// Why a version is not taken at once that asks for no more and is whole.
const IN_THE_WAY: &str =
    "its running commands, or what it keeps, stand in the way; it is tried again until they have ended";

/// What came of a new component.
pub(super) enum Taken {
    /// It is the same as before.
    Same,
    /// It is current.
    Live {
        /// How it differs from the one before, if there was one.
        difference: Option<Difference>,
        /// How long it took to load, compile and put it in place.
        took: Duration,
    },
    /// It asks for more than before, and the person says no: the old one stays.
    Held(Vec<String>),
    /// The host does not take it; an old one may stay.
    Broken(String),
    /// The person does not want it at all.
    Refused,
}

impl Stay {
    pub(super) fn new(host: Host, arguments: &DevArguments) -> Self {
        let (yes, keep) = (arguments.yes, arguments.keep);
        Self { host, bind: arguments.bind.clone(), yes, keep, before: None, grants: Vec::new(), visit: None }
    }

    /// The plugin's name, when it has one.
    pub(super) fn plugin(&self) -> Option<&str> {
        self.before.as_ref().map(|(name, _)| name.as_str())
    }

    /// Begins to watch the plugin's runs.
    pub(super) fn watch_runs(&self, name: &str) -> Result<Option<Runs>, Failure> {
        match self.host.watch_runs(name) {
            Ok(runs) => Ok(Some(runs)),
            Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => Err(works_already(name)),
            Err(error) => {
                tracing::warn!(%error, "the plugin's runs cannot be watched");
                Ok(None)
            }
        }
    }

    /// Lets a new component take its place.
    pub(super) async fn take(&mut self, file: &Path, view: &View) -> Result<Taken, Failure> {
        let begun = Instant::now();
        let Some((name, _)) = &self.before else { return self.install(file, view, begun).await };
        let name = name.clone();
        let old = self.current(&name);
        let mut events = self.host.events();
        self.host.reconsider(&name).await;
        // Another process may have been quicker.
        self.host.follow_records().await;
        while let Ok(event) = events.try_recv() {
            match event {
                Event::Waiting { plugin, .. } if plugin == name => {
                    return self.accept(file, view, old, begun).await;
                }
                Event::Broken { plugin, reason, .. } if plugin == name => return Ok(Taken::Broken(reason)),
                Event::Postponed { plugin } if plugin == name => {
                    return Ok(Taken::Broken(IN_THE_WAY.to_owned()));
                }
                _ => {}
            }
        }
        let Some(old) = old else { return Ok(self.live(&name, None, begun)) };
        if self.current(&name).is_some_and(|now| now.digest() == old.digest()) {
            // It may be one that was looked at before: then nobody says again why it is not taken.
            let (manifest, looked) = self.host.inspect(file).await?;
            if manifest.digest != old.digest() {
                return match looked.map(|plugin| plugin.ask().beyond(&old.ask())) {
                    Err(error) => Ok(Taken::Broken(error.to_string())),
                    Ok(wants) if wants.is_empty() => Ok(Taken::Broken(IN_THE_WAY.to_owned())),
                    Ok(_) => self.accept(file, view, Some(old), begun).await,
                };
            }
        }
        Ok(self.live(&name, Some(old), begun))
    }

    fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        self.host.registry().plugin(name).cloned()
    }

    fn live(&self, name: &str, old: Option<Arc<Plugin>>, begun: Instant) -> Taken {
        let new = self.current(name);
        if let Some(new) = &new {
            // The author hears of it here.
            self.host.news().heard(new);
        }
        match (old, new) {
            (Some(old), Some(new)) if old.digest() == new.digest() => Taken::Same,
            (old, Some(new)) => Taken::Live {
                difference: old.map(|old| Difference::between(&old, &new)),
                took: begun.elapsed(),
            },
            (_, None) => Taken::Broken("it is not installed any more".to_owned()),
        }
    }

    /// The first time: asks for consent to all that it wants.
    async fn install(&mut self, file: &Path, view: &View, begun: Instant) -> Result<Taken, Failure> {
        let mut installation = match self.host.prepare_install(file, &self.bind).await {
            Ok(installation) => installation,
            Err(InstallError::Plugin { error, .. }) => {
                return Ok(Taken::Broken(error.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        let name = installation.plugin().name().to_owned();
        let records = self.host.installed().list();
        let records = records.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        let before = records.into_iter().find(|record| record.name == name);
        let old = self.current(&name);
        let asked = Instant::now();
        let lines = installation.agreement(&self.host.registry());
        if !self.agreed(view, &lines, "let it run while you work?")? {
            return Ok(Taken::Refused);
        }
        self.accepted(&mut installation);
        // The person's time does not count.
        let begun = begun + asked.elapsed();
        let held = self.host.ledger().held_by(&Holder::plugin(None, &name))?;
        self.grants = held.into_iter().map(|record| record.id).collect();
        let visit = self.host.installed().begin_visit(&name, before.as_ref(), &self.grants);
        let visit = visit.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        self.visit = Some(visit.ok_or_else(|| works_already(&name))?);
        self.before = Some((name.clone(), before));
        self.host.install(installation).await?;
        Ok(match self.live(&name, old, begun) {
            Taken::Same => Taken::Live { difference: None, took: begun.elapsed() },
            taken => taken,
        })
    }

    /// A version that asks for more. What is installed is what the person was asked about, whatever is built meanwhile.
    async fn accept(
        &mut self,
        file: &Path,
        view: &View,
        old: Option<Arc<Plugin>>,
        begun: Instant,
    ) -> Result<Taken, Failure> {
        let mut installation = match self.host.prepare_install(file, &self.known_bindings(file).await).await {
            Ok(installation) => installation,
            Err(error) => return Ok(Taken::Broken(error.to_string())),
        };
        let name = installation.plugin().name().to_owned();
        if self.plugin() != Some(&name) {
            let reason = format!("it calls itself `{name}` now; end this and begin anew");
            return Ok(Taken::Broken(reason));
        }
        let wants = installation.asks_more();
        let line = |want: &String| Line { depth: 0, text: clean_line(&format!("it wants {want}")) };
        let asks: Vec<_> = wants.iter().map(line).collect();
        let asked = Instant::now();
        if !wants.is_empty() && !self.agreed(view, &asks, "let it, while you work?")? {
            return Ok(Taken::Held(wants));
        }
        let begun = begun + asked.elapsed();
        self.accepted(&mut installation);
        self.host.install(installation).await?;
        Ok(self.live(&name, old, begun))
    }

    /// The bindings that were given for slots that this version has.
    async fn known_bindings(&self, file: &Path) -> Vec<(String, String)> {
        let Ok((manifest, _)) = self.host.inspect(file).await else { return Vec::new() };
        let known = |slot: &String| powerbox_core::plugin::slot_meant(&manifest, slot).is_some();
        self.bind.iter().filter(|(slot, _)| known(slot)).cloned().collect()
    }

    fn agreed(&self, view: &View, asks: &[Line], question: &str) -> Result<bool, Failure> {
        view.asks(asks, self.yes);
        if self.yes { Ok(true) } else { view.aside(|| ask::agree(asks, question)) }
    }

    /// Takes what the person agreed to. That a signature is missing they accept for as long as this runs, no longer.
    fn accepted(&self, installation: &mut Installation) {
        installation.grant_wasi();
        if !(self.yes && self.keep) {
            installation.accept_unsigned();
        }
    }

    /// Leaves things as they were before; says what it did.
    pub(super) async fn end(self, keep: bool) -> Result<Option<String>, Failure> {
        let Some((name, before)) = self.before else { return Ok(None) };
        let said = match before {
            _ if keep => format!("the plugin `{name}` stays installed"),
            None => {
                let kept = Amount::sum(&self.host.kept_by(&name)?);
                match self.host.remove_plugin(&name, Data::Keep).await {
                    // It could not be installed.
                    Err(InstallError::Unknown(_)) => {}
                    removed => removed?,
                }
                let gone = format!("the plugin `{name}` is gone again; `--keep` would leave it");
                match kept.keys {
                    0 => gone,
                    _ => format!(
                        "{gone}; what it stored is kept: {kept}, and `powerbox plugin remove {name}` deletes it"
                    ),
                }
            }
            Some(before) => {
                let counted = self.host.put_back(before, &self.grants).await?;
                let said = format!("the plugin `{name}` is again what it was before");
                match counted.as_slice() {
                    [] => said,
                    slots => format!(
                        "{said}, but for the grant of {}, which was counted: give it anew with `powerbox grant add`",
                        slots.join(", ")
                    ),
                }
            }
        };
        if let Some(visit) = self.visit {
            visit.over();
        }
        Ok(Some(said))
    }
}
