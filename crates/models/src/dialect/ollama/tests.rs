//! What Ollama is sent, and how its answers, counts and refusals are read.

use http::HeaderMap;
use rstest::rstest;
use serde_json::{Value as Json, json};

use super::Ollama;
use crate::{
    chat::{Finish, Format, Image, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{
        Class, Dialect, Unreadable, Wire,
        trial::{asking, body, body_by, call, events, joined, read, refused, result, text, turn},
    },
    settings::JsonMode,
};

const ANSWER: &str = include_str!("../../../tests/fixtures/ollama/answer.json");
const STREAM: &str = include_str!("../../../tests/fixtures/ollama/stream.ndjson");
const STREAM_TEXT: &str = include_str!("../../../tests/fixtures/ollama/stream_text.ndjson");
const MODEL: &str = "qwen3:8b";

#[test]
fn a_whole_answer_and_the_same_in_lines_are_one_answer() {
    let whole = Ollama.read_answer(ANSWER.as_bytes()).unwrap();
    assert_eq!(whole.finish, Finish::ToolCalls);
    let usage = whole.usage.unwrap();
    assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (169, 25, false));
    assert_eq!(joined(&events(&Ollama, STREAM)), whole);
    assert!(read(&Ollama, STREAM).unwrap().1.is_complete());
}

#[rstest]
#[case::zero(json!({"prompt_eval_count": 0, "eval_count": 2}), (0, 2, true))]
#[case::missing(json!({"eval_count": 2}), (0, 2, true))]
#[case::nothing_counted(json!({}), (0, 2, true))]
#[case::counted(json!({"prompt_eval_count": 9, "eval_count": 2}), (9, 2, false))]
fn a_question_that_was_not_counted_is_said_not_to_be(
    #[case] counts: Json,
    #[case] expected: (u64, u64, bool),
) {
    let mut body = json!({"message": {"content": "fives"}, "done": true});
    body.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
    let usage = Ollama.read_usage(body.to_string().as_bytes()).unwrap();
    assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), expected);
}

#[test]
fn a_stream_whose_question_was_in_memory_is_estimated() {
    let answer = joined(&events(&Ollama, STREAM_TEXT));
    let usage = answer.usage.unwrap();
    assert_eq!((usage.tokens_in, usage.tokens_out, usage.estimated), (0, 2, true));
    assert_eq!(
        (answer.parts.as_slice(), &answer.finish),
        ([text("Grüezi!")].as_slice(), &Finish::Length)
    );
}

fn asking_it() -> Request {
    asking(MODEL, [turn(Role::User, [text("?")])])
}

#[test]
fn a_talk_is_told_with_one_message_for_each_result() {
    let picture =
        Part::Image(Image::Url { url: "data:image/png;base64,AAAA".into(), detail: None });
    let thought = |signature: Option<&str>| Part::Thinking {
        text: "Hm.".into(),
        signature: signature.map(str::to_owned),
    };
    let request = asking(
        MODEL,
        [
            turn(Role::System, [text("Be brief.")]),
            turn(Role::User, [text("One."), picture]),
            turn(
                Role::Assistant,
                [
                    thought(None),
                    thought(Some("anthropic:E")),
                    call("a", r#"{"city":"Bern"}"#),
                    call("b", ""),
                ],
            ),
            turn(Role::Tool, [result("a", [text("Sun.")]), result("b", [text("Rain.")])]),
        ],
    );
    assert_eq!(
        body(&Ollama, &request)["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One.", "images": ["AAAA"]},
            {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [
                {"id": "a", "function": {"name": "get_weather", "arguments": {"city": "Bern"}}},
                {"id": "b", "function": {"name": "get_weather", "arguments": {}}},
            ]},
            {"role": "tool", "content": "Sun.", "tool_name": "get_weather", "tool_call_id": "a"},
            {"role": "tool", "content": "Rain.", "tool_name": "get_weather", "tool_call_id": "b"},
        ])
    );
}

#[test]
fn the_size_of_the_context_that_the_settings_name_is_told_unless_the_caller_names_another() {
    let mut silent = json!({"model": "m"});
    assert!(Ollama.size(&mut silent, 8192));
    assert_eq!(silent, json!({"model": "m", "options": {"num_ctx": 8192}}));
    let mut own = json!({"options": {"num_ctx": 512, "seed": 1}});
    assert!(!Ollama.size(&mut own, 8192));
    assert_eq!(own, json!({"options": {"num_ctx": 512, "seed": 1}}));
}

#[test]
fn the_size_of_the_context_can_be_named_and_nothing_is_cut_in_silence() {
    let mut request = asking_it();
    (request.max_tokens, request.seed, request.stop) = (Some(9), Some(1), vec!["\n".into()]);
    request.extra =
        json!({"num_ctx": 8192, "options": {"num_gpu": 1}, "keep_alive": "5m", "truncate": true})
            .as_object()
            .unwrap()
            .clone();
    request.extra_of = Some(Wire::OpenaiChat);
    let body = body(&Ollama, &request);
    assert_eq!(
        body["options"],
        json!({"num_gpu": 1, "seed": 1, "num_predict": 9, "stop": ["\n"], "num_ctx": 8192})
    );
    assert_eq!(
        (&body["keep_alive"], &body["truncate"], &body["stream"]),
        (&json!("5m"), &json!(false), &json!(false))
    );
}

