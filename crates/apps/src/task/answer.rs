//! Getting an answer: from a model where there is one, by the task's rules where there is none.
//!
//! The rules serve only when no model is there: none configured, or none that answers. A model that
//! refuses or talks nonsense is an error that a person should see, not a reason to guess. But what
//! it answered well it keeps: rules answer for the records that it left out, and that is told.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use base::{JobId, TenantId};
use models::{Ask, Message, ModelError, Models, money::NanoUsd};
use serde_json::{Map, Value as Json};
use tracing::{info, warn};

use super::{
    compute::{self, Plan},
    each::{self, Matched},
    part::{self, Piece},
    scene::Scene,
    segment,
};
use crate::{
    folder::TaskKit,
    schema::{Fault, Schema},
    template::{TemplateError, Vars},
};

/// The name under which answers of rules are known.
pub const RULES: &str = "rules";

/// How often records that a model left out are asked for again.
const ROUNDS: usize = 3;

/// Why a task has no answer.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// No model answered, and the task has no rules.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A template of the application failed.
    #[error("task `{task}`: its {what} failed")]
    Template {
        /// Which task.
        task: String,
        /// `prompt`, `part` or `fallback`.
        what: &'static str,
        /// Why.
        source: TemplateError,
    },
    /// The rules made something that is no answer.
    #[error("task `{task}`: its fallback made an answer that does not fit {schema}: {why}")]
    Fallback {
        /// Which task.
        task: String,
        /// The schema's file.
        schema: String,
        /// What is wrong, and where.
        why: String,
    },
    /// What is computed of an answer makes no answer of it.
    #[error("task `{task}`: what is computed of the answer does not fit {schema}: {why}")]
    Computed {
        /// Which task.
        task: String,
        /// The schema's file.
        schema: String,
        /// What is wrong, and where.
        why: String,
    },
    /// The program is stopping: what was begun will be done again.
    #[error("the program stopped before the rules were done")]
    Interrupted,
}

/// An answer, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer, valid by the task's output schema.
    pub value: Json,
    /// `rules`, or `provider/model`.
    pub produced_by: String,
    /// Tokens used.
    pub tokens_used: u64,
    /// What it took in particular.
    pub spent: Spent,
    /// What was said on both sides, when that is to be kept.
    pub raw: Option<Raw>,
}

/// A question and its answer as they went over the wire. Kept in debug mode alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// The rules that the model was given.
    pub system: Option<String>,
    /// The question.
    pub user: String,
    /// What it said last.
    pub answer: String,
}

/// Shows how much it is, never what.
impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a question of {} bytes and its answer of {}", self.user.len(), self.answer.len())
    }
}

/// What an answer took. Rules take nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens of the question.
    pub tokens_in: u64,
    /// Tokens of the answer.
    pub tokens_out: u64,
    /// What it cost, when that is known.
    pub cost: Option<NanoUsd>,
    /// How long the model took for the answer that was good.
    pub latency: Duration,
}

/// The answers for a batch of records, one entry for each record as far as there are any.
#[derive(Debug, Clone, PartialEq)]
pub struct EachAnswered {
    /// For each record its entry. None: nobody answered for it.
    pub entries: Vec<Option<Map<String, Json>>>,
    /// The first whole answer: what it says about the batch.
    pub value: Json,
    /// `rules`, or `provider/model`.
    pub produced_by: String,
    /// Tokens used.
    pub tokens_used: u64,
    /// Records that a model left out and rules answered for.
    pub completed_by_rules: usize,
    /// Entries that named no record.
    pub stray: usize,
}

/// Asks the questions of one run of a task.
pub struct Asker {
    /// The door to models.
    pub models: Models,
    /// The task.
    pub kit: TaskKit,
    /// What its templates see.
    pub scene: Scene,
    /// What its question is composed of.
    pub pieces: Vec<Piece>,
    /// What is computed of its answer.
    pub plans: Vec<Plan>,
    /// The schema that a model is asked to follow: that of the answer, but for what is computed.
    pub asked: Schema,
    /// The text that the answer quotes from; none where it quotes nothing.
    pub quotes: Option<String>,
    /// What is said on both sides is handed back too.
    pub keeps_raw: bool,
    /// Whose usage it is.
    pub tenant: TenantId,
    /// The job that asks, if one does.
    pub job: Option<JobId>,
    /// Who asks.
    pub user: Option<String>,
    /// No model answered: the batches that follow do not wait for one again.
    pub absent: AtomicBool,
}

