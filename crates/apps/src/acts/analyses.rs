//! A text looked at by a task: the caller's own, or that of a record; one at once, many as a job. Each
//! answer can be kept as a record, with who gave it and what it cost.

use base::{JobId, RecordId, TenantId};
use identity::{Caller, Reach};
use models::Priority;
use serde_json::{Map, Value as Json, json};
use store::audit;
use work::NewJob;

use super::within;
use crate::{
    engine::{Engine, For},
    error::EngineError,
    field,
    folder::TaskKit,
    job::{Kind, analysis::Payload},
    language::{self, Detected},
    record::{self, Act, Invalid, NewRecord, Record},
    task::{
        answer::{Answered, RULES},
        scene::of_text,
    },
};

/// The most records of one job.
const RECORDS_MAX: usize = 5_000;
/// How much of a text is kept beside its answer, in characters.
const KEPT_CHARS: usize = 10_000;

/// What is looked at, and how.
#[derive(Clone)]
pub struct AnalysisAsk {
    /// On whose account; that of the records when they are named.
    pub tenant: TenantId,
    /// The task.
    pub task: String,
    /// A text of the caller's own.
    pub text: Option<String>,
    /// Or these records.
    pub records: Vec<RecordId>,
    /// What matters; the task's own when left out.
    pub priority: Option<Priority>,
    /// The language of the one who asks, for a text that does not tell.
    pub language: Option<String>,
}

/// Shows what is asked for, never the text.
impl std::fmt::Debug for AnalysisAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnalysisAsk")
            .field("task", &self.task)
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalysisOutcome {
    /// The answer, with all that is known about it.
    Done(Json),
    /// A job was written: `{job, state, message}`.
    Accepted(Json),
}

/// What one answer is made of.
pub(crate) struct Subject {
    /// On whose account.
    pub(crate) tenant: TenantId,
    /// The text.
    pub(crate) text: String,
    /// The record it is of.
    pub(crate) record: Option<Record>,
}

/// How it is asked for.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    pub(crate) priority: Option<Priority>,
    pub(crate) language: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) job: Option<JobId>,
    /// What is said on both sides is handed back too.
    pub(crate) keeps_raw: bool,
}

/// An answer about a text, before it is kept.
pub(crate) struct Analysis {
    tenant: TenantId,
    record: Option<RecordId>,
    text: String,
    language: String,
    prompt_version: Option<String>,
    answered: Answered,
}

impl Engine {
    /// Looks at a text, or at many: then as a job.
    ///
    /// # Errors
    /// A task that looks at no text; neither a text nor a record; a record that is not there; no model
    /// that answers.
    pub async fn analyse(
        &self,
        caller: &Caller,
        ask: AnalysisAsk,
    ) -> Result<AnalysisOutcome, EngineError> {
        within(caller, ask.tenant)?;
        let kit = self.text_task(&ask.task)?.clone();
        let text = ask.text.as_deref().map(|it| it.replace('\0', ""));
        let text = text.filter(|it| !it.trim().is_empty());
        let manner = Manner {
            priority: ask.priority,
            language: ask.language.clone(),
            user: Some(caller.actor.to_string()),
            ..Manner::default()
        };
        let subject = match (text, ask.records.as_slice()) {
            (Some(text), []) => Subject { tenant: ask.tenant, text, record: None },
            (Some(_), _) => {
                let fault = Invalid::input("/text", "cannot be given beside records");
                return Err(fault.hint("send one or the other").into());
            }
            (None, []) => {
                let fault = Invalid::input("/text", "is missing");
                return Err(fault.hint("send a text, or name a record").into());
            }
            (None, [one]) => self.analysed(caller.reach, &kit, *one).await?,
            (None, many) => return self.enqueue_analysis(caller, &kit, &ask, many).await,
        };
        within(caller, subject.tenant)?;
        if let Some(record) = &subject.record {
            self.sees(caller, record)?;
        }
        let analysis = self.look_at(&kit, subject, &manner).await?;
        let (this, act) = (self.clone(), self.act(caller));
        let actor = act.actor.clone();
        let write = move |tx: &store::Tx| this.keep_analysis(tx, &act, &kit, &analysis);
        self.store().write(&actor, self.now(), write).await.map(AnalysisOutcome::Done)
    }

