//! Who reads a list: finds out what the file is, finds its header, and gathers its records.

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value as Json;

use super::{
    Cell, ColumnUse, Cost, Format, Grid, GridRow, ReadRecord, Report, Table, TableError, cell, csv,
    file_warning,
    header::{self, Use},
    items,
    row::{Column, Lines, shown},
    sheet,
    sniff::{self, Kind},
};
use crate::{
    description::Import,
    schema::{Schema, SchemaError},
};

/// Reads lists of one collection. Made once; reading shares nothing.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) import: Import,
    pub(super) schema: Schema,
    /// The schema of a record that tasks will still complete.
    pub(super) row_schema: Schema,
    pub(super) matched_by: Vec<String>,
}

/// The rows above a header that may be titles.
pub(super) const TITLES_MAX: usize = 10;
const SAMPLES: usize = 3;

impl Reader {
    /// Reads lists as `import` says, into records of `schema`. Values of `matched_by` that stand
    /// twice are warned about.
    pub fn new(
        import: &Import,
        schema: &Schema,
        matched_by: &[String],
    ) -> Result<Self, SchemaError> {
        Ok(Self {
            import: import.clone(),
            schema: schema.clone(),
            row_schema: schema.requiring(&import.required)?,
            matched_by: matched_by.to_vec(),
        })
    }

    /// Reads a file. Its name only helps to tell text with separators from JSON.
    pub fn read(&self, bytes: &[u8], file_name: Option<&str>) -> Result<Table, TableError> {
        let (size, bytes_max, rows_max) =
            (bytes.len() as u64, self.import.max_bytes, self.import.max_rows);
        if size > bytes_max {
            return Err(TableError::TooLarge { bytes: size, bytes_max });
        }
        let mut cost = Cost::of(rows_max);
        match sniff::kind(bytes) {
            Kind::Empty => Err(TableError::Empty),
            Kind::Other(found) => Err(self.wrong_type(found)),
            Kind::Xlsx => {
                self.allows(Format::Xlsx, "a workbook (XLSX)")?;
                self.table(sheet::xlsx(bytes, bytes_max, rows_max, &mut cost)?)
            }
            Kind::Xls => {
                self.allows(Format::Xls, "an old workbook (XLS)")?;
                self.table(sheet::xls(bytes, rows_max, &mut cost)?)
            }
            Kind::Text => self.read_text(bytes, file_name, &mut cost),
        }
    }

    /// Reads objects that somebody else has taken out of JSON. Rows count from 1.
    pub fn read_items(&self, items: &[Json]) -> Result<Table, TableError> {
        if items.is_empty() {
            return Err(TableError::Empty);
        }
        self.table(items::given(items, &mut Cost::of(self.import.max_rows))?)
    }

    fn read_text(
        &self,
        bytes: &[u8],
        file_name: Option<&str>,
        cost: &mut Cost,
    ) -> Result<Table, TableError> {
        let (text, warning) = sniff::text(bytes);
        let ending = file_name.and_then(|it| it.rsplit_once('.')).map(|it| it.1.to_lowercase());
        let is_named_csv = matches!(ending.as_deref(), Some("csv" | "tsv" | "tab" | "txt"));
        let format = match (items::format(&text), ending.as_deref()) {
            (Some(Format::Json), Some("jsonl" | "ndjson")) => Format::Jsonl,
            // A header may begin with a bracket; JSON that was misnamed can still be told.
            (Some(format), _) if !is_named_csv || items::is_json(&text) => format,
            (None, Some("json")) => {
                return Err(TableError::NotItems {
                    why: "it begins with neither `[` nor `{`".into(),
                });
            }
            _ => Format::Csv,
        };
        let mut grid = match format {
            Format::Json => {
                self.allows(format, "a JSON document")?;
                items::json(&text, cost)?
            }
            Format::Jsonl => {
                self.allows(format, "a list of JSON lines")?;
                items::lines(&text, cost)?
            }
            _ => {
                self.allows(Format::Csv, "a text with separators (CSV)")?;
                self.separated(&text, cost)?
            }
        };
        grid.lines.extend(warning);
        self.table(grid)
    }

