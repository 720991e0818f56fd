//! A scripted model provider: an OpenAI-compatible server on this machine whose answers a test
//! decides, good ones and bad ones alike.
//!
//! Queued answers go out in order; when the queue is empty the rule of [`Script::always`] answers,
//! and without one the request fails with status 500. Embeddings need no script: without one they
//! are made of the words of the text, so that similar texts get similar vectors.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, StatusCode, Uri, header},
    routing::{get, post},
};
use serde_json::{Value as Json, json};

/// Numbers of a made-up embedding.
pub const DIMENSIONS: usize = 64;

/// The server. It stops when it is dropped.
pub struct Script {
    address: SocketAddr,
    state: Arc<Mutex<Play>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Play {
    queued: VecDeque<Reply>,
    queued_embeddings: VecDeque<Reply>,
    rule: Option<Rule>,
    requests: Vec<Request>,
}

type Rule = Box<dyn FnMut(&Json) -> Reply + Send>;

/// A request that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `/v1/chat/completions`, `/v1/embeddings` or `/v1/models`.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The body; null when it was no JSON.
    pub body: Json,
}

impl Request {
    /// The text of all messages, one after the other.
    pub fn prompt(&self) -> String {
        let messages = self.body["messages"].as_array().cloned().unwrap_or_default();
        let texts = messages.iter().filter_map(|it| it["content"].as_str());
        texts.collect::<Vec<_>>().join("\n\n")
    }
}

impl Script {
    /// Starts a server on a free port of this machine.
    pub async fn start() -> Self {
        crate::install_tls();
        let state = Arc::new(Mutex::new(Play::default()));
        let routes = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/embeddings", post(embed))
            .route("/v1/models", get(models))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port can be had");
        let address = listener.local_addr().expect("a listener has an address");
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            // Ends only by being aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Self { address, state, server }
    }

    /// What goes into a provider's `base_url`: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Queues an answer to a chat completion.
    pub fn answers(&self, reply: Reply) -> &Self {
        self.lock().queued.push_back(reply);
        self
    }

    /// Queues an answer to a request for embeddings.
    pub fn answers_embeddings(&self, reply: Reply) -> &Self {
        self.lock().queued_embeddings.push_back(reply);
        self
    }

    /// Answers every chat completion for which nothing is queued. The rule sees the request body.
    pub fn always(&self, rule: impl FnMut(&Json) -> Reply + Send + 'static) -> &Self {
        self.lock().rule = Some(Box::new(rule));
        self
    }

    /// What came in so far.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// The last request.
    ///
    /// # Panics
    /// When there was none.
    pub fn last_request(&self) -> Request {
        self.lock().requests.last().cloned().expect("a request came in")
    }

    /// How many answers are still queued.
    pub fn queued(&self) -> usize {
        self.lock().queued.len()
    }

    fn lock(&self) -> MutexGuard<'_, Play> {
        lock(&self.state)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One answer of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    status: u16,
    says: Says,
    retry_after: Option<String>,
    delay: Duration,
    tokens: Option<(u64, u64)>,
    finish_reason: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
enum Says {
    /// The text of the model's message.
    Content(String),
    Embeddings(Vec<Vec<f32>>),
    /// The whole body as it is.
    Body(String),
    /// Nothing: the connection is closed.
    Nothing,
}

impl Reply {
    /// The model says this text.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            status: 200,
            says: Says::Content(content.into()),
            retry_after: None,
            delay: Duration::ZERO,
            tokens: None,
            finish_reason: "stop",
        }
    }

    /// The model says this JSON, and nothing else.
    pub fn json(value: &Json) -> Self {
        Self::text(value.to_string())
    }

    /// The model says this JSON in a code fence, with friendly words around it.
    pub fn fenced(value: &Json) -> Self {
        Self::text(format!(
            "Sure! Here is the result:\n\n```json\n{value:#}\n```\n\nAnything else?"
        ))
    }

    /// The model chats instead of answering.
    pub fn prose() -> Self {
        Self::text("I looked at your list, and on the whole it seems to be in good order.")
    }

    /// The model is cut off in the middle of this JSON.
    pub fn half(value: &Json) -> Self {
        let text = value.to_string();
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        Self { finish_reason: "length", ..Self::text(half) }
    }

    /// The model says nothing.
    pub fn empty() -> Self {
        Self::text("")
    }

    /// These vectors.
    pub fn embeddings(vectors: Vec<Vec<f32>>) -> Self {
        Self { says: Says::Embeddings(vectors), ..Self::text("") }
    }

    /// An error with this status, in OpenAI's form.
    pub fn status(status: u16) -> Self {
        let body = json!({"error": {"message": format!("scripted status {status}"),
                                    "type": "scripted", "code": status.to_string()}});
        Self::body(status, body.to_string())
    }

    /// This status with this body, whatever it is.
    pub fn body(status: u16, body: impl Into<String>) -> Self {
        Self { status, says: Says::Body(body.into()), ..Self::text("") }
    }

    /// The connection is closed before anything is answered.
    pub fn hang_up() -> Self {
        Self { says: Says::Nothing, ..Self::text("") }
    }

    /// With a `Retry-After` header: seconds, or a date.
    #[must_use]
    pub fn retry_after(self, value: impl ToString) -> Self {
        Self { retry_after: Some(value.to_string()), ..self }
    }

    /// Only after this time.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// With these counts of tokens; without, they are counted from the words.
    #[must_use]
    pub fn tokens(self, input: u64, output: u64) -> Self {
        Self { tokens: Some((input, output)), ..self }
    }
}

