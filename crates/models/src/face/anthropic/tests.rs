//! What callers of Anthropic's dialect may say; what they are told is in `told`.

mod told;

use bytes::Bytes;
use rstest::rstest;
use serde_json::{Value as Json, json};

use super::{Anthropic, count_tokens};
use crate::{
    chat::{Format, Image, Message, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{
        Wire, anthropic,
        trial::{body, call, result, text, turn},
    },
    face::{Face, Inject},
};

fn read(body: &Json) -> Request {
    Anthropic.read(body.to_string().as_bytes()).unwrap()
}

/// Turns that both sides can say.
fn talks() -> Vec<Vec<Message>> {
    let marked = |text: &str| Part::Text { text: text.into(), cache: true };
    let thought = |text: &str, signature: &str| Part::Thinking {
        text: text.into(),
        signature: Some(signature.into()),
    };
    let failed = Part::ToolResult {
        id: "b".into(),
        name: None,
        parts: vec![
            text("No."),
            Part::Image(Image::Bytes { media_type: "image/png".into(), data: "AAAA".into() }),
        ],
        is_error: true,
    };
    vec![
        vec![turn(Role::User, [text("Grüezi")])],
        vec![
            turn(Role::System, [text("Be brief."), marked("Be kind.")]),
            turn(
                Role::User,
                [
                    marked("One."),
                    Part::Image(Image::Url { url: "https://x.example/a.png".into(), detail: None }),
                ],
            ),
            turn(Role::Assistant, [text("Two.")]),
            turn(Role::User, [text("Three.")]),
        ],
        vec![
            turn(Role::User, [text("?")]),
            turn(
                Role::Assistant,
                [
                    thought("Hm.", "anthropic:EqQ"),
                    thought("", "anthropic.redacted:Emw"),
                    text("I look."),
                    call("a", r#"{"city":"Bern","days":2.5}"#),
                    call("b", "{}"),
                ],
            ),
            turn(Role::Tool, [result("a", [text("Sun.")])]),
            turn(Role::Tool, [failed]),
            turn(Role::User, [text("And?")]),
        ],
        vec![
            turn(Role::User, [text("?")]),
            turn(Role::Assistant, [call("a", "{}")]),
            turn(Role::Tool, [result("a", [])]),
        ],
    ]
}

/// Each one thing that may be asked for beside the turns.
fn wishes() -> Vec<fn(&mut Request)> {
    fn tools(request: &mut Request) {
        request.tools = vec![
            Tool {
                name: "get_weather".into(),
                description: Some("Tells it.".into()),
                parameters: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
                strict: Some(true),
            },
            Tool {
                name: "other".into(),
                description: None,
                parameters: json!({"type": "object", "properties": {}}),
                strict: None,
            },
        ];
    }
    vec![
        |_| {},
        |it| it.temperature = Some(0.7),
        |it| it.top_p = Some(0.123_456_789_012_345_67),
        |it| it.top_k = Some(40),
        |it| it.stop = vec!["\n\nHuman:".into(), "END".into()],
        |it| it.stream = true,
        |it| it.user = Some("u-1".into()),
        |it| it.reasoning = Some(Reasoning { effort: None, budget_tokens: Some(2048) }),
        |it| it.reasoning = Some(Reasoning { effort: Some("none".into()), budget_tokens: None }),
        |it| {
            it.model = "claude-opus-4-6".into();
            it.reasoning = Some(Reasoning { effort: Some("high".into()), budget_tokens: None });
        },
        |it| {
            let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
            it.format = Some(Format::JsonSchema { name: "answer".into(), schema, strict: None });
        },
        tools,
        |it| {
            tools(it);
            it.tool_choice = Some(ToolChoice::Auto);
            it.parallel_tool_calls = Some(false);
        },
        |it| {
            tools(it);
            it.tool_choice = Some(ToolChoice::Required);
        },
        |it| {
            tools(it);
            it.tool_choice = Some(ToolChoice::Named("other".into()));
        },
        |it| {
            tools(it);
            it.tool_choice = Some(ToolChoice::None);
        },
        |it| {
            it.extra =
                json!({"container": "c", "service_tier": "auto"}).as_object().unwrap().clone();
        },
    ]
}

#[test]
fn what_is_said_to_anthropic_is_read_as_it_was_meant() {
    for messages in talks() {
        for wish in wishes() {
            let mut request = Request {
                model: "claude-sonnet-4-5".into(),
                messages: messages.clone(),
                max_tokens: Some(9000),
                extra_of: Some(Wire::AnthropicMessages),
                ..Request::default()
            };
            wish(&mut request);
            let is_thinking =
                request.reasoning.as_ref().is_some_and(|it| it.budget_tokens.is_some());
            if is_thinking && messages.len() == 3 {
                // Its turn with calls has no thoughts, so it goes on without new ones.
                continue;
            }
            let said = body(&anthropic::Anthropic, &request);
            assert_eq!(read(&said), request, "{said:#}");
        }
    }
}

#[test]
fn short_forms_are_read_as_long_ones() {
    let request = read(&json!({
        "model": "m",
        "max_tokens": 5.0,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "Sun.", "cache_control": {"type": "ephemeral"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Words."}, "title": "A"},
            ]},
        ],
        "thinking": null,
    }));
    let marked = Part::Text { text: "Sun.".into(), cache: true };
    assert_eq!(
        request.messages[3..],
        [turn(Role::Tool, [result("a", [marked])]), turn(Role::User, [text("A\n\nWords.")])]
    );
    assert_eq!((request.messages[0].role, request.max_tokens), (Role::System, Some(5)));
    assert_eq!(request.reasoning, None);
}

