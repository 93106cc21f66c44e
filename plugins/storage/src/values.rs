//! Looking at values, and storing them.

use powerbox_sdk::{Blob, Content, File, Json, Output, Problem, Readable, Replaceable, command};

/// Show what a name holds
#[command(effect = reads)]
pub(crate) async fn show(
    /// The name to look up
    name: Readable,
) -> Result<Output, Problem> {
    Ok(Output::Value(name.lookup().await?))
}

/// Print what a name holds
///
/// Bytes are printed as they are, text as text, and other data as JSON. What JSON has no words for is shown as `show`
/// does.
#[command(alias = "view", effect = reads)]
pub(crate) async fn cat(
    /// The name to open
    name: Readable,
) -> Result<Output, Problem> {
    match name.open().await? {
        Content::Blob(blob) => print(&blob).await,
        Content::Value(value) => Ok(match value.to_text().or_else(|| value.to_json()) {
            Some(text) => Output::Text(text),
            None => Output::Value(value),
        }),
    }
}

async fn print(blob: &Blob) -> Result<Output, Problem> {
    while let Some(bytes) = blob.read().await? {
        powerbox_sdk::emit(Output::Bytes(bytes)).await?;
    }
    Ok(Output::Nothing)
}

/// Store a text, JSON or a file under a name
///
/// Give exactly one of `--text`, `--json` and `--file`. A file is stored as bytes; `--file -` reads standard input. A name
/// that holds something already stays as it is, unless `--force` is given.
#[command(effect = destroys)]
pub(crate) async fn store(
    /// The name to store it under
    name: Replaceable,
    /// Store this text
    #[option(short = 't')]
    text: Option<String>,
    /// Store what this JSON stands for
    #[option(short = 'j')]
    json: Option<Json>,
    /// Store the bytes of this file, or of standard input for `-`
    #[option(short = 'f')]
    file: Option<File>,
    /// Replace what the name holds already
    #[option]
    force: bool,
) -> Result<Output, Problem> {
    let name = if force { name.replacing()? } else { name };
    match (text, json, file) {
        (Some(text), None, None) => name.store_text(&text).await?,
        (None, Some(json), None) => name.store_json(&json).await?,
        (None, None, Some(file)) => name.store_file(&file).await?,
        (None, None, None) => {
            return Err(Problem::invalid("nothing to store: give --text, --json or --file"));
        }
        _ => return Err(Problem::invalid("give only one of --text, --json and --file")),
    }
    Ok(Output::message(format!("{name} stored")))
}
