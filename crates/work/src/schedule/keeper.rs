//! Who looks at the clock: what is due begins, once in the house.
//!
//! A look is a read; only a schedule that is due is written. [`Keeper::tick`] is a plain function of the
//! time that any number of processes may call as often as they like.

use std::{collections::HashMap, fmt, sync::Arc};

use base::{Actor, JobId, Timestamp};
use store::{Error, Store, Tx};
use tracing::{info, warn};

use super::{
    Missed, Past, PastOutcome, PauseError, Planned, Schedule, Status,
    decide::{Decision, decide},
    table,
};
use crate::{Busy, EnqueueError, Lock, NewJob, enqueue, metric};

/// Makes the jobs of a run, in the transaction that begins it.
pub trait Maker: Send + Sync + 'static {
    /// The jobs of one run of `schedule`: none when there is nothing to do, several when it is to be done
    /// for several. A job without a lock of its own gets one by the schedule's name, so that the jobs of
    /// a tenant come one after the other.
    ///
    /// # Errors
    /// The database's. Then the run has not begun, and is tried again at the next look.
    fn jobs(&self, tx: &Tx, schedule: &Schedule, now: Timestamp) -> Result<Vec<NewJob>, Error>;
}

/// Why a run begins.
enum Cause {
    /// It came round.
    Time(Planned),
    /// Somebody wants it now.
    Hand {
        /// Who.
        by: String,
    },
}

/// What came of a run that was to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its schedule.
    pub schedule: String,
    /// How it went.
    pub outcome: PastOutcome,
    /// Its jobs.
    pub jobs: Vec<JobId>,
    /// Runs before it that nobody was there for.
    pub missed: u32,
    /// How much later than it was due it began.
    pub late: jiff::SignedDuration,
}

/// The jobs of a run that were written, and how many were refused because the run before is at it still.
#[derive(Default)]
struct Written {
    jobs: Vec<JobId>,
    busy: u32,
}

/// Why a schedule was not run by hand.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is none of this name.
    #[error("there is no schedule `{0}`")]
    NoSuchSchedule(String),
    /// The jobs of the last run are at it still.
    #[error("the last run of `{0}` is at it still; wait for its job, or cancel it")]
    Busy(String),
    /// There is nothing to do.
    #[error("there is nothing to do for `{0}`")]
    Nothing(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The schedules of a house, and who makes their jobs. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    schedules: Arc<HashMap<String, Schedule>>,
    maker: Arc<dyn Maker>,
    seed: u64,
}

impl Keeper {
    /// A keeper of these schedules. `seed` spreads their jitter; replicas of a house have the same.
    pub fn new(schedules: Vec<Schedule>, maker: Arc<dyn Maker>, seed: u64) -> Self {
        let schedules = schedules.into_iter().map(|it| (it.name.clone(), it)).collect();
        Self { schedules: Arc::new(schedules), maker, seed }
    }

    /// The schedule of this name, as it is declared.
    pub fn schedule(&self, name: &str) -> Option<&Schedule> {
        self.schedules.get(name)
    }

    /// The runs of a schedule after this moment.
    pub fn next_runs(&self, schedule: &Schedule, after: Timestamp, count: usize) -> Vec<Planned> {
        schedule.next_runs(after, self.seed, count)
    }

