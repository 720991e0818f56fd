//! The job that gives records outside of versions their vectors, a batch at a time.
//!
//! What a batch made is kept before the next is asked for, so that the job goes on where it was after
//! whatever happened. A model that is away, over its limit or refuses is tried again by the same job,
//! ever more seldom, and all that is written meanwhile waits with it. A text that the model will not
//! take, while it takes another, is left to be found by words. Start at [`run`].

use std::time::Duration;

use models::{Embeddings, ModelError};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::time::Instant;
use tracing::warn;
use work::Failure;

use super::steps::Steps;
use crate::vector::{
    BATCH, metric,
    rows::{self, Lacking, Made, Wanted},
};

/// What the ledger calls it.
const OPERATION: &str = "embed";

/// What any model takes: when it refuses this too, it is not the texts.
const PROBE: &str = "a short text";

/// After this long an attempt stops by itself, and the next goes on behind what others wait for: there are
/// few workers, and one such job for each tenant and collection.
const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// How often all are looked through once more, for those that somebody was changing.
const ROUNDS: u32 = 3;

/// After so many texts in a row that a model would not take, it is asked whether it takes any.
const REFUSED_MAX: usize = 10;

/// The first rest of a model that is away or over its limit; each later one is twice as long.
const SOON: Duration = Duration::from_secs(5);

/// The first rest of a model that refuses: somebody has to do something about it.
const LATER: Duration = Duration::from_secs(120);

/// How soon somebody else may take a job up that this process has no model for.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// The longest rest.
const AT_LEAST_EVERY: Duration = Duration::from_secs(3_600);

/// What the job was given.
#[derive(Debug, Deserialize)]
struct Plan {
    collection: String,
    model: String,
}

/// What the attempts before did; it is kept for the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct SoFar {
    /// So many in a row ended because of the model. Attempts say nothing: one that did its part is one too.
    failures: u32,
    /// Records that have a vector by now, and those that are left to words.
    embedded: u64,
    left_to_words: u64,
}

struct Work<'a> {
    steps: &'a Steps,
    wanted: Wanted,
    total: u64,
    so_far: SoFar,
    /// Texts that the model made vectors of in this attempt.
    made: u64,
    /// Those that the model would not take, and how many of them came one after the other.
    refused: Vec<Lacking>,
    in_a_row: usize,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Plan = steps.payload()?;
    match steps.engine.models().can_embed() {
        Some(model) if model == plan.model => {}
        Some(_) => return Ok(json!({"embedded": 0, "ended": "another model is set up"})),
        // A command may run without the key that the server has.
        None => {
            let words = "the process that took it up has no embedding model; it is tried again";
            return Err(again("model_not_set_up", words, ELSEWHERE));
        }
    }
    let kit = steps.engine.folder().kits().get(&plan.collection);
    let Some(kit) = kit.filter(|it| it.is_embedded_apart()) else {
        return Ok(
            json!({"embedded": 0, "ended": "its records are not found by meaning any more"}),
        );
    };
    let wanted = Wanted::of(kit, steps.job().tenant, &plan.model, steps.now());
    let counted = wanted.clone();
    let lacking = steps.read_long(move |db| Ok(rows::count_lacking(db, &counted)?)).await?;
    let so_far = SoFar::of(steps.job());
    let total = so_far.done() + lacking;
    let mut work = Work { steps, wanted, total, so_far, made: 0, refused: Vec::new(), in_a_row: 0 };
    if work.go().await? {
        return Ok(json!({
            "embedded": work.so_far.embedded,
            "left_to_words": work.so_far.left_to_words,
            "of": total.max(work.so_far.done()),
            "model": plan.model,
        }));
    }
    work.remember(0).await?;
    Err(again("unfinished", "there is more to do; it goes on", Duration::ZERO))
}

impl SoFar {
    fn of(job: &work::Job) -> Self {
        let kept = job.checkpoint.clone();
        kept.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_default()
    }

    /// Records that were looked after.
    fn done(self) -> u64 {
        self.embedded + self.left_to_words
    }
}

