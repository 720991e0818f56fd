//! A stream that goes wrong after it began, or that is put in an odd way. In every dialect, for
//! every caller.

use super::KINDS;
use crate::{
    gateway::{Got, call, chat, messages, one, providers, stream, two},
    house::House,
};
use jiff::SignedDuration;
use models::relay::{Asks, Call};
use rstest::rstest;
use serde_json::json;
use testkit::model::{Reply, Script};

fn responses(model: &str) -> Call {
    call(Asks::Responses, json!({"model": model, "input": "Count.", "stream": true}))
}

/// The same question as each caller asks it.
fn all(model: &str) -> [Call; 3] {
    [stream(model, "Count."), messages(model, "Count.", true), responses(model)]
}

const CLEAN_ENDS: [&str; 3] = ["[DONE]", "message_stop", "response.completed"];

/// An error inside the stream, in the caller's words, and no clean end.
#[track_caller]
fn broke_off(got: &Got, what: &str) {
    assert_eq!(got.status, 200, "{what}: {}", got.text());
    assert!(got.text().contains("one"), "{what}: {}", got.text());
    assert!(got.text().contains("error"), "{what}: {}", got.text());
    for end in CLEAN_ENDS {
        assert!(!got.text().contains(end), "{what}: {}", got.text());
    }
}

#[rstest]
#[case::error_event(|it: Reply, at| it.fails_after(at))]
#[case::cut(|it: Reply, at| it.cut_after(at))]
#[case::short(|it: Reply, at| it.ends_after(at))]
#[case::broken_json(|it: Reply, at| it.breaks_after(at))]
#[case::stall(|it: Reply, at| it.stalls_after(at))]
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_in_any_dialect_ends_with_an_error_for_every_caller(
    #[case] fault: fn(Reply, usize) -> Reply,
) {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&KINDS.map(|it| (it, &script)));
    settings.breaker.failures = 1_000;
    for provider in settings.providers.values_mut() {
        provider.stall_timeout = SignedDuration::from_millis(100);
    }
    let house = House::open(&db, settings).await;
    // After the first word: dialects begin with more or fewer frames.
    let frames = |kind: &str, asks: Asks| match kind {
        "openai" if asks == Asks::Responses => 4,
        "openai" => 3,
        "anthropic" => 5,
        _ => 2,
    };
    for kind in KINDS {
        for call in all(&format!("{kind}/m")) {
            let what = format!("{kind} for {:?}", call.asks);
            let at = frames(kind, call.asks);
            script.answers(fault(Reply::text("one two three four five"), at));
            broke_off(&house.relay(call).await, &what);
        }
    }
    let rows = house.ledger().await;
    assert_eq!(rows.len(), 12);
    for row in rows {
        assert!(!matches!(row.outcome.name(), "ok" | "abandoned"), "{}", row.provider);
        assert!(
            row.usage.estimated && row.usage.tokens_out > 0,
            "{}: {:?}",
            row.provider,
            row.usage
        );
    }
}

/// How servers put the same answer, in every dialect and for every caller: cut anywhere, inside of
/// characters too, with other ends of lines, with comments, packed.
#[rstest]
#[case::byte_by_byte(|it: Reply| it.split(1))]
#[case::inside_of_characters(|it: Reply| it.split(3))]
#[case::all_at_once(|it: Reply| it.split(1_000_000))]
#[case::crlf(|it: Reply| it.crlf())]
#[case::crlf_byte_by_byte(|it: Reply| it.crlf().split(1))]
#[case::comments(|it: Reply| it.commented())]
#[case::gzip(|it: Reply| it.gzipped())]
#[case::gzip_byte_by_byte(|it: Reply| it.split(1).gzipped())]
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_the_same_however_it_is_put(#[case] put: fn(Reply) -> Reply) {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&KINDS.map(|it| (it, &script)))).await;
    let has_comments = put(Reply::text("")) == Reply::text("").commented();
    script.always(move |_| put(Reply::text("größer 漢字 🦀 \"so\"").tokens(70, 30)));
    let mut count = 0;
    for kind in KINDS {
        // Lines of JSON have no comments.
        if kind == "ollama" && has_comments {
            continue;
        }
        for call in all(&format!("{kind}/m")) {
            let what = format!("{kind} for {:?}", call.asks);
            let asks = call.asks;
            let got = house.relay(call).await;
            let said: String = match asks {
                Asks::Chat => got.words(),
                _ => got
                    .text()
                    .lines()
                    .filter_map(|it| it.strip_prefix("data: "))
                    .filter_map(|it| serde_json::from_str::<serde_json::Value>(it).ok())
                    .filter_map(|it| {
                        let delta = &it["delta"];
                        delta["text"].as_str().or(delta.as_str()).map(str::to_owned)
                    })
                    .collect(),
            };
            assert_eq!(said, "größer 漢字 🦀 \"so\"", "{what}: {}", got.text());
            assert!(CLEAN_ENDS.iter().any(|it| got.text().contains(it)), "{what}: {}", got.text());
            count += 1;
        }
    }
    let rows = house.ledger().await;
    assert_eq!(rows.len(), count);
    for row in rows {
        let told = (row.outcome.name(), row.usage.tokens_in, row.usage.tokens_out);
        assert_eq!(told, ("ok", 70, 30), "{}", row.provider);
    }
}

