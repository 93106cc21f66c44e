//! A plugin that tries each part of WASI, and tells what it got.

use powerbox_sdk::{Output, Problem, command};
use slots::test::spy::ear;
use slots::wasi::cli::{environment, exit, stderr, stdin, stdout, terminal_stdout};
use slots::wasi::clocks::{monotonic_clock, wall_clock};
use slots::wasi::filesystem::preopens;
use slots::wasi::http::types::Fields;
use slots::wasi::io::poll::poll;
use slots::wasi::random::random;
use slots::wasi::sockets::network::IpAddressFamily;
use slots::wasi::sockets::{instance_network, ip_name_lookup, tcp_create_socket};

powerbox_sdk::slots!("test:virtual-wasi/virtual-wasi@0.1.0");

powerbox_sdk::group! {
    /// Trying a virtual WASI
    virtual_wasi: [
        environment, files, terminal, input, say, lines, flood, time, nap, race, forever, dice, quit, socket, resolve,
        web, foreign, splice,
    ]
}

fn told(text: impl ToString) -> Result<Output, Problem> {
    Ok(Output::message(text.to_string()))
}

/// Tell the environment, the arguments and the folder
#[command(effect = reads)]
async fn environment() -> Result<Output, Problem> {
    let all = (environment::get_environment(), environment::get_arguments(), environment::initial_cwd());
    told(format!("{all:?}"))
}

/// Count the folders
#[command(effect = reads)]
async fn files() -> Result<Output, Problem> {
    told(preopens::get_directories().len())
}

/// Tell whether there is a terminal
#[command(effect = reads)]
async fn terminal() -> Result<Output, Problem> {
    told(terminal_stdout::get_terminal_stdout().is_some())
}

/// Read the input
#[command(effect = reads)]
async fn input() -> Result<Output, Problem> {
    let input = stdin::get_stdin();
    input.subscribe().block();
    told(format!("{:?}", input.blocking_read(10)))
}

/// Write to the output, in pieces of one byte
#[command(effect = writes)]
async fn say(
    /// What
    text: String,
) -> Result<Output, Problem> {
    let output = stdout::get_stdout();
    for byte in text.into_bytes() {
        output.write(&[byte]).map_err(|error| Problem::Other(error.to_string()))?;
    }
    output.blocking_flush().map_err(|error| Problem::Other(error.to_string()))?;
    told("said")
}

/// Write two lines and the beginning of one to the error output
#[command(effect = writes)]
async fn lines() -> Result<Output, Problem> {
    let output = stderr::get_stderr();
    output.subscribe().block();
    output.write(b"one\r\n\ntwo\nthree").map_err(|error| Problem::Other(error.to_string()))?;
    told(output.check_write().map_err(|error| Problem::Other(error.to_string()))?)
}

/// Write many lines, and at last more than one call may
#[command(effect = writes)]
async fn flood() -> Result<Output, Problem> {
    let output = stdout::get_stdout();
    for _ in 0..3000 {
        output.write(b"water\n").map_err(|error| Problem::Other(error.to_string()))?;
    }
    let much = vec![b'x'; 65_537];
    output.write(&much).map_err(|error| Problem::Other(error.to_string()))?;
    told("flooded")
}

/// Tell the time, in seconds
#[command(effect = reads)]
async fn time() -> Result<Output, Problem> {
    let (now, fine) = (wall_clock::now(), wall_clock::resolution());
    told(format!("{}.{:09} by {}", now.seconds, now.nanoseconds, fine.nanoseconds))
}

/// Wait for so many milliseconds, and tell how long that took
#[command(effect = reads)]
async fn nap(
    /// How many
    milliseconds: i64,
) -> Result<Output, Problem> {
    let before = monotonic_clock::now();
    let until = before.saturating_add(milliseconds.unsigned_abs() * 1_000_000);
    monotonic_clock::subscribe_instant(until).block();
    told((monotonic_clock::now() - before) / 1_000_000)
}

/// Wait for the first of three
#[command(effect = reads)]
async fn race() -> Result<Output, Problem> {
    let slow = monotonic_clock::subscribe_duration(60_000_000_000);
    let soon = monotonic_clock::subscribe_duration(5_000_000);
    let never = monotonic_clock::subscribe_duration(u64::MAX);
    told(format!("{:?} {}", poll(&[&slow, &soon, &never]), slow.ready()))
}

/// Wait for what never comes
#[command(effect = reads)]
async fn forever() -> Result<Output, Problem> {
    // So that somebody sees that it waits.
    wall_clock::now();
    monotonic_clock::subscribe_instant(u64::MAX).block();
    told("at last")
}

/// Count random bytes
#[command(effect = reads)]
async fn dice(
    /// How many
    count: i64,
) -> Result<Output, Problem> {
    let bytes = random::get_random_bytes(count.unsigned_abs());
    let zeroes = bytes.iter().filter(|byte| **byte == 0).count();
    told(format!("{} {}", bytes.len(), zeroes < bytes.len() / 8))
}

/// End the process
#[command(effect = reads)]
async fn quit() -> Result<Output, Problem> {
    exit::exit(Ok(()));
    told("still here")
}

/// Make a socket
#[command(effect = communicates)]
async fn socket() -> Result<Output, Problem> {
    told(format!("{:?}", tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4).map(drop)))
}

/// Look up the address of a name
#[command(effect = communicates)]
async fn resolve() -> Result<Output, Problem> {
    let network = instance_network::instance_network();
    told(format!("{:?}", ip_name_lookup::resolve_addresses(&network, "localhost").map(drop)))
}

/// Begin a request to the web
#[command(effect = communicates)]
async fn web() -> Result<Output, Problem> {
    drop(Fields::new());
    told("begun")
}

/// Wait for an object of the daemon as if it were a timer
#[command(effect = reads)]
async fn foreign(
    /// Its name in the directory that the slot is bound to
    name: String,
    /// Wait for it by itself, not in a list
    alone: bool,
) -> Result<Output, Problem> {
    let pollable = ear::lookup(vec![name]).await.map_err(Problem::Other)?;
    if alone {
        pollable.block();
        return told("waited");
    }
    told(format!("{:?}", poll(&[&pollable])))
}

/// Move the input to the output
#[command(effect = reads)]
async fn splice() -> Result<Output, Problem> {
    told(format!("{:?}", stdout::get_stdout().splice(&stdin::get_stdin(), 10)))
}
