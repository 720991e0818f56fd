//! Workbooks of Excel 97, made by hand: honest ones, and those that would cost far more than they are.

use serde_json::json;

use super::{
    extent::{self, Extent},
    *,
};
use crate::table::reader_tests::reader;

/// Sheets as their records say: (kind, body).
type Records = Vec<(u16, Vec<u8>)>;

const LABEL: u16 = 0x0204;
const SHARED: u16 = 0x00fd;
const DIMENSIONS: u16 = 0x0200;

fn at(row: u16, column: u16) -> Vec<u8> {
    [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat()
}

fn label(row: u16, column: u16, text: &str) -> (u16, Vec<u8>) {
    let length = u16::try_from(text.len()).expect("short").to_le_bytes();
    (LABEL, [at(row, column), length.to_vec(), vec![0], text.as_bytes().to_vec()].concat())
}

fn number(row: u16, column: u16, value: f64) -> (u16, Vec<u8>) {
    (0x0203, [at(row, column), value.to_le_bytes().to_vec()].concat())
}

fn record(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(u16::try_from(body.len()).expect("short").to_le_bytes());
    out.extend(body);
}

fn begin(kind: u16) -> Vec<u8> {
    [0x0600_u16, kind, 0x0dbb, 0x07cc, 0, 0, 6, 0].iter().flat_map(|it| it.to_le_bytes()).collect()
}

/// The stream of a workbook: shared strings, then sheets.
fn stream(strings: &[&str], sheets: &[Records]) -> Vec<u8> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for sheet in sheets {
        let mut body = Vec::new();
        record(&mut body, 0x0809, &begin(0x0010));
        sheet.iter().for_each(|(kind, data)| record(&mut body, *kind, data));
        record(&mut body, 0x000a, &[]);
        bodies.push(body);
    }
    let mut shared = Vec::new();
    if !strings.is_empty() {
        let mut table = vec![0; 8];
        for text in strings {
            table.extend(u16::try_from(text.len()).expect("short").to_le_bytes());
            table.push(0);
            table.extend(text.as_bytes());
        }
        // A record takes 8,224 bytes; the rest of a string goes on after a byte that says how.
        let first = table.len().min(8_224);
        record(&mut shared, 0x00fc, &table[..first]);
        for part in table[first..].chunks(8_223) {
            record(&mut shared, 0x003c, &[&[0], part].concat());
        }
    }
    let name = |number: usize| format!("S{number}");
    let head: usize = (0..sheets.len()).map(|it| 4 + 8 + name(it).len()).sum();
    let mut place = (4 + 16) + (4 + 2) + shared.len() + head + 4;
    let mut out = Vec::new();
    record(&mut out, 0x0809, &begin(0x0005));
    record(&mut out, 0x0042, &1200_u16.to_le_bytes());
    out.extend(shared);
    for (number, body) in bodies.iter().enumerate() {
        let mut bound = u32::try_from(place).expect("short").to_le_bytes().to_vec();
        bound.extend([0, 0, name(number).len() as u8, 0]);
        bound.extend(name(number).as_bytes());
        record(&mut out, 0x0085, &bound);
        place += body.len();
    }
    record(&mut out, 0x000a, &[]);
    out.extend(bodies.into_iter().flatten());
    out
}

/// The file around a stream. Sector 0 and those after it: the table of sectors; then the directory;
/// then the stream.
fn file(mut stream: Vec<u8>, damage: impl FnOnce(&mut Vec<u32>)) -> Vec<u8> {
    // A stream of at least 4,096 bytes lies in sectors of its own.
    stream.resize(stream.len().max(4_096).next_multiple_of(512), 0);
    let parts = stream.len() / 512;
    let tables = (parts + 1).div_ceil(127);
    let mut next = vec![0xffff_fffd_u32; tables];
    next.push(0xffff_fffe);
    let first = tables as u32 + 1;
    next.extend((first + 1..first + parts as u32).chain([0xffff_fffe]));
    next.resize(tables * 128, 0xffff_ffff);
    damage(&mut next);

    let mut file = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    file.extend([0; 16]);
    for it in [0x3e_u16, 3, 0xfffe, 9, 6] {
        file.extend(it.to_le_bytes());
    }
    file.extend([0; 6]);
    for it in [0, tables as u32, tables as u32, 0, 4_096, 0xffff_fffe, 0, 0xffff_fffe, 0] {
        file.extend(it.to_le_bytes());
    }
    for it in 0..109 {
        file.extend(if it < tables { it as u32 } else { 0xffff_ffff }.to_le_bytes());
    }
    assert_eq!(file.len(), 512);
    file.extend(next.iter().flat_map(|it| it.to_le_bytes()));
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: usize| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry.resize(64, 0);
        entry.extend(u16::try_from(name.len() * 2 + 2).expect("short").to_le_bytes());
        entry.extend([kind, 1]);
        for it in [u32::MAX, u32::MAX, child] {
            entry.extend(it.to_le_bytes());
        }
        entry.extend([0; 36]);
        entry.extend(start.to_le_bytes());
        entry.extend((size as u64).to_le_bytes());
        entry
    };
    let mut directory = entry("Root Entry", 5, 1, 0xffff_fffe, 0);
    directory.extend(entry("Workbook", 2, u32::MAX, first, stream.len()));
    directory.resize(512, 0);
    file.extend(directory);
    file.extend(stream);
    file
}

