//! An answer of Gemini, whole or in pieces: pieces have the shape of the whole, and calls come in
//! one part each. There is no mark of the end but the reason for it.

use serde_json::Value as Json;

use super::refusal;
use crate::{
    Usage,
    chat::{Answer, Event, Finish, Image, Part},
    dialect::{Decoder, Unreadable, count::count, fingerprint, proof},
    sse::Frame,
};

pub(super) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let body = parse(body)?;
    let reason = finish_word(&body)
        .ok_or(Unreadable::Shape("it has neither `candidates` nor a reason for having none"))?;
    let id = text(&body, "/responseId");
    let mut parts = Vec::new();
    let mut calls = 0;
    for part in parts_of(&body) {
        if let Some(signature) = part.get("thoughtSignature").and_then(Json::as_str)
            && !is_thought(part)
        {
            parts.push(Part::Thinking {
                text: String::new(),
                signature: Some(proof::mark(proof::GEMINI, signature)),
            });
        }
        if let Some(call) = part.get("functionCall") {
            parts.push(Part::ToolCall {
                id: call_id(call, id, calls),
                name: text(call, "/name").to_owned(),
                arguments: arguments(call),
            });
            calls += 1;
        } else if let Some(data) = part.get("inlineData") {
            parts.push(Part::Image(Image::Bytes {
                media_type: text(data, "/mimeType").to_owned(),
                data: text(data, "/data").to_owned(),
            }));
        } else if is_thought(part) {
            let signature = part.get("thoughtSignature").and_then(Json::as_str);
            parts.push(Part::Thinking {
                text: text(part, "/text").to_owned(),
                signature: signature.map(|it| proof::mark(proof::GEMINI_THOUGHT, it)),
            });
        } else if let Some(words) = part.get("text").and_then(Json::as_str)
            && !words.is_empty()
        {
            parts.push(Part::Text { text: words.to_owned(), cache: false });
        }
    }
    Ok(Answer {
        id: id.to_owned(),
        model: text(&body, "/modelVersion").to_owned(),
        finish: finish(reason, calls > 0),
        usage: usage(&body),
        parts,
    })
}

/// The body as JSON that is no error.
pub(super) fn parse(body: &[u8]) -> Result<Json, Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    match refusal::within(&body) {
        Some(complaint) => Err(Unreadable::Complaint(complaint)),
        None => Ok(body),
    }
}

/// The counts: cached tokens are among those of the question, thoughts are not among those of the
/// candidates. Sound is told apart where there is any.
pub(super) fn usage(body: &Json) -> Option<Usage> {
    let counts = body.get("usageMetadata")?;
    let told = |name: &str| count(counts.get(name));
    let question = told("promptTokenCount");
    let said = told("candidatesTokenCount");
    let total = told("totalTokenCount");
    let reasoning = told("thoughtsTokenCount").unwrap_or(0);
    if question.is_none() && total.is_none() {
        return None;
    }
    let tokens_in = question.unwrap_or(0) + told("toolUsePromptTokenCount").unwrap_or(0);
    // Zeros are left out, and so is a count that nobody made: the total tells which it is.
    let rest = || total.map_or(0, |it| it.saturating_sub(tokens_in + reasoning));
    let sound = |names: &[&str]| names.iter().map(|it| sound(counts.get(it))).sum();
    Some(Usage {
        tokens_in,
        tokens_out: said.unwrap_or_else(rest) + reasoning,
        audio_in: sound(&["promptTokensDetails", "toolUsePromptTokensDetails"]),
        audio_out: sound(&["candidatesTokensDetails"]),
        cached: told("cachedContentTokenCount").unwrap_or(0),
        cache_written: 0,
        reasoning,
        estimated: question.is_none(),
        ..Usage::default()
    })
}

/// The tokens of sound in a list of counts for each form.
fn sound(details: Option<&Json>) -> u64 {
    let details = details.and_then(Json::as_array).into_iter().flatten();
    let sounds = details.filter(|it| text(it, "/modality") == "AUDIO");
    sounds.filter_map(|it| count(it.get("tokenCount"))).sum()
}

