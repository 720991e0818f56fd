//! A request in Ollama's words: the messages as they are, one text each, and everything about
//! sampling under `options`.

use serde_json::{Map, Value as Json, json};

use super::KIND;
use crate::{
    chat::{Format, Message, Part, Request, Role, ToolChoice},
    dialect::{
        Unsupported, Wire,
        beside::{self, Picture},
    },
    quirk::Quirks,
    settings::JsonMode,
};

pub(super) fn body(request: &Request, model: &str, quirks: Quirks) -> Result<Json, Unsupported> {
    beside::refuse_foreign(request, KIND)?;
    let mut messages = Vec::new();
    for (at, message) in request.messages.iter().enumerate() {
        add(message, &request.messages[..at], &mut messages)?;
    }
    let mut body = json!({"model": model});
    match form(request, quirks) {
        Form::None => {}
        Form::Beside(form) => body["format"] = form,
        Form::Words(rule) => messages.insert(0, json!({"role": "system", "content": rule})),
    }
    body["messages"] = messages.into();
    tools(request, &mut body)?;
    if let Some(think) = think(request) {
        body["think"] = think;
    }
    let options = options(request, quirks);
    if !options.is_empty() {
        body["options"] = options.into();
    }
    body["stream"] = request.stream.into();
    // Without this the oldest turns of what is too long are dropped, and nobody is told.
    body["truncate"] = false.into();
    for name in ["keep_alive", "truncate", "shift"] {
        if let Some(value) = request.extra.get(name).filter(|_| is_own(request, name)) {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

/// `keep_alive` and `num_ctx` mean Ollama whoever says them; other words must come from a caller
/// who speaks to Ollama.
fn is_own(request: &Request, name: &str) -> bool {
    matches!(name, "keep_alive" | "num_ctx" | "options") || request.extra_of == Some(Wire::Ollama)
}

enum Form {
    None,
    Beside(Json),
    Words(String),
}

fn form(request: &Request, quirks: Quirks) -> Form {
    match &request.format {
        None => Form::None,
        Some(format) if quirks.json == JsonMode::Plain => Form::Words(beside::rule(format)),
        Some(Format::JsonObject) => Form::Beside("json".into()),
        Some(Format::JsonSchema { schema, .. }) if quirks.json != JsonMode::JsonObject => {
            Form::Beside(schema.clone())
        }
        Some(format) => Form::Words(beside::rule(format)),
    }
}

fn tools(request: &Request, body: &mut Json) -> Result<(), Unsupported> {
    match &request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Named(_)) => {
            let why = "no tool can be forced; ask with `auto`, or use another provider";
            return Err(Unsupported { field: "tool_choice", kind: KIND, why });
        }
        // Not shown, so not called.
        Some(ToolChoice::None) => return Ok(()),
        Some(ToolChoice::Auto) | None => {}
    }
    if request.tools.is_empty() {
        return Ok(());
    }
    let tools = request.tools.iter().map(|tool| {
        let mut function = json!({"name": tool.name});
        if let Some(text) = &tool.description {
            function["description"] = text.as_str().into();
        }
        function["parameters"] = beside::parameters(&tool.parameters);
        json!({"type": "function", "function": function})
    });
    body["tools"] = tools.collect();
    Ok(())
}

fn think(request: &Request) -> Option<Json> {
    let reasoning = request.reasoning.as_ref()?;
    Some(match reasoning.effort.as_deref() {
        Some("none") => false.into(),
        Some("minimal" | "low") => "low".into(),
        Some("medium") => "medium".into(),
        Some("high" | "xhigh" | "max") => "high".into(),
        _ => true.into(),
    })
}

fn options(request: &Request, quirks: Quirks) -> Map<String, Json> {
    let mut options = match request.extra.get("options") {
        Some(Json::Object(given)) => given.clone(),
        _ => Map::new(),
    };
    let temperature = request.temperature.filter(|_| !quirks.refuses_temperature);
    let all = [
        ("temperature", temperature.map(Json::from)),
        ("top_p", request.top_p.map(Json::from)),
        ("top_k", request.top_k.map(Json::from)),
        ("seed", request.seed.map(Json::from)),
        ("num_predict", request.max_tokens.map(Json::from)),
        ("presence_penalty", request.presence_penalty.map(Json::from)),
        ("frequency_penalty", request.frequency_penalty.map(Json::from)),
        ("stop", (!request.stop.is_empty()).then(|| json!(request.stop))),
        ("num_ctx", request.extra.get("num_ctx").cloned()),
    ];
    options.extend(all.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))));
    options
}

/// Adds a message; each result of a tool is a message of its own.
fn add(message: &Message, before: &[Message], out: &mut Vec<Json>) -> Result<(), Unsupported> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let (mut text, mut thinking) = (String::new(), String::new());
    let (mut pictures, mut calls) = (Vec::new(), Vec::new());
    let mut results = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text { text: more, .. } | Part::Refusal(more) => text.push_str(more),
            // A thought with another provider's proof means nothing to this one.
            Part::Thinking { text: more, signature: None } => thinking.push_str(more),
            Part::Thinking { .. } => {}
            Part::Image(image) => match Picture::of(image) {
                Picture::Bytes { data, .. } => pictures.push(data),
                Picture::At(_) => {
                    return Err(refused("it fetches no pictures; send them as `data:` addresses"));
                }
            },
            Part::ToolCall { id, name, arguments } => {
                let arguments = beside::arguments(arguments, KIND)?;
                let function = json!({"name": name, "arguments": arguments});
                calls.push(json!({"id": id, "function": function}));
            }
            Part::ToolResult { id, name, parts, .. } => {
                if parts.iter().any(|it| matches!(it, Part::Image(_))) {
                    return Err(refused("tools give it text; show their pictures as the user"));
                }
                let mut result = json!({"role": "tool", "content": beside::text_of(parts)});
                if let Some(name) = beside::tool_name(before, id, name.as_deref()) {
                    result["tool_name"] = name.into();
                }
                result["tool_call_id"] = id.as_str().into();
                results.push(result);
            }
        }
    }
    let has_results = !results.is_empty();
    out.extend(results);
    let is_empty = text.is_empty() && pictures.is_empty() && calls.is_empty();
    if is_empty && (has_results || role == "tool") {
        return Ok(());
    }
    let mut said = json!({"role": role, "content": text});
    if !thinking.is_empty() {
        said["thinking"] = thinking.into();
    }
    if !pictures.is_empty() {
        said["images"] = json!(pictures);
    }
    if !calls.is_empty() {
        said["tool_calls"] = calls.into();
    }
    out.push(said);
    Ok(())
}

fn refused(why: &'static str) -> Unsupported {
    Unsupported { field: "messages", kind: KIND, why }
}
