//! `messages` of Anthropic, as Anthropic and those compatible with it take them.
//!
//! What is lost on the way there: `seed`, both penalties and `user` names beyond `metadata.user_id`;
//! a temperature above 1 is 1; `top_p` when a temperature is given, too, because newer models take
//! one of them; rules amid a conversation go to its beginning; cache marks on tools and pictures;
//! of schemas what structured outputs do not know (it stays as a description); more `max_tokens` than
//! the model has are all it has. Refused: pictures
//! said by the model or within rules, several answers, sound.
//!
//! Start at [`Anthropic`]; requests are made in `request`, answers read in `answer` and `stream`.

mod answer;
mod model;
mod refusal;
mod request;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::{Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire, refusal as common};
use crate::{
    Usage,
    chat::{Answer, Request},
    quirk::Quirks,
    settings::ProviderSettings,
};
pub use request::MAX_TOKENS_DEFAULT;

/// Anthropic.
pub struct Anthropic;

/// The word for it.
pub const KIND: &str = "anthropic";
const VERSION: &str = "2023-06-01";
/// The tool that a model is made to call when it takes no schema beside the question; what it calls
/// it with is the answer.
pub(crate) const ANSWER_TOOL: &str = "answer_as_json";

/// Whose tools the model was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tools {
    /// The caller's, whatever they are called.
    #[default]
    Callers,
    /// [`ANSWER_TOOL`] alone.
    Ours,
}

impl Tools {
    /// Is what this tool is called with the answer?
    fn answer_by(self, name: &str) -> bool {
        self == Self::Ours && name == ANSWER_TOOL
    }
}

impl Dialect for Anthropic {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wire(&self) -> Wire {
        Wire::AnthropicMessages
    }

    fn address(&self) -> Option<&'static str> {
        Some("https://api.anthropic.com/v1")
    }

    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        if settings.api_key.is_some() || settings.base_url.is_some() {
            return Vec::new();
        }
        vec![(
            "api_key",
            "is missing: make one at https://console.anthropic.com and set ANTHROPIC_API_KEY"
                .into(),
        )]
    }

    fn headers(&self, key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers =
            vec![(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(VERSION))];
        // Tokens of a login, unlike keys, go where tokens go.
        let is_token = key.is_some_and(|it| it.starts_with("sk-ant-oat"));
        let text = key.map(|it| if is_token { format!("Bearer {it}") } else { it.to_owned() });
        if let Some(mut value) = text.and_then(|it| HeaderValue::try_from(it).ok()) {
            value.set_sensitive(true);
            let name = if is_token { "authorization" } else { "x-api-key" };
            headers.push((HeaderName::from_static(name), value));
        }
        headers
    }

    fn chat_path(&self, _model: &str, _stream: bool) -> String {
        "messages".into()
    }

    fn chat_body(
        &self,
        request: &Request,
        model: &str,
        quirks: Quirks,
    ) -> Result<Json, Unsupported> {
        request::body(request, model, quirks)
    }

    fn max_output(&self, model: &str) -> Option<u64> {
        model::max_output(model)
    }

    fn read_answer(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        answer::read(body, Tools::Callers)
    }

    fn read_answer_by_tool(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        answer::read(body, Tools::Ours)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        answer::read_usage(body)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::Stream::new(Tools::Callers))
    }

    fn decoder_by_tool(&self) -> Box<dyn Decoder> {
        Box::new(stream::Stream::new(Tools::Ours))
    }

    fn complaint(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
        refusal::read(status, headers, body)
    }

    fn rates(&self, headers: &HeaderMap) -> Rates {
        let left =
            |what: &str| common::number(headers, &format!("anthropic-ratelimit-{what}-remaining"));
        let reset =
            |what: &str| common::until(headers, &format!("anthropic-ratelimit-{what}-reset"));
        // Questions and answers each have a rate of their own; the plain count is of both together,
        // or of the workspace, and not always sent.
        Rates {
            requests_left: left("requests"),
            requests_reset: reset("requests"),
            tokens_left: left("tokens"),
            tokens_reset: reset("tokens"),
            input_left: left("input-tokens"),
            input_reset: reset("input-tokens"),
            output_left: left("output-tokens"),
            output_reset: reset("output-tokens"),
        }
    }

    fn models_path(&self) -> &'static str {
        "models?limit=1000"
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<String>, Unreadable> {
        let body = answer::parse(body)?;
        let data = body.get("data").and_then(Json::as_array);
        let data = data.ok_or(Unreadable::Shape("it has no `data`"))?;
        Ok(data.iter().filter_map(|it| it.get("id")?.as_str()).map(str::to_owned).collect())
    }

    fn embed(&self, _: &str, _: &[String], _: Option<u32>) -> Option<(String, Json)> {
        None
    }

    fn read_embeddings(
        &self,
        _: &[u8],
        _: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        Err(Unreadable::Shape("Anthropic makes no embeddings"))
    }
}
