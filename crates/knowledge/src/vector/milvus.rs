//! Milvus, by gRPC (2.4 or newer).
//!
//! A collection has the chunk as its key, the document, the labels, the vector, and the tenant as its
//! partition key. Documents lie in 128 lists (IVF_FLAT, cosine), those of chats in a graph (HNSW,
//! inner product). A filter over lists finds only what lies in those that are looked through: with
//! more of a filter than the tenant all of them are, and without it they are when too little was
//! found.

mod grpc;
mod proto;

use std::time::Duration;

use base::{ChunkId, DocumentId, TenantId};
use prost::Message;
use serde_json::json;

use self::{grpc::Grpc, proto::data};
use super::{
    Engine, EngineError, Filter, Kind, Metric, Point, Scored, Space, http::Unopened, settings,
};

/// Its name.
pub const NAME: &str = "milvus";

/// Where it is when nobody says.
pub(super) const USUAL: &str = "http://localhost:19530";

const SERVICE: &str = "milvus.proto.milvus.MilvusService";

/// Points of one request: 2 MB at 1,536 dimensions.
const AT_ONCE: usize = 256;

/// How often, and how far apart, a new collection is asked whether it is loaded.
const ASKED: (usize, Duration) = (120, Duration::from_millis(250));

/// What was written up to some seconds ago is certain to be found; what is newer mostly is. To wait
/// for all of it takes as long as the server's clock ticks.
const BOUNDED: i32 = 2;

/// What was written before is taken into account.
const STRONG: i32 = 0;

/// A Milvus server.
pub struct Milvus {
    grpc: Grpc,
    database: String,
}

impl Milvus {
    /// A server at an address. Nothing is asked of it yet.
    pub fn open(settings: &settings::Milvus, timeout: Duration) -> Result<Self, Unopened> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let url = settings.url.as_deref().unwrap_or(USUAL);
        let token = settings.token.as_ref().map(|it| BASE64_STANDARD.encode(it.reveal()));
        let headers =
            [("authorization", token.as_deref()), ("dbname", settings.database.as_deref())];
        Ok(Self {
            grpc: Grpc::open(url, SERVICE, &headers, timeout)?,
            database: settings.database.clone().unwrap_or_default(),
        })
    }

    fn of(&self, space: &Space) -> proto::OfCollection {
        proto::OfCollection { database: self.database.clone(), collection: space.name.clone() }
    }

    async fn has(&self, space: &Space) -> Result<bool, EngineError> {
        let answer: proto::Truth = self.grpc.call("HasCollection", &self.of(space)).await?;
        // Some versions say "not found" instead of "no".
        Ok(answer.value && fine(answer.status.as_ref()).is_ok())
    }

    async fn is_loaded(&self, space: &Space) -> Result<bool, EngineError> {
        let question =
            proto::GetLoadState { database: self.database.clone(), collection: space.name.clone() };
        let answer: proto::LoadState = self.grpc.call("GetLoadState", &question).await?;
        fine(answer.status.as_ref())?;
        Ok(answer.state == 3)
    }

    async fn found(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
        search: serde_json::Value,
    ) -> Result<Vec<Scored>, EngineError> {
        let group = proto::Placeholders {
            placeholders: vec![proto::Placeholder {
                tag: "$0".into(),
                kind: data::FLOAT_VECTOR,
                values: vec![query.iter().flat_map(|it| it.to_le_bytes()).collect()],
            }],
        };
        let question = proto::Search {
            database: self.database.clone(),
            collection: space.name.clone(),
            expression: expression(filter),
            placeholders: group.encode_to_vec(),
            expression_kind: 1,
            params: pairs([
                ("anns_field", "vector".to_owned()),
                ("topk", most.to_string()),
                ("params", search.to_string()),
                ("metric_type", metric(space).to_owned()),
                ("round_decimal", "-1".to_owned()),
                ("offset", "0".to_owned()),
                ("ignore_growing", "False".to_owned()),
            ]),
            queries: 1,
            consistency: BOUNDED,
        };
        let answer: proto::Searched = self.grpc.call("Search", &question).await?;
        fine(answer.status.as_ref())?;
        let results = answer.results.unwrap_or_default();
        let ids = results.ids.and_then(|it| it.strings).unwrap_or_default().data;
        if ids.len() != results.scores.len() {
            return Err(EngineError::refused(NAME, "its answer has ids without scores"));
        }
        let read = |(id, score): (String, f32)| match id.parse() {
            Ok(chunk) => Ok(Scored { chunk, score }),
            Err(_) => Err(EngineError::refused(NAME, "its answer has an id that is none of ours")),
        };
        ids.into_iter().zip(results.scores).map(read).collect()
    }
}

