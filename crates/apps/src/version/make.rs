//! Making a version: begun, filled in chunks, finished.
//!
//! While it is built nobody sees what is in it through its record, so the chunks may come in
//! transactions of their own, and a job that dies leaves a version that [`discard`] takes away.

use base::{JobId, RecordId, VersionId};
use serde_json::Value as Json;
use store::{Dialect, Tx, audit, params};

use super::{Origin, State, Version, VersionError, get};
use crate::record::{
    self, Act, Checked, CollectionKit, Fresh, Kits, Record, RecordError, object, unique_fields,
};

/// A version to be begun.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The record it will be a version of.
    pub record: RecordId,
    /// What people will call it.
    pub label: String,
    /// What people say about it.
    pub notes: Option<String>,
    /// What it comes from.
    pub origin: Origin,
    /// The task that makes it.
    pub task: Option<String>,
    /// The job that makes it.
    pub job: Option<JobId>,
    /// What it is made with.
    pub inputs: Option<Json>,
    /// The version it is made from.
    pub based_on: Option<VersionId>,
}

impl NewVersion {
    /// A version with a label and nothing else said.
    pub fn new(record: RecordId, origin: Origin, label: impl Into<String>) -> Self {
        Self {
            record,
            label: label.into(),
            notes: None,
            origin,
            task: None,
            job: None,
            inputs: None,
            based_on: None,
        }
    }
}

/// A record to be put into a version.
#[derive(Debug, Clone)]
pub struct NewChild {
    /// Its id, when it was chosen before.
    pub id: Option<RecordId>,
    /// Its lineage, when it had ancestors; else it begins one.
    pub lineage: Option<RecordId>,
    /// Its place; behind all others when left out.
    pub position: Option<i64>,
    /// What it holds.
    pub data: Checked,
}

impl From<Checked> for NewChild {
    /// A record that was not there before.
    fn from(data: Checked) -> Self {
        Self { id: None, lineage: None, position: None, data }
    }
}

impl NewChild {
    /// The next form of a record that is there: same lineage, same place, other data.
    pub fn next(of: &Record, data: Checked) -> Self {
        Self { id: None, lineage: Some(of.lineage), position: Some(of.position), data }
    }
}

/// What is known about a version when it is finished.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Two or three sentences.
    pub summary: Option<String>,
    /// Anything.
    pub details: Option<Json>,
    /// What the task was unsure of.
    pub warnings: Option<Json>,
    /// Which prompt was used.
    pub prompt_version: Option<String>,
    /// `rules`, or `provider/model`.
    pub produced_by: Option<String>,
    /// What it was made with, when that is known only now.
    pub inputs: Option<Json>,
    /// Tokens it took.
    pub tokens_used: Option<i64>,
}

/// What goes into a version that is made in one go.
#[derive(Debug)]
pub enum Contents {
    /// These records.
    Records(Vec<NewChild>),
    /// All records of another version of the same record.
    CopyOf(VersionId),
}

/// Begins a version: it gets its number and is `building`. Needs no audit entry of its own; call it
/// inside a write or as bookkeeping of a job.
///
/// # Errors
/// [`VersionError::NotVersioned`]; [`RecordError::NotFound`] and [`RecordError::Deleted`].
pub fn begin(tx: &Tx, kits: &Kits, act: &Act, new: NewVersion) -> Result<Version, VersionError> {
    let record = record::living(record::find(tx, act.reach, new.record, None)?)?;
    let versioned = kits.get(&record.collection).and_then(|it| kits.children_of(it));
    if versioned.is_none() {
        return Err(VersionError::NotVersioned(record.collection));
    }
    if !act.reaches(record.tenant) {
        return Err(RecordError::TenantForbidden(record.tenant).into());
    }
    tx.hold(&format!("versions:{}", record.id))?;
    // Deleted versions keep their rows and are counted: a number is never given out twice.
    let number: i64 = tx
        .one(
            "SELECT COALESCE(max(number), 0) + 1 AS number FROM versions WHERE record = $1",
            &params![record.id],
        )?
        .get("number")?;
    let version = Version {
        id: VersionId::generate(),
        tenant: record.tenant,
        record: record.id,
        number,
        label: new.label,
        notes: new.notes,
        state: State::Building,
        origin: new.origin,
        task: new.task,
        job: new.job,
        inputs: new.inputs,
        summary: None,
        details: None,
        warnings: None,
        prompt_version: None,
        produced_by: None,
        based_on: new.based_on,
        record_count: 0,
        is_active: false,
        created_by: act.actor.to_string(),
        created_at: act.now,
    };
    tx.execute(
        "INSERT INTO versions (id, tenant, record, number, label, notes, state, origin, task, job,
                               inputs, based_on, record_count, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'building', $7, $8, $9, $10, $11, 0, $12, $13)",
        &params![
            version.id,
            version.tenant,
            version.record,
            version.number,
            &version.label,
            version.notes.clone(),
            version.origin.name(),
            version.task.clone(),
            version.job,
            version.inputs.clone(),
            version.based_on,
            &version.created_by,
            version.created_at
        ],
    )
    .map_err(|error| match error.violates("versions_record_number") {
        true => VersionError::Number,
        false => error.into(),
    })?;
    Ok(version)
}

