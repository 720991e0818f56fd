//! Servers that speak as Qdrant and Pinecone publish that they do, and note whatever a client asks in
//! another way. Their search is by brute force.
//!
//! After Qdrant's OpenAPI (1.10 and later: `/points/query`, `/exists`, `is_tenant`) and Pinecone's
//! (2025-04: control plane and data plane). They prove that we ask as it is published, not that the
//! servers answer so.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value as Json, json};

/// The key that they want.
pub(super) const KEY: &str = "key-of-the-tests";

/// A server. It stops when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    state: Shared,
    task: tokio::task::JoinHandle<()>,
}

type Shared = Arc<Mutex<Inside>>;

/// Collections or indexes by name, each a map from an id to a point.
#[derive(Default)]
struct Inside {
    collections: HashMap<String, Collection>,
    faults: Vec<String>,
    is_away: bool,
    own_address: String,
}

#[derive(Default)]
struct Collection {
    dimensions: usize,
    indexed: Vec<String>,
    /// Namespace and id.
    points: BTreeMap<(String, String), Point>,
}

struct Point {
    vector: Vec<f64>,
    payload: Json,
}

impl Server {
    pub(super) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked otherwise than is published.
    pub(super) fn faults(&self) -> Vec<String> {
        lock(&self.state).faults.clone()
    }

    /// Answers nothing but 503 from now on, or answers again.
    pub(super) fn set_away(&self, is_away: bool) {
        lock(&self.state).is_away = is_away;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) async fn qdrant() -> Server {
    start(qdrant_answer).await
}

pub(super) async fn pinecone() -> Server {
    start(pinecone_answer).await
}

type Asked = (Method, String, HashMap<String, String>, Json);
type Answers = fn(&mut Inside, &HeaderMap, Asked) -> (u16, Json);

async fn start(answers: Answers) -> Server {
    testkit::install_tls();
    let state = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    lock(&state).own_address = address.to_string();
    let handler = move |State(state): State<Shared>,
                        method: Method,
                        uri: Uri,
                        Query(query): Query<HashMap<String, String>>,
                        headers: HeaderMap,
                        body: Bytes| async move {
        let body = serde_json::from_slice(&body).unwrap_or(Json::Null);
        let asked = (method, uri.path().to_owned(), query, body);
        answer(&state, answers, &headers, asked)
    };
    let routes = Router::new()
        .fallback(handler)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(state.clone());
    #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
    let task = tokio::spawn(async move {
        let _ = axum::serve(listener, routes).await;
    });
    Server { address, state, task }
}

fn answer(state: &Shared, answers: Answers, headers: &HeaderMap, asked: Asked) -> Response {
    let mut inside = lock(state);
    if inside.is_away {
        return (StatusCode::SERVICE_UNAVAILABLE, "away").into_response();
    }
    let shown = format!("{} {}", asked.0, asked.1);
    let (status, body) = answers(&mut inside, headers, asked);
    // To ask for what is not there, and to take it away, is no fault.
    let is_lookup = shown.starts_with("GET ") || shown.starts_with("DELETE ");
    if status >= 400 && !(status == 404 && is_lookup) {
        inside.faults.push(format!("{shown}: {status} {body}"));
    }
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(body)).into_response()
}

