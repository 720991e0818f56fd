//! What is drawn is read again.

use lopdf::{Document, Object};

use crate::{Block, CHARS_MAX, Chart, Fact, Moment, PaperError, Passage, Point, Score, Sheet, pdf};

fn sheet(blocks: Vec<Block>) -> Sheet {
    Sheet {
        title: "Evaluación".into(),
        about: Some("2026-11-21 08:00 UTC".into()),
        language: "es".into(),
        at: Some(Moment { year: 2026, month: 11, day: 21, hour: 8, minute: 0, second: 0 }),
        blocks,
    }
}

fn whole() -> Sheet {
    sheet(vec![
        Block::Heading("Resultado".into()),
        Block::Facts(vec![Fact { label: "Nota".into(), value: "3.75".into() }]),
        Block::Heading("Fortalezas".into()),
        Block::List(vec!["Estructura clara".into(), "Cifras sólidas".into()]),
        Block::Heading("Criterios".into()),
        Block::Scores {
            least: 1.0,
            most: 5.0,
            rows: vec![Score {
                name: "Estructura".into(),
                note: Some("Empieza por la respuesta.".into()),
                value: Some(4.0),
                shown: "4".into(),
            }],
        },
        Block::Heading("Comentarios".into()),
        Block::Passages(vec![Passage {
            quote: "Pedimos dos millones.".into(),
            note: Some("¿Para qué?".into()),
            lists: vec![("Preguntas".into(), vec!["¿Qué pasa sin ellos?".into()])],
        }]),
        Block::Heading("Progreso".into()),
        Block::Line(Chart {
            least: 1.0,
            most: 5.0,
            points: vec![
                Point { at: 0, label: "2026-11-01".into(), value: 2.0 },
                Point { at: 86_400, label: "2026-11-02".into(), value: 3.5 },
            ],
            told: "2026-11-01: 2; 2026-11-02: 3.5".into(),
        }),
    ])
}

fn drawn(sheet: &Sheet) -> Document {
    let bytes = pdf(sheet).expect("it is drawn");
    Document::load_mem(&bytes).expect("it is a PDF")
}

/// The words of all pages, with single spaces between them.
fn text(document: &Document) -> String {
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = document.extract_text(&pages).expect("it has text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of(block: Block) -> String {
    text(&drawn(&sheet(vec![block])))
}

#[test]
fn everything_that_is_said_can_be_read_in_it() {
    let text = text(&drawn(&whole()));
    for words in [
        "Evaluación",
        "Resultado",
        "3.75",
        "Estructura clara",
        "Cifras sólidas",
        "Empieza por la respuesta.",
        "Pedimos dos millones.",
        "¿Para qué?",
        "¿Qué pasa sin ellos?",
        "2026-11-02",
        "1 / 1",
    ] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
}

#[test]
fn the_same_sheet_makes_the_same_bytes() {
    assert_eq!(pdf(&whole()).expect("a document"), pdf(&whole()).expect("a document"));
    let other = Sheet { title: "Otra".into(), ..whole() };
    assert_ne!(pdf(&other).expect("a document"), pdf(&whole()).expect("a document"));
}

#[test]
fn it_can_be_read_aloud_and_says_its_language() {
    let bytes = pdf(&whole()).expect("a document");
    let document = Document::load_mem(&bytes).expect("a PDF");
    let catalog = document.catalog().expect("a catalogue");
    assert!(catalog.has(b"StructTreeRoot"));
    assert!(catalog.has(b"Outlines"));
    assert_eq!(catalog.get(b"Lang").and_then(Object::as_str).expect("a language"), b"es");
    // The claim stands in the metadata, which are not packed.
    let claim = b"pdfuaid";
    assert!(
        bytes.windows(claim.len()).any(|it| it == claim),
        "it does not say that it is accessible"
    );
}

#[test]
fn fonts_are_in_it() {
    let document = drawn(&whole());
    let is_font =
        |it: &&Object| it.as_dict().is_ok_and(|it| it.has(b"FontFile2") || it.has(b"FontFile3"));
    assert_eq!(document.objects.values().filter(is_font).count(), 2, "two weights");
}

#[test]
fn a_long_text_goes_on_over_pages_that_are_numbered() {
    let paragraph =
        "La empresa pide dos millones para abrir tres clínicas en el norte. ".repeat(30);
    let text = vec![paragraph; 5].join("\n");
    assert!(text.chars().count() > 10_000);
    let document = drawn(&sheet(vec![Block::Text(text)]));
    let pages = document.get_pages().len();
    assert!(pages >= 3, "{pages} pages");
    let text = self::text(&document);
    assert!(text.contains(&format!("1 / {pages}")) && text.contains(&format!("{pages} / {pages}")));
    assert_eq!(text.matches("tres clínicas").count(), 150);
}

#[test]
fn a_word_that_is_longer_than_a_line_is_broken() {
    let text = text_of(Block::Text("x".repeat(5_000)));
    assert_eq!(text.matches('x').count(), 5_000);
}

#[test]
fn no_text_makes_it_fail() {
    let hostile = [
        String::new(),
        " \n\n \t ".into(),
        "\u{0}\u{1}\u{1b}[2J\u{7f}\u{85}".into(),
        "😀👩‍👩‍👧‍👦🏳️‍🌈".into(),
        "שלום עולם, מכתב 12 abc".into(),
        "مرحبا بالعالم (٣)".into(),
        "中文报告 にほんご 한국어".into(),
        format!("Z{}", "\u{301}\u{316}".repeat(200)),
        "\u{202e}desrever\u{202c}".into(),
        "e\u{301}\u{200d}\u{feff}\u{fffe}\u{10ffff}\u{e000}".into(),
        "%PDF-1.7 endobj stream (\\) >> /Type".into(),
    ];
    for text in hostile {
        let blocks = vec![
            Block::Heading(text.clone()),
            Block::Text(text.clone()),
            Block::Facts(vec![Fact { label: text.clone(), value: text.clone() }]),
            Block::List(vec![text.clone(), String::new()]),
            Block::Scores {
                least: 5.0,
                most: 5.0,
                rows: vec![Score {
                    name: text.clone(),
                    note: Some(text.clone()),
                    value: Some(f64::NAN),
                    shown: text.clone(),
                }],
            },
            Block::Passages(vec![Passage {
                quote: text.clone(),
                note: Some(text.clone()),
                lists: vec![(text.clone(), vec![text.clone()])],
            }]),
            Block::Line(Chart {
                least: f64::NAN,
                most: f64::INFINITY,
                points: vec![Point { at: i64::MIN, label: text.clone(), value: 1.0 }],
                told: text.clone(),
            }),
        ];
        let sheet = Sheet { title: text.clone(), language: text.clone(), ..sheet(blocks) };
        assert!(pdf(&sheet).is_ok_and(|it| it.starts_with(b"%PDF-")), "{text:?}");
    }
}

#[test]
fn letters_from_the_right_can_be_read() {
    let text = text_of(Block::Text("שלום".into()));
    let (there, turned) = ("שלום", "שלום".chars().rev().collect::<String>());
    assert!(text.contains(there) || text.contains(&turned), "{text}");
}

#[test]
fn nothing_at_all_is_one_page() {
    assert_eq!(drawn(&Sheet::default()).get_pages().len(), 1);
}

#[test]
fn a_book_is_refused() {
    let refused = pdf(&sheet(vec![Block::Text("x".repeat(CHARS_MAX))]));
    assert!(matches!(refused, Err(PaperError::TooLong { .. })));
}
