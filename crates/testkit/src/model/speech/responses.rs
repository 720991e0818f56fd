//! Answers in the form of OpenAI's responses: the order of events that its own client insists on.

use serde_json::{Value as Json, json};

use super::{Told, halves};

impl Told<'_> {
    /// The whole response, or what is known of it at its start.
    pub(super) fn response(&self, status: &str) -> Json {
        let is_done = status == "completed";
        json!({
            "id": "resp_scripted", "object": "response", "created_at": 1_795_000_000,
            "model": self.model, "status": status, "error": null, "incomplete_details": null,
            "output": if is_done { json!([self.response_item(status)]) } else { json!([]) },
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
            "usage": is_done.then(|| json!({
                "input_tokens": self.input, "output_tokens": self.output,
                "input_tokens_details": {"cached_tokens": self.cached},
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": self.input + self.output,
            })),
        })
    }

    pub(super) fn responses_frames(&self) -> Vec<Json> {
        let mut frames =
            vec![json!({"type": "response.created", "response": self.response("in_progress")})];
        frames.push(json!({"type": "response.output_item.added", "output_index": 0,
                           "item": self.response_item("in_progress")}));
        if let Some((_, arguments)) = self.call {
            let arguments = arguments.to_string();
            frames.extend(halves(&arguments).map(|half| {
                json!({"type": "response.function_call_arguments.delta", "item_id": "fc_scripted",
                       "output_index": 0, "delta": half})
            }));
            frames.push(
                json!({"type": "response.function_call_arguments.done", "item_id": "fc_scripted",
                               "output_index": 0, "arguments": arguments}),
            );
        } else {
            let of_text = |kind: &str, name: &str, value: Json| {
                let mut frame = json!({"type": kind, "item_id": "msg_scripted", "output_index": 0, "content_index": 0});
                frame[name] = value;
                frame
            };
            frames.push(of_text("response.content_part.added", "part", output_text("")));
            frames.extend(
                self.words()
                    .into_iter()
                    .map(|it| of_text("response.output_text.delta", "delta", it.into())),
            );
            frames.push(of_text("response.output_text.done", "text", self.text.as_str().into()));
            frames.push(of_text("response.content_part.done", "part", output_text(&self.text)));
        }
        frames.push(json!({"type": "response.output_item.done", "output_index": 0,
                           "item": self.response_item("completed")}));
        frames.push(json!({"type": "response.completed", "response": self.response("completed")}));
        for (at, frame) in frames.iter_mut().enumerate() {
            frame["sequence_number"] = at.into();
        }
        frames
    }

    fn response_item(&self, status: &str) -> Json {
        let is_done = status == "completed";
        match self.call {
            Some((tool, arguments)) => json!({
                "type": "function_call", "id": "fc_scripted", "call_id": "call_scripted", "name": tool,
                "arguments": if is_done { arguments.to_string() } else { String::new() }, "status": status,
            }),
            None => json!({
                "type": "message", "id": "msg_scripted", "role": "assistant", "status": status,
                "content": if is_done { json!([output_text(&self.text)]) } else { json!([]) },
            }),
        }
    }
}

fn output_text(text: &str) -> Json {
    json!({"type": "output_text", "text": text, "annotations": []})
}
