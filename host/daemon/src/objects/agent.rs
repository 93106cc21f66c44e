//! What the host and its guests have in common.

use std::sync::Arc;

use powerbox_captp::{CallError, Object, Value};

use super::{marshal, reader};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::hub::{Hub, Taken};
use crate::id::FormulaId;
use crate::interface::Shape::{Any, NameOrPath, Record, Remotable, Text};
use crate::interface::{Method, may_take, takes};
use crate::name::PetPath;

/// Names of one's own, ways to make values for them, and a mail address.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) hub: Arc<Hub>,
    pub(super) handle: FormulaId,
}

/// The methods of every agent, besides those of hubs.
pub(super) const METHODS: &[Method] = &[
    takes("handle", &[], "handle() - gives the mail address of the agent."),
    takes("lookupById", &[Text], "lookupById(id) - gives the value that an identifier names."),
    takes("reverseIdentify", &[Text], "reverseIdentify(id) - gives the names of what an identifier names."),
    may_take(
        "storeBlob",
        &[Remotable],
        &[NameOrPath, Record],
        "storeBlob(reader, nameOrPath, {replace}?) - stores the bytes of a reader and names them.",
    ),
    may_take(
        "storeValue",
        &[Any, NameOrPath],
        &[Record],
        "storeValue(value, nameOrPath, {replace}?) - stores data, which may refer to named objects, and names it.",
    ),
];

impl Agent {
    /// Runs one of the methods of agents or hubs.
    pub(super) async fn run(&self, method: String, mut args: Arguments) -> Result<Value, CallError> {
        match method.as_str() {
            "handle" => Ok(self.hub.world.provide(self.handle).await?),
            // An identifier is a key: in Endo, too, any agent gets whatever it knows the identifier of.
            "lookupById" => Ok(self.hub.world.provide(identifier(&mut args)?).await?),
            "reverseIdentify" => Ok(self.hub.reverse_identify(identifier(&mut args)?).await?),
            "storeBlob" => {
                let reader = args.object()?;
                let path = self.hub.written_path(args.name_or_path()?)?;
                self.store_blob(reader, path, Taken::from_options(&args.value())).await
            }
            "storeValue" => {
                let value = args.value();
                let path = self.hub.written_path(args.name_or_path()?)?;
                self.store_value(&value, path, Taken::from_options(&args.value())).await
            }
            _ => self.hub.clone().run(method, args).await,
        }
    }

    async fn store_value(&self, value: &Value, path: PetPath, taken: Taken) -> Result<Value, CallError> {
        let world = &self.hub.world;
        let formula = marshal::formula_of(value, world.limits.value_bytes, |object| world.id_of(object))?;
        self.hub.store_formula(path, formula, taken).await?;
        Ok(Value::Undefined)
    }

    async fn store_blob(&self, reader: Object, path: PetPath, taken: Taken) -> Result<Value, CallError> {
        let world = &self.hub.world;
        let content = reader::take_all(&reader, &world.content, &world.limits).await?;
        let formula = Formula::ReadableBlob { content };
        let id = self.hub.store_formula(path, formula.clone(), taken).await?;
        Ok(world.object(id, &formula)?.into())
    }
}

fn identifier(args: &mut Arguments) -> Result<FormulaId, Failure> {
    Ok(args.text()?.to_string().parse()?)
}
