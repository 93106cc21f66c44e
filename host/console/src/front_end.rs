//! The front end of a run, seen from the other process: what the host has of it, and what serves it in the client.
//!
//! What a command puts out is shown, not used: a reference in it travels as a name alone. Files travel as readers, which
//! the client opens for words that its own user gave.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_captp::{CallError, Exo, Message, Object, Receiver, Reply, Value, promise};
use powerbox_core::designation::SecretSource;
use powerbox_core::local::{FrontEnd, Notice, Output};
use powerbox_core::membrane::{ByteSource, Consent, Word};
use tokio::sync::watch;

use crate::data::{from_value, to_value};

/// How long a command waits for its turn: all clients together run so many commands of one plugin at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// The front end of a client, as the host has it.
pub(crate) struct Remote {
    object: Object,
    /// Whether the client has not yet answered what it was told of the progress last.
    busy: Arc<AtomicBool>,
}

impl Remote {
    pub(crate) fn new(object: Object) -> Self {
        Self { object, busy: Arc::default() }
    }

    /// Says how output is wanted, before there is any.
    pub(crate) fn begin(&self, json: bool) {
        self.object.send("begin", vec![Value::record([("json", Value::Bool(json))])]);
    }
}

impl FrontEnd for Remote {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        let shown = self.object.call("emit", vec![shown(&piece)]);
        Box::pin(async move {
            // If the client has gone, the run ends with it.
            let _ = shown.await;
        })
    }

    fn confirm<'a>(&'a self, consent: &'a Consent) -> BoxFuture<'a, Word> {
        let asked = to_value(consent).map(|consent| self.object.call("confirm", vec![consent]));
        Box::pin(async move {
            let Ok(asked) = asked else { return Word::Nobody };
            match asked.await.ok().as_ref().and_then(Value::as_str) {
                Some("yes") => Word::Yes,
                Some("no") => Word::No,
                _ => Word::Nobody,
            }
        })
    }

    fn secret<'a>(&'a self, name: &'a str, source: SecretSource) -> BoxFuture<'a, Option<String>> {
        let source = match source {
            SecretSource::Terminal => "terminal",
            SecretSource::StandardInput => "input",
        };
        let asked = self.object.call("secret", vec![Value::text(name), Value::text(source)]);
        Box::pin(async move { asked.await.ok()?.as_str().map(str::to_owned) })
    }

    fn open<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<ByteSource>> {
        let opened = self.object.call("open", vec![Value::text(path)]);
        Box::pin(async move {
            match opened.await {
                Ok(Value::Capability(reader)) => Ok(ByteSource::remote(reader)),
                Ok(_) => Err(io::Error::other("the client gave no reader")),
                Err(error) => {
                    let said = error.thrown_error().map_or_else(|| error.to_string(), |(_, message)| message);
                    Err(io::Error::other(said))
                }
            }
        })
    }

    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        // One at a time: a client that is slow misses some, and is not flooded.
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let total = total.map_or(Value::Null, Value::bigint);
        let told = self.object.call("progress", vec![Value::bigint(done), total, Value::text(what)]);
        let busy = Arc::clone(&self.busy);
        tokio::spawn(async move {
            let _ = told.await;
            busy.store(false, Ordering::Release);
        });
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn notice(&self, notice: &Notice) -> bool {
        let Ok(notice) = to_value(notice) else { return false };
        self.object.send("notice", vec![notice]);
        true
    }
}

/// Output as it travels.
pub(crate) fn shown(output: &Output) -> Value {
    let value = output.to_value();
    let named = value.clone().try_map(&mut |object: Object| {
        Ok::<_, std::convert::Infallible>(if object.is_promise() {
            // Nobody will settle it: it is a promise to look at.
            promise().0
        } else {
            Object::new(Name(object.interface()))
        })
    });
    named.unwrap_or(value)
}

/// A reference as it is shown.
struct Name(Option<String>);

impl Receiver for Name {
    fn receive(self: Arc<Self>, _: Message) -> Reply {
        Reply::error(CallError::error("what a command puts out is shown, and cannot be called"))
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        self.0.as_deref().map(Cow::Borrowed)
    }
}

/// Whether a run is over, and how many of its questions are still before the person.
#[derive(Clone)]
pub(crate) struct Questions {
    over: watch::Sender<bool>,
    open: watch::Sender<usize>,
}

impl Questions {
    pub(crate) fn new() -> Self {
        Self { over: watch::Sender::new(false), open: watch::Sender::new(0) }
    }

