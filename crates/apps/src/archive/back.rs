//! The job that brings records back from an archive, as they were.

use std::collections::{BTreeMap, BTreeSet};

use base::{ArchiveId, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::Tx;
use work::Failure;

use super::{
    ArchiveError,
    make::{entry, read_back},
    pack::Line,
    row::{self, Archive},
};
use crate::{
    error::EngineError,
    job::steps::Steps,
    record::{self, Act, Kits, RecordError},
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
    let (archive, left) = steps
        .read(move |db| {
            let archive = row::get(db, reach, id)?;
            Ok((archive, row::left(db, id)?))
        })
        .await?;
    let mut so_far: SoFar = steps
        .job()
        .checkpoint
        .clone()
        .and_then(|it| serde_json::from_value(it).ok())
        .unwrap_or_default();
    let wanted: BTreeSet<RecordId> = match plan.records.is_empty() {
        true => left.into_iter().collect(),
        false => {
            let left: BTreeSet<RecordId> = left.into_iter().collect();
            plan.records.into_iter().filter(|it| left.contains(it)).collect()
        }
    };
    if !wanted.is_empty() {
        steps.progress(5, "Reading the archive").await?;
        let (_, lines) = read_back(steps, &archive).await?;
        let families = families(lines, &wanted);
        let total = families.len();
        for (at, batch) in families.chunks(BATCH).enumerate() {
            let percent = 10 + 85 * at * BATCH / total.max(1);
            let percent = u8::try_from(percent).unwrap_or(95);
            steps.progress(percent, &format!("{} records are back", so_far.records)).await?;
            so_far = bring_back(steps, &archive, batch.to_vec(), so_far).await?;
        }
    }
    Ok(json!({
        "archive": id,
        "records": so_far.records,
        "left": so_far.left,
        "left_count": so_far.left_count,
    }))
}

/// The lines of the wanted records, each record with what lay in it.
fn families(lines: Vec<Line>, wanted: &BTreeSet<RecordId>) -> Vec<Vec<Line>> {
    let mut all: BTreeMap<RecordId, Vec<Line>> = BTreeMap::new();
    for line in lines.into_iter().filter(|it| wanted.contains(&it.root)) {
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
                match put_back(tx, kits, act, family)? {
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
fn put_back(tx: &Tx, kits: &Kits, act: &Act, family: &[Line]) -> Result<Outcome, EngineError> {
    let Some(root) = family.first() else { return Ok(Outcome::Stays("empty")) };
    if let Some(parent) = root.parent
        && !record::is_there(tx, parent)?
    {
        return Ok(Outcome::Stays("the record that held it is gone"));
    }
    let mut written = false;
    for line in family {
        if !act.reaches(line.tenant) {
            return Err(RecordError::TenantForbidden(line.tenant).into());
        }
        let kit = kits.get(&line.collection);
        let kit = kit.ok_or_else(|| ArchiveError::NotDeclared(line.collection.clone()))?;
        match record::put_back(tx, kit, &line.record()) {
            Ok(is_new) => written |= is_new,
            Err(RecordError::NotUnique { .. }) => {
                if written {
                    record::erase_family(tx, root.id)?;
                }
                return Ok(Outcome::Stays("another record has its values now"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Outcome::Back)
}
