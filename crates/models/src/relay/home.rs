//! Embeddings of who is asked in process: the built-in provider, which counts words, and the model
//! that is loaded here.

use std::time::Duration;

use base::Timestamp;
use tokio::time::timeout;

use super::{Attempt, Errand, Leg, Missed, client::Failure, wrong::Wrong};
use crate::{
    Models, Usage,
    dialect::{Class, Complaint, Unsupported, minilm, offline},
    local::LocalError,
    settings::std,
};

/// When to come back to a line that is full.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Vectors that were made, and the attempt, still to be ended.
pub(crate) struct AtHome {
    pub(crate) vectors: Vec<Vec<f32>>,
    /// The model that says it made them.
    pub(crate) model: String,
    pub(crate) usage: Usage,
    pub(crate) attempt: Attempt,
}

impl Models {
    /// May this one be asked? That its model is missing is remembered of it.
    pub(super) fn at_door<E: Errand>(
        &self,
        errand: &mut E,
        leg: Leg<'_>,
        now: Timestamp,
    ) -> Result<(), Missed> {
        let asked = errand.at_door(leg);
        if let Err(Missed::NotReady { why, .. }) = &asked {
            leg.provider.turned_away(&leg.to.model, now, why.to_string());
        }
        asked
    }
}

/// Who only makes embeddings has no answers.
pub(crate) fn converses(leg: Leg<'_>) -> Result<(), Missed> {
    let dialect = leg.provider.dialect;
    if dialect.converses() {
        return Ok(());
    }
    let why = "it makes embeddings and nothing else; name a model of another provider";
    Err(Missed::Unsupported(Unsupported { field: "model", kind: dialect.kind(), why }))
}

/// Can it make vectors of this length?
pub(crate) fn embeds(leg: Leg<'_>, dimensions: Option<u32>) -> Result<(), Missed> {
    let kind = leg.provider.dialect.kind();
    if kind != minilm::KIND {
        return Ok(());
    }
    let unsupported = |field, why| Err(Missed::Unsupported(Unsupported { field, kind, why }));
    if leg.to.model != minilm::MODEL {
        return unsupported("model", minilm::ONLY_MODEL);
    }
    if dimensions.is_some_and(|it| it != minilm::DIMENSIONS) {
        return unsupported("dimensions", minilm::ONLY_DIMENSIONS);
    }
    let provider = || leg.to.provider.clone();
    leg.local.check().map_err(|why| Missed::NotReady { provider: provider(), why })
}

/// Makes vectors of texts.
///
/// # Errors
/// It did not; the attempt is ended.
pub(crate) async fn vectors(
    leg: Leg<'_>,
    attempt: Attempt,
    texts: &[String],
    dimensions: Option<u32>,
) -> Result<AtHome, Missed> {
    if leg.provider.dialect.kind() != minilm::KIND {
        let (vectors, usage) = offline::embed(texts, dimensions);
        let model = offline::EMBEDDING_MODEL.to_owned();
        return Ok(AtHome { vectors, model, usage, attempt });
    }
    let limit = std(leg.provider.settings.timeout);
    let made = timeout(limit, leg.local.embed(texts.to_vec())).await;
    match made.unwrap_or(Err(LocalError::Late)) {
        Ok(made) => Ok(AtHome {
            vectors: made.vectors,
            model: leg.to.model.clone(),
            usage: Usage { tokens_in: made.tokens, ..Usage::default() },
            attempt,
        }),
        Err(why) => {
            let wrong = wrong(&why);
            attempt.went_wrong(&wrong);
            let provider = leg.to.provider.clone();
            Err(match why {
                LocalError::NotInstalled { .. } | LocalError::Damaged { .. } => {
                    Missed::NotReady { provider, why }
                }
                _ => {
                    let retry_after = wrong.miss().retry_after;
                    // Boxed or not, as it is kept.
                    Missed::Wrong { provider, wrong: wrong.into(), retry_after, limit }
                }
            })
        }
    }
}

/// What the ledger and the provider's health are told.
fn wrong(why: &LocalError) -> Wrong {
    let (status, class) = match why {
        LocalError::Late => return Wrong::Failed(Failure::Timeout),
        LocalError::Busy => (429, Class::RateLimited),
        LocalError::NotInstalled { .. } => (503, Class::Unauthorized),
        LocalError::Damaged { .. } | LocalError::Failed(_) => (500, Class::Broken),
    };
    let retry_after = (class == Class::RateLimited).then_some(BUSY_WAIT);
    let message = why.to_string();
    let complaint = Complaint { message, class, retry_after, ..Complaint::default() };
    Wrong::Refused { status, complaint }
}
