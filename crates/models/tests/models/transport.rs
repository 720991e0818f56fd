//! What can go wrong between two sockets, with a server that sends exactly these bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::house::{House, ask, millis, settings};
use models::{ModelError, settings::ProviderSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const ANSWER: &str = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;

/// What the server does with one request.
#[derive(Clone)]
enum Act {
    /// Sends these bytes and keeps the connection.
    Send(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Is at work for so long, and closes the connection.
    CloseAfter(Duration),
    /// Sends these bytes and closes the connection.
    SendAndClose(Vec<u8>),
    /// Does nothing for a long time.
    Nothing,
}

struct Server {
    address: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Server {
    /// Does these things, one for each request; the last one again and again.
    async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (requests, connections) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut running = JoinSet::new();
        let (seen, opened) = (requests.clone(), connections.clone());
        running.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                open.spawn(serve(socket, acts.clone(), seen.clone()));
            }
        });
        Self { address, requests, connections, _running: running }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Waits, at most ten seconds, until so many requests came in.
    async fn until_asked(&self, count: usize) {
        for _ in 0..1_000 {
            if self.requests() >= count {
                return;
            }
            tokio::time::sleep(millis(10)).await;
        }
        panic!("{} of {count} requests came in", self.requests());
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut socket: TcpStream, acts: Vec<Act>, seen: Arc<AtomicUsize>) {
    let mut received = Vec::new();
    loop {
        while !is_whole(&received) {
            if socket.read_buf(&mut received).await.unwrap_or(0) == 0 {
                return;
            }
        }
        received.clear();
        let at = seen.fetch_add(1, Ordering::SeqCst);
        let (bytes, stays) = match &acts[at.min(acts.len() - 1)] {
            Act::Send(bytes) => (bytes.as_slice(), true),
            Act::SendAndClose(bytes) => (bytes.as_slice(), false),
            Act::Close => (&[][..], false),
            Act::CloseAfter(work) => {
                tokio::time::sleep(*work).await;
                return;
            }
            Act::Nothing => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
        };
        let _ = socket.write_all(bytes).await;
        let _ = socket.flush().await;
        if !stays {
            return;
        }
    }
}

fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|it| it.strip_prefix("content-length:"));
    body.len() >= length.and_then(|it| it.trim().parse().ok()).unwrap_or(0)
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut out =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes();
    out.extend_from_slice(body);
    out
}

fn good() -> Act {
    Act::Send(response("200 OK", "", ANSWER.as_bytes()))
}

