//! Where sentences begin and end.
//!
//! A line break ends a sentence: texts come here with the breaks taken out that only stood for the end
//! of a line. Within a line a sentence ends at its stop, unless what follows shows that it goes on.

use std::ops::Range;

/// Words with a stop that ends nothing.
const SHORTENED: [&str; 30] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "no", "nr", "fig", "figs", "eq", "sec", "ch", "vol",
    "pp", "p", "vs", "cf", "ca", "approx", "abb", "tab", "art", "abs", "bzw", "inkl", "e.g", "i.e",
    "z.b", "d.h",
];

/// The sentences of a text, without the white space around them.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split('\n') {
        within(text, at..at + line.len(), &mut spans);
        at += line.len() + 1;
    }
    spans
}

fn within(text: &str, line: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let mut start = line.start;
    let mut letters = text[line.clone()].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !is_stop(letter) {
            continue;
        }
        let stop = line.start + at;
        let mut end = stop + letter.len_utf8();
        while let Some((_, next)) = letters.next_if(|it| is_stop(it.1) || is_closing(it.1)) {
            end += next.len_utf8();
        }
        if ends(&text[start..stop], letter, &text[end..line.end]) {
            push(text, start..end, spans);
            start = end;
        }
    }
    push(text, start..line.end, spans);
}

/// Does a sentence end between these words, its stop, and what follows?
fn ends(words: &str, stop: char, rest: &str) -> bool {
    if matches!(stop, '。' | '！' | '？') {
        return true;
    }
    let Some(next) = rest.chars().next() else { return true };
    if !next.is_whitespace() {
        return false;
    }
    let following = rest.trim_start().chars().next();
    if following.is_none_or(char::is_lowercase) {
        return following.is_none();
    }
    if stop != '.' {
        return true;
    }
    let word = words.rsplit(|it: char| it.is_whitespace() || it == '(').next().unwrap_or_default();
    // An initial, a number of a list, or a word cut short.
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_number =
        word.len() <= 2 && !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit());
    let is_alone = words.trim().len() == word.len();
    let is_shortened = SHORTENED.contains(&word.to_lowercase().as_str());
    !(is_initial || is_shortened || (is_number && is_alone))
}

fn is_stop(it: char) -> bool {
    matches!(it, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

fn is_closing(it: char) -> bool {
    matches!(it, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '）' | '」')
}

fn push(text: &str, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let span = super::trimmed(text, span);
    if !span.is_empty() {
        spans.push(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = spans(text).into_iter().map(|it| &text[it]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sentence_ends_at_its_stop() {
        check("One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"]);
        check("He said \"Stop.\" Then he went.", &["He said \"Stop.\"", "Then he went."]);
        check("What?! No…  Yes.", &["What?!", "No…", "Yes."]);
        check("第一句。第二句！", &["第一句。", "第二句！"]);
    }

    #[test]
    fn a_stop_that_ends_nothing_is_passed_over() {
        for text in [
            "Version 3.5 is out",
            "See www.example.com for more",
            "It is 5 p.m. already",
            "Dr. Smith and J. Doe agree",
            "As in Fig. 3 and No. 7",
            "Some of it, e.g. This one",
            "1. Open the valve",
        ] {
            check(text, &[text]);
        }
    }

    #[test]
    fn a_line_break_ends_a_sentence() {
        check("Heading\n\nText goes on.\nNext", &["Heading", "Text goes on.", "Next"]);
        check("\n \n", &[]);
    }
}
