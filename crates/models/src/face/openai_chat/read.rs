//! The body of `chat/completions` as a conversation.

#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};

use super::super::{FaceError, fields::Fields};
use crate::{
    chat::{Format, Image, Message, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::Wire,
};

/// Fields that ask for what an answer told anew cannot have; the way out for each.
const REFUSED: [(&str, &str); 4] = [
    ("functions", "it was replaced; send `tools`"),
    ("function_call", "it was replaced; send `tool_choice`"),
    ("audio", "the model that serves this request speaks in text; leave it out"),
    ("web_search_options", "the model that serves this request searches nothing; leave it out"),
];

pub(super) fn request(body: &[u8]) -> Result<Request, FaceError> {
    let mut fields = Fields::of_body(body)?;
    for (name, why) in REFUSED {
        if fields.take(name).is_some() {
            return Err(FaceError::unsupported(name, why));
        }
    }
    if fields.count("n")?.is_some_and(|it| it != 1) {
        let why = "the model that serves this request gives one answer; ask several times";
        return Err(FaceError::unsupported("n", why));
    }
    if fields.flag("logprobs")? == Some(true) {
        let why = "the model that serves this request tells none; leave it out";
        return Err(FaceError::unsupported("logprobs", why));
    }
    if fields.list("modalities")?.is_some_and(|it| it.iter().any(|it| it != "text")) {
        let why = "the model that serves this request speaks in text; send `[\"text\"]`";
        return Err(FaceError::unsupported("modalities", why));
    }
    let model = fields.text_required("model")?;
    let list = fields.list("messages")?.ok_or_else(|| FaceError::missing("messages"))?;
    let messages = list
        .into_iter()
        .enumerate()
        .map(|(at, it)| message(Fields::of(format!("messages[{at}]"), it)?))
        .collect::<Result<_, _>>()?;
    let tools = fields.list("tools")?.unwrap_or_default();
    let tools = tools
        .into_iter()
        .enumerate()
        .map(|(at, it)| tool(Fields::of(format!("tools[{at}]"), it)?))
        .collect::<Result<_, _>>()?;
    let completion = fields.count("max_completion_tokens")?;
    let max_tokens = completion.or(fields.count("max_tokens")?);
    let effort = fields.text("reasoning_effort")?;
    let stream = fields.flag("stream")?.unwrap_or(false);
    fields.object("stream_options")?;
    Ok(Request {
        model,
        messages,
        tools,
        tool_choice: fields.take("tool_choice").map(tool_choice).transpose()?,
        parallel_tool_calls: fields.flag("parallel_tool_calls")?,
        max_tokens,
        temperature: fields.number("temperature")?,
        top_p: fields.number("top_p")?,
        // Not OpenAI's, but many compatible servers have it.
        top_k: fields.count("top_k")?,
        frequency_penalty: fields.number("frequency_penalty")?,
        presence_penalty: fields.number("presence_penalty")?,
        seed: fields.integer("seed")?,
        stop: stop(&mut fields)?,
        format: fields.object("response_format")?.map(format).transpose()?.flatten(),
        reasoning: effort.map(|it| Reasoning { effort: Some(it), budget_tokens: None }),
        stream,
        user: fields.text("user")?,
        extra: fields.rest(),
        extra_of: Some(Wire::OpenaiChat),
    })
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, FaceError> {
    let text = |(at, it): (usize, Json)| match it {
        Json::String(text) => Ok(text),
        other => Err(FaceError::wrong_type(format!("stop[{at}]"), "a string", &other)),
    };
    match fields.take("stop") {
        None => Ok(Vec::new()),
        Some(Json::String(text)) => Ok(vec![text]),
        Some(Json::Array(list)) => list.into_iter().enumerate().map(text).collect(),
        Some(other) => Err(FaceError::wrong_type("stop", "a string or a list of strings", &other)),
    }
}

fn message(mut fields: Fields) -> Result<Message, FaceError> {
    let role = fields.text_required("role")?;
    let name = fields.text("name")?;
    let role = match role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => {
            let why = "the role `function` was replaced; send `tool` with a `tool_call_id`";
            return Err(FaceError::unsupported(fields.path("role"), why));
        }
        _ => {
            let words = "`system`, `developer`, `user`, `assistant` or `tool`";
            return Err(FaceError::wrong_value(fields.path("role"), words));
        }
    };
    if fields.take("function_call").is_some() {
        let why = "it was replaced; send `tool_calls`";
        return Err(FaceError::unsupported(fields.path("function_call"), why));
    }
    let said = content(&mut fields, role)?;
    if role == Role::Tool {
        let id = fields.text_required("tool_call_id")?;
        let parts = said.ok_or_else(|| FaceError::missing(fields.path("content")))?;
        let parts = vec![Part::ToolResult { id, name, parts, is_error: false }];
        return Ok(Message { role, parts, name: None });
    }
    if role != Role::Assistant {
        let parts = said.ok_or_else(|| FaceError::missing(fields.path("content")))?;
        return Ok(Message { role, parts, name });
    }
    let mut parts = Vec::new();
    // How others than OpenAI hand thoughts out, and take them back.
    if let Some(Json::String(text)) = fields.take("reasoning_content") {
        parts.push(Part::Thinking { text, signature: None });
    }
    parts.extend(said.unwrap_or_default());
    parts.extend(fields.text("refusal")?.map(Part::Refusal));
    let path = fields.path("tool_calls");
    for (at, call) in fields.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        parts.push(tool_call(Fields::of(format!("{path}[{at}]"), call)?)?);
    }
    Ok(Message { role, parts, name })
}

