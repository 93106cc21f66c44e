//! One call across the membrane: judged, recorded, made, and its answer wrapped.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use powerbox_authority::audit::AuditBounds;
use powerbox_captp::{Exo, Object, Reply, Value};
use powerbox_sandbox::wasmtime::component::{Component, Linker, Val};
use powerbox_sandbox::wasmtime::{Engine, Store, UpdateDeadline};
use powerbox_tests::crossing::{Rig, caller};

use super::figure::{Figure, Times, micros};

/// What is called: it takes a text and a number, and answers at once.
struct Sink;

impl Exo for Sink {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Sink".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["touch"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::undefined()
    }
}

/// How many calls a compartment makes in one batch.
const BATCH: u32 = 1000;

pub(crate) async fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let object = Object::exo(Arc::new(Sink));
    let rig = Rig::new(folder.path(), AuditBounds::default(), object.clone()).await?;
    let power = rig.membrane_to(Some("powerbox:plugin/log"), &[])?;
    let plain = rig.membrane(&[])?;
    let narrow = rig.membrane(&["functions touch", "expires 2099-01-01T00:00:00Z"])?;
    let counted = rig.membrane(&["functions touch", "calls 1000000000", "expires 2099-01-01T00:00:00Z"])?;

    let mut direct = Times::default();
    let mut times = [const { Times::new() }; 4];
    for round in 0..rounds + rounds / 10 {
        let warm = round >= rounds / 10;
        let start = Instant::now();
        let note = Value::text("a short note for whoever reads it");
        object.call("touch", vec![note, Value::Number(7.0)]).await?;
        let spent = start.elapsed();
        if warm {
            direct.push(spent);
        }
        for (membrane, times) in [&power, &plain, &narrow, &counted].into_iter().zip(&mut times) {
            let start = Instant::now();
            rig.cross(membrane, 7).await?;
            let spent = start.elapsed();
            if warm {
                times.push(spent);
            }
        }
    }
    let peer = "the call itself";
    let mut figures = Vec::new();
    // What the host itself answers is recorded in one line; of anything else the beginning is, too.
    let names = ["a power of the host's", "no caveats", "functions, expires", "functions, calls, expires"];
    for (name, times) in names.into_iter().zip(&mut times) {
        for hundredths in [50, 99] {
            let (ours, other) = (times.percentile(hundredths), direct.percentile(hundredths));
            figures.push(Figure::times(format!("crossing, {name}, p{hundredths}"), ours, peer, other));
        }
        let added = times.percentile(50).saturating_sub(direct.percentile(50));
        figures.push(Figure::new(
            format!("crossing, {name}, added p50"),
            "µs",
            micros(added),
            "to reach",
            10.0,
        ));
    }
    figures.push(from_a_compartment(&rig, rounds).await?);
    Ok(figures)
}

/// The same from a compartment, by the thousand, against the same component in bare wasmtime whose import does nothing.
async fn from_a_compartment(rig: &Rig, rounds: usize) -> Result<Figure> {
    let membrane = rig.membrane(&[])?;
    let bare = Bare::new(rig.component.engine().wasmtime())?;
    let (mut ours, mut peers) = (Times::default(), Times::default());
    for round in 0..(rounds / BATCH as usize).max(5) + 1 {
        let start = Instant::now();
        rig.go(&membrane, BATCH).await?;
        let spent = start.elapsed();
        let start = Instant::now();
        bare.go(BATCH).await?;
        if round > 0 {
            ours.push(spent / BATCH);
            peers.push(start.elapsed() / BATCH);
        }
    }
    let name = "call from a compartment, all in, p50";
    Ok(Figure::times(name, ours.percentile(50), "bare wasmtime host call", peers.percentile(50)))
}

/// The component with nothing of ours around it.
struct Bare {
    component: Component,
    linker: Linker<()>,
}

impl Bare {
    fn new(engine: &Engine) -> Result<Self> {
        let component = Component::from_binary(engine, &caller()?).map_err(plain)?;
        let mut linker = Linker::new(engine);
        let mut sink = linker.instance("test:sink/sink@1.0.0").map_err(plain)?;
        sink.func_wrap("touch", |_, (note, count): (String, u32)| {
            std::hint::black_box((note, count));
            Ok((Ok::<(), String>(()),))
        })
        .map_err(plain)?;
        Ok(Self { component, linker })
    }

    async fn go(&self, times: u32) -> Result<()> {
        let mut store = Store::new(self.component.engine(), ());
        // Code of this engine looks at the epoch, so a deadline has to be set.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = self.linker.instantiate_async(&mut store, &self.component).await.map_err(plain)?;
        let go = instance.get_func(&mut store, "go").context("it exports no `go`")?;
        go.call_async(&mut store, &[Val::U32(times)], &mut []).await.map_err(plain)
    }
}

fn plain(error: powerbox_sandbox::wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:#}")
}
