//! Whole answers: read by what they must have and nothing else. Unknown fields and unknown words
//! are no errors, because compatible servers differ in both.

use serde::Deserialize;
use serde_json::{Value as Json, value::RawValue};

use super::{complaint, usage};
use crate::{
    Usage,
    chat::{Answer, Finish, Part},
    dialect::{Unreadable, fingerprint},
    price::Tariff,
    tokens,
};

/// Reads a whole answer of `chat/completions`.
pub(super) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let body = parse(body, "choices")?;
    let choice = body.pointer("/choices/0").ok_or(Unreadable::Shape("it has no `choices`"))?;
    let message = choice.get("message").ok_or(Unreadable::Shape("its choice has no `message`"))?;
    let id = word(&body, "id");
    let parts = parts(message, &id);
    let has_calls = parts.iter().any(|it| matches!(it, Part::ToolCall { .. }));
    let tariff = Tariff::stated(body.get("service_tier")).unwrap_or_default();
    let counted = body.get("usage").and_then(usage::of).or_else(|| of_several(&body));
    Ok(Answer {
        id,
        model: word(&body, "model"),
        parts,
        finish: finish(&word(choice, "finish_reason"), has_calls),
        usage: usage::on_terms(counted, tariff),
    })
}

fn word(value: &Json, name: &str) -> String {
    value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// What one of the answers with this id says.
fn parts(message: &Json, id: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let thought = text(message.get("reasoning_content").or_else(|| message.get("reasoning")));
    if !thought.is_empty() {
        parts.push(Part::Thinking { text: thought, signature: None });
    }
    let said = text(message.get("content"));
    if !said.is_empty() {
        parts.push(Part::Text { text: said, cache: false });
    }
    let refusal = text(message.get("refusal"));
    if !refusal.is_empty() {
        parts.push(Part::Refusal(refusal));
    }
    let calls = message.get("tool_calls").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    // The form before tools, which some servers still use.
    let old = message.get("function_call").filter(|it| it.is_object());
    for (at, call) in calls.iter().chain(old).enumerate() {
        let function = call.get("function").unwrap_or(call);
        let given = word(call, "id");
        parts.push(Part::ToolCall {
            id: if given.is_empty() { fingerprint::call_id(id, at) } else { given },
            name: word(function, "name"),
            arguments: match function.get("arguments") {
                Some(Json::String(text)) => text.clone(),
                None | Some(Json::Null) => "{}".into(),
                Some(other) => other.to_string(),
            },
        });
    }
    parts
}

/// About what several answers used whose server did not count: whoever estimates from what is told
/// hears the first of them, and all are paid for.
fn of_several(body: &Json) -> Option<Usage> {
    let choices = body.get("choices")?.as_array().filter(|it| it.len() > 1)?;
    let bytes = |part: Part| match part {
        Part::Text { text, .. } | Part::Thinking { text, .. } | Part::Refusal(text) => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::Image(_) | Part::ToolResult { .. } => 0,
    };
    let messages = choices.iter().filter_map(|it| it.get("message"));
    let said = messages.flat_map(|it| parts(it, "")).map(bytes).sum();
    let tokens_out = tokens::of_bytes(said);
    Some(Usage { tokens_out, estimated: true, ..Usage::default() })
}

/// Reads only the use, of `chat/completions`, `responses` and `embeddings` alike. Where several
/// answers come without counts it is an estimate, and zero where only the tier is told.
pub(super) fn read_usage(body: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Used<'a> {
        #[serde(borrow)]
        usage: Option<&'a RawValue>,
        /// What an answer of `responses` did.
        #[serde(borrow)]
        output: Option<&'a RawValue>,
        service_tier: Option<Json>,
    }
    let body = std::str::from_utf8(body).ok()?;
    let used: Used<'_> = serde_json::from_str(body).ok()?;
    let output: Option<Json> = used.output.and_then(|it| serde_json::from_str(it.get()).ok());
    let counted = |raw: &RawValue| {
        let counted = usage::of(&serde_json::from_str(raw.get()).ok()?)?;
        Some(usage::with_tools(counted, output.as_ref()))
    };
    let tariff = Tariff::stated(used.service_tier.as_ref()).unwrap_or_default();
    let counted =
        used.usage.and_then(counted).or_else(|| of_several(&serde_json::from_str(body).ok()?));
    usage::on_terms(counted, tariff)
}

