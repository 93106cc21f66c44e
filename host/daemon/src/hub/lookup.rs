//! From names to values and back.

use std::sync::Arc;

use powerbox_captp::{CallError, Value};
use powerbox_passable::Text;

use super::{Hub, Outcome, Target, call, split_tail};
use crate::failure::Failure;
use crate::formula::Formula;
use crate::id::FormulaId;
use crate::locator::{REMOTE, format_locator, parse_locator};
use crate::name::{InvalidName, Name};
use crate::store::{FormulaError, Tables};

impl Hub {
    pub(super) async fn lookup(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let head = path.first().map(|name| name.as_str().to_owned()).unwrap_or_default();
        self.maybe_lookup(path).await?.ok_or_else(|| Failure::UnknownPetName(head).into())
    }

    /// Gives the value at the end of a path, or `None` if the first name is absent.
    pub(super) async fn maybe_lookup(self: &Arc<Self>, path: Vec<Name>) -> Result<Option<Value>, CallError> {
        let mut names = path.into_iter();
        let head = names.next().ok_or(InvalidName::Path).map_err(Failure::from)?;
        let Some((id, formula)) = self.find(head).await? else { return Ok(None) };
        let mut value = self.world.revive(id, &formula).await?;
        for name in names {
            value = call(value, "lookup", vec![Value::text(name.as_str())]).await?;
        }
        Ok(Some(value))
    }

    async fn find(&self, name: Name) -> Result<Option<(FormulaId, Formula)>, Failure> {
        let (name, hub) = (self.local(name)?, self.number);
        let found = self.world.store.read(move |tables| match name.identify(tables, hub)? {
            Some(id) => Ok::<_, FormulaError>(Some((id, tables.formula(id)?))),
            None => Ok(None),
        });
        Ok(found.await?)
    }

    pub(super) async fn has(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let (prefix, name) = split_tail(path)?;
        match self.target(prefix).await? {
            Target::Here(hub) => Ok(Value::Bool(hub.identify_here(name).await?.is_some())),
            Target::There(value) => call(value, "has", vec![Value::text(name.as_str())]).await,
        }
    }

    pub(super) async fn identify(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let (prefix, name) = split_tail(path)?;
        match self.target(prefix).await? {
            Target::Here(hub) => {
                let id = hub.identify_here(name).await?;
                Ok(id.map_or(Value::Undefined, |id| Value::text(id.to_string())))
            }
            Target::There(value) => call(value, "identify", vec![Value::text(name.as_str())]).await,
        }
    }

    pub(super) async fn identify_here(&self, name: Name) -> Result<Option<FormulaId>, Failure> {
        let (name, hub) = (self.local(name)?, self.number);
        Ok(self.world.store.read(move |tables| name.identify(tables, hub)).await?)
    }

    /// Gives the identifier at the end of a path.
    pub(crate) async fn identifier(
        self: &Arc<Self>,
        path: Vec<Name>,
    ) -> Result<Option<FormulaId>, CallError> {
        match self.identify(path).await? {
            Value::Text(text) => Ok(Some(text.to_string().parse().map_err(Failure::from)?)),
            _ => Ok(None),
        }
    }

    pub(super) async fn locate(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let Some(id) = self.identifier(path).await? else { return Ok(Value::Undefined) };
        let located =
            self.world.store.read(move |tables| locator(tables, id)).await.map_err(Failure::from)?;
        Ok(Value::text(located))
    }

    pub(super) async fn reverse_locate(&self, locator: &Text) -> Outcome {
        let id = parse_locator(&locator.to_string()).map_err(Failure::from)?;
        Ok(self.reverse_identify(id).await?)
    }

    pub(super) async fn reverse_lookup(&self, value: Value) -> Outcome {
        let value = match value {
            Value::Capability(object) => object.settled().await?,
            data => data,
        };
        match value.as_capability().and_then(|object| self.world.id_of(object)) {
            Some(id) => Ok(self.reverse_identify(id).await?),
            None => Ok(Value::List(Vec::new())),
        }
    }

    /// Gives all names of a formula: pet names in the order in which they were given, then special names.
    pub(crate) async fn reverse_identify(&self, id: FormulaId) -> Result<Value, Failure> {
        let hub = self.number;
        let pet_names = self.world.store.read(move |tables| tables.names_of(hub, id)).await?;
        let specials = self.specials.iter().filter(|(_, special)| *special == id).map(|(name, _)| *name);
        Ok(Value::list(pet_names.into_iter().map(Value::text).chain(specials.map(Value::text))))
    }
}

/// Writes the locator of a formula of this daemon or another's.
pub(super) fn locator(tables: Tables<'_>, id: FormulaId) -> Result<String, FormulaError> {
    match tables.formula_type(id) {
        Ok(formula_type) => Ok(format_locator(id, &formula_type)),
        Err(FormulaError::Foreign(_)) => Ok(format_locator(id, REMOTE)),
        Err(error) => Err(error),
    }
}
