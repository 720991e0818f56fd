use std::{fs, path::PathBuf, time::Instant};

use rust_xlsxwriter::{Formula, Workbook};
use serde_json::json;

use super::{
    super::{Level, Line},
    *,
};
use crate::field;

/// The import of a list of pipes and fittings.
pub(crate) fn import() -> Import {
    serde_json::from_value(json!({
        "formats": ["csv", "xls", "xlsx", "json", "jsonl"],
        "max_bytes": 10_485_760,
        "max_rows": 10_000,
        "columns": {
            "original_label": ["original label", "item", "name", "label", "material", "title"],
            "code": ["code", "item code"],
            "description": ["description", "desc"],
            "metadata.diameter": ["diameter", "size"],
            "application": ["application", "use"],
            "csi_division": ["csi division", "division"]
        },
        "rest": "metadata",
        "required": ["original_label"],
        "values": {"application": {
            "words": {
                "sanitary_sewer": ["sanitary", "sewer"],
                "storm_sewer": ["storm"],
                "water": ["water", "potable"],
                "other": ["other"]
            },
            "unknown": {"value": null, "keep_as": "metadata.application_given"}
        }}
    }))
    .expect("an import")
}

/// What such an item is.
pub(crate) fn schema() -> Schema {
    Schema::compile(&json!({
        "type": "object",
        "required": ["original_label", "code"],
        "additionalProperties": false,
        "properties": {
            "original_label": {"type": "string", "minLength": 1, "maxLength": 255},
            "code": {"type": "string", "minLength": 1},
            "description": {"type": ["string", "null"]},
            "application": {"enum": ["sanitary_sewer", "storm_sewer", "water", "other", null]},
            "csi_division": {"type": ["string", "null"], "pattern": "^\\d{2}$"},
            "quantity": {"type": ["number", "null"]},
            "metadata": {"type": "object", "properties": {"diameter": {"type": ["string", "number", "null"]}}}
        }
    }))
    .expect("a schema")
}

pub(crate) fn reader() -> Reader {
    Reader::new(&import(), &schema(), &["code".into(), "original_label".into()]).expect("a reader")
}

fn read(text: &str) -> Table {
    reader().read(text.as_bytes(), Some("list.csv")).expect("a table")
}

fn lines(table: &Table) -> Vec<String> {
    let line = |it: &Line| {
        let row = it.row.map_or_else(|| "file".to_owned(), |it| it.to_string());
        let level = if it.level == Level::Error { "error" } else { "warning" };
        format!("{row} {level} {}: {}", it.code, it.message)
    };
    table.report.lines.iter().map(line).collect()
}

fn labels(table: &Table) -> Vec<(u64, String)> {
    let label = |it: &ReadRecord| (it.row_number, field::display(&it.data["original_label"]));
    table.records.iter().map(label).collect()
}

fn counts(table: &Table) -> (u64, u64, u64, u64) {
    let it = &table.report;
    (it.rows_read, it.kept, it.skipped, it.warned)
}

#[test]
fn a_list_with_faults_loses_only_the_rows_that_cannot_be() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bad-upload.csv");
    let table =
        reader().read(&fs::read(path).expect("a file"), Some("bad-upload.csv")).expect("a table");
    assert_eq!(
        lines(&table),
        [
            "3 error empty_required: `label` is empty; the row was skipped.",
            "5 warning missing_cells: The row has 4 cells where the header has 5; the missing ones were taken as empty.",
            "6 warning formula: `label` looks like a formula; it was kept as text.",
            "7 warning unknown_word: `application` `gas main` is not known.",
            "8 error invalid_value: `label` is longer than 255 characters (it has 300); the row was skipped.",
            "9 warning repeated: The original label `8\" PVC CAP SDR-35` stands in row 2 already.",
            "10 warning characters_removed: Characters that cannot be seen were taken out of `label`.",
        ]
    );
    assert_eq!(counts(&table), (10, 8, 2, 5));
    let gas = &table.records[4].data;
    assert_eq!(
        Json::Object(gas.clone()),
        json!({"original_label": "12\" PVC CAP SDR-35", "description": "application unknown to us", "application": null,
            "metadata": {"unit": "EA", "application_given": "gas main", "diameter": "12"}})
    );
    assert_eq!(table.records[2].data["original_label"], "10\" PVC TEE");
    assert_eq!(table.records[6].data["original_label"], "6\" GATE VALVE RW");
}

