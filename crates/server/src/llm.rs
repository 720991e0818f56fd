//! Models for whoever speaks a known dialect: any official client of OpenAI or Anthropic works
//! against `/llm/v1` or `/llm/anthropic`, with an application key of this house as its key.
//!
//! Requests are taken as they come and handed to [`models::relay`]; what comes back goes out as it
//! is, in one piece or as a stream. Refusals of the house itself (no key, too much, no such path)
//! are said in the caller's dialect too: [`refusal`].

mod room;
mod wish;

use std::{convert::Infallible, sync::Arc};

use axum::{body::Body, http::StatusCode, response::Response};
use base::Permission;
use futures::StreamExt;
use models::relay::{self, Asks, Call as ModelCall, Refused, Welcome, Words};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Visit,
    operation::{Answer, Call, Kind, Nothing, Operation, Raw},
    problem::Problem,
    stay::Stay,
    style::Style,
};

pub use room::Room;

/// How refusals are said under `/llm`.
#[derive(Debug)]
pub struct Styles {
    openai: Arc<Style>,
    anthropic: Arc<Style>,
}

impl Default for Styles {
    fn default() -> Self {
        let of = |words| Arc::new(Style::of_words(words));
        Self { openai: of(Words::Openai), anthropic: of(Words::Anthropic) }
    }
}

impl Styles {
    /// The style of a path under `/llm`; none for others.
    pub fn of_path(&self, path: &str) -> Option<&Arc<Style>> {
        let rest = path.strip_prefix("/llm").filter(|it| it.is_empty() || it.starts_with('/'))?;
        let is_anthropic =
            rest.strip_prefix("/anthropic").is_some_and(|it| it.is_empty() || it.starts_with('/'));
        Some(if is_anthropic { &self.anthropic } else { &self.openai })
    }
}

/// The operations of this face.
pub(crate) fn all() -> Vec<Operation> {
    let asks = |asks: Asks| move |call: Call, _: Nothing| ask(call, asks);
    let post = |name, gives, summary, what| {
        let run = asks(what);
        Operation::new(name, Permission::UseModels, Kind::One, gives, summary, run).raw()
    };
    vec![
        post(
            "llm.chat",
            "ChatCompletion",
            "Ask a model, as OpenAI's chat completions do.",
            Asks::Chat,
        ),
        post(
            "llm.responses",
            "ModelResponse",
            "Ask a model, as OpenAI's responses do.",
            Asks::Responses,
        ),
        post(
            "llm.embeddings",
            "EmbeddingList",
            "Make embeddings, as OpenAI does.",
            Asks::Embeddings,
        ),
        post(
            "llm.messages",
            "AnthropicMessage",
            "Ask a model, as Anthropic's messages do.",
            Asks::Messages,
        ),
        post(
            "llm.count_tokens",
            "TokenCount",
            "Count the tokens of a question, as Anthropic does.",
            Asks::CountTokens,
        ),
        list(
            "llm.models",
            "ModelList",
            "List the models that can be asked, as OpenAI does.",
            Words::Openai,
        ),
        one(
            "llm.model",
            "ListedModel",
            "See one model that can be asked, as OpenAI does.",
            Words::Openai,
        ),
        list(
            "llm.anthropic_models",
            "AnthropicModelList",
            "List the models that can be asked, as Anthropic does.",
            Words::Anthropic,
        ),
        one(
            "llm.anthropic_model",
            "AnthropicModel",
            "See one model that can be asked, as Anthropic does.",
            Words::Anthropic,
        ),
    ]
}

/// A refusal of the house, in the words of a dialect.
pub(crate) fn refusal(words: Words, problem: &Problem, visit: &Visit) -> Vec<u8> {
    let mut message = problem.detail().to_owned();
    if let Some(hint) = problem.way_out() {
        message = format!("{} Way out: {hint}.", message.trim_end());
    }
    let refused = Refused {
        status: problem.status(),
        code: problem.code(),
        message,
        param: problem.subject().map(str::to_owned),
        request_id: visit.id.to_string(),
        retry_after: problem.comes_back_in(),
    };
    relay::refusal(words, &refused).to_vec()
}

async fn ask(mut call: Call, asks: Asks) -> Result<Answer, Problem> {
    let raw = raw(&mut call)?;
    let account = wish::account(&call, &raw, asks)?;
    let stay = Stay::from_now(&call.app, call.caller);
    let reply = call.app.models.relay(ModelCall {
        asks,
        account,
        headers: raw.headers,
        body: raw.body,
        request_id: call.visit.id.clone(),
        welcome: Welcome::until(move || stay.clone().over()),
    });
    Ok(answer(reply.await))
}

fn list(name: &'static str, gives: &'static str, summary: &'static str, words: Words) -> Operation {
    let run = move |mut call: Call, _: Nothing| async move {
        let raw = raw(&mut call)?;
        let account = wish::account(&call, &raw, Asks::Chat)?;
        Ok(answer(call.app.models.listed(&account, words).await))
    };
    Operation::new(name, Permission::UseModels, Kind::One, gives, summary, run).raw()
}

#[derive(Debug, Deserialize, JsonSchema)]
struct One {
    /// The name to ask for: an alias, a priority, or `provider/model`.
    model: String,
}

fn one(name: &'static str, gives: &'static str, summary: &'static str, words: Words) -> Operation {
    let run = move |mut call: Call, args: One| async move {
        let raw = raw(&mut call)?;
        let account = wish::account(&call, &raw, Asks::Chat)?;
        let models = &call.app.models;
        Ok(answer(models.listed_as(&account, &args.model, words, &call.visit.id).await))
    };
    Operation::new(name, Permission::UseModels, Kind::One, gives, summary, run).raw()
}

fn raw(call: &mut Call) -> Result<Raw, Problem> {
    call.raw.take().ok_or_else(|| Problem::internal("a raw operation was called without a request"))
}

fn answer(reply: relay::Reply) -> Answer {
    let body = match reply.body {
        relay::Body::Whole(bytes) => Body::from(bytes),
        relay::Body::Stream(stream) => Body::from_stream(stream.map(Ok::<_, Infallible>)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = reply.headers;
    Answer::stream(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_words_of_its_dialect() {
        let styles = Styles::default();
        let words = |path| styles.of_path(path).and_then(|it| it.words());
        assert_eq!(words("/llm/v1/nothing"), Some(Words::Openai));
        assert_eq!(words("/llm"), Some(Words::Openai));
        assert_eq!(words("/llm/anthropic/v1/messages"), Some(Words::Anthropic));
        assert_eq!(words("/llm/anthropical"), Some(Words::Openai));
        assert_eq!(words("/llmx"), None);
        assert_eq!(words("/api/me"), None);
    }
}
