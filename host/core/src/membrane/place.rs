//! What a name leads to, and what must hold before it is changed: that nothing is lost in silence, nothing is put into
//! itself, and what the daemon needs for its own work stays.

use std::sync::Arc;

use futures_util::future::try_join_all;
use powerbox_captp::{CallError, Value as OuterValue};
use powerbox_passable::Value;

use super::handle::Handle;
use super::name::Name;
use super::problem::Problem;
use super::unanswered::Unanswered;
use crate::daemon::{Dialect, HeldKind, locate, located};

/// What is looked at before a call through a name is made.
pub(super) struct Check {
    name: Name,
    source: Option<Name>,
    writes: bool,
    cancels: bool,
}

impl Check {
    /// The check of a call, if there is anything to look at.
    ///
    /// # Errors
    ///
    /// If the words alone show that it must not be made.
    pub(super) fn of(function: &str, name: &Name, source: Option<&Name>) -> Result<Option<Self>, Problem> {
        let writes =
            matches!(function, "make-directory" | "store-value" | "store-blob" | "copy-from" | "move-from");
        let cancels = function == "cancel";
        match function {
            "remove" => unless_special(name, "removed")?,
            "cancel" => unless_special(name, "cancelled")?,
            _ if writes => unless_special(name, "replaced")?,
            _ => {}
        }
        if let Some(source) = source {
            if function == "move-from" {
                unless_special(source, "moved")?;
            }
            unless_itself(source, name)?;
        }
        // A new directory may be written with a slash; anything else goes into one, and needs a name there.
        if writes && function != "make-directory" && name.says_directory() {
            let text = name.text();
            return Err(Problem::Invalid(format!(
                "`{text}` is the directory itself; add the name that the new thing gets in it"
            )));
        }
        let check = Self { name: name.clone(), source: source.cloned(), writes, cancels };
        let looks = writes || cancels || function != "holds" && name.says_directory();
        let looks = looks && !matches!(function, "replacing" | "place-for");
        Ok(looks.then_some(check))
    }

    /// Asks the daemon. Between this and the call itself another process may change names: the embedded daemon looks
    /// once more while it writes, Endo's do not.
    pub(super) async fn run(&self, unanswered: &Arc<Unanswered>) -> Result<(), Problem> {
        let directories = [Some(&self.name).filter(|_| !self.writes), self.source.as_ref()];
        for name in directories.into_iter().flatten().filter(|name| name.says_directory()) {
            unless_no_directory(name, held(name, unanswered).await?)?;
        }
        if self.cancels {
            self.unless_needed(unanswered).await?;
        }
        if let Some(source) = &self.source {
            unless_into_itself(source, &self.name, unanswered).await?;
        }
        if self.writes
            && !self.name.replaces()
            && self.name.dialect() != Dialect::Embedded
            && let Some(held) = held(&self.name, unanswered).await?
        {
            return Err(self.taken(held));
        }
        Ok(())
    }

    /// Reads an error of the call itself.
    pub(super) fn explain(&self, error: CallError) -> Problem {
        match HeldKind::in_the_way(&error) {
            Some(held) if self.writes => self.taken(held),
            _ => error.into(),
        }
    }

    fn taken(&self, held: HeldKind) -> Problem {
        let (text, held) = (self.name.text().trim_end_matches('/'), held.in_words());
        let remedy = if self.name.may_replace() {
            "choose another name, or replace it with `--force`"
        } else {
            "choose another name, or remove it first"
        };
        Problem::Invalid(format!("`{text}` holds {held} already; {remedy}"))
    }

    /// Refuses to cancel what has a special name, under whatever name: other things of the daemon depend on it, the mail
    /// of Endo's `llm` among them.
    async fn unless_needed(&self, unanswered: &Arc<Unanswered>) -> Result<(), Problem> {
        let name = &self.name;
        let OuterValue::Text(locator) = unanswered.until(locate(name.agent(), name.names())).await? else {
            return Err(Problem::NotFound(name.text().to_owned()));
        };
        let names = name.agent().call("reverseLocate", vec![OuterValue::Text(locator)]);
        let names = unanswered.until(names).await?;
        let mut names = names.as_list().unwrap_or_default().iter().filter_map(OuterValue::as_str);
        match names.find(|other| name.dialect().is_special(other)) {
            Some(special) => {
                let text = name.text();
                Err(Problem::Invalid(format!(
                    "`{text}` is `{special}`, which the daemon needs; it cannot be cancelled"
                )))
            }
            None => Ok(()),
        }
    }
}

