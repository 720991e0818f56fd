//! Counting tokens: where a provider is asked, it is asked as for every call.

use models::{Settings, breaker::Position, relay::Asks};
use serde_json::json;
use testkit::model::{Reply, Script};

use crate::{
    gateway::{Got, call, messages, providers},
    house::House,
};

async fn house(db: &testkit::Database, change: impl FnOnce(&mut Settings)) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = providers(&[("anthropic", &script)]);
    change(&mut settings);
    (House::open(db, settings).await, script)
}

async fn count(house: &House) -> Got {
    let body = json!({"model": "anthropic/claude", "messages": [{"role": "user", "content": "one two three"}]});
    house.relay(call(Asks::CountTokens, body)).await
}

testkit::on_both! {
    async fn counts_are_within_the_limits_and_use_no_tokens(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.limits = serde_json::from_value(json!([
                {"per": "tenant", "requests_per_minute": 2, "tokens_per_minute": 10},
            ])).unwrap();
            it.queue = serde_json::from_value(json!({"wait": "0s"})).unwrap();
        }).await;
        for _ in 0..2 {
            let got = count(&house).await;
            assert_eq!((got.status, &got.json()["input_tokens"]), (200, &json!(3)));
        }
        let used = house.models.limits().standings();
        let of_tenant = used.iter().flat_map(|it| &it.used).find(|it| it.requests.is_some()).unwrap();
        assert_eq!((of_tenant.requests, of_tenant.tokens), (Some(2), Some(0)));
        let refused = count(&house).await;
        assert_eq!((refused.status, refused.json()["error"]["type"].as_str()), (429, Some("rate_limit_error")));
        assert!(refused.header("retry-after").is_some());
        assert_eq!(script.requests().len(), 2);
        assert!(house.ledger().await.is_empty(), "a count costs nothing");
    }

    async fn a_provider_that_is_left_alone_is_not_asked_to_count(db: testkit::Database) {
        let (house, script) = house(&db, |it| it.breaker.failures = 2).await;
        script.always(|_| Reply::status(500));
        for _ in 0..2 {
            assert_eq!(house.relay(messages("anthropic/claude", "a", false)).await.status, 500);
        }
        let before = script.requests().len();
        let got = count(&house).await;
        assert_eq!((got.status, script.requests().len()), (200, before), "it is estimated here");
        assert!(got.json()["input_tokens"].as_u64() > Some(3));
        // Half a minute later a count is as good a trial as another request.
        house.clock.advance(jiff::SignedDuration::from_secs(31));
        assert_eq!(count(&house).await.json()["input_tokens"], 3);
        assert_eq!(house.models.overview().providers[0].breaker.breaker, Position::Closed);
    }

    async fn who_fails_to_count_is_left_alone_for_a_while(db: testkit::Database) {
        let (house, _script) = house(&db, |it| {
            it.breaker.failures = 2;
            it.providers["anthropic"].base_url = Some("http://127.0.0.1:9".into());
        }).await;
        for _ in 0..2 {
            assert_eq!(count(&house).await.status, 200, "it is estimated here");
        }
        assert_eq!(house.models.overview().providers[0].breaker.breaker, Position::Open);
    }
}
