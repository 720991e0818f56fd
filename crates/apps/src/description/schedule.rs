//! Schedules: what comes round by the clock.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use work::schedule::{InvalidTimes, InvalidWindow, Times, Window};

use super::Constants;

/// What comes round by the clock.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A cron expression of five fields: minute, hour, day of the month, month, day of the week; or
    /// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. `SAT#1` is the first Saturday, `L` the last
    /// day of the month.
    pub every: String,
    /// Whose clock it goes by: `Europe/Berlin`; UTC when left out.
    #[serde(default = "utc")]
    pub timezone: String,
    /// It begins up to so much later, always by the same: `10m`. For what many houses do at midnight.
    pub jitter: Option<String>,
    /// What becomes of runs that nobody was there for.
    #[serde(default)]
    pub missed: MissedRuns,
    /// With `missed: all`, the most runs that are made up for.
    pub at_most: Option<u32>,
    /// The hours in which it may begin; what comes round outside of them waits for the next ones.
    pub off_peak: Option<OffPeak>,
    /// What it does.
    #[serde(rename = "do")]
    pub act: ScheduledAct,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
}

/// What becomes of runs that nobody was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissedRuns {
    /// They are left out.
    Skip,
    /// One run stands for all of them.
    #[default]
    Once,
    /// Each is made up for, up to `at_most`.
    All,
}

/// Hours of the day.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OffPeak {
    /// When they begin: `22:00`.
    pub from: String,
    /// When they end: `06:00`, of the next day when that is earlier.
    pub to: String,
    /// The days on which they begin, `mon` to `sun`; all when left out.
    #[serde(default)]
    pub days: Vec<String>,
}

/// What a schedule does: exactly one of these. Where several tenants share the server, it is done for
/// each of them.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduledAct {
    /// Runs this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Runs this task for every record that it can run for. It must run as a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Archives what is due in this collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// What it is given.
    #[serde(skip_serializing_if = "Constants::is_empty")]
    pub with: Constants,
}

/// The most runs that are made up for, when nothing is said.
const AT_MOST: u32 = 10;

impl Schedule {
    /// When it comes round.
    ///
    /// # Errors
    /// An expression or a time zone that is none.
    pub fn times(&self) -> Result<Times, InvalidTimes> {
        Times::read(&self.every, &self.timezone)
    }

    /// How much later it may begin; none when the text is no length of time.
    pub fn jitter(&self) -> Option<SignedDuration> {
        self.jitter.as_deref().map_or(Some(SignedDuration::ZERO), length)
    }

    /// What becomes of missed runs.
    pub fn missed(&self) -> work::schedule::Missed {
        match self.missed {
            MissedRuns::Skip => work::schedule::Missed::Skip,
            MissedRuns::Once => work::schedule::Missed::Once,
            MissedRuns::All => {
                work::schedule::Missed::All { most: self.at_most.unwrap_or(AT_MOST) }
            }
        }
    }
}

impl OffPeak {
    /// The hours.
    ///
    /// # Errors
    /// A time or a day that is none.
    pub fn window(&self) -> Result<Window, InvalidWindow> {
        Window::read(&self.from, &self.to, &self.days)
    }
}

impl ScheduledAct {
    /// What it does to what: `("source", "calendar")`. None unless it is exactly one thing.
    pub fn target(&self) -> Option<(&'static str, &str)> {
        let mut targets = [
            ("source", self.source.as_deref()),
            ("task", self.task.as_deref()),
            ("archive", self.archive.as_deref()),
        ]
        .into_iter()
        .filter_map(|(kind, name)| Some((kind, name?)));
        let first = targets.next()?;
        targets.next().is_none().then_some(first)
    }
}

/// A length of time, as people write it: `90s`, `10m`, `24h`.
pub fn length(text: &str) -> Option<SignedDuration> {
    text.parse::<SignedDuration>().ok().filter(|it| !it.is_negative())
}

fn utc() -> String {
    "UTC".into()
}
