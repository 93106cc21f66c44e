use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use powerbox_files::read_regular;
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
    Load(LoadError),
    /// It does not export the contract's `describe`, or that failed.
    #[error("it did not describe its commands: {0}")]
    Describe(#[from] Failure),
    /// Its description is no good.
    #[error(transparent)]
    Description(#[from] DescribeError),
    /// It failed to describe itself before, and is not asked again. Says how.
    #[error("{0}")]
    Undescribed(String),
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

impl From<LoadError> for PluginError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Manifest(error) => Self::Manifest(error),
            error => Self::Load(error),
        }
    }
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
        Some(known) => (known.manifest, Some(known.described)),
        // What comes with the program is trusted.
        None if matches!(code, Code::Static(_)) => (Manifest::read(&bytes)?, None),
        None => (Manifest::read_aside(engine, cache, &bytes).await?, None),
    };
    let refused = refused_imports(&manifest, bound);
    if !refused.is_empty() {
        return Err(PluginError::Imports(refused));
    }
    // A plugin at rest costs little: what is in a file stays there until a command needs it.
    drop(bytes);
    let loaded = tokio::sync::OnceCell::new();
    let group = match known {
        Some(Described::Group(group)) => group,
        Some(Described::Failed(reason)) => return Err(PluginError::Undescribed(reason)),
        None => {
            let component = component(engine, cache, &code, manifest.digest).await?;
            let described = describe(&component).await;
            let kept = match &described {
                Ok(group) => Some(Described::Group(group.clone())),
                Err(error) => lasting(error).map(Described::Failed),
            };
            // A cache that cannot be written costs time at the next start, nothing else.
            if let (Some(path), Some(described)) = (&remembered, kept)
                && let Err(error) = remember(path, &manifest, described)
            {
                tracing::debug!(%error, "the description was not kept");
            }
            let group = described?;
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

/// Reads a component file, if it is a regular one and no larger than a component may be.
pub(crate) fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    read_regular(path, Limits::FILE_BYTES as u64)
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
        Code::Static(bytes) => Component::load_trusted(engine, cache, *bytes, offered).await?,
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

/// What describing itself may take in processor time. Python's runtime starts in a tenth of that.
const DESCRIBE_CPU: Duration = Duration::from_secs(2);
/// From start to end. There is nothing to wait for but a processor.
const DESCRIBE_WALL: Duration = Duration::from_secs(30);

async fn describe(component: &Component<Handle>) -> Result<CommandGroup, PluginError> {
    let limits = Limits { cpu: DESCRIBE_CPU, wall: Some(DESCRIBE_WALL), ..Limits::default() };
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

/// Why a component did not describe itself, if it would not the next time either.
fn lasting(error: &PluginError) -> Option<String> {
    let lasts = match error {
        PluginError::Description(_) => true,
        // These depend on how busy the machine or this process is.
        PluginError::Describe(Failure::OutOfTime { .. } | Failure::Busy | Failure::Start(_)) => false,
        PluginError::Describe(_) => true,
        _ => false,
    };
    // It can quote the component.
    lasts.then(|| error.to_string().chars().take(MOST_REASON).collect())
}

/// The longest reason that is remembered, in characters.
const MOST_REASON: usize = 2048;
/// The largest remembered description that is read, in bytes.
const MOST_DESCRIPTION: u64 = 16 << 20;
/// The form of remembered descriptions; another form is described again.
const DESCRIPTION_FORM: u32 = 4;
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    form: u32,
    /// Of this program: another version may judge otherwise.
    version: String,
    manifest: Manifest,
    described: Described,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Described {
    Group(CommandGroup),
    /// It did not, and would not the next time either.
    Failed(String),
}

fn recall(path: &Path) -> Option<Remembered> {
    let text = read_regular(path, MOST_DESCRIPTION).ok()?;
    let remembered: Remembered = serde_json::from_slice(&text).ok()?;
    let current = remembered.form == DESCRIPTION_FORM && remembered.version == VERSION;
    current.then_some(remembered)
}

fn remember(path: &Path, manifest: &Manifest, described: Described) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let text = serde_json::to_vec(&Remembered {
        form: DESCRIPTION_FORM,
        version: VERSION.to_owned(),
        manifest: manifest.clone(),
        described,
    })?;
    let aside = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path)
}
