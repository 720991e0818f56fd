//! Search: by words, and by meaning where embeddings can be had.

use apps::ask::SearchAsk;
use base::{Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::records::no_collection;
use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "search.run",
        Permission::ReadRecords,
        Kind::One,
        "SearchResults",
        "Finds records by words, and by meaning where embeddings can be had; says which it was.",
        run,
    )]
}

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// In this collection.
    collection: String,
    /// What is looked for.
    #[schemars(length(max = 1000))]
    query: String,
    /// Only in the active version of this record.
    record: Option<RecordId>,
    /// The most results; 20 when left out.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// Field and value, for fields declared as filters.
    filters: Option<Map<String, Json>>,
}

async fn run(call: Call, args: Search) -> Result<Answer, Problem> {
    if !call.app.description().collections.contains_key(&args.collection) {
        return Err(no_collection(&call.app, &args.collection));
    }
    let ask = SearchAsk {
        tenant: call.narrowed(args.tenant).or_else(|| call.app.only_tenant()),
        collection: args.collection,
        query: args.query,
        record: args.record,
        limit: args.limit.unwrap_or(20),
        filters: args.filters.unwrap_or_default(),
        since: None,
    };
    Ok(Answer::one(call.app.engine.search(&call.caller, ask).await?))
}
