//! Makes guests.

use std::sync::Arc;

use powerbox_captp::{CallError, Value};
use powerbox_passable::Text;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::hub::{Hub, Local, Taken};
use crate::id::{FormulaId, FormulaNumber};
use crate::interface::Shape;
use crate::key::Key;
use crate::name::PetName;
use crate::store::{Change, StoreError, Tables};

/// Answers the host's `provideGuest(handleName?, {agentName?, introducedNames?}?)`.
///
/// Makes a guest, lets `handleName` stand for its mail address and `agentName` for the guest itself, and writes the
/// introduced names, all in one change on disk. A `handleName` that stands for something already gives that, whatever
/// it is, and the names are introduced to it.
///
/// Endo skips names to introduce that the host does not have, makes the guest even if one of them is refused, and lets
/// `agentName` replace what it stands for. Here nothing is made in these cases.
pub(super) async fn run(hub: &Arc<Hub>, mut args: Arguments) -> Result<Value, CallError> {
    let world = &hub.world;
    let handle_name = args.optional_text()?.map(|name| hub.single(&name)).transpose()?;
    let options = args.value();
    let wanted = Wanted {
        handle_name,
        agent_name: agent_name(options.get("agentName"))?,
        introduced: introduced(hub, options.get("introducedNames"))?,
        host: hub.number,
        host_agent: world.roots.host,
        host_handle: world.roots.handle,
        most_names: world.limits.names_per_directory,
        new: NewGuest::draw().map_err(|error| Failure::from(StoreError::from(error)))?,
    };
    let subscribers = world.changes.clone();
    let provided = world.store.write(
        move |tables| wanted.provide(tables),
        move |(_, changes): &(FormulaId, Vec<Change>)| subscribers.publish(changes),
    );
    let (id, _) = provided.await?;
    Ok(world.provide(id).await?)
}

/// What is asked for.
struct Wanted {
    handle_name: Option<Local>,
    agent_name: Option<PetName>,
    /// Names of the host, and what the guest is to call them.
    introduced: Vec<(Local, PetName)>,
    /// Where the host's names are.
    host: FormulaNumber,
    host_agent: FormulaId,
    host_handle: FormulaId,
    most_names: usize,
    /// Used only if there is none yet.
    new: NewGuest,
}

/// What a guest has of its own from the beginning.
struct NewGuest {
    key: Key,
    agent: FormulaId,
    handle: FormulaId,
}

impl NewGuest {
    fn draw() -> Result<Self, getrandom::Error> {
        let key = Key::random()?;
        let node = key.node();
        let id = || Ok(FormulaId { number: FormulaNumber::random()?, node });
        Ok(Self { agent: id()?, handle: id()?, key })
    }
}

impl Wanted {
    /// Does it; gives what is provided and what changed.
    fn provide(&self, tables: Tables<'_>) -> Result<(FormulaId, Vec<Change>), Failure> {
        let held = match &self.handle_name {
            Some(name) => name.identify(tables, self.host)?,
            None => None,
        };
        let (id, mut changes) = match held {
            Some(id) => (id, Vec::new()),
            None => (self.new.agent, self.make(tables)?),
        };
        changes.extend(self.introduce(tables, id)?);
        Ok((id, changes))
    }

    fn make(&self, tables: Tables<'_>) -> Result<Vec<Change>, Failure> {
        let NewGuest { key, agent, handle } = &self.new;
        let guest =
            Formula::Guest { handle: *handle, host_agent: self.host_agent, host_handle: self.host_handle };
        tables.add_key(&format!("guest {}", agent.number), key)?;
        tables.add_formula(*agent, &guest)?;
        tables.add_formula(*handle, &Formula::Handle { agent: *agent })?;
        let mut changes = Vec::new();
        if let Some(Local::Pet(name)) = &self.handle_name {
            changes.extend(tables.store_name(self.host, name, *handle, self.most_names)?);
        }
        if let Some(name) = &self.agent_name {
            Taken::Refused.check(tables, self.host, name)?;
            changes.extend(tables.store_name(self.host, name, *agent, self.most_names)?);
        }
        Ok(changes)
    }

    /// Writes the introduced names into an agent.
    fn introduce(&self, tables: Tables<'_>, agent: FormulaId) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        for (theirs, ours) in &self.introduced {
            let Some(id) = theirs.identify(tables, self.host)? else {
                let name = if let Local::Pet(name) = theirs { name.as_str() } else { "" };
                return Err(Failure::UnknownPetName(name.to_owned()));
            };
            if !tables.formula(agent)?.keeps_names() {
                return Err(Failure::NoAgent);
            }
            changes.extend(tables.store_name(agent.number, ours, id, self.most_names)?);
        }
        Ok(changes)
    }
}

/// Reads the name that the guest itself is to have.
fn agent_name(option: Option<&Value>) -> Result<Option<PetName>, Failure> {
    match option {
        None | Some(Value::Undefined) => Ok(None),
        Some(option) => Ok(Some(PetName::new(&text("agentName", option)?.to_string())?)),
    }
}

/// Reads the names to introduce: a record from names of the host to names for the guest.
fn introduced(hub: &Hub, option: Option<&Value>) -> Result<Vec<(Local, PetName)>, Failure> {
    let Some(option) = option.filter(|option| !option.is_undefined()) else { return Ok(Vec::new()) };
    let names = option.as_record().ok_or_else(|| refusal("introducedNames", option, Shape::Record))?;
    let introduction = |(theirs, ours): (&Text, &Value)| {
        let ours = hub.written_path(vec![text("introducedNames", ours)?.clone()])?;
        Ok((hub.single(theirs)?, ours.name))
    };
    names.iter().map(introduction).collect()
}

fn text<'a>(option: &str, value: &'a Value) -> Result<&'a Text, Failure> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(refusal(option, value, Shape::Text)),
    }
}

/// Refuses an option as the guard of the method refuses arguments.
fn refusal(option: &str, value: &Value, wanted: Shape) -> Failure {
    let problem = wanted.check(value).err().unwrap_or_default();
    Failure::Guard(format!("In \"provideGuest\" method of (EndoHost): arg 1?: {option}?: {problem}"))
}
