//! What the gateway does with a call on its way: names for models, what may be used by whom, how
//! long a call may take, what is kept for repetition.

use base::TenantId;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::limit::Priority;

/// What is known of one model, by `provider/model` or `model`; a `*` at the end stands for any rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// The most tokens of question and answer together. A question that is longer goes to a model
    /// that takes it, if one follows among the fallbacks.
    pub context: Option<u64>,
    /// The most tokens of one answer. Default: known of Anthropic's models by their names.
    pub max_output: Option<u64>,
}

/// What holds for some calls: those that have everything it names. Of several that concern a call
/// the first that says something counts; what is allowed must be allowed by all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Calls on account of this tenant.
    #[schemars(with = "Option<String>")]
    pub tenant: Option<TenantId>,
    /// Calls with this application key, or of this user: `key_…`, `usr_…`.
    pub key: Option<String>,
    /// Calls for this operation: the name of a task, or `chat`, `embeddings`, `messages`, `responses`,
    /// `count_tokens` for what comes through the gateway, whatever its caller says it is for.
    pub operation: Option<String>,
    /// The model that serves, whatever was asked for.
    pub model: Option<String>,
    /// The models that may be used, as they are asked for or as `provider/model`; a `*` at the end
    /// stands for any rest. Empty: all.
    pub allow: Vec<String>,
    /// The most tokens of one answer. A call that asks for more gets this many.
    pub max_tokens: Option<u64>,
    /// Whether answers are kept for repetition.
    pub cache: Option<bool>,
    /// What happens when the caller is gone before the answer is whole.
    pub on_disconnect: Option<Disconnect>,
    /// The task that calls through the gateway count for, whatever their caller says.
    pub task: Option<String>,
    /// How soon their turn comes when others wait too. A caller may wish for a later one. Default:
    /// `normal`.
    pub priority: Option<Priority>,
}

/// What happens to an answer whose caller is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disconnect {
    /// The provider is hung up on: it stops working, and what it used is estimated.
    #[default]
    Cancel,
    /// The rest is read and thrown away, within a bound: what it used is known exactly.
    Drain,
}

/// How long a call may take on its way, and how much it may weigh.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelaySettings {
    /// The most attempts of one call, all models together.
    pub attempts_max: u32,
    /// The longest until an answer begins, all attempts, waits and the queue together. Time-outs of providers that are
    /// longer end with it.
    pub deadline: SignedDuration,
    /// How often a stream that is silent gets a comment, so that nobody on the way closes it.
    pub heartbeat: SignedDuration,
    /// What happens when the caller is gone before the answer is whole.
    pub on_disconnect: Disconnect,
    /// How long a caller may take nothing of a stream before they count as gone.
    pub caller_patience: SignedDuration,
    /// The longest that the rest of an answer without a caller is read.
    pub drain_max: SignedDuration,
    /// The largest request, in bytes. Pictures come inside of it.
    pub request_bytes_max: usize,
    /// The largest whole answer, in bytes.
    pub answer_bytes_max: usize,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            attempts_max: 8,
            deadline: SignedDuration::from_secs(300),
            heartbeat: SignedDuration::from_secs(15),
            on_disconnect: Disconnect::Cancel,
            caller_patience: SignedDuration::from_secs(60),
            drain_max: SignedDuration::from_secs(60),
            request_bytes_max: 32 * 1024 * 1024,
            answer_bytes_max: 32 * 1024 * 1024,
        }
    }
}

/// Which answers are kept for repetition: the same tenant, asking the same again, gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Whether any are.
    pub enabled: bool,
    /// For how long.
    pub ttl: SignedDuration,
    /// How much all of them may weigh, in bytes.
    pub bytes_max: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { enabled: true, ttl: SignedDuration::from_mins(10), bytes_max: 64 * 1024 * 1024 }
    }
}
