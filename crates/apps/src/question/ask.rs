//! The way of a question, from its words to the answer: language, what was said before, an answer that
//! is known already, records like it, a query, what the query found, the words for it, three questions
//! more. However it ends, one row says how it fared.

mod ending;

use std::time::{Duration, Instant};

use base::{TenantId, Timestamp};
use identity::Caller;
use jiff::{SignedDuration, ToSpan, tz::TimeZone};
use models::tokens;
use serde_json::{Value as Json, json};
use store::guarded::{Limits, Query, Refusal, Table};
use tracing::info;

use super::{
    QuestionAsk, QuestionError, QuestionsKit, Writer,
    cache::{self, Kept, Key},
    conversation::{self, Conversation, Turn},
    look, meter,
    say::Unanswered,
    shape, similar, view,
    write::{self, Found, Scene},
};
use crate::{
    assistant::whose,
    engine::Engine,
    error::EngineError,
    language::{self, Detected},
};

/// A question on its way.
pub(crate) struct Asking {
    engine: Engine,
    caller: Caller,
    kit: QuestionsKit,
    tenant: TenantId,
    question: String,
    detected: Detected,
    /// The conversation that it goes on with.
    conversation: Option<Conversation>,
    /// What was said in it last.
    turns: Vec<Turn>,
    writer: Writer,
    category: Option<String>,
    started: Instant,
    now: Timestamp,
}

/// Why there is no answer, and what to ask instead.
struct No {
    why: Unanswered,
    instead: Option<String>,
}

/// How a question ends that was not answered.
enum Stop {
    /// It has no answer; that is told.
    No(No),
    /// Something failed.
    Failed(Box<EngineError>),
}

/// An answer, before it is kept.
struct Answer {
    text: String,
    /// A model put it into words.
    is_phrased: bool,
    followups: Vec<String>,
    result: Json,
    category: Option<String>,
    /// What is kept to be given again.
    kept: Option<Kept>,
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<Unanswered> for Stop {
    fn from(why: Unanswered) -> Self {
        Self::No(No { why, instead: None })
    }
}

impl Asking {
    /// Reads what a question begins with.
    ///
    /// # Errors
    /// A conversation that is not there, or somebody else's, or over other questions.
    pub(crate) async fn begin(
        engine: &Engine,
        caller: &Caller,
        kit: QuestionsKit,
        ask: QuestionAsk,
        question: String,
    ) -> Result<Self, EngineError> {
        let (started, now) = (Instant::now(), engine.now());
        let usual = kit.language(ask.language.as_deref()).to_owned();
        let detected = language::detect(&question, &kit.languages, &usual, language::THRESHOLD);
        let (conversation, turns) = match ask.conversation {
            None => (None, Vec::new()),
            Some(id) => {
                let (whose, name, most) = (whose(caller), kit.name.clone(), kit.description.turns);
                let read = move |db: &store::Db| {
                    let found = conversation::get(db, &whose, id, now)?;
                    if found.questions != name || found.tenant != ask.tenant {
                        return Err(QuestionError::NoSuchConversation(id).into());
                    }
                    let turns = conversation::last(db, id, most)?;
                    Ok::<_, EngineError>((Some(found), turns))
                };
                engine.store().read(read).await?
            }
        };
        let writer = Writer::new(engine, &kit, ask.tenant, caller.actor.to_string());
        Ok(Self {
            engine: engine.clone(),
            caller: caller.clone(),
            tenant: ask.tenant,
            kit,
            question,
            detected,
            conversation,
            turns,
            writer,
            category: None,
            started,
            now,
        })
    }

    /// The answer, or why there is none. What callers see.
    ///
    /// # Errors
    /// When no model answers, or the database does not.
    pub(crate) async fn answer(mut self) -> Result<Json, EngineError> {
        let (outcome, from_cache) = match self.known().await {
            Ok(Some(answer)) => (Ok(answer), true),
            Ok(None) => (self.work_out().await, false),
            Err(error) => (Err(error.into()), false),
        };
        let told = match outcome {
            Ok(answer) => {
                self.category.clone_from(&answer.category);
                self.keep(answer, from_cache).await
            }
            Err(Stop::No(no)) => self.without_answer(no).await,
            Err(Stop::Failed(error)) if write::is_too_long(&error) => {
                let no = No { why: Unanswered::ContextExceeded, instead: None };
                self.without_answer(no).await
            }
            Err(Stop::Failed(error)) => {
                let code = write::failure_code(&error);
                self.note(Some(code.clone())).await;
                self.count(&code);
                return Err(*error);
            }
        };
        let told = told?;
        let outcome = match (&told["error_code"], from_cache) {
            (Json::String(code), _) => code.clone(),
            (_, true) => "cached".to_owned(),
            (_, false) => "answered".to_owned(),
        };
        self.count(&outcome);
        Ok(told)
    }

    /// An answer that was given before: to anybody who begins a conversation with the same question,
    /// or to the same question in this conversation.
    async fn known(&self) -> Result<Option<Answer>, EngineError> {
        let days = i64::from(self.kit.description.cache_days);
        if days == 0 {
            return Ok(None);
        }
        let (key, now) = (self.key(), self.now);
        let here = self.conversation.as_ref().map(|it| it.id);
        let since = now - SignedDuration::from_hours(24 * days);
        let read = move |db: &store::Db| {
            Ok::<_, store::Error>(match here {
                None => cache::get(db, &key, now)?.map(|it| Answer {
                    text: it.answer,
                    is_phrased: true,
                    followups: it.followups,
                    result: it.result,
                    category: it.category,
                    kept: None,
                }),
                Some(id) => conversation::same(db, id, &key.hash, since)?.map(|it| Answer {
                    text: it.answer,
                    is_phrased: true,
                    followups: it.followups,
                    result: it.result,
                    category: None,
                    kept: None,
                }),
            })
        };
        Ok(self.engine.store().read(read).await?)
    }