#[test]
fn a_form_is_asked_for_in_simpler_ways_step_by_step() {
    let schema = json!({"type": "object"});
    let mut request = asking_it();
    request.format = Some(Format::JsonObject);
    assert_eq!(body(&Ollama, &request)["format"], "json");
    request.format =
        Some(Format::JsonSchema { name: "a".into(), schema: schema.clone(), strict: None });
    assert_eq!(body(&Ollama, &request)["format"], schema);
    for mode in [JsonMode::JsonObject, JsonMode::Plain] {
        let body = body_by(&Ollama, &request, mode);
        assert_eq!((body.get("format"), &body["messages"][0]["role"]), (None, &json!("system")));
    }
}

#[rstest]
#[case(Some("none"), json!(false))]
#[case(Some("minimal"), json!("low"))]
#[case(Some("high"), json!("high"))]
#[case(None, json!(true))]
fn how_much_to_think_is_a_word_or_yes(#[case] effort: Option<&str>, #[case] expected: Json) {
    let mut request = asking_it();
    request.reasoning = Some(Reasoning { effort: effort.map(str::to_owned), budget_tokens: None });
    assert_eq!(body(&Ollama, &request)["think"], expected);
}

#[test]
fn tools_that_must_not_be_called_are_not_shown_and_none_can_be_forced() {
    let mut request = asking_it();
    request.tools = vec![Tool {
        name: "get_weather".into(),
        description: None,
        parameters: json!({"type": "object"}),
        strict: None,
    }];
    assert_eq!(
        body(&Ollama, &request)["tools"],
        json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}])
    );
    request.tool_choice = Some(ToolChoice::None);
    assert_eq!(body(&Ollama, &request).get("tools"), None);
    request.tool_choice = Some(ToolChoice::Required);
    assert_eq!(refused(&Ollama, &request), "tool_choice");
}

#[test]
fn pictures_elsewhere_and_from_tools_are_refused() {
    let picture = |url: &str| Part::Image(Image::Url { url: url.into(), detail: None });
    let there = asking(MODEL, [turn(Role::User, [picture("https://x.example/a.png")])]);
    assert_eq!(refused(&Ollama, &there), "messages");
    let shown = result("a", [picture("data:image/png;base64,AAAA")]);
    assert_eq!(refused(&Ollama, &asking(MODEL, [turn(Role::Tool, [shown])])), "messages");
}

#[rstest]
#[case(404, "model \"llama9\" not found, try pulling it first", Class::UnknownModel)]
#[case(400, "registry.ollama.ai/library/gemma3:4b does not support tools", Class::UnknownModel)]
#[case(
    400,
    "the prompt is longer than the context length currently available to the model",
    Class::ContextLength
)]
#[case(500, "the input length exceeds the context length", Class::ContextLength)]
#[case(503, "server busy, please try again.  maximum pending requests exceeded", Class::Overloaded)]
#[case(
    500,
    "model requires more system memory (5.0 GiB) than is available (4.2 GiB)",
    Class::Broken
)]
#[case(400, "invalid option 429", Class::Invalid)]
#[case(401, "unauthorized", Class::Unauthorized)]
fn a_refusal_is_told_from_status_and_phrases(
    #[case] status: u16,
    #[case] message: &str,
    #[case] expected: Class,
) {
    let body = json!({"error": message}).to_string();
    let complaint = Ollama.complaint(status, &HeaderMap::new(), body.as_bytes());
    assert_eq!((complaint.class, complaint.message.as_str()), (expected, message));
}

#[test]
fn what_runs_the_model_may_say_more_within_the_text() {
    let inner = json!({"error": {"code": 400, "message": "request (8889 tokens) exceeds the available context size (4096 tokens), try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 8889, "n_ctx": 4096}});
    let body = json!({"error": inner.to_string()}).to_string();
    let complaint = Ollama.complaint(400, &HeaderMap::new(), body.as_bytes());
    assert_eq!(complaint.class, Class::ContextLength);
    assert_eq!(complaint.kind.as_deref(), Some("exceed_context_size_error"));
    assert!(complaint.message.starts_with("request (8889 tokens) exceeds"), "{complaint:?}");
}

#[test]
fn an_error_sent_as_an_answer_is_no_answer() {
    let Err(Unreadable::Complaint(complaint)) = Ollama.read_answer(br#"{"error":"it broke"}"#)
    else {
        panic!()
    };
    assert_eq!(complaint.class, Class::Broken);
}

#[rstest]
#[case("http://h:11434/v1/")]
#[case("http://h:11434/api/")]
fn its_own_paths_are_found_from_the_compatible_address_too(#[case] base: &str) {
    let base: reqwest::Url = base.parse().unwrap();
    let path = Ollama.chat_path(MODEL, true);
    assert_eq!(base.join(&path).unwrap().as_str(), "http://h:11434/api/chat");
}

#[test]
fn embeddings_are_not_cut_and_come_in_order() {
    let (path, body) = Ollama.embed("e", &["a".into(), "b".into()], Some(2)).unwrap();
    assert_eq!(path, "../api/embed");
    assert_eq!(
        body,
        json!({"model": "e", "input": ["a", "b"], "truncate": false, "dimensions": 2})
    );
    let answer = br#"{"model":"e","embeddings":[[1,0],[0,1]],"prompt_eval_count":3}"#;
    let (vectors, usage) = Ollama.read_embeddings(answer, 2).unwrap();
    assert_eq!((vectors, usage.unwrap().tokens_in), (vec![vec![1.0, 0.0], vec![0.0, 1.0]], 3));
}

#[test]
fn models_are_those_that_were_pulled() {
    let body =
        br#"{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest"},{"name":"qwen3:8b"}]}"#;
    assert_eq!(Ollama.read_models(body), Ok(vec!["llama3.2:latest".into(), "qwen3:8b".into()]));
}