fn lock(state: &Shared) -> MutexGuard<'_, Inside> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn qdrant_answer(inside: &mut Inside, headers: &HeaderMap, asked: Asked) -> (u16, Json) {
    let (method, path, query, body) = asked;
    let refuse =
        |status: u16, what: &str| (status, json!({"status": {"error": what}, "time": 0.0}));
    if headers.get("api-key").is_none_or(|it| it != KEY) {
        return refuse(401, "Must provide an API key");
    }
    let ok = |result: Json| (200, json!({"result": result, "status": "ok", "time": 0.0}));
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let waits = query.get("wait").is_some_and(|it| it == "true");
    match (method.as_str(), &parts[..]) {
        ("GET", ["collections"]) => ok(json!({"collections": []})),
        ("GET", ["collections", name, "exists"]) => {
            ok(json!({"exists": inside.collections.contains_key(*name)}))
        }
        ("PUT", ["collections", name]) => {
            let (size, distance) = (&body["vectors"]["size"], &body["vectors"]["distance"]);
            let (Some(size), Some("Cosine" | "Dot")) = (size.as_u64(), distance.as_str()) else {
                return refuse(400, "vectors need a size and a distance");
            };
            let new = Collection { dimensions: size as usize, ..Collection::default() };
            inside.collections.insert((*name).to_owned(), new);
            ok(json!(true))
        }
        ("DELETE", ["collections", name]) => ok(json!(inside.collections.remove(*name).is_some())),
        (method, ["collections", name, rest @ ..]) => {
            let Some(collection) = inside.collections.get_mut(*name) else {
                return refuse(404, "Not found: Collection doesn't exist!");
            };
            match (method, rest) {
                ("PUT", ["index"]) => {
                    let schema = &body["field_schema"];
                    let Some(field) = body["field_name"].as_str() else {
                        return refuse(400, "field_name is missing");
                    };
                    if schema["type"] != "keyword" {
                        return refuse(400, "unknown schema");
                    }
                    collection.indexed.push(field.to_owned());
                    ok(json!({"operation_id": 0, "status": "completed"}))
                }
                ("PUT", ["points"]) if waits => {
                    for point in body["points"].as_array().into_iter().flatten() {
                        let vector = numbers(&point["vector"]);
                        let id = point["id"].as_str().unwrap_or_default();
                        if vector.len() != collection.dimensions {
                            return refuse(400, "Wrong input: Vector dimension error");
                        }
                        // An id is a number or a UUID.
                        if id.len() != 36 {
                            return refuse(400, "is not a valid point ID");
                        }
                        let point = Point { vector, payload: point["payload"].clone() };
                        collection.points.insert((String::new(), id.to_owned()), point);
                    }
                    ok(json!({"operation_id": 0, "status": "completed"}))
                }
                ("POST", ["points", "delete"]) if waits && body["filter"].is_object() => {
                    let filter = &body["filter"];
                    collection.points.retain(|(_, id), it| !passes(filter, id, &it.payload));
                    ok(json!({"operation_id": 0, "status": "completed"}))
                }
                ("POST", ["points", "query"]) => {
                    let query = numbers(&body["query"]);
                    let Some(limit) = body["limit"].as_u64() else {
                        return refuse(400, "limit is missing");
                    };
                    let keys = body["filter"]["must"].as_array().into_iter().flatten();
                    for key in keys.filter_map(|it| it["key"].as_str()) {
                        if !collection.indexed.iter().any(|it| it == key) {
                            return refuse(400, "Index required but not found");
                        }
                    }
                    let filter = body["filter"].clone();
                    let found = collection
                        .nearest(&query, limit, |(_, id), it| passes(&filter, id, &it.payload));
                    let points: Vec<Json> = found
                        .into_iter()
                        .map(|(id, score)| json!({"id": id, "version": 0, "score": score}))
                        .collect();
                    ok(json!({"points": points}))
                }
                ("POST", ["points", "count"]) => ok(json!({"count": collection.points.len()})),
                _ => refuse(404, "no such path, or without wait=true"),
            }
        }
        _ => refuse(404, "no such path"),
    }
}

