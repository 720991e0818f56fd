//! Walking through a source that grows at its end: page by page, each kept in one transaction together
//! with how far it was read. A kill loses no page and doubles none.
//!
//! A walk begins a little behind the highest number that was seen, so that rows which came late are met
//! again, and now and then at the very beginning ([`crate::state`] decides). What is there already
//! changes nothing. A row that resists is set aside with its reason, tried again by later runs, and
//! stops neither the page nor the walk.

use std::collections::HashSet;

use serde_json::{Value as Json, json};
use store::{Db, Error, Tx, audit};
use tracing::info;
use work::Failure;

use crate::{
    aside::{self, Aside, Step},
    description::Existing,
    expression::{Data, filled},
    finding::{Code, Finding},
    harvest::{self, Harvest, Item},
    item::{self, Known, Of},
    judge,
    keep::{Along, put_aside},
    run,
    shelf::{Patch, Refused, Shelf, Who},
    state::Walk,
    trip::{Stop, Trip},
};

/// What a page gave, sorted by what becomes of it.
struct Page {
    fit: Vec<Item>,
    /// Keys of those that nobody completed yet.
    waiting: HashSet<String>,
    /// What does not become a record.
    aside: Vec<Aside>,
    /// The highest number on it.
    last: Option<i64>,
}

/// A record that was kept, and is completed now.
struct Completed {
    aside: Aside,
    known: Known,
    /// What becomes different.
    patch: Data,
}