    async fn work_out(&mut self) -> Result<Answer, Stop> {
        let said: u64 = self
            .turns
            .iter()
            .map(|it| tokens::estimate(&it.question) + tokens::estimate(&it.answer))
            .sum();
        if said > self.kit.description.context_tokens {
            return Err(Unanswered::ContextExceeded.into());
        }
        let scene = self.scene();
        let (query, table) = self.find(&scene).await?;
        let text = shape::text(&table, &self.detected.language);
        let found = Found { text: &text, count: table.rows.len() };
        let phrased = self.writer.answer(&scene, &found).await;
        let is_phrased = phrased.is_some();
        let answer = phrased.unwrap_or_else(|| text.clone());
        let followups = self.writer.followups(&scene.after(&answer), None).await;
        let result = shape::values(&table);
        // What was asked in the light of what was said before means something else in another light.
        let kept = (self.turns.is_empty() && is_phrased).then(|| Kept {
            question: self.question.clone(),
            query,
            result: result.clone(),
            answer: answer.clone(),
            followups: followups.clone(),
            language: self.detected.language.clone(),
            category: self.category.clone(),
            execution_ms: millis(table.took),
            result_count: table.rows.len() as u64,
        });
        let category = self.category.clone();
        Ok(Answer { text: answer, is_phrased, followups, result, category, kept })
    }

    /// Has a query written and run, and written anew while it is wrong and may be.
    async fn find(&mut self, scene: &Scene) -> Result<(String, Table), Stop> {
        let dialect = self.engine.store().dialect();
        let description = self.kit.description.clone();
        let alike = match &description.similar {
            Some(similar) => {
                similar::texts(&self.engine, &self.caller, self.tenant, similar, &self.question)
                    .await
            }
            None => Vec::new(),
        };
        let mut fault: Option<Refusal> = None;
        let mut last: Option<String> = None;
        for _ in 0..=description.repairs {
            let extra = [
                ("dialect", json!(view::dialect_name(dialect))),
                ("tables", view::described(dialect, &description)),
                ("period", self.period()),
                ("rows", json!(description.limits.rows)),
                ("categories", json!(self.kit.categories())),
                ("similar", json!(alike)),
                ("last_query", json!(last)),
                ("fault", json!(fault.as_ref().map(ToString::to_string))),
            ];
            let written = self.writer.query(scene, &extra).await?;
            self.category = written.category.filter(|it| self.kit.categories().contains(it));
            let Some(query) = written.query else {
                let (why, instead) = (Unanswered::CannotAnswer, written.instead);
                return Err(Stop::No(No { why, instead }));
            };
            if let Some(found) = look::named(&query, &self.kit.restricted) {
                info!(
                    questions = self.kit.name,
                    table = found.table,
                    "A query named a table that is out of bounds; it was not run"
                );
                return Err(Unanswered::Refused.into());
            }
            match self.run(query.clone()).await? {
                Ok(table) => return Ok((query, table)),
                Err(refusal) => {
                    meter::MENDED.increment(&[self.kit.name.as_str(), refusal.code()]);
                    info!(
                        questions = self.kit.name,
                        refusal.code = refusal.code(),
                        "A query that a model wrote was not carried out"
                    );
                    let is_final = !refusal.may_mend();
                    (fault, last) = (Some(refusal), Some(query));
                    if is_final {
                        break;
                    }
                }
            }
        }
        Err(match fault {
            Some(Refusal::Forbidden { .. }) => Unanswered::Refused.into(),
            Some(Refusal::TooMuch { .. }) => Unanswered::TooMuch.into(),
            _ => Unanswered::NoQuery.into(),
        })
    }

    /// Runs a query over what this tenant's questions may see. The outer error is the database's.
    async fn run(&self, text: String) -> Result<Result<Table, Refusal>, EngineError> {
        let (store, limits) = (self.engine.store(), self.kit.description.limits);
        let views = view::of(
            store.dialect(),
            &self.kit.description,
            self.engine.folder().kits(),
            self.tenant,
            self.now,
        );
        let query = Query {
            text,
            views,
            tables: view::TABLES,
            limits: Limits {
                rows: limits.rows,
                cell_chars: limits.cell_chars,
                bytes: limits.bytes,
                time: Duration::from_millis(limits.time_ms),
                cost: limits.cost,
                ..Limits::default()
            },
        };
        // Few at a time: each may take as much as it is allowed to.
        let _room = self.engine.query_room().acquire().await;
        match store.ask(query).await {
            Ok(table) => Ok(Ok(table)),
            Err(Refusal::Store(error)) => Err(error.into()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn scene(&self) -> Scene {
        Scene {
            question: self.question.clone(),
            language: self.detected.language.clone(),
            today: day(self.now),
            history: self.turns.iter().map(write::seen).collect(),
        }
    }

    fn key(&self) -> Key {
        Key {
            tenant: self.tenant,
            questions: self.kit.name.clone(),
            hash: cache::hash(&self.question, &self.detected.language),
            made_by: self.kit.made_by().to_owned(),
        }
    }

    /// The time that the question is about when it names none.
    fn period(&self) -> Json {
        let Some(period) = &self.kit.description.period else { return Json::Null };
        let today = self.now.to_zoned(TimeZone::UTC).date();
        let from = today.checked_sub(i64::from(period.months).months()).unwrap_or(today);
        let reach = period.reach_days.map(|days| view::reach(self.now, days));
        json!({
            "column": period.column,
            "from": from.to_string(),
            "to": today.to_string(),
            "reach": reach,
        })
    }
}

/// The day of a moment, in UTC.
pub(crate) fn day(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).date().to_string()
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
