//! Looking something up while somebody waits: one question about one record, asked at once.
//!
//! The same question is asked once, however many want to know at the same time, and its answer is kept
//! for a while, for all records of which the same is asked. Sites are asked as sources ask them: guarded,
//! and in turn. Who waits does so no longer than the description says; what is nonsense is no answer.
//!
//! Start at [`Sources::look_up`].

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base::{TenantId, Timestamp};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use outside::{Ask, Failure, site};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Db, Error, Tx};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::{
    cache::{self, Entry, Kind, Uses},
    expression::{Data, Scope, Wrong, value_of},
    fetch::{decoded, lookup_question, span},
    harvest::{is_empty, seen_kept},
    metric,
    program::Live,
    read::at as json_at,
    room::Sources,
    sight::Sight,
};

/// What came of looking something up.
#[derive(Clone, PartialEq)]
pub struct Looked {
    /// Who says it.
    pub found: Found,
    /// What is said; none where nothing is.
    pub answer: Option<Data>,
    /// When somebody outside said it.
    pub asked_at: Option<Timestamp>,
}

/// Who says what was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Somebody outside, just now or a short while ago.
    Live,
    /// Nobody was asked, or nobody answered: it is what is there instead.
    Kept,
    /// Nobody was asked, and nothing is there instead.
    Nothing,
}

/// Why nothing was looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// There is none of this name.
    #[error("there is no look-up `{0}`")]
    NoSuch(String),
    /// Nobody outside answered, or what was answered is nonsense.
    #[error("whoever is asked for `{lookup}` did not answer as they should: {why}")]
    Unanswered {
        /// Which one.
        lookup: String,
        /// Why, without address and answer.
        why: String,
    },
    /// The description does not work for this record.
    #[error("the look-up `{lookup}` cannot be asked: {why}")]
    Misconfigured {
        /// Which one.
        lookup: String,
        /// Why.
        why: String,
    },
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What somebody outside said, and when.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    at: Timestamp,
    answer: Json,
}

/// Somebody outside being asked: what they said, or why nothing.
type Question = BoxFuture<'static, Result<Said, String>>;
/// The same under way: who asks the same meanwhile waits for the same answer.
type Flight = Shared<Question>;

/// Questions under way, by what is asked, and of what use the cache was since it was last counted.
#[derive(Default)]
pub(crate) struct Flights {
    under_way: Mutex<HashMap<String, WeakShared<Question>>>,
    uses: Mutex<Uses>,
}

/// Why nobody said anything.
enum Unsaid {
    Because(String),
    Store(Error),
}

impl Found {
    /// The name used in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Kept => "kept",
            Self::Nothing => "nothing",
        }
    }
}

impl Sources {
    /// Looks something up about a record with these fields, while somebody waits.
    ///
    /// # Errors
    /// [`LookupError::Unanswered`] when nobody answers and nothing is there instead.
    pub async fn look_up(
        &self,
        tenant: TenantId,
        lookup: &str,
        record: &Data,
    ) -> Result<Looked, LookupError> {
        let no_such = || LookupError::NoSuch(lookup.to_owned());
        let live = self.live(lookup).cloned().ok_or_else(no_such)?;
        let began = Instant::now();
        let looked = self.looked(tenant, &live, record).await;
        let outcome = match &looked {
            Ok(it) => it.found.name(),
            Err(LookupError::Unanswered { .. }) => "unanswered",
            Err(_) => "broken",
        };
        let took = began.elapsed();
        metric::LOOKUPS.increment(&[lookup, outcome]);
        metric::LOOKUP_SECONDS.observe(took.as_secs_f64(), &[lookup]);
        info!(lookup, outcome, duration_ms = took.as_millis() as u64, "Looked something up");
        looked
    }

    async fn looked(
        &self,
        tenant: TenantId,
        live: &Live,
        record: &Data,
    ) -> Result<Looked, LookupError> {
        let shelf = self.shelf().clone();
        let of_tenant = self.store().read(move |db: &Db| shelf.tenant(db, tenant)).await?;
        let described = live.described();
        let mut scope = Scope::default();
        let sight = Sight {
            mentions: live.mentions(),
            tables: &described.tables,
            zone: described.zone.as_deref(),
            tenant: &of_tenant,
        };
        sight.give(self, &mut scope);
        let fields = self.shelf().fields(&described.on);
        scope.set("it", seen_kept(&fields, record));
        let misconfigured = |wrong: Wrong| LookupError::Misconfigured {
            lookup: live.name().to_owned(),
            why: wrong.0,
        };
        let plan = plan(live, &scope).map_err(misconfigured)?;
        if !plan.is_asked {
            return Ok(instead(live, plan.otherwise));
        }
        match self.said(tenant, live, &scope).await {
            Ok(looked) => Ok(looked),
            Err(Unsaid::Store(error)) => Err(error.into()),
            Err(Unsaid::Because(why)) => {
                let lookup = live.name();
                warn!(lookup, why, "Nobody outside answered what was looked up");
                let kept = instead(live, plan.otherwise);
                match kept.found {
                    Found::Kept => Ok(kept),
                    Found::Live | Found::Nothing => {
                        Err(LookupError::Unanswered { lookup: lookup.to_owned(), why })
                    }
                }
            }
        }
    }

