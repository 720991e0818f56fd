//! The vectors of a document: those that are there already are copied, the others are made, batch by
//! batch. Each batch is kept before the next is asked for, so nothing is asked for twice.
//!
//! A model that is away or over its limit is waited for, as long as it says and as long as patience
//! goes; then the job is put off and goes on behind the last batch. Without a model there are no
//! vectors, and the document is found by words.

use std::time::Duration;

use base::ChunkId;
use models::ModelError;
use tracing::info;
use work::Failure;

use super::{
    StepError, Stop, Work,
    keep::{self, Missing},
};
use crate::{document::Document, metric, settings::span};

/// The first wait for a model that does not say how long; each later one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// What the ledger calls it.
const OPERATION: &str = "knowledge.embed";

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Embedded {
    /// The model; none when there is none.
    pub(crate) model: Option<String>,
    pub(crate) dimensions: Option<u32>,
    pub(crate) vectors: u64,
}

/// What a model said to a batch.
enum Said {
    /// The vectors.
    Vectors(Vec<Vec<f32>>),
    /// The batch is too much for it, or one of its texts is; and how that ends where it is all there is.
    TooMuch(Failure),
}

impl Work {
    /// Gives every chunk a vector.
    pub(crate) async fn embed(&self, document: &Document) -> Result<Embedded, Stop> {
        let Some(model) = self.knowledge.models().can_embed() else {
            return Ok(Embedded::default());
        };
        let (tenant, total) = (self.tenant(), document.made.chunks);
        let asked = model.clone();
        let mut dimensions = self
            .step("see how long vectors are", move |tx, _| {
                Ok(keep::dimensions(tx, tenant, &asked)?)
            })
            .await?;
        let batch_most = self.knowledge.settings().ingest.batch.max(1);
        let mut batch_max = batch_most;
        // Those that the model does not take, and why the first of them.
        let (mut aside, mut refused) = (Vec::<Missing>::new(), None::<Failure>);
        loop {
            // Each time: others may have kept the same texts meanwhile.
            if let Some(length) = dimensions {
                self.reuse(&model, length).await?;
            }
            let asked = model.clone();
            let passed: Vec<ChunkId> = aside.iter().map(|it| it.chunk).collect();
            let (missing, done) = self
                .step("see which chunks lack a vector", move |tx, document| {
                    let (id, most) = (document.id, batch_max);
                    let missing = keep::missing(tx, id, &asked, dimensions, &passed, most)?;
                    Ok((missing, keep::count(tx, document.id, &asked, dimensions)?))
                })
                .await?;
            if missing.is_empty() {
                if let Some(refused) = refused.take() {
                    let aside = std::mem::take(&mut aside);
                    self.done_without(&model, dimensions, aside, refused).await?;
                    continue;
                }
                self.knowledge
                    .vectors()
                    .added(tenant, self.id, &model, dimensions.unwrap_or(0))
                    .await;
                let dimensions = dimensions.and_then(|it| u32::try_from(it).ok());
                return Ok(Embedded { model: Some(model), dimensions, vectors: done });
            }
            let percent = 20 + u8::try_from((done * 75 / total.max(1)).min(75)).unwrap_or(75);
            self.progress(percent, &format!("Embedding {done} of {total}")).await?;
            match self.ask(&missing).await? {
                Said::Vectors(vectors) => {
                    dimensions = Some(self.kept(&model, missing, vectors).await?);
                    self.pause(span(self.knowledge.settings().ingest.pause)).await?;
                }
                Said::TooMuch(_) if missing.len() > 1 => batch_max = missing.len() / 2,
                Said::TooMuch(failure) => {
                    aside.extend(missing);
                    refused.get_or_insert(failure);
                    batch_max = batch_most;
                }
            }
        }
    }

    /// Keeps a vector without a direction for chunks that the model does not take: they are found by
    /// words. Where it took nothing at all it is not the chunks, and the document fails.
    async fn done_without(
        &self,
        model: &str,
        dimensions: Option<usize>,
        chunks: Vec<Missing>,
        refused: Failure,
    ) -> Result<(), Stop> {
        let Some(length) = dimensions else { return Err(refused.into()) };
        let asked = model.to_owned();
        let look = self.step("see whether the model took anything", move |tx, document| {
            Ok(keep::has_direction(tx, document.id, &asked, length)?)
        });
        if !look.await? {
            return Err(refused.into());
        }
        let nothing = vec![vec![0.0; length]; chunks.len()];
        self.kept(model, chunks, nothing).await?;
        Ok(())
    }

    /// Copies the vectors of identical texts that the document's owner sees.
    async fn reuse(&self, model: &str, dimensions: usize) -> Result<(), Stop> {
        let (model, tenant, now) = (model.to_owned(), self.tenant(), self.knowledge.now());
        let reused = self
            .step("copy the vectors of identical chunks", move |tx, document| {
                let owner = Some(document.owner.as_str());
                let reused = keep::reuse(tx, tenant, document.id, &model, dimensions, owner)?;
                if reused > 0 && !keep::noted(tx, document.id, &model, dimensions, reused, now)? {
                    return Err(StepError::Gone);
                }
                Ok(reused)
            })
            .await?;
        metric::CHUNKS.add(reused, &["reused"]);
        Ok(())
    }

