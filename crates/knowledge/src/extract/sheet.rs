//! Text of tables: a line for each row, in which every value stands beside the name of its column, so
//! that a row is understood wherever the text is cut.
//!
//! Nothing is calculated: a formula is the value that the workbook remembers for it.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx};

use super::{Extracted, Limits, VerdictKind, Warning, neat};
use crate::sniff;

/// Cells to the right of this column are not read.
const COLUMNS_MAX: u32 = 1_000;
/// Rows above the header that may be titles.
const TITLES_MAX: usize = 10;

/// Reads every sheet of a workbook.
pub(super) fn xlsx(bytes: &[u8], limits: &Limits) -> Extracted {
    let Ok(mut book) = Xlsx::new(Cursor::new(bytes)) else {
        return Extracted::nothing(VerdictKind::Broken);
    };
    let is_sheet = |it: &&calamine::Sheet| it.typ == SheetType::WorkSheet;
    let names: Vec<String> =
        book.sheets_metadata().iter().filter(is_sheet).map(|it| it.name.clone()).collect();
    let mut table = Table::within(limits);
    let mut unread = 0;
    for name in &names {
        let Ok(rows) = cells(&mut book, name, &table) else {
            unread += 1;
            continue;
        };
        if rows.is_empty() {
            continue;
        }
        if names.len() > 1 {
            table.out.push_str(&format!("\n{name}\n"));
        }
        table.begin();
        rows.into_values().for_each(|it| table.row(it.into_values().collect()));
        table.finish();
    }
    let warnings = match unread {
        0 => Vec::new(),
        count => vec![Warning::new("damaged", format!("{count} of its sheets cannot be read."))],
    };
    match Extracted::of_text(None, neat::text(&table.out), warnings) {
        found if found.verdict.kind == VerdictKind::Empty && unread > 0 => {
            Extracted::nothing(VerdictKind::Broken)
        }
        found => found,
    }
}

/// Reads text with separators.
pub(super) fn csv(bytes: &[u8], limits: &Limits) -> Extracted {
    let (text, guessed) = sniff::decoded(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut table = Table::within(limits);
    table.begin();
    let mut record = csv::StringRecord::new();
    let mut is_whole = true;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if table.is_full() => break,
            Ok(true) => table.row(record.iter().map(str::to_owned).collect()),
            Err(_) => {
                is_whole = false;
                break;
            }
        }
    }
    table.finish();
    let mut warnings = Vec::new();
    if guessed {
        warnings.push(Warning::new("encoding", super::plain::GUESSED));
    }
    if !is_whole {
        let message = "It is damaged; what stands behind the damage is missing.";
        warnings.push(Warning::new("damaged", message));
    }
    Extracted::of_text(None, neat::text(&table.out), warnings)
}

type Cells = BTreeMap<u32, BTreeMap<u32, String>>;

/// The cells of a sheet that are not empty. They come one by one, so that a cell in the last corner
/// of an empty sheet costs nothing.
fn cells(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    table: &Table,
) -> Result<Cells, calamine::XlsxError> {
    let mut rows = Cells::new();
    let mut cells = book.worksheet_cells_reader(name)?;
    let mut bytes = table.out.len();
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let text = value(cell.get_value());
        if text.trim().is_empty() || column >= COLUMNS_MAX {
            continue;
        }
        bytes += text.len() + 2;
        rows.entry(row).or_default().insert(column, text);
        // Many cells may share one long text.
        if bytes > table.bytes_max {
            break;
        }
    }
    Ok(rows)
}

/// A cell as a person reads it: whole numbers without a point, dates as ISO 8601.
fn value(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::Int(it) => it.to_string(),
        DataRef::Float(it) => number(*it),
        DataRef::String(it) => it.clone(),
        DataRef::SharedString(it) => (*it).to_owned(),
        DataRef::Bool(it) => it.to_string(),
        DataRef::DateTime(it) => date(it),
        DataRef::DateTimeIso(it) | DataRef::DurationIso(it) => it.clone(),
    }
}

fn number(it: f64) -> String {
    // Fifteen digits are what a spreadsheet shows; 0.1 + 0.2 is 0.3 there.
    let shown: f64 = format!("{it:.14e}").parse().unwrap_or(it);
    format!("{shown}")
}

