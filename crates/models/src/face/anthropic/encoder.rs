//! An answer in pieces, in Anthropic's words: blocks begin, grow and end, one after the other.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::{error_json, say};
use crate::{
    Usage,
    chat::{Event, Finish},
    face::{Encoder, ErrorBody},
    tokens,
};

/// Says one answer.
pub(super) struct Pieces {
    created: i64,
    id: String,
    model: String,
    /// The message is begun, which waits for the first word: the count of the question often comes
    /// before that, and has its place there.
    is_begun: bool,
    /// The block that grows, and its place.
    open: Option<(Kind, usize)>,
    blocks: usize,
    /// The place of each call.
    calls: HashMap<usize, usize>,
    usage: Option<Usage>,
    /// What was said, in estimated tokens: for answers that nobody counted.
    said: u64,
    finish: Finish,
    is_refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
}

impl Pieces {
    pub(super) fn new(created: i64) -> Self {
        Self {
            created,
            id: String::new(),
            model: String::new(),
            is_begun: false,
            open: None,
            blocks: 0,
            calls: HashMap::new(),
            usage: None,
            said: 0,
            finish: Finish::Stop,
            is_refused: false,
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_begun, true) {
            return;
        }
        let message = json!({
            "id": say::id(&self.id, self.created),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": say::usage(self.usage.unwrap_or_default()),
        });
        frame("message_start", json!({"message": message}), out);
    }

    /// The place of the open block of this kind; the one before is closed, a new one begun.
    fn block(&mut self, kind: Kind, out: &mut Vec<u8>, first: impl FnOnce() -> Json) -> usize {
        self.begin(out);
        if let Some((open, at)) = self.open
            && open == kind
            && kind != Kind::Call
        {
            return at;
        }
        self.close(out);
        let at = self.blocks;
        self.blocks += 1;
        self.open = Some((kind, at));
        frame("content_block_start", json!({"index": at, "content_block": first()}), out);
        at
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((kind, at)) = self.open.take() {
            if kind == Kind::Thinking {
                // It ends without a proof.
                let signature = json!({"type": "signature_delta", "signature": say::told("")});
                delta(at, signature, out);
            }
            frame("content_block_stop", json!({"index": at}), out);
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        let at = self.block(Kind::Text, out, || json!({"type": "text", "text": ""}));
        self.said += tokens::estimate(text);
        delta(at, json!({"type": "text_delta", "text": text}), out);
    }

    fn thought(&mut self, out: &mut Vec<u8>) -> usize {
        let first = || json!({"type": "thinking", "thinking": "", "signature": ""});
        self.block(Kind::Thinking, out, first)
    }

    fn signature(&mut self, signature: &str, out: &mut Vec<u8>) {
        if say::redacted(signature).is_some() {
            self.begin(out);
            self.close(out);
            let at = self.blocks;
            self.blocks += 1;
            let block = say::thinking("", Some(signature));
            frame("content_block_start", json!({"index": at, "content_block": block}), out);
            frame("content_block_stop", json!({"index": at}), out);
            return;
        }
        let at = self.thought(out);
        delta(at, json!({"type": "signature_delta", "signature": say::told(signature)}), out);
        // The proof is the last of a thought.
        self.open = None;
        frame("content_block_stop", json!({"index": at}), out);
    }
}

impl Encoder for Pieces {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Begin { id, model } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Text(text) => self.text(text, out),
            Event::Refusal(text) => {
                self.is_refused = true;
                self.text(text, out);
            }
            Event::Thinking(text) => {
                let at = self.thought(out);
                self.said += tokens::estimate(text);
                delta(at, json!({"type": "thinking_delta", "thinking": text}), out);
            }
            Event::Signature(signature) => self.signature(signature, out),
            Event::ToolBegin { index, id, name } => {
                let at = self.block(
                    Kind::Call,
                    out,
                    || json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                );
                self.calls.insert(*index, at);
            }
            Event::ToolArguments { index, text } => {
                if let Some(at) = self.calls.get(index) {
                    self.said += tokens::estimate(text);
                    delta(*at, json!({"type": "input_json_delta", "partial_json": text}), out);
                }
            }
            Event::End(finish) => self.finish = finish.clone(),
            Event::Failed(_) | Event::Other => {}
        }
    }

    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>) {
        write("error", &error_json(error), out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        self.close(out);
        let stop_reason = say::stop_reason(&self.finish, !self.calls.is_empty(), self.is_refused);
        let estimated = Usage { tokens_out: self.said, estimated: true, ..Usage::default() };
        let end = json!({
            "delta": {"stop_reason": stop_reason, "stop_sequence": null},
            "usage": say::usage(self.usage.unwrap_or(estimated)),
        });
        frame("message_delta", end, out);
        frame("message_stop", json!({}), out);
    }
}

fn delta(at: usize, delta: Json, out: &mut Vec<u8>) {
    frame("content_block_delta", json!({"index": at, "delta": delta}), out);
}

/// A frame whose `type` is its name.
fn frame(name: &str, rest: Json, out: &mut Vec<u8>) {
    let mut data = json!({"type": name});
    if let (Json::Object(data), Json::Object(rest)) = (&mut data, rest) {
        data.extend(rest);
    }
    write(name, &data, out);
}

fn write(name: &str, data: &Json, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {data}\n\n").as_bytes());
}