#[test]
fn the_shared_list_of_two_hundred_items_is_read_whole() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/apps/data/codebook-items.csv");
    let Ok(bytes) = fs::read(path) else { return };
    let table = reader().read(&bytes, Some("codebook-items.csv")).expect("a table");
    assert_eq!((table.report.rows_read, table.report.kept), (200, 200));
    let first = Json::Object(table.records[0].data.clone());
    assert_eq!(first["original_label"], "4\" DIP CL350");
    assert_eq!(first["metadata"]["item_no"], "1");
    assert_eq!(first["metadata"]["material"], "DIP");
    assert_eq!(first["application"], "water");
    let repeated =
        table.report.lines.iter().filter(|it| it.message.starts_with("The code")).count();
    assert_eq!(repeated, 3, "{:#?}", lines(&table));
}

#[test]
fn the_same_rows_are_read_however_they_are_written() {
    let expected = [(2, "8\" PVC CAP".to_owned()), (3, "TÜR".to_owned())];
    let text = "Label;Size\n\"8\"\" PVC CAP\";8\nTÜR;\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let windows: Vec<u8> =
        text.chars().map(|it| u8::try_from(u32::from(it)).expect("Latin")).collect();
    let marked = format!("\u{feff}{text}");
    for bytes in [text.as_bytes(), marked.as_bytes(), &utf16, &windows] {
        let table = reader().read(bytes, None).expect("a table");
        assert_eq!(labels(&table), expected);
        assert_eq!(table.columns[1].field.as_deref(), Some("metadata.diameter"));
    }
    let warnings = reader().read(&windows, None).map(|it| lines(&it)).expect("a table");
    assert!(warnings[0].starts_with("file warning encoding"), "{warnings:?}");
}

#[test]
fn a_file_that_is_no_list_is_refused_with_its_reason() {
    let tight = Import { max_bytes: 100, max_rows: 2, formats: vec!["csv".into()], ..import() };
    let tight = Reader::new(&tight, &schema(), &[]).expect("a reader");
    for (bytes, code, said) in [
        (b"PK\x03\x04 no workbook".to_vec(), "invalid_file_type", "a zip archive"),
        (b"%PDF-1.7".to_vec(), "invalid_file_type", "a PDF"),
        (b"[{\"label\": \"a\"}]".to_vec(), "invalid_file_type", "expected csv"),
        (vec![b'a'; 101], "file_too_large", "101"),
        (b"label\na\nb\nc\n".to_vec(), "too_many_rows", "2 rows"),
        (b"".to_vec(), "invalid_file", "empty"),
        (b"label,code\n".to_vec(), "invalid_file", "empty"),
        (b"price,code\n1,A\n".to_vec(), "invalid_file", "original label, original label, item"),
        (b"label\n\"a\nb\n".to_vec(), "invalid_file", "the quote that opens in line 2"),
    ] {
        let error = tight.read(&bytes, Some("list.csv")).expect_err(said);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let error = reader().read(b"{\"rows\": 1}", None).expect_err("no items");
    assert_eq!(error.code(), "invalid_json");
    let error =
        reader().read(&[b"PK\x03\x04".as_slice(), &[7; 400]].concat(), None).expect_err("no zip");
    assert_eq!(error.code(), "invalid_file_type");
}

#[test]
fn a_value_that_does_not_fit_an_optional_field_is_kept_beside_it() {
    let table = read("label,division,quantity\ncap,3,many\ntee,33,08\n");
    assert_eq!(
        lines(&table),
        [
            "2 warning invalid_value: `division` does not look as it must: `^\\d{2}$`; it was left out.",
            "2 warning invalid_value: `quantity` must be a number or nothing, not text; it was left out.",
        ]
    );
    assert_eq!(
        Json::Object(table.records[0].data.clone()),
        json!({"original_label": "cap", "metadata": {"csi_division_given": "3", "quantity_given": "many"}})
    );
    assert_eq!(table.records[1].data["quantity"], json!(8));
}

#[test]
fn wrong_quotes_and_widths_are_told_and_cost_no_row() {
    let table = read("label,code,description\n\"8\" CAP\",A,x\ntee,C,z,more\nbend,D\n");
    assert_eq!(labels(&table), [(2, "8\" CAP".into()), (3, "tee".into()), (4, "bend".into())]);
    let codes: Vec<&str> = table.report.lines.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["quote", "extra_cells", "missing_cells"]);
}

