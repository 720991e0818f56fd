//! Behind a real nginx with buffering and gzip on: answers still come word by word.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    place::{Place, text},
    script::{free_port, script},
};

/// An nginx, which is killed when it is dropped.
struct Nginx {
    _process: Child,
    _folder: tempfile::TempDir,
    url: String,
}

impl Nginx {
    /// Before this server.
    async fn before(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let port = free_port().await;
        let mut command = Command::new(script("nginx"));
        command.arg(folder.path()).args([&port, url]).kill_on_drop(true);
        let process = command.spawn().expect("nginx starts");
        let start = Instant::now();
        while TcpStream::connect(format!("127.0.0.1:{port}")).await.is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "nginx does not come up; `scripts/need nginx` brings it"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { _process: process, _folder: folder, url: format!("http://127.0.0.1:{port}") }
    }
}

testkit::on_both! {
    async fn behind_nginx_an_answer_comes_word_by_word(db: Database) {
        let script = Script::start().await;
        let place = Place::on(&db)
            .of_app("knowledge-chat")
            .without_limits()
            .with("OPENAI_BASE_URL", &script.base_url())
            .with("OPENAI_MODEL", "scripted");
        let server = place.serve().await;
        let nginx = Nginx::before(&server.url).await;
        let token = server.admin().await.token.expect("a token");
        let words: String = (0..60).map(|at| format!("word{at} ")).collect();
        // A title is asked for too, and nobody knows when: it does not come in pieces.
        script.always(move |asked| match asked["stream"].as_bool() {
            Some(true) => Reply::text(&words).paced(Duration::from_millis(50)),
            _ => Reply::text("Words"),
        });
        for packed in ["identity", "gzip, br, zstd"] {
            let asked = Instant::now();
            let client = reqwest::Client::builder().no_proxy().no_gzip().no_brotli().no_zstd().build().expect("a client");
            let request = client
                .request(Method::POST, format!("{}/api/chat/ask/stream", nginx.url))
                .bearer_auth(&token)
                .header("accept-encoding", packed)
                .json(&json!({"question": "Count."}));
            let mut response = request.send().await.expect("nginx answers");
            assert_eq!(response.status(), 200);
            let mut pieces = Vec::new();
            while let Some(piece) = response.chunk().await.expect("a whole answer") {
                pieces.push((asked.elapsed(), piece.len()));
            }
            let (first, last) = (pieces[0].0, pieces[pieces.len() - 1].0);
            // It takes three seconds to be said.
            assert!(last > Duration::from_secs(2), "{packed}: {pieces:?}");
            assert!(first < last / 2, "{packed}: it begins late: {pieces:?}");
            assert!(pieces.len() > 15, "{packed}: it comes in lumps: {pieces:?}");
            let gaps = pieces.windows(2).map(|it| it[1].0 - it[0].0);
            assert!(gaps.max() < Some(Duration::from_millis(1_500)), "{packed}: {pieces:?}");
        }
    }

    async fn behind_nginx_a_socket_opens_and_answers(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("So it is."));
        let place = Place::on(&db)
            .of_app("knowledge-chat")
            .without_limits()
            .with("OPENAI_BASE_URL", &script.base_url())
            .with("OPENAI_MODEL", "scripted");
        let server = place.serve().await;
        let nginx = Nginx::before(&server.url).await;
        let token = server.admin().await.token.expect("a token");
        let address = format!("{}/ws", nginx.url.replace("http://", "ws://"));
        let mut request = address.into_client_request().expect("an address");
        let protocols = HeaderValue::from_str(&format!("mainstay, bearer.{token}")).expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocols);
        let (mut socket, _) = connect_async(request).await.expect("it opens");
        let question = json!({"type": "question", "question": "Is it?"}).to_string();
        socket.send(Message::text(question)).await.expect("it is sent");
        let mut kinds = Vec::new();
        while kinds.last().is_none_or(|it| it != "answer") {
            let frame = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
            let Message::Text(frame) = frame.expect("in time").expect("open").expect("a frame") else { continue };
            let frame: Json = serde_json::from_str(&frame).expect("JSON");
            assert_ne!(frame["type"], "error", "{frame}");
            kinds.push(text(&frame["type"]));
        }
        assert_eq!(kinds[0], "connected");
    }
}
