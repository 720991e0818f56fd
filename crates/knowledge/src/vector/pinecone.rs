//! Pinecone, by its REST interface (version 2025-04).
//!
//! A space is an index, a tenant a namespace in it: what is asked in one never meets another's. An id
//! is that of the document and that of the chunk, so that a document's points can be listed by how
//! they begin: not every kind of index can delete by metadata.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base::{ChunkId, DocumentId, TenantId};
use reqwest::{Method, Url};
use serde_json::{Value as Json, json};

use super::{
    Engine, EngineError, Filter, Metric, Point, Scored, Space,
    http::{self, Rest, Unopened},
    settings,
};

/// Its name.
pub const NAME: &str = "pinecone";

/// Of a request 2 MB are allowed.
const REQUEST_BYTES_MAX: usize = 1_800_000;

/// Points of one request, however small.
const AT_ONCE_MAX: usize = 100;

/// Ids of one request to delete.
const DELETED_AT_ONCE: usize = 1_000;

/// How often, and how far apart, a new index is asked whether it is ready.
const ASKED: (usize, Duration) = (60, Duration::from_secs(1));

/// Indexes of a Pinecone project.
pub struct Pinecone {
    rest: Rest,
    cloud: String,
    region: String,
    /// Where indexes are, once known.
    hosts: Mutex<HashMap<String, Url>>,
    is_encrypted: bool,
}

impl Pinecone {
    /// A project. Nothing is asked of it yet.
    pub fn open(settings: &settings::Pinecone, timeout: Duration) -> Result<Self, Unopened> {
        let key = settings.api_key.as_ref().map(|it| it.reveal().as_str());
        let headers = [("api-key", key), ("x-pinecone-api-version", Some("2025-04"))];
        Ok(Self {
            rest: Rest::open(NAME, &settings.url, &headers, timeout)?,
            cloud: settings.cloud.clone(),
            region: settings.region.clone(),
            hosts: Mutex::default(),
            is_encrypted: settings.url.starts_with("https:"),
        })
    }

    /// Where an index is; none when there is no such index, or it is not ready.
    async fn described(&self, name: &str) -> Result<Option<(Url, bool)>, EngineError> {
        let answer = self.rest.ask(Method::GET, &format!("indexes/{name}"), &[], None).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.good(NAME)?;
        let host = body["host"].as_str().unwrap_or_default();
        // The host comes without a scheme; what stands in for the service on one machine has none.
        let scheme = if self.is_encrypted { "https" } else { "http" };
        let address =
            if host.contains("://") { host.to_owned() } else { format!("{scheme}://{host}") };
        let url = http::at(NAME, &address)
            .map_err(|_| EngineError::refused(NAME, "it does not say where the index is"))?;
        Ok(Some((url, body["status"]["ready"] == true)))
    }

    async fn host(&self, space: &Space) -> Result<Url, EngineError> {
        let name = name(space);
        let known = self.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(url) = known {
            return Ok(url);
        }
        match self.described(&name).await? {
            Some((url, true)) => {
                let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
                hosts.insert(name, url.clone());
                Ok(url)
            }
            Some((_, false)) => Err(EngineError::away(NAME, "the index is not ready yet")),
            None => Err(EngineError::refused(NAME, format!("there is no index `{name}`"))),
        }
    }

    async fn ask(&self, space: &Space, path: &str, body: Json) -> Result<Json, EngineError> {
        let host = self.host(space).await?;
        self.rest.ask_at(&host, Method::POST, path, &[], Some(&body)).await?.good(NAME)
    }

    /// The ids of a document's points.
    async fn listed(
        &self,
        space: &Space,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Vec<String>, EngineError> {
        let host = self.host(space).await?;
        let (namespace, prefix) = (tenant.to_string(), format!("{document}#"));
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let mut query = vec![("namespace", namespace.as_str()), ("prefix", prefix.as_str())];
            if !token.is_empty() {
                query.push(("paginationToken", token.as_str()));
            }
            let page = self.rest.ask_at(&host, Method::GET, "vectors/list", &query, None).await?;
            let page = page.good(NAME)?;
            let listed = page["vectors"].as_array().into_iter().flatten();
            ids.extend(listed.filter_map(|it| it["id"].as_str()).map(str::to_owned));
            match page["pagination"]["next"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return Ok(ids),
            }
        }
    }
}

