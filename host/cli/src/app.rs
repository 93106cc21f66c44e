//! From the words of a command line to an exit status.

use std::sync::Arc;

use clap::Parser as _;
use powerbox_console::{Client, Request};
use powerbox_core::daemon::{Connect, Endpoint};
use powerbox_core::{Event, Host, HostConfig};
use powerbox_sandbox::{Compiler, EngineOptions};
use powerbox_web::Web;

use crate::arguments::{Arguments, PluginVerb, Verb};
use crate::bundled;
use crate::config::Config;
use crate::embedded::{Embedded, External};
use crate::exit::{self, Failure, Status};
use crate::paths::Paths;
use crate::{
    attenuate, audit, author, client, completions, doctor, grant, log, plugin, prompt, render, serve,
    service, why,
};

/// Which daemon is used.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// One that somebody else runs.
    External(Endpoint),
    /// The embedded one.
    Embedded,
}

/// The program with everything set up: what runs one line of words.
pub(crate) struct App {
    /// The command host.
    pub(crate) host: Host,
    /// Where things are.
    pub(crate) paths: Paths,
    /// Which daemon.
    pub(crate) choice: Choice,
    client: tokio::sync::Mutex<Option<Client>>,
}

/// Runs the program.
pub(crate) fn main(words: &[String]) -> Status {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no failure.
            render::usage(&error);
            return if error.use_stderr() { Status::Usage } else { Status::Done };
        }
    };
    let json = arguments.json;
    match start(arguments) {
        Ok(status) => status,
        Err(failure) => {
            exit::show(&failure, json);
            failure.status
        }
    }
}

fn start(arguments: Arguments) -> Result<Status, Failure> {
    let paths = Paths::find()?;
    // `doctor` says more about what is wrong than that the first folder is.
    if !matches!(arguments.verb, Some(Verb::Doctor)) {
        paths.check()?;
    }
    log::start(&paths.plugin_log());
    let serving = matches!(arguments.verb, Some(Verb::Serve));
    // A short command needs one thread; a prompt, a daemon and many scenarios use what there is.
    let stays = arguments.verb.is_none() || matches!(arguments.verb, Some(Verb::Dev(_)));
    let tests = matches!(arguments.verb, Some(Verb::Plugin(PluginVerb::Test(_))));
    let runtime = if serving || stays || tests {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    };
    let runtime = runtime.map_err(|error| Failure::new(Status::Failed, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        if serving {
            return serve::serve(&paths).await.map(|()| Status::Done);
        }
        if matches!(arguments.verb, Some(Verb::Doctor)) {
            return doctor::run(&paths, arguments.connect.as_deref(), arguments.json).await;
        }
        // What authors do needs neither a daemon nor what is installed.
        let verb = match arguments.verb {
            Some(Verb::Plugin(PluginVerb::New(new))) => {
                return author::new(new, arguments.json).map(|()| Status::Done);
            }
            Some(Verb::Plugin(PluginVerb::Build(build))) => {
                return author::build(build, arguments.json).await.map(|()| Status::Done);
            }
            Some(Verb::Plugin(PluginVerb::Test(test))) => {
                return author::test(&paths, test, arguments.json).await;
            }
            verb => verb,
        };
        let arguments = Arguments { verb, ..arguments };
        let config = Config::read(&paths.config)?;
        let choice = choose(arguments.connect.as_deref(), &config)?;
        let verb = match arguments.verb {
            // The way of most uses: words in, output back, and no part of a host in this process.
            Some(Verb::Command(words)) => {
                let client = client::connect(&paths).await?;
                let connect = choice.connect();
                let request = Request { words, agent: arguments.agent, json: arguments.json, connect };
                return client::run(&client, request).await;
            }
            Some(Verb::Up) => {
                return service::up(&paths, &choice, arguments.json).await.map(|()| Status::Done);
            }
            Some(Verb::Status) => {
                return service::status(&paths, &choice, arguments.json).await.map(|()| Status::Done);
            }
            Some(Verb::Stop(stop)) => {
                return service::stop(&paths, stop).await.map(|()| Status::Done);
            }
            Some(Verb::Completions(shell)) => {
                return completions::run(paths, choice, &config, &shell).await.map(|()| Status::Done);
            }
            verb => verb,
        };
        let app = App::open(paths, choice, &config, verb.is_none()).await?;
        match verb {
            None => prompt::run(Arc::new(app), arguments.agent).await,
            Some(verb) => {
                let done = app.run(verb, arguments.agent.as_deref(), arguments.json).await;
                app.host.disconnect().await;
                done
            }
        }
    });
    // A read of standard input cannot be ended; do not wait for it.
    runtime.shutdown_background();
    outcome
}

pub(crate) fn choose(connect: Option<&str>, config: &Config) -> Result<Choice, Failure> {
    let endpoint = |text: &str, from: &str| {
        let parsed = text.parse::<Endpoint>();
        parsed.map_err(|error| Failure::new(Status::Usage, format!("{from}: {error}")))
    };
    if let Some(text) = connect {
        return Ok(Choice::External(endpoint(text, "--connect")?));
    }
    if let Some(path) = std::env::var_os("ENDO_SOCK").filter(|path| !path.is_empty()) {
        return Ok(Choice::External(Endpoint::Unix(path.into())));
    }
    match &config.connect {
        Some(text) => Ok(Choice::External(endpoint(text, "connect in config.toml")?)),
        None => Ok(Choice::Embedded),
    }
}

