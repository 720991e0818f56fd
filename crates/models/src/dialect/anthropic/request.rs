//! A request in Anthropic's words. Rules stand beside the conversation, results of tools inside the
//! user's turns, and turns take turns.

use serde_json::{Map, Value as Json, json};

use super::{ANSWER_TOOL, KIND, model, schema, thinking::Thinking};
use crate::{
    chat::{Format, Message, Part, Request, Role, Tool, ToolChoice},
    dialect::{
        Unsupported, Wire,
        beside::{self, Picture},
        proof,
    },
    quirk::Quirks,
    settings::JsonMode,
};

/// The most tokens of an answer when neither the caller names a limit, which Anthropic wants, nor
/// anybody knows that of the model.
pub const MAX_TOKENS_DEFAULT: u64 = 4096;

pub(super) fn body(request: &Request, model: &str, quirks: Quirks) -> Result<Json, Unsupported> {
    beside::refuse_foreign(request, KIND)?;
    let way = Way::of(request, model, quirks);
    let limit = limit(request.max_tokens, quirks.max_output.or_else(|| model::max_output(model)));
    let thinking = Thinking::of(request, model, limit, matches!(way, Way::Tool(..)));
    let mut talk = Talk::default();
    for message in &request.messages {
        talk.add(message)?;
    }
    if talk.turns.is_empty() {
        return Err(refused("messages", "it needs a message of the user beside the rules"));
    }
    if let Way::Words(format) = way {
        talk.rules.push(json!({"type": "text", "text": beside::rule(format)}));
    }

    let mut body = Map::new();
    body.insert("model".into(), model.into());
    let max_tokens = match thinking {
        Thinking::Budget { max_tokens, .. } => max_tokens,
        _ => limit.unwrap_or(MAX_TOKENS_DEFAULT),
    };
    body.insert("max_tokens".into(), max_tokens.into());
    if !talk.rules.is_empty() {
        body.insert("system".into(), talk.rules.into());
    }
    body.insert("messages".into(), talk.turns.into_iter().map(Turn::json).collect());
    tools(request, way, &mut body);
    if let Way::Beside(schema) = way
        && let Some(schema) = schema::accepted(schema)
    {
        let format = json!({"type": "json_schema", "schema": schema});
        output_config(&mut body).insert("format".into(), format);
    }
    thinking.write(&mut body);
    sampling(request, thinking, quirks, &mut body);
    if !request.stop.is_empty() {
        if request.stop.iter().any(|it| it.trim().is_empty()) {
            return Err(refused(
                "stop",
                "a stop text of blanks alone is refused; cut there yourself",
            ));
        }
        body.insert("stop_sequences".into(), json!(request.stop));
    }
    if let Some(user) = &request.user {
        body.insert("metadata".into(), json!({"user_id": user}));
    }
    if request.extra_of == Some(Wire::AnthropicMessages) {
        for (name, value) in &request.extra {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    if request.stream {
        body.insert("stream".into(), true.into());
    }
    Ok(body.into())
}

/// How long the answer may be: as the caller says, and no longer than the model's can be, which
/// would be refused.
fn limit(wanted: Option<u64>, most: Option<u64>) -> Option<u64> {
    match (wanted, most) {
        (Some(wanted), Some(most)) => Some(wanted.min(most)),
        (wanted, most) => wanted.or(most),
    }
}

/// The `output_config` of a body.
pub(super) fn output_config(body: &mut Map<String, Json>) -> &mut Map<String, Json> {
    let config = body.entry("output_config").or_insert_with(|| json!({}));
    match config {
        Json::Object(map) => map,
        _ => unreachable!("only objects are put under `output_config`"),
    }
}

fn sampling(
    request: &Request,
    thinking: Thinking<'_>,
    quirks: Quirks,
    body: &mut Map<String, Json>,
) {
    if matches!(thinking, Thinking::Budget { .. }) {
        // Who thinks by a budget takes none of these.
        return;
    }
    let temperature = request.temperature.filter(|_| !quirks.refuses_temperature);
    if let Some(temperature) = temperature {
        body.insert("temperature".into(), temperature.min(1.0).into());
    } else if let Some(top_p) = request.top_p {
        body.insert("top_p".into(), top_p.into());
    }
    if let Some(top_k) = request.top_k {
        body.insert("top_k".into(), top_k.into());
    }
}

/// How a form of the answer is asked for.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// No form is.
    None,
    /// The schema goes beside the question.
    Beside(&'a Json),
    /// A tool must be called whose arguments are the answer.
    Tool(&'a Json),
    /// In words.
    Words(&'a Format),
}

impl<'a> Way<'a> {
    fn of(request: &'a Request, model: &str, quirks: Quirks) -> Self {
        let Some(format) = &request.format else { return Self::None };
        let Some((_, schema)) = beside::schema(Some(format)) else { return Self::Words(format) };
        let is_object = schema.get("type").and_then(Json::as_str) == Some("object");
        match quirks.json {
            JsonMode::Auto | JsonMode::JsonSchema
                if model::takes_schemas(model) && schema::accepted(schema).is_some() =>
            {
                Self::Beside(schema)
            }
            // With other tools about, forcing this one would take them away.
            JsonMode::Plain => Self::Words(format),
            _ if is_object && request.tools.is_empty() => Self::Tool(schema),
            _ => Self::Words(format),
        }
    }
}

fn tools(request: &Request, way: Way<'_>, body: &mut Map<String, Json>) {
    let mut tools: Vec<Json> = request.tools.iter().map(tool).collect();
    let mut choice = match &request.tool_choice {
        Some(ToolChoice::Auto) => Some(json!({"type": "auto"})),
        Some(ToolChoice::None) => Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => Some(json!({"type": "any"})),
        Some(ToolChoice::Named(name)) => Some(json!({"type": "tool", "name": name})),
        None => None,
    };
    if request.parallel_tool_calls == Some(false) && request.tool_choice != Some(ToolChoice::None) {
        let choice = choice.get_or_insert_with(|| json!({"type": "auto"}));
        choice["disable_parallel_tool_use"] = true.into();
    }
    if let Way::Tool(schema) = way {
        tools.push(json!({
            "name": ANSWER_TOOL,
            "description": "Gives the answer.",
            "input_schema": schema,
        }));
        choice = Some(json!({"type": "tool", "name": ANSWER_TOOL}));
    }
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
        if let Some(choice) = choice {
            body.insert("tool_choice".into(), choice);
        }
    }
}

fn tool(tool: &Tool) -> Json {
    let mut out = json!({"name": tool.name});
    if let Some(text) = &tool.description {
        out["description"] = text.as_str().into();
    }
    out["input_schema"] = beside::parameters(&tool.parameters);
    if let Some(strict) = tool.strict {
        out["strict"] = strict.into();
    }
    out
}

/// A conversation as it is put together.
#[derive(Default)]
struct Talk {
    rules: Vec<Json>,
    turns: Vec<Turn>,
}

struct Turn {
    role: &'static str,
    content: Vec<Json>,
}

impl Turn {
    fn json(mut self) -> Json {
        // Results of tools come first in their turn, or it is refused.
        self.content.sort_by_key(|it| it["type"] != "tool_result");
        json!({"role": self.role, "content": self.content})
    }
}

impl Talk {
    fn add(&mut self, message: &Message) -> Result<(), Unsupported> {
        let role = match message.role {
            Role::System => return self.add_rules(&message.parts),
            Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        let mut content = Vec::new();
        for part in &message.parts {
            content.extend(block(part, role)?);
        }
        if content.is_empty() {
            return Ok(());
        }
        match self.turns.last_mut().filter(|it| it.role == role) {
            Some(turn) => turn.content.extend(content),
            None => self.turns.push(Turn { role, content }),
        }
        Ok(())
    }

    fn add_rules(&mut self, parts: &[Part]) -> Result<(), Unsupported> {
        for part in parts {
            match part {
                Part::Text { .. } => self.rules.extend(block(part, "system")?),
                _ => return Err(refused("messages", "rules are text; show the rest as the user")),
            }
        }
        Ok(())
    }
}

/// A part as a block; none for what need not be said.
fn block(part: &Part, role: &str) -> Result<Option<Json>, Unsupported> {
    Ok(Some(match part {
        Part::Text { text, .. } | Part::Refusal(text) if text.is_empty() => return Ok(None),
        Part::Text { text, cache } => {
            let mut block = json!({"type": "text", "text": text});
            if *cache {
                block["cache_control"] = json!({"type": "ephemeral"});
            }
            block
        }
        Part::Refusal(text) => json!({"type": "text", "text": text}),
        Part::Image(_) if role == "assistant" => {
            return Err(refused("messages", "the model shows no pictures; show them as the user"));
        }
        Part::Image(image) => json!({"type": "image", "source": match Picture::of(image) {
            Picture::Bytes { media_type, data } => {
                json!({"type": "base64", "media_type": media_type, "data": data})
            }
            Picture::At(url) => json!({"type": "url", "url": url}),
        }}),
        Part::Thinking { text, signature } => {
            let signature = signature.as_deref().unwrap_or_default();
            if let Some(data) = proof::own(proof::ANTHROPIC_REDACTED, signature) {
                json!({"type": "redacted_thinking", "data": data})
            } else if let Some(proof) = proof::own(proof::ANTHROPIC, signature) {
                json!({"type": "thinking", "thinking": text, "signature": proof})
            } else {
                // Thoughts without its own proof are refused, and nothing of the talk is lost.
                return Ok(None);
            }
        }
        Part::ToolCall { id, name, arguments } => json!({
            "type": "tool_use",
            "id": call_id(id),
            "name": name,
            "input": beside::arguments(arguments, KIND)?,
        }),
        Part::ToolResult { id, parts, is_error, .. } => {
            let mut content = Vec::new();
            for part in parts {
                content.extend(block(part, "user")?);
            }
            let mut block = json!({"type": "tool_result", "tool_use_id": call_id(id)});
            if !content.is_empty() {
                block["content"] = content.into();
            }
            if *is_error {
                block["is_error"] = true.into();
            }
            block
        }
    }))
}

/// An id as Anthropic takes it: other providers put dots and colons into theirs.
fn call_id(id: &str) -> String {
    let is_good = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    id.chars().map(|it| if is_good(it) { it } else { '_' }).collect()
}

fn refused(field: &'static str, why: &'static str) -> Unsupported {
    Unsupported { field, kind: KIND, why }
}
