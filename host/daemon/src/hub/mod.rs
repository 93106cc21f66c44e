//! What directories and agents have in common: names for values, and paths through them.
//!
//! A path is walked by calling `lookup` on each value, so anything that has `lookup` can be walked through. Where the
//! walk ends at a directory or agent of this daemon, the rest is done directly, as one change on disk; where it ends
//! at anything else, by calling it.

mod following;
mod listing;
mod lookup;

mod methods;
pub(crate) use methods::METHODS;

mod taken;
pub(crate) use taken::Taken;

mod text;
pub(crate) use text::blocking;
mod writing;

use std::sync::Arc;

use futures_util::FutureExt;
use powerbox_captp::{Answer, CallError, Reply, Value};
use powerbox_passable::Text;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::id::{FormulaId, FormulaNumber};
use crate::name::{self, InvalidName, Name, PetName};
use crate::objects::Made;
use crate::store::{StoreError, Tables};
use crate::world::World;

/// The names of one directory or agent.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) world: Arc<World>,
    /// Under which number the names are kept.
    pub(crate) number: FormulaNumber,
    /// Names that the daemon gives and nobody can change.
    specials: Vec<(&'static str, FormulaId)>,
}

/// Where a path ends.
enum Target {
    /// At a directory or agent of this daemon.
    Here(Arc<Hub>),
    /// At any other value.
    There(Value),
}

/// A single name, as one hub understands it.
pub(crate) enum Local {
    Pet(PetName),
    Special(FormulaId),
}

type Outcome = Result<Value, CallError>;

