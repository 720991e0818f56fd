//! A request in Anthropic's words, read.

use serde_json::Value as Json;

use crate::{
    chat::{Format, Image, Message, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::{Wire, proof},
    face::{FaceError, fields::Fields},
};

/// What schemas are called; this dialect has no names for them.
const SCHEMA_NAME: &str = "answer";

pub(super) fn request(body: &[u8]) -> Result<Request, FaceError> {
    let mut fields = Fields::of_body(body)?;
    let mut request = Request {
        model: fields.text_required("model")?,
        max_tokens: fields.count("max_tokens")?,
        temperature: fields.number("temperature")?,
        top_p: fields.number("top_p")?,
        top_k: fields.count("top_k")?,
        stream: fields.flag("stream")?.unwrap_or(false),
        ..Request::default()
    };
    if request.max_tokens.is_none() {
        return Err(FaceError::missing("max_tokens"));
    }
    if let Some(system) = fields.take("system") {
        let parts = parts("system", system, Role::System)?;
        request.messages.push(Message { role: Role::System, parts, name: None });
    }
    let messages = fields.list("messages")?.ok_or_else(|| FaceError::missing("messages"))?;
    for (at, message) in messages.into_iter().enumerate() {
        add(&format!("messages[{at}]"), message, &mut request.messages)?;
    }
    for (at, tool) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        request.tools.push(self::tool(&format!("tools[{at}]"), tool)?);
    }
    if let Some(choice) = fields.object("tool_choice")? {
        tool_choice(choice, &mut request)?;
    }
    for (at, text) in fields.list("stop_sequences")?.unwrap_or_default().into_iter().enumerate() {
        match text {
            Json::String(text) => request.stop.push(text),
            other => {
                let field = format!("stop_sequences[{at}]");
                return Err(FaceError::wrong_type(field, "a string", &other));
            }
        }
    }
    if let Some(mut metadata) = fields.object("metadata")? {
        request.user = metadata.text("user_id")?;
    }
    reasoning(&mut fields, &mut request)?;
    request.extra = fields.rest();
    request.extra_of = Some(Wire::AnthropicMessages);
    Ok(request)
}

fn reasoning(fields: &mut Fields, request: &mut Request) -> Result<(), FaceError> {
    let mut effort = None;
    if let Some(mut config) = fields.object("output_config")? {
        effort = config.text("effort")?;
        if let Some(mut format) = config.object("format")? {
            let kind = format.text_required("type")?;
            if kind != "json_schema" {
                return Err(FaceError::wrong_value(format.path("type"), "`json_schema`"));
            }
            let schema = format.take("schema");
            let schema = schema.ok_or_else(|| FaceError::missing(format.path("schema")))?;
            let name = SCHEMA_NAME.to_owned();
            request.format = Some(Format::JsonSchema { name, schema, strict: None });
        }
    }
    let Some(mut thinking) = fields.object("thinking")? else {
        request.reasoning = effort.map(|it| Reasoning { effort: Some(it), budget_tokens: None });
        return Ok(());
    };
    request.reasoning = Some(match thinking.text_required("type")?.as_str() {
        "disabled" => Reasoning { effort: Some("none".into()), budget_tokens: None },
        "enabled" => Reasoning { effort, budget_tokens: thinking.count("budget_tokens")? },
        // `adaptive`, and what is yet to come: as the model likes.
        _ => Reasoning { effort, budget_tokens: None },
    });
    Ok(())
}

fn tool(path: &str, value: Json) -> Result<Tool, FaceError> {
    let mut fields = Fields::of(path, value)?;
    if fields.text("type")?.is_some_and(|it| it != "custom") {
        let why =
            "Anthropic runs tools of this type itself; name a model of Anthropic, or leave it out";
        return Err(FaceError::unsupported(fields.path("type"), why));
    }
    Ok(Tool {
        name: fields.text_required("name")?,
        description: fields.text("description")?,
        parameters: fields
            .take("input_schema")
            .ok_or_else(|| FaceError::missing(fields.path("input_schema")))?,
        strict: fields.flag("strict")?,
    })
}

fn tool_choice(mut choice: Fields, request: &mut Request) -> Result<(), FaceError> {
    request.parallel_tool_calls = choice.flag("disable_parallel_tool_use")?.map(|it| !it);
    request.tool_choice = Some(match choice.text_required("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Named(choice.text_required("name")?),
        _ => {
            let field = choice.path("type");
            return Err(FaceError::wrong_value(field, "one of `auto`, `any`, `tool`, `none`"));
        }
    });
    Ok(())
}

