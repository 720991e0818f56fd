//! A provider that is built in, for machines without a key or a network, and for trying things out.
//! It asks no model, and says so in every answer.
//!
//! It is called in process and speaks over no connection: [`answer`], [`events`] and [`embed`] are
//! all of it. As a [`Dialect`] it has a name in the registry and nothing to send.
//!
//! A schema gets its smallest valid instance, a tool that must be called is called with the smallest
//! valid arguments. Vectors are lexical: words are hashed into buckets, so texts with the same words
//! are near, and texts with the same meaning in other words are not.

mod instance;
#[cfg(test)]
mod tests;
mod vector;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::{
    Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire, beside, fingerprint,
};
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Format, Part, Request, Role, ToolChoice},
    quirk::Quirks,
    settings::ProviderSettings,
    sse::Frame,
    tokens,
};
pub use vector::DIMENSIONS;

/// The provider that asks nobody.
pub struct Offline;

/// The word for it.
pub const KIND: &str = "offline";
/// The model that it says answered.
pub const TEXT_MODEL: &str = "offline-text";
/// The model that it says made the vectors.
pub const EMBEDDING_MODEL: &str = "offline-lexical-384";
/// How much is quoted of the question.
const QUOTED_WORDS: usize = 12;
const QUOTED_CHARS: usize = 80;
const BYTES_PER_TOKEN: usize = 4;
/// A streamed answer comes in pieces of this many words.
const WORDS_PER_PIECE: usize = 3;

/// Its answer.
pub fn answer(request: &Request) -> Answer {
    let (parts, finish) = match forced_call(request) {
        Some(call) => (vec![call], Finish::ToolCalls),
        None => {
            let (text, finish) = text(request);
            (vec![Part::Text { text, cache: false }], finish)
        }
    };
    let said: u64 = parts
        .iter()
        .map(|it| match it {
            Part::Text { text, .. } => tokens::estimate(text),
            Part::ToolCall { name, arguments, .. } => {
                tokens::estimate(name) + tokens::estimate(arguments)
            }
            _ => 0,
        })
        .sum();
    let usage = Usage {
        tokens_in: question_tokens(request),
        tokens_out: said,
        estimated: true,
        ..Usage::default()
    };
    Answer {
        id: format!("offline-{:016x}", fingerprint::of(all_text(request).as_bytes())),
        model: TEXT_MODEL.into(),
        parts,
        finish,
        usage: Some(usage),
    }
}

/// The same answer in pieces.
pub fn events(request: &Request) -> Vec<Event> {
    let answer = answer(request);
    let mut events = vec![Event::Begin { id: answer.id, model: answer.model }];
    for (index, part) in answer.parts.into_iter().enumerate() {
        match part {
            Part::ToolCall { id, name, arguments } => {
                events.push(Event::ToolBegin { index, id, name });
                events.push(Event::ToolArguments { index, text: arguments });
            }
            Part::Text { text, .. } => {
                let words: Vec<&str> = text.split_inclusive(' ').collect();
                events.extend(words.chunks(WORDS_PER_PIECE).map(|it| Event::Text(it.concat())));
            }
            _ => {}
        }
    }
    events.extend(answer.usage.map(Event::Usage));
    events.push(Event::End(answer.finish));
    events
}

/// Vectors of texts, in their order: [`DIMENSIONS`] numbers each unless others are asked for.
pub fn embed(texts: &[String], dimensions: Option<u32>) -> (Vec<Vec<f32>>, Usage) {
    let vectors = texts.iter().map(|it| vector::of(it, dimensions)).collect();
    let tokens_in = texts.iter().map(|it| tokens::estimate(it)).sum();
    (vectors, Usage { tokens_in, estimated: true, ..Usage::default() })
}

fn text(request: &Request) -> (String, Finish) {
    let mut text = match &request.format {
        Some(Format::JsonObject) => "{}".into(),
        Some(Format::JsonSchema { schema, .. }) => match instance::smallest(schema) {
            Some(value) => value.to_string(),
            // Saying so plainly is no valid instance either, and no lie.
            None => plain(request),
        },
        None => plain(request),
    };
    let mut finish = Finish::Stop;
    let stops = request.stop.iter().filter(|it| !it.is_empty());
    if let Some(at) = stops.filter_map(|it| text.find(it.as_str())).min() {
        text.truncate(at);
    }
    let most = request.max_tokens.and_then(|it| usize::try_from(it).ok());
    let most = most.map_or(usize::MAX, |it| it.saturating_mul(BYTES_PER_TOKEN));
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        finish = Finish::Length;
    }
    (text, finish)
}

