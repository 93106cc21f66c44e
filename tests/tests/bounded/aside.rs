//! Hosts that compile aside, with a compiler that can be counted, stopped and broken.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_captp::Session;
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::plugin::Signatures;
use powerbox_core::{Allowances, Host, HostConfig, InstallError, Installation, Principal, Request};
use powerbox_sandbox::{CompileLimits, Compiler, EngineOptions};
use powerbox_tests::powerbox::component;
use powerbox_tests::program::built;
use tempfile::TempDir;

/// Longer than anything takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// One user's folders, and the program that compiles.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

struct Nowhere;

impl Connect for Nowhere {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async { Err(ConnectError::NotStarted("there is none".into())) })
    }
}

struct Silent;

impl FrontEnd for Silent {
    fn emit(&self, _: Output) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Enough for every plugin of these tests, in any build, and not for a bomb.
pub(crate) fn limits() -> CompileLimits {
    CompileLimits { cpu: Duration::from_secs(2), cpu_per_mib: Duration::ZERO, ..CompileLimits::default() }
}

impl Bench {
    /// With a compiler that notes each start.
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.script("");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has the compiler do this first. `$here` is the folder.
    pub(crate) fn script(&self, first: &str) {
        let text = format!(
            "#!/bin/sh\nhere='{here}'\necho started >> \"$here/starts\"\n{first}\nexec '{powerbox}' \"$@\"\n",
            here = self.folder.path().display(),
            powerbox = built("powerbox").unwrap().display(),
        );
        // A script that is being run cannot be written.
        let (aside, path) = (self.path("compiler.new"), self.path("compiler"));
        fs::write(&aside, text).unwrap();
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o700)).unwrap();
        fs::rename(aside, path).unwrap();
    }

    /// How often the compiler was started.
    pub(crate) fn starts(&self) -> usize {
        fs::read_to_string(self.path("starts")).map_or(0, |text| text.lines().count())
    }

    /// A process of the user.
    pub(crate) async fn host(&self) -> Host {
        self.host_with(limits()).await
    }

    pub(crate) async fn host_with(&self, limits: CompileLimits) -> Host {
        self.host_by(Compiler::Aside { program: self.path("compiler"), limits }).await
    }

    pub(crate) async fn host_by(&self, compiler: Compiler) -> Host {
        let config = HostConfig {
            state: self.path("state"),
            data: self.path("data"),
            cache: self.path("cache"),
            bundled: vec![],
            connect: Arc::new(Nowhere),
            allowances: Allowances::default(),
            signatures: Signatures::default(),
            engine: EngineOptions::default().compiled_by(compiler),
            authority: None,
        };
        tokio::time::timeout(LIMIT, Host::open(config)).await.expect("a start waits").unwrap()
    }

    /// Writes a component to a file.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let (aside, path) = (self.path("aside"), self.path(name));
        fs::write(&aside, bytes).unwrap();
        fs::rename(aside, &path).unwrap();
        path
    }

    /// Writes one that `cargo xtask components` built.
    pub(crate) fn built(&self, name: &str, from: &str) -> PathBuf {
        self.file(name, &fs::read(component(from).unwrap()).unwrap())
    }
}

pub(crate) async fn prepare(host: &Host, file: &Path) -> Result<Installation, InstallError> {
    tokio::time::timeout(LIMIT, host.prepare_install(file, &[])).await.expect("it is not bounded")
}

pub(crate) async fn install(host: &Host, file: &Path) {
    let installation = prepare(host, file).await.unwrap();
    tokio::time::timeout(LIMIT, host.install(installation)).await.expect("it waits").unwrap();
}

/// Why a file cannot be installed.
pub(crate) async fn refusal(host: &Host, file: &Path) -> String {
    match prepare(host, file).await {
        Ok(_) => panic!("{} was accepted", file.display()),
        Err(error) => error.to_string(),
    }
}

/// What a command says.
pub(crate) async fn said(host: &Host, words: &[&str]) -> String {
    let (command, words) = words.split_first().unwrap();
    let request = Request {
        principal: Principal::person(),
        command: (*command).to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let ran = tokio::time::timeout(LIMIT, host.invoke(request, Arc::new(Silent))).await.expect("it waits");
    match ran.unwrap() {
        Output::Message(said) | Output::Text(said) => said,
        other => panic!("{other:?}"),
    }
}
