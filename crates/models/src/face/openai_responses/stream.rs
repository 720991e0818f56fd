//! Pieces as events of `responses`, each with its number.

#[cfg(test)]
mod tests;

use std::io::Write;

use serde_json::{Value as Json, json};

use super::{
    super::{Encoder, ErrorBody, error},
    item::{self, Ids, Status},
};
use crate::{
    Usage,
    chat::{Event, Finish},
};

/// An answer in pieces. What is said and thought is one item at a time; calls stay open to the
/// end, as their arguments may come in turns.
pub(super) struct Events {
    created: i64,
    ids: Ids,
    model: String,
    has_begun: bool,
    sequence: u64,
    /// The items so far; those that are open stand as they began.
    output: Vec<Json>,
    open: Option<Open>,
    calls: Vec<Call>,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

/// What is being said or thought.
struct Open {
    at: usize,
    id: String,
    what: What,
    /// Parts of the message before this one.
    parts: Vec<Json>,
    text: String,
    /// The proof of what was thought.
    proof: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Text,
    Refusal,
    Thought,
}

struct Call {
    index: usize,
    at: usize,
    id: String,
    call: String,
    name: String,
    arguments: String,
}

impl Events {
    pub(super) fn new(created: i64) -> Self {
        Self {
            created,
            ids: Ids::new("", created),
            model: String::new(),
            has_begun: false,
            sequence: 0,
            output: Vec::new(),
            open: None,
            calls: Vec::new(),
            usage: None,
            finish: None,
        }
    }

    /// Says one event: its kind and number, then what belongs to it.
    fn say(&mut self, kind: &str, rest: Json, out: &mut Vec<u8>) {
        let mut event = json!({"type": kind, "sequence_number": self.sequence});
        self.sequence += 1;
        if let (Some(event), Json::Object(rest)) = (event.as_object_mut(), rest) {
            event.extend(rest);
        }
        // Writing into memory does not fail.
        let _ = write!(out, "event: {kind}\ndata: {event}\n\n");
    }

    fn begin(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        self.ids = Ids::new(id, self.created);
        model.clone_into(&mut self.model);
        for kind in ["response.created", "response.in_progress"] {
            let response = self.response(Status::InProgress, &[]);
            self.say(kind, json!({"response": response}), out);
        }
    }

    fn response(&self, status: Status, output: &[Json]) -> Json {
        item::response(&self.ids, &self.model, status, output, self.usage.as_ref())
    }

    /// Begins an item, and gives its place.
    fn add(&mut self, item: Json, out: &mut Vec<u8>) -> usize {
        let at = self.output.len();
        self.say("response.output_item.added", json!({"output_index": at, "item": item}), out);
        self.output.push(item);
        at
    }

    fn done(&mut self, at: usize, item: Json, out: &mut Vec<u8>) {
        self.say("response.output_item.done", json!({"output_index": at, "item": item}), out);
        self.output[at] = item;
    }

    /// More of what is said or thought.
    fn more(&mut self, what: What, text: &str, out: &mut Vec<u8>) {
        let same = self.open.as_ref().is_some_and(|it| it.what == what);
        if !same {
            self.turn_to(what, out);
        }
        let Some(open) = &mut self.open else { return };
        open.text.push_str(text);
        let (at, id, part) = (open.at, open.id.clone(), open.parts.len());
        let (kind, place) = match what {
            What::Text => ("response.output_text.delta", "content_index"),
            What::Refusal => ("response.refusal.delta", "content_index"),
            What::Thought => ("response.reasoning_summary_text.delta", "summary_index"),
        };
        let mut rest = json!({"item_id": id, "output_index": at, place: part, "delta": text});
        if what == What::Text {
            rest["logprobs"] = json!([]);
        }
        self.say(kind, rest, out);
    }

    /// Opens the item or part that `what` is said in.
    fn turn_to(&mut self, what: What, out: &mut Vec<u8>) {
        // Text and refusal are parts of one message.
        let is_message = |it: What| it != What::Thought;
        let goes_on = self.open.as_ref().is_some_and(|it| is_message(it.what) && is_message(what));
        if goes_on {
            self.close_part(out);
        } else {
            self.close(out);
            let (id, item) = if is_message(what) {
                let id = self.ids.item("msg", self.output.len());
                (id.clone(), item::message(&id, &[], "in_progress"))
            } else {
                let id = self.ids.item("rs", self.output.len());
                (id.clone(), item::reasoning(&id, "", None))
            };
            let at = self.add(item, out);
            let (parts, text) = (Vec::new(), String::new());
            self.open = Some(Open { at, id, what, parts, text, proof: None });
        }
        let Some(open) = &mut self.open else { return };
        open.what = what;
        let (at, id, part) = (open.at, open.id.clone(), open.parts.len());
        let rest = json!({"item_id": id, "output_index": at});
        self.part("added", what, part, "", rest, out);
    }

