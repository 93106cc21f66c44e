use crate::scenario::Scenario;

/// A text is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ScenarioError {
    /// What is wrong, and where.
    pub reason: String,
    /// The key that was meant, if one that is not known is near to one that is.
    pub meant: Option<String>,
}

impl Scenario {
    /// Reads a scenario as people write it.
    ///
    /// # Errors
    ///
    /// If it is no TOML, has a key that is not known, or something of the wrong kind.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text)
            .map_err(|error| ScenarioError::new(error.to_string().trim_end(), error.message()))
    }

    /// Reads a scenario as programs write it.
    ///
    /// # Errors
    ///
    /// If it is no JSON, has a key that is not known, or something of the wrong kind.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(text).map_err(|error| {
            let reason = error.to_string();
            ScenarioError::new(&reason, &reason)
        })
    }
}

impl ScenarioError {
    fn new(reason: &str, message: &str) -> Self {
        Self { reason: reason.to_owned(), meant: meant(message) }
    }
}

/// The key that is nearest to the one that is not known: what is wrong comes first in serde's message, then what is
/// known, each in backquotes.
fn meant(message: &str) -> Option<String> {
    let message = message.strip_prefix("unknown ")?;
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    quoted
        .map(|known| (strsim::damerau_levenshtein(written, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 4)
        .min()
        .map(|(_, known)| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::Held;
    use crate::scenario::Binding;

    #[test]
    fn what_people_write_and_what_programs_write_is_the_same() {
        let people = r#"
            [names.notes]
            text = { text = "a name like a key" }
            deep = { todo = { json = "[1]" } }
            [names.inbox]
            object = "Alleged: Mailbox"
            [[names.inbox.answers]]
            method = "send"
            args = ["hello"]
            returns = true
            [bind]
            left = "notes"
            right = { to = "notes", caveats = ["calls 2"] }
            [[step]]
            run = "count"
            output-json = [1]
        "#;
        let people = Scenario::from_toml(people).unwrap();
        let programs = Scenario::from_json(&serde_json::to_string(&people).unwrap()).unwrap();
        assert_eq!(format!("{people:?}"), format!("{programs:?}"));
        let Some(Held::Directory(notes)) = people.names.get("notes") else { panic!("{people:?}") };
        assert!(matches!(&notes["text"], Held::Text { text } if text == "a name like a key"));
        assert!(matches!(&people.names["inbox"], Held::Object { answers, .. } if answers.len() == 1));
        assert!(matches!(&people.bind["right"], Binding::Narrowed(narrowed) if narrowed.caveats.len() == 1));
    }

    #[test]
    fn what_is_not_known_is_an_error_that_says_what_was_meant() {
        for (text, part, meant) in [
            ("nmaes = 1", "nmaes", Some("names")),
            ("[[step]]\noutptu = \"x\"", "outptu", Some("output")),
            ("[[step]]\nelephant = 1", "elephant", None),
            ("bind.left = { too = \"x\" }", "too", Some("to")),
            ("names.a = { text = \"x\", jsn = \"1\" }", "beside `text` there is no place for `jsn`", None),
            ("names.a = { txt = \"x\" }", "`txt` is neither", None),
            ("names.a = { object = \"A\", answers = [{ methd = \"x\" }] }", "methd", Some("method")),
            ("names.a = { text = \"A\", answers = [] }", "only an `object` has `answers`", None),
            ("confirm = \"yess\"", "yess", Some("yes")),
            ("bind.left = 1", "a name, an origin, or a table", None),
        ] {
            let error = Scenario::from_toml(text).unwrap_err();
            assert!(error.reason.contains(part), "{text}: {error}");
            assert_eq!(error.meant.as_deref(), meant, "{text}: {error}");
        }
        let error = Scenario::from_json("{\"step\": [{\"rum\": \"x\"}]}").unwrap_err();
        assert_eq!(error.meant.as_deref(), Some("run"), "{error}");
    }

    #[test]
    fn what_the_guide_shows_is_a_scenario() {
        for page in
            [include_str!("../../../docs/guide/testing.md"), include_str!("../../../sdk/testing/README.md")]
        {
            let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
            let read = blocks.map(|text| Scenario::from_toml(text).unwrap_or_else(|error| panic!("{error}")));
            assert!(read.count() > 0);
        }
    }
}