    /// A task that looks at texts.
    pub(crate) fn text_task(&self, name: &str) -> Result<&TaskKit, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "task", name: name.to_owned() };
        let kit = self.folder().task(name).ok_or_else(no_such)?;
        if kit.description.text.is_none() {
            return Err(Invalid::input("/task", "this task looks at no text").into());
        }
        Ok(kit)
    }

    /// A record and its text.
    pub(crate) async fn analysed(
        &self,
        reach: Reach,
        kit: &TaskKit,
        id: RecordId,
    ) -> Result<Subject, EngineError> {
        let (collection, name) = (kit.description.on.clone(), kit.description.text.clone());
        let get = move |db: &store::Db| record::get(db, reach, id, Some(&collection));
        let found = self.store().read(get).await?;
        let text = name.as_deref().and_then(|it| field::get(&found.data, it));
        let text = text.map(field::display).filter(|it| !it.trim().is_empty());
        let text = text.ok_or(EngineError::NothingToDo("the record has no text"))?;
        Ok(Subject { tenant: found.tenant, text, record: Some(found) })
    }

    /// Asks the task about one text.
    pub(crate) async fn look_at(
        &self,
        kit: &TaskKit,
        subject: Subject,
        manner: &Manner,
    ) -> Result<Analysis, EngineError> {
        let found = self.language_of(kit, &subject.text, manner.language.as_deref());
        let (answered, prompt_version) =
            Box::pin(self.consult(kit, &subject, &found.language, manner)).await?;
        Ok(Analysis {
            tenant: subject.tenant,
            record: subject.record.map(|it| it.id),
            text: subject.text,
            language: found.language,
            prompt_version,
            answered,
        })
    }

    /// The language of a text among those of the task; `wished` is taken when the text does not tell.
    pub(crate) fn language_of(&self, kit: &TaskKit, text: &str, wished: Option<&str>) -> Detected {
        let of_task = self.languages_of(kit);
        let wished = wished.filter(|it| of_task.among.iter().any(|known| known == it));
        let usual = wished.unwrap_or(of_task.usual);
        language::detect(text, of_task.among, usual, of_task.threshold)
    }

    /// Asks the task about a text in this language. The answer comes with the version of the prompt that
    /// a model was asked with.
    pub(crate) async fn consult(
        &self,
        kit: &TaskKit,
        subject: &Subject,
        language: &str,
        manner: &Manner,
    ) -> Result<(Answered, Option<String>), EngineError> {
        let input = of_text(&subject.text, language);
        let for_whom = For { tenant: subject.tenant, job: manner.job, user: manner.user.clone() };
        let record = subject.record.as_ref();
        let mut prepared = self.prepare(&kit.name, record, &input, 1, for_whom).await?;
        prepared.asker.keeps_raw = manner.keeps_raw;
        if let Some(priority) = manner.priority {
            prepared.asker.kit.description.model.priority = priority;
            prepared.asker.kit.description.model.name = None;
        }
        let answered = prepared.asker.ask(&[], 1, 1).await?;
        let prompt_version = prepared.prompt_version.filter(|_| answered.produced_by != RULES);
        Ok((answered, prompt_version))
    }

    /// Keeps an answer where the task says, and shows it.
    pub(crate) fn keep_analysis(
        &self,
        tx: &store::Tx,
        act: &Act,
        kit: &TaskKit,
        analysis: &Analysis,
    ) -> Result<Json, EngineError> {
        let mut shown = analysis.facts(&kit.name);
        let summary = format!("Ran the task {}", kit.name);
        let subject = analysis.record.map_or_else(
            || format!("tasks/{}", kit.name),
            |it| format!("{}/{it}", kit.description.on),
        );
        let entry = audit::Entry::new(analysis.tenant, "task_answered", subject, summary);
        tx.audit(entry.tokens(analysis.answered.tokens_used as i64));
        let kept = kit.description.kept_in.as_deref().and_then(|it| self.folder().kits().get(it));
        if let Some(collection) = kept {
            let data = collection.check(Json::Object(shown.clone()))?;
            // It is the house that writes it down: who may have a text looked at need not be one who
            // may write records.
            let house = Act { reach: Reach::Tenant(analysis.tenant), ..act.clone() };
            let new = NewRecord { tenant: analysis.tenant, parent: None, data };
            let made = record::create(tx, collection, &house, new)?;
            shown.insert("id".into(), made.id.to_string().into());
            shown.insert("created_at".into(), json!(made.created_at));
        }
        Ok(Json::Object(shown))
    }

    /// Writes a job that looks at many records, one after the other.
    async fn enqueue_analysis(
        &self,
        caller: &Caller,
        kit: &TaskKit,
        ask: &AnalysisAsk,
        records: &[RecordId],
    ) -> Result<AnalysisOutcome, EngineError> {
        // To have many looked at is to spend much: that is for those who may run tasks.
        caller.may(base::Permission::RunTasks).map_err(EngineError::NotAllowed)?;
        if self.collection(&kit.description.on)?.spec.private {
            caller.may(base::Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        }
        if records.len() > RECORDS_MAX {
            let message = format!("must have at most {RECORDS_MAX} entries");
            return Err(Invalid::input("/records", message).into());
        }
        let payload = Payload {
            task: kit.name.clone(),
            records: records.to_vec(),
            priority: ask.priority,
            language: ask.language.clone(),
        };
        let rules = &self.folder().description().jobs;
        let (count, title, now) = (records.len(), kit.description.title.clone(), self.now());
        let job = NewJob {
            attempts_max: rules.attempts,
            timeout: std::time::Duration::from_secs(rules.timeout_s.max(60 * count as u64)),
            ..NewJob::new(
                ask.tenant,
                Kind::Analysis.name(),
                json!(payload),
                caller.actor.to_string(),
                now,
            )
        };
        let (tenant, name) = (ask.tenant, kit.name.clone());
        let write = move |tx: &store::Tx| {
            // Without a lock nobody is in its way.
            let job = work::enqueue(tx, job, now).map_err(|error| match error {
                work::EnqueueError::Busy { job } => EngineError::AtWork { job },
                work::EnqueueError::Store(error) => error.into(),
            })?;
            let summary = format!("Began the task {name} on {count} records");
            let entry = audit::Entry::new(tenant, "task_started", format!("tasks/{name}"), summary);
            tx.audit(entry.after(json!({"task": name, "job": job.id, "records": count})));
            let message = format!("{title} is under way");
            Ok::<_, EngineError>(json!({"job": job.id, "state": "pending", "message": message}))
        };
        self.store().write(&caller.actor, now, write).await.map(AnalysisOutcome::Accepted)
    }
}

