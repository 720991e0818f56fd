//! Paragraphs broken into lines: at spaces, and within words that are too long for a line. Text that runs
//! from right to left is put into the order in which it is seen.

use std::ops::Range;

use unicode_bidi::BidiInfo;

use crate::letters::{Letters, Run, Weight};

/// A line: runs of glyphs from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The runs.
    pub(crate) runs: Vec<Run>,
    /// How wide it is at size 1.
    pub(crate) width: f32,
    /// It begins at the right.
    pub(crate) is_rtl: bool,
}

/// The lines of a paragraph, which are at most so wide at size 1. A paragraph without words is one empty
/// line.
pub(crate) fn of(letters: &Letters, weight: Weight, paragraph: &str, width: f32) -> Vec<Line> {
    let ranges = broken(paragraph, width, |it| letters.width(weight, it));
    // Most paragraphs have no letter from the right, and need not be looked through.
    let bidi = paragraph.chars().any(may_turn).then(|| BidiInfo::new(paragraph, None));
    let line = |range: Range<usize>| match &bidi {
        Some(bidi) => turned(letters, weight, bidi, range),
        None => {
            let run = letters.shape(weight, &paragraph[range], false);
            Line { width: run.width, runs: vec![run], is_rtl: false }
        }
    };
    ranges.into_iter().map(line).collect()
}

/// One line, however long it is.
pub(crate) fn single(letters: &Letters, weight: Weight, text: &str) -> Line {
    let mut lines = of(letters, weight, text, f32::INFINITY);
    lines.swap_remove(0)
}

/// Hebrew, Arabic and their neighbours, and the marks of direction.
fn may_turn(it: char) -> bool {
    matches!(it, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn turned(letters: &Letters, weight: Weight, bidi: &BidiInfo<'_>, range: Range<usize>) -> Line {
    let of_line = |it: &&unicode_bidi::ParagraphInfo| it.range.contains(&range.start);
    let Some(paragraph) = bidi.paragraphs.iter().find(of_line) else {
        return Line { runs: Vec::new(), width: 0.0, is_rtl: false };
    };
    let (levels, runs) = bidi.visual_runs(paragraph, range);
    let runs: Vec<Run> = runs
        .into_iter()
        .map(|run| letters.shape(weight, &bidi.text[run.clone()], levels[run.start].is_rtl()))
        .collect();
    let width = runs.iter().map(|it| it.width).sum();
    Line { runs, width, is_rtl: paragraph.level.is_rtl() }
}

/// Where lines begin and end. The spaces at which a line is broken belong to its end; they take no room.
fn broken(text: &str, width: f32, width_of: impl Fn(char) -> f32) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    // What is in the line so far, with and without the spaces at its end.
    let (mut filled, mut spaces) = (0.0_f32, 0.0_f32);
    // The last place at which it can be broken, and what was in it up to there.
    let mut chance: Option<usize> = None;
    let mut after_chance = 0.0_f32;
    for (at, it) in text.char_indices() {
        let wide = width_of(it);
        if it == ' ' {
            spaces += wide;
            chance = Some(at + 1);
            after_chance = 0.0;
            continue;
        }
        // What stands on the letter before it stays with it.
        let is_full = filled + spaces + wide > width && wide > 0.0 && at > start;
        if is_full {
            match chance.filter(|it| *it > start) {
                Some(place) => {
                    lines.push(start..place);
                    (start, filled) = (place, after_chance);
                }
                None => {
                    lines.push(start..at);
                    (start, filled) = (at, 0.0);
                }
            }
            (spaces, chance) = (0.0, None);
            // A word that was longer than a line is broken where the next line is full.
        }
        filled += spaces + wide;
        spaces = 0.0;
        after_chance += wide;
    }
    lines.push(start..text.len());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character is one wide; those that stand on others have no width.
    #[track_caller]
    fn check(text: &str, width: f32, expected: &[&str]) {
        let wide = |it: char| if ('\u{300}'..='\u{36f}').contains(&it) { 0.0 } else { 1.0 };
        let lines = broken(text, width, wide);
        let lines: Vec<&str> = lines.into_iter().map(|it| &text[it]).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_are_broken_at_spaces_which_take_no_room() {
        check("one two three", 7.0, &["one two ", "three"]);
        check("one two   three", 7.0, &["one two   ", "three"]);
        check("one", 7.0, &["one"]);
    }

    #[test]
    fn a_word_that_is_too_long_is_broken_within() {
        check("abcdefghij", 4.0, &["abcd", "efgh", "ij"]);
        check("ab cdefghij", 4.0, &["ab ", "cdef", "ghij"]);
        check("abcdefgh ij", 4.0, &["abcd", "efgh ", "ij"]);
    }

    #[test]
    fn a_mark_stays_with_its_letter() {
        check("abce\u{301}f", 4.0, &["abce\u{301}", "f"]);
    }

    #[test]
    fn nothing_is_one_empty_line() {
        check("", 4.0, &[""]);
        check("   ", 4.0, &["   "]);
    }

    #[test]
    fn a_width_for_no_letter_at_all_takes_one_in_each_line() {
        check("abc", 0.5, &["a", "b", "c"]);
    }
}
