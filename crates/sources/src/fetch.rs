//! Fetching what a source is made of: one step after the other, each asked politely, what was fetched a
//! short while ago not asked again.
//!
//! At each site one question at a time, with its pause, and only what its `robots.txt` allows. What
//! brings no answer is asked again, with growing pauses. Values taken from one answer feed the next
//! question. No address, form or header is ever logged or told: any of them may hold a key.

use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;
use outside::{Ask, Bounds, Failure, Got, HeaderMap, HeaderName, HeaderValue, Url, address, site};
use serde_json::{Value as Json, json};
use store::Error;
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use crate::{
    cache::{self, Entry, Kind, Outcome},
    description::{Fetch, Method, Records, Step},
    expression::{Data, Language, Scope, Wrong, filled, filled_within, value_of},
    harvest::{self, is_empty},
    metric,
    program::Program,
    read::{ReadError, Reader, page_words},
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

/// A question, all its texts filled in.
pub(crate) struct Question {
    ask: Ask,
    /// All that the answer hangs on.
    identity: Json,
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
        let question = question(&program, step, scope, self.room.policy()).map_err(of)?;
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
        let mut all = Vec::with_capacity(found.len());
        for kept in found {
            let mut data = kept.data;
            if let Some(when) = &records.when {
                let it = value_of(&Json::Object(data.clone()));
                if !bench.is_true(when, &scope.with("it", it))? {
                    continue;
                }
            }
            data.insert("id".into(), Json::String(kept.id.to_string()));
            all.push(Json::Object(data));
        }
        Ok(Json::Array(all).to_string())
    }

    /// The words of a page, line by line.
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
        if !(got.media_type.contains("html") || got.media_type.starts_with("text/")) {
            return Err(of("what lies there is no page".into()));
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
                return Err(FetchError::Refused { step: step.to_owned(), why });
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

/// Fills in the texts of a step.
fn question(
    program: &Program,
    step: &Step,
    scope: &Scope,
    policy: &outside::Policy,
) -> Result<Question, String> {
    let (language, fetch) = (program.language(), &program.source().fetch);
    let wrong = |it: Wrong| it.0;
    let place = text(language, step.url.as_deref().unwrap_or_default(), scope).map_err(wrong)?;
    if place.trim().is_empty() {
        return Err("its address is empty: the variable that holds it has no value".into());
    }
    let mut url = address::check(&place, policy).map_err(|it| it.to_string())?;
    let query = pairs(language, step.query.iter(), scope).map_err(wrong)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut headers = HeaderMap::new();
    if let Some(contact) = &fetch.contact {
        put(&mut headers, "user-agent", &agent(contact))?;
    }
    for (name, value) in fetch.headers.iter().chain(&step.headers) {
        put(&mut headers, name, &text(language, value, scope).map_err(wrong)?)?;
    }
    let (mut form, mut sent) = (Vec::new(), Json::Null);
    let body = match (&step.json, step.method) {
        (Some(value), _) => {
            sent = filled_within(language, value, scope).map_err(wrong)?;
            put(&mut headers, "content-type", "application/json")?;
            Some(Bytes::from(sent.to_string()))
        }
        (None, Method::Post) => {
            form = pairs(language, step.form.iter(), scope).map_err(wrong)?;
            put(&mut headers, "content-type", "application/x-www-form-urlencoded")?;
            Some(Bytes::from(encoded(&form)))
        }
        (None, Method::Get) => None,
    };
    let identity = json!([url.as_str(), form, sent]);
    let bounds = Bounds { bytes_max: fetch.bytes_max, robots: fetch.robots, ..Bounds::default() };
    Ok(Question { ask: Ask { url, body, headers, bounds }, identity })
}

/// A question to somebody who completes, with its address and query filled in.
pub(crate) fn lookup_question<'f>(
    language: &Language,
    url: &str,
    query: impl Iterator<Item = (&'f String, &'f Json)>,
    headers: impl Iterator<Item = (&'f String, &'f String)>,
    scope: &Scope,
    policy: &outside::Policy,
) -> Result<Ask, String> {
    let wrong = |it: Wrong| it.0;
    let place = text(language, url, scope).map_err(wrong)?;
    let mut url = address::check(&place, policy).map_err(|it| it.to_string())?;
    let query = pairs(language, query, scope).map_err(wrong)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut ask = Ask::get(url);
    for (name, value) in headers {
        put(&mut ask.headers, name, &text(language, value, scope).map_err(wrong)?)?;
    }
    ask.bounds = Bounds { bytes_max: 1024 * 1024, robots: false, ..Bounds::default() };
    Ok(ask)
}

/// The name of this program, and whom to write to about it.
fn agent(contact: &str) -> String {
    format!("mainstay/{} (+{contact})", env!("CARGO_PKG_VERSION"))
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    let named = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{name}` is no name of a header"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the header `{name}` has characters that no header may have"))?;
    value.set_sensitive(true);
    headers.insert(named, value);
    Ok(())
}

/// A text, filled in; what is nothing is empty.
fn text(language: &Language, template: &str, scope: &Scope) -> Result<String, Wrong> {
    Ok(match filled(language, template, scope)? {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    })
}

/// Names with their values as texts: a list gives a pair for each entry, nothing gives none.
fn pairs<'f>(
    language: &Language,
    values: impl Iterator<Item = (&'f String, &'f Json)>,
    scope: &Scope,
) -> Result<Vec<(String, String)>, Wrong> {
    let mut pairs = Vec::new();
    for (name, value) in values {
        let entries = match filled_within(language, value, scope)? {
            // An entry that is a list itself, out of an expression.
            Json::Array(entries) => entries
                .into_iter()
                .flat_map(|it| match it {
                    Json::Array(inner) => inner,
                    one => vec![one],
                })
                .collect(),
            one => vec![one],
        };
        for entry in entries {
            let text = match entry {
                Json::Null => continue,
                Json::String(text) => text,
                other => other.to_string(),
            };
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

/// The fields of a form as they are sent.
fn encoded(pairs: &[(String, String)]) -> String {
    // What stands behind the question mark of an address is written in the same way.
    let Ok(mut url) = Url::parse("http://form.invalid/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// What a field of a JSON answer holds; an answer that is none is taken as it is.
fn unwrapped(text: String, field: &str) -> String {
    let inner = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')).ok();
    let inner = inner.as_ref().and_then(|it| it.get(field)?.as_str().map(str::to_owned));
    inner.unwrap_or(text)
}

/// Bytes as text: by what the site says of its letters, else by what the page says, else UTF-8. What
/// no database keeps is left out.
pub(crate) fn decoded(bytes: &[u8], charset: Option<&str>, media_type: &str) -> String {
    let said = charset.map(str::to_owned).or_else(|| {
        let is_page = media_type.contains("html") || media_type.contains("xml");
        is_page.then(|| charset_within(bytes)).flatten()
    });
    let encoding = said.and_then(|it| encoding_rs::Encoding::for_label(it.as_bytes()));
    let (text, _, _) = encoding.unwrap_or(encoding_rs::UTF_8).decode(bytes);
    match text.contains('\0') {
        true => text.replace('\0', ""),
        false => text.into_owned(),
    }
}

/// What the head of a page says of its letters.
fn charset_within(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2_048)]).to_ascii_lowercase();
    let at = head.find("charset=")? + "charset=".len();
    let rest = head[at..].trim_start_matches(['"', '\'']);
    let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_')));
    Some(rest[..end.unwrap_or(rest.len())].to_owned()).filter(|it| !it.is_empty())
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

fn span(it: SignedDuration) -> Duration {
    it.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use minijinja::Environment;

    use super::*;

    #[test]
    fn a_list_in_a_form_is_sent_entry_by_entry() {
        let language: Language = std::sync::Arc::new(Environment::new());
        let mut scope = Scope::default();
        scope.set("ids", value_of(&json!(["63", "64"])));
        let form: IndexMap<String, Json> = serde_json::from_value(json!({
            "action": "list", "season[]": "{{ ids }}", "country[]": ["United States", "Canada"],
            "zip": "", "none": null, "page": 2
        }))
        .unwrap();
        let sent = encoded(&pairs(&language, form.iter(), &scope).unwrap());
        assert_eq!(
            sent,
            "action=list&season%5B%5D=63&season%5B%5D=64&country%5B%5D=United+States\
             &country%5B%5D=Canada&zip=&page=2"
        );
    }

    #[test]
    fn an_answer_is_unwrapped_where_it_is_wrapped() {
        assert_eq!(unwrapped(r#"{"html": "<p>a</p>"}"#.into(), "html"), "<p>a</p>");
        assert_eq!(unwrapped("<p>a</p>".into(), "html"), "<p>a</p>");
        assert_eq!(unwrapped(r#"{"other": 1}"#.into(), "html"), r#"{"other": 1}"#);
    }

    #[test]
    fn letters_are_read_as_the_site_or_the_page_says() {
        assert_eq!(decoded(b"caf\xe9", Some("iso-8859-1"), "text/html"), "café");
        let page = b"<html><head><meta charset=\"windows-1252\"></head>caf\xe9</html>";
        assert!(decoded(page, None, "text/html").contains("café"));
        assert_eq!(decoded("café\0".as_bytes(), None, "text/csv"), "café");
    }
}
