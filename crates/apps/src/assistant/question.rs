//! A question as it is asked: cut at a word where it is too long, and told how much was cut.

use models::tokens;

use crate::description::assistant::QuestionLimits;

/// A question that is short enough.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// How many characters it had.
    pub length_given: usize,
    /// How many it has.
    pub length_used: usize,
}

impl Question {
    /// The question, cut first by characters, then by tokens.
    pub fn cut(given: &str, limits: &QuestionLimits) -> Self {
        let given = given.trim().replace('\0', "");
        let text = cut_at_word(&given, limits.chars);
        let text = cut_to_tokens(text, limits.tokens);
        Self {
            length_given: given.chars().count(),
            length_used: text.chars().count(),
            text: text.to_owned(),
        }
    }

    /// Was something cut?
    pub fn is_cut(&self) -> bool {
        self.length_used < self.length_given
    }
}

/// Shows how long it is, never what it asks.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a question of {} characters, {} of them used",
            self.length_given, self.length_used
        )
    }
}

/// The beginning of a text, at most `chars` characters of it, cut after a whole word where there is
/// one.
pub fn cut_at_word(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        None => text,
        Some((end, _)) => back_to_word(text, end),
    }
}

/// The beginning of a text, at most so many tokens of it.
pub fn cut_to_tokens(text: &str, most: u64) -> &str {
    if tokens::estimate(text) <= most {
        return text;
    }
    // Found by halving: whatever counts the tokens, more text has no fewer of them.
    let (mut fits, mut over) = (0, text.len());
    while fits + 1 < over {
        let middle = text.floor_char_boundary(fits + (over - fits) / 2);
        if middle <= fits {
            break;
        }
        if tokens::estimate(&text[..middle]) <= most { fits = middle } else { over = middle }
    }
    back_to_word(text, fits)
}

/// The text up to `end`, without the word that is cut there. A text that is one word is cut in it.
fn back_to_word(text: &str, end: usize) -> &str {
    let cut = &text[..end];
    let is_whole = text[end..].chars().next().is_none_or(char::is_whitespace);
    if is_whole {
        return cut.trim_end();
    }
    match cut.rfind(char::is_whitespace) {
        Some(at) => cut[..at].trim_end(),
        None => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, chars: usize, expected: &str) {
        assert_eq!(cut_at_word(text, chars), expected);
    }

    #[test]
    fn a_text_is_cut_after_a_whole_word() {
        check("one two three", 13, "one two three");
        check("one two three", 9, "one two");
        check("one two three", 7, "one two");
        check("onetwothree", 4, "onet");
        check("äöü äöü", 4, "äöü");
        check("", 3, "");
    }

    #[test]
    fn a_question_that_is_cut_says_how_much_of_it_was_used() {
        let limits = QuestionLimits { chars: 9, tokens: 2_000, least: 1 };
        let cut = Question::cut("  one two three ", &limits);
        assert_eq!((cut.text.as_str(), cut.length_given, cut.length_used), ("one two", 13, 7));
        assert!(cut.is_cut() && !Question::cut("one two", &limits).is_cut());
    }

    #[test]
    fn tokens_bound_a_question_too() {
        let text = "word ".repeat(100);
        let cut = cut_to_tokens(&text, 10);
        assert!(tokens::estimate(cut) <= 10 && cut.len() > 30, "{}", cut.len());
        assert!(cut.ends_with("word"));
        assert_eq!(cut_to_tokens("ääääääääääää", 3), "ääääää");
        assert_eq!(cut_to_tokens("short", 3), "short");
    }

    #[test]
    fn a_question_is_never_shown() {
        let question = Question::cut("a secret", &QuestionLimits::default());
        assert!(!format!("{question:?}").contains("secret"));
    }
}
