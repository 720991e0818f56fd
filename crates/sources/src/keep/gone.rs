//! Marking the records that a source no longer has. None is deleted, and none is marked whose row was met,
//! however little could be made of it.

use base::{RecordId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Error, Tx, audit};
use work::Running;

use crate::{
    description::Source,
    expression::Data,
    finding::{Code, Finding},
    harvest::{Item, Resisting, has_key, seen_kept},
    item::{self, Known, Of},
    metric,
    shelf::{Kept, Patch, Refused, Who},
    trip::{Stop, Trip},
};

/// The most records that are looked at together when they may have gone.
const GONE_PART: u32 = 200;

/// What a run met and could not keep: it is there, so it has not gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Met {
    /// By what it is recognised.
    items: Vec<String>,
    /// How many nobody recognises.
    unknown: usize,
}

impl Met {
    /// Those of rows that resisted that are recognised all the same, whoever may read them then.
    pub(crate) fn recognised(rows: &[Resisting]) -> Self {
        Self { items: rows.iter().filter_map(|it| it.item.clone()).collect(), unknown: 0 }
    }

    /// And the rows that nobody could read, and records that do not fit. A row that was refused was read, and is
    /// none of the records that are meant.
    pub(crate) fn with(
        mut self,
        source: &Source,
        rows: &[Resisting],
        records: &[(Item, String)],
    ) -> Self {
        self.unknown += rows.iter().filter(|it| it.item.is_none() && !it.is_refused).count();
        for (item, _) in records {
            match has_key(source, &item.data) {
                true => self.items.push(item.key.clone()),
                false => self.unknown += 1,
            }
        }
        self
    }
}

