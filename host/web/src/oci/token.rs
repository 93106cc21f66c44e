//! What a registry asks for when it answers 401.

use reqwest::Url;
use url::{Host, Origin};

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

/// Whether a place may see the name and the password that a user has at a registry: the registry itself, and over https
/// also other hosts of its domain, as `auth.docker.io` is for `registry-1.docker.io`.
///
/// The standard lets a registry name any place. What it does with a password is its own affair, but nobody else should
/// come to see it through us.
pub(super) fn gives_tokens_for(place: &Url, registry: &Origin) -> bool {
    if place.origin() == *registry {
        return true;
    }
    match (place.host(), registry) {
        (Some(Host::Domain(place_host)), Origin::Tuple(scheme, Host::Domain(host), _)) => {
            let encrypted = place.scheme() == "https" && scheme == "https";
            encrypted && domain(place_host).is_some_and(|shared| domain(host) == Some(shared))
        }
        _ => false,
    }
}

/// The domain that somebody registered, as far as a name shows: its last two labels, or three where the last two look
/// like those of a country, such as `co.uk`.
fn domain(host: &str) -> Option<&str> {
    let mut labels = host.rsplit('.');
    let (last, second) = (labels.next()?, labels.next()?);
    let mut length = last.len() + 1 + second.len();
    if last.len() == 2 && second.len() <= 3 {
        length += 1 + labels.next()?.len();
    }
    host.get(host.len() - length..)
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

    #[test]
    fn passwords_go_to_the_registry_and_its_domain_alone() {
        let may = |place: &str, registry: &str| {
            gives_tokens_for(&Url::parse(place).unwrap(), &Url::parse(registry).unwrap().origin())
        };
        for (place, registry) in [
            ("https://x.example/token", "https://x.example/v2/"),
            ("https://auth.docker.io/token", "https://registry-1.docker.io/v2/"),
            ("https://gitlab.com/jwt/auth", "https://registry.gitlab.com/v2/"),
            ("https://auth.shop.co.uk/token", "https://registry.shop.co.uk/v2/"),
            ("http://127.0.0.1:5000/token", "http://127.0.0.1:5000/v2/"),
        ] {
            assert!(may(place, registry), "{place} for {registry}");
        }
        for (place, registry) in [
            ("https://evil.example/token", "https://registry.x.example/v2/"),
            ("https://docker.io.evil.example/token", "https://registry-1.docker.io/v2/"),
            ("https://evildocker.io/token", "https://registry-1.docker.io/v2/"),
            ("http://auth.docker.io/token", "https://registry-1.docker.io/v2/"),
            ("https://other.co.uk/token", "https://registry.shop.co.uk/v2/"),
            ("https://other.io/token", "https://gcr.io/v2/"),
            ("http://127.0.0.1:5001/token", "http://127.0.0.1:5000/v2/"),
            ("https://10.0.0.2/token", "https://10.0.0.1/v2/"),
            ("https://localhost/token", "https://other.localhost/v2/"),
        ] {
            assert!(!may(place, registry), "{place} for {registry}");
        }
    }
}