fn date(it: &ExcelDateTime) -> String {
    if it.is_duration() {
        return number((it.as_f64() * 86_400.0).round()) + " s";
    }
    let (year, month, day, hour, minute, second, _) = it.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

/// The separator that stands most evenly in the first lines.
fn separator(text: &str) -> u8 {
    let lines: Vec<&str> = text.lines().filter(|it| !it.is_empty()).take(10).collect();
    let evenness = |separator: u8| {
        let counts = lines.iter().map(|it| it.bytes().filter(|it| *it == separator).count());
        let counts: Vec<usize> = counts.collect();
        let least = counts.iter().min().copied().unwrap_or_default();
        (least > 0, least)
    };
    let best = [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|it| evenness(*it));
    best.filter(|it| evenness(*it).0).unwrap_or(b',')
}

/// A text made of rows.
struct Table {
    out: String,
    bytes_max: usize,
    /// Rows before the header is known.
    waiting: Vec<Vec<String>>,
    header: Option<Vec<String>>,
    /// Rows below the header.
    rows: usize,
}

impl Table {
    fn within(limits: &Limits) -> Self {
        // Four bytes are the most that a letter has.
        let bytes_max = usize::try_from(limits.chars.saturating_mul(4)).unwrap_or(usize::MAX);
        Self { out: String::new(), bytes_max, waiting: Vec::new(), header: None, rows: 0 }
    }

    fn is_full(&self) -> bool {
        self.out.len() > self.bytes_max
    }

    fn begin(&mut self) {
        self.waiting.clear();
        self.header = None;
        self.rows = 0;
    }

    fn row(&mut self, cells: Vec<String>) {
        if cells.iter().all(|it| it.trim().is_empty()) || self.is_full() {
            return;
        }
        if let Some(header) = self.header.take() {
            self.named(&header, &cells);
            self.header = Some(header);
            self.rows += 1;
        } else if is_header(&cells) {
            for title in std::mem::take(&mut self.waiting) {
                self.bare(&title);
            }
            self.header = Some(cells);
        } else {
            self.waiting.push(cells);
            if self.waiting.len() > TITLES_MAX {
                self.give_up();
            }
        }
    }

    /// There is no header: rows are just rows.
    fn give_up(&mut self) {
        for row in std::mem::take(&mut self.waiting) {
            self.bare(&row);
        }
        self.header = Some(Vec::new());
    }

    fn finish(&mut self) {
        // A header and nothing else is a row like any other.
        if let Some(header) = self.header.take().filter(|_| self.rows == 0) {
            self.bare(&header);
        }
        self.give_up();
    }

    fn bare(&mut self, cells: &[String]) {
        let cells: Vec<_> = cells.iter().map(|it| one_line(it)).collect();
        let cells: Vec<_> = cells.into_iter().filter(|it| !it.is_empty()).collect();
        self.out.push_str(&cells.join(" | "));
        self.out.push('\n');
    }

    fn named(&mut self, header: &[String], cells: &[String]) {
        if header.is_empty() {
            return self.bare(cells);
        }
        let mut first = true;
        for (at, cell) in cells.iter().enumerate() {
            let cell = one_line(cell);
            if cell.is_empty() {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push_str("; ");
            }
            if let Some(name) = header.get(at).map(|it| one_line(it)).filter(|it| !it.is_empty()) {
                self.out.push_str(&name);
                self.out.push_str(": ");
            }
            self.out.push_str(&cell);
        }
        self.out.push('\n');
    }
}

/// Two names at least, all different, none of them a number.
fn is_header(cells: &[String]) -> bool {
    let names: Vec<&str> = cells.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).collect();
    let is_name = |it: &&str| {
        it.chars().any(char::is_alphabetic) && it.chars().count() <= 60 && !neat::ends_sentence(it)
    };
    let distinct = names.iter().collect::<std::collections::HashSet<_>>().len();
    names.len() >= 2 && distinct == names.len() && names.iter().all(is_name)
}

fn one_line(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { memory_bytes: 1 << 30, cpu_s: 9, chars: 10_000, pages: 9, time_ms: 999 };

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = csv(text.as_bytes(), &LIMITS);
        assert_eq!(found.pages[0].text, expected, "{text:?}");
    }

    #[test]
    fn every_value_stands_beside_the_name_of_its_column() {
        check(
            "part,weeks\nprobe,4\n\"seal, red\",12\n",
            "part: probe; weeks: 4\npart: seal, red; weeks: 12",
        );
        check("part;weeks\nprobe;4\n", "part: probe; weeks: 4");
        check("part\tweeks\nprobe\t\n", "part: probe");
    }

    #[test]
    fn titles_above_a_header_are_lines_of_their_own() {
        check("Stock of May\n\npart,weeks\nprobe,4\n", "Stock of May\npart: probe; weeks: 4");
    }

    #[test]
    fn without_a_header_rows_are_just_rows() {
        check("1,2\n3,4\n", "1 | 2\n3 | 4");
        check("part,weeks\n", "part | weeks");
    }

    #[test]
    fn a_table_that_unfolds_too_far_is_not_unfolded() {
        let limits = Limits { chars: 10, ..LIMITS };
        let rows: String = (0..1_000).map(|it| format!("row {it},x\n")).collect();
        assert!(csv(rows.as_bytes(), &limits).pages[0].text.len() < 200);
    }

    #[test]
    fn numbers_are_written_as_a_spreadsheet_shows_them() {
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(4.0), "4");
    }
}
