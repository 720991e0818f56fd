//! The documents of the configuration, as administrators see and check them.

use apps::configuration::bundle;
use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn all_documents_are_listed_and_each_is_shown_with_what_is_in_force(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let all = owner.get("/api/configuration").await.is(200);
        let named = |name: &str| -> Json {
            let mut documents = all["documents"].as_array().expect("documents").iter();
            documents.find(|it| it["name"] == name).cloned().unwrap_or_default()
        };
        assert_eq!(named("llm")["category"], "infrastructure", "{all}");
        assert_eq!((&named("llm")["is_typed"], &named("llm")["is_given"]), (&json!(true), &json!(false)));
        assert_eq!(named("starters")["category"], Json::Null);

        let backend = owner.get("/api/configuration/backend").await.is(200);
        assert_eq!(backend["in_force"]["time_limit_s"], 30, "{backend}");
        assert_eq!(backend["content"], Json::Null);
        let starters = owner.get("/api/configuration/starters").await.is(200);
        assert!(starters["content"].as_str().is_some_and(|it| it.contains("categories")), "{starters}");
        owner.get("/api/configuration/nothing").await.refused(404, "configuration_not_found");
    }

    async fn only_administrators_of_the_whole_house_see_documents(db: Database) {
        let house = House::open(&db).await;
        for path in ["/api/configuration", "/api/configuration/llm"] {
            house.editor().await.get(path).await.refused(403, "permission_missing");
            house.viewer().await.get(path).await.refused(403, "permission_missing");
            house.nobody().get(path).await.refused(401, "key_missing");
        }
    }

    async fn a_document_is_checked_before_anybody_keeps_it(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let check = "/api/configuration/check";
        let as_it_is = owner.post(check, json!({})).await.is(200);
        assert_eq!(as_it_is["is_valid"], true, "{as_it_is}");
        let contents = json!({"contents": {
            "llm": "retry: {times: many}\n", "logging": "level: loud\nformat: json\n", "frontend": "poll: 2s\n",
        }});
        let report = owner.post(check, contents).await.is(200);
        assert_eq!((&report["is_valid"], &report["errors"]), (&json!(false), &json!(2)), "{report}");
        let told: Vec<(&str, i64)> = report["faults"]
            .as_array()
            .expect("faults")
            .iter()
            .filter(|it| it["level"] == "error")
            .map(|it| (it["file"].as_str().unwrap_or_default(), it["line"].as_i64().unwrap_or(0)))
            .collect();
        assert_eq!(told, [("config/llm.yaml", 1), ("config/logging.yaml", 1)]);
        assert_eq!(owner.get("/api/configuration/llm").await.is(200)["is_given"], false);

        let unknown = owner.post(check, json!({"contents": {"nothing": "a: 1"}})).await;
        unknown.refused(422, "invalid_input");
        house.editor().await.post(check, json!({})).await.refused(403, "permission_missing");
    }

    async fn the_interface_is_told_what_it_needs_before_anybody_signs_in(db: Database) {
        let house = House::open(&db).await;
        let told = house.nobody().get("/api/frontend").await.is(200);
        assert_eq!((&told["theme"], &told["autosave"]), (&json!("system"), &json!("30s")), "{told}");
        assert_eq!((&told["features"], &told["language"]), (&json!({}), &Json::Null));
    }

    async fn a_document_is_changed_gone_back_from_and_told_of(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let (path, dark) = ("/api/configuration/frontend", "theme: dark\n");
        let change = json!({"content": dark, "reason": "It is night.", "version": 0});
        let made = owner.put(path, change.clone()).await.is(200);
        assert_eq!((&made["is_valid"], &made["version"], &made["acts"]), (&json!(true), &json!(1), &json!("next_start")), "{made}");
        assert_eq!(made["applied"], false, "what serves reads it at its start");
        owner.put(path, change).await.refused(412, "stale");
        let wrong = json!({"content": "theme: blue\n", "reason": "Why not?"});
        let wrong = owner.put(path, wrong).await.is(200);
        let faults = wrong["faults"].as_array().expect("faults");
        let fault = faults.iter().find(|it| it["level"] == "error").expect("an error");
        assert_eq!((&wrong["is_valid"], &fault["line"]), (&json!(false), &json!(1)), "{wrong}");
        let history = owner.get(&format!("{path}/history?count=true")).await.is(200);
        let told: Vec<(&Json, &Json, &Json)> = history["items"]
            .as_array()
            .expect("versions")
            .iter()
            .map(|it| (&it["version"], &it["is_valid"], &it["in_force"]))
            .collect();
        assert_eq!(told, [(&json!(2), &json!(false), &json!(false)), (&json!(1), &json!(true), &json!(true))]);
        assert_eq!(history["items"][1]["new"], dark, "{history}");
        let seen = owner.get(path).await.is(200);
        assert_eq!((&seen["newest"], &seen["waits_for_start"], &seen["version"]), (&json!(dark), &json!(true), &json!(0)), "{seen}");
        let back = json!({"version": 0, "reason": "It is day.", "from": 1});
        let back = owner.post(&format!("{path}/revert"), back).await.is(200);
        assert_eq!((&back["is_valid"], &back["applied"]), (&json!(true), &json!(true)), "{back}");
        let audit = owner.get("/api/audit?limit=50").await.is(200).to_string();
        for word in ["configuration_changed", "configuration_refused", "It is night."] {
            assert!(audit.contains(word), "{word} is not in the audit log: {audit}");
        }
        assert!(!audit.contains("theme: dark"), "the text itself is not: {audit}");
        let nothing = json!({"content": "a: 1\n", "reason": "x"});
        owner.put("/api/configuration/nothing", nothing).await.refused(404, "configuration_not_found");
        let gone = json!({"version": 9, "reason": "x"});
        owner.post(&format!("{path}/revert"), gone).await.refused(404, "version_not_found");
        let silent = json!({"content": dark, "reason": "   "});
        owner.put(path, silent).await.refused(422, "invalid_input");
        let stranger = json!({"content": dark, "reason": "x"});
        house.editor().await.put(path, stranger).await.refused(403, "permission_missing");
    }

    async fn whoever_writes_what_is_the_operators_to_say_is_told_so_at_once(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let text = "google: {client_ids: [theirs], keys_url: 'https://other.example/keys'}\n";
        let told = |report: &Json| -> Vec<String> {
            let faults = report["faults"].as_array().expect("faults").iter();
            let held_back = faults.filter(|it| it["code"] == "held_back" && it["level"] == "warning");
            held_back.map(|it| it["message"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let as_it_is = owner.post("/api/configuration/check", json!({})).await.is(200);
        let contents = json!({"contents": {"auth": text}});
        let checked = owner.post("/api/configuration/check", contents).await.is(200);
        assert_eq!((told(&as_it_is).len(), told(&checked).len()), (0, 2), "{checked}");
        let change = json!({"content": text, "reason": "Ours."});
        let made = owner.put("/api/configuration/auth", change).await.is(200);
        assert_eq!((&made["is_valid"], &made["acts"], told(&made)), (&json!(true), &json!("next_start"), told(&checked)));
        assert!(made["warnings"].as_i64() >= Some(2), "{made}");
        let kept = owner.get("/api/configuration/auth/history").await.is(200);
        assert!(kept["items"][0]["faults"].to_string().contains("google.keys_url"), "{kept}");
        let other = json!({"content": "theme: dark\n", "reason": "It is night."});
        let other = owner.put("/api/configuration/frontend", other).await.is(200);
        assert_eq!(told(&other), Vec::<String>::new(), "what is said is about the change: {other}");
        let back = json!({"version": 0, "reason": "Theirs."});
        let back = owner.post("/api/configuration/auth/revert", back).await.is(200);
        assert_eq!(told(&back), Vec::<String>::new(), "{back}");
    }

    async fn all_documents_go_out_in_a_zip_and_come_in_again(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let sent = owner.request(Method::GET, "/api/configuration/export").send().await.expect("an answer");
        assert_eq!(sent.headers()["content-type"], "application/zip");
        let zip = sent.bytes().await.expect("a whole file");
        let mut texts = bundle::unpack(&zip).expect("a zip");
        assert!(texts.contains_key("config/starters.yaml"), "{:?}", texts.keys());
        texts.insert("config/frontend.yaml".into(), "theme: dark\n".into());
        let zip = bundle::pack(&texts).expect("memory takes it");
        let (path, file) = ("/api/configuration/import", Some(("all.zip", zip.as_slice())));
        let checked = owner.form_of_bytes(path, &[("validate_only", "true")], file).await.is(200);
        assert_eq!((&checked["is_valid"], &checked["imported"]), (&json!(true), &json!(0)), "{checked}");
        let come = owner.form_of_bytes(path, &[("reason", "From the other house.")], file).await.is(200);
        assert_eq!((&come["imported"], &come["hot_reloaded"]), (&json!(1), &json!([])), "{come}");
        let large = vec![0; bundle::BYTES_MAX + 1];
        owner.form_of_bytes(path, &[], Some(("all.zip", large.as_slice()))).await.refused(413, "file_too_large");
        owner.form_of_bytes(path, &[], Some(("all.zip", b"no zip".as_slice()))).await.refused(422, "invalid_file");
        owner.post(path, json!({})).await.refused(422, "invalid_input");
    }

    async fn a_text_that_is_longer_than_any_may_be_is_refused_where_it_stands(db: Database) {
        let mut settings = server::Settings::default();
        settings.security.texts.chars_max = Some(300);
        settings.security.headers.hsts = Some(jiff::SignedDuration::from_hours(24));
        let house = House::open_with(&db, settings).await;
        let owner = house.owner().await;
        let long = "x".repeat(301);
        let path = format!("/api/collections/notes?tenant={}", house.here);
        let refused = owner.post(&path, json!({"text": long})).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.text.contains("/text") && !refused.text.contains("xxx"), "{}", refused.text);
        let hsts = &refused.headers["strict-transport-security"];
        assert_eq!(hsts, "max-age=86400");
        // A document is a long text, and may be.
        let contents = json!({"contents": {"frontend": format!("# {long}\n")}});
        owner.post("/api/configuration/check", contents).await.is(200);
    }
}
