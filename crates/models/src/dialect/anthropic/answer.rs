//! An answer of Anthropic, read by what it must have: blocks of unknown types are passed over.

use serde_json::Value as Json;

use super::{Tools, refusal};
use crate::{
    Usage,
    chat::{Answer, Finish, Part},
    dialect::{Unreadable, count::count, proof},
    price::Tariff,
};

pub(super) fn read(body: &[u8], tools: Tools) -> Result<Answer, Unreadable> {
    let body = parse(body)?;
    let content = body.get("content").and_then(Json::as_array);
    let content = content.ok_or(Unreadable::Shape("it has no `content`"))?;
    let parts: Vec<Part> = content.iter().filter_map(|it| part(it, tools)).collect();
    let word = body.get("stop_reason").and_then(Json::as_str).unwrap_or_default();
    let calls_a_tool = parts.iter().any(|it| matches!(it, Part::ToolCall { .. }));
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    Ok(Answer {
        id: text("id"),
        model: text("model"),
        finish: finish(word, calls_a_tool),
        usage: body.get("usage").and_then(Counts::of).map(Counts::usage),
        parts,
    })
}

pub(super) fn read_usage(body: &[u8]) -> Option<Usage> {
    Counts::of(parse(body).ok()?.get("usage")?).map(Counts::usage)
}

/// The body as JSON that is no error.
pub(super) fn parse(body: &[u8]) -> Result<Json, Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    if body.get("type").is_some_and(|it| it == "error")
        || body.get("error").is_some_and(Json::is_object)
    {
        return Err(Unreadable::Complaint(refusal::within(&body)));
    }
    Ok(body)
}

fn part(block: &Json, tools: Tools) -> Option<Part> {
    let text = |name: &str| block.get(name).and_then(Json::as_str).unwrap_or_default();
    match text("type") {
        "text" => Some(Part::Text { text: text("text").to_owned(), cache: false }),
        "thinking" => {
            let signature = Some(text("signature")).filter(|it| !it.is_empty());
            Some(Part::Thinking {
                text: text("thinking").to_owned(),
                signature: signature.map(|it| proof::mark(proof::ANTHROPIC, it)),
            })
        }
        "redacted_thinking" => Some(Part::Thinking {
            text: String::new(),
            signature: Some(proof::mark(proof::ANTHROPIC_REDACTED, text("data"))),
        }),
        "tool_use" => {
            let input = block.get("input").map_or_else(|| "{}".into(), Json::to_string);
            Some(match text("name") {
                name if tools.answer_by(name) => Part::Text { text: input, cache: false },
                name => Part::ToolCall {
                    id: text("id").to_owned(),
                    name: name.to_owned(),
                    arguments: input,
                },
            })
        }
        _ => None,
    }
}

/// Why an answer ended. Who only called the tool for the answer has answered.
pub(super) fn finish(word: &str, calls_a_tool: bool) -> Finish {
    match word {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "tool_use" if calls_a_tool => Finish::ToolCalls,
        "tool_use" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Filtered,
        other => Finish::Other(other.to_owned()),
    }
}

/// The counts of one answer, as they came last: in a stream each is told again and again, and
/// means the whole so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    plain: Option<u64>,
    created: Option<u64>,
    /// Of what was written into the cache: for minutes, and for an hour.
    created_5m: Option<u64>,
    created_1h: Option<u64>,
    read: Option<u64>,
    out: Option<u64>,
    thinking: Option<u64>,
    searches: Option<u64>,
    /// It used something else that is billed beside the tokens.
    has_more: bool,
    tariff: Tariff,
}

impl Counts {
    fn of(usage: &Json) -> Option<Self> {
        let mut counts = Self::default();
        counts.replace(usage);
        let is_told = counts.plain.is_some() || counts.out.is_some();
        (is_told || counts.tariff != Tariff::Ordinary).then_some(counts)
    }

    /// What is told replaces what was told before, and is never added to it. A zero takes back
    /// nothing: some compatible servers tell the question once and zeros later.
    pub(super) fn replace(&mut self, usage: &Json) {
        self.tariff = Tariff::stated(usage.get("service_tier")).unwrap_or(self.tariff);
        let mut take = |slot: fn(&mut Self) -> &mut Option<u64>, path: &str| {
            if let Some(told) = count(usage.pointer(path)) {
                let slot = slot(self);
                if told > 0 || slot.is_none() {
                    *slot = Some(told);
                }
            }
        };
        take(|it| &mut it.plain, "/input_tokens");
        take(|it| &mut it.created, "/cache_creation_input_tokens");
        take(|it| &mut it.created_5m, "/cache_creation/ephemeral_5m_input_tokens");
        take(|it| &mut it.created_1h, "/cache_creation/ephemeral_1h_input_tokens");
        take(|it| &mut it.read, "/cache_read_input_tokens");
        take(|it| &mut it.out, "/output_tokens");
        take(|it| &mut it.thinking, "/output_tokens_details/thinking_tokens");
        take(|it| &mut it.searches, "/server_tool_use/web_search_requests");
        self.has_more |= has_more(usage);
    }

    /// The answer has not begun: whatever was told of it is no count.
    pub(super) fn forget_answer(&mut self) {
        self.out = None;
        self.thinking = None;
    }

    /// The three counts of the question are apart: together they are the question.
    pub(super) fn usage(self) -> Usage {
        let cached = self.read.unwrap_or(0);
        let cache_written_1h = self.created_1h.unwrap_or(0);
        let parts = self.created_5m.unwrap_or(0) + cache_written_1h;
        let cache_written = self.created.unwrap_or(0).max(parts);
        Usage {
            tokens_in: self.plain.unwrap_or(0) + cache_written + cached,
            tokens_out: self.out.unwrap_or(0),
            cached,
            cache_written,
            cache_written_1h,
            reasoning: self.thinking.unwrap_or(0),
            web_searches: self.searches.unwrap_or(0),
            estimated: self.plain.is_none() || self.out.is_none(),
            tariff: if self.has_more { Tariff::Other } else { self.tariff },
            ..Usage::default()
        }
    }
}

/// Did tools of the provider run that no price here covers? Pages are read for their tokens alone.
fn has_more(usage: &Json) -> bool {
    let tools = usage.get("server_tool_use").and_then(Json::as_object);
    tools.into_iter().flatten().any(|(name, times)| {
        !matches!(name.as_str(), "web_search_requests" | "web_fetch_requests")
            && count(Some(times)).is_some_and(|it| it > 0)
    })
}
