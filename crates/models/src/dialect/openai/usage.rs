//! What an answer used, as OpenAI and those like it count: cached tokens are part of the prompt,
//! thought ones part of the completion. `responses` has other words for the same.

use serde_json::Value as Json;

use crate::{Usage, dialect::count::count, price::Tariff};

/// Reads a `usage` object; none when it counts nothing.
pub(super) fn of(usage: &Json) -> Option<Usage> {
    // Each by both its names. A pointer of JSON would be copied at each of its steps.
    let number = |names: &[&str]| names.iter().find_map(|it| count(usage.get(it)));
    let part = |wholes: [&str; 2], name: &str| {
        wholes.iter().find_map(|it| count(usage.get(it)?.get(name)))
    };
    let of_question = |name| part(["prompt_tokens_details", "input_tokens_details"], name);
    let of_answer = |name| part(["completion_tokens_details", "output_tokens_details"], name);
    let tokens_in = number(&["prompt_tokens", "input_tokens"])?;
    let cached = of_question("cached_tokens")
        // DeepSeek's word for it.
        .or_else(|| number(&["prompt_cache_hit_tokens", "cached_tokens"]));
    let tokens_out = number(&["completion_tokens", "output_tokens"]).or_else(|| {
        // Embeddings have none.
        number(&["total_tokens"]).map(|it| it.saturating_sub(tokens_in))
    });
    let tokens_out = tokens_out.unwrap_or(0);
    let audio_in = of_question("audio_tokens").unwrap_or(0).min(tokens_in);
    Some(Usage {
        tokens_in,
        tokens_out,
        // A part is never more than the whole, whatever a server says.
        cached: cached.unwrap_or(0).min(tokens_in),
        cache_written: of_question("cache_write_tokens").unwrap_or(0).min(tokens_in),
        reasoning: of_answer("reasoning_tokens").unwrap_or(0).min(tokens_out),
        audio_in,
        audio_out: of_answer("audio_tokens").unwrap_or(0).min(tokens_out),
        ..Usage::default()
    })
    // Some servers send the fields and leave them at zero: nobody counted.
    .filter(|it| it.total() > 0)
}

/// With what an answer of `responses` did beside its tokens: searches of the web are counted, and
/// what else is billed by the piece has no price here.
pub(super) fn with_tools(usage: Usage, output: Option<&Json>) -> Usage {
    let items = || output.and_then(Json::as_array).into_iter().flatten();
    let kind = |it: &Json| it.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    // Opening a page that was found is no search, and costs nothing but its tokens.
    let is_search = |it: &&Json| {
        kind(it) == "web_search_call"
            && it.pointer("/action/type").is_none_or(|action| action == "search")
    };
    let has_more = items().any(|it| {
        let kind = kind(it);
        matches!(
            kind.as_str(),
            "file_search_call" | "code_interpreter_call" | "image_generation_call" | "shell_call"
        )
    });
    Usage {
        web_searches: items().filter(is_search).count() as u64,
        tariff: if has_more { Tariff::Other } else { usage.tariff },
        ..usage
    }
}

/// With the tier that the answer states. What is not the ordinary one stays what it is. Who states one that is not the ordinary one and counts
/// nothing must not be taken for the ordinary one when its use is estimated.
pub(super) fn on_terms(usage: Option<Usage>, tariff: Tariff) -> Option<Usage> {
    let uncounted =
        (tariff != Tariff::Ordinary).then_some(Usage { estimated: true, ..Usage::default() });
    let stated = |it: Usage| if it.tariff == Tariff::Other { it.tariff } else { tariff };
    usage.or(uncounted).map(|it| Usage { tariff: stated(it), ..it })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::plain(json!({"prompt_tokens": 7, "completion_tokens": 3}), Some([7, 3, 0, 0, 0]))]
    #[case::details(
        json!({"prompt_tokens": 70, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 11}}),
        Some([70, 30, 20, 5, 11])
    )]
    #[case::responses(
        json!({"input_tokens": 70, "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0}, "output_tokens": 30, "output_tokens_details": {"reasoning_tokens": 11}, "total_tokens": 100}),
        Some([70, 30, 20, 0, 11])
    )]
    #[case::deepseek(json!({"prompt_tokens": 7, "completion_tokens": 3, "prompt_cache_hit_tokens": 4}), Some([7, 3, 4, 0, 0]))]
    #[case::embeddings(json!({"prompt_tokens": 7, "total_tokens": 7}), Some([7, 0, 0, 0, 0]))]
    #[case::floats(json!({"prompt_tokens": 7.0, "completion_tokens": 3.0}), Some([7, 3, 0, 0, 0]))]
    #[case::more_cached_than_asked(json!({"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9}}), Some([7, 3, 7, 0, 0]))]
    #[case::zeros(json!({"prompt_tokens": 0, "completion_tokens": 0}), None)]
    #[case::null(json!(null), None)]
    #[case::words(json!({"prompt_tokens": "7"}), None)]
    fn parts_are_counted_within_their_whole(
        #[case] usage: Json,
        #[case] expected: Option<[u64; 5]>,
    ) {
        let counts =
            |it: Usage| [it.tokens_in, it.tokens_out, it.cached, it.cache_written, it.reasoning];
        assert_eq!(of(&usage).map(counts), expected);
    }

    #[test]
    fn sound_is_counted_within_question_and_answer() {
        let usage = json!({
            "prompt_tokens": 70,
            "completion_tokens": 30,
            "prompt_tokens_details": {"audio_tokens": 60, "cached_tokens": 5},
            "completion_tokens_details": {"audio_tokens": 40, "reasoning_tokens": 0},
        });
        let it = of(&usage).unwrap();
        assert_eq!((it.audio_in, it.audio_out, it.total()), (60, 30, 100));
    }

    #[rstest]
    #[case(json!([{"type": "message"}, {"type": "function_call"}, {"type": "mcp_call"}]), 0, Tariff::Flex)]
    #[case(json!([{"type": "web_search_call", "action": {"type": "search"}}, {"type": "web_search_call"}]), 2, Tariff::Flex)]
    #[case(json!([{"type": "web_search_call", "action": {"type": "open_page"}}]), 0, Tariff::Flex)]
    #[case(json!([{"type": "code_interpreter_call"}]), 0, Tariff::Other)]
    #[case(json!(null), 0, Tariff::Flex)]
    fn what_is_billed_by_the_piece_is_not_lost(
        #[case] output: Json,
        #[case] searches: u64,
        #[case] tariff: Tariff,
    ) {
        let counted = Usage { tokens_in: 7, ..Usage::default() };
        let it = on_terms(Some(with_tools(counted, Some(&output))), Tariff::Flex).unwrap();
        assert_eq!((it.web_searches, it.tariff, it.total()), (searches, tariff, 7));
    }

    #[test]
    fn a_tier_is_not_lost_where_nobody_counts() {
        let counted = Some(Usage { tokens_in: 7, ..Usage::default() });
        assert_eq!(on_terms(counted, Tariff::Ordinary), counted);
        assert_eq!(on_terms(counted, Tariff::Flex).map(|it| it.tariff), Some(Tariff::Flex));
        let told = on_terms(None, Tariff::Flex).unwrap();
        assert_eq!((told.total(), told.estimated, told.tariff), (0, true, Tariff::Flex));
        assert_eq!(on_terms(None, Tariff::Ordinary), None);
    }
}
