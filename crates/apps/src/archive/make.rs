//! The job that puts old records away, batch by batch: written, read back, and only then removed.

use std::collections::BTreeMap;

use base::{ArchiveId, RecordId, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Dialect, Tx, audit, params};
use work::Failure;

use super::{
    ArchiveError,
    choose::{self, Family},
    pack::{self, FORMAT, Head, Line},
    place::Places,
    row::{self, Archive, State},
};
use crate::{
    description::Archive as Rule,
    error::EngineError,
    job::steps::{Steps, failure},
    record::{self, Act, CollectionKit, FAMILY, Kits},
};

/// What a job that puts records away is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) collection: String,
}

/// How far a job has come: kept with each step, so that the next attempt counts on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct SoFar {
    archives: Vec<ArchiveId>,
    records: u64,
    rows: u64,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let kit = steps.engine.folder().kits().get(&plan.collection);
    let declared = kit.and_then(|it| Some((it, it.spec.archive.clone()?)));
    let Some((kit, rule)) = declared else {
        return Err(refused(ArchiveError::NotDeclared(plan.collection)));
    };
    throw_away(steps, &plan.collection).await?;
    let mut so_far: SoFar = steps
        .job()
        .checkpoint
        .clone()
        .and_then(|it| serde_json::from_value(it).ok())
        .unwrap_or_default();
    loop {
        let words = format!("{} records put away", so_far.records);
        steps.progress(0, &words).await?;
        let batch = due(steps, kit, &rule).await?;
        if batch.is_empty() {
            break;
        }
        let archive = write(steps, kit, &rule, &batch).await?;
        match remove(steps, &archive, batch, so_far.clone()).await? {
            Some(next) => so_far = next,
            // Somebody changed every one of them meanwhile: they are looked at again another time.
            None => {
                throw_away(steps, &plan.collection).await?;
                break;
            }
        }
    }
    let SoFar { archives, records, rows } = so_far;
    let collection = plan.collection;
    Ok(json!({"collection": collection, "archives": archives, "records": records, "rows": rows}))
}

/// The next records that are due, with what lies in them.
async fn due(steps: &Steps, kit: &CollectionKit, rule: &Rule) -> Result<Vec<Family>, Failure> {
    let (engine, name, rule) = (steps.engine.clone(), kit.name.clone(), rule.clone());
    let (tenant, now) = (steps.job().tenant, steps.now());
    steps
        .read(move |db| {
            let kit = engine.folder().kits().get(&name);
            let kit = kit.ok_or_else(|| ArchiveError::NotDeclared(name.clone()))?;
            Ok(choose::due(db, kit, &rule, tenant, now, rule.batch)?)
        })
        .await
}

/// Writes an archive and reads it back: what this returns is there, whole.
async fn write(
    steps: &Steps,
    kit: &CollectionKit,
    rule: &Rule,
    batch: &[Family],
) -> Result<Archive, Failure> {
    let (now, tenant) = (steps.now(), steps.job().tenant);
    let id = ArchiveId::generate();
    let app = steps.engine.folder().description().app.clone();
    let name = format!("{app}/{tenant}/{}/{}-{id}.jsonl.gz", kit.name, now.strftime("%Y-%m-%d"));
    let head = Head {
        archive: id,
        format: FORMAT,
        app,
        tenant,
        collection: kit.name.clone(),
        made_at: now,
    };
    let lines: Vec<Line> = batch
        .iter()
        .flat_map(|family| family.rows.iter().map(|it| Line::of(family.root, it.clone())))
        .collect();
    let made = batch.iter().filter_map(|it| it.rows.first()).map(|it| it.created_at);
    let (oldest_at, newest_at) = (made.clone().min().unwrap_or(now), made.max().unwrap_or(now));
    let row_count = lines.len() as u64;
    let packed = tokio::task::spawn_blocking(move || pack::pack(&head, &lines)).await;
    let packed = packed
        .map_err(|_| Failure::for_now("unavailable", "packing the records broke off"))
        .map(Bytes::from)?;
    let archive = Archive {
        id,
        tenant,
        collection: kit.name.clone(),
        state: State::Writing,
        place: rule.to,
        object: Places::object(rule.to, &name, &packed),
        sha256: hex::encode(Sha256::digest(&packed)),
        size_bytes: packed.len() as u64,
        record_count: batch.len() as u64,
        row_count,
        brought_back: 0,
        oldest_at,
        newest_at,
        job: steps.job().id,
        created_by: steps.act().actor.to_string(),
        created_at: now,
    };
    // Before the object: one that nobody knows of could not be thrown away.
    let begun = archive.clone();
    steps.build(move |tx, _| Ok(row::begin(tx, &begun)?)).await?;
    let (places, store, whose) =
        (steps.engine.places(), steps.engine.store(), (archive.place, tenant));
    places.put(store, whose, &archive.object, packed, now).await.map_err(refused)?;
    read_back(steps, &archive).await?;
    Ok(archive)
}

