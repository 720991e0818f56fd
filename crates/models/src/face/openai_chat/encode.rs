//! Answers as `chat.completion`, and pieces as `chat.completion.chunk`.

use std::io::Write;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::super::{Encoder, ErrorBody, error};
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Part},
};

const DONE: &[u8] = b"data: [DONE]\n\n";

/// A whole answer.
pub(super) fn whole(answer: &Answer, created: i64) -> Bytes {
    let (mut said, mut thought, mut refusal) = (None, None, None);
    let mut calls = Vec::new();
    let add = |to: &mut Option<String>, text: &str| to.get_or_insert_default().push_str(text);
    for part in &answer.parts {
        match part {
            Part::Text { text, .. } => add(&mut said, text),
            Part::Thinking { text, .. } if !text.is_empty() => add(&mut thought, text),
            Part::Refusal(text) => add(&mut refusal, text),
            Part::ToolCall { id, name, arguments } => calls.push(json!({
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            })),
            // Nothing that a model says here.
            Part::Thinking { .. } | Part::Image(_) | Part::ToolResult { .. } => {}
        }
    }
    let mut message = json!({"role": "assistant", "content": said, "refusal": refusal});
    if let Some(thought) = thought {
        // Not OpenAI's word, but what callers of models that think have come to look for.
        message["reasoning_content"] = thought.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let mut body = json!({
        "id": id(&answer.id, created),
        "object": "chat.completion",
        "created": created,
        "model": answer.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish(&answer.finish),
        }],
    });
    if let Some(it) = &answer.usage {
        body["usage"] = usage(it);
    }
    body.to_string().into()
}

fn id(given: &str, created: i64) -> String {
    if given.is_empty() { format!("chatcmpl-{created}") } else { given.to_owned() }
}

/// One of the five words that clients know: some fail over others.
fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Other(_) => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Filtered => "content_filter",
    }
}

