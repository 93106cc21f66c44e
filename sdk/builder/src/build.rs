//! Building one project.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::component;
use crate::language::{javascript, python, rust};
use crate::project::{Kind, Project};
use crate::toolchain;

/// How to build.
#[derive(Clone)]
pub struct BuildOptions {
    /// How much is optimised.
    pub profile: Profile,
    /// The folder where the tools of JavaScript and Python are kept for all projects.
    pub tools: PathBuf,
    /// Whoever sets it ends the build, and the tools that it runs.
    pub cancelled: Arc<AtomicBool>,
    /// Is told what takes long for a reason of its own, such as getting a tool.
    pub say: Arc<dyn Fn(&str) + Send + Sync>,
}

impl BuildOptions {
    /// Builds for release, with tools in this folder, until the end, saying nothing.
    pub fn new(tools: impl Into<PathBuf>) -> Self {
        Self {
            profile: Profile::Release,
            tools: tools.into(),
            cancelled: Arc::default(),
            say: Arc::new(|_| {}),
        }
    }

    pub(crate) fn note(&self, what: &str) {
        (self.say)(what);
    }
}

impl std::fmt::Debug for BuildOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuildOptions")
            .field("profile", &self.profile)
            .field("tools", &self.tools)
            .field("cancelled", &self.cancelled)
            .finish_non_exhaustive()
    }
}

/// How much is optimised. Rust only: the other languages' engines are compiled already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Small, as it is meant to be used.
    #[default]
    Release,
    /// Quick to build, with checks for overflows.
    Debug,
}

/// What a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The component's file.
    pub component: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 digest, in hexadecimal digits.
    pub digest: String,
    /// How long it took.
    pub took: Duration,
    /// Whether the file is another one than before. A build that makes the same leaves the file alone.
    pub changed: bool,
}

/// Builds a project. Blocks until it is done.
///
/// # Errors
///
/// If the sources cannot be compiled, a tool is missing or cannot be got, or the build was cancelled. The component of
/// an earlier build stays as it was.
pub fn build(project: &Project, options: &BuildOptions) -> Result<Built, BuildError> {
    let start = Instant::now();
    let component = match &project.kind {
        Kind::Rust(package) => finish(project, &rust::compile(project, package, options)?)?,
        Kind::JavaScript(package) => {
            finish(project, &by_tool(|to| javascript::compile(project, package, to, options))?)?
        }
        Kind::Python(module) => {
            let inputs = python::inputs(project, module)?;
            match python::made_before(project, &inputs) {
                Some(component) => component,
                None => {
                    let made = by_tool(|to| python::compile(project, module, to, options))?;
                    let component = finish(project, &made)?;
                    python::remember(project, &inputs, &component)?;
                    component
                }
            }
        }
    };
    if options.cancelled.load(Ordering::Relaxed) {
        return Err(BuildError::Cancelled);
    }
    let path = project.output();
    let changed = component::write(&path, &component)?;
    Ok(Built {
        component: path,
        size: component.len() as u64,
        digest: hexadecimal(&Sha256::digest(&component)),
        took: start.elapsed(),
        changed,
    })
}

fn finish(project: &Project, made: &[u8]) -> Result<Vec<u8>, BuildError> {
    component::finish(project, made).map_err(|error| BuildError::Unfit(format!("{error:#}")))
}

/// Has a tool write a component, and reads it.
fn by_tool(compile: impl FnOnce(&std::path::Path) -> Result<(), BuildError>) -> Result<Vec<u8>, BuildError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("made.wasm");
    compile(&file)?;
    Ok(fs::read(&file)?)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why a build failed.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A tool ended in an error: most often the sources are wrong, and it says where.
    #[error("{tool} failed\n{output}")]
    Tool {
        /// The tool's name.
        tool: String,
        /// All that it said, with its source lines.
        output: String,
    },
    /// A tool is not there.
    #[error("`{tool}` was not found: {remedy}")]
    Missing {
        /// The tool's name.
        tool: String,
        /// How to get it.
        remedy: String,
    },
    /// A tool cannot be started.
    #[error("cannot start `{tool}`")]
    Start {
        /// The tool's name.
        tool: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// There is no compiler for plugins.
    #[error(transparent)]
    Target(#[from] toolchain::rust::NoTarget),
    /// What the tools made is no component, or its documentation cannot be read.
    #[error("what was compiled is no component: {0}")]
    Unfit(String),
    /// A file of the project cannot be read or written.
    #[error("cannot read or write the project's files: {0}")]
    Files(#[from] io::Error),
    /// It was cancelled.
    #[error("the build was cancelled")]
    Cancelled,
}

impl BuildError {
    pub(crate) fn missing(tool: &str) -> Self {
        let remedy = toolchain::install_hint(tool);
        Self::Missing { tool: tool.to_owned(), remedy }
    }
}
