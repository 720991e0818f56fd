//! Log lines through the real layer: their shape, and that no secret gets through.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use base::Clock;
use jiff::SignedDuration;
use observe::{
    Tail,
    logs::{self, Format, Options},
    tail::Query,
};
use serde_json::{Value as Json, json};
use tracing::{Level, debug, error, info, info_span, trace, warn};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

struct Logged {
    text: String,
    tail: Tail,
}

impl Logged {
    fn lines(&self) -> Vec<Json> {
        self.text.lines().map(|it| serde_json::from_str(it).expect("a JSON line")).collect()
    }

    fn line(&self) -> Json {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{}", self.text);
        lines.remove(0)
    }
}

fn logged(format: Format, levels: &str, act: impl FnOnce()) -> Logged {
    let clock = Clock::by_hand("2026-11-21T08:00:00.123456Z".parse().unwrap());
    let (sink, tail) = (Sink::default(), Tail::default());
    let options = Options { service: "codebook".into(), format, levels: levels.into() };
    let subscriber = logs::subscriber(&options, sink.clone(), clock, tail.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    Logged { text, tail }
}

#[test]
fn a_line_has_the_promised_shape() {
    let line = logged(Format::Json, "info", || {
        info!(endpoint = "/v1/clients", latency_ms = 12, status_code = 200, "Answered a request");
    })
    .line();
    assert_eq!(
        line,
        json!({
            "timestamp": "2026-11-21T08:00:00.123Z",
            "level": "INFO",
            "message": "Answered a request",
            "service": "codebook",
            "target": "logs",
            "request_id": null,
            "client_id": null,
            "user_id": null,
            "context": {"endpoint": "/v1/clients", "latency_ms": 12, "status_code": 200},
        })
    );
}

#[test]
fn ids_come_from_any_span_around_and_the_innermost_holds() {
    let line = logged(Format::Json, "info", || {
        let request = info_span!(
            "request",
            request_id = "r-1",
            tenant.id = "outer",
            user.id = tracing::field::Empty
        );
        let _request = request.enter();
        request.record("user.id", "usr_1");
        let _inner = info_span!("inner", tenant.id = "inner", step = 3).entered();
        warn!(tries = 2, "Tried again");
    })
    .line();
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["client_id"], "inner");
    assert_eq!(line["user_id"], "usr_1");
    assert_eq!(line["context"], json!({"step": 3, "tries": 2}));
}

#[test]
fn levels_choose_lines_by_module_too() {
    let act = || {
        debug!("no");
        info!("no");
        debug!(target: "work::queue", "yes");
        error!("yes");
        trace!(target: "work", "no");
        info!(target: "hyper::client", "no");
    };
    let lines = logged(Format::Json, "warn,work=debug", act).lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|it| it["message"] == "yes"));
}

