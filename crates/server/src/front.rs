//! The front of the house: what happens to every request, whatever its path.
//!
//! It gives the request an id and takes it out again on the answer, limits its time, turns a panic
//! into an answer, adds the headers that keep browsers careful, writes the access line and counts.
//! Which path leads where, `Places` knows; what happens at a route is [`crate::dispatch`].

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{DefaultBodyLimit, RawPathParams, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
    routing::any,
};
use base::metric::{Counter, Histogram, SECONDS};
use futures::FutureExt;
use models::relay::Words;
use tower::Service;
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
    cors::{AllowHeaders, AllowOrigin, CorsLayer},
};
use tracing::{Instrument as _, Span};

use crate::{
    App, Visit,
    configuration::security::WrittenHeaders,
    dispatch,
    problem::Problem,
    route::{self, Route},
    web,
};

static REQUESTS: Counter = Counter::new(
    "http_requests_total",
    "Requests answered, by the template of their path.",
    &["method", "endpoint", "status_code"],
);
static DURATIONS: Histogram = Histogram::new(
    "http_request_duration_seconds",
    "Time from the request to the head of its answer.",
    &["method", "endpoint", "status_code"],
    SECONDS,
);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything that answers, ready to be called for each request.
#[derive(Clone)]
pub struct Front {
    app: App,
    places: Places,
    headers: Arc<WrittenHeaders>,
}

impl Front {
    /// The front of an application.
    pub fn new(app: App) -> Self {
        let places = Places::of(&app);
        let headers = Arc::new(app.settings.security.headers.written());
        Self { app, places, headers }
    }

    /// Answers one request from `peer`.
    pub async fn answer(mut self, mut request: Request, peer: SocketAddr) -> Response {
        let began = Instant::now();
        without_trailing_slash(request.uri_mut());
        let headers = request.headers();
        let text = |name: &HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
        let visit = Arc::new(Visit::begin(
            text(&REQUEST_ID),
            self.app.clock.now(),
            Some(address(headers, peer.ip(), self.app.settings.trusted_proxies)),
            text(&header::USER_AGENT),
            self.app.style_of(request.uri().path()).clone(),
        ));
        let method = method_name(request.method());
        request.extensions_mut().insert(visit.clone());
        let span = tracing::info_span!("request", request_id = %visit.id);
        // A model may think for minutes; the gateway keeps limits of its own.
        let is_llm = self.app.llm_styles.of_path(request.uri().path()).is_some();
        let limit = (!is_llm).then(|| self.app.time_limit());
        let mut response = match self.app.room.take(request.uri().path()) {
            Ok(_place) => {
                let answering = self.places.answer(&self.app, request, &visit);
                guarded(answering, limit, &visit).instrument(span.clone()).await
            }
            Err(full) => visit.style.refuse(&full, &visit),
        };
        finish(&mut response, &visit, &self.headers);
        let report =
            Report { method, status: response.status(), took: began.elapsed(), visit, span };
        // Nobody waits for it: the answer goes out first.
        self.app.changes.spawn(async move { drop(report) });
        response
    }
}

/// The answer, or a refusal when it takes too long or dies on the way.
async fn guarded(
    answering: impl Future<Output = Response>,
    limit: Option<Duration>,
    visit: &Visit,
) -> Response {
    let answering = AssertUnwindSafe(answering).catch_unwind();
    tokio::pin!(answering);
    let answered = match limit {
        None => Ok(answering.await),
        Some(limit) => match tokio::time::timeout(limit, answering.as_mut()).await {
            Ok(answered) => Ok(answered),
            // What has all it needs and waits for a model only is waited for.
            Err(_) if visit.patience.get().is_some() => Ok(answering.await),
            Err(_) => Err(limit),
        },
    };
    let problem = match answered {
        Ok(Ok(response)) => return response,
        Ok(Err(panic)) => Problem::internal(words_of(&*panic)),
        Err(limit) => {
            let seconds = limit.as_secs();
            let detail = format!("This took longer than {seconds} s and was given up.");
            Problem::new("timeout", detail).retry_after(Duration::from_secs(5))
        }
    };
    visit.style.refuse(&problem, visit)
}

/// Which path leads where.
#[derive(Clone)]
struct Places {
    /// Where models are asked: a path without names in it, of a body that passes as it is. Nothing has to be found out
    /// about it, and no layer has to do with it.
    doors: Arc<HashMap<String, Arc<Place>>>,
    router: Router,
}

