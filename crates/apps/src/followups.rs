//! Questions that could be asked next: what a model is to answer that proposes some, and which of them are new.
//!
//! Assistants and questions over data propose them alike. No model is asked here: whoever proposes asks one for
//! what [`schema`] says, and [`chosen`] takes from what it answered.

use serde_json::{Value as Json, json};

/// The shortest and the longest proposal, in characters.
const CHARS_MIN: usize = 3;
const CHARS_MAX: usize = 300;

/// What a model answers: between `least` and `most` questions.
pub(crate) fn schema(least: usize, most: usize) -> Json {
    json!({
        "type": "object",
        "required": ["followups"],
        "properties": {
            "followups": {
                "type": "array", "minItems": least, "maxItems": most,
                "items": {"type": "string", "minLength": CHARS_MIN, "maxLength": CHARS_MAX},
            },
        },
    })
}

/// The questions in such an answer.
pub(crate) fn proposed(answer: &Json) -> Vec<String> {
    let all = answer["followups"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter().filter_map(Json::as_str).map(|it| it.replace('\0', "")).collect()
}

/// The first `most` of these that are new, each on one line: none twice, and none that was asked already.
pub(crate) fn chosen(
    proposed: impl IntoIterator<Item = String>,
    most: usize,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::with_capacity(most);
    for question in proposed {
        if chosen.len() == most {
            break;
        }
        let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_new = !chosen.iter().any(|it| is_same(it, &question));
        if !question.is_empty() && is_new && !is_asked(&question) {
            chosen.push(question);
        }
    }
    chosen
}

/// Do both ask the same? Then their words are the same, but for capitals and the space around them.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(proposed: &[&str], most: usize, expected: &[&str]) {
        let proposed = proposed.iter().map(|it| (*it).to_owned());
        let chosen = chosen(proposed, most, |it| is_same(it, " how FAR is it?"));
        assert_eq!(chosen, expected);
    }

    #[test]
    fn what_is_new_is_taken_until_there_is_enough() {
        check(
            &["Who manages it?", "Where is it?", "When?"],
            2,
            &["Who manages it?", "Where is it?"],
        );
        check(&["Where is it?"], 3, &["Where is it?"]);
        check(&["Where is it?"], 0, &[]);
    }

    #[test]
    fn nothing_is_proposed_twice_or_after_it_was_asked() {
        check(&["Where?", "WHERE? ", "How far is it?", "", " \n"], 3, &["Where?"]);
    }

    #[test]
    fn a_proposal_is_one_line() {
        check(&["  Where\n is\tit? "], 3, &["Where is it?"]);
    }

    #[test]
    fn what_is_no_list_of_questions_proposes_nothing() {
        assert_eq!(proposed(&json!({"followups": "Where?"})), Vec::<String>::new());
        assert_eq!(proposed(&json!(null)), Vec::<String>::new());
        assert_eq!(proposed(&json!({"followups": ["Where?", 1, null]})), ["Where?"]);
    }
}