#[test]
fn a_quote_that_is_never_closed_is_refused_with_its_line() {
    for (text, line) in [
        ("label,code\n\"open,B\ntee,C\n", 2),
        ("label,code\n\"two\nlines\",A\ncap,\"B\n", 4),
        ("label,code\n\"open,B\ntee,\"C\"\n", 2),
    ] {
        let refused = reader().read(text.as_bytes(), Some("list.csv")).map(|it| it.report.kept);
        assert_eq!(refused, Err(TableError::OpenQuote { line }), "{text:?}");
    }
}

#[test]
fn a_small_file_that_unfolds_to_a_large_one_is_refused() {
    let refused = |bytes: &[u8], name: &str| {
        let began = Instant::now();
        let refused = reader().read(bytes, Some(name)).map(|it| it.report.kept);
        assert!(began.elapsed().as_secs() < 20, "{name} took {:?}", began.elapsed());
        refused
    };
    let too_many = Err(TableError::TooManyCells { cells_max: 2_000_000 });
    // A row that is all separators, names that stand in one object only, a far cell in each row.
    assert_eq!(
        refused(format!("label,code\ncap{}\n", ",".repeat(200_000)).as_bytes(), "a.csv"),
        too_many
    );
    let names =
        |row: usize| (0..400).map(|it| format!("\"k{row}_{it}\":1")).collect::<Vec<_>>().join(",");
    let objects: Vec<String> =
        (0..400).map(|it| format!("{{\"label\":\"cap\",{}}}", names(it))).collect();
    assert_eq!(refused(format!("[{}]", objects.join(",")).as_bytes(), "a.json"), too_many);
    assert_eq!(refused(objects.join("\n").as_bytes(), "a.jsonl"), too_many);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "Label").expect("a cell");
    for row in 1..2_500 {
        sheet.write(row, 998, "far").expect("a cell");
    }
    assert_eq!(refused(&book.save_to_buffer().expect("a workbook"), "a.xlsx"), too_many);
    // A text that many cells share.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let text = "x".repeat(30_000);
    for row in 0..2_500 {
        sheet.write(row, 0, &text).expect("a cell");
    }
    let heavy = refused(&book.save_to_buffer().expect("a workbook"), "a.xlsx");
    assert_eq!(heavy.map_err(|it| it.code()), Err("invalid_file"));
}

#[test]
fn a_cell_in_the_last_corner_of_a_sheet_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, column, text) in
        [(0, 0, "Label"), (1, 0, "cap"), (1_048_575, 16_383, "far"), (1_048_575, 0, "last")]
    {
        sheet.write(row, column, text).expect("a cell");
    }
    let table = reader().read(&book.save_to_buffer().expect("a workbook"), None).expect("a table");
    assert_eq!(labels(&table), [(2, "cap".into()), (1_048_576, "last".into())]);
}

#[test]
fn a_thousand_columns_of_one_name_are_told_apart_quickly() {
    let headers = vec!["x"; 20_000].join(",");
    let began = Instant::now();
    let table = read(&format!("label,{headers}\ncap,{}\n", vec!["1"; 20_000].join(",")));
    assert_eq!(table.columns[20_000].field.as_deref(), Some("metadata.x_20000"));
    assert!(began.elapsed().as_secs() < 10, "took {:?}", began.elapsed());
}

#[test]
fn a_title_above_the_header_is_passed_over() {
    let table = read("Price list 2026,\n,\nLabel,Code\ncap,A\n");
    assert_eq!(labels(&table), [(4, "cap".into())]);
    assert_eq!(table.report.lines[0].code, "header_below");
}

