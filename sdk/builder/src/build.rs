use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use powerbox_files::read_regular;
use wit_parser::Resolve;

use crate::component;
use crate::language::{Language, javascript, python, rust};
use crate::pack;
use crate::project::Project;

/// The largest component that is read, in bytes: twice what a host takes, so that it can say so.
pub(crate) const COMPONENT_BYTES: u64 = 64 << 20;
/// The largest WIT file, in bytes.
const WIT_BYTES: u64 = 4 << 20;

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Quick to build instead of small and quick to run.
    pub debug: bool,
    /// Whether tools may colour what they say.
    pub coloured: bool,
    /// Set to end the build.
    pub cancel: Arc<AtomicBool>,
}

/// A finished component.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its file.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// How long it took.
    pub took: Duration,
    /// Whether the file is another one than before.
    pub changed: bool,
}

/// A component was not built; the one from before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A tool refused the sources.
    #[error("{tool} refused the sources")]
    Tool {
        /// Which.
        tool: &'static str,
        /// What it said, with the lines that are wrong.
        said: String,
    },
    /// A tool is not there.
    #[error("{what}; {remedy}")]
    Missing {
        /// What is missing, and for what.
        what: String,
        /// How to get it.
        remedy: &'static str,
    },
    /// The project itself is wrong.
    #[error("{0}")]
    Project(String),
    /// What the tools made is no component for this host.
    #[error("the tools made something that is no component: {0}")]
    Component(String),
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// It was not wanted any more.
    #[error("the build was cancelled")]
    Cancelled,
}

impl BuildError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Builds a project's component into its [`output`](Project::output). Blocks while the tools run.
///
/// The first build of a project fetches what its tools need from their registries; later ones need no network.
///
/// # Errors
///
/// If a tool is missing or refuses the sources. Then the component that was there stays.
pub fn build(project: &Project, options: &BuildOptions) -> Result<Built, BuildError> {
    let begun = Instant::now();
    let made = project.made();
    pack::write(&made.join(".gitignore"), b"*\n").map_err(BuildError::io(&made))?;
    let wit = lay_out_wit(project)?;
    let finish = |raw: Vec<u8>| -> Result<Vec<u8>, BuildError> {
        let mut sources = Resolve::default();
        sources.push_path(&wit).map_err(|error| BuildError::Project(format!("{error:#}")))?;
        component::finish(&raw, sources, &project.component, project.language, &project.about)
            .map_err(|error| BuildError::Component(format!("{error:#}")))
    };
    let finished = match project.language {
        Language::Rust => finish(rust::build(project, options)?)?,
        Language::JavaScript => finish(javascript::build(project, options, &wit)?)?,
        Language::Python => {
            let inputs = python::inputs(project, &wit).map_err(BuildError::io(&project.folder))?;
            match python::made_before(project, &inputs) {
                Some(component) => component,
                None => {
                    let finished = finish(python::build(project, options, &wit)?)?;
                    python::remember(project, &inputs, &finished).map_err(BuildError::io(&made))?;
                    finished
                }
            }
        }
    };
    if options.cancel.load(Ordering::Relaxed) {
        return Err(BuildError::Cancelled);
    }
    let path = project.output();
    // Whoever watches the file must not be woken by a build that changed nothing.
    let changed = !read_regular(&path, COMPONENT_BYTES).is_ok_and(|there| there == finished);
    if changed {
        put(&path, &finished).map_err(BuildError::io(&path))?;
    }
    Ok(Built {
        size: finished.len() as u64,
        digest: component::digest(&finished),
        component: path,
        took: begun.elapsed(),
        changed,
    })
}

/// A reader sees the old file or the new one, never half of one.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    pack::write(&folder.join(".gitignore"), b"*\n")?;
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&aside, bytes)?;
    fs::rename(aside, path)
}

/// Puts the plugin's own WIT and the contract together, as its toolchain takes it; gives the folder.
fn lay_out_wit(project: &Project) -> Result<PathBuf, BuildError> {
    let to = project.made().join("wit");
    let failed = BuildError::io(&to);
    let change = |content: &[u8]| match project.language {
        Language::Rust => content.to_vec(),
        Language::JavaScript | Language::Python => pack::without_async(content),
    };
    let laid_out = || -> io::Result<()> {
        // What is not in the project any more must not stay here.
        let own = project.folder.join("wit");
        let mut wanted = Vec::new();
        for package in ["powerbox-plugin", "endo-daemon"] {
            let folder = format!("wit/{package}");
            for (name, content) in pack::below(&folder) {
                wanted.push((PathBuf::from("deps").join(package).join(name), change(content)));
            }
        }
        let others = wanted.len();
        if own.is_dir() {
            collect(&own, Path::new(""), &mut wanted)?;
        }
        if wanted.len() == others {
            // A plugin without slots of its own has no package; readers of WIT want one.
            wanted.push((PathBuf::from("none.wit"), b"package powerbox:none;\n".to_vec()));
        }
        if let Ok(there) = files_below(&to) {
            for name in there.iter().filter(|name| !wanted.iter().any(|(wanted, _)| wanted == *name)) {
                fs::remove_file(to.join(name))?;
            }
        }
        wanted.iter().try_for_each(|(name, content)| pack::write(&to.join(name), content))
    };
    laid_out().map_err(failed)?;
    Ok(to)
}

fn collect(folder: &Path, name: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, name) = entry.map(|entry| (entry.path(), name.join(entry.file_name())))?;
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            files.push((name, read_regular(&path, WIT_BYTES)?));
        }
    }
    Ok(())
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, Path::new(""), &mut files)?;
    Ok(files.into_iter().map(|(name, _)| name).collect())
}
