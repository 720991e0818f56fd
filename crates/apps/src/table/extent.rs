//! What an old workbook (BIFF) would unfold to, told from its records before anything is unfolded.
//!
//! `calamine` holds each sheet as a full rectangle from its first cell to its last, and gives every
//! cell a copy of its text. Two cells in opposite corners are then gigabytes. This walks over the
//! same records in the same order and only counts.

use super::compound::{Compound, u16_at, u32_at};

/// What a workbook unfolds to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The cells of all rectangles: values and formulas of each sheet.
    pub(super) cells: u64,
    /// The letters of all cells.
    pub(super) letters: u64,
}

/// Room that a sheet announces, at the most: every cell that Excel 97 has.
const ANNOUNCED_MAX: u64 = 65_536 * 256;
/// The parts of one record, at the most. A table of 10 MB of strings has 1,300.
const PARTS_MAX: usize = 10_000;

const FORMULA: u16 = 0x0006;
const END: u16 = 0x000a;
const CONTINUE: u16 = 0x003c;
const SHEET: u16 = 0x0085;
const NUMBERS: u16 = 0x00bd;
const RICH_TEXT: u16 = 0x00d6;
const STRINGS: u16 = 0x00fc;
const SHARED_TEXT: u16 = 0x00fd;
const DIMENSIONS: u16 = 0x0200;
const NUMBER: u16 = 0x0203;
const TEXT: u16 = 0x0204;
const TRUTH: u16 = 0x0205;
const FORMULA_TEXT: u16 = 0x0207;
const SHORT_NUMBER: u16 = 0x027e;
const BEGIN: u16 = 0x0809;

/// The extent of the workbook in `file`; none when it is not built as a workbook is.
pub(super) fn of(file: &[u8]) -> Option<Extent> {
    let container = Compound::open(file)?;
    let stream = container.stream("Workbook").or_else(|| container.stream("Book"))??;
    of_stream(&stream)
}

fn of_stream(stream: &[u8]) -> Option<Extent> {
    let mut sheets = Vec::new();
    let mut strings = Vec::new();
    for record in (Records { rest: stream }) {
        if record.parts.len() > PARTS_MAX {
            return None;
        }
        match record.kind {
            STRINGS => strings = lengths(&record)?,
            SHEET => sheets.push(u32_at(record.data, 0)? as usize),
            END => break,
            _ => {}
        }
    }
    let mut extent = Extent::default();
    let mut walked = 0;
    for start in sheets {
        let (found, bytes) = of_sheet(stream.get(start..)?, &strings)?;
        extent.cells = extent.cells.saturating_add(found.cells);
        extent.letters = extent.letters.saturating_add(found.letters);
        // Sheets lie one behind the other. Those that lie in each other are read again and again.
        walked += bytes;
        if walked > 2 * stream.len() {
            return None;
        }
    }
    Some(extent)
}

/// The extent of a sheet, and how many bytes its records have.
fn of_sheet(stream: &[u8], strings: &[u64]) -> Option<(Extent, usize)> {
    let (mut values, mut formulas) = (Rectangle::default(), Rectangle::default());
    let mut letters = 0_u64;
    let (mut has_begun, mut depth) = (false, 0_usize);
    let mut last_formula = (0, 0);
    let mut records = Records { rest: stream };
    for record in records.by_ref() {
        let data = record.data;
        if record.parts.len() > PARTS_MAX {
            return None;
        }
        if depth > 0 {
            match record.kind {
                BEGIN => depth += 1,
                END => depth -= 1,
                _ => {}
            }
            continue;
        }
        match record.kind {
            BEGIN if has_begun => depth += 1,
            BEGIN => has_begun = true,
            END => break,
            DIMENSIONS if announced(data)? > ANNOUNCED_MAX => return None,
            NUMBER | TRUTH | SHORT_NUMBER => values.add(place(data)?),
            TEXT | RICH_TEXT => {
                values.add(place(data)?);
                letters += data.len() as u64;
            }
            SHARED_TEXT => {
                values.add(place(data)?);
                let length = strings.get(u32_at(data, 6)? as usize);
                letters = letters.saturating_add(length.copied().unwrap_or_default());
            }
            NUMBERS => {
                let (row, column) = place(data)?;
                let count = (data.len().checked_sub(6)? / 6) as u32;
                values.add((row, column));
                values.add((row, column + count.saturating_sub(1)));
            }
            FORMULA => {
                last_formula = place(data)?;
                values.add(last_formula);
                formulas.add(last_formula);
            }
            FORMULA_TEXT => {
                values.add(last_formula);
                letters += data.len() as u64;
            }
            _ => {}
        }
    }
    let cells = values.cells() + formulas.cells();
    Some((Extent { cells, letters }, stream.len() - records.rest.len()))
}

