//! Callers who speak `messages` of Anthropic: `/llm/anthropic/v1/messages` and its `count_tokens`.
//!
//! Blocks that only Anthropic knows (documents with pages, its own tools and their results) cannot
//! be told to others: a request that goes to another dialect is refused for them. Documents of plain
//! text become text. Of `cache_control` it is kept that it is there, not for how long.
//!
//! Start at [`Anthropic`].

mod encoder;
mod limit;
mod read;
mod say;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    Encoder, ErrorBody, Face, FaceError, Inject, Limit, Limited, Peek,
    fields::{self, Text, Whole},
    splice,
    weight::Weight,
};
use crate::{
    chat::{Answer, Request},
    dialect::{Class, Wire},
};

/// Anthropic's messages.
#[derive(Debug)]
pub struct Anthropic;

impl Face for Anthropic {
    fn wire(&self) -> Wire {
        Wire::AnthropicMessages
    }

    fn read(&self, body: &[u8]) -> Result<Request, FaceError> {
        read::request(body)
    }

    fn peek(&self, body: &[u8]) -> Result<Peek, FaceError> {
        let text = splice::object(body);
        let peeked = text.and_then(|it| serde_json::from_str::<Peeked<'_>>(it).ok());
        let Some(peeked) = peeked else { return Err(why(body)) };
        let Some(Text(model)) = peeked.model else { return Err(FaceError::missing("model")) };
        let question = peeked.messages.unwrap_or_default();
        Ok(Peek {
            model: model.into_owned(),
            stream: peeked.stream.unwrap_or(false),
            // This dialect always tells it.
            include_usage: true,
            max_tokens: peeked.max_tokens.map(|Whole(it)| it),
            answers: 1,
            prompt_tokens: question.and(peeked.system).and(peeked.tools).tokens(),
        })
    }

    fn rewrite(&self, body: &Bytes, model: &str, _inject: Inject) -> Bytes {
        splice::model(body, model)
    }

    fn limit(&self, body: &Bytes, limit: Limit) -> Option<Limited> {
        limit::limited(body, limit.tokens)
    }

    fn answer(&self, answer: &Answer, created: i64) -> Bytes {
        say::answer(answer, created).to_string().into()
    }

    fn encoder(&self, created: i64, _include_usage: bool) -> Box<dyn Encoder> {
        Box::new(encoder::Pieces::new(created))
    }

    fn status(&self, class: Class) -> u16 {
        match class {
            Class::Invalid | Class::ContextLength | Class::Filtered => 400,
            Class::Unauthorized => 401,
            Class::OutOfQuota => 402,
            Class::UnknownModel => 404,
            Class::RateLimited => 429,
            Class::Broken => 500,
            Class::Timeout => 504,
            Class::Overloaded => 529,
        }
    }

    fn error(&self, error: &ErrorBody) -> Bytes {
        error_json(error).to_string().into()
    }
}

/// How many tokens the question of a request has: the answer of `count_tokens`. An estimate, as for
/// all models that do not count by themselves; see [`super::weight`].
///
/// # Errors
/// As [`Face::peek`].
pub fn count_tokens(body: &[u8]) -> Result<Bytes, FaceError> {
    let peek = Anthropic.peek(body)?;
    Ok(json!({"input_tokens": peek.prompt_tokens.max(1)}).to_string().into())
}

#[derive(Deserialize)]
struct Peeked<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    stream: Option<bool>,
    max_tokens: Option<Whole>,
    messages: Option<Weight>,
    system: Option<Weight>,
    tools: Option<Weight>,
}

fn why(body: &[u8]) -> FaceError {
    fields::why(body, |fields| {
        fields.text_required("model")?;
        fields.flag("stream")?;
        fields.count("max_tokens")?;
        Ok(())
    })
}

/// A refusal in Anthropic's words. A `type` that is none of Anthropic's would mislead its clients,
/// who go by it: then the word for the class stands there, and the provider's own beside.
fn error_json(error: &ErrorBody) -> Json {
    let own = error.kind.as_deref().filter(|it| TYPES.contains(it));
    let mut inner = json!({
        "type": own.unwrap_or(word(error.class)),
        "message": error.message,
    });
    if let Some(code) = &error.code {
        inner["details"] = json!({"error_code": code});
    }
    let mut body = json!({"type": "error", "error": inner});
    if let Some(id) = &error.request_id {
        body["request_id"] = id.as_str().into();
    }
    let mut beside = error.beside().unwrap_or_default();
    beside.shift_remove("request_id");
    if own.is_none()
        && let Some(kind) = &error.kind
    {
        beside.insert("upstream_type".into(), kind.as_str().into());
    }
    if let Some(param) = &error.param {
        beside.insert("param".into(), param.as_str().into());
    }
    if !beside.is_empty() {
        body["gateway"] = beside.into();
    }
    body
}

const TYPES: [&str; 10] = [
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
];

fn word(class: Class) -> &'static str {
    match class {
        Class::Invalid | Class::ContextLength | Class::Filtered => "invalid_request_error",
        Class::Unauthorized => "authentication_error",
        Class::UnknownModel => "not_found_error",
        Class::RateLimited => "rate_limit_error",
        Class::OutOfQuota => "billing_error",
        Class::Overloaded => "overloaded_error",
        Class::Broken => "api_error",
        Class::Timeout => "timeout_error",
    }
}
