use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_authority::grant::Grant;
use powerbox_captp::{CallError, Exo, Reply, Value};
use url::Url;

use super::origin::Origin;
use super::request;
use super::{HttpAnswer, HttpCall, HttpError};
use crate::local::outside::Outside;

/// How often a redirect is followed.
const MOST_HOPS: usize = 10;
/// How long all hops may take together.
const PATIENCE: Duration = Duration::from_secs(30);

/// The power behind an `http` slot.
pub struct HttpPower {
    origin: Origin,
    outside: Arc<dyn Outside>,
    grant: Arc<Grant>,
}

impl HttpPower {
    /// Makes one for an origin. A request that is under way ends with the grant, that of the run at the latest.
    pub fn new(origin: Origin, outside: Arc<dyn Outside>, grant: Arc<Grant>) -> Self {
        Self { origin, outside, grant }
    }

    async fn send(&self, mut call: HttpCall) -> Result<HttpAnswer, HttpError> {
        for _ in 0..MOST_HOPS {
            let answer = self.outside.call(&call).await?;
            let Some(next) = self.redirect(&call, &answer) else { return Ok(answer) };
            // As browsers do: after 303, and after a POST that was moved, the new place is asked with GET.
            if answer.status == 303 || (matches!(answer.status, 301 | 302) && call.method == "POST") {
                call.method = if call.method == "HEAD" { "HEAD" } else { "GET" }.to_owned();
                call.body = None;
            }
            call.url = next.into();
        }
        self.outside.call(&call).await
    }

    /// Where an answer leads, if that is at the origin.
    fn redirect(&self, call: &HttpCall, answer: &HttpAnswer) -> Option<Url> {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let to = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
        let mut url = Url::parse(&call.url).ok()?.join(&to.1).ok()?;
        url.set_fragment(None);
        self.origin.holds(&url).then_some(url)
    }
}

impl Exo for HttpPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Http".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["send"]
    }

    fn call(self: &Arc<Self>, _: &str, args: Vec<Value>) -> Reply {
        let call = match args.first().map(|request| request::read(&self.origin, request)) {
            Some(Ok(call)) => call,
            Some(Err(reason)) => return Reply::error(CallError::Invalid(reason)),
            None => return Reply::error(CallError::Invalid("there is no request".to_owned())),
        };
        let this = Arc::clone(self);
        Reply::pending(async move {
            let sent = tokio::select! {
                biased;
                _ = this.grant.ended() => return Err(CallError::Cancelled),
                sent = tokio::time::timeout(PATIENCE, this.send(call)) => sent,
            };
            match sent {
                Ok(Ok(answer)) => Ok(shown(answer)),
                Ok(Err(HttpError::TooLarge(most))) => Err(CallError::Limit(
                    format!("an answer of {} has more than {most} bytes", this.origin).into(),
                )),
                Ok(Err(error)) => Err(CallError::error(format!("{}: {error}", this.origin))),
                Err(_) => {
                    let late = format!("{} did not answer within {} s", this.origin, PATIENCE.as_secs());
                    Err(CallError::Limit(late.into()))
                }
            }
        })
    }
}

fn shown(answer: HttpAnswer) -> Value {
    let headers = answer
        .headers
        .into_iter()
        .map(|(name, value)| Value::record([("name", Value::text(name)), ("value", Value::text(value))]));
    Value::record([
        ("status", Value::Number(answer.status.into())),
        ("headers", Value::list(headers)),
        ("body", Value::text(STANDARD.encode(answer.body))),
    ])
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::BoxFuture;
    use powerbox_authority::grant::Holder;

    use super::*;

    /// Answers from a list, and remembers what it was asked.
    struct Script(Mutex<Vec<(u16, &'static str)>>, Mutex<Vec<String>>);

    impl Outside for Script {
        fn call<'a>(&'a self, call: &'a HttpCall) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
            self.1.lock().unwrap().push(format!("{} {}", call.method, call.url));
            let (status, to) = self.0.lock().unwrap().remove(0);
            let headers = vec![("Location".to_owned(), to.to_owned())];
            Box::pin(async move { Ok(HttpAnswer { status, headers, body: Vec::new() }) })
        }
    }

    async fn asked(method: &str, answers: &[(u16, &'static str)]) -> (u16, Vec<String>) {
        let grant = Grant::unlisted(Holder::plugin(None, "feeds"), "http");
        let script = Arc::new(Script(Mutex::new(answers.to_vec()), Mutex::default()));
        let power = HttpPower::new("https://a.org".parse().unwrap(), Arc::clone(&script) as _, grant);
        let call = HttpCall {
            method: method.into(),
            url: "https://a.org/x".into(),
            headers: vec![],
            body: Some(vec![1]),
            most: 1,
        };
        let status = power.send(call).await.unwrap().status;
        (status, script.1.lock().unwrap().clone())
    }

    #[tokio::test]
    async fn a_redirect_is_followed_while_it_stays_at_the_origin() {
        let (status, asked_for) = asked("POST", &[(302, "/y"), (307, "z?q"), (200, "")]).await;
        assert_eq!(status, 200);
        assert_eq!(asked_for, ["POST https://a.org/x", "GET https://a.org/y", "GET https://a.org/z?q"]);
        for elsewhere in
            ["https://b.org/", "http://a.org/", "//b.org/", "https://a.org:444/", "https://u@a.org/"]
        {
            let (status, asked_for) = asked("GET", &[(301, elsewhere)]).await;
            assert_eq!((status, asked_for.len()), (301, 1), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn redirects_without_end_end() {
        let (status, asked_for) = asked("GET", &[(302, "/x"); 20]).await;
        assert_eq!((status, asked_for.len()), (302, MOST_HOPS + 1));
    }
}
