//! The body of `responses` as a conversation.

use serde_json::Value as Json;

use super::super::{
    FaceError,
    fields::Fields,
    openai_chat::{ONLY_THOSE, by_schema, choice_of_word, definition, picture},
};
use crate::{
    chat::{Format, Message, Part, Reasoning, Request, Role, Tool, ToolChoice},
    dialect::Wire,
};

/// Fields that need an earlier answer or another place of OpenAI's; the way out for each.
const REFUSED: [(&str, &str); 3] = [
    (
        "previous_response_id",
        "nothing is kept between calls; send the whole conversation as `input`",
    ),
    ("conversation", "nothing is kept between calls; send the whole conversation as `input`"),
    ("prompt", "no prompts are kept here; send its text as `instructions`"),
];

/// Refuses what needs an earlier answer or another place of OpenAI's: `kept` tells which of
/// `REFUSED` are there.
pub(super) fn refuse_what_is_kept(kept: [bool; 3], background: bool) -> Result<(), FaceError> {
    if let Some(((name, why), _)) = REFUSED.into_iter().zip(kept).find(|it| it.1) {
        return Err(FaceError::unsupported(name, why));
    }
    if background {
        let why = "answers are given at once; leave it out, or send `stream`";
        return Err(FaceError::unsupported("background", why));
    }
    Ok(())
}

pub(super) fn request(body: &[u8]) -> Result<Request, FaceError> {
    let mut fields = Fields::of_body(body)?;
    let kept = REFUSED.map(|(name, _)| fields.take(name).is_some());
    refuse_what_is_kept(kept, fields.flag("background")? == Some(true))?;
    let model = fields.text_required("model")?;
    let mut messages = Vec::new();
    if let Some(text) = fields.text("instructions")? {
        messages.push(said(Role::System, vec![Part::Text { text, cache: false }]));
    }
    match fields.take("input") {
        None => return Err(FaceError::missing("input")),
        Some(Json::String(text)) => {
            messages.push(said(Role::User, vec![Part::Text { text, cache: false }]));
        }
        Some(Json::Array(list)) => {
            for (at, value) in list.into_iter().enumerate() {
                item(Fields::of(format!("input[{at}]"), value)?, &mut messages)?;
            }
        }
        Some(other) => {
            return Err(FaceError::wrong_type("input", "a string or a list of items", &other));
        }
    }
    let tools = fields.list("tools")?.unwrap_or_default();
    let tools = tools
        .into_iter()
        .enumerate()
        .map(|(at, it)| tool(Fields::of(format!("tools[{at}]"), it)?))
        .collect::<Result<_, _>>()?;
    let mut format = None;
    let mut verbosity = None;
    if let Some(mut text) = fields.object("text")? {
        verbosity = text.take("verbosity");
        format = text.object("format")?.map(format_of).transpose()?.flatten();
    }
    let effort = match fields.object("reasoning")? {
        Some(mut reasoning) => reasoning.text("effort")?,
        None => None,
    };
    Ok(Request {
        model,
        messages,
        tools,
        tool_choice: fields.take("tool_choice").map(tool_choice).transpose()?,
        parallel_tool_calls: fields.flag("parallel_tool_calls")?,
        max_tokens: fields.count("max_output_tokens")?,
        temperature: fields.number("temperature")?,
        top_p: fields.number("top_p")?,
        format,
        reasoning: effort.map(|it| Reasoning { effort: Some(it), budget_tokens: None }),
        stream: fields.flag("stream")?.unwrap_or(false),
        user: fields.text("user")?,
        extra: {
            let mut rest = fields.rest();
            rest.extend(verbosity.map(|it| ("verbosity".to_owned(), it)));
            rest
        },
        extra_of: Some(Wire::OpenaiResponses),
        ..Request::default()
    })
}

fn said(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, name: None }
}

