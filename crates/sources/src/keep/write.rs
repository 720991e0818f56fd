//! Writing a part as it was planned: records, what is remembered of them, what is set aside, how far
//! the walk is, and what the run has to say. All of it in the transaction of the caller.

use std::collections::HashSet;

use base::RecordId;
use serde_json::json;
use store::{Tx, audit};

use super::{Keeper, Kepts, Planned, Ready, plan::patch_of};
use crate::{
    aside::{self, Aside, Step as AsideStep},
    decide::{Change, Decision, Why},
    description::Existing,
    expression::Data,
    finding::{Code, Finding},
    item::{self, Known, Note},
    metric,
    run::{self, Counts},
    shelf::{Refused, Who},
    state,
    trip::Stop,
};

/// What a part has still to write down.
#[derive(Default)]
struct Part {
    fresh: Vec<usize>,
    notes: Vec<Note>,
    seen: Vec<String>,
    aside: Vec<Aside>,
}

impl Keeper {
    /// Does it. `is_loud` when records change, which the audit log is told.
    pub(super) fn write(
        &self,
        tx: &Tx,
        planned: Vec<Planned>,
        is_loud: bool,
    ) -> Result<Kepts, Stop> {
        self.job.fence(tx)?;
        let mut kepts = Kepts { counts: self.before, ..Kepts::default() };
        let mut part = Part::default();
        for it in planned {
            self.one(tx, it, &mut part, &mut kepts)?;
        }
        self.insert(tx, &mut part, &mut kepts)?;
        let run = self.job.job().id;
        item::add(tx, &self.of, part.notes, run, self.now)?;
        item::seen(tx, &self.of, &part.seen, run, self.now)?;
        let again: HashSet<(&str, AsideStep)> = {
            let aside = self.along.aside.iter().chain(&part.aside);
            aside.map(|it| (it.item.as_str(), it.step)).collect()
        };
        // What sticks again stays aside, and is known to have been tried so often.
        for name in &self.asides {
            for step in AsideStep::ALL {
                if !again.contains(&(name.as_str(), step)) {
                    aside::remove(tx, self.of.tenant, &self.of.source, name, step)?;
                }
            }
        }
        for it in self.along.aside.iter().chain(&part.aside) {
            aside::put(tx, self.of.tenant, &self.of.source, it, self.now)?;
            // A record that only waits for an answer is kept.
            kepts.counts.errors += u64::from(it.step != AsideStep::Completion);
        }
        if let Some(memory) = &self.along.memory {
            state::save(tx, self.of.tenant, &self.of.source, memory)?;
        }
        let findings: Vec<Finding> = self.findings.iter().chain(&kepts.findings).cloned().collect();
        run::save(tx, run, &kepts.counts, &findings)?;
        if is_loud {
            self.say(tx, &kepts.counts);
        }
        self.count(&kepts.counts);
        Ok(kepts)
    }

    fn one(&self, tx: &Tx, it: Planned, part: &mut Part, kepts: &mut Kepts) -> Result<(), Stop> {
        let ready = &self.ready[it.at];
        let name = ready.item.key.clone();
        let counts = &mut kepts.counts;
        let returned = it.known.as_ref().is_some_and(|it| it.gone_at.is_some());
        match it.decision {
            Decision::Insert => part.fresh.push(it.at),
            Decision::Skip(why) => {
                counts.skipped += 1;
                if why == Why::Deleted {
                    let message = "somebody deleted this record; it was left so";
                    kepts.findings.push(Finding::new(Code::RecordDeleted, message).about(&name));
                }
                match (it.known, it.record) {
                    (Some(_), _) => part.seen.push(name),
                    (None, Some(record)) => {
                        part.notes.push(self.noted(ready, record, None, Data::new()));
                    }
                    (None, None) => {}
                }
            }
            Decision::Unchanged(change) => {
                counts.unchanged += 1;
                counts.returned += u64::from(returned);
                kepts.tell(&change, ready);
                self.remember(tx, it.known, it.record, ready, change, part)?;
            }
            Decision::Update(mut change) => {
                let Some(record) = it.record else { return Ok(()) };
                let patch = patch_of(&change.patch, &change.written);
                match self.shelf.update(tx, &self.who(), record, &patch) {
                    Ok(there) => change.becomes(&there),
                    Err(Refused::Record(why)) => {
                        part.aside.push(self.resisting(ready, &why));
                        if it.known.is_some() {
                            part.seen.push(name);
                        }
                        return Ok(());
                    }
                    Err(Refused::Store(error)) => return Err(error.into()),
                }
                counts.updated += 1;
                counts.returned += u64::from(returned);
                kepts.tell(&change, ready);
                self.remember(tx, it.known, it.record, ready, change, part)?;
            }
        }
        Ok(())
    }

