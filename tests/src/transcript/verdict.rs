use std::fmt;

/// What became of a recording that was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The name of the recording.
    pub recording: String,
    /// Recorded calls that were made, in order, in readable form.
    pub made: Vec<String>,
    /// Recorded calls that were not made.
    pub missing: Vec<String>,
    /// Recorded calls that were not made and need not be.
    pub left_out: Vec<String>,
    /// Calls that are not in the recording but on the list of those that are allowed.
    pub extra: Vec<String>,
    /// Calls that are not in the recording.
    pub unexpected: Vec<String>,
    /// What else differs: answers to calls of the daemon, messages that a client does not send, a second connection.
    pub wrong: Vec<String>,
    /// Whether the client said that it goes, rather than to break off.
    pub disconnected: bool,
}

impl Verdict {
    /// Tells whether the client said what was recorded and nothing else.
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.wrong.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "recording {}", self.recording)?;
        let parts = [
            ("made", &self.made),
            ("extra", &self.extra),
            ("left out", &self.left_out),
            ("MISSING", &self.missing),
            ("UNEXPECTED", &self.unexpected),
            ("WRONG", &self.wrong),
        ];
        for (title, lines) in parts {
            for line in lines {
                writeln!(f, "  {title:10} {line}")?;
            }
        }
        Ok(())
    }
}
