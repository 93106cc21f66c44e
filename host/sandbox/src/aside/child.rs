//! The compiler's process.

use std::io::{Read as _, Write as _};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::Component;

use super::note::{Note, Verdict};
use super::{ENTRY, Task, status};
use crate::cache::{CacheBounds, CodeCache};
use crate::compiler::{Budget, Compiler};
use crate::digest::Digest;
use crate::engine::{Allocation, Engine, EngineOptions};
use crate::limits::Limits;
use crate::manifest::Manifest;

/// How often the watchdog looks at the clocks.
const LOOK: Duration = Duration::from_millis(20);
/// The largest file that compiled code may become.
const MOST_CODE: u64 = 1 << 30;
/// The longest reason that is written down, in bytes: it can quote the component.
const MOST_REASON: usize = 2048;

/// Compiles a component and gives the exit status, if that is what this process was started for. A program that uses
/// [`Compiler::Aside`] calls it before it does anything else.
pub fn compile_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ENTRY {
        return None;
    }
    let task = arguments.next()?.into_string().ok().and_then(|text| serde_json::from_str(&text).ok());
    let ended = match task {
        Some(task) => run(&task),
        None => Err("it was started with other arguments than its parent gives".to_owned()),
    };
    Some(match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(status::NOTED),
        Err(reason) => {
            let _ = write!(std::io::stderr(), "{reason}");
            ExitCode::from(status::UNABLE)
        }
    })
}

/// Everything that is known of the work in hand.
struct Work {
    engine: Engine,
    cache: CodeCache,
    digest: Digest,
    budget: Budget,
    /// Whether the outcome is decided; held while it is written down.
    decided: Mutex<bool>,
}

/// Tells whether code and manifest are in the cache; if not, a note says why.
fn run(task: &Task) -> Result<bool, String> {
    let said = |error: &dyn std::fmt::Display| format!("{error:#}");
    confine(task).map_err(|error| format!("its limits cannot be set: {error}"))?;
    let mut bytes = Vec::new();
    let most = Limits::FILE_BYTES as u64 + 1;
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(|error| said(&error))?;
    let options = EngineOptions {
        allocation: Allocation::OnDemand,
        wasm_stack: task.wasm_stack,
        async_stack: task.async_stack,
        compiler: Compiler::InProcess,
    };
    let engine = Engine::new(options).map_err(|error| said(&error))?;
    if engine.compatibility() != task.compatibility {
        return Err("it is of another version than its parent".to_owned());
    }
    let cache = CodeCache::open(&task.cache, CacheBounds::default()).map_err(|error| said(&error))?;
    let digest = Digest::of(&bytes);
    let work = Arc::new(Work { engine, cache, digest, budget: task.budget, decided: Mutex::new(false) });
    let watched = Arc::clone(&work);
    let watchdog = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(&watched));
    watchdog.map_err(|error| said(&error))?;
    // The readers and the compiler are not ours and assert what they believe of valid components.
    let verdict = std::panic::catch_unwind(AssertUnwindSafe(|| work.compile(&bytes)))
        .unwrap_or(Ok(Some(Verdict::Crashed)))?;
    match verdict {
        None => Ok(true),
        Some(verdict) => work.note(verdict).map(|()| false).map_err(|error| said(&error)),
    }
}

/// Sets what the system holds this process to. The watchdog comes first; these are for when it cannot.
fn confine(task: &Task) -> rustix::io::Result<()> {
    let limit =
        |resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    let seconds = task.budget.cpu.as_secs().saturating_add(2);
    setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: Some(seconds.saturating_add(1)) })?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, MOST_CODE)?;
    limit(Resource::Data, task.budget.memory)?;
    // Address space costs nothing, and each thread's allocator reserves some. It bounds what the other does not count.
    let reserved = (2u64 << 30).saturating_add(task.threads.saturating_mul(160 << 20));
    limit(Resource::As, task.budget.memory.saturating_add(reserved))
}

/// Ends this process when its time is up, and writes that down, whether or not the parent is still there.
fn watch(work: &Work) {
    let begun = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let late = begun.elapsed() > work.budget.wall;
        if !late && cpu() <= work.budget.cpu {
            continue;
        }
        let decided = work.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if *decided {
            return;
        }
        if late {
            let _ = write!(std::io::stderr(), "it did not get enough processor time");
            std::process::exit(status::UNABLE.into());
        }
        let noted = work.write(Verdict::OutOfTime);
        std::process::exit(if noted.is_ok() { status::NOTED } else { status::UNABLE }.into());
    }
}

/// The processor time of all threads of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

impl Work {
    /// Reads and compiles it, and puts both results into the cache. Gives why not, if that is the component's fault.
    fn compile(&self, bytes: &[u8]) -> Result<Option<Verdict>, String> {
        let manifest = match Manifest::read(bytes) {
            Ok(manifest) => manifest,
            Err(error) => return Ok(Some(Verdict::Manifest(error))),
        };
        let compiled = match self.cache.get(&self.engine, &self.digest) {
            Some(_) => None,
            None => match Component::from_binary(self.engine.wasmtime(), bytes) {
                Ok(compiled) => Some(compiled),
                Err(error) => {
                    let reason = format!("{error:#}");
                    let starved = reason.contains("Cannot allocate memory");
                    return Ok(Some(if starved { Verdict::OutOfMemory } else { Verdict::Compile(reason) }));
                }
            },
        };
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = |error: &dyn std::fmt::Display| format!("the cache cannot be written: {error}");
        // The code comes last: who finds it looks for nothing else.
        if !self
            .cache
            .put_manifest(&self.engine, &self.digest, &manifest)
            .map_err(|error| unwritten(&error))?
        {
            return Ok(Some(Verdict::Compile("it declares more than can be kept".to_owned())));
        }
        if let Some(compiled) = compiled {
            self.cache.put(&self.engine, &self.digest, &compiled).map_err(|error| unwritten(&error))?;
        }
        Note::remove(&self.cache, &self.engine, &self.digest);
        *decided = true;
        Ok(None)
    }

    fn note(&self, verdict: Verdict) -> std::io::Result<()> {
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        *decided = true;
        self.write(verdict)
    }

    fn write(&self, verdict: Verdict) -> std::io::Result<()> {
        let cut = |reason: String| reason.chars().take(MOST_REASON).collect();
        let verdict = match verdict {
            Verdict::Compile(reason) => Verdict::Compile(cut(reason)),
            Verdict::Manifest(crate::ManifestError::Invalid(reason)) => {
                Verdict::Manifest(crate::ManifestError::Invalid(cut(reason)))
            }
            verdict => verdict,
        };
        Note { budget: self.budget, verdict }.write(&self.cache, &self.engine, &self.digest)
    }
}
