//! The room: its sources, what they share, and what can be done with them.
//!
//! Start at [`Sources::start`] (a run) and [`Sources::list`] (how they are). What a run does is in
//! [`crate::trip`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use base::{Actor, Clock, JobId, Page, PageRequest, RecordId, TenantId, Timestamp};
use indexmap::IndexMap;
use jiff::SignedDuration;
use outside::{Outside, Pace, Policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Error, Store, Tx, audit, params};
use work::{Busy, EnqueueError, Handler, Lock, NewJob, State};

use crate::{
    aside::{self, Aside},
    cache::{
        self,
        look::{self, EntryView, KindView, Which},
    },
    decide::{self, Filled},
    expression::Data,
    item::{self, Of},
    job::{self, Doer},
    lookup::Flights,
    metric,
    program::{Live, Program},
    run::{self, Flags, Run},
    shelf::{Refused, Shelf},
    state,
};

/// How long runs are kept.
const RUNS_KEPT: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long one attempt at a run may take.
const TIME_MAX: Duration = Duration::from_secs(4 * 3600);
/// How often a run is begun: a site that is away is asked again after seconds, then minutes.
const ATTEMPTS_MAX: u32 = 5;

/// What all sources of an application share: made once, when the application is read.
#[derive(Clone)]
pub struct Kit(Arc<KitParts>);

struct KitParts {
    programs: IndexMap<String, Program>,
    lookups: IndexMap<String, Live>,
    outside: Outside,
    pace: Pace,
    environment: BTreeMap<String, String>,
    /// What is being looked up at this moment.
    flights: Flights,
}

/// The sources of an application at work. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    kit: Kit,
    store: Store,
    clock: Clock,
    shelf: Arc<dyn Shelf>,
}

/// A run that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose.
    pub tenant: TenantId,
    /// Of which source.
    pub source: String,
    /// How.
    pub flags: Flags,
}

/// Why something was not done with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is none of this name.
    #[error("there is no source `{0}`")]
    NoSuch(String),
    /// The description has switched it off.
    #[error("the source `{0}` is switched off; `enabled` of its description says so")]
    Disabled(String),
    /// It runs already.
    #[error("the source `{source_name}` is running already; run {job} is at it")]
    Busy {
        /// Which one.
        source_name: String,
        /// The run.
        job: JobId,
    },
    /// There is no such run.
    #[error("run {0} does not exist")]
    NoSuchRun(JobId),
    /// No source has written the record.
    #[error("record {0} comes from no source")]
    NotFromSource(RecordId),
    /// A record was not written.
    #[error("{0}")]
    Refused(String),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Forgets everything of a tenant: part of erasing it. No job of the tenant may be able to begin a run any
/// more. What was fetched is nobody's and stays as long as any cache entry.
///
/// # Errors
/// The database's.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
    for sql in [
        "DELETE FROM source_items WHERE tenant = $1",
        "DELETE FROM source_asides WHERE tenant = $1",
        "DELETE FROM source_states WHERE tenant = $1",
        "DELETE FROM source_runs WHERE tenant = $1",
    ] {
        tx.execute(sql, &params![tenant])?;
    }
    Ok(())
}

/// A source as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct SourceView {
    /// Its name in the description.
    pub name: String,
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    pub about: String,
    /// The collection that its records go into.
    pub into: String,
    /// `running`, `failing`, `active` (it runs by itself), `idle` (by hand), `disabled`.
    pub status: &'static str,
    /// When it runs by itself, as its schedules say.
    pub schedules: Vec<String>,
    /// Whether it is read page by page from where it ended.
    pub has_cursor: bool,
    /// How many items it has, and how many of them are gone.
    pub items: u64,
    /// How many of them are gone.
    pub gone: u64,
    /// How many rows are set aside.
    pub aside: u64,
    /// How many records the last good run had.
    pub good_count: Option<u64>,
    /// When that was.
    pub good_at: Option<Timestamp>,
    /// The highest number that was seen, where there is a cursor.
    pub mark: Option<i64>,
    /// The newest run.
    pub last_run: Option<Run>,
}

/// Source → when it runs by itself. Whoever keeps the schedules knows.
pub type Timetable = BTreeMap<String, Vec<String>>;

/// Where a record comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// The source.
    pub source: String,
    /// What the source knows it by.
    pub item: String,
    /// When the source no longer had it.
    pub gone_at: Option<Timestamp>,
    /// The fields that somebody changed by hand, which the source leaves alone.
    pub locked: Vec<String>,
}

