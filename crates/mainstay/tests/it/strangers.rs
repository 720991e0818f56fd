//! Keys, tokens, other people's clients, and too many requests.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::Database;
use tokio::task::JoinSet;

use crate::place::{EMAIL, PASSWORD, Place, list, text};

const SECRET: &str = "a-secret-for-tokens-that-is-long-enough";

testkit::on_both! {
    async fn nobody_reaches_another_clients_things(db: Database) {
        let place = Place::on(&db).without_limits();
        let (server, admin, mine) = place.begun().await;
        let (book, version) = admin.codebook(&mine, "Pipes", &crate::place::sample()).await;
        let rule = text(&admin.get(&format!("/v1/clients/{mine}/rules")).await.is(200)["data"][0]["id"]);
        let advice = admin.get(&format!("/v1/codebook-versions/{version}/recommendations")).await.is(200);
        let advice = text(&advice["data"][0]["id"]);
        let job = text(&admin.get(&format!("/v1/clients/{mine}/jobs")).await.is(200)["data"][0]["id"]);
        let hook = json!({"url": "https://hooks.example.com/x", "events": ["job.failed"]});
        let hook = text(&admin.post(&format!("/v1/clients/{mine}/webhooks"), &hook).await.is(201)["data"]["id"]);
        let key = admin.post(&format!("/v1/clients/{mine}/api-keys"), &json!({"name": "k", "scopes": ["read"]})).await;
        let key = text(&key.is(201)["data"]["id"]);
        let all_of_it = async || {
            let told = admin.get(&format!("/v1/clients/{mine}/export")).await.text();
            let moment = regex::Regex::new(r#""exported_at": ?"[^"]*""#).unwrap();
            moment.replace(&told, "").into_owned()
        };
        let before = all_of_it().await;

        let other = admin.client("Other").await;
        let all = json!({"name": "k", "scopes": ["read", "write", "admin"]});
        let made = admin.post(&format!("/v1/clients/{other}/api-keys"), &all).await.is(201);
        let stranger = server.with(&text(&made["data"]["key"]));
        stranger.get(&format!("/v1/clients/{other}/codebooks")).await.is(200);

        let described = server.nobody().get("/openapi.json").await.is(200);
        let mut walked = 0;
        for (path, methods) in described["paths"].as_object().unwrap().iter().filter(|it| it.0.starts_with("/v1/")) {
            let filled = path
                .replace("{client_id}", &mine).replace("{codebook_id}", &book).replace("{version_id}", &version)
                .replace("{other_id}", &version).replace("{rule_id}", &rule).replace("{recommendation_id}", &advice)
                .replace("{job_id}", &job).replace("{webhook_id}", &hook).replace("{key_id}", &key);
            assert!(!filled.contains('{'), "{filled}");
            for method in methods.as_object().unwrap().keys().filter(|it| *it != "parameters") {
                let method: Method = method.to_uppercase().parse().unwrap();
                let shown = format!("{method} {path}");
                let body = (!matches!(method, Method::GET | Method::DELETE)).then(|| body_for(path, &advice));
                let nobody = server.nobody().ask(method.clone(), &filled, body.as_ref()).await;
                if path.starts_with("/v1/auth/") {
                    continue;
                }
                assert_eq!(nobody.status, 401, "{shown} answers nobody: {}", nobody.text());
                assert!(matches!(nobody.json()["error"]["code"].as_u64(), Some(1001..=1005)), "{shown}: {}", nobody.text());
                walked += 1;
                let answer = stranger.ask(method, &filled, body.as_ref()).await;
                if !filled.contains(&mine) && filled == *path {
                    // Not about one client's things: the answer may only speak of what the stranger owns.
                    assert!(!answer.text().contains(&mine) && !answer.text().contains(&book), "{shown}: {}", answer.text());
                    if path.ends_with("batch-action") {
                        assert!(answer.status >= 400 || answer.json()["data"]["accepted"] == 0, "{shown}: {}", answer.text());
                    }
                    continue;
                }
                assert!(matches!(answer.status, 403 | 404), "{shown} answers a stranger with {}: {}", answer.status, answer.text());
                assert!(!answer.text().contains("DIP"), "{shown}: {}", answer.text());
            }
        }
        assert!(walked > 45, "only {walked} routes were walked");
        assert!(all_of_it().await == before, "a stranger changed something");
    }

    async fn a_key_that_is_bad_is_told_how(db: Database) {
        let place = Place::on(&db);
        let (server, admin, client) = place.begun().await;
        let path = format!("/v1/clients/{client}/codebooks");
        server.nobody().get(&path).await.refused(401, 1001);
        let made = |name: &str, more: Json| {
            let mut asked = json!({"name": name, "scopes": ["read"]});
            asked.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            asked
        };
        let keys = format!("/v1/clients/{client}/api-keys");
        let good = admin.post(&keys, &made("good", json!({}))).await.is(201);
        let secret = text(&good["data"]["key"]);
        server.with(&secret).get(&path).await.is(200);
        let mut twisted = secret.clone();
        let last = twisted.pop().unwrap();
        twisted.push(if last == 'a' { 'b' } else { 'a' });
        for bad in ["ck_live_short", "ck_live_", "ck_wild_0000000000000000000000000000000000000000000", &twisted, &secret.replace("live", "test"), &format!("{secret}x")] {
            server.with(bad).get(&path).await.refused(401, 1002);
        }
        for header in ["Basic abc", "Bearer", "Bearer ", "bearer\u{a0}x"] {
            let answer = server.nobody().request(Method::GET, &path).header("authorization", header).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{header}");
        }
        let injected = server.with("ck_live_' OR '1'='1").get(&path).await;
        assert_eq!(injected.status, 401);

        let ends = admin.post(&keys, &made("ends", json!({"expires_at": "2099-01-01T00:00:00Z"}))).await.is(201);
        db.raw(&format!("UPDATE app_keys SET expires_at = 1000000 WHERE id = '{}'", text(&ends["data"]["id"]))).await;
        server.with(&text(&ends["data"]["key"])).get(&path).await.refused(401, 1003);
        admin.delete(&format!("/v1/api-keys/{}", text(&good["data"]["id"]))).await.is(204);
        server.with(&secret).get(&path).await.refused(401, 1002);
        let past = admin.post(&keys, &made("past", json!({"expires_at": "2001-01-01T00:00:00Z"}))).await;
        assert!((400..500).contains(&past.status), "a key that ended long ago was made: {}", past.text());
        let reader = admin.post(&keys, &made("reader", json!({}))).await.is(201);
        let reader = server.with(&text(&reader["data"]["key"]));
        reader.post(&path, &json!({"name": "x", "type": "material"})).await.refused(403, 2003);
        reader.delete(&format!("/v1/clients/{client}")).await.refused(403, 2003);
        reader.get("/v1/clients").await.refused(403, 2003);
    }
}

#[tokio::test]
async fn a_token_that_is_bad_is_told_how() {
    let place = Place::new().with("JWT_SECRET_KEY", SECRET);
    let (server, admin, _) = place.begun().await;
    let token = admin.token.clone().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let decoded = |part: &str| -> Json {
        let raw = jsonwebtoken::dangerous::insecure_decode::<Json>(&token).expect("a token");
        if part == "header" { json!(raw.header.kid) } else { raw.claims }
    };
    let (kid, claims) = (text(&decoded("header")), decoded("claims"));
    let forge = |change: Json, secret: &str, algorithm: Algorithm| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
        let header = Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
        encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    server.with(&forge(json!({}), SECRET, Algorithm::HS256)).get("/v1/clients").await.is(200);
    server
        .with(&forge(json!({"exp": 1_000_000_000}), SECRET, Algorithm::HS256))
        .get("/v1/clients")
        .await
        .refused(401, 1005);
    let bad = [
        forge(json!({}), "another secret, just as long as it", Algorithm::HS256),
        forge(json!({}), SECRET, Algorithm::HS512),
        forge(json!({"iss": "somebody"}), SECRET, Algorithm::HS256),
        forge(json!({"sid": "ses_01a1fc96023770b6a0ff1680813590d0"}), SECRET, Algorithm::HS256),
        format!("{}.{}.", parts[0], parts[1]),
        format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        "a.b.c".into(),
        format!("{token}x"),
    ];
    for token in bad {
        server.with(&token).get("/v1/clients").await.refused(401, 1004);
    }
    admin.post("/api/auth/logout", &json!({})).await;
    admin.get("/v1/clients").await.refused(401, 1004);
}

#[tokio::test]
async fn who_asks_too_much_is_told_to_wait() {
    let place = Place::new();
    let (server, admin, client) = place.begun().await;
    let key = place.done(&["key", "create", "--tenant", &client, "--scope", "read,write"]).await;
    let program = server.with(key.trim());
    let mut refused = None;
    for _ in 0..130 {
        let answer = program.get("/v1/csi?limit=1").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
        assert!(answer.header("x-ratelimit-remaining").is_some(), "{:?}", answer.headers);
    }
    let refused = refused.expect("130 requests a minute were let through");
    refused.refused(429, 6001);
    let wait: u64 = refused.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");

    let uploader =
        place.done(&["key", "create", "--tenant", &client, "--scope", "read,write"]).await;
    let uploader = server.with(uploader.trim());
    let path = format!("/v1/clients/{client}/codebooks/upload");
    let mut statuses = Vec::new();
    for at in 0..6 {
        let name = format!("list {at}");
        let answer = uploader
            .upload(&path, &[("name", &name), ("type", "material")], "x.csv", &list(2))
            .await;
        statuses.push(answer.status);
        if at == 5 {
            answer.refused(429, 6001);
            assert!(answer.header("retry-after").is_some());
        }
    }
    assert_eq!(statuses, [202, 202, 202, 202, 202, 429]);

    let (book, _) = (
        text(&admin.get(&format!("/v1/clients/{client}/codebooks")).await.is(200)["data"][0]["id"]),
        (),
    );
    let mut last = None;
    for _ in 0..11 {
        last = Some(
            admin
                .post(&format!("/v1/codebooks/{book}/feedback"), &json!({"text": "size first"}))
                .await,
        );
    }
    last.unwrap().refused(429, 6002);
}

#[tokio::test]
async fn who_guesses_passwords_is_told_to_wait() {
    let place = Place::new();
    let server = place.serve().await;
    let mut answers = Vec::new();
    for at in 0..7 {
        let asked = json!({"email": EMAIL, "password": format!("guess number {at}")});
        answers.push(server.nobody().post("/v1/auth/login", &asked).await);
    }
    answers[0].refused(401, 1004);
    let last = answers.last().unwrap();
    assert_eq!(last.status, 429, "{}", last.text());
    assert!(last.header("retry-after").is_some());
    let right = json!({"email": EMAIL, "password": PASSWORD});
    assert_eq!(
        server.nobody().post("/v1/auth/login", &right).await.status,
        429,
        "the right one is refused too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_ten_at_once_are_refused() {
    let place = Place::new();
    let (server, _, client) = place.begun().await;
    let key = place.done(&["key", "create", "--tenant", &client, "--scope", "read,write"]).await;
    let program = server.with(key.trim());
    let mut asked = JoinSet::new();
    for _ in 0..60 {
        let program = program.clone();
        asked.spawn(async move { program.get("/v1/csi?limit=500").await });
    }
    let answers = asked.join_all().await;
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 429), "{}", answer.text());
        if answer.status == 429 {
            answer.refused(429, 6004);
        }
    }
    assert!(answers.iter().any(|it| it.status == 200));
    tokio::time::sleep(Duration::from_millis(50)).await;
    program.get("/v1/csi?limit=1").await.is(200);
}

/// A body that would do something, were the asker allowed to.
fn body_for(path: &str, advice: &str) -> Json {
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    match path.rsplit('/').next().unwrap_or_default() {
        "clients" => json!({"name": "Stolen"}),
        "{client_id}" | "{codebook_id}" | "{rule_id}" => json!({"name": "Stolen"}),
        "codebooks" => json!({"name": "Stolen", "type": "material"}),
        "upload" => {
            json!({"name": "Stolen", "type": "material", "items": [{"original_label": "x"}]})
        }
        "items" => json!({"items": [{"original_label": "stolen"}]}),
        "rules" => json!({"name": "Stolen", "rules_json": rules}),
        "revert" => json!({"target_version_number": 1, "reason": "x"}),
        "feedback" => json!({"text": "stolen"}),
        "reject" => json!({"reason": "x"}),
        "batch-action" => json!({"ids": [advice], "action": "accept"}),
        "search" => json!({"query": "pipe"}),
        "api-keys" => json!({"name": "stolen", "scopes": ["read"]}),
        "webhooks" => json!({"url": "https://stolen.example.com/", "events": ["job.failed"]}),
        _ => json!({}),
    }
}
