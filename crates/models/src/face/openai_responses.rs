//! `responses`, as OpenAI's callers speak it. Nothing is kept between calls: a caller sends the
//! whole conversation, and what refers to an earlier answer is refused.

mod item;
mod read;
mod stream;

use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
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

/// Callers of `responses`.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiResponses;

impl Face for OpenaiResponses {
    fn wire(&self) -> Wire {
        Wire::OpenaiResponses
    }

    fn read(&self, body: &[u8]) -> Result<Request, FaceError> {
        read::request(body)
    }

    fn peek(&self, body: &[u8]) -> Result<Peek, FaceError> {
        #[derive(Deserialize)]
        struct Skimmed<'a> {
            #[serde(borrow)]
            model: Text<'a>,
            stream: Option<bool>,
            max_output_tokens: Option<Whole>,
            instructions: Option<Weight>,
            input: Option<Weight>,
            tools: Option<Weight>,
            background: Option<bool>,
            previous_response_id: Option<IgnoredAny>,
            conversation: Option<IgnoredAny>,
            prompt: Option<IgnoredAny>,
        }
        let skimmed = splice::object(body).and_then(|it| serde_json::from_str(it).ok());
        let Some(it): Option<Skimmed<'_>> = skimmed else {
            return Err(fields::why(body, |fields| {
                fields.text_required("model")?;
                fields.flag("stream")?;
                fields.count("max_output_tokens").map(drop)
            }));
        };
        // Also where the bytes pass: what is kept at the provider is kept for all tenants together,
        // and an answer in the background is none that could be counted.
        let kept = [it.previous_response_id, it.conversation, it.prompt].map(|it| it.is_some());
        read::refuse_what_is_kept(kept, it.background == Some(true))?;
        let question = it.input.unwrap_or_default().and(it.instructions).and(it.tools);
        Ok(Peek {
            model: it.model.0.into_owned(),
            stream: it.stream.unwrap_or(false),
            // The last event always tells it.
            include_usage: true,
            max_tokens: it.max_output_tokens.map(|it| it.0),
            answers: 1,
            prompt_tokens: question.tokens(),
        })
    }

    fn rewrite(&self, body: &Bytes, model: &str, _: Inject) -> Bytes {
        splice::model(body, model)
    }

    fn limit(&self, body: &Bytes, limit: Limit) -> Option<Limited> {
        #[derive(Deserialize)]
        struct Spots<'a> {
            #[serde(borrow)]
            model: &'a RawValue,
            #[serde(borrow, default, deserialize_with = "splice::present")]
            max_output_tokens: Option<&'a RawValue>,
        }
        let text = splice::object(body)?;
        let spots: Spots<'_> = serde_json::from_str(text).ok()?;
        let fields = [("max_output_tokens", spots.max_output_tokens)];
        Some(splice::lowered(text, spots.model, &fields, limit.tokens)?.write(body))
    }

    fn answer(&self, answer: &Answer, created: i64) -> Bytes {
        item::whole(answer, created).to_string().into()
    }

    fn encoder(&self, created: i64, _: bool) -> Box<dyn Encoder> {
        Box::new(stream::Events::new(created))
    }

    fn error(&self, error: &ErrorBody) -> Bytes {
        error::openai_body(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_spliced_in_and_nothing_else_changes() {
        let limit = Limit { tokens: 50, of_completion: false };
        let limited =
            |body: &'static str| OpenaiResponses.limit(&Bytes::from(body), limit).unwrap();
        let lowered = limited(r#"{ "max_output_tokens" : 90, "odd": 1.0, "model":"m" }"#);
        assert_eq!(lowered.body, r#"{ "max_output_tokens" : 50, "odd": 1.0, "model":"m" }"#);
        let said = limited(r#"{"model":"m" ,"odd":1.0}"#);
        assert_eq!(said.body, r#"{"model":"m","max_output_tokens":50 ,"odd":1.0}"#);
        assert_eq!((lowered.is_ours, said.is_ours), (false, true));
    }

    #[test]
    fn a_peek_sees_what_the_gateway_must_know() {
        let body = br#"{"model": "m", "instructions": "12345678", "input": [{"role": "user", "content": "four by four has 16"}], "max_output_tokens": 7, "stream": true}"#;
        let expected = Peek {
            model: "m".into(),
            stream: true,
            include_usage: true,
            max_tokens: Some(7),
            answers: 1,
            prompt_tokens: 8,
        };
        assert_eq!(OpenaiResponses.peek(body), Ok(expected));
        assert_eq!(OpenaiResponses.peek(br#"{"input": ""}"#).unwrap_err().field, "model");
        let rewritten = OpenaiResponses.rewrite(&Bytes::from_static(body), "n", Inject::Usage);
        assert_eq!(rewritten, String::from_utf8_lossy(body).replacen("\"m\"", "\"n\"", 1));
    }
}
