//! Lists that people bring: CSV, XLS, XLSX, JSON and JSONL become records, and every row that is
//! not as it should be is reported by its number.
//!
//! A file is what its content says, whatever its name. One bad row never loses the others: a row
//! without a required field, or with a value that cannot be, is skipped and reported; anything
//! less is kept with a warning. Only a file that cannot be read at all is an error. Nothing in a
//! file is ever calculated: what looks like a formula stays text. A quote that is never closed makes
//! a text unreadable, because nobody can know where its cell ends; a file that would unfold to far
//! more than it is ([`cost`]) is refused before it does.
//!
//! What becomes of a row:
//! - fewer cells than the header: the missing ones are empty, with a warning;
//! - more cells than the header: the surplus is left out, with a warning;
//! - a quote inside a quoted cell that is not doubled is taken as a letter, with a warning;
//! - a value of an optional field that does not fit is put beside it as `…_given`, with a warning.
//!
//! Start at [`Reader::read`].

mod cell;
mod compound;
mod cost;
mod csv;
mod extent;
mod header;
mod items;
mod reader;
mod row;
mod sheet;
mod sniff;

#[cfg(test)]
mod old_tests;

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde::Serialize;
use serde_json::Value as Json;

pub(crate) use cell::looks_like_formula;
use cost::Cost;
pub use reader::Reader;
#[cfg(test)]
pub(crate) use reader::tests as reader_tests;

use crate::field::Data;

/// A list that was read.
#[derive(Debug, Clone)]
pub struct Table {
    /// What the file is.
    pub format: Format,
    /// The columns found, in the order of the file.
    pub columns: Vec<ColumnUse>,
    /// The records, in the order of the file.
    pub records: Vec<ReadRecord>,
    /// What there is to say about the rows.
    pub report: Report,
}

/// A column, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnUse {
    /// As it stands in the file.
    pub header: String,
    /// The field that takes it; none when nothing does.
    pub field: Option<String>,
    /// Its first few values.
    pub sample: Vec<String>,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRecord {
    /// Its row, as a spreadsheet counts: the header is row 1.
    pub row_number: u64,
    /// Its fields.
    pub data: Data,
}

/// What there is to say about the rows of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows that were not empty.
    pub rows_read: u64,
    /// Rows that became records.
    pub kept: u64,
    /// Rows that did not.
    pub skipped: u64,
    /// Rows that became records and have a warning.
    pub warned: u64,
    /// The first [`LINES_MAX`] lines.
    pub lines: Vec<Line>,
    /// Lines beyond those.
    pub lines_left_out: u64,
    /// The rows that count as warned.
    #[serde(skip)]
    warned_rows: HashSet<u64>,
    /// Row and field of each value that stands in an earlier row, and which line says so; none when
    /// that line was left out.
    #[serde(skip)]
    repeats: HashMap<(u64, String), Option<usize>>,
}

/// The most lines a report keeps.
pub const LINES_MAX: usize = 1_000;

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The row; none when it is about the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The column's header, when it is about one cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Whether the row was lost.
    pub level: Level,
    /// What it is, in a word for programs: `empty_required`, `unknown_word`, …
    pub code: &'static str,
    /// What it is, in a sentence for people.
    pub message: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The row is skipped.
    Error,
    /// The row is kept.
    Warning,
}