    /// Makes the rows those of the declared schedules. One that is new, or comes at other times than
    /// before, waits for its next run. Call it at start.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&self, store: &Store, now: Timestamp) -> Result<usize, Error> {
        let this = self.clone();
        let settle = move |tx: &Tx| {
            let declared: Vec<(&Schedule, Planned)> =
                this.schedules.values().map(|it| (it, it.next(now, this.seed))).collect();
            table::settle(tx, &declared, now)
        };
        store.write(&Actor::house(), now, settle).await
    }

    /// Begins what is due. Says what came of it.
    ///
    /// # Errors
    /// The first error of the database, after everything that is due was tried.
    pub async fn tick(&self, store: &Store, now: Timestamp) -> Result<Vec<Begun>, Error> {
        let due = store.read(move |db| table::due(db, now)).await?;
        // A process of another version of the application begins what that version declares.
        let due: Vec<Status> = due.into_iter().filter(|it| self.knows(it)).collect();
        let overdue = due.iter().map(|it| now.duration_since(it.waiting.due).as_secs_f64());
        metric::OVERDUE.set(overdue.fold(0.0, f64::max), &[]);
        let (mut all, mut failed) = (Vec::new(), None);
        for row in due {
            let (this, name) = (self.clone(), row.name.clone());
            let begin = move |tx: &Tx| this.begin_due(tx, &row, now);
            match store.bookkeep("begin what comes round", begin).await {
                Ok(begun) => all.extend(begun),
                Err(error) => {
                    warn!(schedule.name = %name, error = %error, "Could not begin the schedule {name}");
                    failed = failed.or(Some(error));
                }
            }
        }
        all.iter().for_each(tell);
        failed.map_or(Ok(all), Err)
    }

    /// Begins a run now, beside those that come round.
    ///
    /// # Errors
    /// [`RunError`]; then nothing has begun.
    pub fn run(
        &self,
        tx: &Tx,
        name: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Begun, RunError> {
        let no_such = || RunError::NoSuchSchedule(name.to_owned());
        let schedule = self.schedules.get(name).ok_or_else(no_such)?;
        let begun = self.begin(tx, schedule, Cause::Hand { by: actor.to_string() }, 0, now)?;
        match begun.outcome {
            PastOutcome::Begun => {
                tx.audit(table::entry("schedule_run", name, "Ran"));
                Ok(begun)
            }
            PastOutcome::Busy => Err(RunError::Busy(name.to_owned())),
            PastOutcome::Nothing | PastOutcome::Missed => Err(RunError::Nothing(name.to_owned())),
        }
    }

    /// Stops a schedule for a while.
    ///
    /// # Errors
    /// [`PauseError::NoSuchSchedule`].
    pub fn pause(
        &self,
        tx: &Tx,
        name: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Status, PauseError> {
        table::pause(tx, name, actor, now)
    }

    /// Lets a schedule go on with its next run.
    ///
    /// # Errors
    /// [`PauseError::NoSuchSchedule`].
    pub fn resume(&self, tx: &Tx, name: &str, now: Timestamp) -> Result<Status, PauseError> {
        let no_such = || PauseError::NoSuchSchedule(name.to_owned());
        let schedule = self.schedules.get(name).ok_or_else(no_such)?;
        table::resume(tx, name, schedule.next(now, self.seed), now)
    }

    fn knows(&self, row: &Status) -> bool {
        let own = self.schedules.get(&row.name);
        own.is_some_and(|it| it.times_text() == row.times && it.act_text() == row.act)
    }

    /// Moves the row on and begins what it waited for; nothing when somebody else did.
    fn begin_due(&self, tx: &Tx, row: &Status, now: Timestamp) -> Result<Vec<Begun>, Error> {
        let Some(schedule) = self.schedules.get(&row.name) else { return Ok(Vec::new()) };
        let Decision { runs, missed, next } = decide(schedule, self.seed, row.waiting, now);
        if !table::advance(tx, row, next, now)? {
            return Ok(Vec::new());
        }
        if runs.is_empty() {
            let past = Past {
                planned: row.waiting,
                begun_at: now,
                outcome: PastOutcome::Missed,
                missed,
                jobs: Vec::new(),
                job_count: 0,
                asked_by: None,
            };
            table::note(tx, &row.name, &past)?;
            let (schedule, late) = (row.name.clone(), now.duration_since(row.waiting.due));
            let outcome = PastOutcome::Missed;
            return Ok(vec![Begun { schedule, outcome, jobs: Vec::new(), missed, late }]);
        }
        let mut left_out = missed;
        runs.into_iter()
            .map(|it| self.begin(tx, schedule, Cause::Time(it), std::mem::take(&mut left_out), now))
            .collect()
    }

    /// Writes the jobs of a run, and what came of it.
    fn begin(
        &self,
        tx: &Tx,
        schedule: &Schedule,
        cause: Cause,
        missed: u32,
        now: Timestamp,
    ) -> Result<Begun, Error> {
        let wanted = self.maker.jobs(tx, schedule, now)?;
        let Written { jobs, busy } = write(tx, schedule, &cause, wanted, now)?;
        let outcome = match (jobs.is_empty(), busy) {
            (false, _) => PastOutcome::Begun,
            (true, 0) => PastOutcome::Nothing,
            (true, _) => PastOutcome::Busy,
        };
        let (planned, asked_by) = match cause {
            Cause::Time(planned) => (planned, None),
            Cause::Hand { by } => (Planned { at: now, due: now }, Some(by)),
        };
        let late = now.duration_since(planned.due);
        if asked_by.is_none() {
            let drift = now.duration_since(planned.at).as_secs_f64();
            metric::DRIFT.set(drift, &[&schedule.name]);
        }
        let past = Past {
            planned,
            begun_at: now,
            outcome,
            missed,
            job_count: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            jobs: jobs.clone(),
            asked_by,
        };
        table::note(tx, &schedule.name, &past)?;
        Ok(Begun { schedule: schedule.name.clone(), outcome, jobs, missed, late })
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("schedules", &self.schedules.len()).finish_non_exhaustive()
    }
}

/// Writes the jobs. Each is named after its run, so that no run is ever written twice.
fn write(
    tx: &Tx,
    schedule: &Schedule,
    cause: &Cause,
    wanted: Vec<NewJob>,
    now: Timestamp,
) -> Result<Written, Error> {
    // What is made up for waits in line; what comes round while the last one is at it does not.
    let busy = match schedule.missed {
        Missed::All { .. } => Busy::Wait,
        Missed::Skip | Missed::Once => Busy::Refuse,
    };
    let mut written = Written::default();
    for (at, mut job) in wanted.into_iter().enumerate() {
        if let Cause::Time(planned) = cause {
            let run = planned.at.as_microsecond();
            job.idempotency_key = Some(format!("schedule/{}/{run}/{at}", schedule.name));
        }
        if job.lock.is_none() {
            job.lock = Some(Lock { key: format!("schedules/{}", schedule.name), busy });
        }
        match enqueue(tx, job, now) {
            Ok(it) if it.existed => {}
            Ok(it) => written.jobs.push(it.id),
            Err(EnqueueError::Busy { .. }) => written.busy += 1,
            Err(EnqueueError::Store(error)) => return Err(error),
        }
    }
    Ok(written)
}

/// The log line and the counts of a run.
fn tell(begun: &Begun) {
    let (name, outcome) = (begun.schedule.as_str(), begun.outcome.name());
    let late_s = begun.late.as_secs_f64();
    if begun.missed > 0 {
        metric::SCHEDULED.add(begun.missed.into(), &[name, PastOutcome::Missed.name()]);
    }
    if begun.outcome != PastOutcome::Missed {
        metric::SCHEDULED.increment(&[name, outcome]);
        metric::LATE.observe(late_s, &[name]);
    }
    info!(
        schedule.name = name,
        schedule.outcome = outcome,
        schedule.jobs = begun.jobs.len(),
        schedule.missed = begun.missed,
        schedule.late_s = late_s,
        "The schedule {name} came round: {outcome}"
    );
}
