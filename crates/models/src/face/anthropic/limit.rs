//! A limit of the answer in bytes that pass. Thoughts are a part of the answer: a budget for them
//! that leaves no room for words is refused, so it is lowered with the whole.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::face::{Limited, fields::Whole, splice};

/// A budget of fewer tokens is refused.
const BUDGET_MIN: u64 = 1024;

/// The same bytes with at most so many tokens of the answer.
pub(super) fn limited(body: &Bytes, most: u64) -> Option<Limited> {
    #[derive(Deserialize)]
    struct Spots<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
        #[serde(borrow, default, deserialize_with = "splice::present")]
        max_tokens: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "splice::present")]
        thinking: Option<&'a RawValue>,
    }
    let text = splice::object(body)?;
    let spots: Spots<'_> = serde_json::from_str(text).ok()?;
    let fields = [("max_tokens", spots.max_tokens)];
    let mut lowered = splice::lowered(text, spots.model, &fields, most)?;
    if let Some(thinking) = spots.thinking.map(RawValue::get).filter(|it| it.starts_with('{')) {
        lowered.edits.extend(thoughts(text, thinking, most)?);
    }
    Some(lowered.write(body))
}

/// Lowers the budget for thoughts, or takes them away where there is no room for any. None when it
/// cannot be read.
fn thoughts(text: &str, thinking: &str, most: u64) -> Option<Option<splice::Edit>> {
    #[derive(Deserialize)]
    struct Thinking<'a> {
        #[serde(borrow, default, deserialize_with = "splice::present")]
        budget_tokens: Option<&'a RawValue>,
    }
    let known: Thinking<'_> = serde_json::from_str(thinking).ok()?;
    let budget = known.budget_tokens.map(RawValue::get).filter(|it| *it != "null");
    let Some(budget) = budget else { return Some(None) };
    let asked: Whole = serde_json::from_str(budget).ok()?;
    Some((asked.0 >= most).then(|| {
        if most > BUDGET_MIN {
            (splice::span(text, budget), (most - 1).to_string())
        } else {
            (splice::span(text, thinking), r#"{"type":"disabled"}"#.to_owned())
        }
    }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lowered(
        50,
        r#"{ "max_tokens" : 9e1, "odd":1.0, "model":"m"}"#,
        r#"{ "max_tokens" : 50, "odd":1.0, "model":"m"}"#
    )]
    #[case::said(50, r#"{"odd":1.0,"model":"m" }"#, r#"{"odd":1.0,"model":"m","max_tokens":50 }"#)]
    #[case::null(50, r#"{"model":"m","max_tokens":null}"#, r#"{"model":"m","max_tokens":50}"#)]
    #[case::thoughts(
        2000,
        r#"{"model":"m","thinking":{"type":"enabled", "budget_tokens":4096},"max_tokens":8000}"#,
        r#"{"model":"m","thinking":{"type":"enabled", "budget_tokens":1999},"max_tokens":2000}"#
    )]
    #[case::no_room_for_thoughts(
        500,
        r#"{"model":"m","max_tokens":8000,"thinking":{"type":"enabled","budget_tokens":1024} }"#,
        r#"{"model":"m","max_tokens":500,"thinking":{"type":"disabled"} }"#
    )]
    #[case::few_thoughts(
        2000,
        r#"{"model":"m","thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":8000}"#,
        r#"{"model":"m","thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":2000}"#
    )]
    #[case::as_the_model_likes(
        500,
        r#"{"model":"m","thinking":{"type":"adaptive"},"max_tokens":8000}"#,
        r#"{"model":"m","thinking":{"type":"adaptive"},"max_tokens":500}"#
    )]
    fn a_limit_is_spliced_in_and_nothing_else_changes(
        #[case] most: u64,
        #[case] body: &'static str,
        #[case] expected: &str,
    ) {
        assert_eq!(limited(&Bytes::from(body), most).unwrap().body, expected);
    }

    #[rstest]
    #[case(r#"{"model":"m","thinking":{"budget_tokens":9,"budget_tokens":9999}}"#)]
    #[case(r#"{"model":"m","thinking":{},"thinking":{"budget_tokens":9999}}"#)]
    #[case(r#"{"model":"m","thinking":{"budget_tokens":"many"}}"#)]
    fn what_cannot_be_read_has_to_be_told_anew(#[case] body: &'static str) {
        assert_eq!(limited(&Bytes::from(body), 50), None);
    }
}
