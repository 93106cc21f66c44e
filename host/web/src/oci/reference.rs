use std::fmt;
use std::str::FromStr;

/// Where an artifact is: `oci://host[:port]/repository[:tag][@sha256:…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry, with its port if it has one.
    pub(super) host: String,
    /// The repository.
    pub(super) repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// A text is no reference to an artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no artifact: {reason}; it looks like oci://ghcr.io/anna/notes:1.0.0")]
pub struct ReferenceError {
    text: String,
    reason: &'static str,
}

/// The tag that is meant when none is named.
const LATEST: &str = "latest";
/// The longest reference.
const MOST: usize = 1024;

impl Reference {
    /// Whether a text is meant as a reference.
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with("oci://")
    }

    /// The manifest's digest, if the reference says it.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same artifact, pinned: only a manifest with this digest is taken.
    pub fn pinned(&self, digest: &str) -> Self {
        Self { digest: Some(digest.to_owned()), ..self.clone() }
    }

    /// What a registry is asked for.
    pub(super) fn asked(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or(LATEST)
    }

    /// Whether the registry is on this machine, and so is reached without encryption.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.host.rsplit_once(':').map_or(&*self.host, |(host, _)| host))
    }
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether a text is the digest of something, as registries write it.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.chars().all(hex))
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let wrong = |reason| ReferenceError { text: text.chars().take(MOST).collect(), reason };
        if text.len() > MOST {
            return Err(wrong("it is too long"));
        }
        let rest = text.strip_prefix("oci://").ok_or_else(|| wrong("it does not begin with oci://"))?;
        let (host, rest) = rest.split_once('/').ok_or_else(|| wrong("it has no repository"))?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (rest, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (rest, None),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(|c| plain(c) || matches!(c, ':' | '[' | ']')) {
            return Err(wrong("its host is none"));
        }
        let part = |part: &str| {
            let begins = part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
            begins && part.chars().all(|c| plain(c) && !c.is_ascii_uppercase())
        };
        if !repository.split('/').all(part) {
            return Err(wrong("a repository is in lower case, of letters, digits and . _ - /"));
        }
        if tag.as_deref().is_some_and(|tag| tag.is_empty() || tag.len() > 128 || !tag.chars().all(plain)) {
            return Err(wrong("a tag is of letters, digits and . _ -"));
        }
        if digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
            return Err(wrong("a digest is sha256: and 64 hexadecimal digits"));
        }
        Ok(Self { host: host.to_owned(), repository: repository.to_owned(), tag, digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_the_same_when_it_is_written_again() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, asked) in [
            ("oci://ghcr.io/anna/notes:1.0.0", "1.0.0"),
            ("oci://localhost:5000/notes", "latest"),
            (&*format!("oci://[::1]:5000/a/b/c@{digest}"), &*digest),
            (&*format!("oci://x.example/a:tag@{digest}"), &*digest),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.to_string().as_str(), reference.asked()), (text, asked));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_reference() {
        for text in [
            "oci://",
            "oci://x",
            "oci:///a",
            "oci://x/",
            "oci://x/a/../b",
            "oci://x/A",
            "oci://x/a:",
            "oci://x/a?b",
            "oci://x/a#b",
            "oci://u:p@x/a",
            "oci://x/a@sha256:00",
            "oci://x/a:t/b",
            "https://x/a",
            "oci://x /a",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, is) in [
            ("oci://localhost:1/a", true),
            ("oci://127.0.0.1:1/a", true),
            ("oci://[::1]:1/a", true),
            ("oci://127.0.0.1.example/a", false),
            ("oci://10.0.0.1:80/a", false),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().is_loopback(), is, "{text}");
        }
    }
}
