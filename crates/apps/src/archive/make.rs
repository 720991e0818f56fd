//! The job that puts old records away, batch by batch: written, read back, and only then removed.

use std::time::Duration;

use base::{ArchiveId, RecordId, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Dialect, Tx, audit, blob, params};
use tracing::warn;
use work::Failure;

use super::{
    ArchiveError,
    choose::{self, After, Batch, Bounds, Family, Marks},
    file,
    pack::{self, FORMAT, Head, Line},
    refused,
    row::{self, Archive},
};
use crate::{
    description::Archive as Rule,
    job::steps::Steps,
    record::{self, CollectionKit, FAMILY},
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
    /// The first of them.
    archives: Vec<ArchiveId>,
    archive_count: u64,
    records: u64,
    rows: u64,
}

/// Archives, and records that stay, that are told by their ids.
const TOLD: usize = 100;

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
    let (mut after, mut too_large) = (None, Vec::new());
    loop {
        let words = format!("{} records put away", so_far.records);
        steps.progress(0, &words).await?;
        let batch = due(steps, kit, &rule, after).await?;
        too_large.extend(batch.too_large);
        if !batch.families.is_empty() {
            let (archive, marks) = write(steps, kit, &rule, batch.families).await?;
            match remove(steps, &archive, marks, so_far.clone()).await? {
                Some(next) => so_far = next,
                // Somebody changed every one of them meanwhile: they are looked at again another time.
                None => throw_away(steps, &plan.collection).await?,
            }
        }
        after = batch.next;
        if after.is_none() {
            break;
        }
    }
    let (collection, left) = (plan.collection, too_large.len());
    if left > 0 {
        warn!(
            archive.collection = collection.as_str(),
            archive.left = left,
            "{left} old records of {collection} stay: with what lies in them they are too large for an archive"
        );
    }
    too_large.truncate(TOLD);
    let SoFar { archives, archive_count, records, rows } = so_far;
    Ok(json!({
        "collection": collection,
        "archives": archives,
        "archive_count": archive_count,
        "records": records,
        "rows": rows,
        "too_large": too_large,
        "too_large_count": left,
    }))
}

/// The next records that are due, with what lies in them.
async fn due(
    steps: &Steps,
    kit: &CollectionKit,
    rule: &Rule,
    after: Option<After>,
) -> Result<Batch, Failure> {
    let (engine, name, rule) = (steps.engine.clone(), kit.name.clone(), rule.clone());
    let (tenant, now) = (steps.job().tenant, steps.now());
    steps
        .read(move |db| {
            let kit = engine.folder().kits().get(&name);
            let kit = kit.ok_or_else(|| ArchiveError::NotDeclared(name.clone()))?;
            Ok(choose::due(db, kit, &rule, tenant, now, after, Bounds::of(rule.batch))?)
        })
        .await
}

/// Writes an archive and reads it back: what this returns is there, whole. Beside it, how its records were.
async fn write(
    steps: &Steps,
    kit: &CollectionKit,
    rule: &Rule,
    families: Vec<Family>,
) -> Result<(Archive, Vec<(RecordId, Marks)>), Failure> {
    let (now, tenant) = (steps.now(), steps.job().tenant);
    let id = ArchiveId::generate();
    let head = Head {
        archive: id,
        format: FORMAT,
        app: steps.engine.folder().description().app.clone(),
        tenant,
        collection: kit.name.clone(),
        made_at: now,
    };
    let marks: Vec<_> = families.iter().map(|it| (it.root, it.marks())).collect();
    let made: Vec<Timestamp> =
        families.iter().filter_map(|it| it.rows.first()).map(|it| it.created_at).collect();
    let (oldest_at, newest_at) = (made.iter().min().copied(), made.iter().max().copied());
    let packed = tokio::task::spawn_blocking(move || {
        let lines = families.iter().flat_map(|family| {
            let root = family.root;
            family.rows.iter().map(move |it| Line::of(root, it))
        });
        pack::pack(&head, lines)
    });
    let packed = packed
        .await
        .map_err(|_| Failure::for_now("unavailable", "packing the records broke off"))?
        .map_err(|error| Failure::for_good("internal", format!("packing the records: {error}")))?;
    let size_bytes = packed.len() as u64;
    let kept =
        file::keep(steps.engine.store(), rule.place, tenant, Bytes::from(packed), now).await?;
    let archive = Archive {
        id,
        tenant,
        collection: kit.name.clone(),
        blob: kept.id().clone(),
        place: None,
        size_bytes,
        record_count: marks.len() as u64,
        row_count: marks.iter().map(|it| it.1.len() as u64).sum(),
        brought_back: 0,
        oldest_at: oldest_at.unwrap_or(now),
        newest_at: newest_at.unwrap_or(now),
        job: steps.job().id,
        created_by: steps.act().actor.to_string(),
        created_at: now,
    };
    // Named before it is read back: that is how it is found again, wherever it may lie by then.
    let begun = archive.clone();
    steps
        .build(move |tx, act| {
            blob::put(tx, &kept, act.now)?;
            Ok(row::begin(tx, &begun)?)
        })
        .await?;
    file::read_back(steps, &archive, |_| false).await?;
    Ok((archive, marks))
}

