//! Streams of `responses`, for bytes that pass: what is said, called and used is seen, and the
//! frames go on as they are.

use serde_json::Value as Json;

use super::{complaint, usage};
use crate::{
    Usage,
    chat::{Event, Finish},
    dialect::{Complaint, Decoder, Unreadable},
    price::Tariff,
    sse::Frame,
};

/// Reads the pieces of one streamed answer.
#[derive(Default)]
pub(super) struct Responses {
    calls: Vec<u64>,
    usage: Option<Usage>,
    /// As it was stated last: at first as it was asked for, in the end as it was.
    tariff: Tariff,
    is_complete: bool,
}

impl Decoder for Responses {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable> {
        let data = frame.data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let body: Json = serde_json::from_slice(data)
            .map_err(|_| Unreadable::Shape("a frame of its stream is broken"))?;
        let word =
            |path: &str| body.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
        let stated = Tariff::stated(body.pointer("/response/service_tier"));
        self.tariff = stated.unwrap_or(self.tariff);
        let kind = body.get("type").and_then(Json::as_str).unwrap_or_default();
        match kind {
            "response.created" => {
                events.push(Event::Begin {
                    id: word("/response/id"),
                    model: word("/response/model"),
                });
            }
            "response.output_text.delta" => events.push(Event::Text(word("/delta"))),
            "response.refusal.delta" => events.push(Event::Refusal(word("/delta"))),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                events.push(Event::Thinking(word("/delta")));
            }
            "response.output_item.added" if word("/item/type") == "function_call" => {
                self.calls.push(body["output_index"].as_u64().unwrap_or(0));
                let (id, name) = (word("/item/call_id"), word("/item/name"));
                events.push(Event::ToolBegin { index: self.calls.len() - 1, id, name });
            }
            // Tools that the provider runs by itself, and what is yet to come. The others are told
            // by their words.
            "response.output_item.added"
                if !matches!(word("/item/type").as_str(), "message" | "reasoning") =>
            {
                events.push(Event::Other);
            }
            "response.function_call_arguments.delta" => {
                let place = body["output_index"].as_u64().unwrap_or(0);
                if let Some(index) = self.calls.iter().rposition(|it| *it == place) {
                    events.push(Event::ToolArguments { index, text: word("/delta") });
                }
            }
            "response.completed" | "response.incomplete" => {
                self.is_complete = true;
                self.count(&body, events);
                events.push(Event::End(self.finish(&word("/response/incomplete_details/reason"))));
            }
            "response.failed" => {
                self.count(&body, events);
                events.push(Event::Failed(complaint::of(200, &body["response"])));
            }
            "error" => events.push(Event::Failed(complaint::of(200, &body))),
            // What is told of a part of the answer is no failure of all of it.
            _ if !kind.starts_with("response.")
                && body.get("error").is_some_and(|it| !it.is_null()) =>
            {
                events.push(Event::Failed(complaint::of(200, &body)));
            }
            _ => {}
        }
        self.is_complete &= !matches!(events.last(), Some(Event::Failed(Complaint { .. })));
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn usage(&self) -> Option<Usage> {
        usage::on_terms(self.usage, self.tariff)
    }

    fn is_usage_only(&self, _: &Frame) -> bool {
        false
    }
}

impl Responses {
    fn count(&mut self, body: &Json, events: &mut Vec<Event>) {
        if let Some(usage) = body.pointer("/response/usage").and_then(usage::of) {
            let usage = usage::with_tools(usage, body.pointer("/response/output"));
            self.usage = Some(usage);
            events.push(Event::Usage(usage));
        }
    }

    fn finish(&self, incomplete: &str) -> Finish {
        match incomplete {
            "" if self.calls.is_empty() => Finish::Stop,
            "" => Finish::ToolCalls,
            "max_output_tokens" => Finish::Length,
            "content_filter" => Finish::Filtered,
            other => Finish::Other(other.to_owned()),
        }
    }
}
