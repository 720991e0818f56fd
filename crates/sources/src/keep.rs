//! Keeping records: what is new is put in, what changed is changed, what was corrected by hand is left
//! alone. A part is one transaction, with what is remembered of it: a kill loses or doubles nothing.

mod compared;
mod gone;
mod plan;
mod write;

use std::collections::HashMap;

pub(crate) use gone::Met;

use base::{RecordId, Timestamp};
use store::Tx;
use work::Running;

use crate::{
    aside::{self, Aside, Step as AsideStep},
    decide::Decision,
    expression::Data,
    finding::Finding,
    harvest::{Item, Resisting, is_empty},
    item::{self, Known, Of},
    metric,
    program::Program,
    run::Counts,
    shelf::Shelf,
    state::Memory,
    trip::{Stop, Trip},
};

/// The most records of one transaction.
pub(crate) const PART: usize = 100;

/// A record that fits its collection, and the hash of what is said of it.
#[derive(Debug, Clone)]
struct Ready {
    item: Item,
    /// Fields of which the source says nothing: what is in them its collection completed.
    completed: Vec<String>,
    hash: String,
}

/// What is to be done with one of them.
#[derive(Debug)]
struct Planned {
    at: usize,
    decision: Decision,
    known: Option<Known>,
    record: Option<RecordId>,
}

/// What goes along with a part: rows that are set aside, and how far the walk is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Along {
    pub(crate) aside: Vec<Aside>,
    pub(crate) memory: Option<Memory>,
}

/// What came of a part.
#[derive(Debug, Default)]
struct Kepts {
    counts: Counts,
    findings: Vec<Finding>,
    compared: Vec<(String, String)>,
}

/// All that a transaction needs, out of the reach of the run.
struct Keeper {
    program: Program,
    shelf: std::sync::Arc<dyn Shelf>,
    of: Of,
    job: Running,
    now: Timestamp,
    ready: Vec<Ready>,
    along: Along,
    /// What the collection lays into fields of which nobody says anything.
    usual: Data,
    compared: HashMap<String, String>,
    asides: Vec<String>,
    before: Counts,
    findings: Vec<Finding>,
}

impl Trip<'_> {
    /// Keeps a part: all of it, or nothing.
    pub(crate) async fn keep(
        &mut self,
        items: Vec<Item>,
        along: Option<Along>,
    ) -> Result<(), Stop> {
        let along = along.unwrap_or_default();
        if items.is_empty() && along.aside.is_empty() && along.memory.is_none() {
            return Ok(());
        }
        let source = self.program.source();
        // What the collection makes by itself is nothing that the source says, nor a correction by hand.
        let mut made = self.room.shelf().made(&source.into);
        made.retain(|it| !source.key.contains(it));
        let ready = items.into_iter().map(|mut item| {
            // And what it completes is as good as said, where nobody else has said anything.
            let whole = self.room.shelf().completed(&source.into, &item.data);
            let completed = only_completed(&item.data, &whole);
            item.data.extend(whole.into_iter().filter(|it| !source.key.contains(&it.0)));
            item.data.retain(|name, _| !made.contains(name));
            Ready { hash: item::hash(&item.data), completed, item }
        });
        let ready: Vec<Ready> = ready.collect();
        let compared = ready
            .iter()
            .filter_map(|it| Some((it.item.key.clone(), self.compared.get(&it.item.key)?.clone())));
        let keeper = std::sync::Arc::new(Keeper {
            usual: self.room.shelf().usual(&source.into),
            compared: compared.collect(),
            asides: self.were_aside(&ready),
            program: self.program.clone(),
            shelf: self.room.shelf().clone(),
            of: self.of.clone(),
            job: self.job.clone(),
            now: self.room.now(),
            before: self.counts,
            findings: self.kept_findings(),
            ready,
            along,
        });
        let looking = keeper.clone();
        let planned = self.room.store().read(move |db| looking.plan(db)).await?;
        let writing = keeper.clone();
        let is_quiet = planned.iter().all(Planned::is_quiet);
        let done = if is_quiet {
            let write = move |tx: &Tx| writing.write(tx, planned, false);
            self.room.store().bookkeep("note what a source says", write).await?
        } else {
            let (actor, now) = (self.job.actor(), keeper.now);
            // Somebody may have changed a record since it was looked at.
            let write = move |tx: &Tx| {
                let planned = writing.plan(tx)?;
                writing.write(tx, planned, true)
            };
            self.room.store().write(&actor, now, write).await?
        };
        self.counts = done.counts;
        for finding in done.findings {
            self.tell(finding);
        }
        self.compared.extend(done.compared);
        if let Some(memory) = &keeper.along.memory {
            self.memory = memory.clone();
        }
        Ok(())
    }

    /// Names under which what is kept now was aside before.
    fn were_aside(&self, ready: &[Ready]) -> Vec<String> {
        let names = ready.iter().flat_map(|it| {
            let place = it.item.place.map(|it| it.to_string());
            [Some(it.item.key.clone()), place].into_iter().flatten()
        });
        names.filter(|it| self.asides.contains(it)).collect()
    }

    /// Sets aside what could not be read, in place of all that earlier runs did: everything was read anew.
    pub(crate) async fn set_aside(
        &mut self,
        rows: &[Resisting],
        records: &[(Item, String)],
    ) -> Result<(), Stop> {
        self.tell_aside(rows, records);
        let aside = put_aside(rows, records, self.room.now());
        self.counts.errors += aside.len() as u64;
        if aside.is_empty() && self.asides.is_empty() {
            return Ok(());
        }
        metric::RECORDS.add(aside.len() as u64, &[self.program.name(), "aside"]);
        let (job, of, now) = (self.job.clone(), self.of.clone(), self.room.now());
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            aside::clear(tx, of.tenant, &of.source)?;
            for it in &aside {
                aside::put(tx, of.tenant, &of.source, it, now)?;
            }
            Ok::<_, Stop>(())
        };
        self.room.store().bookkeep("set rows of a source aside", write).await
    }
}

/// The fields that are empty in what is said and not in what was made of it.
fn only_completed(said: &Data, whole: &Data) -> Vec<String> {
    let is_open = |data: &Data, name: &str| data.get(name).is_none_or(is_empty);
    let names = said.keys().filter(|it| is_open(said, it) && !is_open(whole, it));
    names.cloned().collect()
}

/// What is set aside, as it is written down.
pub(crate) fn put_aside(
    rows: &[Resisting],
    records: &[(Item, String)],
    now: Timestamp,
) -> Vec<Aside> {
    let rows = rows.iter().map(|it| Aside {
        raw: it.raw.clone(),
        ..Aside::new(&it.key, AsideStep::Row, &it.reason, it.row.clone(), now)
    });
    let records = records.iter().map(|(item, why)| Aside {
        raw: item.raw.clone(),
        ..Aside::new(&item.key, AsideStep::Record, why, item.data.clone(), now)
    });
    rows.chain(records).collect()
}

impl Planned {
    /// Does nothing of it change a record?
    fn is_quiet(&self) -> bool {
        !matches!(self.decision, Decision::Insert | Decision::Update(_))
    }
}
