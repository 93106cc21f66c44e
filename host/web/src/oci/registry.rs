use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use powerbox_sandbox::{Digest, Limits};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, Request, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use url::Origin;

use super::credentials::Credentials;
use super::manifest::{MANIFEST, Manifest, ManifestError, Pushed};
use super::reference::{Reference, is_loopback};
use super::token::{Challenge, gives_tokens_for};
use crate::client::{ClientError, client};
use crate::http::cause;

/// The largest manifest, token or message, in bytes.
const SMALL: usize = 1 << 20;
/// How long one answer may take, from the request to its last byte.
const LONGEST: Duration = Duration::from_secs(300);
/// How many times a registry may point elsewhere.
const REDIRECTS: usize = 4;

/// An artifact cannot be had from a registry, or be put there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OciError {
    /// No requests can be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody answers, or not in time.
    #[error("the registry {host} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        host: String,
        /// Why.
        reason: String,
    },
    /// There is none of this name.
    #[error("the registry has no {0}")]
    Unknown(String),
    /// It is not for everybody.
    #[error("the registry {0} does not let you: `docker login {0}` or `podman login {0}` says who you are")]
    Denied(String),
    /// It sends for tokens to where the user's name and password do not go.
    #[error(
        "the registry {host} does not let you, and its tokens come from {realm}, which is not in its own domain: your password for {host} was not sent there"
    )]
    Realm {
        /// Which.
        host: String,
        /// The other host.
        realm: String,
    },
    /// It answers something that is no answer.
    #[error("the registry {host} answers {status} for {what}")]
    Answer {
        /// Which.
        host: String,
        /// The status.
        status: u16,
        /// What was asked for.
        what: String,
    },
    /// It sends more than it may.
    #[error("the registry sends more than {most} bytes of {what}")]
    TooLarge {
        /// What.
        what: String,
        /// How much would have been too much.
        most: usize,
    },
    /// What it sends is not what was asked for.
    #[error(
        "the registry sends something else than was asked for: {what} has the digest {found} instead of {expected}"
    )]
    Digest {
        /// What was asked for.
        what: String,
        /// What its digest is.
        found: String,
        /// What it should have been.
        expected: String,
    },
    /// It points to where nobody may follow.
    #[error("the registry points to {0}, which is not encrypted, or no address")]
    Elsewhere(String),
    /// It points elsewhere without end.
    #[error("the registry points elsewhere again and again")]
    Around,
    /// It is something else.
    #[error("{reference} is no plugin: {error}")]
    Manifest {
        /// What was asked for.
        reference: String,
        /// Why not.
        #[source]
        error: ManifestError,
    },
    /// What should be pushed is no component.
    #[error("this is no component: {0}")]
    Component(String),
}

/// A manifest that a reference stands for at a moment.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its digest, as `sha256:…`.
    pub digest: String,
    manifest: Manifest,
}

/// A component from a registry.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The digest of its manifest, as `sha256:…`.
    pub manifest: String,
    /// The component.
    pub bytes: Vec<u8>,
    /// The text of its minisign signature, if it has one.
    pub signature: Option<String>,
}

/// How to come to registries.
pub struct Registry {
    client: reqwest::Client,
    credentials: Credentials,
    /// Whether registries on other machines are reached without encryption.
    insecure: bool,
    /// What each registry wants to see, once it said so.
    authorizations: Mutex<HashMap<Origin, String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// Sets up a way to registries. Without `insecure` only a registry on this machine is reached without encryption.
    ///
    /// # Errors
    ///
    /// If no requests can be made.
    pub fn new(credentials: Credentials, insecure: bool) -> Result<Self, ClientError> {
        Ok(Self { client: client()?, credentials, insecure, authorizations: Mutex::default() })
    }

    /// Asks what a reference stands for now.
    ///
    /// # Errors
    ///
    /// If that cannot be had, or is no WebAssembly artifact.
    pub async fn resolve(&self, reference: &Reference) -> Result<Resolved, OciError> {
        let what = reference.to_string();
        let url = self.url(reference, &format!("manifests/{}", reference.asked()))?;
        let request = self.client.get(url).header(ACCEPT, MANIFEST);
        let answer = self.ask(reference, request, "pull").await?;
        let text = read(self.followed(reference, answer, &what).await?, SMALL, &what).await?;
        let digest = format!("sha256:{}", Digest::of(&text));
        expect(&what, &digest, reference.digest().unwrap_or(&digest))?;
        let manifest =
            Manifest::read(&text).map_err(|error| OciError::Manifest { reference: what, error })?;
        Ok(Resolved { digest, manifest })
    }

