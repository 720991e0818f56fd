//! What goes on of a stream, and what is held back.

use bytes::Bytes;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::dialect::{Class, Dialect, openai::OPENAI};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/openai/", $name))
    };
}

struct Passed {
    text: String,
    pieces: Vec<Bytes>,
    end: Result<(), Failure>,
    pass: Pass,
}

/// Lets a stream pass that comes in pieces of this size.
fn pass(stream: &[u8], hide_usage: bool, size: usize) -> Passed {
    let mut pass = Pass::new(Wire::OpenaiChat, OPENAI.decoder(), hide_usage);
    let mut pieces = Vec::new();
    for piece in stream.chunks(size) {
        pass.push(&Bytes::copy_from_slice(piece), &mut pieces);
    }
    let end = pass.finish(&mut pieces);
    let text = String::from_utf8(pieces.concat()).unwrap();
    Passed { text, pieces, end, pass }
}

/// The frame with the use alone.
fn usage_frame(stream: &str) -> &str {
    stream.split_inclusive("\n\n").find(|it| it.contains(r#""choices":[]"#)).unwrap()
}

#[rstest]
fn bytes_pass_as_they_came(
    #[values(fixture!("chat.sse"), fixture!("chat_tools.sse"), fixture!("groq.sse"), fixture!("azure.sse"))]
    stream: &str,
    #[values("\n", "\r\n")] end: &str,
    #[values(1, 7, 100, usize::MAX)] size: usize,
) {
    let stream = format!(": keep-alive\n\n{stream}").replace('\n', end);
    let passed = pass(stream.as_bytes(), false, size);
    assert_eq!((passed.text, passed.end), (stream, Ok(())));
    assert!(passed.pass.has_content() && passed.pass.is_complete());
}

#[rstest]
fn the_use_that_we_asked_for_is_seen_and_held_back(#[values(1, 7, 100, usize::MAX)] size: usize) {
    let stream = fixture!("chat.sse");
    let passed = pass(stream.as_bytes(), true, size);
    assert_eq!(passed.text, stream.replace(usage_frame(stream), ""));
    assert_eq!(passed.pass.usage().map(|it| (it.tokens_in, it.tokens_out)), Some((70, 30)));
    assert_eq!(passed.end, Ok(()));
}

#[test]
fn frames_that_came_together_go_on_together() {
    let stream = Bytes::from_static(fixture!("chat.sse").as_bytes());
    let mut pass = Pass::new(Wire::OpenaiChat, OPENAI.decoder(), false);
    let mut pieces = Vec::new();
    pass.push(&stream, &mut pieces);
    assert_eq!(pieces.len(), 1);
    assert_eq!((pieces[0].as_ptr(), pieces[0].len()), (stream.as_ptr(), stream.len()));
    // Held back in the middle: two runs.
    assert_eq!(super::tests::pass(&stream, true, usize::MAX).pieces.len(), 2);
}

#[rstest]
fn an_error_inside_the_stream_ends_it_without_a_clean_end(#[values(1, 7, usize::MAX)] size: usize) {
    let stream = fixture!("chat_error.sse");
    let passed = pass(stream.as_bytes(), false, size);
    let (before, _) = stream.split_once("data: {\"error\"").unwrap();
    assert_eq!(passed.text, before);
    match passed.end {
        Err(Failure::Complaint(it)) => assert_eq!(it.class, Class::Broken),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broken_frame_ends_the_stream_and_does_not_go_on() {
    let whole = "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let passed = pass(format!("{whole}data: {{\"choices\": [\n\n{whole}").as_bytes(), false, 7);
    assert_eq!(passed.text, whole);
    assert!(matches!(passed.end, Err(Failure::Broken(_))), "{:?}", passed.end);
    assert!(matches!(passed.pass.failure(), Some(Failure::Broken(_))));
}

#[rstest]
fn a_stream_that_was_cut_is_seen_anywhere(#[values(1, 7, usize::MAX)] size: usize) {
    let stream = fixture!("chat.sse");
    let last = stream.find("\"finish_reason\":\"stop\"").unwrap();
    for end in 0..last {
        let passed = pass(&stream.as_bytes()[..end], false, size);
        assert_eq!(passed.end, Err(Failure::Cut), "cut at {end}");
        // A frame that lacks nothing but its blank line goes on, and gets one.
        assert!(stream.starts_with(&passed.text) && passed.text.len() <= end + 2);
        assert!(passed.text.is_empty() || passed.text.ends_with("\n\n"));
    }
}

#[rstest]
#[case::no_mark("", "data: [DONE]\n\n")]
#[case::mark_without_a_blank_line("data: [DONE]\n", "data: [DONE]\n\n")]
#[case::mark_without_an_end("data: [DONE]", "data: [DONE]\n\n")]
#[case::half_a_comment(": by", "data: [DONE]\n\n")]
fn a_whole_answer_without_its_mark_gets_one(#[case] end: &str, #[case] expected: &str) {
    let stream = fixture!("chat.sse").trim_end_matches("data: [DONE]\n\n");
    let passed = pass(format!("{stream}{end}").as_bytes(), false, 7);
    assert_eq!((passed.text, passed.end), (format!("{stream}{expected}"), Ok(())));
}

#[test]
fn a_frame_of_a_megabyte_passes_and_a_longer_one_ends_the_stream() {
    let of = |bytes: usize| {
        let text = "é".repeat(bytes / 2);
        format!(
            "data: {{\"id\":\"x\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]}}\n\n"
        )
    };
    let passed = pass(of(1_000_000).as_bytes(), false, 16 * 1024 + 1);
    assert_eq!((passed.text.len(), passed.end), (of(1_000_000).len() + DONE.len(), Ok(())));
    let passed = pass(of(1_100_000).as_bytes(), false, 16 * 1024 + 1);
    assert!(passed.text.is_empty() && matches!(passed.end, Err(Failure::Broken(_))));
}

#[test]
fn nothing_was_said_before_the_first_word() {
    let stream = fixture!("chat.sse");
    let first = stream.find("\n\n").unwrap() + 2;
    let passed = pass(&stream.as_bytes()[..first], false, usize::MAX);
    assert!(!passed.pass.has_content());
    assert_eq!(passed.text, &stream[..first]);
}

#[test]
fn events_of_responses_pass_too() {
    let stream = fixture!("responses.sse");
    let decoder = OPENAI.responses_decoder().unwrap();
    let mut pass = Pass::new(Wire::OpenaiResponses, decoder, false);
    let mut pieces = Vec::new();
    for piece in stream.as_bytes().chunks(100) {
        pass.push(&Bytes::copy_from_slice(piece), &mut pieces);
    }
    assert_eq!(pass.finish(&mut pieces), Ok(()));
    assert_eq!(pieces.concat(), stream.as_bytes());
    assert_eq!(pass.usage().map(|it| it.total()), Some(123));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_passes_is_what_came(
        text in prop::collection::vec(any::<u8>(), 0..400),
        size in 1_usize..50,
    ) {
        let mut pass = Pass::new(Wire::OpenaiChat, OPENAI.decoder(), true);
        let mut pieces = Vec::new();
        for piece in text.chunks(size) {
            pass.push(&Bytes::copy_from_slice(piece), &mut pieces);
        }
        let passed = pieces.concat();
        prop_assert!(text.starts_with(&passed));
        let _ = pass.finish(&mut pieces);
    }
}
