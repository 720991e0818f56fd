//! Answers that must follow a schema, from a model that says all sorts of things.

use crate::house::{House, ask, settings};
use models::{Ask, Cost, ModelError, repair::Repair, settings::JsonMode};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Request, Script};

fn schema() -> Json {
    json!({
        "type": "object",
        "required": ["items", "summary"],
        "properties": {
            "items": {"type": "array", "items": {
                "type": "object",
                "required": ["code"],
                "properties": {"code": {"type": "string", "pattern": "^[0-9]-"}},
            }},
            "summary": {"type": "string"},
        },
    })
}

fn good() -> Json {
    json!({"items": [{"code": "2-DIP-08-P"}], "summary": "One pipe."})
}

fn question() -> Ask {
    ask("Code these items.")
}

fn last_words(request: &Request) -> String {
    let messages = request.body["messages"].as_array().unwrap();
    messages.last().unwrap()["content"].as_str().unwrap().to_owned()
}

testkit::on_both! {
    async fn a_good_answer_is_taken_as_it_is(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::json(&good()).tokens(100, 20));
        let house = House::open(&db, settings(&script.base_url())).await;
        let made = house.models.structured(question(), &schema()).await.unwrap();
        assert_eq!((made.value, made.attempts, made.repairs), (good(), 1, vec![]));
        assert_eq!(made.usage.total(), 120);
        let sent = script.last_request().body;
        assert_eq!(sent["response_format"]["type"], "json_schema");
        assert_eq!(sent["response_format"]["json_schema"]["schema"], schema());
        assert_eq!(house.outcomes().await, ["ok"]);
    }

    async fn a_question_that_may_be_repeated_is_asked_once(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::fenced(&good()).tokens(100, 20));
        let house = House::open(&db, settings(&script.base_url())).await;
        let again = || Ask { may_repeat: true, ..question() };
        let first = house.models.structured(again(), &schema()).await.unwrap();
        assert_eq!((first.value, first.is_repeated, first.usage.total()), (good(), false, 120));
        let second = house.models.structured(again(), &schema()).await.unwrap();
        assert_eq!((second.value, second.is_repeated, second.usage.total()), (good(), true, 0));
        assert_eq!((second.attempts, second.cost.known()), (0, Some(base::MicroUsd(0))));
        assert_eq!(script.requests().len(), 1);
        script.answers(Reply::json(&good()));
        let other = Ask { tenant: base::TenantId::generate(), ..again() };
        let other = house.models.structured(other, &schema()).await.unwrap();
        assert!(!other.is_repeated, "what another tenant asked is nobody else's");
        script.answers(Reply::json(&good()));
        let anew = house.models.structured(question(), &schema()).await.unwrap();
        assert!(!anew.is_repeated, "who does not say that an older answer will do gets a new one");
        assert_eq!(script.requests().len(), 3);
    }

    async fn what_is_around_an_answer_is_left_out(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::fenced(&good()));
        let house = House::open(&db, settings(&script.base_url())).await;
        let made = house.models.structured(question(), &schema()).await.unwrap();
        assert_eq!((made.value, made.attempts, made.repairs), (good(), 1, vec![Repair::Fence]));
    }

    async fn prose_half_a_json_and_a_wrong_one_are_asked_again_with_what_is_wrong(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script.base_url())).await;
        let wrong = json!({"items": [{"code": "2-DIP"}, {"code": "secret words"}]});
        for (bad, told) in [
            (Reply::prose(), "the answer holds no JSON"),
            (Reply::half(&good()), "the answer was cut off at max_tokens"),
            (Reply::empty(), "the answer is empty"),
            (Reply::json(&wrong), "at /items/1/code: value does not match"),
            (Reply::json(&wrong), "at /: \"summary\" is a required property"),
        ] {
            script.answers(bad.tokens(10, 5)).answers(Reply::json(&good()).tokens(20, 5));
            let made = house.models.structured(question(), &schema()).await.unwrap();
            assert_eq!((made.value, made.attempts), (good(), 2));
            assert_eq!((made.usage.total(), made.cost), (40, Cost::Unknown));
            let said = last_words(&script.last_request());
            assert!(said.contains(told), "{said}");
            assert!(!said.contains("secret words"), "{said}");
        }
        assert_eq!(house.outcomes().await, ["invalid", "ok"].repeat(5));
        let rows = house.ledger().await;
        assert_eq!(rows[0].asked, rows[1].asked);
    }

    async fn three_bad_answers_are_enough(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::prose());
        let house = House::open(&db, settings(&script.base_url())).await;
        let error = house.models.structured(question(), &schema()).await.unwrap_err();
        assert_eq!(error, ModelError::Unusable { errors: vec!["the answer holds no JSON".into()] });
        assert!(!error.is_absent(), "a model that answers badly is there");
        assert_eq!(house.outcomes().await, ["invalid"; 3]);
        // Only the last bad answer is shown again, so that the question does not grow.
        assert_eq!(script.last_request().body["messages"].as_array().unwrap().len(), 3);
    }

    async fn a_question_says_how_many_answers_it_takes_and_how_long_it_waits(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::prose());
        let house = House::open(&db, settings(&script.base_url())).await;
        let once = Ask { answers: 1, ..question() };
        house.models.structured(once, &schema()).await.unwrap_err();
        assert_eq!(script.requests().len(), 1, "a bad answer is not asked for again");
        let pause = std::time::Duration::from_millis(40);
        let patient = Ask { answers: 5, pause, ..question() };
        let begun = std::time::Instant::now();
        house.models.structured(patient, &schema()).await.unwrap_err();
        assert!(begun.elapsed() >= pause * 4, "{:?}", begun.elapsed());
        assert_eq!(script.requests().len(), 6);
        let said: Vec<String> = script.requests().iter().map(last_words).collect();
        assert!(!said[2].contains("in a row"), "{}", said[2]);
        assert!(said[3].contains("the second answer in a row"), "{}", said[3]);
        assert!(said[5].contains("the 4th answer in a row"), "{}", said[5]);
    }

    async fn an_answer_cut_off_is_closed_only_when_the_rest_is_valid(db: testkit::Database) {
        let script = Script::start().await;
        let cut = r#"{"summary": "Two pipes.", "items": [{"code": "2-DIP-08-P"}, {"code": "2-PV"#;
        script.answers(Reply::text(cut));
        let house = House::open(&db, settings(&script.base_url())).await;
        let made = house.models.structured(question(), &schema()).await.unwrap();
        assert_eq!(made.value, json!({"summary": "Two pipes.", "items": [{"code": "2-DIP-08-P"}]}));
        assert_eq!((made.attempts, made.repairs), (1, vec![Repair::Cut]));
    }

    async fn an_answer_far_too_long_is_refused_at_once(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::json(&json!({"items": [], "summary": "word ".repeat(50_000)})));
        let house = House::open(&db, settings(&script.base_url())).await;
        let error = house.models.structured(question(), &schema()).await.unwrap_err();
        assert!(error.to_string().contains("at most 50000 are taken"), "{error}");
        assert_eq!(house.outcomes().await, ["invalid"]);
    }

    async fn a_provider_that_takes_no_schema_is_asked_in_simpler_ways_and_that_is_remembered(db: testkit::Database) {
        let script = Script::start().await;
        let refusal = |what: &str| json!({"error": {"message": format!("'response_format.type' {what} is not supported")}}).to_string();
        script
            .answers(Reply::body(400, refusal("json_schema")))
            .answers(Reply::body(400, refusal("json_object")))
            .always(|_| Reply::json(&good()));
        let house = House::open(&db, settings(&script.base_url())).await;
        for _ in 0..2 {
            assert_eq!(house.models.structured(question(), &schema()).await.unwrap().attempts, 1);
        }
        let kinds: Vec<Json> = script.requests().iter().map(|it| it.body["response_format"]["type"].clone()).collect();
        assert_eq!(kinds, [json!("json_schema"), json!("json_object"), Json::Null, Json::Null]);
        assert!(script.last_request().prompt().contains("\"required\":[\"items\",\"summary\"]"));
        assert_eq!(house.outcomes().await, ["refused", "refused", "ok", "ok"]);
    }

    async fn the_settings_may_name_the_way(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::json(&good()));
        let mut settings = settings(&script.base_url());
        settings.providers["local"].json = JsonMode::JsonObject;
        let house = House::open(&db, settings).await;
        house.models.structured(question(), &schema()).await.unwrap();
        assert_eq!(script.last_request().body["response_format"], json!({"type": "json_object"}));
    }

    async fn a_schema_that_is_none_asks_nothing(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script.base_url())).await;
        let error = house.models.structured(question(), &json!({"type": "banana"})).await.unwrap_err();
        assert!(matches!(error, ModelError::InvalidSchema { .. }), "{error}");
        assert_eq!(script.requests().len(), 0);
    }
}