/// Reads a body that should have a field, and may be an error instead.
pub(crate) fn parse(body: &[u8], field: &str) -> Result<Json, Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    let is_error = |it: &Json| it.get("error").is_some_and(|it| !it.is_null());
    let is_answer = body.get(field).is_some_and(|it| !it.is_null());
    if !is_answer && (is_error(&body) || body.get(0).is_some_and(is_error)) {
        return Err(Unreadable::Complaint(complaint::of(200, &body)));
    }
    Ok(body)
}

/// Reads the list of models: `{"data": [{"id": …}]}`, or the bare list.
pub(super) fn read_models(body: &[u8]) -> Result<Vec<String>, Unreadable> {
    let body = parse(body, "data")?;
    let list = body.get("data").unwrap_or(&body).as_array();
    let list = list.ok_or(Unreadable::Shape("it has no `data`"))?;
    let id = |it: &Json| it.get("id").and_then(Json::as_str).map(str::to_owned);
    Ok(list.iter().filter_map(id).collect())
}

/// A text, or the texts among parts.
fn text(content: Option<&Json>) -> String {
    match content {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(parts)) => {
            parts.iter().filter_map(|it| it.get("text").and_then(Json::as_str)).collect()
        }
        _ => String::new(),
    }
}

/// Why it ended. Some servers say `stop` when a tool is to be called.
pub(super) fn finish(word: &str, has_calls: bool) -> Finish {
    match word {
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "stop" | "" | "eos" | "eos_token" | "end_turn" | "stop_sequence" if has_calls => {
            Finish::ToolCalls
        }
        "stop" | "" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "content_filter" => Finish::Filtered,
        other => Finish::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::dialect::Class;

    fn answer(message: Json, finish: &str) -> Answer {
        let body = json!({"id": "chatcmpl-1", "model": "m", "choices": [{"message": message, "finish_reason": finish}]});
        read(body.to_string().as_bytes()).unwrap()
    }

    fn said(text: &str) -> Part {
        Part::Text { text: text.into(), cache: false }
    }

    #[rstest]
    #[case(json!({"content": "a"}), vec![said("a")])]
    #[case(json!({"content": [{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}]}), vec![said("ab")])]
    #[case(json!({"content": null, "refusal": "no"}), vec![Part::Refusal("no".into())])]
    #[case(json!({"content": "a", "reasoning_content": "hm"}), vec![Part::Thinking { text: "hm".into(), signature: None }, said("a")])]
    #[case(json!({"content": "a", "reasoning": "hm"}), vec![Part::Thinking { text: "hm".into(), signature: None }, said("a")])]
    #[case(json!({"content": "", "tool_calls": null}), vec![])]
    fn what_was_said_has_several_shapes(#[case] message: Json, #[case] expected: Vec<Part>) {
        assert_eq!(answer(message, "stop").parts, expected);
    }

    #[test]
    fn of_several_answers_that_nobody_counts_all_are_estimated() {
        let choice = |text: &str| json!({"message": {"content": text}, "finish_reason": "stop"});
        let mut body = json!({"choices": [choice("four"), choice("eight by"), choice("")]});
        let expected = Usage { tokens_out: 3, estimated: true, ..Usage::default() };
        assert_eq!(read_usage(body.to_string().as_bytes()), Some(expected));
        assert_eq!(read(body.to_string().as_bytes()).unwrap().usage, Some(expected));
        body["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 9});
        assert_eq!(read_usage(body.to_string().as_bytes()).map(|it| it.total()), Some(12));
        let one = json!({"choices": [choice("four")]}).to_string();
        assert_eq!(read_usage(one.as_bytes()), None);
    }

    #[test]
    fn calls_have_ids_names_and_arguments_as_text() {
        let message = json!({"content": null, "tool_calls": [
            {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1.0}"}},
            {"type": "function", "function": {"name": "g", "arguments": {"y": 2}}},
        ]});
        let it = answer(message, "stop");
        let call = |id: &str, name: &str, arguments: &str| Part::ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        };
        assert_eq!(
            it.parts,
            [
                call("call_a", "f", r#"{"x": 1.0}"#),
                call(&fingerprint::call_id("chatcmpl-1", 1), "g", r#"{"y":2}"#)
            ]
        );
        assert_eq!(it.finish, Finish::ToolCalls);
    }

    #[rstest]
    #[case("stop", Finish::Stop)]
    #[case("eos_token", Finish::Stop)]
    #[case("length", Finish::Length)]
    #[case("content_filter", Finish::Filtered)]
    #[case("new word", Finish::Other("new word".into()))]
    fn an_end_has_a_reason(#[case] word: &str, #[case] expected: Finish) {
        assert_eq!(answer(json!({"content": "a"}), word).finish, expected);
    }

    #[rstest]
    #[case("<html>")]
    #[case("{\"choices\": []}")]
    #[case("{\"choices\": [{}]}")]
    fn what_is_not_an_answer_is_not_read_as_one(#[case] body: &str) {
        assert!(matches!(read(body.as_bytes()), Err(Unreadable::Shape(_))));
    }

    #[rstest]
    #[case(
        r#"{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}"#,
        Class::RateLimited
    )]
    #[case(r#"{"error": "overloaded"}"#, Class::Broken)]
    #[case(r#"[{"error": {"code": 503}}]"#, Class::Overloaded)]
    fn an_error_sent_with_success_is_a_complaint(#[case] body: &str, #[case] expected: Class) {
        match read(body.as_bytes()) {
            Err(Unreadable::Complaint(it)) => assert_eq!(it.class, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_use_is_found_without_reading_the_rest() {
        let body =
            r#"{"choices": 7, "usage": {"prompt_tokens": 7, "completion_tokens": 3}, "x": []}"#;
        assert_eq!(read_usage(body.as_bytes()).map(|it| it.total()), Some(10));
        assert_eq!(read_usage(b"{}"), None);
    }

    #[test]
    fn searches_of_an_answer_of_responses_are_counted() {
        let body = json!({
            "output": [{"type": "web_search_call", "action": {"type": "search"}}, {"type": "message"}],
            "usage": {"input_tokens": 7, "output_tokens": 3},
        });
        let usage = read_usage(body.to_string().as_bytes()).unwrap();
        assert_eq!((usage.total(), usage.web_searches), (10, 1));
    }

    #[rstest]
    #[case("flex", Tariff::Flex)]
    #[case("priority", Tariff::Priority)]
    #[case("default", Tariff::Ordinary)]
    #[case("new word", Tariff::Other)]
    fn the_tier_is_the_one_that_the_answer_states(#[case] tier: &str, #[case] expected: Tariff) {
        let mut body = json!({"choices": [{"message": {"content": "a"}}], "service_tier": tier});
        if expected != Tariff::Ordinary {
            // Nobody counted; an estimate is priced by it all the same.
            let told = read_usage(body.to_string().as_bytes()).unwrap();
            assert_eq!((told.total(), told.tariff), (0, expected));
        }
        body["usage"] = json!({"prompt_tokens": 7, "completion_tokens": 3});
        let body = body.to_string();
        assert_eq!(read_usage(body.as_bytes()).map(|it| it.tariff), Some(expected));
        let usage = read(body.as_bytes()).unwrap().usage.unwrap();
        assert_eq!((usage.total(), usage.tariff), (10, expected));
    }

    #[rstest]
    #[case(r#"{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}"#)]
    #[case(r#"[{"id": "a"}, {"id": "b", "x": 1}]"#)]
    fn models_are_listed_in_two_shapes(#[case] body: &str) {
        assert_eq!(read_models(body.as_bytes()).unwrap(), ["a", "b"]);
    }
}
