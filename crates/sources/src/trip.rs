//! One run of a source, from the first question to the last record.
//!
//! What is read whole each time (a page) is judged before anything is written; what grows at its end is
//! walked page by page ([`crate::walk`]). Both complete, check and keep records in the same way. A run
//! that is killed goes on: with the page that was kept, behind the records that were.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use base::TenantId;
use serde_json::{Value as Json, json};
use store::{Db, Error};
use tokio::task::spawn_blocking;
use tracing::warn;
use work::{Failure, FenceError, Running};

use crate::{
    aside,
    cache::{self, Entry, Kind, Outcome, Uses},
    complete::{self, IN_VAIN_MAX},
    description::Existing,
    expression::{Scope, Wrong},
    fetch::{Document, FetchError},
    finding::{Code, FINDINGS_MAX, Finding},
    harvest::{self, Harvest, Item, Resisting},
    item::Of,
    judge,
    keep::Met,
    metric,
    program::Program,
    room::{Payload, Sources},
    run::{self, Counts, Flags},
    shelf::TaskQuestion,
    sight::{self, Sight},
    state::{self, Memory},
};

/// Names of what is aside that are looked at while records are kept.
const ASIDES_MAX: u32 = 5_000;

/// A run under way.
pub(crate) struct Trip<'a> {
    pub(crate) room: &'a Sources,
    pub(crate) program: Program,
    pub(crate) tenant: TenantId,
    pub(crate) of: Of,
    pub(crate) job: Running,
    pub(crate) flags: Flags,
    /// What all expressions see.
    pub(crate) scope: Scope,
    pub(crate) memory: Memory,
    pub(crate) uses: Uses,
    pub(crate) counts: Counts,
    pub(crate) findings: Vec<Finding>,
    /// How many questions in a row whoever is asked (a task, an address) has left unanswered.
    pub(crate) in_vain: HashMap<String, u32>,
    /// What was set aside by runs before this one.
    pub(crate) asides: HashSet<String>,
    /// Items that were found equal to their records a short while ago, and what was said of them.
    pub(crate) compared: HashMap<String, String>,
    pub(crate) began: Instant,
}

/// Why a run ends before its end.
pub(crate) enum Stop {
    /// What was fetched is not believed, or cannot be had.
    Refused(Finding),
    /// The site is away.
    Away { message: String, retry_after: Option<Duration> },
    /// It is this job.
    Job(Failure),
}

/// What was fetched and read, and what speaks against it.
struct Reaped {
    harvest: Harvest,
    is_kept: bool,
    against: Vec<Finding>,
}

impl<'a> Trip<'a> {
    /// Begins, or goes on with, the run of a job.
    pub(crate) async fn begin(room: &'a Sources, job: Running) -> Result<Self, Failure> {
        let payload: Payload = serde_json::from_value(job.job().payload.clone())
            .map_err(|_| Failure::for_good("internal", "the job's payload cannot be read"))?;
        let program = room.program(&payload.source).cloned();
        let program =
            program.map_err(|it| Failure::for_good("source_not_found", it.to_string()))?;
        let (tenant, id, now) = (job.job().tenant, job.job().id, room.now());
        let of = Of { tenant, source: payload.source.clone() };
        let (shelf, name) = (room.shelf().clone(), payload.source.clone());
        let read = move |db: &Db| {
            Ok::<_, Error>((
                shelf.tenant(db, tenant)?,
                state::load(db, tenant, &name)?,
                run::get(db, Some(tenant), id)?,
                aside::names(db, tenant, &name, ASIDES_MAX)?,
            ))
        };
        let (of_tenant, memory, kept, asides) = room.store().read(read).await?;
        // A run that a schedule wanted has no row yet.
        let (is_new, by) = (kept.is_none(), job.job().created_by.clone());
        let (source, flags) = (payload.source.clone(), payload.flags.clone());
        let start = move |tx: &store::Tx| {
            if is_new {
                run::begin(tx, id, tenant, &source, &flags, &by, now)?;
            }
            run::start(tx, id, now)
        };
        room.store().bookkeep("begin a run of a source", start).await?;
        let mut trip = Self {
            scope: Scope::default(),
            tenant,
            of,
            flags: payload.flags,
            memory,
            uses: Uses::default(),
            counts: kept.as_ref().map(|it| it.counts).unwrap_or_default(),
            findings: kept.map(|it| it.findings).unwrap_or_default(),
            in_vain: HashMap::new(),
            asides,
            compared: HashMap::new(),
            began: Instant::now(),
            room,
            program,
            job,
        };
        trip.see(&of_tenant);
        trip.always().map_err(|wrong| Failure::for_good("misconfigured", wrong.0))?;
        Ok(trip)
    }

