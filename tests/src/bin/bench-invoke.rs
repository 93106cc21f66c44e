//! What a fresh compartment costs: an empty command invoked as the host does it, against bare wasmtime making,
//! calling and dropping an instance of the same component, and against a native async call.
//!
//! ```text
//! bench-invoke [COMPONENT] [--json] [--command NAME] [--rounds N]
//! ```
//!
//! Ours and the peer take turns, call by call, so that what else the machine does hits both; figures are medians.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use powerbox_sandbox::wasmtime::component::{
    Component as BareComponent, InstancePre, Linker, Val as BareVal,
};
use powerbox_sandbox::wasmtime::{Store, UpdateDeadline};
use powerbox_sandbox::wit::Function;
use powerbox_sandbox::{Component, Engine, EngineOptions, Host, Limits, Reply, Type, Val};
use serde::Serialize;

const INTERFACE: &str = "powerbox:plugin/commands";

struct Options {
    component: std::path::PathBuf,
    command: String,
    rounds: usize,
    json: bool,
}

fn options() -> Result<Options> {
    let (mut component, mut command, mut rounds, mut json) = (None, "empty".to_owned(), 5_000, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => json = true,
            "--command" => command = words.next().context("--command needs a name")?,
            "--rounds" => rounds = words.next().context("--rounds needs a number")?.parse()?,
            _ if component.is_none() && !word.starts_with('-') => component = Some(word),
            _ => bail!("unexpected argument: {word}"),
        }
    }
    let component =
        component.map_or_else(|| powerbox_tests::powerbox::component("empty"), |path| Ok(path.into()))?;
    Ok(Options { component, command, rounds: rounds.max(1), json })
}

/// One line of the result.
#[derive(Serialize)]
struct Figure {
    bench: &'static str,
    figure: String,
    unit: &'static str,
    ours: f64,
    peer: &'static str,
    peer_value: f64,
    ratio: f64,
}

