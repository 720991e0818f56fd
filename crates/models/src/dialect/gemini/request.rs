//! A request in Gemini's words: contents of the user and the model taking turns, rules beside them,
//! everything else under `generationConfig`.

use serde_json::{Map, Value as Json, json};

use super::KIND;
use crate::{
    chat::{Message, Part, Request, Role, ToolChoice},
    dialect::{
        Unsupported, Wire,
        beside::{self, Picture},
        proof,
    },
    quirk::Quirks,
    settings::JsonMode,
};

/// What Google tells to send with calls whose proof is lost: made by another model, or told by a
/// caller whose dialect has no place for it. Models since the third generation want one.
const NO_PROOF: &str = "skip_thought_signature_validator";

/// Fields beside that only Gemini has, by both of their spellings.
const OWN_FIELDS: [(&str, &str); 4] = [
    ("safetySettings", "safety_settings"),
    ("cachedContent", "cached_content"),
    ("labels", "labels"),
    ("store", "store"),
];

pub(super) fn body(request: &Request, model: &str, quirks: Quirks) -> Result<Json, Unsupported> {
    beside::refuse_foreign(request, KIND)?;
    let model = model.strip_prefix("models/").unwrap_or(model);
    let mut talk = Talk { wants_proofs: !is_before_3(model), rules: Vec::new(), turns: Vec::new() };
    for (at, message) in request.messages.iter().enumerate() {
        talk.add(message, &request.messages[..at])?;
    }
    if talk.turns.is_empty() {
        return Err(refused("messages", "it needs a message of the user beside the rules"));
    }
    let mut config = Map::new();
    format(request, model, quirks, &mut talk.rules, &mut config);
    sampling(request, quirks, &mut config);
    thinking(request, model, &mut config);

    let mut body = Map::new();
    if !talk.rules.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": talk.rules}));
    }
    let turns = talk.turns.into_iter().map(|it| json!({"role": it.role, "parts": it.parts}));
    body.insert("contents".into(), turns.collect());
    tools(request, &mut body);
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    for (name, other) in OWN_FIELDS {
        // `store` and `labels` are words of others too.
        let is_own = name != other || request.extra_of == Some(Wire::Gemini);
        let value = request.extra.get(name).or_else(|| request.extra.get(other));
        if let Some(value) = value.filter(|_| is_own) {
            body.insert(name.into(), value.clone());
        }
    }
    Ok(body.into())
}

/// Is this a model of the first two generations? Those take fewer things.
fn is_before_3(model: &str) -> bool {
    ["gemini-1", "gemini-2", "gemma", "learnlm"].iter().any(|it| model.starts_with(it))
}

fn format(
    request: &Request,
    model: &str,
    quirks: Quirks,
    rules: &mut Vec<Json>,
    config: &mut Map<String, Json>,
) {
    let Some(form) = &request.format else { return };
    // Tools and a form of the answer together are refused by older models.
    let is_plain =
        quirks.json == JsonMode::Plain || (!request.tools.is_empty() && is_before_3(model));
    if !is_plain {
        config.insert("responseMimeType".into(), "application/json".into());
    }
    match beside::schema(Some(form)) {
        Some((_, schema))
            if !is_plain && matches!(quirks.json, JsonMode::Auto | JsonMode::JsonSchema) =>
        {
            config.insert("responseJsonSchema".into(), schema.clone());
        }
        None if !is_plain => {}
        _ => rules.push(json!({"text": beside::rule(form)})),
    }
}

fn sampling(request: &Request, quirks: Quirks, config: &mut Map<String, Json>) {
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            config.insert(name.into(), value);
        }
    };
    let temperature = request.temperature.filter(|_| !quirks.refuses_temperature);
    put("temperature", temperature.map(Json::from));
    put("topP", request.top_p.map(Json::from));
    put("topK", request.top_k.map(Json::from));
    put("maxOutputTokens", request.max_tokens.map(Json::from));
    put("stopSequences", (!request.stop.is_empty()).then(|| json!(request.stop)));
    put("presencePenalty", request.presence_penalty.map(Json::from));
    put("frequencyPenalty", request.frequency_penalty.map(Json::from));
    put("seed", request.seed.map(Json::from));
}

/// Models of the second generation take tokens, later ones a word.
fn thinking(request: &Request, model: &str, config: &mut Map<String, Json>) {
    let Some(reasoning) = &request.reasoning else { return };
    let effort = reasoning.effort.as_deref();
    let is_pro = model.contains("-pro");
    let mut out = Map::new();
    out.insert("includeThoughts".into(), (effort != Some("none")).into());
    match (reasoning.budget_tokens, effort) {
        (Some(tokens), _) => {
            out.insert("thinkingBudget".into(), tokens.into());
        }
        (None, None) => {}
        (None, Some(effort)) if is_before_3(model) => {
            let tokens = match effort {
                // Pro always thinks; this is its least.
                "none" if is_pro => 128,
                "none" => 0,
                "minimal" => 512,
                "low" => 1024,
                "medium" => 8192,
                _ => 24_576,
            };
            out.insert("thinkingBudget".into(), tokens.into());
        }
        (None, Some(effort)) => {
            let level = match effort {
                "none" | "minimal" if is_pro => "LOW",
                "none" | "minimal" => "MINIMAL",
                "low" => "LOW",
                "medium" => "MEDIUM",
                _ => "HIGH",
            };
            out.insert("thinkingLevel".into(), level.into());
        }
    }
    config.insert("thinkingConfig".into(), out.into());
}

