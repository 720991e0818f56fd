//! OpenAI, and everyone who speaks as it does: one dialect with small differences, which are the
//! fields of [`Compatible`]. A provider of the family is one value of it.
//!
//! What a dialect of callers has and this one has not: see [`Compatible::chat_body`].

mod answer;
mod chunk;
pub(crate) mod complaint;
pub(crate) mod embed;
#[cfg(test)]
mod recorded;
mod request;
mod responses;
mod stream;
mod usage;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value as Json;

use super::{Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire, wait};
use crate::{
    Usage,
    chat::{Answer, Request},
    quirk::Quirks,
    settings::ProviderSettings,
};

/// OpenAI, and any address that is compatible with it.
pub static OPENAI: Compatible = Compatible {
    kind: "openai",
    address: "https://api.openai.com/v1",
    takes_responses: true,
    has_thinkers: true,
    knows_refusals: true,
    embed: embed::ask,
    read_embeddings: embed::read,
};

/// Makes the path and body of an embeddings request.
pub type Embed = fn(&str, &[String], Option<u32>) -> Option<(String, Json)>;
/// Reads embeddings.
pub type ReadEmbeddings = fn(&[u8], usize) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable>;

/// One who speaks as OpenAI does, and where they differ.
#[derive(Debug)]
pub struct Compatible {
    /// Its name in the settings.
    pub(super) kind: &'static str,
    /// Where it is.
    pub(super) address: &'static str,
    /// It has `responses` too.
    pub(super) takes_responses: bool,
    /// Models named like OpenAI's that think are those.
    pub(super) has_thinkers: bool,
    /// It takes back `refusal` in a message.
    pub(super) knows_refusals: bool,
    /// How embeddings are asked for.
    pub(super) embed: Embed,
    /// How embeddings are read.
    pub(super) read_embeddings: ReadEmbeddings,
}

impl Dialect for Compatible {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn wire(&self) -> Wire {
        Wire::OpenaiChat
    }

    fn takes_responses(&self) -> bool {
        self.takes_responses
    }

    fn address(&self) -> Option<&'static str> {
        Some(self.address)
    }

    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        // An address of one's own may need no key.
        if settings.api_key.is_some() || settings.base_url.is_some() {
            return Vec::new();
        }
        let message = format!("is missing; {} answers nobody without a key", self.kind);
        vec![("api_key", message)]
    }

    fn headers(&self, key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let bearer = key.and_then(|it| HeaderValue::try_from(format!("Bearer {it}")).ok());
        let secret = bearer.map(|mut it| {
            it.set_sensitive(true);
            (header::AUTHORIZATION, it)
        });
        secret.into_iter().collect()
    }

    fn chat_path(&self, _: &str, _: bool) -> String {
        "chat/completions".into()
    }

    fn wants_completion_tokens(&self, model: &str, quirks: Quirks) -> bool {
        quirks.wants_completion_tokens || (self.has_thinkers && request::is_thinker(model))
    }

    fn chat_body(
        &self,
        request: &Request,
        model: &str,
        quirks: Quirks,
    ) -> Result<Json, Unsupported> {
        request::body(self, request, model, quirks)
    }

    fn read_answer(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        answer::read(body)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        answer::read_usage(body)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::Chat::default())
    }

    fn responses_decoder(&self) -> Option<Box<dyn Decoder>> {
        self.takes_responses.then(|| Box::new(responses::Responses::default()) as Box<dyn Decoder>)
    }

    fn complaint(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
        complaint::read(status, headers, body)
    }

    fn rates(&self, headers: &HeaderMap) -> Rates {
        let text = |name: &str| wait::header(headers, name).map(str::trim);
        Rates {
            requests_left: text("x-ratelimit-remaining-requests").and_then(|it| it.parse().ok()),
            requests_reset: text("x-ratelimit-reset-requests").and_then(wait::spelled),
            tokens_left: text("x-ratelimit-remaining-tokens").and_then(|it| it.parse().ok()),
            tokens_reset: text("x-ratelimit-reset-tokens").and_then(wait::spelled),
            ..Rates::default()
        }
    }

    fn models_path(&self) -> &'static str {
        "models"
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<String>, Unreadable> {
        answer::read_models(body)
    }

    fn embed(
        &self,
        model: &str,
        texts: &[String],
        dimensions: Option<u32>,
    ) -> Option<(String, Json)> {
        (self.embed)(model, texts, dimensions)
    }

    fn read_embeddings(
        &self,
        body: &[u8],
        count: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        (self.read_embeddings)(body, count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base::Secret;

    use super::*;

    #[test]
    fn the_key_goes_into_a_header_that_is_never_shown() {
        let headers = OPENAI.headers(Some("sk-secret"));
        assert_eq!(headers[0].1, "Bearer sk-secret");
        assert!(!format!("{headers:?}").contains("secret"), "{headers:?}");
        assert_eq!(OPENAI.headers(None), []);
        assert_eq!(OPENAI.headers(Some("no\nkey")), []);
    }

    #[test]
    fn a_key_or_an_address_is_needed() {
        let nothing = ProviderSettings::default();
        assert_eq!(OPENAI.check(&nothing)[0].0, "api_key");
        let here = ProviderSettings {
            base_url: Some("http://127.0.0.1:1".into()),
            ..ProviderSettings::default()
        };
        assert_eq!(OPENAI.check(&here), []);
        let keyed = ProviderSettings {
            api_key: Some(Secret::new("k".into())),
            ..ProviderSettings::default()
        };
        assert_eq!(OPENAI.check(&keyed), []);
    }

    #[test]
    fn what_is_left_is_read_from_the_headers() {
        let headers = [
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-remaining-tokens", " 149984 "),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        let headers: HeaderMap = headers
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let rates = Rates {
            requests_left: Some(59),
            requests_reset: Some(Duration::from_millis(12)),
            tokens_left: Some(149_984),
            tokens_reset: Some(Duration::from_secs(360)),
            ..Rates::default()
        };
        assert_eq!(OPENAI.rates(&headers), rates);
        assert_eq!(OPENAI.rates(&HeaderMap::new()), Rates::default());
    }
}
