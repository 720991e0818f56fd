//! Which engines are away. Who has just failed is left in peace for a while: a search must not wait
//! for it again, and it has better things to do than to refuse.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base::Timestamp;
use jiff::SignedDuration;

use super::EngineError;

/// What is known of the engines' faults.
pub(crate) struct Watch {
    rest: SignedDuration,
    faults: Mutex<HashMap<&'static str, Fault>>,
}

#[derive(Clone)]
struct Fault {
    until: Timestamp,
    error: EngineError,
}

impl Watch {
    /// Who has failed rests so long.
    pub(crate) fn new(rest: SignedDuration) -> Self {
        Self { rest, faults: Mutex::default() }
    }

    /// Why an engine is not to be asked now.
    pub(crate) fn resting(&self, engine: &str, now: Timestamp) -> Option<EngineError> {
        self.lock().get(engine).filter(|it| now < it.until).map(|it| it.error.clone())
    }

    /// Why an engine failed last, if it was not well since.
    pub(crate) fn fault(&self, engine: &str) -> Option<EngineError> {
        self.lock().get(engine).map(|it| it.error.clone())
    }

    /// It failed.
    pub(crate) fn failed(&self, engine: &'static str, error: EngineError, now: Timestamp) {
        let until = now.checked_add(self.rest).unwrap_or(Timestamp::MAX);
        let known = self.lock().insert(engine, Fault { until, error: error.clone() });
        if known.is_none() {
            tracing::warn!(vectors.engine = engine, error = %error, "The vector engine {engine} fails; answers come from the stored vectors");
        }
    }

    /// It did what it was asked.
    pub(crate) fn well(&self, engine: &'static str) {
        if self.lock().remove(engine).is_some() {
            tracing::info!(vectors.engine = engine, "The vector engine {engine} answers again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_failed_rests_and_is_asked_again_afterwards() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let later = now.checked_add(SignedDuration::from_secs(6)).unwrap();
        let watch = Watch::new(SignedDuration::from_secs(5));
        assert_eq!(watch.resting("qdrant", now), None);
        watch.failed("qdrant", EngineError::away("qdrant", "no connection"), now);
        assert!(watch.resting("qdrant", now).is_some());
        assert!(watch.resting("milvus", now).is_none(), "another one is another one");
        assert!(watch.resting("qdrant", later).is_none());
        assert!(watch.fault("qdrant").is_some(), "asked again, and not well yet");
        watch.well("qdrant");
        assert!(watch.fault("qdrant").is_none());
    }
}
