//! No key, question or answer comes into a log, a metric, an error, a journal or a `Debug`.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use super::KINDS;
use crate::{
    gateway::{call, chat, messages, providers, stream, with_header},
    house::{House, ask},
};
use base::Secret;
use jiff::SignedDuration;
use models::{ledger::Bounds, relay::Asks};
use serde_json::json;
use testkit::model::{Reply, Script};
use tracing_subscriber::fmt::MakeWriter;

const KEY: &str = "sk-proj-canarykey0123456789abcdef";
const CALLERS_KEY: &str = "ms_canarycaller0123456789abcdef";
const QUESTION: &str = "canaryquestion";
const ANSWER: &str = "canaryanswer";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Errors that say again what they were told: the key, the question.
fn quoting(status: u16) -> Reply {
    let words = format!("Incorrect key {KEY}; your question was {QUESTION}");
    let body = json!({"type": "error", "error": {"message": words, "type": "server_error", "code": status}});
    Reply::body(status, body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_keys_nor_questions_nor_answers_are_found_in_anything_that_is_written() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&KINDS.map(|it| (it, &script)));
    settings.cache.enabled = true;
    settings.priorities.balanced = Some("openai/small".into());
    settings.retry.times = 1;
    settings.budgets = super::budgets(1.0);
    settings.breaker.failures = 9;
    for provider in settings.providers.values_mut() {
        provider.api_key = Some(Secret::new(KEY.into()));
        provider.timeout = SignedDuration::from_millis(300);
        provider.first_byte_timeout = SignedDuration::from_millis(300);
        provider.stall_timeout = SignedDuration::from_millis(100);
    }
    let shown = format!("{settings:?}");
    let house = House::open(&db, settings).await;
    let folder = tempfile::tempdir().unwrap();
    house.models.keep_journal(folder.path(), Bounds::default()).await.unwrap();

    // Only what the house says itself: a caller is told what the provider said, but for keys.
    let mut told = String::new();
    let mut own = String::new();
    let mut asked = 0;
    for kind in KINDS {
        let model = format!("{kind}/m");
        for reply in [
            Reply::text(ANSWER),
            quoting(500),
            quoting(429),
            quoting(401),
            quoting(400),
            quoting(200),
            Reply::hang_up(),
            Reply::hang(),
            Reply::body(200, format!("<html>{QUESTION} {KEY}</html>")),
            Reply::text(format!("{ANSWER} {ANSWER} {ANSWER}")).cut_after(4),
            Reply::text(format!("{ANSWER} {ANSWER} {ANSWER}")).fails_after(4),
            Reply::text(format!("{ANSWER} {ANSWER} {ANSWER}")).breaks_after(4),
            Reply::text(format!("{ANSWER} {ANSWER} {ANSWER}")).stalls_after(4),
            Reply::text(ANSWER).cut_after(0),
        ] {
            script.always(move |_| reply.clone());
            // The same again would be answered from the cache.
            asked += 1;
            let question = format!("{QUESTION} {asked}");
            let embeddings = json!({"model": model, "input": question});
            for call in [
                chat(&model, &question),
                stream(&model, &question),
                messages(&model, &question, true),
                call(Asks::Embeddings, embeddings),
                call(Asks::Chat, format!("{{\"model\": \"{model}\", \"messages\": {QUESTION}")),
                call(
                    Asks::Chat,
                    json!({"model": model, "messages": [{"role": "user", "content": {"text": QUESTION}}], "n": QUESTION}),
                ),
            ] {
                let call =
                    with_header(call, "authorization", "Bearer ms_canarycaller0123456789abcdef");
                let call = with_header(call, "cookie", "session=ms_canarycaller0123456789abcdef");
                own.push_str(&format!("{:?}", call.account));
                let got = house.relay(call).await;
                told.push_str(&format!("{} {:?}\n", got.text(), got.headers));
            }
        }
    }
    let error = house.models.complete(ask(QUESTION)).await;
    own.push_str(&format!("{:?}", error.map(|it| it.usage)));
    own.push_str(&base::metric::exposition());
    own.push_str(&shown);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        own.push_str(&String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()));
    }
    own.push_str(&format!("{:?}", house.ledger().await));
    told.push_str(&format!("{:?}", house.models.health()));
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("An attempt at model provider"), "something was logged");
    for canary in [KEY, "canarykey", CALLERS_KEY, "canarycaller", QUESTION, ANSWER] {
        for (place, text) in [("the log", &logged), ("what is kept", &own)] {
            let found = text
                .find(canary)
                .map(|at| text[at.saturating_sub(300)..(at + 50).min(text.len())].to_owned());
            assert_eq!(found, None, "{canary} in {place}");
        }
    }
    for canary in [KEY, "canarykey", CALLERS_KEY, "canarycaller"] {
        assert!(!told.contains(canary), "{canary} was told");
    }
}
