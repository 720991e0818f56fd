//! The documents of `config/`: seen and checked on the command line, refused at the start, acted upon.

use std::fs;

use serde_json::json;

use crate::place::Place;

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
