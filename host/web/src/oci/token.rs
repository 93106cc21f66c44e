//! What a registry asks for when it answers 401.

/// The challenge in the header `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token from somewhere else.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    pub(super) fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut rest = rest.trim();
        let (mut realm, mut service, mut scope) = (None, None, None);
        while let Some((key, quoted)) = rest.split_once("=\"") {
            let (value, after) = quoted.split_once('"')?;
            match key.trim_start_matches([',', ' ']) {
                "realm" => realm = Some(value.to_owned()),
                "service" => service = Some(value.to_owned()),
                "scope" => scope = Some(value.to_owned()),
                _ => {}
            }
            rest = after;
        }
        Some(Self::Bearer { realm: realm?, service, scope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let header = r#"Bearer realm="https://x/token",service="x",scope="repository:a/b:pull,push""#;
        let bearer = Challenge::Bearer {
            realm: "https://x/token".into(),
            service: Some("x".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        assert_eq!(Challenge::read(header), Some(bearer));
        assert_eq!(Challenge::read("Basic realm=\"x\""), Some(Challenge::Basic));
        for odd in ["", "Negotiate", "Bearer", "Bearer realm=\"x", "Bearer service=\"x\""] {
            assert_eq!(Challenge::read(odd), None, "{odd}");
        }
    }
}
