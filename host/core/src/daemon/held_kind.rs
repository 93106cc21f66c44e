use powerbox_captp::{Answer, CallError, Object, Value};

use super::Dialect;

/// What kind of thing a name holds, as `powerbox:plugin/types.name.holds` tells it.
///
/// It comes from the type of the formula, which the daemon itself keeps: what an object says that it is does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldKind {
    /// A directory.
    Directory,
    /// An agent with full powers over its own names.
    Host,
    /// A confined agent.
    Guest,
    /// An agent's mail address.
    Handle,
    /// Stored data.
    Value,
    /// Stored bytes.
    Blob,
    /// A worker.
    Worker,
    /// Anything else.
    Object,
}

impl HeldKind {
    /// Reads the type of a formula.
    fn of_type(formula: &str) -> Self {
        match formula {
            "directory" => Self::Directory,
            "host" => Self::Host,
            "guest" => Self::Guest,
            "handle" => Self::Handle,
            "marshal" => Self::Value,
            "readable-blob" => Self::Blob,
            "worker" => Self::Worker,
            _ => Self::Object,
        }
    }

    /// Reads the type out of a locator: `endo://NODE/?id=NUMBER&type=TYPE`.
    fn of_locator(locator: &str) -> Self {
        let (_, query) = locator.split_once('?').unwrap_or_default();
        let kind = query.split('&').find_map(|part| part.strip_prefix("type="));
        kind.map_or(Self::Object, Self::of_type)
    }

    /// The kind in the refusal of the embedded daemon to replace what a name holds.
    pub(crate) fn in_the_way(error: &CallError) -> Option<Self> {
        let (_, message) = error.thrown_error()?;
        let (_, kind) = message.strip_prefix("Name taken: ")?.rsplit_once('(')?;
        Some(Self::of_type(kind.trim_end_matches(')')))
    }

    /// Whether it keeps names and acts with them.
    pub(crate) fn is_agent(self) -> bool {
        matches!(self, Self::Host | Self::Guest)
    }

    /// The word for it in the contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Host => "host",
            Self::Guest => "guest",
            Self::Handle => "handle",
            Self::Value => "value",
            Self::Blob => "blob",
            Self::Worker => "worker",
            Self::Object => "object",
        }
    }

    /// The same in a sentence.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::Host => "a host",
            Self::Guest => "a guest",
            Self::Handle => "a mail address",
            Self::Value => "a value",
            Self::Blob => "a blob",
            Self::Worker => "a worker",
            Self::Object => "an object",
        }
    }
}

/// Asks an agent where a path leads. The path is spelled in the daemon's dialect.
pub(crate) fn locate(agent: &Object, path: &[String]) -> Answer {
    agent.call("locate", path.iter().map(|name| Value::text(name.as_str())).collect())
}

/// Reads the answer to [`locate`]: what is there, if anything is.
pub(crate) fn located(answer: &Value) -> Option<HeldKind> {
    answer.as_str().map(HeldKind::of_locator)
}

impl Dialect {
    /// Whether a name is one of those that the daemon gives to every agent, such as `@self`. They can be read and
    /// copied, but not changed.
    pub(crate) fn is_special(self, name: &str) -> bool {
        let upper =
            |rest: &str| rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
        name.starts_with('@')
            || self == Self::Master && name.starts_with(|c: char| c.is_ascii_uppercase()) && upper(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_that_of_the_formula() {
        let located = |kind: &str| HeldKind::of_locator(&format!("endo://ab/?id=cd&type={kind}"));
        assert_eq!(located("directory"), HeldKind::Directory);
        assert_eq!(located("guest&at=tcp"), HeldKind::Guest);
        assert_eq!(located("make-archive"), HeldKind::Object);
        assert_eq!(HeldKind::of_locator("endo://ab/"), HeldKind::Object);
        let refusal = CallError::error("Name taken: \"a (b)\" (directory)");
        assert_eq!(HeldKind::in_the_way(&refusal), Some(HeldKind::Directory));
        assert_eq!(HeldKind::in_the_way(&CallError::error("not allowed")), None);
    }

    #[test]
    fn special_names_are_known_in_each_dialect() {
        assert!(Dialect::Llm.is_special("@main") && Dialect::Master.is_special("MAIN"));
        assert!(Dialect::Master.is_special("@main") && !Dialect::Llm.is_special("MAIN"));
        assert!(!Dialect::Master.is_special("Main") && !Dialect::Embedded.is_special("main"));
    }
}