    /// Runs to the end.
    pub(crate) async fn go(&mut self) -> Result<(), Stop> {
        match self.program.source().cursor.is_some() {
            true => Box::pin(self.walk()).await,
            false => Box::pin(self.whole()).await,
        }
    }

    /// A source that is read whole each time.
    async fn whole(&mut self) -> Result<(), Stop> {
        self.progress(2, "Asking the source").await?;
        let mut reaped = self.reap(false).await?;
        if reaped.is_kept && reaped.against.iter().any(|it| it.code.refuses()) {
            // What was kept may be what is wrong.
            self.uses.note(Kind::Html, Outcome::Invalid);
            self.note("what was kept is not believed; it is fetched anew");
            reaped = self.reap(true).await?;
        }
        if let Some(first) = reaped.against.first().cloned() {
            self.findings.extend(reaped.against.into_iter().skip(1));
            return Err(Stop::Refused(first));
        }
        let harvest = reaped.harvest;
        self.counts = Counts {
            rows: harvest.rows as u64,
            extracted: (harvest.rows - harvest.aside.len().min(harvest.rows)) as u64,
            consolidated: harvest.items.len() as u64,
            errors: 0,
            completed: 0,
            ..self.counts
        };
        self.progress(20, &format!("Read {} rows", harvest.rows)).await?;
        let good_count = harvest.items.len() as u64;
        let mut items = harvest.items;
        let met = Met::recognised(&harvest.aside);
        let resisting = self.read_by_task(harvest.aside, &mut items).await?;
        self.progress(30, "Completing what is missing").await?;
        self.complete(&mut items).await?;
        let (fit, unfit) = self.checked(items);
        let first = unfit.first().map_or("", |it| it.1.as_str());
        let total = fit.len() + unfit.len();
        let checks = self.program.source().checks.clone();
        if let Some(finding) = judge::invalid(&checks, total, unfit.len(), first) {
            return Err(Stop::Refused(finding));
        }
        if self.flags.validate {
            self.tell_aside(&resisting, &unfit);
            self.counts.errors = (resisting.len() + unfit.len()) as u64;
            self.note("everything was checked and nothing was written");
            return Ok(());
        }
        let met = met.with(self.program.source(), &resisting, &unfit);
        self.set_aside(&resisting, &unfit).await?;
        self.keep_all(fit, total).await?;
        self.mark_gone(met).await?;
        self.memory = self.memory.succeeded(good_count, self.room.now());
        Ok(())
    }

    /// Keeps records in parts that are each one transaction.
    async fn keep_all(&mut self, fit: Vec<Item>, total: usize) -> Result<(), Stop> {
        let was_kept = self.load_compared().await?;
        let mut done = 0;
        let mut rest = fit.into_iter().peekable();
        while rest.peek().is_some() {
            let part: Vec<Item> = rest.by_ref().take(crate::keep::PART).collect();
            done += part.len();
            self.keep(part, None).await?;
            let percent = 40 + done * 50 / total.max(1);
            let message = format!("Kept {done} of {total} records");
            self.progress(u8::try_from(percent).unwrap_or(90), &message).await?;
        }
        if !was_kept {
            self.save_compared().await?;
        }
        Ok(())
    }