impl Trip<'_> {
    /// Marks records that the source no longer has. None is deleted.
    pub(crate) async fn mark_gone(&mut self, met: Met) -> Result<(), Stop> {
        if self.program.source().gone.is_none() {
            return Ok(());
        }
        let unknown = met.unknown;
        self.note_met(met.items).await?;
        if unknown > 0 {
            return self.tell_unknown(unknown).await;
        }
        loop {
            self.stopped()?;
            let (of, run) = (self.of.clone(), self.job.job().id);
            let (shelf, tenant) = (self.room.shelf().clone(), self.tenant);
            let read = move |db: &Db| {
                let unseen = item::unseen(db, &of, run, GONE_PART)?;
                let ids: Vec<RecordId> = unseen.iter().map(|it| it.record).collect();
                Ok::<_, Error>((unseen, shelf.by_ids(db, tenant, &ids)?))
            };
            let (unseen, kept) = self.room.store().read(read).await?;
            if unseen.is_empty() {
                return Ok(());
            }
            let marked = self.to_be_marked(&unseen, &kept)?;
            self.write_gone(unseen, marked).await?;
        }
    }

    /// Notes that items are there although nothing could be made of them.
    async fn note_met(&self, items: Vec<String>) -> Result<(), Stop> {
        if items.is_empty() {
            return Ok(());
        }
        let (job, of, now) = (self.job.clone(), self.of.clone(), self.room.now());
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            item::met(tx, &of, &items, job.job().id, now)?;
            Ok::<_, Stop>(())
        };
        self.room.store().bookkeep("note what a source still has", write).await
    }

    /// Says that nothing is marked, where something is missing that may be among rows that nobody recognises.
    async fn tell_unknown(&mut self, unknown: usize) -> Result<(), Stop> {
        let (of, run) = (self.of.clone(), self.job.job().id);
        let missing = self.room.store().read(move |db: &Db| item::unseen(db, &of, run, 1)).await?;
        if !missing.is_empty() {
            let message = format!(
                "{unknown} rows could not be read and do not say which records they are; nothing was marked as gone"
            );
            self.tell(Finding::new(Code::GoneUnknown, message));
        }
        Ok(())
    }

    /// Of those that are not there any more, the ones that are missed.
    fn to_be_marked(&self, unseen: &[Known], kept: &[Kept]) -> Result<Vec<Known>, Stop> {
        let bench = self.program.bench()?;
        let fields = self.room.shelf().fields(&self.program.source().into);
        let gone = self.program.source().gone.as_ref();
        let when = gone.and_then(|it| it.when.as_deref());
        let mut marked = Vec::new();
        for known in unseen {
            let Some(kept) = kept.iter().find(|it| it.id == known.record && !it.is_deleted) else {
                continue;
            };
            let is_missed = match when {
                None => true,
                Some(when) => {
                    let it = seen_kept(&fields, &kept.data);
                    // A record that a condition does not understand is not marked by it.
                    bench.is_true(when, &self.scope.with("it", it)).unwrap_or(false)
                }
            };
            if is_missed {
                marked.push(known.clone());
            }
        }
        Ok(marked)
    }

    async fn write_gone(&mut self, unseen: Vec<Known>, marked: Vec<Known>) -> Result<(), Stop> {
        let field = self.program.source().gone.as_ref().and_then(|it| it.field.clone());
        let (job, of, now, name) =
            (self.job.clone(), self.of.clone(), self.room.now(), self.program.name().to_owned());
        let (shelf, actor, wanted) = (self.room.shelf().clone(), self.job.actor(), marked.len());
        let who = Who { tenant: self.tenant, actor: actor.clone(), now };
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            let mut refused: Vec<(String, String)> = Vec::new();
            for known in &marked {
                let Some(field) = &field else { break };
                let fields = Data::from_iter([(field.clone(), Json::Bool(true))]);
                let patch = Patch { fields, ..Patch::default() };
                match shelf.update(tx, &who, known.record, &patch) {
                    Ok(_) => {}
                    Err(Refused::Record(why)) => {
                        refused.push((known.item.clone(), why));
                        continue;
                    }
                    Err(Refused::Store(error)) => return Err(error.into()),
                }
                let mut written = known.written.clone().unwrap_or_default();
                written.insert(field.clone(), Json::Bool(true));
                let mut placed = known.placed.clone();
                placed.insert(field.clone(), Json::Bool(true));
                item::rewrite(tx, &of, &known.item, Some(&written), &placed)?;
            }
            // Those whose records take no mark are looked at again by the next run.
            let is_refused = |item: &String| refused.iter().any(|it| it.0 == *item);
            let all = unseen.iter().map(|it| it.item.clone());
            let (again, gone): (Vec<String>, Vec<String>) = all.partition(is_refused);
            item::gone(tx, &of, &gone, now)?;
            item::met(tx, &of, &again, job.job().id, now)?;
            let count = marked.len() - refused.len();
            let summary = format!("{count} records are gone from the source {name}");
            let entry = audit::Entry::new(
                of.tenant,
                "source_gone",
                format!("sources/{}", of.source),
                summary,
            );
            let after = json!({"gone": count, "not_marked": refused.len(), "run": job.job().id});
            tx.audit(entry.after(after));
            Ok::<_, Stop>(refused)
        };
        if wanted == 0 {
            // Nothing is changed but what is remembered.
            let (job, of) = (self.job.clone(), self.of.clone());
            return self.forget_quietly(job, of, now).await;
        }
        let refused = self.room.store().write(&actor, now, write).await?;
        for (item, why) in &refused {
            let message = format!("it is no longer there, and could not be marked: {why}");
            self.tell(Finding::new(Code::NotMarked, message).about(item));
        }
        let count = wanted - refused.len();
        if count == 0 {
            return Ok(());
        }
        self.counts.gone += count as u64;
        metric::RECORDS.add(count as u64, &[self.program.name(), "gone"]);
        let message = format!("{count} records are no longer there, and were marked");
        self.tell(Finding::new(Code::Gone, message));
        Ok(())
    }

    /// Notes that those which are over left by themselves.
    async fn forget_quietly(&self, job: Running, of: Of, now: Timestamp) -> Result<(), Stop> {
        let run = job.job().id;
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            let unseen = item::unseen(tx, &of, run, GONE_PART)?;
            let all: Vec<String> = unseen.into_iter().map(|it| it.item).collect();
            item::gone(tx, &of, &all, now)?;
            Ok::<_, Stop>(())
        };
        self.room.store().bookkeep("note what a source no longer has", write).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resisting(key: &str, item: Option<&str>, is_refused: bool) -> Resisting {
        Resisting {
            key: key.to_owned(),
            item: item.map(str::to_owned),
            is_refused,
            reason: "why".to_owned(),
            row: Data::new(),
            raw: None,
            place: None,
        }
    }

    #[test]
    fn a_row_that_was_refused_keeps_no_record_from_being_gone() {
        let source: Source = serde_json::from_value(json!({
            "title": "Rides", "into": "rides", "key": ["code"],
            "fetch": {"steps": [{"name": "page", "url": "https://rides.example"}]},
            "parse": {"kind": "json", "fields": {"code": "code"}},
            "map": {"code": "row.code"}
        }))
        .expect("it is a source");
        let met = |rows: &[Resisting]| Met::recognised(rows).with(&source, rows, &[]);
        let theirs = resisting("row 1", None, true);
        let found = met(std::slice::from_ref(&theirs));
        assert_eq!((found.items.len(), found.unknown), (0, 0));
        let found =
            met(&[resisting("row 2", Some("A"), false), resisting("row 3", None, false), theirs]);
        assert_eq!((found.items, found.unknown), (vec!["A".to_owned()], 1));
    }
}