impl Places {
    fn of(app: &App) -> Self {
        // Routes whose paths differ in nothing but their names are one place.
        let mut by_path: BTreeMap<String, Vec<Arc<Route>>> = BTreeMap::new();
        for route in &app.routes {
            by_path.entry(route::blank(&route.path)).or_default().push(route.clone());
        }
        let (mut router, mut raw, mut doors) = (Router::new(), Router::new(), HashMap::new());
        for routes in by_path.into_values() {
            let path = routes[0].path.clone();
            let is_raw = routes.iter().any(|it| it.operation.is_raw);
            let place = Arc::new(Place::of(path.clone(), routes));
            if is_raw && route::names_in(&path).next().is_none() {
                doors.insert(path.to_string(), place.clone());
            }
            let app = app.clone();
            let answer = move |Extension(visit): Extension<Arc<Visit>>,
                               params: RawPathParams,
                               request: Request| {
                let (app, place) = (app.clone(), place.clone());
                let values = params.iter().map(|(_, value)| value.to_owned()).collect();
                // It is large, and is moved from hand to hand before it begins.
                async move { Box::pin(place.answer(&app, values, request, &visit)).await }
            };
            let to = if is_raw { &mut raw } else { &mut router };
            *to = std::mem::take(to).route(&path, any(answer));
        }
        router = router.merge(web::router(app.clone()));
        let router = router.layer(DefaultBodyLimit::disable()).layer(
            CompressionLayer::new().compress_when(
                SizeAbove::new(1024)
                    .and(NotForContentType::SSE)
                    .and(NotForContentType::IMAGES)
                    .and(NotForContentType::const_new("application/vnd.")),
            ),
        );
        // What a model said goes out as it is: packing it would make small pieces wait for each other.
        let mut router = router.merge(raw);
        if let Some(cors) = cors(&app.settings.allowed_origins) {
            // Every answer says which pages may read it.
            router = router.layer(cors);
            doors.clear();
        }
        Self { doors: Arc::new(doors), router }
    }

    async fn answer(&mut self, app: &App, request: Request, visit: &Arc<Visit>) -> Response {
        let door =
            self.doors.get(request.uri().path()).filter(|_| request.method() == Method::POST);
        match door {
            Some(place) => Box::pin(place.answer(app, Vec::new(), request, visit)).await,
            None => self.router.call(request).await.unwrap_or_else(|never| match never {}),
        }
    }
}

/// A path and the routes of its methods.
struct Place {
    path: Arc<str>,
    routes: Vec<Arc<Route>>,
    allow: String,
}

impl Place {
    fn of(path: Arc<str>, routes: Vec<Arc<Route>>) -> Self {
        let mut allow: Vec<&str> = routes.iter().map(|it| it.method.as_str()).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.push("OPTIONS");
        let allow = allow.join(", ");
        Self { path, routes, allow }
    }

    async fn answer(
        &self,
        app: &App,
        values: Vec<String>,
        request: Request,
        visit: &Arc<Visit>,
    ) -> Response {
        let _ = visit.endpoint.set(self.path.clone());
        let method = match request.method() {
            &Method::HEAD => &Method::GET,
            other => other,
        };
        let Some(route) = self.routes.iter().find(|it| it.method == *method) else {
            if method == Method::OPTIONS {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                if let Ok(allow) = HeaderValue::from_str(&self.allow) {
                    response.headers_mut().insert(header::ALLOW, allow);
                }
                return response;
            }
            let detail = format!("{} cannot be done here.", method_name(method));
            let problem = Problem::new("method_not_allowed", detail)
                .hint(format!("possible here: {}", self.allow))
                .header("allow", self.allow.clone());
            return visit.style.refuse(&problem, visit);
        };
        // The values in their order, under the names that this route has for them.
        let names = route::names_in(&route.path);
        let path = names.map(str::to_owned).zip(values).collect();
        dispatch::dispatch(app, route, path, request, visit).await
    }
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|it| it.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let exposed = [
        "etag",
        "x-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "content-disposition",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "idempotency-replayed",
        "x-should-retry",
        "x-mainstay-model",
        "x-mainstay-provider",
        "x-mainstay-attempts",
        "x-mainstay-fallback",
        "x-mainstay-cost-usd",
        "x-mainstay-cache",
        "age",
        "deprecation",
        "sunset",
        "link",
        "x-mainstay-usage-id",
        "x-mainstay-queue-wait-ms",
        "x-mainstay-queue-depth",
        "x-mainstay-overhead-us",
        "x-mainstay-upstream-request-id",
    ];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            // Whose page may ask may say what its client says: those of models have many headers.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(exposed.map(HeaderName::from_static))
            .max_age(Duration::from_secs(600)),
    )
}

/// `/v1/clients/` is `/v1/clients`.
fn without_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    if path.len() < 2 || !path.ends_with('/') {
        return;
    }
    let bare = path.trim_end_matches('/');
    let bare = if bare.is_empty() { "/" } else { bare };
    let text = match uri.query() {
        Some(query) => format!("{bare}?{query}"),
        None => bare.to_owned(),
    };
    if let Ok(changed) = text.parse() {
        *uri = changed;
    }
}

