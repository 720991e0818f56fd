//! The rows of schedules: what each waits for, and what came of its last runs.
//!
//! Nothing here decides; it is loaded, moved on, and written down.

use std::{fmt, str::FromStr};

use base::{Actor, JobId, TenantId, Timestamp, permission::UnknownName};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Db, Error, Row, Tx, audit, params};

use super::{Planned, Schedule};

/// A schedule as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The run that it waits for.
    pub waiting: Planned,
    /// Somebody stopped it for a while.
    pub paused: Option<Paused>,
    /// When it was declared first.
    pub created_at: Timestamp,
    pub(crate) times: String,
    pub(crate) act: String,
}

/// A schedule that somebody stopped for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When it came round; when it was asked for, of one by hand.
    pub planned: Planned,
    /// When it began.
    pub begun_at: Timestamp,
    /// How it went.
    pub outcome: PastOutcome,
    /// Runs before it that nobody was there for.
    pub missed: u32,
    /// The first of its jobs.
    pub jobs: Vec<JobId>,
    /// How many there are.
    pub job_count: u32,
    /// Who had it run by hand.
    pub asked_by: Option<String>,
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PastOutcome {
    /// Its jobs were written.
    Begun,
    /// The jobs of the run before were at it still.
    Busy,
    /// There was nothing to do.
    Nothing,
    /// Nobody was there for it, and missed runs are left out.
    Missed,
}

/// Why a schedule was not paused, or not resumed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// There is none of this name.
    #[error("there is no schedule `{0}`")]
    NoSuchSchedule(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The runs of a schedule that are kept.
const KEPT: i64 = 100;
/// The jobs of a run that are named.
const NAMED: usize = 50;

/// Every schedule, by name.
pub fn list(db: &Db) -> Result<Vec<Status>, Error> {
    db.query("SELECT * FROM schedules ORDER BY name", &[])?.iter().map(Status::read).collect()
}

/// The schedule of this name.
pub fn get(db: &Db, name: &str) -> Result<Option<Status>, Error> {
    let row = db.first("SELECT * FROM schedules WHERE name = $1", &params![name])?;
    row.as_ref().map(Status::read).transpose()
}

/// What came of the last runs of a schedule, the newest first.
pub fn history(db: &Db, name: &str, limit: u32) -> Result<Vec<Past>, Error> {
    db.query(HISTORY, &params![name, limit])?.iter().map(Past::read).collect()
}

/// Stops a schedule for a while. One that is paused stays as it is.
///
/// # Errors
/// [`PauseError::NoSuchSchedule`].
pub(crate) fn pause(
    tx: &Tx,
    name: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Status, PauseError> {
    let before = held(tx, name)?;
    if before.paused.is_some() {
        return Ok(before);
    }
    let by = actor.to_string();
    tx.execute(PAUSE, &params![name, now, by.as_str()])?;
    tx.audit(entry("schedule_paused", name, "Paused"));
    Ok(Status { paused: Some(Paused { at: now, by }), ..before })
}

/// Lets a schedule go on, with the run that comes `next`. What came round meanwhile is not made up for:
/// whoever paused it wanted it not to run.
///
/// # Errors
/// [`PauseError::NoSuchSchedule`].
pub(crate) fn resume(
    tx: &Tx,
    name: &str,
    next: Planned,
    now: Timestamp,
) -> Result<Status, PauseError> {
    let before = held(tx, name)?;
    if before.paused.is_none() {
        return Ok(before);
    }
    tx.execute(RESUME, &params![name, next.at, next.due, now])?;
    tx.audit(entry("schedule_resumed", name, "Resumed"));
    Ok(Status { paused: None, waiting: next, ..before })
}

/// The schedules that are due, the longest waiting first.
pub(crate) fn due(db: &Db, now: Timestamp) -> Result<Vec<Status>, Error> {
    db.query(DUE, &params![now])?.iter().map(Status::read).collect()
}

/// Moves a schedule on from the run it waits for; false when somebody else did, or paused it.
pub(crate) fn advance(
    tx: &Tx,
    from: &Status,
    next: Planned,
    now: Timestamp,
) -> Result<bool, Error> {
    let params = params![
        from.name.as_str(),
        next.at,
        next.due,
        now,
        from.waiting.at,
        from.times.as_str(),
        from.act.as_str()
    ];
    Ok(tx.execute(ADVANCE, &params)? == 1)
}

/// Writes down what came of a run, and forgets the oldest ones.
pub(crate) fn note(tx: &Tx, schedule: &str, past: &Past) -> Result<(), Error> {
    let named: Vec<String> = past.jobs.iter().take(NAMED).map(ToString::to_string).collect();
    tx.execute(
        NOTE,
        &params![
            schedule,
            past.begun_at,
            past.planned.at,
            past.planned.due,
            past.outcome.name(),
            past.missed,
            json!(named),
            past.job_count,
            past.asked_by.as_deref()
        ],
    )?;
    tx.execute(FORGET, &params![schedule, KEPT])?;
    Ok(())
}

/// Makes the rows those of the declared schedules; says how many were added, changed and removed.
/// Call it inside a write of the house.
pub(crate) fn settle(
    tx: &Tx,
    declared: &[(&Schedule, Planned)],
    now: Timestamp,
) -> Result<usize, Error> {
    tx.hold("schedules")?;
    let there = list(tx)?;
    let mut changed = Vec::new();
    for (schedule, next) in declared {
        let (name, times, act) =
            (schedule.name.as_str(), schedule.times_text(), schedule.act_text());
        match there.iter().find(|it| it.name == name) {
            None => {
                tx.execute(ADD, &params![name, times, act, next.at, next.due, now])?;
            }
            Some(row) if row.times != times => {
                tx.execute(REPLAN, &params![name, times, act, next.at, next.due, now])?;
            }
            Some(row) if row.act != act => {
                tx.execute(REACT, &params![name, act, now])?;
            }
            Some(_) => continue,
        }
        changed.push(name.to_owned());
    }
    for row in there.iter().filter(|it| !declared.iter().any(|one| one.0.name == it.name)) {
        tx.execute("DELETE FROM schedule_runs WHERE schedule = $1", &params![row.name.as_str()])?;
        tx.execute("DELETE FROM schedules WHERE name = $1", &params![row.name.as_str()])?;
        changed.push(row.name.clone());
    }
    if !changed.is_empty() {
        changed.sort_unstable();
        let summary = format!("Schedules are as declared now: {}", changed.join(", "));
        tx.audit(audit::Entry::new(TenantId::DEFAULT, "schedules_settled", "schedules", summary));
    }
    Ok(changed.len())
}

/// The audit entry of an act on a schedule.
pub(crate) fn entry(action: &'static str, name: &str, verb: &str) -> audit::Entry {
    let (subject, summary) = (format!("schedules/{name}"), format!("{verb} the schedule {name}"));
    audit::Entry::new(TenantId::DEFAULT, action, subject, summary)
}

fn held(tx: &Tx, name: &str) -> Result<Status, PauseError> {
    tx.hold("schedules")?;
    get(tx, name)?.ok_or_else(|| PauseError::NoSuchSchedule(name.to_owned()))
}

impl Status {
    fn read(row: &Row) -> Result<Self, Error> {
        let at: Option<Timestamp> = row.get("paused_at")?;
        let by: Option<String> = row.get("paused_by")?;
        Ok(Self {
            name: row.get("name")?,
            waiting: Planned { at: row.get("planned_at")?, due: row.get("due_at")? },
            paused: at.zip(by).map(|(at, by)| Paused { at, by }),
            created_at: row.get("created_at")?,
            times: row.get("times")?,
            act: row.get("act")?,
        })
    }
}

impl Past {
    fn read(row: &Row) -> Result<Self, Error> {
        let jobs: Json = row.get("jobs")?;
        let named = jobs.as_array().into_iter().flatten().filter_map(Json::as_str);
        let outcome: String = row.get("outcome")?;
        Ok(Self {
            planned: Planned { at: row.get("planned_at")?, due: row.get("due_at")? },
            begun_at: row.get("begun_at")?,
            outcome: outcome.parse().expect("the table only takes the outcomes that there are"),
            missed: row.get("missed")?,
            jobs: named.filter_map(|it| it.parse().ok()).collect(),
            job_count: row.get("job_count")?,
            asked_by: row.get("asked_by")?,
        })
    }
}

impl PastOutcome {
    const ALL: [Self; 4] = [Self::Begun, Self::Busy, Self::Nothing, Self::Missed];

    /// The name used in the table, in answers and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Busy => "busy",
            Self::Nothing => "nothing",
            Self::Missed => "missed",
        }
    }
}