impl Work<'_> {
    /// Says whether it came to the end.
    async fn go(&mut self) -> Result<bool, Failure> {
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            let (mut after, mut left) = (None, 0);
            loop {
                if begun.elapsed() > LONG_ENOUGH {
                    // Else all of them would be asked of again.
                    self.give_up_refused().await?;
                    return Ok(false);
                }
                let wanted = self.wanted.clone();
                let batch =
                    self.steps.read_long(move |db| Ok(rows::lacking(db, &wanted, after)?)).await?;
                let Some(last) = batch.last() else { break };
                let is_last = batch.len() < BATCH;
                after = Some((last.created_at, last.record));
                left += self.batch(batch).await?;
                // To find that there are no more takes as long as all the others took.
                if is_last {
                    break;
                }
            }
            if left == 0 {
                break;
            }
        }
        self.give_up_refused().await?;
        Ok(true)
    }

    /// Gives some records what they lack; says how many of them were not as they had been read.
    async fn batch(&mut self, batch: Vec<Lacking>) -> Result<u64, Failure> {
        let is_refused = |it: &Lacking| self.refused.iter().any(|other| other.record == it.record);
        let (mut ready, mut open) = (Vec::new(), Vec::new());
        for it in batch.into_iter().filter(|it| !is_refused(it)) {
            match (it.text.is_empty(), it.is_known) {
                (true, _) => ready.push((it, Made::Nothing)),
                (false, true) => ready.push((it, Made::Same)),
                (false, false) => open.push(it),
            }
        }
        let mut left = self.keep(ready).await?;
        let mut waiting = vec![open];
        while let Some(mut texts) = waiting.pop() {
            if texts.is_empty() {
                continue;
            }
            self.tell().await?;
            match self.ask(&texts).await {
                Ok(vectors) => {
                    self.made += texts.len() as u64;
                    self.in_a_row = 0;
                    let made = texts.into_iter().zip(vectors.into_iter().map(Made::Vector));
                    left += self.keep(made.collect()).await?;
                }
                Err(error) => {
                    self.blame_texts(error).await?;
                    if texts.len() > 1 {
                        let rest = texts.split_off(texts.len() / 2);
                        waiting.extend([rest, texts]);
                        continue;
                    }
                    self.refused.extend(texts);
                    self.in_a_row += 1;
                    if self.in_a_row >= REFUSED_MAX {
                        self.give_up_refused().await?;
                    }
                }
            }
        }
        Ok(left)
    }

    /// Goes on when it may be the texts at which the model failed. Some servers fail where they should refuse
    /// a text that is too long, so one that failed before and takes a short text all the same is asked for
    /// fewer at once. That answer also keeps it from being left alone for its failures.
    async fn blame_texts(&self, error: ModelError) -> Result<(), Failure> {
        let failed = matches!(error, ModelError::Unavailable { .. });
        let failed_before = self.so_far.failures > 0;
        if is_too_much(&error) || (failed && failed_before && self.probe().await.is_ok()) {
            return Ok(());
        }
        Err(self.put_off(&error).await)
    }

    async fn tell(&self) -> Result<(), Failure> {
        let done = self.so_far.done();
        let percent = u8::try_from(done * 100 / self.total.max(1)).unwrap_or(99).min(99);
        let told = format!("Embedding {done} of {}", self.total.max(done));
        self.steps.progress(percent, &told).await
    }

    /// Asks the model for one vector each.
    async fn ask(&self, texts: &[Lacking]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.embed(texts.iter().map(|it| it.text.clone()).collect()).await
    }

    /// Does the model take any text at all? What it refuses for all looks like what it refuses of one: a
    /// wrong key is a bad request to some.
    async fn probe(&self) -> Result<(), ModelError> {
        self.embed(vec![PROBE.to_owned()]).await.map(drop)
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        let count = texts.len();
        let made = self.steps.engine.models().embed(self.wanted.tenant, OPERATION, texts).await?;
        match fits(&made, count) {
            true => Ok(made.vectors),
            false => {
                let errors = vec!["its vectors cannot be compared".to_owned()];
                Err(ModelError::Unusable { errors })
            }
        }
    }

    /// Keeps what was made; says for how many records it does not hold any more.
    async fn keep(&mut self, made: Vec<(Lacking, Made)>) -> Result<u64, Failure> {
        if made.is_empty() {
            return Ok(0);
        }
        let (count, outcomes) = (made.len() as u64, outcomes(&made));
        let wanted = self.wanted.clone();
        let kept = self
            .steps
            .keep("keep vectors of records", move |tx| Ok(rows::keep(tx, &wanted, made)?))
            .await?;
        for (outcome, count) in outcomes {
            metric::VECTORS.add(count, &[outcome]);
        }
        self.so_far.embedded += kept.embedded;
        self.so_far.left_to_words += kept.left_to_words;
        Ok(count.saturating_sub(kept.embedded + kept.left_to_words))
    }

    /// Leaves to words what the model would not take, if it takes another text now. Otherwise it is not the
    /// texts, and they are asked of again.
    async fn give_up_refused(&mut self) -> Result<(), Failure> {
        self.in_a_row = 0;
        if self.refused.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.probe().await {
            return Err(self.put_off(&error).await);
        }
        let mut refused = std::mem::take(&mut self.refused);
        let count = refused.len();
        while !refused.is_empty() {
            // Each is named in a statement, which takes only so many.
            let some = refused.drain(..refused.len().min(BATCH));
            self.keep(some.map(|it| (it, Made::Nothing)).collect()).await?;
        }
        warn!(
            job.id = %self.steps.job().id,
            collection = self.wanted.collection.as_str(),
            records = count,
            "The embedding model does not take {count} texts of {}; they are found by words",
            self.wanted.collection
        );
        Ok(())
    }

    /// Keeps what the next attempt has to know.
    async fn remember(&self, failures: u32) -> Result<(), Failure> {
        let kept = SoFar { failures, ..self.so_far };
        Ok(self.steps.running.checkpoint(json!(kept)).await?)
    }

    /// The model is left in peace for a while; the job stays and goes on then.
    async fn put_off(&self, error: &ModelError) -> Failure {
        let (code, words, first) = told(error);
        // Whoever has just answered is only asked to be waited for.
        let before = if self.made > 0 { 0 } else { self.so_far.failures };
        let failures = before.saturating_add(1);
        if let Err(failure) = self.remember(failures).await {
            return failure;
        }
        let wait = error.retry_after().unwrap_or_default().max(rest(first, failures));
        metric::WAITS.increment(&[code]);
        let (collection, seconds) = (&self.wanted.collection, wait.as_secs());
        warn!(
            job.id = %self.steps.job().id,
            collection = collection.as_str(),
            seconds,
            why = code,
            "Records of {collection} wait for the embedding model; they are found by words"
        );
        again(code, words, wait)
    }
}

