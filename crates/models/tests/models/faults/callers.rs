//! The caller goes away, at every moment at which one can.

use super::{budgets, nothing_is_held};
use crate::{
    gateway::{chat, messages, providers, stream, two_with},
    house::{House, millis},
};
use futures::StreamExt;
use jiff::SignedDuration;
use models::{
    relay::{Body, Call},
    settings::Disconnect,
};
use serde_json::json;
use testkit::model::{Reply, Script};

async fn house(db: &testkit::Database) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.budgets = budgets(1.0);
    settings.prices = serde_json::from_value(json!([
        {"model": "small", "input_per_million_usd": 1.0, "output_per_million_usd": 1.0}
    ]))
    .unwrap();
    (House::open(db, settings).await, script)
}

/// Goes away as soon as a provider has been asked so often.
async fn goes_once_asked(house: &House, call: Call, script: &Script, count: usize) {
    tokio::select! {
        _ = house.models.relay(call) => panic!("nobody answered so soon"),
        () = script.until_asked(count) => {}
    }
}

testkit::on_both! {
    async fn a_caller_who_goes_before_the_first_byte_cancels_the_provider_and_is_in_the_ledger(db: testkit::Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::hang());
        for (count, call) in [chat("local/small", "a"), stream("local/small", "b"), messages("local/small", "c", true)].into_iter().enumerate() {
            goes_once_asked(&house, call, &script, count + 1).await;
            script.until_hung_up(count + 1).await;
        }
        let rows = house.ledger().await;
        assert_eq!(rows.iter().map(|it| it.outcome.name()).collect::<Vec<_>>(), ["abandoned"; 3]);
        assert!(rows.iter().all(|it| it.usage.estimated && it.usage.tokens_in > 0 && it.status.is_none()));
        nothing_is_held(&house).await;
    }

    async fn a_caller_who_goes_between_two_attempts_asks_nobody_else(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| {
            it.retry.base = SignedDuration::from_secs(30);
            it.budgets = budgets(1.0);
        }).await;
        first.always(|_| Reply::status(503));
        second.always(|_| Reply::status(503));
        let relayed = tokio::time::timeout(millis(2_000), house.models.relay(chat("first/small", "a"))).await;
        assert!(relayed.is_err(), "nobody answered so soon");
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
        assert_eq!(house.outcomes().await, ["unavailable", "unavailable"]);
        nothing_is_held(&house).await;
    }

    async fn a_caller_who_goes_in_the_midst_pays_for_what_was_said_and_no_more(db: testkit::Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("one two three four five six seven eight").paced(millis(300)));
        let Body::Stream(mut pieces) = house.models.relay(stream("local/small", "Count.")).await.body else {
            panic!("a stream was asked for")
        };
        for _ in 0..3 {
            pieces.next().await.expect("a piece");
        }
        drop(pieces);
        script.until_hung_up(1).await;
        let rows = house.ledger().await;
        let (row, usage) = (&rows[0], rows[0].usage);
        assert_eq!((row.outcome.name(), usage.estimated), ("abandoned", true));
        assert!((1..=4).contains(&usage.tokens_out), "{usage:?}");
        let expected = i64::try_from(usage.tokens_in + usage.tokens_out).unwrap() * 1_000;
        assert_eq!(row.cost.nanos().map(|it| it.0), Some(expected));
        nothing_is_held(&house).await;
    }

    async fn a_caller_who_never_reads_a_stream_that_was_begun_is_in_the_ledger_once(db: testkit::Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("one two").tokens(9, 2));
        let reply = house.models.relay(stream("local/small", "Count.")).await;
        drop(reply);
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 1);
        assert!(matches!(rows[0].outcome.name(), "ok" | "abandoned"));
        nothing_is_held(&house).await;
    }

    async fn an_answer_that_is_drained_has_an_end(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        settings.relay.on_disconnect = Disconnect::Drain;
        settings.relay.drain_max = SignedDuration::from_millis(300);
        settings.budgets = budgets(1.0);
        let house = House::open(&db, settings).await;
        script.always(|_| Reply::text("one two").stalls_after(2));
        drop(house.models.relay(stream("local/small", "Count.")).await);
        script.until_hung_up(1).await;
        assert_eq!(house.outcomes().await, ["abandoned"]);
        nothing_is_held(&house).await;
    }

    async fn a_caller_who_goes_before_the_first_word_is_drained_too(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        settings.relay.on_disconnect = Disconnect::Drain;
        settings.budgets = budgets(1.0);
        let house = House::open(&db, settings).await;
        script.always(|_| Reply::text("one two").tokens(70, 30).delayed(millis(1_000)));
        goes_once_asked(&house, stream("local/small", "Count."), &script, 1).await;
        goes_once_asked(&house, chat("local/small", "Count."), &script, 2).await;
        for row in house.ledger().await {
            let usage = row.usage;
            assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (70, 30, false));
        }
        assert_eq!((house.ledger().await.len(), script.hung_up()), (2, 0));
        nothing_is_held(&house).await;
    }

    async fn a_caller_who_takes_nothing_of_a_stream_is_gone_after_a_while(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        settings.relay.caller_patience = SignedDuration::from_millis(200);
        settings.budgets = budgets(1.0);
        let house = House::open(&db, settings).await;
        let long = "word ".repeat(1_000);
        script.always(move |_| Reply::text(&long).paced(millis(5)));
        let reply = house.models.relay(stream("local/small", "Count.")).await;
        script.until_hung_up(1).await;
        assert_eq!(house.outcomes().await, ["abandoned"]);
        nothing_is_held(&house).await;
        drop(reply);
    }

    async fn nothing_stays_held_for_requests_that_went_wrong(db: testkit::Database) {
        let (house, script) = house(&db).await;
        for fault in [
            Reply::hang_up(),
            Reply::status(400),
            Reply::status(401),
            Reply::status(500),
            Reply::body(200, "{}"),
            Reply::body(200, r#"{"error": {"message": "no"}}"#),
            Reply::text("one two three").cut_after(3),
            Reply::text("one two three").fails_after(1),
        ] {
            script.answers(fault);
            house.relay(stream("local/small", "a")).await;
        }
        // Not a word, a wrong word, a name that leads nowhere: nobody is asked.
        house.relay(chat("local/small", "")).await;
        house.relay(chat("nobody/small", "a")).await;
        house.ledger().await;
        nothing_is_held(&house).await;
    }
}
