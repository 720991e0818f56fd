//! Connections to one provider: kept alive, never redirected, decompressed, read within bounds.
//!
//! What leaves is made by the dialect; of the caller's headers only those of an allow-list go with
//! it. Time-outs are the caller's: each wait here ends at the instant it is given.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use outside::connection;
use reqwest::{ClientBuilder, Method, Proxy, Request, Url};
use tokio::time::{Instant, timeout_at};

use crate::{
    OpenError,
    dialect::{Dialect, Wire},
    settings::{ProviderSettings, std},
};

/// How long an idle connection is kept. Servers keep them for longer, mostly.
const IDLE: Duration = Duration::from_secs(30);

/// The most paths of one provider that are remembered. Some hold the model's name.
const PATHS_MAX: usize = 64;

/// The connections to one provider.
pub(crate) struct Client {
    address: Url,
    /// Addresses of paths that were asked for.
    joined: RwLock<HashMap<String, Url>>,
    /// Keeps connections.
    pooled: reqwest::Client,
    /// Makes a new connection each time.
    fresh: reqwest::Client,
    /// The key, and what the dialect always wants.
    headers: HeaderMap,
    /// When the last exchange ended whose connection may still be kept.
    exchanged_at: Mutex<Option<Instant>>,
}

/// What is sent.
pub(crate) struct Sending<'a> {
    /// Relative to the provider's address.
    pub(crate) path: &'a str,
    pub(crate) body: Bytes,
    /// Headers beside the provider's own.
    pub(crate) headers: HeaderMap,
    /// On a connection of its own.
    pub(crate) is_fresh: bool,
    /// The head of the answer is waited for until then.
    pub(crate) until: Instant,
}

/// An answer whose body is still to be read.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// What was looked at and not taken.
    ahead: Option<Option<Bytes>>,
    body: reqwest::Response,
}

/// Why there is no answer, or no whole one.
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
    /// The answer is longer than allowed.
    TooLarge { bytes_max: usize },
}

impl Failure {
    pub(crate) fn words(self) -> String {
        match self {
            Self::Unreached => "no connection".into(),
            Self::Timeout => "no answer in time".into(),
            Self::HungUp { .. } => "it closed the connection without an answer".into(),
            Self::BrokeOff => "its answer broke off".into(),
            Self::TooLarge { bytes_max } => {
                format!("its answer is longer than {} MiB", bytes_max / 1_048_576)
            }
        }
    }
}

impl Client {
    pub(crate) fn open(
        name: &str,
        settings: &ProviderSettings,
        dialect: &dyn Dialect,
    ) -> Result<Self, OpenError> {
        let address = settings.address(name).map_err(|message| OpenError::Setting {
            path: format!("providers.{name}.base_url"),
            message,
        })?;
        let client = |builder: fn(ClientBuilder) -> ClientBuilder| {
            client(settings, builder)
                .map_err(|source| OpenError::Client { provider: name.to_owned(), source })
        };
        let key = settings.api_key.as_ref().map(|it| it.reveal().as_str());
        Ok(Self {
            address,
            joined: RwLock::default(),
            pooled: client(|it| it.pool_idle_timeout(IDLE))?,
            fresh: client(|it| it.pool_max_idle_per_host(0))?,
            headers: dialect.headers(key).into_iter().collect(),
            exchanged_at: Mutex::new(None),
        })
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&self, sending: Sending<'_>) -> Result<Received, Failure> {
        let mut request = Request::new(Method::POST, self.at(sending.path));
        *request.body_mut() = Some(sending.body.into());
        *request.headers_mut() = sending.headers;
        self.exchange(request, sending.is_fresh, sending.until).await
    }

    /// Asks for something that is there to be read.
    pub(crate) async fn get(&self, path: &str, until: Instant) -> Result<Received, Failure> {
        self.exchange(Request::new(Method::GET, self.at(path)), false, until).await
    }