impl Trip<'_> {
    /// Reads on from where the last walk ended.
    pub(crate) async fn walk(&mut self) -> Result<(), Stop> {
        let program = self.program.clone();
        let Some(cursor) = &program.source().cursor else { return Ok(()) };
        let start = self.number(&cursor.start)?;
        let limit = self.number(&cursor.limit)?.max(1);
        if !self.flags.validate {
            self.try_again().await?;
        }
        let walk = self.memory.walk(cursor, start, self.flags.whole, self.room.now());
        self.note(&format!(
            "reading after {}, {}",
            walk.after,
            if walk.is_whole { "everything" } else { "what is new" }
        ));
        let mut after = walk.after;
        let mut pages = 0;
        loop {
            let at = json!({"after": after, "limit": limit});
            let document = self.fetch(&[("cursor", at)], true).await?;
            let harvest = self.read(document.text).await?;
            if harvest.rows == 0 && harvest.strange.is_none() {
                return self.arrived(walk).await;
            }
            pages += 1;
            let next = self.page(harvest, walk, after).await?;
            let Some(next) = next else { return self.arrived(walk).await };
            after = next;
            let message = format!("Read {} rows on {pages} pages", self.counts.rows);
            self.progress(50, &message).await?;
            if self.flags.validate {
                self.note("the first page was checked and nothing was written");
                return Ok(());
            }
            if pages >= cursor.pages_max {
                let message = format!("there is more after {pages} pages; the next run reads on");
                self.tell(Finding::new(Code::MoreToCome, message));
                self.memory = self.memory.succeeded(self.counts.rows, self.room.now());
                return Ok(());
            }
        }
    }

    /// Keeps a page; where the next one begins, or nothing when there is no way on.
    async fn page(
        &mut self,
        harvest: Harvest,
        walk: Walk,
        after: i64,
    ) -> Result<Option<i64>, Stop> {
        let program = self.program.clone();
        let against = judge::judge(program.source(), &harvest, None);
        if let Some(first) = against.into_iter().next() {
            return Err(Stop::Refused(first));
        }
        self.counts.pages += 1;
        self.counts.rows += harvest.rows as u64;
        self.counts.extracted += (harvest.rows - harvest.aside.len().min(harvest.rows)) as u64;
        self.counts.consolidated += harvest.items.len() as u64;
        let page = self.sorted(harvest).await?;
        let Some(last) = page.last.filter(|it| *it > after) else {
            // Whoever sends the same again would send it for ever.
            let message = format!("no row of the page comes after {after}; the walk ends here");
            self.tell(Finding::new(Code::Stuck, message));
            return Ok(None);
        };
        if self.flags.validate {
            return Ok(Some(last));
        }
        self.keep_page(page, walk, last).await?;
        Ok(Some(last))
    }

    /// What is new on a page, completed and checked; what resists.
    async fn sorted(&mut self, harvest: Harvest) -> Result<Page, Stop> {
        let places: Vec<i64> = harvest
            .items
            .iter()
            .filter_map(|it| it.place)
            .chain(harvest.aside.iter().filter_map(|it| it.place))
            .collect();
        let last = places.iter().copied().max();
        let own: Vec<i64> = harvest.items.iter().filter_map(|it| it.place).collect();
        if !own.is_sorted() {
            let message = "the rows of a page are not in the order of their numbers";
            self.tell_once(Finding::new(Code::Unordered, message));
        }
        let mut items = self.without_known(harvest.items).await?;
        let lacking = self.complete(&mut items).await?;
        let waiting = lacking.into_iter().filter_map(|at| Some(items.get(at)?.key.clone()));
        let waiting: HashSet<String> = waiting.collect();
        let (fit, unfit) = self.checked(items);
        self.tell_aside(&harvest.aside, &unfit);
        let aside = put_aside(&harvest.aside, &unfit, self.room.now());
        Ok(Page { fit, waiting, aside, last })
    }

    /// Items that are there already and never change are counted and left out, before anybody is asked
    /// about them.
    async fn without_known(&mut self, items: Vec<Item>) -> Result<Vec<Item>, Stop> {
        if self.program.source().existing != Existing::Keep {
            return Ok(items);
        }
        let keys: Vec<String> = items.iter().map(|it| it.key.clone()).collect();
        let of = self.of.clone();
        let known = self.room.store().read(move |db: &Db| item::known(db, &of, &keys)).await?;
        let (there, fresh): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|it| known.contains_key(&it.key));
        self.counts.skipped += there.len() as u64;
        Ok(fresh)
    }

    /// Keeps a page part by part. Each part carries what of it waits to be completed: after a kill nobody looks at
    /// records again that are kept. The last one carries the rest, and how far the walk is.
    async fn keep_page(&mut self, page: Page, walk: Walk, last: i64) -> Result<(), Stop> {
        let memory = self.memory.turned(walk, last);
        let mut rest = page.fit.into_iter().peekable();
        loop {
            let part: Vec<Item> = rest.by_ref().take(crate::keep::PART).collect();
            let mut aside = self.waiting(&part, &page.waiting);
            if rest.peek().is_some() {
                self.keep(part, Some(Along { aside, memory: None })).await?;
                continue;
            }
            aside.extend(page.aside);
            return self.keep(part, Some(Along { aside, memory: Some(memory) })).await;
        }
    }

    /// Those of a part that nobody completed yet.
    fn waiting(&self, part: &[Item], waiting: &HashSet<String>) -> Vec<Aside> {
        let (now, reason) = (self.room.now(), "nobody completed it yet");
        let waiting = part.iter().filter(|it| waiting.contains(&it.key));
        waiting
            .map(|it| Aside::new(&it.key, Step::Completion, reason, it.data.clone(), now))
            .collect()
    }

    /// The walk came to its end.
    async fn arrived(&mut self, walk: Walk) -> Result<(), Stop> {
        if self.flags.validate {
            return Ok(());
        }
        let now = self.room.now();
        self.memory = self.memory.walked(walk, now).succeeded(self.counts.rows, now);
        let (of, memory, job) = (self.of.clone(), self.memory.clone(), self.job.clone());
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            crate::state::save(tx, of.tenant, &of.source, &memory)?;
            Ok::<_, Stop>(())
        };
        self.room.store().bookkeep("note that a source was read to its end", write).await
    }

    /// Tries again what earlier runs set aside and whose time has come.
    async fn try_again(&mut self) -> Result<(), Stop> {
        let (of, now) = (self.of.clone(), self.room.now());
        let read = move |db: &Db| aside::due(db, of.tenant, &of.source, now);
        let due = self.room.store().read(read).await?;
        if due.is_empty() {
            return Ok(());
        }
        let total = due.len();
        let (mut items, mut completions, mut still) = (Vec::new(), Vec::new(), Vec::new());
        for it in due {
            match it.step {
                Step::Completion => completions.push(it),
                Step::Row => match self.again(&it) {
                    Ok(item) => items.push(item),
                    Err(why) => still.push(failed_again(it, &why)),
                },
                Step::Record => {
                    let (key, data, raw) = (it.item.clone(), it.body.clone(), it.raw.clone());
                    items.push(Item { key, data, raw, place: None });
                }
            }
        }
        let mut over: HashSet<String> = items.iter().flat_map(names).collect();
        let items = self.without_known(items).await?;
        for name in items.iter().flat_map(names) {
            over.remove(&name);
        }
        let (fit, unfit) = self.checked(items);
        for (item, why) in unfit {
            let aside = Aside::new(&item.key, Step::Record, &why, item.data, now);
            still.push(Aside { attempts: 2, raw: item.raw, ..aside });
        }
        let succeeded = fit.len();
        for part in fit.chunks(crate::keep::PART) {
            self.keep(part.to_vec(), None).await?;
        }
        self.complete_again(completions, &mut still).await?;
        self.put_back(still, over).await?;
        let name = self.program.name();
        info!(source = name, total, succeeded, "Tried again what the source {name} had set aside");
        Ok(())
    }

    fn again(&self, aside: &Aside) -> Result<Item, String> {
        let item =
            harvest::again(&self.program, aside.body.clone(), aside.raw.clone(), &self.scope);
        let mut item = item.map_err(|it| it.0)?;
        // By this name it was set aside, and by this it is taken off the list.
        item.place = item.place.or_else(|| aside.item.parse().ok());
        Ok(item)
    }

    /// Asks again for what nobody completed, of records that are kept.
    async fn complete_again(
        &mut self,
        completions: Vec<Aside>,
        still: &mut Vec<Aside>,
    ) -> Result<(), Stop> {
        if completions.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = completions.iter().map(|it| it.item.clone()).collect();
        let (of, shelf) = (self.of.clone(), self.room.shelf().clone());
        let read = move |db: &Db| {
            let known = item::known(db, &of, &keys)?;
            let ids: Vec<_> = known.values().map(|it| it.record).collect();
            Ok::<_, Error>((known, shelf.by_ids(db, of.tenant, &ids)?))
        };
        let (known, kept) = self.room.store().read(read).await?;
        let mut items = Vec::new();
        let mut asked = Vec::new();
        let mut over = Vec::new();
        for aside in completions {
            let known = known.get(&aside.item);
            let there = known.and_then(|known| {
                Some((known, kept.iter().find(|it| it.id == known.record && !it.is_deleted)?))
            });
            match there {
                Some((known, there)) => {
                    let (key, data) = (aside.item.clone(), there.data.clone());
                    items.push(Item { key, data, raw: aside.raw.clone(), place: None });
                    asked.push((aside, known.clone(), there.data.clone()));
                }
                None => over.push(aside.item),
            }
        }
        let lacking: HashSet<usize> = self.complete(&mut items).await?.into_iter().collect();
        let mut done = Vec::new();
        for (at, ((aside, known, before), item)) in asked.into_iter().zip(items).enumerate() {
            if lacking.contains(&at) {
                still.push(failed_again(aside, "nobody completed it yet"));
                continue;
            }
            let patch: Data = item
                .data
                .into_iter()
                .filter(|(name, value)| before.get(name) != Some(value))
                .collect();
            done.push(Completed { aside, known, patch });
        }
        self.write_completed(done, over).await
    }

    async fn write_completed(
        &mut self,
        done: Vec<Completed>,
        over: Vec<String>,
    ) -> Result<(), Stop> {
        if done.is_empty() && over.is_empty() {
            return Ok(());
        }
        let (job, of, now) = (self.job.clone(), self.of.clone(), self.room.now());
        let (shelf, actor) = (self.room.shelf().clone(), self.job.actor());
        let who = Who { tenant: self.tenant, actor: actor.clone(), now };
        let changes = done.iter().any(|it| !it.patch.is_empty());
        let made = shelf.made(&self.program.source().into);
        let (mut counts, findings) = (self.counts, self.kept_findings());
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            let mut refused = Vec::new();
            for it in done {
                match lay_in(tx, &*shelf, &who, &of, &made, &it)? {
                    None => {
                        forget(tx, &of, &it.known.item)?;
                        counts.updated += u64::from(!it.patch.is_empty());
                    }
                    Some(why) => {
                        let again = failed_again(it.aside, &why);
                        aside::put(tx, of.tenant, &of.source, &again, now)?;
                        refused.push((again.item, why));
                    }
                }
            }
            for item in &over {
                forget(tx, &of, item)?;
            }
            if changes {
                let summary = format!("Completed records of {}", of.source);
                let subject = format!("sources/{}", of.source);
                let entry = audit::Entry::new(of.tenant, "source_completed", subject, summary);
                let after = json!({"refused": refused.len(), "run": job.job().id});
                tx.audit(entry.after(after));
            }
            run::save(tx, job.job().id, &counts, &findings)?;
            Ok::<_, Stop>((counts, refused))
        };
        let written = match changes {
            true => self.room.store().write(&actor, now, write).await,
            false => self.room.store().bookkeep("note what a source completed", write).await,
        };
        let (counts, refused) = written?;
        self.counts = counts;
        for (item, why) in refused {
            let message = format!("what it was completed with does not fit: {why}");
            self.tell(Finding::new(Code::NotCompleted, message).about(&item));
        }
        Ok(())
    }

    /// Notes what failed again, and forgets what is there by now.
    async fn put_back(&mut self, still: Vec<Aside>, over: HashSet<String>) -> Result<(), Stop> {
        if still.is_empty() && over.is_empty() {
            return Ok(());
        }
        let (job, of, now) = (self.job.clone(), self.of.clone(), self.room.now());
        let write = move |tx: &Tx| {
            job.fence(tx)?;
            // What is kept may still wait to be completed.
            for (name, step) in over.iter().flat_map(|it| [(it, Step::Row), (it, Step::Record)]) {
                aside::remove(tx, of.tenant, &of.source, name, step)?;
            }
            for it in &still {
                aside::put(tx, of.tenant, &of.source, it, now)?;
            }
            Ok::<_, Stop>(())
        };
        self.room.store().bookkeep("note what failed again", write).await
    }

    /// A whole number out of a text with `{{ … }}`.
    fn number(&self, text: &str) -> Result<i64, Stop> {
        let value = filled(self.program.language(), text, &self.scope)?;
        let number = match &value {
            Json::Number(number) => number.as_i64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            let message = format!("`{text}` of the cursor gives no whole number");
            Stop::Job(Failure::for_good("misconfigured", message))
        })
    }

    fn tell_once(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.tell(finding);
        }
    }
}

