//! Measures CapTP against a bare tokio echo and against `@endo/captp` under Node, all over Unix sockets in one run.
//!
//! `--json` prints one object per figure, otherwise there is a table. Node is left out, with a word on standard
//! error, if its packages are not installed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use powerbox_captp::{Answer, Config, Object, Value, transport};
use powerbox_tests::serve::Listener;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};

/// Counts the bytes in use, of both ends of the session.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is left to the system allocator, with the arguments unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SEQUENTIAL: usize = 20_000;
const OUTSTANDING: usize = 64;
const CONCURRENT: usize = 300_000;
const CHAIN: usize = 8;
const CHAINS: usize = 5_000;
const BIG: usize = 64 << 10;
const BIGS: usize = 3_000;
/// What a small call weighs as a frame, so that the bare echo carries as much.
const SMALL: usize = 116;

/// The figures of one contender: microseconds, calls a second, round trips, bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    sequential: f64,
    concurrent: f64,
    chain: Option<f64>,
    big: f64,
    kept: Option<f64>,
}

fn main() -> Result<()> {
    let json = std::env::args().any(|arg| arg == "--json");
    let folder = tempfile::tempdir()?;
    let ours = on_two_threads(&folder.path().join("captp"), serve_captp, measure_captp)?;
    let echo = on_two_threads(&folder.path().join("echo"), serve_echo, measure_echo)?;
    let node = match measure_node(&folder.path().join("node")) {
        Ok(figures) => Some(figures),
        Err(error) => {
            eprintln!("no figures of Node: {error:#}");
            None
        }
    };
    let mut rows = Vec::new();
    for (peer, theirs) in [("tokio echo", Some(echo)), ("@endo/captp", node)] {
        let Some(theirs) = theirs else { continue };
        let mut row = |figure, unit, ours: Option<f64>, value: Option<f64>| {
            if let (Some(ours), Some(value)) = (ours, value) {
                rows.push((figure, unit, ours, peer, value));
            }
        };
        row("sequential round trip p50", "µs", Some(ours.sequential), Some(theirs.sequential));
        row("64 outstanding", "calls/s", Some(ours.concurrent), Some(theirs.concurrent));
        row("chain of 8 pipelined calls", "round trips", ours.chain, theirs.chain);
        row("64 KiB echo p50", "µs", Some(ours.big), Some(theirs.big));
        row("kept per finished call", "bytes", ours.kept, theirs.kept);
    }
    if !json {
        println!(
            "{:<28} {:>12} {:>12} {:>12} {:>8}  {:<12} peer",
            "figure", "ours", "peer", "ratio", "", "unit"
        );
    }
    for (figure, unit, ours, peer, value) in rows {
        let ratio = if value == 0.0 { 0.0 } else { ours / value };
        if json {
            println!(
                "{}",
                json!({"bench": "captp", "figure": figure, "unit": unit, "ours": ours, "peer": peer,
                       "peer_value": value, "ratio": ratio})
            );
        } else {
            println!("{figure:<28} {ours:>12.2} {value:>12.2} {ratio:>12.3} {:>8}  {unit:<12} {peer}", "");
        }
    }
    Ok(())
}