#[async_trait::async_trait]
impl Engine for Pinecone {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn create(&self, space: &Space) -> Result<(), EngineError> {
        let name = name(space);
        if self.described(&name).await?.is_none() {
            let metric = match space.metric {
                Metric::Cosine => "cosine",
                Metric::InnerProduct => "dotproduct",
            };
            let wish = json!({
                "name": name,
                "dimension": space.dimensions,
                "metric": metric,
                "spec": {"serverless": {"cloud": self.cloud, "region": self.region}},
                "deletion_protection": "disabled",
            });
            let made = self.rest.ask(Method::POST, "indexes", &[], Some(&wish)).await?;
            // Another process was quicker.
            if made.status != 409 {
                made.good(NAME)?;
            }
        }
        for _ in 0..ASKED.0 {
            if self.described(&name).await?.is_some_and(|(_, is_ready)| is_ready) {
                return Ok(());
            }
            tokio::time::sleep(ASKED.1).await;
        }
        Err(EngineError::away(NAME, "the index did not become ready"))
    }

    async fn erase(&self, space: &Space) -> Result<(), EngineError> {
        let name = name(space);
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        let gone = self.rest.ask(Method::DELETE, &format!("indexes/{name}"), &[], None).await?;
        if gone.status != 404 {
            gone.good(NAME)?;
        }
        Ok(())
    }

    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError> {
        for some in points.chunks(at_once(space.dimensions)) {
            let Some(first) = some.first() else { continue };
            let vectors: Vec<Json> = some
                .iter()
                .map(|it| {
                    json!({
                        "id": id(it.document, it.chunk),
                        "values": it.vector,
                        "metadata": {"document": it.document, "labels": it.labels},
                    })
                })
                .collect();
            let body = json!({"namespace": first.tenant, "vectors": vectors});
            self.ask(space, "vectors/upsert", body).await?;
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
        let kept: HashSet<String> = kept.iter().map(|it| id(document, *it)).collect();
        let there = self.listed(space, tenant, document).await?;
        let gone: Vec<String> = there.into_iter().filter(|it| !kept.contains(it)).collect();
        for ids in gone.chunks(DELETED_AT_ONCE) {
            let body = json!({"namespace": tenant, "ids": ids});
            self.ask(space, "vectors/delete", body).await?;
        }
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
        let mut body = json!({
            "namespace": filter.tenant,
            "vector": query,
            "topK": most,
            "includeValues": false,
            "includeMetadata": false,
        });
        if let Some(conditions) = conditions(filter) {
            body["filter"] = conditions;
        }
        let answer = self.ask(space, "query", body).await?;
        let matches = answer["matches"].as_array();
        let matches =
            matches.ok_or_else(|| EngineError::refused(NAME, "its answer has no matches"))?;
        matches.iter().map(read).collect()
    }

    async fn count(&self, space: &Space) -> Result<u64, EngineError> {
        let answer = self.ask(space, "describe_index_stats", json!({})).await?;
        answer["totalVectorCount"]
            .as_u64()
            .ok_or_else(|| EngineError::refused(NAME, "its answer has no count"))
    }

    async fn health(&self) -> Result<(), EngineError> {
        self.rest.ask(Method::GET, "indexes", &[], None).await?.good(NAME).map(drop)
    }
}

/// Points of one request. A number takes up to 22 characters, what else a point has some thousand.
fn at_once(dimensions: usize) -> usize {
    (REQUEST_BYTES_MAX / (22 * dimensions + 4_000)).clamp(1, AT_ONCE_MAX)
}

/// Names of indexes hold `-`, not `_`.
fn name(space: &Space) -> String {
    space.name.replace('_', "-")
}

fn id(document: DocumentId, chunk: ChunkId) -> String {
    format!("{document}#{chunk}")
}

fn conditions(filter: &Filter) -> Option<Json> {
    let documents = filter.documents.iter().map(|it| json!({"document": {"$in": it}}));
    let groups = filter.groups.iter().map(|it| json!({"labels": {"$in": it}}));
    let all: Vec<Json> = documents.chain(groups).collect();
    (!all.is_empty()).then(|| json!({"$and": all}))
}

fn read(found: &Json) -> Result<Scored, EngineError> {
    let chunk = found["id"].as_str().and_then(|it| it.split_once('#')?.1.parse().ok());
    match (chunk, found["score"].as_f64()) {
        (Some(chunk), Some(score)) => Ok(Scored { chunk, score: score as f32 }),
        _ => Err(EngineError::refused(NAME, "its answer has a match without id or score")),
    }
}
