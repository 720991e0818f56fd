//! `chat/completions`, as OpenAI's callers speak it.

mod encode;
mod read;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Encoder, ErrorBody, Face, FaceError, Inject, Limit, Limited, Peek, error,
    fields::{self, Text, Whole},
    splice,
    weight::Weight,
};
use crate::{
    chat::{Answer, Request},
    dialect::Wire,
};

// `responses` has these words too.
pub(in crate::face) use read::{ONLY_THOSE, by_schema, choice_of_word, definition, picture};

/// Callers of `chat/completions`.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiChat;

impl Face for OpenaiChat {
    fn wire(&self) -> Wire {
        Wire::OpenaiChat
    }

    fn read(&self, body: &[u8]) -> Result<Request, FaceError> {
        read::request(body)
    }

    fn peek(&self, body: &[u8]) -> Result<Peek, FaceError> {
        #[derive(Deserialize)]
        struct Options {
            include_usage: Option<bool>,
        }
        #[derive(Deserialize)]
        struct Skimmed<'a> {
            #[serde(borrow)]
            model: Text<'a>,
            stream: Option<bool>,
            stream_options: Option<Options>,
            max_tokens: Option<Whole>,
            max_completion_tokens: Option<Whole>,
            n: Option<Whole>,
            messages: Option<Weight>,
            tools: Option<Weight>,
        }
        let skimmed = splice::object(body).and_then(|it| serde_json::from_str(it).ok());
        let Some(it): Option<Skimmed<'_>> = skimmed else {
            return Err(fields::why(body, |fields| {
                fields.text_required("model")?;
                fields.flag("stream")?;
                if let Some(mut options) = fields.object("stream_options")? {
                    options.flag("include_usage")?;
                }
                for name in ["max_tokens", "max_completion_tokens", "n"] {
                    fields.count(name)?;
                }
                Ok(())
            }));
        };
        Ok(Peek {
            model: it.model.0.into_owned(),
            stream: it.stream.unwrap_or(false),
            include_usage: it.stream_options.and_then(|it| it.include_usage).unwrap_or(false),
            // What is held back of a budget is rather too much.
            max_tokens: it.max_completion_tokens.max(it.max_tokens).map(|it| it.0),
            answers: it.n.map_or(1, |it| it.0.max(1)),
            prompt_tokens: it.messages.unwrap_or_default().and(it.tools).tokens(),
        })
    }

    fn rewrite(&self, body: &Bytes, model: &str, inject: Inject) -> Bytes {
        rewritten(body, model, inject).unwrap_or_else(|| body.clone())
    }

    fn limit(&self, body: &Bytes, limit: Limit) -> Option<Limited> {
        limited(body, limit)
    }

    fn answer(&self, answer: &Answer, created: i64) -> Bytes {
        encode::whole(answer, created)
    }

    fn encoder(&self, created: i64, include_usage: bool) -> Box<dyn Encoder> {
        Box::new(encode::Chunks::new(created, include_usage))
    }

    fn error(&self, error: &ErrorBody) -> Bytes {
        error::openai_body(error)
    }
}

/// Splices the model, and the wish for the use of a stream, into the bytes.
fn rewritten(body: &Bytes, model: &str, inject: Inject) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Spots<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
        stream: Option<bool>,
        #[serde(borrow, default, deserialize_with = "splice::present")]
        stream_options: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Options<'a> {
        #[serde(borrow, default, deserialize_with = "splice::present")]
        include_usage: Option<&'a RawValue>,
    }
    let text = splice::object(body)?;
    let spots: Spots<'_> = serde_json::from_str(text).ok()?;
    let quoted = splice::quoted(model);
    let of_model = splice::span(text, spots.model.get());
    let mut edits = vec![(of_model.clone(), quoted.as_str())];
    if inject == Inject::Usage && spots.stream == Some(true) {
        let edit = match spots.stream_options.map(RawValue::get) {
            None => {
                Some((of_model.end..of_model.end, r#","stream_options":{"include_usage":true}"#))
            }
            Some(raw @ "null") => Some((splice::span(text, raw), r#"{"include_usage":true}"#)),
            Some(raw) if raw.starts_with('{') => {
                let options: Options<'_> = serde_json::from_str(raw).ok()?;
                match options.include_usage.map(RawValue::get) {
                    Some("true") => None,
                    Some(raw) => Some((splice::span(text, raw), "true")),
                    None => {
                        let at = splice::span(text, raw).start + 1;
                        let is_empty = raw[1..].trim_start().starts_with('}');
                        let word = if is_empty {
                            r#""include_usage":true"#
                        } else {
                            r#""include_usage":true,"#
                        };
                        Some((at..at, word))
                    }
                }
            }
            Some(_) => None,
        };
        edits.extend(edit);
        edits.sort_by_key(|(place, _)| place.start);
    }
    Some(splice::replace(body, &edits))
}

/// Splices a limit of the answer into the bytes, in the word of the caller or else the provider's.
fn limited(body: &Bytes, limit: Limit) -> Option<Limited> {
    #[derive(Deserialize)]
    struct Spots<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
        #[serde(borrow, default, deserialize_with = "splice::present")]
        max_tokens: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "splice::present")]
        max_completion_tokens: Option<&'a RawValue>,
    }
    let text = splice::object(body)?;
    let spots: Spots<'_> = serde_json::from_str(text).ok()?;
    let mut fields =
        [("max_tokens", spots.max_tokens), ("max_completion_tokens", spots.max_completion_tokens)];
    if limit.of_completion {
        fields.reverse();
    }
    Some(splice::lowered(text, spots.model, &fields, limit.tokens)?.write(body))
}
