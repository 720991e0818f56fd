//! How limits stand: for those who look. Looking changes nothing.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{LimitSettings, Waiting};

/// A limit, and who has used how much of it in this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// The limit.
    #[serde(flatten)]
    pub limit: LimitSettings,
    /// Those who use it, the busiest first.
    pub used: Vec<Use>,
}

/// What one provider, model, tenant or key has used of its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Use {
    /// Which: `provider`, `provider/model`, a tenant's or a key's id.
    #[schemars(with = "String")]
    pub id: Arc<str>,
    /// Requests in the last sixty seconds; none where they are not limited, and so not counted.
    pub requests: Option<u64>,
    /// Tokens in the last sixty seconds, those that are reserved included; none where they are not
    /// limited, and so not counted.
    pub tokens: Option<u64>,
    /// Requests that are under way.
    pub in_flight: u32,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueStanding {
    /// How many wait.
    pub depth: usize,
    /// How many may.
    pub depth_max: usize,
    /// The longest that one waits, in seconds.
    pub wait_max_s: f64,
    /// Who waits, those first whose turn comes first.
    pub waiting: Vec<Waiting>,
}

impl Use {
    pub(super) fn is_nothing(&self) -> bool {
        self.weight() == (0, 0, 0)
    }

    /// How busy it is.
    pub(super) fn weight(&self) -> (u32, u64, u64) {
        (self.in_flight, self.requests.unwrap_or(0), self.tokens.unwrap_or(0))
    }
}