/// Adds a turn. Results of tools stand in turns of the user here, and are turns of their own there.
fn add(path: &str, value: Json, out: &mut Vec<Message>) -> Result<(), FaceError> {
    let mut fields = Fields::of(path, value)?;
    let role = match fields.text_required("role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => {
            let field = fields.path("role");
            return Err(FaceError::wrong_value(field, "one of `user`, `assistant`, `system`"));
        }
    };
    let content = fields.take("content");
    let content = content.ok_or_else(|| FaceError::missing(fields.path("content")))?;
    let parts = parts(&fields.path("content"), content, role)?;
    let (results, rest): (Vec<Part>, Vec<Part>) =
        parts.into_iter().partition(|it| matches!(it, Part::ToolResult { .. }));
    let has_results = !results.is_empty();
    for result in results {
        out.push(Message { role: Role::Tool, parts: vec![result], name: None });
    }
    if !rest.is_empty() || !has_results {
        out.push(Message { role, parts: rest, name: None });
    }
    Ok(())
}

/// A text, or a list of blocks.
fn parts(path: &str, content: Json, role: Role) -> Result<Vec<Part>, FaceError> {
    let blocks = match content {
        Json::String(text) => return Ok(vec![Part::Text { text, cache: false }]),
        Json::Array(blocks) => blocks,
        other => return Err(FaceError::wrong_type(path, "a string or a list of blocks", &other)),
    };
    let mut parts = Vec::with_capacity(blocks.len());
    for (at, block) in blocks.into_iter().enumerate() {
        self::block(Fields::of(format!("{path}[{at}]"), block)?, role, &mut parts)?;
    }
    Ok(parts)
}

fn block(mut block: Fields, role: Role, out: &mut Vec<Part>) -> Result<(), FaceError> {
    let kind = block.text_required("type")?;
    let cache = block.take("cache_control").is_some();
    match kind.as_str() {
        "text" => out.push(Part::Text { text: block.text_required("text")?, cache }),
        _ if role == Role::System => {
            return Err(FaceError::wrong_value(block.path("type"), "`text` in rules"));
        }
        "image" => out.push(Part::Image(image(block)?)),
        "thinking" => {
            let text = block.text("thinking")?.unwrap_or_default();
            let signature = block.text("signature")?.filter(|it| !it.is_empty());
            let is_unsigned = |it: &String| proof::own(proof::UNSIGNED, it).is_some();
            let signature = signature.filter(|it| !is_unsigned(it)).map(|it| {
                // What nobody marked is Anthropic's own.
                if proof::is_marked(&it) { it } else { proof::mark(proof::ANTHROPIC, &it) }
            });
            out.push(Part::Thinking { text, signature });
        }
        "redacted_thinking" => {
            let data = block.text_required("data")?;
            let signature = Some(proof::mark(proof::ANTHROPIC_REDACTED, &data));
            out.push(Part::Thinking { text: String::new(), signature });
        }
        "tool_use" => out.push(Part::ToolCall {
            id: block.text_required("id")?,
            name: block.text_required("name")?,
            arguments: block.take("input").map_or_else(|| "{}".into(), |it| it.to_string()),
        }),
        "tool_result" => {
            let path = block.path("content");
            let mut parts = match block.take("content") {
                None => Vec::new(),
                Some(Json::String(text)) if text.is_empty() => Vec::new(),
                Some(content) => parts(&path, content, Role::Tool)?,
            };
            if let Some(Part::Text { cache: is_marked, .. }) = parts.last_mut() {
                *is_marked |= cache;
            }
            out.push(Part::ToolResult {
                id: block.text_required("tool_use_id")?,
                name: None,
                parts,
                is_error: block.flag("is_error")?.unwrap_or(false),
            });
        }
        "document" => document(block, cache, out)?,
        _ => {
            let why = "only Anthropic knows blocks of this type; name a model of Anthropic, or leave \
                       it out";
            return Err(FaceError::unsupported(block.path("type"), why));
        }
    }
    Ok(())
}

fn image(mut block: Fields) -> Result<Image, FaceError> {
    let path = block.path("source");
    let mut source = block.object("source")?.ok_or_else(|| FaceError::missing(path))?;
    match source.text_required("type")?.as_str() {
        "base64" => Ok(Image::Bytes {
            media_type: source.text_required("media_type")?,
            data: source.text_required("data")?,
        }),
        "url" => Ok(Image::Url { url: source.text_required("url")?, detail: None }),
        _ => {
            let why = "only Anthropic has that file; send the picture as `base64` or `url`";
            Err(FaceError::unsupported(source.path("type"), why))
        }
    }
}

/// A document of plain text is text; others have pages, which nobody else reads as they do.
fn document(mut block: Fields, cache: bool, out: &mut Vec<Part>) -> Result<(), FaceError> {
    let path = block.path("source");
    let mut source = block.object("source")?.ok_or_else(|| FaceError::missing(path))?;
    let title = block.text("title")?.map(|it| format!("{it}\n\n")).unwrap_or_default();
    match source.text_required("type")?.as_str() {
        "text" => {
            let text = source.text_required("data")?;
            out.push(Part::Text { text: format!("{title}{text}"), cache });
            Ok(())
        }
        _ => {
            let why = "only Anthropic reads such documents; send their text, or name a model of \
                       Anthropic";
            Err(FaceError::unsupported(source.path("type"), why))
        }
    }
}
