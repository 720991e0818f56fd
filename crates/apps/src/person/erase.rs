//! The job that removes what was somebody's, a little at a time.
//!
//! Each step is one transaction under the job's fence, with what was removed so far: who goes on after a
//! kill looks for what is left and counts on. Nothing here asks whether the person is there; they went in the
//! transaction that wrote the job.

use std::time::Duration;

use async_trait::async_trait;
use base::{ChatId, DocumentId, JobId, RecordId, RunId, TenantId, Timestamp, UserId};
use identity::Reach;
use jiff::SignedDuration;
use knowledge::document::theirs::{self as documents, Which};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Tx, audit, params};
use work::{EnqueueError, Failure, Handler, Job, NewJob, Running, State};

use super::{Counts, Shared, answers, collections, holders};
use crate::{
    archive::forget as archives,
    assistant::{Why, theirs as talks},
    engine::Engine,
    error::EngineError,
    event, feedback,
    job::steps::Steps,
    progress, question,
    record::{self, Act, FAMILY, RecordError},
};

/// The kind of these jobs.
pub(crate) const KIND: &str = "user.erase";

/// How long after the first time it is looked again: what was under way has ended by then.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// An archive that was begun longer than this before the first time was whole by then: it was looked through, and
/// nothing comes into it any more.
const IN_THE_MAKING_MAX: SignedDuration = SignedDuration::from_hours(24);
/// A person who is gone stays gone: a place that is away is waited for.
const ATTEMPTS_MAX: u32 = 50;
/// How long one attempt may take.
const TIME_MAX: Duration = Duration::from_secs(3_600);
/// Of how much it is found out at once what there is: that reads a whole table.
const FOUND_AT_ONCE: usize = 10_000;
/// Small things of one transaction.
const MANY: usize = 200;
/// Chats, documents and records of one transaction: each may hold much.
const SOME: usize = 20;

/// What a job is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) user: UserId,
    /// Under which names what is theirs is kept.
    pub(crate) owners: Vec<String>,
    pub(crate) shared: Shared,
    /// What went together with the person.
    pub(crate) gone: Counts,
    /// The job that was there first; none for that one itself.
    #[serde(default)]
    pub(crate) first: Option<JobId>,
}

/// Writes the two jobs that erasing somebody takes: one at once, which this gives, and one that looks again.
pub(crate) fn enqueue(
    tx: &Tx,
    payload: &Payload,
    tenant: TenantId,
    by: &str,
    now: Timestamp,
) -> Result<JobId, EnqueueError> {
    let job = |payload: &Payload, due_at: Timestamp, name: &str| NewJob {
        due_at,
        attempts_max: ATTEMPTS_MAX,
        timeout: TIME_MAX,
        priority: 5,
        idempotency_key: Some(format!("erase/{}/{name}", payload.user)),
        ..NewJob::new(tenant, KIND, json!(payload), by, now)
    };
    let first = work::enqueue(tx, job(payload, now, "at once"), now)?.id;
    let again = Payload { gone: Counts::default(), first: Some(first), ..payload.clone() };
    work::enqueue(tx, job(&again, now + AGAIN, "again"), now)?;
    Ok(first)
}

/// Does the jobs.
pub(crate) struct Eraser {
    pub(crate) engine: Engine,
}

#[async_trait]
impl Handler for Eraser {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let steps = Steps::new(self.engine.clone(), job);
        Box::pin(run(&steps)).await
    }

    fn ended(&self, tx: &Tx, job: &Job, now: Timestamp) -> Result<(), store::Error> {
        event::job_ended(&self.engine, tx, job, now)
    }
}

async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let checkpoint = steps.job().checkpoint.clone();
    let kept = checkpoint.and_then(|it| serde_json::from_value(it).ok());
    let mut way = Way { steps, user: plan.user, sum: kept.unwrap_or(plan.gone) };
    for owner in &plan.owners {
        way.small(owner).await?;
        way.runs(owner).await?;
        way.chats(owner).await?;
        way.questions(owner).await?;
        way.documents(owner, plan.shared).await?;
        way.records(owner).await?;
    }
    way.archives(&plan.owners, looked_until(steps, plan.first).await?).await?;
    let sum = way.sum;
    Ok(json!({"user": plan.user, "removed": sum}))
}

/// Which archives need no second look, when the job before this one looked through all: those begun before that
/// moment. They are large, and are unpacked to the last byte.
async fn looked_until(steps: &Steps, first: Option<JobId>) -> Result<Option<Timestamp>, Failure> {
    let Some(first) = first else { return Ok(None) };
    let first = steps.read(move |db| Ok(work::get(db, None, first)?)).await?;
    let first = first.filter(|it| it.state == State::Completed);
    Ok(first.and_then(|it| it.created_at.checked_sub(IN_THE_MAKING_MAX).ok()))
}

/// Somebody who is being erased, and what was removed so far.
struct Way<'a> {
    steps: &'a Steps,
    user: UserId,
    sum: Counts,
}

