//! Finding records: by words always, by meaning too when a provider makes embeddings.

use std::time::Duration;

use base::{Permission, RecordId};
use identity::{Caller, Reach};
use models::ModelError;
use serde_json::{Value as Json, json};
use store::Db;
use tokio::time::timeout;
use tracing::warn;

use super::within;
use crate::{
    ask::SearchAsk,
    engine::Engine,
    error::EngineError,
    record::CollectionKit,
    search::{self, Hit, Meant, Search},
    vector,
};

/// Candidates of each ranking before they are merged.
const CANDIDATES: u32 = 100;

/// The most results.
const MOST: u32 = 100;

/// How long a model is waited for that makes the vector of a question: words find something too.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Searches, and says by which method.
    ///
    /// # Errors
    /// A question without words; a collection that is not searched; a filter that is not declared; one of
    /// which others keep what is theirs, for who may not see what is private.
    pub async fn search(&self, caller: &Caller, ask: SearchAsk) -> Result<Json, EngineError> {
        if let Some(tenant) = ask.tenant {
            within(caller, tenant)?;
        }
        let kit = self.collection(&ask.collection)?;
        if kit.spec.private {
            caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        }
        let query_vector = self.query_vector(caller, kit, &ask).await;
        let limit = ask.limit.clamp(1, MOST);
        let search = Search {
            tenant: ask.tenant.or(caller.tenant()),
            record: ask.record,
            version: None,
            filters: ask.filters.clone().into_iter().collect(),
            since: ask.since.clone(),
            limit: if query_vector.is_some() { CANDIDATES } else { limit },
        };
        let (this, reach, compares) = (self.clone(), caller.reach, query_vector.is_some());
        let ranked = move |db: &Db| this.ranked(db, reach, &ask, search, query_vector, limit);
        let (hits, method, model) = match compares {
            // How many vectors there are differs from one collection to the next.
            true => self.store().read_long(ranked).await?,
            false => self.store().read(ranked).await?,
        };
        let results: Vec<Json> = hits.iter().map(search::view).collect();
        Ok(json!({
            "result_count": results.len(),
            "results": results,
            "method": method,
            "model": model,
        }))
    }

    fn ranked(
        &self,
        db: &Db,
        reach: Reach,
        ask: &SearchAsk,
        search: Search,
        query_vector: Option<(String, Vec<f32>)>,
        limit: u32,
    ) -> Result<(Vec<Hit>, &'static str, Option<String>), EngineError> {
        let kits = self.folder().kits();
        let kit = self.collection(&ask.collection)?;
        let by_words = search::by_words(db, kits, kit, reach, &search, &ask.query);
        let Some((model, vector)) = query_vector else {
            return Ok((by_words?, "words", None));
        };
        // A question without a word in it can still be near to something.
        let by_words = by_words.unwrap_or_default();
        let meant = Meant { model: &model, vector: &vector, most: CANDIDATES as usize };
        let near = search::by_meaning(db, kits, kit, reach, &search, meant)?;
        if near.is_empty() {
            return Ok((by_words.into_iter().take(limit as usize).collect(), "words", None));
        }
        let words: Vec<RecordId> = by_words.iter().map(|it| it.record.id).collect();
        let meaning: Vec<RecordId> = near.iter().map(|it| it.record).collect();
        let method = if words.is_empty() { "meaning" } else { "both" };
        let fused = search::rank_fusion(&[&words, &meaning]);
        let mut hits = search::load(db, kits, kit, reach, &search, &fused)?;
        hits.truncate(limit as usize);
        Ok((hits, method, Some(model)))
    }

    /// The vector of a question, when the collection has vectors and a provider answers soon. After five
    /// failures in a row, whoever asked, none is asked for during half a minute.
    async fn query_vector(
        &self,
        caller: &Caller,
        kit: &CollectionKit,
        ask: &SearchAsk,
    ) -> Option<(String, Vec<f32>)> {
        if kit.spec.embedded().is_empty() || ask.query.trim().is_empty() {
            return None;
        }
        let model = self.models().can_embed()?;
        let tenant = ask.tenant.or(caller.tenant())?;
        let breaker = self.meaning_breaker();
        if !breaker.lets_through(self.now()) {
            return None;
        }
        let text = vector::cut(ask.query.clone());
        let asked = self.models().embed(tenant, "search", vec![text]);
        let error = match timeout(PATIENCE, asked).await {
            Ok(Ok(mut made)) => match made.vectors.pop().filter(|it| can_be_compared(it)) {
                Some(vector) => {
                    breaker.note(true, self.now());
                    return Some((model, vector));
                }
                None => ModelError::Unusable { errors: vec!["it is no vector of numbers".into()] },
            },
            Ok(Err(error)) => error,
            Err(_) => ModelError::Timeout { provider: model, after: PATIENCE },
        };
        // The rest begins when it failed, not when it was asked.
        if is_models_own(&error) {
            breaker.note(false, self.now());
        }
        warn!(error = %error, "No vector for a question; it is answered by words");
        None
    }
}

/// Is a vector one that others can be near to?
fn can_be_compared(vector: &[f32]) -> bool {
    !vector.is_empty() && vector.iter().all(|it| it.is_finite())
}

/// Is it the model that fails, for whoever asks? What one tenant may not have, asked too often or wrote too
/// long says nothing about others.
fn is_models_own(error: &ModelError) -> bool {
    !matches!(
        error,
        ModelError::OverBudget { .. }
            | ModelError::NotAllowed { .. }
            | ModelError::RateLimited { .. }
            | ModelError::Refused { status: 400 | 413 | 422, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_model_that_fails_for_everybody_is_left_alone() {
        let provider = || "openai".to_owned();
        let refused =
            |status| ModelError::Refused { provider: provider(), status, message: String::new() };
        for status in [400, 413, 422] {
            assert!(!is_models_own(&refused(status)), "{status} is about the text");
        }
        assert!(is_models_own(&refused(401)));
        let too_often = ModelError::RateLimited { provider: provider(), retry_after: None };
        assert!(!is_models_own(&too_often), "it may be the limit of one tenant");
        let away = ModelError::Timeout { provider: provider(), after: PATIENCE };
        assert!(is_models_own(&away));
    }

    #[test]
    fn a_vector_without_numbers_is_compared_with_nothing() {
        assert!(can_be_compared(&[0.5, 1.0]));
        assert!(!can_be_compared(&[]));
        assert!(!can_be_compared(&[0.5, f32::NAN]));
        assert!(!can_be_compared(&[f32::INFINITY]));
    }
}
