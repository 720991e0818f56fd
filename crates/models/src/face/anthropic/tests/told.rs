//! What callers of Anthropic's dialect are told.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value as Json, json};

use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
    dialect::{
        Class, Complaint, Dialect, anthropic,
        trial::{call, frame, joined, text},
    },
    face::{ErrorBody, Face, anthropic::Anthropic},
    price::Tariff,
};

const USED: Usage = Usage {
    tokens_in: 1112,
    tokens_out: 45,
    cached: 1000,
    cache_written: 100,
    cache_written_1h: 0,
    reasoning: 20,
    audio_in: 0,
    audio_out: 0,
    web_searches: 0,
    estimated: false,
    tariff: Tariff::Ordinary,
};

fn usage_told() -> Json {
    json!({
        "input_tokens": 12,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 1000,
        "output_tokens": 45,
        "output_tokens_details": {"thinking_tokens": 20},
    })
}

#[test]
fn an_answer_of_anyone_is_told_in_blocks() {
    let thought = |signature: Option<&str>| Part::Thinking {
        text: "Hm.".into(),
        signature: signature.map(str::to_owned),
    };
    let answer = Answer {
        id: String::new(),
        model: "gemini-3-pro".into(),
        parts: vec![
            thought(Some("gemini:AbC")),
            thought(None),
            text("I look."),
            text(""),
            call("a", r#"{"city":"Bern"}"#),
            call("b", "{broken"),
        ],
        finish: Finish::Stop,
        usage: Some(USED),
    };
    let told: Json = serde_json::from_slice(&Anthropic.answer(&answer, 255)).unwrap();
    assert_eq!(
        told,
        json!({
            "id": "msg_ff",
            "type": "message",
            "role": "assistant",
            "model": "gemini-3-pro",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "gemini:AbC"},
                {"type": "thinking", "thinking": "Hm.", "signature": "unsigned:"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"city": "Bern"}},
                {"type": "tool_use", "id": "b", "name": "get_weather", "input": {"_unreadable": "{broken"}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": null,
            "usage": usage_told(),
        })
    );
}

#[rstest]
#[case(Finish::Stop, "end_turn")]
#[case(Finish::Length, "max_tokens")]
#[case(Finish::Filtered, "refusal")]
#[case(Finish::Other("pause_turn".into()), "pause_turn")]
#[case(Finish::Other("load".into()), "end_turn")]
fn every_end_has_a_word(#[case] finish: Finish, #[case] word: &str) {
    let answer =
        Answer { id: "i".into(), model: "m".into(), parts: vec![text("a")], finish, usage: None };
    let told: Json = serde_json::from_slice(&Anthropic.answer(&answer, 0)).unwrap();
    assert_eq!((&told["stop_reason"], &told["usage"]["output_tokens"]), (&json!(word), &json!(1)));
}

fn frames(out: &[u8]) -> Vec<(String, Json)> {
    let text = std::str::from_utf8(out).unwrap();
    text.split_terminator("\n\n")
        .map(|it| {
            let (name, data) = it.split_once('\n').unwrap();
            let name = name.strip_prefix("event: ").unwrap().to_owned();
            let data: Json = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(data["type"], name);
            (name, data)
        })
        .collect()
}

