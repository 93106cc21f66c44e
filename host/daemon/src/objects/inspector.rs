use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::Kind;
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::hub::{Hub, begun};
use crate::interface::Shape::NameOrPath;
use crate::interface::{Interface, Method, takes};
use crate::world::World;

/// Shows how the named values of the root host are made.
#[derive(Debug)]
pub(crate) struct InspectorHub(Arc<Hub>);

pub(super) static HUB_INTERFACE: Interface = Interface::new("EndoInspectorHub", &[METHODS]);

pub(super) static INTERFACE: Interface = Interface::new("Inspector", &[METHODS]);

const METHODS: &[Method] = &[takes("list", &[], ""), takes("lookup", &[NameOrPath], "")];

impl InspectorHub {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let number = world.roots.host.number;
        Self(Hub::new(world, number, Vec::new()))
    }

    async fn list(self: Arc<Self>) -> Result<Value, CallError> {
        let names = self.0.pet_names().await?;
        Ok(Value::texts(names.iter().map(|name| &**name)))
    }

    async fn lookup(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let path = self.0.path(args.name_or_path()?)?;
        let [name] = path.as_slice() else {
            return Err(CallError::error("PetStoreInspector.lookup(path) requires path length of 1"));
        };
        let shown = name.as_str().to_owned();
        let Some(id) = self.0.identifier(path).await? else {
            return Err(Failure::NothingToInspect(shown).into());
        };
        let world = self.0.world.clone();
        let formula = world.store.read(move |tables| tables.formula(id)).await.map_err(Failure::from)?;
        Ok(Object::exo(Arc::new(Inspector { world, formula })).into())
    }
}

impl Kind for InspectorHub {
    fn interface(&self) -> &'static Interface {
        &HUB_INTERFACE
    }

    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply {
        match method {
            "list" => begun(self.list()),
            "lookup" => begun(self.lookup(args)),
            _ => Reply::undefined(),
        }
    }
}

/// Shows how one value is made.
#[derive(Debug)]
struct Inspector {
    world: Arc<World>,
    formula: Formula,
}

impl Inspector {
    /// What it is called. Endo's has the number of the formula there, too, which is a key to the value.
    fn title(&self) -> String {
        format!("Inspector ({})", self.formula.type_name())
    }

    async fn lookup(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let path = args.name_or_path()?;
        let is_wanted = |name: &str| matches!(path.as_slice(), [wanted] if wanted.as_str() == Some(name));
        match self.formula.parts().into_iter().find(|(name, _)| is_wanted(name)) {
            Some((_, id)) => Ok(self.world.provide(id).await?),
            None => Ok(Value::Undefined),
        }
    }
}

impl Exo for Inspector {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Owned(format!("Alleged: {}", self.title()))
    }

    fn methods(&self) -> &'static [&'static str] {
        INTERFACE.methods()
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        INTERFACE.call(&self.title(), method, args, |args| match method {
            "list" => Reply::value(Value::texts(self.formula.parts().into_iter().map(|(name, _)| name))),
            "lookup" => begun(self.clone().lookup(args)),
            _ => Reply::undefined(),
        })
    }
}
