//! The job that brings records back from an archive, as they were.

use std::collections::{BTreeMap, BTreeSet};

use base::{ArchiveId, RecordId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::Tx;
use work::Failure;

use super::{
    file,
    make::entry,
    pack::Line,
    row::{self, Archive},
};
use crate::{
    error::EngineError,
    job::steps::Steps,
    record::{self, CollectionKit, Kits, Place, RecordError},
};

/// What a job that brings records back is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) archive: ArchiveId,
    /// Only these; all of the archive when there are none.
    pub(crate) records: Vec<RecordId>,
}

/// How far a job has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct SoFar {
    records: u64,
    /// Records that could not be brought back, and why: the first of them.
    left: Vec<Json>,
    left_count: u64,
}

/// What became of a record.
enum Outcome {
    Back,
    /// It stays in the archive, because of this.
    Stays(&'static str),
}

/// Records of one transaction.
const BATCH: usize = 100;
/// Records whose reason is told.
const TOLD: usize = 100;

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let (id, reach) = (plan.archive, steps.act().reach);
    let (archive, records) = steps
        .read(move |db| {
            let archive = row::get(db, reach, id)?;
            Ok((archive, row::records(db, id)?))
        })
        .await?;
    let checkpoint = steps.job().checkpoint.clone();
    let before: SoFar =
        checkpoint.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default();
    // Those that stay are looked at again, and told as they are now.
    let mut so_far = SoFar { records: before.records, ..SoFar::default() };
    let is_left = |it: &RecordId| records.get(it) == Some(&true);
    let wanted: BTreeSet<RecordId> = match plan.records.is_empty() {
        true => records.keys().copied().filter(is_left).collect(),
        false => plan.records.iter().copied().filter(is_left).collect(),
    };
    let mut unknown: Vec<RecordId> =
        plan.records.into_iter().filter(|it| !records.contains_key(it)).collect();
    unknown.truncate(TOLD);
    if !wanted.is_empty() {
        steps.progress(5, "Reading the archive").await?;
        let total = wanted.len();
        let lines = file::read_back(steps, &archive, move |it| wanted.contains(&it.root)).await?;
        let mut families = families(lines);
        let mut done = 0;
        while !families.is_empty() {
            let percent = u8::try_from(10 + 85 * done / total).unwrap_or(95);
            steps.progress(percent, &format!("{} records are back", so_far.records)).await?;
            let rest = families.split_off(BATCH.min(families.len()));
            done += families.len();
            so_far = bring_back(steps, &archive, families, so_far).await?;
            families = rest;
        }
    }
    Ok(json!({
        "archive": id,
        "records": so_far.records,
        "left": so_far.left,
        "left_count": so_far.left_count,
        "unknown": unknown,
    }))
}

/// Each record with what lay in it.
fn families(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut all: BTreeMap<RecordId, Vec<Line>> = BTreeMap::new();
    for line in lines {
        all.entry(line.root).or_default().push(line);
    }
    all.into_values().collect()
}

/// Brings a batch back, and notes which ones: one transaction.
async fn bring_back(
    steps: &Steps,
    archive: &Archive,
    batch: Vec<Vec<Line>>,
    mut so_far: SoFar,
) -> Result<SoFar, Failure> {
    let (engine, archive) = (steps.engine.clone(), archive.clone());
    steps
        .commit(move |tx, act| {
            let kits = engine.folder().kits();
            let mut back = 0;
            for family in &batch {
                let Some(root) = family.first().map(|it| it.root) else { continue };
                match put_back(tx, kits, archive.tenant, family, act.now)? {
                    Outcome::Back => {
                        row::bring_back(tx, archive.id, root, act.now)?;
                        back += 1;
                    }
                    Outcome::Stays(why) => {
                        so_far.left_count += 1;
                        if so_far.left.len() < TOLD {
                            so_far.left.push(json!({"record": root, "why": why}));
                        }
                    }
                }
            }
            so_far.records += back as u64;
            tx.audit(entry(&archive, back, "records_brought_back", "Brought", "back", act.now));
            let checkpoint = json!(so_far);
            Ok((so_far, checkpoint))
        })
        .await
}

/// Puts a record back with what lay in it; all of it, or nothing.
fn put_back(
    tx: &Tx,
    kits: &Kits,
    tenant: TenantId,
    family: &[Line],
    now: Timestamp,
) -> Result<Outcome, EngineError> {
    let mut fitting = Vec::with_capacity(family.len());
    for line in family {
        match kits.get(&line.collection).filter(|it| fits(it, line)) {
            Some(kit) => fitting.push((kit, line)),
            None => return Ok(Outcome::Stays("its collection is declared otherwise now")),
        }
    }
    if let Some(parent) = family.first().and_then(|it| it.parent)
        && !record::holds_others(tx, parent, tenant)?
    {
        return Ok(Outcome::Stays("the record that held it is gone"));
    }
    let mut written = Vec::new();
    for (kit, line) in fitting {
        match record::put_back(tx, kit, &line.record(), now) {
            Ok(true) => written.push(line.id),
            Ok(false) => {}
            Err(RecordError::NotUnique { .. }) => {
                // What was there before stays, also when it lies in the same record.
                for id in written.into_iter().rev() {
                    record::erase_family(tx, id, now)?;
                }
                return Ok(Outcome::Stays("another record has its values now"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Outcome::Back)
}

/// Do the records of a collection still lie where this one lay?
fn fits(kit: &CollectionKit, line: &Line) -> bool {
    match kit.place {
        Place::Tenant => line.parent.is_none(),
        Place::Parent(_) => line.parent.is_some(),
        Place::Version(_) => false,
    }
}