/// An item of the input. What the model said comes as several, which are one turn; so do the
/// results of the tools it called in it.
fn item(mut fields: Fields, messages: &mut Vec<Message>) -> Result<(), FaceError> {
    let kind = fields.text("type")?;
    let (role, parts) = match kind.as_deref() {
        None | Some("message") => {
            let role = match fields.text_required("role")?.as_str() {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "system" | "developer" => Role::System,
                _ => {
                    let words = "`user`, `assistant`, `system` or `developer`";
                    return Err(FaceError::wrong_value(fields.path("role"), words));
                }
            };
            (role, content(&mut fields, "content")?)
        }
        Some("function_call") => {
            let id = fields.text_required("call_id")?;
            let name = fields.text_required("name")?;
            let arguments = fields.text("arguments")?.unwrap_or_default();
            (Role::Assistant, vec![Part::ToolCall { id, name, arguments }])
        }
        Some("function_call_output") => {
            let id = fields.text_required("call_id")?;
            let name = fields.text("name")?;
            let parts = content(&mut fields, "output")?;
            (Role::Tool, vec![Part::ToolResult { id, name, parts, is_error: false }])
        }
        Some("reasoning") => {
            let mut text = String::new();
            for name in ["summary", "content"] {
                for piece in fields.list(name)?.unwrap_or_default() {
                    text.push_str(piece.get("text").and_then(Json::as_str).unwrap_or_default());
                }
            }
            let signature = fields.text("encrypted_content")?;
            (Role::Assistant, vec![Part::Thinking { text, signature }])
        }
        Some("item_reference") => {
            let why = "nothing is kept between calls; send the item itself";
            return Err(FaceError::unsupported(fields.path("type"), why));
        }
        Some(_) => {
            let why = "items are `message`, `function_call`, `function_call_output` and \
                       `reasoning` for the model that serves this request";
            return Err(FaceError::unsupported(fields.path("type"), why));
        }
    };
    match messages.last_mut() {
        Some(last) if last.role == role && matches!(role, Role::Assistant | Role::Tool) => {
            last.parts.extend(parts);
        }
        _ => messages.push(said(role, parts)),
    }
    Ok(())
}

/// A text, or parts of a message or of what a tool gave.
fn content(fields: &mut Fields, name: &str) -> Result<Vec<Part>, FaceError> {
    let path = fields.path(name);
    match fields.take(name) {
        None => Err(FaceError::missing(path)),
        Some(Json::String(text)) => Ok(vec![Part::Text { text, cache: false }]),
        Some(Json::Array(list)) => list
            .into_iter()
            .enumerate()
            .map(|(at, it)| part(Fields::of(format!("{path}[{at}]"), it)?))
            .collect(),
        Some(other) => Err(FaceError::wrong_type(path, "a string or a list of parts", &other)),
    }
}

fn part(mut fields: Fields) -> Result<Part, FaceError> {
    match fields.text_required("type")?.as_str() {
        "input_text" | "output_text" | "text" => {
            Ok(Part::Text { text: fields.text_required("text")?, cache: false })
        }
        "refusal" => Ok(Part::Refusal(fields.text_required("refusal")?)),
        "input_image" => match fields.text("image_url")? {
            Some(url) => Ok(Part::Image(picture(url, fields.text("detail")?))),
            None => {
                let why = "no files are kept here; send the picture as `image_url`";
                Err(FaceError::unsupported(fields.path("file_id"), why))
            }
        },
        "input_file" | "input_audio" => {
            let why = "the model that serves this request reads text and pictures only";
            Err(FaceError::unsupported(fields.path("type"), why))
        }
        _ => {
            let words = "`input_text`, `input_image`, `output_text` or `refusal`";
            Err(FaceError::wrong_value(fields.path("type"), words))
        }
    }
}

fn tool(mut fields: Fields) -> Result<Tool, FaceError> {
    if fields.text_required("type")? != "function" {
        let why = "the tools of OpenAI are not here; send tools of the type `function`";
        return Err(FaceError::unsupported(fields.path("type"), why));
    }
    definition(fields)
}

fn tool_choice(value: Json) -> Result<ToolChoice, FaceError> {
    if let Some(word) = value.as_str() {
        return choice_of_word(word);
    }
    let mut fields = Fields::of("tool_choice", value)?;
    if fields.text_required("type")? != "function" {
        return Err(FaceError::unsupported("tool_choice.type", ONLY_THOSE));
    }
    fields.text_required("name").map(ToolChoice::Named)
}