impl Report {
    pub(crate) fn add(&mut self, line: Line) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(line);
        } else {
            self.lines_left_out += 1;
        }
    }

    /// Adds a line about a row that is kept. The row counts once, however many lines it has.
    pub(crate) fn warn(&mut self, line: Line) {
        if line.row.is_none_or(|it| self.warned_rows.insert(it)) {
            self.warned += 1;
        }
        self.add(line);
    }

    /// Adds the line about a value of `field` that stands in an earlier row.
    fn repeat(&mut self, field: String, line: Line) {
        let at = (self.lines.len() < LINES_MAX).then_some(self.lines.len());
        if let Some(row) = line.row {
            self.repeats.insert((row, field), at);
        }
        self.warn(line);
    }

    /// Says what became of a value of `field`: in the place of the line that told its repetition,
    /// where there is one, so that nothing is told twice.
    pub(crate) fn settle(&mut self, field: &str, line: Line) {
        let told = line.row.and_then(|row| self.repeats.remove(&(row, field.to_owned())));
        match told {
            Some(Some(at)) => self.lines[at] = line,
            Some(None) => {}
            None => self.warn(line),
        }
    }
}

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text with separators.
    Csv,
    /// A workbook of Excel 97 to 2003.
    Xls,
    /// A workbook of Excel 2007 and later.
    Xlsx,
    /// A list of objects, or an object with such a list under `items`.
    Json,
    /// An object on each line.
    Jsonl,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Xls, Self::Xlsx, Self::Json, Self::Jsonl];

    /// The name used in descriptions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xls => "xls",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A file that cannot be read as a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// It is larger than allowed.
    #[error("the file has {bytes} bytes; at most {bytes_max} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest allowed.
        bytes_max: u64,
    },
    /// It has more rows than allowed.
    #[error("the file has more than {rows_max} rows; split it")]
    TooManyRows {
        /// The most allowed.
        rows_max: u64,
    },
    /// Its cells, with those that lie empty between them, are more than any list has.
    #[error(
        "the file reaches over more than {cells_max} cells; take out what stands far from the list, or split it"
    )]
    TooManyCells {
        /// The most allowed.
        cells_max: u64,
    },
    /// A quote is opened and never closed.
    #[error(
        "the quote that opens in line {line} is never closed; close it, or write it twice where it is a letter"
    )]
    OpenQuote {
        /// The line of the text, from 1.
        line: u64,
    },
    /// It is something else.
    #[error("the file is {found}; expected {expected}")]
    WrongType {
        /// What it is, with its article.
        found: String,
        /// What would be read.
        expected: String,
    },
    /// It has no rows.
    #[error("the file is empty")]
    Empty,
    /// No column can be the required field.
    #[error("no column holds `{field}`: one of the headers must be {}", .expected.join(", "))]
    MissingColumn {
        /// The field.
        field: String,
        /// The headers that would be understood.
        expected: Vec<String>,
        /// The headers found.
        found: Vec<String>,
    },
    /// It is damaged.
    #[error("the file cannot be read: {why}")]
    Damaged {
        /// Why.
        why: String,
    },
    /// It is JSON of another shape.
    #[error("the JSON is not a list of objects: {why}")]
    NotItems {
        /// Why.
        why: String,
    },
}

impl TableError {
    /// The stable code of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "file_too_large",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::WrongType { .. } => "invalid_file_type",
            Self::Empty
            | Self::MissingColumn { .. }
            | Self::Damaged { .. }
            | Self::TooManyCells { .. }
            | Self::OpenQuote { .. } => "invalid_file",
            Self::NotItems { .. } => "invalid_json",
        }
    }
}

/// The rows of a file before anyone knows what they mean.
struct Grid<'a> {
    format: Format,
    rows: Vec<GridRow<'a>>,
    /// Lines about the whole file.
    lines: Vec<Line>,
    /// Whether a row with fewer or more cells than the header is worth a word.
    is_ragged_by_nature: bool,
}

/// A row of cells.
struct GridRow<'a> {
    number: u64,
    cells: Vec<Cell<'a>>,
    /// What was seen while the cells were read: (cell, code, message).
    remarks: Vec<(usize, &'static str, String)>,
    /// Why this is no row at all.
    refusal: Option<String>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
enum Cell<'a> {
    Empty,
    Text(std::borrow::Cow<'a, str>),
    Json(std::borrow::Cow<'a, Json>),
}

impl Cell<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.chars().all(|it| it.is_whitespace() || it.is_control()),
            Self::Json(value) => value.is_null(),
        }
    }
}

/// A warning about a whole file.
fn file_warning(code: &'static str, message: String) -> Line {
    Line { row: None, column: None, level: Level::Warning, code, message }
}
