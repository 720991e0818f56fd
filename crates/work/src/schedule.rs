//! Work that comes round: when, and that it comes round once.
//!
//! A schedule is declared and never changes while the process runs; its row says what it waits for.
//! There is no leader. Whoever finds a run due moves the row on to the next one and writes the jobs in
//! the same transaction, and moves it only if it still waits for the run that was found: of any number
//! of replicas one changes the row, the others find nothing to change and write nothing. A process that
//! dies before the commit has done nothing, and one that dies after it has done all of it. Should a row
//! ever be put back by hand, the jobs' idempotency keys name their run, so it does not come twice.
//!
//! Nothing here knows what a schedule is for: a [`Maker`] makes the jobs.
//!
//! Start at [`Schedule`] (what is declared), [`Keeper`] (who looks at the clock), and `decide` (what a
//! look comes to, in plain functions).

mod cron;
mod decide;
mod keeper;
mod table;
mod window;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

pub use cron::{InvalidTimes, Times};
pub use decide::Planned;
pub use keeper::{Begun, Keeper, Maker, RunError};
pub use table::{Past, PastOutcome, PauseError, Paused, Status, get, history, list};
pub use window::{InvalidWindow, Window};

/// Work that comes round, as it is declared.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name, once in a house.
    pub name: String,
    /// When it comes round.
    pub times: Times,
    /// It comes up to so much later, always by the same: houses that share a source do not ask it in
    /// the same second.
    pub jitter: SignedDuration,
    /// What becomes of runs that nobody was there for.
    pub missed: Missed,
    /// The hours of the day in which it may begin; any when left out.
    pub off_peak: Option<Window>,
    /// What it does, for its [`Maker`] alone.
    pub act: Json,
}

/// What becomes of runs that nobody was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missed {
    /// They are left out.
    Skip,
    /// One run stands for all of them.
    #[default]
    Once,
    /// Each is made up for, the oldest first, at most so many of the last ones.
    All {
        /// How many.
        most: u32,
    },
}

impl Schedule {
    /// When it comes round, in words that change when its times do.
    pub(crate) fn times_text(&self) -> String {
        let missed = match self.missed {
            Missed::Skip => json!("skip"),
            Missed::Once => json!("once"),
            Missed::All { most } => json!(most),
        };
        let times = json!({
            "every": self.times.expression(),
            "timezone": self.times.zone_name(),
            "jitter_s": self.jitter.as_secs(),
            "missed": missed,
            "off_peak": self.off_peak.as_ref().map(ToString::to_string),
        });
        times.to_string()
    }

    /// What it does, in words that change when that does.
    pub(crate) fn act_text(&self) -> String {
        self.act.to_string()
    }
}