#[test]
fn pieces_are_told_as_blocks_that_begin_grow_and_end() {
    let events = [
        Event::Begin { id: "i".into(), model: "m".into() },
        Event::Thinking("Hm".into()),
        Event::Thinking(".".into()),
        Event::Text("I ".into()),
        Event::Text("look.".into()),
        Event::ToolBegin { index: 0, id: "a".into(), name: "get_weather".into() },
        Event::ToolArguments { index: 0, text: "{}".into() },
        Event::ToolBegin { index: 1, id: "b".into(), name: "get_weather".into() },
        Event::Usage(USED),
        Event::End(Finish::ToolCalls),
    ];
    let mut encoder = Anthropic.encoder(0, true);
    let mut out = Vec::new();
    for event in &events {
        encoder.event(event, &mut out);
    }
    encoder.finish(&mut out);
    let told: Vec<String> = frames(&out)
        .into_iter()
        .map(|(name, data)| match data.get("index") {
            Some(at) => format!("{name} {at}"),
            None => name,
        })
        .collect();
    let block = "content_block";
    let expected = [
        "message_start".to_owned(),
        format!("{block}_start 0"),
        format!("{block}_delta 0"),
        format!("{block}_delta 0"),
        // The thought has no proof, and says so.
        format!("{block}_delta 0"),
        format!("{block}_stop 0"),
        format!("{block}_start 1"),
        format!("{block}_delta 1"),
        format!("{block}_delta 1"),
        format!("{block}_stop 1"),
        format!("{block}_start 2"),
        format!("{block}_delta 2"),
        format!("{block}_stop 2"),
        format!("{block}_start 3"),
        format!("{block}_stop 3"),
        "message_delta".to_owned(),
        "message_stop".to_owned(),
    ];
    assert_eq!(told, expected);
    let end = &frames(&out)[15].1;
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]), (&json!("tool_use"), &usage_told()));

    let mut decoder = anthropic::Anthropic.decoder();
    let mut read = Vec::new();
    for (_, data) in frames(&out) {
        decoder.frame(&frame(&data), &mut read).unwrap();
    }
    assert_eq!(joined(&read).usage, Some(USED));
    assert!(decoder.is_complete());
}

#[test]
fn an_answer_without_a_word_still_begins_and_ends() {
    let mut out = Vec::new();
    Anthropic.encoder(0, true).finish(&mut out);
    let names: Vec<String> = frames(&out).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
}

#[test]
fn the_use_that_is_known_first_stands_at_the_beginning() {
    let mut encoder = Anthropic.encoder(0, true);
    let mut out = Vec::new();
    encoder.event(&Event::Begin { id: "i".into(), model: "m".into() }, &mut out);
    encoder.event(&Event::Usage(USED), &mut out);
    assert!(out.is_empty());
    encoder.event(&Event::Text("a".into()), &mut out);
    assert_eq!(frames(&out)[0].1["message"]["usage"], usage_told());
}

#[rstest]
#[case(Class::Overloaded, 529, "overloaded_error")]
#[case(Class::OutOfQuota, 402, "billing_error")]
#[case(Class::ContextLength, 400, "invalid_request_error")]
#[case(Class::UnknownModel, 404, "not_found_error")]
#[case(Class::Broken, 500, "api_error")]
fn every_class_has_its_status_and_word(
    #[case] class: Class,
    #[case] status: u16,
    #[case] word: &str,
) {
    assert_eq!(Anthropic.status(class), status);
    let told: Json =
        serde_json::from_slice(&Anthropic.error(&ErrorBody::new(class, "no"))).unwrap();
    assert_eq!(told, json!({"type": "error", "error": {"type": word, "message": "no"}}));
}

#[test]
fn a_foreign_word_stands_beside_the_error_and_an_own_one_in_it() {
    let said = |kind: &str| {
        let complaint = Complaint {
            message: "slow down".into(),
            kind: Some(kind.into()),
            code: Some("c".into()),
            class: Class::RateLimited,
            retry_after: Some(Duration::from_secs(7)),
            ..Complaint::default()
        };
        let error = ErrorBody { request_id: Some("req_1".into()), ..ErrorBody::of(&complaint) };
        serde_json::from_slice::<Json>(&Anthropic.error(&error)).unwrap()
    };
    assert_eq!(
        said("tokens"),
        json!({
            "type": "error",
            "error": {"type": "rate_limit_error", "message": "slow down", "details": {"error_code": "c"}},
            "request_id": "req_1",
            "gateway": {"retry_after_ms": 7000, "upstream_type": "tokens"},
        })
    );
    assert_eq!(said("overloaded_error")["error"]["type"], "overloaded_error");
}
