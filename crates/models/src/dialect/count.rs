//! Numbers that providers tell of what was used.
//!
//! They are paid for and added up, so a damaged one must not get as far as the ledger: beyond
//! [`COUNT_MAX`] a number is no count, and what nobody counted is estimated.

use serde_json::Value as Json;

/// Tokens, ten times the largest window that any provider sells.
pub(super) const COUNT_MAX: u64 = 100_000_000;

/// A count of tokens in an answer; some servers write `7.0`.
pub(super) fn count(value: Option<&Json>) -> Option<u64> {
    whole(value).filter(|it| *it <= COUNT_MAX)
}

/// A number that is neither broken nor negative.
pub(super) fn whole(value: Option<&Json>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_f64().filter(|it| *it >= 0.0).map(|it| it as u64))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::a_number(json!(7), Some(7))]
    #[case::as_some_servers_write_it(json!(7.0), Some(7))]
    #[case::the_most(json!(COUNT_MAX), Some(COUNT_MAX))]
    #[case::one_more(json!(COUNT_MAX + 1), None)]
    #[case::the_end_of_64_bits(json!(u64::MAX), None)]
    #[case::beyond_all_bits(json!(1e300), None)]
    #[case::negative(json!(-1), None)]
    #[case::a_text(json!("7"), None)]
    #[case::nothing(json!(null), None)]
    fn a_count_is_a_number_that_can_be(#[case] told: Json, #[case] count: Option<u64>) {
        assert_eq!(super::count(Some(&told)), count);
    }
}
