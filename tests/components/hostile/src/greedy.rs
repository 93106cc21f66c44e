//! Commands that take or give too much. Each takes a number that says how much; without it, it is without end.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;
use std::task::Poll;

use powerbox_sdk::{Directory, File, Object, Output, Problem, Readable, command};

/// Take memory
#[command(effect = reads)]
pub(crate) async fn exhaust(
    /// How many mebibytes
    #[option]
    #[default = 1_000_000]
    mebibytes: u64,
) -> Result<Output, Problem> {
    let mut taken = Vec::new();
    for _ in 0..mebibytes {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
    Ok(Output::message(format!("{} mebibytes", taken.len())))
}

/// Return 100 megabytes
///
/// They are a hundred thousand lines that all are the same kilobyte, so that the plugin itself needs little memory.
#[command(effect = reads)]
pub(crate) async fn huge(
    /// How many kilobytes
    #[option]
    #[default = 100_000]
    kilobytes: u64,
) -> Result<Output, Problem> {
    let count = usize::try_from(kilobytes).unwrap_or(usize::MAX);
    let mut line = std::mem::ManuallyDrop::new("x".repeat(1000));
    let start: *mut u8 = line.as_mut_ptr();
    // SAFETY: none is claimed. Each of these texts points at the same memory and believes that it owns none of it, so
    // dropping one frees nothing; what becomes of this compartment after the host has seen them does not matter.
    let alias = || unsafe { String::from_raw_parts(start, 1000, 0) };
    Ok(Output::Lines(std::iter::repeat_with(alias).take(count).collect()))
}

/// Emit a kilobyte at a time
#[command(effect = reads)]
pub(crate) async fn flood(
    /// How many kilobytes
    #[option]
    #[default = 1_000_000_000]
    kilobytes: u64,
) -> Result<Output, Problem> {
    let water = "water\n".repeat(170);
    for _ in 0..kilobytes {
        powerbox_sdk::emit(Output::text(&water)).await?;
    }
    Ok(Output::message("dry"))
}

/// Write to the log
#[command(effect = reads)]
pub(crate) async fn shout(
    /// How many notes
    #[option]
    #[default = 10_000]
    notes: u64,
) -> Result<Output, Problem> {
    let note = "!".repeat(10_000);
    for _ in 0..notes {
        powerbox_sdk::log::error(&note);
    }
    Ok(Output::message("shouted"))
}

/// Call again and again
#[command(effect = reads)]
pub(crate) async fn chatter(
    /// What to ask for
    name: Readable,
    /// How often
    #[option]
    #[default = 1_000_000_000]
    times: u64,
) -> Result<Output, Problem> {
    for _ in 0..times {
        name.identify().await?;
    }
    Ok(Output::message(format!("asked {times} times")))
}

/// Read all of a file, and keep nothing of it
#[command(effect = reads)]
pub(crate) async fn gulp(
    /// What to read
    file: File,
) -> Result<Output, Problem> {
    let mut bytes = 0;
    while let Some(more) = file.read().await? {
        bytes += more.len();
    }
    Ok(Output::message(format!("{bytes} bytes")))
}

/// Have many calls under way at once
#[command(effect = reads)]
pub(crate) async fn crowd(
    /// Whom to call; it need not answer
    #[methods("wait")]
    object: Object,
    /// How often
    #[option]
    #[default = 1_000_000_000]
    times: u64,
) -> Result<Output, Problem> {
    let mut calls: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
    for _ in 0..times {
        let object = &object;
        let mut call: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
            let _ = object.call("wait".to_owned(), "#[]".to_owned(), Vec::new()).await;
        });
        // Polled once, a call has begun.
        poll_fn(|task| {
            let _ = call.as_mut().poll(task);
            Poll::Ready(())
        })
        .await;
        calls.push(call);
    }
    Ok(Output::message(format!("{} calls", calls.len())))
}

/// Send messages that nobody answers
#[command(effect = communicates)]
pub(crate) async fn post(
    /// Whom to send them
    #[methods("wait")]
    object: Object,
    /// How many
    #[option]
    #[default = 1_000_000_000]
    times: u64,
) -> Result<Output, Problem> {
    for _ in 0..times {
        object.send("wait".to_owned(), "#[]".to_owned(), Vec::new()).await?;
    }
    Ok(Output::message("posted"))
}

/// Wait for changes, for ever
#[command(effect = reads)]
pub(crate) async fn linger(
    /// Where nothing happens
    directory: Directory,
) -> Result<Output, Problem> {
    let changes = directory.follow().await?;
    while changes.next().await?.is_some() {}
    Ok(Output::message("gone"))
}

/// Call again and again, whatever is said
#[command(effect = reads)]
pub(crate) async fn nag(
    /// Whom to call
    #[methods("touch")]
    object: Object,
    /// How often
    #[option]
    #[default = 100]
    times: u64,
) -> Result<Output, Problem> {
    let mut let_through = 0;
    for time in 0..times {
        let call = object.call("touch".to_owned(), format!("#[{time}]"), Vec::new());
        let_through += u64::from(call.await.is_ok());
    }
    Ok(Output::message(format!("{let_through} of {times}")))
}
