//! `plugin …`: what the person decides about plugins.

mod inspect;
mod install;
mod list;
mod remove;
mod restore;

use crate::app::App;
use crate::arguments::PluginVerb;
use crate::author;
use crate::exit::Failure;

/// Runs one of the verbs.
pub(crate) async fn run(app: &App, verb: PluginVerb, json: bool) -> Result<(), Failure> {
    let host = &app.host;
    match verb {
        PluginVerb::New(arguments) => author::new(arguments, json),
        PluginVerb::Build(arguments) => author::build(arguments, json).await,
        PluginVerb::Inspect { plugin } => inspect::inspect(host, &plugin, json).await,
        PluginVerb::Install { file, bind, yes } => {
            install::install(host, &file, bind, yes || json, json).await
        }
        PluginVerb::List => list::list(app, json),
        PluginVerb::Restore { name } => restore::restore(host, &name, json),
        PluginVerb::Remove { name } => remove::remove(host, &name).await,
    }
}
