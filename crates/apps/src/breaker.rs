//! Leaves alone for a while what fails again and again, so that nobody waits for it in vain.

use std::sync::{Mutex, PoisonError};

use base::Timestamp;
use jiff::SignedDuration;

/// So many failures in a row, and it is left alone.
const FAILURES_MAX: u32 = 5;
/// For so long.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Counts failures of one thing.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    failures: u32,
    closed_from: Option<Timestamp>,
}

impl Breaker {
    /// May it be tried now?
    pub(crate) fn lets_through(&self, now: Timestamp) -> bool {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.closed_from.is_none_or(|it| it <= now)
    }

    /// How it went.
    pub(crate) fn note(&self, went_well: bool, now: Timestamp) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if went_well {
            *count = Count::default();
            return;
        }
        count.failures += 1;
        if count.failures >= FAILURES_MAX {
            count.closed_from = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_five_times_is_left_alone_for_half_a_minute() {
        let (breaker, now) = (Breaker::default(), testkit::moment(testkit::START));
        for _ in 0..4 {
            breaker.note(false, now);
        }
        assert!(breaker.lets_through(now));
        breaker.note(false, now);
        assert!(!breaker.lets_through(now + SignedDuration::from_secs(29)));
        assert!(breaker.lets_through(now + SignedDuration::from_secs(30)));
        breaker.note(true, now);
        assert!(breaker.lets_through(now));
    }
}
