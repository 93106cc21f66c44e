//! Changes of names.

use std::sync::Arc;

use powerbox_captp::{CallError, Value};
use powerbox_passable::Text;

use super::{Hub, Local, Outcome, Taken, Target, call, split_tail};
use crate::failure::Failure;
use crate::formula::Formula;
use crate::id::{FormulaId, FormulaNumber};
use crate::locator::parse_locator;
use crate::name::{Name, PetName, PetPath, quoted_path};
use crate::store::{Change, StoreError, Tables};

impl Hub {
    pub(super) async fn store_identifier(self: &Arc<Self>, path: PetPath, id: FormulaId) -> Outcome {
        match self.target(path.prefix).await? {
            Target::Here(hub) => hub.store_here(path.name, id, Taken::Replaced).await?,
            Target::There(value) => store_there(value, &path.name, id).await?,
        }
        Ok(Value::Undefined)
    }

    pub(super) async fn store_locator(self: &Arc<Self>, path: Vec<Text>, locator: &Text) -> Outcome {
        let locator = locator.to_string();
        if !locator.starts_with("endo://") {
            return Err(Failure::NotALocator(locator).into());
        }
        let id = parse_locator(&locator).map_err(Failure::from)?;
        let path = self.written_path(path)?;
        self.store_identifier(path, id).await
    }

    pub(super) async fn remove(self: &Arc<Self>, path: PetPath) -> Outcome {
        let PetPath { prefix, name } = path;
        match self.target(prefix).await? {
            Target::Here(hub) => {
                let number = hub.number;
                hub.change(move |tables| tables.remove_name(number, &name)).await?;
                Ok(Value::Undefined)
            }
            Target::There(value) => call(value, "remove", vec![Value::text(name.as_str())]).await,
        }
    }

    /// Moves a name: within one hub as a renaming, between two as a copy and a removal.
    pub(super) async fn rename(self: &Arc<Self>, from: PetPath, to: PetPath, taken: Taken) -> Outcome {
        if from.prefix == to.prefix {
            return match self.target(from.prefix).await? {
                Target::Here(hub) => {
                    let number = hub.number;
                    let rename = move |tables: Tables<'_>| {
                        if from.name != to.name {
                            taken.check(tables, number, &to.name)?;
                        }
                        Ok::<_, Failure>(tables.rename(number, &from.name, &to.name)?)
                    };
                    hub.change(rename).await?;
                    Ok(Value::Undefined)
                }
                Target::There(value) => {
                    taken.check_there(&value, &to.name).await?;
                    let path = |name: &PetName| Value::texts([name.as_str()]);
                    call(value, "move", vec![path(&from.name), path(&to.name)]).await
                }
            };
        }
        let mut path = from.prefix;
        path.push(Name::Pet(from.name));
        self.transfer(path, to, Keep::Nothing, taken).await
    }

    pub(super) async fn copy(self: &Arc<Self>, from: Vec<Name>, to: PetPath, taken: Taken) -> Outcome {
        self.transfer(from, to, Keep::Original, taken).await
    }

    /// Copies or moves a name. Between hubs of this daemon, that is one change on disk.
    async fn transfer(self: &Arc<Self>, from: Vec<Name>, to: PetPath, keep: Keep, taken: Taken) -> Outcome {
        let shown = quoted_path(&from);
        let unknown = || Failure::UnknownPath(shown.clone());
        let (prefix, name) = split_tail(from)?;
        let source = self.target(prefix).await?;
        let target = match self.target(to.prefix).await {
            Ok(target) => target,
            Err(error) => {
                // Endo looks at the source first, and what is wrong there counts more.
                identify_at(&source, name).await?.ok_or_else(unknown)?;
                return Err(error);
            }
        };
        match (source, target) {
            (Target::Here(source), Target::Here(target)) => {
                let step = Transfer {
                    name: source.local(name).map_err(Failure::from)?,
                    from: source.number,
                    to: (target.number, to.name),
                    keep,
                    taken,
                    most: self.world.limits.names_per_directory,
                    shown,
                };
                self.change(move |tables| step.run(tables)).await?;
            }
            (source, target) => {
                let id = identify_at(&source, name.clone()).await?.ok_or_else(unknown)?;
                match target {
                    Target::Here(hub) => hub.store_here(to.name, id, taken).await?,
                    Target::There(value) => {
                        taken.check_there(&value, &to.name).await?;
                        store_there(value, &to.name, id).await?;
                    }
                }
                if keep == Keep::Nothing {
                    let name = name.into_pet_name().map_err(Failure::from)?;
                    let value = match source {
                        Target::Here(hub) => {
                            return hub.remove(PetPath { prefix: Vec::new(), name }).await;
                        }
                        Target::There(value) => value,
                    };
                    call(value, "remove", vec![Value::text(name.as_str())]).await?;
                }
            }
        }
        Ok(Value::Undefined)
    }

    pub(super) async fn make_directory(self: &Arc<Self>, path: PetPath, taken: Taken) -> Outcome {
        let formula = Formula::Directory {};
        let id = self.store_formula(path, formula.clone(), taken).await?;
        Ok(self.world.object(id, &formula)?.into())
    }

    /// Keeps a new formula under a name, in one change on disk if the name is this daemon's.
    pub(crate) async fn store_formula(
        self: &Arc<Self>,
        path: PetPath,
        formula: Formula,
        taken: Taken,
    ) -> Result<FormulaId, CallError> {
        let number = FormulaNumber::random().map_err(|error| Failure::from(StoreError::from(error)))?;
        let id = FormulaId { number, node: self.world.roots.node };
        match self.target(path.prefix).await? {
            Target::Here(hub) => {
                let (number, name, most) = (hub.number, path.name, self.world.limits.names_per_directory);
                let write = move |tables: Tables<'_>| {
                    taken.check(tables, number, &name)?;
                    tables.add_formula(id, &formula)?;
                    Ok::<_, Failure>(tables.store_name(number, &name, id, most)?)
                };
                hub.change(write).await?;
            }
            Target::There(value) => {
                taken.check_there(&value, &path.name).await?;
                self.world
                    .store
                    .write(move |tables| tables.add_formula(id, &formula), |()| ())
                    .await
                    .map_err(Failure::from)?;
                store_there(value, &path.name, id).await?;
            }
        }
        Ok(id)
    }

    async fn store_here(&self, name: PetName, id: FormulaId, taken: Taken) -> Result<(), Failure> {
        let (number, most) = (self.number, self.world.limits.names_per_directory);
        let store = move |tables: Tables<'_>| {
            taken.check(tables, number, &name)?;
            Ok::<_, Failure>(tables.store_name(number, &name, id, most)?)
        };
        self.change(store).await
    }

    /// Changes names on disk, and then lets subscribers know.
    fn change<W, E>(&self, work: W) -> impl Future<Output = Result<(), Failure>> + Send + use<W, E>
    where
        W: FnOnce(Tables<'_>) -> Result<Vec<Change>, E> + Send + 'static,
        E: From<StoreError> + Into<Failure> + Send + 'static,
    {
        let subscribers = self.world.changes.clone();
        let changed = self.world.store.write(work, move |changes: &Vec<Change>| subscribers.publish(changes));
        async move { changed.await.map(drop).map_err(E::into) }
    }
}

