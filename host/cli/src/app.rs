//! From the words of a command line to an exit status.

use std::sync::Arc;

use clap::Parser as _;
use powerbox_core::daemon::{Connect, Endpoint};
use powerbox_core::designation::may_be_kept;
use powerbox_core::{Event, Host, HostConfig, Principal, Request};
use powerbox_sandbox::{Compiler, EngineOptions};
use powerbox_web::Web;

use crate::arguments::{Arguments, PluginVerb, Verb};
use crate::bundled;
use crate::config::Config;
use crate::embedded::{Embedded, External};
use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::terminal::Terminal;
use crate::{
    attenuate, audit, author, completions, doctor, grant, log, plugin, prompt, render, service, why,
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
            failure.show(json);
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
            return service::serve(&paths).await.map(|()| Status::Done);
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
        if matches!(arguments.verb, Some(Verb::Up)) {
            return service::up(&paths, &choice, arguments.json).await.map(|()| Status::Done);
        }
        if let Some(Verb::Completions(arguments)) = &arguments.verb {
            return completions::run(paths, choice, &config, arguments).await.map(|()| Status::Done);
        }
        let app = App::open(paths, choice, &config, arguments.verb.is_none()).await?;
        match arguments.verb {
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
fn host_config(
    paths: &Paths,
    connect: Arc<dyn Connect>,
    config: &Config,
    stays: bool,
) -> Result<HostConfig, Failure> {
    let engine = if stays { EngineOptions::pooling(64) } else { EngineOptions::default() };
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

impl App {
    /// One that changes nothing, says nothing and starts no daemon: for completing words.
    pub(crate) async fn silent(paths: Paths, choice: Choice, config: &Config) -> Result<Self, Failure> {
        let connect: Arc<dyn Connect> = match &choice {
            Choice::External(endpoint) => Arc::new(External(endpoint.clone())),
            Choice::Embedded => Arc::new(Embedded::running(&paths)),
        };
        let host = Host::open_as_it_is(host_config(&paths, connect, config, false)?).await;
        let host = host.map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
        Ok(Self { host, paths, choice })
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
        for name in config.allowances.plugins.keys() {
            // A misspelt name must not silently limit nobody.
            if host.registry().plugin(name).is_none() {
                let name = powerbox_core::text::clean_line(name);
                eprintln!("warning: config.toml has limits of the plugin `{name}`, which is not installed");
            }
        }
        Ok(Self { host, paths, choice })
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
            Verb::Status => {
                service::status(&self.host, &self.paths, &self.choice, json).await.map(|()| Status::Done)
            }
            Verb::Stop => service::stop(&self.host, &self.paths, &self.choice).await.map(|()| Status::Done),
            Verb::Doctor => doctor::run(&self.paths, None, json).await,
            Verb::Completions(_) => Err(Failure::new(Status::Usage, "`completions` is not for the prompt")),
            Verb::Serve => Err(Failure::new(Status::Usage, "`serve` is not for the prompt")),
            Verb::Command(words) => self.command(words, agent.map(str::to_owned), json).await,
        }
    }

    /// Whether the words of a command may be kept in a history; `None` if they make no sense.
    pub(crate) fn may_be_kept(&self, words: Vec<String>) -> Option<bool> {
        let mut words = words.into_iter();
        let mut line = Line { name: words.next()?, words: words.collect(), agent: None, json: false };
        line.take_program_options(&self.host).ok()?;
        Some(may_be_kept(&self.host.registry(), &line.name, &line.words))
    }

    /// Runs a command of a plugin; Ctrl-C cancels it.
    async fn command(
        &self,
        words: Vec<String>,
        agent: Option<String>,
        json: bool,
    ) -> Result<Status, Failure> {
        let mut words = words.into_iter();
        let Some(name) = words.next() else { return Ok(Status::Done) };
        let mut line = Line { name, words: words.collect(), agent, json };
        line.take_program_options(&self.host)?;
        // Looked up each time: the name may be another agent's by now.
        let agent = match &line.agent {
            Some(path) => Some(self.host.agent(path).await?),
            None => None,
        };
        let principal = Principal::of(agent.as_ref());
        let terminal = Arc::new(Terminal::new(line.json));
        let request = Request { principal, command: line.name, words: line.words };
        let invoked = self.host.invoke(request, Arc::clone(&terminal) as _);
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Status::Interrupted),
            outcome = invoked => match outcome {
                Ok(output) => {
                    terminal.finish(&output);
                    Ok(Status::Done)
                }
                Err(error) if line.json && !json => {
                    let failure = Failure::from(error);
                    failure.show(true);
                    Ok(failure.status)
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// The words of one command.
struct Line {
    name: String,
    words: Vec<String>,
    agent: Option<String>,
    json: bool,
}

impl Line {
    /// Takes out the program's own options, which people also write after the command's name. A command that declares
    /// an option of the same name keeps it, and nothing after `--` is an option.
    fn take_program_options(&mut self, host: &Host) -> Result<(), Failure> {
        let registry = host.registry();
        let entry = registry.find(&self.name).ok();
        let command = entry.as_ref().and_then(|entry| entry.command());
        let own = |option: &str| command.is_some_and(|command| command.parameter(option).is_some());
        let mut kept = Vec::with_capacity(self.words.len());
        let mut words = std::mem::take(&mut self.words).into_iter();
        let mut help = false;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--" => {
                    kept.push(word);
                    kept.extend(words);
                    break;
                }
                "--json" if !own("json") => self.json = true,
                "--help" | "-h" if !own("help") => help = true,
                "--as" if !own("as") => match words.next() {
                    Some(agent) => self.agent = Some(agent),
                    None => return Err(Failure::new(Status::Usage, "`--as` needs a value")),
                },
                other => match other.strip_prefix("--as=") {
                    Some(agent) if !own("as") => self.agent = Some(agent.to_owned()),
                    _ => kept.push(word),
                },
            }
        }
        self.words = kept;
        if help
            && let Some(entry) = &entry
            && let Some(command) = command
        {
            self.words = vec![registry.callable(entry.plugin.name(), &command.name)];
            self.name = "help".to_owned();
        }
        Ok(())
    }
}
