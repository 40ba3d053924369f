//! How fast one host is asked.
//!
//! What comes in: the host that is about to be asked. What goes out: the turn to ask it. One request at a time per host, and a
//! bucket that lets a short burst through and then drips.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many requests at once, and how many a second after that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    burst: f64,
    per_second: f64,
}

/// For a public instance: it publishes no limit for authenticated reads, and asks crawlers for one request a second.
/// The burst covers the whole ladder for one credential.
pub(super) const PUBLIC: Rate = Rate { burst: 10.0, per_second: 1.0 };
/// For a server that the operator named: it is the operator's own, so only a runaway is held back.
pub(super) const OWN: Rate = Rate { burst: 50.0, per_second: 20.0 };

/// The buckets of a run, one a host.
#[derive(Debug, Default)]
pub(super) struct Pace {
    hosts: Mutex<HashMap<String, Arc<Mutex<Bucket>>>>,
}

/// What is left of a host's burst, and since when.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    left: f64,
    since: Instant,
}

impl Pace {
    /// The bucket of a host; whoever holds its lock has the turn.
    pub(super) fn host(&self, origin: &str, rate: Rate) -> Arc<Mutex<Bucket>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(origin.to_owned()).or_insert_with(|| Arc::new(Mutex::new(Bucket::full(rate)))))
    }
}

/// Waits for the turn.
pub(super) fn turn(bucket: &Mutex<Bucket>) -> MutexGuard<'_, Bucket> {
    bucket.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bucket {
    fn full(rate: Rate) -> Self {
        Self { rate, left: rate.burst, since: Instant::now() }
    }

    /// Takes one request out, and says how long to wait before sending it.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        let gone = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + gone * self.rate.per_second).min(self.rate.burst) - 1.0;
        self.since = now;
        Duration::from_secs_f64((-self.left / self.rate.per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_it_drips() {
        let start = Instant::now();
        let mut bucket = Bucket { rate: PUBLIC, left: PUBLIC.burst, since: start };
        assert!((0..10).all(|_| bucket.take(start).is_zero()));
        assert_eq!(bucket.take(start), Duration::from_secs(1));
        assert_eq!(bucket.take(start), Duration::from_secs(2));
        assert_eq!(bucket.take(start + Duration::from_secs(3)), Duration::ZERO);
        assert!(bucket.take(start + Duration::from_secs(60)).is_zero());
    }

    #[test]
    fn hosts_do_not_share() {
        let pace = Pace::default();
        assert!(Arc::ptr_eq(&pace.host("https://a.invalid", PUBLIC), &pace.host("https://a.invalid", PUBLIC)));
        assert!(!Arc::ptr_eq(&pace.host("https://a.invalid", PUBLIC), &pace.host("https://b.invalid", OWN)));
    }
}