impl Kit {
    /// Over these sources and look-ups. `environment` holds the variables that descriptions may name.
    ///
    /// # Errors
    /// When no HTTP client can be made on this machine.
    pub fn new(
        programs: impl IntoIterator<Item = Program>,
        lookups: impl IntoIterator<Item = Live>,
        environment: BTreeMap<String, String>,
        policy: Policy,
    ) -> Result<Self, outside::ClientError> {
        Ok(Self(Arc::new(KitParts {
            programs: programs.into_iter().map(|it| (it.name().to_owned(), it)).collect(),
            lookups: lookups.into_iter().map(|it| (it.name().to_owned(), it)).collect(),
            outside: Outside::open(policy)?,
            pace: Pace::default(),
            environment,
            flights: Flights::default(),
        })))
    }

    /// The sources, in the order of the description.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.0.programs.values()
    }
}

impl Sources {
    /// The sources at work on a database.
    pub fn new(kit: Kit, store: Store, clock: Clock, shelf: Arc<dyn Shelf>) -> Self {
        Self { kit, store, clock, shelf }
    }

    /// Who does runs, by the kind of their jobs.
    pub fn handlers(&self) -> HashMap<String, Arc<dyn Handler>> {
        let doer: Arc<dyn Handler> = Arc::new(Doer { room: self.clone() });
        self.kit.programs().map(|it| (job::kind(it.name()), doer.clone())).collect()
    }

    /// The job of a run, for whoever writes it himself: a schedule. One at a time of each source of a
    /// tenant; its row in the list of runs is made when it begins.
    pub fn new_job(&self, wanted: &Wanted, by: &str, now: Timestamp) -> NewJob {
        job_of(wanted, by, now)
    }

    /// Wants a run; its id. One at a time of each source of a tenant.
    ///
    /// # Errors
    /// [`SourceError::Busy`] while another is at it.
    pub async fn start(&self, actor: &Actor, wanted: Wanted) -> Result<JobId, SourceError> {
        if !self.program(&wanted.source)?.source().enabled {
            return Err(SourceError::Disabled(wanted.source));
        }
        let (now, by) = (self.now(), actor.to_string());
        let begin = move |tx: &Tx| start_in(tx, &wanted, &by, now);
        self.store.write(actor, now, begin).await
    }

