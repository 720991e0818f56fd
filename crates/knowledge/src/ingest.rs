//! Working a document through: its text out of the file, the text into chunks, the chunks to a model
//! that makes vectors of them, and at last ready.
//!
//! Every step is kept in one transaction under the fence of the job, and a step that was kept is never
//! done again: whoever is killed in the middle, the next one goes on behind the last step. A document
//! always ends, ready or failed with the reason: when its job ends without it, when the job is lost,
//! and when it takes longer than the deadline.
//!
//! Start at [`Ingest`]; what may become of a document is in [`crate::document::state`].

mod embed;
pub mod keep;
pub(crate) mod tend;

use async_trait::async_trait;
use base::{DocumentId, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Tx, params};
use tracing::info;
use work::{Failure, FenceError, Handler, Job, Running};

use self::embed::Embedded;
use crate::{
    Knowledge, chunk,
    chunk::Packed,
    document::{Document, Origin, State, any, hold, remove, state, text},
    extract::{ExtractError, Extracted, Verdict},
    lexical, metric,
};

/// The kind of the jobs.
pub const KIND: &str = "knowledge.ingest";

/// How often a job may be begun. The document counts how often that came to nothing, and gives up long
/// before this; waiting for a model that is away is not held against it.
pub(crate) const ATTEMPTS_MAX: u32 = 1_000;

/// Does the jobs.
pub(crate) struct Ingest {
    pub(crate) knowledge: Knowledge,
}

#[async_trait]
impl Handler for Ingest {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let id = job.job().payload["document"].as_str().and_then(|it| it.parse().ok());
        let id = id.ok_or_else(|| Failure::for_good("internal", "the job names no document"))?;
        let work = Work { knowledge: self.knowledge.clone(), running: job, id };
        Box::pin(work.run()).await
    }

    fn ended(&self, tx: &Tx, job: &Job, now: Timestamp) -> Result<(), store::Error> {
        let id = job.payload["document"].as_str().and_then(|it| it.parse::<DocumentId>().ok());
        if let (Some(id), Some(reason)) = (id, tend::reason_of(job)) {
            tend::fail(tx, id, job.id, &reason, now)?;
        }
        Ok(())
    }
}

/// A document in hand.
pub(crate) struct Work {
    pub(crate) knowledge: Knowledge,
    pub(crate) running: Running,
    pub(crate) id: DocumentId,
}

