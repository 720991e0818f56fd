//! The pieces of a streamed answer: a message begins, its blocks begin, grow and end one after the
//! other, and the message ends. Pings and unknown events say nothing, whatever they hold; of a block
//! that is unknown it is told that there is one.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{
    Tools,
    answer::{Counts, finish},
    refusal,
};
use crate::{
    Usage,
    chat::{Event, Finish},
    dialect::{Decoder, Unreadable, count::whole, proof},
    sse::Frame,
};

/// The events that are read. Others may come at any time, with data of any form.
const KNOWN: [&str; 7] = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
];

#[derive(Default)]
pub(super) struct Stream {
    tools: Tools,
    blocks: HashMap<u64, Block>,
    calls: usize,
    counts: Counts,
    has_counts: bool,
    stop_reason: Option<String>,
    is_complete: bool,
}

#[derive(Clone, Copy)]
enum Block {
    Text,
    Thinking,
    /// A call, and whether any of its arguments came.
    Call {
        index: usize,
        has_arguments: bool,
    },
    /// The tool whose arguments are the answer.
    Answer,
}

impl Decoder for Stream {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable> {
        let is_known = |name: &[u8]| KNOWN.iter().any(|it| it.as_bytes() == name);
        if frame.data.is_empty() || !(frame.event.is_empty() || is_known(&frame.event)) {
            return Ok(());
        }
        let data: Json = serde_json::from_slice(&frame.data)
            .map_err(|_| Unreadable::Shape("an event of its stream is not JSON"))?;
        match data.get("type").and_then(Json::as_str).unwrap_or_default() {
            "message_start" => {
                let message = data.get("message").unwrap_or(&Json::Null);
                let id = text(message, "/id").to_owned();
                events.push(Event::Begin { id, model: text(message, "/model").to_owned() });
                self.count(message, events);
                // What it says of the answer is a placeholder: nothing has been said yet.
                self.counts.forget_answer();
            }
            "content_block_start" => self.begin(&data, events),
            "content_block_delta" => self.grow(&data, events),
            "content_block_stop" => {
                let block = index(&data).and_then(|it| self.blocks.remove(&it));
                if let Some(Block::Call { index, has_arguments: false }) = block {
                    events.push(Event::ToolArguments { index, text: "{}".into() });
                }
            }
            "message_delta" => {
                if let Some(word) = data.pointer("/delta/stop_reason").and_then(Json::as_str) {
                    self.stop_reason = Some(word.to_owned());
                }
                self.count(&data, events);
            }
            "message_stop" if !self.is_complete => {
                self.is_complete = true;
                let finish = match &self.stop_reason {
                    Some(word) => finish(word, self.calls > 0),
                    None => Finish::Other("unknown".into()),
                };
                events.push(Event::End(finish));
            }
            "error" => events.push(Event::Failed(refusal::within(&data))),
            _ => {}
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn usage(&self) -> Option<Usage> {
        self.has_counts.then(|| self.counts.usage())
    }

    fn is_usage_only(&self, _frame: &Frame) -> bool {
        false
    }
}

impl Stream {
    pub(super) fn new(tools: Tools) -> Self {
        Self { tools, ..Self::default() }
    }

    fn count(&mut self, holder: &Json, events: &mut Vec<Event>) {
        if let Some(usage) = holder.get("usage").filter(|it| it.is_object()) {
            self.counts.replace(usage);
            self.has_counts = true;
            events.push(Event::Usage(self.counts.usage()));
        }
    }

    fn begin(&mut self, data: &Json, events: &mut Vec<Event>) {
        let Some(at) = index(data) else { return };
        let given = data.get("content_block").unwrap_or(&Json::Null);
        match text(given, "/type") {
            "text" => {
                self.blocks.insert(at, Block::Text);
                say(Event::Text, text(given, "/text"), events);
            }
            "thinking" => {
                self.blocks.insert(at, Block::Thinking);
                say(Event::Thinking, text(given, "/thinking"), events);
                say(signature, text(given, "/signature"), events);
            }
            "redacted_thinking" => {
                let data = text(given, "/data");
                events.push(Event::Signature(proof::mark(proof::ANTHROPIC_REDACTED, data)));
            }
            "tool_use" if self.tools.answer_by(text(given, "/name")) => {
                self.blocks.insert(at, Block::Answer);
                say(Event::Text, &whole_input(given), events);
            }
            "tool_use" => {
                let index = self.calls;
                self.calls += 1;
                events.push(Event::ToolBegin {
                    index,
                    id: text(given, "/id").to_owned(),
                    name: text(given, "/name").to_owned(),
                });
                let input = whole_input(given);
                let has_arguments = !input.is_empty();
                self.blocks.insert(at, Block::Call { index, has_arguments });
                say(|text| Event::ToolArguments { index, text }, &input, events);
            }
            // Tools that the provider runs by itself, and what is yet to come.
            _ => events.push(Event::Other),
        }
    }

    fn grow(&mut self, data: &Json, events: &mut Vec<Event>) {
        let Some(block) = index(data).and_then(|it| self.blocks.get_mut(&it)) else { return };
        let delta = data.get("delta").unwrap_or(&Json::Null);
        match (text(delta, "/type"), block) {
            ("text_delta", Block::Text) => say(Event::Text, text(delta, "/text"), events),
            ("thinking_delta", Block::Thinking) => {
                say(Event::Thinking, text(delta, "/thinking"), events);
            }
            ("signature_delta", Block::Thinking) => {
                say(signature, text(delta, "/signature"), events);
            }
            ("input_json_delta", Block::Answer) => {
                say(Event::Text, text(delta, "/partial_json"), events);
            }
            ("input_json_delta", Block::Call { index, has_arguments }) => {
                let index = *index;
                let piece = text(delta, "/partial_json");
                *has_arguments |= !piece.is_empty();
                say(|text| Event::ToolArguments { index, text }, piece, events);
            }
            _ => {}
        }
    }
}

/// The arguments, where a server gives them at once; empty when they are to come.
fn whole_input(block: &Json) -> String {
    let input = block.get("input").and_then(Json::as_object).filter(|it| !it.is_empty());
    input.and_then(|it| serde_json::to_string(it).ok()).unwrap_or_default()
}

fn signature(text: String) -> Event {
    Event::Signature(proof::mark(proof::ANTHROPIC, &text))
}

fn say(event: impl FnOnce(String) -> Event, text: &str, events: &mut Vec<Event>) {
    if !text.is_empty() {
        events.push(event(text.to_owned()));
    }
}

fn text<'a>(value: &'a Json, path: &str) -> &'a str {
    value.pointer(path).and_then(Json::as_str).unwrap_or_default()
}

fn index(data: &Json) -> Option<u64> {
    whole(data.get("index"))
}
