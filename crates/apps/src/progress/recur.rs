//! What is said again and again: texts that say the same in other words are counted as one.
//!
//! Two texts say the same when they share most of their words. It is a plain rule, so that people can see
//! why two were put together; meaning is not looked at.

use std::collections::BTreeSet;

use base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words;

/// A text and how often it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The text, as it was said most often.
    pub(crate) text: String,
    /// How often.
    pub(crate) count: u64,
    /// When it was said last.
    pub(crate) last_at: Timestamp,
}

/// The most texts that are told.
const MOST: usize = 10;

/// How much of their words two texts share that say the same, as a part of both together.
const ALIKE: f64 = 0.62;

/// What was said at least twice, most often first. `said` begins with what was said most often.
pub(crate) fn recurring(said: Vec<Said>) -> Vec<Said> {
    let mut groups: Vec<(BTreeSet<String>, Said)> = Vec::new();
    for one in said {
        let words: BTreeSet<String> = words::of_text(&one.text).into_iter().collect();
        match groups.iter_mut().find(|(of_group, _)| alike(of_group, &words)) {
            Some((_, group)) => {
                group.count += one.count;
                group.last_at = group.last_at.max(one.last_at);
            }
            None => groups.push((words, one)),
        }
    }
    let mut all: Vec<Said> =
        groups.into_iter().map(|(_, said)| said).filter(|it| it.count > 1).collect();
    // The order of those that are even is that of the words, so that it is always the same.
    all.sort_by(|a, b| {
        (b.count, b.last_at).cmp(&(a.count, a.last_at)).then_with(|| a.text.cmp(&b.text))
    });
    all.truncate(MOST);
    all
}

fn alike(a: &BTreeSet<String>, b: &BTreeSet<String>) -> bool {
    let shared = a.intersection(b).count();
    let all = a.len() + b.len() - shared;
    all > 0 && shared as f64 / all as f64 >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, count: u64, day: u32) -> Said {
        let last_at = testkit::moment(&format!("2026-11-{day:02}T08:00:00Z"));
        Said { text: text.to_owned(), count, last_at }
    }

    #[track_caller]
    fn check(given: &[(&str, u64, u32)], expected: &[(&str, u64, u32)]) {
        let all = |of: &[(&str, u64, u32)]| -> Vec<Said> {
            of.iter().map(|(text, count, day)| said(text, *count, *day)).collect()
        };
        assert_eq!(recurring(all(given)), all(expected));
    }

    #[test]
    fn what_was_said_once_does_not_recur() {
        check(&[("Clear structure", 2, 1), ("Good figures", 1, 2)], &[("Clear structure", 2, 1)]);
    }

    #[test]
    fn texts_that_share_most_of_their_words_are_one() {
        check(
            &[
                ("A clear structure with the answer first", 2, 1),
                ("A clear structure, with the answer FIRST!", 1, 3),
                ("Clear structure with an answer first", 1, 2),
                ("Risks are not named", 1, 4),
            ],
            &[("A clear structure with the answer first", 4, 3)],
        );
    }

    #[test]
    fn the_most_frequent_comes_first_and_of_those_the_newest() {
        check(
            &[("one", 2, 1), ("two", 2, 5), ("three", 3, 1)],
            &[("three", 3, 1), ("two", 2, 5), ("one", 2, 1)],
        );
    }

    #[test]
    fn texts_without_words_are_never_alike() {
        check(&[("👍", 1, 1), ("…", 1, 1)], &[]);
    }
}
