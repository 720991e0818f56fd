//! Runs: what was done, what came of it, what was found. One row for each, from the moment it is
//! wanted; its id is that of its job.

use base::{Cursor, JobId, Page, PageRequest, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Db, Error, Row, Tx, params};
use work::State;

use crate::{cache::Refresh, finding::Finding};

/// A run, as its row says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Which one: the id of its job.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which source.
    pub source: String,
    /// Where it stands, as its job does; a failed one was refused, or broke, and the findings say why.
    pub state: State,
    /// How it was wanted.
    pub flags: Flags,
    /// What became of what was found.
    pub counts: Counts,
    /// What there is to say about it.
    pub findings: Vec<Finding>,
    /// Who wanted it.
    pub created_by: String,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How a run was wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// What is fetched and made anew although it is kept.
    #[serde(default, skip_serializing_if = "Refresh::is_nothing")]
    pub refresh: Refresh,
    /// Everything that may help to find a fault is told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub debug: bool,
    /// Everything is done but writing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub validate: bool,
    /// Everything is read from the beginning, where there is a cursor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// How a run is wanted, in the words of whoever wants it: a person, or a schedule for many of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WrittenFlags {
    /// What is kept is passed over.
    pub refresh: bool,
    /// Only what is kept under such names is passed over: `*` is anything.
    pub refresh_pattern: Option<String>,
    /// Only what is kept with this tag is passed over.
    pub refresh_tag: Option<String>,
    /// Everything that may help to find a fault is told.
    pub debug: bool,
    /// Everything is done but writing.
    pub validate: bool,
    /// Everything is read from the beginning, where there is a cursor.
    pub whole: bool,
}

impl From<WrittenFlags> for Flags {
    fn from(it: WrittenFlags) -> Self {
        let refresh = Refresh { all: it.refresh, pattern: it.refresh_pattern, tag: it.refresh_tag };
        Self { refresh, debug: it.debug, validate: it.validate, whole: it.whole }
    }
}

/// What became of what was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows that were found.
    pub rows: u64,
    /// Rows that became records.
    pub extracted: u64,
    /// Records that they are together.
    pub consolidated: u64,
    /// Records that are new.
    pub inserted: u64,
    /// Records that changed.
    pub updated: u64,
    /// Records that are as they were.
    pub unchanged: u64,
    /// Records that are left alone: deleted by hand, or there already.
    pub skipped: u64,
    /// Rows and records that were set aside.
    pub errors: u64,
    /// Records whose missing fields were found by asking.
    pub completed: u64,
    /// Records that the source no longer has.
    pub gone: u64,
    /// Records that had gone and came back.
    pub returned: u64,
    /// Pages that were read, where there is a cursor.
    pub pages: u64,
    /// Finds in the caches.
    pub cache_hits: u64,
}

impl Run {
    fn read(row: &Row) -> Result<Self, Error> {
        let state: String = row.get("state")?;
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            source: row.get("source")?,
            state: state.parse().expect("the table only takes the states that there are"),
            flags: serde_json::from_value(row.get("flags")?).unwrap_or_default(),
            counts: serde_json::from_value(row.get("counts")?).unwrap_or_default(),
            findings: serde_json::from_value(row.get("findings")?).unwrap_or_default(),
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
            started_at: row.get("started_at")?,
            finished_at: row.get("finished_at")?,
        })
    }

    /// What a person cancelled before it began has no worker who would say so.
    fn settled(mut self, db: &Db) -> Result<Self, Error> {
        if self.state.is_finished() {
            return Ok(self);
        }
        if let Some(job) = work::get(db, None, self.id)?
            && job.state.is_finished()
        {
            (self.state, self.finished_at) = (job.state, job.completed_at);
        }
        Ok(self)
    }
}

/// Writes a run that is wanted.
pub(crate) fn begin(
    tx: &Tx,
    id: JobId,
    tenant: TenantId,
    source: &str,
    flags: &Flags,
    created_by: &str,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        INSERT,
        &params![
            id,
            tenant,
            source,
            State::Pending.name(),
            json!(flags),
            json!(Counts::default()),
            "[]",
            created_by,
            now
        ],
    )?;
    Ok(())
}