fn book(strings: &[&str], sheets: &[Records]) -> Vec<u8> {
    file(stream(strings, sheets), |_| {})
}

fn shared(row: u16, column: u16, string: u32) -> (u16, Vec<u8>) {
    (SHARED, [at(row, column), string.to_le_bytes().to_vec()].concat())
}

#[track_caller]
fn refused(bytes: &[u8]) -> TableError {
    reader().read(bytes, Some("list.xls")).map(|it| it.report.kept).expect_err("it is refused")
}

#[test]
fn an_old_workbook_is_read() {
    let long = "x".repeat(9_000);
    let sheet = vec![
        label(0, 0, "Label"),
        label(0, 1, "Size"),
        label(0, 2, "Note"),
        label(1, 0, "8\" CAP"),
        number(1, 1, 8.0),
        shared(1, 2, 1),
        shared(2, 0, 2),
    ];
    let bytes = book(&["one", &long, "6\" TEE"], &[sheet, vec![label(0, 0, "other")]]);
    let expected = Extent { cells: 10, letters: 9_006 + label_bytes() };
    assert_eq!(extent::of(&bytes), Some(expected));
    let table = reader().read(&bytes, Some("list.xls")).expect("a table");
    assert_eq!(table.format, Format::Xls);
    let labels: Vec<_> = table.records.iter().map(|it| &it.data["original_label"]).collect();
    assert_eq!(labels, ["8\" CAP", "6\" TEE"]);
    assert_eq!(table.records[0].data["metadata"], json!({"diameter": "8", "note": long}));
}

/// What the labels of the workbook above have: their text, and nine bytes before it.
fn label_bytes() -> u64 {
    ["Label", "Size", "Note", "8\" CAP", "other"].iter().map(|it| it.len() as u64 + 9).sum()
}

#[test]
fn two_cells_in_far_corners_are_refused_before_the_sheet_is_unfolded() {
    let far = vec![label(0, 0, "Label"), label(65_535, 65_535, "far")];
    assert_eq!(refused(&book(&[], &[far])), TableError::TooManyCells { cells_max: 2_000_000 });
    // Formulas are a rectangle of their own, and each sheet counts.
    let formula = |row, column| (0x0006, [at(row, column), vec![0; 16]].concat());
    let sheet = || vec![label(0, 0, "Label"), formula(0, 0), formula(999, 700)];
    let bytes = book(&[], &[sheet(), sheet()]);
    assert_eq!(extent::of(&bytes).map(|it| it.cells), Some(4 * 1_000 * 701));
    assert_eq!(refused(&bytes), TableError::TooManyCells { cells_max: 2_000_000 });
}

#[test]
fn a_text_that_thousands_of_cells_share_is_refused_before_it_is_copied() {
    let long = "x".repeat(60_000);
    let mut sheet = vec![label(0, 0, "Label")];
    sheet.extend((1..2_000).map(|row| shared(row, 0, 0)));
    let error = refused(&book(&[&long], &[sheet]));
    assert!(error.to_string().contains("far more text"), "{error}");
}

#[test]
fn room_that_a_sheet_only_announces_is_not_made() {
    let announced = |rows: u32, columns: u16| {
        let body = [
            0_u32.to_le_bytes().to_vec(),
            rows.to_le_bytes().to_vec(),
            vec![0, 0],
            columns.to_le_bytes().to_vec(),
            vec![0, 0],
        ];
        vec![(DIMENSIONS, body.concat()), label(0, 0, "Label"), label(1, 0, "cap")]
    };
    let table = reader()
        .read(&book(&[], &[announced(65_536, 256)]), None)
        .expect("a whole sheet is honest");
    assert_eq!(table.report.kept, 1);
    assert_eq!(refused(&book(&[], &[announced(u32::MAX, u16::MAX)])).code(), "invalid_file");
}

#[test]
fn sectors_and_sheets_that_lie_in_each_other_are_refused() {
    let honest = || stream(&[], &[vec![label(0, 0, "Label"), label(1, 0, "cap")]]);
    assert!(reader().read(&file(honest(), |_| {}), None).is_ok());
    // A directory that follows itself has no end.
    let circle = file(honest(), |next| next[1] = 1);
    assert_eq!(refused(&circle).code(), "invalid_file");
    let outside = file(honest(), |next| next[1] = 4_000);
    assert_eq!(refused(&outside).code(), "invalid_file");
    // Many sheets that are all the same records.
    let mut bound = vec![0; 6];
    bound.extend([1, 0, b'x']);
    let mut crowd = Vec::new();
    record(&mut crowd, 0x0809, &begin(0x0005));
    for _ in 0..1_000 {
        record(&mut crowd, 0x0085, &bound);
    }
    assert_eq!(refused(&file(crowd, |_| {})).code(), "invalid_file");
}

#[test]
fn a_workbook_that_is_cut_or_bent_is_refused_and_brings_nothing_down() {
    let whole = book(&["one"], &[vec![label(0, 0, "Label"), shared(1, 0, 0), number(1, 1, 2.0)]]);
    for length in (0..whole.len()).step_by(97) {
        let _ = reader().read(&whole[..length], Some("list.xls"));
    }
    for place in (8..whole.len()).step_by(3) {
        let mut bent = whole.clone();
        bent[place] ^= 0xff;
        let _ = reader().read(&bent, Some("list.xls"));
    }
}
