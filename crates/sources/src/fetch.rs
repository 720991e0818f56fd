//! Fetching what a source is made of: one step after the other, each asked politely, what was fetched a
//! short while ago not asked again.
//!
//! At each site one question at a time, with its pause, and only what its `robots.txt` allows. What
//! brings no answer is asked again, with growing pauses. Values taken from one answer feed the next
//! question. No address, form or header is ever logged or told: any of them may hold a key.

mod letters;
mod question;

use std::time::Duration;

use jiff::SignedDuration;
use outside::{Ask, Bounds, Failure, Got, address, site};
use serde_json::{Value as Json, json};
use store::Error;
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

pub(crate) use self::{letters::decoded, question::lookup_question};
use self::{
    letters::unwrapped,
    question::{agent, put, text},
};
use crate::{
    cache::{self, Entry, Kind, Outcome},
    description::{Fetch, Records, Step},
    expression::{Data, Scope, Wrong, value_of},
    harvest::{self, is_empty, seen_kept},
    metric,
    program::Program,
    read::{ReadError, Reader, as_many, page_words},
    shelf::Lies,
    trip::Trip,
};

/// The longest pause that a site may ask for before it is asked again within a run.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// A page hangs on what was asked, not on how it is read: an adapted description reads it again.
const PAGE: &str = "page";

/// What was fetched last, and what was learnt on the way.
pub(crate) struct Document {
    /// Its text, decoded.
    pub(crate) text: String,
    /// The hash of its text.
    pub(crate) hash: String,
    /// It was fetched by an earlier run.
    pub(crate) is_kept: bool,
}

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// It may be there later.
    #[error("{step}: {why}")]
    Away { step: String, why: String, retry_after: Option<Duration> },
    /// It will not be there, however often it is asked for.
    #[error("{step}: {why}")]
    Refused { step: String, why: String },
    /// Whoever asks is not let in: nothing else will be there either.
    #[error("{step}: {why}")]
    Unwelcome { step: String, why: String },
    /// The site looks other than it is described.
    #[error("{step}: {why}")]
    Changed { step: String, why: String },
    /// Somebody wants the run to stop.
    #[error("it was stopped")]
    Stopped,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How a question is asked.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) pace: SignedDuration,
    pub(crate) timeout: SignedDuration,
    pub(crate) tries: u32,
    pub(crate) backoff: SignedDuration,
    pub(crate) robots: bool,
}

impl Manner {
    pub(crate) fn of(fetch: &Fetch) -> Self {
        Self {
            pace: fetch.pace,
            timeout: fetch.timeout,
            tries: fetch.tries,
            backoff: fetch.backoff,
            robots: fetch.robots,
        }
    }
}

