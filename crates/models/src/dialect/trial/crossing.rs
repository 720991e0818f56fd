//! Every recorded answer is told in every dialect of callers, and what their clients read is what
//! the provider said.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value as Json;

use super::{events, joined};
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
    dialect::{Dialect, anthropic::Anthropic, gemini::Gemini, ollama::Ollama, openai::OPENAI},
    face::{self, ErrorBody, Face, openai_chat::OpenaiChat},
};

const ANTHROPIC: &str = include_str!("../../../tests/fixtures/anthropic/stream.sse");
const ANTHROPIC_TEXT: &str = include_str!("../../../tests/fixtures/anthropic/stream_text.sse");
const ANTHROPIC_ERROR: &str = include_str!("../../../tests/fixtures/anthropic/stream_error.sse");
const GEMINI: &str = include_str!("../../../tests/fixtures/gemini/stream.sse");
const GEMINI_TEXT: &str = include_str!("../../../tests/fixtures/gemini/stream_text.sse");
const GEMINI_ERROR: &str = include_str!("../../../tests/fixtures/gemini/stream_error.sse");
const OLLAMA: &str = include_str!("../../../tests/fixtures/ollama/stream.ndjson");
const OLLAMA_TEXT: &str = include_str!("../../../tests/fixtures/ollama/stream_text.ndjson");
const OLLAMA_ERROR: &str = include_str!("../../../tests/fixtures/ollama/stream_error.ndjson");

/// What must come through any dialect.
#[derive(Debug, PartialEq)]
struct Essence {
    words: String,
    calls: Vec<(String, String, Json)>,
    finish: Finish,
    /// Of the question, of the answer, cached.
    counts: Option<[u64; 3]>,
}

fn essence(answer: &Answer) -> Essence {
    let mut words = String::new();
    let mut calls = Vec::new();
    for part in &answer.parts {
        match part {
            Part::Text { text, .. } => words.push_str(text),
            Part::ToolCall { id, name, arguments } => {
                let arguments = serde_json::from_str(arguments).unwrap();
                calls.push((id.clone(), name.clone(), arguments));
            }
            _ => {}
        }
    }
    let counts = |it: Usage| [it.tokens_in, it.tokens_out, it.cached];
    Essence { words, calls, finish: answer.finish.clone(), counts: answer.usage.map(counts) }
}

