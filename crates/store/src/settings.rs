//! What an operator may choose about the database: the typed form of `config/database.yaml`. Where it is
//! and who we are there is said by the environment alone.

use std::time::Duration;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Durability, Options};

/// How the database is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// PostgreSQL: the most connections. `MAINSTAY_POOL_SIZE` wins.
    pub pool_size: usize,
    /// The longest wait for a connection of the pool, or for another process that is writing.
    pub wait: SignedDuration,
    /// SQLite: threads for reads that take long, and as many connections for short ones.
    pub readers: usize,
    /// SQLite: the most transactions that share one commit.
    pub group_max: usize,
    /// SQLite: when a commit counts as kept. `MAINSTAY_DURABILITY` wins.
    pub synchronous: Durability,
    /// PostgreSQL: the longest time for one statement.
    pub statement_timeout: SignedDuration,
    /// PostgreSQL: the longest time to make a connection.
    pub connect_timeout: SignedDuration,
}

/// Something in the settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `pool_size`.
    pub path: &'static str,
    /// What, as the rest of a sentence that begins with it.
    pub message: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        let usual = Options::default();
        let span = |it: Duration| SignedDuration::try_from(it).unwrap_or(SignedDuration::MAX);
        Self {
            pool_size: usual.pool_size,
            wait: span(usual.wait),
            readers: usual.readers,
            group_max: usual.group_max,
            synchronous: usual.durability,
            statement_timeout: span(usual.statement_timeout),
            connect_timeout: span(usual.connect_timeout),
        }
    }
}

impl Settings {
    /// How a database is opened with these settings.
    pub fn options(&self) -> Options {
        let span = |it: SignedDuration| Duration::try_from(it).unwrap_or_default();
        Options {
            pool_size: self.pool_size,
            wait: span(self.wait),
            readers: self.readers,
            group_max: self.group_max,
            durability: self.synchronous,
            statement_timeout: span(self.statement_timeout),
            connect_timeout: span(self.connect_timeout),
            ..Options::default()
        }
    }

    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path, message| {
            if !is_so {
                found.push(Finding { path, message });
            }
        };
        expect((1..=1_000).contains(&self.pool_size), "pool_size", "must be between 1 and 1000");
        expect((1..=64).contains(&self.readers), "readers", "must be between 1 and 64");
        expect((1..=10_000).contains(&self.group_max), "group_max", "must be between 1 and 10000");
        let zero = SignedDuration::ZERO;
        for (path, given) in [
            ("wait", self.wait),
            ("statement_timeout", self.statement_timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            expect(given > zero, path, "must be longer than nothing");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_document_a_database_is_opened_as_ever() {
        let (usual, made) = (Options::default(), Settings::default().options());
        assert_eq!(format!("{usual:?}"), format!("{made:?}"));
        assert_eq!(Settings::default().check(), []);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let settings = Settings {
            pool_size: 0,
            readers: 100,
            wait: SignedDuration::ZERO,
            ..Settings::default()
        };
        let paths: Vec<_> = settings.check().iter().map(|it| it.path).collect();
        assert_eq!(paths, ["pool_size", "readers", "wait"]);
    }
}