    /// All sources, as they are for a tenant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        tenant: TenantId,
        timetable: Timetable,
    ) -> Result<Vec<SourceView>, SourceError> {
        let kit = self.kit.clone();
        let read = move |db: &store::Db| {
            let views = kit.programs().map(|it| view(db, it, tenant, &timetable));
            views.collect::<Result<Vec<_>, Error>>()
        };
        Ok(self.store.read(read).await?)
    }

    /// A page of the runs of a source, newest first; counted when that is asked for.
    ///
    /// # Errors
    /// [`SourceError::NoSuch`].
    pub async fn runs(
        &self,
        tenant: Option<TenantId>,
        source: &str,
        page: PageRequest,
        count: bool,
    ) -> Result<Page<Run>, SourceError> {
        self.program(source)?;
        let source = source.to_owned();
        let read = move |db: &store::Db| {
            let mut found = run::list(db, tenant, &source, &page)?;
            if count {
                found.total = Some(run::count(db, tenant, &source)?);
            }
            Ok::<_, Error>(found)
        };
        Ok(self.store.read(read).await?)
    }

    /// One run, of a tenant or of anybody.
    ///
    /// # Errors
    /// [`SourceError::NoSuchRun`].
    pub async fn run(&self, tenant: Option<TenantId>, id: JobId) -> Result<Run, SourceError> {
        let found = self.store.read(move |db| run::get(db, tenant, id)).await?;
        found.ok_or(SourceError::NoSuchRun(id))
    }

    /// A page of what a source has set aside.
    ///
    /// # Errors
    /// [`SourceError::NoSuch`].
    pub async fn asides(
        &self,
        tenant: TenantId,
        source: &str,
        page: PageRequest,
    ) -> Result<Page<Aside>, SourceError> {
        self.program(source)?;
        let source = source.to_owned();
        Ok(self.store.read(move |db| aside::list(db, tenant, &source, &page)).await?)
    }

    /// What is kept in the caches: by kind, and the newest entries that are meant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cache(
        &self,
        which: Which,
        limit: u32,
    ) -> Result<(Vec<KindView>, Vec<EntryView>), SourceError> {
        let now = self.now();
        let read = move |db: &store::Db| {
            Ok::<_, Error>((look::kinds(db, now)?, look::entries(db, &which, limit)?))
        };
        Ok(self.store.read(read).await?)
    }

    /// Removes entries of the caches; says how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clear_cache(&self, actor: &Actor, which: Which) -> Result<u64, SourceError> {
        Ok(self.store.write(actor, self.now(), move |tx| look::clear(tx, &which)).await?)
    }

    /// Where a record comes from, and which of its fields are left alone.
    ///
    /// # Errors
    /// [`SourceError::NotFromSource`].
    pub async fn origins(
        &self,
        tenant: TenantId,
        record: RecordId,
    ) -> Result<Vec<Origin>, SourceError> {
        let shelf = self.shelf.clone();
        let read = move |db: &store::Db| {
            let known = item::of_record(db, tenant, record)?;
            let kept = shelf.by_ids(db, tenant, &[record])?;
            let there = kept.into_iter().next().map(|it| it.data).unwrap_or_default();
            let origin = |(source, known): (String, item::Known)| {
                let locked = locked(db, tenant, &source, &known, &there)?;
                Ok(Origin { source, item: known.item, gone_at: known.gone_at, locked })
            };
            known.into_iter().map(origin).collect::<Result<Vec<_>, Error>>()
        };
        let origins = self.store.read(read).await?;
        if origins.is_empty() { Err(SourceError::NotFromSource(record)) } else { Ok(origins) }
    }

    /// Lets sources change fields again that somebody changed by hand; all of them when none is named.
    ///
    /// # Errors
    /// [`SourceError::NotFromSource`].
    pub async fn unlock(
        &self,
        actor: &Actor,
        tenant: TenantId,
        record: RecordId,
        fields: Vec<String>,
    ) -> Result<Vec<Origin>, SourceError> {
        let shelf = self.shelf.clone();
        let write = move |tx: &Tx| unlock_in(tx, shelf.as_ref(), tenant, record, &fields);
        self.store.write(actor, self.now(), write).await?;
        self.origins(tenant, record).await
    }

    /// Removes what is past its time, and says how full the caches are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self, now: Timestamp) -> Result<Json, Error> {
        let sweep = move |tx: &Tx| {
            let entries = cache::sweep(tx, now)?;
            let runs = run::sweep(tx, now - RUNS_KEPT)?;
            let asides = aside::sweep(tx, now - aside::KEPT)?;
            Ok::<_, Error>((entries, runs, asides))
        };
        let (entries, runs, asides) =
            self.store.bookkeep("remove what sources need no more", sweep).await?;
        let kinds = self.store.read(move |db| look::kinds(db, now)).await?;
        for it in kinds {
            let kind = it.kind.name();
            metric::CACHE_ENTRIES.set(it.entries as f64, &[kind]);
            metric::CACHE_BYTES.set(it.size_bytes as f64, &[kind]);
            if let Some(newest) = it.newest_at {
                metric::CACHE_AGE.set(now.duration_since(newest).as_secs_f64(), &[kind]);
            }
            if let Some(valid) = it.valid_rate {
                metric::CACHE_VALID.set(valid, &[kind]);
            }
        }
        Ok(json!({"cache": entries, "runs": runs, "asides": asides}))
    }

    /// A source by its name.
    pub(crate) fn program(&self, name: &str) -> Result<&Program, SourceError> {
        let found = self.kit.0.programs.get(name);
        found.ok_or_else(|| SourceError::NoSuch(name.to_owned()))
    }

    /// A look-up by its name.
    pub(crate) fn live(&self, name: &str) -> Option<&Live> {
        self.kit.0.lookups.get(name)
    }

    pub(crate) fn flights(&self) -> &Flights {
        &self.kit.0.flights
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn shelf(&self) -> &Arc<dyn Shelf> {
        &self.shelf
    }

    pub(crate) fn outside(&self) -> &Outside {
        &self.kit.0.outside
    }

    pub(crate) fn policy(&self) -> &Policy {
        self.kit.0.outside.policy()
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.kit.0.pace
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.kit.0.environment
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What a run's job is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) source: String,
    /// What a schedule gives along is how it wants the run.
    #[serde(default, alias = "input")]
    pub(crate) flags: Flags,
}

/// The name under which runs of a source take turns.
fn lock_key(source: &str) -> String {
    format!("sources/{source}")
}

fn job_of(wanted: &Wanted, by: &str, now: Timestamp) -> NewJob {
    let source = &wanted.source;
    let payload = Payload { source: source.clone(), flags: wanted.flags.clone() };
    NewJob {
        lock: Some(Lock { key: lock_key(source), busy: Busy::Refuse }),
        attempts_max: ATTEMPTS_MAX,
        timeout: TIME_MAX,
        ..NewJob::new(wanted.tenant, job::kind(source), json!(payload), by, now)
    }
}

fn start_in(tx: &Tx, wanted: &Wanted, by: &str, now: Timestamp) -> Result<JobId, SourceError> {
    let source = &wanted.source;
    let job = work::enqueue(tx, job_of(wanted, by, now), now).map_err(|error| match error {
        EnqueueError::Busy { job } => SourceError::Busy { source_name: source.clone(), job },
        EnqueueError::Store(error) => error.into(),
    })?;
    run::begin(tx, job.id, wanted.tenant, source, &wanted.flags, by, now)?;
    let summary = format!("Began a run of the source {source}");
    let entry =
        audit::Entry::new(wanted.tenant, "source_started", format!("sources/{source}"), summary);
    tx.audit(entry.after(json!({"run": job.id, "flags": wanted.flags})));
    Ok(job.id)
}

fn unlock_in(
    tx: &Tx,
    shelf: &dyn Shelf,
    tenant: TenantId,
    record: RecordId,
    fields: &[String],
) -> Result<(), SourceError> {
    let all = item::of_record(tx, tenant, record)?;
    let kept = shelf.by_ids(tx, tenant, &[record])?.into_iter().next();
    let Some(kept) = kept.filter(|_| !all.is_empty()) else {
        return Err(SourceError::NotFromSource(record));
    };
    let mut freed: Vec<String> = Vec::new();
    // Of all of them as they are: what one is let go counts as placed, and would be no change by hand for the next.
    let with_locked = |(source, known): (String, item::Known)| {
        let locked = locked(tx, tenant, &source, &known, &kept.data)?;
        Ok((source, known, locked))
    };
    let all = all.into_iter().map(with_locked).collect::<Result<Vec<_>, Error>>()?;
    for (source, known, locked) in all {
        let (Some(mut written), mut placed) = (known.written, known.placed) else { continue };
        for name in locked {
            if !fields.is_empty() && !fields.contains(&name) {
                continue;
            }
            let there = kept.data.get(&name).cloned().unwrap_or_default();
            written.insert(name.clone(), there.clone());
            // For every other source too.
            placed.insert(name.clone(), there);
            freed.push(name);
        }
        item::rewrite(tx, &Of { tenant, source }, &known.item, Some(&written), &placed)?;
    }
    freed.sort_unstable();
    freed.dedup();
    let summary = format!("Let sources change {} fields again", freed.len());
    let entry = audit::Entry::new(tenant, "source_unlocked", format!("records/{record}"), summary);
    tx.audit(entry.record(record).after(json!({"fields": freed})));
    Ok(())
}

/// The fields of a record that a source leaves alone.
fn locked(
    db: &store::Db,
    tenant: TenantId,
    source: &str,
    known: &item::Known,
    there: &Data,
) -> Result<Vec<String>, Error> {
    let of = Of { tenant, source: source.to_owned() };
    let own = HashMap::from([(known.record, known.item.clone())]);
    let others = item::placed_by_others(db, &of, &own)?;
    let by_others = others.get(&known.record).map_or(&[][..], Vec::as_slice);
    Ok(decide::locked(
        there,
        Filled { written: known.written.as_ref(), by_others, ..Filled::default() },
    ))
}

fn view(
    db: &store::Db,
    program: &Program,
    tenant: TenantId,
    timetable: &Timetable,
) -> Result<SourceView, Error> {
    let (name, source) = (program.name().to_owned(), program.source());
    let of = Of { tenant, source: name.clone() };
    let memory = state::load(db, tenant, &name)?;
    let last_run = run::last(db, tenant, &name)?;
    let (items, gone) = item::counts(db, &of)?;
    Ok(SourceView {
        title: source.title.clone(),
        about: source.about.clone(),
        into: source.into.clone(),
        status: status(program, last_run.as_ref(), timetable.contains_key(&name)),
        schedules: timetable.get(&name).cloned().unwrap_or_default(),
        has_cursor: source.cursor.is_some(),
        items,
        gone,
        aside: aside::count(db, tenant, &name)?,
        good_count: memory.good_count,
        good_at: memory.good_at,
        mark: memory.mark,
        last_run,
        name,
    })
}

fn status(program: &Program, last: Option<&Run>, is_scheduled: bool) -> &'static str {
    match last.map(|it| it.state) {
        Some(State::Pending | State::Running) => "running",
        _ if !program.source().enabled => "disabled",
        Some(State::Failed) => "failing",
        _ if is_scheduled => "active",
        _ => "idle",
    }
}

impl From<Refused> for SourceError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Record(why) => Self::Refused(why),
            Refused::Store(error) => Self::Store(error),
        }
    }
}
