//! A scripted provider over real HTTP: what is repeated, what is refused, and what the ledger says.

use std::time::{Duration, Instant};

use crate::house::{House, ask, millis, settings};
use base::{JobId, MicroUsd, Secret, TenantId};
use jiff::SignedDuration;
use models::{
    Cost, Health, Message, ModelError, Models, Settings,
    health::State,
    price::{Price, Rate},
};
use serde_json::json;
use testkit::model::{Reply, Script};

fn price(model: &str) -> Price {
    Price {
        model: model.into(),
        input_per_million_usd: Rate::from_dollars(2.5).unwrap(),
        output_per_million_usd: Rate::from_dollars(10.0).unwrap(),
        ..Price::default()
    }
}

testkit::on_both! {
    async fn an_answer_comes_with_what_it_used_and_cost(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::text("Hello").tokens(1_234, 567));
        let house = House::open(&db, Settings { prices: vec![price("small")], ..settings(&script.base_url()) }).await;
        let mut question = ask("Hello?");
        question.job = Some(JobId::generate());
        question.user = Some("usr_1".into());
        question.temperature = Some(0.1);
        question.seed = Some(7);
        let (job, tenant) = (question.job, question.tenant);
        let answer = house.models.complete(question).await.unwrap();
        assert_eq!(answer.text, "Hello");
        assert_eq!((answer.provider.as_str(), answer.model.as_str()), ("local", "small"));
        assert_eq!(answer.cost, Cost::Known(MicroUsd(8_755).into()));

        let rows = house.ledger().await;
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.tenant, row.job, row.caller.as_deref()), (tenant, job, Some("usr_1")));
        assert_eq!((row.operation.as_str(), row.provider.as_str(), row.model.as_str()), ("test", "local", "small"));
        assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (1_234, 567, false));
        assert_eq!((row.cost, row.outcome.name(), row.status), (Cost::Known(MicroUsd(8_755).into()), "ok", Some(200)));
        assert_eq!(row.at, house.clock.now());

        let sent = script.last_request();
        assert_eq!(sent.path, "/v1/chat/completions");
        assert_eq!(sent.authorization, None);
        assert_eq!(sent.body, json!({
            "model": "small", "messages": [{"role": "user", "content": "Hello?"}],
            "temperature": 0.1, "seed": 7,
        }));
    }

    async fn a_model_without_a_price_costs_nobody_knows_what(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::text("Hello").tokens(10, 5));
        let house = House::open(&db, Settings { prices: vec![price("other")], ..settings(&script.base_url()) }).await;
        assert_eq!(house.models.complete(ask("Hello?")).await.unwrap().cost, Cost::Unknown);
        assert_eq!(house.ledger().await[0].cost, Cost::Unknown);
        let nulls = house.store.read(|db| {
            db.one("SELECT count(*) AS n FROM model_usage WHERE cost_nano_usd IS NULL", &[])?.get::<i64>("n")
        });
        let nulls: Result<i64, store::Error> = nulls.await;
        assert_eq!(nulls.unwrap(), 1);
    }

    async fn an_address_is_good_with_and_without_its_version(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello"));
        let with = script.base_url();
        for address in [with.clone(), with.replace("/v1", ""), format!("{with}/"), format!("{with}/chat/completions")] {
            let house = House::open(&db, settings(&address)).await;
            assert_eq!(house.models.complete(ask("Hello?")).await.unwrap().text, "Hello", "{address}");
        }
    }

    async fn the_six_passing_statuses_are_asked_again(db: testkit::Database) {
        let script = Script::start().await;
        for status in [429, 498, 502, 503, 504, 529] {
            script.answers(Reply::status(status)).answers(Reply::text("Hello"));
        }
        let house = House::open(&db, Settings { prices: vec![price("small")], ..settings(&script.base_url()) }).await;
        for _ in 0..6 {
            assert_eq!(house.models.complete(ask("Hello?")).await.unwrap().text, "Hello");
        }
        assert_eq!(
            house.outcomes().await,
            [
                "rate_limited", "ok", "unavailable", "ok", "unavailable", "ok", "unavailable", "ok",
                "unavailable", "ok", "unavailable", "ok",
            ]
        );
        let rows = house.ledger().await;
        assert_eq!(rows[0].asked, rows[1].asked, "two attempts of one question");
        assert_ne!(rows[1].asked, rows[2].asked);
        // What was refused before any work was done has cost nothing, where the price is known.
        assert_eq!((rows[0].usage.total(), rows[0].cost, rows[0].status), (0, Cost::Known(MicroUsd(0).into()), Some(429)));
    }

    async fn other_statuses_are_not(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script.base_url())).await;
        for (count, status) in [400, 401, 403, 404, 409, 413, 422, 500, 501].into_iter().enumerate() {
            script.answers(Reply::status(status));
            let error = house.models.complete(ask("Hello?")).await.unwrap_err();
            match (&error, status) {
                (ModelError::Refused { status: said, message, .. }, ..500) => {
                    assert_eq!((*said, message.as_str()), (status, format!("scripted status {status}").as_str()));
                    assert!(!error.is_absent());
                }
                (ModelError::Unavailable { .. }, 500..) => assert!(error.is_absent()),
                _ => panic!("{status}: {error}"),
            }
            assert_eq!(script.requests().len(), count + 1);
        }
        assert_eq!(house.ledger().await.len(), 9);
    }

    async fn after_three_repetitions_it_is_enough(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::status(429));
        let house = House::open(&db, settings(&script.base_url())).await;
        let started = Instant::now();
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert!(matches!(error, ModelError::RateLimited { .. }), "{error}");
        assert!(error.is_temporary() && !error.is_absent());
        assert_eq!(script.requests().len(), 4);
        assert!(started.elapsed() >= millis(20 + 40 + 80), "{:?}", started.elapsed());
        assert_eq!(house.ledger().await.len(), 4);
    }

    async fn a_wanted_wait_is_kept_when_it_is_short_and_handed_on_when_it_is_long(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::status(429).retry_after(1)).answers(Reply::text("Hello"));
        let house = House::open(&db, settings(&script.base_url())).await;
        let started = Instant::now();
        house.models.complete(ask("Hello?")).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());

        script.answers(Reply::status(503).retry_after(3_600));
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
        // A date is measured by the clock of the house, which stands at eight.
        script.answers(Reply::status(429).retry_after("Sat, 21 Nov 2026 09:00:00 GMT"));
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
        assert_eq!(script.requests().len(), 4);
    }

    async fn an_account_without_money_is_not_asked_again(db: testkit::Database) {
        let script = Script::start().await;
        let body = json!({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}});
        script.answers(Reply::body(429, body.to_string()));
        let house = House::open(&db, settings(&script.base_url())).await;
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert!(matches!(error, ModelError::Refused { status: 429, .. }), "{error}");
        assert_eq!(script.requests().len(), 1);
    }

    async fn a_provider_that_keeps_failing_is_left_alone_and_tried_again(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::status(500));
        let house = House::open(&db, settings(&script.base_url())).await;
        for _ in 0..5 {
            house.models.complete(ask("Hello?")).await.unwrap_err();
        }
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
        assert!(error.is_absent());
        assert_eq!(script.requests().len(), 5, "nobody asked the sixth time");

        house.clock.advance(SignedDuration::from_secs(30));
        house.models.complete(ask("Hello?")).await.unwrap_err();
        house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(script.requests().len(), 6, "one probe, and it failed");

        house.clock.advance(SignedDuration::from_secs(30));
        script.always(|_| Reply::text("Hello"));
        for _ in 0..3 {
            house.models.complete(ask("Hello?")).await.unwrap();
        }
        assert_eq!(house.ledger().await.len(), 9);
    }

    async fn the_state_of_a_provider_is_what_was_last_seen(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script.base_url())).await;
        let state = |models: &Models| match models.health() {
            Health::Providers(all) => all[0].state.clone(),
            Health::NotConfigured => panic!("configured"),
        };
        assert_eq!(state(&house.models), State::NeverUsed);
        script.answers(Reply::text("Hello"));
        house.models.complete(ask("Hello?")).await.unwrap();
        assert_eq!(state(&house.models), State::Ok { at: house.clock.now() });

        let since = house.clock.now();
        script.answers(Reply::status(500)).answers(Reply::status(401));
        house.models.complete(ask("Hello?")).await.unwrap_err();
        house.clock.advance(SignedDuration::from_secs(5));
        house.models.complete(ask("Hello?")).await.unwrap_err();
        let why = "status 401".to_owned();
        assert_eq!(state(&house.models), State::Failing { since, why });
        assert!(!house.models.health().is_good());
        assert_eq!(script.requests().len(), 3, "looking asks nothing");
    }

    async fn without_a_provider_nothing_is_configured(db: testkit::Database) {
        let house = House::open(&db, Settings::default()).await;
        assert_eq!(house.models.complete(ask("Hello?")).await, Err(ModelError::NotConfigured));
        let embedded = house.models.embed(TenantId::DEFAULT, "search", vec!["a".into()]).await;
        assert_eq!(embedded, Err(ModelError::NotConfigured));
        assert_eq!((house.models.can_complete(), house.models.can_embed()), (None, None));
        assert_eq!(house.models.health(), Health::NotConfigured);
        assert!(ModelError::NotConfigured.is_absent());
    }

    async fn an_answer_without_words_is_no_answer(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::empty());
        let house = House::open(&db, settings(&script.base_url())).await;
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(error.to_string(), "the model's answer cannot be used: the answer is empty");
        assert!(!error.is_absent());
        assert_eq!(house.outcomes().await, ["invalid"]);
    }

    async fn tokens_nobody_counted_are_estimated_and_marked(db: testkit::Database) {
        let script = Script::start().await;
        let body = json!({"choices": [{"message": {"content": "four"}}]});
        script.answers(Reply::body(200, body.to_string()));
        let house = House::open(&db, settings(&script.base_url())).await;
        house.models.complete(ask("12345678")).await.unwrap();
        let usage = house.ledger().await[0].usage;
        assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (6, 1, true));
    }

    async fn the_key_goes_to_the_provider_and_nowhere_else(db: testkit::Database) {
        let script = Script::start().await;
        let key = "sk-canary1234567890";
        let said = json!({"error": {"message": format!("Incorrect API key provided: {key}")}});
        script.answers(Reply::body(401, said.to_string()));
        let mut settings = settings(&script.base_url());
        settings.providers["local"].api_key = Some(Secret::new(key.into()));
        let house = House::open(&db, settings).await;
        let error = house.models.complete(ask("Hello?")).await.unwrap_err();
        assert_eq!(script.last_request().authorization, Some(format!("Bearer {key}")));
        assert!(!format!("{error} {error:?} {:?}", house.models.health()).contains("canary"), "{error:?}");
    }

    async fn what_a_model_refuses_is_left_out_from_then_on(db: testkit::Database) {
        let script = Script::start().await;
        let said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        let body = json!({"error": {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}});
        script.answers(Reply::body(400, body.to_string())).always(|_| Reply::text("Hello"));
        let house = House::open(&db, settings(&script.base_url())).await;
        for _ in 0..2 {
            let mut question = ask("Hello?");
            question.max_tokens = Some(99);
            house.models.complete(question).await.unwrap();
        }
        let sent: Vec<bool> = script.requests().iter().map(|it| it.body.get("max_tokens").is_some()).collect();
        assert_eq!(sent, [true, false, false]);
        assert_eq!(script.last_request().body["max_completion_tokens"], 99);
        assert_eq!(house.outcomes().await, ["refused", "ok", "ok"]);
    }

    async fn embeddings_come_in_the_order_of_the_texts(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, Settings { prices: vec![price("small-embed")], ..settings(&script.base_url()) }).await;
        assert_eq!(house.models.can_embed().as_deref(), Some("local/small-embed"));
        let texts: Vec<String> = (0..150).map(|it| format!("text number {it}")).collect();
        let made = house.models.embed(TenantId::DEFAULT, "search", texts.clone()).await.unwrap();
        assert_eq!((made.dimensions, made.vectors.len()), (testkit::model::DIMENSIONS, 150));
        let alone = house.models.embed(TenantId::DEFAULT, "search", vec![texts[149].clone()]).await.unwrap();
        assert_eq!(made.vectors[149], alone.vectors[0]);
        assert_ne!(made.vectors[149], made.vectors[148]);
        assert_eq!(script.requests().len(), 4, "150 texts in three requests, one in one");
        let rows = house.ledger().await;
        assert_eq!(rows[0].asked, rows[2].asked);
        assert!(rows.iter().all(|it| it.usage.tokens_out == 0 && it.cost.known().is_some()));
    }

    async fn embeddings_are_never_those_of_the_cheaper_model_of_a_budget(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = settings(&script.base_url());
        settings.budgets = serde_json::from_value(serde_json::json!([{
            "name": "small", "scope": "whole", "period": "month", "limit_tokens": 1,
            "at_limit": "downgrade", "downgrade_to": "local/cheap",
        }])).unwrap();
        let house = House::open(&db, settings).await;
        let refused = house.models.embed(TenantId::DEFAULT, "search", vec!["a b c".into()]).await.unwrap_err();
        assert!(matches!(refused, ModelError::OverBudget { .. }), "{refused}");
        assert_eq!(script.requests().len(), 0);
        script.always(|_| Reply::text("Hello"));
        assert_eq!(house.models.complete(ask("Hello?")).await.unwrap().model, "cheap");
    }

    async fn no_texts_ask_for_nothing(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script.base_url())).await;
        let made = house.models.embed(TenantId::DEFAULT, "search", vec![]).await.unwrap();
        assert_eq!((made.dimensions, made.vectors.len(), script.requests().len()), (0, 0, 0));
    }

    async fn embeddings_that_do_not_fit_are_refused(db: testkit::Database) {
        let script = Script::start().await;
        script.answers_embeddings(Reply::embeddings(vec![vec![1.0, 2.0]]));
        let house = House::open(&db, settings(&script.base_url())).await;
        let made = house.models.embed(TenantId::DEFAULT, "search", vec!["a".into(), "b".into()]).await;
        assert!(made.unwrap_err().to_string().contains("another number of embeddings"));
        assert_eq!(house.outcomes().await, ["unreadable"]);
    }

    async fn the_model_of_a_question_wins_over_its_priority(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello"));
        let house = House::open(&db, settings(&script.base_url())).await;
        for (named, expected) in [(None, "small"), (Some("local/big"), "big"), (Some("org/big"), "org/big")] {
            let mut question = ask("Hello?");
            question.model = named.map(str::to_owned);
            question.messages.insert(0, Message::system("Be brief."));
            house.models.complete(question).await.unwrap();
            assert_eq!(script.last_request().body["model"], expected);
        }
    }
}
