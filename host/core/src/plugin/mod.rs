//! Plugins: what each asks for, its code, and how one version replaces another.

mod ask;
mod candidate;
mod describing;
mod difference;
mod installed;
mod intent;
mod load;
mod lock;
mod signature;
mod slots;
mod source;
mod visit;

pub use ask::{Ask, AskedCommand, AskedParameter};
pub use candidate::Candidate;
pub use difference::Difference;
pub use installed::{Installed, InstalledPlugin, RECORDS_BYTES, Seen, StoreError};
pub(crate) use installed::{private_folder, write_aside};
pub use intent::Data;
pub(crate) use intent::{Changing, Intent, may_die_at};
pub(crate) use load::read_bounded;
pub use load::{PluginError, load};
pub use lock::read_lock;
pub use signature::{Demand, SignatureError, Signatures};
pub use slots::{AskedSlot, imports_wasi, known_interface, refused_imports, slot_meant, slots};
pub(crate) use slots::{is_power, local_interface, local_interface_named, slot_of};
pub use source::{Source, signature_beside};
pub(crate) use visit::Before;
pub use visit::Visit;

use std::path::PathBuf;
use std::sync::Arc;

use powerbox_sandbox::{CodeCache, Component, Digest, Engine, LoadError, Manifest};

use crate::membrane::Handle;
use crate::registry::CommandGroup;

/// Where a plugin came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of this binary.
    Bundled,
    /// The user installed it from there.
    Installed(Source),
}

/// One version of one plugin. A replaced plugin is a new `Plugin`; invocations that run keep the one they began with.
pub struct Plugin {
    name: String,
    origin: Origin,
    manifest: Manifest,
    group: CommandGroup,
    code: Code,
    own_names: &'static [&'static str],
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

    /// The slots that reach the names of whoever runs a command, without anybody granting it: only plugins that come
    /// with the program have such.
    pub fn own_names(&self) -> &'static [&'static str] {
        self.own_names
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
            .get_or_try_init(|| async { load::component(engine, cache, &self.code, self.digest()).await })
            .await
    }
}