#[test]
fn proofs_are_told_by_whose_they_are() {
    let thinking =
        |signature: &str| json!({"type": "thinking", "thinking": "Hm.", "signature": signature});
    let request = read(&json!({"model": "m", "max_tokens": 5, "messages": [
        {"role": "assistant", "content": [thinking("EqQ"), thinking("gemini:AbC"), thinking("unsigned:"), thinking("")]},
    ]}));
    let signatures: Vec<Option<&str>> = request.messages[0]
        .parts
        .iter()
        .map(|it| match it {
            Part::Thinking { signature, .. } => signature.as_deref(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(signatures, [Some("anthropic:EqQ"), Some("gemini:AbC"), None, None]);
}

#[rstest]
#[case(json!({"model": "m", "messages": []}), "max_tokens", "missing_required_parameter")]
#[case(json!({"max_tokens": 5, "messages": []}), "model", "missing_required_parameter")]
#[case(json!({"model": "m", "max_tokens": 5}), "messages", "missing_required_parameter")]
#[case(json!({"model": "m", "max_tokens": "5", "messages": []}), "max_tokens", "invalid_type")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [{"role": "tool", "content": "?"}]}), "messages[0].role", "invalid_value")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "text"}]}]}), "messages[0].content[0].text", "missing_required_parameter")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64"}}]}]}), "messages[0].content[0].source.type", "unsupported_parameter")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": [{"type": "web_search_tool_result"}]}]}), "messages[0].content[0].type", "unsupported_parameter")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [], "tools": [{"type": "web_search_20260318", "name": "web_search"}]}), "tools[0].type", "unsupported_parameter")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [], "tool_choice": {"type": "some"}}), "tool_choice.type", "invalid_value")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [], "stop_sequences": [1]}), "stop_sequences[0]", "invalid_type")]
#[case(json!({"model": "m", "max_tokens": 5, "messages": [], "system": [{"type": "image"}]}), "system[0].type", "invalid_value")]
fn what_cannot_be_read_is_named_by_its_path(
    #[case] body: Json,
    #[case] field: &str,
    #[case] code: &str,
) {
    let error = Anthropic.read(body.to_string().as_bytes()).unwrap_err();
    assert_eq!((error.field.as_str(), error.code), (field, code));
}

#[test]
fn the_little_that_must_be_known_is_peeked_at() {
    let body = br#"{"stream":true,"max_tokens":7.0,"model":"cl\u0061ude","system":"four","messages":[{"role":"user","content":"12345678"}],"unknown":{"model":"x"}}"#;
    let peek = Anthropic.peek(body).unwrap();
    assert_eq!((peek.model.as_str(), peek.stream, peek.max_tokens), ("claude", true, Some(7)));
    assert!(peek.include_usage && peek.answers == 1 && peek.prompt_tokens >= 3, "{peek:?}");
    assert_eq!(Anthropic.peek(b"{}").unwrap_err().field, "model");
    assert_eq!(Anthropic.peek(br#"{"model":"m","stream":1}"#).unwrap_err().field, "stream");
    assert_eq!(Anthropic.peek(b"[]").unwrap_err().code, "invalid_json");
}

#[test]
fn only_the_model_changes_in_what_passes() {
    let body = Bytes::from_static(br#"{ "model":"a", "t":0.10000000000000000001 }"#);
    let passed = Anthropic.rewrite(&body, "claude-x", Inject::Usage);
    assert_eq!(passed, br#"{ "model":"claude-x", "t":0.10000000000000000001 }"#.as_slice());
}

#[test]
fn the_tokens_of_a_question_are_estimated() {
    let counted =
        count_tokens(br#"{"model":"m","messages":[{"role":"user","content":"12345678"}]}"#);
    let counted: Json = serde_json::from_slice(&counted.unwrap()).unwrap();
    assert!((2..9).contains(&counted["input_tokens"].as_u64().unwrap()), "{counted}");
    assert!(count_tokens(b"{}").is_err());
}
