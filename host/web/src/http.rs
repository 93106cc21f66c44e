use std::sync::OnceLock;

use futures_util::future::BoxFuture;
use powerbox_core::local::Outside;
use powerbox_core::local::http::{HttpAnswer, HttpCall, HttpError};

use crate::client::client;

/// The web, as plugins' `http` slots reach it. The client is made when the first plugin calls.
#[derive(Default)]
pub struct Web(OnceLock<Result<reqwest::Client, String>>);

impl Web {
    async fn send(&self, call: &HttpCall) -> Result<HttpAnswer, HttpError> {
        let client = self.0.get_or_init(|| client().map_err(|error| error.to_string()));
        let client = client.as_ref().map_err(|error| HttpError::Unreachable(error.clone()))?;
        let method = call.method.parse().map_err(|_| HttpError::Unreachable("no such method".to_owned()))?;
        let mut request = client.request(method, &call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(header).collect();
        let mut body = Vec::new();
        // Piece by piece: what its length says is only what the server says.
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + piece.len() > call.most {
                return Err(HttpError::TooLarge(call.most));
            }
            body.extend_from_slice(&piece);
        }
        Ok(HttpAnswer { status, headers, body })
    }
}

/// What went wrong, down to the cause: the outer error only says that something did.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn unreachable(error: reqwest::Error) -> HttpError {
    HttpError::Unreachable(cause(error))
}

impl Outside for Web {
    fn call<'a>(&'a self, call: &'a HttpCall) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
        Box::pin(self.send(call))
    }
}
