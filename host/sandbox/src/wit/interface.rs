//! What a component imports and exports, as its compiled form declares it.

use std::sync::Arc;

use super::{Function, Resource};

/// One import of a component: a slot that wants an interface.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its name in the component. A plain import's slot is named after its interface.
    pub slot: Arc<str>,
    /// The interface it wants, such as `endo:daemon/mailbox@0.1.0`.
    pub interface: Arc<str>,
    /// Whether the world gave the slot a name of its own (`import inbox: endo:daemon/mailbox`).
    pub named: bool,
    /// The functions that the component uses, and no others.
    pub functions: Vec<Arc<Function>>,
    /// The resources that this import declares (those it only `use`s from another interface are not among them).
    pub resources: Vec<Resource>,
}

/// One interface that a component exports, or its bare functions (then `interface` is empty).
#[derive(Clone, Debug)]
pub struct Export {
    /// The name of the export.
    pub name: Arc<str>,
    /// The interface it implements; the same as the name unless the world named the export.
    pub interface: Arc<str>,
    /// The functions that can be called. Those with types that cannot cross are left out.
    pub functions: Vec<Arc<Function>>,
}

/// Says whether `interface` (as a component declares it, with its version) is meant by `wanted`.
///
/// A `wanted` without a version means any version; one with a version means every version that semver calls
/// compatible, so `a:b/c@0.1.0` matches `a:b/c@0.1.3` but not `a:b/c@0.2.0`.
pub fn interface_matches(interface: &str, wanted: &str) -> bool {
    if interface == wanted {
        return true;
    }
    let (name, version) = split(interface);
    let (wanted_name, wanted_version) = split(wanted);
    name == wanted_name
        && match (version, wanted_version) {
            (_, None) => true,
            (Some(version), Some(wanted)) => match (track(version), track(wanted)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            (None, Some(_)) => false,
        }
}

fn split(interface: &str) -> (&str, Option<&str>) {
    match interface.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (interface, None),
    }
}

/// The leading part of a version that compatible versions share: the major number, or for `0.x` the minor, or for
/// `0.0.x` the patch. Pre-releases are compatible with nothing but themselves, so they have none.
fn track(version: &str) -> Option<[&str; 3]> {
    let version = version.split_once('+').map_or(version, |(version, _build)| version);
    if version.contains('-') {
        return None;
    }
    let mut parts = version.split('.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    Some(match (major, minor) {
        ("0", "0") => [major, minor, patch],
        ("0", _) => [major, minor, ""],
        _ => [major, "", ""],
    })
}

#[cfg(test)]
mod tests {
    use super::interface_matches;

    #[test]
    fn versions_match_by_semver() {
        assert!(interface_matches("a:b/c@0.1.3", "a:b/c@0.1.0"));
        assert!(interface_matches("a:b/c@0.1.3", "a:b/c"));
        assert!(interface_matches("a:b/c@1.9.0", "a:b/c@1.0.0"));
        assert!(interface_matches("a:b/c", "a:b/c"));
        assert!(interface_matches("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0-rc.1"));
        assert!(!interface_matches("a:b/c@0.2.0", "a:b/c@0.1.0"));
        assert!(!interface_matches("a:b/c@0.0.2", "a:b/c@0.0.1"));
        assert!(!interface_matches("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0"));
        assert!(!interface_matches("a:b/c", "a:b/c@0.1.0"));
        assert!(!interface_matches("a:b/d@0.1.0", "a:b/c@0.1.0"));
    }
}
