//! A plugin that uses each of the host's own powers, in several versions. The features say which version this is.

use powerbox_sdk::{Output, Problem, clock, command, http, random, store};

#[cfg(not(feature = "v2"))]
powerbox_sdk::group! {
    /// Keeping things
    keeper: [keep, kept, drop_key, keys, swap, both, linger, time, dice, fetch]
}
#[cfg(feature = "v2")]
powerbox_sdk::group! {
    /// Keeping things
    #[migrates(migrate)]
    keeper: [keep, kept, drop_key, keys, swap, both, linger, time, dice, fetch]
}

/// What stands before each key.
const FORM: &str = if cfg!(feature = "v2") { "v2/" } else { "" };

/// Puts the form of this version before each key.
#[cfg(feature = "v2")]
async fn migrate(from_version: String) -> Result<(), Problem> {
    if cfg!(not(feature = "bad")) && from_version == env!("CARGO_PKG_VERSION") {
        return Err(Problem::Other("this is the form of this version already".to_owned()));
    }
    for key in store::all_keys("").await? {
        let value = store::get(key.clone()).await?;
        let changes =
            vec![store::Change { key: format!("{FORM}{key}"), value }, store::Change { key, value: None }];
        store::apply(changes).await?;
        if cfg!(feature = "bad") {
            return Err(Problem::Other(format!("the form of version {from_version} is unknown")));
        }
    }
    Ok(())
}

/// Keep a text under a key
#[command(effect = writes)]
async fn keep(
    /// The key
    key: String,
    /// The text
    value: String,
) -> Result<Output, Problem> {
    store::set_text(&format!("{FORM}{key}"), &value).await?;
    Ok(Output::Nothing)
}

/// Tell what is kept under a key
#[command(effect = reads)]
async fn kept(
    /// The key
    key: String,
) -> Result<Output, Problem> {
    let kept = store::get_text(&format!("{FORM}{key}")).await?;
    Ok(Output::text(kept.unwrap_or_else(|| "nothing".to_owned())))
}

/// Forget a key
#[command(effect = destroys)]
async fn drop_key(
    /// The key
    key: String,
) -> Result<Output, Problem> {
    Ok(Output::text(store::remove(format!("{FORM}{key}")).await?.to_string()))
}

/// List all keys, as they are
#[command(effect = reads)]
async fn keys() -> Result<Output, Problem> {
    Ok(Output::Lines(store::all_keys("").await?))
}

/// Replace a text if it is what it should be
#[command(effect = writes)]
async fn swap(
    /// The key
    key: String,
    /// What should be there
    expected: String,
    /// What shall be there
    value: String,
) -> Result<Output, Problem> {
    let swapped = store::replace(key, Some(expected.into_bytes()), Some(value.into_bytes())).await?;
    Ok(Output::text(swapped.to_string()))
}

/// Keep so many bytes under each of two keys, or neither
#[command(effect = writes)]
async fn both(
    /// The first key
    one: String,
    /// The second key
    two: String,
    /// How many bytes
    size: i64,
) -> Result<Output, Problem> {
    let value = vec![b'x'; usize::try_from(size).unwrap_or_default()];
    let change = |key| store::Change { key, value: Some(value.clone()) };
    store::apply(vec![change(one), change(two)]).await?;
    Ok(Output::Nothing)
}

/// Keep something, say so, and go on until the reader has enough
#[command(effect = writes)]
async fn linger() -> Result<Output, Problem> {
    store::set_text("lingering", "yes").await?;
    powerbox_sdk::emit(Output::text("here")).await?;
    http::get_text("/never").await?;
    Ok(Output::Nothing)
}

/// Tell the time
#[command(effect = reads)]
async fn time() -> Result<Output, Problem> {
    Ok(Output::text(clock::now()?.to_string()))
}

/// Roll so many dice
#[command(effect = reads)]
async fn dice(
    /// How many
    count: i64,
) -> Result<Output, Problem> {
    let bytes = random::bytes(u32::try_from(count).unwrap_or(u32::MAX))?;
    Ok(Output::text(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// Fetch a path
#[command(effect = communicates)]
async fn fetch(
    /// The path
    path: String,
    /// A header, as NAME: VALUE
    #[option]
    header: Option<String>,
    /// What to send
    #[option]
    body: Option<String>,
) -> Result<Output, Problem> {
    let header = header.map(|header| {
        let (name, value) = header.split_once(": ").unwrap_or((&header, ""));
        http::Header { name: name.to_owned(), value: value.to_owned() }
    });
    let method = if body.is_some() { "POST" } else { "GET" }.to_owned();
    let body = body.map(String::into_bytes);
    let answer =
        http::send(http::Request { method, path, headers: header.into_iter().collect(), body }).await?;
    Ok(Output::text(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))))
}
