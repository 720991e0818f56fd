//! What goes wrong within a stream: the caller is told in its midst, never left with a clean end, and
//! the ledger says what is known.

use std::time::Duration;

use crate::{
    gateway::{Got, call, messages, one, providers, stream, two},
    house::{House, millis},
};
use futures::{FutureExt, StreamExt};
use jiff::SignedDuration;
use models::{
    relay::{Asks, Body, Call, Welcome},
    settings::Disconnect,
};
use rstest::rstest;
use serde_json::json;
use testkit::model::{Reply, Script};
use tokio_util::sync::CancellationToken;

/// A stream of OpenAI's that said something and then ended with an error.
#[track_caller]
fn broke_off(got: &Got) -> serde_json::Value {
    assert_eq!(got.status, 200, "{}", got.text());
    let data = got.data();
    assert!(!data.contains(&"[DONE]"), "{}", got.text());
    let last: serde_json::Value = serde_json::from_str(data.last().unwrap()).unwrap();
    assert!(last["error"]["message"].is_string(), "{last}");
    last
}

/// A short-tempered house.
async fn hasty(db: &testkit::Database) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.providers["local"].stall_timeout = SignedDuration::from_millis(600);
    (House::open(db, settings).await, script)
}

/// Takes so many pieces of a stream, then goes away.
async fn takes(house: &House, call: Call, pieces: usize) {
    let Body::Stream(mut stream) = house.models.relay(call).await.body else {
        panic!("a stream was asked for")
    };
    for _ in 0..pieces {
        stream.next().await.expect("a piece");
    }
}

/// The same call, of somebody who is welcome until this is over.
fn welcome_until(over: &CancellationToken, call: Call) -> Call {
    let over = over.clone();
    Call { welcome: Welcome::until(move || over.clone().cancelled_owned()), ..call }
}