type Shared = State<Arc<Mutex<Play>>>;

async fn complete(state: Shared, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let request = request(&uri, &headers, &body);
    let reply = {
        let mut play = lock(&state);
        play.requests.push(request.clone());
        match (play.queued.pop_front(), &mut play.rule) {
            (Some(reply), _) => reply,
            (None, Some(rule)) => rule(&request.body),
            (None, None) => Reply::body(500, "the script has no answer left"),
        }
    };
    send(&request, reply).await
}

async fn embed(state: Shared, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let request = request(&uri, &headers, &body);
    let reply = {
        let mut play = lock(&state);
        play.requests.push(request.clone());
        play.queued_embeddings.pop_front()
    };
    let reply = reply.unwrap_or_else(|| {
        let texts = match &request.body["input"] {
            Json::String(text) => vec![text.as_str()],
            Json::Array(texts) => texts.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        Reply::embeddings(texts.into_iter().map(vector).collect())
    });
    send(&request, reply).await
}

async fn models(state: Shared, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let request = request(&uri, &headers, &[]);
    lock(&state).requests.push(request.clone());
    let list = json!({"object": "list", "data": [{"id": "scripted", "object": "model"}]});
    send(&request, Reply::body(200, list.to_string())).await
}

fn request(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Request {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    Request {
        path: uri.path().to_owned(),
        authorization: authorization.map(str::to_owned),
        body: serde_json::from_slice(body).unwrap_or(Json::Null),
    }
}

async fn send(request: &Request, reply: Reply) -> Response<Body> {
    tokio::time::sleep(reply.delay).await;
    let words = |text: &str| text.split_whitespace().count() as u64;
    let model = request.body["model"].as_str().unwrap_or("scripted");
    let body = match reply.says {
        // Unwinding ends the connection's task, and with it the connection; no panic is reported.
        Says::Nothing => resume_unwind(Box::new("the script hangs up")),
        Says::Body(body) => body,
        Says::Content(content) => {
            let (input, output) =
                reply.tokens.unwrap_or_else(|| (words(&request.prompt()), words(&content)));
            json!({
                "id": "chatcmpl-scripted", "object": "chat.completion", "created": 1_795_000_000,
                "model": model,
                "choices": [{"index": 0, "finish_reason": reply.finish_reason,
                             "message": {"role": "assistant", "content": content}}],
                "usage": {"prompt_tokens": input, "completion_tokens": output,
                          "total_tokens": input + output},
            })
            .to_string()
        }
        Says::Embeddings(vectors) => {
            let input =
                reply.tokens.map_or_else(|| words(&request.body["input"].to_string()), |it| it.0);
            let data: Vec<Json> = vectors
                .iter()
                .enumerate()
                .map(|(at, it)| json!({"object": "embedding", "index": at, "embedding": it}))
                .collect();
            json!({"object": "list", "model": model, "data": data,
                   "usage": {"prompt_tokens": input, "total_tokens": input}})
            .to_string()
        }
    };
    let mut answer = Response::builder()
        .status(StatusCode::from_u16(reply.status).expect("a script uses valid statuses"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(value) = reply.retry_after {
        answer = answer.header(header::RETRY_AFTER, value);
    }
    answer.body(Body::from(body)).expect("a script uses valid headers")
}

/// A vector of length 1 made of the words of a text: each word has its own place.
fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text.to_lowercase().split(|it: char| !it.is_alphanumeric()) {
        if !word.is_empty() {
            // FNV-1a: the same on every machine and in every build.
            let start = 0xcbf2_9ce4_8422_2325_u64;
            let hash = word
                .bytes()
                .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            vector[hash as usize % DIMENSIONS] += 1.0;
        }
    }
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
    if length > 0.0 { vector.iter().map(|it| it / length).collect() } else { vector }
}

fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_texts_get_similar_vectors() {
        let alike =
            |a: &str, b: &str| -> f32 { vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum() };
        let pipe = "8 inch PVC sewer pipe";
        assert!(alike(pipe, "PVC pipe, 8 inch") > alike(pipe, "brass gate valve"));
        assert!((alike(pipe, pipe) - 1.0).abs() < 1e-5);
    }
}