fn again(code: &str, words: &str, after: Duration) -> Failure {
    Failure::Retry { code: code.to_owned(), message: words.to_owned(), after: Some(after) }
}

/// How long a model is left in peace after so many failures.
fn rest(first: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(AT_LEAST_EVERY)
}

/// What stands in the way, in words for people, and how long it is left in peace at first. What a
/// provider says may repeat a text, so it is not repeated here.
fn told(error: &ModelError) -> (&'static str, &'static str, Duration) {
    match error {
        ModelError::RateLimited { .. } => (
            "model_rate_limited",
            "the embedding model is over its rate limit; it is tried again",
            SOON,
        ),
        ModelError::Timeout { .. } => {
            ("model_timeout", "the embedding model takes too long; it is tried again", SOON)
        }
        error if error.is_temporary() => {
            ("model_unavailable", "the embedding model is away; it is tried again", SOON)
        }
        ModelError::NotReady { .. } => (
            "model_not_ready",
            "the embedding model is not installed (`mainstay models install minilm`); it is tried again",
            LATER,
        ),
        ModelError::OverBudget { .. } => {
            ("over_budget", "the budget for models is used up; it is tried again", LATER)
        }
        ModelError::NotAllowed { .. } => (
            "model_not_allowed",
            "a policy does not allow the embedding model here; see `policies` of config/llm.yaml",
            LATER,
        ),
        ModelError::Refused { .. } => (
            "embedding_refused",
            "the embedding model refuses; look at its key and name (`mainstay models test`), it is \
             tried again",
            LATER,
        ),
        _ => (
            "embedding_unusable",
            "the embedding model sent what cannot be used; look at the settings of models, it is \
             tried again",
            LATER,
        ),
    }
}

/// May fewer texts at once be taken?
fn is_too_much(error: &ModelError) -> bool {
    matches!(error, ModelError::Refused { status: 400 | 413 | 422, .. })
}

/// One vector for each text, each of numbers.
fn fits(made: &Embeddings, count: usize) -> bool {
    let is_finite = |it: &Vec<f32>| it.iter().all(|it| it.is_finite());
    made.vectors.len() == count && made.dimensions > 0 && made.vectors.iter().all(is_finite)
}

fn outcomes(made: &[(Lacking, Made)]) -> [(&'static str, u64); 3] {
    let count = |is: fn(&Made) -> bool| made.iter().filter(|it| is(&it.1)).count() as u64;
    [
        ("made", count(|it| matches!(it, Made::Vector(_)))),
        ("reused", count(|it| matches!(it, Made::Same))),
        ("none", count(|it| matches!(it, Made::Nothing))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_refuses_is_asked_ever_more_seldom_but_never_not_at_all() {
        let rests: Vec<u64> = [1, 2, 3, 9].map(|it| rest(LATER, it).as_secs()).to_vec();
        assert_eq!(rests, [120, 240, 480, 3_600]);
        assert_eq!(rest(SOON, u32::MAX), AT_LEAST_EVERY);
    }

    #[test]
    fn what_a_provider_says_is_not_repeated() {
        let message = "your text was: secret".to_owned();
        let error = ModelError::Refused { provider: "p".into(), status: 401, message };
        let (code, words, _) = told(&error);
        assert_eq!(code, "embedding_refused");
        assert!(!words.contains("secret"), "{words}");
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_not_kept() {
        let of = |vectors: Vec<Vec<f32>>| Embeddings {
            model: "m".into(),
            dimensions: vectors.first().map_or(0, Vec::len),
            vectors,
        };
        assert!(fits(&of(vec![vec![1.0], vec![0.5]]), 2));
        assert!(!fits(&of(vec![vec![1.0]]), 2));
        assert!(!fits(&of(vec![vec![f32::NAN]]), 1));
        assert!(!fits(&of(vec![vec![]]), 1));
    }
}
