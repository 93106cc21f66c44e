//! A component, compiled and linked, ready to be invoked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::aside::prepare;
use crate::cache::CodeCache;
use crate::calls::Calls;
use crate::compartment::Invocation;
use crate::compiler::Compiler;
use crate::context::{Context, Held};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::Limits;
use crate::link;
use crate::manifest::ManifestError;
use crate::reflect;
use crate::wit::{Export, Function, Import, Val, interface_matches};

/// A component that can be invoked, for a host whose handles are `H`. Clones are the same component.
///
/// Loading does all the work that does not depend on an invocation: types are read, imports linked, exports found.
pub struct Component<H: 'static>(Arc<Inner<H>>);

struct Inner<H: 'static> {
    engine: Engine,
    digest: Digest,
    imports: Vec<Import>,
    exports: Vec<Export>,
    /// By [`Function::index`] of the exported functions.
    calls: Vec<ComponentExportIndex>,
    pre: InstancePre<Context<H>>,
}

/// Why a component cannot be loaded.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is larger than [`Limits::FILE_BYTES`].
    #[error("the component has {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// It is no component, or a broken one, or one that uses what is switched off.
    #[error("not a component that can be compiled: {0}")]
    Compile(String),
    /// It imports what it cannot have. All such imports are listed.
    #[error("the component imports what is not offered here: {}", join(.0))]
    Refused(Vec<Refusal>),
    /// Its imports are offered, and still do not fit together.
    #[error("the component cannot be linked: {0}")]
    Link(String),
    /// It has no manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Reading and compiling it took more than it may. It is not tried again with the same limits.
    #[error("compiling it takes more than the {} s of processor time allowed", .limit.as_secs())]
    OutOfTime {
        /// The limit.
        limit: Duration,
    },
    /// Reading and compiling it took more memory than it may. It is not tried again with the same limits.
    #[error("compiling it takes more than the {} MiB of memory allowed", .limit >> 20)]
    OutOfMemory {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The compiler crashed over it. It is not tried again.
    #[error("the compiler crashed over it")]
    Crashed,
    /// The compiler was broken off again and again. It is not tried again.
    #[error("the compiler was stopped {attempts} times before it was done")]
    Unfinished {
        /// How often.
        attempts: u32,
    },
    /// The compiler cannot be run, whatever the component is.
    #[error("cannot compile: {0}")]
    Aside(String),
    /// There is no cache for what is compiled aside.
    #[error("cannot compile aside without a cache")]
    NoCache,
    /// The compiler did not finish (it panicked or was killed, or the runtime is shutting down).
    #[error("compiling was interrupted")]
    Interrupted,
}

/// An import that a component cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The import's name in the component.
    pub slot: String,
    /// The interface it wants, where it is one and has another name than the slot.
    pub interface: Option<String>,
    /// Why, where it is not simply that nobody offers it.
    pub reason: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.slot)?;
        match (&self.interface, &self.reason) {
            (None, None) => Ok(()),
            (Some(interface), None) => write!(f, " ({interface})"),
            (None, Some(reason)) => write!(f, " ({reason})"),
            (Some(interface), Some(reason)) => write!(f, " ({interface}: {reason})"),
        }
    }
}

fn join(refusals: &[Refusal]) -> String {
    refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join(", ")
}