/// Whether the name that is transferred stays where it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Original,
    Nothing,
}

/// A name that gets, or becomes, another.
struct Transfer {
    name: Local,
    from: FormulaNumber,
    to: (FormulaNumber, PetName),
    keep: Keep,
    taken: Taken,
    most: usize,
    /// The path that the name was given by, for the case that it leads nowhere.
    shown: String,
}

impl Transfer {
    fn run(self, tables: Tables<'_>) -> Result<Vec<Change>, Failure> {
        let (to, target) = &self.to;
        let Some(id) = self.name.identify(tables, self.from)? else {
            return Err(Failure::UnknownPath(self.shown));
        };
        self.taken.check(tables, *to, target)?;
        match (&self.name, self.keep) {
            (Local::Pet(name), Keep::Nothing) if self.from == *to => Ok(tables.rename(*to, name, target)?),
            (Local::Pet(name), Keep::Nothing) => {
                // Removed first, so that a full directory may exchange names with another; told in Endo's order.
                let removed = tables.remove_name(self.from, name)?;
                let mut changes = tables.store_name(*to, target, id, self.most)?;
                changes.extend(removed);
                Ok(changes)
            }
            _ => Ok(tables.store_name(*to, target, id, self.most)?),
        }
    }
}

async fn identify_at(target: &Target, name: Name) -> Result<Option<FormulaId>, CallError> {
    match target {
        Target::Here(hub) => Ok(hub.identify_here(name).await?),
        Target::There(value) => {
            match call(value.clone(), "identify", vec![Value::text(name.as_str())]).await? {
                Value::Text(id) => Ok(Some(id.to_string().parse().map_err(Failure::from)?)),
                _ => Ok(None),
            }
        }
    }
}

async fn store_there(value: Value, name: &PetName, id: FormulaId) -> Result<(), CallError> {
    let args = vec![Value::texts([name.as_str()]), Value::text(id.to_string())];
    call(value, "storeIdentifier", args).await.map(drop)
}
