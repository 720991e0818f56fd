//! Keeping records: what is new is put in, what changed is changed, what was corrected by hand is left
//! alone. A part is one transaction, with what is remembered of it: a kill loses or doubles nothing.

use std::collections::HashMap;

use base::{RecordId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Error, Tx, audit};
use work::Running;

use crate::{
    aside::{self, Aside, Step as AsideStep},
    cache::{self, Entry, Kind},
    decide::{self, Decision, Why},
    description::Existing,
    expression::{Data, value_of},
    finding::{Code, Finding},
    harvest::{Item, Resisting},
    item::{self, Known, Note, Of},
    metric,
    program::Program,
    run::{self, Counts},
    shelf::{Kept, Refused, Shelf, Who},
    state::{self, Memory},
    trip::{Stop, Trip},
};

/// The most records of one transaction.
pub(crate) const PART: usize = 100;

/// The most records that are looked at together when they may have gone.
const GONE_PART: u32 = 200;

/// A record that fits its collection, and the hash of what is said of it.
#[derive(Debug, Clone)]
struct Ready {
    item: Item,
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
        let ready: Vec<Ready> =
            items.into_iter().map(|item| Ready { hash: item::hash(&item.data), item }).collect();
        let compared = ready
            .iter()
            .filter_map(|it| Some((it.item.key.clone(), self.compared.get(&it.item.key)?.clone())));
        let keeper = std::sync::Arc::new(Keeper {
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

    /// What was found equal a short while ago; whether it was kept.
    pub(crate) async fn load_compared(&mut self) -> Result<bool, Stop> {
        let (name, tags) = self.compared_name();
        let shape = self.program.shape().to_owned();
        let found = self.kept(Kind::Comparison, &name, &tags, &shape).await?;
        let is_kept = found.is_some();
        let read: Option<HashMap<String, String>> =
            found.and_then(|it| serde_json::from_value(it.body).ok());
        self.compared = read.unwrap_or_default();
        Ok(is_kept)
    }

    /// Keeps what was found equal. What was kept before is left to grow old: it was not looked at.
    pub(crate) async fn save_compared(&mut self) -> Result<(), Stop> {
        let (name, tags) = self.compared_name();
        let entry = Entry {
            kind: Kind::Comparison,
            name,
            tags,
            row_count: None,
            shape: self.program.shape().to_owned(),
            body: json!(self.compared),
        };
        Ok(self.keep_entry(entry).await?)
    }

    fn compared_name(&self) -> (String, Vec<String>) {
        let name = self.program.name();
        let tags = vec![name.to_owned(), "compared".to_owned()];
        (cache::name(&format!("{name}/compared"), &json!([self.tenant])), tags)
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

    /// Marks records that the source no longer has. None is deleted.
    pub(crate) async fn mark_gone(&mut self) -> Result<(), Stop> {
        if self.program.source().gone.is_none() {
            return Ok(());
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

    /// Of those that are not there any more, the ones that are missed.
    fn to_be_marked(&self, unseen: &[Known], kept: &[Kept]) -> Result<Vec<Known>, Stop> {
        let bench = self.program.bench()?;
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
                    let it = value_of(&Json::Object(kept.data.clone()));
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
        let (shelf, actor, count) = (self.room.shelf().clone(), self.job.actor(), marked.len());
        let who = Who { tenant: self.tenant, actor: actor.clone(), now };
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            let all: Vec<String> = unseen.iter().map(|it| it.item.clone()).collect();
            item::gone(tx, &of, &all, now)?;
            for known in &marked {
                let Some(field) = &field else { break };
                let patch = Data::from_iter([(field.clone(), Json::Bool(true))]);
                match shelf.update(tx, &who, known.record, patch) {
                    Ok(()) => {}
                    Err(Refused::Record(_)) => continue,
                    Err(Refused::Store(error)) => return Err(error.into()),
                }
                let mut written = known.written.clone().unwrap_or_default();
                written.insert(field.clone(), Json::Bool(true));
                item::rewrite(tx, &of, &known.item, &written)?;
            }
            let summary = format!("{} records are gone from the source {name}", marked.len());
            let entry = audit::Entry::new(
                of.tenant,
                "source_gone",
                format!("sources/{}", of.source),
                summary,
            );
            tx.audit(entry.after(json!({"gone": marked.len(), "run": job.job().id})));
            Ok::<_, Stop>(())
        };
        if count == 0 {
            // Nothing is changed but what is remembered.
            let (job, of) = (self.job.clone(), self.of.clone());
            return self.forget_quietly(job, of, now).await;
        }
        self.room.store().write(&actor, now, write).await?;
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

impl Keeper {
    /// What is to be done. Records are looked at only where that may matter.
    fn plan(&self, db: &Db) -> Result<Vec<Planned>, Error> {
        let source = self.program.source();
        let names: Vec<String> = self.ready.iter().map(|it| it.item.key.clone()).collect();
        let known = item::known(db, &self.of, &names)?;
        let mut planned = Vec::with_capacity(self.ready.len());
        let (mut ids, mut strangers) = (Vec::new(), Vec::new());
        for (at, ready) in self.ready.iter().enumerate() {
            match known.get(&ready.item.key) {
                Some(known) if self.is_settled(known, ready) => {
                    let decision = match source.existing {
                        Existing::Keep => Decision::Skip(Why::There),
                        Existing::Update => Decision::Unchanged(decide::Change {
                            written: known.written.clone().unwrap_or_default(),
                            ..decide::Change::default()
                        }),
                    };
                    let record = Some(known.record);
                    planned.push(Planned { at, decision, known: Some(known.clone()), record });
                }
                Some(known) => ids.push((at, known.clone())),
                None => strangers.push(at),
            }
        }
        let records: Vec<RecordId> = ids.iter().map(|it| it.1.record).collect();
        let kept = self.shelf.by_ids(db, self.of.tenant, &records)?;
        for (at, known) in ids {
            let there = kept.iter().find(|it| it.id == known.record);
            let decision = match there {
                // Gone for good: somebody deleted it, and its time to come back is over.
                None => Decision::Skip(Why::Deleted),
                Some(_) => {
                    let said = &self.ready[at].item.data;
                    decide::decide(source.existing, there, known.written.as_ref(), said)
                }
            };
            let record = Some(known.record);
            planned.push(Planned { at, decision, known: Some(known), record });
        }
        let keys: Vec<Vec<Json>> = strangers.iter().map(|at| self.key(*at)).collect();
        let found = self.shelf.by_keys(db, self.of.tenant, &source.into, &source.key, &keys)?;
        for (at, kept) in strangers.into_iter().zip(found) {
            let said = &self.ready[at].item.data;
            let decision = decide::decide(source.existing, kept.as_ref(), None, said);
            let record = kept.map(|it| it.id);
            planned.push(Planned { at, decision, known: None, record });
        }
        planned.sort_by_key(|it| it.at);
        Ok(planned)
    }

    /// Need nobody look at the record?
    fn is_settled(&self, known: &Known, ready: &Ready) -> bool {
        let is_same = known.hash == ready.hash;
        match self.program.source().existing {
            Existing::Keep => true,
            Existing::Update => {
                let was_equal = self.compared.get(&ready.item.key) == Some(&ready.hash);
                // An earlier attempt of this very run has kept it.
                let is_done = known.seen_run == self.job.job().id.to_string();
                known.gone_at.is_none() && is_same && (was_equal || is_done)
            }
        }
    }

    fn key(&self, at: usize) -> Vec<Json> {
        let data = &self.ready[at].item.data;
        let value = |it: &String| data.get(it).cloned().unwrap_or_default();
        self.program.source().key.iter().map(value).collect()
    }

    /// Does it. `is_loud` when records change, which the audit log is told.
    fn write(&self, tx: &Tx, planned: Vec<Planned>, is_loud: bool) -> Result<Kepts, Stop> {
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
        for name in &self.asides {
            aside::remove(tx, self.of.tenant, &self.of.source, name, None)?;
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
                    (None, Some(record)) => part.notes.push(self.noted(ready, record, None)),
                    (None, None) => {}
                }
            }
            Decision::Unchanged(change) => {
                counts.unchanged += 1;
                counts.returned += u64::from(returned);
                kepts.compared.push((name.clone(), ready.hash.clone()));
                tell_locked(&change.locked, &name, &mut kepts.findings);
                self.remember(tx, it.known, it.record, ready, change.written, part)?;
            }
            Decision::Update(change) => {
                let Some(record) = it.record else { return Ok(()) };
                match self.shelf.update(tx, &self.who(), record, change.patch) {
                    Ok(()) => {}
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
                kepts.compared.push((name.clone(), ready.hash.clone()));
                tell_locked(&change.locked, &name, &mut kepts.findings);
                self.remember(tx, it.known, it.record, ready, change.written, part)?;
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
        written: Data,
        part: &mut Part,
    ) -> Result<(), Stop> {
        let run = self.job.job().id;
        match (known, record) {
            (Some(known), _)
                if known.hash == ready.hash && known.written.as_ref() == Some(&written) =>
            {
                part.seen.push(known.item);
            }
            (Some(known), _) => {
                let note = self.noted(ready, known.record, Some(written));
                item::change(tx, &self.of, note, run, self.now)?;
            }
            (None, Some(record)) => part.notes.push(self.noted(ready, record, Some(written))),
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
        part.notes.push(self.noted(ready, record, written));
    }

    fn noted(&self, ready: &Ready, record: RecordId, written: Option<Data>) -> Note {
        Note { item: ready.item.key.clone(), record, written, hash: ready.hash.clone() }
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

/// What a part has still to write down.
#[derive(Default)]
struct Part {
    fresh: Vec<usize>,
    notes: Vec<Note>,
    seen: Vec<String>,
    aside: Vec<Aside>,
}

fn tell_locked(locked: &[String], name: &str, findings: &mut Vec<Finding>) {
    if !locked.is_empty() {
        let message = format!("changed by hand and left so: {}", locked.join(", "));
        findings.push(Finding::new(Code::FieldsLocked, message).about(name));
    }
}
