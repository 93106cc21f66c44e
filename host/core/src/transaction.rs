//! Changing what is installed, in steps that a crash cannot leave half done.
//!
//! The component is in the store before anything else. Then the [`Intent`] is written down, then the grants and the record
//! are changed, and the intent goes. Who opens the host, or begins a change, first finishes what a dead process left.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use powerbox_authority::grant::{Holder, Record, Target};
use powerbox_authority::ledger::{NewGrant, Origin as GrantOrigin};
use tokio::sync::MutexGuard;

use crate::event::Event;
use crate::grants::{GiveError, PERSON, record_act};
use crate::host::Host;
use crate::install::InstallError;
use crate::local::is_asked_for;
use crate::local::store::{Kept, KeptId};
use crate::local::wasi::WASI;
use crate::migration::PATIENCE;
use crate::plugin::{Changing, Data, InstalledPlugin, Intent, Plugin, local_interface, may_die_at, slots};

/// How often is looked whether another process is done.
const AGAIN: Duration = Duration::from_millis(10);

/// The right to change what is installed: of one task of one process of the user.
pub(crate) struct Change<'a> {
    changing: Changing,
    _here: MutexGuard<'a, ()>,
}

impl Host {
    /// Waits for the right to change what is installed, and does to the end what a process left that is gone.
    ///
    /// # Errors
    ///
    /// If the records cannot be used, or what was left cannot be finished.
    pub(crate) async fn begin_change(&self) -> Result<Change<'_>, InstallError> {
        loop {
            if let Some(change) = self.begin_change_within(Duration::MAX).await? {
                return Ok(change);
            }
        }
    }

    /// The same, if it is to be had within that time.
    ///
    /// # Errors
    ///
    /// As [`begin_change`](Self::begin_change).
    pub(crate) async fn begin_change_within(
        &self,
        patience: Duration,
    ) -> Result<Option<Change<'_>>, InstallError> {
        let begun = Instant::now();
        let Ok(here) = tokio::time::timeout(patience, self.one_change()).await else { return Ok(None) };
        let changing = loop {
            // Asked again and again, since a thread that waits for the lock cannot be called off.
            match self.installed().try_begin()? {
                Some(changing) => break changing,
                None if begun.elapsed() >= patience => return Ok(None),
                None => tokio::time::sleep(AGAIN).await,
            }
        };
        let change = Change { changing, _here: here };
        if let Some(intent) = change.changing.left_over()? {
            self.finish(&change.changing, intent).await?;
        }
        Ok(Some(change))
    }

    /// Does to the end what a process began that is gone. One that is still at it is left alone.
    pub(crate) async fn finish_what_was_begun(&self) {
        if let Err(error) = self.begin_change_within(Duration::ZERO).await {
            tracing::error!(%error, "an installation that was broken off cannot be finished");
        }
    }

    async fn finish(&self, changing: &Changing, intent: Intent) -> Result<(), InstallError> {
        match &intent {
            Intent::Remove { name, data } => self.remove_all_of(name, *data)?,
            Intent::Install { record, bound, fresh, adopt } => match self.load_installed(record).await {
                Ok(plugin) => {
                    let before = self.installed().list()?.into_iter().find(|known| known.name == record.name);
                    if before.as_ref().is_some_and(|before| before.digest == record.digest) {
                        // It was recorded, so what it kept was in its form before. Only that may not be in place yet.
                        self.give_and_record(record, bound, *fresh, *adopt, &plugin)?;
                        self.spaces().settle(&record.name, &record.digest)?;
                        return Ok(changing.end()?);
                    }
                    let from = before.as_ref().and_then(|before| before.version.as_deref());
                    // What it kept may not be in its form yet, and if it is, this makes the same of it again.
                    match self.migrate(&plugin, from, PATIENCE).await {
                        Ok(migrated) => {
                            let done = self.give_and_record(record, bound, *fresh, *adopt, &plugin);
                            let old = before.map(|before| before.digest).unwrap_or_default();
                            migrated.settle(self, if done.is_ok() { &record.digest } else { &old });
                            done?;
                        }
                        Err(error) => {
                            let (plugin, reason) = (record.name.clone(), error.to_string());
                            if *fresh {
                                self.book().remove_plugin(&plugin)?;
                            }
                            self.tell(Event::Broken { plugin, reason, kept: !fresh });
                        }
                    }
                }
                Err(error) => {
                    // Its component was damaged meanwhile. Then the state before is the one to have.
                    let (plugin, reason) = (record.name.clone(), error.to_string());
                    if *fresh {
                        self.book().remove_plugin(&plugin)?;
                    }
                    self.tell(Event::Broken { plugin, reason, kept: !fresh });
                }
            },
        }
        Ok(changing.end()?)
    }

    /// Makes a version the one that is installed. Its component is in the store.
    pub(crate) fn commit_installation(
        &self,
        change: &Change<'_>,
        record: InstalledPlugin,
        bound: BTreeMap<String, Target>,
        fresh: bool,
        adopt: Option<KeptId>,
        plugin: &Plugin,
    ) -> Result<(), InstallError> {
        let intent = Intent::Install { record: Box::new(record.clone()), bound: bound.clone(), fresh, adopt };
        change.changing.intend(&intent)?;
        may_die_at("install-intended");
        let done = self.give_and_record(&record, &bound, fresh, adopt, plugin);
        if done.is_err() {
            if fresh {
                // What is not recorded as installed has nothing.
                self.book().remove_plugin(&record.name)?;
            }
            // The version before is still the one on record. Slots that only the new one lacks stay taken back.
            change.changing.end()?;
            return done;
        }
        may_die_at("install-recorded");
        Ok(change.changing.end()?)
    }

    /// Removes a plugin with all that it was granted.
    pub(crate) fn commit_removal(
        &self,
        change: &Change<'_>,
        name: &str,
        data: Data,
    ) -> Result<(), InstallError> {
        change.changing.intend(&Intent::Remove { name: name.to_owned(), data })?;
        may_die_at("removal-intended");
        self.remove_all_of(name, data)?;
        Ok(change.changing.end()?)
    }

    fn remove_all_of(&self, name: &str, data: Data) -> Result<(), InstallError> {
        self.book().remove_plugin(name)?;
        may_die_at("removal-revoked");
        // Before the record goes, which says whose it was. Whoever has this name next begins with nothing.
        match data {
            Data::Delete => self.spaces().forget(name)?,
            Data::Keep => {
                let record = self.installed().list()?.into_iter().find(|known| known.name == name);
                let version = record.as_ref().and_then(|record| self.version_before(record));
                let whose = Kept {
                    name,
                    signer: record.as_ref().and_then(|record| record.signer.as_deref()),
                    version: version.as_deref(),
                    digest: record.as_ref().map(|record| record.digest.as_str()),
                };
                self.spaces().put_aside(whose, self.ledger().clock().now())?;
            }
        }
        may_die_at("removal-kept");
        self.installed().remove(name)?;
        may_die_at("removal-recorded");
        Ok(())
    }

    fn give_and_record(
        &self,
        record: &InstalledPlugin,
        bound: &BTreeMap<String, Target>,
        fresh: bool,
        adopt: Option<KeptId>,
        plugin: &Plugin,
    ) -> Result<(), InstallError> {
        if fresh {
            // Another plugin may have had this name: what was granted to that one was not granted to this one.
            self.book().remove_plugin(&record.name)?;
            let now = self.ledger().clock().now();
            self.spaces().begin_with(&record.name, &record.digest, adopt, now)?;
        }
        self.give_at_installation(bound, plugin)?;
        may_die_at("install-granted");
        Ok(self.installed().put(record.clone())?)
    }

    /// Gives a plugin what its installation says. A slot that was taken back is given again, as is the right to what the
    /// user names: installing is consenting. What it had for slots that are gone is taken back.
    fn give_at_installation(
        &self,
        bound: &BTreeMap<String, Target>,
        plugin: &Plugin,
    ) -> Result<(), InstallError> {
        let holder = Holder::plugin(None, plugin.name());
        let here = |slot: &str| slots(plugin.manifest()).any(|known| known.slot == slot);
        for record in self.ledger().held_by(&holder)? {
            let other = record.slot == WASI && !matches!(record.target, Target::Power { .. });
            if record.slot != Record::DESIGNATION && !here(&record.slot) || other {
                self.revoke_grant(record.id)?;
            }
        }
        let mut wanted = Vec::new();
        for (slot, target) in bound {
            let filling = self.ledger().filling(&holder, slot)?;
            if !filling.is_some_and(|record| record.target == *target && record.caveats.is_empty()) {
                wanted.push((slot.clone(), target.clone()));
            }
        }
        self.book().give_defaults(None, &holder, plugin, self.audit()).map_err(GiveError::from)?;
        let served = slots(plugin.manifest()).filter_map(|slot| {
            let interface = local_interface(slot.interface)?;
            let target = Target::Power { interface: interface.to_owned() };
            (!is_asked_for(interface)).then(|| (slot.slot.to_owned(), target))
        });
        for (slot, target) in served.chain([(Record::DESIGNATION.to_owned(), Target::Designated)]) {
            if self.ledger().filling(&holder, &slot)?.is_none() {
                wanted.push((slot, target));
            }
        }
        let new: Vec<_> = wanted
            .into_iter()
            .map(|(slot, target)| NewGrant {
                origin: GrantOrigin::Object(target),
                holder: holder.clone(),
                slot,
                caveats: Vec::new(),
                giver: PERSON.to_owned(),
            })
            .collect();
        for record in self.ledger().add_all(&new).map_err(GiveError::from)? {
            record_act(self.audit(), PERSON, "grant", &record);
        }
        Ok(())
    }
}
