//! Versions of one small plugin that differ in a number which its command tells: for swapping them again and again.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use futures_util::future::BoxFuture;
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::{Allowances, Host, HostConfig, Principal, Request};
use powerbox_sandbox::EngineOptions;

/// What stands before the number in the bytes of the components `torture…`.
const MARK: &[u8] = b"version-mark:";

/// There is no daemon, and nobody needs one.
struct Nowhere;

impl Connect for Nowhere {
    fn connect(&self) -> BoxFuture<'_, Result<powerbox_captp::Session, ConnectError>> {
        Box::pin(async { Err(ConnectError::NotStarted("there is none".into())) })
    }
}

struct Silent;

impl FrontEnd for Silent {
    fn emit(&self, _: Output) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A host without a daemon and without plugins.
pub async fn host(folder: &Path, engine: EngineOptions) -> Result<Host> {
    let config = HostConfig {
        state: folder.join("state"),
        data: folder.join("data"),
        cache: folder.join("cache"),
        bundled: vec![],
        connect: Arc::new(Nowhere),
        allowances: Allowances::default(),
        engine,
        signatures: Default::default(),
        authority: None,
    };
    Ok(Host::open(config).await?)
}

/// A component with a number written into it.
pub fn numbered(component: &[u8], number: u64) -> Result<Vec<u8>> {
    let place = component.windows(MARK.len()).position(|bytes| bytes == MARK);
    let place = place.context("the component has no mark")? + MARK.len();
    let mut numbered = component.to_vec();
    let digits = format!("{number:011}");
    let digits_there = numbered.get_mut(place..place + digits.len()).context("the mark is cut off")?;
    digits_there.copy_from_slice(digits.as_bytes());
    Ok(numbered)
}

/// Has the plugin tell its number.
pub async fn version(host: &Host) -> Result<u64> {
    let request = Request { principal: Principal::person(), command: "version".into(), words: vec![] };
    match host.invoke(request, Arc::new(Silent)).await? {
        Output::Text(text) => Ok(text.rsplit(':').next().unwrap_or_default().parse()?),
        other => bail!("{other:?}"),
    }
}
