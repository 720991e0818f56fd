//! What an operator may choose about logs and health: the typed forms of `config/logging.yaml` and
//! `config/monitoring.yaml`. Nothing here reads a file or the environment.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{logs, tail::LINES_MAX};

/// How log lines are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// Which lines are written: `info`, or by module: `info,work=debug`. `LOG_LEVEL` wins.
    pub level: String,
    /// How a line looks. `MAINSTAY_LOG_FORMAT` wins.
    pub format: LineFormat,
    /// How many lines are kept in memory for those who watch.
    pub kept_lines: usize,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineFormat {
    /// For people on a terminal, for machines elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// One readable line.
    Human,
}

/// How the process looks after itself.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Monitoring {
    /// How long what checks found is told again before they run anew.
    pub findings_kept: SignedDuration,
    /// How long the database may take to answer before it counts as away.
    pub database_within: SignedDuration,
    /// How full the disk of the data may be before health is degraded, from 0 to 1; not looked at when
    /// left out.
    pub disk_used_max: Option<f64>,
}

/// Something in the settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `level`.
    pub path: &'static str,
    /// What, as the rest of a sentence that begins with it.
    pub message: String,
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: "info".into(), format: LineFormat::Auto, kept_lines: LINES_MAX }
    }
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            findings_kept: SignedDuration::from_secs(1),
            database_within: SignedDuration::from_secs(2),
            disk_used_max: None,
        }
    }
}

impl Logging {
    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Err(error) = logs::check_levels(&self.level.to_lowercase()) {
            found.push(Finding { path: "level", message: format!("cannot be: {error}") });
        }
        if !(1..=LINES_KEPT_MAX).contains(&self.kept_lines) {
            let message = format!("must be between 1 and {LINES_KEPT_MAX}");
            found.push(Finding { path: "kept_lines", message });
        }
        found
    }
}

/// More lines than anybody reads, and than memory is for.
const LINES_KEPT_MAX: usize = 100_000;

impl Monitoring {
    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path, message: &str| {
            if !is_so {
                found.push(Finding { path, message: message.to_owned() });
            }
        };
        let (zero, hour) = (SignedDuration::ZERO, SignedDuration::from_hours(1));
        let may_be = |it: SignedDuration| zero <= it && it <= hour;
        expect(may_be(self.findings_kept), "findings_kept", "must be between 0s and 1h");
        expect(
            self.database_within > zero && may_be(self.database_within),
            "database_within",
            "must be more than 0s and at most 1h",
        );
        expect(
            self.disk_used_max.is_none_or(|it| it > 0.0 && it <= 1.0),
            "disk_used_max",
            "must be a share between 0 and 1",
        );
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_order() {
        assert_eq!(Logging::default().check(), []);
        assert_eq!(Monitoring::default().check(), []);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let logging = Logging { level: "loud".into(), kept_lines: 0, ..Logging::default() };
        let paths: Vec<_> = logging.check().iter().map(|it| it.path).collect();
        assert_eq!(paths, ["level", "kept_lines"]);
        let monitoring = Monitoring {
            findings_kept: SignedDuration::from_hours(2),
            database_within: SignedDuration::ZERO,
            disk_used_max: Some(85.0),
        };
        let paths: Vec<_> = monitoring.check().iter().map(|it| it.path).collect();
        assert_eq!(paths, ["findings_kept", "database_within", "disk_used_max"]);
    }
}
