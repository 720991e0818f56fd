//! The job that gives a tenant's chunks the vectors of another model, batch by batch.
//!
//! What a batch made is kept before the next is asked for, so that it goes on where it was after
//! whatever happened. The same text is not sent twice. A model that is away or over its limit is
//! waited for; a chunk that it will not take gets a vector without a direction, and is found by words.

use std::{sync::Arc, time::Duration};

use base::{ChunkId, DocumentId, TenantId};
use models::ModelError;
use serde_json::{Value as Json, json};
use store::{Error, Tx};
use tokio::time::Instant;
use work::{Failure, FenceError, Handler, Running};

use super::{Vectors, meter, rows};
use crate::{
    document,
    ingest::keep::{self, Missing},
};

/// The kind of the job.
pub const KIND: &str = "knowledge.reembed";

/// How long one attempt may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(3_600);

/// After this long it stops by itself; another job goes on.
const LONG_ENOUGH: Duration = Duration::from_secs(2_700);

/// Texts of a batch.
const BATCH: usize = 64;

/// After so many documents of which a model took nothing, it is not the documents.
const REFUSED_MAX: u32 = 10;

/// The first wait for a model that does not say how long; each later one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a model is waited for before the job is put off.
const PATIENCE: Duration = Duration::from_secs(300);

impl Vectors {
    /// Who does the job.
    pub fn handler(&self) -> Arc<dyn Handler> {
        Arc::new(Reembed { vectors: self.clone() })
    }
}

struct Reembed {
    vectors: Vectors,
}

#[async_trait::async_trait]
impl Handler for Reembed {
    async fn run(&self, running: Running) -> Result<Json, Failure> {
        let model = running.job().payload["model"].as_str().unwrap_or_default().to_owned();
        let tenant = running.job().tenant;
        Box::pin(Work { vectors: self.vectors.clone(), running, tenant, model }.run()).await
    }
}

struct Work {
    vectors: Vectors,
    running: Running,
    tenant: TenantId,
    model: String,
}

/// What came of a document.
#[derive(Default)]
struct Made {
    vectors: u64,
    /// The model took none of its chunks.
    is_refused_whole: bool,
}

/// What came of asking for a batch.
enum Asked {
    Vectors(Vec<Vec<f32>>),
    TooMuch,
}

impl Work {
    async fn run(self) -> Result<Json, Failure> {
        let begun = Instant::now();
        let (mut done, mut dimensions) = (0, self.dimensions().await?);
        let (mut last, mut refused) = (None, 0);
        while begun.elapsed() < LONG_ENOUGH {
            if self.vectors.0.models.can_embed().as_deref() != Some(self.model.as_str()) {
                return Ok(json!({"embedded": done, "ended": "another model is set up"}));
            }
            let Some(document) = self.next(dimensions, last).await? else {
                return Ok(json!({"embedded": done, "model": self.model}));
            };
            last = Some(document);
            let made = self.embed(document, &mut dimensions).await?;
            done += made.vectors;
            refused = if made.is_refused_whole { refused + 1 } else { 0 };
            if refused >= REFUSED_MAX {
                return Err(self::refused("the embedding model takes no text any more"));
            }
            self.vectors.added(self.tenant, document, &self.model, dimensions.unwrap_or(0)).await;
            // There may be much more, or little: nobody has counted.
            let percent = u8::try_from((done / 100).min(95)).unwrap_or(95);
            self.running.progress(percent, &format!("{done} chunks have their new vectors")).await;
        }
        Ok(json!({"embedded": done, "model": self.model, "ended": "to be gone on with"}))
    }

    async fn dimensions(&self) -> Result<Option<usize>, Error> {
        let model = self.model.clone();
        self.vectors.0.store.read(move |db| rows::dimensions(db, &model)).await
    }

    /// The next document behind the last one. What lacks something before it is another job's.
    async fn next(
        &self,
        dimensions: Option<usize>,
        after: Option<DocumentId>,
    ) -> Result<Option<DocumentId>, Error> {
        let (tenant, model) = (self.tenant, self.model.clone());
        let next = move |db: &store::Db| rows::next_lacking(db, tenant, &model, dimensions, after);
        self.vectors.0.store.read(next).await
    }

