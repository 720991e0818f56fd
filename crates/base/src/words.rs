//! The words of texts and the words of questions, made the same way for both databases.
//!
//! SQLite and PostgreSQL split text differently, so neither is asked to: text becomes lower-case
//! words here, and each database is given finished words in its own notation. Nothing here does I/O.
//!
//! Start at [`of_text`] and [`of_query`]; [`fts5`] and [`tsquery`] write a question down.

/// Letters of a word that are kept; what comes after them does not tell words apart.
const LETTERS_MAX: usize = 60;

/// The words of a text that is to be found: lower case, split at everything that is neither a letter
/// nor a digit. A `"` right after a digit is the word `inch`.
pub fn of_text(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_of_text(text, |it| words.push(it.to_owned()));
    words
}

/// The same, one after the other, for who looks at many words and keeps few.
pub fn each_of_text(text: &str, word: impl FnMut(&str)) {
    split(text, true, word);
}

/// The words of a question. Here a `"` after a digit says nothing, so that `8" bend` also finds
/// what was written as `8 IN BEND`.
pub fn of_query(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    split(text, false, |it| words.push(it.to_owned()));
    words.truncate(32);
    words
}

fn split(text: &str, with_inches: bool, mut take: impl FnMut(&str)) {
    let mut word = String::new();
    let mut letters = 0;
    for it in text.chars() {
        if it.is_alphanumeric() {
            if letters < LETTERS_MAX {
                // Lower case may bring marks along that are no letters: `İ` becomes two characters.
                word.extend(it.to_lowercase().filter(|it| it.is_alphanumeric()));
            }
            letters += 1;
            continue;
        }
        let is_inch = with_inches
            && matches!(it, '"' | '″' | '”')
            && word.ends_with(|it: char| it.is_ascii_digit());
        if letters > 0 {
            take(&word);
            word.clear();
            letters = 0;
        }
        if is_inch {
            take("inch");
        }
    }
    if letters > 0 {
        take(&word);
    }
}

/// How many of a question's words must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Each.
    All,
    /// At least one.
    Any,
}

/// A question in the notation of FTS5, or none when it has no words. The last word may be the
/// beginning of one. `scope` holds tokens of which one must stand beside the words; empty is
/// everywhere.
pub fn fts5(words: &[String], scope: &[String], need: Need) -> Option<String> {
    let (last, first) = words.split_last()?;
    let glue = if need == Need::All { " AND " } else { " OR " };
    let mut all: Vec<String> = first.iter().map(|it| format!("\"{it}\"")).collect();
    all.push(format!("\"{last}\"*"));
    let words = format!("words : ({})", all.join(glue));
    if scope.is_empty() {
        return Some(words);
    }
    let scope: Vec<String> = scope.iter().map(|it| format!("\"{it}\"")).collect();
    Some(format!("scope : ({}) AND {words}", scope.join(" OR ")))
}

/// A question in the notation of `tsquery`: the whole of it, and its words alone for ranking.
pub fn tsquery(words: &[String], scope: &[String], need: Need) -> Option<(String, String)> {
    let (last, first) = words.split_last()?;
    let glue = if need == Need::All { " & " } else { " | " };
    let mut all: Vec<String> = first.iter().map(|it| format!("'{it}'")).collect();
    all.push(format!("'{last}':*"));
    let words = all.join(glue);
    if scope.is_empty() {
        return Some((words.clone(), words));
    }
    let scope: Vec<String> = scope.iter().map(|it| format!("'#{it}'")).collect();
    Some((format!("({}) & ({words})", scope.join(" | ")), words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_without_words_is_none() {
        assert_eq!(fts5(&[], &["t1".to_owned()], Need::All), None);
        assert_eq!(tsquery(&of_query("…"), &[], Need::Any), None);
    }

    #[test]
    fn the_last_word_of_a_question_may_be_the_beginning_of_one() {
        let words = of_query("Gate val");
        assert_eq!(fts5(&words, &[], Need::All).as_deref(), Some(r#"words : ("gate" AND "val"*)"#));
    }

    proptest! {
        #[test]
        fn no_text_can_break_out_of_its_notation(text in any::<String>()) {
            for word in of_text(&text).iter().chain(&of_query(&text)) {
                prop_assert!(!word.is_empty());
                prop_assert!(word.chars().all(char::is_alphanumeric));
            }
        }
    }
}
