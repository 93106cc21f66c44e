//! `plugin …`: what the person decides about plugins.

mod candidate;
mod inspect;
mod install;
mod list;
mod locked;
mod prefer;
mod publish;
mod remove;
mod restore;
mod update;

pub(crate) use install::InstallArguments;
pub(crate) use publish::PublishArguments;
pub(crate) use remove::RemoveArguments;
pub(crate) use update::UpdateArguments;

use crate::app::App;
use crate::arguments::PluginVerb;
use crate::author;
use crate::exit::{Failure, Status};

/// Runs one of the verbs.
pub(crate) async fn run(app: &App, verb: PluginVerb, json: bool) -> Result<Status, Failure> {
    let host = &app.host;
    let done = match verb {
        PluginVerb::New(arguments) => author::new(arguments, json),
        PluginVerb::Build(arguments) => author::build(arguments, json).await,
        PluginVerb::Test(arguments) => return author::test(&app.paths, arguments, json).await,
        PluginVerb::Inspect { plugin, insecure_registry } => {
            inspect::inspect(host, &plugin, insecure_registry, json).await
        }
        PluginVerb::Install(arguments) => install::install(host, arguments, json).await,
        PluginVerb::Update(arguments) => update::update(host, arguments, json).await,
        PluginVerb::Publish(arguments) => publish::publish(arguments, json).await,
        PluginVerb::Prefer { plugin, word } => prefer::prefer(host, &plugin, &word, json).await,
        PluginVerb::List => list::list(app, json),
        PluginVerb::Restore { name } => restore::restore(host, &name, json),
        PluginVerb::Remove(arguments) => remove::remove(host, arguments, json).await,
    };
    done.map(|()| Status::Done)
}