#[test]
fn a_word_that_is_no_level_is_refused() {
    let clock = Clock::by_hand("2026-11-21T08:00:00Z".parse().unwrap());
    for levels in ["loud", "", "info,work=loud", "infos"] {
        let options = Options { service: "s".into(), format: Format::Json, levels: levels.into() };
        let made = logs::subscriber(&options, io::sink, clock.clone(), Tail::default());
        assert!(made.is_err(), "{levels}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot connect to postgres://app:{0}@db/main")]
struct Outer(String, #[source] io::Error);

/// Secrets that must come out nowhere, however they went in.
const CANARIES: [&str; 8] = [
    "ck_live_CANARYa1b2c3d4e5f6g7h8i9j0k1l2m3",
    "sk-CANARYabcdefghijklmnop",
    "gsk_CANARYabcdefghijklmnop",
    "hf_CANARYabcdefghijklmnopq",
    "whsec_CANARYabcdefghijkl",
    "eyJCANARYhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
    "canary.person@example.com",
    "CANARYhunter2",
];

fn log_canaries_everywhere() {
    for canary in CANARIES.iter().filter(|it| **it != "CANARYhunter2") {
        info!("The message holds {canary} in a sentence");
        info!(detail = canary, "A text field");
        info!(detail = ?Some(canary), "A debug field");
        info!(detail = %format!("x={canary};"), "A display field");
        let span = info_span!("request", address = canary);
        let _entered = span.enter();
        info!("A line within a span");
        let long = format!("{} {canary}", "a ".repeat(995));
        info!(long, "A secret across the cut");
    }
    let hidden = "CANARYhunter2";
    info!(password = hidden, "A field with the name of a secret");
    info!(user.password = hidden, api_key = ?hidden, "Dotted and debug fields");
    info!(http.authorization = format!("Bearer {hidden}"), "A header");
    info!("password={hidden} in a sentence, token: {hidden}");
    info!(body = format!(r#"{{"client_secret": "{hidden}", "refresh_token":"{hidden}"}}"#), "JSON");
    let span = info_span!("login", password = hidden, token = tracing::field::Empty);
    span.record("token", hidden);
    let _entered = span.enter();
    let cause = Outer(hidden.into(), io::Error::other(format!("Bearer {hidden}")));
    info!(error = &cause as &dyn std::error::Error, "An error with a cause");
}

#[test]
fn no_secret_gets_through_in_either_format_or_in_the_tail() {
    for format in [Format::Json, Format::Human { coloured: false }] {
        let logged = logged(format, "trace", log_canaries_everywhere);
        assert!(logged.text.lines().count() > 40, "{}", logged.text);
        for line in logged.text.lines() {
            let is_prefix_only = line.replace("ck_live_CANA…", "");
            assert!(!is_prefix_only.contains("CANA"), "{line}");
            assert!(!is_prefix_only.contains("canary.person"), "{line}");
        }
        let tail =
            serde_json::to_string(&logged.tail.find(&Query { limit: 1000, ..Query::default() }));
        assert!(!tail.unwrap().replace("ck_live_CANA…", "").contains("CANA"));
    }
}

#[test]
fn numbers_named_tokens_are_counts_and_stay() {
    let line =
        logged(Format::Json, "info", || info!(tokens_in = 12, model.tokens = 3_u128, "Used"));
    assert_eq!(line.line()["context"], json!({"tokens_in": 12, "model.tokens": 3}));
}

#[test]
fn a_long_text_is_cut() {
    let line = logged(Format::Json, "info", || info!(text = "word ".repeat(10_000), "Long")).line();
    let text = line["context"]["text"].as_str().unwrap();
    assert!(text.chars().count() < 2_050 && text.ends_with("… (50000 bytes)"), "{text}");
}

#[test]
fn a_text_with_line_ends_stays_one_line() {
    let sneaky = "x\n{\"level\":\"INFO\"}\u{1b}[2J";
    for format in [Format::Json, Format::Human { coloured: false }] {
        let logged = logged(format, "info", || info!(text = sneaky, "A {sneaky}"));
        assert_eq!(logged.text.lines().count(), 1, "{}", logged.text);
        assert!(!logged.text.contains('\u{1b}'));
    }
}

#[test]
fn a_line_for_people_is_readable() {
    let text = logged(Format::Human { coloured: false }, "info", || {
        let _span = info_span!("request", request_id = "r-1").entered();
        warn!(queue.depth = 120, kind = "two words", "The queue is long");
    })
    .text;
    assert_eq!(
        text,
        "08:00:00.123 WARN  The queue is long queue.depth=120 kind=\"two words\" request_id=r-1\n"
    );
}

#[test]
fn the_tail_is_searched_by_level_and_text() {
    let tail = logged(Format::Human { coloured: true }, "info", || {
        info!("Started");
        warn!(provider = "groq", "Slow");
        error!("Stopped");
    })
    .tail;
    let found = tail.find(&Query { level: Level::WARN, ..Query::default() });
    let messages: Vec<_> = found.iter().map(|it| &it.line["message"]).collect();
    assert_eq!(messages, ["Slow", "Stopped"]);
    let found = tail.find(&Query { text: Some("GROQ".into()), ..Query::default() });
    assert_eq!(found.len(), 1);
}

#[test]
fn lines_follow_the_clock() {
    let clock = Clock::by_hand("2026-11-21T08:00:00Z".parse().unwrap());
    let sink = Sink::default();
    let options = Options { service: "s".into(), format: Format::Json, levels: "info".into() };
    let subscriber =
        logs::subscriber(&options, sink.clone(), clock.clone(), Tail::default()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        clock.advance(SignedDuration::from_millis(1_500));
        info!("Later");
    });
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(text.starts_with(r#"{"timestamp":"2026-11-21T08:00:01.500Z""#), "{text}");
}