testkit::on_both! {
    async fn a_stream_that_breaks_ends_with_an_error_and_asks_nobody_else(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        second.always(|_| Reply::text("another"));
        for (fault, outcome) in [
            (Reply::text("one two three").cut_after(3), "hung_up"),
            (Reply::text("one two three").ends_after(3), "hung_up"),
            (Reply::text("one two three").breaks_after(3), "unreadable"),
            (Reply::text("one two three").fails_after(3), "unreadable"),
        ] {
            first.answers(fault.clone());
            let got = house.relay(stream("first/small", "Count.")).await;
            broke_off(&got);
            assert_eq!(got.words(), "one two", "{fault:?}");
            let rows = house.ledger().await;
            let row = rows.last().unwrap();
            assert_eq!((row.outcome.name(), row.usage.estimated), (outcome, true), "{fault:?}");
            // Two words of seven bytes are about two tokens.
            assert_eq!((row.usage.tokens_out, row.status), (2, Some(200)));
        }
        assert_eq!(second.requests().len(), 0);
    }

    async fn a_stream_that_stalls_is_given_up(db: testkit::Database) {
        let (house, script) = hasty(&db).await;
        script.answers(Reply::text("one two three").stalls_after(3));
        let got = house.relay(stream("local/small", "Count.")).await;
        assert_eq!(broke_off(&got)["error"]["code"], "provider_timeout");
        assert_eq!(house.outcomes().await, ["timeout"]);
        script.until_hung_up(1).await;
    }

    async fn the_first_words_are_there_with_the_head_of_the_reply(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::text("one two three four").tokens(7, 4).paced(millis(50)));
        let Body::Stream(mut pieces) = house.models.relay(stream("local/small", "Count.")).await.body else {
            panic!("a stream was asked for")
        };
        // Whoever sends the head has them without waiting for anybody.
        let first = pieces.next().now_or_never().flatten().expect("a piece is there");
        let rest = pieces.collect::<Vec<_>>().await.concat();
        let got = Got { status: 200, headers: http::HeaderMap::new(), bytes: [&first[..], &rest].concat().into() };
        assert_eq!((got.words().as_str(), got.data().last()), ("one two three four", Some(&"[DONE]")), "{}", got.text());
        let rows = house.ledger().await;
        assert_eq!((rows[0].outcome.name(), rows[0].usage.tokens_in, rows[0].usage.tokens_out), ("ok", 7, 4));
    }

    async fn a_slow_reader_is_no_stall(db: testkit::Database) {
        let (house, script) = hasty(&db).await;
        script.answers(Reply::text("one two three four ".repeat(10)).paced(millis(20)));
        let Body::Stream(mut pieces) = house.models.relay(stream("local/small", "Count.")).await.body else {
            panic!("a stream was asked for")
        };
        let mut all = pieces.next().await.expect("a piece").to_vec();
        // Longer than a provider may be silent; this one goes on until nobody takes any more.
        tokio::time::sleep(millis(900)).await;
        while let Some(piece) = pieces.next().await {
            all.extend(piece);
        }
        let text = String::from_utf8(all).unwrap();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        assert_eq!(house.outcomes().await, ["ok"]);
    }

    async fn a_caller_who_goes_cancels_the_provider_and_is_in_the_ledger(db: testkit::Database) {
        let (house, script) = one(&db).await;
        // Longer than anybody needs for going.
        let long = "one two three four five six ".repeat(50);
        script.always(move |_| Reply::text(&long).paced(millis(30)));
        // Before the first piece, in the middle.
        for (pieces, gone) in [(0, 1), (2, 2)] {
            takes(&house, stream("local/small", "Count."), pieces).await;
            script.until_hung_up(gone).await;
        }
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 2);
        for row in &rows {
            assert_eq!((row.outcome.name(), row.usage.estimated, row.status), ("abandoned", true, Some(200)));
            assert!(row.usage.tokens_in > 0 && row.usage.tokens_out > 0, "{:?}", row.usage);
        }
    }

    async fn a_caller_who_goes_after_the_last_word_has_had_an_answer(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::text("one").tokens(7, 3));
        let Body::Stream(mut pieces) = house.models.relay(stream("local/small", "Count.")).await.body else {
            panic!("a stream was asked for")
        };
        while let Some(piece) = pieces.next().await {
            if piece.ends_with(b"[DONE]\n\n") {
                break;
            }
        }
        drop(pieces);
        let rows = house.ledger().await;
        assert_eq!((rows[0].outcome.name(), rows[0].usage.tokens_in, rows[0].usage.tokens_out), ("ok", 7, 3));
        assert!(!rows[0].usage.estimated);
    }

    async fn a_caller_who_is_not_welcome_any_longer_is_told_so_in_every_dialect(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script), ("anthropic", &script)]);
        // What is read to its end is read for somebody.
        settings.relay.on_disconnect = Disconnect::Drain;
        let house = House::open(&db, settings).await;
        // Longer than anybody needs for turning somebody out.
        let long = format!("{}eight", "one two three four five six seven ".repeat(40));
        script.always(move |_| Reply::text(&long).paced(millis(60)));
        let responses = json!({"model": "local/small", "input": "Count.", "stream": true});
        let calls = [
            stream("local/small", "Count."),
            messages("anthropic/small", "Count.", true),
            messages("local/small", "Count.", true),
            call(Asks::Responses, responses),
        ];
        for (at, asked) in calls.into_iter().enumerate() {
            let over = CancellationToken::new();
            let Body::Stream(mut pieces) = house.models.relay(welcome_until(&over, asked)).await.body else {
                panic!("a stream was asked for")
            };
            let mut said = Vec::new();
            for _ in 0..3 {
                said.extend(pieces.next().await.expect("a piece"));
            }
            over.cancel();
            while let Some(piece) = pieces.next().await {
                said.extend(piece);
            }
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains("one") && said.contains("has ended, and the answer with it"), "{said}");
            assert!(said.contains("session_ended"), "{said}");
            for end in ["[DONE]", "message_stop", "response.completed", "eight"] {
                assert!(!said.contains(end), "{said}");
            }
            script.until_hung_up(at + 1).await;
        }
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 4);
        for row in &rows {
            assert_eq!((row.outcome.name(), row.usage.estimated, row.status), ("abandoned", true, Some(200)));
            // The whole has more than three hundred.
            assert!(row.usage.tokens_in > 0 && (1..100).contains(&row.usage.tokens_out), "{:?}", row.usage);
        }
    }

    async fn a_caller_who_is_not_welcome_any_longer_and_reads_nothing_holds_no_provider(db: testkit::Database) {
        let (house, script) = one(&db).await;
        let text = "one two three four ".repeat(100);
        let said = text.clone();
        script.always(move |_| Reply::text(said.clone()).paced(millis(20)));
        let over = CancellationToken::new();
        let call = welcome_until(&over, stream("local/small", "Count."));
        let Body::Stream(pieces) = house.models.relay(call).await.body else {
            panic!("a stream was asked for")
        };
        // By then so much was said that nothing more is taken from the provider.
        tokio::time::sleep(millis(400)).await;
        assert_eq!(script.hung_up(), 0);
        over.cancel();
        script.until_hung_up(1).await;
        let said = pieces.collect::<Vec<_>>().await.concat();
        let got = Got { status: 200, headers: http::HeaderMap::new(), bytes: said.into() };
        assert_eq!(broke_off(&got)["error"]["code"], "session_ended");
        let words = got.words();
        assert!(text.starts_with(&words) && words.len() < text.len(), "no piece is lost: {words}");
    }

    async fn when_the_settings_say_so_the_rest_is_read_for_what_it_used(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        settings.relay.on_disconnect = Disconnect::Drain;
        let house = House::open(&db, settings).await;
        // It takes longer than its caller needs for going.
        let long = "one two three four ".repeat(16);
        script.always(move |_| Reply::text(&long).tokens(70, 30).paced(millis(10)));
        takes(&house, stream("local/small", "Count."), 1).await;
        // Closing waits for what is still read.
        let rows = house.ledger().await;
        assert_eq!((rows[0].outcome.name(), rows[0].usage.tokens_in, rows[0].usage.tokens_out), ("abandoned", 70, 30));
        assert!(!rows[0].usage.estimated);
        assert_eq!(script.hung_up(), 0);
    }

    async fn anthropics_callers_are_told_in_their_words_and_get_no_clean_end(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("anthropic", &script), ("openai", &script)])).await;
        for model in ["anthropic/claude", "openai/gpt"] {
            script.answers(Reply::text("one two three").cut_after(5));
            let got = house.relay(messages(model, "Count.", true)).await;
            assert!(got.text().contains("one"), "{model}: {}", got.text());
            assert!(got.text().contains("event: error"), "{model}: {}", got.text());
            assert!(!got.text().contains("message_stop"), "{model}");
        }
        for row in house.ledger().await {
            assert!(row.usage.estimated && row.usage.tokens_out >= 1, "{:?}", row.usage);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_gets_comments_until_it_speaks_again() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.relay.heartbeat = SignedDuration::from_millis(50);
    let house = House::open(&db, settings).await;
    script.answers(Reply::text("one two").paced(millis(220)));
    let got = house.relay(stream("local/small", "Count.")).await;
    assert!(got.text().contains(": still here\n\n"), "{}", got.text());
    assert_eq!((got.words().as_str(), got.data().last()), ("one two", Some(&"[DONE]")));
}