    /// Notes what the source says of a record that is there.
    fn remember(
        &self,
        tx: &Tx,
        known: Option<Known>,
        record: Option<RecordId>,
        ready: &Ready,
        change: Change,
        part: &mut Part,
    ) -> Result<(), Stop> {
        let run = self.job.job().id;
        let Change { patch, written, .. } = change;
        match (known, record) {
            (Some(known), _) => {
                let mut placed = known.placed.clone();
                placed.extend(patch);
                let is_same = known.hash == ready.hash
                    && known.written.as_ref() == Some(&written)
                    && known.placed == placed;
                if is_same {
                    part.seen.push(known.item);
                    return Ok(());
                }
                let note = self.noted(ready, known.record, Some(written), placed);
                item::change(tx, &self.of, note, run, self.now)?;
            }
            (None, Some(record)) => {
                part.notes.push(self.noted(ready, record, Some(written), patch));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// Puts in what is new: all at once, or one by one where one of them is refused.
    fn insert(&self, tx: &Tx, part: &mut Part, kepts: &mut Kepts) -> Result<(), Stop> {
        let fresh = std::mem::take(&mut part.fresh);
        if fresh.is_empty() {
            return Ok(());
        }
        let all: Vec<Data> = fresh.iter().map(|at| self.ready[*at].item.data.clone()).collect();
        let source = self.program.source();
        match self.shelf.insert(tx, &self.who(), &source.into, all) {
            Ok(ids) => {
                for (at, record) in fresh.into_iter().zip(ids) {
                    self.inserted(at, record, part, kepts);
                }
                return Ok(());
            }
            Err(Refused::Store(error)) => return Err(error.into()),
            Err(Refused::Record(_)) => {}
        }
        for at in fresh {
            let one = vec![self.ready[at].item.data.clone()];
            match self.shelf.insert(tx, &self.who(), &source.into, one) {
                Ok(ids) => {
                    if let Some(record) = ids.first() {
                        self.inserted(at, *record, part, kepts);
                    }
                }
                Err(Refused::Record(why)) => part.aside.push(self.resisting(&self.ready[at], &why)),
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn inserted(&self, at: usize, record: RecordId, part: &mut Part, kepts: &mut Kepts) {
        let ready = &self.ready[at];
        kepts.counts.inserted += 1;
        kepts.compared.push((ready.item.key.clone(), ready.hash.clone()));
        let written =
            (self.program.source().existing == Existing::Update).then(|| ready.item.data.clone());
        part.notes.push(self.noted(ready, record, written, ready.item.data.clone()));
    }

    fn noted(&self, ready: &Ready, record: RecordId, written: Option<Data>, placed: Data) -> Note {
        Note { item: ready.item.key.clone(), record, written, placed, hash: ready.hash.clone() }
    }

    fn resisting(&self, ready: &Ready, why: &str) -> Aside {
        let data = ready.item.data.clone();
        Aside {
            raw: ready.item.raw.clone(),
            ..Aside::new(&ready.item.key, AsideStep::Record, why, data, self.now)
        }
    }

    fn who(&self) -> Who {
        Who { tenant: self.of.tenant, actor: self.job.actor(), now: self.now }
    }

    /// One audit row for the part; each changed record has its own.
    fn say(&self, tx: &Tx, counts: &Counts) {
        let inserted = counts.inserted - self.before.inserted;
        let updated = counts.updated - self.before.updated;
        let source = &self.of.source;
        let summary = format!("Took {inserted} new and {updated} changed records of {source}");
        let entry =
            audit::Entry::new(self.of.tenant, "source_taken", format!("sources/{source}"), summary);
        let run = self.job.job().id;
        tx.audit(entry.after(json!({"inserted": inserted, "updated": updated, "run": run})));
    }

    fn count(&self, counts: &Counts) {
        let before = &self.before;
        for (change, count) in [
            ("inserted", counts.inserted - before.inserted),
            ("updated", counts.updated - before.updated),
            ("unchanged", counts.unchanged - before.unchanged),
            ("skipped", counts.skipped - before.skipped),
            ("aside", counts.errors - before.errors),
        ] {
            if count > 0 {
                metric::RECORDS.add(count, &[&self.of.source, change]);
            }
        }
    }
}

impl Kepts {
    /// Notes what was found equal, and tells what was left as it is.
    fn tell(&mut self, change: &Change, ready: &Ready) {
        let name = &ready.item.key;
        let mut locked = |what: &str, fields: &[String]| {
            if !fields.is_empty() {
                let message = format!("{what}: {}", fields.join(", "));
                self.findings.push(Finding::new(Code::FieldsLocked, message).about(name));
            }
        };
        locked("changed by hand and left so", &change.locked);
        locked("does not go with what the record holds, and was left as it is", &change.left);
        // What could not be written is tried again.
        if change.left.is_empty() {
            self.compared.push((name.clone(), ready.hash.clone()));
        }
    }
}
