//! What the program carries for plugin projects: the SDK's sources, the contract, the templates.

use std::fs;
use std::io;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The files below a folder of the pack, with their names from there.
pub(crate) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> + use<> {
    let prefix = format!("{folder}/");
    FILES.iter().filter_map(move |(name, content)| Some((name.strip_prefix(&prefix)?, *content)))
}

/// One file.
pub(crate) fn file(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, content)| *content)
}

/// Lays a folder of the pack out, as it is.
pub(crate) fn lay_out(folder: &str, to: &Path) -> io::Result<()> {
    lay_out_as(folder, to, |content| content.to_vec())
}

/// Lays a folder of the pack out, with every file passed through `change`.
pub(crate) fn lay_out_as(folder: &str, to: &Path, change: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    for (name, content) in below(folder) {
        write(&to.join(name), &change(content))?;
    }
    Ok(())
}

/// Writes a file unless it is there with this content: build tools take a new file for a change.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// The contract for toolchains that know no `async` functions in WIT yet: the same functions, plain. The host links
/// both.
pub(crate) fn without_async(wit: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(wit).replace(": async func(", ": func(").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_in_the_pack_and_can_be_made_plain() {
        let types = file("wit/powerbox-plugin/types.wit").unwrap();
        let plain = String::from_utf8(without_async(types)).unwrap();
        assert!(String::from_utf8_lossy(types).contains("async func"));
        assert!(!plain.contains("async func") && plain.contains("call: func(method: string"));
        assert!(below("sdk/rust").any(|(name, _)| name == "wit/powerbox-plugin/types.wit"));
        assert!(below("sdk/rust").all(|(name, _)| !name.contains("target/")));
    }
}
