use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::guard;
use crate::hub::{Hub, begun};
use crate::id::{FormulaId, FormulaNumber};
use crate::world::World;

/// Shows how the named values of the root host are made.
#[derive(Debug)]
pub(crate) struct InspectorHub {
    id: FormulaId,
    hub: Arc<Hub>,
}

impl InspectorHub {
    pub(crate) fn new(world: Arc<World>, id: FormulaId) -> Arc<Self> {
        let number = world.roots.host.number;
        Arc::new(Self { id, hub: Hub::new(world, number, Vec::new()) })
    }

    pub(crate) fn id(&self) -> FormulaId {
        self.id
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.hub.world
    }

    async fn list(self: Arc<Self>) -> Result<Value, CallError> {
        let names = self.hub.pet_names().await?;
        Ok(Value::texts(names.iter().map(|name| &**name)))
    }

    async fn lookup(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let path = self.hub.path(args.name_or_path()?)?;
        let [name] = path.as_slice() else {
            return Err(CallError::error("PetStoreInspector.lookup(path) requires path length of 1"));
        };
        let shown = name.as_str().to_owned();
        let Some(id) = self.hub.identifier(path).await? else {
            return Err(Failure::NothingToInspect(shown).into());
        };
        let formula_type = self.world().store.read(move |tables| tables.formula_type(id)).await;
        let formula_type = formula_type.map_err(Failure::from)?.ok_or(Failure::NoFormula(id.number))?;
        Ok(Object::exo(Arc::new(Inspector { formula_type, number: id.number })).into())
    }
}

impl Exo for InspectorHub {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: EndoInspectorHub")
    }

    fn methods(&self) -> &'static [&'static str] {
        &["__getInterfaceGuard__", "list", "lookup"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if let Err(refusal) = guard::check("EndoInspectorHub", &[guard::INSPECTOR], method, &args) {
            return Reply::error(refusal.into());
        }
        match method {
            "list" => begun(self.clone().list()),
            "lookup" => begun(self.clone().lookup(Arguments::new(args))),
            _ => Reply::undefined(),
        }
    }
}

/// Shows how one value is made. None of the kinds that this daemon makes has anything to show, as in Endo.
#[derive(Debug)]
struct Inspector {
    formula_type: String,
    number: FormulaNumber,
}

impl Exo for Inspector {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Owned(format!("Alleged: Inspector ({} {})", self.formula_type, self.number))
    }

    fn methods(&self) -> &'static [&'static str] {
        &["__getInterfaceGuard__", "list", "lookup"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let label = format!("Inspector ({} {})", self.formula_type, self.number);
        if let Err(refusal) = guard::check(&label, &[guard::INSPECTOR], method, &args) {
            return Reply::error(refusal.into());
        }
        match method {
            "list" => Reply::value(Value::List(Vec::new())),
            _ => Reply::undefined(),
        }
    }
}
