//! An interface that no host knows. What it answers is shown as Rust shows it.

use std::fmt::Debug;

use powerbox_sdk::{Output, Problem, command};

use crate::slots::demo::weather::station::{self as weather, Failure, Place, Precipitation, Sky, Warnings};

fn show(answer: Result<impl Debug, Failure>) -> Result<Output, Problem> {
    Ok(Output::text(match answer {
        Ok(value) => format!("{value:?}\n"),
        Err(failure) => format!("failure: {failure:?}\n"),
    }))
}

/// Ask where the station is
#[command(effect = communicates)]
pub(crate) async fn place() -> Result<Output, Problem> {
    show(weather::where_is().await)
}

/// Observe the weather
#[command(effect = communicates)]
pub(crate) async fn observe(
    /// The sequence number of an earlier observation
    since: Option<u64>,
) -> Result<Output, Problem> {
    show(weather::observe(since).await)
}

/// Send one value of each kind
#[command(effect = communicates)]
pub(crate) async fn echo() -> Result<Output, Problem> {
    let place = |note: Option<&str>| Place {
        latitude: 52.5,
        longitude: -13.25,
        height_in_meters: -3,
        note: note.map(str::to_owned),
    };
    let warnings = Warnings::WIND | Warnings::BLACK_ICE;
    let snow = Precipitation::Snow(place(None));
    let answer = weather::echo(
        true,
        255,
        i64::MIN,
        "é🐈".to_owned(),
        vec![0, 127, 255],
        place(Some("roof")),
        Sky::PartlyCloudy,
        snow,
        warnings,
    );
    show(answer.await)
}

/// Read one sensor
#[command(effect = communicates)]
pub(crate) async fn sensor(
    /// The sensor's name
    name: String,
    /// How many earlier values to read
    #[option(short = 'n')]
    #[default = 2]
    count: u64,
) -> Result<Output, Problem> {
    let reading = match weather::sensor(name).await {
        Ok(reading) => reading,
        Err(failure) => return show(Err::<(), _>(failure)),
    };
    let now = reading.value().await;
    let last = reading.last(u32::try_from(count).unwrap_or(u32::MAX)).await;
    Ok(Output::lines([format!("now: {now:?}"), format!("last: {last:?}")]))
}

/// Compare two sensors
#[command(effect = communicates)]
pub(crate) async fn same(
    /// One sensor's name
    one: String,
    /// Another sensor's name
    other: String,
) -> Result<Output, Problem> {
    match (weather::sensor(one).await, weather::sensor(other).await) {
        (Ok(one), Ok(other)) => show(weather::same(&one, &other).await),
        (Err(failure), _) | (_, Err(failure)) => show(Err::<(), _>(failure)),
    }
}

/// Ask for the station's name
#[command(effect = communicates)]
pub(crate) async fn station() -> Result<Output, Problem> {
    Ok(Output::message(weather::name().await))
}
