//! Models over HTTP, as official clients ask for them.

use std::time::{Duration, Instant};

use base::{Role, Scope};
use futures::StreamExt;
use identity::Reach;
use models::{relay::Asks, settings::ProviderSettings, usage::Filter};
use reqwest::{Method, header};
use serde_json::{Value as Json, json};
use server::Settings;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::{Asker, House, Pieces, read_until};

async fn house(db: &Database, settings: Settings) -> (House, Script) {
    let script = Script::start().await;
    let mut models = models::Settings::default();
    for name in ["local", "anthropic"] {
        let base_url = Some(script.address());
        models.providers.insert(name.into(), ProviderSettings { base_url, ..Default::default() });
    }
    models.priorities.balanced = Some("local/small".into());
    models.cache.enabled = false;
    (House::open_with_models(db, settings, models).await, script)
}

fn question(is_stream: bool) -> Json {
    json!({"model": "local/small", "stream": is_stream, "max_tokens": 50,
           "messages": [{"role": "user", "content": "Hello?"}]})
}

fn token(asker: &Asker) -> String {
    asker.token().expect("somebody with a key").to_owned()
}

async fn ledger(house: &House) -> Vec<models::usage::Entry> {
    house.app.models.close().await;
    let read = |db: &store::Db| {
        models::usage::list(db, &Filter::default(), &base::PageRequest::first(100))
    };
    let rows: Result<_, store::Error> = house.store.read(read).await;
    rows.expect("a ledger").items
}

/// Asks for an answer in pieces.
async fn asked(asker: &Asker, path: &str) -> Pieces {
    let request = asker.request(Method::POST, path).json(&question(true));
    request.send().await.expect("a stream").bytes_stream().boxed()
}

