//! An answer of Ollama, whole or as lines: each line has the shape of the whole, the last one says
//! `done` and counts.

use serde_json::Value as Json;

use super::{parse, within};
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
    dialect::{Decoder, Unreadable, count::count, fingerprint},
    sse::Frame,
    tokens,
};

pub(super) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let body = parse(body)?;
    let message = body.get("message").ok_or(Unreadable::Shape("it has no `message`"))?;
    let mut parts = Vec::new();
    let (thinking, content) = (text(message, "/thinking"), text(message, "/content"));
    if !thinking.is_empty() {
        parts.push(Part::Thinking { text: thinking.to_owned(), signature: None });
    }
    if !content.is_empty() {
        parts.push(Part::Text { text: content.to_owned(), cache: false });
    }
    let made_at = text(&body, "/created_at");
    let mut said = tokens::estimate(thinking) + tokens::estimate(content);
    for (index, call) in calls_of(message).enumerate() {
        let arguments = arguments(call);
        said += tokens::estimate(&arguments);
        parts.push(Part::ToolCall {
            id: call_id(call, made_at, index),
            name: text(call, "/function/name").to_owned(),
            arguments,
        });
    }
    let calls_a_tool = calls_of(message).next().is_some();
    Ok(Answer {
        // It has no ids.
        id: String::new(),
        model: text(&body, "/model").to_owned(),
        finish: finish(text(&body, "/done_reason"), calls_a_tool),
        usage: Some(usage(&body, said)),
        parts,
    })
}

/// Reads the lines of one answer.
#[derive(Default)]
pub(super) struct Stream {
    /// When the answer was begun; stands for its id.
    made_at: Option<String>,
    calls: usize,
    said: u64,
    usage: Option<Usage>,
    is_complete: bool,
}

impl Decoder for Stream {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable> {
        if frame.data.is_empty() {
            return Ok(());
        }
        let data: Json = serde_json::from_slice(&frame.data)
            .map_err(|_| Unreadable::Shape("a line of its stream is not JSON"))?;
        if let Some(complaint) = within(&data) {
            events.push(Event::Failed(complaint));
            return Ok(());
        }
        if self.is_complete {
            return Ok(());
        }
        if self.made_at.is_none() {
            self.made_at = Some(text(&data, "/created_at").to_owned());
            let model = text(&data, "/model").to_owned();
            events.push(Event::Begin { id: String::new(), model });
        }
        if let Some(message) = data.get("message") {
            self.message(message, events);
        }
        if data.get("done") == Some(&Json::Bool(true)) {
            self.is_complete = true;
            let usage = usage(&data, self.said);
            self.usage = Some(usage);
            events.push(Event::Usage(usage));
            events.push(Event::End(finish(text(&data, "/done_reason"), self.calls > 0)));
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn is_usage_only(&self, _frame: &Frame) -> bool {
        false
    }
}

impl Stream {
    fn message(&mut self, message: &Json, events: &mut Vec<Event>) {
        let (thinking, content) = (text(message, "/thinking"), text(message, "/content"));
        // A piece is a token, more or less; the estimate of short texts rounds up to as much.
        self.said += tokens::estimate(thinking) + tokens::estimate(content);
        if !thinking.is_empty() {
            events.push(Event::Thinking(thinking.to_owned()));
        }
        if !content.is_empty() {
            events.push(Event::Text(content.to_owned()));
        }
        for call in calls_of(message) {
            let index = self.calls;
            self.calls += 1;
            let id = call_id(call, self.made_at.as_deref().unwrap_or_default(), index);
            let name = text(call, "/function/name").to_owned();
            let text = arguments(call);
            self.said += tokens::estimate(&text);
            events.push(Event::ToolBegin { index, id, name });
            events.push(Event::ToolArguments { index, text });
        }
    }
}

/// The counts. A question that is still in memory is not counted: its count is missing or zero, and
/// then zero is told, as not counted.
fn usage(body: &Json, said: u64) -> Usage {
    let told = |name: &str| count(body.get(name)).filter(|it| *it > 0);
    let (question, answer) = (told("prompt_eval_count"), told("eval_count"));
    Usage {
        tokens_in: question.unwrap_or(0),
        tokens_out: answer.unwrap_or(said),
        cached: told("prompt_eval_cached_count").unwrap_or(0).min(question.unwrap_or(0)),
        estimated: question.is_none() || (answer.is_none() && said > 0),
        ..Usage::default()
    }
}

fn calls_of(message: &Json) -> impl Iterator<Item = &Json> {
    message.get("tool_calls").and_then(Json::as_array).into_iter().flatten()
}

/// The id of a call: newer versions give one, else it is made up from the moment of the answer.
fn call_id(call: &Json, made_at: &str, index: usize) -> String {
    match text(call, "/id") {
        "" => fingerprint::call_id(made_at, index),
        id => id.to_owned(),
    }
}

/// Arguments come as an object; a few models give text.
fn arguments(call: &Json) -> String {
    match call.pointer("/function/arguments") {
        Some(Json::String(text)) if !text.is_empty() => text.clone(),
        Some(object @ Json::Object(_)) => object.to_string(),
        _ => "{}".into(),
    }
}

fn finish(word: &str, calls_a_tool: bool) -> Finish {
    match word {
        "stop" | "" if calls_a_tool => Finish::ToolCalls,
        "stop" | "" => Finish::Stop,
        "length" => Finish::Length,
        other => Finish::Other(other.to_owned()),
    }
}

fn text<'a>(value: &'a Json, path: &str) -> &'a str {
    value.pointer(path).and_then(Json::as_str).unwrap_or_default()
}
