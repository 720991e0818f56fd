//! Reads text with separators the way people write it.
//!
//! RFC 4180, and beyond it: any of four separators, any line end, quotes that are not doubled. A
//! quote that is never closed is told with its place: whether what follows it is one cell or many
//! rows, nobody can know.

use std::borrow::Cow;

/// A row as it stands in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its number, as a spreadsheet counts: empty lines count too.
    pub(super) number: u64,
    pub(super) cells: Vec<Cow<'a, str>>,
    /// Cells whose quotes are wrong.
    pub(super) faults: Vec<(usize, Fault)>,
}

/// What can be wrong with quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Opened and never closed: where in the text.
    Open(usize),
    /// Inside a quoted cell and not doubled.
    Single,
    /// The row has more cells than any list; those that follow are not read.
    Wide,
}

/// Cells of one row, at the most.
const WIDTH_MAX: usize = 100_000;

/// The rows of a text.
pub(super) struct Rows<'a> {
    text: &'a str,
    at: usize,
    separator: u8,
    number: u64,
}

impl<'a> Rows<'a> {
    /// The rows of `text`; the separator is the one it uses, or says that it uses (`sep=;`).
    pub(super) fn of(text: &'a str) -> Self {
        let first = text.lines().next().unwrap_or_default().trim_end();
        if let [b's', b'e', b'p', b'=', separator] = first.as_bytes() {
            let at = text.find('\n').map_or(text.len(), |it| it + 1);
            return Self { text, at, separator: *separator, number: 1 };
        }
        Self { text, at: 0, separator: separator(text), number: 0 }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        if self.at >= self.text.len() {
            return None;
        }
        self.number += 1;
        let mut row = Row { number: self.number, cells: Vec::new(), faults: Vec::new() };
        loop {
            if row.cells.len() == WIDTH_MAX {
                row.faults.push((WIDTH_MAX, Fault::Wide));
                return Some(row);
            }
            let (cell, fault) = self.cell();
            if let Some(fault) = fault {
                row.faults.push((row.cells.len(), fault));
            }
            row.cells.push(cell);
            let bytes = self.text.as_bytes();
            match bytes.get(self.at) {
                Some(it) if *it == self.separator => self.at += 1,
                Some(b'\r') => {
                    self.at += if bytes.get(self.at + 1) == Some(&b'\n') { 2 } else { 1 };
                    return Some(row);
                }
                Some(_) => {
                    self.at += 1;
                    return Some(row);
                }
                None => return Some(row),
            }
        }
    }
}

impl<'a> Rows<'a> {
    /// The cell that begins here; leaves `at` on what ends it.
    fn cell(&mut self) -> (Cow<'a, str>, Option<Fault>) {
        let bytes = self.text.as_bytes();
        let spaces = bytes[self.at..].iter().take_while(|it| **it == b' ').count();
        if bytes.get(self.at + spaces) != Some(&b'"') {
            return (Cow::Borrowed(self.plain(self.at)), None);
        }
        let start = self.at + spaces + 1;
        match self.quoted(start) {
            Some(found) => found,
            None => (Cow::Borrowed(self.plain(start)), Some(Fault::Open(start - 1))),
        }
    }

    /// The text from `start` to the end of the cell, quotes and all.
    fn plain(&mut self, start: usize) -> &'a str {
        let bytes = &self.text.as_bytes()[start..];
        let ends = |it: &u8| *it == self.separator || matches!(it, b'\n' | b'\r');
        self.at = start + bytes.iter().position(ends).unwrap_or(bytes.len());
        &self.text[start..self.at]
    }

    /// The text of a quoted cell; none when its quote is never closed.
    fn quoted(&mut self, start: usize) -> Option<(Cow<'a, str>, Option<Fault>)> {
        let bytes = self.text.as_bytes();
        let (mut out, mut fault): (Option<String>, _) = (None, None);
        let (mut from, mut at) = (start, start);
        let mut has_line_end = false;
        loop {
            match *bytes.get(at)? {
                b'"' => {}
                it => {
                    has_line_end |= matches!(it, b'\n' | b'\r');
                    at += 1;
                    continue;
                }
            }
            if bytes.get(at + 1) == Some(&b'"') {
                out.get_or_insert_default().push_str(&self.text[from..=at]);
                (from, at) = (at + 2, at + 2);
                continue;
            }
            let spaces = bytes[at + 1..].iter().take_while(|it| **it == b' ').count();
            let after = at + 1 + spaces;
            let closes = match bytes.get(after) {
                None | Some(b'\n' | b'\r') => true,
                Some(it) => *it == self.separator,
            };
            if closes {
                self.at = after;
                let last = &self.text[from..at];
                let cell = match out {
                    Some(mut out) => {
                        out.push_str(last);
                        Cow::Owned(out)
                    }
                    None => Cow::Borrowed(last),
                };
                return Some((cell, fault));
            }
            if has_line_end {
                // A quote in the middle of a later line: that one opens a cell, so this one never closed.
                return None;
            }
            fault = Some(Fault::Single);
            at += 1;
        }
    }
}