impl Hub {
    pub(crate) fn new(
        world: Arc<World>,
        number: FormulaNumber,
        specials: Vec<(&'static str, FormulaId)>,
    ) -> Arc<Self> {
        Arc::new(Self { world, number, specials })
    }

    /// Runs one of the methods that all hubs have.
    pub(crate) async fn run(self: Arc<Self>, method: String, mut args: Arguments) -> Outcome {
        match method.as_str() {
            "has" => self.has(self.names(args.rest()?)?).await,
            "identify" => self.identify(self.names(args.rest()?)?).await,
            "locate" => self.locate(self.names(args.rest()?)?).await,
            "reverseLocate" => self.reverse_locate(&args.text()?).await,
            "list" => self.list(self.names(args.rest()?)?).await,
            "listIdentifiers" => self.list_identifiers(self.names(args.rest()?)?).await,
            "listLocators" => self.list_locators(self.names(args.rest()?)?).await,
            "lookup" => self.lookup(self.path(args.name_or_path()?)?).await,
            "maybeLookup" => {
                Ok(self.maybe_lookup(self.path(args.name_or_path()?)?).await?.unwrap_or(Value::Undefined))
            }
            "reverseLookup" => self.reverse_lookup(args.value()).await,
            "followNameChanges" => self.follow_name_changes().await,
            "followLocatorNameChanges" => self.follow_locator_name_changes(&args.text()?).await,
            "storeIdentifier" => {
                let path = self.written_path(args.name_or_path()?)?;
                let id = args.text()?.to_string().parse::<FormulaId>().map_err(Failure::from)?;
                self.store_identifier(path, id).await
            }
            "storeLocator" => {
                let path = args.name_or_path()?;
                self.store_locator(path, &args.text()?).await
            }
            "remove" => self.remove(self.pet_path(args.rest()?)?).await,
            "move" => {
                let (from, to) = (args.name_or_path()?, args.name_or_path()?);
                let taken = Taken::from_options(&args.value());
                self.rename(self.pet_path(from)?, self.pet_path(to)?, taken).await
            }
            "copy" => {
                let (from, to) = (args.name_or_path()?, args.name_or_path()?);
                let taken = Taken::from_options(&args.value());
                self.copy(self.path(from)?, self.pet_path(to)?, taken).await
            }
            "makeDirectory" => {
                let path = self.written_path(args.name_or_path()?)?;
                self.make_directory(path, Taken::from_options(&args.value())).await
            }
            "readText" => self.read_text(self.path(args.name_or_path()?)?).await,
            "maybeReadText" => self.maybe_read_text(self.path(args.name_or_path()?)?).await,
            "writeText" => {
                let path = self.path(args.name_or_path()?)?;
                self.write_text(path, args.text()?).await
            }
            _ => Ok(Value::Undefined),
        }
    }

    /// Checks a list of names that may be empty.
    fn names(&self, texts: Vec<Text>) -> Result<Vec<Name>, Failure> {
        self.check_length(&texts)?;
        Ok(name::names(&texts)?)
    }

    /// Checks a path to read.
    pub(crate) fn path(&self, texts: Vec<Text>) -> Result<Vec<Name>, Failure> {
        self.check_length(&texts)?;
        Ok(name::path(&texts)?)
    }

    /// Checks a path to write, given as separate names or as a list.
    fn pet_path(&self, texts: Vec<Text>) -> Result<name::PetPath, Failure> {
        self.check_length(&texts)?;
        Ok(name::pet_path(&texts)?)
    }

    /// Checks a path to write, given as a name or a path: as a path to read first, which is what Endo complains of.
    pub(crate) fn written_path(&self, texts: Vec<Text>) -> Result<name::PetPath, Failure> {
        self.check_length(&texts)?;
        name::path(&texts)?;
        Ok(name::pet_path(&texts)?)
    }

    fn check_length(&self, texts: &[Text]) -> Result<(), Failure> {
        let most = self.world.limits.path_names;
        if texts.len() > most {
            return Err(Failure::Limit { most: most as u64, what: "names in a path" });
        }
        Ok(())
    }

    /// Checks a single name, and finds out what it is here.
    pub(crate) fn single(&self, text: &Text) -> Result<Local, Failure> {
        Ok(self.local(Name::new(text)?)?)
    }

    /// Finds out what a single name is here.
    fn local(&self, name: Name) -> Result<Local, InvalidName> {
        match name {
            Name::Pet(name) => Ok(Local::Pet(name)),
            Name::Special(name) => match self.special(&name) {
                Some(id) => Ok(Local::Special(id)),
                None if self.specials.is_empty() => Err(InvalidName::PetName(name)),
                None => {
                    let known = self.specials.iter().map(|(name, _)| *name).collect();
                    Err(InvalidName::Special { name, known })
                }
            },
        }
    }

    fn special(&self, name: &str) -> Option<FormulaId> {
        self.specials.iter().find(|(special, _)| *special == name).map(|(_, id)| *id)
    }

    fn sorted_specials(&self) -> Vec<(&'static str, FormulaId)> {
        let mut specials = self.specials.clone();
        specials.sort_unstable();
        specials
    }

    /// Goes to the end of a path; no names lead to this hub itself.
    async fn target(self: &Arc<Self>, path: Vec<Name>) -> Result<Target, CallError> {
        if path.is_empty() {
            return Ok(Target::Here(self.clone()));
        }
        let value = self.lookup(path).await?;
        Ok(match self.hub_of(&value) {
            Some(hub) => Target::Here(hub),
            None => Target::There(value),
        })
    }

    /// Gives the hub behind a value, if it is one of this daemon's.
    fn hub_of(&self, value: &Value) -> Option<Arc<Self>> {
        value.as_capability()?.downcast::<Made>()?.hub_in(&self.world).cloned()
    }
}

impl Local {
    /// Gives what the name stands for in the hub whose names are kept under `hub`.
    pub(crate) fn identify(
        &self,
        tables: Tables<'_>,
        hub: FormulaNumber,
    ) -> Result<Option<FormulaId>, StoreError> {
        match self {
            Self::Special(id) => Ok(Some(*id)),
            Self::Pet(name) => tables.named(hub, name),
        }
    }
}

/// Splits the last name off a path, which has one.
fn split_tail(mut path: Vec<Name>) -> Result<(Vec<Name>, Name), Failure> {
    let tail = path.pop().ok_or(InvalidName::Path)?;
    Ok((path, tail))
}

/// Calls a method of any value, data included, which has none.
async fn call(value: Value, method: &str, args: Vec<Value>) -> Outcome {
    Answer::ready(Ok(value)).call(method, args).await
}

/// Begins at once what takes time.
///
/// What is first asked of the store is asked before the next message of the session is looked at, so that calls which
/// follow one another see each other's effects.
pub(crate) fn begun(work: impl Future<Output = Outcome> + Send + 'static) -> Reply {
    let mut work = work.boxed();
    match (&mut work).now_or_never() {
        Some(outcome) => Reply::Ready(outcome),
        None => Reply::Pending(work),
    }
}
