//! A plugin in several versions, for replacing one by another. The features say which version this is.

use powerbox_sdk::{Output, Problem, command};

#[cfg(not(feature = "more"))]
powerbox_sdk::slots!("test:reload/reload@0.1.0");
#[cfg(feature = "more")]
powerbox_sdk::slots!("test:reload/more@0.1.0");

#[cfg(not(feature = "more"))]
powerbox_sdk::group! {
    /// Being replaced
    reload: [version, slow]
}
#[cfg(feature = "more")]
powerbox_sdk::group! {
    /// Being replaced
    reload: [version, slow, tidy]
}

const VERSION: &str = if cfg!(feature = "v2") { "two" } else { "one" };

/// Say which version this is
#[command(effect = reads)]
async fn version() -> Result<Output, Problem> {
    Ok(Output::message(VERSION))
}

/// Look a name up, and then say which version this is
///
/// It takes as long as the object that the slot is bound to takes to answer.
#[command(effect = reads)]
async fn slow(
    /// The name
    name: String,
) -> Result<Output, Problem> {
    let value = slots::home::lookup(vec![name]).await?;
    Ok(Output::message(format!("{VERSION} {}", value.to_text().unwrap_or(value.body))))
}

/// Make a directory in the attic
#[cfg(feature = "more")]
#[command(effect = writes)]
async fn tidy(
    /// The name of the directory
    name: String,
) -> Result<Output, Problem> {
    slots::attic::make_directory(vec![name]).await?;
    Ok(Output::message(VERSION))
}
