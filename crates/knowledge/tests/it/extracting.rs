//! The process that reads files, for real: what it finds, and what becomes of whoever breaks it.

use std::{path::PathBuf, time::Instant};

use bytes::Bytes;
use jiff::SignedDuration;
use knowledge::{
    extract::{ExtractError, Extracted, Extractor, Program, VerdictKind},
    settings::Extraction,
    sniff::{self, Kind},
};
use testkit::file;

use crate::house::program;

const PARAGRAPHS: [&str; 3] = [
    "The probe must be calibrated every four weeks.",
    "Use the reference fluid (type B) & keep it below 25 degrees.",
    "A red light means: call the laboratory.",
];

fn extractor() -> Extractor {
    Extractor::new(program(), &Extraction::default())
}

async fn read(bytes: Vec<u8>) -> Result<Extracted, ExtractError> {
    let kind = sniff::kind(&bytes, None).expect("a kind that is known");
    extractor().extract(kind, Bytes::from(bytes)).await
}

/// The words of a text, whatever stands between them.
fn words(found: &Extracted) -> Vec<String> {
    let text = found.pages.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" ");
    text.split_whitespace().map(str::to_owned).collect()
}

#[track_caller]
fn verdict(found: Result<Extracted, ExtractError>) -> VerdictKind {
    match found {
        Err(ExtractError::Nothing { verdict }) => verdict.kind,
        other => panic!("it is {other:?}"),
    }
}

/// A program of the machine in the place of the one that reads files.
fn played(script: &str, settings: &Extraction) -> Extractor {
    let arguments = ["-c", script].map(Into::into).to_vec();
    Extractor::new(Program { path: PathBuf::from("/bin/sh"), arguments }, settings)
}

#[tokio::test]
async fn the_same_text_is_the_same_in_every_kind_of_file() {
    let expected: Vec<String> = PARAGRAPHS.join(" ").split(' ').map(str::to_owned).collect();
    let html: String =
        PARAGRAPHS.iter().map(|it| format!("<p>{}</p>", it.replace('&', "&amp;"))).collect();
    let files = [
        file::pdf(&[&PARAGRAPHS.join("\n")]),
        file::pdf(&PARAGRAPHS),
        file::docx(&PARAGRAPHS),
        format!("<!doctype html><html><body>{html}</body></html>").into_bytes(),
        PARAGRAPHS.join("\n\n").into_bytes(),
    ];
    for bytes in files {
        let found = read(bytes).await.expect("a text");
        assert_eq!(words(&found), expected, "{:?}", found.verdict);
    }
}

#[tokio::test]
async fn the_pages_of_a_pdf_have_their_numbers() {
    let found = read(file::pdf(&["First.", "", "Third."])).await.expect("a text");
    let pages: Vec<_> = found.pages.iter().map(|it| (it.number, it.text.as_str())).collect();
    assert_eq!(pages, [(Some(1), "First."), (Some(2), ""), (Some(3), "Third.")]);
    assert_eq!(found.verdict.pages_without_text, [2]);
    assert_eq!(found.verdict.warnings[0].code, "pages_without_text");
}

#[tokio::test]
async fn letters_with_accents_are_what_they_are() {
    let found = read(file::pdf(&["Größe und Façade"])).await.expect("a text");
    assert_eq!(words(&found), ["Größe", "und", "Façade"]);
}

#[tokio::test]
async fn a_file_without_text_says_what_it_is_instead() {
    assert_eq!(verdict(read(file::pdf_of_pictures(2)).await), VerdictKind::ImageOnly);
    assert_eq!(verdict(read(file::pdf_locked()).await), VerdictKind::Encrypted);
    assert_eq!(verdict(read(file::pdf(&[" "])).await), VerdictKind::Empty);
    assert_eq!(verdict(read(b"%PDF-1.7\nnothing of the kind".to_vec()).await), VerdictKind::Broken);
    let cut = file::docx(&PARAGRAPHS);
    let broken = extractor().extract(Kind::Docx, Bytes::from(cut[..cut.len() / 2].to_vec())).await;
    assert_eq!(verdict(broken), VerdictKind::Broken);
    assert_eq!(verdict(read(file::docx(&[" "])).await), VerdictKind::Empty);
}

