//! The documents of `config/`: seen and checked on the command line, refused at the start, acted upon, changed
//! while the application runs.

use std::{fs, time::Duration};

use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    site::{Page, Site},
};

use crate::place::{Asker, Place, entries, text};

const RUBRIC: &str = "/api/v1/admin/config/rubric";

/// The weight of the first criterion that is in force in a server.
async fn weight(asker: &Asker) -> Json {
    let told = asker.get(RUBRIC).await.is(200);
    told["data"]["in_force"]["criteria"][0]["weight"].clone()
}

/// Waits until that is so much.
async fn weighs(asker: &Asker, expected: i64) {
    // Not more often: looking is counted by the limits of the application.
    for _ in 0..30 {
        if weight(asker).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    panic!("the first criterion does not come to weigh {expected}");
}

/// The rubric with other weights, as somebody who edits it would send it.
fn reweighed(rubric: &str, first: i64) -> String {
    let other = format!("weight: {}", 55 - first);
    rubric.replacen("weight: 25", &format!("weight: {first}"), 1).replacen("weight: 30", &other, 1)
}

#[tokio::test]
async fn documents_are_listed_and_shown_with_their_defaults() {
    let mut place = Place::new();
    let app = place.own_app();
    fs::write(app.join("config/database.yaml"), "pool_size: 7\n").unwrap();
    let app = app.display().to_string();
    let all = place.json(&["config", "list", "--app", &app]).await;
    let names: Vec<&str> =
        all.as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    for name in ["auth", "security", "frontend", "database", "llm", "monitoring", "vocabulary"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let shown = place.json(&["config", "show", "database", "--app", &app]).await;
    assert_eq!((&shown["pool_size"], &shown["wait"]), (&json!(7), &json!("2s")), "{shown}");
    let given = place.done(&["config", "show", "database", "--app", &app, "--given"]).await;
    assert_eq!(given.trim(), "pool_size: 7");
    let unknown = place.run(&["config", "show", "databse", "--app", &app]).await;
    assert!(unknown.code == 1 && unknown.err.contains("database"), "{}", unknown.err);
}

#[tokio::test]
async fn a_document_with_a_fault_keeps_the_server_from_starting_and_is_shown_in_place() {
    let mut place = Place::new();
    let app = place.own_app();
    fs::write(app.join("config/logging.yaml"), "# how loud\nlevel: loud\nkeep: 3\n").unwrap();
    let app = app.display().to_string();
    let checked = place.run(&["config", "check", "--app", &app]).await;
    assert_eq!(checked.code, 1, "{}", checked.out);
    assert!(checked.out.contains("`keep` is not known here"), "{}", checked.out);
    let refused = place.run(&["serve", &app, "--listen", "127.0.0.1:0"]).await;
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(refused.err.contains("config/logging.yaml:3:1"), "{}", refused.err);
    assert!(!refused.out.contains("ready"));
}

#[tokio::test]
async fn what_a_document_says_is_acted_upon() {
    let mut place = Place::new();
    let app = place.own_app();
    let headers = "headers: {hsts: 24h, frame: same_origin}\n";
    fs::write(app.join("config/security.yaml"), headers).unwrap();
    fs::write(app.join("config/frontend.yaml"), "theme: dark\npoll: 5s\n").unwrap();
    fs::write(app.join("config/monitoring.yaml"), "disk_used_max: 1\n").unwrap();
    let server = place.serve().await;
    let told = server.nobody().get("/api/frontend").await;
    assert_eq!(told.headers["strict-transport-security"], "max-age=86400");
    assert_eq!(told.headers["x-frame-options"], "SAMEORIGIN");
    let told = told.json();
    assert_eq!((&told["theme"], &told["poll"]), (&json!("dark"), &json!("5s")), "{told}");
    let health = server.nobody().get("/health").await.json();
    assert_eq!(health["checks"]["disk"]["status"], "healthy", "{health}");
    server.stop().await;
}

testkit::on_both! {
    async fn a_rubric_is_changed_at_the_paths_of_the_application_and_outlives_a_kill(db: Database) {
        let place = Place::on(&db).of_app("memo-coach");
        let server = place.serve().await;
        let admin = server.admin().await;
        let rubric = text(&admin.get(RUBRIC).await.is(200)["data"]["content"]);
        let change = json!({"config_content": reweighed(&rubric, 20), "change_reason": "Evidence counts more."});
        let made = admin.post(RUBRIC, &change).await.is(200);
        let told = &made["data"];
        assert_eq!((&told["validation_result"]["is_valid"], &told["version"]), (&json!(true), &json!(1)), "{made}");
        assert_eq!((&told["applied"], weight(&admin).await), (&json!(true), json!(20)));
        let wrong = json!({"config_content": rubric.replacen("weight: 25", "weight: 26", 1), "change_reason": "A slip."});
        let wrong = admin.post(RUBRIC, &wrong).await.is(200);
        assert_eq!(wrong["data"]["validation_result"]["is_valid"], false, "{wrong}");
        assert!(!entries(&wrong["data"]["validation_result"]["errors"]).is_empty(), "{wrong}");
        assert_eq!(weight(&admin).await, 20);
        let told = admin.get("/api/v1/config/frontend").await.is(200);
        assert_eq!(told["data"]["documents"]["rubric"]["criteria"][0]["weight"], 20, "{told}");
        assert!(told["data"]["documents"]["prompt"]["errors"]["en"].is_object(), "{told}");
        assert!(told["data"]["documents"]["prompt"].get("templates").is_none(), "{told}");
        let nobody = server.nobody().get("/api/v1/config/frontend").await.is(200);
        assert_eq!(nobody["data"].get("documents"), None, "{nobody}");
        server.kill().await;

        let server = place.serve().await;
        let admin = server.admin().await;
        assert_eq!(weight(&admin).await, 20, "what was kept is in force after a kill");
        let history = admin.get(&format!("{RUBRIC}/history")).await.is(200);
        let versions = entries(&history["data"]);
        assert_eq!((versions.len(), &versions[0]["is_valid"], &versions[1]["in_force"]), (2, &json!(false), &json!(true)), "{history}");
        assert_eq!(versions[1]["change_reason"], "Evidence counts more.");
        let back = json!({"version": 0, "reason": "As it was."});
        let back = admin.post(&format!("{RUBRIC}/rollback"), &back).await.is(200);
        assert_eq!((&back["data"]["applied"], weight(&admin).await), (&json!(true), json!(25)), "{back}");
        server.stop().await;
    }

    async fn the_command_line_changes_what_a_running_server_goes_by(db: Database) {
        let place = Place::on(&db).of_app("memo-coach");
        let server = place.serve().await;
        let admin = server.admin().await;
        let rubric = text(&admin.get(RUBRIC).await.is(200)["data"]["content"]);
        let file = place.file("rubric.yaml", reweighed(&rubric, 15).as_bytes());
        let made = place.json(&["config", "set", "rubric", &file, "--reason", "Agreed."]).await;
        assert_eq!((&made["is_valid"], &made["versions"]["rubric"]), (&json!(true), &json!(1)), "{made}");
        weighs(&admin, 15).await;
        let file = place.file("broken.yaml", rubric.replacen("weight: 25", "weight: 26", 1).as_bytes());
        let refused = place.run(&["config", "set", "rubric", &file, "--reason", "A slip."]).await;
        assert!(refused.code == 1 && refused.out.contains("config/rubric.yaml"), "{}{}", refused.out, refused.err);
        let listed = place.json(&["config", "list"]).await;
        let line = entries(&listed).iter().find(|it| it["name"] == "rubric").expect("the rubric");
        assert_eq!(line["version"], 1, "{line}");
        let history = place.json(&["config", "history", "rubric"]).await;
        assert_eq!((entries(&history).len(), &history[0]["is_valid"]), (2, &json!(false)), "{history}");
        let zip = place.path().join("all.zip").display().to_string();
        place.done(&["config", "export", "-o", &zip]).await;
        place.done(&["config", "revert", "rubric", "--to", "0", "--reason", "As it was."]).await;
        weighs(&admin, 25).await;
        place.done(&["config", "import", &zip, "--validate-only"]).await;
        place.done(&["config", "import", &zip]).await;
        weighs(&admin, 15).await;
        server.stop().await;
    }

    async fn documents_that_do_not_fit_a_new_folder_keep_it_from_starting_and_can_be_gone_back_from(db: Database) {
        let mut place = Place::on(&db).of_app("memo-coach");
        let app = place.own_app();
        let server = place.serve().await;
        let admin = server.admin().await;
        let rubric = text(&admin.get(RUBRIC).await.is(200)["data"]["content"]);
        let change = json!({"config_content": reweighed(&rubric, 20), "change_reason": "Agreed."});
        admin.post(RUBRIC, &change).await.is(200);
        server.stop().await;
        let description = app.join("app.yaml");
        let before = fs::read_to_string(&description).unwrap();
        let stricter = before.replace("{criteria.*.weight: 1..100,", "{criteria.*.weight: 1..30,");
        assert_ne!(before, stricter);
        fs::write(&description, stricter).unwrap();
        let folder = app.display().to_string();
        let refused = place.run(&["serve", &folder, "--listen", "127.0.0.1:0"]).await;
        assert_eq!(refused.code, 1, "{}", refused.out);
        for words in ["rubric", "`weight` must be within 1..30", "mainstay config revert"] {
            assert!(refused.err.contains(words), "`{words}` is not told: {}", refused.err);
        }
        let checked = place.run(&["config", "check", "--app", &folder]).await;
        assert!(checked.code == 1 && checked.out.contains("1..30"), "{}{}", checked.out, checked.err);
        place.done(&["config", "check", "--app", &folder, "--files"]).await;
        place.done(&["config", "revert", "rubric", "--app", &folder, "--to", "0", "--reason", "It must start."]).await;
        let server = place.serve().await;
        assert_eq!(weight(&server.admin().await).await, 25);
        server.stop().await;
    }

    async fn whose_word_lets_people_in_is_the_operators_to_say(db: Database) {
        let (theirs, others) = (Site::start().await, Site::start().await);
        theirs.put("/keys", Page::File { kind: "application/json".into(), bytes: b"{\"keys\": []}".to_vec() });
        let google = |site: &Site, ids: &str| format!("google: {{client_ids: [{ids}], keys_url: '{}/keys'}}\n", site.address());
        let mut place = Place::on(&db);
        let app = place.own_app();
        fs::write(app.join("config/auth.yaml"), google(&theirs, "mine")).unwrap();
        let server = place.serve().await;
        let admin = server.admin().await;
        let change = json!({"content": google(&others, "mine, other"), "reason": "Ours are better."});
        let made = admin.ask(Method::PUT, "/api/configuration/auth", Some(&change)).await.is(200);
        let told = made["faults"].to_string();
        assert!(made["is_valid"] == true && told.contains("`google.keys_url` decides") && told.contains("other do not count"), "{made}");
        server.stop().await;
        let checked = place.run(&["config", "check"]).await;
        assert!(checked.code == 0 && checked.out.contains("`google.keys_url` decides"), "{}{}", checked.out, checked.err);
        let file = place.file("auth.yaml", google(&others, "mine").as_bytes());
        let set = place.done(&["config", "set", "auth", &file, "--reason", "Once more."]).await;
        assert!(set.contains("warning: `google.keys_url` decides"), "{set}");

        let server = place.serve().await;
        // The head of a token, which names a key. The operator's site knows none; the other one would not answer at all.
        let token = json!({"id_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.e30"});
        server.nobody().post("/api/auth/google", &token).await.is(401);
        let health = server.admin().await.get("/health/detailed").await.is(200);
        assert!(health["checks"]["sign_in"].to_string().contains("google.keys_url"), "{health}");
        assert!(place.log().contains("A changed document does not act in full"), "{}", place.log());
        server.stop().await;
    }

    async fn whoever_moves_a_key_of_the_environment_is_told_at_once(db: Database) {
        let place = Place::on(&db).with("OPENAI_API_KEY", "sk-operators").with("ANTHROPIC_API_KEY", "sk-operators");
        let server = place.serve().await;
        let admin = server.admin().await;
        let put = async |text: &str| {
            let change = json!({"content": text, "reason": "Cheaper there."});
            admin.ask(Method::PUT, "/api/configuration/llm", Some(&change)).await.is(200)
        };
        let made = put("providers:\n  openai: {base_url: 'https://other.example/v1'}\n").await;
        let fault = entries(&made["faults"]).iter().find(|it| it["code"] == "held_back").expect("a warning");
        let message = text(&fault["message"]);
        assert_eq!((&made["is_valid"], &fault["level"], &fault["line"]), (&json!(true), &json!("warning"), &json!(2)), "{made}");
        assert!(message.starts_with("`providers.openai` has no key") && message.contains("OPENAI_BASE_URL"), "{message}");
        // Nobody speaks to Anthropic without a key: the next start would refuse.
        let refused = put("providers: {anthropic: {proxy: 'http://other.example:3128'}}\n").await;
        assert_eq!((&refused["is_valid"], &refused["changed"]), (&json!(false), &json!(false)), "{refused}");
        assert!(refused["faults"].to_string().contains("ANTHROPIC_BASE_URL"), "{refused}");
        server.stop().await;
        let server = place.serve().await;
        let known = server.admin().await.get("/api/models").await.is(200);
        let openai = entries(&known["providers"]).iter().find(|it| it["name"] == "openai").expect("it is there").clone();
        assert_eq!(openai["has_key"], false, "{openai}");
        server.stop().await;
    }

    async fn what_acts_at_the_next_start_acts_then(db: Database) {
        let mut place = Place::on(&db);
        place.own_app();
        let server = place.serve().await;
        for (name, text) in [("database", "pool_size: 5\n"), ("security", "headers: {hsts: 24h}\n"), ("logging", "format: json\n")] {
            let file = place.file("new.yaml", text.as_bytes());
            place.done(&["config", "set", name, &file, "--reason", "Agreed."]).await;
        }
        let told = server.nobody().get("/health").await;
        assert_eq!(told.header("strict-transport-security"), None, "not yet");
        server.stop().await;
        let server = place.serve().await;
        let told = server.nobody().get("/health").await;
        assert_eq!(told.header("strict-transport-security"), Some("max-age=86400"));
        let admin = server.admin().await;
        let shown = admin.get("/api/configuration/database").await.is(200);
        assert_eq!((&shown["in_force"]["pool_size"], &shown["version"]), (&json!(5), &json!(1)), "{shown}");
        server.stop().await;
    }
}

#[tokio::test]
async fn two_servers_on_one_database_go_by_the_same_rubric() {
    testkit::run::on_postgres(|db: Database| async move {
        let place = Place::on(&db).of_app("memo-coach");
        let (one, two) = (place.serve().await, place.serve().await);
        let (here, there) = (one.admin().await, two.admin().await);
        let rubric = text(&here.get(RUBRIC).await.is(200)["data"]["content"]);
        let change = json!({"config_content": reweighed(&rubric, 20), "change_reason": "Agreed."});
        here.post(RUBRIC, &change).await.is(200);
        weighs(&there, 20).await;
        // Both at once: one after the other, and all of it in the history.
        let (first, second) = (
            json!({"config_content": reweighed(&rubric, 10), "change_reason": "One."}),
            json!({"config_content": reweighed(&rubric, 15), "change_reason": "Two."}),
        );
        let (first, second) = tokio::join!(here.post(RUBRIC, &first), there.post(RUBRIC, &second));
        first.is(200);
        second.is(200);
        let history = here.get(&format!("{RUBRIC}/history")).await.is(200);
        let versions = entries(&history["data"]);
        let in_force: Vec<&Json> = versions.iter().filter(|it| it["in_force"] == true).collect();
        assert_eq!((versions.len(), in_force.len()), (3, 1), "{history}");
        assert_eq!(versions[0]["old_content"], versions[1]["new_content"], "{history}");
        let last = if versions[0]["change_reason"] == "One." { 10 } else { 15 };
        weighs(&here, last).await;
        weighs(&there, last).await;
        one.stop().await;
        two.stop().await;
    })
    .await;
}
