//! Lists that people take away: CSV, Excel, JSON, and CSV for HCSS with its own columns.
//!
//! What is exported can be imported again and is the same. In CSV a text that a spreadsheet would
//! take for a formula gets an apostrophe before it; in a workbook text is text by its type.
//!
//! Start at [`write`].

use std::fmt;

use base::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, Workbook, XlsxError};
use serde_json::Value as Json;

use crate::{
    description::Export,
    field::{self, Data},
    table::looks_like_formula,
};

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Commas, UTF-8.
    Csv,
    /// A workbook of Excel 2007 and later.
    Excel,
    /// A list of objects, with everything they hold.
    Json,
    /// CSV in the columns that HCSS imports.
    Hcss,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Excel, Self::Json, Self::Hcss];

    /// The name used in descriptions and requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Excel => "excel",
            Self::Json => "json",
            Self::Hcss => "hcss",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// How to write it.
    pub format: Format,
    /// Tabs in place of commas (CSV and HCSS).
    pub tabs: bool,
    /// What stands for the names in the file's name: `codebook` → its title, `version` → `3`.
    pub names: &'a [(&'a str, &'a str)],
    /// When; the day is part of the file's name, in UTC.
    pub now: Timestamp,
}

/// A file to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Letters, digits, `-`, `_` and `.` of ASCII: safe in a header and on a disk.
    pub name: String,
    /// With its character set.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A list that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The description does not offer the format.
    #[error("`{format}` is not offered here; one of: {}", .offered.join(", "))]
    NotOffered {
        /// What was asked for.
        format: String,
        /// What is offered.
        offered: Vec<String>,
    },
    /// A workbook holds 1,048,576 rows.
    #[error("the list has too many rows for a workbook; choose csv")]
    TooLong,
    /// The writer failed.
    #[error("the file could not be written")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the data of records, in their order.
pub fn write<'a>(
    export: &Export,
    rows: impl IntoIterator<Item = &'a Data>,
    request: &Request<'_>,
) -> Result<File, ExportError> {
    let format = request.format;
    let hcss = export.hcss.as_ref();
    let is_offered = export.formats.iter().any(|it| it == format.name());
    if !is_offered || (format == Format::Hcss && hcss.is_none()) {
        let (format, offered) = (format.name().to_owned(), export.formats.clone());
        return Err(ExportError::NotOffered { format, offered });
    }
    let columns =
        if format == Format::Hcss { hcss.unwrap_or(&export.columns) } else { &export.columns };
    let columns: Vec<(&str, &str)> =
        columns.iter().map(|(header, field)| (header.as_str(), field.as_str())).collect();
    let (ending, content_type, bytes) = match format {
        Format::Csv | Format::Hcss if request.tabs => {
            ("txt", "text/tab-separated-values; charset=utf-8", separated(&columns, rows, b'\t')?)
        }
        Format::Csv | Format::Hcss => {
            ("csv", "text/csv; charset=utf-8", separated(&columns, rows, b',')?)
        }
        Format::Excel => (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            workbook(&columns, rows, request.now)?,
        ),
        Format::Json => {
            let rows: Vec<&Data> = rows.into_iter().collect();
            let bytes =
                serde_json::to_vec_pretty(&rows).map_err(|it| ExportError::Failed(it.into()))?;
            ("json", "application/json", bytes)
        }
    };
    let name = format!("{}.{ending}", file_name(&export.name, request));
    Ok(File { name, content_type, bytes })
}

/// The file's name without its ending.
fn file_name(pattern: &str, request: &Request<'_>) -> String {
    let day = request.now.to_zoned(TimeZone::UTC).date().to_string();
    let mut name = pattern.replace("{date}", &day);
    for (key, value) in request.names {
        name = name.replace(&format!("{{{key}}}"), &safe(value));
    }
    let name = safe(&name);
    if name.is_empty() { "export".into() } else { name }
}

/// Whatever is no plain letter, digit, `_` or `.` becomes one hyphen.
fn safe(text: &str) -> String {
    let plain =
        |it: char| if it.is_ascii_alphanumeric() || matches!(it, '_' | '.') { it } else { '-' };
    let text: String = text.chars().map(plain).collect();
    let parts: Vec<&str> = text.split('-').filter(|it| !it.is_empty()).collect();
    let joined: String = parts.join("-").chars().take(120).collect();
    joined.trim_matches(['.', '-']).to_owned()
}

