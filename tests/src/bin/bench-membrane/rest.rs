//! What a plugin costs that is loaded and does nothing.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use powerbox_core::plugin::{Code, Origin, Source, load};
use powerbox_core::registry::{Owners, Registry};
use powerbox_sandbox::{CacheBounds, CodeCache, Digest, Engine, EngineOptions};
use powerbox_tests::powerbox::component;

use super::figure::Figure;

/// What a plugin at rest may cost, in KB.
const MOST: f64 = 100.0;

/// The name of the plugin, and of its command, in the component that all variants are made of.
const NAME: &str = "empty";

/// The component `empty`, which describes itself by another name of as many letters: to be loaded, not to be run.
pub(crate) fn variant(number: usize) -> Result<Vec<u8>> {
    let mut bytes = std::fs::read(component(NAME)?)?;
    let name = format!("p{number:04}");
    let mut replaced = 0;
    let mut place = 0;
    while let Some(window) = bytes.get_mut(place..place + NAME.len()) {
        if window == NAME.as_bytes() {
            window.copy_from_slice(name.as_bytes());
            replaced += 1;
        }
        place += 1;
    }
    ensure!(replaced > 0, "the component has no name to replace");
    Ok(bytes)
}

pub(crate) async fn measure(plugins: usize) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::new(EngineOptions::default())?;
    let cache = CodeCache::open(folder.path().join("code"), CacheBounds::default())?;
    let descriptions = folder.path().join("described");
    std::fs::create_dir(&descriptions)?;
    let file = folder.path().join("plugin.wasm");
    let load = async |number: usize| -> Result<_> {
        let bytes = variant(number)?;
        std::fs::write(&file, &bytes)?;
        let origin = Origin::Installed(Source::File { path: file.clone() });
        let plugin =
            load(&engine, Some(&cache), Some(&descriptions), origin, Code::File(file.clone()), |_| true, &[])
                .await?;
        Ok((Digest::of(&bytes), plugin))
    };

    // The first one describes itself. For the others it is remembered, as at every start but the first: to compile
    // each takes too long for a bench, and would be gone from memory anyway.
    let (first, plugin) = load(0).await?;
    drop(plugin);
    let described = std::fs::read_to_string(descriptions.join(format!("{first}.json")))?;
    let name = format!("p{:04}", 0);
    for number in 1..plugins {
        let digest = Digest::of(&variant(number)?);
        let described = described
            .replace(&first.to_string(), &digest.to_string())
            .replace(&name, &format!("p{number:04}"));
        std::fs::write(descriptions.join(format!("{digest}.json")), described)?;
    }
    // What all share is there.
    let (_, warm) = load(0).await?;

    let before = resident()?;
    let mut loaded = Vec::with_capacity(plugins);
    for number in 0..plugins {
        loaded.push(Arc::new(load(number).await?.1));
    }
    let registry = Registry::new(loaded, Owners::default());
    let after = resident()?;
    ensure!(registry.find(&format!("p{:04}", plugins - 1)).is_ok(), "a plugin is missing");
    drop(warm);
    let each = (after.saturating_sub(before)) as f64 / plugins as f64;
    Ok(vec![Figure::new(format!("a plugin at rest, of {plugins}"), "KB", each, "to reach", MOST)])
}

/// The memory of this process that is resident, in KB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
    let kilobytes = line.trim().strip_suffix("kB").context("VmRSS is not in kB")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024 / 1000)
}