/// Reads an archive where it lies: it must be what was written, to the last byte, and readable.
///
/// # Errors
/// [`ArchiveError::Damaged`], as a failure of the job.
pub(super) async fn read_back(
    steps: &Steps,
    archive: &Archive,
) -> Result<(Head, Vec<Line>), Failure> {
    let (places, store) = (steps.engine.places(), steps.engine.store());
    let whose = (archive.place, archive.tenant);
    let found = places.get(store, whose, &archive.object, steps.now()).await.map_err(refused)?;
    let id = archive.id;
    let damaged = move |why: String| refused(ArchiveError::Damaged { id, why });
    let bytes = found.ok_or_else(|| damaged("it is not where it was put".into()))?;
    if hex::encode(Sha256::digest(&bytes)) != archive.sha256 {
        return Err(damaged("its checksum is another one".into()));
    }
    let unpacked = tokio::task::spawn_blocking(move || pack::unpack(&bytes)).await;
    let (head, lines) = unpacked
        .map_err(|_| Failure::for_now("unavailable", "unpacking the records broke off"))?
        .map_err(damaged)?;
    match head.archive == id {
        true => Ok((head, lines)),
        false => Err(damaged(format!("it is archive {}", head.archive))),
    }
}

/// Removes the records of an archive that are still as they were put into it, and says that it is kept:
/// one transaction. None when there is none of them.
async fn remove(
    steps: &Steps,
    archive: &Archive,
    batch: Vec<Family>,
    so_far: SoFar,
) -> Result<Option<SoFar>, Failure> {
    let (engine, archive) = (steps.engine.clone(), archive.clone());
    steps
        .commit(move |tx, act| {
            let kits = engine.folder().kits();
            let (mut gone, mut rows) = (Vec::new(), 0);
            for family in &batch {
                if is_as_it_was(tx, family)? && put_away(tx, kits, act, family.root)? {
                    gone.push(family.root);
                    rows += family.rows.len();
                }
            }
            tx.audit(entry(&archive, gone.len(), "records_archived", "Put", "away", act.now));
            if gone.is_empty() {
                return Ok((None, json!(so_far)));
            }
            if !row::keep(tx, &archive, &gone, rows)? {
                let why = "it was thrown away meanwhile".to_owned();
                return Err(ArchiveError::Damaged { id: archive.id, why }.into());
            }
            let mut so_far = so_far;
            so_far.archives.push(archive.id);
            so_far.records += gone.len() as u64;
            so_far.rows += rows as u64;
            let checkpoint = json!(so_far);
            Ok((Some(so_far), checkpoint))
        })
        .await
}

/// Are these rows those that were put away, and are there no others? They stay so until the transaction
/// ends.
fn is_as_it_was(tx: &Tx, family: &Family) -> Result<bool, store::Error> {
    if tx.dialect() == Dialect::Postgres {
        // What is read together with the lock is, after a wait, a mixture of before and after.
        let lock = format!(
            "{FAMILY} SELECT r.id FROM records r WHERE r.id IN (SELECT id FROM family) FOR UPDATE OF r"
        );
        tx.query(lock.as_str(), &params![family.root])?;
    }
    let now = choose::rows(tx, family.root)?;
    let revisions = |rows: &[record::Record]| -> BTreeMap<RecordId, (i64, Option<Timestamp>)> {
        rows.iter().map(|it| (it.id, (it.revision, it.deleted_at))).collect()
    };
    Ok(!now.is_empty() && revisions(&now) == revisions(&family.rows))
}

fn put_away(tx: &Tx, kits: &Kits, act: &Act, root: RecordId) -> Result<bool, EngineError> {
    let record = record::find(tx, act.reach, root, None)?;
    let Some(kit) = kits.get(&record.collection) else { return Ok(false) };
    record::put_away(tx, kits, kit, &record)?;
    Ok(true)
}

/// Throws away what an attempt that died has begun: the records it is about are all there.
///
/// First the rows say so, under the fence: an attempt that has lost the job cannot say it, and so never
/// removes an object of the one that has it now.
async fn throw_away(steps: &Steps, collection: &str) -> Result<(), Failure> {
    let (tenant, name) = (steps.job().tenant, collection.to_owned());
    let begun = steps.build(move |tx, _| Ok(row::give_up(tx, tenant, &name)?)).await?;
    for archive in begun {
        let (places, store) = (steps.engine.places(), steps.engine.store());
        let whose = (archive.place, archive.tenant);
        let gone = places.remove(store, whose, &archive.object, steps.now()).await;
        gone.map_err(refused)?;
        steps.build(move |tx, _| Ok(row::forget(tx, archive.id)?)).await?;
    }
    Ok(())
}

/// The audit entry of an act on an archive.
pub(super) fn entry(
    archive: &Archive,
    records: usize,
    action: &'static str,
    verb: &str,
    where_to: &str,
    at: Timestamp,
) -> audit::Entry {
    let Archive { id, tenant, collection, .. } = archive;
    let summary = format!("{verb} {records} records of {collection} {where_to}");
    let after = json!({"archive": id, "records": records, "sha256": archive.sha256, "at": at});
    audit::Entry::new(*tenant, action, format!("archives/{id}"), summary).after(after)
}

/// Ends or postpones the job.
pub(super) fn refused(error: impl Into<ArchiveError>) -> Failure {
    failure(EngineError::Archive(error.into()))
}
