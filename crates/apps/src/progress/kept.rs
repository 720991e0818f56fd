//! What was calculated before: kept for a while, given again as long as nothing has changed.
//!
//! A row is never deleted because something changed: it counts only under the number ([`store::mark`])
//! that it was read with, so a change that is not committed ends nothing, and no process must be told.

use base::{TenantId, Timestamp};
use serde_json::Value as Json;
use store::{Db, Tx, params};

use super::Range;

/// What is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// How many, how good, when.
    Overall,
    /// By criterion.
    Criteria,
    /// What is said again and again.
    Recurring,
}

/// Where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// In this tenant.
    pub tenant: TenantId,
    /// Of which progress.
    pub progress: String,
    /// Of whom; [`super::who::EVERYBODY`] for all.
    pub owner: String,
    /// Of these days.
    pub range: Range,
    /// What it rests on beside the data: what the application says.
    pub made_by: String,
}

/// What was calculated.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// It.
    pub data: Json,
    /// When.
    pub calculated_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

impl Metric {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overall => "overall",
            Self::Criteria => "criteria",
            Self::Recurring => "recurring",
        }
    }
}

/// The most ranges that are kept of one owner, the newest; what is of all days is kept beside them.
pub const RANGES_MAX: i64 = 20;

/// What is kept, if it still counts.
pub fn get(
    db: &Db,
    key: &Key,
    metric: Metric,
    mark: i64,
    now: Timestamp,
) -> Result<Option<Kept>, store::Error> {
    let row = db.first(
        "SELECT data, calculated_at, expires_at FROM progress_answers
          WHERE tenant = $1 AND progress = $2 AND owner = $3 AND days = $4 AND metric = $5
            AND made_by = $6 AND mark = $7 AND expires_at > $8",
        &params![
            key.tenant,
            &key.progress,
            &key.owner,
            key.range.to_string(),
            metric.name(),
            &key.made_by,
            mark,
            now
        ],
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Kept {
        data: row.get("data")?,
        calculated_at: row.get("calculated_at")?,
        expires_at: row.get("expires_at")?,
    }))
}

/// Keeps what was calculated, in the place of what was there, unless that is of a later state.
pub fn put(tx: &Tx, key: &Key, metric: Metric, mark: i64, kept: &Kept) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO progress_answers
            (tenant, progress, owner, days, metric, made_by, mark, data, calculated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant, progress, owner, days, metric) DO UPDATE SET
            made_by = excluded.made_by, mark = excluded.mark, data = excluded.data,
            calculated_at = excluded.calculated_at, expires_at = excluded.expires_at
          WHERE progress_answers.mark <= excluded.mark
             OR progress_answers.made_by <> excluded.made_by
             OR progress_answers.expires_at <= excluded.calculated_at",
        &params![
            key.tenant,
            &key.progress,
            &key.owner,
            key.range.to_string(),
            metric.name(),
            &key.made_by,
            mark,
            &kept.data,
            kept.calculated_at,
            kept.expires_at
        ],
    )?;
    Ok(())
}

/// Removes what was kept of ranges but for the newest [`RANGES_MAX`] of this owner: whoever asks for one day after the
/// other fills nothing.
pub fn trim(tx: &Tx, key: &Key) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM progress_answers
          WHERE tenant = $1 AND progress = $2 AND owner = $3 AND days <> ''
            AND days NOT IN (
                SELECT days FROM progress_answers
                 WHERE tenant = $1 AND progress = $2 AND owner = $3 AND days <> ''
                 GROUP BY days
                 ORDER BY max(calculated_at) DESC, days
                 LIMIT $4)",
        &params![key.tenant, &key.progress, &key.owner, RANGES_MAX],
    )
}

/// Removes what is past its time.
pub fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM progress_answers WHERE expires_at <= $1", &params![now])
}

/// Forgets what was calculated of somebody's results, and of everybody's: their words may be in it. Part of
/// erasing them.
pub fn forget_owner(tx: &Tx, owner: &str) -> Result<u64, store::Error> {
    let sql = "DELETE FROM progress_answers WHERE owner IN ($1, $2)";
    tx.execute(sql, &params![owner, super::who::EVERYBODY])
}

/// Forgets everything of a tenant: part of erasing it.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM progress_answers WHERE tenant = $1", &params![tenant])
}
