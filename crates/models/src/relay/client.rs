//! Connections to one provider: kept alive, never redirected, decompressed, read within bounds.
//!
//! What leaves is made by the dialect; of the caller's headers only those of an allow-list go with
//! it. Time-outs are the caller's: each wait here ends at the instant it is given.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use outside::connection::{
    self,
    pool::{self, Pool, Shape},
};
use reqwest::{ClientBuilder, Proxy, Url};
use tokio::time::{Instant, timeout_at};

use crate::{
    OpenError,
    dialect::{Dialect, Wire},
    settings::{ProviderSettings, std},
};

/// How long an idle connection is kept. Servers keep them for longer, mostly.
const IDLE: Duration = Duration::from_secs(30);

/// A connection that the other side had closed before is found out by the first thing that is sent on it, within the
/// time of its way there and back. One that dies later had been read, and somebody was at work.
const STALE_MAX: Duration = Duration::from_secs(1);

/// Headers of a dialect's own that a caller may send to who speaks it.
static OF_OPENAI: [HeaderName; 2] =
    [HeaderName::from_static("openai-organization"), HeaderName::from_static("openai-project")];
static OF_ANTHROPIC: [HeaderName; 2] =
    [HeaderName::from_static("anthropic-beta"), HeaderName::from_static("anthropic-version")];

/// The most paths of one provider that are remembered. Some hold the model's name.
const PATHS_MAX: usize = 64;

/// The connections to one provider.
pub(crate) struct Client {
    address: Url,
    /// Addresses of paths that were asked for.
    joined: RwLock<HashMap<String, Uri>>,
    /// Keeps connections.
    pooled: Connections,
    /// Makes a new connection each time.
    fresh: Connections,
    /// The key, and what the dialect always wants.
    headers: HeaderMap,
    /// When the last exchange ended whose connection may still be kept.
    exchanged_at: Mutex<Option<Instant>>,
}

/// Connections, made by one of two.
enum Connections {
    Direct(Box<Pool>),
    /// It knows how proxies want to be asked.
    Proxied(reqwest::Client),
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
    body: UnsyncBoxBody<Bytes, Failure>,
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
        let connections = |idle| {
            Connections::open(settings, idle)
                .map_err(|source| OpenError::Client { provider: name.to_owned(), source })
        };
        let key = settings.api_key.as_ref().map(|it| it.reveal().as_str());
        Ok(Self {
            address,
            joined: RwLock::default(),
            pooled: connections(Some(IDLE))?,
            fresh: connections(None)?,
            headers: dialect.headers(key).into_iter().collect(),
            exchanged_at: Mutex::new(None),
        })
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&self, sending: Sending<'_>) -> Result<Received, Failure> {
        let mut request = Request::new(sending.body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.at(sending.path);
        *request.headers_mut() = sending.headers;
        self.exchange(request, sending.is_fresh, sending.until).await
    }

    /// Asks for something that is there to be read.
    pub(crate) async fn get(&self, path: &str, until: Instant) -> Result<Received, Failure> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = self.at(path);
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        self.exchange(request, false, until).await
    }

    /// A connection that served an exchange to its end may be used again.
    pub(crate) fn exchanged(&self) {
        *self.exchanged_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        is_fresh: bool,
        until: Instant,
    ) -> Result<Received, Failure> {
        let exchanged_at = *self.exchanged_at.lock().unwrap_or_else(PoisonError::into_inner);
        let was_kept = !is_fresh && exchanged_at.is_some_and(|it| it.elapsed() < IDLE);
        for (name, value) in &self.headers {
            // The caller's version of a dialect stands in for ours.
            request.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        let connections = if is_fresh { &self.fresh } else { &self.pooled };
        let began = Instant::now();
        let sent = timeout_at(until, connections.exchange(request)).await;
        let Ok(sent) = sent else { return Err(Failure::Timeout) };
        let hung_up = || Failure::HungUp { was_kept: was_kept && began.elapsed() < STALE_MAX };
        let (head, body) = sent.map_err(|it| it.unwrap_or_else(hung_up))?.into_parts();
        Ok(Received { status: head.status.as_u16(), headers: head.headers, ahead: None, body })
    }

    fn at(&self, path: &str) -> Uri {
        let known = self.joined.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        known.unwrap_or_else(|| self.join(path))
    }

    /// Reading an address costs more than all else that is done with it: it is done once.
    fn join(&self, path: &str) -> Uri {
        let url = self.address.join(path).expect("the paths of a dialect are relative addresses");
        let uri: Uri = url.as_str().parse().expect("an address that was read and written is one");
        let mut joined = self.joined.write().unwrap_or_else(PoisonError::into_inner);
        if joined.len() < PATHS_MAX {
            joined.insert(path.to_owned(), uri.clone());
        }
        uri
    }
}

impl Connections {
    fn open(settings: &ProviderSettings, idle: Option<Duration>) -> Result<Self, reqwest::Error> {
        if settings.proxy.is_none() {
            let connect_timeout = std(settings.connect_timeout);
            return Ok(Self::Direct(Box::new(Pool::new(Shape { connect_timeout, idle }))));
        }
        let proxied = client(settings, |it| match idle {
            Some(idle) => it.pool_idle_timeout(idle),
            None => it.pool_max_idle_per_host(0),
        })?;
        Ok(Self::Proxied(proxied))
    }

    /// The head of an answer, and its body as it comes. Without a word about why, the connection died.
    async fn exchange(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<UnsyncBoxBody<Bytes, Failure>>, Option<Failure>> {
        match self {
            Self::Direct(pool) => {
                let sent = pool.send(request.map(Full::new)).await;
                let answer = sent.map_err(|why| match why {
                    pool::Failure::Unreached => Some(Failure::Unreached),
                    pool::Failure::TimedOut => Some(Failure::Timeout),
                    pool::Failure::Died => None,
                })?;
                let broke_off = |why: Box<dyn Error + Send + Sync>| match pool::has_timed_out(&*why)
                {
                    true => Failure::Timeout,
                    false => Failure::BrokeOff,
                };
                Ok(answer.map(|it| it.map_err(broke_off).boxed_unsync()))
            }
            Self::Proxied(client) => {
                let request = request.try_into().map_err(|_| Some(Failure::Unreached))?;
                let answer = client.execute(request).await.map_err(|it| classify(&it))?;
                let answer: Response<reqwest::Body> = answer.into();
                let broke_off = |it: reqwest::Error| classify(&it).unwrap_or(Failure::BrokeOff);
                Ok(answer.map(|it| it.map_err(broke_off).boxed_unsync()))
            }
        }
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
        loop {
            let frame = match timeout_at(until, self.body.frame()).await {
                Err(_) => return Err(Failure::Timeout),
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => frame?,
            };
            // What comes after the body, as a trailer, is nothing of it.
            if let Ok(chunk) = frame.into_data() {
                return Ok(Some(chunk));
            }
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
    let own: &[HeaderName] = match wire {
        Wire::OpenaiChat | Wire::OpenaiResponses => &OF_OPENAI,
        Wire::AnthropicMessages => &OF_ANTHROPIC,
        Wire::Gemini | Wire::Ollama | Wire::InProcess => &[],
    };
    let mut headers = HeaderMap::with_capacity(8);
    for name in own.iter().chain([&header::ACCEPT_LANGUAGE]) {
        if let Some(value) = given.get(name) {
            headers.insert(name.clone(), value.clone());
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
    shape: impl Fn(ClientBuilder) -> ClientBuilder,
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
