use std::path::Path;
use std::sync::Arc;

use powerbox_passable::Limits as ValueLimits;
use powerbox_sandbox::{
    CodeCache, Component, Digest, Engine, Failure, Import, Limits, LoadError, Manifest, ManifestError,
};

use super::describing::Describing;
use super::slots::refused_imports;
use super::{Code, Origin, Plugin, SignatureError};
use crate::bridge::from_wit;
use crate::designation::check_defaults;
use crate::membrane::Handle;
use crate::registry::{CommandGroup, DescribeError, read_group};

/// Why a plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// Its file is no component, or too large.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It imports what nobody can answer. All such imports are listed.
    #[error(
        "it imports what this host does not offer: {}; a third party's interface can be bound to an object with --bind",
        .0.join(", ")
    )]
    Imports(Vec<String>),
    /// It cannot be compiled or linked.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It does not export the contract's `describe`, or that failed.
    #[error("it did not describe its commands: {0}")]
    Describe(#[from] Failure),
    /// Its description is no good.
    #[error(transparent)]
    Description(#[from] DescribeError),
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Read(#[from] std::io::Error),
    /// It is not signed as it should be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The store's copy is not what its name says.
    #[error("the installed copy was changed; install it again")]
    Changed,
}

/// Loads a version of a plugin: reads its manifest, refuses imports that cannot be answered, and gets its
/// description. `bound` tells which slots of third parties' interfaces have an object. What a file says of itself is remembered in `descriptions` under its digest: reading it anew costs
/// milliseconds, which a command that runs by itself would pay each time.
pub async fn load(
    engine: &Engine,
    cache: Option<&CodeCache>,
    descriptions: Option<&Path>,
    origin: Origin,
    code: Code,
    bound: impl Fn(&str) -> bool,
    own_names: &'static [&'static str],
) -> Result<Plugin, PluginError> {
    let bytes = read(&code)?;
    let remembered = descriptions.map(|folder| folder.join(format!("{}.json", Digest::of(&bytes))));
    let known = remembered.as_deref().and_then(recall);
    let (manifest, known) = match known {
        Some(known) => (known.manifest, Some(known.group)),
        None => (Manifest::read(&bytes)?, None),
    };
    let refused = refused_imports(&manifest, bound);
    if !refused.is_empty() {
        return Err(PluginError::Imports(refused));
    }
    // A plugin at rest costs little: what is in a file stays there until a command needs it.
    drop(bytes);
    let loaded = tokio::sync::OnceCell::new();
    let group = match known {
        Some(group) => group,
        None => {
            let component = component(engine, cache, &code, manifest.digest).await?;
            let group = describe(&component).await?;
            // A cache that cannot be written costs time at the next start, nothing else.
            if let Some(path) = &remembered
                && let Err(error) = remember(path, &manifest, &group)
            {
                tracing::debug!(%error, "the description was not kept");
            }
            let _ = loaded.set(component);
            group
        }
    };
    Ok(Plugin { name: group.name.clone(), origin, manifest, group, code, own_names, component: loaded })
}

fn read(code: &Code) -> std::io::Result<Vec<u8>> {
    match code {
        Code::Static(bytes) => Ok(bytes.to_vec()),
        Code::Bytes(bytes) => Ok(bytes.to_vec()),
        Code::File(path) => read_bounded(path),
    }
}

/// Reads a component file, and no more of it than a component may have.
pub(crate) fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let most = Limits::FILE_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Compiles and links a component.
pub(super) async fn component(
    engine: &Engine,
    cache: Option<&CodeCache>,
    code: &Code,
    digest: Digest,
) -> Result<Component<Handle>, LoadError> {
    // Which interfaces may be asked for was decided when the plugin was loaded; a slot that reaches nothing says so.
    let offered = |_: &Import| true;
    let component = match code {
        Code::Static(bytes) => Component::load(engine, cache, *bytes, offered).await?,
        Code::Bytes(bytes) => Component::load(engine, cache, Arc::clone(bytes), offered).await?,
        Code::File(path) => {
            let bytes = read_bounded(path).map_err(|error| LoadError::Link(error.to_string()))?;
            // It may have changed behind our back.
            if Digest::of(&bytes) != digest {
                return Err(LoadError::Link(PluginError::Changed.to_string()));
            }
            Component::load(engine, cache, bytes, offered).await?
        }
    };
    debug_assert_eq!(component.digest(), digest, "the manifest and the code are of the same bytes");
    Ok(component)
}

async fn describe(component: &Component<Handle>) -> Result<CommandGroup, PluginError> {
    let limits = Limits { wall: Some(std::time::Duration::from_secs(5)), ..Limits::default() };
    let interface = "powerbox:plugin/commands";
    let described =
        component.invoke(interface, "describe", vec![], Arc::new(Describing::new()), &limits).await?;
    let ty = component.function(interface, "describe").and_then(|function| function.result.clone());
    let (Some(ty), Some(val)) = (ty, described) else {
        return Err(DescribeError::Malformed("it has no result".into()).into());
    };
    let value = from_wit(&ty, val, &ValueLimits::default())
        .map_err(|mismatch| DescribeError::Malformed(mismatch.to_string()))?;
    let group = read_group(&value)?;
    check_defaults(&group)?;
    Ok(group)
}

/// The form of remembered descriptions; another form is described anew.
const DESCRIPTION_FORM: u32 = 3;

#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    form: u32,
    manifest: Manifest,
    group: CommandGroup,
}

fn recall(path: &Path) -> Option<Remembered> {
    let text = std::fs::read_to_string(path).ok()?;
    let remembered: Remembered = serde_json::from_str(&text).ok()?;
    (remembered.form == DESCRIPTION_FORM).then_some(remembered)
}

fn remember(path: &Path, manifest: &Manifest, group: &CommandGroup) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let text = serde_json::to_vec(&Remembered {
        form: DESCRIPTION_FORM,
        manifest: manifest.clone(),
        group: group.clone(),
    })?;
    let aside = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path)
}
