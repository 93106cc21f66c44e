//! What clients hold, by the wire: who has `Commands` runs for one agent alone, a client that answers nothing harms
//! nobody, and what is no call of the console's is refused.

use std::sync::{Arc, Mutex};

use powerbox_captp::{CallError, Config, Exo, Object, Release, Reply, Session, Value, promise};
use powerbox_tests::powerbox::Powerbox;
use tokio::net::UnixStream;

use crate::{status, user, wait_for_runs};

/// A front end that shows nothing, or never answers.
#[derive(Default)]
struct FrontEnd {
    emitted: Mutex<Vec<Value>>,
    mute: bool,
}

impl Exo for FrontEnd {
    fn interface(&self) -> std::borrow::Cow<'_, str> {
        "Alleged: FrontEnd".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["begin", "emit", "confirm", "secret", "open", "progress", "notice"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        match method {
            "emit" if self.mute => {
                let (never, resolver) = promise();
                std::mem::forget(resolver);
                Reply::Answer(never.settled())
            }
            "emit" => {
                self.emitted.lock().unwrap().extend(args);
                Reply::undefined()
            }
            _ => Reply::undefined(),
        }
    }
}

fn front_end() -> Value {
    Object::exo(Arc::new(FrontEnd::default())).into()
}

async fn session(user: &Powerbox) -> (Session, Object) {
    let stream = UnixStream::connect(user.path("run/powerbox/host.sock")).await.unwrap();
    let session = Session::start(stream, Config::new("test").release(Release::AtOnce));
    let Value::Capability(entrance) = session.bootstrap().await.unwrap() else { panic!("no entrance") };
    (session, entrance)
}

async fn console(user: &Powerbox) -> (Session, Object) {
    let (session, entrance) = session(user).await;
    let build = entrance.call("build", vec![]).await.unwrap();
    let answer = entrance.call("console", vec![build]).await.unwrap();
    match answer.get("console") {
        Some(Value::Capability(console)) => (session, console.clone()),
        _ => panic!("{answer:?}"),
    }
}

async fn outcome(of: &Object, request: Value) -> Result<Value, CallError> {
    of.call("run", vec![request, front_end()]).call("outcome", vec![]).await
}

fn failure(outcome: &Value) -> String {
    outcome
        .get("failure")
        .and_then(|failure| failure.get("message"))
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_commands_runs_for_one_agent_whatever_the_words_say() {
    let user = user();
    user.ok(&["mkguest", "scout", "its-agent"]).unwrap();
    user.ok(&["mkguest", "other", "other-agent"]).unwrap();
    user.ok(&["store", "secret", "--text", "x"]).unwrap();
    let (_session, console) = console(&user).await;
    let Value::Capability(commands) = console.call("commands", vec![Value::text("its-agent")]).await.unwrap()
    else {
        panic!()
    };
    let listed = |outcome: &Value| format!("{outcome:?}");
    let own = outcome(&commands, Value::texts(["list"])).await.unwrap();
    assert!(own.get("output").is_some() && !listed(&own).contains("secret"), "{own:?}");
    for words in [
        &["list", "--as", "other-agent"][..],
        &["list", "--as=other-agent"],
        &["--as", "other-agent", "list"],
    ] {
        let tried = outcome(&commands, Value::texts(words.iter().copied())).await.unwrap();
        assert!(tried.get("output").is_none(), "{words:?}: {tried:?}");
    }
    // A record in place of the words says no more.
    let request = Value::record([("words", Value::texts(["list"])), ("agent", Value::Null)]);
    assert!(outcome(&commands, request).await.is_err());
    // What it does not have, it cannot call: the console's methods are not its own.
    for method in ["status", "follow", "commands", "mayBeKept"] {
        assert!(commands.call(method, vec![]).await.is_err(), "{method}");
    }
    // The control: the person may.
    let request = Value::record([("words", Value::texts(["list"]))]);
    assert!(listed(&outcome(&console, request).await.unwrap()).contains("secret"));
    let words = Value::record([("words", Value::texts(["list", "--as", "other-agent"]))]);
    assert!(outcome(&console, words).await.unwrap().get("output").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_takes_its_output_holds_up_nobody_else() {
    let user = user();
    user.ok(&["store", "box/first", "--text", "x"]).unwrap();
    let (session, console) = console(&user).await;
    let mute = Object::exo(Arc::new(FrontEnd { mute: true, ..FrontEnd::default() }));
    let request = Value::record([("words", Value::texts(["follow", "box"]))]);
    let run = console.call("run", vec![request, mute.into()]);
    wait_for_runs(&user, 1);
    for number in 0..20 {
        user.ok(&["store", &format!("box/{number}"), "--text", "x"]).unwrap();
    }
    assert_eq!(status(&user)["runs"], 1);
    // It can still cancel, which ends the run.
    run.object().call("cancel", vec![]).await.unwrap();
    wait_for_runs(&user, 0);
    drop(session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_ends_its_runs() {
    let user = user();
    let (session, console) = console(&user).await;
    let request = || Value::record([("words", Value::texts(["follow", "box"]))]);
    let runs: Vec<_> = (0..3).map(|_| console.call("run", vec![request(), front_end()])).collect();
    wait_for_runs(&user, 3);
    session.disconnect(None);
    wait_for_runs(&user, 0);
    drop(runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_build_gets_no_console_and_nonsense_is_refused() {
    let user = user();
    let (_session, entrance) = session(&user).await;
    let build = |version: &str| {
        Value::record([
            ("version", Value::text(version)),
            ("program", Value::text("1-1")),
            ("configuration", Value::text("")),
        ])
    };
    let refused = entrance.call("console", vec![build("0.0.0")]).await.unwrap();
    assert!(refused.get("console").is_none(), "{refused:?}");
    assert!(refused.get("outdated").unwrap().as_str().unwrap().contains("version 0.0.0"), "{refused:?}");
    for args in [vec![], vec![Value::Null], vec![Value::text("x")]] {
        assert!(entrance.call("console", args).await.is_err());
    }
    let (_session, console) = console(&user).await;
    for (method, args) in [
        ("run", vec![]),
        ("run", vec![Value::record([("words", Value::texts(["list"]))])]),
        ("run", vec![Value::record([("words", Value::text("list"))]), front_end()]),
        ("commands", vec![]),
        ("complete", vec![]),
        ("follow", vec![Value::Null]),
        ("mayBeKept", vec![Value::Number(1.0)]),
        ("grant", vec![]),
    ] {
        assert!(console.call(method, args).await.is_err(), "{method}");
    }
    let none = outcome(&console, Value::record([("words", Value::List(vec![]))])).await.unwrap();
    assert_eq!(failure(&none), "there is no command");
    let nowhere = Value::record([("words", Value::texts(["list"])), ("connect", Value::text("nowhere"))]);
    assert!(failure(&outcome(&console, nowhere).await.unwrap()).contains("--connect"));
    // The control: it still serves.
    let request = Value::record([("words", Value::texts(["list"]))]);
    assert!(outcome(&console, request).await.unwrap().get("output").is_some());
}