/// Why a step was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The document is gone, or is another job's.
    #[error("the document is not this job's any more")]
    Gone,
    /// It is no page that was there before.
    #[error("nothing is there for the document to take the place of")]
    NothingBefore,
    /// It was begun too often.
    #[error("it was begun {0} times, and each time whoever was at it was lost")]
    GaveUp(u32),
    /// It took too long.
    #[error("it was not ready in time")]
    Late,
    /// The job is another's.
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// How a run ends before its end.
pub(crate) enum Stop {
    /// There is nothing to do for this job.
    Nothing,
    /// The job fails, or is tried again.
    Failed(Failure),
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Self {
        Self::Failed(match error {
            StepError::Gone | StepError::NothingBefore => return Self::Nothing,
            StepError::GaveUp(_) => Failure::for_good(
                "gave_up",
                format!("{error}; have it go on, or put it in again as another file"),
            ),
            StepError::Late => {
                Failure::for_good("deadline", format!("{error}; have it go on when it is quieter"))
            }
            StepError::Fence(error) => error.into(),
            StepError::Store(error) => error.into(),
        })
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Work {
    async fn run(&self) -> Result<Json, Failure> {
        match self.go().await {
            Ok(document) => {
                metric::DOCUMENTS.increment(&["ready"]);
                let made = &document.made;
                info!(
                    document.id = %self.id, document.kind = document.kind.name(),
                    chunks = made.chunks, vectors = made.vectors_done, reused = made.vectors_reused,
                    "Document {} is ready", self.id
                );
                Ok(json!({
                    "document": self.id, "state": "ready", "chunks": made.chunks,
                    "chunks_deduped": made.chunks_deduped, "vectors": made.vectors_done,
                    "vectors_reused": made.vectors_reused,
                }))
            }
            Err(Stop::Nothing) => Ok(json!({"document": self.id, "skipped": true})),
            Err(Stop::Failed(failure)) => {
                match &failure {
                    Failure::Final { code, .. } => metric::DOCUMENTS.increment(&[code]),
                    // It ended in good order: what it waits for is not its fault.
                    Failure::Retry { .. } => self.heard_of().await,
                    Failure::Cancelled => {}
                }
                Err(failure)
            }
        }
    }

    async fn go(&self) -> Result<Document, Stop> {
        let mut document = self.begin().await?;
        if document.state == State::Extracting {
            self.progress(5, "Getting the text out of the file").await?;
            let extracted = self.extract(&document).await?;
            document = self.cut(&document, extracted).await?;
        }
        let made = self.embed(&document).await?;
        if matches!(document.origin, Origin::Page | Origin::Site) {
            match self.finish_in_place(made.clone()).await {
                Err(StepError::NothingBefore) => {}
                done => return Ok(done?),
            }
        }
        Ok(self.finish(made).await?)
    }

    /// Takes the document in hand.
    async fn begin(&self) -> Result<Document, StepError> {
        let now = self.knowledge.now();
        let ingest = self.knowledge.settings().ingest.clone();
        let has_provider = self.knowledge.models().can_embed().is_some();
        let (id, job) = (self.id, self.running.job().id);
        self.step("begin a document", move |tx, document| {
            // A job that failed runs again only when somebody wants that: then so does its document.
            let again = matches!(document.state, State::Failed(_));
            let next = if again { state::resumed(&document, has_provider) } else { None };
            let next = next.or_else(|| state::begun(&document.state)).ok_or(StepError::Gone)?;
            let next = if next == State::Pending { State::Extracting } else { next };
            let (begun, queued_at) =
                if again { (0, now) } else { (document.begun, document.queued_at) };
            if begun >= ingest.begun_max {
                return Err(StepError::GaveUp(begun));
            }
            if now.duration_since(queued_at) > ingest.deadline {
                return Err(StepError::Late);
            }
            tx.execute(
                "UPDATE knowledge_documents
                    SET state = $3, reason_code = NULL, reason = NULL, begun = $4, queued_at = $5,
                        updated_at = $6
                  WHERE id = $1 AND job = $2",
                &params![id, job, next.name(), begun + 1, queued_at, now],
            )?;
            any(tx, id)?.ok_or(StepError::Gone)
        })
        .await
    }

    /// The text of the file.
    async fn extract(&self, document: &Document) -> Result<Extracted, Stop> {
        let store = self.knowledge.store();
        let bytes = store::blob::read(store, document.tenant, &document.blob).await;
        let bytes = bytes.map_err(StepError::Store)?.ok_or_else(|| {
            Failure::for_good("file_gone", "its file is not there any more; put it in again")
        })?;
        let read = self.knowledge.extractor().extract(document.kind, bytes);
        let read = tokio::select! {
            read = read => read,
            () = self.running.cancelled() => return Err(Failure::Cancelled.into()),
        };
        match read {
            Ok(extracted) => Ok(extracted),
            Err(error) if error.is_temporary() => {
                Err(Failure::for_now(error.code(), error.to_string()).into())
            }
            Err(error) => {
                if let ExtractError::Nothing { verdict } = &error {
                    self.judged(verdict).await?;
                }
                Err(Failure::for_good(error.code(), error.to_string()).into())
            }
        }
    }

    /// Keeps the text and its chunks. From then on the file is not needed again.
    async fn cut(&self, document: &Document, extracted: Extracted) -> Result<Document, Stop> {
        let model = self.knowledge.models().can_embed();
        let how = chunk::fitting(self.knowledge.settings().chunks, model.as_deref());
        let cut = tokio::task::spawn_blocking(move || {
            let packed = chunk::pack(&extracted.pages, &how);
            (extracted, packed)
        });
        let (extracted, packed) = cut.await.map_err(|_| {
            Failure::for_good("internal", "cutting its text broke off; the log says where")
        })?;
        if packed.pieces.is_empty() {
            return Err(Failure::for_good("empty", "no text was found in it").into());
        }
        metric::CHUNKS.add(packed.deduped as u64, &["left_out"]);
        let (now, tenant, title) =
            (self.knowledge.now(), document.tenant, better_title(document, &extracted));
        let step = self.step("keep the chunks of a document", move |tx, document| {
            if document.state != State::Extracting {
                return Err(StepError::Gone);
            }
            remove::contents(tx, document.id)?;
            text::insert(tx, tenant, document.id, &extracted.pages)?;
            chunk::row::insert(tx, tenant, document.id, &packed.pieces, now)?;
            lexical::index(tx, tenant, document.id)?;
            keep_cut(tx, &document, &extracted.verdict, &packed, title.as_deref(), now)?;
            any(tx, document.id)?.ok_or(StepError::Gone)
        });
        Ok(step.await?)
    }

    /// Says that the document is found.
    async fn finish(&self, made: Embedded) -> Result<Document, StepError> {
        let now = self.knowledge.now();
        self.step("finish a document", move |tx, document| finished(tx, document.id, &made, now))
            .await
    }

    /// Says that a page is found which was fetched anew, and takes away what it was before: in one
    /// transaction, so that at no moment both are found, or none.
    async fn finish_in_place(&self, made: Embedded) -> Result<Document, StepError> {
        let (running, id, now) = (self.running.clone(), self.id, self.knowledge.now());
        let finish = move |tx: &Tx| {
            let document = in_hand(tx, &running, id)?;
            let document = finished(tx, document.id, &made, now)?;
            let removed = remove::superseded(tx, &document, now)?;
            // Then it is no act that the audit log is told of.
            if removed.is_empty() { Err(StepError::NothingBefore) } else { Ok((document, removed)) }
        };
        let done = self.knowledge.store().write(&self.running.actor(), now, finish).await;
        let (document, removed) = done?;
        self.knowledge.removed(document.tenant, &removed).await;
        Ok(document)
    }

    /// Keeps what was found in a file without text.
    async fn judged(&self, verdict: &Verdict) -> Result<(), StepError> {
        let (now, verdict) = (self.knowledge.now(), verdict.clone());
        self.step("keep the verdict on a document", move |tx, document| {
            tx.execute(
                "UPDATE knowledge_documents
                    SET verdict = $2, pages = $3, chars = $4, updated_at = $5 WHERE id = $1",
                &params![document.id, json!(verdict), verdict.pages, verdict.chars, now],
            )?;
            Ok(())
        })
        .await
    }

    /// Notes that this run ended in good order, though not at the end.
    async fn heard_of(&self) {
        let noted = self.step("note that a document waits", |tx, document| {
            let sql = "UPDATE knowledge_documents SET begun = 0 WHERE id = $1";
            tx.execute(sql, &params![document.id])?;
            Ok(())
        });
        // Not noted, it counts as begun in vain once, which is no harm.
        let _ = noted.await;
    }

    /// One step, kept in one transaction: only while the job is ours, and the document is the job's.
    pub(crate) async fn step<T: Send + 'static>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Tx, Document) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, StepError> {
        let (running, id) = (self.running.clone(), self.id);
        self.knowledge
            .store()
            .bookkeep(what, move |tx| {
                let document = in_hand(tx, &running, id)?;
                f(tx, document)
            })
            .await
    }

    /// Says how far it is, and stops here when somebody wants that.
    pub(crate) async fn progress(&self, percent: u8, message: &str) -> Result<(), Failure> {
        if self.running.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        self.running.progress(percent, message).await;
        Ok(())
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.running.job().tenant
    }
}

/// The document, while the job is ours and the document the job's; nobody else changes or removes it
/// until the transaction ends.
fn in_hand(tx: &Tx, running: &Running, id: DocumentId) -> Result<Document, StepError> {
    running.fence(tx)?;
    hold(tx, id)?;
    any(tx, id)?.filter(|it| it.job == running.job().id).ok_or(StepError::Gone)
}

/// Notes that a document is found; hands it back as it is then.
fn finished(
    tx: &Tx,
    id: DocumentId,
    made: &Embedded,
    now: Timestamp,
) -> Result<Document, StepError> {
    tx.execute(
        "UPDATE knowledge_documents
            SET state = 'ready', begun = 0, model = $2, dimensions = $3, vectors_done = $4,
                updated_at = $5
          WHERE id = $1",
        &params![id, made.model.as_deref(), made.dimensions, made.vectors, now],
    )?;
    any(tx, id)?.ok_or(StepError::Gone)
}

fn keep_cut(
    tx: &Tx,
    document: &Document,
    verdict: &Verdict,
    packed: &Packed,
    title: Option<&str>,
    now: Timestamp,
) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE knowledge_documents
            SET state = 'embedding', begun = 0, verdict = $2, pages = $3, chars = $4, chunks = $5,
                chunks_deduped = $6, vectors_done = 0, vectors_reused = 0, model = NULL,
                dimensions = NULL, title = COALESCE($7, title), updated_at = $8
          WHERE id = $1",
        &params![
            document.id,
            json!(verdict),
            verdict.pages,
            verdict.chars,
            packed.pieces.len(),
            packed.deduped,
            title,
            now
        ],
    )?;
    Ok(())
}

/// The title that the file has for itself, where nobody gave a better one than its address.
fn better_title(document: &Document, extracted: &Extracted) -> Option<String> {
    let by_address = document.url.as_deref() == Some(document.title.as_str());
    let nobody = by_address || document.title == "Untitled";
    extracted.title.clone().filter(|_| nobody)
}