/// Says that a run is under way, also one that had failed and was retried by hand.
pub(crate) fn start(tx: &Tx, id: JobId, now: Timestamp) -> Result<(), Error> {
    tx.execute(START, &params![id, State::Running.name(), now])?;
    Ok(())
}

/// Keeps how far a run is.
pub(crate) fn save(tx: &Tx, id: JobId, counts: &Counts, findings: &[Finding]) -> Result<(), Error> {
    tx.execute(SAVE, &params![id, json!(counts), json!(findings)])?;
    Ok(())
}

/// Says how a run ended, unless it was said before.
pub(crate) fn finish(tx: &Tx, id: JobId, state: State, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(FINISH, &params![id, state.name(), now])? > 0)
}

/// One run, of a tenant or of anybody.
pub fn get(db: &Db, tenant: Option<TenantId>, id: JobId) -> Result<Option<Run>, Error> {
    match db.first(GET, &params![id, tenant])? {
        Some(row) => Run::read(&row)?.settled(db).map(Some),
        None => Ok(None),
    }
}

/// A page of the runs of a source, newest first.
pub fn list(
    db: &Db,
    tenant: Option<TenantId>,
    source: &str,
    page: &PageRequest,
) -> Result<Page<Run>, Error> {
    let sql = if page.is_backwards() { LIST_BACKWARDS } else { LIST };
    let rows = db.query(
        sql,
        &params![source, tenant, edge(page.cursor.as_ref()), i64::from(page.limit) + 1],
    )?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in &rows {
        runs.push(Run::read(row)?.settled(db)?);
    }
    Ok(Page::of(runs, page, |it| vec![it.id.to_string().into()]))
}

/// How many runs a source has.
pub fn count(db: &Db, tenant: Option<TenantId>, source: &str) -> Result<u64, Error> {
    db.one(COUNT, &params![source, tenant])?.get("total")
}

/// The newest run of a source.
pub(crate) fn last(db: &Db, tenant: TenantId, source: &str) -> Result<Option<Run>, Error> {
    Ok(list(db, Some(tenant), source, &PageRequest::first(1))?.items.into_iter().next())
}

/// Removes runs that were wanted before.
pub(crate) fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM source_runs WHERE created_at < $1", &params![before])
}

/// The id that a page starts from; without a cursor one that sorts behind every id.
fn edge(cursor: Option<&Cursor>) -> String {
    let id = cursor.and_then(|it| it.key.first()?.as_str().map(str::to_owned));
    id.unwrap_or_else(|| "g".to_owned())
}

const INSERT: &str = "
    INSERT INTO source_runs (id, tenant, source, state, flags, counts, findings, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const START: &str = "
    UPDATE source_runs SET state = $2, started_at = COALESCE(started_at, $3), finished_at = NULL
     WHERE id = $1";

const SAVE: &str = "UPDATE source_runs SET counts = $2, findings = $3 WHERE id = $1";

const FINISH: &str = "
    UPDATE source_runs SET state = $2, finished_at = $3
     WHERE id = $1 AND finished_at IS NULL";

const GET: &str =
    "SELECT * FROM source_runs WHERE id = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL)";

const LIST: &str = "
    SELECT * FROM source_runs
     WHERE source = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL) AND id < $3
     ORDER BY id DESC LIMIT $4";

const LIST_BACKWARDS: &str = "
    SELECT * FROM source_runs
     WHERE source = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL) AND id > $3
     ORDER BY id LIMIT $4";

const COUNT: &str = "
    SELECT COUNT(*) AS total FROM source_runs
     WHERE source = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_wanted_as_it_is_written_down() {
        let written = json!({"refresh": true, "refresh_tag": "rides", "whole": true});
        let written: WrittenFlags = serde_json::from_value(written).expect("these are flags");
        let refresh = Refresh { all: true, pattern: None, tag: Some("rides".into()) };
        let expected = Flags { refresh, debug: false, validate: false, whole: true };
        assert_eq!(Flags::from(written), expected);
        assert!(serde_json::from_value::<WrittenFlags>(json!({"refersh": true})).is_err());
    }
}
