//! What people see: the interface, embedded from `web/dist` when that was built, and the readable
//! page of the API.
//!
//! The interface draws itself from `/api/app`; nothing here knows what is in it. Files whose names
//! carry a hash are kept for ever by browsers, the page that names them never. Every path that
//! nothing else answers gives that page to a browser, and a problem to a program.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
    routing::get,
};
use rust_embed::RustEmbed;

use crate::{App, Visit, problem::Problem};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Interface;

const NOT_BUILT: &str = include_str!("pages/not-built.html");
const DOCS: &str = include_str!("pages/docs.html");
const DOCS_SCRIPT: &str = include_str!("pages/docs.js");
const DOCS_STYLE: &str = include_str!("pages/docs.css");

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Marks the answer that a page has not changed, which names no media type.
#[derive(Clone, Copy)]
pub(crate) struct UnchangedPage;

/// The pages, and what answers where nothing else does.
pub(crate) fn router(app: App) -> Router {
    let page = |kind: &'static str, text: &'static str, endpoint: &'static str| {
        get(move |Extension(visit): Extension<Arc<Visit>>| async move {
            let _ = visit.endpoint.set(endpoint.into());
            file(kind, Cow::Borrowed(text.as_bytes()), ASK_AGAIN, None)
        })
    };
    Router::new()
        .route("/docs", page("text/html; charset=utf-8", DOCS, "/docs"))
        .route(
            "/docs/page.js",
            page("text/javascript; charset=utf-8", DOCS_SCRIPT, "/docs/page.js"),
        )
        .route("/docs/page.css", page("text/css; charset=utf-8", DOCS_STYLE, "/docs/page.css"))
        .fallback(move |Extension(visit): Extension<Arc<Visit>>, request: Request| {
            let app = app.clone();
            async move { other(&app, &request, &visit) }
        })
}

fn other(app: &App, request: &Request, visit: &Visit) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_api = path.starts_with("/api/")
        || app.llm_styles.of_path(path).is_some()
        || path.starts_with("/__debug/")
        || app.is_declared(path);
    if is_read && !is_api {
        if let Some(found) = Interface::get(path.trim_start_matches('/')) {
            let _ = visit
                .endpoint
                .set(if path.starts_with("/assets/") { "/assets/*" } else { "/*" }.into());
            return embedded(path, found, request.headers());
        }
        // A program that asks for the front door gets it too: those who watch over servers do.
        if path == "/" || accepts_page(request.headers()) {
            let _ = visit.endpoint.set("/*".into());
            return match Interface::get("index.html") {
                Some(index) => embedded("/index.html", index, request.headers()),
                None => {
                    file("text/html; charset=utf-8", NOT_BUILT.as_bytes().into(), ASK_AGAIN, None)
                }
            };
        }
    }
    let problem = Problem::new("not_found", "Nothing answers at this path.")
        .hint("/docs lists every path of this server");
    visit.style.refuse(&problem, visit)
}

fn embedded(path: &str, found: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("W/\"{}\"", hex::encode(&found.metadata.sha256_hash()[..12]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    let keep = if path.starts_with("/assets/") { FOR_EVER } else { ASK_AGAIN };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    if known.is_some_and(|it| it.split(',').any(|it| it.trim() == tag)) {
        let mut response = file("", Cow::Borrowed(&[]), keep, Some(&tag));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        if kind == mime_guess::mime::TEXT_HTML {
            response.extensions_mut().insert(UnchangedPage);
        }
        return response;
    }
    let kind = match (kind.type_(), kind.subtype().as_str()) {
        (mime_guess::mime::TEXT, _) | (_, "javascript" | "json") => {
            format!("{kind}; charset=utf-8")
        }
        _ => kind.to_string(),
    };
    file(&kind, found.data, keep, Some(&tag))
}

fn file(kind: &str, data: Cow<'static, [u8]>, keep: &'static str, tag: Option<&str>) -> Response {
    let body = match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if !kind.is_empty()
        && let Ok(kind) = HeaderValue::from_str(kind)
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Some(tag) = tag.and_then(|it| HeaderValue::from_str(it).ok()) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn accepts_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accept.is_some_and(|it| it.contains("text/html"))
}