    fn separated<'a>(&self, text: &'a str, cost: &mut Cost) -> Result<Grid<'a>, TableError> {
        let mut rows = Vec::new();
        for row in csv::Rows::of(text) {
            cost.add(row.cells.len() as u64, 0)?;
            for (_, fault) in &row.faults {
                match fault {
                    csv::Fault::Open(place) => {
                        return Err(TableError::OpenQuote { line: csv::line_of(text, *place) });
                    }
                    csv::Fault::Wide => return Err(cost.used_up()),
                    csv::Fault::Single => {}
                }
            }
            if row.cells.iter().all(|it| it.trim().is_empty()) {
                continue;
            }
            if rows.len() as u64 > self.import.max_rows + TITLES_MAX as u64 {
                return Err(TableError::TooManyRows { rows_max: self.import.max_rows });
            }
            let remarks = row.faults.iter().map(|(cell, _)| {
                let message = "has a quote inside that is not doubled; it was taken as it stands";
                (*cell, "quote", message.to_owned())
            });
            let remarks = remarks.collect();
            let cells = row.cells.into_iter().map(|it| match it {
                it if it.is_empty() => Cell::Empty,
                Cow::Borrowed(it) => Cell::Text(Cow::Borrowed(cell::without_guard(it))),
                Cow::Owned(it) => Cell::Text(match cell::without_guard(&it) {
                    bare if bare.len() < it.len() => Cow::Owned(bare.to_owned()),
                    _ => Cow::Owned(it),
                }),
            });
            rows.push(GridRow {
                number: row.number,
                cells: cells.collect(),
                remarks,
                refusal: None,
            });
        }
        Ok(Grid { format: Format::Csv, rows, lines: Vec::new(), is_ragged_by_nature: false })
    }

    fn allows(&self, format: Format, found: &str) -> Result<(), TableError> {
        let allowed = self.import.formats.iter().any(|it| it == format.name());
        if allowed { Ok(()) } else { Err(self.wrong_type(found)) }
    }

    fn wrong_type(&self, found: &str) -> TableError {
        TableError::WrongType { found: found.to_owned(), expected: self.import.formats.join(", ") }
    }

    fn table(&self, grid: Grid<'_>) -> Result<Table, TableError> {
        let (at, headers, uses) = self.header(&grid)?;
        let rows = &grid.rows[at + 1..];
        let mut report = Report::default();
        grid.lines.into_iter().for_each(|it| report.add(it));
        if at > 0 {
            let message = format!(
                "The header was found in row {}; what stands above was left out.",
                grid.rows[at].number
            );
            report.add(file_warning("header_below", message));
        }
        if rows.len() as u64 > self.import.max_rows {
            return Err(TableError::TooManyRows { rows_max: self.import.max_rows });
        }
        let columns = self.columns(&headers, &uses);
        let mut samples = vec![Vec::new(); headers.len()];
        let mut records = Vec::with_capacity(rows.len());
        let mut seen: HashMap<(usize, String), u64> = HashMap::new();
        for row in rows {
            if row.refusal.is_none() && row.cells.iter().all(Cell::is_empty) {
                continue;
            }
            report.rows_read += 1;
            let mut lines = Lines::of(row.number);
            let data = self.record(row, &columns, grid.is_ragged_by_nature, &mut lines);
            match &data {
                Some(data) => {
                    lines.into_iter().for_each(|it| report.warn(it));
                    self.note_repeats(row.number, data, &mut seen, &mut report);
                }
                None => lines.into_iter().for_each(|it| report.add(it)),
            }
            for (sample, cell) in samples.iter_mut().zip(&row.cells) {
                if sample.len() < SAMPLES && !cell.is_empty() {
                    sample.push(shown(cell));
                }
            }
            match data {
                Some(data) => {
                    report.kept += 1;
                    records.push(ReadRecord { row_number: row.number, data });
                }
                None => report.skipped += 1,
            }
        }
        if report.rows_read == 0 {
            return Err(TableError::Empty);
        }
        let columns =
            headers.into_iter().zip(&uses).zip(samples).map(|((header, used), sample)| ColumnUse {
                header,
                field: used.field().map(str::to_owned),
                sample,
            });
        Ok(Table { format: grid.format, columns: columns.collect(), records, report })
    }

    /// The row that is the header: the first with every required field, of the first few.
    fn header(&self, grid: &Grid<'_>) -> Result<(usize, Vec<String>, Vec<Use>), TableError> {
        let titles =
            if matches!(grid.format, Format::Json | Format::Jsonl) { 0 } else { TITLES_MAX };
        let mut best: Option<(Vec<String>, String)> = None;
        for (at, row) in grid.rows.iter().enumerate().take(titles + 1) {
            let headers: Vec<String> = row.cells.iter().map(shown).collect();
            let uses = header::uses(&headers, &self.import, &self.schema);
            match header::missing(&uses, &self.import).first() {
                None => return Ok((at, headers, uses)),
                Some(field) if best.is_none() => best = Some((headers, (*field).clone())),
                Some(_) => {}
            }
        }
        let (found, field) = best.ok_or(TableError::Empty)?;
        let expected = header::words(&self.import, &field);
        Err(TableError::MissingColumn { field, expected, found })
    }

    fn columns<'a>(&'a self, headers: &'a [String], uses: &'a [Use]) -> Vec<Column<'a>> {
        let column = |(header, used): (&'a String, &'a Use)| {
            let field = used.field().unwrap_or_default();
            Column {
                header,
                used,
                field,
                kinds: self.schema.kinds(field),
                is_required: self.import.required.iter().any(|it| it == field),
            }
        };
        headers.iter().zip(uses).map(column).collect()
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
pub(crate) mod tests;
