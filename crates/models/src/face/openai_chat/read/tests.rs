//! What callers of `chat/completions` may ask.

use rstest::rstest;

use super::*;
use crate::{
    dialect::{Dialect, openai::OPENAI},
    quirk::Quirks,
    settings::JsonMode,
};

fn read(body: Json) -> Result<Request, FaceError> {
    request(body.to_string().as_bytes())
}

/// Everything that both ends have a word for.
fn rich() -> Json {
    json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ], "name": "eve"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1.0}"}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "42"},
            {"role": "assistant", "content": null, "refusal": "no"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": false,
        "max_tokens": 9,
        "temperature": 0.7,
        "top_p": 0.9,
        "frequency_penalty": 0.5,
        "presence_penalty": -0.5,
        "seed": -7,
        "stop": ["a", "b"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": true}},
        "reasoning_effort": "low",
        "user": "u",
        "logit_bias": {"1": 5},
        "stream": true,
        "stream_options": {"include_usage": true},
    })
}

#[test]
fn what_is_read_and_said_again_is_the_same() {
    let request = read(rich()).unwrap();
    let again = OPENAI.chat_body(&request, "m", Quirks::new(JsonMode::Auto)).unwrap();
    let mut expected = rich();
    // The order of fields is the dialect's; that they are the same is what counts.
    assert_eq!(again, expected);
    expected["stop"] = "a".into();
    expected["tool_choice"] = "required".into();
    let request = read(expected).unwrap();
    assert_eq!(request.stop, ["a"]);
    assert_eq!(request.tool_choice, Some(ToolChoice::Required));
}

#[test]
fn nulls_count_as_absent_and_unknown_fields_are_kept() {
    let body = json!({
        "model": "m", "messages": [{"role": "developer", "content": "x", "new": 1}],
        "tools": null, "stop": null, "temperature": null, "response_format": {"type": "text"},
        "new_field": {"a": 1}, "metadata": null,
    });
    let it = read(body).unwrap();
    assert_eq!(it.messages[0].role, Role::System);
    assert_eq!(Json::from(it.extra), json!({"new_field": {"a": 1}}));
    assert_eq!((it.extra_of, it.format, it.temperature), (Some(Wire::OpenaiChat), None, None));
}

#[rstest]
#[case("/messages", json!(null), "messages", "missing_required_parameter")]
#[case("/messages", json!("hi"), "messages", "invalid_type")]
#[case("/messages/0", json!("hi"), "messages[0]", "invalid_type")]
#[case("/messages/0/role", json!("king"), "messages[0].role", "invalid_value")]
#[case("/messages/0/role", json!("function"), "messages[0].role", "unsupported_parameter")]
#[case("/messages/0/content", json!(5), "messages[0].content", "invalid_type")]
#[case("/messages/0/content", json!(null), "messages[0].content", "missing_required_parameter")]
#[case("/messages/1/content/0/type", json!("input_audio"), "messages[1].content[0].type", "unsupported_parameter")]
#[case("/messages/1/content/0/type", json!("dance"), "messages[1].content[0].type", "invalid_value")]
#[case("/messages/2/tool_calls/0/id", json!(null), "messages[2].tool_calls[0].id", "missing_required_parameter")]
#[case("/messages/2/tool_calls/0/function/name", json!(5), "messages[2].tool_calls[0].function.name", "invalid_type")]
#[case("/messages/3/tool_call_id", json!(null), "messages[3].tool_call_id", "missing_required_parameter")]
#[case("/tools/0/type", json!("custom"), "tools[0].type", "unsupported_parameter")]
#[case("/tools/0/function/parameters", json!("x"), "tools[0].function.parameters", "invalid_type")]
#[case("/tool_choice", json!("perhaps"), "tool_choice", "invalid_value")]
#[case("/tool_choice/type", json!("allowed_tools"), "tool_choice.type", "unsupported_parameter")]
#[case("/response_format/type", json!("xml"), "response_format.type", "invalid_value")]
#[case("/temperature", json!("hot"), "temperature", "invalid_type")]
#[case("/stop", json!([1]), "stop[0]", "invalid_type")]
fn what_is_wrong_is_named(
    #[case] place: &str,
    #[case] value: Json,
    #[case] field: &str,
    #[case] code: &str,
) {
    let mut body = rich();
    *body.pointer_mut(place).unwrap() = value;
    let error = read(body).unwrap_err();
    assert_eq!((error.field.as_str(), error.code), (field, code), "{error}");
}

#[rstest]
#[case("n", json!(2))]
#[case("logprobs", json!(true))]
#[case("modalities", json!(["text", "audio"]))]
#[case("functions", json!([]))]
#[case("audio", json!({}))]
fn what_an_answer_told_anew_cannot_have_is_refused(#[case] field: &str, #[case] value: Json) {
    let mut body = rich();
    body[field] = value;
    assert_eq!(read(body).unwrap_err().field, field);
    let mut body = rich();
    body["n"] = 1.into();
    body["logprobs"] = false.into();
    assert!(read(body).is_ok());
}
