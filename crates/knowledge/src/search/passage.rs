//! The passages of a text that a result shows: shorter for a question for one fact, longer for one
//! about how something is done.

use crate::lexical;

/// A piece of a text. Places are counted in characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it says.
    pub text: String,
}

/// Shows where it lies, and nothing of it.
impl std::fmt::Debug for Passage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passage({}..{})", self.start, self.end)
    }
}

/// How long passages are, and how much two of them share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    chars: usize,
    overlap: usize,
}

/// The passages of a text, those first that have most of what the question asks for. About so many
/// characters long where that is said, else as the kind of the question wants it.
pub fn passages(text: &str, query: &str, chars: Option<usize>) -> Vec<Passage> {
    let asked = lexical::of_query(query);
    let shape = match chars {
        Some(chars) => Shape { chars: chars.max(1), overlap: chars / 7 },
        None => shape(query),
    };
    let mut all = cut(text, shape);
    let mut counter = lexical::Counter::new(asked.iter().map(String::as_str));
    all.sort_by_cached_key(|it| {
        let counts = counter.count(&it.text);
        std::cmp::Reverse(counts.of_terms.iter().filter(|it| **it > 0).count())
    });
    all
}

/// The kind of a question, by how it is asked.
fn shape(query: &str) -> Shape {
    const USUAL: Shape = Shape { chars: 400, overlap: 60 };
    const OF_A_WAY: Shape = Shape { chars: 500, overlap: 75 };
    const OF_A_FACT: Shape = Shape { chars: 300, overlap: 50 };
    const WAYS: [&str; 12] = [
        "how to ",
        "how do ",
        "how can ",
        "how should ",
        "how does ",
        "steps",
        "step by step",
        "procedure",
        "process",
        "guide",
        "instructions",
        "set up",
    ];
    const FACTS: [&str; 14] = [
        "who ",
        "when ",
        "where ",
        "which ",
        "how many",
        "how much",
        "how often",
        "how long",
        "how old",
        "how far",
        "how high",
        "how large",
        "what is the ",
        "what was the ",
    ];
    let query = format!("{} ", query.trim().to_lowercase());
    if WAYS.iter().any(|it| query.contains(it)) {
        OF_A_WAY
    } else if FACTS.iter().any(|it| query.starts_with(it)) {
        OF_A_FACT
    } else {
        USUAL
    }
}

fn cut(text: &str, shape: Shape) -> Vec<Passage> {
    let chars: Vec<char> = text.chars().collect();
    let skip_space = |mut at: usize| {
        while at < chars.len() && chars[at].is_whitespace() {
            at += 1;
        }
        at
    };
    let (mut passages, mut start) = (Vec::new(), skip_space(0));
    while start < chars.len() {
        let mut end = (start + shape.chars).min(chars.len());
        if end < chars.len() {
            // At a word's end, unless that takes away half of it.
            let window = start + shape.chars / 2..end;
            end = window.rev().find(|at| chars[*at].is_whitespace()).unwrap_or(end);
        }
        let piece: String = chars[start..end].iter().collect();
        let text = piece.trim_end().to_owned();
        let length = text.chars().count();
        passages.push(Passage { start, end: start + length, text });
        if end >= chars.len() {
            break;
        }
        // Back by what is shared, and on to the beginning of a word.
        let back = end.saturating_sub(shape.overlap).max(start + 1);
        let word = (back..end).find(|at| chars[*at - 1].is_whitespace()).unwrap_or(end);
        start = skip_space(word);
    }
    passages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_says_how_long_passages_are() {
        let check = |query, chars| assert_eq!(shape(query).chars, chars, "{query}");
        check("How often must the probe be calibrated?", 300);
        check("Who signs the travel form", 300);
        check("How do I set up the sensor?", 500);
        check("Calibration procedure", 500);
        check("probe drift", 400);
        check("", 400);
    }

    #[test]
    fn the_passage_with_what_was_asked_for_comes_first() {
        let filler = "The sky over the station was clear and nothing happened at all. ".repeat(20);
        let text = format!("{filler}The probe is calibrated every two weeks. {filler}");
        let all = passages(&text, "calibrating a probe", None);
        assert!(all.len() > 4 && all[0].text.contains("calibrated every two weeks"));
    }

    #[test]
    fn a_short_text_is_one_passage_and_none_is_none() {
        assert_eq!(passages("Short.", "x", None).len(), 1);
        assert_eq!(passages(" \n ", "x", None), []);
    }

    #[test]
    fn a_passage_is_as_long_as_is_wanted_also_longer_than_usual() {
        let text = "The probe is calibrated every two weeks by the laboratory. ".repeat(60);
        for wanted in [50, 200, 1_000, 2_000] {
            let all = passages(&text, "calibrating a probe", Some(wanted));
            let length = all[0].text.chars().count();
            assert!(length <= wanted && length * 2 > wanted, "{length} of {wanted}");
        }
    }

    proptest! {
        #[test]
        fn every_passage_is_the_text_at_its_place(text in "[a-zäß]{1,9}([ \n][a-zäß]{1,12}){0,200}") {
            let chars: Vec<char> = text.chars().collect();
            let all = cut(&text, Shape { chars: 60, overlap: 12 });
            for it in &all {
                prop_assert_eq!(&chars[it.start..it.end].iter().collect::<String>(), &it.text);
                prop_assert!(it.end - it.start <= 60 && !it.text.is_empty());
            }
            for pair in all.windows(2) {
                prop_assert!(pair[0].start < pair[1].start, "it goes on");
                let between: String = chars[pair[0].end.min(pair[1].start)..pair[1].start].iter().collect();
                prop_assert!(between.trim().is_empty(), "nothing is left out: {:?}", between);
            }
            prop_assert_eq!(all.last().map(|it| it.end), Some(chars.len()));
        }

        #[test]
        fn no_text_stops_it(text in any::<String>(), query in any::<String>()) {
            for it in passages(&text, &query, None) {
                prop_assert!(it.start < it.end);
            }
        }
    }
}
