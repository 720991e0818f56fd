//! A job: what is to be done, for whom, and how far it has come.
//!
//! Text from the database meets these types in this file only, once each way. Nothing here decides
//! what happens to a job; that is `decide`.

use std::{fmt, str::FromStr, time::Duration};

use base::{JobId, RecordId, TenantId, Timestamp, permission::UnknownName};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use store::{Error, Row, Sql, Tx, params};

/// One job, as its row says.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Which one.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// What it does; chooses the handler.
    pub kind: String,
    /// The record that it is about.
    pub subject: Option<RecordId>,
    /// Of the jobs of a tenant with one key, one runs at a time.
    pub lock_key: Option<String>,
    /// The caller's own name for the wish; asking twice gives the same job.
    pub idempotency_key: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Failed with its attempts spent: a person should look.
    pub dead: bool,
    /// Higher goes first; 0 is normal.
    pub priority: i64,
    /// Not before this.
    pub due_at: Timestamp,
    /// How often it was begun since it was wanted or retried by hand.
    pub attempts: u32,
    /// How often it may be begun.
    pub attempts_max: u32,
    /// How often it was put back after an attempt, by itself or by hand.
    pub retry_count: u32,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// In percent.
    pub progress: u8,
    /// What it is doing, in words.
    pub message: Option<String>,
    /// What the handler is given. Small: what is large belongs into a blob.
    pub payload: Json,
    /// What an earlier attempt left for this one.
    pub checkpoint: Option<Json>,
    /// What came of it.
    pub result: Option<Json>,
    /// What went wrong last; also on a pending job that had a failed attempt.
    pub error: Option<JobError>,
    /// Somebody wants it to stop.
    pub cancel_requested: bool,
    /// Who wanted it, as the caller wrote it.
    pub created_by: String,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended, in whichever way.
    pub completed_at: Option<Timestamp>,
    /// Who runs it now.
    pub lease: Option<Lease>,
    /// The number of the last claim.
    pub(crate) fence: i64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits: for its time, a worker, or a lock.
    Pending,
    /// A worker has it.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Not wanted any more.
    Cancelled,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// For programs: `timeout`, `panicked`, `worker_lost`, or what the handler says.
    pub code: String,
    /// For people.
    pub message: String,
}

/// The right to run a job, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The [`Workers`](crate::Workers) that has it.
    pub owner: String,
    /// When it runs out unless it is renewed.
    pub until: Timestamp,
}

impl State {
    /// All of them, in the order of a job's life.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name used in the table, in routes, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Has it ended?
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownName {
            text: text.chars().take(64).collect(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl JobError {
    /// An error with this code and these words, which are cut and cleaned so that any database
    /// takes them.
    pub fn new(code: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self { code: sentence(code.as_ref()), message: sentence(message.as_ref()) }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Words for a person, without control characters (PostgreSQL refuses the null byte), at most 2,000
/// characters.
pub(crate) fn sentence(text: &str) -> String {
    text.chars().filter(|it| !it.is_control() || *it == '\n').take(2_000).collect()
}

/// `now` and a while; never out of range.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    base::clock::from_micros(now.as_microsecond().saturating_add(by))
}

impl Job {
    /// Reads a whole row of `jobs`.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        let state = row.get::<String>("state")?;
        let code: Option<String> = row.get("error_code")?;
        let message: Option<String> = row.get("error_message")?;
        let owner: Option<String> = row.get("lease_owner")?;
        let until: Option<Timestamp> = row.get("lease_until")?;
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            kind: row.get("kind")?,
            subject: row.get("subject")?,
            lock_key: row.get("lock_key")?,
            idempotency_key: row.get("idempotency_key")?,
            state: state.parse().expect("the table only takes the states that there are"),
            dead: row.get("dead")?,
            priority: row.get("priority")?,
            due_at: row.get("due_at")?,
            attempts: row.get("attempts")?,
            attempts_max: row.get("attempts_max")?,
            retry_count: row.get("retry_count")?,
            timeout: Duration::from_millis(row.get("timeout_ms")?),
            progress: row.get("progress")?,
            message: row.get("message")?,
            payload: row.get("payload")?,
            checkpoint: row.get("checkpoint")?,
            result: row.get("result")?,
            error: code.map(|code| JobError { code, message: message.unwrap_or_default() }),
            cancel_requested: row.get("cancel_requested")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
            started_at: row.get("started_at")?,
            completed_at: row.get("completed_at")?,
            lease: owner.zip(until).map(|(owner, until)| Lease { owner, until }),
            fence: row.get("fence")?,
        })
    }

    /// Writes what `decide` may have changed. The row must be the one that was read: the caller
    /// holds it.
    pub(crate) fn save(&self, tx: &Tx) -> Result<(), Error> {
        let (code, message) = match &self.error {
            Some(it) => (Some(it.code.as_str()), Some(it.message.as_str())),
            None => (None, None),
        };
        let saved = tx.execute(
            SAVE,
            &params![
                self.id,
                self.fence,
                self.state.name(),
                self.dead,
                self.due_at,
                self.attempts,
                self.retry_count,
                self.progress,
                self.message.as_deref(),
                self.result.as_ref(),
                code,
                message,
                self.cancel_requested,
                self.lease.as_ref().map(|it| it.owner.as_str()),
                self.lease.as_ref().map(|it| it.until),
                self.started_at,
                self.completed_at
            ],
        )?;
        if saved == 1 { Ok(()) } else { Err(Error::NoRow) }
    }
}

/// One job, held until the transaction ends.
pub(crate) const LOAD: Sql<'_> = Sql {
    sqlite: "SELECT * FROM jobs WHERE id = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL)",
    postgres: "SELECT * FROM jobs WHERE id = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL)
                  FOR UPDATE",
};

const SAVE: &str = "
    UPDATE jobs
       SET state = $3, dead = $4, due_at = $5, attempts = $6, retry_count = $7, progress = $8,
           message = $9, result = $10, error_code = $11, error_message = $12,
           cancel_requested = $13, lease_owner = $14, lease_until = $15, started_at = $16,
           completed_at = $17
     WHERE id = $1 AND fence = $2";
