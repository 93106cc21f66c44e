use clap::{Parser, Subcommand};

use crate::attenuate::AttenuateArguments;
use crate::audit::AuditArguments;
use crate::author::{BuildArguments, DevArguments, NewArguments, TestArguments};
use crate::completions::CompletionsArguments;
use crate::grant::GrantVerb;
use crate::plugin::{InstallArguments, PublishArguments, RemoveArguments, UpdateArguments};
use crate::service::StopArguments;
use crate::why::WhyArguments;

/// Runs commands as sandboxed plugins over an Endo daemon
///
/// Without a command, opens a prompt. Everything that is not a verb below is a command of a plugin: `powerbox help`
/// lists them.
#[derive(Debug, Parser)]
#[command(name = "powerbox", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The daemon to connect to: unix:/path/to/socket or tcp:host:port [default: the embedded daemon]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) connect: Option<String>,

    /// Run for this agent: names are its names
    // Not for all verbs: one that takes an agent, or means something else by it, says so itself.
    #[arg(long = "as", value_name = "AGENT")]
    pub(crate) agent: Option<String>,

    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// The verbs that are not commands of a plugin.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Manage plugins
    #[command(subcommand)]
    Plugin(PluginVerb),
    /// Work on a plugin: build it at each change, and let the new version take the old one's place
    ///
    /// The plugin is installed while this runs, so that every prompt and process of yours has its commands. At the end
    /// things are as they were before.
    Dev(Box<DevArguments>),
    /// Give plugins what they may reach, and take it back
    #[command(subcommand)]
    Grant(GrantVerb),
    /// Show what plugins did and were refused, and what you granted
    Audit(Box<AuditArguments>),
    /// Show what a plugin may reach and why, or who may reach what a name stands for
    Why(WhyArguments),
    /// Make a reference that allows less than the object it stands for
    Attenuate(Box<AttenuateArguments>),
    /// Start the host, and the embedded daemon in it
    Up,
    /// Tell which daemon is used and whether it runs
    Status,
    /// Stop the host, once the commands that run have ended
    Stop(StopArguments),
    /// Look whether everything is in order, and say how to mend what is not
    Doctor,
    /// Print what makes a shell complete commands, options and pet names
    ///
    /// For bash `source <(powerbox completions bash)` in ~/.bashrc, for zsh the same with `zsh` in ~/.zshrc after
    /// `compinit`, for fish `powerbox completions fish | source` in config.fish.
    Completions(CompletionsArguments),
    /// Be the host, in the foreground
    #[command(hide = true)]
    Serve,
    /// A command of a plugin
    #[command(external_subcommand)]
    Command(Vec<String>),
}

/// What can be done with plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginVerb {
    /// Make the project of a new plugin
    ///
    /// It builds as it is, has one command, one slot and tests, and a README that says how to go on.
    New(NewArguments),
    /// Build a plugin's project into one component
    ///
    /// The component has its documentation and its author's metadata inside; it is put into the project's folder `dist`.
    Build(BuildArguments),
    /// Run a plugin's scenarios against a fake daemon
    ///
    /// A scenario is a file in the project's folder `tests`. It says what there is, what is run and what must come of it;
    /// bridge, membrane, grants and limits are those that users have.
    Test(TestArguments),
    /// Show what a plugin imports, asks for and offers
    ///
    /// Takes the name of a plugin, a component file, a project's folder or oci://host/repository:tag. The component is
    /// read, and its description of commands is run in a compartment that reaches nothing; nothing is installed.
    Inspect {
        /// A plugin's name, a file, a folder or oci://…
        plugin: String,
        /// Reach a registry on another machine without encryption
        #[arg(long)]
        insecure_registry: bool,
    },
    /// Install a plugin from a file, a project's folder or a registry
    ///
    /// A file is watched: when it changes and asks for no more than before, the new version is live for the next
    /// command. Installing it again accepts a version that asks for more. What is installed is written down, with its
    /// digest, in plugins.lock in the state folder.
    Install(InstallArguments),
    /// Bring installed plugins up to date from where they came from
    ///
    /// Shows what changes. A version that asks for more than the old one, or is older, is held until you say yes.
    Update(UpdateArguments),
    /// Put a component into an OCI registry
    Publish(PublishArguments),
    /// List plugins
    List,
    /// Let a word call this plugin's command where several plugins have it
    ///
    /// Without this, the plugin that had the word first keeps it, and the others' commands are called as `plugin:word`.
    /// The program's own verbs cannot be given to a plugin.
    Prefer {
        /// The plugin's name
        plugin: String,
        /// The word
        word: String,
    },
    /// Remove an installed plugin and take back all it was granted
    Remove(RemoveArguments),
    /// Let a plugin run again that was put aside because it failed again and again
    Restore {
        /// The plugin's name
        name: String,
    },
}

/// Reads a slot and what it is bound to.
pub(crate) fn slot_binding(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((slot, name)) if !slot.is_empty() && !name.is_empty() => Ok((slot.to_owned(), name.to_owned())),
        _ => Err("give a slot and a name, as in `left=notes`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;
    use powerbox_core::registry::{PROGRAM_LETTERS, PROGRAM_OPTIONS, PROGRAM_VERBS};

    use super::Arguments;

    /// What plugins cannot have is kept in the core, and must be what this program has.
    #[test]
    fn the_words_that_plugins_cannot_have_are_those_of_the_program() {
        let mut program = Arguments::command();
        program.build();
        let options: BTreeSet<_> = program.get_arguments().filter_map(clap::Arg::get_long).collect();
        assert_eq!(options, PROGRAM_OPTIONS.iter().copied().collect());
        let letters: BTreeSet<_> = program.get_arguments().filter_map(clap::Arg::get_short).collect();
        assert_eq!(letters, PROGRAM_LETTERS.iter().copied().collect());
        let verbs = program.get_subcommands().flat_map(|verb| {
            std::iter::once(verb.get_name().to_owned()).chain(verb.get_all_aliases().map(str::to_owned))
        });
        let mut verbs: BTreeSet<_> = verbs.collect();
        verbs.extend(crate::prompt::LEAVE.map(str::to_owned));
        assert_eq!(verbs, PROGRAM_VERBS.iter().map(|verb| (*verb).to_owned()).collect());
    }
}