/// Reads the pieces of one answer.
#[derive(Default)]
pub(super) struct Stream {
    id: Option<String>,
    calls: usize,
    usage: Option<Usage>,
    is_complete: bool,
}

impl Decoder for Stream {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable> {
        if frame.data.is_empty() {
            return Ok(());
        }
        let data: Json = serde_json::from_slice(&frame.data)
            .map_err(|_| Unreadable::Shape("an event of its stream is not JSON"))?;
        if let Some(complaint) = refusal::within(&data) {
            events.push(Event::Failed(complaint));
            return Ok(());
        }
        if self.is_complete && parts_of(&data).next().is_some() {
            return Err(Unreadable::Shape("its answer goes on after its end"));
        }
        if self.id.is_none() {
            let id = text(&data, "/responseId").to_owned();
            let model = text(&data, "/modelVersion").to_owned();
            self.id = Some(id.clone());
            events.push(Event::Begin { id, model });
        }
        for part in parts_of(&data) {
            self.part(part, events);
        }
        if let Some(usage) = usage(&data) {
            self.usage = Some(usage);
            if !self.is_complete {
                events.push(Event::Usage(usage));
            }
        }
        if let Some(reason) = finish_word(&data).filter(|it| !it.is_empty() && !self.is_complete) {
            self.is_complete = true;
            events.push(Event::End(finish(reason, self.calls > 0)));
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn is_usage_only(&self, _frame: &Frame) -> bool {
        false
    }
}

impl Stream {
    fn part(&mut self, part: &Json, events: &mut Vec<Event>) {
        let signature = part.get("thoughtSignature").and_then(Json::as_str);
        let words = text(part, "/text");
        if is_thought(part) {
            if !words.is_empty() {
                events.push(Event::Thinking(words.to_owned()));
            }
            if let Some(it) = signature {
                events.push(Event::Signature(proof::mark(proof::GEMINI_THOUGHT, it)));
            }
            return;
        }
        if let Some(it) = signature {
            events.push(Event::Signature(proof::mark(proof::GEMINI, it)));
        }
        if let Some(call) = part.get("functionCall") {
            let index = self.calls;
            self.calls += 1;
            let id = call_id(call, self.id.as_deref().unwrap_or_default(), index);
            let name = text(call, "/name").to_owned();
            events.push(Event::ToolBegin { index, id, name });
            events.push(Event::ToolArguments { index, text: arguments(call) });
        } else if !words.is_empty() {
            events.push(Event::Text(words.to_owned()));
        }
    }
}

fn parts_of(body: &Json) -> impl Iterator<Item = &Json> {
    body.pointer("/candidates/0/content/parts").and_then(Json::as_array).into_iter().flatten()
}

fn is_thought(part: &Json) -> bool {
    part.get("thought") == Some(&Json::Bool(true))
}

/// The id of a call: Gemini's own, else one made up from the answer's id and the call's place.
fn call_id(call: &Json, answer: &str, index: usize) -> String {
    match text(call, "/id") {
        "" => fingerprint::call_id(answer, index),
        id => id.to_owned(),
    }
}

fn arguments(call: &Json) -> String {
    call.get("args").filter(|it| it.is_object()).map_or_else(|| "{}".into(), Json::to_string)
}

/// Why an answer ended, in its own words: empty when it has not, none when it is no answer.
fn finish_word(body: &Json) -> Option<&str> {
    let word = body.pointer("/candidates/0/finishReason").and_then(Json::as_str);
    // A question that is held back gets no candidate.
    let blocked = || body.pointer("/promptFeedback/blockReason").map(|_| "SAFETY");
    let begun = || body.pointer("/candidates/0").map(|_| "");
    word.or_else(blocked).or_else(begun)
}

fn finish(word: &str, calls_a_tool: bool) -> Finish {
    match word {
        "STOP" if calls_a_tool => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" | "CONTINUATION" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED" => Finish::Filtered,
        other => Finish::Other(other.to_lowercase()),
    }
}

fn text<'a>(value: &'a Json, path: &str) -> &'a str {
    value.pointer(path).and_then(Json::as_str).unwrap_or_default()
}
