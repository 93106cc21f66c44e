use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::{help, marshal, reader};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::guard;
use crate::hub::{Hub, begun};
use crate::id::FormulaId;
use crate::name::{PetPath, quoted_path};
use crate::quote::quoted;
use crate::world::World;

/// The owner's agent: all of the daemon's authority, by name.
#[derive(Debug)]
pub(crate) struct Host {
    id: FormulaId,
    hub: Arc<Hub>,
}

impl Host {
    pub(crate) fn new(world: Arc<World>, id: FormulaId) -> Arc<Self> {
        let specials = world.roots.special_names();
        Arc::new(Self { id, hub: Hub::new(world, id.number, specials) })
    }

    pub(crate) fn id(&self) -> FormulaId {
        self.id
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.hub.world
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    async fn run(self: Arc<Self>, method: String, mut args: Arguments) -> Result<Value, CallError> {
        match method.as_str() {
            "reverseIdentify" => Ok(self.hub.reverse_identify(identifier(&mut args)?).await?),
            "lookupById" => Ok(self.world().provide(identifier(&mut args)?).await?),
            "handle" => Ok(self.world().provide(self.world().roots.handle).await?),
            "storeValue" => {
                let value = args.value();
                let path = self.hub.written_path(args.name_or_path()?)?;
                self.store_value(&value, path).await
            }
            "storeBlob" => {
                let reader = args.object()?;
                let path = self.hub.written_path(args.name_or_path()?)?;
                self.store_blob(reader, path).await
            }
            "cancel" => self.cancel(args.value()).await,
            _ => self.hub.clone().run(method, args).await,
        }
    }

    async fn store_value(&self, value: &Value, path: PetPath) -> Result<Value, CallError> {
        let world = self.world();
        let formula = marshal::formula_of(value, world.limits.value_bytes, |object| world.id_of(object))?;
        self.hub.store_formula(path, formula).await?;
        Ok(Value::Undefined)
    }

    async fn store_blob(&self, reader: Object, path: PetPath) -> Result<Value, CallError> {
        let world = self.world();
        let content = reader::take_all(&reader, &world.content, &world.limits).await?;
        let formula = Formula::ReadableBlob { content };
        let id = self.hub.store_formula(path, formula.clone()).await?;
        Ok(world.object(id, &formula)?.into())
    }

    async fn cancel(&self, name_or_path: Value) -> Result<Value, CallError> {
        let name = name_or_path.as_str().map(str::to_owned);
        let path = self.hub.path(Arguments::new(vec![name_or_path]).name_or_path()?)?;
        let unknown = name.map_or_else(|| quoted_path(&path), |name| quoted(&name).to_string());
        let Some(id) = self.hub.identifier(path).await? else {
            return Err(CallError::type_error(format!("Unknown pet name: {unknown}")));
        };
        self.world().cancel(id);
        Ok(Value::Undefined)
    }
}

fn identifier(args: &mut Arguments) -> Result<FormulaId, Failure> {
    Ok(args.text()?.to_string().parse()?)
}

impl Exo for Host {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: EndoHost")
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "__getInterfaceGuard__",
            "cancel",
            "copy",
            "followLocatorNameChanges",
            "followNameChanges",
            "handle",
            "has",
            "help",
            "identify",
            "list",
            "listIdentifiers",
            "listLocators",
            "locate",
            "lookup",
            "lookupById",
            "makeDirectory",
            "maybeLookup",
            "maybeReadText",
            "move",
            "readText",
            "remove",
            "reverseIdentify",
            "reverseLocate",
            "reverseLookup",
            "storeBlob",
            "storeIdentifier",
            "storeLocator",
            "storeValue",
            "writeText",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if let Err(refusal) = guard::check("EndoHost", &[guard::HUB, guard::HOST], method, &args) {
            return Reply::error(refusal.into());
        }
        match method {
            "help" => help::answer("EndoHost", help::HOST_OVERVIEW, &[help::HUB, help::HOST], args),
            _ => begun(self.clone().run(method.to_owned(), Arguments::new(args))),
        }
    }
}
