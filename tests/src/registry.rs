//! A small OCI registry on this machine: uploads, manifests by tag and digest, tokens; and ways to misbehave.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use powerbox_sandbox::Digest;

/// What a registry does to whoever pulls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// What it should.
    #[default]
    Honest,
    /// It lets in only who has a token, and gives that only to who has this name and password, as `user:password` in Base64.
    Tokens(String),
    /// It gives other bytes of the same length than the digest says.
    WrongBytes,
    /// Its blobs never end.
    Endless,
    /// It points to this address for blobs.
    Redirect(String),
}

/// The registry; it ends with the test's process.
pub struct TestRegistry {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    manner: Manner,
    content: HashMap<String, Vec<u8>>,
    requests: Vec<String>,
    authorizations: Vec<String>,
    uploads: Option<String>,
    tokens: Option<String>,
}

const TOKEN: &str = "Bearer for-a-test";

impl TestRegistry {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// If the machine has no loopback.
    pub fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?.to_string();
        let state = Arc::new(Mutex::new(State { manner, ..State::default() }));
        let (shared, here) = (Arc::clone(&state), address.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, here) = (Arc::clone(&shared), here.clone());
                // Whoever hangs up in the middle does so on purpose.
                std::thread::spawn(move || drop(answer(&stream, &shared, &here)));
            }
        });
        Ok(Self { address, state })
    }

    /// A reference to something in it.
    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Changes its ways.
    pub fn behave(&self, manner: Manner) {
        lock(&self.state).manner = manner;
    }

    /// Puts content at a path after `/v2/`, whatever it is.
    pub fn put(&self, path: &str, content: &[u8]) {
        lock(&self.state).content.insert(path.to_owned(), content.to_owned());
    }

    /// What it has at a path after `/v2/`.
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        lock(&self.state).content.get(path).cloned()
    }

    /// Sends whoever uploads to this address, which ends before the path.
    pub fn send_uploads_to(&self, address: &str) {
        lock(&self.state).uploads = Some(address.to_owned());
    }

    /// Sends whoever needs a token to this address.
    pub fn send_for_tokens_to(&self, address: &str) {
        lock(&self.state).tokens = Some(address.to_owned());
    }

    /// What came in the header `Authorization`, for the requests that had one.
    pub fn authorizations(&self) -> Vec<String> {
        lock(&self.state).authorizations.clone()
    }

    /// The requests that came: method and path.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(stream: &TcpStream, state: &Mutex<State>, here: &str) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let manner = lock(state).manner.clone();
    lock(state).requests.push(format!("{method} {target}"));
    if !authorization.is_empty() {
        lock(state).authorizations.push(authorization.clone());
    }
    let uploads = lock(state).uploads.clone();
    let tokens = lock(state).tokens.clone();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut writer = stream;
    let mut say = |status: &str, headers: &str, body: &[u8]| {
        let length = body.len();
        write!(
            writer,
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        )?;
        if method == "HEAD" { Ok(()) } else { writer.write_all(body) }
    };
    if let Manner::Tokens(password) = &manner {
        if path == "/token" {
            return if authorization == format!("Basic {password}") {
                say("200 OK", "", br#"{"token":"for-a-test"}"#)
            } else {
                say("401 Unauthorized", "", b"")
            };
        }
        if authorization != TOKEN {
            let realm = tokens.unwrap_or_else(|| format!("http://{here}/token"));
            let challenge = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"test\"\r\n");
            return say("401 Unauthorized", &challenge, b"");
        }
    }
    let Some(path) = path.strip_prefix("/v2/") else { return say("404 Not Found", "", b"") };
    match method {
        "POST" if path.ends_with("/blobs/uploads/") => {
            let place = uploads.unwrap_or_default();
            say("202 Accepted", &format!("Location: {place}/v2/{path}one\r\n"), b"")
        }
        "PUT" => {
            let digest = format!("sha256:{}", Digest::of(&body));
            let mut state = lock(state);
            if let Some(repository) = path.strip_suffix("/blobs/uploads/one") {
                if !query.contains(&digest.replace(':', "%3A")) {
                    return say("400 Bad Request", "", b"");
                }
                state.content.insert(format!("{repository}/blobs/{digest}"), body);
            } else {
                if let Some((repository, _)) = path.split_once("/manifests/") {
                    state.content.insert(format!("{repository}/manifests/{digest}"), body.clone());
                }
                state.content.insert(path.to_owned(), body);
            }
            say("201 Created", "", b"")
        }
        _ => {
            let content = lock(state).content.get(path).cloned();
            let is_blob = path.contains("/blobs/");
            match (content, manner) {
                (None, _) => say("404 Not Found", "", b""),
                (Some(_), Manner::Redirect(to)) if is_blob => {
                    say("307 Temporary Redirect", &format!("Location: {to}\r\n"), b"")
                }
                (Some(content), Manner::WrongBytes) if is_blob => {
                    say("200 OK", "", &content.iter().map(|byte| !byte).collect::<Vec<_>>())
                }
                (Some(_), Manner::Endless) if is_blob => {
                    write!(writer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                    loop {
                        writer.write_all(&[0; 65536])?;
                    }
                }
                (Some(content), _) => say("200 OK", "", &content),
            }
        }
    }
}
