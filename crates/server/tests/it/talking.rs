//! Asking assistants over a WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use testkit::{Database, model::Reply};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{
        Bytes, Error, Message,
        client::IntoClientRequest,
        handshake::client::Request,
        http::HeaderValue,
        protocol::{
            CloseFrame,
            frame::{
                Frame, FrameHeader,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

use crate::{
    asking::{QUESTION, house, long, manual, paced},
    house::{Asker, House},
};

testkit::on_both! {
    async fn a_socket_speaks_the_frames_of_the_description(db: Database) {
        let (house, script) = house(&db).await;
        manual(&house).await;
        script.answers(Reply::text("Every four weeks [1]. Use the fluid."));
        script.always(|_| Reply::text("Probes"));
        let editor = house.editor().await;
        let mut socket = Socket::open(&house, &editor).await;
        assert_eq!(socket.hears().await["type"], "connected");
        for (said, kind, words) in [
            ("{", "error", "Invalid JSON format"),
            (r#"{"type": "question", "question": ""}"#, "error", "Question is required"),
            (r#"{"type": "dance"}"#, "error", "dance"),
            (r#"{"type": "cancel"}"#, "error", "nothing to cancel"),
            (r#"{"type": "ping"}"#, "pong", ""),
        ] {
            socket.says(said).await;
            let frame = socket.hears().await;
            assert_eq!(frame["type"], kind, "{said}: {frame}");
            assert!(frame["timestamp"].is_string(), "{frame}");
            assert!(frame["message"].as_str().unwrap_or_default().contains(words), "{frame}");
        }
        socket.says(&json!({"type": "question", "question": QUESTION}).to_string()).await;
        let frames = socket.hears_until("answer").await;
        let mut kinds: Vec<&str> = frames.iter().filter_map(|it| it["type"].as_str()).collect();
        kinds.dedup();
        assert_eq!(kinds, ["processing_update", "citations", "processing_update", "token", "answer"]);
        let progress: Vec<u64> = frames.iter().filter_map(|it| it["progress"].as_u64()).collect();
        assert!(progress.is_sorted() && progress.iter().all(|it| *it <= 100), "{progress:?}");
        let tokens: String = frames.iter().filter(|it| it["type"] == "token").filter_map(|it| it["content"].as_str()).collect();
        let answer = frames.last().expect("an answer");
        assert_eq!((&answer["answer"], tokens.as_str()), (&json!(tokens), "Every four weeks [1]. Use the fluid."));
        assert_eq!(answer["citations"][0]["title"], "Manual");
        assert!(answer["confidence"].is_number() && answer["usage"]["total_tokens"].is_number(), "{answer}");

        // The title of the chat is asked for beside all that.
        while script.requests().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Another question in the same chat, stopped in the middle.
        script.answers(paced(2_000));
        socket.says(&json!({"type": "question", "question": "Count.", "chat_id": answer["chat_id"]}).to_string()).await;
        socket.hears_until("token").await;
        socket.says(&json!({"type": "question", "question": "More?"}).to_string()).await;
        let refused = socket.hears_until("error").await;
        assert!(refused.last().is_some_and(|it| it["message"].as_str().is_some_and(|it| it.contains("cancel"))));
        socket.says(r#"{"type": "cancel"}"#).await;
        let stopped = socket.hears_until("error").await;
        assert_eq!(stopped.last().map(|it| it["code"].clone()), Some(json!("cancelled")));
    }

    async fn a_socket_that_was_lost_goes_on_on_another_one(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(paced(120));
        script.always(|_| Reply::text("Words"));
        let editor = house.editor().await;
        let mut socket = Socket::open(&house, &editor).await;
        socket.says(&json!({"type": "question", "question": "Count."}).to_string()).await;
        let mut heard = Vec::new();
        for _ in 0..5 {
            heard.extend(socket.hears_until("token").await);
        }
        drop(socket);
        let last = heard.last().expect("a token")["id"].clone();
        let mut socket = Socket::open(&house, &editor).await;
        socket.says(&json!({"type": "resume", "last_event_id": last}).to_string()).await;
        heard.extend(socket.hears_until("answer").await);
        let tokens: String = heard.iter().filter(|it| it["type"] == "token").filter_map(|it| it["content"].as_str()).collect();
        assert_eq!(tokens, long(120));
        assert_eq!(heard.last().expect("an answer")["answer"], tokens.as_str());
    }

    async fn a_socket_is_for_those_who_may_and_for_pages_of_this_server(db: Database) {
        let (house, _script) = house(&db).await;
        let editor = house.editor().await;
        assert_eq!(Socket::refused(&house, None, None).await, 401);
        assert_eq!(Socket::refused(&house, editor.token(), Some("https://evil.example")).await, 403);
        let key = house.key(&[base::Scope::Read]).await;
        assert_eq!(Socket::refused(&house, key.token(), None).await, 403);
        editor.get("/ws").await.refused(426, "upgrade_required");
    }

    async fn who_breaks_the_rules_of_sockets_hears_which_and_others_talk_on(db: Database) {
        let (house, _script) = house(&db).await;
        let editor = house.editor().await;
        let mut other = Socket::open(&house, &editor).await;
        assert_eq!(other.hears().await["type"], "connected");
        let text = OpCode::Data(Data::Text);
        let reserved = FrameHeader { rsv1: true, opcode: text, ..FrameHeader::default() };
        for (frame, code) in [
            (Frame::from_payload(reserved, Bytes::from_static(b"{}")), CloseCode::Protocol),
            (Frame::ping(vec![b'a'; 126]), CloseCode::Protocol),
            (Frame::message(vec![0xff_u8, 0xfe], text, true), CloseCode::Invalid),
            (Frame::message(vec![b' '; 2 << 20], text, true), CloseCode::Size),
        ] {
            let mut socket = Socket::open(&house, &editor).await;
            socket.tries(Message::Frame(frame)).await;
            assert_eq!(socket.hears_the_end().await, Some(code));
            other.says(r#"{"type": "ping"}"#).await;
            assert_eq!(other.hears().await["type"], "pong");
        }
    }

    async fn who_leaves_is_let_go_with_a_word(db: Database) {
        let (house, _script) = house(&db).await;
        let editor = house.editor().await;
        let mut socket = Socket::open(&house, &editor).await;
        let leaving = CloseFrame { code: CloseCode::Away, reason: "another page".into() };
        socket.tries(Message::Close(Some(leaving))).await;
        assert_eq!(socket.hears_the_end().await, Some(CloseCode::Away));
    }

    async fn a_socket_ends_with_the_session_that_opened_it_also_while_it_is_answered(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| paced(2_000));
        let (editor, other) = (house.editor().await, house.editor().await);
        let mut idle = Socket::open(&house, &editor).await;
        assert_eq!(idle.hears().await["type"], "connected");
        let mut busy = Socket::open(&house, &editor).await;
        busy.says(&json!({"type": "question", "question": "Count."}).to_string()).await;
        busy.hears_until("token").await;
        let mut others = Socket::open(&house, &other).await;
        assert_eq!(others.hears().await["type"], "connected");

        assert_eq!(editor.post("/api/auth/logout", json!({})).await.status, 204);
        for socket in [&mut idle, &mut busy] {
            assert_eq!(socket.hears_the_end().await, Some(CloseCode::Policy));
        }
        others.says(r#"{"type": "ping"}"#).await;
        assert_eq!(others.hears().await["type"], "pong", "whose session goes on");
    }

    async fn a_socket_ends_when_another_process_ends_its_session(db: Database) {
        let (house, _script) = house(&db).await;
        let mut socket = Socket::open(&house, &house.editor().await).await;
        assert_eq!(socket.hears().await["type"], "connected");
        let end = |tx: &store::Tx| {
            let sql = "UPDATE sessions SET ended_at = created_at, end_reason = 'revoked'";
            tx.execute(sql, &store::params![])
        };
        house.store.bookkeep("an end elsewhere", end).await.expect("it is written");
        // What was found good counts so long.
        house.clock.advance(jiff::SignedDuration::from_secs(2));
        assert_eq!(socket.hears_the_end().await, Some(CloseCode::Policy));
    }

    async fn a_socket_ends_with_the_key_that_opened_it(db: Database) {
        let (house, _script) = house(&db).await;
        let key = house.key(&[base::Scope::CallModels]).await;
        let mut socket = Socket::open(&house, &key).await;
        assert_eq!(socket.hears().await["type"], "connected");
        let owner = house.owner().await;
        let keys = owner.get(&format!("/api/keys?tenant={}", house.here)).await.is(200);
        let id = keys["items"][0]["id"].as_str().expect("the key").to_owned();
        assert!(owner.delete(&format!("/api/keys/{id}")).await.status.is_success());
        assert_eq!(socket.hears_the_end().await, Some(CloseCode::Policy));
    }

    async fn who_does_not_read_is_not_waited_for(db: Database) {
        let (house, script) = house(&db).await;
        script.answers(Reply::text(format!("{} ", "a".repeat(5_000)).repeat(60)));
        script.always(|_| Reply::text("Words"));
        let editor = house.editor().await;
        let mut socket = Socket::open(&house, &editor).await;
        socket.says(&json!({"type": "question", "question": "Tell all."}).to_string()).await;
        let heard = socket.hears_until("answer").await;
        let run = heard.last().and_then(|it| it["run"].as_str()).expect("an answer");
        drop(socket);
        let mut deaf = Socket::narrow(&house, &editor).await;
        let resume = json!({"type": "resume", "last_event_id": format!("{run}:0")}).to_string();
        for _ in 0..40 {
            deaf.says(&resume).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for _ in 0..600 {
            if house.app.changes.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(house.app.changes.is_empty(), "the server still waits for it");
        drop(deaf);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_on_which_nothing_is_said_for_a_while_is_kept_alive() {
    testkit::install_tls();
    let db = Database::sqlite();
    let (house, script) = house(&db).await;
    // The model thinks for longer than two beats are apart.
    script.answers(Reply::text("Every four weeks.").delayed(Duration::from_secs(17)));
    script.always(|_| Reply::text("Probes"));
    let mut socket = Socket::open(&house, &house.editor().await).await;
    assert_eq!(socket.hears().await["type"], "connected");
    socket.says(&json!({"type": "question", "question": QUESTION}).to_string()).await;
    let listening = async {
        let mut beats = 0;
        loop {
            match socket.0.next().await.expect("it is open").expect("a frame") {
                Message::Ping(_) => beats += 1,
                Message::Text(text) if text.contains("\"token\"") => return beats,
                Message::Close(frame) => panic!("it is closed: {frame:?}"),
                _ => {}
            }
        }
    };
    let beats = tokio::time::timeout(Duration::from_secs(60), listening).await;
    assert!(beats.expect("the model speaks in the end") >= 1, "nothing was said meanwhile");
}
/// A WebSocket as a browser opens it.
struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(house: &House, asker: &Asker) -> Self {
        match Self::connect(house, asker.token(), None).await {
            Ok(socket) => socket,
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// One that takes hardly anything that is not read.
    async fn narrow(house: &House, asker: &Asker) -> Self {
        let address = house.url.trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let stream = socket.connect(address).await.expect("the server answers");
        let request = Self::request(house, asker.token(), None);
        let stream = MaybeTlsStream::Plain(stream);
        let (socket, _) = client_async(request, stream).await.expect("a WebSocket");
        Self(socket)
    }

    /// The status of a refusal.
    async fn refused(house: &House, token: Option<&str>, origin: Option<&str>) -> u16 {
        match Self::connect(house, token, origin).await {
            Ok(_) => panic!("this must be refused"),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("not refused, but broken: {error}"),
        }
    }

    async fn connect(
        house: &House,
        token: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, Error> {
        let (socket, response) = connect_async(Self::request(house, token, origin)).await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], "mainstay");
        Ok(Self(socket))
    }

    fn request(house: &House, token: Option<&str>, origin: Option<&str>) -> Request {
        let address = format!("{}/ws?tenant={}", house.url.replace("http://", "ws://"), house.here);
        let mut request = address.into_client_request().expect("a request");
        let mut header = |name: &'static str, value: String| {
            let value = HeaderValue::from_str(&value).expect("a header");
            request.headers_mut().insert(name, value);
        };
        if let Some(token) = token {
            header("sec-websocket-protocol", format!("mainstay, bearer.{token}"));
        }
        if let Some(origin) = origin {
            header("origin", origin.to_owned());
        }
        request
    }

    async fn says(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("it is sent");
    }

    /// Sends what the server need not take to its end.
    async fn tries(&mut self, message: Message) {
        let sending = self.0.send(message);
        // Cut off in the middle is as good as taken: what counts is what is heard then.
        let _ = tokio::time::timeout(Duration::from_secs(30), sending).await.expect("in time");
    }

    /// The code with which the server ends it; none where it says nothing.
    async fn hears_the_end(&mut self) -> Option<CloseCode> {
        let ending = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|it| it.code),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ending).await.expect("an end in time")
    }

    /// The next frame with words in it.
    async fn hears(&mut self) -> Json {
        let hearing = async {
            loop {
                match self.0.next().await.expect("it is open").expect("a frame") {
                    Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                    Message::Close(frame) => panic!("it is closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), hearing).await.expect("a frame in time")
    }

    /// All frames up to the first of this kind.
    async fn hears_until(&mut self, kind: &str) -> Vec<Json> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.hears().await);
            if heard.last().is_some_and(|it| it["type"] == kind) {
                return heard;
            }
        }
    }
}
