//! How much Anthropic's models are asked to think. Newer ones decide by themselves and take a word
//! for the effort; older ones take a number of tokens.

use serde_json::{Map, Value as Json, json};

use super::{MAX_TOKENS_DEFAULT, model, request};
use crate::{
    chat::{Part, Request, Role, ToolChoice},
    dialect::proof,
};

/// Fewer are refused.
const BUDGET_MIN: u64 = 1024;

/// What a request becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking<'a> {
    /// Nothing is said of it.
    Unsaid,
    /// Not at all.
    Off,
    /// As the model likes, with this effort.
    Adaptive(Option<&'a str>),
    /// At most so many tokens, and so many for thoughts and answer together.
    Budget { tokens: u64, max_tokens: u64 },
}

impl<'a> Thinking<'a> {
    /// `limit` is how long the answer may be, thoughts included, where that is known.
    pub(super) fn of(
        request: &'a Request,
        model: &str,
        limit: Option<u64>,
        forces_tool: bool,
    ) -> Self {
        let Some(reasoning) = &request.reasoning else { return Self::Unsaid };
        let effort = reasoning.effort.as_deref();
        if effort == Some("none") {
            return Self::Off;
        }
        let must_call =
            matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
        if must_call || forces_tool {
            // Refused together: what must be done outweighs how much is thought of it.
            return Self::Unsaid;
        }
        let asked = match reasoning.budget_tokens {
            Some(tokens) => tokens,
            None if model::is_adaptive(model) => {
                return Self::Adaptive(effort.map(|it| if it == "minimal" { "low" } else { it }));
            }
            None => match effort {
                Some("minimal" | "low") => 1024,
                Some("high" | "xhigh" | "max") => 16_384,
                _ => 4096,
            },
        };
        if !has_its_thoughts(request) {
            return Self::Unsaid;
        }
        let asked = asked.max(BUDGET_MIN);
        match limit {
            None => Self::Budget { tokens: asked, max_tokens: asked + MAX_TOKENS_DEFAULT },
            Some(max) if max > BUDGET_MIN => {
                Self::Budget { tokens: asked.min(max - 1), max_tokens: max }
            }
            // There is no room to think.
            Some(_) => Self::Unsaid,
        }
    }

    pub(super) fn write(self, body: &mut Map<String, Json>) {
        match self {
            Self::Unsaid => {}
            Self::Off => {
                body.insert("thinking".into(), json!({"type": "disabled"}));
            }
            Self::Adaptive(effort) => {
                body.insert("thinking".into(), json!({"type": "adaptive"}));
                if let Some(effort) = effort {
                    request::output_config(body).insert("effort".into(), effort.into());
                }
            }
            Self::Budget { tokens, .. } => {
                body.insert("thinking".into(), json!({"type": "enabled", "budget_tokens": tokens}));
            }
        }
    }
}

/// With a budget, a turn that calls tools must come back with the thoughts before the calls. A
/// caller whose dialect has no place for them cannot give them; then this turn goes without.
fn has_its_thoughts(request: &Request) -> bool {
    let last = request.messages.iter().rev().find(|it| it.role == Role::Assistant);
    let in_a_loop = request.messages.last().is_some_and(|it| it.role == Role::Tool);
    let Some(last) = last.filter(|_| in_a_loop) else { return true };
    last.parts.iter().any(|it| match it {
        Part::Thinking { signature: Some(it), .. } => {
            proof::own(proof::ANTHROPIC, it).is_some()
                || proof::own(proof::ANTHROPIC_REDACTED, it).is_some()
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::chat::Reasoning;

    #[rstest]
    #[case::room_is_made(None, Some("low"), Thinking::Budget { tokens: 1024, max_tokens: 5120 })]
    #[case::within_the_limit(Some(2000), Some("high"), Thinking::Budget { tokens: 1999, max_tokens: 2000 })]
    #[case::no_room(Some(1000), Some("high"), Thinking::Unsaid)]
    #[case::off(Some(1000), Some("none"), Thinking::Off)]
    fn a_budget_leaves_room_for_the_answer(
        #[case] max_tokens: Option<u64>,
        #[case] effort: Option<&str>,
        #[case] expected: Thinking<'_>,
    ) {
        let reasoning = Reasoning { effort: effort.map(str::to_owned), budget_tokens: None };
        let request = Request { reasoning: Some(reasoning), ..Request::default() };
        assert_eq!(Thinking::of(&request, "claude-sonnet-4-5", max_tokens, false), expected);
    }

    #[test]
    fn who_must_call_a_tool_is_not_asked_to_think() {
        let request = Request {
            reasoning: Some(Reasoning::default()),
            tool_choice: Some(ToolChoice::Required),
            ..Request::default()
        };
        assert_eq!(Thinking::of(&request, "claude-opus-4-6", None, false), Thinking::Unsaid);
    }
}
