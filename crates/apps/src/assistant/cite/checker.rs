//! Reads an answer while it is written, and lets only the markers through that name a source.

use std::collections::BTreeSet;

/// The longest text between brackets that may still become a marker.
const MARKER_CHARS_MAX: usize = 40;
/// How much of a line is remembered, to know a heading when it ends.
const LINE_CHARS_MAX: usize = 64;
/// A range of more sources than these is no marker.
const RANGE_MAX: u32 = 20;

/// What the list of sources at the end of an answer is called.
const HEADINGS: [&str; 4] = ["references", "sources", "citations", "bibliography"];

/// Reads one answer. Pieces go in as they come; what may be shown comes out.
#[derive(Debug)]
pub struct Checker {
    /// Sources are numbered from 1 to this.
    given: u32,
    cited: BTreeSet<u32>,
    /// What waits for its end: spaces, and from a bracket on what may become a marker.
    held: String,
    /// Where in `held` the bracket is.
    bracket: Option<usize>,
    /// The run of backticks that opened the code in which we are.
    code: Option<usize>,
    /// Backticks just seen.
    ticks: usize,
    /// The beginning of the line, as it was let through.
    line: String,
    /// The rest of the answer is its list of sources.
    in_list: bool,
    /// The rest of the line goes.
    drops_line: bool,
}

impl Checker {
    /// For an answer that was given sources numbered from 1 to `given`.
    pub fn new(given: u32) -> Self {
        Self {
            given,
            cited: BTreeSet::new(),
            held: String::new(),
            bracket: None,
            code: None,
            ticks: 0,
            line: String::new(),
            in_list: false,
            drops_line: false,
        }
    }

    /// Takes more of the answer; gives what of it may be shown now.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for letter in piece.chars() {
            self.take(letter, &mut out);
        }
        out
    }

    /// Nothing more comes: what was still held.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        self.release(&mut out);
        out
    }

    /// The numbers that were let through so far.
    pub fn cited(&self) -> impl Iterator<Item = u32> {
        self.cited.iter().copied()
    }

    fn take(&mut self, letter: char, out: &mut String) {
        if letter == '`' {
            self.release(out);
            self.ticks += 1;
            self.emit(letter, out);
            return;
        }
        self.end_ticks(letter);
        if letter == '\n' {
            self.release(out);
            self.end_line(out);
            return;
        }
        if self.code.is_some() {
            self.emit(letter, out);
            return;
        }
        match self.bracket {
            None if matches!(letter, '[' | '【') => {
                self.bracket = Some(self.held.len());
                self.held.push(letter);
            }
            None if letter == ' ' || letter == '\t' => self.held.push(letter),
            None => {
                self.release(out);
                self.emit(letter, out);
            }
            Some(at) => self.take_inside(letter, at, out),
        }
    }

    /// A letter after a bracket.
    fn take_inside(&mut self, letter: char, at: usize, out: &mut String) {
        let is_wide = self.held[at..].starts_with('【');
        if letter == if is_wide { '】' } else { ']' } {
            let opening = if is_wide { '【' } else { '[' }.len_utf8();
            let inside = self.held[at + opening..].to_owned();
            match numbers(&inside, is_wide) {
                Some(numbers) => self.marker(&numbers, at, out),
                None => {
                    self.held.push(letter);
                    self.release(out);
                }
            }
            return;
        }
        let may_go_on = letter.is_ascii_digit()
            || matches!(letter, ',' | ';' | ' ' | '-' | '–' | '^')
            || (is_wide && !matches!(letter, '【' | '['));
        if may_go_on && self.held.len() - at < MARKER_CHARS_MAX {
            self.held.push(letter);
            return;
        }
        self.release(out);
        // It may begin another one.
        self.take(letter, out);
    }

    /// A marker with these numbers: those of sources stay, each in brackets of its own.
    fn marker(&mut self, numbers: &[u32], at: usize, out: &mut String) {
        let good: Vec<u32> =
            numbers.iter().copied().filter(|it| (1..=self.given).contains(it)).collect();
        if good.is_empty() {
            let begins_line = self.line.chars().all(is_list_sign);
            // An entry of the list that stands for no source goes as a whole.
            self.drops_line = self.in_list && begins_line;
            self.held.clear();
            self.bracket = None;
            return;
        }
        self.held.truncate(at);
        self.bracket = None;
        self.release(out);
        if !self.drops_line {
            self.cited.extend(&good);
        }
        for number in good {
            for letter in format!("[{number}]").chars() {
                self.emit(letter, out);
            }
        }
    }

    /// Lets everything through that was held.
    fn release(&mut self, out: &mut String) {
        self.bracket = None;
        for letter in std::mem::take(&mut self.held).chars() {
            self.emit(letter, out);
        }
    }

    fn emit(&mut self, letter: char, out: &mut String) {
        if self.drops_line {
            return;
        }
        if self.line.len() < LINE_CHARS_MAX {
            self.line.push(letter);
        }
        out.push(letter);
    }

    fn end_line(&mut self, out: &mut String) {
        let heading = self.line.trim_matches(HEADING_SIGNS).to_lowercase();
        self.in_list |= HEADINGS.contains(&heading.as_str());
        self.drops_line = false;
        self.line.clear();
        // Code within a line ends with it, whether or not somebody closed it.
        if self.code.is_some_and(|ticks| ticks < 3) {
            self.code = None;
        }
        out.push('\n');
    }

    /// The run of backticks is over, if there was one.
    fn end_ticks(&mut self, next: char) {
        let ticks = std::mem::take(&mut self.ticks);
        if ticks == 0 {
            return;
        }
        self.code = match self.code {
            Some(opened) if ticks >= opened => None,
            Some(opened) => Some(opened),
            // Backticks at the end of a line open nothing but a block.
            None if next == '\n' && ticks < 3 => None,
            None => Some(ticks),
        };
    }
}

const HEADING_SIGNS: [char; 5] = [' ', '#', '*', ':', '_'];

/// The numbers of a marker: `3`, `1, 2`, `2-4`, `^1`, in wide brackets also `3†source`. None when it
/// is none.
fn numbers(inside: &str, is_wide: bool) -> Option<Vec<u32>> {
    let inside = inside.trim().trim_start_matches('^');
    let inside = match inside.find(|it: char| !it.is_ascii_digit()) {
        Some(end) if is_wide && end > 0 => &inside[..end],
        _ => inside,
    };
    let mut numbers = Vec::new();
    for part in inside.split([',', ';']) {
        let part = part.trim().trim_start_matches('^');
        match part.split_once(['-', '–']) {
            None => numbers.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first.trim())?, number(last.trim())?);
                if last < first || last - first > RANGE_MAX {
                    return None;
                }
                numbers.extend(first..=last);
            }
        }
    }
    Some(numbers)
}

/// What may stand before the number of an entry of a list.
fn is_list_sign(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, ' ' | '\t' | '-' | '*' | '•' | '.' | ')')
}

/// A number of at most three digits: what is longer is a year, or something else.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