fn format_of(mut fields: Fields) -> Result<Option<Format>, FaceError> {
    match fields.text_required("type")?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::JsonObject)),
        "json_schema" => by_schema(fields).map(Some),
        _ => {
            let words = "`text`, `json_object` or `json_schema`";
            Err(FaceError::wrong_value(fields.path("type"), words))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(body: Json) -> Result<Request, FaceError> {
        request(body.to_string().as_bytes())
    }

    fn text(text: &str) -> Part {
        Part::Text { text: text.into(), cache: false }
    }

    #[test]
    fn a_text_is_a_turn_of_the_user_and_instructions_are_rules() {
        let it =
            read(json!({"model": "m", "instructions": "Be brief.", "input": "Hello"})).unwrap();
        assert_eq!(
            it.messages,
            [said(Role::System, vec![text("Be brief.")]), said(Role::User, vec![text("Hello")])]
        );
    }

    #[test]
    fn items_of_one_turn_become_one_message() {
        let body = json!({"model": "m", "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "what?"}, {"type": "input_image", "detail": "low", "image_url": "https://x/y.png"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "proof"},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "I call", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "b", "name": "g", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
            {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "2"}]},
        ]});
        let it = read(body).unwrap();
        let call = |id: &str, name: &str| Part::ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: "{}".into(),
        };
        let result = |id: &str, gave: &str| Part::ToolResult {
            id: id.into(),
            name: None,
            parts: vec![text(gave)],
            is_error: false,
        };
        let thought = Part::Thinking { text: "hm".into(), signature: Some("proof".into()) };
        let picture = Part::Image(crate::chat::Image::Url {
            url: "https://x/y.png".into(),
            detail: Some("low".into()),
        });
        assert_eq!(
            it.messages,
            [
                said(Role::User, vec![text("what?"), picture]),
                said(
                    Role::Assistant,
                    vec![thought, text("I call"), call("a", "f"), call("b", "g")]
                ),
                said(Role::Tool, vec![result("a", "1"), result("b", "2")]),
            ]
        );
    }

    #[test]
    fn the_rest_is_read_by_its_own_words() {
        let it = read(json!({
            "model": "m", "input": "x", "max_output_tokens": 9, "temperature": 0.7, "stream": true,
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": false}, "verbosity": "low"},
            "reasoning": {"effort": "low", "summary": "auto"},
            "store": false, "include": ["reasoning.encrypted_content"],
        }))
        .unwrap();
        assert_eq!((it.max_tokens, it.temperature, it.stream), (Some(9), Some(0.7), true));
        assert_eq!((it.tools[0].name.as_str(), it.tools[0].strict), ("f", Some(true)));
        assert_eq!(it.tool_choice, Some(ToolChoice::Named("f".into())));
        let schema = Format::JsonSchema {
            name: "answer".into(),
            schema: json!({"type": "object"}),
            strict: Some(false),
        };
        assert_eq!(it.format, Some(schema));
        assert_eq!(it.reasoning.unwrap().effort.as_deref(), Some("low"));
        let names: Vec<&String> = it.extra.keys().collect();
        assert_eq!(names, ["store", "include", "verbosity"]);
        assert_eq!(it.extra_of, Some(Wire::OpenaiResponses));
    }

    #[rstest]
    #[case("previous_response_id", json!("resp_1"), "previous_response_id", "unsupported_parameter")]
    #[case("conversation", json!("conv_1"), "conversation", "unsupported_parameter")]
    #[case("prompt", json!({"id": "p"}), "prompt", "unsupported_parameter")]
    #[case("background", json!(true), "background", "unsupported_parameter")]
    #[case("input", json!(null), "input", "missing_required_parameter")]
    #[case("input", json!(5), "input", "invalid_type")]
    #[case("input", json!([{"type": "item_reference", "id": "x"}]), "input[0].type", "unsupported_parameter")]
    #[case("input", json!([{"type": "computer_call"}]), "input[0].type", "unsupported_parameter")]
    #[case("input", json!([{"role": "king", "content": "x"}]), "input[0].role", "invalid_value")]
    #[case("input", json!([{"role": "user"}]), "input[0].content", "missing_required_parameter")]
    #[case("input", json!([{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]), "input[0].content[0].type", "unsupported_parameter")]
    #[case("input", json!([{"role": "user", "content": [{"type": "input_image", "file_id": "x"}]}]), "input[0].content[0].file_id", "unsupported_parameter")]
    #[case("tools", json!([{"type": "web_search"}]), "tools[0].type", "unsupported_parameter")]
    #[case("tool_choice", json!({"type": "mcp"}), "tool_choice.type", "unsupported_parameter")]
    fn what_cannot_be_done_is_named(
        #[case] name: &str,
        #[case] value: Json,
        #[case] field: &str,
        #[case] code: &str,
    ) {
        let mut body = json!({"model": "m", "input": "x"});
        body[name] = value;
        let error = read(body).unwrap_err();
        assert_eq!((error.field.as_str(), error.code), (field, code), "{error}");
    }
}