impl Asker {
    /// Asks about a batch of records, `number` of `of`, with one entry for each record in return.
    pub async fn each(
        &self,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Result<EachAnswered, TaskError> {
        let first = self.ask(records, number, of).await?;
        let Some(each) = &self.kit.description.each else {
            let entries = vec![None; records.len()];
            return Ok(collected(first, Matched { entries, stray: 0 }));
        };
        let matched = each::matched(each, records, &first.value);
        let mut all = collected(first, matched);
        for _ in 1..ROUNDS {
            let missing = positions_without(&all.entries);
            if missing.is_empty() || all.produced_by == RULES {
                break;
            }
            info!(
                task = self.kit.name,
                missing = missing.len(),
                "Asking again for records left out"
            );
            let left_out: Vec<_> = missing.iter().map(|at| records[*at].clone()).collect();
            let again = match self.ask(&left_out, number, of).await {
                Ok(again) => again,
                Err(TaskError::Model(error)) if self.goes_on_without(&error) => {
                    warn!(
                        task = self.kit.name,
                        missing = missing.len(),
                        error = %error,
                        "Asking again brought no answer; what was answered before is kept"
                    );
                    break;
                }
                Err(error) => return Err(error),
            };
            all.tokens_used += again.tokens_used;
            let matched = each::matched(each, &left_out, &again.value);
            all.stray += matched.stray;
            for (at, entry) in missing.into_iter().zip(matched.entries) {
                // The model may have gone away meanwhile.
                all.completed_by_rules +=
                    usize::from(entry.is_some() && again.produced_by == RULES);
                all.entries[at] = entry;
            }
        }
        let missing = positions_without(&all.entries);
        if !missing.is_empty() && all.produced_by != RULES && self.kit.fallback.is_some() {
            let left_out: Vec<_> = missing.iter().map(|at| records[*at].clone()).collect();
            let ruled = self.by_rules(&left_out, number, of).await?;
            let matched = each::matched(each, &left_out, &ruled.value);
            for (at, entry) in missing.into_iter().zip(matched.entries) {
                all.completed_by_rules += usize::from(entry.is_some());
                all.entries[at] = entry;
            }
        }
        Ok(all)
    }

    /// May a batch whose first answer was good do without an answer for the records it left out?
    /// Rules answer for them where there are any; where there are none they are reported, unless
    /// the model may answer later.
    fn goes_on_without(&self, error: &ModelError) -> bool {
        self.kit.fallback.is_some() || !error.is_temporary()
    }

    /// Asks one question about these records.
    pub async fn ask(
        &self,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Result<Answered, TaskError> {
        let has_rules = self.kit.fallback.is_some();
        let has_model = self.models.can_complete().is_some();
        if has_rules && (!has_model || self.absent.load(Ordering::Relaxed)) {
            return self.by_rules(records, number, of).await;
        }
        match self.by_model(records, number, of).await {
            Err(TaskError::Model(error)) if error.is_absent() && has_rules => {
                warn!(task = self.kit.name, error = %error, "No model answered; the rules serve");
                self.absent.store(true, Ordering::Relaxed);
                self.by_rules(records, number, of).await
            }
            other => other,
        }
    }

    /// Will the rules answer, as far as is known before asking?
    pub fn is_ruled(&self) -> bool {
        self.kit.fallback.is_some()
            && (self.models.can_complete().is_none() || self.absent.load(Ordering::Relaxed))
    }

    async fn by_model(
        &self,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Result<Answered, TaskError> {
        let policy = &self.kit.description.model;
        let seen = self.seen(records, number, of)?;
        let prompt = self.kit.prompt.prompt(&seen).map_err(|source| TaskError::Template {
            task: self.kit.name.clone(),
            what: "prompt",
            source,
        })?;
        let kept = self.keeps_raw.then(|| (prompt.system.clone(), prompt.user.clone()));
        let system = prompt.system.map(Message::system);
        let messages = system.into_iter().chain([Message::user(prompt.user)]).collect();
        let ask = Ask {
            job: self.job,
            user: self.user.clone(),
            priority: policy.priority,
            model: policy.name.clone(),
            max_tokens: Some(policy.max_tokens),
            temperature: Some(policy.temperature),
            answers: policy.answers,
            pause: policy.pause(),
            may_repeat: self.kit.description.cache,
            ..Ask::new(self.tenant, self.kit.name.clone(), messages)
        };
        let said = self.models.structured(ask, self.asked.inlined()).await?;
        let raw = kept.map(|(system, user)| Raw { system, user, answer: said.answer.text });
        Ok(Answered {
            value: self.settled(self.completed(said.value)?),
            produced_by: format!("{}/{}", said.answer.provider, said.answer.model),
            tokens_used: said.usage.total(),
            spent: Spent {
                tokens_in: said.usage.tokens_in,
                tokens_out: said.usage.tokens_out,
                cost: said.cost.nanos(),
                latency: said.answer.latency,
            },
            raw,
        })
    }

    /// Asks the rules, whatever models there are.
    pub async fn by_rules(
        &self,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Result<Answered, TaskError> {
        let task = self.kit.name.clone();
        let rules = self.kit.fallback.clone().ok_or(ModelError::NotConfigured)?;
        let seen = self.seen(records, number, of)?;
        // Rules over a whole version take their time; the runtime's threads are not theirs to take.
        let rendered = tokio::task::spawn_blocking(move || rules.answer(&seen)).await;
        let value = rendered
            .map_err(|ended| match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => TaskError::Interrupted,
            })?
            .map_err(|source| TaskError::Template {
                task: task.clone(),
                what: "fallback",
                source,
            })?;
        if let Err(faults) = self.asked.check(&value) {
            let schema = self.kit.description.output.clone();
            return Err(TaskError::Fallback { task, schema, why: first_of(&faults) });
        }
        let value = self.settled(self.completed(value)?);
        let spent = Spent { cost: Some(NanoUsd::ZERO), ..Spent::default() };
        Ok(Answered { value, produced_by: RULES.to_owned(), tokens_used: 0, spent, raw: None })
    }

    /// What the templates see, the pieces of the question among it.
    fn seen(
        &self,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Result<Vars, TaskError> {
        let mut seen = self.scene.with_batch(&self.kit, &self.asked, records, number, of);
        part::compose(&self.kit, &self.pieces, &mut seen).map_err(|source| {
            TaskError::Template { task: self.kit.name.clone(), what: "part", source }
        })?;
        Ok(seen)
    }

    /// The answer with what becomes of the passages that it quotes.
    fn settled(&self, mut value: Json) -> Json {
        if let (Some(segments), Some(text)) = (&self.kit.description.segments, &self.quotes) {
            let count = segment::settle(text, segments, &mut value);
            if count > 0 {
                info!(
                    task = self.kit.name,
                    count, "What quotes words that stand nowhere was left out"
                );
            }
        }
        value
    }

    /// The answer with what is computed of it. It fits the task's own schema then.
    fn completed(&self, mut value: Json) -> Result<Json, TaskError> {
        if self.plans.is_empty() {
            return Ok(value);
        }
        let fault = |why: String| TaskError::Computed {
            task: self.kit.name.clone(),
            schema: self.kit.description.output.clone(),
            why,
        };
        compute::compute(&self.plans, &mut value).map_err(fault)?;
        self.kit.output.check(&value).map_err(|faults| fault(first_of(&faults)))?;
        Ok(value)
    }
}

/// The first few faults, in words.
fn first_of(faults: &[Fault]) -> String {
    let said = faults.iter().take(3).map(|it| format!("{} {}", it.pointer, it.message));
    said.collect::<Vec<_>>().join("; ")
}

fn collected(answer: Answered, matched: Matched) -> EachAnswered {
    EachAnswered {
        entries: matched.entries,
        value: answer.value,
        produced_by: answer.produced_by,
        tokens_used: answer.tokens_used,
        completed_by_rules: 0,
        stray: matched.stray,
    }
}

fn positions_without(entries: &[Option<Map<String, Json>>]) -> Vec<usize> {
    let all = entries.iter().enumerate();
    all.filter(|(_, entry)| entry.is_none()).map(|(at, _)| at).collect()
}