/// Row and column of a cell's record.
fn place(data: &[u8]) -> Option<(u32, u32)> {
    Some((u32::from(u16_at(data, 0)?), u32::from(u16_at(data, 2)?)))
}

/// The cells for which room is made when a sheet announces its size.
fn announced(data: &[u8]) -> Option<u64> {
    let short = |at| u16_at(data, at).map(u32::from);
    let (first_row, row_end, mut first_column, column_end) = match data.len() {
        10 => (short(0)?, short(2)?, short(4)?, short(6)?),
        14 | 16 => (u32_at(data, 0)?, u32_at(data, 4)?, short(8)?, short(10)?),
        _ => return None,
    };
    if first_column > 0xff || column_end < first_column {
        first_column = 0;
    }
    if row_end == 0 || column_end == 0 {
        return Some(1);
    }
    let rows = row_end.checked_sub(first_row)?;
    let columns = column_end.checked_sub(first_column)?;
    Some(u64::from(rows) * u64::from(columns))
}

/// The letters of each shared string.
fn lengths(record: &Record<'_>) -> Option<Vec<u64>> {
    let mut text = Parts { data: record.data.get(8..)?, more: record.parts.iter() };
    let mut lengths = Vec::new();
    while !text.data.is_empty() || text.go_on() {
        if text.data.is_empty() {
            lengths.push(0);
            continue;
        }
        let letters = u16_at(text.data, 0)?;
        let flags = *text.data.get(2)?;
        text.data = &text.data[3..];
        let (mut runs, mut extra) = (0, 0);
        if flags & 8 != 0 {
            runs = usize::from(u16_at(text.data, 0)?) * 4;
            text.data = &text.data[2..];
        }
        if flags & 4 != 0 {
            extra = u32_at(text.data, 0)? as usize;
            text.data = &text.data[4..];
        }
        text.skip_letters(usize::from(letters), flags & 1 != 0)?;
        text.skip(runs)?;
        text.skip(extra)?;
        lengths.push(u64::from(letters));
    }
    Some(lengths)
}

/// A record whose data goes on in others.
struct Parts<'r, 'a> {
    data: &'a [u8],
    more: std::slice::Iter<'r, &'a [u8]>,
}

impl Parts<'_, '_> {
    fn go_on(&mut self) -> bool {
        match self.more.next() {
            Some(part) => {
                self.data = part;
                true
            }
            None => false,
        }
    }

    /// Letters of one byte or two; each further part says anew which.
    fn skip_letters(&mut self, mut letters: usize, mut is_wide: bool) -> Option<()> {
        while letters > 0 {
            let width = if is_wide { 2 } else { 1 };
            let here = (self.data.len() / width).min(letters);
            self.data = &self.data[here * width..];
            letters -= here;
            if letters > 0 {
                if !self.go_on() {
                    return None;
                }
                is_wide = self.data.first()? & 1 != 0;
                self.data = &self.data[1..];
            }
        }
        Some(())
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            if self.data.is_empty() && !self.go_on() {
                return None;
            }
            let here = self.data.len().min(bytes);
            self.data = &self.data[here..];
            bytes -= here;
        }
        Some(())
    }
}

/// From the first cell to the last.
#[derive(Default)]
struct Rectangle(Option<(u32, u32, u32, u32)>);

impl Rectangle {
    fn add(&mut self, (row, column): (u32, u32)) {
        let (top, left, bottom, right) = self.0.unwrap_or((row, column, row, column));
        self.0 = Some((top.min(row), left.min(column), bottom.max(row), right.max(column)));
    }

    fn cells(&self) -> u64 {
        self.0.map_or(0, |(top, left, bottom, right)| {
            u64::from(bottom - top + 1) * u64::from(right - left + 1)
        })
    }
}

/// A record and the parts in which it goes on.
struct Record<'a> {
    kind: u16,
    data: &'a [u8],
    parts: Vec<&'a [u8]>,
}

/// The records of a stream, until one is cut off or has too many parts.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn one(&mut self) -> Option<(u16, &'a [u8])> {
        let (kind, length) = (u16_at(self.rest, 0)?, usize::from(u16_at(self.rest, 2)?));
        let data = self.rest.get(4..4 + length)?;
        self.rest = &self.rest[4 + length..];
        Some((kind, data))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (kind, data) = self.one()?;
        let mut parts = Vec::new();
        while u16_at(self.rest, 0) == Some(CONTINUE) {
            parts.push(self.one()?.1);
        }
        Some(Record { kind, data, parts })
    }
}
