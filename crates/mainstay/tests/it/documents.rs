//! Documents, questions and vectors from the command line, with a server running and without one.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use testkit::{Database, file, model::Script};

use crate::place::{Place, entries, text};

const QUESTION: &str = "How often must the probe be calibrated?";
const MANUAL: &str =
    "# Manual\n\nThe probe must be calibrated every four weeks with the reference fluid.\n";

/// A place for the application, with a model that a script plays.
fn with_models(db: &Database, script: &Script) -> Place {
    Place::on(db)
        .of_app("knowledge-chat")
        .with("OPENAI_BASE_URL", &script.base_url())
        .with("OPENAI_API_KEY", "scripted")
        .with("OPENAI_MODEL", "scripted")
        .with("OPENAI_EMBEDDING_MODEL", "scripted-embed")
}

/// How vectors are, once this is so.
async fn vectors(place: &Place, enough: impl Fn(&Json) -> bool) -> Json {
    let began = Instant::now();
    loop {
        let status = place.json(&["vectors", "status"]).await;
        if enough(&status) {
            return status;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The id of the generation that serves.
fn serving(status: &Json) -> Option<String> {
    let serves = |it: &&Json| it["state"] == "serving";
    entries(&status["generations"]).iter().find(serves).map(|it| text(&it["id"]))
}

testkit::on_both! {
    async fn a_file_is_put_in_found_quoted_and_removed_with_and_without_a_server(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat");
        let server = place.serve().await;
        let manual = place.file("manual.md", MANUAL.as_bytes());
        let added = place.json(&["documents", "add", "--tag", "lab", &manual]).await;
        let first = &added["documents"][0];
        assert_eq!((&first["state"], &first["title"]), (&json!("ready"), &json!("manual")), "{added}");
        assert_eq!((&first["owner"], &first["shared"]), (&json!("operator"), &json!(true)));
        server.stop().await;

        // The same once more, by nobody but the command, together with what nobody takes.
        let pdf = place.file("seals.pdf", &file::pdf(&["The seal of the pump is changed once a year."]));
        let program = place.file("notes.txt", b"\x7fELF\x02\x01\x01");
        let ended = place.run(&["documents", "add", "--private", &pdf, &program, "nowhere.pdf", "--json"]).await;
        assert_eq!(ended.code, 1, "{}", ended.err);
        let told: Json = serde_json::from_str(&ended.out).unwrap();
        let second = &told["documents"][0];
        assert_eq!((&second["state"], &second["pages"]), (&json!("ready"), &json!(1)), "{told}");
        assert_eq!(second["shared"], false);
        let refused = entries(&told["refused"]);
        assert_eq!(refused.len(), 2, "{told}");
        assert!(text(&refused[0]["error"]).contains("a program"), "{told}");
        assert!(text(&refused[1]["error"]).contains("nowhere.pdf"), "{told}");

        let list = |more: &'static [&'static str]| {
            let place = &place;
            async move { place.json(&[&["documents", "list"], more].concat()).await }
        };
        assert_eq!(entries(&list(&[]).await).len(), 2);
        assert_eq!(entries(&list(&["--tag", "lab"]).await)[0]["id"], first["id"]);
        assert_eq!(list(&["--state", "failed"]).await, json!([]));
        let id = text(&first["id"]);
        let shown = place.done(&["documents", "show", &id, "--text"]).await;
        assert!(shown.contains("every four weeks"), "{shown}");

        let found = place.json(&["documents", "search", QUESTION]).await;
        assert_eq!((&found["mode"], &found["results"][0]["title"]), (&json!("lexical"), &json!("manual")), "{found}");
        let people = place.run(&["documents", "search", QUESTION]).await;
        assert!(people.out.contains("every four weeks"), "{}", people.out);
        assert!(people.err.contains("by words alone"), "{}", people.err);

        let answer = place.json(&["ask", QUESTION]).await;
        assert_eq!((&answer["quoting"], &answer["chat_id"]), (&json!(true), &json!(null)), "{answer}");
        assert!(text(&answer["answer"]).contains("every four weeks"), "{answer}");
        assert_eq!(answer["citations"][0]["title"], "manual", "{answer}");
        let people = place.done(&["ask", QUESTION]).await;
        assert!(people.contains("only quotes") && people.contains("\n[1] manual"), "{people}");

        let resumed = place.run(&["documents", "resume", &id]).await;
        assert!(resumed.code == 1 && resumed.out.contains("nothing left to do"), "{}", resumed.out);
        let both = [id, text(&second["id"])];
        place.done(&["documents", "delete", &both[0], &both[1]]).await;
        assert_eq!(list(&[]).await, json!([]));
        let gone = place.run(&["documents", "delete", &both[0]]).await;
        assert!(gone.code == 1 && gone.err.contains("does not exist"), "{}", gone.err);
    }

    async fn the_doctor_looks_at_the_engine_that_searches_vectors(db: Database) {
        let script = Script::start().await;
        let place = with_models(&db, &script);
        let looked = async || {
            let ended = place.run(&["doctor", "--json"]).await;
            let told: Json = serde_json::from_str(&ended.out).unwrap();
            let found = entries(&told["checks"]).iter().find(|it| it["check"] == "vectors").cloned();
            found.unwrap_or_else(|| panic!("vectors are not looked at: {told}"))
        };
        place.serve().await.stop().await;
        let nothing = looked().await;
        assert!(nothing["good"] == true && text(&nothing["message"]).contains("nothing has vectors"), "{nothing}");
        let manual = place.file("manual.md", MANUAL.as_bytes());
        place.json(&["documents", "add", &manual]).await;
        vectors(&place, |it| serving(it).is_some()).await;
        let well = looked().await;
        assert!(well["good"] == true && text(&well["message"]).contains("builtin answers"), "{well}");
        db.raw("UPDATE knowledge_spaces SET engine = 'qdrant' WHERE state = 'serving'").await;
        let away = looked().await;
        assert!(away["good"] == false && text(&away["message"]).contains("qdrant"), "{away}");
    }

    async fn a_file_without_text_does_not_go_on_and_it_is_said_why(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat");
        place.serve().await.stop().await;
        let scan = place.file("scan.pdf", &file::pdf_of_pictures(2));
        let ended = place.run(&["documents", "add", &scan, "--json"]).await;
        let told: Json = serde_json::from_str(&ended.out).unwrap();
        let reason = text(&told["documents"][0]["reason"]["message"]);
        assert!(ended.code == 1 && reason.starts_with("Its 2 pages are pictures"), "{told}");
        let resumed = place.run(&["documents", "resume", &text(&told["documents"][0]["id"])]).await;
        assert!(resumed.code == 1 && resumed.out.contains(&format!("cannot go on. {reason}")), "{}", resumed.out);
    }

    async fn a_chat_is_begun_and_gone_on_with(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat");
        place.serve().await.stop().await;
        let begun = place.run(&["ask", "--chat", "new", QUESTION]).await;
        assert_eq!(begun.code, 0, "{}", begun.err);
        let chat = begun.err.rsplit("--chat ").next().unwrap().trim().to_owned();
        let on = place.json(&["ask", "--chat", &chat, "And why?"]).await;
        assert_eq!(on["chat_id"], chat.as_str(), "{on}");
        let nobody = place.run(&["ask", "--assistant", "nobody", "What?"]).await;
        assert!(nobody.code == 1 && nobody.err.contains("nobody"), "{}", nobody.err);
        let about = place.run(&["ask", "--record", "01a1fc96-0241-7626-afe9-000000000000", "What?"]).await;
        assert!(about.code == 1 && about.err.contains("is not what this assistant is asked about"), "{}", about.err);
    }

    async fn vectors_are_backed_up_and_come_back_into_a_new_index(db: Database) {
        let script = Script::start().await;
        let place = with_models(&db, &script);
        place.serve().await.stop().await;
        let backup = place.path().join("vectors.backup").display().to_string();
        let nothing = place.run(&["vectors", "back-up", &backup]).await;
        assert!(nothing.code == 1 && nothing.err.contains("no vectors"), "{}", nothing.err);
        let rebuilt = place.run(&["vectors", "rebuild"]).await;
        assert!(rebuilt.code == 1 && rebuilt.err.contains("nothing to make anew"), "{}", rebuilt.err);

        let manual = place.file("manual.md", MANUAL.as_bytes());
        let added = place.json(&["documents", "add", &manual]).await;
        let chunks = added["documents"][0]["vectors"].as_u64().unwrap();
        assert!(chunks > 0, "{added}");
        let status = vectors(&place, |it| serving(it).is_some()).await;
        let model = status["model"].clone();
        assert!(text(&model).ends_with("scripted-embed"), "{status}");
        assert_eq!(status["engine"], "builtin");
        let first = serving(&status);

        let made = place.json(&["vectors", "back-up", &backup]).await;
        assert_eq!((&made["vectors"], &made["model"]), (&json!(chunks), &model), "{made}");
        let seen = place.json(&["vectors", "restore", "--dry-run", &backup]).await;
        assert_eq!(seen, made);
        let restored = place.json(&["vectors", "restore", &backup]).await;
        assert_eq!((&restored["kept"], &restored["passed_over"]), (&json!(chunks), &json!(0)));

        // It waits for a server, and another one serves then.
        let waiting = place.json(&["vectors", "status"]).await;
        assert_eq!((serving(&waiting), &waiting["building"]), (first.clone(), &model));
        let server = place.serve().await;
        let second = serving(&vectors(&place, |it| serving(it) != first).await);
        place.done(&["vectors", "rebuild"]).await;
        vectors(&place, |it| serving(it) != second && it["building"].is_null()).await;
        server.stop().await;

        let whole = std::fs::read_to_string(&backup).unwrap();
        std::fs::write(&backup, whole.replacen("\"chunk\":", "\"chunk \":", 1)).unwrap();
        let damaged = place.run(&["vectors", "restore", &backup]).await;
        assert!(damaged.code == 1 && damaged.err.contains("is damaged at line 2:"), "{}", damaged.err);
    }
}
