//! Reads the first sheet of a workbook that has something in it.
//!
//! Cells of a new workbook come one by one, so that a cell in the last corner of an empty sheet costs
//! nothing; an old one is looked over first ([`super::extent`]). A formula is the value that the
//! workbook remembers for it, or, without one, its own text.

use std::{borrow::Cow, collections::BTreeMap, io::Cursor, panic::catch_unwind};

use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xls, Xlsx};

use super::{Cell, Cost, Format, Grid, GridRow, Line, TableError, extent, file_warning, sniff};

/// Cells to the right of this column are not read.
const COLUMNS_MAX: u32 = 1_000;
/// What the files of a workbook may have when they are unpacked, for each byte allowed packed.
const UNPACKED_FACTOR: u64 = 25;

/// Cells by row, as they come.
#[derive(Default)]
struct Rows(BTreeMap<u32, Row>);

#[derive(Default)]
struct Row {
    cells: Vec<(u32, String, Option<Remark>)>,
    /// Its last column, counted from 1.
    width: u32,
}

#[derive(Clone, Copy)]
enum Remark {
    Formula,
    Fault,
}

/// Reads a workbook of Excel 2007 and later.
pub(super) fn xlsx(
    bytes: &[u8],
    bytes_max: u64,
    rows_max: u64,
    cost: &mut Cost,
) -> Result<Grid<'static>, TableError> {
    let unpacked = sniff::archive(bytes).map_or(0, |it| it.unpacked_bytes);
    if unpacked > bytes_max.saturating_mul(UNPACKED_FACTOR).max(64 << 20) {
        return Err(TableError::Damaged { why: "it unpacks to far more than a list needs".into() });
    }
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|it| damaged(&it))?;
    let names = sheets(book.sheets_metadata());
    for name in &names {
        let mut rows = Rows::default();
        let mut cells = book.worksheet_cells_reader(name).map_err(|it| damaged(&it))?;
        while let Some(cell) = cells.next_cell_with_formula().map_err(|it| damaged(&it))? {
            let (text, mut remark) = text(&cell.value);
            let text = match cell.formula {
                Some(formula) if !formula.is_empty() => {
                    remark = remark.or(Some(Remark::Formula));
                    if text.is_empty() { format!("={formula}") } else { text }
                }
                _ => text,
            };
            rows.add(cell.pos, text, remark, rows_max, cost)?;
        }
        if !rows.0.is_empty() {
            return Ok(rows.grid(Format::Xlsx, name, &names));
        }
    }
    Err(TableError::Empty)
}

/// Reads a workbook of Excel 97 to 2003.
pub(super) fn xls(
    bytes: &[u8],
    rows_max: u64,
    cost: &mut Cost,
) -> Result<Grid<'static>, TableError> {
    let broken =
        || TableError::Damaged { why: "the parts of the workbook do not fit together".into() };
    let extent = extent::of(bytes).ok_or_else(broken)?;
    cost.clone().add(extent.cells, extent.letters)?;
    // A workbook that is damaged in the middle of a record is a panic there.
    let book = catch_unwind(|| Xls::new(Cursor::new(bytes))).map_err(|_| broken())?;
    let mut book = book.map_err(|it| damaged(&it))?;
    let names = sheets(book.sheets_metadata());
    for name in &names {
        let mut rows = Rows::default();
        let values = book.worksheet_range(name).map_err(|it| damaged(&it))?;
        let formulas = book.worksheet_formula(name).map_err(|it| damaged(&it))?;
        let start = values.start().unwrap_or_default();
        for (row, column, value) in values.used_cells() {
            let place = (start.0 + saturating(row), start.1 + saturating(column));
            let (text, mut remark) = text(&DataRef::from_data(value));
            if formulas.get_value(place).is_some_and(|it| !it.is_empty()) {
                remark = remark.or(Some(Remark::Formula));
            }
            rows.add(place, text, remark, rows_max, cost)?;
        }
        if !rows.0.is_empty() {
            return Ok(rows.grid(Format::Xls, name, &names));
        }
    }
    Err(TableError::Empty)
}

