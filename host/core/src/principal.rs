use std::fmt;
use std::sync::Arc;

use powerbox_authority::grant::Agent;

/// For whom a call is made: a chain in which each link acts for the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(Arc<[Link]>);

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// The person whose host this is.
    Person,
    /// An agent whose names a command is run with. It has been [found](crate::Host::agent), so it is known who it is.
    Agent(Agent),
    /// A plugin.
    Plugin(String),
    /// One run of a command.
    Invocation(u64),
}

impl Principal {
    /// The person.
    pub fn person() -> Self {
        Self(Arc::new([Link::Person]))
    }

    /// The person, or an agent of theirs.
    pub fn of(agent: Option<&Agent>) -> Self {
        match agent {
            Some(agent) => Self::person().with(Link::Agent(agent.clone())),
            None => Self::person(),
        }
    }

    /// The same chain with one link more.
    #[must_use]
    pub fn with(&self, link: Link) -> Self {
        Self(self.0.iter().cloned().chain([link]).collect())
    }

    /// The links, the person first.
    pub fn links(&self) -> &[Link] {
        &self.0
    }

    /// The plugin that acts, if it is a plugin.
    pub fn plugin(&self) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find_map(|link| if let Link::Plugin(name) = link { Some(name.as_str()) } else { None })
    }

    /// The run that it is, or 0.
    pub fn invocation(&self) -> u64 {
        let last = self.0.iter().rev();
        last.filter_map(|link| if let Link::Invocation(number) = link { Some(*number) } else { None })
            .next()
            .unwrap_or_default()
    }

    /// The agent whose names count; `None` is the person's own.
    pub fn agent(&self) -> Option<&Agent> {
        self.0.iter().rev().find_map(|link| if let Link::Agent(agent) = link { Some(agent) } else { None })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, link) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" > ")?;
            }
            match link {
                Link::Person => f.write_str("person")?,
                Link::Agent(agent) => write!(f, "agent {}", crate::text::clean_line(agent.name()))?,
                Link::Plugin(name) => write!(f, "plugin {name}")?,
                Link::Invocation(number) => write!(f, "invocation {number}")?,
            }
        }
        Ok(())
    }
}
