//! What a model's name says about what it takes. A name that is not Anthropic's, and a version yet to
//! come, are taken for new ones.

/// Does it decide by itself how much it thinks? Those do since 4.6.
pub(super) fn is_adaptive(model: &str) -> bool {
    version(model).is_none_or(|it| it >= (4, 6))
}

/// Does it take a schema beside the question? Those do since 4.1.
pub(super) fn takes_schemas(model: &str) -> bool {
    version(model).is_none_or(|it| it >= (4, 1))
}

/// The most tokens of one answer. None for a name that is not Anthropic's.
pub(super) fn max_output(model: &str) -> Option<u64> {
    let is_opus = model.contains("opus");
    Some(match version(model)? {
        it if it < (3, 5) => 4_096,
        (3, 5) => 8_192,
        (4, 0 | 1) if is_opus => 32_000,
        (4, 6..) if is_opus => 128_000,
        // Those yet to come have no less than those before them.
        _ => 64_000,
    })
}

/// The version in `claude-opus-4-5-20251101` or `claude-3-7-sonnet-20250219`.
fn version(model: &str) -> Option<(u32, u32)> {
    let words = model.strip_prefix("claude-")?.split('-');
    // A date follows the version; a name stands before it, or after it in older ones.
    let numbers: Vec<u32> =
        words.filter(|it| it.len() <= 2).filter_map(|it| it.parse().ok()).collect();
    match numbers.as_slice() {
        [] => None,
        [major] => Some((*major, 0)),
        [major, minor, ..] => Some((*major, *minor)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("claude-3-haiku-20240307", Some(4_096))]
    #[case("claude-3-5-sonnet-20241022", Some(8_192))]
    #[case("claude-3-5-haiku-latest", Some(8_192))]
    #[case("claude-3-7-sonnet-20250219", Some(64_000))]
    #[case("claude-opus-4-20250514", Some(32_000))]
    #[case("claude-opus-4-1", Some(32_000))]
    #[case("claude-sonnet-4-20250514", Some(64_000))]
    #[case("claude-haiku-4-5-20251001", Some(64_000))]
    #[case("claude-opus-4-5-20251101", Some(64_000))]
    #[case("claude-opus-4-6", Some(128_000))]
    #[case("claude-sonnet-5", Some(64_000))]
    #[case("house-model", None)]
    fn a_version_says_how_long_an_answer_may_be(
        #[case] model: &str,
        #[case] expected: Option<u64>,
    ) {
        assert_eq!(max_output(model), expected);
    }

    #[rstest]
    #[case("claude-3-7-sonnet-20250219", false, false)]
    #[case("claude-3-haiku-20240307", false, false)]
    #[case("claude-sonnet-4-20250514", false, false)]
    #[case("claude-opus-4-1", true, false)]
    #[case("claude-opus-4-5-20251101", true, false)]
    #[case("claude-opus-4-6", true, true)]
    #[case("claude-sonnet-5", true, true)]
    #[case("house-model", true, true)]
    fn a_version_says_what_is_taken(
        #[case] model: &str,
        #[case] schemas: bool,
        #[case] adaptive: bool,
    ) {
        assert_eq!((takes_schemas(model), is_adaptive(model)), (schemas, adaptive));
    }
}
