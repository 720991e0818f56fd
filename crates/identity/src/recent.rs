//! What was read a moment ago, so that a busy caller does not cost a query for each request.
//!
//! An entry is good for a short time only, which bounds how long a change made by another process
//! goes unseen; a change made by this process calls [`Recent::forget_all`] and is seen at once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

use base::Timestamp;
use jiff::SignedDuration;

/// The most entries; beyond it everything is forgotten, which costs one query each and no more.
const ENTRIES_MAX: usize = 10_000;

/// Values with the time when they were read.
pub(crate) struct Recent<K, V> {
    kept: RwLock<Kept<K, V>>,
    good_for: SignedDuration,
}

struct Kept<K, V> {
    epoch: Epoch,
    entries: HashMap<K, (V, Timestamp)>,
}

/// Counts how often everything was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(good_for: SignedDuration) -> Self {
        let kept = Kept { epoch: Epoch(0), entries: HashMap::new() };
        Self { kept: RwLock::new(kept), good_for }
    }

    /// The value, if it was read lately enough.
    pub(crate) fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let (value, at) = kept.entries.get(key)?;
        self.is_good(*at, now).then(|| value.clone())
    }

    /// The value as it was last read, if that was within this time: for when it cannot be read anew.
    pub(crate) fn last(&self, key: &K, now: Timestamp, within: SignedDuration) -> Option<V> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let (value, at) = kept.entries.get(key)?;
        let age = now.duration_since(*at);
        (!age.is_negative() && age < within).then(|| value.clone())
    }

    /// Take this before the value is read, and hand it to [`Recent::keep`].
    pub(crate) fn epoch(&self) -> Epoch {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).epoch
    }

    /// Keeps a value, unless everything was forgotten since `epoch`: then what was read may be what
    /// the forgetting was about.
    pub(crate) fn keep(&self, epoch: Epoch, key: K, value: V, now: Timestamp) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.epoch != epoch {
            return;
        }
        if kept.entries.len() >= ENTRIES_MAX {
            kept.entries.clear();
        }
        kept.entries.insert(key, (value, now));
    }

    /// Drops every value, also those being read at this moment.
    pub(crate) fn forget_all(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.epoch = Epoch(kept.epoch.0 + 1);
        kept.entries.clear();
    }

    fn is_good(&self, at: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(at);
        !age.is_negative() && age < self.good_for
    }
}

impl<K: Eq + Hash> Recent<K, ()> {
    /// True for one caller in each period: the one who shall do what is done once in a while.
    pub(crate) fn claim(&self, key: K, now: Timestamp) -> bool {
        // Nearly always it was claimed already: a shared look is enough to see that.
        if self.get(&key, now).is_some() {
            return false;
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.entries.get(&key).is_some_and(|((), at)| self.is_good(*at, now)) {
            return false;
        }
        if kept.entries.len() >= ENTRIES_MAX {
            kept.entries.clear();
        }
        kept.entries.insert(key, ((), now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        base::clock::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_value_is_good_for_its_time_only() {
        let recent = Recent::new(SignedDuration::from_secs(2));
        recent.keep(recent.epoch(), "a", 1, at(10));
        assert_eq!(recent.get(&"a", at(11)), Some(1));
        assert_eq!(recent.get(&"a", at(12)), None);
        assert_eq!(recent.get(&"a", at(9)), None, "a clock set back trusts nothing");
        assert_eq!(recent.get(&"b", at(10)), None);
    }

    #[test]
    fn what_is_not_good_any_more_is_still_the_last_that_was_known() {
        let recent = Recent::new(SignedDuration::from_secs(2));
        recent.keep(recent.epoch(), "a", 1, at(10));
        let within = SignedDuration::from_secs(60);
        assert_eq!((recent.get(&"a", at(30)), recent.last(&"a", at(30), within)), (None, Some(1)));
        assert_eq!(recent.last(&"a", at(70), within), None);
        recent.forget_all();
        assert_eq!(recent.last(&"a", at(30), within), None, "what was taken back stays so");
    }

    #[test]
    fn one_claim_in_each_period_succeeds() {
        let recent = Recent::new(SignedDuration::from_mins(1));
        assert!(recent.claim("a", at(0)));
        assert!(!recent.claim("a", at(59)));
        assert!(recent.claim("b", at(59)));
        assert!(recent.claim("a", at(60)));
    }

    #[test]
    fn a_value_read_before_the_forgetting_is_not_kept_after_it() {
        let recent = Recent::new(SignedDuration::from_secs(2));
        let epoch = recent.epoch();
        recent.forget_all();
        recent.keep(epoch, "a", 1, at(10));
        assert_eq!(recent.get(&"a", at(10)), None);
    }
}