/// Where a request comes from. Each trusted proxy adds the address it saw at the end of
/// `X-Forwarded-For`; what stands before those was written by the caller and proves nothing.
fn address(headers: &HeaderMap, peer: IpAddr, trusted_proxies: usize) -> IpAddr {
    if trusted_proxies == 0 {
        return peer;
    }
    let given = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    let all: Vec<&str> = given.flat_map(|it| it.split(',')).map(str::trim).collect();
    let seen = all.len().checked_sub(trusted_proxies).and_then(|at| all[at].parse().ok());
    seen.unwrap_or(peer)
}

fn finish(response: &mut Response, visit: &Visit, written: &WrittenHeaders) {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|it| it.as_bytes().starts_with(b"text/html"))
        || response.extensions().get::<web::UnchangedPage>().is_some();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&visit.id) {
        // Anthropic's clients look for it under their own name.
        if visit.style.words() == Some(Words::Anthropic) {
            headers.insert("request-id", id.clone());
        }
        headers.insert(REQUEST_ID, id);
    }
    let policy = if is_page { &written.page_policy } else { &written.data_policy };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, written.frame.clone());
    headers.insert(header::REFERRER_POLICY, written.referrer.clone());
    if let Some(hsts) = &written.hsts {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
}

/// What is told of a request that was answered, when this is dropped: also by a process that ends.
struct Report {
    method: &'static str,
    status: StatusCode,
    took: Duration,
    visit: Arc<Visit>,
    span: Span,
}

impl Drop for Report {
    fn drop(&mut self) {
        self.span.in_scope(|| self.tell());
    }
}

impl Report {
    /// Counts the request and writes its line. Probes come every few seconds; their lines are for
    /// debugging only.
    fn tell(&self) {
        let Self { method, status, took, visit, .. } = self;
        let endpoint = visit.endpoint();
        let labels = [method, endpoint, status.as_str()];
        REQUESTS.increment(&labels);
        DURATIONS.observe(took.as_secs_f64(), &labels);
        let latency_ms = took.as_micros() as f64 / 1000.0;
        let status_code = status.as_u16();
        let client_id = visit.tenant.get().map(tracing::field::display);
        let user_id = visit.who.get().map(String::as_str);
        let code = visit.problem.get().copied();
        let is_probe = matches!(endpoint, "/metrics") || endpoint.starts_with("/health");
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method,
                    endpoint,
                    status_code,
                    latency_ms,
                    client_id,
                    user_id,
                    problem.code = code,
                    "{method} {endpoint} {status_code}"
                )
            };
        }
        if is_probe && status_code < 500 { line!(debug) } else { line!(info) }
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a word".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let mut uri: Uri = given.parse().unwrap();
        without_trailing_slash(&mut uri);
        assert_eq!(uri.to_string(), expected);
    }

    #[test]
    fn a_trailing_slash_changes_nothing() {
        check("/v1/clients/", "/v1/clients");
        check("/v1/clients/?limit=2", "/v1/clients?limit=2");
        check("/", "/");
        check("/v1/clients?path=/", "/v1/clients?path=/");
    }

    #[test]
    fn a_page_that_has_not_changed_keeps_its_policy() {
        // The headers of a 304 replace those a browser has kept: with the policy of data, a page it
        // knows would lose its scripts.
        let plain = Arc::new(crate::style::Style::plain());
        let visit = Visit::begin(None, base::Timestamp::UNIX_EPOCH, None, None, plain);
        let written = crate::configuration::Security::default().headers.written();
        let policy = |mut response: Response| {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            finish(&mut response, &visit, &written);
            response.headers()[header::CONTENT_SECURITY_POLICY].clone()
        };
        assert_eq!(policy(Response::new(Body::empty())), written.data_policy);
        let mut page = Response::new(Body::empty());
        page.extensions_mut().insert(web::UnchangedPage);
        assert_eq!(policy(page), written.page_policy);
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_its_words() {
        let answering = async { panic!("secret words") };
        let plain = Arc::new(crate::style::Style::plain());
        let visit = Visit::begin(None, base::Timestamp::UNIX_EPOCH, None, None, plain);
        let limit = Some(Duration::from_secs(1));
        let answer = guarded(answering, limit, &visit).await;
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains("\"internal\"") && !text.contains("secret words"), "{text}");
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 10.0.0.9"));
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(address(&headers, peer, 0), peer);
        assert_eq!(address(&headers, peer, 1).to_string(), "10.0.0.9");
        assert_eq!(address(&headers, peer, 2).to_string(), "6.6.6.6");
        assert_eq!(address(&headers, peer, 3), peer);
    }
}
