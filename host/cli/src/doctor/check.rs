use serde::Serialize;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    /// What.
    pub(super) what: String,
    /// How it is.
    pub(super) state: State,
    /// What was found.
    pub(super) found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// In order.
    Fine,
    /// Something that not everybody needs is missing, or looks odd.
    Doubtful,
    /// Commands will fail.
    Bad,
}

impl State {
    pub(super) fn mark(self, coloured: bool) -> &'static str {
        match (self, coloured) {
            (Self::Fine, false) => "ok  ",
            (Self::Doubtful, false) => "note",
            (Self::Bad, false) => "BAD ",
            (Self::Fine, true) => "\x1b[32mok  \x1b[0m",
            (Self::Doubtful, true) => "\x1b[33mnote\x1b[0m",
            (Self::Bad, true) => "\x1b[31mBAD \x1b[0m",
        }
    }
}

impl Check {
    pub(super) fn fine(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Fine, found: found.into(), remedy: None }
    }

    pub(super) fn doubtful(
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), state: State::Doubtful, found: found.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn bad(what: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Bad, found: found.into(), remedy: Some(remedy.into()) }
    }
}
