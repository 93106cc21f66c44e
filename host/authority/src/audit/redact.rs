use std::fmt;

use powerbox_passable::Value;
use sha2::{Digest as _, Sha256};

use super::hash::hex;
use super::show::Show;

/// What stands for a text that contains a secret.
pub(super) const SECRET: &str = "(secret)";

/// Makes texts and arguments fit for the audit log: short, harmless to look at, and without the secrets of an
/// invocation.
///
/// A text that contains a secret becomes `(secret)` as a whole, also without the space around the secret or with the
/// escapes of JSON. What a plugin computed of a secret is not recognised.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Makes one that keeps these secrets to itself. An empty one is none.
    pub fn new<S: Into<String>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            let secret = secret.into();
            // A plugin may well trim it. Space alone is kept as it is.
            let trimmed = Some(secret.trim()).filter(|trimmed| !trimmed.is_empty()).unwrap_or(&secret);
            let escaped = serde_json::to_string(trimmed).unwrap_or_default();
            let escaped = escaped.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            forms.extend([Some(trimmed), escaped].into_iter().flatten().map(str::to_owned));
        }
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        Self { secrets: forms }
    }

    /// Gives a text, such as what came of a call, or `(secret)` if it contains a secret.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        if self.is_secret(text) { SECRET } else { text }
    }

    /// Shortens arguments to at most 201 characters of one line, and digests them in full, in hexadecimal.
    ///
    /// Where there is a secret, the digest is over `(secret)`, so that a weak one cannot be guessed from it. References
    /// count as what they are, not as which one.
    pub fn arguments<C>(&self, args: &[Value<C>]) -> (String, String) {
        self.arguments_named(args, &|_| None)
    }

    /// The same, where some references have a name, which counts and is shown.
    pub fn arguments_named<C>(
        &self,
        args: &[Value<C>],
        name: &dyn Fn(&C) -> Option<String>,
    ) -> (String, String) {
        let mut show = Show::new(self);
        show.arguments(args, name);
        let (shown, digest) = show.finish();
        if self.is_secret(&shown) {
            // It came about by what stands side by side.
            return (SECRET.to_owned(), hex(&Sha256::digest(SECRET)));
        }
        (shown, hex(&digest))
    }

    /// Gives where the first secret in a text begins and ends, the longest of those that begin there.
    pub(crate) fn find(&self, text: &str) -> Option<(usize, usize)> {
        let places =
            self.secrets.iter().filter_map(|secret| Some((text.find(secret.as_str())?, secret.len())));
        let (start, length) = places.min_by_key(|(start, length)| (*start, std::cmp::Reverse(*length)))?;
        Some((start, start + length))
    }

    pub(crate) fn is_secret(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }
}

/// Shows no secret.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.secrets.len()).finish()
    }
}
