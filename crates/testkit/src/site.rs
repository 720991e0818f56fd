//! What stands in for the open network: pages that are served as they are, and an interface that
//! gives records behind a number.
//!
//! Pages may change while it runs, as sites do. What is at no path is not found, `robots.txt` too,
//! so that everything may be asked for. Start at [`Site::start`] and [`Page`].

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::Value as Json;

/// The server. It stops when it is dropped.
pub struct Site {
    address: SocketAddr,
    pages: Pages,
    server: tokio::task::JoinHandle<()>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// These bytes, said to be of this kind.
    File {
        /// `text/html; charset=utf-8`, …
        kind: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// An interface that grows.
    Records(Records),
}

/// Records behind the number that is asked for, in rising order, no more than are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// All of them.
    pub all: Vec<Json>,
    /// The field with the number.
    pub number: String,
    /// What of the query says behind which number.
    pub after: String,
    /// What of the query says how many.
    pub limit: String,
    /// Words of the query that must stand in fields of the same name.
    pub same: Vec<String>,
    /// The form that must come along, as it is on the wire; anybody may ask when there is none.
    pub form: Option<String>,
}

type Pages = Arc<Mutex<BTreeMap<String, Page>>>;

impl Site {
    /// Starts a server without pages on a free port of this machine.
    pub async fn start() -> Self {
        let pages = Pages::default();
        let routes = Router::new().fallback(answer).with_state(pages.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port can be had");
        let address = listener.local_addr().expect("a listener has an address");
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            // Ends only by being aborted.
            let _ = axum::serve(listener, routes).await;
        });
        Self { address, pages, server }
    }

    /// Where it is, without a path: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a page at a path, in the place of what was there.
    pub fn put(&self, path: &str, page: Page) -> &Self {
        lock(&self.pages).insert(path.to_owned(), page);
        self
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Records {
    fn answer(&self, query: &str, form: &str) -> Response {
        if self.form.as_ref().is_some_and(|it| it != form) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let wanted: HashMap<&str, &str> =
            query.split('&').filter_map(|it| it.split_once('=')).collect();
        let number = |name: &String| wanted.get(name.as_str())?.parse::<u64>().ok();
        let after = number(&self.after).unwrap_or(0);
        let most = number(&self.limit).and_then(|it| usize::try_from(it).ok());
        let is_wanted = |it: &&Json| {
            let mut same = self.same.iter().map(String::as_str);
            it[&self.number].as_u64() > Some(after)
                && same.all(|name| it[name].as_str() == wanted.get(name).copied())
        };
        let mut found: Vec<&Json> = self.all.iter().filter(is_wanted).collect();
        found.sort_by_key(|it| it[&self.number].as_u64());
        found.truncate(most.unwrap_or(usize::MAX));
        axum::Json(found).into_response()
    }
}

async fn answer(State(pages): State<Pages>, uri: Uri, form: String) -> Response {
    let page = lock(&pages).get(uri.path()).cloned();
    match page {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Page::File { kind, bytes }) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Some(Page::Records(records)) => records.answer(uri.query().unwrap_or_default(), &form),
    }
}

fn lock(pages: &Mutex<BTreeMap<String, Page>>) -> MutexGuard<'_, BTreeMap<String, Page>> {
    pages.lock().unwrap_or_else(PoisonError::into_inner)
}
