//! What callers of `responses` are told piece by piece.

use bytes::Bytes;

use super::*;
use crate::{
    dialect::{Class, Dialect, openai::OPENAI},
    face::{Face, openai_responses::OpenaiResponses},
    sse::Scanner,
};

fn used() -> Usage {
    Usage {
        tokens_in: 70,
        tokens_out: 30,
        cached: 20,
        cache_written: 5,
        reasoning: 11,
        ..Usage::default()
    }
}

fn events() -> Vec<Event> {
    vec![
        Event::Begin { id: "resp_9".into(), model: "m".into() },
        Event::Thinking("hm".into()),
        Event::Text("I ".into()),
        Event::Text("call".into()),
        Event::ToolBegin { index: 0, id: "call_1".into(), name: "f".into() },
        Event::ToolArguments { index: 0, text: "{\"x\":".into() },
        Event::ToolBegin { index: 1, id: "call_2".into(), name: "g".into() },
        Event::ToolArguments { index: 0, text: "1}".into() },
        Event::Usage(used()),
        Event::End(Finish::ToolCalls),
    ]
}

fn told(events: &[Event]) -> Vec<Json> {
    let mut encoder = OpenaiResponses.encoder(7, false);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    encoder.finish(&mut out);
    parsed(out)
}

fn parsed(out: Vec<u8>) -> Vec<Json> {
    let mut scanner = Scanner::sse();
    scanner.push(Bytes::from(out));
    let read = |frame: crate::sse::Frame| {
        let data: Json = serde_json::from_slice(&frame.data).unwrap();
        assert_eq!(data["type"], String::from_utf8_lossy(&frame.event).as_ref());
        data
    };
    scanner.map(|it| read(it.unwrap())).collect()
}

#[test]
fn pieces_open_and_close_items_and_parts_in_order() {
    let told = told(&events());
    let kinds: Vec<&str> = told
        .iter()
        .map(|it| it["type"].as_str().unwrap().trim_start_matches("response."))
        .collect();
    assert_eq!(
        kinds,
        [
            "created",
            "in_progress",
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ]
    );
    let numbers: Vec<u64> = told.iter().map(|it| it["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..told.len() as u64).collect::<Vec<_>>());
}

#[test]
fn the_last_event_holds_the_whole_answer() {
    let told = told(&events());
    let response = &told.last().unwrap()["response"];
    assert_eq!((&response["status"], &response["id"]), (&json!("completed"), &json!("resp_9")));
    let kinds: Vec<&str> = response["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "function_call"]);
    assert_eq!(response["output"][0]["summary"][0]["text"], "hm");
    assert_eq!(response["output"][1]["content"][0]["text"], "I call");
    assert_eq!(response["output"][2]["arguments"], "{\"x\":1}");
    assert_eq!(response["usage"]["total_tokens"], 100);
}

#[test]
fn pieces_that_are_told_are_read_again() {
    let (mut encoder, mut out) = (OpenaiResponses.encoder(7, false), Vec::new());
    for event in events() {
        encoder.event(&event, &mut out);
    }
    encoder.finish(&mut out);
    let mut scanner = Scanner::sse();
    scanner.push(Bytes::from(out));
    let (mut decoder, mut again) = (OPENAI.responses_decoder().unwrap(), Vec::new());
    for frame in &mut scanner {
        decoder.frame(&frame.unwrap(), &mut again).unwrap();
    }
    assert_eq!(again, events());
    assert!(decoder.is_complete());
    assert_eq!(decoder.usage(), Some(used()));
}

#[test]
fn a_refusal_after_words_is_another_part_of_the_same_message() {
    let told =
        told(&[Event::Text("a".into()), Event::Refusal("no".into()), Event::End(Finish::Filtered)]);
    let response = &told.last().unwrap()["response"];
    assert_eq!(response["output"].as_array().unwrap().len(), 1);
    assert_eq!(response["output"][0]["content"][1], json!({"type": "refusal", "refusal": "no"}));
    assert_eq!(response["status"], "incomplete");
    let delta = told.iter().find(|it| it["type"] == "response.refusal.delta").unwrap();
    assert_eq!(delta["content_index"], 1);
}

#[test]
fn a_proof_without_words_is_a_thought_too() {
    let told = told(&[
        Event::Signature("pro".into()),
        Event::Signature("of".into()),
        Event::End(Finish::Stop),
    ]);
    let item = &told.last().unwrap()["response"]["output"][0];
    assert_eq!((&item["encrypted_content"], &item["summary"]), (&json!("proof"), &json!([])));
}

#[test]
fn a_stream_that_fails_says_so_and_is_never_completed() {
    let (mut encoder, mut out) = (OpenaiResponses.encoder(7, false), Vec::new());
    encoder.event(&Event::Text("a".into()), &mut out);
    encoder.fail(&ErrorBody::new(Class::Overloaded, "too busy"), &mut out);
    let told = parsed(out);
    let [.., error, failed] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("overloaded")));
    assert_eq!(error["message"], "too busy");
    assert_eq!(failed["response"]["status"], "failed");
    assert_eq!(failed["response"]["error"]["message"], "too busy");
    assert!(told.iter().all(|it| it["type"] != "response.completed"));
}
