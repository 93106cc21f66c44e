use std::sync::Arc;

use powerbox_captp::{CallError, Object, Value};
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

fn power(still: bool) -> Object {
    let power = if still {
        WasiPower::still(None)
    } else {
        WasiPower::new(Arc::new(Here), crate::local::LogPower::new("x"))
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
fn what_is_given_is_recorded() {
    let silent =
        |interface: &str, item: &str| gives_nothing(&function(interface, item, FunctionKind::Free, None));
    for (interface, item) in [
        ("wasi:clocks/wall-clock@0.2.0", "now"),
        ("wasi:clocks/monotonic-clock@0.2.0", "now"),
        ("wasi:random/random@0.2.0", "get-random-u64"),
        ("wasi:random/insecure-seed@0.2.0", "insecure-seed"),
        ("wasi:sockets/tcp-create-socket@0.2.0", "create-tcp-socket"),
        ("wasi:http/outgoing-handler@0.2.0", "handle"),
        ("wasi:cli/exit@0.2.0", "exit"),
        ("powerbox:plugin/clock@0.1.0", "now"),
        ("test:cli/environment@0.2.0", "get-environment"),
    ] {
        assert!(!silent(interface, item), "{interface} {item}");
    }
    assert!(silent("wasi:cli/environment@0.2.0", "get-environment"));
    assert!(silent("wasi:io/poll@0.2.0", "poll"));
}