/// Puts records into a version that is being built. Needs no audit entry of its own.
///
/// # Errors
/// [`VersionError::NotUnique`]; [`VersionError::Finished`]; [`VersionError::NotFound`].
pub fn add(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    version: VersionId,
    children: Vec<NewChild>,
) -> Result<(), VersionError> {
    let (version, kit) = building(tx, kits, act, version)?;
    if !kit.spec.references.is_empty() {
        let all: Vec<_> = children.iter().map(|it| (it.data.data(), None)).collect();
        record::check_references(tx, kit, version.tenant, &all)?;
    }
    let mut place: i64 = match children.iter().all(|it| it.position.is_some()) {
        true => 0,
        false => tx
            .one(
                "SELECT COALESCE(max(position), 0) AS last FROM records WHERE version = $1",
                &params![version.id],
            )?
            .get("last")?,
    };
    let rows = children.into_iter().map(|it| {
        let id = it.id.unwrap_or_else(RecordId::generate);
        let position = it.position.unwrap_or(place + 1);
        place = place.max(position);
        Fresh {
            id,
            tenant: version.tenant,
            parent: Some(version.record),
            version: Some(version.id),
            lineage: it.lineage.unwrap_or(id),
            position,
            data: it.data,
        }
    });
    let rows = rows.collect();
    record::insert(tx, kit, rows, &act.actor.to_string(), act.now)
        .map_err(|error| not_unique(kit, error))
}