#[async_trait::async_trait]
impl Engine for Milvus {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn create(&self, space: &Space) -> Result<(), EngineError> {
        let is_new = !self.has(space).await?;
        if is_new {
            let wish = proto::CreateCollection {
                database: self.database.clone(),
                collection: space.name.clone(),
                schema: schema(space).encode_to_vec(),
                shards: 1,
                consistency: BOUNDED,
            };
            let made: proto::Status = self.grpc.call("CreateCollection", &wish).await?;
            // Another process may have been quicker.
            if fine(Some(&made)).is_err() && !self.has(space).await? {
                fine(Some(&made))?;
            }
        }
        // A new one may say that it is loaded before it has an index.
        if is_new || !self.is_loaded(space).await? {
            let wish = proto::CreateIndex {
                database: self.database.clone(),
                collection: space.name.clone(),
                field: "vector".into(),
                params: index(space),
                name: "vector".into(),
            };
            let made: proto::Status = self.grpc.call("CreateIndex", &wish).await?;
            let indexed = fine(Some(&made));
            let wish = proto::LoadCollection {
                database: self.database.clone(),
                collection: space.name.clone(),
                replicas: 1,
            };
            let loading: proto::Status = self.grpc.call("LoadCollection", &wish).await?;
            // An index that is there already is refused, and then it can be loaded.
            fine(Some(&loading)).or(indexed)?;
        }
        for _ in 0..ASKED.0 {
            if self.is_loaded(space).await? {
                return Ok(());
            }
            tokio::time::sleep(ASKED.1).await;
        }
        Err(EngineError::away(NAME, "the collection did not become loaded"))
    }

    async fn erase(&self, space: &Space) -> Result<(), EngineError> {
        if self.has(space).await? {
            let gone: proto::Status = self.grpc.call("DropCollection", &self.of(space)).await?;
            fine(Some(&gone))?;
        }
        Ok(())
    }

    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError> {
        for some in points.chunks(AT_ONCE) {
            let question = proto::Upsert {
                database: self.database.clone(),
                collection: space.name.clone(),
                fields: fields(space, some),
                rows: some.len() as u32,
            };
            let answer: proto::Mutated = self.grpc.call("Upsert", &question).await?;
            fine(answer.status.as_ref())?;
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
        let mut expression = format!("tenant == \"{tenant}\" and document == \"{document}\"");
        if !kept.is_empty() {
            expression.push_str(&format!(" and chunk not in {}", list(kept)));
        }
        let question = proto::Delete {
            database: self.database.clone(),
            collection: space.name.clone(),
            expression,
            consistency: STRONG,
        };
        let answer: proto::Mutated = self.grpc.call("Delete", &question).await?;
        fine(answer.status.as_ref())
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
        match space.kind {
            Kind::Hnsw { ef, .. } => {
                let ef = (ef as usize).max(2 * most);
                self.found(space, query, filter, most, json!({"ef": ef})).await
            }
            Kind::Ivf { lists } => {
                let is_plain = filter.documents.is_none() && filter.groups.is_empty();
                let first = if is_plain { lists.div_ceil(2) } else { lists };
                let found =
                    self.found(space, query, filter, most, json!({"nprobe": first})).await?;
                if found.len() >= most || first == lists {
                    return Ok(found);
                }
                self.found(space, query, filter, most, json!({"nprobe": lists})).await
            }
        }
    }

    async fn count(&self, space: &Space) -> Result<u64, EngineError> {
        let question = proto::Query {
            database: self.database.clone(),
            collection: space.name.clone(),
            expression: String::new(),
            output: vec!["count(*)".into()],
            consistency: STRONG,
        };
        let answer: proto::Queried = self.grpc.call("Query", &question).await?;
        fine(answer.status.as_ref())?;
        let field = answer.fields.into_iter().next().and_then(|it| it.scalars?.longs);
        let count = field.and_then(|it| u64::try_from(*it.data.first()?).ok());
        count.ok_or_else(|| EngineError::refused(NAME, "its answer has no count"))
    }

    async fn health(&self) -> Result<(), EngineError> {
        let answer: proto::Version = self.grpc.call("GetVersion", &proto::GetVersion {}).await?;
        fine(answer.status.as_ref())
    }
}

/// Not ready, stopped, out of memory, too many at once, a fault of its own, over a rate or a quota,
/// behind its own clock. The rest will be refused again.
const MAY_PASS: [i32; 8] = [1, 2, 3, 4, 5, 8, 9, 11];

fn fine(status: Option<&proto::Status>) -> Result<(), EngineError> {
    let Some(status) = status else { return Ok(()) };
    if status.code == 0 && status.error_code == 0 {
        return Ok(());
    }
    let said = format!("code {} {}", status.code, status.reason);
    if status.retriable || MAY_PASS.contains(&status.code) {
        Err(EngineError::away(NAME, said))
    } else {
        Err(EngineError::refused(NAME, said))
    }
}

fn metric(space: &Space) -> &'static str {
    match space.metric {
        Metric::Cosine => "COSINE",
        Metric::InnerProduct => "IP",
    }
}