    /// Fetches and reads, or takes what was read of the same document before.
    async fn reap(&mut self, fresh: bool) -> Result<Reaped, Stop> {
        let document = self.fetch(&[], fresh).await?;
        self.note(&format!(
            "{} characters, {}",
            document.text.len(),
            if document.is_kept { "kept from before" } else { "fetched now" }
        ));
        let program = self.program.clone();
        let today = self.today();
        let name = cache::name(
            &format!("{}/records", program.name()),
            &json!([self.tenant, document.hash, today]),
        );
        let tags = vec![program.name().to_owned(), "records".to_owned()];
        if !fresh && let Some(harvest) = self.harvested(&document, &name, &tags).await? {
            let against = judge::judge(program.source(), &harvest, self.memory.good_count);
            return Ok(Reaped { harvest, is_kept: document.is_kept, against });
        }
        let harvest = self.read(document.text).await?;
        let against = judge::judge(program.source(), &harvest, self.memory.good_count);
        if against.is_empty() {
            let entry = Entry {
                kind: Kind::Structured,
                name,
                tags,
                row_count: harvest.counted.map(|it| it as u64),
                shape: program.shape().to_owned(),
                body: json!(harvest),
            };
            self.keep_entry(entry).await?;
        }
        Ok(Reaped { harvest, is_kept: document.is_kept, against })
    }

    /// What was read of this document before, if it has as many rows as the document counts.
    async fn harvested(
        &mut self,
        document: &Document,
        name: &str,
        tags: &[String],
    ) -> Result<Option<Harvest>, Stop> {
        let shape = self.program.shape().to_owned();
        let Some(entry) = self.kept(Kind::Structured, name, tags, &shape).await? else {
            return Ok(None);
        };
        let counted = harvest::counted(&self.program, &document.text).map(|it| it as u64);
        let read: Option<Harvest> = serde_json::from_value(entry.body).ok();
        let holds = counted == entry.row_count;
        if !holds || read.is_none() {
            self.uses.note(Kind::Structured, Outcome::Invalid);
            return Ok(None);
        }
        Ok(read)
    }

