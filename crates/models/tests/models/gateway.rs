//! What the tests of the gateway share: calls in every dialect, and what came back.

use std::sync::Arc;

use base::TenantId;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use models::{
    Settings,
    limit::Priority,
    relay::{Account, Asks, Body, Call, Welcome},
    settings::ProviderSettings,
};
use serde_json::{Value as Json, json};
use testkit::model::Script;

use crate::house::{House, settings};

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Got {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("a reply is text")
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes).expect("a reply is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// The `data:` of its events.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.text().lines().filter_map(|it| it.strip_prefix("data: ")).collect()
    }

    /// The words of a streamed answer of OpenAI's.
    pub(crate) fn words(&self) -> String {
        self.data()
            .into_iter()
            .filter_map(|it| serde_json::from_str::<Json>(it).ok())
            .filter_map(|it| it["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect()
    }
}

pub(crate) fn account() -> Account {
    Account {
        tenant: TenantId::DEFAULT,
        key: None,
        caller: Some("key_test".into()),
        operation: "chat".into(),
        task: None,
        job: None,
        priority: Priority::Normal,
    }
}

pub(crate) fn call(asks: Asks, body: impl ToString) -> Call {
    Call {
        asks,
        account: account(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
        request_id: Arc::from("req-1"),
        welcome: Welcome::without_end(),
    }
}

/// A question to `model`, as OpenAI's callers ask it.
pub(crate) fn chat(model: &str, words: &str) -> Call {
    let body = json!({"model": model, "messages": [{"role": "user", "content": words}]});
    call(Asks::Chat, body)
}

/// The same, in pieces.
pub(crate) fn stream(model: &str, words: &str) -> Call {
    let body =
        json!({"model": model, "stream": true, "messages": [{"role": "user", "content": words}]});
    call(Asks::Chat, body)
}

/// A question to `model`, as Anthropic's callers ask it.
pub(crate) fn messages(model: &str, words: &str, is_stream: bool) -> Call {
    let body = json!({"model": model, "max_tokens": 100, "stream": is_stream,
                      "messages": [{"role": "user", "content": words}]});
    call(Asks::Messages, body)
}

pub(crate) fn with_header(mut call: Call, name: &'static str, value: &'static str) -> Call {
    call.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    call
}

impl House {
    /// Relays a call and reads the reply to its end.
    pub(crate) async fn relay(&self, call: Call) -> Got {
        let reply = self.models.relay(call).await;
        let bytes = match reply.body {
            Body::Whole(bytes) => bytes,
            Body::Stream(stream) => stream.collect::<Vec<_>>().await.concat().into(),
        };
        Got { status: reply.status, headers: reply.headers, bytes }
    }
}

/// Settings with a provider of each name, all played by scripts; nobody waits long, and nothing is
/// kept for repetition.
pub(crate) fn providers(all: &[(&str, &Script)]) -> Settings {
    let mut made = settings("http://127.0.0.1:1");
    let usual = made.providers.shift_remove("local").expect("it is there");
    for (name, script) in all {
        let base_url = Some(script.address());
        made.providers.insert((*name).into(), ProviderSettings { base_url, ..usual.clone() });
    }
    made.priorities.balanced = Some(format!("{}/small", all[0].0));
    made.embedding = None;
    made.cache.enabled = false;
    made
}

/// A house whose provider `local` is played by a script.
pub(crate) async fn one(db: &testkit::Database) -> (House, Script) {
    let script = Script::start().await;
    let house = House::open(db, providers(&[("local", &script)])).await;
    (house, script)
}

/// A house with two providers, of which the second is asked when `first/small` does not answer.
pub(crate) async fn two(db: &testkit::Database) -> (House, Script, Script) {
    two_with(db, |_| ()).await
}

/// The same with other settings.
pub(crate) async fn two_with(
    db: &testkit::Database,
    change: impl FnOnce(&mut Settings),
) -> (House, Script, Script) {
    let (first, second) = (Script::start().await, Script::start().await);
    let mut settings = providers(&[("first", &first), ("second", &second)]);
    settings.fallbacks.insert("first/small".into(), vec!["second/large".into()]);
    change(&mut settings);
    let house = House::open(db, settings).await;
    (house, first, second)
}
