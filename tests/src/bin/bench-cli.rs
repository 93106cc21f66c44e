//! How long a one-shot command takes as a whole process, warm, beside a process that does nothing and one that asks the
//! same daemon the same question over a bare socket.
//!
//!     bench-cli [--json] [--rounds N]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use powerbox_tests::powerbox::Powerbox;
use serde_json::json;

struct Figure {
    figure: &'static str,
    ours: f64,
    peer: &'static str,
    peer_value: f64,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let json = words.iter().any(|word| word == "--json");
    let rounds = words.iter().position(|word| word == "--rounds").and_then(|at| words.get(at + 1));
    let rounds: usize = rounds.map_or(Ok(200), |rounds| rounds.parse()).context("--rounds takes a number")?;

    let user = Powerbox::embedded()?;
    for name in ["a", "b", "c"] {
        user.ok(&["mkdir", name])?;
    }
    let socket = user.path("run/powerbox/daemon.sock");
    // Warm: the code cache is filled and the daemon runs.
    user.ok(&["list"])?;

    let (mut list, mut help, mut nothing, mut bare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // Side by side, so that a busy machine is as busy for each.
    for _ in 0..rounds {
        list.push(process(user.command(&["list"])?)?);
        help.push(process(user.command(&["help"])?)?);
        nothing.push(process(Command::new("true"))?);
        bare.push(ask(&socket)?);
    }
    let (list, help, nothing, bare) = (median(list), median(help), median(nothing), median(bare));
    let figures = [
        Figure {
            figure: "one-shot `powerbox list`, p50",
            ours: list,
            peer: "a process that does nothing",
            peer_value: nothing,
        },
        Figure {
            figure: "one-shot `powerbox list`, p50",
            ours: list,
            peer: "the same question over a bare socket",
            peer_value: bare,
        },
        Figure {
            figure: "one-shot `powerbox help` (no daemon), p50",
            ours: help,
            peer: "a process that does nothing",
            peer_value: nothing,
        },
    ];
    for figure in &figures {
        let ratio = figure.ours / figure.peer_value;
        if json {
            let line = json!({
                "bench": "cli", "figure": figure.figure, "unit": "ms", "ours": figure.ours,
                "peer": figure.peer, "peer_value": figure.peer_value, "ratio": ratio,
            });
            println!("{line}");
        } else {
            println!(
                "{:<44} {:>8.2} ms   {:<38} {:>8.2} ms   {ratio:>7.2}",
                figure.figure, figure.ours, figure.peer, figure.peer_value
            );
        }
    }
    Ok(())
}

fn process(mut command: Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let took = milliseconds(began.elapsed());
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(took)
}

/// Connects, fetches the bootstrap and the host, and lists its names, with frames written by hand.
fn ask(socket: &Path) -> Result<f64> {
    let began = Instant::now();
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut send = |message: serde_json::Value| {
        let text = message.to_string();
        stream.write_all(format!("{}:{text},", text.len()).as_bytes())
    };
    let call = |question: &str, target: &str, method: &str| {
        let body = json!([method, []]).to_string();
        json!({ "type": "CTP_CALL", "epoch": 0, "questionID": question, "target": target, "method": { "body": body, "slots": [] } })
    };
    send(json!({ "type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": "q-1" }))?;
    send(call("q-2", "q-1", "host"))?;
    send(call("q-3", "q-2", "list"))?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("\"answerID\":\"q-3\"") {
        let count = stream.read(&mut chunk)?;
        ensure!(count > 0, "the daemon closed the connection");
        answer.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
    Ok(milliseconds(began.elapsed()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