fn index(space: &Space) -> Vec<proto::Pair> {
    let (kind, params) = match space.kind {
        Kind::Ivf { lists } => ("IVF_FLAT", json!({"nlist": lists})),
        Kind::Hnsw { m, ef_construction, .. } => {
            ("HNSW", json!({"M": m, "efConstruction": ef_construction}))
        }
    };
    pairs([
        ("index_type", kind.to_owned()),
        ("metric_type", metric(space).to_owned()),
        ("params", params.to_string()),
    ])
}

fn schema(space: &Space) -> proto::Schema {
    let text = |id, name: &str, length: u32| proto::FieldSchema {
        id,
        name: name.into(),
        kind: data::VARCHAR,
        type_params: pairs([("max_length", length.to_string())]),
        ..proto::FieldSchema::default()
    };
    proto::Schema {
        name: space.name.clone(),
        fields: vec![
            proto::FieldSchema { is_primary_key: true, ..text(100, "chunk", 36) },
            text(101, "document", 36),
            proto::FieldSchema { is_partition_key: true, ..text(102, "tenant", 36) },
            proto::FieldSchema {
                kind: data::ARRAY,
                element: data::VARCHAR,
                type_params: pairs([
                    ("max_length", "200".to_owned()),
                    ("max_capacity", "1024".to_owned()),
                ]),
                ..text(103, "labels", 200)
            },
            proto::FieldSchema {
                id: 104,
                name: "vector".into(),
                kind: data::FLOAT_VECTOR,
                type_params: pairs([("dim", space.dimensions.to_string())]),
                ..proto::FieldSchema::default()
            },
        ],
    }
}

fn fields(space: &Space, points: &[Point]) -> Vec<proto::FieldData> {
    let text = |name: &str, of: fn(&Point) -> String| proto::FieldData {
        kind: data::VARCHAR,
        name: name.into(),
        scalars: Some(strings(points.iter().map(of).collect())),
        ..proto::FieldData::default()
    };
    let labels = proto::Arrays {
        data: points.iter().map(|it| strings(it.labels.clone())).collect(),
        element: data::VARCHAR,
    };
    let numbers = points.iter().flat_map(|it| it.vector.iter().copied()).collect();
    vec![
        text("chunk", |it| it.chunk.to_string()),
        text("document", |it| it.document.to_string()),
        text("tenant", |it| it.tenant.to_string()),
        proto::FieldData {
            kind: data::ARRAY,
            name: "labels".into(),
            scalars: Some(proto::Scalars { arrays: Some(labels), ..proto::Scalars::default() }),
            ..proto::FieldData::default()
        },
        proto::FieldData {
            kind: data::FLOAT_VECTOR,
            name: "vector".into(),
            vectors: Some(proto::Vectors {
                dimensions: space.dimensions as i64,
                floats: Some(proto::Floats { data: numbers }),
            }),
            ..proto::FieldData::default()
        },
    ]
}

fn strings(data: Vec<String>) -> proto::Scalars {
    proto::Scalars { strings: Some(proto::Strings { data }), ..proto::Scalars::default() }
}

fn pairs<const N: usize>(pairs: [(&str, String); N]) -> Vec<proto::Pair> {
    pairs.into_iter().map(|(key, value)| proto::Pair { key: key.into(), value }).collect()
}

/// The filter in Milvus's notation. Ids and labels hold nothing that could end a text in it.
fn expression(filter: &Filter) -> String {
    let mut all = vec![format!("tenant == \"{}\"", filter.tenant)];
    if let Some(documents) = &filter.documents {
        all.push(format!("document in {}", list(documents)));
    }
    all.extend(filter.groups.iter().map(|it| format!("array_contains_any(labels, {})", list(it))));
    all.join(" and ")
}

fn list(items: &[impl ToString]) -> String {
    let quoted: Vec<String> = items.iter().map(|it| format!("\"{}\"", it.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_written_in_the_notation_of_milvus() {
        let (tenant, document) = (TenantId::DEFAULT, DocumentId::generate());
        let filter = Filter {
            documents: Some(vec![document]),
            groups: vec![vec!["own:usr_a".into(), "shared".into()]],
            ..Filter::of(tenant)
        };
        assert_eq!(
            expression(&filter),
            format!(
                "tenant == \"{tenant}\" and document in [\"{document}\"] and \
                 array_contains_any(labels, [\"own:usr_a\", \"shared\"])"
            )
        );
    }

    #[test]
    fn a_status_of_either_kind_counts() {
        let status = |error_code, code| proto::Status { error_code, code, ..Default::default() };
        assert_eq!(fine(None), Ok(()));
        assert_eq!(fine(Some(&status(0, 0))), Ok(()));
        assert!(matches!(fine(Some(&status(0, 100))), Err(EngineError::Refused { .. })));
        assert!(matches!(fine(Some(&status(4, 0))), Err(EngineError::Refused { .. })));
        assert!(matches!(fine(Some(&status(0, 8))), Err(EngineError::Away { .. })));
    }
}
