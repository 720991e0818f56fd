//! What the policies of the settings say about a call. What a caller says about itself changes
//! nothing of it: a policy looks at whose call it is, and at what kind of call.

use base::TenantId;

use crate::{
    limit::Priority,
    settings::{Disconnect, Policy},
};

/// Whose call it is, and of what kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Concerned<'a> {
    pub(crate) tenant: TenantId,
    /// The key or the user, as the ledger knows them.
    pub(crate) caller: Option<&'a str>,
    pub(crate) operation: &'a str,
}

/// What the policies say about a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) model: Option<String>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) cache: Option<bool>,
    pub(crate) on_disconnect: Option<Disconnect>,
    pub(crate) task: Option<String>,
    pub(crate) priority: Option<Priority>,
}

/// What the policies that concern this call say, and their lists of what is allowed.
pub(crate) fn rules<'a>(policies: &'a [Policy], call: Concerned<'_>) -> (Rules, Vec<&'a [String]>) {
    let (mut rules, mut allowed) = (Rules::default(), Vec::new());
    for policy in policies.iter().filter(|it| concerns(it, call)) {
        rules.model = rules.model.or_else(|| policy.model.clone());
        rules.max_tokens = rules.max_tokens.or(policy.max_tokens);
        rules.cache = rules.cache.or(policy.cache);
        rules.on_disconnect = rules.on_disconnect.or(policy.on_disconnect);
        rules.task = rules.task.or_else(|| policy.task.clone());
        rules.priority = rules.priority.or(policy.priority);
        if !policy.allow.is_empty() {
            allowed.push(policy.allow.as_slice());
        }
    }
    (rules, allowed)
}

fn concerns(policy: &Policy, call: Concerned<'_>) -> bool {
    policy.tenant.is_none_or(|it| it == call.tenant)
        && policy.key.as_deref().is_none_or(|it| Some(it) == call.caller)
        && policy.operation.as_deref().is_none_or(|it| it == call.operation)
}

/// How soon the turn of a call comes: as the policies say, or later if that is wished.
pub(crate) fn priority(given: Option<Priority>, wished: Option<Priority>) -> Priority {
    let given = given.unwrap_or(Priority::DEFAULT);
    wished.map_or(given, |it| it.max(given))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const fn call(operation: &str) -> Concerned<'_> {
        Concerned { tenant: TenantId::DEFAULT, caller: Some("key_1"), operation }
    }

    #[test]
    fn the_first_policy_that_says_something_counts() {
        let policies: Vec<Policy> = serde_json::from_value(json!([
            {"key": "key_2", "task": "theirs", "priority": "high"},
            {"operation": "chat", "task": "letters"},
            {"key": "key_1", "task": "numbers", "priority": "low"},
            {"priority": "high"},
        ]))
        .unwrap();
        let rules = |operation| rules(&policies, call(operation)).0;
        let (chat, embeddings) = (rules("chat"), rules("embeddings"));
        assert_eq!((chat.task.as_deref(), chat.priority), (Some("letters"), Some(Priority::Low)));
        assert_eq!(embeddings.task.as_deref(), Some("numbers"));
    }

    #[rstest]
    #[case(None, None, Priority::Normal)]
    #[case(None, Some(Priority::High), Priority::Normal)]
    #[case(None, Some(Priority::Low), Priority::Low)]
    #[case(Some(Priority::High), None, Priority::High)]
    #[case(Some(Priority::High), Some(Priority::Normal), Priority::Normal)]
    #[case(Some(Priority::Low), Some(Priority::High), Priority::Low)]
    fn a_wish_for_a_turn_is_heard_when_it_is_for_a_later_one(
        #[case] given: Option<Priority>,
        #[case] wished: Option<Priority>,
        #[case] expected: Priority,
    ) {
        assert_eq!(priority(given, wished), expected);
    }
}
