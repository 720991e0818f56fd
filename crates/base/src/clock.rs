//! The one place that reads the system clock. Everything else is handed a time or a [`Clock`].

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from: the machine, or a test's hand.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn by_hand(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.as_microsecond()))))
    }

    /// The time, to the microsecond, which is what the database keeps.
    pub fn now(&self) -> Timestamp {
        let micros = match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the place that may")]
            None => Timestamp::now().as_microsecond(),
            Some(hand) => hand.load(Ordering::SeqCst),
        };
        from_micros(micros)
    }

    /// Moves a clock set by hand.
    ///
    /// # Panics
    /// When the clock is the machine's: nobody moves that.
    pub fn advance(&self, by: SignedDuration) {
        let hand = self.0.as_ref().expect("only a clock set by hand can be advanced");
        let micros = i64::try_from(by.as_micros()).expect("a test moves less than 290,000 years");
        hand.fetch_add(micros, Ordering::SeqCst);
    }
}

/// A time as the database keeps it: microseconds since 1970 in UTC. Out of range is clamped.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