impl Figure {
    fn new(figure: impl Into<String>, peer: &'static str, ours: Duration, other: Duration) -> Figure {
        let (ours, peer_value) = (ours.as_secs_f64() * 1e6, other.as_secs_f64() * 1e6);
        Figure {
            bench: "invoke",
            figure: figure.into(),
            unit: "µs",
            ours: round(ours),
            peer,
            peer_value: round(peer_value),
            ratio: round(ours / peer_value),
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A host that is never called: the command is empty.
struct Nobody;

impl Host<()> for Nobody {
    fn call(&self, function: &Arc<Function>, _params: Vec<Val<()>>) -> Reply<()> {
        Reply::error(format!("an empty command calls {function}"))
    }
}

fn main() -> Result<()> {
    let options = options()?;
    let bytes = std::fs::read(&options.component)
        .with_context(|| format!("cannot read {}", options.component.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(measure(&options, &bytes))?;
    if options.json {
        for figure in &figures {
            println!("{}", serde_json::to_string(figure)?);
        }
    } else {
        println!("{:<48} {:>10} {:>10}  {:>7}  peer", "invoke (µs, median)", "ours", "peer", "ratio");
        for figure in &figures {
            println!(
                "{:<48} {:>10.2} {:>10.2}  {:>6.2}x  {}",
                figure.figure, figure.ours, figure.peer_value, figure.ratio, figure.peer
            );
        }
    }
    Ok(())
}

async fn measure(options: &Options, bytes: &[u8]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, engine) in [("pooling", EngineOptions::pooling(64)), ("on demand", EngineOptions::default())] {
        let engine = Engine::new(engine)?;
        let (ours, bare, native) = compare(options, &engine, bytes).await?;
        figures.push(Figure::new(
            format!("empty command, fresh compartment, {name}"),
            "bare wasmtime",
            ours,
            bare,
        ));
        if name == "pooling" {
            figures.push(Figure::new("empty command, fresh compartment", "native async call", ours, native));
        }
    }
    Ok(figures)
}

/// Medians of ours, bare wasmtime and a native call.
async fn compare(options: &Options, engine: &Engine, bytes: &[u8]) -> Result<(Duration, Duration, Duration)> {
    let component = Component::<()>::load(engine, None, bytes.to_vec(), |_| true).await?;
    let export =
        Arc::clone(component.function(INTERFACE, "run").ok_or_else(|| anyhow!("no {INTERFACE}.run"))?);
    let params = |command: &str| -> Result<Vec<Val<()>>> {
        export.params.iter().map(|param| blank(&param.ty, command)).collect()
    };
    let params = params(&options.command)?;
    let bare = Bare::new(engine, bytes, &export.slot, &params)?;
    let host: Arc<dyn Host<()>> = Arc::new(Nobody);
    let limits = Limits::default();

    let (mut ours, mut peers, mut natives) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.rounds + options.rounds / 10 {
        let warm = round >= options.rounds / 10;
        let start = Instant::now();
        let result = component.invoke(INTERFACE, "run", params.clone(), Arc::clone(&host), &limits).await?;
        let spent = start.elapsed();
        if round == 0
            && let Some(Val::Result(Err(problem))) = &result
        {
            bail!("the command failed: {problem:?}");
        }
        drop(result);
        if warm {
            ours.push(spent);
        }

        let start = Instant::now();
        bare.invoke().await?;
        let spent = start.elapsed();
        if warm {
            peers.push(spent);
        }

        // Too quick for the clock by itself.
        let start = Instant::now();
        for _ in 0..100 {
            let _ = std::hint::black_box(native(std::hint::black_box(&options.command)).await);
        }
        if warm {
            natives.push(start.elapsed() / 100);
        }
    }
    Ok((median(ours), median(peers), median(natives)))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// What a command costs that lives in the host: a boxed future, since commands are called by name.
fn native(command: &str) -> futures_util::future::BoxFuture<'_, Result<usize, String>> {
    Box::pin(async move { Ok(command.len()) })
}

/// The same component with nothing of ours around it but the engine's settings.
struct Bare {
    pre: InstancePre<()>,
    index: powerbox_sandbox::wasmtime::component::ComponentExportIndex,
    params: Vec<BareVal>,
}

impl Bare {
    fn new(engine: &Engine, bytes: &[u8], slot: &str, params: &[Val<()>]) -> Result<Bare> {
        let plain = |error: powerbox_sandbox::wasmtime::Error| anyhow!("{error:#}");
        let component = BareComponent::from_binary(engine.wasmtime(), bytes).map_err(plain)?;
        let mut linker = Linker::new(engine.wasmtime());
        linker.define_unknown_imports_as_traps(&component).map_err(plain)?;
        let parent = component.get_export_index(None, slot).context("the export is missing")?;
        let index = component.get_export_index(Some(&parent), "run").context("run is missing")?;
        let params = params.iter().map(bare_value).collect::<Result<_>>()?;
        Ok(Bare { pre: linker.instantiate_pre(&component).map_err(plain)?, index, params })
    }

    async fn invoke(&self) -> Result<()> {
        let plain = |error: powerbox_sandbox::wasmtime::Error| anyhow!("{error:#}");
        let mut store = Store::new(self.pre.engine(), ());
        // Code of this engine looks at the epoch, so a deadline has to be set.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = self.pre.instantiate_async(&mut store).await.map_err(plain)?;
        let run = instance.get_func(&mut store, self.index).context("run is missing")?;
        let mut results = [BareVal::Bool(false)];
        run.call_async(&mut store, &self.params, &mut results).await.map_err(plain)
    }
}

/// An invocation without arguments: every text that is named `command` holds the command, everything else is empty.
fn blank(ty: &Type, command: &str) -> Result<Val<()>> {
    Ok(match ty {
        Type::Bool => Val::Bool(false),
        Type::S32 => Val::S32(0),
        Type::U32 => Val::U32(0),
        Type::S64 => Val::S64(0),
        Type::U64 => Val::U64(0),
        Type::String => Val::string(""),
        Type::List(_) => Val::List(Vec::new()),
        Type::Option(_) => Val::none(),
        Type::Record(fields) => Val::Record(
            fields
                .iter()
                .map(|field| {
                    let value = match (&*field.name, &field.ty) {
                        ("command", Type::String) => Val::string(command),
                        (_, ty) => blank(ty, command)?,
                    };
                    Ok((field.name.to_string(), value))
                })
                .collect::<Result<_>>()?,
        ),
        other => bail!("no blank value of type {other}"),
    })
}

fn bare_value(value: &Val<()>) -> Result<BareVal> {
    Ok(match value {
        Val::Bool(value) => BareVal::Bool(*value),
        Val::S32(value) => BareVal::S32(*value),
        Val::U32(value) => BareVal::U32(*value),
        Val::S64(value) => BareVal::S64(*value),
        Val::U64(value) => BareVal::U64(*value),
        Val::String(value) => BareVal::String(value.clone()),
        Val::List(_) => BareVal::List(Vec::new()),
        Val::Option(_) => BareVal::Option(None),
        Val::Record(fields) => BareVal::Record(
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), bare_value(value)?)))
                .collect::<Result<_>>()?,
        ),
        other => bail!("no bare value for a {}", other.kind()),
    })
}