    /// Fetches the component of a manifest.
    ///
    /// # Errors
    ///
    /// If it cannot be had, is too large, or is not what the manifest says.
    pub async fn fetch(&self, reference: &Reference, resolved: Resolved) -> Result<Artifact, OciError> {
        let what = reference.to_string();
        let Resolved { digest: manifest, manifest: Manifest { component, signature } } = resolved;
        let most = usize::try_from(component.size).unwrap_or(usize::MAX);
        if most > Limits::FILE_BYTES {
            return Err(OciError::TooLarge { what, most: Limits::FILE_BYTES });
        }
        let url = self.url(reference, &format!("blobs/{}", component.digest))?;
        let answer = self.ask(reference, self.client.get(url), "pull").await?;
        let bytes = read(self.followed(reference, answer, &what).await?, most, &what).await?;
        expect(&what, &format!("sha256:{}", Digest::of(&bytes)), &component.digest)?;
        Ok(Artifact { manifest, bytes, signature })
    }

    /// Puts a component into a registry, with the text of its minisign signature; gives the digest of its manifest.
    ///
    /// # Errors
    ///
    /// If it is no component, or the registry does not take it.
    pub async fn push(
        &self,
        reference: &Reference,
        component: Vec<u8>,
        signature: Option<&str>,
    ) -> Result<String, OciError> {
        let pushed = Pushed::of(component, signature).map_err(OciError::Component)?;
        for (digest, bytes) in pushed.blobs {
            let there = self.url(reference, &format!("blobs/{digest}"))?;
            let there = self.ask(reference, self.client.head(there), "pull,push").await?;
            if there.status().is_success() {
                continue;
            }
            let begin = self.url(reference, "blobs/uploads/")?;
            let begun = self.ask(reference, self.client.post(begin), "pull,push").await?;
            let begun = taken(reference, begun, "an upload")?;
            let mut place = self.location(reference, &begun)?;
            place.query_pairs_mut().append_pair("digest", &digest);
            let put = self.client.put(place).header(CONTENT_TYPE, "application/octet-stream").body(bytes);
            taken(reference, self.ask(reference, put, "pull,push").await?, "a part of the artifact")?;
        }
        let digest = format!("sha256:{}", Digest::of(&pushed.manifest));
        let url = self.url(reference, &format!("manifests/{}", reference.asked()))?;
        let put = self.client.put(url).header(CONTENT_TYPE, MANIFEST).body(pushed.manifest);
        taken(reference, self.ask(reference, put, "pull,push").await?, "the manifest")?;
        Ok(digest)
    }

    fn url(&self, reference: &Reference, path: &str) -> Result<Url, OciError> {
        let scheme = if self.plain(reference) { "http" } else { "https" };
        let url = format!("{scheme}://{}/v2/{}/{path}", reference.host, reference.repository);
        Url::parse(&url).map_err(|_| OciError::Elsewhere(url))
    }

    /// Whether a registry is reached without encryption.
    fn plain(&self, reference: &Reference) -> bool {
        self.insecure || reference.is_loopback()
    }

