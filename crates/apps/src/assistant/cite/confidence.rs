//! How much an answer leans on its sources. Computed, because a model that is asked says what one
//! wants to hear.

use std::collections::BTreeSet;

use super::Source;

/// From 0 to 1: the mean of how near the cited sources are to the question, and of the share of
/// sentences that cite one. An answer without citations has none.
pub fn confidence(answer: &str, sources: &[Source], cited: &BTreeSet<u32>) -> f64 {
    let scores: Vec<f64> = sources
        .iter()
        .filter(|it| cited.contains(&it.number))
        .map(|it| f64::from(it.score).clamp(0.0, 1.0))
        .collect();
    if scores.is_empty() {
        return 0.0;
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let (sentences, citing) = sentences(answer);
    let share = if sentences == 0 { 1.0 } else { citing as f64 / sentences as f64 };
    (((mean + share) / 2.0) * 100.0).round() / 100.0
}

/// How many sentences an answer has, and how many of them cite. A marker after the full stop belongs
/// to the sentence before it; the list of sources at the end is none.
fn sentences(answer: &str) -> (usize, usize) {
    let (mut all, mut citing) = (0, 0);
    let mut last_cites = false;
    for line in answer.lines() {
        let bare = line.trim_matches([' ', '#', '*', ':', '_']).to_lowercase();
        if matches!(bare.as_str(), "references" | "sources" | "citations" | "bibliography") {
            break;
        }
        for piece in pieces(line) {
            let (cites, has_words) = read(piece);
            if has_words {
                citing += usize::from(last_cites);
                all += 1;
                last_cites = cites;
            } else {
                last_cites |= cites && all > 0;
            }
        }
    }
    (all, citing + usize::from(last_cites))
}

/// A line cut after each `.`, `!` and `?` that ends a sentence.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut letters = rest.char_indices().peekable();
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            let is_over =
                letters.peek().is_none_or(|(_, next)| next.is_whitespace() || *next == '[');
            if matches!(letter, '.' | '!' | '?' | '。') && is_over {
                end = at + letter.len_utf8();
                break;
            }
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Does it cite, and does it say anything beside?
fn read(piece: &str) -> (bool, bool) {
    let (mut cites, mut has_words, mut rest) = (false, false, piece);
    while let Some(letter) = rest.chars().next() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|it| it.split_once(']'))
            && !inside.is_empty()
            && inside.bytes().all(|it| it.is_ascii_digit())
        {
            cites = true;
            rest = after;
            continue;
        }
        has_words |= letter.is_alphanumeric();
        rest = &rest[letter.len_utf8()..];
    }
    (cites, has_words)
}