    /// A connection that served an exchange to its end may be used again.
    pub(crate) fn exchanged(&self) {
        *self.exchanged_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    async fn exchange(
        &self,
        mut request: Request,
        is_fresh: bool,
        until: Instant,
    ) -> Result<Received, Failure> {
        let exchanged_at = *self.exchanged_at.lock().unwrap_or_else(PoisonError::into_inner);
        let was_kept = !is_fresh && exchanged_at.is_some_and(|it| it.elapsed() < IDLE);
        for (name, value) in &self.headers {
            // The caller's version of a dialect stands in for ours.
            request.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        let client = if is_fresh { &self.fresh } else { &self.pooled };
        let sent = timeout_at(until, client.execute(request)).await;
        let Ok(sent) = sent else { return Err(Failure::Timeout) };
        let mut body =
            sent.map_err(|error| classify(&error).unwrap_or(Failure::HungUp { was_kept }))?;
        let headers = std::mem::take(body.headers_mut());
        Ok(Received { status: body.status().as_u16(), headers, ahead: None, body })
    }

    fn at(&self, path: &str) -> Url {
        let known = self.joined.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        known.unwrap_or_else(|| self.join(path))
    }

    /// Reading an address costs more than all else that is done with it: it is done once.
    fn join(&self, path: &str) -> Url {
        let url = self.address.join(path).expect("the paths of a dialect are relative addresses");
        let mut joined = self.joined.write().unwrap_or_else(PoisonError::into_inner);
        if joined.len() < PATHS_MAX {
            joined.insert(path.to_owned(), url.clone());
        }
        url
    }
}

impl Received {
    /// The whole body, of at most `bytes_max` bytes.
    pub(crate) async fn whole(
        mut self,
        bytes_max: usize,
        until: Instant,
    ) -> Result<Bytes, Failure> {
        let first = self.chunk(until).await?.unwrap_or_default();
        if first.len() > bytes_max {
            return Err(Failure::TooLarge { bytes_max });
        }
        let Some(second) = self.chunk(until).await? else { return Ok(first) };
        // Most bodies come in one piece, which is then not copied.
        let mut all = BytesMut::with_capacity((first.len() + second.len()) * 2);
        all.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if all.len() + chunk.len() > bytes_max {
                return Err(Failure::TooLarge { bytes_max });
            }
            all.extend_from_slice(&chunk);
            next = self.chunk(until).await?;
        }
        Ok(all.freeze())
    }

    /// The first byte of the body that is no white space, as far as its first piece has one.
    pub(crate) async fn begins_with(&mut self, until: Instant) -> Result<Option<u8>, Failure> {
        let first = self.chunk(until).await?;
        let byte = first.as_ref().and_then(|it| it.trim_ascii_start().first().copied());
        self.ahead = Some(first);
        Ok(byte)
    }

    /// More of the body; none at its end.
    pub(crate) async fn chunk(&mut self, until: Instant) -> Result<Option<Bytes>, Failure> {
        if let Some(chunk) = self.ahead.take() {
            return Ok(chunk);
        }
        match timeout_at(until, self.body.chunk()).await {
            Err(_) => Err(Failure::Timeout),
            Ok(Err(error)) => Err(classify(&error).unwrap_or(Failure::BrokeOff)),
            Ok(Ok(chunk)) => Ok(chunk),
        }
    }

    /// The provider's own id of the exchange.
    pub(crate) fn upstream_id(&self) -> Option<HeaderValue> {
        ["x-request-id", "request-id"].iter().find_map(|it| self.headers.get(*it)).cloned()
    }

    /// The text of a header.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }
}

/// Of a caller's headers those that may go to a provider that speaks `wire`. Never cookies, never
/// the caller's key: what is not named here stays here.
pub(crate) fn passed_on(given: &HeaderMap, wire: Wire, is_stream: bool) -> HeaderMap {
    let own: &[&str] = match wire {
        Wire::OpenaiChat | Wire::OpenaiResponses => &["openai-organization", "openai-project"],
        Wire::AnthropicMessages => &["anthropic-beta", "anthropic-version"],
        Wire::Gemini | Wire::Ollama | Wire::InProcess => &[],
    };
    let mut headers = HeaderMap::with_capacity(5);
    for name in own.iter().chain(&["accept-language"]) {
        if let Some(value) = given.get(*name) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    let accept = if is_stream { "text/event-stream" } else { "application/json" };
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
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

/// Makes connections as these settings want them, in this shape.
pub(crate) fn client(
    settings: &ProviderSettings,
    shape: fn(ClientBuilder) -> ClientBuilder,
) -> Result<reqwest::Client, reqwest::Error> {
    let proxy = settings.proxy.as_deref().map(Proxy::all).transpose()?;
    connection::client(|it| {
        let it = it.connect_timeout(std(settings.connect_timeout));
        shape(match &proxy {
            Some(proxy) => it.proxy(proxy.clone()),
            None => it,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_headers_go_on_and_only_to_their_own_dialect() {
        let mut given = HeaderMap::new();
        for name in [
            "authorization",
            "x-api-key",
            "cookie",
            "x-my-secret",
            "openai-organization",
            "anthropic-beta",
            "accept-language",
            "x-stainless-os",
            "user-agent",
        ] {
            given.insert(HeaderName::from_static(name), HeaderValue::from_static("value"));
        }
        let names = |wire| {
            let mut names: Vec<String> =
                passed_on(&given, wire, false).keys().map(|it| it.to_string()).collect();
            names.sort();
            names
        };
        assert_eq!(
            names(Wire::OpenaiChat),
            ["accept", "accept-language", "content-type", "openai-organization"]
        );
        assert_eq!(
            names(Wire::AnthropicMessages),
            ["accept", "accept-language", "anthropic-beta", "content-type"]
        );
        assert_eq!(names(Wire::Gemini), ["accept", "accept-language", "content-type"]);
    }
}
