//! Nobody is reached, or nobody answers.

use std::time::{Duration, Instant};

use super::{is_error, silent};
use crate::{
    gateway::{chat, one, providers, stream, two_with},
    house::House,
};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

/// An address of this machine at which nobody listens.
fn nobody() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

/// Settings with one provider at this address.
fn at(address: String, script: &Script) -> models::Settings {
    let mut settings = providers(&[("local", script)]);
    settings.providers["local"].base_url = Some(address);
    settings
}

testkit::on_both! {
    async fn a_connection_that_is_refused_is_told_and_leaves_no_row(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, at(nobody(), &script)).await;
        for call in [chat("local/small", "Hello?"), stream("local/small", "Hello?")] {
            let got = house.relay(call).await;
            let told = is_error(&got, 502, "server_error");
            assert_eq!((&told["error"]["code"], &told["error"]["message"]), (&json!("provider_failed"), &json!("The provider failed: no connection.")));
            assert_eq!((got.header("x-should-retry"), got.header("x-mainstay-attempts")), (Some("false"), Some("1")));
        }
        assert_eq!(house.ledger().await.len(), 0);
    }

    async fn a_tls_handshake_that_fails_is_told_and_leaves_no_row(db: testkit::Database) {
        let script = Script::start().await;
        let address = script.address().replace("http", "https");
        let house = House::open(&db, at(address, &script)).await;
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!(is_error(&got, 502, "server_error")["error"]["code"], "provider_failed");
        assert_eq!((house.ledger().await.len(), script.requests().len()), (0, 0));
    }

    async fn a_provider_that_hangs_before_the_head_of_its_answer_is_given_up_and_hung_up_on(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        // Not before it was asked, however busy the machine is.
        settings.providers["local"].timeout = SignedDuration::from_millis(800);
        settings.providers["local"].first_byte_timeout = SignedDuration::from_millis(800);
        let house = House::open(&db, settings).await;
        script.always(|_| Reply::hang());
        let all = [chat("local/small", "Hello?"), stream("local/small", "Hello?")];
        let began = Instant::now();
        for got in join_all(all.map(|it| house.relay(it))).await {
            assert_eq!(is_error(&got, 504, "server_error")["error"]["code"], "provider_timeout");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        let rows = house.ledger().await;
        assert_eq!(rows.iter().map(|it| it.outcome.name()).collect::<Vec<_>>(), ["timeout"; 2]);
        // Nobody knows what the provider did with it.
        assert!(rows.iter().all(|it| it.usage.estimated && it.usage.tokens_in > 0));
        script.until_hung_up(2).await;
    }

    async fn an_attempt_lasts_no_longer_than_its_call_may(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        // An attempt that begins when half of it is over was left no time by others.
        settings.relay.deadline = SignedDuration::from_millis(1_500);
        settings.breaker.failures = 3;
        let house = House::open(&db, settings).await;
        script.always(silent);
        let all = [chat("local/small", "a"), stream("local/small", "b"), stream("local/small", "c")];
        let began = Instant::now();
        for got in join_all(all.map(|it| house.relay(it))).await {
            assert_eq!(is_error(&got, 504, "server_error")["error"]["code"], "provider_timeout");
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        // It had all the time of the calls for itself: it is left alone, as after its own time-outs.
        let got = house.relay(chat("local/small", "d")).await;
        assert_eq!(is_error(&got, 503, "server_error")["error"]["code"], "provider_left_alone");
        assert_eq!(house.outcomes().await, ["timeout"; 3]);
    }

    async fn who_was_left_no_time_by_others_is_not_left_alone_for_it(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| {
            it.relay.deadline = SignedDuration::from_secs(2);
            it.providers["first"].timeout = SignedDuration::from_secs(1);
            it.breaker.failures = 1;
        })
        .await;
        first.answers(Reply::hang());
        second.answers(Reply::hang()).answers(Reply::text("Hello"));
        assert_eq!(house.relay(chat("first/small", "a")).await.status, 504);
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
        assert_eq!(house.relay(chat("second/large", "b")).await.status, 200);
        assert_eq!(house.outcomes().await, ["timeout", "timeout", "ok"]);
    }

    async fn a_provider_that_was_not_reached_keeps_its_room(db: testkit::Database) {
        let (house, _, second) = two_with(&db, |it| {
            it.providers["first"].base_url = Some(nobody());
            it.limits = serde_json::from_value(json!([{"per": "provider", "match": "first", "requests_per_minute": 1}])).unwrap();
        }).await;
        second.always(|_| Reply::text("Hello"));
        for _ in 0..3 {
            // Had an attempt that reached nobody counted, the next one would not even be made.
            let got = house.relay(chat("first/small", "Hello?")).await;
            assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("2")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_the_callers_question_goes_nowhere_else() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let other = Script::start().await;
    script.answers(Reply::body(307, "").header("location", other.address()));
    let got = house.relay(chat("local/small", "Hello?")).await;
    assert_eq!(got.status, 502, "{}", got.text());
    assert_eq!((script.requests().len(), other.requests().len()), (1, 0));
    assert!(matches!(got.json()["error"]["message"], Json::String(_)));
}