fn tools(request: &Request, body: &mut Map<String, Json>) {
    if request.tools.is_empty() {
        return;
    }
    let declared: Vec<Json> = request
        .tools
        .iter()
        .map(|tool| {
            let mut out = json!({"name": tool.name});
            if let Some(text) = &tool.description {
                out["description"] = text.as_str().into();
            }
            out["parametersJsonSchema"] = beside::parameters(&tool.parameters);
            out
        })
        .collect();
    body.insert("tools".into(), json!([{"functionDeclarations": declared}]));
    let choice = match &request.tool_choice {
        None => return,
        Some(ToolChoice::Auto) => json!({"mode": "AUTO"}),
        Some(ToolChoice::None) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required) => json!({"mode": "ANY"}),
        Some(ToolChoice::Named(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.insert("toolConfig".into(), json!({"functionCallingConfig": choice}));
}

/// A conversation as it is put together.
struct Talk {
    wants_proofs: bool,
    rules: Vec<Json>,
    turns: Vec<Turn>,
}

struct Turn {
    role: &'static str,
    parts: Vec<Json>,
}

impl Talk {
    fn add(&mut self, message: &Message, before: &[Message]) -> Result<(), Unsupported> {
        let mut parts = Vec::new();
        let role = match message.role {
            Role::System => {
                for part in &message.parts {
                    match part {
                        Part::Text { text, .. } if text.is_empty() => {}
                        Part::Text { text, .. } => self.rules.push(json!({"text": text})),
                        _ => {
                            let why = "rules are text; show the rest as the user";
                            return Err(refused("messages", why));
                        }
                    }
                }
                return Ok(());
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "model",
        };
        // A proof belongs to the part that follows it.
        let mut proof: Option<&str> = None;
        let mut wants_proof = self.wants_proofs;
        for part in &message.parts {
            if let Part::Thinking { text, signature } = part {
                let signature = signature.as_deref().unwrap_or_default();
                if let Some(own) = proof::own(proof::GEMINI_THOUGHT, signature) {
                    parts.push(json!({"text": text, "thought": true, "thoughtSignature": own}));
                } else if let Some(own) = proof::own(proof::GEMINI, signature) {
                    proof = Some(own);
                }
                continue;
            }
            let Some(mut said) = said(part, before)? else { continue };
            if let Some(own) = proof.take() {
                said["thoughtSignature"] = own.into();
            } else if wants_proof && matches!(part, Part::ToolCall { .. }) {
                said["thoughtSignature"] = NO_PROOF.into();
            }
            // Of several calls only the first carries one.
            wants_proof &= !matches!(part, Part::ToolCall { .. });
            parts.push(said);
        }
        if let Some(own) = proof {
            parts.push(json!({"text": "", "thoughtSignature": own}));
        }
        if parts.is_empty() {
            return Ok(());
        }
        match self.turns.last_mut().filter(|it| it.role == role) {
            Some(turn) => turn.parts.extend(parts),
            None => self.turns.push(Turn { role, parts }),
        }
        Ok(())
    }
}

/// A part as it is said; none for what need not be.
fn said(part: &Part, before: &[Message]) -> Result<Option<Json>, Unsupported> {
    Ok(Some(match part {
        Part::Text { text, .. } | Part::Refusal(text) => {
            if text.is_empty() {
                return Ok(None);
            }
            json!({"text": text})
        }
        Part::Image(image) => picture(Picture::of(image))?,
        Part::Thinking { .. } => return Ok(None),
        Part::ToolCall { id, name, arguments } => {
            let args = beside::arguments(arguments, KIND)?;
            json!({"functionCall": {"id": id, "name": name, "args": args}})
        }
        Part::ToolResult { id, name, parts, is_error } => {
            let name = beside::tool_name(before, id, name.as_deref());
            let name = name.ok_or_else(|| {
                refused("messages", "a result of a tool has no call before it; send the call too")
            })?;
            let key = if *is_error { "error" } else { "output" };
            let mut out =
                json!({"id": id, "name": name, "response": {key: beside::text_of(parts)}});
            let mut pictures = Vec::new();
            for part in parts {
                if let Part::Image(image) = part {
                    pictures.push(picture(Picture::of(image))?);
                }
            }
            if !pictures.is_empty() {
                out["parts"] = pictures.into();
            }
            json!({"functionResponse": out})
        }
    }))
}

fn picture(picture: Picture<'_>) -> Result<Json, Unsupported> {
    match picture {
        Picture::Bytes { media_type, data } => {
            Ok(json!({"inlineData": {"mimeType": media_type, "data": data}}))
        }
        Picture::At(url) => {
            const OWN: [&str; 3] =
                ["gs://", "https://generativelanguage.googleapis.com/", "https://www.youtube.com/"];
            if OWN.iter().any(|it| url.starts_with(it)) {
                return Ok(json!({"fileData": {"fileUri": url}}));
            }
            Err(refused("messages", "it fetches no pictures; send them as `data:` addresses"))
        }
    }
}

fn refused(field: &'static str, why: &'static str) -> Unsupported {
    Unsupported { field, kind: KIND, why }
}