fn separated<'a>(
    columns: &[(&str, &str)],
    rows: impl IntoIterator<Item = &'a Data>,
    separator: u8,
) -> Result<Vec<u8>, ExportError> {
    let failed = |it: csv::Error| ExportError::Failed(it.into());
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|it| guarded(it.0.to_owned()))).map_err(failed)?;
    for row in rows {
        let cells = columns.iter().map(|(_, path)| {
            let value = field::get(row, path).unwrap_or(&Json::Null);
            let text = field::display(value);
            if value.is_number() { text } else { guarded(text) }
        });
        writer.write_record(cells).map_err(failed)?;
    }
    writer.into_inner().map_err(|it| ExportError::Failed(it.into_error().into()))
}

/// The text with an apostrophe before it when a spreadsheet would calculate it, or when the
/// apostrophes it has would be taken for such.
fn guarded(text: String) -> String {
    if looks_like_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text }
}

/// A workbook takes no longer text in a cell.
const CELL_LENGTH_MAX: usize = 32_767;

fn workbook<'a>(
    columns: &[(&str, &str)],
    rows: impl IntoIterator<Item = &'a Data>,
    now: Timestamp,
) -> Result<Vec<u8>, ExportError> {
    let failed = |it: XlsxError| match it {
        XlsxError::RowColumnLimitError => ExportError::TooLong,
        other => ExportError::Failed(other.into()),
    };
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_timestamp(now.as_second()).map_err(failed)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let bold = CellFormat::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    let mut widths: Vec<usize> = columns.iter().map(|it| it.0.chars().count()).collect();
    for (column, (header, _)) in (0..).zip(columns) {
        sheet.write_string_with_format(0, column, *header, &bold).map_err(failed)?;
    }
    for (row, data) in (1_u32..).zip(rows) {
        for (column, (_, path)) in columns.iter().enumerate() {
            let at = u16::try_from(column).map_err(|_| ExportError::TooLong)?;
            let length = match field::get(data, path) {
                None | Some(Json::Null) => 0,
                Some(Json::Number(number)) if number.as_f64().is_some() => {
                    sheet
                        .write_number(row, at, number.as_f64().unwrap_or_default())
                        .map_err(failed)?;
                    number.to_string().len()
                }
                Some(Json::Bool(it)) => {
                    sheet.write_boolean(row, at, *it).map_err(failed)?;
                    5
                }
                Some(value) => {
                    let text = field::display(value);
                    let text: String = text.chars().take(CELL_LENGTH_MAX).collect();
                    sheet.write_string(row, at, &text).map_err(failed)?;
                    text.chars().count()
                }
            };
            widths[column] = widths[column].max(length.min(60));
        }
    }
    for (column, width) in (0..).zip(widths) {
        #[expect(clippy::cast_precision_loss, reason = "a width is below a hundred")]
        sheet.set_column_width(column, width.max(6) as f64 + 2.0).map_err(failed)?;
    }
    book.save_to_buffer().map_err(failed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::table::reader_tests;

    fn export() -> Export {
        serde_json::from_value(json!({
            "name": "{codebook}-v{version}-{date}",
            "formats": ["csv", "excel", "json", "hcss"],
            "columns": {"Code": "code", "Original Label": "original_label", "Description": "description",
                "CSI Division": "csi_division", "Application": "application", "Quantity": "quantity", "Metadata": "metadata"},
            "hcss": {"Code": "code", "Unit": "metadata.unit"}
        }))
        .expect("an export")
    }

    fn items() -> Vec<Data> {
        let items = json!([
            {"code": "2-PVC-08-K", "original_label": "8\" PVC CAP, SDR-35", "metadata": {"unit": "EA", "diameter": 8}},
            {"code": "-5", "original_label": "=CMD(1)", "description": "two\nlines", "quantity": -5.5},
            {"code": "08", "original_label": "'=quoted", "application": "water", "csi_division": "03"}
        ]);
        items.as_array().into_iter().flatten().filter_map(|it| it.as_object().cloned()).collect()
    }

    fn write_as(format: Format, tabs: bool, items: &[Data]) -> File {
        let now = "2026-11-21T08:00:00Z".parse().expect("a time");
        let request = Request {
            format,
            tabs,
            names: &[("codebook", "Pipes & Fittings/2026 ü"), ("version", "3")],
            now,
        };
        write(&export(), items, &request).expect("a file")
    }

    fn text(file: File) -> String {
        String::from_utf8(file.bytes).expect("text")
    }

    #[test]
    fn the_file_is_named_after_what_is_in_it() {
        for (format, tabs, name) in [
            (Format::Csv, false, "Pipes-Fittings-2026-v3-2026-11-21.csv"),
            (Format::Excel, false, "Pipes-Fittings-2026-v3-2026-11-21.xlsx"),
            (Format::Json, false, "Pipes-Fittings-2026-v3-2026-11-21.json"),
            (Format::Hcss, false, "Pipes-Fittings-2026-v3-2026-11-21.csv"),
            (Format::Hcss, true, "Pipes-Fittings-2026-v3-2026-11-21.txt"),
        ] {
            assert_eq!(write_as(format, tabs, &items()).name, name);
        }
        assert_eq!(safe("../..\\etc/pass\nwd\u{202e}"), "etc-pass-wd");
        assert_eq!(safe("名前"), "");
    }

    #[test]
    fn what_looks_like_a_formula_is_made_harmless_and_numbers_stay() {
        assert_eq!(
            text(write_as(Format::Csv, false, &items())),
            "Code,Original Label,Description,CSI Division,Application,Quantity,Metadata\n\
             2-PVC-08-K,\"8\"\" PVC CAP, SDR-35\",,,,,\"{\"\"unit\"\":\"\"EA\"\",\"\"diameter\"\":8}\"\n\
             -5,'=CMD(1),\"two\nlines\",,,-5.5,\n\
             08,''=quoted,,03,water,,\n"
        );
    }

    #[test]
    fn hcss_has_its_own_columns_and_tabs_when_asked() {
        assert_eq!(
            text(write_as(Format::Hcss, false, &items())),
            "Code,Unit\n2-PVC-08-K,EA\n-5,\n08,\n"
        );
        assert_eq!(
            text(write_as(Format::Hcss, true, &items())),
            "Code\tUnit\n2-PVC-08-K\tEA\n-5\t\n08\t\n"
        );
    }

    #[test]
    fn a_format_that_is_not_offered_is_refused() {
        let export = Export { formats: vec!["csv".into()], hcss: None, ..export() };
        let now = Timestamp::UNIX_EPOCH;
        let request = Request { format: Format::Hcss, tabs: false, names: &[], now };
        let refused = write(&export, &items(), &request).expect_err("not offered");
        assert_eq!(refused.to_string(), "`hcss` is not offered here; one of: csv");
    }

    fn read_back(file: &File) -> Vec<Json> {
        let table = reader_tests::reader().read(&file.bytes, Some(&file.name)).expect("a table");
        table.records.into_iter().map(|it| Json::Object(it.data)).collect()
    }

    #[test]
    fn every_format_comes_back_as_it_went() {
        let given: Vec<Json> = items().into_iter().map(Json::Object).collect();
        for format in [Format::Csv, Format::Excel, Format::Json] {
            assert_eq!(read_back(&write_as(format, false, &items())), given, "{format}");
        }
        assert_eq!(read_back(&write_as(Format::Csv, true, &items())), given);
    }

    prop_compose! {
        fn item()(
            code in "[-+=@'a-z0-9][-+=@'\", ;a-zé0-9]{0,8}[a-z0-9]",
            label in "[-+=@'\"|a-z0-9][-+=@'\",;|\n a-zé0-9]{0,20}[\"a-z0-9]",
            quantity in prop::option::of(-1_000_i64..1_000),
            application in prop::option::of(prop::sample::select(vec!["water", "other", "storm_sewer"])),
            notes in prop::collection::btree_map("[a-z]{1,5}", "[-=\"',a-z0-9 ]{0,6}", 0..3),
        ) -> Data {
            let mut data = Map::new();
            data.insert("code".into(), code.into());
            data.insert("original_label".into(), label.into());
            if let Some(it) = application {
                data.insert("application".into(), it.into());
            }
            if let Some(it) = quantity {
                data.insert("quantity".into(), it.into());
            }
            if !notes.is_empty() {
                data.insert("metadata".into(), json!(notes));
            }
            data
        }
    }

    proptest! {
        #[test]
        fn an_exported_list_imports_as_the_same_list(items in prop::collection::vec(item(), 1..6)) {
            let given: Vec<Json> = items.iter().cloned().map(Json::Object).collect();
            for (format, tabs) in [(Format::Csv, false), (Format::Csv, true), (Format::Json, false)] {
                prop_assert_eq!(&read_back(&write_as(format, tabs, &items)), &given, "{}", format);
            }
        }
    }
}
