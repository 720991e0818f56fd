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
