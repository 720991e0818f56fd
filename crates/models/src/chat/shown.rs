//! Conversations as `Debug` shows them: counts, never words.

use std::fmt::{Debug, Formatter, Result};

use super::{Answer, Event, Format, Image, Message, Part, Request, Tool};

/// So many bytes of something.
struct Bytes(usize);

impl Debug for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} bytes", self.0)
    }
}

impl Debug for Request {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Request")
            .field("model", &self.model)
            .field("messages", &self.messages)
            .field("tools", &self.tools)
            .field("tool_choice", &self.tool_choice)
            .field("max_tokens", &self.max_tokens)
            .field("temperature", &self.temperature)
            .field("format", &self.format)
            .field("reasoning", &self.reasoning)
            .field("stream", &self.stream)
            .field("extra", &self.extra.len())
            .finish_non_exhaustive()
    }
}

impl Debug for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Message").field(&self.role).field(&self.parts).finish()
    }
}

impl Debug for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (name, bytes) = match self {
            Self::Text { text, .. } => ("Text", text.len()),
            Self::Image(image) => return image.fmt(f),
            Self::Thinking { text, signature } => {
                let is_signed = signature.is_some();
                let mut shown = f.debug_tuple("Thinking");
                return shown.field(&Bytes(text.len())).field(&is_signed).finish();
            }
            Self::ToolCall { id, name, arguments } => {
                let mut shown = f.debug_tuple("ToolCall");
                return shown.field(id).field(name).field(&Bytes(arguments.len())).finish();
            }
            Self::ToolResult { id, parts, is_error, .. } => {
                let mut shown = f.debug_tuple("ToolResult");
                return shown.field(id).field(parts).field(is_error).finish();
            }
            Self::Refusal(text) => ("Refusal", text.len()),
        };
        f.debug_tuple(name).field(&Bytes(bytes)).finish()
    }
}

impl Debug for Image {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Url { url, .. } => f.debug_tuple("Url").field(&Bytes(url.len())).finish(),
            Self::Bytes { media_type, data } => {
                f.debug_tuple("Image").field(media_type).field(&Bytes(data.len())).finish()
            }
        }
    }
}

impl Debug for Tool {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Tool").field(&self.name).finish()
    }
}

impl Debug for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::JsonObject => f.write_str("JsonObject"),
            Self::JsonSchema { name, .. } => f.debug_tuple("JsonSchema").field(name).finish(),
        }
    }
}

impl Debug for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Answer")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("parts", &self.parts)
            .field("finish", &self.finish)
            .field("usage", &self.usage)
            .finish()
    }
}

impl Debug for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (name, bytes) = match self {
            Self::Begin { id, model } => {
                return f.debug_tuple("Begin").field(id).field(model).finish();
            }
            Self::Text(text) => ("Text", text.len()),
            Self::Thinking(text) => ("Thinking", text.len()),
            Self::Signature(text) => ("Signature", text.len()),
            Self::ToolBegin { index, id, name } => {
                return f.debug_tuple("ToolBegin").field(index).field(id).field(name).finish();
            }
            Self::ToolArguments { index, text } => {
                let mut shown = f.debug_tuple("ToolArguments");
                return shown.field(index).field(&Bytes(text.len())).finish();
            }
            Self::Refusal(text) => ("Refusal", text.len()),
            Self::Usage(usage) => return f.debug_tuple("Usage").field(usage).finish(),
            Self::End(finish) => return f.debug_tuple("End").field(finish).finish(),
            Self::Other => return f.write_str("Other"),
            Self::Failed(complaint) => {
                return f.debug_tuple("Failed").field(&complaint.class).finish();
            }
        };
        f.debug_tuple(name).field(&Bytes(bytes)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        chat::{Finish, Role},
        dialect::Complaint,
    };

    #[test]
    fn how_much_was_said_is_shown_and_never_what() {
        const SECRET: &str = "the canary sings";
        let text = || SECRET.to_owned();
        let parts = vec![
            Part::Text { text: text(), cache: false },
            Part::Image(Image::Url { url: text(), detail: None }),
            Part::Image(Image::Bytes { media_type: "image/png".into(), data: text() }),
            Part::Thinking { text: text(), signature: Some(text()) },
            Part::ToolCall { id: "c1".into(), name: "look".into(), arguments: text() },
            Part::ToolResult {
                id: "c1".into(),
                name: None,
                parts: vec![Part::Text { text: text(), cache: false }],
                is_error: false,
            },
            Part::Refusal(text()),
        ];
        let answer = Answer {
            id: "a".into(),
            model: "m".into(),
            parts: parts.clone(),
            finish: Finish::Stop,
            usage: None,
        };
        let schema = json!({"description": SECRET});
        let request = Request {
            messages: vec![Message { role: Role::User, parts, name: Some(text()) }],
            tools: vec![Tool {
                name: "look".into(),
                description: Some(text()),
                parameters: schema.clone(),
                strict: None,
            }],
            format: Some(Format::JsonSchema {
                name: "f".into(),
                schema: schema.clone(),
                strict: None,
            }),
            stop: vec![text()],
            user: Some(text()),
            extra: [("metadata".to_owned(), schema)].into_iter().collect(),
            ..Request::default()
        };
        let events = [
            Event::Text(text()),
            Event::Thinking(text()),
            Event::Signature(text()),
            Event::ToolArguments { index: 0, text: text() },
            Event::Refusal(text()),
            Event::Failed(Complaint { message: text(), ..Complaint::default() }),
        ];
        let shown = format!("{request:?} {answer:#?} {events:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("Text(16 bytes)"), "{shown}");
    }
}
