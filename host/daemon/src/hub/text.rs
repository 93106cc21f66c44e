//! Texts by name: of blobs here, or of whatever the path leads to.

use std::sync::Arc;

use powerbox_captp::Value;
use powerbox_passable::Text;

use super::{Hub, Outcome, Taken, Target, call, split_tail};
use crate::failure::Failure;
use crate::formula::Formula;
use crate::name::{InvalidName, Name, PetPath};
use crate::store::StoreError;

impl Hub {
    pub(super) async fn read_text(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let (prefix, name) = split_tail(path)?;
        match self.target(prefix).await? {
            Target::Here(hub) => call(hub.lookup(vec![name]).await?, "text", Vec::new()).await,
            Target::There(value) => call(value, "readText", vec![Value::text(name.as_str())]).await,
        }
    }

    pub(super) async fn maybe_read_text(self: &Arc<Self>, path: Vec<Name>) -> Outcome {
        let (prefix, name) = split_tail(path)?;
        match self.target(prefix).await? {
            Target::Here(hub) => match hub.maybe_lookup(vec![name]).await? {
                None | Some(Value::Undefined | Value::Null) => Ok(Value::Undefined),
                Some(value) => call(value, "text", Vec::new()).await,
            },
            Target::There(value) => call(value, "maybeReadText", vec![Value::text(name.as_str())]).await,
        }
    }

    pub(super) async fn write_text(self: &Arc<Self>, path: Vec<Name>, text: Text) -> Outcome {
        let most = self.world.limits.written_text_units;
        if text.utf16_units().count() > most {
            return Err(Failure::Limit { most: most as u64, what: "UTF-16 units in a written text" }.into());
        }
        let (prefix, name) = split_tail(path)?;
        match self.target(prefix).await? {
            Target::Here(hub) => {
                let name = name.into_pet_name().map_err(|error: InvalidName| Failure::from(error))?;
                let content = self.world.content.clone();
                let stored = blocking(move || {
                    let mut incoming = content.begin()?;
                    incoming.push(text.to_string().as_bytes())?;
                    incoming.finish()
                });
                let content = stored.await?;
                let path = PetPath { prefix: Vec::new(), name };
                hub.store_formula(path, Formula::ReadableBlob { content }, Taken::Replaced).await?;
                Ok(Value::Undefined)
            }
            Target::There(value) => {
                call(value, "writeText", vec![Value::text(name.as_str()), Value::Text(text)]).await
            }
        }
    }
}

/// Does on a thread of its own what waits for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StoreError::Stopped.into()),
    }
}
