//! Our CapTP as a client of a JavaScript peer with an object of a third-party interface.

use std::time::Duration;

use powerbox_captp::{Config, Object, Value, transport};
use powerbox_tests::{
    node::{Server, script},
    program::Home,
};

const LIMIT: Duration = Duration::from_secs(60);

async fn answer(object: &Object, method: &str, args: Vec<Value>) -> Value {
    tokio::time::timeout(LIMIT, object.call(method, args)).await.unwrap().unwrap()
}

fn object(value: &Value) -> Object {
    value.as_capability().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_the_interface_crosses() {
    let home = Home::new().unwrap();
    let address = format!("unix:{}", home.path("station.sock").display());
    let mut command = script(&home, "station.mjs", &["listen", &address]).unwrap();
    // It ends with its standard input, which `Server` keeps open.
    let _station = Server::start(command.stdin(std::process::Stdio::piped())).unwrap();
    let session =
        transport::unix::connect(home.path("station.sock"), Config::new("station-test")).await.unwrap();
    let endo = object(&session.bootstrap().await.unwrap());
    let host = object(&answer(&endo, "host", vec![]).await);
    let station = object(&answer(&host, "lookup", vec![Value::text("station")]).await);
    assert_eq!(station.interface().as_deref(), Some("Alleged: Station"));
    let again = answer(&host, "lookup", vec![Value::texts(["home", "station"])]).await;
    assert_eq!(object(&again), station, "one object by two ways");

    assert_eq!(answer(&station, "temperature", vec![]).await, Value::Number(12.25));
    assert_eq!(answer(&station, "temperature", vec![Value::Undefined]).await, Value::Number(12.25));
    assert_eq!(answer(&station, "temperature", vec![Value::Number(0.5)]).await, Value::Number(12.75));
    assert_eq!(answer(&station, "uptime", vec![]).await, Value::bigint((1_u64 << 53) + 1));
    let numbers = Value::list([Value::bigint(i64::MIN), Value::bigint(-1)]);
    assert_eq!(answer(&station, "total", vec![numbers]).await, Value::bigint(i128::from(i64::MIN) - 1));
    assert_eq!(answer(&station, "raining", vec![]).await, Value::Bool(false));
    assert!(answer(&station, "nickname", vec![]).await.is_undefined());
    let place = answer(&station, "whereabouts", vec![]).await;
    assert_eq!(place.get("longitude"), Some(&Value::Number(13.375)));
    assert_eq!(answer(&station, "moveTo", vec![place.clone()]).await, place);
    let samples = answer(&station, "samplesSince", vec![Value::bigint(150), Value::Number(1.0)]).await;
    let sample =
        [("takenAt", Value::bigint(200)), ("celsius", Value::Number(12.25)), ("gusts", Value::list([]))];
    assert_eq!(samples, Value::list([Value::record(sample)]));

    // Two readings that have not come yet, passed as arguments.
    let readings = [station.call("latest", vec![]), station.call("latest", vec![])];
    let args = readings.iter().map(|reading| Value::Capability(reading.object())).collect();
    assert_eq!(answer(&station, "compare", args).await, Value::Number(0.0));
    let failure = station.call("breakDown", vec![Value::text("range")]).await.unwrap_err();
    assert_eq!(failure.thrown_error().unwrap().0, "RangeError");
    session.disconnect(None);
    tokio::time::timeout(LIMIT, session.closed()).await.unwrap();
}