    /// Keeps the vectors of a batch; says how long they are.
    async fn kept(
        &self,
        model: &str,
        chunks: Vec<Missing>,
        vectors: Vec<Vec<f32>>,
    ) -> Result<usize, Stop> {
        let dimensions = vectors.first().map_or(0, Vec::len);
        let (model, tenant, now) = (model.to_owned(), self.tenant(), self.knowledge.now());
        let count = chunks.len() as u64;
        self.step("keep vectors", move |tx, document| {
            keep::vectors(tx, tenant, document.id, &model, &chunks, &vectors)?;
            match keep::noted(tx, document.id, &model, dimensions, 0, now)? {
                true => Ok(()),
                false => Err(StepError::Gone),
            }
        })
        .await?;
        metric::CHUNKS.add(count, &["embedded"]);
        Ok(dimensions)
    }

    /// Asks the model for the vectors of a batch, and waits for it where that may help.
    async fn ask(&self, chunks: &[Missing]) -> Result<Said, Failure> {
        let patience = span(self.knowledge.settings().ingest.patience);
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_WAIT);
        loop {
            let texts: Vec<String> = chunks.iter().map(|it| it.text.clone()).collect();
            let made = self.knowledge.models().embed(self.tenant(), OPERATION, texts);
            let made = tokio::select! {
                made = made => made,
                () = self.running.cancelled() => return Err(Failure::Cancelled),
            };
            let error = match made {
                Ok(made) if fits(&made.vectors, chunks.len()) => {
                    return Ok(Said::Vectors(made.vectors));
                }
                Ok(_) => return Err(unusable()),
                Err(error) => error,
            };
            if is_too_much(&error) {
                return Ok(Said::TooMuch(refused(&error)));
            }
            if !error.is_temporary() {
                return Err(refused(&error));
            }
            let wait = error.retry_after().unwrap_or(pause).max(Duration::from_millis(10));
            let why = why(&error);
            metric::EMBED_WAITS.increment(&[why]);
            if waited + wait > patience {
                let message =
                    "the embedding model is away or over its limit; it is tried again later";
                return Err(Failure::Retry {
                    code: why.into(),
                    message: message.into(),
                    after: Some(wait),
                });
            }
            let seconds = wait.as_secs_f64();
            info!(document.id = %self.id, seconds, why, "Document {} waits for the embedding model", self.id);
            self.pause(wait).await?;
            waited += wait;
            pause = (pause * 2).min(LONGEST_WAIT);
        }
    }

    /// Waits, unless somebody wants it to stop.
    async fn pause(&self, wait: Duration) -> Result<(), Failure> {
        if wait.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.running.cancelled() => Err(Failure::Cancelled),
        }
    }
}

/// One vector for each text, each of numbers, all of one length.
fn fits(vectors: &[Vec<f32>], count: usize) -> bool {
    let length = vectors.first().map_or(0, Vec::len);
    vectors.len() == count
        && length > 0
        && vectors.iter().all(|it| it.len() == length && it.iter().all(|it| it.is_finite()))
}

/// May fewer texts at once be taken?
fn is_too_much(error: &ModelError) -> bool {
    matches!(error, ModelError::Refused { status: 400 | 413 | 422, .. })
}

fn unusable() -> Failure {
    let message =
        "the embedding model sent vectors that cannot be used; look at its settings, then go on";
    Failure::for_good("embedding_unusable", message)
}

/// Why nobody need wait. What a provider says may repeat the text, so it is not repeated here.
fn refused(error: &ModelError) -> Failure {
    let (code, message) = match error {
        // It names the command that mends it, and holds nothing of a document.
        ModelError::NotReady { why, .. } => {
            return Failure::for_good("model_not_ready", format!("{why}, then go on"));
        }
        ModelError::NotConfigured => {
            ("model_unavailable", "no embedding model is configured any more".to_owned())
        }
        ModelError::Refused { status, .. } => {
            ("embedding_refused", format!("the embedding model refused with status {status}"))
        }
        ModelError::OverBudget { .. } => {
            ("over_budget", "the budget for models is used up".to_owned())
        }
        ModelError::NotAllowed { .. } => {
            ("model_not_allowed", "a policy does not allow the embedding model here".to_owned())
        }
        _ => return unusable(),
    };
    Failure::for_good(code, format!("{message}; look at the settings of models, then go on"))
}

fn why(error: &ModelError) -> &'static str {
    match error {
        ModelError::RateLimited { .. } => "model_rate_limited",
        ModelError::Timeout { .. } => "model_timeout",
        _ => "model_unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_good_when_there_is_one_for_each_text_and_all_are_numbers() {
        assert!(fits(&[vec![1.0, 0.0], vec![0.5, 0.5]], 2));
        assert!(!fits(&[vec![1.0]], 2));
        assert!(!fits(&[vec![1.0], vec![1.0, 2.0]], 2));
        assert!(!fits(&[vec![f32::NAN]], 1));
        assert!(!fits(&[vec![]], 1));
    }

    #[test]
    fn what_a_provider_says_is_not_repeated() {
        let error = ModelError::Refused {
            provider: "p".into(),
            status: 401,
            message: "your text was: secret".into(),
        };
        let Failure::Final { code, message } = refused(&error) else { panic!("it is final") };
        assert_eq!(code, "embedding_refused");
        assert!(message.contains("401") && !message.contains("secret"), "{message}");
    }

    #[test]
    fn only_what_may_be_the_size_makes_a_smaller_batch() {
        let refused =
            |status| ModelError::Refused { provider: "p".into(), status, message: String::new() };
        assert!(is_too_much(&refused(413)) && is_too_much(&refused(400)));
        assert!(!is_too_much(&refused(401)) && !is_too_much(&ModelError::NotConfigured));
    }
}