    /// Takes all questions back.
    pub(crate) fn withdraw(&self) {
        self.over.send_replace(true);
    }

    /// Waits until none is before the person: then the terminal is as it was.
    pub(crate) async fn withdrawn(&self) {
        // Both are watched for as long as this lives.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Asks, unless the run is over, and until it is.
    async fn ask<T>(&self, question: impl Future<Output = T>) -> Option<T> {
        let mut over = self.over.subscribe();
        self.open.send_modify(|open| *open += 1);
        let _open = Open(self);
        tokio::select! {
            biased;
            _ = over.wait_for(|over| *over) => None,
            answer = question => Some(answer),
        }
    }
}

struct Open<'a>(&'a Questions);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// A front end of this process, as the host calls it.
pub(crate) struct Served {
    front_end: Arc<dyn FrontEnd>,
    questions: Questions,
    /// The words of its user. Nothing else is opened.
    words: Vec<String>,
    begin: Box<dyn Fn(bool) + Send + Sync>,
}

impl Served {
    pub(crate) fn object(
        front_end: Arc<dyn FrontEnd>,
        words: Vec<String>,
        questions: Questions,
        begin: impl Fn(bool) + Send + Sync + 'static,
    ) -> Object {
        Object::exo(Arc::new(Self { front_end, questions, words, begin: Box::new(begin) }))
    }

    /// Whether the user said this: as a word of its own, or as the value of an option.
    fn was_said(&self, path: &str) -> bool {
        self.words.iter().any(|word| {
            word == path
                || word
                    .split_once('=')
                    .is_some_and(|(option, value)| option.starts_with('-') && value == path)
        })
    }
}

impl Exo for Served {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: FrontEnd".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["begin", "emit", "confirm", "secret", "open", "progress", "notice"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let this = Arc::clone(self);
        let mut args = args.into_iter();
        let first = args.next().unwrap_or(Value::Undefined);
        let unfit = |error: String| Reply::error(CallError::type_error(error));
        match method {
            "begin" => {
                (self.begin)(first.get("json").and_then(Value::as_bool).unwrap_or_default());
                Reply::undefined()
            }
            "emit" => match Output::from_value(&first) {
                Ok(piece) => Reply::pending(async move {
                    this.front_end.emit(piece).await;
                    Ok(Value::Undefined)
                }),
                Err(error) => unfit(error),
            },
            "confirm" => match from_value::<Consent>(&first) {
                Ok(consent) => Reply::pending(async move {
                    let word = this.questions.ask(this.front_end.confirm(&consent)).await;
                    Ok(Value::text(match word {
                        Some(Word::Yes) => "yes",
                        Some(Word::No) => "no",
                        Some(Word::Nobody) | None => "nobody",
                    }))
                }),
                Err(error) => unfit(error.to_string()),
            },
            "secret" => {
                let Some(name) = first.as_str().map(str::to_owned) else {
                    return unfit("a secret has a name".to_owned());
                };
                let source = match args.next().as_ref().and_then(Value::as_str) {
                    Some("input") => SecretSource::StandardInput,
                    _ => SecretSource::Terminal,
                };
                Reply::pending(async move {
                    let secret = this.questions.ask(this.front_end.secret(&name, source)).await.flatten();
                    Ok(secret.map_or(Value::Undefined, Value::text))
                })
            }
            "open" => {
                let Some(path) = first.as_str().map(str::to_owned) else {
                    return unfit("a file has a path".to_owned());
                };
                if !self.was_said(&path) {
                    return Reply::error(CallError::error("the user named no such file"));
                }
                Reply::pending(async move {
                    let source = this.front_end.open(&path).await;
                    let source = source.map_err(|error| CallError::error(error.to_string()))?;
                    Ok(Value::Capability(source.reader()))
                })
            }
            "progress" => {
                let number = |value: Option<Value>| match value {
                    Some(Value::BigInt(number)) => u64::try_from(&number).ok(),
                    _ => None,
                };
                let (done, total) = (number(Some(first)), number(args.next()));
                let what = args.next();
                let what = what.as_ref().and_then(Value::as_str).unwrap_or_default();
                self.front_end.progress(done.unwrap_or_default(), total, what);
                Reply::undefined()
            }
            _ => match from_value::<Notice>(&first) {
                Ok(notice) => {
                    self.front_end.notice(&notice);
                    Reply::undefined()
                }
                Err(error) => unfit(error.to_string()),
            },
        }
    }
}