/// `data:` of several lines, in the dialects that have events.
#[tokio::test(flavor = "multi_thread")]
async fn data_of_several_lines_is_one_event() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&[("anthropic", &script), ("gemini", &script)])).await;
    let anthropic = "event: message_start\ndata: {\"type\": \"message_start\",\ndata: \"message\": {\"id\": \"m\", \"usage\": {\"input_tokens\": 3}}}\n\n\
        event: content_block_start\ndata: {\"type\": \"content_block_start\", \"index\": 0,\ndata: \"content_block\": {\"type\": \"text\", \"text\": \"\"}}\n\n\
        event: content_block_delta\ndata: {\"type\": \"content_block_delta\", \"index\": 0,\ndata: \"delta\": {\"type\": \"text_delta\",\ndata: \"text\": \"Hi\"}}\n\n\
        event: message_delta\ndata: {\"type\": \"message_delta\", \"delta\": {\"stop_reason\": \"end_turn\"}, \"usage\": {\"output_tokens\": 2}}\n\n\
        event: message_stop\ndata: {\"type\":\ndata: \"message_stop\"}\n\n";
    let gemini = "data: {\"candidates\": [{\"content\": {\"parts\":\ndata: [{\"text\": \"Hi\"}]}, \"finishReason\":\ndata: \"STOP\"}],\n\
        data: \"usageMetadata\": {\"promptTokenCount\": 3, \"candidatesTokenCount\": 2}}\n\n";
    for (kind, said) in [("anthropic", anthropic), ("gemini", gemini)] {
        for size in [1, 10_000] {
            script.answers(Reply::pieces(said.as_bytes().chunks(size)));
            let got = house.relay(stream(&format!("{kind}/m"), "a")).await;
            assert_eq!(got.words(), "Hi", "{kind}: {}", got.text());
        }
    }
    for row in house.ledger().await {
        assert_eq!((row.usage.tokens_in, row.usage.tokens_out), (3, 2), "{}", row.provider);
    }
}

/// A frame may be large, and there is an end to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_as_large_as_an_answer_may_be_passes_and_one_without_an_end_is_not_awaited() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.relay.answer_bytes_max = 2 * 1024 * 1024;
    let house = House::open(&db, settings).await;
    let frame = |words: &str| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"delta": {"content": words}, "finish_reason": null}]})
        )
    };
    let large = frame(&"x".repeat(2 * 1024 * 1024 - 200));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    script.answers(Reply::pieces([large.as_str(), end]));
    let got = house.relay(stream("local/small", "a")).await;
    assert_eq!(got.words().len(), 2 * 1024 * 1024 - 200);

    let endless = frame(&"x".repeat(8 * 1024 * 1024));
    script.answers(Reply::pieces(
        [frame("one").as_bytes()].into_iter().chain(endless.as_bytes().chunks(65_536)),
    ));
    let got = house.relay(stream("local/small", "a")).await;
    broke_off(&got, "a frame of eight megabytes");
    assert!(got.bytes.len() < 10_000, "{} bytes", got.bytes.len());
}

testkit::on_both! {
    async fn a_stream_that_says_that_it_ended_and_nothing_else_is_no_answer(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        second.always(|_| Reply::text("one two"));
        for call in [stream("first/small", "a"), messages("first/small", "b", true)] {
            first.answers(Reply::pieces(["data: [DONE]\n\n"]));
            let got = house.relay(call).await;
            assert_eq!((got.status, got.header("x-mainstay-fallback")), (200, Some("true")), "{}", got.text());
            assert!(got.text().contains("one"), "{}", got.text());
        }
        let mut outcomes = house.outcomes().await;
        outcomes.sort();
        assert_eq!(outcomes, ["hung_up", "hung_up", "ok", "ok"]);
    }

    async fn a_stream_that_only_said_it_began_is_replaced_when_it_fails(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        second.always(|_| Reply::text("one two"));
        // `response.created`, then an error: nobody has heard a word yet.
        first.answers(Reply::text("never said").fails_after(1)).answers(Reply::text("never said").fails_after(1));
        let got = house.relay(responses("first/small")).await;
        assert_eq!(got.header("x-mainstay-fallback"), Some("true"), "{}", got.text());
        assert!(got.text().contains("response.completed") && !got.text().contains("never"), "{}", got.text());
        assert_eq!(got.text().matches("response.created").count(), 2, "one event, named twice: {}", got.text());
    }

    async fn a_count_that_grows_in_a_stream_replaces_the_one_before(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("anthropic", &script), ("gemini", &script)])).await;
        let anthropic = [
            json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 10, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": {"output_tokens": 8}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}}),
            json!({"type": "message_stop"}),
        ];
        let gemini = [3, 9, 15].map(|count| json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": if count == 15 { json!("STOP") } else { json!(null) }}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": count}}));
        let frames = |all: &[serde_json::Value]| all.iter().map(|it| match it["type"].as_str() {
            Some(name) => format!("event: {name}\ndata: {it}\n\n"),
            None => format!("data: {it}\n\n"),
        }).collect::<String>();
        let (anthropic, gemini) = (frames(&anthropic), frames(&gemini));
        for (kind, said) in [("anthropic", anthropic), ("gemini", gemini)] {
            script.answers(Reply::pieces([&said])).answers(Reply::pieces([&said]));
            house.relay(stream(&format!("{kind}/m"), "a")).await;
            house.relay(messages(&format!("{kind}/m"), "a", true)).await;
        }
        for row in house.ledger().await {
            assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (10, 15, false), "{}", row.provider);
        }
    }

    async fn what_was_read_to_its_end_may_be_asked_again_on_the_same_connection(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::text("one two"));
        for _ in 0..3 {
            house.relay(stream("local/small", "a")).await;
            house.relay(chat("local/small", "a")).await;
        }
        assert_eq!(script.hung_up(), 0);
        assert_eq!(house.outcomes().await, ["ok"; 6]);
    }
}
