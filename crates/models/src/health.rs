//! How the providers do, from what was last seen. Asking spends nothing and waits for nothing.

use base::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Models;

/// How models do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// There is no provider.
    NotConfigured,
    /// Each provider by itself.
    Providers(Vec<ProviderHealth>),
}

/// How one provider does.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProviderHealth {
    /// Which.
    pub provider: String,
    /// What was last seen.
    #[serde(flatten)]
    pub state: State,
}

/// What was last seen of a provider.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Nothing was asked of it since the start.
    NeverUsed,
    /// It answered.
    Ok {
        /// When it last did.
        at: Timestamp,
    },
    /// It does not answer, or not to us.
    Failing {
        /// The first failure after its last answer.
        since: Timestamp,
        /// The last failure.
        why: String,
    },
}

impl Health {
    /// Is at least one provider there, and none of them failing?
    pub fn is_good(&self) -> bool {
        match self {
            Self::NotConfigured => false,
            Self::Providers(all) => all.iter().all(|it| !matches!(it.state, State::Failing { .. })),
        }
    }

    /// One line for a health report.
    pub fn summary(&self) -> String {
        let Self::Providers(all) = self else { return "no model is configured".into() };
        let line = |it: &ProviderHealth| match &it.state {
            State::NeverUsed => format!("{}: not used yet", it.provider),
            State::Ok { at } => format!("{}: answered at {at:.0}", it.provider),
            State::Failing { since, why } => {
                format!("{}: failing since {since:.0}: {why}", it.provider)
            }
        };
        all.iter().map(line).collect::<Vec<_>>().join("; ")
    }
}

impl State {
    pub(crate) fn answered(&mut self, now: Timestamp) {
        *self = Self::Ok { at: now };
    }

    pub(crate) fn failed(&mut self, now: Timestamp, why: String) {
        let since = match self {
            Self::Failing { since, .. } => *since,
            Self::NeverUsed | Self::Ok { .. } => now,
        };
        *self = Self::Failing { since, why };
    }
}

impl Models {
    /// How the providers do, from what was last seen of them in this process.
    pub fn health(&self) -> Health {
        let all: Vec<_> = self.providers().map(crate::relay::Provider::health).collect();
        if all.is_empty() { Health::NotConfigured } else { Health::Providers(all) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_since_is_the_first_failure_in_a_row() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let mut state = State::NeverUsed;
        state.failed(at(1), "a".into());
        state.failed(at(2), "b".into());
        assert_eq!(state, State::Failing { since: at(1), why: "b".into() });
        state.answered(at(3));
        state.failed(at(4), "c".into());
        assert_eq!(state, State::Failing { since: at(4), why: "c".into() });
    }
}
