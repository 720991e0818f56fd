//! From words to terms: what stays of a word when its endings are off, and which words say nothing.
//!
//! `calibrated`, `calibrating` and `calibration` are one term. The endings are those of English; words
//! of other languages lose little by it and are treated alike on both sides. Words that say nothing
//! are left out of questions only: what stands in a text is always kept.

use std::borrow::Cow;

use base::words;
use rust_stemmers::{Algorithm, Stemmer};

/// Terms of a question that are used.
const TERMS_MAX: usize = 24;

/// The terms of a text, in its order.
pub(crate) fn of_text(text: &str) -> Vec<String> {
    let stemmer = stemmer();
    words::of_text(text).iter().map(|it| stem(&stemmer, it).into_owned()).collect()
}

/// The terms of a question, each once: without words that say nothing, unless it has no others.
pub(crate) fn of_query(text: &str) -> Vec<String> {
    let stemmer = stemmer();
    let words = words::of_query(text);
    let telling: Vec<&String> = words.iter().filter(|it| !says_nothing(it)).collect();
    let asked: Vec<&String> = if telling.is_empty() { words.iter().collect() } else { telling };
    let mut terms: Vec<String> = Vec::with_capacity(asked.len());
    for word in asked {
        let term = stem(&stemmer, word);
        if !terms.iter().any(|it| *it == *term) {
            terms.push(term.into_owned());
        }
    }
    terms.truncate(TERMS_MAX);
    terms
}

pub(super) fn stemmer() -> Stemmer {
    Stemmer::create(Algorithm::English)
}

pub(super) fn stem<'a>(stemmer: &Stemmer, word: &'a str) -> Cow<'a, str> {
    // Codes and numbers have no endings.
    if word.bytes().all(|it| it.is_ascii_lowercase()) { stemmer.stem(word) } else { word.into() }
}

/// Sorted, because it is searched.
const NOTHING: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "aren",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "couldn",
    "d",
    "did",
    "didn",
    "do",
    "does",
    "doesn",
    "doing",
    "don",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "hadn",
    "has",
    "hasn",
    "have",
    "haven",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "isn",
    "it",
    "its",
    "itself",
    "just",
    "ll",
    "m",
    "me",
    "more",
    "most",
    "must",
    "mustn",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "now",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "re",
    "s",
    "same",
    "shall",
    "shan",
    "she",
    "should",
    "shouldn",
    "so",
    "some",
    "such",
    "t",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "us",
    "ve",
    "very",
    "was",
    "wasn",
    "we",
    "were",
    "weren",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "won",
    "would",
    "wouldn",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

fn says_nothing(word: &str) -> bool {
    NOTHING.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(question: &str, expected: &str) {
        assert_eq!(of_query(question).join(" "), expected);
    }

    #[test]
    fn endings_do_not_tell_terms_apart() {
        check("calibrate calibrated calibrating", "calibr");
        assert_eq!(of_text("The probes were calibrated").join(" "), "the probe were calibr");
    }

    #[test]
    fn words_that_say_nothing_are_left_out_of_questions_that_have_others() {
        check("How often must the probe be calibrated?", "often probe calibr");
        check("To be or not to be", "to be or not");
    }

    #[test]
    fn codes_and_other_alphabets_stay_as_they_are() {
        check("TERN4 2-DIP-08 Prüfungen", "tern4 2 dip 08 prüfungen");
    }

    #[test]
    fn the_list_of_words_that_say_nothing_is_sorted() {
        assert!(NOTHING.is_sorted());
    }

    proptest! {
        #[test]
        fn a_term_holds_letters_and_digits_only(text in any::<String>()) {
            for term in of_text(&text).iter().chain(&of_query(&text)) {
                prop_assert!(!term.is_empty() && term.chars().all(char::is_alphanumeric), "{:?}", term);
            }
        }

        #[test]
        fn a_text_is_found_by_its_own_words(text in "[a-z]{3,12}( [a-z]{3,12}){0,5}") {
            let there = of_text(&text);
            prop_assert!(of_query(&text).iter().all(|it| there.contains(it)));
        }
    }
}
