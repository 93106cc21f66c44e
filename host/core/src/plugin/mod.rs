//! Plugins: what each asks for, what it was granted, its code, and how one version replaces another.

mod ask;
mod installed;
mod load;
mod slots;

pub use ask::Ask;
pub(crate) use installed::private_folder;
pub use installed::{BoundTo, Installed, InstalledPlugin, Seen, StoreError};
pub(crate) use load::read_bounded;
pub use load::{PluginError, load};
pub(crate) use slots::local_interface;
pub use slots::{known_interface, refused_imports, slots};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use powerbox_sandbox::{CodeCache, Component, Digest, Engine, LoadError, Manifest};

use crate::membrane::{Grant, Handle};
use crate::registry::CommandGroup;

/// Where a plugin came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of this binary.
    Bundled,
    /// The user installed this file, which is watched.
    Installed(PathBuf),
}

/// A slot's binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The names of the agent that the command runs for.
    OwnNames,
    /// One thing that the user named.
    Bound(BoundTo),
}

/// One version of one plugin. A replaced plugin is a new `Plugin`; invocations that run keep the one they began with.
pub struct Plugin {
    name: String,
    origin: Origin,
    manifest: Manifest,
    group: CommandGroup,
    code: Code,
    bindings: BTreeMap<String, Binding>,
    rights: Arc<PluginRights>,
    component: tokio::sync::OnceCell<Component<Handle>>,
}

/// The bytes of a component.
#[derive(Clone)]
pub enum Code {
    /// In this binary.
    Static(&'static [u8]),
    /// Read from a file already.
    Bytes(Arc<[u8]>),
    /// In a file of the plugin store, whose name is its digest.
    File(PathBuf),
}

/// The grants of a plugin. They outlive its versions, and end together when it is removed.
pub struct PluginRights {
    slots: std::sync::Mutex<BTreeMap<String, Arc<Grant>>>,
    designation: Arc<Grant>,
    holder: String,
}

impl PluginRights {
    /// The rights of a plugin that was granted nothing yet.
    pub fn new(holder: &str) -> Arc<Self> {
        Arc::new(Self {
            slots: std::sync::Mutex::default(),
            designation: Grant::new(holder, "what the user named"),
            holder: holder.to_owned(),
        })
    }

    /// The grant of a slot.
    pub fn slot(&self, slot: &str) -> Arc<Grant> {
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let grant = slots.entry(slot.to_owned()).or_insert_with(|| {
            let grant = Grant::new(self.holder.as_str(), slot);
            if self.designation.is_revoked() {
                grant.revoke();
            }
            grant
        });
        Arc::clone(grant)
    }

    /// The grant under which the user designates things to its commands.
    pub fn designation(&self) -> Arc<Grant> {
        Arc::clone(&self.designation)
    }

    /// Takes everything back, for good: running calls end with `revoked`.
    pub fn revoke(&self) {
        self.designation.revoke();
        let slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for grant in slots.values() {
            grant.revoke();
        }
    }
}

impl Plugin {
    /// What it is called: its group's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What its file says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of its component.
    pub fn digest(&self) -> Digest {
        self.manifest.digest
    }

    /// Its commands.
    pub fn group(&self) -> &CommandGroup {
        &self.group
    }

    /// What its slots are bound to. A slot that is not here is a local power or unbound.
    pub fn bindings(&self) -> &BTreeMap<String, Binding> {
        &self.bindings
    }

    /// Its grants.
    pub fn rights(&self) -> &Arc<PluginRights> {
        &self.rights
    }

    /// What it asks for.
    pub fn ask(&self) -> Ask {
        Ask::of(&self.manifest, &self.group)
    }

    /// Its compiled component, compiled or fetched from the cache on first use.
    pub async fn component(
        &self,
        engine: &Engine,
        cache: Option<&CodeCache>,
    ) -> Result<&Component<Handle>, LoadError> {
        self.component
            .get_or_try_init(|| async {
                let bindings = &self.bindings;
                load::component(engine, cache, &self.code, self.digest(), |slot| bindings.contains_key(slot))
                    .await
            })
            .await
    }
}