/// Streams as some servers make them, each saying `Größe`.
#[rstest]
#[case::crlf(vec!["data: {\"choices\":[{\"delta\":{\"content\":\"Größe\"},\"finish_reason\":\"stop\"}]}\r\n\r\n".as_bytes().to_vec(), b"data: [DONE]\r\n\r\n".to_vec()])]
#[case::comments(vec![": ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Größe\"},\"finish_reason\":\"stop\"}]}\n\n: ping\n\ndata: [DONE]\n\n".as_bytes().to_vec()])]
#[case::no_space(vec!["data:{\"choices\":[{\"delta\":{\"content\":\"Größe\"},\"finish_reason\":\"stop\"}]}\n\ndata:[DONE]\n\n".as_bytes().to_vec()])]
#[case::several_lines(vec!["data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Größe\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n".as_bytes().to_vec()])]
#[case::unknown_words(vec!["data: {\"choices\":[{\"delta\":{\"content\":\"Größe\",\"odd\":[1]},\"finish_reason\":\"odd_reason\"}],\"odd\":{}}\n\ndata: [DONE]\n\n".as_bytes().to_vec()])]
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_understood_however_it_is_cut(#[case] pieces: Vec<Vec<u8>>) {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let bytes = pieces.concat();
    // As it is, byte by byte, and cut inside of a character.
    for size in [bytes.len(), 1, 7] {
        script.answers(Reply::pieces(bytes.chunks(size)));
        let got = house.relay(stream("local/small", "Size?")).await;
        assert_eq!(got.text(), String::from_utf8_lossy(&bytes), "in pieces of {size}");
    }
    let rows = house.ledger().await;
    assert_eq!(rows.iter().map(|it| it.outcome.name()).collect::<Vec<_>>(), ["ok"; 3]);
    assert!(rows.iter().all(|it| it.usage.tokens_out == 2 && it.usage.estimated));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_come_twice_replace_each_other_and_a_large_frame_passes() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let large = "x".repeat(900 * 1024);
    let frame = |it: serde_json::Value| format!("data: {it}\n\n");
    let frames = [
        frame(
            json!({"choices": [{"delta": {"content": large}, "finish_reason": null}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}),
        ),
        frame(
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 9}}),
        ),
        frame(json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 9}})),
        "data: [DONE]\n\n".into(),
    ];
    script.answers(Reply::pieces(frames.iter()));
    let got = house.relay(stream("local/small", "Long?")).await;
    assert_eq!(got.words().len(), large.len());
    let rows = house.ledger().await;
    assert_eq!(
        (rows[0].usage.tokens_in, rows[0].usage.tokens_out, rows[0].usage.estimated),
        (5, 9, false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_the_mark_of_the_end_gets_it_when_its_answer_is_whole() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let whole =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n";
    script.answers(Reply::pieces([whole]));
    let got = house.relay(stream("local/small", "Hello?")).await;
    assert_eq!(got.text(), format!("{whole}data: [DONE]\n\n"));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(house.outcomes().await, ["ok"]);
}