/// Runs a server on a thread of its own and measures it from this one, each with a runtime of one thread.
fn on_two_threads<S, M>(
    path: &Path,
    serve: impl FnOnce(PathBuf) -> S + Send + 'static,
    measure: impl FnOnce(PathBuf) -> M,
) -> Result<Figures>
where
    S: Future<Output = Result<()>>,
    M: Future<Output = Result<Figures>>,
{
    let served = path.to_owned();
    std::thread::spawn(move || runtime()?.block_on(serve(served)));
    while std::os::unix::net::UnixStream::connect(path).is_err() {
        std::thread::yield_now();
    }
    runtime()?.block_on(measure(path.to_owned()))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn serve_captp(path: PathBuf) -> Result<()> {
    Listener::bind(&format!("unix:{}", path.display())).await?.serve().await;
    Ok(())
}

async fn measure_captp(path: PathBuf) -> Result<Figures> {
    let session = transport::unix::connect(path, Config::new("bench")).await?;
    let Value::Capability(fixture) = session.bootstrap().await? else { bail!("no bootstrap") };
    let ping = |fixture: &Object| fixture.call("ping", vec![Value::Number(1.0)]);
    // The windows of kept answers fill up first.
    keep_outstanding(CONCURRENT / 10, || ping(&fixture)).await?;

    let sequential = median(SEQUENTIAL, async || Ok(ping(&fixture).await?)).await?;
    let chain = median(CHAINS, async || {
        let mut answer = fixture.call("self", vec![]);
        for _ in 1..CHAIN - 1 {
            answer = answer.call("self", vec![]);
        }
        Ok(answer.call("ping", vec![Value::Number(1.0)]).await?)
    })
    .await?;
    let before = IN_USE.load(Ordering::Relaxed);
    let started = Instant::now();
    keep_outstanding(CONCURRENT, || ping(&fixture)).await?;
    let concurrent = CONCURRENT as f64 / started.elapsed().as_secs_f64();
    // A few calls one by one, so that nothing is on its way.
    median(64, async || Ok(ping(&fixture).await?)).await?;
    let kept = (IN_USE.load(Ordering::Relaxed) - before) as f64 / CONCURRENT as f64;
    let big = "x".repeat(BIG);
    let big = median(BIGS, async || Ok(fixture.call("echo", vec![big.as_str().into()]).await?)).await?;
    session.disconnect(None);
    session.closed().await;
    Ok(Figures { sequential, concurrent, chain: Some(chain / sequential), big, kept: Some(kept) })
}

/// Makes so many calls, always with as many outstanding as there may be.
async fn keep_outstanding(count: usize, call: impl Fn() -> Answer) -> Result<()> {
    let mut outstanding: FuturesUnordered<Answer> = (0..OUTSTANDING).map(|_| call()).collect();
    for made in OUTSTANDING..count + OUTSTANDING {
        outstanding.next().await.context("no answer")??;
        if made < count {
            outstanding.push(call());
        }
    }
    Ok(())
}

/// The bare echo: a length of four bytes and the data.
async fn serve_echo(path: PathBuf) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let mut stream = AsyncBufReader::new(stream);
        tokio::spawn(async move {
            let mut frame = Vec::new();
            while read_frame(&mut stream, &mut frame).await.is_ok() {
                if stream.write_all(&frame).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Reads a frame with its length.
async fn read_frame(stream: &mut AsyncBufReader<UnixStream>, frame: &mut Vec<u8>) -> std::io::Result<()> {
    frame.resize(4, 0);
    stream.read_exact(frame).await?;
    let length = frame.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    frame.resize(4 + length, 0);
    stream.read_exact(frame.get_mut(4..).unwrap_or_default()).await?;
    Ok(())
}

fn frame(length: usize) -> Vec<u8> {
    let mut frame = (length as u32).to_be_bytes().to_vec();
    frame.resize(4 + length, b'x');
    frame
}

async fn measure_echo(path: PathBuf) -> Result<Figures> {
    let mut stream = AsyncBufReader::new(UnixStream::connect(path).await?);
    let mut buffer = Vec::new();
    let mut round_trip = async |frame: &[u8]| -> Result<()> {
        stream.write_all(frame).await?;
        Ok(read_frame(&mut stream, &mut buffer).await?)
    };
    let (small, big) = (frame(SMALL), frame(BIG));
    median(1_000, async || round_trip(&small).await).await?;
    let sequential = median(SEQUENTIAL, async || round_trip(&small).await).await?;
    let big = median(BIGS, async || round_trip(&big).await).await?;
    let started = Instant::now();
    for _ in 0..OUTSTANDING {
        stream.write_all(&small).await?;
    }
    for made in OUTSTANDING..CONCURRENT + OUTSTANDING {
        read_frame(&mut stream, &mut buffer).await?;
        if made < CONCURRENT {
            stream.write_all(&small).await?;
        }
    }
    let concurrent = CONCURRENT as f64 / started.elapsed().as_secs_f64();
    Ok(Figures { sequential, concurrent, chain: None, big, kept: None })
}

/// Gives the median time of one run, in microseconds.
async fn median<T>(count: usize, mut run: impl AsyncFnMut() -> Result<T>) -> Result<f64> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        run().await?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(count / 2).unwrap_or(&Duration::ZERO).as_secs_f64() * 1e6)
}

/// Runs the same work between two Node processes.
fn measure_node(path: &Path) -> Result<Figures> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("js/bench-captp.mjs");
    let node = |mode: &str| {
        let mut node = Command::new("node");
        node.arg("--expose-gc").arg(&script).arg(mode).arg(path).stdout(Stdio::piped());
        node
    };
    let mut server = node("serve").spawn().context("node can not be started")?;
    let result = (|| {
        let mut ready = String::new();
        BufReader::new(server.stdout.take().context("no output")?).read_line(&mut ready)?;
        if ready.trim() != "ready" {
            bail!("the server does not start: are the packages of tests/js installed?");
        }
        let output = node("measure").stderr(Stdio::inherit()).output()?;
        let figures: Json = serde_json::from_slice(&output.stdout).context("the client gave no figures")?;
        let figure = |name: &str| figures.get(name).and_then(Json::as_f64);
        let sequential = figure("sequential").context("no figures")?;
        Ok(Figures {
            sequential,
            concurrent: figure("concurrent").unwrap_or_default(),
            chain: figure("chain").map(|chain| chain / sequential),
            big: figure("big").unwrap_or_default(),
            kept: figure("kept"),
        })
    })();
    let _ = server.kill();
    let _ = server.wait();
    result
}