    /// Sends a request, with what the registry wants to see if it goes to the registry itself. If that has not said so
    /// yet, the first answer does.
    async fn ask(
        &self,
        reference: &Reference,
        request: RequestBuilder,
        actions: &str,
    ) -> Result<Response, OciError> {
        let own = self.url(reference, "")?.origin();
        let mut request = request.timeout(LONGEST).build().map_err(|error| unreachable(reference, error))?;
        if request.url().origin() != own {
            // It may be sent elsewhere, but not as somebody, and not because the place asks who it is.
            return self.send(reference, request).await;
        }
        let again = request.try_clone();
        let known = self.authorizations.lock().unwrap_or_else(PoisonError::into_inner).get(&own).cloned();
        if let Some(known) = known {
            authorize(&mut request, &known)?;
        }
        let answer = self.send(reference, request).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let wanted = answer.headers().get(WWW_AUTHENTICATE).and_then(|header| header.to_str().ok());
        let challenge = wanted.and_then(Challenge::read);
        let denied = || OciError::Denied(reference.host.clone());
        let authorization = match challenge.ok_or_else(denied)? {
            Challenge::Basic => {
                format!("Basic {}", self.credentials.basic(&reference.host).ok_or_else(denied)?)
            }
            Challenge::Bearer { realm, service, scope } => {
                let ours = format!("repository:{}:{actions}", reference.repository);
                let mut query = vec![("scope", scope.unwrap_or(ours))];
                query.extend(service.map(|service| ("service", service)));
                format!("Bearer {}", self.token(reference, &own, &realm, query).await?)
            }
        };
        let mut again = again.ok_or_else(denied)?;
        authorize(&mut again, &authorization)?;
        let answer = self.send(reference, again).await?;
        if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(denied());
        }
        self.authorizations.lock().unwrap_or_else(PoisonError::into_inner).insert(own, authorization);
        Ok(answer)
    }

    /// Gets a token from where the registry says that there are some. The name and the password go there only if it is
    /// the registry itself or in its domain.
    async fn token(
        &self,
        reference: &Reference,
        own: &Origin,
        realm: &str,
        query: Vec<(&str, String)>,
    ) -> Result<String, OciError> {
        let denied = || OciError::Denied(reference.host.clone());
        let mut url = Url::parse(realm).map_err(|_| OciError::Elsewhere(realm.to_owned()))?;
        self.may_go(reference, &url)?;
        let trusted = gives_tokens_for(&url, own);
        let basic = self.credentials.basic(&reference.host);
        let withheld = basic.is_some() && !trusted;
        let place = url.host_str().unwrap_or_default().to_owned();
        let refused = || match withheld {
            true => OciError::Realm { host: reference.host.clone(), realm: place.clone() },
            false => denied(),
        };
        url.query_pairs_mut().extend_pairs(query);
        let request = self.client.request(Method::GET, url).timeout(LONGEST).build();
        let mut request = request.map_err(|error| unreachable(reference, error))?;
        if let Some(basic) = basic.filter(|_| trusted) {
            authorize(&mut request, &format!("Basic {basic}"))?;
        }
        let answer = self.send(reference, request).await?;
        if !answer.status().is_success() {
            return Err(refused());
        }
        let text = read(answer, SMALL, "a token").await?;
        let token: Token = serde_json::from_slice(&text).map_err(|_| denied())?;
        token.token.or(token.access_token).ok_or_else(denied)
    }

    async fn send(&self, reference: &Reference, request: Request) -> Result<Response, OciError> {
        self.client.execute(request).await.map_err(|error| unreachable(reference, error))
    }

    /// Follows to where the registry keeps its content, without telling anybody there who we are.
    async fn followed(
        &self,
        reference: &Reference,
        mut answer: Response,
        what: &str,
    ) -> Result<Response, OciError> {
        for _ in 0..REDIRECTS {
            if !answer.status().is_redirection() {
                return match answer.status() {
                    StatusCode::NOT_FOUND => Err(OciError::Unknown(what.to_owned())),
                    _ => taken(reference, answer, what),
                };
            }
            let place = self.location(reference, &answer)?;
            let request = self.client.get(place).timeout(LONGEST).build();
            answer = self.send(reference, request.map_err(|error| unreachable(reference, error))?).await?;
        }
        Err(OciError::Around)
    }

    fn location(&self, reference: &Reference, answer: &Response) -> Result<Url, OciError> {
        let location =
            answer.headers().get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
        let place = answer.url().join(location).map_err(|_| OciError::Elsewhere(location.to_owned()))?;
        self.may_go(reference, &place)?;
        Ok(place)
    }

    /// Whether a registry may send us to an address.
    fn may_go(&self, reference: &Reference, place: &Url) -> Result<(), OciError> {
        let here = place.host_str().is_some_and(is_loopback);
        let may = match place.scheme() {
            // Nobody else has us talk to what is on this machine.
            "https" => !here || reference.is_loopback(),
            "http" => self.insecure || (here && reference.is_loopback()),
            _ => false,
        };
        if may { Ok(()) } else { Err(OciError::Elsewhere(place.to_string())) }
    }
}

fn unreachable(reference: &Reference, error: reqwest::Error) -> OciError {
    OciError::Unreachable { host: reference.host.clone(), reason: cause(error) }
}

/// Shows who we are. Whoever calls this has made sure where the request goes.
fn authorize(request: &mut Request, authorization: &str) -> Result<(), OciError> {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let mut value = HeaderValue::from_str(authorization).map_err(|_| OciError::Denied(host))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}

fn taken(reference: &Reference, answer: Response, what: &str) -> Result<Response, OciError> {
    let host = reference.host.clone();
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(OciError::Denied(host)),
        status => Err(OciError::Answer { host, status: status.as_u16(), what: what.to_owned() }),
    }
}

fn expect(what: &str, found: &str, expected: &str) -> Result<(), OciError> {
    if found == expected {
        return Ok(());
    }
    let (what, found, expected) = (what.to_owned(), found.to_owned(), expected.to_owned());
    Err(OciError::Digest { what, found, expected })
}

/// Reads an answer piece by piece: how long it says it is, is only what the server says.
async fn read(mut answer: Response, most: usize, what: &str) -> Result<Vec<u8>, OciError> {
    let mut bytes = Vec::new();
    let host = answer.url().host_str().unwrap_or_default().to_owned();
    loop {
        let piece = answer.chunk().await;
        let piece =
            piece.map_err(|error| OciError::Unreachable { host: host.clone(), reason: cause(error) })?;
        let Some(piece) = piece else { return Ok(bytes) };
        if bytes.len() + piece.len() > most {
            return Err(OciError::TooLarge { what: what.to_owned(), most });
        }
        bytes.extend_from_slice(&piece);
    }
}
