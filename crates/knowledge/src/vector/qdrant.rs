//! Qdrant, by its REST interface (1.10 or newer).
//!
//! A tenant is a keyword of the payload that Qdrant knows to be one, so that it keeps a tenant's
//! points together; documents and labels are keywords with an index. With those it applies a filter
//! while it walks its graph, or goes through what passes when that is little.

use base::{ChunkId, DocumentId, TenantId};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{
    Engine, EngineError, Filter, Metric, Point, Scored, Space,
    http::{Rest, Unopened},
    settings,
};

/// Its name.
pub const NAME: &str = "qdrant";

/// Where it is when nobody says.
pub(super) const USUAL: &str = "http://localhost:6333";

/// Points of one request: 4 MB at 1,536 dimensions.
const AT_ONCE: usize = 128;

/// Neighbours looked at for a query.
const LOOKED_AT: usize = 128;

/// A Qdrant server.
pub struct Qdrant {
    rest: Rest,
}

impl Qdrant {
    /// A server at an address. Nothing is asked of it yet.
    pub fn open(
        settings: &settings::Qdrant,
        timeout: std::time::Duration,
    ) -> Result<Self, Unopened> {
        let url = settings.url.as_deref().unwrap_or(USUAL);
        let key = settings.api_key.as_ref().map(|it| it.reveal().as_str());
        Ok(Self { rest: Rest::open(NAME, url, &[("api-key", key)], timeout)? })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Json,
    ) -> Result<Json, EngineError> {
        let body = (!body.is_null()).then_some(&body);
        self.rest.ask(method, path, query, body).await?.good(NAME)
    }
}

#[async_trait::async_trait]
impl Engine for Qdrant {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn create(&self, space: &Space) -> Result<(), EngineError> {
        let collection = format!("collections/{}", space.name);
        let exists =
            self.ask(Method::GET, &format!("{collection}/exists"), &[], Json::Null).await?;
        if exists["result"]["exists"] != true {
            let distance = match space.metric {
                Metric::Cosine => "Cosine",
                Metric::InnerProduct => "Dot",
            };
            let wish = json!({
                "vectors": {"size": space.dimensions, "distance": distance},
                "hnsw_config": {"m": 16, "ef_construct": 128, "payload_m": 16},
            });
            let made = self.rest.ask(Method::PUT, &collection, &[], Some(&wish)).await?;
            // Another process was quicker.
            if made.status != 409 {
                made.good(NAME)?;
            }
        }
        for (field, schema) in [
            ("tenant", json!({"type": "keyword", "is_tenant": true})),
            ("document", json!({"type": "keyword"})),
            ("labels", json!({"type": "keyword"})),
        ] {
            let wish = json!({"field_name": field, "field_schema": schema});
            let path = format!("{collection}/index");
            self.ask(Method::PUT, &path, &[("wait", "true")], wish).await?;
        }
        Ok(())
    }

    async fn erase(&self, space: &Space) -> Result<(), EngineError> {
        let path = format!("collections/{}", space.name);
        let gone = self.rest.ask(Method::DELETE, &path, &[], None).await?;
        if gone.status != 404 {
            gone.good(NAME)?;
        }
        Ok(())
    }

    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError> {
        let path = format!("collections/{}/points", space.name);
        for some in points.chunks(AT_ONCE) {
            let points: Vec<Json> = some
                .iter()
                .map(|it| {
                    json!({
                        "id": it.chunk,
                        "vector": it.vector,
                        "payload": {"tenant": it.tenant, "document": it.document, "labels": it.labels},
                    })
                })
                .collect();
            self.ask(Method::PUT, &path, &[("wait", "true")], json!({"points": points})).await?;
        }
        Ok(())
    }

    async fn retain(
        &self,
        space: &Space,
        tenant: TenantId,
        document: DocumentId,
        kept: &[ChunkId],
    ) -> Result<(), EngineError> {
        let mut filter =
            json!({"must": [is("tenant", json!(tenant)), is("document", json!(document))]});
        if !kept.is_empty() {
            filter["must_not"] = json!([{"has_id": kept}]);
        }
        let path = format!("collections/{}/points/delete", space.name);
        self.ask(Method::POST, &path, &[("wait", "true")], json!({"filter": filter})).await?;
        Ok(())
    }

    async fn search(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, EngineError> {
        if filter.is_empty() || most == 0 || query.len() != space.dimensions {
            return Ok(Vec::new());
        }
        let body = json!({
            "query": query,
            "filter": conditions(filter),
            "limit": most,
            "params": {"hnsw_ef": LOOKED_AT.max(2 * most)},
            "with_payload": false,
            "with_vector": false,
        });
        let path = format!("collections/{}/points/query", space.name);
        let answer = self.ask(Method::POST, &path, &[], body).await?;
        let points = answer["result"]["points"].as_array();
        let points =
            points.ok_or_else(|| EngineError::refused(NAME, "its answer has no points"))?;
        points.iter().map(read).collect()
    }

    async fn count(&self, space: &Space) -> Result<u64, EngineError> {
        let path = format!("collections/{}/points/count", space.name);
        let answer = self.ask(Method::POST, &path, &[], json!({"exact": true})).await?;
        answer["result"]["count"]
            .as_u64()
            .ok_or_else(|| EngineError::refused(NAME, "its answer has no count"))
    }

    async fn health(&self) -> Result<(), EngineError> {
        // Not `/readyz`: that one does not look at the key.
        self.ask(Method::GET, "collections", &[], Json::Null).await.map(drop)
    }
}

fn is(field: &str, value: Json) -> Json {
    json!({"key": field, "match": {"value": value}})
}

fn conditions(filter: &Filter) -> Json {
    let mut must = vec![is("tenant", json!(filter.tenant))];
    if let Some(documents) = &filter.documents {
        must.push(json!({"key": "document", "match": {"any": documents}}));
    }
    must.extend(filter.groups.iter().map(|it| json!({"key": "labels", "match": {"any": it}})));
    json!({"must": must})
}

fn read(point: &Json) -> Result<Scored, EngineError> {
    let chunk = point["id"].as_str().and_then(|it| it.parse().ok());
    match (chunk, point["score"].as_f64()) {
        (Some(chunk), Some(score)) => Ok(Scored { chunk, score: score as f32 }),
        _ => Err(EngineError::refused(NAME, "its answer has a point without id or score")),
    }
}
