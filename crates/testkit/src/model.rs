//! A scripted model provider: a server on this machine whose answers a test decides, good ones and
//! bad ones alike. It speaks the dialects of OpenAI (chat and responses), Anthropic, Gemini and
//! Ollama, each at its own path, whole and in pieces, and makes embeddings as Hugging Face does,
//! too.
//!
//! Queued answers go out in order; when the queue is empty the rule of [`Script::always`] answers,
//! and without one the request fails with status 500. Embeddings need no script: without one they
//! are made of the words of the text, so that similar texts get similar vectors.

mod reply;
mod send;
mod speech;
mod vector;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Response, Uri, header},
    serve::ListenerExt,
};
use serde_json::{Value as Json, json};

pub use reply::Reply;
pub use vector::DIMENSIONS;

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
    /// Words that mean what another word means.
    synonyms: HashMap<String, String>,
    rule: Option<Rule>,
    requests: Vec<Request>,
    hung_up: Arc<AtomicUsize>,
}

type Rule = Box<dyn FnMut(&Json) -> Reply + Send>;

/// A request that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `/v1/chat/completions`, `/v1/messages`, `/v1/embeddings`, …
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; null when it was no JSON.
    pub body: Json,
    /// The body as it came.
    pub bytes: Bytes,
}

impl Request {
    /// The text of all messages, one after the other.
    pub fn prompt(&self) -> String {
        let list = |name: &str| self.body[name].as_array().cloned().unwrap_or_default();
        let texts = list("messages")
            .into_iter()
            .flat_map(|it| text_of(&it["content"]))
            .chain(list("contents").into_iter().flat_map(|it| text_of(&it["parts"])))
            .chain(list("input").into_iter().flat_map(|it| text_of(&it["content"])))
            .chain(self.body["input"].as_str().map(str::to_owned));
        texts.collect::<Vec<_>>().join("\n\n")
    }

    /// The texts that vectors are asked of; none for a request for anything else.
    pub fn embeds(&self) -> Vec<String> {
        match self.path.ends_with("/embeddings") {
            true => texts(&self.body),
            false => Vec::new(),
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    fn asks_for_usage(&self) -> bool {
        self.body["stream_options"]["include_usage"] == true
    }
}

fn text_of(content: &Json) -> Vec<String> {
    match content {
        Json::String(text) => vec![text.clone()],
        Json::Array(parts) => {
            parts.iter().filter_map(|it| it["text"].as_str()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

impl Script {
    /// Starts a server on a free port of this machine.
    pub async fn start() -> Self {
        crate::install_tls();
        let state = Arc::new(Mutex::new(Play::default()));
        let routes = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port can be had");
        let address = listener.local_addr().expect("a listener has an address");
        let listener = listener.tap_io(|socket| {
            // Frames must not wait for each other.
            let _ = socket.set_nodelay(true);
        });
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            // Ends only by being aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Self { address, state, server }
    }

    /// What goes into a provider's `base_url`: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.address())
    }

    /// Where it listens.
    pub fn socket(&self) -> SocketAddr {
        self.address
    }

    /// Where it is, without a path: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
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

    /// From now on two words mean the same: texts with either get the same vectors.
    pub fn means(&self, word: &str, other: &str) -> &Self {
        self.lock().synonyms.insert(word.to_lowercase(), other.to_lowercase());
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

    /// Waits until so many requests came in.
    ///
    /// # Panics
    /// When they have not come after ten seconds.
    pub async fn until_asked(&self, count: usize) {
        self.until("requests came in", count, |it| it.requests.len()).await;
    }

    /// Waits until so many answers were hung up on.
    ///
    /// # Panics
    /// When they have not been after ten seconds.
    pub async fn until_hung_up(&self, count: usize) {
        self.until("were hung up on", count, |it| it.hung_up.load(Ordering::SeqCst)).await;
    }

    async fn until(&self, what: &str, count: usize, counted: impl Fn(&Play) -> usize) {
        let come = async {
            while counted(&self.lock()) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), come).await.is_err() {
            panic!("{} of {count} {what}", counted(&self.lock()));
        }
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

    /// How many answers were hung up on before they were whole.
    pub fn hung_up(&self) -> usize {
        self.lock().hung_up.load(Ordering::SeqCst)
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

async fn answer(
    State(state): State<Arc<Mutex<Play>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = request(&uri, &headers, body);
    let (reply, hung_up) = {
        let mut play = lock(&state);
        play.requests.push(request.clone());
        (play.reply(&method, &request), play.hung_up.clone())
    };
    send::send(&request, reply, hung_up).await
}

impl Play {
    fn reply(&mut self, method: &Method, request: &Request) -> Reply {
        let path = request.path.as_str();
        if method == Method::GET {
            return Reply::body(200, models(path).to_string());
        }
        if path.ends_with("/count_tokens") {
            let words = request.prompt().split_whitespace().count();
            return Reply::body(200, json!({"input_tokens": words}).to_string());
        }
        let embeds = path.ends_with("/embeddings")
            || path.ends_with("/api/embed")
            || path.ends_with("/pipeline/feature-extraction")
            || path.to_lowercase().contains("embedcontent");
        if embeds {
            return self.queued_embeddings.pop_front().unwrap_or_else(|| {
                let vector = |it: &String| vector::vector(it, &self.synonyms);
                Reply::embeddings(texts(&request.body).iter().map(vector).collect())
            });
        }
        match (self.queued.pop_front(), &mut self.rule) {
            (Some(reply), _) => reply,
            (None, Some(rule)) => rule(&request.body),
            (None, None) => Reply::body(500, "the script has no answer left"),
        }
    }
}

/// The list of models, in the form of whoever has such a path.
fn models(path: &str) -> Json {
    if path.ends_with("/api/tags") {
        json!({"models": [{"name": "scripted", "model": "scripted"}]})
    } else if path.contains("/v1beta/") {
        json!({"models": [{"name": "models/scripted", "supportedGenerationMethods": ["generateContent"]}]})
    } else {
        json!({"object": "list", "data": [{"id": "scripted", "object": "model", "type": "model"}],
               "has_more": false})
    }
}

fn texts(body: &Json) -> Vec<String> {
    // Hugging Face has its own word for what the others call `input`.
    let input = if body["inputs"].is_null() { &body["input"] } else { &body["inputs"] };
    match (input, &body["requests"]) {
        (Json::String(text), _) => vec![text.clone()],
        (Json::Array(texts), _) => {
            texts.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        (_, Json::Array(requests)) => {
            requests.iter().map(|it| text_of(&it["content"]["parts"]).concat()).collect()
        }
        _ => Vec::new(),
    }
}

fn request(uri: &Uri, headers: &HeaderMap, bytes: Bytes) -> Request {
    let text = |it: &header::HeaderValue| String::from_utf8_lossy(it.as_bytes()).into_owned();
    Request {
        path: uri.path().to_owned(),
        authorization: headers.get(header::AUTHORIZATION).map(text),
        headers: headers.iter().map(|(name, it)| (name.as_str().to_owned(), text(it))).collect(),
        body: serde_json::from_slice(&bytes).unwrap_or(Json::Null),
        bytes,
    }
}

fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}