    /// What somebody outside says, or said a short while ago.
    async fn said(&self, tenant: TenantId, live: &Live, scope: &Scope) -> Result<Looked, Unsaid> {
        let described = live.described();
        let ask = lookup_question(
            live.language(),
            &described.url,
            described.query.iter(),
            described.headers.iter(),
            scope,
            self.policy(),
        );
        let ask = ask.map_err(Unsaid::Because)?;
        let name = cache::name(&format!("lookups/{}", live.name()), &identity(tenant, &ask));
        let said = match self.said_before(live, &name).await.map_err(Unsaid::Store)? {
            Some(said) => said,
            None => {
                let flight = self.flights().join(&name, || {
                    let (room, live, scope) = (self.clone(), live.clone(), scope.clone());
                    let name = name.clone();
                    async move { room.ask_outside(&live, &scope, ask, name).await }.boxed()
                });
                flight.await.map_err(Unsaid::Because)?
            }
        };
        let answer = fields(live, scope, &said).map_err(Unsaid::Because)?;
        Ok(Looked { found: Found::Live, answer: Some(answer), asked_at: Some(said.at) })
    }

    /// What was said a short while ago.
    async fn said_before(&self, live: &Live, name: &str) -> Result<Option<Said>, Error> {
        let (now, asked, shape) = (self.now(), name.to_owned(), live.shape().to_owned());
        let read = move |db: &Db| cache::get(db, Kind::Answer, &asked, &shape, now);
        let (entry, outcome) = self.store().read(read).await?;
        self.flights().uses().note(Kind::Answer, outcome);
        Ok(entry.and_then(|it| serde_json::from_value(it.body).ok()))
    }

    /// Asks, and keeps what was said if it makes sense.
    async fn ask_outside(
        &self,
        live: &Live,
        scope: &Scope,
        ask: Ask,
        name: String,
    ) -> Result<Said, String> {
        let described = live.described();
        let host = ask.url.host_str().unwrap_or_default().to_owned();
        let place = site(&ask.url);
        let asked = async {
            let _turn = self.pace().turn(&place, span(described.pace)).await;
            self.outside().ask(ask).await
        };
        let answer = timeout(span(described.timeout), asked).await.unwrap_or_else(|_| {
            let seconds = described.timeout.as_secs_f64();
            Err(Failure::Unreachable(format!("nobody answered within {seconds} s")))
        });
        let got = answer.map_err(|failure| failure.to_string())?;
        let text = decoded(&got.bytes, got.charset.as_deref(), &got.media_type);
        let whole = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}'));
        let whole = whole.map_err(|_| "the answer is no JSON".to_owned())?;
        let answer = json_at(&whole, &described.answer).filter(|it| !it.is_null()).cloned();
        let nothing = || format!("the answer has nothing at `{}`", described.answer);
        let said = Said { at: self.now(), answer: answer.ok_or_else(nothing)? };
        // Nonsense is not kept.
        fields(live, scope, &said)?;
        self.keep_said(live, name, host, &said).await;
        Ok(said)
    }

    /// Keeps what was said. Where that fails it is told all the same, and asked for again the next time.
    async fn keep_said(&self, live: &Live, name: String, host: String, said: &Said) {
        let good = &live.described().cache;
        if good.ttl.is_zero() {
            return;
        }
        let mut tags = vec![live.name().to_owned(), host];
        tags.extend(good.tags.iter().cloned());
        let entry = Entry {
            kind: Kind::Answer,
            name,
            tags,
            body: json!(said),
            row_count: None,
            shape: live.shape().to_owned(),
        };
        let (ttl, now) = (good.ttl, self.now());
        let mut uses = std::mem::take(&mut *self.flights().uses());
        let keep = move |tx: &Tx| {
            cache::put(tx, &entry, ttl, now)?;
            uses.save(tx)
        };
        let kept = self.store().bookkeep("keep what was looked up", keep).await;
        if let Err(error) = kept {
            warn!(lookup = live.name(), error = %error, "What was looked up is not kept");
        }
    }
}