testkit::on_both! {
    async fn every_official_client_has_its_own_place_for_the_key(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("Hello").tokens(3, 1));
        let key = token(&house.key(&[Scope::UseModels]).await);
        for (name, value) in [
            ("authorization", format!("Bearer {key}")),
            ("x-api-key", key.clone()),
            ("x-goog-api-key", key.clone()),
        ] {
            let asker = house.nobody().header(name, value);
            let answer = asker.post("/llm/v1/chat/completions", question(false)).await;
            assert_eq!(answer.is(200)["choices"][0]["message"]["content"], "Hello", "{name}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("x-mainstay-provider"), Some("local"));
            assert!(answer.header("x-request-id").is_some());
        }
        let rows = ledger(&house).await;
        assert_eq!(rows.len(), 3);
        for row in rows {
            assert_eq!((row.tenant, row.operation.as_str()), (house.here, "chat"));
            assert!(row.key.is_some() && row.caller.as_deref().is_some_and(|it| it.starts_with("key_")));
        }
        assert_eq!(script.last_request().authorization, None, "the caller's key stays here");
    }

    async fn every_path_answers_in_its_dialect(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("Hello").tokens(3, 1));
        let asker = house.key(&[Scope::CallModels]).await;
        let body = json!({"model": "local/small", "input": "Hello?"});
        let answer = asker.post("/llm/v1/responses", body.clone()).await.is(200);
        assert_eq!(answer["output"][0]["content"][0]["text"], "Hello");
        let answer = asker.post("/llm/v1/embeddings", body).await.is(200);
        assert_eq!(answer["object"], "list");
        let answer = asker.post("/llm/anthropic/v1/messages", question(false)).await.is(200);
        assert_eq!(answer["content"][0]["text"], "Hello");
        let answer = asker.post("/llm/anthropic/v1/messages/count_tokens", question(false)).await.is(200);
        assert!(answer["input_tokens"].as_u64().is_some_and(|it| it > 0));
        let list = asker.get("/llm/v1/models").await.is(200);
        let ids: Vec<&str> = list["data"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
        assert!(ids.contains(&"local/scripted") && ids.contains(&"balanced"), "{ids:?}");
        assert_eq!(asker.get("/llm/v1/models/local/scripted").await.is(200)["owned_by"], "local");
        assert_eq!(asker.get("/llm/v1/models/nobody").await.is(404)["error"]["code"], "model_not_found");
        let operations: Vec<String> = ledger(&house).await.into_iter().map(|it| it.operation).collect();
        assert_eq!(operations, [Asks::Messages, Asks::Embeddings, Asks::Responses].map(|it| it.operation().to_owned()));
    }

    async fn refusals_of_the_house_are_in_the_callers_words_too(db: Database) {
        let (house, _script) = house(&db, Settings::default()).await;
        let nobody = house.nobody();
        let viewer = house.viewer().await;
        for (answer, status, kind) in [
            (nobody.post("/llm/v1/chat/completions", question(false)).await, 401, "authentication_error"),
            (nobody.header("x-api-key", "nonsense").post("/llm/v1/chat/completions", question(false)).await, 401, "authentication_error"),
            (viewer.post("/llm/v1/chat/completions", question(false)).await, 403, "permission_error"),
            (nobody.get("/llm/v1/nothing").await, 404, "invalid_request_error"),
            (nobody.get("/llm/v1/chat/completions").await, 405, "invalid_request_error"),
        ] {
            let body = answer.is(status);
            assert_eq!(body["error"]["type"], kind, "{body}");
            assert!(body["error"]["message"].is_string() && body.get("detail").is_none(), "{body}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for (answer, status, kind) in [
            (nobody.post("/llm/anthropic/v1/messages", question(false)).await, 401, "authentication_error"),
            (viewer.post("/llm/anthropic/v1/messages", question(false)).await, 403, "permission_error"),
            (nobody.get("/llm/anthropic/v1/nothing").await, 404, "not_found_error"),
            (nobody.get("/llm/anthropic/v1/messages").await, 405, "invalid_request_error"),
        ] {
            let body = answer.is(status);
            assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!(kind)), "{body}");
        }
        assert_eq!(nobody.get("/llm/v1/chat/completions").await.header("allow"), Some("POST, OPTIONS"));
    }

    async fn an_id_stands_where_each_dialects_clients_look_for_it(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("Hello").tokens(3, 1));
        let asker = house.key(&[Scope::UseModels]).await;
        for (answer, is_anthropics) in [
            (asker.post("/llm/v1/chat/completions", question(false)).await, false),
            (asker.post("/llm/anthropic/v1/messages", question(false)).await, true),
            (house.nobody().post("/llm/anthropic/v1/messages", question(false)).await, true),
        ] {
            let id = answer.header("x-request-id");
            assert!(id.is_some());
            assert_eq!(answer.header("request-id"), id.filter(|_| is_anthropics));
        }
    }

    async fn a_stream_comes_as_it_is_said_and_is_never_packed(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("one two three four five six seven eight").paced(Duration::from_millis(100)));
        let asker = house.key(&[Scope::UseModels]).await;
        let request = asker.request(Method::POST, "/llm/v1/chat/completions").json(&question(true));
        let response = request.header(header::ACCEPT_ENCODING, "gzip, br, zstd").send().await.expect("a stream");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(response.headers().get("content-encoding"), None);
        let mut pieces = response.bytes_stream();
        let first = pieces.next().await.expect("a piece").expect("a piece");
        let began = Instant::now();
        let rest: Vec<_> = pieces.collect().await;
        assert!(began.elapsed() > Duration::from_millis(300), "it was held back: {:?}", began.elapsed());
        assert!(rest.len() > 3, "{} pieces", rest.len());
        let text: Vec<u8> = std::iter::once(first).chain(rest.into_iter().flatten()).flatten().collect();
        assert!(text.ends_with(b"data: [DONE]\n\n"));
        assert_eq!(ledger(&house).await[0].outcome.name(), "ok");
    }

    async fn who_hangs_up_stops_the_provider(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("one two three ".repeat(20)).paced(Duration::from_millis(100)));
        let asker = house.key(&[Scope::UseModels]).await;
        let request = asker.request(Method::POST, "/llm/v1/chat/completions").json(&question(true));
        let mut pieces = request.send().await.expect("a stream").bytes_stream();
        pieces.next().await.expect("a piece").expect("a piece");
        drop(pieces);
        script.until_hung_up(1).await;
        let rows = ledger(&house).await;
        assert_eq!((rows[0].outcome.name(), rows[0].usage.estimated), ("abandoned", true));
    }

    async fn a_stream_of_a_model_ends_with_the_key_or_the_session_that_asked(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("one two three ".repeat(20)).paced(Duration::from_millis(100)));
        let (owner, other) = (house.owner().await, house.key(&[Scope::UseModels]).await);
        let new = json!({"tenant": house.here, "name": "theirs", "scopes": ["models"]});
        let made = owner.post("/api/keys", new).await.is(201);
        let key = house.with(made["secret"].as_str().expect("a secret"));
        let editor = house.editor().await;
        let mut going_on = asked(&other, "/llm/v1/chat/completions").await;
        for (asker, path, end) in [
            (&key, "/llm/v1/chat/completions", format!("/api/keys/{}", made["id"].as_str().expect("an id"))),
            (&editor, "/llm/anthropic/v1/messages", String::new()),
        ] {
            let mut pieces = asked(asker, path).await;
            read_until(&mut pieces, "two").await;
            match end.as_str() {
                "" => assert_eq!(asker.post("/api/auth/logout", json!({})).await.status, 204),
                key => assert_eq!(owner.delete(key).await.status, 204),
            }
            let told = read_until(&mut pieces, "session_ended").await;
            assert!(!told.contains("[DONE]") && !told.contains("message_stop"), "{told}");
            while let Some(Ok(piece)) = pieces.next().await {
                assert!(!piece.windows(5).any(|it| it == b"data:"), "that was the last");
            }
        }
        // Whose key goes on.
        let told = read_until(&mut going_on, "[DONE]").await;
        assert!(!told.contains("session_ended"), "{told}");
        script.until_hung_up(2).await;
        let mut outcomes: Vec<_> = ledger(&house).await.iter().map(|it| it.outcome.name()).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["abandoned", "abandoned", "ok"]);
    }

    async fn a_stream_of_a_model_ends_with_a_key_that_another_process_revoked(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("one two three ".repeat(20)).paced(Duration::from_millis(250)));
        let new = json!({"tenant": house.here, "name": "theirs", "scopes": ["models"]});
        let made = house.owner().await.post("/api/keys", new).await.is(201);
        let key = house.with(made["secret"].as_str().expect("a secret"));
        let mut pieces = asked(&key, "/llm/v1/chat/completions").await;
        read_until(&mut pieces, "two").await;
        let settings = identity::Settings::default();
        let elsewhere = identity::Identity::open(house.store.clone(), house.clock.clone(), settings).await.expect("another process");
        let id = made["id"].as_str().and_then(|it| it.parse().ok()).expect("an id");
        identity::key::revoke(&elsewhere, &identity::Caller::house(), id).await.expect("it is there");
        read_until(&mut pieces, "session_ended").await;
        assert_eq!(ledger(&house).await[0].outcome.name(), "abandoned");
    }

    async fn an_account_is_chosen_by_who_reaches_all(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("Hello").tokens(3, 1));
        let path = "/llm/v1/chat/completions";
        let owner = house.owner().await;
        owner.header("x-mainstay-tenant", house.there.to_string()).post(path, question(false)).await.is(200);
        owner.post(path, question(false)).await.is(200);
        let editor = house.signed_in(Role::Editor, Reach::Tenant(house.here)).await;
        let wished = editor.header("x-mainstay-operation", "drafting").header("x-mainstay-task", "advice");
        wished.header("x-mainstay-priority", "high").post(path, question(false)).await.is(200);
        let other = editor.header("x-mainstay-tenant", house.there.to_string());
        other.post(path, question(false)).await.is(403);
        editor.header("x-mainstay-priority", "urgent").post(path, question(false)).await.is(422);
        let rows = ledger(&house).await;
        let tenants: Vec<_> = rows.iter().rev().map(|it| it.tenant).collect();
        assert_eq!(tenants, [house.there, base::TenantId::DEFAULT, house.here]);
        assert_eq!((rows[0].operation.as_str(), rows[0].task.as_deref()), ("drafting", Some("advice")));
    }

    async fn what_a_caller_says_of_itself_is_no_way_around_others(db: Database) {
        let (house, script) = house(&db, Settings::default()).await;
        script.always(|_| Reply::text("Hello").tokens(3, 1));
        let path = "/llm/v1/chat/completions";
        let editor = house.signed_in(Role::Editor, Reach::Tenant(house.here)).await;
        let admin = house.signed_in(Role::Admin, Reach::Tenant(house.here)).await;
        let owner = house.owner().await;
        // Only who manages the models of all tenants comes before others; all may come after them.
        for asker in [&editor, &admin, &owner] {
            for wish in ["high", "low"] {
                asker.header("x-mainstay-priority", wish).post(path, question(false)).await.is(200);
            }
        }
        // A task that nobody declares is what the call is for, and no task.
        editor.header("x-mainstay-task", "letters").post(path, question(false)).await.is(200);
        editor.header("x-mainstay-task", "coding").post(path, question(false)).await.is(200);
        let mut rows = ledger(&house).await;
        rows.reverse();
        let turns: Vec<_> = rows.iter().filter_map(|it| it.priority).map(|it| it.name()).collect();
        assert_eq!(turns, ["normal", "low", "normal", "low", "high", "low", "normal", "normal"]);
        let told = |at: usize| (rows[at].operation.as_str(), rows[at].task.as_deref());
        assert_eq!([told(0), told(6), told(7)], [("chat", None), ("letters", None), ("chat", Some("coding"))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_take_longer_than_other_requests_may() {
    testkit::install_tls();
    let db = Database::sqlite();
    let (house, script) = house(&db, Settings { time_limit_s: 1, ..Settings::default() }).await;
    script.answers(Reply::text("Hello").delayed(Duration::from_millis(1_800)));
    let asker = house.key(&[Scope::UseModels]).await;
    asker.post("/llm/v1/chat/completions", question(false)).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_in_the_callers_words() {
    testkit::install_tls();
    let db = Database::sqlite();
    let script = Script::start().await;
    let mut models = models::Settings::default();
    models.relay.request_bytes_max = 200_000;
    let house = House::open_with_models(&db, Settings::default(), models).await;
    drop(script);
    let asker = house.key(&[Scope::UseModels]).await;
    let mut large = question(false);
    large["messages"][0]["content"] = "x".repeat(300_000).into();
    let body = asker.post("/llm/v1/chat/completions", large.clone()).await.is(413);
    assert_eq!(body["error"]["code"], "body_too_large");
    let body = asker.post("/llm/anthropic/v1/messages", large).await.is(413);
    assert_eq!(body["error"]["type"], "request_too_large");
}

/// Nagle's algorithm and delayed acknowledgements together make pieces wait for 40 ms.
#[tokio::test(flavor = "multi_thread")]
async fn pieces_of_an_answer_do_not_wait_for_each_other_on_the_way_to_the_caller() {
    let db = Database::sqlite();
    let (house, script) = house(&db, Settings::default()).await;
    script.always(|_| Reply::text("one two"));
    let key = house.key(&[Scope::UseModels]).await;
    key.post("/llm/v1/chat/completions", question(true)).await;
    let address = house.url.trim_start_matches("http://").parse().unwrap();
    let accepted = testkit::sockets::accepted_at(address);
    assert!(!accepted.is_empty(), "connections are kept");
    assert!(accepted.iter().all(|it| it.nodelay), "{accepted:?}");
    let to_provider = testkit::sockets::connected_to(script.socket());
    assert!(to_provider.iter().all(|it| it.nodelay), "{to_provider:?}");
}