/// Copies all records of `from` into a version of the same record that is being built: new ids, same
/// lineage, same places.
///
/// # Errors
/// As [`add`]; [`VersionError::DifferentRecords`].
pub fn copy(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    from: VersionId,
    into: VersionId,
) -> Result<(), VersionError> {
    let mut after = None;
    loop {
        after = copy_some(tx, kits, act, from, into, after, 2_000)?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Copies at most `limit` records that lie behind the place `after`, and says behind which place to
/// go on; none when all are there. So a long copy can be made in several transactions.
///
/// # Errors
/// As [`copy`].
pub fn copy_some(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    from: VersionId,
    into: VersionId,
    after: Option<(i64, RecordId)>,
    limit: u32,
) -> Result<Option<(i64, RecordId)>, VersionError> {
    let (target, kit) = building(tx, kits, act, into)?;
    let source = get(tx, act.reach, from)?;
    if source.record != target.record {
        return Err(VersionError::DifferentRecords(from, into));
    }
    let (position, id) = after.map_or((-1, String::new()), |(it, id)| (it, id.to_string()));
    let rows = tx.query(
        "SELECT id, lineage, position, data FROM records
          WHERE version = $1 AND (position, id) > ($2, $3)
          ORDER BY position, id LIMIT $4",
        &params![from, position, id, limit],
    )?;
    let next = match rows.last() {
        Some(last) if rows.len() == limit as usize => {
            Some((last.get("position")?, last.get("id")?))
        }
        _ => None,
    };
    let mut copies = Vec::with_capacity(rows.len());
    for row in &rows {
        copies.push(Fresh {
            id: RecordId::generate(),
            tenant: target.tenant,
            parent: Some(target.record),
            version: Some(target.id),
            lineage: row.get("lineage")?,
            position: row.get("position")?,
            data: Checked::stored(kit, object(row, "data")?),
        });
    }
    record::insert(tx, kit, copies, &act.actor.to_string(), act.now)
        .map_err(|error| not_unique(kit, error))?;
    Ok(next)
}

/// Finishes a version: it is counted and `ready`, and waits to be activated.
///
/// # Errors
/// [`VersionError::Finished`], [`VersionError::NotFound`].
pub fn finish(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    id: VersionId,
    outcome: Outcome,
) -> Result<Version, VersionError> {
    let tokens = outcome.tokens_used;
    let version = close(tx, kits, act, id, outcome)?;
    let mut entry = entry("version_created", &version).after(serde_json::json!({
        "number": version.number,
        "label": version.label,
        "origin": version.origin.name(),
        "record_count": version.record_count,
        "produced_by": version.produced_by,
    }));
    if let Some(tokens) = tokens {
        entry = entry.tokens(tokens);
    }
    tx.audit(entry);
    Ok(version)
}

/// Makes a whole version in one transaction: begun, filled, finished; with its audit entry.
///
/// # Errors
/// As [`begin`], [`add`], [`copy`] and [`finish`].
pub fn complete(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    new: NewVersion,
    contents: Contents,
    outcome: Outcome,
) -> Result<Version, VersionError> {
    let version = fill(tx, kits, act, new, contents)?;
    finish(tx, kits, act, version, outcome)
}

/// Begins and fills a version.
pub(super) fn fill(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    new: NewVersion,
    contents: Contents,
) -> Result<VersionId, VersionError> {
    let version = begin(tx, kits, act, new)?;
    match contents {
        Contents::Records(children) => add(tx, kits, act, version.id, children)?,
        Contents::CopyOf(from) => copy(tx, kits, act, from, version.id)?,
    }
    Ok(version.id)
}

/// Takes away what a job left behind: all versions it was building. Says how many. Needs no audit
/// entry of its own: nobody was ever told of them.
///
/// # Errors
/// [`VersionError::Store`].
pub fn discard(tx: &Tx, job: JobId) -> Result<u32, VersionError> {
    let rows =
        tx.query("SELECT id FROM versions WHERE job = $1 AND state = 'building'", &params![job])?;
    let mut discarded = 0;
    for row in rows {
        let id: VersionId = row.get("id")?;
        remove_records(tx, id)?;
        tx.execute("DELETE FROM versions WHERE id = $1", &params![id])?;
        discarded += 1;
    }
    Ok(discarded)
}

/// Counts a version and makes it ready.
pub(super) fn close(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    id: VersionId,
    outcome: Outcome,
) -> Result<Version, VersionError> {
    let (version, children) = building(tx, kits, act, id)?;
    if let Some(parent) = kits.parent_of(children) {
        tell(tx, &parent.name, &version);
    }
    let record_count: i64 = tx
        .one("SELECT count(*) AS total FROM records WHERE version = $1", &params![id])?
        .get("total")?;
    let version = Version {
        state: State::Ready,
        record_count,
        summary: outcome.summary,
        details: outcome.details,
        warnings: outcome.warnings,
        prompt_version: outcome.prompt_version,
        produced_by: outcome.produced_by,
        inputs: outcome.inputs.or(version.inputs),
        ..version
    };
    tx.execute(
        "UPDATE versions
            SET state = 'ready', record_count = $2, summary = $3, details = $4, warnings = $5,
                prompt_version = $6, produced_by = $7, inputs = $8
          WHERE id = $1",
        &params![
            id,
            version.record_count,
            version.summary.clone(),
            version.details.clone(),
            version.warnings.clone(),
            version.prompt_version.clone(),
            version.produced_by.clone(),
            version.inputs.clone()
        ],
    )?;
    Ok(version)
}

/// Whoever keeps something made of what lies in versions listens to the collection that holds them.
pub(super) fn tell(tx: &Tx, collection: &str, version: &Version) {
    store::mark::touch(tx, &record::mark_name(collection), version.tenant);
}

/// An audit entry about a version.
pub(super) fn entry(action: &'static str, version: &Version) -> audit::Entry {
    let summary = format!("Version {} `{}`", version.number, version.label);
    audit::Entry::new(version.tenant, action, format!("versions/{}", version.id), summary)
        .record(version.record)
        .version(version.id)
}

/// Takes all records out of a version, with their words and vectors.
pub(crate) fn remove_records(tx: &Tx, version: VersionId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM record_vectors WHERE version = $1", &params![version])?;
    if tx.dialect() == Dialect::Sqlite {
        tx.execute(
            "DELETE FROM record_words WHERE rowid IN (SELECT seq FROM records WHERE version = $1)",
            &params![version],
        )?;
    }
    tx.execute("DELETE FROM records WHERE version = $1", &params![version])?;
    Ok(())
}

/// The version, held so that nobody finishes or discards it meanwhile, and what is kept in it.
fn building<'a>(
    tx: &Tx,
    kits: &'a Kits,
    act: &Act,
    id: VersionId,
) -> Result<(Version, &'a CollectionKit), VersionError> {
    if tx.dialect() == Dialect::Postgres {
        tx.first("SELECT id FROM versions WHERE id = $1 FOR UPDATE", &params![id])?;
    }
    let version = get(tx, act.reach, id)?;
    if version.state == State::Ready {
        return Err(VersionError::Finished(id));
    }
    let collection: String = tx
        .one("SELECT collection FROM records WHERE id = $1", &params![version.record])?
        .get("collection")?;
    let kit = kits.get(&collection).and_then(|it| kits.children_of(it));
    Ok((version, kit.ok_or(VersionError::NotVersioned(collection))?))
}

fn not_unique(kit: &CollectionKit, error: store::Error) -> VersionError {
    match unique_fields(kit, &error) {
        Some(fields) => VersionError::NotUnique { collection: kit.name.clone(), fields },
        None => error.into(),
    }
}