impl Flights {
    /// The question under way of this name; begun when nobody asks it at this moment.
    fn join(&self, name: &str, begin: impl FnOnce() -> Question) -> Flight {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(name).and_then(WeakShared::upgrade) {
            return flight;
        }
        // A question that nobody waits for any more is over.
        under_way.retain(|_, it| it.upgrade().is_some());
        let flight = begin().shared();
        if let Some(weak) = flight.downgrade() {
            under_way.insert(name.to_owned(), weak);
        }
        flight
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody is asked about a record, and what is there instead.
struct Plan {
    is_asked: bool,
    otherwise: Option<Data>,
}

fn plan(live: &Live, scope: &Scope) -> Result<Plan, Wrong> {
    let (bench, described) = (live.bench()?, live.described());
    let is_asked = match &described.when {
        Some(when) => bench.is_true(when, scope)?,
        None => true,
    };
    let otherwise = match &described.otherwise {
        Some(otherwise) => bench.json(otherwise, scope)?,
        None => Json::Null,
    };
    let otherwise = match otherwise {
        Json::Object(fields) => Some(fields),
        _ => None,
    };
    Ok(Plan { is_asked, otherwise })
}

/// What is there instead of an answer: something, if it has all that is needed.
fn instead(live: &Live, otherwise: Option<Data>) -> Looked {
    let has_all = |it: &Data| live.described().need.iter().all(|name| has(it, name));
    let found = match &otherwise {
        Some(it) if has_all(it) => Found::Kept,
        _ => Found::Nothing,
    };
    Looked { found, answer: otherwise, asked_at: None }
}

/// What an answer gives of a record; or why it is nonsense.
fn fields(live: &Live, scope: &Scope, said: &Said) -> Result<Data, String> {
    let bench = live.bench().map_err(|wrong| wrong.0)?;
    let at = value_of(&Json::String(said.at.to_string()));
    let scope = scope.with("answer", value_of(&said.answer)).with("asked_at", at);
    let mut fields = Data::new();
    for (name, text) in &live.described().gives {
        let value = bench.json(text, &scope).map_err(|wrong| format!("`{name}`: {wrong}"))?;
        fields.insert(name.clone(), value);
    }
    match live.described().need.iter().find(|name| !has(&fields, name)) {
        Some(name) => Err(format!("the answer has no `{name}`")),
        None => Ok(fields),
    }
}

fn has(data: &Data, name: &str) -> bool {
    data.get(name).is_some_and(|it| !is_empty(it))
}

/// All that an answer hangs on: for whom, and what is asked, headers too.
fn identity(tenant: TenantId, ask: &Ask) -> Json {
    let header = |(name, value): (&outside::HeaderName, &outside::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers: Vec<(String, String)> = ask.headers.iter().map(header).collect();
    json!([tenant, ask.url.as_str(), headers])
}

/// Shows who says it, and nothing of what.
impl std::fmt::Debug for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Looked").field("found", &self.found).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn live() -> Live {
        let document = json!({
            "title": "Weather", "on": "rides", "url": "https://weather.example",
            "gives": {"text": "answer.text", "place": "it.place"}, "need": ["text"],
            "otherwise": "it.kept",
        });
        Live::compile("weather", &document, &Arc::new(minijinja::Environment::new()))
            .expect("a look-up")
    }

    fn scope(record: Json) -> Scope {
        Scope::default().with("it", value_of(&record))
    }

    fn said(answer: Json) -> Said {
        Said { at: Timestamp::UNIX_EPOCH, answer }
    }

    #[test]
    fn an_answer_without_what_is_needed_is_nonsense() {
        let scope = scope(json!({"place": "Tarrow"}));
        let found = fields(&live(), &scope, &said(json!({"text": "rain"})));
        assert_eq!(found.map(Json::Object), Ok(json!({"text": "rain", "place": "Tarrow"})));
        let found = fields(&live(), &scope, &said(json!({"text": ""})));
        assert_eq!(found, Err("the answer has no `text`".to_owned()));
    }

    #[test]
    fn what_is_there_instead_counts_with_what_is_needed_alone() {
        let planned = |kept: Json| plan(&live(), &scope(json!({"kept": kept}))).expect("it works");
        let kept = instead(&live(), planned(json!({"text": "sun"})).otherwise);
        assert_eq!((kept.found, kept.asked_at), (Found::Kept, None));
        assert_eq!(
            instead(&live(), planned(json!({"text": null})).otherwise).found,
            Found::Nothing
        );
        assert_eq!(instead(&live(), planned(Json::Null).otherwise).found, Found::Nothing);
    }

    #[tokio::test]
    async fn who_asks_the_same_meanwhile_waits_for_the_same_answer() {
        let flights = Flights::default();
        let began = Arc::new(Mutex::new(0));
        let begin = || {
            let began = began.clone();
            async move {
                tokio::task::yield_now().await;
                *began.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                Ok::<_, String>(said(json!(1)))
            }
            .boxed()
        };
        let (one, other) = (flights.join("a", begin), flights.join("a", begin));
        let third = flights.join("b", begin);
        let all = futures::future::join3(one, other, third).await;
        assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
        assert_eq!(*began.lock().unwrap_or_else(PoisonError::into_inner), 2);
        drop(all);
        assert!(flights.join("a", begin).await.is_ok(), "what is over is asked anew");
        assert_eq!(*began.lock().unwrap_or_else(PoisonError::into_inner), 3);
    }
}