fn told(face: &dyn Face, events: &[Event]) -> String {
    let mut encoder = face.encoder(1_700_000_000, true);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    encoder.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[rstest]
#[case::anthropic(&Anthropic, ANTHROPIC)]
#[case::anthropic_text(&Anthropic, ANTHROPIC_TEXT)]
#[case::gemini(&Gemini, GEMINI)]
#[case::gemini_text(&Gemini, GEMINI_TEXT)]
#[case::ollama(&Ollama, OLLAMA)]
#[case::ollama_text(&Ollama, OLLAMA_TEXT)]
fn what_clients_of_every_dialect_read_is_what_the_provider_said(
    #[case] from: &dyn Dialect,
    #[case] stream: &str,
) {
    let said = events(from, stream);
    let expected = joined(&said);
    let faces: [(&dyn Face, &dyn Dialect); 2] =
        [(&OpenaiChat, &OPENAI), (&face::anthropic::Anthropic, &Anthropic)];
    for (face, to) in faces {
        let read = joined(&events(to, &told(face, &said)));
        assert_eq!(essence(&read), essence(&expected), "in pieces as {:?}", face.wire());

        let whole = face.answer(&expected, 1_700_000_000);
        let read = to.read_answer(&whole).unwrap();
        assert_eq!(essence(&read), essence(&expected), "at once as {:?}", face.wire());
    }
}

#[rstest]
#[case::anthropic(&Anthropic, ANTHROPIC)]
#[case::gemini(&Gemini, GEMINI)]
#[case::gemini_text(&Gemini, GEMINI_TEXT)]
#[case::ollama(&Ollama, OLLAMA)]
fn thoughts_and_their_proofs_come_through_the_dialect_that_has_a_place_for_them(
    #[case] from: &dyn Dialect,
    #[case] stream: &str,
) {
    let thoughts = |answer: &Answer| -> Vec<Part> {
        let mut parts = answer.parts.clone();
        parts.retain(|it| matches!(it, Part::Thinking { .. }));
        for part in &mut parts {
            // A proof that callers were told comes back as Anthropic's own, or with its owner.
            if let Part::Thinking { signature: Some(it), .. } = part {
                *it = it.replace("anthropic:gemini", "gemini").replace("anthropic:unsigned:", "");
            }
            if let Part::Thinking { signature: it @ Some(_), .. } = part
                && it.as_deref() == Some("")
            {
                *it = None;
            }
        }
        parts
    };
    let said = events(from, stream);
    let read = joined(&events(&Anthropic, &told(&face::anthropic::Anthropic, &said)));
    assert_eq!(thoughts(&read), thoughts(&joined(&said)));
}

#[rstest]
#[case::anthropic(&Anthropic, ANTHROPIC_ERROR)]
#[case::gemini(&Gemini, GEMINI_ERROR)]
#[case::ollama(&Ollama, OLLAMA_ERROR)]
fn a_stream_that_fails_ends_with_an_error_and_without_a_clean_end(
    #[case] from: &dyn Dialect,
    #[case] stream: &str,
) {
    let (said, decoder) = super::read(from, stream).unwrap();
    assert!(!decoder.is_complete());
    let Some(Event::Failed(complaint)) = said.last() else { panic!("{said:?}") };
    assert!(complaint.class.is_failure(), "{complaint:?}");
    let faces: [&dyn Face; 2] = [&OpenaiChat, &face::anthropic::Anthropic];
    for (face, ends) in faces.into_iter().zip(["[DONE]", "message_stop"]) {
        let mut encoder = face.encoder(0, true);
        let mut out = Vec::new();
        for event in &said {
            encoder.event(event, &mut out);
        }
        encoder.fail(&ErrorBody::of(complaint), &mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("Grü") && out.contains("\"error\"") && !out.contains(ends), "{out}");
    }
}

#[rstest]
#[case::anthropic(&Anthropic, ANTHROPIC)]
#[case::gemini(&Gemini, GEMINI)]
#[case::ollama(&Ollama, OLLAMA)]
fn a_stream_that_is_cut_is_not_complete(#[case] from: &dyn Dialect, #[case] stream: &str) {
    for kept in 0..stream.lines().count() - 3 {
        let cut: String = stream.split_inclusive('\n').take(kept).collect();
        if let Ok((_, decoder)) = super::read(from, &cut) {
            assert!(!decoder.is_complete(), "after {kept} lines");
        }
    }
}

#[rstest]
#[case::anthropic(&Anthropic, "event: content_block_delta\ndata: {\"type\":\n\n")]
#[case::gemini(&Gemini, "data: {\"candidates\":\n\n")]
#[case::ollama(&Ollama, "{\"model\":\n")]
fn a_broken_frame_ends_the_trust_in_a_stream(#[case] from: &dyn Dialect, #[case] stream: &str) {
    assert!(super::read(from, stream).is_err());
}

#[rstest]
#[case::anthropic(&Anthropic, ANTHROPIC_TEXT)]
#[case::gemini(&Gemini, GEMINI_TEXT)]
#[case::ollama(&Ollama, OLLAMA_TEXT)]
fn a_stream_tells_its_use_without_being_asked(#[case] from: &dyn Dialect, #[case] stream: &str) {
    let (_, decoder) = super::read(from, stream).unwrap();
    assert!(decoder.usage().is_some_and(|it| it.tokens_out > 0));
    let request = crate::chat::Request {
        stream: true,
        ..super::asking("m", [super::turn(crate::chat::Role::User, [super::text("?")])])
    };
    assert!(!super::body(from, &request).to_string().contains("usage"));
}

proptest! {
    #[test]
    fn what_is_damaged_on_the_way_is_read_or_refused_and_nothing_breaks(
        which in 0..6_usize,
        at in 0.0..1.0_f64,
        lost in 0..40_usize,
        put in "[\\[\\]{}\",:0-9a-z]{0,6}",
    ) {
        let all: [(&dyn Dialect, &str); 6] = [
            (&Anthropic, ANTHROPIC),
            (&Anthropic, ANTHROPIC_ERROR),
            (&Gemini, GEMINI),
            (&Gemini, GEMINI_ERROR),
            (&Ollama, OLLAMA),
            (&Ollama, OLLAMA_ERROR),
        ];
        let (from, stream) = all[which];
        let start = stream.floor_char_boundary((stream.len() as f64 * at) as usize);
        let end = stream.floor_char_boundary((start + lost).min(stream.len()));
        let damaged = format!("{}{put}{}", &stream[..start], &stream[end.max(start)..]);
        if let Ok((said, _)) = super::read(from, &damaged) {
            told(&face::anthropic::Anthropic, &said);
            told(&OpenaiChat, &said);
        }
        // As an answer and as a refusal it is nonsense, which is no reason to fall over.
        let _ = from.read_answer(damaged.as_bytes());
        from.complaint(429, &http::HeaderMap::new(), damaged.as_bytes());
        let _ = face::anthropic::Anthropic.read(damaged.as_bytes());
    }
}