/// The names under which an item may have been set aside.
fn names(item: &Item) -> Vec<String> {
    let place = item.place.map(|it| it.to_string());
    std::iter::once(item.key.clone()).chain(place).collect()
}

/// Lays into a record what it was completed with, and notes it as said by the source; why the record does not take
/// it.
fn lay_in(
    tx: &Tx,
    shelf: &dyn Shelf,
    who: &Who,
    of: &Of,
    made: &[String],
    it: &Completed,
) -> Result<Option<String>, Stop> {
    if it.patch.is_empty() {
        return Ok(None);
    }
    let fields = Patch { fields: it.patch.clone(), ..Patch::default() };
    let there = match shelf.update(tx, who, it.known.record, &fields) {
        Ok(there) => there,
        Err(Refused::Record(why)) => return Ok(Some(why)),
        Err(Refused::Store(error)) => return Err(error.into()),
    };
    let kept = as_kept(&it.patch, &there, made);
    let (mut written, mut placed) = (it.known.written.clone(), it.known.placed.clone());
    if let Some(written) = &mut written {
        written.extend(kept.clone());
    }
    placed.extend(kept);
    item::rewrite(tx, of, &it.known.item, written.as_ref(), &placed)?;
    Ok(None)
}

/// What was placed in the fields of a change, as their collection keeps it: that is what the source is asked about
/// next. What the collection makes by itself is nothing that the source says.
fn as_kept(patch: &Data, there: &Data, made: &[String]) -> Data {
    let names = patch.keys().filter(|it| !made.contains(it));
    names.map(|it| (it.clone(), there.get(it).cloned().unwrap_or_default())).collect()
}

fn failed_again(aside: Aside, why: &str) -> Aside {
    Aside { reason: crate::finding::cut(why), attempts: aside.attempts + 1, ..aside }
}

fn forget(tx: &Tx, of: &Of, item: &str) -> Result<(), Error> {
    aside::remove(tx, of.tenant, &of.source, item, Step::Completion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_waits_longer() {
        let now = base::Timestamp::UNIX_EPOCH;
        let first = Aside::new("48240", Step::Row, "missing: time", Data::new(), now);
        let second = failed_again(first.clone(), "still missing");
        assert_eq!((second.attempts, second.reason.as_str()), (2, "still missing"));
        assert!(aside::pause(second.attempts) > aside::pause(first.attempts));
    }
}
