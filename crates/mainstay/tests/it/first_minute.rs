//! The first minute with an empty folder: serve, sign in, make a client, make a key, ask.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Database;

use crate::place::{EMAIL, Place, entries, text};

#[tokio::test]
async fn the_first_start_makes_an_administrator_and_shows_the_password_once() {
    let place = Place::new().without("MAINSTAY_ADMIN_EMAIL").without("MAINSTAY_ADMIN_PASSWORD");
    let server = place.serve().await;
    let said = regex::Regex::new(r"administrator is (\S+)\s+with the password\s+(\S+)").unwrap();
    let printed = server.said.clone();
    let found = said.captures(&printed).unwrap_or_else(|| panic!("no password in {printed}"));
    let (email, password) = (&found[1], &found[2]);
    assert_eq!(email, "admin@localhost");
    assert_eq!(printed.matches(password).count(), 1);
    server.sign_in(email, password).await.get("/api/me").await.is(200);
    assert!(!place.log().contains(password), "the password is in the log");
    assert!(server.stop().await.success());

    let again = place.serve().await;
    assert_eq!(again.said, "", "the second start made another one");
    again.sign_in(email, password).await;
    assert_eq!(again.stop().await.code(), Some(0));
    assert!(place.path().join("mainstay-data/codebook/mainstay.sqlite").is_file());
}

testkit::on_both! {
    async fn a_key_of_the_command_line_works_at_once_and_not_after_its_end(db: Database) {
        let place = Place::on(&db);
        let (server, admin, client) = place.begun().await;
        assert_eq!(server.said, "", "a password that was given is not shown");

        let made = place.run(&["key", "create", "--tenant", "acme-civil", "--scope", "read,write"]).await;
        assert_eq!(made.code, 0, "{}", made.err);
        let key = made.out.trim_end_matches('\n');
        let looks = regex::Regex::new("^ck_live_[0-9A-Za-z]{43}$").unwrap();
        assert!(looks.is_match(key), "not only the key on standard output: {:?}", made.out);
        let program = server.with(key);
        let listed = program.get(&format!("/v1/clients/{client}/codebooks")).await.is(200);
        assert_eq!(listed["data"], json!([]));
        let rule = json!({"name": "mine", "rules_json": {"ordering_strategy": "csi-first", "naming_template": "${material}"}});
        program.post(&format!("/v1/clients/{client}/rules"), &rule).await.is(201);
        let by_header = program.request(reqwest::Method::GET, "/v1/csi").header("x-api-key", key);
        assert_eq!(by_header.send().await.unwrap().status(), 200);

        let keys = place.json(&["key", "list", "--tenant", &client]).await;
        let id = text(&entries(&keys)[0]["id"]);
        assert!(!keys.to_string().contains(key), "the list shows the secret");
        place.done(&["key", "revoke", &id]).await;
        let revoked = Instant::now();
        while program.get("/v1/csi").await.status != 401 {
            assert!(revoked.elapsed() < Duration::from_secs(5), "a revoked key still works");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        program.get("/v1/csi").await.refused(401, 1002);
        let kept = admin.get(&format!("/v1/clients/{client}/rules")).await.is(200);
        assert_eq!(entries(&kept["data"]).len(), 2, "the default rule and the key's own: {kept}");
    }

    async fn what_is_there_is_found_after_a_restart(db: Database) {
        let place = Place::on(&db);
        let (server, admin, client) = place.begun().await;
        let (codebook, version) = admin.codebook(&client, "Pipes", &crate::place::sample()).await;
        let path = format!("/v1/codebook-versions/{version}/items?limit=500");
        let before = admin.get(&path).await.is(200);
        let token = admin.token.clone().unwrap();
        assert_eq!(server.stop().await.code(), Some(0));

        let server = place.serve().await;
        let admin = server.with(&token);
        assert_eq!(admin.get(&path).await.is(200)["data"], before["data"], "a session outlives a restart");
        let found = admin.get(&format!("/v1/codebooks/{codebook}")).await.is(200);
        assert_eq!(found["data"]["active_version"]["id"], version.as_str());
    }
}

#[tokio::test]
async fn the_address_listens_where_it_says_and_health_is_open() {
    let place = Place::new();
    let started = Instant::now();
    let server = place.serve().await;
    assert!(started.elapsed() < Duration::from_secs(25));
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    let nobody = server.nobody();
    for path in
        ["/health", "/health/live", "/health/ready", "/health/database", "/health/ai-services"]
    {
        let health = nobody.get(path).await.is(200);
        assert!(health.is_object(), "{path}: {health}");
    }
    let health = nobody.get("/health").await.is(200);
    for check in ["database", "vector_index", "llm"] {
        assert_eq!(health["checks"][check]["status"], "healthy", "{health}");
    }
    assert!(nobody.get("/metrics").await.text().contains("# TYPE "));
    assert_eq!(nobody.get("/openapi.json").await.is(200)["openapi"], "3.1.0");
    assert_eq!(nobody.get("/docs").await.status, 200);
    let page = nobody
        .request(reqwest::Method::GET, "/")
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(place.run(&["user", "list"]).await.out.matches(EMAIL).count(), 1);
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_plainly() {
    let place = Place::new();
    let server = place.serve().await;
    let taken = server.url.trim_start_matches("http://");
    let app = crate::place::codebook().display().to_string();
    let other = Place::new();
    let ended = other.run(&["serve", &app, "--listen", taken]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains(taken), "{}", ended.err);
    assert!(!ended.out.contains("ready"));
}
