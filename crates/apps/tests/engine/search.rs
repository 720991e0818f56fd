//! Finding items: by words always, by meaning too when a provider makes embeddings.

use apps::ask::SearchAsk;
use base::{RecordId, TenantId};
use serde_json::{Map, Value as Json, json};
use testkit::model::{Reply, Script};

use crate::{
    answers::good,
    house::{House, code, file, object, scripted},
};

fn ask(tenant: TenantId, query: &str) -> SearchAsk {
    SearchAsk {
        tenant: Some(tenant),
        collection: "items".into(),
        query: query.into(),
        record: None,
        limit: 10,
        filters: Map::new(),
        since: None,
    }
}

fn codes(found: &Json) -> Vec<String> {
    let results = found["results"].as_array().expect("results");
    results
        .iter()
        .map(|it| it["item"]["data"]["code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn two_lists(house: &House) -> (RecordId, RecordId) {
    let pipes = "code,label,description,application\nP-1,8\" PVC SDR-35,sewer pipe,sanitary\nP-2,12\" DIP CL350,water pipe,water\n";
    let valves = "code,label,description,application\nV-1,6\" GATE VALVE,valve for water,water\n";
    let (one, _) = house.import("Pipes", file("a.csv", pipes)).await;
    let (other, _) = house.import("Valves", file("b.csv", valves)).await;
    (one, other)
}

testkit::on_both! {
    async fn without_a_provider_items_are_found_by_words(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (pipes, _) = two_lists(&house).await;
        let found = house.engine.search(&house.editor(), ask(house.tenant, "gate valve")).await.expect("found");
        assert_eq!((found["method"].clone(), found["model"].clone()), (json!("words"), Json::Null));
        assert_eq!(codes(&found), ["V-1"]);
        assert_eq!(found["results"][0]["parent_title"], "Valves");
        assert_eq!(found["result_count"], 1);
        let found = house.engine.search(&house.editor(), SearchAsk { record: Some(pipes), ..ask(house.tenant, "water") }).await;
        assert_eq!(codes(&found.expect("found")), ["P-2"], "only in this codebook");
        let filters = object(json!({"application": "sanitary_sewer"}));
        let found = house.engine.search(&house.editor(), SearchAsk { filters, ..ask(house.tenant, "pipe") }).await;
        assert_eq!(codes(&found.expect("found")), ["P-1"]);
        let nothing = house.engine.search(&house.editor(), ask(house.tenant, " .,- ")).await;
        assert_eq!(code(nothing), "invalid_input");
        let odd = SearchAsk { filters: object(json!({"colour": "red"})), ..ask(house.tenant, "pipe") };
        assert_eq!(code(house.engine.search(&house.editor(), odd).await), "invalid_input");
    }

    async fn with_a_provider_items_are_found_by_meaning_too(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| Reply::json(&good(body)));
        let house = House::open(db, scripted(&script, true)).await;
        let list = "code,label\nA,red apple tree\nB,steel bolt\nC,apple pie\n";
        let (_, result) = house.import("Things", file("a.csv", list)).await;
        assert_eq!(result["embedded"], json!({"done": 3, "of": 3, "model": "openai/scripted-embed"}));
        let found = house.engine.search(&house.editor(), ask(house.tenant, "apple")).await.expect("found");
        assert_eq!((found["method"].clone(), found["model"].clone()), (json!("both"), json!("openai/scripted-embed")));
        assert_ne!(codes(&found)[0], "B", "{found}");
        // No word of the question is in any item.
        let found = house.engine.search(&house.editor(), ask(house.tenant, "zzzz")).await.expect("found");
        assert_eq!(found["method"], "meaning");
        let limited = house.engine.search(&house.editor(), SearchAsk { limit: 1, ..ask(house.tenant, "apple") }).await;
        assert_eq!(limited.expect("found")["result_count"], 1);
    }

    async fn a_narrow_search_finds_by_meaning_what_lies_far_from_the_question(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| {
            let mut answer = good(body);
            let items = answer.get_mut("items").and_then(Json::as_array_mut);
            for item in items.into_iter().flatten() {
                if item["original_label"] == "steel bolt" {
                    item["application"] = json!("sanitary_sewer");
                }
            }
            Reply::json(&answer)
        });
        let house = House::open(db, scripted(&script, true)).await;
        let near = (0..120).map(|it| format!("A-{it},red apple {it},water\n"));
        let list = format!("code,label,application\n{}B-1,steel bolt,sanitary\n", near.collect::<String>());
        house.import("Things", file("a.csv", list)).await;
        let filters = object(json!({"application": "sanitary_sewer"}));
        let ask = SearchAsk { filters, ..ask(house.tenant, "apple") };
        let found = house.engine.search(&house.editor(), ask).await.expect("found");
        assert_eq!((codes(&found), found["method"].clone()), (vec!["B-1".to_owned()], json!("meaning")));
    }

    async fn a_text_that_has_a_vector_is_not_sent_again(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| Reply::json(&good(body)));
        let house = House::open(db, scripted(&script, true)).await;
        let (record, _) = house.import("Things", file("a.csv", "code,label\nA,one\nB,two\n")).await;
        let texts = || -> usize {
            let requests = script.requests();
            let asked = requests.iter().filter(|it| it.path.ends_with("embeddings"));
            asked.map(|it| it.body["input"].as_array().map_or(1, Vec::len)).sum()
        };
        assert_eq!(texts(), 2);
        let refactor = house.task("refactor", record, json!({})).await.expect("a job");
        let made = house.done(&refactor).await;
        assert_eq!(texts(), 2, "labels and descriptions did not change");
        let version = crate::house::version_of(&made);
        house.engine.activate(&house.editor(), version, None, None).await.expect("active");
        let found = house.engine.search(&house.editor(), ask(house.tenant, "one")).await.expect("found");
        assert_eq!((found["method"].clone(), codes(&found)[0].clone()), (json!("both"), "R-one".to_owned()));
    }

    async fn a_provider_that_fails_leaves_the_words(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| Reply::json(&good(body)));
        for _ in 0..8 {
            script.answers_embeddings(Reply::status(400));
        }
        let house = House::open(db, scripted(&script, true)).await;
        let (_, result) = house.import("Things", file("a.csv", "code,label\nA,one\n")).await;
        assert_eq!(result["embedded"]["done"], 0, "{result}");
        assert!(result["embedded"]["error"].is_string());
        let found = house.engine.search(&house.editor(), ask(house.tenant, "one")).await.expect("found");
        assert_eq!((found["method"].clone(), codes(&found)), (json!("words"), vec!["A".to_owned()]));
    }

    async fn nobody_finds_what_is_another_tenants(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| Reply::json(&good(body)));
        let house = House::open(db, scripted(&script, true)).await;
        let (pipes, _) = two_lists(&house).await;
        let theirs = house.engine.search(&house.outsider(), ask(house.tenant, "pipe")).await;
        assert_eq!(code(theirs), "tenant_forbidden");
        let own = house.engine.search(&house.outsider(), ask(house.stranger, "pipe")).await.expect("found");
        assert_eq!(own["result_count"], 0);
        let through = SearchAsk { record: Some(pipes), ..ask(house.stranger, "pipe") };
        match house.engine.search(&house.outsider(), through).await {
            Ok(found) => assert_eq!(found["result_count"], 0),
            Err(error) => assert_eq!(error.code(), "record_not_found"),
        }
    }
}