/// What a name holds, as the contract says it.
pub(super) async fn holds(name: Name, unanswered: Arc<Unanswered>) -> Result<Value<Handle>, Problem> {
    let held = held(&name, &unanswered).await?;
    Ok(held.map_or(Value::Undefined, |held| Value::text(held.word())))
}

/// Where a copy or move of `source` to `target` goes.
pub(super) async fn place_for(
    target: Name,
    source: Name,
    unanswered: Arc<Unanswered>,
) -> Result<Value<Handle>, Problem> {
    let held = held(&target, &unanswered).await?;
    if target.says_directory() {
        unless_no_directory(&target, held)?;
    }
    // An agent, too, has names, but whoever copies to one without a slash may well mean to replace it.
    let inside = target.says_directory() || held == Some(HeldKind::Directory);
    let place = if inside && !same_place(&source, &target) {
        target.within(source.names().last().cloned().unwrap_or_default())
    } else {
        target.as_no_directory()
    };
    unless_itself(&source, &place)?;
    unless_into_itself(&source, &place, &unanswered).await?;
    Ok(Value::Capability(Handle::name(place)))
}

async fn held(name: &Name, unanswered: &Arc<Unanswered>) -> Result<Option<HeldKind>, Problem> {
    Ok(located(&unanswered.until(locate(name.agent(), name.names())).await?))
}

fn unless_no_directory(name: &Name, held: Option<HeldKind>) -> Result<(), Problem> {
    let text = name.text().trim_end_matches('/');
    match held {
        // Other objects may have names, too: a reference to a directory, a mount.
        Some(HeldKind::Directory | HeldKind::Host | HeldKind::Guest | HeldKind::Object) => Ok(()),
        Some(held) => Err(Problem::Invalid(format!("`{text}` is {}, not a directory", held.in_words()))),
        None => Err(Problem::NotFound(text.to_owned())),
    }
}

fn unless_special(name: &Name, done: &str) -> Result<(), Problem> {
    match name.names().last() {
        Some(last) if name.dialect().is_special(last) => Err(Problem::Invalid(format!(
            "`{}` is a special name of the daemon; it cannot be {done}",
            name.text().trim_end_matches('/')
        ))),
        _ => Ok(()),
    }
}

/// The names of a path, without those that lead from an agent to itself.
fn plain(name: &Name) -> &[String] {
    let mut names = name.names();
    while let [first, rest @ ..] = names
        && (first == "@agent" || name.dialect() == Dialect::Master && first == "AGENT")
        && !rest.is_empty()
    {
        names = rest;
    }
    names
}

fn same_place(one: &Name, other: &Name) -> bool {
    one.agent() == other.agent() && plain(one) == plain(other)
}

/// Refuses to put something onto itself or into itself, as far as the words show it.
fn unless_itself(source: &Name, target: &Name) -> Result<(), Problem> {
    if source.agent() != target.agent() {
        return Ok(());
    }
    let text = || source.text().trim_end_matches('/');
    if plain(source) == plain(target) {
        return Err(Problem::Invalid(format!("`{}` is the same place; nothing to do", text())));
    }
    if plain(target).starts_with(plain(source)) {
        return Err(Problem::Invalid(format!("`{}` cannot be put into itself", text())));
    }
    Ok(())
}

/// Refuses to put a thing into itself, by whatever names: no directory that the target's path leads through may be it.
async fn unless_into_itself(
    source: &Name,
    target: &Name,
    unanswered: &Arc<Unanswered>,
) -> Result<(), Problem> {
    let parents: Vec<_> =
        (1..target.names().len()).filter_map(|length| target.names().get(..length)).collect();
    if parents.is_empty() || source.agent() != target.agent() {
        return Ok(());
    }
    let identified = |path: &[String]| {
        let path = path.iter().map(|name| OuterValue::text(name.as_str())).collect();
        unanswered.until(source.agent().call("identify", path))
    };
    let paths = std::iter::once(source.names()).chain(parents);
    let ids = try_join_all(paths.map(identified)).await?;
    let mut ids = ids.iter().map(OuterValue::as_str);
    match ids.next().flatten() {
        Some(id) if ids.any(|parent| parent == Some(id)) => Err(Problem::Invalid(format!(
            "`{}` cannot be put into itself",
            source.text().trim_end_matches('/')
        ))),
        _ => Ok(()),
    }
}
