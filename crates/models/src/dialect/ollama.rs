//! `/api/chat` of Ollama: its own address, not the compatible one, because only here the size of
//! the context can be named (`num_ctx`) and what is too long is refused instead of cut.
//!
//! What is lost on the way there: `user`, `parallel_tool_calls`, the strictness of tools and
//! schemas, that a tool failed, proofs of thoughts and cache marks. Refused: a tool that must be
//! called, pictures at addresses, pictures from tools, several answers, sound.
//!
//! Start at [`Ollama`]; requests are made in `request`, answers and pieces read in `answer`.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value as Json, json};

use super::{
    Class, Complaint, Decoder, Dialect, Rates, Unreadable, Unsupported, Wire,
    count::count,
    refusal::{heard, presentable},
};
use crate::{
    Usage,
    chat::{Answer, Request},
    quirk::Quirks,
    settings::ProviderSettings,
};

/// Ollama.
pub struct Ollama;

/// The word for it.
pub const KIND: &str = "ollama";

// An address may end in `/v1`, where Ollama is compatible with OpenAI, or in `/api`: both lead here.
const CHAT: &str = "../api/chat";
const EMBED: &str = "../api/embed";
const TAGS: &str = "../api/tags";

impl Dialect for Ollama {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wire(&self) -> Wire {
        Wire::Ollama
    }

    fn address(&self) -> Option<&'static str> {
        Some("http://localhost:11434/api")
    }

    fn check(&self, _settings: &ProviderSettings) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn headers(&self, key: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let value = key.and_then(|it| HeaderValue::try_from(format!("Bearer {it}")).ok());
        let named = |mut value: HeaderValue| {
            value.set_sensitive(true);
            (header::AUTHORIZATION, value)
        };
        value.map(named).into_iter().collect()
    }

    fn chat_path(&self, _model: &str, _stream: bool) -> String {
        CHAT.into()
    }

    fn chat_body(
        &self,
        request: &Request,
        model: &str,
        quirks: Quirks,
    ) -> Result<Json, Unsupported> {
        request::body(request, model, quirks)
    }

    fn size(&self, body: &mut Json, context: u64) -> bool {
        // Who asks for a size of their own gets it.
        let is_free = body.pointer("/options/num_ctx").is_none();
        if is_free {
            body["options"]["num_ctx"] = context.into();
        }
        is_free
    }

    fn read_answer(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        answer::read(body)
    }

    fn read_usage(&self, body: &[u8]) -> Option<Usage> {
        answer::read(body).ok()?.usage
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(answer::Stream::default())
    }

    fn complaint(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
        let heard = heard(status, headers);
        match serde_json::from_slice::<Json>(body) {
            Ok(body) => of(heard, &body),
            Err(_) => heard,
        }
    }

    fn rates(&self, _headers: &HeaderMap) -> Rates {
        Rates::default()
    }

    fn models_path(&self) -> &'static str {
        TAGS
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<String>, Unreadable> {
        let body = parse(body)?;
        let models = body.get("models").and_then(Json::as_array);
        let models = models.ok_or(Unreadable::Shape("it has no `models`"))?;
        let name = |it: &Json| {
            let name = it.get("model").or_else(|| it.get("name"))?.as_str()?;
            Some(name.to_owned())
        };
        Ok(models.iter().filter_map(name).collect())
    }

    fn embed(
        &self,
        model: &str,
        texts: &[String],
        dimensions: Option<u32>,
    ) -> Option<(String, Json)> {
        // Without `truncate` a text that is too long is cut, and nobody is told.
        let mut body = json!({"model": model, "input": texts, "truncate": false});
        if let Some(dimensions) = dimensions {
            body["dimensions"] = dimensions.into();
        }
        Some((EMBED.into(), body))
    }

    fn read_embeddings(
        &self,
        body: &[u8],
        wanted: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
        let body = parse(body)?;
        let all = body.get("embeddings").and_then(Json::as_array);
        let all = all.ok_or(Unreadable::Shape("it has no `embeddings`"))?;
        let vectors = super::beside::vectors(all.iter().map(Some), wanted)?;
        let counted = count(body.get("prompt_eval_count")).filter(|it| *it > 0);
        Ok((vectors, counted.map(|tokens_in| Usage { tokens_in, ..Usage::default() })))
    }
}

/// The body as JSON that is no error.
fn parse(body: &[u8]) -> Result<Json, Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    match within(&body) {
        Some(complaint) => Err(Unreadable::Complaint(complaint)),
        None => Ok(body),
    }
}

/// Reads an error that came without a status: a line of a stream, or sent as an answer.
fn within(body: &Json) -> Option<Complaint> {
    body.get("error").filter(|it| !it.is_null())?;
    Some(of(Complaint { class: Class::Broken, ..Complaint::default() }, body))
}

/// Ollama has neither types nor codes, unless what runs the model has: then its error comes as JSON
/// within the text. What a text says beyond its status is told by its phrases.
fn of(heard: Complaint, body: &Json) -> Complaint {
    let error = body.get("error").unwrap_or(&Json::Null);
    let inner: Option<Json> = error.as_str().and_then(|it| serde_json::from_str(it).ok());
    let error = inner.as_ref().and_then(|it| it.get("error")).unwrap_or(error);
    let message = error.as_str().or_else(|| error.get("message")?.as_str()).unwrap_or_default();
    let kind = error.get("type").and_then(Json::as_str);
    let words = message.to_lowercase();
    let says = |all: &[&str]| all.iter().any(|it| words.contains(it));
    let is_open = matches!(heard.class, Class::Invalid | Class::Broken);
    let class = if !is_open {
        heard.class
    } else if kind == Some("exceed_context_size_error")
        || says(&["context length", "context window", "context size"])
    {
        Class::ContextLength
    } else if says(&["not found", "does not support"]) {
        // It is there but cannot do this: another model may, so it is as good as not there.
        Class::UnknownModel
    } else if says(&["server busy", "maximum pending requests"]) {
        Class::Overloaded
    } else {
        heard.class
    };
    Complaint { message: presentable(message), kind: kind.map(str::to_owned), class, ..heard }
}
