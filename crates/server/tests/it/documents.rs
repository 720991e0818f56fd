//! Documents and chats over HTTP: put in, shared, searched, removed, and nobody else's.

use base::{Actor, Role};
use identity::Reach;
use knowledge::{Act, Sight, Whose};
use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{Database, model::Reply};

use crate::asking::{QUESTION, house, manual};

testkit::on_both! {
    async fn a_chat_is_its_owners_alone(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("So."));
        let editor = house.editor().await;
        let answer = editor.post("/api/ask", json!({"question": "How?"})).await.is(200);
        let chat = format!("/api/chats/{}", answer["chat_id"].as_str().expect("a chat"));
        for other in [house.editor().await, house.owner().await, house.signed_in(Role::Owner, Reach::Tenant(house.there)).await] {
            other.get(&chat).await.refused(404, "chat_not_found");
            other.get(&format!("{chat}/messages")).await.refused(404, "chat_not_found");
            other.get(&format!("{chat}/export")).await.refused(404, "chat_not_found");
            other.patch(&chat, json!({"title": "Mine"})).await.refused(404, "chat_not_found");
            other.delete(&chat).await.refused(404, "chat_not_found");
        }
        let renamed = editor.patch(&chat, json!({"title": "Ours"})).await.is(200);
        assert_eq!(renamed["title"], "Ours");
        assert_eq!(editor.delete(&chat).await.is(200)["deleted"], true);
        editor.get(&chat).await.refused(404, "chat_not_found");
    }

    async fn documents_are_put_in_shared_and_removed_by_their_owners(db: Database) {
        let (house, _script) = house(&db).await;
        let (ann, bob, viewer) = (house.editor().await, house.editor().await, house.viewer().await);
        let text = json!({"title": "Notes", "content": "The seal is changed once a year.", "tags": ["pump"]});
        let made = ann.post("/api/documents", text.clone()).await.is(201);
        assert_eq!((&made["title"], &made["existed"], &made["shared"]), (&json!("Notes"), &json!(false), &json!(false)));
        let path = format!("/api/documents/{}", made["id"].as_str().expect("an id"));
        bob.get(&path).await.refused(404, "document_not_found");
        viewer.post("/api/documents", text).await.refused(403, "permission_missing");
        let shared = ann.patch(&path, json!({"shared": true, "title": "Better"})).await.is(200);
        assert_eq!((&shared["shared"], &shared["title"]), (&json!(true), &json!("Better")));
        assert_eq!(bob.get(&path).await.is(200)["title"], "Better");
        assert_eq!(bob.get("/api/documents?tag=pump").await.is(200)["items"].as_array().map(Vec::len), Some(1));
        bob.delete(&path).await.refused(403, "forbidden");
        ann.delete(&path).await.is(204);
        ann.get(&path).await.refused(404, "document_not_found");

        let refused = |name: &'static str, bytes: &'static str| {
            let ann = ann.clone();
            async move { ann.form("/api/documents", &[], Some((name, bytes))).await }
        };
        refused("a.pdf", "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0").await.refused(400, "invalid_file_type");
        refused("a.txt", " \n").await.refused(422, "invalid_file");
        let fields = [("metadata", "no JSON")];
        let wrong = ann.form("/api/documents", &fields, Some(("a.txt", "Words."))).await;
        assert_eq!(wrong.refused(422, "invalid_input")["errors"][0]["field"], "/metadata");
        let large = "a ".repeat(3_000_000);
        let form = ann.form("/api/documents", &[], Some(("a.txt", &large))).await;
        form.refused(413, "file_too_large");
        ann.post("/api/documents/search", json!({"query": " "})).await.refused(422, "invalid_input");
    }

    async fn a_document_of_a_chat_is_nobody_elses_whatever_they_manage(db: Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("So."));
        let (ann, owner) = (house.editor().await, house.owner().await);
        let admin = house.signed_in(Role::Admin, Reach::Tenant(house.here)).await;
        let chat = ann.post("/api/ask", json!({"question": "How?"})).await.is(200)["chat_id"].clone();
        let text = json!({"title": "Notes", "content": "The seal is changed once a year.", "chat": chat});
        let made = ann.post("/api/documents", text).await.is(201);
        let path = format!("/api/documents/{}", made["id"].as_str().expect("an id"));
        for other in [owner, admin] {
            for part in ["", "/content", "/file"] {
                other.get(&format!("{path}{part}")).await.refused(404, "document_not_found");
            }
            other.patch(&path, json!({"title": "Mine"})).await.refused(404, "document_not_found");
            other.post(&format!("{path}/resume"), json!({})).await.refused(404, "document_not_found");
            other.post(&format!("{path}/summary"), json!({})).await.refused(404, "document_not_found");
            other.delete(&path).await.refused(404, "document_not_found");
            let listed = other.get(&format!("/api/documents?count=true&tenant={}", house.here)).await.is(200);
            assert_eq!((&listed["items"], &listed["total"]), (&json!([]), &json!(0)));
            let of_chat = format!("/api/documents?chat={}", chat.as_str().expect("an id"));
            other.get(&of_chat).await.refused(404, "chat_not_found");
            let search = json!({"query": "seal", "chat": chat, "tenant": house.here});
            other.post("/api/documents/search", search).await.refused(404, "chat_not_found");
            let search = json!({"query": "seal", "documents": [made["id"]], "tenant": house.here, "min_score": 0});
            assert_eq!(other.post("/api/documents/search", search).await.is(200)["result_count"], 0);
        }
        assert_eq!(ann.get(&path).await.is(200)["title"], "Notes");
        ann.delete(&path).await.is(204);
    }

    async fn documents_are_searched_with_the_passages_that_fit(db: Database) {
        let (house, _script) = house(&db).await;
        manual(&house).await;
        let viewer = house.viewer().await;
        let found = viewer.post("/api/documents/search", json!({"query": QUESTION, "min_score": 0.1})).await.is(200);
        assert_eq!((&found["result_count"], &found["mode"]), (&json!(1), &json!("lexical")));
        assert!(found["degraded"].is_string(), "without embeddings it says so: {found}");
        let result = &found["results"][0];
        assert_eq!((&result["document"]["title"], &result["page"]), (&json!("Manual"), &json!(1)));
        assert!(result["excerpt"].as_str().is_some_and(|it| it.contains("four weeks")), "{result}");
        let stranger = house.signed_in(Role::Owner, Reach::Tenant(house.there)).await;
        let found = stranger.post("/api/documents/search", json!({"query": QUESTION})).await.is(200);
        assert_eq!(found["result_count"], 0);
    }

    async fn a_passage_is_as_long_as_was_asked_for(db: Database) {
        let (house, _script) = house(&db).await;
        let text = "The probe is calibrated every four weeks by the laboratory. ".repeat(20);
        let carried = json!({
            "version": 1, "title": "Care", "summary": null, "metadata": {}, "tags": [],
            "shared": true, "origin": "upload", "url": null, "file_name": "care.txt",
            "file": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &text),
            "verdict": null, "pages": [{"number": 1, "text": text}],
            "chunks": [{"page": 1, "start_char": 0, "end_char": text.len()}], "vectors": [],
        });
        let carried = serde_json::from_value(carried).expect("a document");
        let act = Act { sight: Sight { tenant: Some(house.here), whose: Whose::All }, actor: Actor::house() };
        house.app.knowledge.carry_in(&act, house.here, None, carried).await.expect("it is taken in");
        let viewer = house.viewer().await;
        let length = async |chars: u32| {
            let query = json!({"query": "calibrated probe", "min_score": 0.1, "passage_chars": chars});
            for _ in 0..1_000 {
                let found = viewer.post("/api/documents/search", query.clone()).await.is(200);
                if let Some(excerpt) = found["results"][0]["excerpt"].as_str() {
                    return excerpt.chars().count();
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("it is not found");
        };
        let short = length(60).await;
        assert!((25..=60).contains(&short), "{short}");
        let long = length(900).await;
        assert!((501..=900).contains(&long), "longer than any question wants it by itself: {long}");
    }

    async fn a_text_may_be_as_long_as_a_file_however_it_is_written(db: Database) {
        let (house, _script) = house(&db).await;
        let ann = house.editor().await;
        // Each quote takes two bytes of JSON: eight megabytes for four. It is read, and then there is no
        // such chat.
        let new = json!({"content": "\"".repeat(4_000_000), "chat": base::ChatId::generate()});
        ann.post("/api/documents", new).await.refused(404, "chat_not_found");
        // What is too much as a file is too much as a text.
        let text = "a ".repeat(3_000_000);
        ann.post("/api/documents", json!({"content": text})).await.refused(413, "file_too_large");
    }

    async fn nobody_signs_up_where_it_is_not_allowed(db: Database) {
        let (house, _script) = house(&db).await;
        let body = json!({"email": "new@example.com", "password": "a long enough password"});
        house.nobody().post("/api/auth/signup", body).await.refused(404, "sign_up_disabled");
    }

    async fn a_password_is_changed_with_the_one_before_it(db: Database) {
        let (house, _script) = house(&db).await;
        let (email, password) = house.user(Role::Editor, Reach::Tenant(house.here)).await;
        let sign_in = |password: &str| json!({"email": email, "password": password});
        let tokens = house.nobody().post("/api/auth/login", sign_in(&password)).await.is(200);
        let asker = house.with(tokens["access_token"].as_str().expect("a token"));
        let put = |body: Json| asker.send(asker.request(Method::PUT, "/api/me/password").json(&body));
        let wrong = put(json!({"current_password": "wrong", "password": "another long password"})).await;
        assert_eq!(wrong.refused(422, "invalid_input")["errors"][0]["field"], "/current_password");
        put(json!({"password": "another long password"})).await.refused(422, "invalid_input");
        put(json!({"current_password": password, "password": "another long password"})).await.is(200);
        house.nobody().post("/api/auth/login", sign_in(&password)).await.refused(401, "wrong_credentials");
        house.nobody().post("/api/auth/login", sign_in("another long password")).await.is(200);
    }
}
