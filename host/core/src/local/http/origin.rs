use std::fmt;
use std::str::FromStr;

use url::Url;

/// A scheme, a host and a port: what a plugin may talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Url);

/// Text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no origin: {reason}; give one such as https://example.org")]
pub struct OriginError {
    text: String,
    reason: &'static str,
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = |reason| OriginError { text: crate::text::clean_line(text), reason };
        let url = Url::parse(text).map_err(|_| wrong("it is no address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it is neither http nor https"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it has a user's name in it"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has more than a host and a port"));
        }
        Ok(Self(url))
    }
}

impl Origin {
    /// The address of a path here, if that begins with `/` and does not lead elsewhere.
    pub(super) fn at(&self, path: &str) -> Option<Url> {
        let odd = |c: char| c.is_control() || c == '\\' || c == '#' || c.is_whitespace();
        if !path.starts_with('/') || path.starts_with("//") || path.contains(odd) {
            return None;
        }
        self.0.join(path).ok().filter(|url| self.holds(url))
    }

    /// Whether an address is here.
    pub(super) fn holds(&self, url: &Url) -> bool {
        url.origin() == self.0.origin() && url.username().is_empty() && url.password().is_none()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("https://example.org", "https://example.org"),
            ("https://example.org:443/", "https://example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://EXAMPLE.org", "https://example.org"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
        }
        for text in [
            "example.org",
            "ftp://x.org",
            "https://",
            "https://a@x.org",
            "https://x.org/path",
            "https://x.org?q",
            "https://x.org#f",
            "file:///etc/passwd",
            "",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_path_leads_elsewhere() {
        let origin: Origin = "https://example.org".parse().unwrap();
        assert_eq!(origin.at("/a?b=c").unwrap().as_str(), "https://example.org/a?b=c");
        assert_eq!(origin.at("/a/../b").unwrap().as_str(), "https://example.org/b");
        for path in [
            "",
            "a",
            "//evil.org/",
            "/\\evil.org",
            "https://evil.org/",
            "/a#b",
            "/a\r\nHost: b",
            "/a b",
            "/\t/evil.org",
        ] {
            assert!(origin.at(path).is_none(), "{path:?}");
        }
    }
}
