//! A plugin that imports an interface of WASI and two that nobody knows. No host may load it.

use powerbox_sdk::{Output, Problem, command};

powerbox_sdk::slots!("test:wasi/wasi@0.1.0");

powerbox_sdk::group! {
    /// Asking for too much
    wasi: [beam]
}

/// Tell the time, elsewhere
#[command(effect = communicates)]
async fn beam() -> Result<Output, Problem> {
    let now = slots::wasi::clocks::monotonic_clock::now();
    slots::demo::teleport::beam::up(now.to_string()).await.map_err(Problem::Other)?;
    slots::demo::teleport::tube::up(now.to_string()).await.map_err(Problem::Other)?;
    Ok(Output::message(now.to_string()))
}
