use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How fast something may come, such as crossings, so that no plugin floods the audit: so much at once, and so much a
/// second in the long run. A plugin that is faster waits.
#[derive(Debug)]
pub struct Pace {
    burst: f64,
    per_second: f64,
    left: Mutex<(f64, Instant)>,
}

impl Pace {
    /// A pace with an amount at once, and in each second.
    pub fn new(burst: u32, per_second: u32) -> Self {
        let (burst, per_second) = (f64::from(burst.max(1)), f64::from(per_second.max(1)));
        Self { burst, per_second, left: Mutex::new((burst, Instant::now())) }
    }

    /// Takes one; tells how long it has to wait.
    pub(super) fn take(&self) -> Option<Duration> {
        self.take_some(1)
    }

    /// Takes an amount; tells how long that has to wait.
    pub(crate) fn take_some(&self, amount: u32) -> Option<Duration> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let grown = left.0 + now.duration_since(left.1).as_secs_f64() * self.per_second;
        // Below zero is what those who wait already have taken.
        *left = (grown.min(self.burst) - f64::from(amount), now);
        (left.0 < 0.0).then(|| Duration::from_secs_f64(-left.0 / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_burst_each_crossing_waits_its_turn() {
        let pace = Pace::new(3, 1);
        assert!((0..3).all(|_| pace.take().is_none()));
        let (first, second) = (pace.take().unwrap(), pace.take().unwrap());
        assert!(first <= Duration::from_secs(1) && second > first, "{first:?} {second:?}");
    }
}
