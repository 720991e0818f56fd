//! An answer in Anthropic's words.

use serde_json::{Map, Value as Json, json};

use crate::{
    Usage,
    chat::{Answer, Finish, Part},
    dialect::proof,
    tokens,
};

/// Said in place of a picture that the model made: this dialect has no place for one.
const PICTURE: &str = "[The model made a picture, which Anthropic's dialect cannot carry.]";

pub(super) fn answer(answer: &Answer, created: i64) -> Json {
    let content: Vec<Json> = answer.parts.iter().filter_map(block).collect();
    let has = |wanted: fn(&Part) -> bool| answer.parts.iter().any(wanted);
    let refused = has(|it| matches!(it, Part::Refusal(_)));
    let called = has(|it| matches!(it, Part::ToolCall { .. }));
    json!({
        "id": id(&answer.id, created),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop_reason(&answer.finish, called, refused),
        "stop_sequence": null,
        "usage": usage(answer.usage.unwrap_or_else(|| estimated(&answer.parts))),
    })
}

/// The id of an answer whose provider gives none.
pub(super) fn id(given: &str, created: i64) -> String {
    if given.is_empty() { format!("msg_{created:x}") } else { given.to_owned() }
}

fn block(part: &Part) -> Option<Json> {
    Some(match part {
        Part::Text { text, .. } | Part::Refusal(text) => {
            if text.is_empty() {
                return None;
            }
            json!({"type": "text", "text": text})
        }
        Part::Thinking { text, signature } => thinking(text, signature.as_deref()),
        Part::ToolCall { id, name, arguments } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": input(arguments)})
        }
        Part::Image(_) => json!({"type": "text", "text": PICTURE}),
        Part::ToolResult { .. } => return None,
    })
}

/// A thought. Its proof carries the name of its owner, unless that is Anthropic.
pub(super) fn thinking(text: &str, signature: Option<&str>) -> Json {
    let signature = signature.unwrap_or_default();
    match redacted(signature) {
        Some(data) => json!({"type": "redacted_thinking", "data": data}),
        None => json!({"type": "thinking", "thinking": text, "signature": told(signature)}),
    }
}

/// What of a proof is hidden thought.
pub(super) fn redacted(signature: &str) -> Option<&str> {
    proof::own(proof::ANTHROPIC_REDACTED, signature)
}

/// A proof as callers are told it.
pub(super) fn told(signature: &str) -> String {
    if signature.is_empty() {
        return proof::mark(proof::UNSIGNED, "");
    }
    proof::own(proof::ANTHROPIC, signature).unwrap_or(signature).to_owned()
}

/// Arguments as an object; text that is none is kept where a person can find it.
fn input(arguments: &str) -> Json {
    match serde_json::from_str(arguments) {
        Ok(Json::Object(map)) => Json::Object(map),
        _ if arguments.trim().is_empty() => json!({}),
        _ => json!({"_unreadable": arguments}),
    }
}

pub(super) fn stop_reason(finish: &Finish, called: bool, refused: bool) -> &'static str {
    match finish {
        _ if refused => "refusal",
        Finish::ToolCalls => "tool_use",
        // Some providers have no word of their own for it.
        Finish::Stop if called => "tool_use",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Filtered => "refusal",
        Finish::Other(word) if word == "pause_turn" => "pause_turn",
        Finish::Other(_) => "end_turn",
    }
}

/// The counts, apart as this dialect has them: cached tokens are not among `input_tokens`.
pub(super) fn usage(usage: Usage) -> Json {
    let mut out = Map::new();
    let plain = usage.tokens_in.saturating_sub(usage.cached + usage.cache_written);
    out.insert("input_tokens".into(), plain.into());
    out.insert("cache_creation_input_tokens".into(), usage.cache_written.into());
    out.insert("cache_read_input_tokens".into(), usage.cached.into());
    out.insert("output_tokens".into(), usage.tokens_out.into());
    if usage.reasoning > 0 {
        let details = json!({"thinking_tokens": usage.reasoning});
        out.insert("output_tokens_details".into(), details);
    }
    out.into()
}

/// What was said, by its length: for answers that nobody counted.
fn estimated(parts: &[Part]) -> Usage {
    let tokens_out = parts
        .iter()
        .map(|it| match it {
            Part::Text { text, .. } | Part::Thinking { text, .. } | Part::Refusal(text) => {
                tokens::estimate(text)
            }
            Part::ToolCall { arguments, .. } => tokens::estimate(arguments),
            _ => 0,
        })
        .sum();
    Usage { tokens_out, estimated: true, ..Usage::default() }
}
