//! How the dialects of providers say an answer, whole and in pieces. Written after their own
//! documentation, and apart from what the room under test does with it.

mod responses;

use serde_json::{Value as Json, json};

use super::{
    Request,
    reply::{Fault, Reply, Says},
};

/// The dialect of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    Openai,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

impl Speech {
    pub(super) fn of_path(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::Openai)
        } else if path.ends_with("/responses") {
            Some(Self::Responses)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.contains(":generateContent") || path.contains(":streamGenerateContent") {
            Some(Self::Gemini)
        } else if path.ends_with("/api/chat") {
            Some(Self::Ollama)
        } else {
            None
        }
    }

    pub(super) fn streams(self, request: &Request) -> bool {
        match self {
            Self::Gemini => request.path.contains(":streamGenerateContent"),
            // Ollama streams unless it is told not to.
            Self::Ollama => request.body["stream"] != false,
            _ => request.body["stream"] == true,
        }
    }

    pub(super) fn content_type(self, is_stream: bool) -> &'static str {
        match (self, is_stream) {
            (_, false) => "application/json",
            (Self::Ollama, true) => "application/x-ndjson",
            (_, true) => "text/event-stream",
        }
    }

    /// A refusal.
    pub(super) fn error(self, status: u16) -> Json {
        let message = format!("scripted status {status}");
        match self {
            Self::Openai | Self::Responses => Reply::openai_error(status),
            Self::Anthropic => {
                let kind = match status {
                    400 => "invalid_request_error",
                    401 => "authentication_error",
                    404 => "not_found_error",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    _ => "api_error",
                };
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Self::Gemini => {
                let kind = match status {
                    400 => "INVALID_ARGUMENT",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    _ => "INTERNAL",
                };
                json!({"error": {"code": status, "message": message, "status": kind}})
            }
            Self::Ollama => json!({"error": message}),
        }
    }

    /// A whole answer.
    pub(super) fn whole(self, request: &Request, reply: &Reply) -> Json {
        let told = Told::of(request, reply);
        let Told { model, text, call, output, .. } = &told;
        let mut answer = match self {
            Self::Openai => {
                let message = match call {
                    Some((tool, arguments)) => json!({
                        "role": "assistant", "content": null,
                        "tool_calls": [{"id": "call_scripted", "type": "function",
                            "function": {"name": tool, "arguments": arguments.to_string()}}],
                    }),
                    None => json!({"role": "assistant", "content": text}),
                };
                json!({
                    "id": "chatcmpl-scripted", "object": "chat.completion", "created": 1_795_000_000,
                    "model": model,
                    "choices": [{"index": 0, "finish_reason": reply.finish_reason, "message": message}],
                    "usage": told.openai_usage(),
                })
            }
            Self::Responses => told.response("completed"),
            Self::Anthropic => {
                let part = match call {
                    Some((tool, arguments)) => {
                        json!({"type": "tool_use", "id": "toolu_scripted", "name": tool, "input": arguments})
                    }
                    None => json!({"type": "text", "text": text}),
                };
                json!({
                    "id": "msg_scripted", "type": "message", "role": "assistant", "model": model,
                    "content": [part], "stop_reason": told.anthropic_finish(), "stop_sequence": null,
                    "usage": told.anthropic_usage(*output),
                })
            }
            Self::Gemini => json!({
                "candidates": [{"index": 0, "finishReason": told.gemini_finish(),
                    "content": {"role": "model", "parts": [told.gemini_part(text)]}}],
                "usageMetadata": told.gemini_usage(), "modelVersion": model,
            }),
            Self::Ollama => told.ollama_call(told.ollama(text, true)),
        };
        if !reply.tells_usage {
            forget_usage(&mut answer);
        }
        answer
    }

    /// The frames of a streamed answer, the ends included.
    pub(super) fn frames(self, request: &Request, reply: &Reply) -> Vec<Vec<u8>> {
        let told = Told::of(request, reply);
        let mut frames = match self {
            Self::Openai => told.openai_frames(request.asks_for_usage()),
            Self::Responses => told.responses_frames(),
            Self::Anthropic => told.anthropic_frames(),
            Self::Gemini => told.gemini_frames(),
            Self::Ollama => told.ollama_frames(),
        };
        if !reply.tells_usage {
            frames.iter_mut().for_each(forget_usage);
            frames.retain(|it| !(it["choices"].as_array().is_some_and(Vec::is_empty)));
        }
        let mut frames: Vec<Vec<u8>> = frames.iter().map(|it| self.frame(it)).collect();
        if self == Self::Openai {
            frames.push(b"data: [DONE]\n\n".to_vec());
        }
        frames
    }

    /// What the fault of a reply puts into its stream.
    pub(super) fn faulty(self, fault: Fault) -> Option<Vec<u8>> {
        match fault {
            Fault::Cut | Fault::End | Fault::Stall => None,
            Fault::Broken if self == Self::Ollama => Some(b"{\"message\": {\"cont\n".to_vec()),
            Fault::Broken => Some(b"data: {\"choices\": [{\"del\n\n".to_vec()),
            Fault::Error => Some(self.frame(&match self {
                Self::Openai => json!({"error": {"message": "scripted failure", "type": "server_error", "code": null}}),
                Self::Responses => json!({"type": "error", "code": "server_error", "message": "scripted failure"}),
                Self::Anthropic => json!({"type": "error", "error": {"type": "overloaded_error", "message": "scripted failure"}}),
                Self::Gemini => json!({"error": {"code": 503, "message": "scripted failure", "status": "UNAVAILABLE"}}),
                Self::Ollama => json!({"error": "scripted failure"}),
            })),
        }
    }

    fn frame(self, value: &Json) -> Vec<u8> {
        let named =
            value["type"].as_str().filter(|_| matches!(self, Self::Anthropic | Self::Responses));
        match (self, named) {
            (Self::Ollama, _) => format!("{value}\n").into_bytes(),
            (_, Some(name)) => format!("event: {name}\ndata: {value}\n\n").into_bytes(),
            (_, None) => format!("data: {value}\n\n").into_bytes(),
        }
    }
}

