//! A provider that keeps failing is left alone for a while: nobody waits for it meanwhile, and it
//! gets no traffic while it recovers.

use base::Timestamp;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use crate::settings::BreakerSettings;

/// What is known about one provider's failures. Plain values; the time is handed in.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    failures_max: u32,
    open_for: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Timestamp,
    },
    /// One attempt is under way to find out.
    Probing,
}

/// How a breaker stands, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// Open or not.
    pub breaker: Position,
    /// When an attempt is let through again.
    pub retry_at: Option<Timestamp>,
    /// Failures in a row; of one that is not closed, those that opened it.
    pub failures: u32,
}

/// Open or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Everything goes through.
    Closed,
    /// Nothing does.
    Open,
    /// One attempt decides.
    HalfOpen,
}

impl Breaker {
    /// A breaker that has seen nothing yet.
    pub fn new(settings: &BreakerSettings) -> Self {
        Self {
            state: State::Closed { failures: 0 },
            failures_max: settings.failures.max(1),
            open_for: settings.open_for,
        }
    }

    /// May an attempt be made? If not, how long until one may.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), SignedDuration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now < until => Err(until.duration_since(now)),
            State::Open { .. } => {
                self.state = State::Probing;
                Ok(())
            }
            State::Probing => Err(SignedDuration::from_secs(1)),
        }
    }

    /// The provider answered; a refusal is an answer too.
    pub fn answered(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// The provider failed. True when this opened the breaker.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::Probing => self.failures_max,
            State::Open { .. } => return false,
        };
        if failures < self.failures_max {
            self.state = State::Closed { failures };
            return false;
        }
        self.state = State::Open { until: now + self.open_for };
        true
    }

    /// How it stands. Looking changes nothing.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let failures = self.failures_max;
        match self.state {
            State::Closed { failures } => {
                Standing { breaker: Position::Closed, retry_at: None, failures }
            }
            State::Open { until } if now < until => {
                Standing { breaker: Position::Open, retry_at: Some(until), failures }
            }
            State::Open { .. } | State::Probing => {
                Standing { breaker: Position::HalfOpen, retry_at: None, failures }
            }
        }
    }

    /// The attempt was given up by us, which says nothing about the provider.
    pub fn abandoned(&mut self, now: Timestamp) {
        if self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(&BreakerSettings::default());
        for _ in 0..5 {
            assert_eq!(breaker.admit(at(0)), Ok(()));
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_one_success_starts_the_count_again() {
        let mut breaker = Breaker::new(&BreakerSettings::default());
        for _ in 0..4 {
            assert!(!breaker.failed(at(0)));
        }
        breaker.answered();
        for _ in 0..4 {
            assert!(!breaker.failed(at(0)));
        }
        assert!(breaker.failed(at(0)));
        assert_eq!(breaker.admit(at(10)), Err(SignedDuration::from_secs(20)));
    }

    #[test]
    fn after_thirty_seconds_one_attempt_is_let_through_and_closes_it() {
        let mut breaker = opened();
        assert!(breaker.admit(at(29)).is_err());
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert!(breaker.admit(at(30)).is_err(), "only one probe at a time");
        breaker.answered();
        assert_eq!(breaker.admit(at(31)), Ok(()));
    }

    #[test]
    fn how_it_stands_is_seen_without_changing_it() {
        let mut breaker = Breaker::new(&BreakerSettings::default());
        breaker.failed(at(0));
        let closed = breaker.standing(at(0));
        assert_eq!((closed.breaker, closed.failures), (Position::Closed, 1));
        let mut breaker = opened();
        let open = breaker.standing(at(1));
        assert_eq!((open.breaker, open.retry_at), (Position::Open, Some(at(30))));
        assert_eq!(breaker.standing(at(30)).breaker, Position::HalfOpen);
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.standing(at(31)).breaker, Position::HalfOpen);
    }

    #[test]
    fn a_failed_probe_opens_it_again_at_once() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert!(breaker.failed(at(30)));
        assert!(breaker.admit(at(59)).is_err());
        assert_eq!(breaker.admit(at(60)), Ok(()));
    }

    #[test]
    fn a_probe_that_was_given_up_does_not_keep_it_shut_for_ever() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(30)), Ok(()));
        breaker.abandoned(at(31));
        assert_eq!(breaker.admit(at(31)), Ok(()));
    }
}
