//! Answers that a job was given: kept, so that running again costs nothing twice.

use base::{JobId, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Tx, params};

use crate::task::answer::{EachAnswered, RULES};

/// The answer that batch `batch` of a job was given before, if it was.
pub(crate) fn get(
    db: &Db,
    tenant: TenantId,
    job: JobId,
    task: &str,
    batch: usize,
) -> Result<Option<EachAnswered>, store::Error> {
    let row = db.first(
        "SELECT answer, produced_by, tokens_used FROM task_answers
          WHERE tenant = $1 AND job = $2 AND task = $3 AND batch = $4",
        &params![tenant, job, task, batch],
    )?;
    let Some(row) = row else { return Ok(None) };
    let answer: Json = row.get("answer")?;
    let entries = answer["entries"].as_array().cloned().unwrap_or_default();
    Ok(Some(EachAnswered {
        entries: entries.iter().map(|it| it.as_object().cloned()).collect(),
        value: answer["value"].clone(),
        produced_by: row.get("produced_by")?,
        tokens_used: row.get("tokens_used")?,
        completed_by_rules: answer["completed_by_rules"].as_u64().unwrap_or_default() as usize,
        stray: answer["stray"].as_u64().unwrap_or_default() as usize,
    }))
}

/// Keeps an answer of a model. What rules answered is cheaper to work out again than to keep.
pub(crate) fn keep(
    tx: &Tx,
    tenant: TenantId,
    job: JobId,
    task: &str,
    batch: usize,
    answered: &EachAnswered,
    now: Timestamp,
) -> Result<(), store::Error> {
    if answered.produced_by == RULES {
        return Ok(());
    }
    let answer = json!({
        "entries": answered.entries,
        "value": answered.value,
        "completed_by_rules": answered.completed_by_rules,
        "stray": answered.stray,
    });
    tx.execute(
        "INSERT INTO task_answers (job, task, batch, tenant, answer, produced_by, tokens_used, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (job, task, batch) DO NOTHING",
        &params![job, task, batch, tenant, &answer, &answered.produced_by, answered.tokens_used, now],
    )?;
    Ok(())
}

/// Removes answers kept before `older_than`.
pub(crate) fn sweep(tx: &Tx, older_than: Timestamp) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM task_answers WHERE created_at < $1", &params![older_than])
}
