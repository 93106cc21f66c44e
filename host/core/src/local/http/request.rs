//! Reading a plugin's request, all of which is refused that would say more than a request to the origin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::Value;

use super::HttpCall;
use super::origin::Origin;

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// What the host says itself, or what is said between two hops.
const NOT_THE_PLUGINS: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "http2-settings",
];
/// Most headers, and most bytes of all of them.
const MOST_HEADERS: usize = 64;
const MOST_HEADER_BYTES: usize = 16 << 10;
/// The longest path, and the largest body that is sent, in bytes.
const LONGEST_PATH: usize = 8 << 10;
const LARGEST_BODY: usize = 128 << 10;
/// The largest body that is taken. It crosses into a compartment byte by byte, each of which takes many times its size on
/// the way.
const LARGEST_ANSWER: usize = 1 << 20;

/// Reads a request.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(origin: &Origin, request: &Value) -> Result<HttpCall, String> {
    let text = |key: &str| {
        request.get(key).and_then(Value::as_str).ok_or_else(|| format!("the request has no {key}"))
    };
    let method = text("method")?;
    if !METHODS.contains(&method) {
        return Err(format!("the method is none of {}", METHODS.join(", ")));
    }
    let path = text("path")?;
    if path.len() > LONGEST_PATH {
        return Err(format!("the path has more than {LONGEST_PATH} bytes"));
    }
    let url =
        origin.at(path).ok_or("the path does not begin with one `/`, or has characters that no path has")?;
    let headers = request.get("headers").and_then(Value::as_list).unwrap_or_default();
    if headers.len() > MOST_HEADERS {
        return Err(format!("the request has more than {MOST_HEADERS} headers"));
    }
    let headers = headers.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_HEADER_BYTES {
        return Err(format!("the headers have more than {MOST_HEADER_BYTES} bytes"));
    }
    let body = match request.get("body") {
        None | Some(Value::Undefined) => None,
        Some(body) => {
            let body =
                body.as_str().and_then(|text| STANDARD.decode(text).ok()).ok_or("the body is no bytes")?;
            if body.len() > LARGEST_BODY {
                return Err(format!("the body has more than {LARGEST_BODY} bytes"));
            }
            Some(body)
        }
    };
    Ok(HttpCall { method: method.to_owned(), url: url.into(), headers, body, most: LARGEST_ANSWER })
}

fn header(header: &Value) -> Result<(String, String), String> {
    let text = |key: &str| header.get(key).and_then(Value::as_str).ok_or("a header is no name and value");
    let (name, value) = (text("name")?, text("value")?);
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err("a header's name has characters that no name has".to_owned());
    }
    if NOT_THE_PLUGINS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("the header `{name}` is the host's own"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("the header `{name}` has characters that no value has"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Value {
        let headers = headers.iter().map(|(name, value)| {
            Value::record([("name", Value::text(*name)), ("value", Value::text(*value))])
        });
        Value::record([
            ("method", Value::text(method)),
            ("path", Value::text(path)),
            ("headers", Value::list(headers)),
        ])
    }

    #[test]
    fn what_would_say_more_than_a_request_to_the_origin_is_refused() {
        let origin: Origin = "https://example.org".parse().unwrap();
        let good = request("GET", "/feed", &[("accept", "text/xml"), ("x-a", "b\tc")]);
        assert_eq!(read(&origin, &good).unwrap().url, "https://example.org/feed");
        for (bad, part) in [
            (request("CONNECT", "/", &[]), "method"),
            (request("get", "/", &[]), "method"),
            (request("GET", "//x", &[]), "path"),
            (request("GET", &format!("/{}", "a".repeat(9000)), &[]), "8192"),
            (request("GET", "/", &[("Host", "evil.org")]), "host's own"),
            (request("GET", "/", &[("a b", "x")]), "name"),
            (request("GET", "/", &[("", "x")]), "name"),
            (request("GET", "/", &[("a", "x\r\nb: c")]), "value"),
            (request("GET", "/", &[("a", "x"); 65]), "64"),
            (Value::Null, "no method"),
        ] {
            let error = read(&origin, &bad).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
