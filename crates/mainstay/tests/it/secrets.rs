//! Canaries: what is secret or personal goes in, and comes out nowhere.

use serde_json::json;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::place::{NOBODY, Place, text};

const PASSWORD: &str = "canary-password-7f3a91";
const JWT: &str = "canary-jwt-secret-55b0c2-long-enough-to-sign";
const MODEL_KEY: &str = "sk-canary-provider-9d21ee";
const ITEM: &str = "canaryitem4417";
const PERSON: &str = "canary.person@acme.example";
const GUESS: &str = "canary-guess-88aa01";

testkit::on_both! {
    async fn no_secret_and_no_address_of_a_person_comes_out(db: Database) {
        let script = Script::start().await;
        script.answers(Reply::status(401)).always(|_| Reply::prose());
        let place = Place::on(&db).without_limits()
            .with("MAINSTAY_ADMIN_EMAIL", PERSON).with("MAINSTAY_ADMIN_PASSWORD", PASSWORD)
            .with("JWT_SECRET_KEY", JWT).with("SECRET_KEY", "canary-secret-key-31c4")
            .with("OPENAI_API_KEY", MODEL_KEY).with("OPENAI_BASE_URL", &script.base_url())
            .with("MAINSTAY_ALLOW_PRIVATE_WEBHOOKS", "1").with("LOG_LEVEL", "debug");
        let server = place.serve().await;
        let admin = server.sign_in(PERSON, PASSWORD).await;
        let mut errors = Vec::new();
        for (email, password) in [(PERSON, GUESS), ("nobody.canary@acme.example", GUESS)] {
            errors.push(server.nobody().post("/api/auth/login", &json!({"email": email, "password": password})).await);
        }
        let client = admin.post("/v1/clients", &json!({"name": "Acme", "contact_email": PERSON})).await.is(201);
        let client = text(&client["data"]["id"]);
        let made = admin.post(&format!("/v1/clients/{client}/api-keys"), &json!({"name": "k", "scopes": ["read", "write"]})).await.is(201);
        let key = text(&made["data"]["key"]);
        let hook = json!({"url": format!("http://{NOBODY}/canary-hook-path?token=canary-hook-token"), "events": ["job.completed", "job.failed"]});
        let hook = text(&admin.post(&format!("/v1/clients/{client}/webhooks"), &hook).await.is(201)["data"]["secret"]);
        let program = server.with(&key);
        let list = format!("label,description\n8 inch {ITEM},told by {PERSON}\n,{ITEM}\n");
        let accepted = program.upload(&format!("/v1/clients/{client}/codebooks/upload"), &[("name", "Pipes"), ("type", "material")], "x.csv", list.as_bytes()).await.is(202);
        admin.finished(&accepted["data"]["job_id"]).await;
        let token = admin.token.clone().unwrap();
        errors.push(server.with(&format!("{token}x")).get("/v1/clients").await);
        errors.push(server.with(&format!("{key}x")).get("/v1/clients").await);
        errors.push(admin.get(&format!("/v1/clients?api_key={key}&cursor={GUESS}")).await);
        errors.push(admin.send("/api/auth/login", "application/json", format!("{{\"email\":\"{PERSON}\",\"password\":\"{GUESS}\"")).await);
        errors.push(admin.post("/api/auth/login", &json!({"email": PERSON, "password": GUESS, "surplus": GUESS})).await);
        errors.push(admin.post("/api/users", &json!({"email": PERSON, "password": GUESS, "role": "viewer"})).await);
        errors.push(admin.post("/api/users", &json!({"email": "x@acme.example", "password": ["canary-guess-88aa01"], "role": "viewer"})).await);
        errors.push(admin.post("/api/auth/refresh", &json!({"refresh_token": GUESS})).await);
        errors.push(admin.post(&format!("/v1/clients/{client}/search"), &json!({"query": ITEM, "limit": "many"})).await);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;

        let token_part = token.rsplit('.').next().unwrap();
        let database = match db.address() {
            store::Address::Postgres(url) => url.reveal().clone(),
            store::Address::Sqlite(_) => "canary-no-database".into(),
        };
        let secrets = [PASSWORD, JWT, MODEL_KEY, GUESS, &key, &hook, token_part, "canary-secret-key-31c4", "canary-hook-token", &database];
        let people = [PERSON, "nobody.canary@acme.example", ITEM];
        let served = admin.get("/api/logs?limit=500").await;
        assert_eq!(served.status, 200, "{}", served.text());
        let logs = [("the log", place.log()), ("/api/logs", served.text()), ("/metrics", server.nobody().get("/metrics").await.text())];
        assert!(logs[0].1.lines().count() > 10, "hardly anything is logged");
        for (name, text) in &logs {
            for canary in secrets.iter().chain(&people) {
                let line = text.lines().find(|it| it.contains(canary)).map(|it| it.chars().take(600).collect::<String>());
                assert_eq!(line, None, "{name} tells `{canary}`");
            }
        }
        for error in errors {
            assert!(error.status >= 400, "{}", error.text());
            for canary in secrets.iter().chain(&people[..2]) {
                assert!(!error.text().contains(canary), "an error tells `{canary}`: {}", error.text());
            }
        }
        let asked = script.requests();
        assert!(asked.iter().any(|it| it.prompt().contains(ITEM)), "the canary never reached the model");
        let audit = place.done(&["audit", "export"]).await;
        for canary in secrets {
            assert!(!audit.contains(canary), "the audit log tells `{canary}`");
        }
        assert!(server.stop().await.success());
    }
}