impl Trip<'_> {
    /// Takes all steps. `more` is what their texts see beside what all see. `fresh` passes over what is
    /// kept.
    pub(crate) async fn fetch(
        &mut self,
        more: &[(&str, Json)],
        fresh: bool,
    ) -> Result<Document, FetchError> {
        let program = self.program.clone();
        let steps = &program.source().fetch.steps;
        let mut scope = self.scope.clone();
        for (name, value) in more {
            scope.set(name, value_of(value));
        }
        for (at, step) in steps.iter().enumerate() {
            let (text, is_kept) = self.step(step, &scope, fresh).await?;
            if at + 1 == steps.len() {
                let hash = harvest::text_hash(&text);
                return Ok(Document { text, hash, is_kept });
            }
            taken(&program, step, &text, &mut scope)?;
        }
        Err(FetchError::Refused { step: program.name().into(), why: "it has no steps".into() })
    }

    /// The answer to a step, and whether it was kept from before.
    async fn step(
        &mut self,
        step: &Step,
        scope: &Scope,
        fresh: bool,
    ) -> Result<(String, bool), FetchError> {
        let program = self.program.clone();
        let of = |why: String| FetchError::Refused { step: step.name.clone(), why };
        let language = program.language();
        if let Some(file) = &step.file {
            let path = text(language, file, scope).map_err(|it| of(it.0))?;
            let bytes = self.room.shelf().file(&path).await.map_err(of)?;
            return Ok((decoded(&bytes, None, "text/plain"), false));
        }
        if let Some(records) = &step.records {
            return Ok((self.own_records(records, scope).await.map_err(|it| it.of(step))?, false));
        }
        let fetch = &program.source().fetch;
        let question = question::of(&program, step, scope, self.room.policy()).map_err(of)?;
        let keeps = step.cache && program.source().cursor.is_none();
        let readable = format!("{}/{}", program.name(), step.name);
        let identity = json!([self.tenant, question.identity, step.unwrap]);
        let name = cache::name(&readable, &identity);
        let tags = vec![
            program.name().to_owned(),
            step.name.clone(),
            question.ask.url.host_str().unwrap_or_default().to_owned(),
        ];
        if keeps
            && !fresh
            && let Some(kept) = self.kept(Kind::Html, &name, &tags, PAGE).await?
            && let Some(text) = kept.body.as_str()
        {
            return Ok((text.to_owned(), true));
        }
        let manner = Manner::of(fetch);
        let got = self.ask(&step.name, question.ask, manner).await?;
        let text = decoded(&got.bytes, got.charset.as_deref(), &got.media_type);
        let text = match &step.unwrap {
            Some(field) => unwrapped(text, field),
            None => text,
        };
        if keeps {
            let entry = Entry {
                kind: Kind::Html,
                name,
                tags,
                row_count: None,
                shape: PAGE.to_owned(),
                body: Json::String(text.clone()),
            };
            self.keep_entry(entry).await?;
        }
        Ok((text, false))
    }

    /// Records of the application itself, as JSON.
    async fn own_records(&self, records: &Records, scope: &Scope) -> Result<String, Unread> {
        let (shelf, tenant) = (self.room.shelf().clone(), self.tenant);
        let (of, most) = (records.of.clone(), records.most);
        let read = move |db: &store::Db| shelf.all(db, tenant, &of, most);
        let found = self.room.store().read(read).await?;
        let bench = self.program.bench()?;
        let fields = self.room.shelf().fields(&records.of);
        let mut all = Vec::with_capacity(found.len());
        for kept in found {
            let mut data = kept.data;
            if let Some(when) = &records.when {
                let it = seen_kept(&fields, &data);
                if !bench.is_true(when, &scope.with("it", it))? {
                    continue;
                }
            }
            data.insert("id".into(), Json::String(kept.id.to_string()));
            all.push(Json::Object(data));
        }
        Ok(Json::Array(all).to_string())
    }

    /// The words of a page, line by line; those of a document where one lies there.
    pub(crate) async fn words_of(&mut self, place: &str) -> Result<String, FetchError> {
        let of = |why: String| FetchError::Refused { step: "page".into(), why };
        let fetch = self.program.source().fetch.clone();
        let url = address::check(place, self.room.policy()).map_err(|it| of(it.to_string()))?;
        let mut ask = Ask::get(url);
        if let Some(contact) = &fetch.contact {
            put(&mut ask.headers, "user-agent", &agent(contact)).map_err(of)?;
        }
        let bytes_max = fetch.bytes_max;
        ask.bounds = Bounds { bytes_max, robots: fetch.robots, ..Bounds::default() };
        let got = self.ask("page", ask, Manner::of(&fetch)).await?;
        let lies = tokio::select! {
            lies = self.room.shelf().lies(got.bytes.clone()) => lies.map_err(of)?,
            () = self.job.cancelled() => return Err(FetchError::Stopped),
        };
        let is_said_to_be = got.media_type.contains("html") || got.media_type.starts_with("text/");
        match lies {
            Lies::Document(words) => {
                return as_many(&words.0).ok_or_else(|| of("the document has no words".into()));
            }
            Lies::Text if !is_said_to_be => return Err(of("what lies there is no page".into())),
            Lies::Page | Lies::Text => {}
        }
        let text = decoded(&got.bytes, got.charset.as_deref(), &got.media_type);
        // Taking a page apart is computing: not on a thread that others wait for.
        let words = spawn_blocking(move || page_words(&text)).await;
        words.ok().flatten().ok_or_else(|| of("the page has no words".into()))
    }

    /// Asks until there is an answer, but not for ever.
    pub(crate) async fn ask(
        &mut self,
        step: &str,
        ask: Ask,
        manner: Manner,
    ) -> Result<Got, FetchError> {
        let (source, site) = (self.program.name().to_owned(), site(&ask.url));
        let mut pause = span(manner.backoff);
        let mut tried = 0;
        loop {
            tried += 1;
            // Also while a site is asked for its rules, or others have their turn.
            let answer = tokio::select! {
                answer = self.once(&ask, &site, manner) => answer,
                () = self.job.cancelled() => return Err(FetchError::Stopped),
            };
            let failure = match answer {
                Ok(got) => {
                    metric::FETCHES.increment(&[&source, "answered"]);
                    debug!(source, step, bytes = got.bytes.len(), "A site answered");
                    return Ok(got);
                }
                Err(failure) => failure,
            };
            metric::FETCHES.increment(&[&source, outcome(&failure)]);
            let why = failure.to_string();
            warn!(source, step, tried, why, "A site did not answer as it should");
            if !failure.is_passing() {
                let step = step.to_owned();
                return Err(match failure.is_about_who_asks() {
                    true => FetchError::Unwelcome { step, why },
                    false => FetchError::Refused { step, why },
                });
            }
            let asked_for = failure.retry_after().unwrap_or_default();
            if tried >= manner.tries || asked_for > RETRY_AFTER_MAX {
                let retry_after = failure.retry_after();
                return Err(FetchError::Away { step: step.to_owned(), why, retry_after });
            }
            tokio::select! {
                () = sleep(pause.max(asked_for)) => {}
                () = self.job.cancelled() => return Err(FetchError::Stopped),
            }
            pause = (pause * 2).min(RETRY_AFTER_MAX);
        }
    }

    async fn once(&self, ask: &Ask, site: &str, manner: Manner) -> Result<Got, Failure> {
        let outside = self.room.outside();
        let mut pause = span(manner.pace);
        if manner.robots {
            // A site that takes for ever to say what pause it wants has said nothing.
            let asked = outside.delay(&ask.url, span(manner.timeout)).await;
            pause = asked.unwrap_or_default().max(pause);
        }
        let turn = self.room.pace().turn(site, pause).await;
        let answer = timeout(span(manner.timeout), outside.ask(ask.clone())).await;
        drop(turn);
        answer.unwrap_or_else(|_| {
            let most = manner.timeout.as_secs();
            Err(Failure::Unreachable(format!("the site did not answer within {most} s")))
        })
    }

    /// What is kept under a name, when it still holds and nobody wants it anew.
    pub(crate) async fn kept(
        &mut self,
        kind: Kind,
        name: &str,
        tags: &[String],
        shape: &str,
    ) -> Result<Option<Entry>, Error> {
        if self.flags.refresh.covers(name, tags) {
            self.uses.note(kind, Outcome::Forced);
            return Ok(None);
        }
        let (now, asked, of) = (self.room.now(), name.to_owned(), shape.to_owned());
        let found = self.room.store().read(move |db| cache::get(db, kind, &asked, &of, now)).await;
        let (entry, outcome) = found?;
        self.uses.note(kind, outcome);
        Ok(entry)
    }

    /// Keeps an entry for as long as its kind is good.
    pub(crate) async fn keep_entry(&self, entry: Entry) -> Result<(), Error> {
        let spans = self.program.source().cache.clone();
        let now = self.room.now();
        let keep = move |tx: &store::Tx| {
            let kind = entry.kind;
            cache::put(tx, &entry, kind.span(&spans), now)?;
            if kind == Kind::Html {
                cache::prune(tx, kind, spans.html_entries)?;
            }
            Ok::<_, Error>(())
        };
        self.room.store().bookkeep("keep what a source was asked for", keep).await
    }
}