fn tool_call(mut fields: Fields) -> Result<Part, FaceError> {
    only_functions(&mut fields)?;
    let id = fields.text_required("id")?;
    let function = fields.object("function")?;
    let mut function = function.ok_or_else(|| FaceError::missing(fields.path("function")))?;
    let name = function.text_required("name")?;
    let arguments = function.text("arguments")?.unwrap_or_default();
    Ok(Part::ToolCall { id, name, arguments })
}

fn only_functions(fields: &mut Fields) -> Result<(), FaceError> {
    match fields.text("type")?.as_deref() {
        None | Some("function") => Ok(()),
        Some(_) => {
            let why = "the model that serves this request calls functions only; send `function`";
            Err(FaceError::unsupported(fields.path("type"), why))
        }
    }
}

/// What is said: a text, or parts; none when it is null.
fn content(fields: &mut Fields, role: Role) -> Result<Option<Vec<Part>>, FaceError> {
    let path = fields.path("content");
    match fields.take("content") {
        None => Ok(None),
        Some(Json::String(text)) if text.is_empty() && role == Role::Assistant => Ok(None),
        Some(Json::String(text)) => Ok(Some(vec![Part::Text { text, cache: false }])),
        Some(Json::Array(list)) => list
            .into_iter()
            .enumerate()
            .map(|(at, it)| part(Fields::of(format!("{path}[{at}]"), it)?))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(other) => Err(FaceError::wrong_type(path, "a string or a list of parts", &other)),
    }
}

fn part(mut fields: Fields) -> Result<Part, FaceError> {
    // Some clients pass Anthropic's wish for a cache on.
    let cache = fields.take("cache_control").is_some();
    match fields.text_required("type")?.as_str() {
        "text" => Ok(Part::Text { text: fields.text_required("text")?, cache }),
        "refusal" => Ok(Part::Refusal(fields.text_required("refusal")?)),
        "image_url" => {
            let image = fields.object("image_url")?;
            let mut image = image.ok_or_else(|| FaceError::missing(fields.path("image_url")))?;
            let url = image.text_required("url")?;
            Ok(Part::Image(picture(url, image.text("detail")?)))
        }
        "input_audio" | "file" => {
            let why = "the model that serves this request reads text and pictures only";
            Err(FaceError::unsupported(fields.path("type"), why))
        }
        _ => Err(FaceError::wrong_value(fields.path("type"), "`text`, `image_url` or `refusal`")),
    }
}

/// A picture by its address, which may hold it.
pub(in crate::face) fn picture(url: String, detail: Option<String>) -> Image {
    let within = url.strip_prefix("data:").and_then(|it| it.split_once(";base64,"));
    match within {
        Some((media_type, data)) => {
            Image::Bytes { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => Image::Url { url, detail },
    }
}

fn tool(mut fields: Fields) -> Result<Tool, FaceError> {
    only_functions(&mut fields)?;
    let function = fields.object("function")?;
    let function = function.ok_or_else(|| FaceError::missing(fields.path("function")))?;
    definition(function)
}

/// What a function is: the same words in `responses`, without the object around them.
pub(in crate::face) fn definition(mut fields: Fields) -> Result<Tool, FaceError> {
    let parameters = fields.take("parameters").unwrap_or_else(no_parameters);
    if !parameters.is_object() {
        return Err(FaceError::wrong_type(fields.path("parameters"), "an object", &parameters));
    }
    Ok(Tool {
        name: fields.text_required("name")?,
        description: fields.text("description")?,
        parameters,
        strict: fields.flag("strict")?,
    })
}

/// The schema of a function that takes nothing.
fn no_parameters() -> Json {
    json!({"type": "object", "properties": {}})
}

fn tool_choice(value: Json) -> Result<ToolChoice, FaceError> {
    if let Some(word) = value.as_str() {
        return choice_of_word(word);
    }
    let mut fields = Fields::of("tool_choice", value)?;
    let kind = fields.text_required("type")?;
    if kind != "function" {
        return Err(FaceError::unsupported("tool_choice.type", ONLY_THOSE));
    }
    let function = fields.object("function")?;
    let mut function = function.ok_or_else(|| FaceError::missing("tool_choice.function"))?;
    function.text_required("name").map(ToolChoice::Named)
}

/// The way out for choices that say more than the dialects have in common.
pub(in crate::face) const ONLY_THOSE: &str =
    "name one function, or send only the tools that may be called";

pub(in crate::face) fn choice_of_word(word: &str) -> Result<ToolChoice, FaceError> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => {
            let words = "`auto`, `none`, `required` or a function";
            Err(FaceError::wrong_value("tool_choice", words))
        }
    }
}

fn format(mut fields: Fields) -> Result<Option<Format>, FaceError> {
    match fields.text_required("type")?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::JsonObject)),
        "json_schema" => {
            let schema = fields.object("json_schema")?;
            let schema = schema.ok_or_else(|| FaceError::missing(fields.path("json_schema")))?;
            by_schema(schema).map(Some)
        }
        _ => {
            let words = "`text`, `json_object` or `json_schema`";
            Err(FaceError::wrong_value(fields.path("type"), words))
        }
    }
}

pub(in crate::face) fn by_schema(mut fields: Fields) -> Result<Format, FaceError> {
    let schema = fields.take("schema").unwrap_or_else(|| json!({}));
    if !schema.is_object() {
        return Err(FaceError::wrong_type(fields.path("schema"), "an object", &schema));
    }
    Ok(Format::JsonSchema {
        name: fields.text_required("name")?,
        schema,
        strict: fields.flag("strict")?,
    })
}
