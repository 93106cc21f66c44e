use std::sync::Arc;

use powerbox_authority::grant::{Grant, Holder};
use powerbox_captp::{CallError, Exo as _, Object, Value};
use powerbox_sandbox::Type;

use super::*;
use crate::local::Outside;

#[test]
fn only_the_packages_of_wasi_0_2_are_wasi() {
    assert!(is_wasi("wasi:cli/environment@0.2.0"));
    assert!(is_wasi("wasi:sockets/tcp@0.2.12"));
    assert!(!is_wasi("wasi:cli/environment@0.3.0"));
    assert!(!is_wasi("wasi:cli/environment@0.2.0-rc-2023-11-10"));
    assert!(!is_wasi("wasi:cli/environment"));
    assert!(!is_wasi("wasi:keyvalue/store@0.2.0"));
    assert!(!is_wasi("wasi:cli"));
    assert!(!is_wasi("evil:wasi/cli@0.2.0"));
}

struct Here;

impl Outside for Here {}

fn grant() -> Arc<Grant> {
    Grant::unlisted(Holder::plugin(None, "x"), "wasi")
}

fn power(still: bool) -> Object {
    let power = if still {
        WasiPower::still(None)
    } else {
        WasiPower::new(Arc::new(Here), crate::local::LogPower::new("x"), grant())
    };
    Object::exo(Arc::new(power))
}

async fn ask(object: &Object, method: &str, args: Vec<Value>) -> Result<Value, CallError> {
    object.call(method, args).await
}

#[tokio::test]
async fn a_still_one_tells_nothing() {
    let (still, here) = (power(true), power(false));
    for (method, args) in [
        ("wallClockNow", vec![]),
        ("randomGetRandomU64", vec![]),
        ("insecureSeedInsecureSeed", vec![]),
        ("randomGetRandomBytes", vec![Value::bigint(16_u64)]),
    ] {
        let once = ask(&still, method, args.clone()).await.unwrap();
        assert_eq!(once, ask(&power(true), method, args.clone()).await.unwrap(), "{method}");
        // The control: the other kind tells something.
        assert_ne!(once, ask(&here, method, args).await.unwrap(), "{method}");
    }
    assert_eq!(ask(&still, "monotonicClockNow", vec![]).await.unwrap(), Value::bigint(0_u64));
    // Nothing is waited for where no time passes.
    let hour = vec![Value::bigint(3_600_000_000_000_u64)];
    let timer = ask(&still, "monotonicClockSubscribeDuration", hour.clone()).await.unwrap();
    let Value::Capability(timer) = timer else { panic!("{timer:?}") };
    assert_eq!(ask(&timer, "ready", vec![]).await.unwrap(), Value::Bool(true));
    let timer = ask(&here, "monotonicClockSubscribeDuration", hour).await.unwrap();
    let Value::Capability(timer) = timer else { panic!("{timer:?}") };
    assert_eq!(ask(&timer, "ready", vec![]).await.unwrap(), Value::Bool(false));
}

#[tokio::test]
async fn only_timers_and_streams_can_be_waited_for() {
    let here = power(false);
    let stream = ask(&here, "stdinGetStdin", vec![]).await.unwrap();
    let Value::Capability(stream) = stream else { panic!("{stream:?}") };
    let ready = ask(&stream, "subscribe", vec![]).await.unwrap();
    let both = Value::List(vec![ready.clone(), ready.clone()]);
    let places = Value::List(vec![Value::Number(0.0), Value::Number(1.0)]);
    assert_eq!(ask(&here, "pollPoll", vec![both]).await.unwrap(), places);
    for wrong in [
        vec![],
        vec![Value::List(vec![])],
        vec![Value::List(vec![ready.clone(), Value::Capability(stream.clone())])],
        vec![ready],
    ] {
        let said = ask(&here, "pollPoll", wrong.clone()).await;
        assert!(matches!(said, Err(CallError::Invalid(_))), "{wrong:?}: {said:?}");
    }
}

/// A function of WASI, as a component that imports it has it.
fn function(interface: &str, item: &str, kind: FunctionKind, result: Option<Type>) -> Function {
    Function {
        index: 0,
        slot: interface.into(),
        interface: interface.into(),
        name: item.into(),
        item: item.into(),
        kind,
        is_async: false,
        params: Arc::new([]),
        result,
    }
}

#[test]
fn functions_of_one_name_are_told_apart() {
    let named = |interface: &str| {
        let function = function(interface, "now", FunctionKind::Free, None);
        match method(&function) {
            Method::Free(method) => (label(&function), method),
            Method::Of(method) => panic!("{method} is of an object"),
        }
    };
    assert_eq!(named("wasi:clocks/wall-clock@0.2.6"), ("wall-clock-now".into(), "wallClockNow".into()));
    assert_eq!(
        named("wasi:clocks/monotonic-clock@0.2.0"),
        ("monotonic-clock-now".into(), "monotonicClockNow".into())
    );
}

#[test]
fn what_is_called_says_what_it_gives() {
    for method in [
        "wallClockNow",
        "monotonicClockNow",
        "monotonicClockSubscribeDuration",
        "monotonicClockSubscribeInstant",
        "randomGetRandomU64",
        "insecureSeedInsecureSeed",
        "tcpCreateSocketCreateTcpSocket",
        "outgoingHandlerHandle",
        "exitExit",
        "whateverComesNext",
    ] {
        assert_eq!(gives(method), Gives::Something, "{method}");
    }
    assert_eq!(gives("environmentGetEnvironment"), Gives::Nothing);
    // No method is listed that there is not.
    let known = power(true).downcast::<WasiPower>().unwrap().methods();
    assert!(power::GIVES_NOTHING.iter().all(|method| known.contains(method)));
}

#[test]
fn only_what_this_wasi_made_is_a_part_of_it() {
    let stream = Object::exo(Arc::new(Output::new(lines::Lines::new(None, "info"))));
    assert_eq!(gives_part(&stream, "write"), Some(Gives::ALine));
    assert_eq!(gives_part(&stream, "flush"), Some(Gives::Nothing));
    let foreign = Object::function("Alleged: OutputStream", |_| powerbox_captp::Reply::undefined());
    assert_eq!(gives_part(&foreign, "write"), None);
    assert_eq!(gives_part(&power(false), "wallClockNow"), None);
}

#[tokio::test]
async fn whoever_waits_for_a_timer_waits_no_longer_than_the_grant_lives() {
    let grant = grant();
    let here = WasiPower::new(Arc::new(Here), crate::local::LogPower::new("x"), Arc::clone(&grant));
    let here = Object::exo(Arc::new(here));
    let never = vec![Value::bigint(u64::MAX)];
    let timer = ask(&here, "monotonicClockSubscribeDuration", never).await.unwrap();
    let Value::Capability(object) = &timer else { panic!("{timer:?}") };
    let (blocked, polled) =
        (object.call("block", vec![]), here.call("pollPoll", vec![Value::List(vec![timer.clone()])]));
    grant.end(powerbox_authority::grant::Ending::Revoked);
    for answer in [blocked, polled] {
        assert!(matches!(answer.await, Err(CallError::Cancelled)));
    }
}