impl<H: Clone + Send + Sync + 'static> Component<H> {
    /// Compiles a component, or takes its code from the cache, and links it.
    ///
    /// `offered` says for each import whether invocations will be able to answer it; an import without functions and
    /// resources can do nothing and is not asked about. Must be called within a tokio runtime.
    pub async fn load(
        engine: &Engine,
        cache: Option<&CodeCache>,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        offered: impl Fn(&Import) -> bool,
    ) -> Result<Component<H>, LoadError> {
        Self::load_by(&engine.options().compiler, engine, cache, bytes, offered).await
    }

    /// The same for a component that comes with the program: it is compiled in this process.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_trusted(
        engine: &Engine,
        cache: Option<&CodeCache>,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        offered: impl Fn(&Import) -> bool,
    ) -> Result<Component<H>, LoadError> {
        Self::load_by(&Compiler::InProcess, engine, cache, bytes, offered).await
    }

    async fn load_by(
        compiler: &Compiler,
        engine: &Engine,
        cache: Option<&CodeCache>,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        offered: impl Fn(&Import) -> bool,
    ) -> Result<Component<H>, LoadError> {
        let size = bytes.as_ref().len();
        if size > Limits::FILE_BYTES {
            return Err(LoadError::TooLarge { size, limit: Limits::FILE_BYTES });
        }
        let digest = Digest::of(bytes.as_ref());
        let cached = cache.and_then(|cache| cache.get(engine, &digest));
        let compiled = match (cached, compiler) {
            (Some(compiled), _) => compiled,
            (None, Compiler::InProcess) => compile(engine, cache, digest, bytes).await?,
            (None, Compiler::Aside { program, limits }) => {
                let cache = cache.ok_or(LoadError::NoCache)?;
                prepare(engine, cache, program, limits, digest, bytes.as_ref()).await?;
                cache.get(engine, &digest).ok_or(LoadError::Interrupted)?
            }
        };
        let surface = reflect::surface(engine, &compiled, offered).map_err(LoadError::Refused)?;
        let pre =
            link::link(engine, &compiled, &surface).map_err(|error| LoadError::Link(format!("{error:#}")))?;
        Ok(Component(Arc::new(Inner {
            engine: engine.clone(),
            digest,
            imports: surface.imports,
            exports: surface.exports,
            calls: surface.calls,
            pre,
        })))
    }

    /// Calls an exported function in a fresh compartment.
    ///
    /// `interface` may leave out its version (see [`interface_matches`](crate::wit::interface_matches)); it is empty for a function that is exported
    /// by itself. Dropping the future ends the guest wherever it is and drops all it holds: at once, or if it runs in
    /// the slow lane right now (see [`SLICE`](crate::SLICE)), at its next yield. Must be polled within a tokio runtime
    /// that has its timer enabled.
    pub fn invoke(
        &self,
        interface: &str,
        function: &str,
        params: Vec<Val<H>>,
        host: Arc<dyn Host<H>>,
        limits: &Limits,
    ) -> impl Future<Output = Result<Option<Val<H>>, Failure>> + Send + 'static + use<H> {
        self.start(interface, function, Held::new(params, host), limits, None)
    }

    /// The same, with calls into the compartment while it lives; see [`Caller`](crate::Caller).
    pub fn invoke_with(
        &self,
        interface: &str,
        function: &str,
        params: Vec<Val<H>>,
        host: Arc<dyn Host<H>>,
        limits: &Limits,
        calls: Calls<H>,
    ) -> impl Future<Output = Result<Option<Val<H>>, Failure>> + Send + 'static + use<H> {
        calls.belongs_to(&host);
        self.start(interface, function, Held::new(params, host), limits, Some(calls))
    }

    fn start(
        &self,
        interface: &str,
        function: &str,
        params: Held<H>,
        limits: &Limits,
        calls: Option<Calls<H>>,
    ) -> impl Future<Output = Result<Option<Val<H>>, Failure>> + Send + 'static + use<H> {
        let invocation = self.export(interface, function).map(|(export, index)| Invocation {
            component: self.clone(),
            export: Arc::clone(export),
            index: *index,
            params,
            calls,
            limits: limits.clone(),
        });
        async move { invocation?.run().await }
    }
}

impl<H: 'static> Component<H> {
    /// An exported function and where it is.
    pub(crate) fn export(
        &self,
        interface: &str,
        function: &str,
    ) -> Result<(&Arc<Function>, &ComponentExportIndex), Failure> {
        self.function(interface, function)
            .and_then(|export| Some((export, self.0.calls.get(export.index)?)))
            .ok_or_else(|| Failure::NoSuchExport {
                interface: interface.to_owned(),
                function: function.to_owned(),
            })
    }

    pub(crate) fn instance(&self) -> &InstancePre<Context<H>> {
        &self.0.pre
    }

    /// The exported function of this name, if it can be called.
    pub fn function(&self, interface: &str, function: &str) -> Option<&Arc<Function>> {
        self.0
            .exports
            .iter()
            .filter(|export| interface_matches(&export.interface, interface))
            .flat_map(|export| &export.functions)
            .find(|candidate| &*candidate.name == function)
    }

    /// What it imports, in its own order.
    pub fn imports(&self) -> &[Import] {
        &self.0.imports
    }

    /// What it exports.
    pub fn exports(&self) -> &[Export] {
        &self.0.exports
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }
}

impl<H: 'static> Clone for Component<H> {
    fn clone(&self) -> Self {
        Component(Arc::clone(&self.0))
    }
}

impl<H: 'static> fmt::Debug for Component<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("digest", &self.0.digest).finish_non_exhaustive()
    }
}

/// Compiles on a blocking thread, since it takes from milliseconds to seconds and cannot be interrupted.
async fn compile(
    engine: &Engine,
    cache: Option<&CodeCache>,
    digest: Digest,
    bytes: impl AsRef<[u8]> + Send + Sync + 'static,
) -> Result<wasmtime::component::Component, LoadError> {
    let engine = engine.clone();
    let cache = cache.cloned();
    let work = move || {
        let compiled = wasmtime::component::Component::from_binary(engine.wasmtime(), bytes.as_ref())
            .map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        if let Some(cache) = cache
            && let Err(error) = cache.put(&engine, &digest, &compiled)
        {
            // Only speed is lost.
            tracing::warn!(%digest, %error, "cannot keep compiled code");
        }
        Ok(compiled)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| LoadError::Interrupted)?
}
