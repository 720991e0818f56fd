//! How much is done at the same time: the typed form of `config/performance.yaml`.

use std::{sync::Arc, time::Duration};

use apps::configuration::Finding;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// How much is done at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Performance {
    /// How many requests may be waiting for the beginning of their answer; one more is refused with 503
    /// at once. Health and metrics are not counted. No limit when left out.
    pub requests_at_once: Option<usize>,
    /// How many jobs run at the same time. `--workers` wins.
    pub jobs_at_once: usize,
}

impl Default for Performance {
    fn default() -> Self {
        Self { requests_at_once: None, jobs_at_once: 4 }
    }
}

impl Performance {
    /// What cannot work in it; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path: &str, message: &str| {
            if !is_so {
                found.push(Finding { path: path.to_owned(), message: message.to_owned() });
            }
        };
        let most = self.requests_at_once.unwrap_or(1);
        expect((1..=100_000).contains(&most), "requests_at_once", "must be between 1 and 100000");
        expect(
            (1..=1_000).contains(&self.jobs_at_once),
            "jobs_at_once",
            "must be between 1 and 1000",
        );
        found
    }
}

/// Room for requests that wait for the beginning of their answer.
pub(crate) struct Room(Option<Arc<Semaphore>>);

impl Room {
    pub(crate) fn of(settings: &Performance) -> Self {
        Self(settings.requests_at_once.map(|it| Arc::new(Semaphore::new(it))))
    }

    /// A place for a request to this path, held until the answer begins.
    pub(crate) fn take(&self, path: &str) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        // Whoever asks how the server is must hear it most of all when it has much to do.
        let is_probe = path == "/metrics" || path.starts_with("/health");
        let Some(room) = self.0.as_ref().filter(|_| !is_probe) else { return Ok(None) };
        room.clone().try_acquire_owned().map(Some).map_err(|_| {
            Problem::new("unavailable", "The server answers as many requests as it may at once.")
                .retry_after(Duration::from_secs(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_too_many_is_refused_and_a_probe_is_not() {
        let room = Room::of(&Performance { requests_at_once: Some(1), ..Performance::default() });
        let first = room.take("/api/me").expect("there is room");
        assert!(first.is_some() && room.take("/api/me").is_err());
        assert!(room.take("/health/live").is_ok() && room.take("/metrics").is_ok());
        drop(first);
        assert!(room.take("/api/me").is_ok());
        let without = Room::of(&Performance::default());
        assert!(without.take("/api/me").is_ok_and(|it| it.is_none()));
    }
}