fn saturating(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn damaged(error: &impl std::fmt::Display) -> TableError {
    TableError::Damaged { why: error.to_string() }
}

/// The names of the sheets that can hold rows, those that are seen first.
fn sheets(sheets: &[calamine::Sheet]) -> Vec<String> {
    let mut sheets: Vec<_> = sheets.iter().filter(|it| it.typ == SheetType::WorkSheet).collect();
    sheets.sort_by_key(|it| it.visible != SheetVisible::Visible);
    sheets.into_iter().map(|it| it.name.clone()).collect()
}

impl Rows {
    fn add(
        &mut self,
        (row, column): (u32, u32),
        text: String,
        remark: Option<Remark>,
        rows_max: u64,
        cost: &mut Cost,
    ) -> Result<(), TableError> {
        if (text.is_empty() && remark.is_none()) || column >= COLUMNS_MAX {
            return Ok(());
        }
        let row = self.0.entry(row).or_default();
        // A row is later as wide as its last cell is far.
        let wider = (column + 1).saturating_sub(row.width);
        row.width += wider;
        cost.add(u64::from(wider.max(1)), text.len() as u64)?;
        row.cells.push((column, text, remark));
        // The header, and the titles that may stand above it.
        if self.0.len() as u64 > rows_max + 1 + super::reader::TITLES_MAX as u64 {
            return Err(TableError::TooManyRows { rows_max });
        }
        Ok(())
    }

    fn grid(self, format: Format, name: &str, names: &[String]) -> Grid<'static> {
        let mut lines: Vec<Line> = Vec::new();
        if names.len() > 1 {
            let message =
                format!("The workbook has {} sheets; only `{name}` was read.", names.len());
            lines.push(file_warning("other_sheets", message));
        }
        let rows = self.0.into_iter().map(|(number, row)| row.grid_row(u64::from(number) + 1));
        Grid { format, rows: rows.collect(), lines, is_ragged_by_nature: true }
    }
}

impl Row {
    fn grid_row(self, number: u64) -> GridRow<'static> {
        let mut cells = vec![Cell::Empty; self.width as usize];
        let mut remarks = Vec::new();
        for (column, text, remark) in self.cells {
            let column = column as usize;
            match remark {
                Some(Remark::Formula) => remarks.push((
                    column,
                    "formula",
                    "is a formula; what it showed was kept as text".to_owned(),
                )),
                Some(Remark::Fault) => remarks.push((
                    column,
                    "cell_fault",
                    format!("shows the fault {text} and was left empty"),
                )),
                None => {}
            }
            if !matches!(remark, Some(Remark::Fault)) {
                cells[column] = Cell::Text(Cow::Owned(text));
            }
        }
        GridRow { number, cells, remarks, refusal: None }
    }
}

/// The text of a cell as a person reads it: whole numbers without a point, dates as ISO 8601.
fn text(value: &DataRef<'_>) -> (String, Option<Remark>) {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::Int(it) => it.to_string(),
        DataRef::Float(it) => float(*it),
        DataRef::String(it) => it.clone(),
        DataRef::SharedString(it) => (*it).to_owned(),
        DataRef::Bool(it) => it.to_string(),
        DataRef::DateTime(it) => date(it),
        DataRef::DateTimeIso(it) | DataRef::DurationIso(it) => it.clone(),
        DataRef::Error(it) => return (it.to_string(), Some(Remark::Fault)),
    };
    (text, None)
}

fn float(it: f64) -> String {
    // Fifteen digits are what a spreadsheet shows; 0.1 + 0.2 is 0.3 there.
    let shown: f64 = format!("{it:.14e}").parse().unwrap_or(it);
    format!("{shown}")
}

fn date(it: &ExcelDateTime) -> String {
    if it.is_duration() {
        let seconds = (it.as_f64() * 86_400.0).round();
        return float(seconds) + " s";
    }
    let (year, month, day, hour, minute, second, _) = it.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// Borrowed cells of the one kind of workbook look like those of the other.
trait FromData<'a> {
    fn from_data(data: &'a Data) -> Self;
}

impl<'a> FromData<'a> for DataRef<'a> {
    fn from_data(data: &'a Data) -> Self {
        match data {
            Data::Int(it) => Self::Int(*it),
            Data::Float(it) => Self::Float(*it),
            Data::String(it) => Self::SharedString(it),
            Data::Bool(it) => Self::Bool(*it),
            Data::DateTime(it) => Self::DateTime(*it),
            Data::DateTimeIso(it) => Self::DateTimeIso(it.clone()),
            Data::DurationIso(it) => Self::DurationIso(it.clone()),
            Data::Error(it) => Self::Error(it.clone()),
            Data::Empty => Self::Empty,
        }
    }
}
