//! A small plugin whose version a test writes into its bytes.

use powerbox_sdk::{Output, Problem, command};

#[cfg(not(feature = "large"))]
powerbox_sdk::group! {
    /// Being replaced again and again
    torture: [version]
}
#[cfg(feature = "large")]
powerbox_sdk::group! {
    /// Being replaced again and again
    torture: [version, read]
}

/// Read a value
#[cfg(feature = "large")]
#[command(effect = reads)]
async fn read(
    /// The value, as smallcaps
    body: String,
) -> Result<Output, Problem> {
    let value = powerbox_sdk::Passable { body, slots: Vec::new() }.decode()?;
    Ok(Output::text(value.as_str().unwrap_or_default()))
}

/// What a test looks for and writes its number into; read as it is, so that the compiler does not know it.
static MARK: [u8; 24] = *b"version-mark:00000000000";

/// Say which version this is
#[command(effect = reads)]
async fn version() -> Result<Output, Problem> {
    // SAFETY: it is a static, which can be read at any time.
    let mark = unsafe { std::ptr::read_volatile(&raw const MARK) };
    #[cfg(feature = "more")]
    powerbox_sdk::store::set_text("version", "seen").await?;
    Ok(Output::text(String::from_utf8_lossy(&mark).into_owned()))
}