fn usage(usage: &Usage) -> Json {
    json!({
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.total(),
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

/// An answer in pieces.
pub(super) struct Chunks {
    created: i64,
    include_usage: bool,
    /// What every frame begins with; empty before the first.
    head: Vec<u8>,
    usage: Option<Usage>,
}

impl Chunks {
    pub(super) fn new(created: i64, include_usage: bool) -> Self {
        Self { created, include_usage, head: Vec::new(), usage: None }
    }

    fn begin(&mut self, given: &str, model: &str, out: &mut Vec<u8>) {
        if !self.head.is_empty() {
            return;
        }
        let head = json!({
            "id": id(given, self.created),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": model,
        });
        self.head = format!("data: {head}").into_bytes();
        // The brace that closes it comes with the rest of each frame.
        self.head.pop();
        self.say(&json!({"role": "assistant", "content": "", "refusal": null}), None, out);
    }

    fn say(&self, delta: &impl Serialize, finish: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#","choices":[{"index":0,"delta":"#);
        // Writing JSON into memory does not fail.
        let _ = serde_json::to_writer(&mut *out, delta);
        let _ = match finish {
            Some(word) => write!(out, r#","logprobs":null,"finish_reason":"{word}"}}]"#),
            None => write!(out, r#","logprobs":null,"finish_reason":null}}]"#),
        };
        let usage: &[u8] = if self.include_usage { b",\"usage\":null" } else { b"" };
        out.extend_from_slice(usage);
        out.extend_from_slice(b"}\n\n");
    }
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
}

#[derive(Serialize)]
struct Call<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl Encoder for Chunks {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if let Event::Begin { id, model } = event {
            return self.begin(id, model, out);
        }
        if let Event::Usage(usage) = event {
            self.usage = Some(*usage);
            return;
        }
        if matches!(event, Event::Other) {
            return;
        }
        self.begin("", "", out);
        let delta = match event {
            Event::Text(text) => Delta { content: Some(text), ..Delta::default() },
            Event::Thinking(text) => Delta { reasoning_content: Some(text), ..Delta::default() },
            Event::Refusal(text) => Delta { refusal: Some(text), ..Delta::default() },
            Event::ToolBegin { index, id, name } => {
                let function = Function { name: Some(name), arguments: "" };
                let call = Call { index: *index, id: Some(id), r#type: Some("function"), function };
                Delta { tool_calls: Some([call]), ..Delta::default() }
            }
            Event::ToolArguments { index, text } => {
                let function = Function { name: None, arguments: text };
                let call = Call { index: *index, id: None, r#type: None, function };
                Delta { tool_calls: Some([call]), ..Delta::default() }
            }
            Event::End(reason) => {
                return self.say(&Delta::default(), Some(finish(reason)), out);
            }
            // A proof has no place here, and a failure is told by `fail`.
            Event::Begin { .. }
            | Event::Usage(_)
            | Event::Signature(_)
            | Event::Other
            | Event::Failed(_) => return,
        };
        self.say(&delta, None, out);
    }

    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>) {
        let _ = write!(out, "data: {}\n\n", error::openai(error));
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.begin("", "", out);
        if let Some(used) = self.usage.filter(|_| self.include_usage) {
            out.extend_from_slice(&self.head);
            let _ = write!(out, ",\"choices\":[],\"usage\":{}}}\n\n", usage(&used));
        }
        out.extend_from_slice(DONE);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        dialect::{Class, Dialect, openai::OPENAI},
        face::{Face, openai_chat::OpenaiChat},
        sse::Scanner,
    };

    fn used() -> Usage {
        Usage {
            tokens_in: 70,
            tokens_out: 30,
            cached: 20,
            cache_written: 5,
            reasoning: 11,
            ..Usage::default()
        }
    }

    #[test]
    fn what_is_told_is_read_again() {
        let parts = vec![
            Part::Thinking { text: "hm".into(), signature: None },
            Part::Text { text: "so \"it\" is".into(), cache: false },
            Part::ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                arguments: "{\"x\": 1.0}".into(),
            },
        ];
        let answer = Answer {
            id: "chatcmpl-1".into(),
            model: "m".into(),
            parts,
            finish: Finish::ToolCalls,
            usage: Some(used()),
        };
        let body = OpenaiChat.answer(&answer, 7);
        assert_eq!(OPENAI.read_answer(&body), Ok(answer));
    }

    #[test]
    fn an_answer_has_every_field_that_clients_ask_for() {
        let answer = Answer {
            id: String::new(),
            model: "m".into(),
            parts: vec![],
            finish: Finish::Other("x".into()),
            usage: None,
        };
        assert_eq!(
            OpenaiChat.answer(&answer, 7),
            r#"{"id":"chatcmpl-7","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"logprobs":null,"finish_reason":"stop"}]}"#
        );
    }

    fn events() -> Vec<Event> {
        vec![
            Event::Begin { id: "chatcmpl-1".into(), model: "m".into() },
            Event::Thinking("hm".into()),
            Event::Text("it's \"so\"\n".into()),
            Event::ToolBegin { index: 0, id: "call_1".into(), name: "f".into() },
            Event::ToolArguments { index: 0, text: "{}".into() },
            Event::ToolBegin { index: 1, id: "call_2".into(), name: "g".into() },
            Event::End(Finish::ToolCalls),
            Event::Usage(used()),
        ]
    }

    fn told(include_usage: bool) -> String {
        let mut encoder = OpenaiChat.encoder(7, include_usage);
        let mut out = Vec::new();
        for event in events() {
            encoder.event(&event, &mut out);
        }
        encoder.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pieces_that_are_told_are_read_again() {
        let mut scanner = Scanner::sse();
        scanner.push(Bytes::from(told(true)));
        let (mut decoder, mut again) = (OPENAI.decoder(), Vec::new());
        for frame in &mut scanner {
            decoder.frame(&frame.unwrap(), &mut again).unwrap();
        }
        assert_eq!(again, events());
        assert!(decoder.is_complete());
    }

    #[test]
    fn the_use_is_told_at_the_end_to_those_who_asked() {
        let frames = |text: String| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>();
        let asked = frames(told(true));
        assert_eq!(
            asked[0],
            r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#
        );
        assert_eq!(
            asked[asked.len() - 3],
            r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":70,"completion_tokens":30,"total_tokens":100,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":5},"completion_tokens_details":{"reasoning_tokens":11}}}"#
        );
        assert_eq!(asked[asked.len() - 2..], ["data: [DONE]", ""]);
        let not_asked = frames(told(false));
        assert_eq!(not_asked.len(), asked.len() - 1);
        assert!(not_asked.iter().all(|it| !it.contains("usage")));
    }

    #[test]
    fn a_stream_that_fails_says_so_and_does_not_end_cleanly() {
        let (mut encoder, mut out) = (OpenaiChat.encoder(7, false), Vec::new());
        encoder.event(&Event::Text("a".into()), &mut out);
        encoder.fail(&ErrorBody::new(Class::Broken, "it broke"), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("data: {\"error\":{\"message\":\"it broke\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"), "{text}");
        assert!(!text.contains("[DONE]"));
    }
}