impl Way<'_> {
    /// What takes one statement each. Sites that are being read for them would bring more documents in.
    async fn small(&mut self, owner: &str) -> Result<(), Failure> {
        let name = owner.to_owned();
        self.step("prompts and feedback", move |tx, _| {
            work::forget_of(tx, knowledge::web::crawl::KIND, &name)?;
            progress::kept::forget_owner(tx, &name)?;
            let counts = Counts {
                prompts: talks::remove_prompts(tx, &name)?,
                feedback: feedback::forget_owner(tx, &name)?,
                ..Counts::default()
            };
            Ok((counts, ()))
        })
        .await
    }

    async fn runs(&mut self, owner: &str) -> Result<(), Failure> {
        loop {
            let name = owner.to_owned();
            let found =
                self.steps.read(move |db| Ok(talks::runs(db, &name, FOUND_AT_ONCE)?)).await?;
            if found.is_empty() {
                return Ok(());
            }
            self.stop(&found);
            for some in found.chunks(MANY) {
                let some = some.to_vec();
                self.step("answers", move |tx, _| {
                    talks::disown(tx, &some)?;
                    Ok((Counts { runs: some.len() as u64, ..Counts::default() }, ()))
                })
                .await?;
            }
        }
    }

    /// What is made in this process is stopped at once; elsewhere it finds that there is nothing to keep
    /// it in.
    fn stop(&self, runs: &[RunId]) {
        for live in runs.iter().filter_map(|it| self.steps.engine.hub().find(*it)) {
            live.stop(Why::Asked);
        }
    }

    async fn chats(&mut self, owner: &str) -> Result<(), Failure> {
        loop {
            let name = owner.to_owned();
            let found =
                self.steps.read(move |db| Ok(talks::chats(db, &name, FOUND_AT_ONCE)?)).await?;
            if found.is_empty() {
                return Ok(());
            }
            for some in found.chunks(SOME) {
                let documents = self.some_chats(owner, some.to_vec()).await?;
                self.tell(documents).await;
            }
        }
    }

    async fn some_chats(
        &mut self,
        owner: &str,
        some: Vec<ChatId>,
    ) -> Result<Vec<(TenantId, DocumentId)>, Failure> {
        let has_documents = self.steps.engine.knowledge().is_some();
        let name = owner.to_owned();
        self.step("chats", move |tx, act| {
            let (mut counts, mut documents) = (Counts::default(), Vec::new());
            for id in some {
                if let Some(gone) = talks::remove_chat(tx, &name, id, has_documents, act.now)? {
                    counts.chats += 1;
                    counts.messages += gone.messages;
                    documents.extend(gone.documents);
                }
            }
            counts.documents = documents.len() as u64;
            Ok((counts, documents))
        })
        .await
    }

    async fn questions(&mut self, owner: &str) -> Result<(), Failure> {
        loop {
            let name = owner.to_owned();
            let found = self
                .steps
                .read(move |db| Ok(question::theirs::conversations(db, &name, FOUND_AT_ONCE)?))
                .await?;
            if found.is_empty() {
                break;
            }
            for some in found.chunks(SOME) {
                let some = some.to_vec();
                self.step("conversations", move |tx, _| {
                    let mut counts = Counts::default();
                    for id in some {
                        let is_gone = question::theirs::remove_conversation(tx, id)?;
                        counts.conversations += u64::from(is_gone);
                    }
                    Ok((counts, ()))
                })
                .await?;
            }
        }
        loop {
            let name = owner.to_owned();
            let left = self.steps.read(move |db| Ok(question::theirs::count(db, &name)?)).await?;
            if left.questions == 0 {
                return Ok(());
            }
            let name = owner.to_owned();
            self.step("questions", move |tx, _| {
                let questions = question::theirs::forget_questions(tx, &name, FOUND_AT_ONCE)?;
                Ok((Counts { questions, ..Counts::default() }, ()))
            })
            .await?;
        }
    }

    async fn documents(&mut self, owner: &str, shared: Shared) -> Result<(), Failure> {
        if self.steps.engine.knowledge().is_none() {
            return Ok(());
        }
        for which in [Which::Private, Which::Shared] {
            let hands_over = which == Which::Shared && shared == Shared::HandOver;
            loop {
                let name = owner.to_owned();
                let found = self
                    .steps
                    .read(move |db| Ok(documents::next(db, &name, which, FOUND_AT_ONCE)?))
                    .await?;
                if found.is_empty() {
                    break;
                }
                for some in found.chunks(SOME) {
                    let gone = self.some_documents(owner, some.to_vec(), hands_over).await?;
                    self.tell(gone).await;
                }
            }
        }
        Ok(())
    }

    async fn some_documents(
        &mut self,
        owner: &str,
        some: Vec<DocumentId>,
        hands_over: bool,
    ) -> Result<Vec<(TenantId, DocumentId)>, Failure> {
        let name = owner.to_owned();
        self.step("documents", move |tx, act| {
            if hands_over {
                let documents_handed_over = documents::hand_over(tx, &name, &some, act.now)?;
                return Ok((Counts { documents_handed_over, ..Counts::default() }, Vec::new()));
            }
            let gone = documents::remove(tx, &name, &some, act.now)?;
            Ok((Counts { documents: gone.len() as u64, ..Counts::default() }, gone))
        })
        .await
    }

    /// Tells the engines of vectors what is gone.
    async fn tell(&self, mut documents: Vec<(TenantId, DocumentId)>) {
        let Some(knowledge) = self.steps.engine.knowledge() else { return };
        documents.sort_unstable();
        for of_tenant in documents.chunk_by(|one, other| one.0 == other.0) {
            let ids: Vec<DocumentId> = of_tenant.iter().map(|it| it.1).collect();
            knowledge.removed(of_tenant[0].0, &ids).await;
        }
    }

    async fn records(&mut self, owner: &str) -> Result<(), Failure> {
        for collection in collections(self.steps.engine.folder()) {
            loop {
                let (name, within) = (owner.to_owned(), collection.clone());
                let found: Vec<RecordId> = self
                    .steps
                    .read(move |db| {
                        let rows = db.query(
                            "SELECT id FROM records
                              WHERE created_by = $1 AND collection = $2 AND version IS NULL
                              ORDER BY id LIMIT $3",
                            &params![&name, &within, FOUND_AT_ONCE],
                        )?;
                        let ids = rows.iter().map(|it| it.get("id"));
                        Ok(ids.collect::<Result<_, store::Error>>()?)
                    })
                    .await?;
                if found.is_empty() {
                    break;
                }
                for some in found.chunks(SOME) {
                    self.some_records(some.to_vec()).await?;
                }
            }
        }
        for collection in answers::collections(self.steps.engine.folder()) {
            let mut after = None;
            loop {
                let (name, within) = (owner.to_owned(), collection.clone());
                let found = self
                    .steps
                    .read(move |db| Ok(answers::next(db, &name, &within, after)?))
                    .await?;
                let Some((last, _)) = found.last() else { break };
                after = Some(*last);
                let theirs: Vec<RecordId> = found.iter().filter(|it| it.1).map(|it| it.0).collect();
                for some in theirs.chunks(SOME) {
                    self.some_records(some.to_vec()).await?;
                }
            }
        }
        Ok(())
    }

    async fn some_records(&mut self, some: Vec<RecordId>) -> Result<(), Failure> {
        let engine = self.steps.engine.clone();
        self.step("records", move |tx, act| {
            let act = Act { reach: Reach::All, ..act.clone() };
            let mut counts = Counts::default();
            let family = format!("{FAMILY} SELECT id FROM family");
            for id in some {
                let rows = tx.query(family.as_str(), &params![id])?;
                for row in &rows {
                    // What lies in it is not met by itself any more once it is gone.
                    work::forget(tx, row.get("id")?)?;
                }
                match record::erase(tx, engine.folder().kits(), &act, id, None) {
                    Ok(()) => counts.records += rows.len() as u64,
                    // It lay in one that went a moment ago.
                    Err(RecordError::NotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok((counts, ()))
        })
        .await
    }

    /// Results that were put away long ago are theirs too. One archive that is damaged keeps nobody from
    /// looking into the others.
    async fn archives(
        &mut self,
        owners: &[String],
        since: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let mut damaged = None;
        let folder = self.steps.engine.folder();
        let whose = archives::Theirs {
            owners: owners.to_vec(),
            collections: collections(folder),
            of_answers: answers::collections(folder),
        };
        for collection in holders(folder) {
            let mut after = None;
            while let Some(archive) = archives::next(self.steps, &collection, after, since).await? {
                after = Some(archive.id);
                let rest = match archives::without(self.steps, &archive, &whose).await {
                    Ok(Some(rest)) => rest,
                    Ok(None) => continue,
                    Err(failure @ Failure::Final { .. }) => {
                        damaged = Some(failure);
                        continue;
                    }
                    Err(failure) => return Err(failure),
                };
                self.step("archived records", move |tx, act| {
                    let archived = archives::replace(tx, &archive, &rest, act.now)?;
                    Ok((Counts { archived, ..Counts::default() }, ()))
                })
                .await?;
            }
        }
        damaged.map_or(Ok(()), Err)
    }

    /// One transaction, with what was removed up to then.
    async fn step<T: Send + 'static>(
        &mut self,
        what: &'static str,
        f: impl FnOnce(&Tx, &Act) -> Result<(Counts, T), EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.steps.progress(50, &format!("Erasing {what}")).await?;
        let (before, user, tenant) = (self.sum, self.user, self.steps.job().tenant);
        let (sum, value) = self
            .steps
            .commit(move |tx, act| {
                let (gone, value) = f(tx, act)?;
                let sum = before.and(gone);
                // The audit log knows ids and numbers, and nothing of what is gone.
                let summary = format!("Erased {what} of user {user}");
                let entry =
                    audit::Entry::new(tenant, "user_data_erased", format!("users/{user}"), summary);
                tx.audit(entry.after(json!(gone)));
                Ok(((sum, value), json!(sum)))
            })
            .await?;
        self.sum = sum;
        Ok(value)
    }
}
