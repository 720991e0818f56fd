//! A conversation as the body of `chat/completions`.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value as Json, json};

use super::Compatible;
use crate::{
    chat::{Format, Image, Message, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{Unsupported, Wire, beside},
    quirk::Quirks,
    settings::JsonMode,
};

/// Fields that `responses` and `chat/completions` have in common, of those nobody here knows.
const SHARED_WITH_RESPONSES: [&str; 7] = [
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "verbosity",
];

/// The body of a chat request.
///
/// Left out without a word: `top_k`, what the model thought before, that a tool's result is an error, cache marks, and
/// fields of other dialects that have no place here.
pub(super) fn body(
    to: &Compatible,
    request: &Request,
    model: &str,
    quirks: Quirks,
) -> Result<Json, Unsupported> {
    if request.extra_of == Some(Wire::OpenaiResponses) {
        // Answers to `responses` that come in the words of `chat/completions` are told anew.
        beside::refuse_foreign(request, to.kind)?;
    }
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    for message in &request.messages {
        say(to, message, &mut messages)?;
    }
    if let Some(format) = &request.format {
        ask_for(format, quirks, &mut messages, &mut body);
    }
    body.insert("messages".into(), messages.into());
    if !request.tools.is_empty() {
        body.insert("tools".into(), request.tools.iter().map(tool).collect());
        set(&mut body, "tool_choice", request.tool_choice.as_ref().map(tool_choice));
        set(&mut body, "parallel_tool_calls", request.parallel_tool_calls);
    }
    let thinks = to.has_thinkers && is_thinker(model);
    let limit = if quirks.wants_completion_tokens || thinks {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    set(&mut body, limit, request.max_tokens);
    set(&mut body, "temperature", request.temperature.filter(|_| !quirks.refuses_temperature));
    set(&mut body, "top_p", request.top_p);
    set(&mut body, "frequency_penalty", request.frequency_penalty);
    set(&mut body, "presence_penalty", request.presence_penalty);
    set(&mut body, "seed", request.seed);
    set(&mut body, "stop", (!request.stop.is_empty()).then(|| request.stop.clone()));
    set(
        &mut body,
        "reasoning_effort",
        request.reasoning.as_ref().and_then(|it| effort(it, thinks)),
    );
    set(&mut body, "user", request.user.as_deref());
    for (name, value) in &request.extra {
        let is_known = match request.extra_of {
            Some(Wire::OpenaiChat) => true,
            Some(Wire::OpenaiResponses) => SHARED_WITH_RESPONSES.contains(&name.as_str()),
            _ => false,
        };
        if is_known && !body.contains_key(name) {
            body.insert(name.clone(), value.clone());
        }
    }
    if request.stream {
        body.insert("stream".into(), true.into());
        let options = json!({"include_usage": true});
        set(&mut body, "stream_options", (!quirks.refuses_stream_options).then_some(options));
    }
    Ok(body.into())
}

fn set(body: &mut Map<String, Json>, name: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        body.insert(name.into(), value.into());
    }
}

/// OpenAI's models that think first: they take no `max_tokens`, and the others no effort.
pub(super) fn is_thinker(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["o1", "o3", "o4", "gpt-5"].iter().any(|it| name.starts_with(it))
}

/// A budget of tokens (Anthropic) becomes a word only for models that are known to take one: it
/// is advice, and others would refuse the whole request for it.
fn effort(reasoning: &Reasoning, thinks: bool) -> Option<String> {
    let of_budget = |budget| match budget {
        0..=2_048 => "low",
        2_049..=8_192 => "medium",
        _ => "high",
    };
    let budget = reasoning.budget_tokens.filter(|_| thinks);
    reasoning.effort.clone().or_else(|| budget.map(|it| of_budget(it).to_owned()))
}

/// One turn becomes one message, and one more for every result of a tool.
fn say(to: &Compatible, message: &Message, out: &mut Vec<Json>) -> Result<(), Unsupported> {
    let (mut content, mut calls, mut refusal) = (Vec::new(), Vec::new(), None);
    let is_model = message.role == Role::Assistant;
    for part in &message.parts {
        match part {
            Part::Text { text, .. } => content.push(text_part(text)),
            Part::Image(image) if !is_model => content.push(image_part(image)),
            Part::Image(_) => return Err(unsupported(to, "a picture cannot be said by the model")),
            // It has no place here, and no provider of this family wants it back.
            Part::Thinking { .. } => {}
            Part::ToolCall { id, name, arguments } => calls.push(json!({
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            })),
            Part::ToolResult { id, parts, .. } => out.push(json!({
                "role": "tool",
                "tool_call_id": id,
                "content": result(to, parts)?,
            })),
            Part::Refusal(text) if to.knows_refusals => refusal = Some(text),
            Part::Refusal(text) => content.push(text_part(text)),
        }
    }
    let only_results = matches!(message.parts.as_slice(), [first, ..] if matches!(first, Part::ToolResult { .. }))
        && content.is_empty();
    let only_thoughts = is_model && content.is_empty() && calls.is_empty() && refusal.is_none();
    if only_results || only_thoughts {
        return Ok(());
    }
    let role = match message.role {
        Role::System => "system",
        // What stands beside results is said by the one who asks.
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    };
    let mut said = Map::new();
    said.insert("role".into(), role.into());
    let is_silent = content.is_empty() && is_model;
    said.insert("content".into(), if is_silent { Json::Null } else { contents(content) });
    set(&mut said, "name", message.name.as_deref());
    set(&mut said, "refusal", refusal.map(String::as_str));
    set(&mut said, "tool_calls", (!calls.is_empty()).then_some(calls));
    out.push(said.into());
    Ok(())
}

fn text_part(text: &str) -> Json {
    json!({"type": "text", "text": text})
}

fn image_part(image: &Image) -> Json {
    let mut to = Map::new();
    match image {
        Image::Url { url, detail } => {
            to.insert("url".into(), url.as_str().into());
            set(&mut to, "detail", detail.as_deref());
        }
        Image::Bytes { media_type, data } => {
            to.insert("url".into(), format!("data:{media_type};base64,{data}").into());
        }
    }
    json!({"type": "image_url", "image_url": to})
}

/// One text is said as a text, which every server takes.
fn contents(mut parts: Vec<Json>) -> Json {
    match parts.as_mut_slice() {
        [] => "".into(),
        [only] if only["type"] == "text" => only["text"].take(),
        _ => parts.into(),
    }
}

/// What a tool gave back: text only.
fn result(to: &Compatible, parts: &[Part]) -> Result<Json, Unsupported> {
    let texts: Option<Vec<Json>> = parts
        .iter()
        .map(|it| if let Part::Text { text, .. } = it { Some(text_part(text)) } else { None })
        .collect();
    texts.map(contents).ok_or_else(|| {
        unsupported(to, "a tool's result is text only; put the picture into a turn of the user")
    })
}

fn unsupported(to: &Compatible, why: &'static str) -> Unsupported {
    Unsupported { field: "messages", kind: to.kind, why }
}

fn tool(tool: &Tool) -> Json {
    let mut function = Map::new();
    function.insert("name".into(), tool.name.as_str().into());
    set(&mut function, "description", tool.description.as_deref());
    function.insert("parameters".into(), tool.parameters.clone());
    set(&mut function, "strict", tool.strict);
    json!({"type": "function", "function": function})
}

fn tool_choice(choice: &ToolChoice) -> Json {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

/// Asks for JSON: beside the question where that is taken, else in it.
fn ask_for(
    format: &Format,
    quirks: Quirks,
    messages: &mut Vec<Json>,
    body: &mut Map<String, Json>,
) {
    let beside = match (format, quirks.json) {
        (_, JsonMode::Plain) => None,
        (Format::JsonObject, _) | (_, JsonMode::JsonObject) => Some(json!({"type": "json_object"})),
        (Format::JsonSchema { name, schema, strict }, JsonMode::Auto | JsonMode::JsonSchema) => {
            let mut by = Map::new();
            by.insert("name".into(), name.as_str().into());
            by.insert("schema".into(), schema.clone());
            set(&mut by, "strict", *strict);
            Some(json!({"type": "json_schema", "json_schema": by}))
        }
    };
    let says_all = match format {
        Format::JsonObject => quirks.json != JsonMode::Plain,
        Format::JsonSchema { .. } => matches!(quirks.json, JsonMode::Auto | JsonMode::JsonSchema),
    };
    if !says_all {
        rule(messages, beside::rule(format));
    }
    set(body, "response_format", beside);
}

/// Adds a rule to the first message: some models heed only the first system message.
fn rule(messages: &mut Vec<Json>, rule: String) {
    if let Some(first) = messages.first_mut().filter(|it| it["role"] == "system") {
        match &mut first["content"] {
            Json::String(text) => *text = format!("{text}\n\n{rule}"),
            Json::Array(parts) => parts.push(text_part(&rule)),
            other => *other = rule.into(),
        }
    } else {
        messages.insert(0, json!({"role": "system", "content": rule}));
    }
}
