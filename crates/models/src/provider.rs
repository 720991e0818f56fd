//! One provider: its address, its connections, its turns, and what was last seen of it.
//!
//! What comes back is read up to a bound, decompressed, and never followed elsewhere by a redirect.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::Timestamp;
use reqwest::{Client, ClientBuilder, Url, header, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value as Json;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use crate::{
    ModelError, OpenError, ProviderHealth,
    breaker::Breaker,
    health::State,
    quirk::Quirks,
    retry,
    settings::{BreakerSettings, ProviderSettings, std},
};

/// The longest answer that is read, after decompression.
pub(crate) const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long an idle connection is kept. Servers keep them for longer, mostly.
const IDLE: Duration = Duration::from_secs(30);

pub(crate) struct Provider {
    name: String,
    address: Url,
    settings: ProviderSettings,
    /// Keeps connections.
    pooled: Client,
    /// Makes a new connection each time.
    fresh: Client,
    turns: Semaphore,
    seen: Mutex<Seen>,
}

struct Seen {
    breaker: Breaker,
    state: State,
    quirks: HashMap<String, Quirks>,
    /// When the last exchange ended whose connection may still be kept.
    exchanged_at: Option<Instant>,
}

/// What a provider answered.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// How long it wants us to wait.
    pub(crate) retry_after: Option<Duration>,
    /// It says itself that repeating is no use.
    pub(crate) forbids_retry: bool,
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection came about: the provider knows nothing of us.
    Unreached,
    /// Too late.
    Timeout,
    /// The connection died before the first byte. `was_kept` tells that it may have been an old one,
    /// closed by the other side while we were sending.
    HungUp { was_kept: bool },
    /// The connection died in the middle of the answer.
    BrokeOff,
    /// The answer is longer than [`BODY_BYTES_MAX`].
    TooLarge,
}

impl Failure {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Unreached => "no connection",
            Self::Timeout => "no answer in time",
            Self::HungUp { .. } => "it closed the connection without an answer",
            Self::BrokeOff => "its answer broke off",
            Self::TooLarge => "its answer is longer than 8 MiB",
        }
    }
}

impl Provider {
    pub(crate) fn open(
        name: &str,
        settings: &ProviderSettings,
        breaker: &BreakerSettings,
    ) -> Result<Self, OpenError> {
        let address = settings.address(name).map_err(|message| OpenError::Setting {
            path: format!("providers.{name}.base_url"),
            message,
        })?;
        let client = |builder: fn(ClientBuilder) -> ClientBuilder| {
            client(settings, builder)
                .map_err(|source| OpenError::Client { provider: name.to_owned(), source })
        };
        Ok(Self {
            name: name.to_owned(),
            address,
            pooled: client(|it| it.pool_idle_timeout(IDLE))?,
            fresh: client(|it| it.pool_max_idle_per_host(0))?,
            turns: Semaphore::new(settings.concurrency.max(1) as usize),
            seen: Mutex::new(Seen {
                breaker: Breaker::new(breaker),
                state: State::NeverUsed,
                quirks: HashMap::new(),
                exchanged_at: None,
            }),
            settings: settings.clone(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn timeout(&self) -> Duration {
        std(self.settings.timeout)
    }

    pub(crate) fn health(&self) -> ProviderHealth {
        ProviderHealth { provider: self.name.clone(), state: self.seen().state.clone() }
    }

    /// Waits until one more request fits, for as long as an attempt may take.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, ModelError> {
        let turn = tokio::time::timeout(self.timeout(), self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| ModelError::RateLimited {
            provider: self.name.clone(),
            retry_after: Some(Duration::from_secs(1)),
        })
    }

    /// Is this provider being left alone?
    pub(crate) fn admit(&self, now: Timestamp) -> Result<(), ModelError> {
        self.seen().breaker.admit(now).map_err(|wait| ModelError::Unavailable {
            provider: self.name.clone(),
            why: "it failed several times in a row and is left alone for a while".into(),
            retry_after: Some(std(wait)),
        })
    }

    pub(crate) fn answered(&self, now: Timestamp) {
        let mut seen = self.seen();
        seen.breaker.answered();
        seen.state.answered(now);
    }

    /// It answered, but not to us or not now: its health suffers, the breaker does not.
    pub(crate) fn turned_away(&self, now: Timestamp, why: String) {
        let mut seen = self.seen();
        seen.breaker.answered();
        seen.state.failed(now, why);
    }

    /// True when it is left alone from now on.
    pub(crate) fn failed(&self, now: Timestamp, why: String) -> bool {
        let mut seen = self.seen();
        seen.state.failed(now, why);
        seen.breaker.failed(now)
    }

    pub(crate) fn abandoned(&self, now: Timestamp) {
        self.seen().breaker.abandoned(now);
    }

    pub(crate) fn quirks(&self, model: &str) -> Quirks {
        let known = self.seen().quirks.get(model).copied();
        known.unwrap_or_else(|| Quirks::new(self.settings.json))
    }

    pub(crate) fn learn(&self, model: &str, quirks: Quirks) {
        self.seen().quirks.insert(model.to_owned(), quirks);
    }

    /// Sends one request and reads the whole answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Json,
        is_fresh: bool,
        now: Timestamp,
    ) -> Result<Response, Failure> {
        let was_kept = !is_fresh && self.seen().exchanged_at.is_some_and(|it| it.elapsed() < IDLE);
        let client = if is_fresh { &self.fresh } else { &self.pooled };
        let url = self.address.join(path).expect("the paths of the dialect are relative addresses");
        let mut request = client.post(url).json(body);
        if let Some(key) = &self.settings.api_key {
            request = request.bearer_auth(key.reveal());
        }
        let mut response = request.send().await.map_err(|error| match classify(&error) {
            Some(failure) => failure,
            None => Failure::HungUp { was_kept },
        })?;

        let text = |name: &str| response.headers().get(name).and_then(|it| it.to_str().ok());
        let retry_after = retry::wanted(text("retry-after-ms"), text("retry-after"), now);
        let forbids_retry = text("x-should-retry") == Some("false");
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > BODY_BYTES_MAX => {
                    return Err(Failure::TooLarge);
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(classify(&error).unwrap_or(Failure::BrokeOff)),
            }
        }
        self.seen().exchanged_at = Some(Instant::now());
        Ok(Response { status, body: bytes, retry_after, forbids_retry })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn classify(error: &reqwest::Error) -> Option<Failure> {
    if error.is_connect() {
        Some(Failure::Unreached)
    } else if error.is_timeout() {
        Some(Failure::Timeout)
    } else {
        None
    }
}

fn client(
    settings: &ProviderSettings,
    shape: fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, reqwest::Error> {
    let builder = || -> Result<ClientBuilder, reqwest::Error> {
        let mut headers = header::HeaderMap::new();
        headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        let builder = Client::builder()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .timeout(std(settings.timeout))
            .connect_timeout(std(settings.connect_timeout))
            .redirect(Policy::none())
            // A client that finds proxies by itself reads the environment.
            .no_proxy();
        Ok(match &settings.proxy {
            Some(proxy) => shape(builder.proxy(reqwest::Proxy::all(proxy)?)),
            None => shape(builder),
        })
    };
    // The machine's certificates come first: they include those of a company's own authority. A
    // machine without any, such as an empty container, gets the list that browsers use.
    match builder()?.build() {
        Err(error) if error.is_builder() && error.source().is_some() => {
            builder()?.tls_backend_preconfigured(browser_roots()).build()
        }
        built => built,
    }
}

fn browser_roots() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