/// Why records of the application could not be read.
enum Unread {
    Store(Error),
    Wrong(Wrong),
}

impl Unread {
    fn of(self, step: &Step) -> FetchError {
        match self {
            Self::Store(error) => FetchError::Store(error),
            Self::Wrong(wrong) => FetchError::Refused { step: step.name.clone(), why: wrong.0 },
        }
    }
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Wrong> for Unread {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

/// Takes out of an answer what the next steps need.
fn taken(program: &Program, step: &Step, text: &str, scope: &mut Scope) -> Result<(), FetchError> {
    let changed = |why: String| FetchError::Changed { step: step.name.clone(), why };
    let wrong = |wrong: Wrong| FetchError::Refused { step: step.name.clone(), why: wrong.0 };
    let bench = program.bench().map_err(wrong)?;
    let found: Data =
        match (Reader { program, bench: &bench, scope: &*scope }).taken(text, &step.take) {
            Ok(found) => found,
            Err(ReadError::Other(why)) => return Err(changed(why)),
            Err(ReadError::Wrong(it)) => return Err(changed(it.0)),
        };
    let mut all = found.clone();
    for (name, value) in &found {
        scope.set(name, value_of(value));
    }
    for (name, expression) in &step.values {
        let value =
            bench.json(expression, scope).map_err(|it| changed(format!("`{name}`: {it}")))?;
        scope.set(name, value_of(&value));
        all.insert(name.clone(), value);
    }
    for (name, why) in &step.need {
        let is_there = all.get(name).is_none_or(|it| !is_empty(it));
        if !is_there {
            return Err(changed(why.clone()));
        }
    }
    Ok(())
}

fn outcome(failure: &Failure) -> &'static str {
    match failure {
        Failure::Address(_) => "refused_address",
        Failure::Robots => "robots",
        Failure::Status { status, .. } if status.is_server_error() => "server_error",
        Failure::Status { .. } => "client_error",
        Failure::Unreachable(_) => "unreachable",
        Failure::TooLarge(_) => "too_large",
    }
}

pub(crate) fn span(it: SignedDuration) -> Duration {
    it.try_into().unwrap_or_default()
}