/// The line, from 1, in which a place of the text lies.
pub(super) fn line_of(text: &str, place: usize) -> u64 {
    let before = &text.as_bytes()[..place];
    let ends = before.iter().enumerate().filter(|(at, it)| match it {
        b'\n' => true,
        b'\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() as u64 + 1
}

/// The separator that splits the first rows most evenly.
fn separator(text: &str) -> u8 {
    let mut end = text.len().min(64 * 1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let score = |separator: u8| {
        let rows = Rows { text, at: 0, separator, number: 0 };
        let widths: Vec<usize> =
            rows.take(20).map(|it| it.cells.len()).filter(|it| *it > 0).collect();
        let width = widths.first().copied().unwrap_or(1);
        if width < 2 {
            return (0, 0);
        }
        let even = widths.iter().filter(|it| **it == width).count();
        (even * 100 / widths.len(), width)
    };
    // Of equals the last is the greatest, so the usual one stands last.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|it| score(*it)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: &[&[&str]]) {
        let rows: Vec<Vec<String>> =
            Rows::of(text).map(|it| it.cells.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(rows, expected, "{text:?}");
    }

    fn faults(text: &str) -> Vec<(u64, usize, Fault)> {
        Rows::of(text)
            .flat_map(|row| row.faults.into_iter().map(move |(cell, it)| (row.number, cell, it)))
            .collect()
    }

    #[test]
    fn cells_are_split_at_whatever_separates_them() {
        let expected: &[&[&str]] = &[&["label", "code"], &["a, b", "1"], &["c", "2"]];
        reads("label,code\n\"a, b\",1\nc,2\n", expected);
        reads("label;code\r\na, b;1\r\nc;2\r\n", expected);
        reads("label\tcode\ra, b\t1\rc\t2", expected);
        reads("label|code\na, b|1\nc|2", expected);
        reads("sep=;\nlabel;code\na, b;1\nc;2", expected);
        reads("label\na\nb", &[&["label"], &["a"], &["b"]]);
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_doubled_quotes() {
        reads("a,b\n\"8\"\" PVC\nCAP\", \"x\" ,\"\"\n", &[&["a", "b"], &["8\" PVC\nCAP", "x", ""]]);
        reads("label,size\n8\" PVC CAP,8\n", &[&["label", "size"], &["8\" PVC CAP", "8"]]);
    }

    #[test]
    fn a_quote_that_is_not_doubled_is_a_letter() {
        let text = "a,b\n\"8\" PVC CAP\",1\nx,2\n";
        reads(text, &[&["a", "b"], &["8\" PVC CAP", "1"], &["x", "2"]]);
        assert_eq!(faults(text), [(2, 0, Fault::Single)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_place() {
        for (text, place, line) in [
            ("a,b\n\"8 PVC,1\nx,2\n\"y\"\"z\",3\n", 4, 2),
            ("a,b\nx,\"y\n", 6, 2),
            ("a,b\r\n\"1\r\n2\",x\r\n\"3,y", 15, 4),
            ("a,b\r\"1", 4, 2),
        ] {
            let open = faults(text).into_iter().map(|it| it.2).collect::<Vec<_>>();
            assert_eq!(open, [Fault::Open(place)], "{text:?}");
            assert_eq!(line_of(text, place), line, "{text:?}");
        }
    }

    #[test]
    fn a_row_without_an_end_is_not_read_to_its_end() {
        let text = ",".repeat(WIDTH_MAX + 5);
        assert_eq!(faults(&text)[0], (1, WIDTH_MAX, Fault::Wide));
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        let rows: Vec<u64> = Rows::of("a,b\n\n\"1\n2\",x\n3,y\n").map(|it| it.number).collect();
        assert_eq!(rows, [1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[a-c,;\"\n\r é|\t]{0,6}", 3), 1..6),
        ) {
            let quote = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
            let lines: Vec<String> =
                rows.iter().map(|it| it.iter().map(quote).collect::<Vec<_>>().join(",")).collect();
            let text = format!("\"h\",\"i\",\"j\"\n{}\n", lines.join("\n"));
            let back: Vec<Vec<String>> = Rows { text: &text, at: 0, separator: b',', number: 0 }
                .skip(1)
                .map(|it| it.cells.into_iter().map(Cow::into_owned).collect())
                .collect();
            prop_assert_eq!(back, rows);
        }

        #[test]
        fn no_text_is_too_odd_to_be_read(text in "[a,\"\n\r; ]{0,40}") {
            let total: usize = Rows::of(&text).map(|it| it.cells.iter().map(|it| it.len()).sum::<usize>()).sum();
            prop_assert!(total <= text.len());
        }
    }
}
