//! `generateContent` of Gemini's own address.
//!
//! What is lost on the way there: `user`, `parallel_tool_calls`, the strictness of tools and
//! schemas, and cache marks; thoughts go without their words, with their proofs. Refused: pictures
//! at addresses that are not Google's, results of tools that no call asked for, several answers,
//! sound.
//!
//! Start at [`Gemini`]; requests are made in `request`, answers and pieces read in `answer`.

mod answer;
mod refusal;
mod request;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};

use super::{Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire, count::count};
use crate::{
    Usage,
    chat::{Answer, Request},
    quirk::Quirks,
    settings::ProviderSettings,
};

/// Gemini.
pub struct Gemini;

/// The word for it.
pub const KIND: &str = "gemini";

impl Dialect for Gemini {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wire(&self) -> Wire {
        Wire::Gemini
    }

    fn address(&self) -> Option<&'static str> {
        Some("https://generativelanguage.googleapis.com/v1beta")
    }

    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        if settings.api_key.is_some() || settings.base_url.is_some() {
            return Vec::new();
        }
        vec![(
            "api_key",
            "is missing: make one at https://aistudio.google.com and set GEMINI_API_KEY".into(),
        )]
    }

    fn headers(&self, key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        // Never as `?key=`: addresses get into logs.
        let value = key.and_then(|it| HeaderValue::from_str(it).ok());
        let header = |mut value: HeaderValue| {
            value.set_sensitive(true);
            (HeaderName::from_static("x-goog-api-key"), value)
        };
        value.map(header).into_iter().collect()
    }

    fn chat_path(&self, model: &str, stream: bool) -> String {
        let act = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("{}:{act}", path_of(model))
    }

    fn chat_body(
        &self,
        request: &Request,
        model: &str,
        quirks: Quirks,
    ) -> Result<Json, Unsupported> {
        request::body(request, model, quirks)
    }

    fn read_answer(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        answer::read(body)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        answer::usage(&answer::parse(body).ok()?)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(answer::Stream::default())
    }

    fn complaint(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
        refusal::read(status, headers, body)
    }

    fn rates(&self, _headers: &HeaderMap) -> Rates {
        Rates::default()
    }

    fn models_path(&self) -> &'static str {
        "models?pageSize=1000"
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<String>, Unreadable> {
        let body = answer::parse(body)?;
        let models = body.get("models").and_then(Json::as_array);
        let models = models.ok_or(Unreadable::Shape("it has no `models`"))?;
        let names = models.iter().filter_map(|it| it.get("name")?.as_str());
        Ok(names.map(|it| it.strip_prefix("models/").unwrap_or(it).to_owned()).collect())
    }

    fn embed(
        &self,
        model: &str,
        texts: &[String],
        dimensions: Option<u32>,
    ) -> Option<(String, Json)> {
        let path = path_of(model);
        let requests: Vec<Json> = texts
            .iter()
            .map(|text| {
                // Empty texts are refused.
                let text = if text.is_empty() { " " } else { text };
                let mut one = json!({"model": path, "content": {"parts": [{"text": text}]}});
                if let Some(dimensions) = dimensions {
                    one["outputDimensionality"] = dimensions.into();
                }
                one
            })
            .collect();
        Some((format!("{path}:batchEmbedContents"), json!({"requests": requests})))
    }

    fn read_embeddings(
        &self,
        body: &[u8],
        wanted: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        let body = answer::parse(body)?;
        let all = body.get("embeddings").and_then(Json::as_array);
        let all = all.ok_or(Unreadable::Shape("it has no `embeddings`"))?;
        let vectors = super::beside::vectors(all.iter().map(|it| it.get("values")), wanted)?;
        let counted = count(body.pointer("/usageMetadata/promptTokenCount"));
        Ok((vectors, counted.map(|tokens_in| Usage { tokens_in, ..Usage::default() })))
    }
}

/// Where a model is. Its name comes from a caller: whatever could lead elsewhere is escaped.
fn path_of(model: &str) -> String {
    let (folder, name) = match model.split_once('/') {
        Some((folder @ ("models" | "tunedModels"), name)) => (folder, name),
        _ => ("models", model),
    };
    let mut path = format!("{folder}/");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}
