use powerbox_authority::text::clean_line;

use crate::plugin::Difference;

/// What happened to a plugin while the host runs. Prompt, pages and other front ends show these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new version is live for the next invocation; those that run finish on the old one.
    Swapped {
        /// Which plugin.
        plugin: String,
        /// The SHA-256 of its new component.
        digest: String,
        /// How it differs from the one before.
        difference: Difference,
    },
    /// A new version asks for more than the old one, which stays until the user consents.
    Waiting {
        /// Which plugin.
        plugin: String,
        /// What the new version wants, in words.
        wants: Vec<String>,
        /// How to consent.
        remedy: String,
    },
    /// A new version waits until commands of the old one have ended, which use what it shall bring into its form.
    Postponed {
        /// Which plugin.
        plugin: String,
    },
    /// A version cannot be loaded.
    Broken {
        /// Which plugin.
        plugin: String,
        /// Why.
        reason: String,
        /// Whether an older version stays.
        kept: bool,
    },
    /// A plugin was installed.
    Installed {
        /// Which.
        plugin: String,
    },
    /// A plugin was removed; all its grants are revoked.
    Removed {
        /// Which.
        plugin: String,
    },
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Swapped { plugin, difference, .. } => {
                write!(f, "the plugin `{plugin}` was replaced by its new version")?;
                match &difference.version {
                    Some((_, new)) => write!(f, " {}", clean_line(new)),
                    None => Ok(()),
                }
            }
            Self::Waiting { plugin, wants, remedy } => {
                let wants = wants.join("; ");
                write!(
                    f,
                    "the new version of the plugin `{plugin}` asks for more: {wants}; the old one stays; {remedy}"
                )
            }
            // The reason may name what is in the broken file.
            Self::Broken { plugin, reason, kept: true } => {
                let reason = clean_line(reason);
                write!(f, "the new version of the plugin `{plugin}` is broken, the old one stays: {reason}")
            }
            Self::Broken { plugin, reason, kept: false } => {
                write!(f, "the plugin `{plugin}` cannot be loaded: {}", clean_line(reason))
            }
            Self::Postponed { plugin } => {
                write!(
                    f,
                    "the new version of the plugin `{plugin}` waits until its running commands have ended"
                )
            }
            Self::Installed { plugin } => write!(f, "the plugin `{plugin}` was installed"),
            Self::Removed { plugin } => write!(f, "the plugin `{plugin}` was removed"),
        }
    }
}
