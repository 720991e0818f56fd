//! Finding records: by words always, by meaning too when a provider makes embeddings.

use std::collections::HashMap;

use base::{Permission, RecordId, VersionId};
use identity::{Caller, Reach};
use serde_json::{Value as Json, json};
use store::{Db, params};
use tracing::warn;

use super::within;
use crate::{
    ask::SearchAsk,
    engine::Engine,
    error::EngineError,
    record::CollectionKit,
    search::{self, Hit, Search},
    vector,
};

/// Candidates of each ranking before they are merged.
const CANDIDATES: u32 = 100;

/// The most results.
const MOST: u32 = 100;

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
        let (this, reach) = (self.clone(), caller.reach);
        let (hits, method, model) = self
            .store()
            .read(move |db| this.ranked(db, reach, &ask, search, query_vector, limit))
            .await?;
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
        let versions = active_versions(db, kit, &search)?;
        let Some(tenant) = search.tenant else { return Ok((by_words, "words", None)) };
        let near = vector::nearest(db, tenant, &versions, &model, &vector, CANDIDATES as usize)?;
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

    /// The vector of a question, when the collection has vectors and a provider answers.
    async fn query_vector(
        &self,
        caller: &Caller,
        kit: &CollectionKit,
        ask: &SearchAsk,
    ) -> Option<(String, Vec<f32>)> {
        if kit.spec.embed.is_empty() || ask.query.trim().is_empty() {
            return None;
        }
        let model = self.models().can_embed()?;
        let tenant = ask.tenant.or(caller.tenant())?;
        match self.models().embed(tenant, "search", vec![ask.query.clone()]).await {
            Ok(mut made) => Some((model, made.vectors.pop()?)),
            Err(error) => {
                warn!(error = %error, "No vector for a question; it is answered by words");
                None
            }
        }
    }
}

/// The active versions in which a search may look.
fn active_versions(
    db: &Db,
    kit: &CollectionKit,
    search: &Search,
) -> Result<Vec<VersionId>, store::Error> {
    let Some(tenant) = search.tenant else { return Ok(Vec::new()) };
    let rows = db.query(
        "SELECT id, active_version FROM records
          WHERE tenant = $1 AND collection = $2 AND version IS NULL
            AND deleted_at IS NULL AND active_version IS NOT NULL",
        &params![tenant, kit.parent().unwrap_or_default()],
    )?;
    let mut versions: HashMap<RecordId, VersionId> = HashMap::new();
    for row in rows {
        versions.insert(row.get("id")?, row.get("active_version")?);
    }
    Ok(match search.record {
        Some(record) => versions.remove(&record).into_iter().collect(),
        None => versions.into_values().collect(),
    })
}
