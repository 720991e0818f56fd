//! The right to run a job: taking it, keeping it, giving it up, and finding those that ran out.
//!
//! Every claim raises the job's fence. Whoever holds the last number holds the job; all others
//! find no row to change. Claims of all processes queue up behind one name, so that locks and
//! fairness are judged on settled rows; on PostgreSQL they step around rows that somebody else has
//! in hand.

use std::time::Duration;

use base::{JobId, Timestamp};
use serde_json::Value as Json;
use store::{Db, Error, Sql, Tx, params};

use crate::{
    Job,
    decide::{self, Outcome},
    job::later,
};

/// Who claims, and what.
#[derive(Debug, Clone)]
pub(crate) struct Claimant {
    /// The name of the workers.
    pub(crate) owner: String,
    /// The kinds that they have handlers for, as JSON.
    pub(crate) kinds: Json,
    /// How long a lease lasts.
    pub(crate) lease: Duration,
}

/// Is there something to do?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// A pending job whose time has come.
    pub(crate) due: bool,
    /// A running job whose lease ran out.
    pub(crate) expired: bool,
}

/// What a heartbeat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The lease is renewed.
    Ours {
        /// Somebody wants the job to stop.
        cancel_requested: bool,
    },
    /// Somebody else has the job, or it is gone.
    Lost,
}

/// What a running job says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// In percent.
    pub(crate) progress: u8,
    /// In words.
    pub(crate) message: Option<String>,
}

/// Takes up to `most` jobs.
///
/// Higher priority first; within it, the tenant with the fewest running jobs; then the job that has
/// been due longest. A job whose lock is taken is passed over. Only the first job of each tenant is
/// looked at, so the cost grows with the tenants that wait, not with their jobs.
pub(crate) fn claim(
    tx: &Tx,
    who: &Claimant,
    most: usize,
    now: Timestamp,
) -> Result<Vec<Job>, Error> {
    tx.hold("work/claim")?;
    let until = later(now, who.lease);
    let mut jobs = Vec::new();
    while jobs.len() < most {
        let params = params![now, &who.kinds, who.owner.as_str(), until];
        let Some(row) = tx.first(CLAIM, &params)? else { break };
        jobs.push(Job::read(&row)?);
    }
    Ok(jobs)
}

/// Renews a lease and writes the report.
pub(crate) fn keep(
    tx: &Tx,
    id: JobId,
    fence: i64,
    report: &Report,
    until: Timestamp,
) -> Result<Kept, Error> {
    let message = report.message.as_deref();
    let row = tx.first(KEEP, &params![id, fence, until, report.progress, message])?;
    Ok(match row {
        Some(row) => Kept::Ours { cancel_requested: row.get("cancel_requested")? },
        None => Kept::Lost,
    })
}

/// Is the lease still ours? When it is, it stays so until the transaction ends.
pub(crate) fn holds(tx: &Tx, id: JobId, fence: i64) -> Result<bool, Error> {
    Ok(tx.first(FENCE, &params![id, fence])?.is_some())
}

/// Writes a checkpoint; false when the lease is not ours any more.
pub(crate) fn checkpoint(tx: &Tx, id: JobId, fence: i64, state: &Json) -> Result<bool, Error> {
    Ok(tx.execute(CHECKPOINT, &params![id, fence, state])? == 1)
}

/// Ends an attempt as `decide` says. None when the lease is not ours any more.
pub(crate) fn finish(
    tx: &Tx,
    id: JobId,
    fence: i64,
    report: &Report,
    outcome: &Outcome,
    now: Timestamp,
    random: f64,
) -> Result<Option<Job>, Error> {
    let Some(row) = tx.first(HELD, &params![id, fence])? else { return Ok(None) };
    let job =
        Job { progress: report.progress, message: report.message.clone(), ..Job::read(&row)? };
    let next = decide::after(&job, outcome, now, random);
    next.save(tx)?;
    Ok(Some(next))
}

/// Ends the attempts whose leases ran out, at most 100 of them.
pub(crate) fn reclaim(tx: &Tx, now: Timestamp) -> Result<Vec<Job>, Error> {
    let mut jobs = Vec::new();
    for row in tx.query(EXPIRED, &params![now])? {
        let next = decide::after(&Job::read(&row)?, &Outcome::WorkerLost, now, 0.0);
        next.save(tx)?;
        jobs.push(next);
    }
    Ok(jobs)
}