/// Qdrant's filter: all of `must`, none of `must_not`.
fn passes(filter: &Json, id: &str, payload: &Json) -> bool {
    let holds = |condition: &Json| {
        if let Some(ids) = condition["has_id"].as_array() {
            return ids.iter().any(|it| it == id);
        }
        let value = &payload[condition["key"].as_str().unwrap_or_default()];
        let values: Vec<&Json> = match value {
            Json::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let wanted = &condition["match"];
        match wanted["any"].as_array() {
            Some(any) => values.iter().any(|it| any.contains(it)),
            None => values.contains(&&wanted["value"]),
        }
    };
    let of = |name: &str| filter[name].as_array().cloned().unwrap_or_default();
    of("must").iter().all(holds) && !of("must_not").iter().any(holds)
}

fn pinecone_answer(inside: &mut Inside, headers: &HeaderMap, asked: Asked) -> (u16, Json) {
    let (method, path, query, body) = asked;
    let refuse = |status: u16, what: &str| {
        (status, json!({"error": {"code": "INVALID_ARGUMENT", "message": what}, "status": status}))
    };
    if headers.get("api-key").is_none_or(|it| it != KEY) {
        return refuse(401, "Invalid API Key");
    }
    if headers.get("x-pinecone-api-version").is_none_or(|it| it != "2025-04") {
        return refuse(400, "the version is missing");
    }
    let own_address = inside.own_address.clone();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method.as_str(), &parts[..]) {
        ("GET", ["indexes"]) => (200, json!({"indexes": []})),
        ("POST", ["indexes"]) => {
            let name = body["name"].as_str().unwrap_or_default().to_owned();
            let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
            let is_fine = !name.is_empty() && name.len() <= 45 && name.chars().all(is_name);
            let metric = body["metric"].as_str();
            if !is_fine || !matches!(metric, Some("cosine" | "dotproduct")) {
                return refuse(
                    400,
                    "Name must consist of lower case alphanumeric characters or '-'",
                );
            }
            if !body["spec"]["serverless"]["region"].is_string() {
                return refuse(400, "spec is missing");
            }
            let dimensions = body["dimension"].as_u64().unwrap_or_default() as usize;
            inside.collections.insert(name, Collection { dimensions, ..Collection::default() });
            (201, json!({}))
        }
        // Each index has a host of its own; here it is a path of this one.
        ("GET", ["indexes", name]) => match inside.collections.get(*name) {
            Some(_) => {
                let host = format!("{own_address}/host/{name}");
                (
                    200,
                    json!({"name": name, "host": host, "status": {"ready": true, "state": "Ready"}}),
                )
            }
            None => refuse(404, "Resource not found"),
        },
        ("DELETE", ["indexes", name]) => match inside.collections.remove(*name) {
            Some(_) => (202, Json::Null),
            None => refuse(404, "Resource not found"),
        },
        (method, ["host", name, rest @ ..]) => {
            let Some(index) = inside.collections.get_mut(*name) else {
                return refuse(404, "no such index");
            };
            let namespace = body["namespace"].as_str().unwrap_or_default().to_owned();
            match (method, rest) {
                ("POST", ["vectors", "upsert"]) => {
                    let vectors = body["vectors"].as_array().cloned().unwrap_or_default();
                    let is_large = body.to_string().len() > 2 << 20 || vectors.len() > 1_000;
                    if is_large || vectors.is_empty() {
                        return refuse(400, "the request is too large, or empty");
                    }
                    for vector in vectors {
                        let numbers = numbers(&vector["values"]);
                        if numbers.len() != index.dimensions {
                            return refuse(400, "Vector dimension does not match");
                        }
                        let id = vector["id"].as_str().unwrap_or_default().to_owned();
                        let point = Point { vector: numbers, payload: vector["metadata"].clone() };
                        index.points.insert((namespace.clone(), id), point);
                    }
                    (200, json!({"upsertedCount": 1}))
                }
                ("GET", ["vectors", "list"]) => {
                    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
                    let (namespace, prefix, after) =
                        (of("namespace"), of("prefix"), of("paginationToken"));
                    // Pages of 7, so that more than one is asked for.
                    let ids: Vec<&String> = index
                        .points
                        .keys()
                        .filter(|(space, id)| *space == namespace && id.starts_with(&prefix))
                        .map(|it| &it.1)
                        .filter(|it| **it > after)
                        .take(7)
                        .collect();
                    let listed: Vec<Json> = ids.iter().map(|it| json!({"id": it})).collect();
                    match ids.last() {
                        Some(last) if ids.len() == 7 => {
                            (200, json!({"vectors": listed, "pagination": {"next": last}}))
                        }
                        _ => (200, json!({"vectors": listed})),
                    }
                }
                ("POST", ["vectors", "delete"]) => {
                    let ids = body["ids"].as_array().cloned().unwrap_or_default();
                    if ids.is_empty() || ids.len() > 1_000 {
                        return refuse(400, "1 to 1000 ids");
                    }
                    index
                        .points
                        .retain(|(space, id), _| *space != namespace || !ids.contains(&json!(id)));
                    (200, json!({}))
                }
                ("POST", ["query"]) => {
                    let (query, limit) = (numbers(&body["vector"]), body["topK"].as_u64());
                    let Some(limit) = limit.filter(|it| (1..=10_000).contains(it)) else {
                        return refuse(400, "topK must be from 1 to 10000");
                    };
                    let filter = body["filter"].clone();
                    let passes = |(space, _): &(String, String), it: &Point| {
                        *space == namespace && matching(&filter, &it.payload)
                    };
                    let matches: Vec<Json> = index
                        .nearest(&query, limit, passes)
                        .into_iter()
                        .map(|(id, score)| json!({"id": id, "score": score, "values": []}))
                        .collect();
                    (200, json!({"matches": matches, "namespace": namespace}))
                }
                ("POST", ["describe_index_stats"]) => (
                    200,
                    json!({"dimension": index.dimensions, "totalVectorCount": index.points.len()}),
                ),
                _ => refuse(404, "no such path"),
            }
        }
        _ => refuse(404, "no such path"),
    }
}

/// Pinecone's filter: `$and` of `$in`.
fn matching(filter: &Json, metadata: &Json) -> bool {
    let Some(all) = filter["$and"].as_array() else { return filter.is_null() };
    all.iter().all(|condition| {
        condition.as_object().into_iter().flatten().all(|(field, wish)| {
            let wanted = wish["$in"].as_array().cloned().unwrap_or_default();
            match &metadata[field] {
                Json::Array(values) => values.iter().any(|it| wanted.contains(it)),
                value => wanted.contains(value),
            }
        })
    })
}

impl Collection {
    fn nearest(
        &self,
        query: &[f64],
        limit: u64,
        passes: impl Fn(&(String, String), &Point) -> bool,
    ) -> Vec<(String, f64)> {
        let passing = self.points.iter().filter(|(key, it)| passes(key, it));
        let mut all: Vec<(String, f64)> = passing
            .map(|((_, id), it)| {
                (id.clone(), it.vector.iter().zip(query).map(|(a, b)| a * b).sum())
            })
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(limit as usize);
        all
    }
}

fn numbers(list: &Json) -> Vec<f64> {
    list.as_array().into_iter().flatten().filter_map(Json::as_f64).collect()
}