impl Analysis {
    /// Tokens used.
    pub(crate) fn tokens_used(&self) -> u64 {
        self.answered.tokens_used
    }

    /// What is known about it, under the names that a collection of such answers has.
    fn facts(&self, task: &str) -> Map<String, Json> {
        let (provider, model) = match self.answered.produced_by.split_once('/') {
            Some((provider, model)) => (json!(provider), json!(model)),
            None => (json!(self.answered.produced_by), Json::Null),
        };
        let spent = &self.answered.spent;
        let text =
            self.record.is_none().then(|| self.text.chars().take(KEPT_CHARS).collect::<String>());
        let facts = [
            ("analysis_type", json!(task)),
            ("record_id", json!(self.record)),
            ("text", json!(text)),
            ("language", json!(self.language)),
            ("result", self.answered.value.clone()),
            ("provider", provider),
            ("model", model),
            ("prompt_version", json!(self.prompt_version)),
            ("tokens_in", json!(spent.tokens_in)),
            ("tokens_out", json!(spent.tokens_out)),
            ("cost_usd", json!(spent.cost.map(models::money::NanoUsd::dollars))),
            ("latency_ms", json!(u64::try_from(spent.latency.as_millis()).unwrap_or(u64::MAX))),
        ];
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The names under which an answer is kept.
pub(crate) const KEPT_FIELDS: [&str; 12] = [
    "analysis_type",
    "record_id",
    "text",
    "language",
    "result",
    "provider",
    "model",
    "prompt_version",
    "tokens_in",
    "tokens_out",
    "cost_usd",
    "latency_ms",
];