/// How plugins are compiled: by this program, in a process of its own.
pub(crate) fn compiler() -> Result<Compiler, Failure> {
    Compiler::this_program()
        .map_err(|error| Failure::new(Status::Failed, format!("cannot find this program: {error}")))
}

/// What the host is set up with.
pub(crate) fn host_config(
    paths: &Paths,
    connect: Arc<dyn Connect>,
    config: &Config,
    stays: bool,
) -> Result<HostConfig, Failure> {
    let engine = if stays { EngineOptions::pooling(256) } else { EngineOptions::default() };
    let compiler = compiler()?;
    Ok(HostConfig {
        state: paths.state.clone(),
        data: paths.data.clone(),
        cache: paths.cache.clone(),
        bundled: bundled::PLUGINS.to_vec(),
        connect,
        allowances: config.allowances.clone(),
        signatures: config.signatures.clone(),
        engine: engine.compiled_by(compiler),
        authority: None,
    })
}

impl Choice {
    /// The daemon that the host works on for this process, if it is not the host's own.
    pub(crate) fn connect(&self) -> Option<String> {
        match self {
            Self::External(endpoint) => Some(endpoint.to_string()),
            Self::Embedded => None,
        }
    }
}

impl App {
    /// One that changes nothing, says nothing and starts no daemon: for completing words.
    pub(crate) async fn silent(paths: Paths, choice: Choice, config: &Config) -> Result<Self, Failure> {
        let connect: Arc<dyn Connect> = match &choice {
            Choice::External(endpoint) => Arc::new(External(endpoint.clone())),
            Choice::Embedded => Arc::new(Embedded::running(&paths)),
        };
        let host = Host::open_as_it_is(host_config(&paths, connect, config, false)?).await;
        let host = host.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        Ok(Self { host, paths, choice, client: tokio::sync::Mutex::default() })
    }

    async fn open(paths: Paths, choice: Choice, config: &Config, stays: bool) -> Result<Self, Failure> {
        let connect: Arc<dyn Connect> = match &choice {
            Choice::External(endpoint) => Arc::new(External(endpoint.clone())),
            Choice::Embedded => Arc::new(Embedded::started(&paths)),
        };
        let host = Host::open(host_config(&paths, connect, config, stays)?).await;
        let host = host.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        host.set_outside(Arc::new(Web::default()));
        for event in host.take_startup_events() {
            if !matches!(event, Event::Swapped { .. }) {
                eprintln!("warning: {event}");
            }
        }
        for complaint in config.of_unknown_plugins(&host) {
            eprintln!("warning: {complaint}");
        }
        Ok(Self { host, paths, choice, client: tokio::sync::Mutex::default() })
    }

    /// Runs one verb or command.
    pub(crate) async fn run(&self, verb: Verb, agent: Option<&str>, json: bool) -> Result<Status, Failure> {
        match verb {
            Verb::Plugin(verb) => plugin::run(self, verb, json).await,
            Verb::Dev(arguments) => author::dev(self, *arguments, json).await,
            Verb::Grant(verb) => grant::run(&self.host, verb, agent, json).await.map(|()| Status::Done),
            Verb::Audit(arguments) => audit::run(&self.host, *arguments, json).await,
            Verb::Why(arguments) => why::run(self, arguments, agent, json).await.map(|()| Status::Done),
            Verb::Attenuate(arguments) => {
                attenuate::run(&self.host, *arguments, agent, json).await.map(|()| Status::Done)
            }
            Verb::Up => service::up(&self.paths, &self.choice, json).await.map(|()| Status::Done),
            Verb::Status => service::status(&self.paths, &self.choice, json).await.map(|()| Status::Done),
            Verb::Stop(arguments) => service::stop(&self.paths, arguments).await.map(|()| Status::Done),
            Verb::Doctor => doctor::run(&self.paths, None, json).await,
            Verb::Completions(_) => Err(Failure::new(Status::Usage, "`completions` is not for the prompt")),
            Verb::Serve => Err(Failure::new(Status::Usage, "`serve` is not for the prompt")),
            Verb::Command(words) => self.command(words, agent.map(str::to_owned), json).await,
        }
    }

    /// Runs a command of a plugin in the host.
    async fn command(
        &self,
        words: Vec<String>,
        agent: Option<String>,
        json: bool,
    ) -> Result<Status, Failure> {
        if words.is_empty() {
            return Ok(Status::Done);
        }
        let request = Request { words, agent, json, connect: self.choice.connect() };
        let client = self.client().await?;
        client::run(&client, request).await
    }

    /// The session with the host: the one that is there, or a new one.
    async fn client(&self) -> Result<Client, Failure> {
        let mut current = self.client.lock().await;
        if let Some(client) = current.as_ref().filter(|client| client.session().reason().is_none()) {
            return Ok(client.clone());
        }
        let client = client::connect(&self.paths).await?;
        *current = Some(client.clone());
        Ok(client)
    }
}