fn plain(request: &Request) -> String {
    const SAYS: &str = "This is the offline provider of Mainstay. No model was asked, so this is no \
                        answer; configure a provider to get one.";
    let question = request.messages.iter().rev().find(|it| it.role == Role::User);
    let question = question.map(|it| beside::text_of(&it.parts)).unwrap_or_default();
    let words: Vec<&str> = question.split_whitespace().take(QUOTED_WORDS).collect();
    let words: String = words.join(" ").chars().take(QUOTED_CHARS).collect();
    if words.is_empty() {
        return SAYS.into();
    }
    let more = if question.split_whitespace().eq(words.split(' ')) { "" } else { " …" };
    format!("{SAYS} The question began with: “{words}{more}”")
}

/// The call of a tool that must be called. No other tool is: nobody here could choose one.
fn forced_call(request: &Request) -> Option<Part> {
    let tool = match request.tool_choice.as_ref()? {
        ToolChoice::Named(name) => request.tools.iter().find(|it| it.name == *name)?,
        ToolChoice::Required => request.tools.first()?,
        ToolChoice::Auto | ToolChoice::None => return None,
    };
    let arguments = instance::smallest(&beside::parameters(&tool.parameters))?;
    Some(Part::ToolCall {
        id: fingerprint::call_id(&all_text(request), 0),
        name: tool.name.clone(),
        arguments: arguments.to_string(),
    })
}

fn question_tokens(request: &Request) -> u64 {
    const TOKENS_PER_MESSAGE: u64 = 4;
    let tools: u64 = request
        .tools
        .iter()
        .map(|it| {
            let words = it.description.as_deref().map_or(0, tokens::estimate);
            words + tokens::estimate(&it.name) + tokens::estimate(&it.parameters.to_string())
        })
        .sum();
    let frames = request.messages.len() as u64 * TOKENS_PER_MESSAGE;
    tokens::estimate(&all_text(request)) + frames + tools
}

/// Everything that is said, one after the other.
fn all_text(request: &Request) -> String {
    fn add(parts: &[Part], out: &mut String) {
        for part in parts {
            match part {
                Part::Text { text, .. } | Part::Thinking { text, .. } | Part::Refusal(text) => {
                    out.push_str(text);
                }
                Part::ToolCall { name, arguments, .. } => {
                    out.push_str(name);
                    out.push_str(arguments);
                }
                Part::ToolResult { parts, .. } => add(parts, out),
                Part::Image(_) => {}
            }
        }
    }
    let mut out = String::new();
    for message in &request.messages {
        add(&message.parts, &mut out);
    }
    out
}

/// Nothing is sent, and nothing comes back.
pub(super) const IN_PROCESS: Unreadable = Unreadable::Shape("it is asked in process");

impl Dialect for Offline {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wire(&self) -> Wire {
        Wire::InProcess
    }

    fn built_in(&self) -> Option<&'static [&'static str]> {
        Some(&[TEXT_MODEL, EMBEDDING_MODEL])
    }

    fn address(&self) -> Option<&'static str> {
        // Nowhere: a name that no network knows, should anybody ask for it.
        Some("http://offline.invalid/v1")
    }

    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        if settings.base_url.is_some() {
            findings.push(("base_url", "is of no use: the offline provider is built in".into()));
        }
        if settings.api_key.is_some() {
            findings.push(("api_key", "is of no use: the offline provider is built in".into()));
        }
        findings
    }

    fn headers(&self, _key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        Vec::new()
    }

    fn chat_path(&self, _model: &str, _stream: bool) -> String {
        String::new()
    }

    fn chat_body(&self, _: &Request, _: &str, _: Quirks) -> Result<Json, Unsupported> {
        let why = "it is asked in process; call `offline::answer`";
        Err(Unsupported { field: "model", kind: KIND, why })
    }

    fn read_answer(&self, _body: &[u8]) -> Result<Answer, Unreadable> {
        Err(IN_PROCESS)
    }

    fn read_usage(&self, _body: &[u8]) -> Option<Usage> {
        None
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Silence)
    }

    fn complaint(&self, _status: u16, _headers: &HeaderMap, _body: &[u8]) -> Complaint {
        Complaint::default()
    }

    fn rates(&self, _headers: &HeaderMap) -> Rates {
        Rates::default()
    }

    fn models_path(&self) -> &'static str {
        ""
    }

    /// Its models, whatever the bytes are.
    fn read_models(&self, _body: &[u8]) -> Result<Vec<String>, Unreadable> {
        Ok(vec![TEXT_MODEL.into(), EMBEDDING_MODEL.into()])
    }

    fn embed(&self, _: &str, _: &[String], _: Option<u32>) -> Option<(String, Json)> {
        None
    }

    fn read_embeddings(
        &self,
        _: &[u8],
        _: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        Err(IN_PROCESS)
    }
}

/// The stream of who sends none.
pub(super) struct Silence;

impl Decoder for Silence {
    fn frame(&mut self, _frame: &Frame, _events: &mut Vec<Event>) -> Result<(), Unreadable> {
        Err(IN_PROCESS)
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn usage(&self) -> Option<Usage> {
        None
    }

    fn is_usage_only(&self, _frame: &Frame) -> bool {
        false
    }
}