    /// Gives all chunks of a document their vectors. Says how many were made.
    async fn embed(
        &self,
        document: DocumentId,
        dimensions: &mut Option<usize>,
    ) -> Result<Made, Failure> {
        let (mut made, mut most) = (Made::default(), BATCH);
        // Those that the model does not take. They get theirs when it is known how long vectors are.
        let mut aside: Vec<Missing> = Vec::new();
        loop {
            let (tenant, model, known) = (self.tenant, self.model.clone(), *dimensions);
            let passed: Vec<ChunkId> = aside.iter().map(|it| it.chunk).collect();
            let missing = self.write(move |tx| {
                if let Some(length) = known {
                    keep::reuse(tx, tenant, document, &model, length, None)?;
                }
                keep::missing(tx, document, &model, known, &passed, most)
            });
            let missing = missing.await?;
            if missing.is_empty() {
                break;
            }
            match self.ask(&missing).await? {
                Asked::Vectors(vectors) => {
                    *dimensions = vectors.first().map(Vec::len).or(*dimensions);
                    made.vectors += self.keep(document, missing, vectors).await?;
                }
                Asked::TooMuch if missing.len() > 1 => most = missing.len() / 2,
                Asked::TooMuch => {
                    aside.extend(missing);
                    most = BATCH;
                }
            }
        }
        if aside.is_empty() {
            return Ok(made);
        }
        let Some(length) = *dimensions else {
            return Err(refused("the embedding model took none of the chunks"));
        };
        made.is_refused_whole = made.vectors == 0;
        let nothing = vec![vec![0.0; length]; aside.len()];
        made.vectors += self.keep(document, aside, nothing).await?;
        Ok(made)
    }

    async fn keep(
        &self,
        document: DocumentId,
        chunks: Vec<Missing>,
        vectors: Vec<Vec<f32>>,
    ) -> Result<u64, Failure> {
        let (tenant, model) = (self.tenant, self.model.clone());
        let keep = move |tx: &Tx| {
            // The model took its time: the document, or some of its chunks, may be gone.
            document::hold(tx, document)?;
            keep::vectors(tx, tenant, document, &model, &chunks, &vectors)
        };
        let count = self.write(keep).await?;
        meter::REEMBEDDED.add(count, &[]);
        Ok(count)
    }

    /// A transaction under the fence of the job.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let running = self.running.clone();
        let fenced = move |tx: &Tx| -> Result<T, FenceError> {
            running.fence(tx)?;
            Ok(write(tx)?)
        };
        Ok(self.vectors.0.store.bookkeep("keep vectors of another model", fenced).await?)
    }

    /// Asks the model, and waits for it where that may help.
    async fn ask(&self, chunks: &[Missing]) -> Result<Asked, Failure> {
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_WAIT);
        loop {
            let texts: Vec<String> = chunks.iter().map(|it| it.text.clone()).collect();
            let made = tokio::select! {
                made = self.vectors.0.models.embed(self.tenant, "knowledge.embed", texts) => made,
                () = self.running.cancelled() => return Err(Failure::Cancelled),
            };
            let error = match made {
                Ok(made) if made.vectors.len() == chunks.len() && made.dimensions > 0 => {
                    return Ok(Asked::Vectors(made.vectors));
                }
                Ok(_) => return Err(refused("the embedding model sent too few vectors")),
                Err(ModelError::Refused { status: 400 | 413 | 422, .. }) => {
                    return Ok(Asked::TooMuch);
                }
                Err(error) if error.is_temporary() => error,
                // What a provider says may repeat the text, so it is not repeated here.
                Err(_) => return Err(refused("the embedding model refused")),
            };
            let wait = error.retry_after().unwrap_or(pause).max(Duration::from_millis(10));
            if waited + wait > PATIENCE {
                return Err(Failure::Retry {
                    code: "model_unavailable".into(),
                    message:
                        "the embedding model is away or over its limit; it is tried again later"
                            .into(),
                    after: Some(wait),
                });
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.running.cancelled() => return Err(Failure::Cancelled),
            }
            waited += wait;
            pause = (pause * 2).min(LONGEST_WAIT);
        }
    }
}

fn refused(message: &str) -> Failure {
    Failure::for_good("embedding_refused", format!("{message}; look at the settings of models"))
}
