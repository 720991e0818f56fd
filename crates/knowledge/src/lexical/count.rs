//! How often some terms stand in texts, many of which are looked at for one question.
//!
//! Making terms of all words of hundreds of texts is nearly all that a search by words would take. Here a
//! word is only made a term when it can be one that is asked for, and each word once for all texts. What is
//! counted is the same.

use std::collections::HashMap;

use base::words;
use rust_stemmers::Stemmer;

use super::term;

/// Counts the same terms in one text after the other.
pub(crate) struct Counter {
    stemmer: Stemmer,
    /// Where each term stands among those asked for.
    places: HashMap<String, usize>,
    /// The first bytes of terms. No ending that comes off a word takes its first letter along.
    firsts: [bool; 256],
    /// Words that were seen, with the place of their term.
    seen: HashMap<String, Option<usize>>,
}

/// What was counted in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Its words, all of them.
    pub(crate) words: usize,
    /// How often each term is there, in the order in which they were asked for.
    pub(crate) of_terms: Vec<u32>,
}

impl Counter {
    /// For these terms, each given once.
    pub(crate) fn new<'a>(terms: impl IntoIterator<Item = &'a str>) -> Self {
        let mut firsts = [false; 256];
        let places: HashMap<String, usize> =
            terms.into_iter().enumerate().map(|(at, it)| (it.to_owned(), at)).collect();
        for first in places.keys().filter_map(|it| it.bytes().next()) {
            firsts[usize::from(first)] = true;
        }
        Self { stemmer: term::stemmer(), places, firsts, seen: HashMap::new() }
    }

    /// Counts in a text.
    pub(crate) fn count(&mut self, text: &str) -> Counts {
        let mut counts = Counts { words: 0, of_terms: vec![0; self.places.len()] };
        words::each_of_text(text, |word| {
            counts.words += 1;
            let first = word.bytes().next().unwrap_or_default();
            if self.firsts[usize::from(first)]
                && let Some(at) = self.place(word)
            {
                counts.of_terms[at] += 1;
            }
        });
        counts
    }

    fn place(&mut self, word: &str) -> Option<usize> {
        if let Some(place) = self.seen.get(word) {
            return *place;
        }
        let place = self.places.get(&*term::stem(&self.stemmer, word)).copied();
        self.seen.insert(word.to_owned(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lexical::{of_query, of_text};

    /// What is counted when every word is made a term.
    fn plainly(terms: &[String], text: &str) -> Counts {
        let there = of_text(text);
        let count = |term: &String| there.iter().filter(|it| *it == term).count() as u32;
        Counts { words: there.len(), of_terms: terms.iter().map(count).collect() }
    }

    fn counter(terms: &[String]) -> Counter {
        Counter::new(terms.iter().map(String::as_str))
    }

    #[test]
    fn words_that_change_within_are_counted_too() {
        let text = "Dying skies lie; the skis of 2 spies, tying 8\" ties. Is it its own? Prüfung prüfung YES yes";
        let terms = of_query("die sky ski spy tie 8 inch prüfung yes");
        let counts = counter(&terms).count(text);
        assert_eq!(counts, plainly(&terms, text));
        assert_eq!(counts.words, 20);
        assert!(counts.of_terms.iter().all(|it| *it > 0), "{terms:?} {counts:?}");
    }

    #[test]
    fn one_text_changes_nothing_in_the_next() {
        let terms = of_query("calibrated probe");
        let mut counter = counter(&terms);
        let first = counter.count("Probes were calibrated. A probe is calibrating.");
        assert_eq!((first.words, first.of_terms), (7, vec![2, 2]));
        assert_eq!(counter.count("").of_terms, [0, 0]);
        assert_eq!(counter.count("probe").of_terms, [0, 1]);
    }

    proptest! {
        #[test]
        fn no_ending_takes_the_first_letter_along(word in "[a-z]{1,14}(s|es|ies|ed|eed|ing|ly|ness|ational)?") {
            let term = term::stem(&term::stemmer(), &word).into_owned();
            prop_assert_eq!(term.bytes().next(), word.bytes().next());
        }

        #[test]
        fn what_is_counted_is_what_all_terms_of_the_texts_say(
            question in any::<String>(),
            texts in proptest::collection::vec(any::<String>(), 0..4),
        ) {
            // The words of the question are in the last text, whatever else is in the others.
            let terms = of_query(&question);
            let mut counter = counter(&terms);
            for text in texts.iter().chain([&question]) {
                prop_assert_eq!(counter.count(text), plainly(&terms, text));
            }
        }

        #[test]
        fn what_is_counted_of_words_with_endings_is_the_same(
            question in "[a-d]{1,3}(ed|ing|s|ies|y)?( [a-d]{1,3}(ed|ing|s|ies|y)?){0,3}",
            text in "[a-d]{1,3}(ed|ing|s|ies|y)?( [a-d]{1,3}(ed|ing|s|ies|y)?){0,30}",
        ) {
            let terms = of_query(&question);
            prop_assert_eq!(counter(&terms).count(&text), plainly(&terms, &text));
        }
    }
}
