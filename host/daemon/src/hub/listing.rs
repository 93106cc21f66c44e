//! Lists of names.

use std::collections::BTreeSet;
use std::sync::Arc;

use powerbox_captp::{CallError, Value};

use super::lookup::locator;
use super::{Hub, Outcome, Target, call};
use crate::failure::Failure;
use crate::id::FormulaId;
use crate::name::Name;
use crate::store::Tables;

impl Hub {
    pub(super) async fn list(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        match self.target(path).await? {
            Target::Here(hub) => {
                let names = hub.entries().await?;
                Ok(Value::texts(names.iter().map(|(name, _)| &**name)))
            }
            Target::There(value) => call(value, "list", Vec::new()).await,
        }
    }

    pub(super) async fn list_identifiers(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let ids = match self.target(path).await? {
            Target::Here(hub) => hub.entries().await?.into_iter().map(|(_, id)| id.to_string()).collect(),
            Target::There(value) => identifiers_of(value).await?,
        };
        Ok(Value::texts(ids))
    }

    pub(super) async fn list_locators(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        match self.target(path).await? {
            Target::Here(hub) => {
                let entries = hub.entries().await?;
                let read = move |tables: Tables<'_>| {
                    entries.into_iter().map(|(name, id)| Ok((name, locator(tables, id)?))).collect::<Result<
                        Vec<_>,
                        Failure,
                    >>(
                    )
                };
                let located = hub.world.store.read(read).await?;
                Ok(Value::record(
                    located.iter().map(|(name, locator)| (&**name, Value::text(locator.as_str()))),
                ))
            }
            Target::There(value) => call(value, "listLocators", Vec::new()).await,
        }
    }

    /// Gives all names, special ones first, with what they stand for.
    pub(super) async fn entries(&self) -> Result<Vec<(Arc<str>, FormulaId)>, Failure> {
        let number = self.number;
        let pet_names = self.world.store.read(move |tables| tables.names(number)).await?;
        let specials = self.sorted_specials().into_iter().map(|(name, id)| (Arc::from(name), id));
        Ok(specials.chain(pet_names).collect())
    }

    /// Gives the pet names alone.
    pub(crate) async fn pet_names(&self) -> Result<Vec<Arc<str>>, Failure> {
        let number = self.number;
        let names = self.world.store.read(move |tables| tables.names(number)).await?;
        Ok(names.into_iter().map(|(name, _)| name).collect())
    }
}

/// Asks a value that is no hub of this daemon for the identifiers of its names.
async fn identifiers_of(value: Value) -> Result<BTreeSet<String>, CallError> {
    let names = call(value.clone(), "list", Vec::new()).await?;
    let mut ids = BTreeSet::new();
    for name in names.as_list().unwrap_or_default() {
        if let Value::Text(id) = call(value.clone(), "identify", vec![name.clone()]).await? {
            ids.insert(id.to_string());
        }
    }
    Ok(ids)
}
