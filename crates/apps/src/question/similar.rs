//! Records like a question, as examples for whoever writes the query. A question is answered without
//! them too, so a search that fails again and again is left alone for a while; one that only finds by
//! words, because no model makes a vector of the question, has not failed.

use base::TenantId;
use identity::Caller;
use serde_json::Map;
use tracing::warn;

use crate::{ask::SearchAsk, description::question::Similar, engine::Engine, field};

/// The texts of records like the question, the most similar first. None when there is nothing to find
/// or nobody to ask.
pub(crate) async fn texts(
    engine: &Engine,
    caller: &Caller,
    tenant: TenantId,
    similar: &Similar,
    question: &str,
) -> Vec<String> {
    let (breaker, now) = (engine.similar_breaker(), engine.now());
    if !breaker.lets_through(now) {
        return Vec::new();
    }
    let ask = SearchAsk {
        tenant: Some(tenant),
        collection: similar.collection.clone(),
        query: question.to_owned(),
        record: None,
        limit: similar.top,
        filters: Map::new(),
        since: similar.recent.as_ref().map(|it| (it.field.clone(), it.since(now))),
    };
    let found = match engine.search(caller, ask).await {
        Ok(found) => found,
        // A question without a word that could be looked for finds nothing.
        Err(error) if error.code() == "invalid_input" => return Vec::new(),
        Err(error) => {
            breaker.note(false, now);
            warn!(error.code = error.code(), "No records like a question could be found");
            return Vec::new();
        }
    };
    breaker.note(true, now);
    let results = found["results"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |it: &serde_json::Value| {
        let data = it["item"]["data"].as_object()?;
        let text = field::display(field::get(data, &similar.field)?);
        let text: String = text.chars().take(similar.chars).collect();
        (!text.trim().is_empty()).then_some(text)
    };
    results.iter().filter_map(text).collect()
}
