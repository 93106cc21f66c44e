use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// One line of the result.
#[derive(Serialize)]
pub(crate) struct Figure {
    bench: &'static str,
    figure: String,
    unit: &'static str,
    ours: f64,
    peer: &'static str,
    peer_value: f64,
    ratio: f64,
}

impl Figure {
    /// A figure and its peer's.
    pub(crate) fn new(
        figure: impl Into<String>,
        unit: &'static str,
        ours: f64,
        peer: &'static str,
        other: f64,
    ) -> Self {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        Self {
            bench: "membrane",
            figure: figure.into(),
            unit,
            ours: round(ours),
            peer,
            peer_value: round(other),
            ratio: round(ours / other),
        }
    }

    /// Two times.
    pub(crate) fn times(
        figure: impl Into<String>,
        ours: Duration,
        peer: &'static str,
        other: Duration,
    ) -> Self {
        Self::new(figure, "µs", micros(ours), peer, micros(other))
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = format!("{} ({})", self.figure, self.unit);
        write!(
            f,
            "{figure:<58} {:>10.2} {:>10.2} {:>7.2}x  {}",
            self.ours, self.peer_value, self.ratio, self.peer
        )
    }
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Times, sorted when they are asked about.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that a part of all, in hundredths, does not exceed.
    pub(crate) fn percentile(&mut self, hundredths: usize) -> Duration {
        self.0.sort_unstable();
        let place = (self.0.len() * hundredths / 100).min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or_default()
    }
}
