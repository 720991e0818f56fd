//! Connections for whoever asks a few places many times a second.
//!
//! It is what lies beneath the client of [`super::client`], in the same shape, without what that does for each
//! request: reading the address anew, looking for redirects, copying the headers. It goes through no proxy.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;
use tower_http::decompression::{Decompression, DecompressionBody};

/// After so long a silence a connection is looked after, so often, as many times; one that takes nothing ends.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;
const UNTAKEN: Duration = Duration::from_secs(30);

pub use hyper_util::client::legacy::Error;

/// The body of an answer, unpacked.
pub type Body = DecompressionBody<Incoming>;

/// Connections that are kept, or made anew each time. A clone has the same.
#[derive(Clone)]
pub struct Pool(Decompression<Client<Connector, Full<Bytes>>>);

/// How a pool makes connections and keeps them.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How long a connection may take to come about, its encryption included.
    pub connect_timeout: Duration,
    /// How long one that is idle is kept; none is when there is no such time.
    pub idle: Option<Duration>,
}

impl Pool {
    /// No connections yet, to be made in this shape.
    pub fn new(shape: Shape) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        // A request must not wait for the acknowledgement of the one before.
        http.set_nodelay(true);
        http.set_connect_timeout(Some(shape.connect_timeout));
        http.set_keepalive(Some(KEEPALIVE));
        http.set_keepalive_interval(Some(KEEPALIVE));
        http.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(target_os = "linux")]
        http.set_tcp_user_timeout(Some(UNTAKEN));
        let inner = HttpsConnector::from((http, certificates()));
        let connector = Connector { inner, within: shape.connect_timeout };
        let mut client = Client::builder(TokioExecutor::new());
        client.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        client.pool_idle_timeout(shape.idle);
        if shape.idle.is_none() {
            client.pool_max_idle_per_host(0);
        }
        Self(Decompression::new(client.build(connector)))
    }

    /// Sends a request to an absolute address and waits for the head of its answer.
    ///
    /// # Errors
    /// There is none: no connection came about, or it died.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Body>, Error> {
        self.0.clone().call(request).await
    }
}

/// The certificates that are trusted: the machine's, or where it has none those that browsers trust.
fn certificates() -> ClientConfig {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS");
    let mut config = match config.with_platform_verifier() {
        Ok(config) => config.with_no_client_auth(),
        Err(_) => super::browser_roots(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Makes connections, encrypted where the address wants it, in time.
#[derive(Clone)]
struct Connector {
    inner: HttpsConnector<HttpConnector>,
    within: Duration,
}

type Connected = MaybeHttpsStream<TokioIo<TcpStream>>;
type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Connected;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<Connected, Failed>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, within) = (self.inner.call(to), self.within);
        Box::pin(async move {
            let connected = timeout(within, connecting).await;
            connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        })
    }
}