impl fmt::Display for PastOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PastOutcome {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownName {
            text: text.chars().take(64).collect(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

const DUE: &str = "
    SELECT * FROM schedules
     WHERE paused_at IS NULL AND due_at <= $1
     ORDER BY due_at, name
     LIMIT 200";

/// Of all who found the run due, one changes the row: the others wait for that one's commit, and find
/// that the row waits for another run by then.
const ADVANCE: &str = "
    UPDATE schedules
       SET planned_at = $2, due_at = $3, updated_at = $4
     WHERE name = $1 AND planned_at = $5 AND times = $6 AND act = $7 AND paused_at IS NULL";

const PAUSE: &str = "
    UPDATE schedules SET paused_at = $2, paused_by = $3, updated_at = $2 WHERE name = $1";

const RESUME: &str = "
    UPDATE schedules
       SET paused_at = NULL, paused_by = NULL, planned_at = $2, due_at = $3, updated_at = $4
     WHERE name = $1";

const ADD: &str = "
    INSERT INTO schedules (name, times, act, planned_at, due_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)";

const REPLAN: &str = "
    UPDATE schedules
       SET times = $2, act = $3, planned_at = $4, due_at = $5, updated_at = $6
     WHERE name = $1";

const REACT: &str = "UPDATE schedules SET act = $2, updated_at = $3 WHERE name = $1";

const NOTE: &str = "
    INSERT INTO schedule_runs (schedule, begun_at, planned_at, due_at, outcome, missed, jobs, job_count,
                               asked_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (schedule, begun_at, planned_at) DO NOTHING";

const FORGET: &str = "
    DELETE FROM schedule_runs
     WHERE schedule = $1
       AND begun_at < (SELECT MIN(begun_at)
                         FROM (SELECT begun_at FROM schedule_runs
                                WHERE schedule = $1
                                ORDER BY begun_at DESC
                                LIMIT $2) AS kept)";

const HISTORY: &str = "
    SELECT * FROM schedule_runs
     WHERE schedule = $1
     ORDER BY begun_at DESC, planned_at DESC
     LIMIT $2";