    /// Says that a part begins or is whole.
    fn part(
        &mut self,
        act: &str,
        what: What,
        at: usize,
        text: &str,
        mut rest: Json,
        out: &mut Vec<u8>,
    ) {
        let (kind, place, part) = match what {
            What::Text => ("content_part", "content_index", item::text_part(text)),
            What::Refusal => ("content_part", "content_index", item::refusal_part(text)),
            What::Thought => {
                let part = json!({"type": "summary_text", "text": text});
                ("reasoning_summary_part", "summary_index", part)
            }
        };
        rest[place] = at.into();
        rest["part"] = part;
        self.say(&format!("response.{kind}.{act}"), rest, out);
    }

    /// Ends the part that is open, and leaves its message open.
    fn close_part(&mut self, out: &mut Vec<u8>) {
        let Some(open) = &mut self.open else { return };
        let (what, at, part, id) = (open.what, open.at, open.parts.len(), open.id.clone());
        let text = std::mem::take(&mut open.text);
        open.parts.push(match what {
            What::Refusal => item::refusal_part(&text),
            What::Text | What::Thought => item::text_part(&text),
        });
        let place = json!({"item_id": id, "output_index": at});
        let mut rest = place.clone();
        let kind = match what {
            What::Text => {
                rest["content_index"] = part.into();
                rest["text"] = text.as_str().into();
                rest["logprobs"] = json!([]);
                "response.output_text.done"
            }
            What::Refusal => {
                rest["content_index"] = part.into();
                rest["refusal"] = text.as_str().into();
                "response.refusal.done"
            }
            What::Thought => {
                rest["summary_index"] = part.into();
                rest["text"] = text.as_str().into();
                "response.reasoning_summary_text.done"
            }
        };
        self.say(kind, rest, out);
        self.part("done", what, part, &text, place, out);
        if let Some(open) = self.open.as_mut().filter(|_| what == What::Thought) {
            open.text = text;
        }
    }

    /// Ends what is being said or thought.
    fn close(&mut self, out: &mut Vec<u8>) {
        self.close_part(out);
        let Some(open) = self.open.take() else { return };
        let item = match open.what {
            What::Thought => item::reasoning(&open.id, &open.text, open.proof.as_deref()),
            What::Text | What::Refusal => item::message(&open.id, &open.parts, "completed"),
        };
        self.done(open.at, item, out);
    }

    fn close_calls(&mut self, out: &mut Vec<u8>) {
        for it in std::mem::take(&mut self.calls) {
            let Call { at, id, call, name, arguments, .. } = it;
            let rest =
                json!({"item_id": id, "output_index": at, "name": name, "arguments": arguments});
            self.say("response.function_call_arguments.done", rest, out);
            self.done(at, item::function_call(&id, &call, &name, &arguments, "completed"), out);
        }
    }
}

impl Encoder for Events {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Begin { id, model } => return self.begin(id, model, out),
            Event::Usage(usage) => {
                self.usage = Some(*usage);
                return;
            }
            Event::Failed(_) | Event::Other => return,
            _ => self.begin("", "", out),
        }
        match event {
            Event::Text(text) => self.more(What::Text, text, out),
            Event::Thinking(text) => self.more(What::Thought, text, out),
            Event::Refusal(text) => self.more(What::Refusal, text, out),
            Event::Signature(proof) => {
                // Thoughts may be hidden, and only their proof told.
                if self.open.as_ref().is_none_or(|it| it.what != What::Thought) {
                    self.turn_to(What::Thought, out);
                }
                if let Some(open) = &mut self.open {
                    open.proof.get_or_insert_default().push_str(proof);
                }
            }
            Event::ToolBegin { index, id: call, name } => {
                self.close(out);
                let id = self.ids.item("fc", self.output.len());
                let at = self.add(item::function_call(&id, call, name, "", "in_progress"), out);
                let (call, name) = (call.clone(), name.clone());
                self.calls.push(Call {
                    index: *index,
                    at,
                    id,
                    call,
                    name,
                    arguments: String::new(),
                });
            }
            Event::ToolArguments { index, text } => {
                let found = self.calls.iter_mut().find(|it| it.index == *index);
                let Some(call) = found else { return };
                call.arguments.push_str(text);
                let rest = json!({"item_id": call.id, "output_index": call.at, "delta": text});
                self.say("response.function_call_arguments.delta", rest, out);
            }
            Event::End(finish) => {
                self.close(out);
                self.close_calls(out);
                self.finish = Some(finish.clone());
            }
            Event::Begin { .. } | Event::Usage(_) | Event::Failed(_) | Event::Other => {}
        }
    }

    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>) {
        let told = error::openai(error);
        let told = &told["error"];
        let rest =
            json!({"code": told["code"], "message": told["message"], "param": told["param"]});
        self.say("error", rest, out);
        if self.has_begun {
            let mut response = self.response(Status::Failed, &self.output);
            response["error"] = json!({"code": "server_error", "message": told["message"]});
            self.say("response.failed", json!({"response": response}), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.begin("", "", out);
        self.close(out);
        self.close_calls(out);
        let status = self.finish.as_ref().map_or(Status::Completed, item::status);
        let response = self.response(status, &self.output);
        let kind = match status {
            Status::Incomplete(_) => "response.incomplete",
            _ => "response.completed",
        };
        self.say(kind, json!({"response": response}), out);
    }
}
