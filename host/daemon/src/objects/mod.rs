//! The objects that clients meet.

mod blob;
pub(crate) use blob::Blob;

mod bootstrap;
pub(crate) use bootstrap::Bootstrap;

mod directory;
pub(crate) use directory::Directory;

mod handle;
pub(crate) use handle::Handle;

mod help;

mod host;
pub(crate) use host::Host;

mod inspector;
pub(crate) use inspector::InspectorHub;

mod least_authority;
pub(crate) use least_authority::LeastAuthority;

mod reader;

pub(crate) mod iterator;
pub(crate) mod marshal;
