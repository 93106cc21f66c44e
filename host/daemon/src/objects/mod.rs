//! The objects that clients meet.

mod agent;

mod attenuated;
pub(crate) use attenuated::Attenuated;

mod blob;
pub(crate) use blob::Blob;

mod bootstrap;
pub(crate) use bootstrap::Bootstrap;

mod directory;
pub(crate) use directory::Directory;

mod guest;
pub(crate) use guest::Guest;

mod handle;
pub(crate) use handle::Handle;

mod host;
pub(crate) use host::Host;

mod inspector;
pub(crate) use inspector::InspectorHub;

mod least_authority;
pub(crate) use least_authority::LeastAuthority;

mod made;
pub(crate) use made::{Kind, Made};

mod provide_guest;
mod reader;

pub(crate) mod iterator;
pub(crate) mod marshal;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_each_method_once() {
        let interfaces = [
            &blob::INTERFACE,
            &bootstrap::INTERFACE,
            &directory::INTERFACE,
            &guest::INTERFACE,
            &handle::INTERFACE,
            &host::INTERFACE,
            &inspector::HUB_INTERFACE,
            &inspector::INTERFACE,
            &iterator::INTERFACE,
            &least_authority::INTERFACE,
        ];
        for interface in interfaces {
            let mut methods = interface.methods().to_vec();
            methods.sort_unstable();
            methods.dedup();
            assert_eq!(methods.len(), interface.methods().len(), "{}", interface.name);
        }
    }

    #[test]
    fn a_guest_has_no_method_that_endo_does_not_give_it() {
        for method in guest::INTERFACE.methods() {
            assert!(least_authority::INTERFACE.methods().contains(method), "{method}");
        }
    }
}
