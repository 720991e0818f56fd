//! How conversations are told to OpenAI and those like it.

use rstest::rstest;

use super::*;
use crate::dialect::{groq::GROQ, openai::OPENAI};

fn text(text: &str) -> Part {
    Part::Text { text: text.into(), cache: false }
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, name: None }
}

fn ask(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

#[track_caller]
fn check(request: &Request, quirks: Quirks) -> Json {
    body(&OPENAI, request, "m", quirks).unwrap()
}

fn new() -> Quirks {
    Quirks::new(JsonMode::Auto)
}

#[test]
fn a_plain_question_is_plain() {
    let request = Request {
        temperature: Some(0.7),
        max_tokens: Some(9),
        top_k: Some(5),
        ..ask(vec![
            message(Role::System, vec![text("Be brief.")]),
            message(Role::User, vec![text("Hello")]),
        ])
    };
    assert_eq!(
        check(&request, new()).to_string(),
        r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}],"max_tokens":9,"temperature":0.7}"#
    );
}

#[test]
fn calls_and_their_results_become_messages_in_their_order() {
    let call =
        |id: &str| Part::ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into() };
    let result = |id: &str| Part::ToolResult {
        id: id.into(),
        name: None,
        parts: vec![text("42")],
        is_error: false,
    };
    let request = ask(vec![
        message(
            Role::Assistant,
            vec![Part::Thinking { text: "hm".into(), signature: None }, call("a"), call("b")],
        ),
        message(Role::Tool, vec![result("a"), result("b"), text("and now?")]),
    ]);
    let function = json!({"name": "f", "arguments": "{}"});
    assert_eq!(
        check(&request, new())["messages"],
        json!([
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": function},
                {"id": "b", "type": "function", "function": function},
            ]},
            {"role": "tool", "tool_call_id": "a", "content": "42"},
            {"role": "tool", "tool_call_id": "b", "content": "42"},
            {"role": "user", "content": "and now?"},
        ])
    );
}

#[test]
fn pictures_are_sent_by_address_or_within() {
    let request = ask(vec![message(
        Role::User,
        vec![
            text("what is this?"),
            Part::Image(Image::Url { url: "https://x/y.png".into(), detail: Some("low".into()) }),
            Part::Image(Image::Bytes { media_type: "image/png".into(), data: "AA==".into() }),
        ],
    )]);
    assert_eq!(
        check(&request, new())["messages"][0]["content"],
        json!([
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ])
    );
    let picture = Part::Image(Image::Url { url: "u".into(), detail: None });
    let result =
        Part::ToolResult { id: "a".into(), name: None, parts: vec![picture], is_error: false };
    let refused = body(&OPENAI, &ask(vec![message(Role::Tool, vec![result])]), "m", new());
    assert_eq!(refused.unwrap_err().field, "messages");
}

#[test]
fn tools_and_the_choice_among_them_are_named_as_functions() {
    let tool = Tool {
        name: "f".into(),
        description: Some("d".into()),
        parameters: json!({"type": "object"}),
        strict: Some(true),
    };
    let request = Request {
        tools: vec![tool],
        tool_choice: Some(ToolChoice::Named("f".into())),
        parallel_tool_calls: Some(false),
        ..ask(vec![])
    };
    let body = check(&request, new());
    assert_eq!(
        body["tools"],
        json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}])
    );
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "f"}}));
    assert_eq!(body["parallel_tool_calls"], false);
}

#[test]
fn a_schema_goes_beside_the_question_or_into_it() {
    let format = Format::JsonSchema {
        name: "answer".into(),
        schema: json!({"type": "object"}),
        strict: None,
    };
    let request = Request {
        format: Some(format),
        ..ask(vec![
            message(Role::System, vec![text("Be brief.")]),
            message(Role::User, vec![text("Hello")]),
        ])
    };
    let beside = check(&request, new());
    assert_eq!(
        beside["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}})
    );
    assert_eq!(beside["messages"][0]["content"], "Be brief.");

    let within = check(&request, Quirks::new(JsonMode::Plain));
    assert_eq!(within.get("response_format"), None);
    let first = within["messages"][0]["content"].as_str().unwrap();
    assert!(first.starts_with("Be brief.") && first.ends_with(r#"{"type":"object"}"#), "{first}");
    let both = check(&request, Quirks::new(JsonMode::JsonObject));
    assert_eq!(both["response_format"], json!({"type": "json_object"}));
}

#[rstest]
#[case("gpt-4o", "max_tokens", None)]
#[case("o3-mini", "max_completion_tokens", Some("medium"))]
#[case("openai/gpt-5-nano", "max_completion_tokens", Some("medium"))]
fn models_that_think_are_asked_in_their_own_words(
    #[case] model: &str,
    #[case] limit: &str,
    #[case] effort: Option<&str>,
) {
    let reasoning = Reasoning { effort: None, budget_tokens: Some(4_096) };
    let request = Request { max_tokens: Some(7), reasoning: Some(reasoning), ..ask(vec![]) };
    let body = body(&OPENAI, &request, model, new()).unwrap();
    assert_eq!(body[limit], 7);
    assert_eq!(body.get("reasoning_effort").and_then(Json::as_str), effort);
}

#[test]
fn what_a_model_turned_out_not_to_take_is_not_sent() {
    let quirks = Quirks {
        wants_completion_tokens: true,
        refuses_temperature: true,
        refuses_stream_options: true,
        ..new()
    };
    let request =
        Request { max_tokens: Some(7), temperature: Some(1.0), stream: true, ..ask(vec![]) };
    let sent = check(&request, quirks).to_string();
    assert_eq!(sent, r#"{"model":"m","messages":[],"max_completion_tokens":7,"stream":true}"#);
}

#[rstest]
#[case(Some(Wire::OpenaiChat), &["logit_bias", "metadata"])]
#[case(Some(Wire::OpenaiResponses), &["metadata"])]
#[case(Some(Wire::AnthropicMessages), &[])]
#[case(None, &[])]
fn unknown_fields_go_only_to_the_same_family(#[case] of: Option<Wire>, #[case] expected: &[&str]) {
    let extra = json!({"logit_bias": {"1": 2}, "metadata": {"a": "b"}, "model": "evil"});
    let extra = extra.as_object().unwrap().clone();
    let body = check(&Request { extra, extra_of: of, ..ask(vec![]) }, new());
    let sent: Vec<&String> = body.as_object().unwrap().keys().skip(2).collect();
    assert_eq!(sent, expected);
    assert_eq!(body["model"], "m");
}

#[test]
fn a_refusal_of_the_past_is_a_text_where_there_is_no_word_for_it() {
    let request = ask(vec![message(Role::Assistant, vec![Part::Refusal("no".into())])]);
    assert_eq!(
        check(&request, new())["messages"],
        json!([{"role": "assistant", "content": null, "refusal": "no"}])
    );
    let to_groq = body(&GROQ, &request, "m", new()).unwrap();
    assert_eq!(to_groq["messages"], json!([{"role": "assistant", "content": "no"}]));
}
