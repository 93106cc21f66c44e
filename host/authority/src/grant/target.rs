use std::fmt;

use serde::{Deserialize, Serialize};

use super::AgentId;

/// What a grant is to, in a form that is found again after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    /// The names of whoever runs a command.
    OwnNames,
    /// What the user names in a command, each thing with the right that the command's parameter declares.
    Designated,
    /// A part of the host itself, by its interface.
    Power {
        /// Which.
        interface: String,
    },
    /// A part of the host, bound to one origin of the web.
    Origin {
        /// Which part, by its interface.
        interface: String,
        /// The origin, such as `https://example.org`.
        origin: String,
    },
    /// One object that the user named.
    Object {
        /// The path in the giver's names.
        name: Vec<String>,
        /// The formula identifier that it named then, where the daemon has such: the grant keeps to that object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// An agent, and all that is done in its name.
    Agent {
        /// Its path in the person's names as they are now; empty if it has no name any more.
        name: Vec<String>,
        /// Who it is. Earlier versions of the ledger knew only the path: such a grant has ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<AgentId>,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |names: &[String]| crate::text::clean_line(&names.join("/"));
        match self {
            Self::OwnNames => f.write_str("the names of whoever runs the command"),
            Self::Designated => f.write_str("what is named in a command"),
            Self::Power { interface } => write!(f, "{} of this host", crate::text::clean_line(interface)),
            Self::Origin { origin, .. } => f.write_str(&crate::text::clean_line(origin)),
            Self::Object { name, .. } => write!(f, "`{}`", path(name)),
            Self::Agent { name, id: Some(id) } if name.is_empty() => {
                write!(f, "the agent #{} without a name", id.key().short())
            }
            Self::Agent { name, .. } => write!(f, "the agent `{}`", path(name)),
        }
    }
}
