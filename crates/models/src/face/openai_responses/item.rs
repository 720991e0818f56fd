//! What an answer of `responses` is made of: items, and the object around them.

use serde_json::{Value as Json, json};

use crate::{
    Usage,
    chat::{Answer, Finish, Part},
};

/// A whole answer.
pub(super) fn whole(answer: &Answer, created: i64) -> Json {
    let ids = Ids::new(&answer.id, created);
    let status = status(&answer.finish);
    let mut output: Vec<Json> = Vec::new();
    let mut said: Vec<Json> = Vec::new();
    for part in &answer.parts {
        match part {
            Part::Text { text, .. } => said.push(text_part(text)),
            Part::Refusal(text) => said.push(refusal_part(text)),
            Part::Thinking { text, signature } => {
                flush(&ids, &mut said, &mut output);
                let id = ids.item("rs", output.len());
                output.push(reasoning(&id, text, signature.as_deref()));
            }
            Part::ToolCall { id: call, name, arguments } => {
                flush(&ids, &mut said, &mut output);
                let id = ids.item("fc", output.len());
                output.push(function_call(&id, call, name, arguments, "completed"));
            }
            // Nothing that a model says here.
            Part::Image(_) | Part::ToolResult { .. } => {}
        }
    }
    flush(&ids, &mut said, &mut output);
    response(&ids, &answer.model, status, &output, answer.usage.as_ref())
}

/// What was said in a row is one message.
fn flush(ids: &Ids, said: &mut Vec<Json>, output: &mut Vec<Json>) {
    if !said.is_empty() {
        let id = ids.item("msg", output.len());
        output.push(message(&id, &std::mem::take(said), "completed"));
    }
}

/// The ids of an answer and of its items.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    stem: String,
    created: i64,
}

impl Ids {
    pub(super) fn new(given: &str, created: i64) -> Self {
        let stem = ["resp_", "chatcmpl-"].iter().find_map(|it| given.strip_prefix(it));
        let stem = stem.unwrap_or(given).to_owned();
        Self { stem: if stem.is_empty() { created.to_string() } else { stem }, created }
    }

    pub(super) fn item(&self, kind: &str, at: usize) -> String {
        format!("{kind}_{}_{at}", self.stem)
    }
}

/// How an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// It ended too soon: why, in a word of the dialect.
    Incomplete(&'static str),
    Failed,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed => "failed",
        }
    }
}

pub(super) fn status(finish: &Finish) -> Status {
    match finish {
        Finish::Stop | Finish::ToolCalls | Finish::Other(_) => Status::Completed,
        Finish::Length => Status::Incomplete("max_output_tokens"),
        Finish::Filtered => Status::Incomplete("content_filter"),
    }
}

/// The object around the items. What the caller asked for is not repeated.
pub(super) fn response(
    ids: &Ids,
    model: &str,
    status: Status,
    output: &[Json],
    usage: Option<&Usage>,
) -> Json {
    let incomplete = match status {
        Status::Incomplete(reason) => json!({"reason": reason}),
        _ => Json::Null,
    };
    json!({
        "id": format!("resp_{}", ids.stem),
        "object": "response",
        "created_at": ids.created,
        "status": status.word(),
        "error": null,
        "incomplete_details": incomplete,
        "instructions": null,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "store": false,
        "temperature": null,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "truncation": "disabled",
        "usage": usage.map(counts),
    })
}

fn counts(usage: &Usage) -> Json {
    json!({
        "input_tokens": usage.tokens_in,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "output_tokens": usage.tokens_out,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total(),
    })
}

pub(super) fn text_part(text: &str) -> Json {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

pub(super) fn refusal_part(text: &str) -> Json {
    json!({"type": "refusal", "refusal": text})
}

pub(super) fn message(id: &str, content: &[Json], status: &str) -> Json {
    json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})
}

pub(super) fn reasoning(id: &str, text: &str, proof: Option<&str>) -> Json {
    let summary =
        if text.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": text}]) };
    let mut item = json!({"id": id, "type": "reasoning", "summary": summary});
    if let Some(proof) = proof {
        item["encrypted_content"] = proof.into();
    }
    item
}

pub(super) fn function_call(
    id: &str,
    call: &str,
    name: &str,
    arguments: &str,
    status: &str,
) -> Json {
    json!({
        "id": id,
        "type": "function_call",
        "status": status,
        "call_id": call,
        "name": name,
        "arguments": arguments,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn parts_become_items_in_their_order() {
        let parts = vec![
            Part::Thinking { text: "hm".into(), signature: Some("proof".into()) },
            Part::Text { text: "I call".into(), cache: false },
            Part::ToolCall { id: "call_1".into(), name: "f".into(), arguments: "{}".into() },
            Part::Text { text: "done".into(), cache: false },
        ];
        let usage = Usage {
            tokens_in: 70,
            tokens_out: 30,
            cached: 20,
            cache_written: 5,
            reasoning: 11,
            ..Usage::default()
        };
        let answer = Answer {
            id: "chatcmpl-9".into(),
            model: "m".into(),
            parts,
            finish: Finish::ToolCalls,
            usage: Some(usage),
        };
        let body = whole(&answer, 7);
        assert_eq!(
            (&body["id"], &body["status"], &body["created_at"]),
            (&json!("resp_9"), &json!("completed"), &json!(7))
        );
        let text = |it: &str| json!([{"type": "output_text", "text": it, "annotations": [], "logprobs": []}]);
        assert_eq!(
            body["output"],
            json!([
                {"id": "rs_9_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "proof"},
                {"id": "msg_9_1", "type": "message", "status": "completed", "role": "assistant", "content": text("I call")},
                {"id": "fc_9_2", "type": "function_call", "status": "completed", "call_id": "call_1", "name": "f", "arguments": "{}"},
                {"id": "msg_9_3", "type": "message", "status": "completed", "role": "assistant", "content": text("done")},
            ])
        );
        assert_eq!(
            body["usage"],
            json!({"input_tokens": 70, "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5}, "output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 11}, "total_tokens": 100})
        );
    }

    #[rstest]
    #[case(Finish::Stop, "completed", json!(null))]
    #[case(Finish::Length, "incomplete", json!({"reason": "max_output_tokens"}))]
    #[case(Finish::Filtered, "incomplete", json!({"reason": "content_filter"}))]
    fn an_answer_that_was_cut_is_incomplete(
        #[case] finish: Finish,
        #[case] status: &str,
        #[case] details: Json,
    ) {
        let answer =
            Answer { id: String::new(), model: "m".into(), parts: vec![], finish, usage: None };
        let body = whole(&answer, 7);
        assert_eq!(
            (body["status"].as_str(), &body["incomplete_details"]),
            (Some(status), &details)
        );
        assert_eq!((&body["id"], &body["usage"]), (&json!("resp_7"), &Json::Null));
    }
}