#[test]
fn json_in_each_of_its_forms_is_read() {
    let items = r#"[{"original_label": "cap", "size": 8, "metadata": {"unit": "EA"}}, 5, {"label": "x"},
        {"original_label": "tee", "application": "Potable", "code": 12}]"#;
    for text in [items.to_owned(), format!("{{\"items\": {items}}}")] {
        let table = reader().read(text.as_bytes(), Some("items.json")).expect("a table");
        assert_eq!(labels(&table), [(1, "cap".into()), (4, "tee".into())]);
        assert_eq!(
            Json::Object(table.records[0].data.clone()),
            json!({"original_label": "cap", "metadata": {"unit": "EA", "diameter": 8}})
        );
        assert_eq!(table.records[1].data["code"], "12");
        assert_eq!(table.records[1].data["application"], "water");
        let codes: Vec<_> = table.report.lines.iter().map(|it| (it.row, it.code)).collect();
        assert_eq!(codes, [(Some(2), "not_a_record"), (Some(3), "empty_required")]);
    }
    let text = "{\"label\": \"cap\"}\nnonsense\n\n{\"label\": \"tee\"}\n";
    let table = reader().read(text.as_bytes(), None).expect("a table");
    assert_eq!(labels(&table), [(1, "cap".into()), (4, "tee".into())]);
    assert_eq!(table.report.lines[0].row, Some(2));

    let items = [json!({"label": "cap"}), json!({"label": "tee", "unit": "EA"})];
    let table = reader().read_items(&items).expect("a table");
    assert_eq!(table.records[1].data["metadata"], json!({"unit": "EA"}));
}

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in ["Label", "Code", "Size", "Total", "Seen"].iter().enumerate() {
        sheet.write(1, column as u16, *header).expect("a cell");
    }
    sheet.write(2, 0, "8\" PVC CAP").expect("a cell");
    sheet.write(2, 1, "08").expect("a cell");
    sheet.write(2, 2, 8.0).expect("a cell");
    sheet.write(2, 3, Formula::new("=1+2").set_result("3")).expect("a cell");
    sheet.write(2, 4, 0.1 + 0.2).expect("a cell");
    sheet.write(5, 0, "=CMD(1)").expect("a cell");
    sheet.write(5, 2, 22.5).expect("a cell");
    sheet.write(1_048_575, 16_383, " ").expect("a far cell");
    book.add_worksheet().write(0, 0, "other").expect("a cell");
    book.save_to_buffer().expect("a workbook")
}

#[test]
fn a_workbook_is_known_by_its_content_and_read_without_calculating() {
    for name in ["list.xlsx", "list.csv"] {
        let table = reader().read(&workbook(), Some(name)).expect("a table");
        assert_eq!(table.format, Format::Xlsx);
        assert_eq!(labels(&table), [(3, "8\" PVC CAP".into()), (6, "=CMD(1)".into())]);
        assert_eq!(
            Json::Object(table.records[0].data.clone()),
            json!({"original_label": "8\" PVC CAP", "code": "08",
                "metadata": {"diameter": "8", "total": "3", "seen": "0.3"}})
        );
        let codes: Vec<_> = table.report.lines.iter().map(|it| (it.row, it.code)).collect();
        assert_eq!(codes, [(None, "other_sheets"), (Some(3), "formula"), (Some(6), "formula")]);
    }
}

#[test]
fn a_damaged_workbook_is_refused() {
    let book = workbook();
    let mut damaged = book.clone();
    let name = b"xl/worksheets/sheet1.xml";
    let sheet =
        damaged.windows(name.len()).position(|it| it == name).expect("a sheet") + name.len();
    damaged[sheet..sheet + 100].fill(7);
    for bytes in [&book[..book.len() / 2], &damaged] {
        let error = reader().read(bytes, Some("list.xlsx")).expect_err("it is damaged");
        assert!(["invalid_file", "invalid_file_type"].contains(&error.code()), "{error}");
    }
}

#[test]
fn ten_thousand_rows_are_read_and_no_more() {
    let mut text =
        String::from("item_no,label,code,description,unit,application,diameter,division\n");
    for it in 0..10_000 {
        text.push_str(&format!(
            "{it},\"{}\"\" PVC CAP no {it}\",C-{it},\"Cap, for pipe {it}\",EA,sanitary,{},33\n",
            it % 40,
            it % 40
        ));
    }
    let reader = reader();
    let table = reader.read(text.as_bytes(), None).expect("a table");
    assert_eq!((table.report.kept, table.report.lines.len()), (10_000, 0));
    text.push_str("1,one too many,,,,,,\n");
    assert_eq!(
        reader.read(text.as_bytes(), None).map(|it| it.report.kept),
        Err(TableError::TooManyRows { rows_max: 10_000 })
    );
}
