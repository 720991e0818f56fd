//! For tests: streams read as they come over a network, put together again, and what every dialect
//! must do with every recorded answer.

mod crossing;

use bytes::Bytes;
use serde_json::Value as Json;

use super::{Decoder, Dialect, Unreadable, Wire};
use crate::{
    chat::{Answer, Event, Finish, Message, Part, Request, Role},
    quirk::Quirks,
    settings::JsonMode,
    sse::{Frame, Scanner},
};

/// Bytes come in pieces of this length, which cuts lines and characters.
const PIECE: usize = 7;

/// Reads a stream to its end.
pub(crate) fn read(
    dialect: &dyn Dialect,
    stream: &str,
) -> Result<(Vec<Event>, Box<dyn Decoder>), Unreadable> {
    let scanner = if dialect.wire() == Wire::Ollama { Scanner::ndjson() } else { Scanner::sse() };
    read_by(dialect.decoder(), scanner, stream)
}

/// Reads a stream to its end, in this way.
pub(crate) fn read_by(
    mut decoder: Box<dyn Decoder>,
    mut scanner: Scanner,
    stream: &str,
) -> Result<(Vec<Event>, Box<dyn Decoder>), Unreadable> {
    let mut events = Vec::new();
    for piece in stream.as_bytes().chunks(PIECE) {
        scanner.push(Bytes::copy_from_slice(piece));
        for frame in scanner.by_ref() {
            decoder.frame(&frame.unwrap(), &mut events)?;
        }
    }
    if let Some(rest) = scanner.finish() {
        decoder.frame(&rest.frame, &mut events)?;
    }
    Ok((events, decoder))
}

/// The events of a stream that can be read.
pub(crate) fn events(dialect: &dyn Dialect, stream: &str) -> Vec<Event> {
    read(dialect, stream).unwrap_or_else(|why| panic!("{why:?}")).0
}

/// A frame with this data.
pub(crate) fn frame(data: &Json) -> Frame {
    let data = Bytes::from(data.to_string());
    Frame { raw: data.clone(), event: Bytes::new(), data }
}

/// The answer that was told in pieces.
pub(crate) fn joined(events: &[Event]) -> Answer {
    let mut answer = Answer {
        id: String::new(),
        model: String::new(),
        parts: Vec::new(),
        finish: Finish::Other("unfinished".into()),
        usage: None,
    };
    let mut calls = Vec::new();
    for event in events {
        let at = answer.parts.len();
        match (event, answer.parts.last_mut()) {
            (Event::Begin { id, model }, _) => {
                answer.id.clone_from(id);
                answer.model.clone_from(model);
            }
            (Event::Text(more), Some(Part::Text { text, .. })) => text.push_str(more),
            (Event::Text(text), _) => {
                answer.parts.push(Part::Text { text: text.clone(), cache: false });
            }
            (Event::Thinking(more), Some(Part::Thinking { text, signature: None })) => {
                text.push_str(more);
            }
            (Event::Thinking(text), _) => {
                answer.parts.push(Part::Thinking { text: text.clone(), signature: None });
            }
            (Event::Signature(proof), Some(Part::Thinking { signature: it @ None, .. })) => {
                *it = Some(proof.clone());
            }
            (Event::Signature(proof), _) => {
                let signature = Some(proof.clone());
                answer.parts.push(Part::Thinking { text: String::new(), signature });
            }
            (Event::ToolBegin { index, id, name }, _) => {
                assert_eq!(*index, calls.len(), "calls are counted from 0");
                calls.push(at);
                let (id, name) = (id.clone(), name.clone());
                answer.parts.push(Part::ToolCall { id, name, arguments: String::new() });
            }
            (Event::ToolArguments { index, text }, _) => match &mut answer.parts[calls[*index]] {
                Part::ToolCall { arguments, .. } => arguments.push_str(text),
                other => panic!("{other:?} is no call"),
            },
            (Event::Refusal(text), _) => answer.parts.push(Part::Refusal(text.clone())),
            (Event::Usage(usage), _) => answer.usage = Some(*usage),
            (Event::End(finish), _) => answer.finish = finish.clone(),
            (Event::Failed(_) | Event::Other, _) => {}
        }
    }
    answer
}

/// The body that a request becomes, asked for JSON in this way.
#[track_caller]
pub(crate) fn body_by(dialect: &dyn Dialect, request: &Request, json: JsonMode) -> Json {
    dialect.chat_body(request, &request.model, Quirks::new(json)).unwrap()
}

/// The body that a request becomes.
#[track_caller]
pub(crate) fn body(dialect: &dyn Dialect, request: &Request) -> Json {
    body_by(dialect, request, JsonMode::Auto)
}

/// Which field of a request a dialect refuses.
#[track_caller]
pub(crate) fn refused(dialect: &dyn Dialect, request: &Request) -> &'static str {
    dialect.chat_body(request, &request.model, Quirks::new(JsonMode::Auto)).unwrap_err().field
}

/// A turn.
pub(crate) fn turn(role: Role, parts: impl Into<Vec<Part>>) -> Message {
    Message { role, parts: parts.into(), name: None }
}

/// Words.
pub(crate) fn text(text: &str) -> Part {
    Part::Text { text: text.into(), cache: false }
}

/// A call of a tool.
pub(crate) fn call(id: &str, arguments: &str) -> Part {
    Part::ToolCall { id: id.into(), name: "get_weather".into(), arguments: arguments.into() }
}

/// What a tool gave.
pub(crate) fn result(id: &str, parts: impl Into<Vec<Part>>) -> Part {
    Part::ToolResult { id: id.into(), name: None, parts: parts.into(), is_error: false }
}

/// A request with these turns.
pub(crate) fn asking(model: &str, messages: impl Into<Vec<Message>>) -> Request {
    Request { model: model.into(), messages: messages.into(), ..Request::default() }
}
