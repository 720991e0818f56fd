//! Reads an answer while it is written, and lets only the markers through that name a source.
//!
//! What is a marker, and what only looks like one, is told apart in [`super::marker`]; what is code in
//! [`super::code`]. What cannot be told yet is held until it can.

use std::collections::BTreeSet;

use super::{
    code::Code,
    marker::{self, Marker},
};

/// The longest text between brackets that may still become a marker.
const MARKER_CHARS_MAX: usize = 40;
/// How much of a line is remembered, to know a heading when it ends.
const LINE_CHARS_MAX: usize = 64;
/// How much of a word is remembered, to know a name when a bracket follows it.
const WORD_CHARS_MAX: usize = 16;
/// Code that nobody closes is not waited for any longer than this.
const CODE_BYTES_MAX: usize = 2_000;

/// What the list of sources at the end of an answer is called.
const HEADINGS: [&str; 4] = ["references", "sources", "citations", "bibliography"];

/// Reads one answer. Pieces go in as they come; what may be shown comes out.
#[derive(Debug)]
pub struct Checker {
    reads: Reads,
    cited: BTreeSet<u32>,
    /// What waits for its end: spaces, and from a bracket on what may become a marker.
    held: String,
    /// Where in `held` the bracket is.
    bracket: Option<usize>,
    /// A list of numbers in `held`, which is a marker or not by what follows it.
    list: Option<List>,
    /// Backticks just seen.
    ticks: usize,
    /// Code within the line, held until it is closed.
    code: Option<Code>,
    /// The run of backticks that opened the block in which we are.
    block: Option<usize>,
    /// The beginning of the line, as it was let through.
    line: String,
    /// The word that was just let through, and the last letter, which may come after it.
    word: String,
    last: char,
    /// The rest of the answer is its list of sources.
    in_list: bool,
    /// The rest of the line goes.
    drops_line: bool,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// An answer that was given sources numbered from 1 to this.
    Answer(u32),
    /// A source: what would be read as a marker in an answer loses its brackets.
    Source,
}

/// A list of numbers between brackets, and where in what is held it stands.
#[derive(Debug)]
struct List {
    numbers: Vec<u32>,
    at: usize,
    end: usize,
}

impl Checker {
    /// For an answer that was given sources numbered from 1 to `given`.
    pub fn new(given: u32) -> Self {
        Self::reading(Reads::Answer(given))
    }

    /// For the words of a source, which are to have no markers of ours.
    pub(super) fn of_source() -> Self {
        Self::reading(Reads::Source)
    }

