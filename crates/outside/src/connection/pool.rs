//! Connections for whoever asks a few places many times a second.
//!
//! It is what lies beneath the client of [`super::client`], made in the same shape, without what that does for each
//! request: reading the address anew, looking for redirects, copying the headers. It goes through no proxy.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header, uri::Scheme};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;
use tower_http::decompression::{Decompression, DecompressionBody};

/// A connection over which nothing comes is asked after so long whether it still stands, and again after as long.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// It is dead when it did not answer so many times.
const KEEPALIVE_RETRIES: u32 = 3;
/// So long may pass before the other side has taken what was sent.
const UNTAKEN: Duration = Duration::from_secs(30);
/// How often a request is sent again that a server of HTTP/2 handed back untouched.
const HANDED_BACK_MAX: u32 = 2;

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

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection came about.
    Unreached,
    /// The other side took nothing more, and said nothing.
    TimedOut,
    /// The connection died before the head of an answer.
    Died,
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
        // What can be unpacked here; another room may have the rest for what it sends itself.
        let unpacking = Decompression::new(client.build(connector));
        Self(unpacking.no_br().no_deflate().no_zstd())
    }

    /// Sends a request to an absolute address and waits for the head of its answer.
    ///
    /// # Errors
    /// No connection came about, or it died or fell silent before the head.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Body>, Failure> {
        let who = HeaderValue::from_static(super::USER_AGENT);
        request.headers_mut().entry(header::USER_AGENT).or_insert(who);
        // Without encryption nobody speaks HTTP/2 here, and nothing is handed back.
        let is_encrypted = request.uri().scheme() == Some(&Scheme::HTTPS);
        let mut handed_back = 0;
        while is_encrypted && handed_back < HANDED_BACK_MAX {
            match self.0.clone().call(request.clone()).await {
                Err(error) if was_handed_back(&error) => handed_back += 1,
                sent => return sent.map_err(|it| Failure::of(&it)),
            }
        }
        self.0.clone().call(request).await.map_err(|it| Failure::of(&it))
    }
}

impl Failure {
    fn of(error: &legacy::Error) -> Self {
        if error.is_connect() {
            Self::Unreached
        } else if has_timed_out(error) {
            Self::TimedOut
        } else {
            Self::Died
        }
    }
}

/// Did the other side take nothing more? So it may be with a body, too.
pub fn has_timed_out(error: &(dyn Error + 'static)) -> bool {
    let mut found = causes(error).filter_map(|it| it.downcast_ref::<io::Error>());
    found.any(|it| it.kind() == io::ErrorKind::TimedOut)
}

/// An error and what lies beneath it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |it| (*it).source())
}

/// Did the server say that it has not begun? It closes the connection for good, or refused this one request:
/// <https://www.rfc-editor.org/rfc/rfc9113.html#section-8.7>.
fn was_handed_back(error: &legacy::Error) -> bool {
    let mut found = causes(error).filter_map(|it| it.downcast_ref::<h2::Error>());
    found.any(|it| {
        let is = |reason| it.reason() == Some(reason);
        it.is_remote()
            && (it.is_go_away() && is(h2::Reason::NO_ERROR)
                || it.is_reset() && is(h2::Reason::REFUSED_STREAM))
    })
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
type Failed = Box<dyn Error + Send + Sync>;

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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Longer than a connection on this machine takes.
    const LONG: Duration = Duration::from_secs(5);

    /// Connections that come about in so much time, or not at all.
    fn pool(connect_timeout: Duration) -> Pool {
        Pool::new(Shape { connect_timeout, idle: Some(Duration::from_secs(5)) })
    }

    fn request(address: &str) -> Request<Full<Bytes>> {
        Request::get(address).body(Full::default()).unwrap()
    }

    /// What is sent to somebody who answers so.
    async fn sent(answer: &'static [u8]) -> (String, Result<Response<Body>, Failure>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut heard).await.unwrap();
            }
            stream.write_all(answer).await.unwrap();
            String::from_utf8(heard).unwrap().to_lowercase()
        };
        let pool = pool(LONG);
        tokio::join!(serving, pool.send(request(&address)))
    }

    #[tokio::test]
    async fn only_what_can_be_unpacked_is_asked_for() {
        let (heard, answer) = sent(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        assert!(heard.contains("accept-encoding: gzip\r\n"), "{heard}");
        assert!(heard.contains("user-agent: mainstay/"), "{heard}");
        assert_eq!(answer.unwrap().status(), 204);
    }

    #[tokio::test]
    async fn a_connection_that_dies_is_told_from_one_that_never_was() {
        let (_, answer) = sent(b"").await;
        assert_eq!(answer.map(drop), Err(Failure::Died));
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let answer = pool(LONG).send(request(&format!("http://{free}/"))).await;
        assert_eq!(answer.map(drop), Err(Failure::Unreached));
    }

    #[tokio::test]
    async fn who_does_not_begin_to_encrypt_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}/", silent.local_addr().unwrap());
        let answer = pool(Duration::from_millis(300)).send(request(&address)).await;
        assert_eq!(answer.map(drop), Err(Failure::Unreached));
    }

    /// What is heard of somebody who speaks HTTP/2 and resets the request so.
    async fn reset(reason: h2::Reason) -> legacy::Error {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let serving = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut answer))) = connection.accept().await {
                answer.send_reset(reason);
            }
        };
        let mut client = Client::builder(TokioExecutor::new());
        let client = client.http2_only(true).build(HttpConnector::new());
        tokio::select! {
            answer = client.request(request(&address)) => answer.unwrap_err(),
            () = serving => panic!("the connection ended first"),
        }
    }

    #[tokio::test]
    async fn a_request_that_was_refused_untouched_is_told_from_one_that_failed() {
        assert!(was_handed_back(&reset(h2::Reason::REFUSED_STREAM).await));
        assert!(!was_handed_back(&reset(h2::Reason::INTERNAL_ERROR).await));
    }

    #[test]
    fn a_time_out_is_found_however_deep_it_lies() {
        #[derive(Debug, thiserror::Error)]
        #[error("it did not go")]
        struct Outer(#[source] io::Error);
        assert!(has_timed_out(&Outer(io::ErrorKind::TimedOut.into())));
        assert!(!has_timed_out(&Outer(io::ErrorKind::ConnectionReset.into())));
    }
}
