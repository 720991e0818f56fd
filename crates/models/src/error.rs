//! Why there is no answer, and what the reader can do next.

use std::time::Duration;

/// A question that got no answer one can use.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// There is no provider, or none for this kind of question.
    #[error(
        "no model is configured; set OPENAI_API_KEY or OPENAI_BASE_URL, or name a provider in \
         config/llm.yaml"
    )]
    NotConfigured,
    /// The provider cannot be reached, breaks off, or fails by itself.
    #[error("model provider `{provider}` is unavailable: {why}")]
    Unavailable {
        /// Which.
        provider: String,
        /// What was seen.
        why: String,
        /// When to try again, when that is known.
        retry_after: Option<Duration>,
    },
    /// The model of this process is not there, or not as it was installed.
    #[error("model provider `{provider}` is not ready: {why}")]
    NotReady {
        /// Which.
        provider: String,
        /// What is missing, and the way out.
        why: String,
    },
    /// The provider took too long.
    #[error("model provider `{provider}` gave no answer within {} s", after.as_secs())]
    Timeout {
        /// Which.
        provider: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The provider wants fewer requests, too many of ours are waiting for it, or those under way
    /// hold what is left of a budget.
    #[error("model provider `{provider}` is over its rate limit")]
    RateLimited {
        /// Which.
        provider: String,
        /// When to try again, when it said so.
        retry_after: Option<Duration>,
    },
    /// The provider refuses this request: a wrong key, an unknown model, an overlong question.
    #[error("model provider `{provider}` refused the request with status {status}: {message}")]
    Refused {
        /// Which.
        provider: String,
        /// The HTTP status.
        status: u16,
        /// What it said: cut short, secrets taken out.
        message: String,
    },
    /// A policy does not allow this model here.
    #[error("the model `{model}` may not be used for this; `policies` of config/llm.yaml say so")]
    NotAllowed {
        /// Which.
        model: String,
    },
    /// A budget is used up.
    #[error("{why}")]
    OverBudget {
        /// Which, and when it begins anew.
        why: String,
        /// When it begins anew.
        retry_after: Option<Duration>,
    },
    /// The model answered, and no answer was one that can be used.
    #[error("the model's answer cannot be used: {}", errors.join("; "))]
    Unusable {
        /// What is wrong with the last answer, each with its place.
        errors: Vec<String>,
    },
    /// The schema that answers should follow is not one.
    #[error("the schema for the answer is not a valid JSON Schema: {why}")]
    InvalidSchema {
        /// What is wrong with it.
        why: String,
    },
}

impl ModelError {
    /// Did no model answer? Then a task's fallback may serve. A model that answered badly, a wrong
    /// key and a rate limit are not absence: a fallback there would hide what a person should know.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::NotConfigured
                | Self::NotReady { .. }
                | Self::Unavailable { .. }
                | Self::Timeout { .. }
        )
    }

    /// May the same question be answered later, without anybody changing anything?
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. } | Self::RateLimited { .. })
    }

    /// When to try again, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. }
            | Self::RateLimited { retry_after, .. }
            | Self::OverBudget { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The settings do not make a working door.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting cannot work.
    #[error("llm setting `{path}` {message}")]
    Setting {
        /// Which.
        path: String,
        /// Why, and the way out.
        message: String,
    },
    /// The HTTP client cannot be made.
    #[error("cannot make the HTTP client of model provider `{provider}`")]
    Client {
        /// For which provider.
        provider: String,
        /// Why.
        source: reqwest::Error,
    },
}