/// Is there something to do? A read, so that an idle house writes nothing.
pub(crate) fn look(db: &Db, now: Timestamp) -> Result<Look, Error> {
    let row = db.one(LOOK, &params![now])?;
    Ok(Look { due: row.get::<i64>("due")? > 0, expired: row.get::<i64>("expired")? > 0 })
}

/// The kinds of jobs that have been due since before `since` and are not among `kinds`.
pub(crate) fn orphans(db: &Db, kinds: &Json, since: Timestamp) -> Result<Vec<String>, Error> {
    db.query(ORPHANS, &params![since, kinds])?.iter().map(|row| row.get("kind")).collect()
}

/// The tenants that wait, found by leaps along the index; the head of each one's line; the best of
/// the heads. Taking it is the same statement. The state is asked for once more at the end because
/// PostgreSQL repeats that condition, and no other, when somebody changed the row (cancelled it)
/// between the reading and the locking.
macro_rules! claim {
    ($listed:literal, $skip:literal) => {
        concat!(
            "
    UPDATE jobs
       SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_owner = $3,
           lease_until = $4, started_at = COALESCE(started_at, $1)
     WHERE id = (
        WITH RECURSIVE waiting (tenant) AS (
            SELECT MIN(tenant) FROM jobs WHERE state = 'pending'
             UNION ALL
            SELECT (SELECT MIN(n.tenant) FROM jobs n
                     WHERE n.state = 'pending' AND n.tenant > w.tenant)
              FROM waiting w
             WHERE w.tenant IS NOT NULL
        ), busy (tenant, running) AS (
            SELECT tenant, COUNT(*) FROM jobs WHERE state = 'running' GROUP BY tenant
        ), heads (id, running) AS (
            SELECT (SELECT h.id FROM jobs h
                     WHERE h.state = 'pending' AND h.tenant = w.tenant AND h.due_at <= $1
                       AND h.kind IN (",
            $listed,
            ")
                       AND (h.lock_key IS NULL OR NOT EXISTS (
                            SELECT 1 FROM jobs r
                             WHERE r.tenant = h.tenant AND r.lock_key = h.lock_key
                               AND r.state = 'running'))
                     ORDER BY h.priority DESC, h.due_at, h.id
                     LIMIT 1),
                   COALESCE((SELECT b.running FROM busy b WHERE b.tenant = w.tenant), 0)
              FROM waiting w
             WHERE w.tenant IS NOT NULL
        )
        SELECT j.id
          FROM heads
          JOIN jobs j ON j.id = heads.id
         WHERE j.state = 'pending'
         ORDER BY j.priority DESC, heads.running, j.due_at, j.id
         LIMIT 1",
            $skip,
            ")
    RETURNING *"
        )
    };
}

const CLAIM: Sql<'_> = Sql {
    sqlite: claim!("SELECT value FROM json_each($2)", ""),
    postgres: claim!(
        "SELECT jsonb_array_elements_text(CAST($2 AS JSONB))",
        " FOR UPDATE OF j SKIP LOCKED"
    ),
};

const KEEP: &str = "
    UPDATE jobs
       SET lease_until = $3, progress = $4, message = $5
     WHERE id = $1 AND fence = $2 AND state = 'running'
    RETURNING cancel_requested";

const CHECKPOINT: &str = "
    UPDATE jobs SET checkpoint = $3 WHERE id = $1 AND fence = $2 AND state = 'running'";

const FENCE: Sql<'_> = Sql {
    sqlite: "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'",
    postgres: "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE",
};

const HELD: Sql<'_> = Sql {
    sqlite: "SELECT * FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'",
    postgres: "SELECT * FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE",
};

const EXPIRED: Sql<'_> = Sql {
    sqlite: "SELECT * FROM jobs WHERE state = 'running' AND lease_until < $1
              ORDER BY lease_until LIMIT 100",
    postgres: "SELECT * FROM jobs WHERE state = 'running' AND lease_until < $1
                ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED",
};

const LOOK: &str = "
    SELECT CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE state = 'pending' AND due_at <= $1)
                THEN 1 ELSE 0 END AS due,
           CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND lease_until < $1)
                THEN 1 ELSE 0 END AS expired";

const ORPHANS: Sql<'_> = Sql {
    sqlite: "SELECT DISTINCT kind FROM jobs
              WHERE state = 'pending' AND due_at < $1
                AND kind NOT IN (SELECT value FROM json_each($2))",
    postgres: "SELECT DISTINCT kind FROM jobs
                WHERE state = 'pending' AND due_at < $1
                  AND kind NOT IN (SELECT jsonb_array_elements_text(CAST($2 AS JSONB)))",
};