    /// Reads a document, on a thread where computing hinders nobody.
    pub(crate) async fn read(&self, text: String) -> Result<Harvest, Stop> {
        let (program, scope) = (self.program.clone(), self.scope.clone());
        let began = Instant::now();
        let made = spawn_blocking(move || harvest::harvest(&program, &text, &scope)).await;
        metric::READ.observe(began.elapsed().as_secs_f64(), &[self.program.name()]);
        match made {
            Ok(made) => Ok(made?),
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Stop::Job(Failure::for_now("worker_lost", "the program stops"))),
            },
        }
    }

    /// Gives rows that resist to the task that may read them; hands back those that still do.
    async fn read_by_task(
        &mut self,
        resisting: Vec<Resisting>,
        items: &mut Vec<Item>,
    ) -> Result<Vec<Resisting>, Stop> {
        let program = self.program.clone();
        let Some(fallback) = &program.source().parse.fallback else { return Ok(resisting) };
        let mut rest = Vec::new();
        let whom = complete::task_called(&fallback.task);
        let (mut asked, mut in_vain) = (0, self.in_vain_of(&whom));
        for row in resisting {
            // What was refused was read.
            if asked >= fallback.most || in_vain >= IN_VAIN_MAX || row.is_refused {
                rest.push(row);
                continue;
            }
            self.stopped()?;
            asked += 1;
            let question = TaskQuestion {
                tenant: self.tenant,
                job: self.job.job().id,
                task: fallback.task.clone(),
                input: json!({"row": row.raw, "fields": row.row, "why": row.reason}),
            };
            let answer = self.room.shelf().ask(question).await;
            in_vain = complete::in_vain_after(in_vain, &answer);
            match answer {
                Ok(Json::Object(mut data)) => {
                    if let Some(marks) = &fallback.marks {
                        data.insert(marks.clone(), Json::Bool(true));
                    }
                    let item = harvest::told(program.source(), data, &row);
                    let message = "a task read the row that resisted";
                    self.tell(Finding::new(Code::ReadByTask, message).about(&item.key));
                    items.push(item);
                }
                _ => rest.push(row),
            }
        }
        self.in_vain.insert(whom, in_vain);
        Ok(rest)
    }

    /// Records that fit their collection, and those that do not with the reason.
    pub(crate) fn checked(&self, items: Vec<Item>) -> (Vec<Item>, Vec<(Item, String)>) {
        let source = self.program.source();
        let gone = source.gone.as_ref().and_then(|it| it.field.clone());
        let gone = gone.filter(|_| source.existing == Existing::Update);
        let (mut fit, mut unfit) = (Vec::with_capacity(items.len()), Vec::new());
        for mut item in items {
            if let Some(field) = &gone {
                // It is there, so it is not gone.
                item.data.insert(field.clone(), Json::Bool(false));
            }
            let faults = self.room.shelf().faults(&source.into, &item.data);
            match faults.is_empty() {
                true => fit.push(item),
                false => unfit.push((item, faults.join("; "))),
            }
        }
        (fit, unfit)
    }

    /// Says what was set aside.
    pub(crate) fn tell_aside(&mut self, rows: &[Resisting], records: &[(Item, String)]) {
        for row in rows {
            self.tell(Finding::new(Code::RowAside, row.reason.as_str()).about(&row.key));
        }
        for (item, why) in records {
            self.tell(Finding::new(Code::RecordAside, why.as_str()).about(&item.key));
        }
    }

    /// Adds a finding, as long as there is room for more.
    pub(crate) fn tell(&mut self, finding: Finding) {
        if self.findings.len() < self.findings_max() {
            self.findings.push(finding);
        }
    }

    /// Tells something to whoever looks for a fault.
    pub(crate) fn note(&mut self, text: &str) {
        if self.flags.debug || self.flags.validate {
            self.tell(Finding::new(Code::Note, text));
        }
    }

    /// The findings that are kept.
    pub(crate) fn kept_findings(&self) -> Vec<Finding> {
        self.findings.iter().take(self.findings_max()).cloned().collect()
    }

    fn findings_max(&self) -> usize {
        if self.flags.debug { FINDINGS_MAX * 10 } else { FINDINGS_MAX }
    }

    /// Says how far it is, and stops when somebody wants that.
    pub(crate) async fn progress(&self, percent: u8, message: &str) -> Result<(), Stop> {
        self.stopped()?;
        self.job.progress(percent, message).await;
        Ok(())
    }

    pub(crate) fn stopped(&self) -> Result<(), Stop> {
        match self.job.is_cancelled() {
            true => Err(Stop::Job(Failure::Cancelled)),
            false => Ok(()),
        }
    }

    /// How every run is wanted, beside how this one is.
    fn always(&mut self) -> Result<(), Wrong> {
        let program = self.program.clone();
        let bench = program.bench()?;
        for (key, text) in program.source().flags.each() {
            if !is_on(&bench.json(text, &self.scope)?) {
                continue;
            }
            match key {
                "refresh" => self.flags.refresh.all = true,
                "debug" => self.flags.debug = true,
                _ => self.flags.validate = true,
            }
        }
        Ok(())
    }

    /// The day it is where the source is.
    fn today(&self) -> String {
        sight::today(self.room.now(), self.program.source().zone.as_deref())
    }

    /// Gives expressions what all of them see.
    fn see(&mut self, tenant: &Json) {
        let program = self.program.clone();
        let (mentions, source) = (program.mentions(), program.source());
        let sight =
            Sight { mentions, tables: &source.tables, zone: source.zone.as_deref(), tenant };
        sight.give(self.room, &mut self.scope);
    }
}

/// Does a value say so? What comes out of the environment is a text.
fn is_on(value: &Json) -> bool {
    match value {
        Json::Bool(it) => *it,
        Json::String(text) => {
            matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")
        }
        _ => false,
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Job(error.into())
    }
}

impl From<FenceError> for Stop {
    fn from(error: FenceError) -> Self {
        Self::Job(error.into())
    }
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        warn!(why = wrong.0, "An expression of a source failed");
        Self::Job(Failure::for_good("misconfigured", wrong.0))
    }
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::Away { retry_after, .. } => Self::Away { message, retry_after },
            FetchError::Refused { .. } | FetchError::Unwelcome { .. } => {
                Self::Refused(Finding::new(Code::FetchFailed, message))
            }
            FetchError::Changed { .. } => {
                let message = format!("the structure has changed: {message}");
                Self::Refused(Finding::new(Code::StructureChanged, message))
            }
            FetchError::Stopped => Self::Job(Failure::Cancelled),
            FetchError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_environment_may_say_that_something_is_on() {
        for (value, expected) in [
            (json!(true), true),
            (json!("True"), true),
            (json!(" 1 "), true),
            (json!("on"), true),
            (json!("false"), false),
            (json!("0"), false),
            (json!(""), false),
            (json!(null), false),
        ] {
            assert_eq!(is_on(&value), expected, "{value}");
        }
    }
}