/// Removes the records of an archive that are still as they were put into it, and says that it is kept:
/// one transaction. None when there is none of them.
async fn remove(
    steps: &Steps,
    archive: &Archive,
    families: Vec<(RecordId, Marks)>,
    so_far: SoFar,
) -> Result<Option<SoFar>, Failure> {
    let (engine, archive) = (steps.engine.clone(), archive.clone());
    steps
        .commit(move |tx, act| {
            let kits = engine.folder().kits();
            let no_kit = || ArchiveError::NotDeclared(archive.collection.clone());
            let kit = kits.get(&archive.collection).ok_or_else(no_kit)?;
            let (mut gone, mut rows) = (Vec::new(), 0);
            for (root, before) in &families {
                if is_as_it_was(tx, *root, before)? {
                    record::put_away(tx, kits, kit, *root, archive.tenant, act.now)?;
                    gone.push(*root);
                    rows += before.len();
                }
            }
            tx.audit(entry(&archive, gone.len(), "records_archived", "Put", "away", act.now));
            if gone.is_empty() {
                return Ok((None, json!(so_far)));
            }
            if !row::keep(tx, &archive, &gone, rows)? {
                return Err(given_up(archive.id).into());
            }
            let mut so_far = so_far;
            if so_far.archives.len() < TOLD {
                so_far.archives.push(archive.id);
            }
            so_far.archive_count += 1;
            so_far.records += gone.len() as u64;
            so_far.rows += rows as u64;
            let checkpoint = json!(so_far);
            Ok((Some(so_far), checkpoint))
        })
        .await
}

/// Nothing is removed, and the next attempt makes another archive.
fn given_up(id: ArchiveId) -> ArchiveError {
    let why = format!("archive {id} was given up meanwhile");
    store::Error::Unavailable { retry_after: Duration::from_secs(1), why }.into()
}

/// Are these rows those that were put away, and are there no others? They stay so until the transaction
/// ends.
fn is_as_it_was(tx: &Tx, root: RecordId, before: &Marks) -> Result<bool, store::Error> {
    if tx.dialect() == Dialect::Postgres {
        // What is read together with the lock is, after a wait, a mixture of before and after.
        let lock = format!(
            "{FAMILY} SELECT r.id FROM records r WHERE r.id IN (SELECT id FROM family)
              ORDER BY r.id FOR UPDATE OF r"
        );
        tx.query(lock.as_str(), &params![root])?;
    }
    let now = choose::marks(tx, root)?;
    Ok(!now.is_empty() && now == *before)
}

/// Gives up what an attempt that died has begun: the records it is about are all there. Under the fence, so
/// an attempt that has lost the job gives up nothing of the one that has it now.
async fn throw_away(steps: &Steps, collection: &str) -> Result<(), Failure> {
    let (tenant, name) = (steps.job().tenant, collection.to_owned());
    steps.build(move |tx, act| Ok(row::give_up(tx, tenant, &name, act.now)?)).await
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
    let Archive { id, tenant, collection, blob, .. } = archive;
    let summary = format!("{verb} {records} records of {collection} {where_to}");
    let after = json!({"archive": id, "records": records, "sha256": blob.as_str(), "at": at});
    audit::Entry::new(*tenant, action, format!("archives/{id}"), summary).after(after)
}