testkit::on_both! {
    async fn a_provider_that_hangs_up_is_not_asked_twice(db: testkit::Database) {
        let server = Server::start(vec![Act::Close, good()]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
        assert!(error.is_absent());
        assert_eq!(server.requests(), 1);
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].outcome.name(), "hung_up");
        assert!(rows[0].usage.estimated && rows[0].usage.tokens_in > 0);
    }

    async fn a_kept_connection_that_died_is_replaced_once(db: testkit::Database) {
        let server = Server::start(vec![good(), Act::Close, good(), Act::Close, Act::Close]).await;
        let house = House::open(&db, settings(&server.address)).await;
        house.models.complete(ask("first")).await.unwrap();
        assert_eq!(house.models.complete(ask("second")).await.unwrap().text, "Hello");
        assert_eq!((server.requests(), server.connections()), (3, 2));
        assert_eq!(house.outcomes().await, ["ok", "hung_up", "ok"]);
        // The new connection dies as well: that is the provider, not the connection.
        house.models.complete(ask("third")).await.unwrap_err();
        assert_eq!(server.requests(), 5);
    }

    async fn a_provider_that_was_at_work_when_its_connection_died_is_not_asked_again(db: testkit::Database) {
        let server = Server::start(vec![good(), Act::CloseAfter(millis(1_200)), good()]).await;
        let house = House::open(&db, settings(&server.address)).await;
        house.models.complete(ask("first")).await.unwrap();
        let error = house.models.complete(ask("second")).await.unwrap_err();
        assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
        assert_eq!((server.requests(), house.outcomes().await), (2, vec!["ok", "hung_up"]));
    }

    async fn a_connection_that_dies_within_the_answer_is_an_error_and_in_the_ledger(db: testkit::Database) {
        let half = response("200 OK", "", ANSWER.as_bytes());
        let server = Server::start(vec![Act::SendAndClose(half[..half.len() - 20].to_vec())]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(error.to_string().contains("broke off"), "{error}");
        assert_eq!(server.requests(), 1);
        assert_eq!(house.outcomes().await, ["hung_up"]);
    }

    async fn a_provider_that_says_nothing_is_given_up_in_time(db: testkit::Database) {
        let server = Server::start(vec![Act::Nothing]).await;
        let mut settings = settings(&server.address);
        settings.providers["local"].timeout = jiff::SignedDuration::from_millis(200);
        let house = House::open(&db, settings).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(matches!(error, ModelError::Timeout { .. }), "{error}");
        assert!(error.is_absent() && error.is_temporary());
        let rows = house.ledger().await;
        assert_eq!((rows.len(), rows[0].outcome.name()), (1, "timeout"));
        assert!(rows[0].latency_ms >= 200 && rows[0].latency_ms < 2_000, "{}", rows[0].latency_ms);
    }

    async fn a_question_nobody_waits_for_any_more_is_in_the_ledger(db: testkit::Database) {
        let server = Server::start(vec![Act::Nothing]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let asking = house.models.complete(ask("hello"));
        tokio::select! {
            _ = asking => panic!("nobody answered so soon"),
            () = server.until_asked(1) => {}
        }
        assert_eq!(house.outcomes().await, ["abandoned"]);
    }

    async fn nobody_listening_is_unavailable_and_not_in_the_ledger(db: testkit::Database) {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let house = House::open(&db, settings(&format!("http://127.0.0.1:{port}"))).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert_eq!(error.to_string(), "model provider `local` is unavailable: no connection");
        assert!(error.is_absent());
        assert_eq!(house.ledger().await, []);
    }

    async fn an_answer_without_end_is_not_read_to_its_end(db: testkit::Database) {
        let body = vec![b' '; 9 * 1024 * 1024];
        let server = Server::start(vec![Act::SendAndClose(response("200 OK", "", &body))]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(error.to_string().contains("longer than 8 MiB"), "{error}");
        assert_eq!(house.outcomes().await, ["unreadable"]);
    }

    async fn a_compressed_answer_is_read(db: testkit::Database) {
        let body = gzip(ANSWER.as_bytes());
        let packed = response("200 OK", "content-encoding: gzip\r\n", &body);
        let server = Server::start(vec![Act::Send(packed)]).await;
        let house = House::open(&db, settings(&server.address)).await;
        assert_eq!(house.models.complete(ask("hello")).await.unwrap().text, "Hello");
    }

    async fn a_page_of_a_proxy_is_no_answer(db: testkit::Database) {
        let page = response("200 OK", "", b"<html>Welcome to the hotel</html>");
        let server = Server::start(vec![Act::Send(page)]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(error.is_absent() && !error.to_string().contains("hotel"), "{error}");
        assert_eq!(house.outcomes().await, ["unreadable"]);
    }

    async fn a_redirect_is_not_followed(db: testkit::Database) {
        let other = Server::start(vec![good()]).await;
        let to = format!("location: {}/v1/chat/completions\r\n", other.address);
        let server = Server::start(vec![Act::Send(response("307 Temporary Redirect", &to, b""))]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let error = house.models.complete(ask("hello")).await.unwrap_err();
        assert!(matches!(error, ModelError::Refused { status: 307, .. }), "{error}");
        assert_eq!(other.requests(), 0);
    }

    async fn a_provider_that_says_so_is_not_asked_again(db: testkit::Database) {
        let busy = response("503 Service Unavailable", "x-should-retry: false\r\n", b"{}");
        let server = Server::start(vec![Act::Send(busy), good()]).await;
        let house = House::open(&db, settings(&server.address)).await;
        house.models.complete(ask("hello")).await.unwrap_err();
        assert_eq!(server.requests(), 1);
    }

    async fn a_wait_wanted_in_milliseconds_is_kept(db: testkit::Database) {
        let busy = response("429 Too Many Requests", "retry-after-ms: 300\r\nretry-after: 9\r\n", b"{}");
        let server = Server::start(vec![Act::Send(busy), good()]).await;
        let house = House::open(&db, settings(&server.address)).await;
        let answer = tokio::time::timeout(Duration::from_secs(5), house.models.complete(ask("hello"))).await;
        assert_eq!(answer.unwrap().unwrap().text, "Hello");
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 2);
    }

    async fn no_more_requests_are_under_way_than_allowed(db: testkit::Database) {
        let server = Server::start(vec![Act::Nothing]).await;
        let mut settings = settings(&server.address);
        let local = ProviderSettings { concurrency: 2, timeout: jiff::SignedDuration::from_secs(10), ..settings.providers["local"].clone() };
        settings.providers.insert("local".into(), local);
        let house = House::open(&db, settings).await;
        let mut asking = JoinSet::new();
        for _ in 0..5 {
            let models = house.models.clone();
            asking.spawn(async move { models.complete(ask("hello")).await });
        }
        server.until_asked(2).await;
        tokio::time::sleep(millis(200)).await;
        assert_eq!(server.requests(), 2);
        asking.abort_all();
    }
}

/// The bytes as gzip, not made smaller: one stored block.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}