/// What an answer tells.
struct Told<'a> {
    model: String,
    text: String,
    call: Option<(&'a str, &'a Json)>,
    input: u64,
    output: u64,
    cached: u64,
    finish_reason: &'static str,
}

impl<'a> Told<'a> {
    fn of(request: &Request, reply: &'a Reply) -> Self {
        let words = |text: &str| text.split_whitespace().count() as u64;
        let (text, call) = match &reply.says {
            Says::Content(text) => (text.clone(), None),
            Says::Call(tool, arguments) => (String::new(), Some((tool.as_str(), arguments))),
            _ => (String::new(), None),
        };
        let (input, output) =
            reply.tokens.unwrap_or_else(|| (words(&request.prompt()), words(&text)));
        // Gemini's model stands in the path.
        let in_path = request.path.rsplit("models/").next().and_then(|it| it.split(':').next());
        let model = request.body["model"].as_str().or(in_path).unwrap_or("scripted").to_owned();
        let (cached, finish_reason) = (reply.cached, reply.finish_reason);
        Self { model, text, call, input, output, cached, finish_reason }
    }

    /// The text word by word, each with the space before it.
    fn words(&self) -> Vec<&str> {
        let mut words = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let begins = rest.len() - rest.trim_start().len();
            let ends =
                rest[begins..].find(char::is_whitespace).map_or(rest.len(), |it| begins + it);
            words.push(&rest[..ends]);
            rest = &rest[ends..];
        }
        words
    }

    fn openai_usage(&self) -> Json {
        json!({"prompt_tokens": self.input, "completion_tokens": self.output,
               "total_tokens": self.input + self.output,
               "prompt_tokens_details": {"cached_tokens": self.cached}})
    }

    fn openai_frames(&self, tells_usage: bool) -> Vec<Json> {
        let chunk = |delta: Json, finish: Option<&str>| {
            json!({"id": "chatcmpl-scripted", "object": "chat.completion.chunk",
                   "created": 1_795_000_000, "model": self.model,
                   "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        };
        let mut frames = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
        frames.extend(self.words().into_iter().map(|it| chunk(json!({"content": it}), None)));
        if let Some((tool, arguments)) = self.call {
            let call = |it: Json| chunk(json!({"tool_calls": [it]}), None);
            frames.push(call(json!({"index": 0, "id": "call_scripted", "type": "function",
                                    "function": {"name": tool, "arguments": ""}})));
            for half in halves(&arguments.to_string()) {
                frames.push(call(json!({"index": 0, "function": {"arguments": half}})));
            }
        }
        frames.push(chunk(json!({}), Some(self.finish_reason)));
        if tells_usage {
            let mut last = chunk(json!({}), None);
            last["choices"] = json!([]);
            last["usage"] = self.openai_usage();
            frames.push(last);
        }
        frames
    }

    fn anthropic_finish(&self) -> &'static str {
        match self.finish_reason {
            "length" => "max_tokens",
            "tool_calls" => "tool_use",
            _ => "end_turn",
        }
    }

    /// Anthropic counts cached tokens apart.
    fn anthropic_usage(&self, output: u64) -> Json {
        json!({"input_tokens": self.input.saturating_sub(self.cached), "output_tokens": output,
               "cache_read_input_tokens": self.cached, "cache_creation_input_tokens": 0})
    }

    fn anthropic_frames(&self) -> Vec<Json> {
        let mut frames = vec![
            json!({"type": "message_start", "message": {"id": "msg_scripted", "type": "message",
                   "role": "assistant", "model": self.model, "content": [], "stop_reason": null,
                   "stop_sequence": null, "usage": self.anthropic_usage(1)}}),
        ];
        let block = match self.call {
            Some((tool, _)) => {
                json!({"type": "tool_use", "id": "toolu_scripted", "name": tool, "input": {}})
            }
            None => json!({"type": "text", "text": ""}),
        };
        frames.push(json!({"type": "content_block_start", "index": 0, "content_block": block}));
        frames.push(json!({"type": "ping"}));
        let delta = |it: Json| json!({"type": "content_block_delta", "index": 0, "delta": it});
        frames.extend(
            self.words().into_iter().map(|it| delta(json!({"type": "text_delta", "text": it}))),
        );
        if let Some((_, arguments)) = self.call {
            for half in halves(&arguments.to_string()) {
                frames.push(delta(json!({"type": "input_json_delta", "partial_json": half})));
            }
        }
        frames.push(json!({"type": "content_block_stop", "index": 0}));
        // The count is cumulative: it replaces the one of the start.
        frames.push(json!({"type": "message_delta",
            "delta": {"stop_reason": self.anthropic_finish(), "stop_sequence": null},
            "usage": {"output_tokens": self.output}}));
        frames.push(json!({"type": "message_stop"}));
        frames
    }

    fn gemini_finish(&self) -> &'static str {
        if self.finish_reason == "length" { "MAX_TOKENS" } else { "STOP" }
    }

    fn gemini_part(&self, text: &str) -> Json {
        match self.call {
            Some((tool, arguments)) => json!({"functionCall": {"name": tool, "args": arguments}}),
            None => json!({"text": text}),
        }
    }

    fn gemini_usage(&self) -> Json {
        json!({"promptTokenCount": self.input, "candidatesTokenCount": self.output,
               "cachedContentTokenCount": self.cached, "totalTokenCount": self.input + self.output})
    }

    fn gemini_frames(&self) -> Vec<Json> {
        let chunk = |part: Json| {
            json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}],
                   "usageMetadata": {"promptTokenCount": self.input, "totalTokenCount": self.input},
                   "modelVersion": self.model})
        };
        let mut frames: Vec<Json> = match self.call {
            Some(_) => vec![chunk(self.gemini_part(""))],
            None => self.words().into_iter().map(|it| chunk(json!({"text": it}))).collect(),
        };
        if frames.is_empty() {
            frames.push(chunk(json!({"text": ""})));
        }
        if let Some(last) = frames.last_mut() {
            last["candidates"][0]["finishReason"] = self.gemini_finish().into();
            last["usageMetadata"] = self.gemini_usage();
        }
        frames
    }

    fn ollama(&self, text: &str, is_done: bool) -> Json {
        let message = json!({"role": "assistant", "content": text});
        let mut line = json!({"model": self.model, "created_at": "2026-11-21T08:00:00Z",
                              "message": message, "done": is_done});
        if is_done {
            line["done_reason"] =
                if self.finish_reason == "length" { "length" } else { "stop" }.into();
            line["total_duration"] = 1_000_000.into();
            line["prompt_eval_count"] = self.input.into();
            line["eval_count"] = self.output.into();
        }
        line
    }

    /// The call comes whole, before the line that ends a stream.
    fn ollama_call(&self, mut line: Json) -> Json {
        if let Some((tool, arguments)) = self.call {
            line["message"]["tool_calls"] =
                json!([{"function": {"name": tool, "arguments": arguments}}]);
        }
        line
    }

    fn ollama_frames(&self) -> Vec<Json> {
        let mut frames: Vec<Json> =
            self.words().into_iter().map(|it| self.ollama(it, false)).collect();
        frames.extend(self.call.map(|_| self.ollama_call(self.ollama("", false))));
        frames.push(self.ollama("", true));
        frames
    }
}

fn halves(text: &str) -> [&str; 2] {
    let middle = text.floor_char_boundary(text.len() / 2);
    [&text[..middle], &text[middle..]]
}

/// Takes out every count, wherever the dialect has it.
fn forget_usage(value: &mut Json) {
    let Some(fields) = value.as_object_mut() else { return };
    for name in ["usage", "usageMetadata", "prompt_eval_count", "eval_count"] {
        fields.remove(name);
    }
    for name in ["message", "response"] {
        if let Some(inner) = fields.get_mut(name) {
            forget_usage(inner);
        }
    }
}