    fn reading(reads: Reads) -> Self {
        Self {
            reads,
            cited: BTreeSet::new(),
            held: String::new(),
            bracket: None,
            list: None,
            ticks: 0,
            code: None,
            block: None,
            line: String::new(),
            word: String::new(),
            last: '\n',
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
        self.end_ticks(&mut out);
        self.end_code(&mut out);
        self.settle(None, &mut out);
        out
    }

    /// The numbers that were let through so far.
    pub fn cited(&self) -> impl Iterator<Item = u32> {
        self.cited.iter().copied()
    }

    fn take(&mut self, letter: char, out: &mut String) {
        if self.block.is_some() {
            match letter {
                '\n' => self.end_line(out),
                letter => self.emit(letter, out),
            }
            return;
        }
        if letter == '`' {
            self.ticks += 1;
            return;
        }
        self.end_ticks(out);
        if letter == '\n' {
            let block = self.end_code(out);
            self.settle(None, out);
            self.end_line(out);
            self.block = block;
            return;
        }
        match &mut self.code {
            None => self.read(letter, out),
            Some(code) => {
                code.text.push(letter);
                if code.text.len() > CODE_BYTES_MAX {
                    self.open_up(out);
                }
            }
        }
    }

    /// A letter outside of code, within a line.
    fn read(&mut self, letter: char, out: &mut String) {
        let is_space = matches!(letter, ' ' | '\t');
        if self.list.is_some() && !is_space {
            self.end_list(Some(letter), out);
        }
        match self.bracket {
            None if matches!(letter, '[' | '【') => {
                self.bracket = Some(self.held.len());
                self.held.push(letter);
            }
            None if is_space => self.held.push(letter),
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
            self.held.push(letter);
            self.bracket = None;
            self.end_bracket(at, is_wide, out);
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

    /// A bracket is closed: a marker, a list that may be one, or just words.
    fn end_bracket(&mut self, at: usize, is_wide: bool, out: &mut String) {
        let inside = self.held[at..].trim_matches(['[', ']', '【', '】']);
        // The word before it, where nothing stands between them.
        let word = if at == 0 { self.word.clone() } else { String::new() };
        match Marker::of(inside, is_wide) {
            Some(Marker::Clear(numbers))
                if !marker::is_index(&word) && !marker::is_maths(self.last) =>
            {
                self.marker(&numbers, at, out);
            }
            Some(Marker::List(numbers))
                if word.is_empty()
                    && !marker::is_maths(self.last)
                    && numbers.iter().all(|it| self.is_given(*it)) =>
            {
                self.list = Some(List { numbers, at, end: self.held.len() });
            }
            _ => {
                self.release(out);
                // `a[0][1]`: the second one belongs to the same word.
                self.word = word;
            }
        }
    }

    /// What follows a list of numbers says what it is.
    fn end_list(&mut self, next: Option<char>, out: &mut String) {
        let Some(List { numbers, at, end }) = self.list.take() else { return };
        let after = self.held.split_off(end);
        if marker::is_followed(self.last, next) {
            self.marker(&numbers, at, out);
        } else {
            self.release(out);
        }
        self.held.push_str(&after);
    }

    fn is_given(&self, number: u32) -> bool {
        match self.reads {
            Reads::Answer(given) => (1..=given).contains(&number),
            Reads::Source => number > 0,
        }
    }

    /// A marker with these numbers, from `at` to the end of what is held: those of sources stay, each in
    /// brackets of its own.
    fn marker(&mut self, numbers: &[u32], at: usize, out: &mut String) {
        if self.reads == Reads::Source {
            let marker = self.held.split_off(at);
            self.release(out);
            let inside = marker.trim_matches(['[', ']', '【', '】']);
            for letter in format!("({inside})").chars() {
                self.emit(letter, out);
            }
            return;
        }
        let good: Vec<u32> = numbers.iter().copied().filter(|it| self.is_given(*it)).collect();
        if good.is_empty() {
            let begins_line = self.line.chars().all(is_list_sign);
            // An entry of the list that stands for no source goes as a whole.
            self.drops_line = self.in_list && begins_line;
            self.held.clear();
            return;
        }
        self.held.truncate(at);
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

    /// What is held is not waited for any longer, because of what follows it.
    fn settle(&mut self, next: Option<char>, out: &mut String) {
        self.end_list(next, out);
        self.release(out);
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
        if !(letter.is_alphanumeric() || letter == '_') {
            self.word.clear();
        } else if self.word.len() < WORD_CHARS_MAX {
            self.word.push(letter);
        }
        if !matches!(letter, ' ' | '\t') {
            self.last = letter;
        }
        out.push(letter);
    }

    fn end_line(&mut self, out: &mut String) {
        match self.block {
            Some(opened) if closes(&self.line, opened) => self.block = None,
            Some(_) => {}
            None => {
                let heading = self.line.trim_matches(HEADING_SIGNS).to_lowercase();
                self.in_list |= HEADINGS.contains(&heading.as_str());
            }
        }
        self.drops_line = false;
        self.line.clear();
        self.word.clear();
        self.last = '\n';
        out.push('\n');
    }

    /// The run of backticks is over, if there was one.
    fn end_ticks(&mut self, out: &mut String) {
        let ticks = std::mem::take(&mut self.ticks);
        if ticks == 0 {
            return;
        }
        match self.code.take() {
            Some(code) if code.ticks == ticks => self.pass(&code.whole(), out),
            Some(mut code) => {
                code.text.extend(std::iter::repeat_n('`', ticks));
                self.code = Some(code);
            }
            None => {
                self.settle(Some('`'), out);
                self.code = Some(Code { ticks, text: String::new() });
            }
        }
    }

    /// The line ends. Code in it that nobody closed is none, unless it opens a block: then that is
    /// given back.
    fn end_code(&mut self, out: &mut String) -> Option<usize> {
        if let Some(code) = &self.code
            && self.line.chars().all(char::is_whitespace)
            && code.opens_block()
        {
            let (ticks, text) = (code.ticks, code.opening());
            self.code = None;
            self.pass(&text, out);
            return Some(ticks);
        }
        while self.code.is_some() {
            self.open_up(out);
            self.end_ticks(out);
        }
        None
    }

    /// What was held as code is none: its backticks are just backticks, and what follows them is read.
    fn open_up(&mut self, out: &mut String) {
        let Some(code) = self.code.take() else { return };
        self.pass(&"`".repeat(code.ticks), out);
        for letter in code.text.chars() {
            self.take(letter, out);
        }
    }

    /// Lets a text through as it is.
    fn pass(&mut self, text: &str, out: &mut String) {
        for letter in text.chars() {
            self.emit(letter, out);
        }
    }
}

const HEADING_SIGNS: [char; 5] = [' ', '#', '*', ':', '_'];

/// Does this line close a block that so many backticks have opened?
fn closes(line: &str, opened: usize) -> bool {
    let bare = line.trim();
    bare.len() >= opened && bare.bytes().all(|it| it == b'`')
}

/// What may stand before the number of an entry of a list.
fn is_list_sign(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, ' ' | '\t' | '-' | '*' | '•' | '.' | ')')
}