#[tokio::test]
async fn a_pdf_with_a_broken_list_of_places_is_read_all_the_same() {
    let mut bytes = file::pdf(&["The text is still there."]);
    let table = bytes.windows(5).rposition(|it| it == b"xref\n").expect("a table");
    bytes[table..table + 4].copy_from_slice(b"xxxx");
    let found = read(bytes).await;
    match found {
        Ok(found) => assert_eq!(words(&found).len(), 5),
        Err(error) => assert_eq!(error.code(), "broken", "it says so, and does not pretend"),
    }
}

#[tokio::test]
async fn a_file_that_unfolds_without_end_is_refused_and_not_unfolded() {
    let spaces = vec![b' '; 64 << 20];
    let bomb = file::archive(&[("word/document.xml", &spaces)]);
    assert!(bomb.len() < 1 << 20, "it is small: {}", bomb.len());
    let settings = Extraction { chars_max: 100_000, ..Extraction::default() };
    let found = Extractor::new(program(), &settings).extract(Kind::Docx, Bytes::from(bomb)).await;
    assert_eq!(found.expect_err("it is refused").code(), "too_long");
}

#[tokio::test]
async fn a_reader_that_takes_too_much_memory_is_stopped() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", "a".repeat(160 << 20));
    let bomb = file::workbook("<worksheet/>", &[("xl/sharedStrings.xml", strings.as_bytes())]);
    drop(strings);
    let settings = Extraction { memory_bytes_max: 64 << 20, ..Extraction::default() };
    let found = Extractor::new(program(), &settings).extract(Kind::Xlsx, Bytes::from(bomb)).await;
    assert_eq!(found.expect_err("it is stopped").code(), "extraction_limit");
}

#[tokio::test]
async fn a_reader_that_takes_too_long_is_stopped() {
    let settings =
        Extraction { time_max: SignedDuration::from_millis(300), ..Extraction::default() };
    let began = Instant::now();
    let found = played("sleep 60", &settings).extract(Kind::Text, Bytes::from("a")).await;
    assert_eq!(found.unwrap_err().code(), "extraction_timeout");
    assert!(began.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn how_a_reader_died_is_told_apart() {
    let settings = Extraction::default();
    let code = async |script: &str| {
        let found = played(script, &settings).extract(Kind::Text, Bytes::from("a")).await;
        found.expect_err("it died").code()
    };
    assert_eq!(code("kill -XCPU $$").await, "extraction_timeout");
    assert_eq!(code("kill -ABRT $$").await, "extraction_limit");
    assert_eq!(code("kill -KILL $$").await, "extraction_limit");
    assert_eq!(code("exit 2").await, "extraction_unavailable");
    assert_eq!(code("echo nonsense").await, "broken");
    let nobody = Program { path: PathBuf::from("/nonexistent/reader"), arguments: Vec::new() };
    let found = Extractor::new(nobody, &settings).extract(Kind::Text, Bytes::from("a")).await;
    assert!(found.unwrap_err().is_temporary());
}

#[tokio::test]
async fn the_reader_knows_nothing_of_this_house() {
    let found = played("env", &Extraction::default()).extract(Kind::Text, Bytes::from("a")).await;
    // What it says is no JSON; that it says no more than the allocator's setting is what counts.
    assert_eq!(found.unwrap_err().code(), "broken");
    let script = "test -z \"$HOME$CARGO_MANIFEST_DIR\" && exit 2 || exit 9";
    let found = played(script, &Extraction::default()).extract(Kind::Text, Bytes::from("a")).await;
    assert_eq!(found.unwrap_err().code(), "extraction_unavailable", "its environment is empty");
}

#[tokio::test]
async fn nothing_of_a_text_is_in_an_error() {
    let error = read(b"%PDF-1.7\nsecret words".to_vec()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}
