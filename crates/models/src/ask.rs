//! What is asked of a model, and what comes back.

use std::{iter::Sum, ops::Add, time::Duration};

use base::{JobId, MicroUsd, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{money::NanoUsd, price::Tariff, repair::Repair};

/// A question, and on whose account it goes.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose usage this is.
    pub tenant: TenantId,
    /// What it is for, in a word of the application: `refactor`.
    pub operation: String,
    /// The job that asks, when one does.
    pub job: Option<JobId>,
    /// Who asks, as the audit log writes actors.
    pub user: Option<String>,
    /// What matters; chooses the model.
    pub priority: Priority,
    /// The model, as `provider/model` or as a name of the chosen provider; overrides the priority.
    pub model: Option<String>,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The most tokens of the answer.
    pub max_tokens: Option<u32>,
    /// 0 is sober, 1 is lively.
    pub temperature: Option<f64>,
    /// The same seed asks for the same answer, where a provider can.
    pub seed: Option<i64>,
    /// An answer that the same question of the same tenant got a short while ago will do:
    /// [`crate::Models::structured`] repeats it, as the gateway does.
    pub may_repeat: bool,
    /// How many answers [`crate::Models::structured`] asks for until one can be used; at least one.
    pub answers: u32,
    /// How long it waits after one that cannot be used.
    pub pause: Duration,
}

/// The first answer, and two more with what was wrong.
pub const ANSWERS: u32 = 3;

impl Ask {
    /// A question with nothing special about it.
    pub fn new(tenant: TenantId, operation: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            tenant,
            operation: operation.into(),
            job: None,
            user: None,
            priority: Priority::Balanced,
            model: None,
            messages,
            max_tokens: None,
            temperature: None,
            seed: None,
            may_repeat: false,
            answers: ANSWERS,
            pause: Duration::ZERO,
        }
    }
}

/// What matters about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// That it comes soon and costs little.
    Speed,
    /// Neither more than the other.
    #[default]
    Balanced,
    /// That it is right.
    Accuracy,
}

impl Priority {
    /// The priority of this name, which is also the name of a model that callers may ask for.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "speed" => Some(Self::Speed),
            "balanced" => Some(Self::Balanced),
            "accuracy" => Some(Self::Accuracy),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Balanced => "balanced",
            Self::Accuracy => "accuracy",
        }
    }
}

/// One part of a conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one who sets the rules.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

impl Message {
    /// Says the rules.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// Asks.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// Repeats what the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// Shows how long a message is, never what it says: an `Ask` in a log must not be a leak.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} ({} bytes)", self.role, self.content.len())
    }
}

/// What a model said.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// The model that was asked, by the provider's name for it.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// Tokens used by the attempt that succeeded.
    pub usage: Usage,
    /// What that attempt cost.
    pub cost: Cost,
    /// How long that attempt took.
    pub latency: Duration,
    /// The answer stops because `max_tokens` was reached.
    pub is_cut: bool,
}

/// Shows everything but the text.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("text_bytes", &self.text.len())
            .field("model", &self.model)
            .field("provider", &self.provider)
            .field("usage", &self.usage)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// A JSON value that a model said, valid by its schema.
#[derive(Debug, Clone)]
pub struct Structured {
    /// The value.
    pub value: Json,
    /// How many answers it took: 1 when the first was good, 0 when it was kept from before.
    pub attempts: u32,
    /// What had to be mended before the value validated. Empty when nothing had.
    pub repairs: Vec<Repair>,
    /// The last answer, as it came.
    pub answer: Answer,
    /// Tokens of all answers together.
    pub usage: Usage,
    /// The cost of all answers together; unknown when one is.
    pub cost: Cost,
    /// It was kept from before: nobody was asked, and it cost nothing.
    pub is_repeated: bool,
}

/// Tokens used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Of the question, cached ones included.
    pub tokens_in: u64,
    /// Of the answer.
    pub tokens_out: u64,
    /// Of the question, those that the provider had cached.
    pub cached: u64,
    /// Of the question, those that were written into the provider's cache, which some bill for more.
    pub cache_written: u64,
    /// Of those, what stays there for an hour and not for minutes, which is billed for still more.
    pub cache_written_1h: u64,
    /// Of the answer, those that were thought and not said.
    pub reasoning: u64,
    /// Of the question, those that were sound.
    pub audio_in: u64,
    /// Of the answer, those that were sound.
    pub audio_out: u64,
    /// How often the provider searched the web for it: billed one by one, beside the tokens.
    pub web_searches: u64,
    /// The provider did not count; see [`crate::tokens`].
    pub estimated: bool,
    /// On what terms, where they change the price.
    pub tariff: Tariff,
}

impl Usage {
    /// Question and answer together.
    pub fn total(&self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// The same as if nothing of it had a price of its own but what was cached and thought: it cost no less than that.
    pub(crate) fn plain(self) -> Self {
        Self {
            cache_written: 0,
            cache_written_1h: 0,
            audio_in: 0,
            audio_out: 0,
            web_searches: 0,
            tariff: Tariff::Ordinary,
            ..self
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            tokens_in: self.tokens_in + other.tokens_in,
            tokens_out: self.tokens_out + other.tokens_out,
            cached: self.cached + other.cached,
            cache_written: self.cache_written + other.cache_written,
            cache_written_1h: self.cache_written_1h + other.cache_written_1h,
            reasoning: self.reasoning + other.reasoning,
            audio_in: self.audio_in + other.audio_in,
            audio_out: self.audio_out + other.audio_out,
            web_searches: self.web_searches + other.web_searches,
            estimated: self.estimated || other.estimated,
            tariff: self.tariff.and(other.tariff),
        }
    }
}

/// What something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// So much.
    Known(NanoUsd),
    /// The model has no price in the settings, or nobody knows how far it came.
    Unknown,
}

impl Cost {
    /// The amount as it is shown, when it is known.
    pub fn known(self) -> Option<MicroUsd> {
        self.nanos().map(NanoUsd::micros)
    }

    /// The exact amount, when it is known.
    pub fn nanos(self) -> Option<NanoUsd> {
        match self {
            Self::Known(amount) => Some(amount),
            Self::Unknown => None,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.map(Self::nanos).sum::<Option<NanoUsd>>().map_or(Self::Unknown, Self::Known)
    }
}

/// Texts as vectors, in the order of the texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// The model that made them.
    pub model: String,
    /// The length of each vector; 0 when there were no texts.
    pub dimensions: usize,
    /// One for each text.
    pub vectors: Vec<Vec<f32>>,
}
