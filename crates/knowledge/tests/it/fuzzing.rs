//! Files that nobody would write: damaged ones of every kind, given to the real process that reads
//! files. Whatever it does, an answer comes back in time, and it is one of those that there are.
//!
//! It goes on for two seconds; `KNOWLEDGE_FUZZ_SECONDS` says for how long otherwise.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::SignedDuration;
use knowledge::{
    extract::Extractor,
    settings::Extraction,
    sniff::{self, Kind},
};
use testkit::file;

use crate::house::program;

/// Numbers that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn whole() -> Vec<(Kind, Vec<u8>)> {
    let text = "The probe is calibrated every four weeks. Use the reference fluid.";
    vec![
        (Kind::Pdf, file::pdf(&[text, "A second page."])),
        (Kind::Pdf, file::pdf_of_pictures(1)),
        (Kind::Pdf, file::pdf_locked()),
        (Kind::Docx, file::docx(&[text, "Another paragraph."])),
        (Kind::Xlsx, file::xlsx(&[&["part", "weeks"], &["probe", "4"]])),
        (Kind::Html, format!("<!doctype html><main><h1>Care</h1><p>{text}</p><table><tr><td>a</td></tr></table></main>").into_bytes()),
        (Kind::Markdown, format!("---\ntitle: a\n---\n# Care\n\n{text}\n\n```\nx\n```\n").into_bytes()),
        (Kind::Json, br#"{"a": [{"b": 1}, [2, {"c": null}]], "d": "text"}"#.to_vec()),
        (Kind::Csv, b"part,weeks\n\"pro\"\"be\",4\nseal,\"52\"\n".to_vec()),
        (Kind::Text, text.as_bytes().to_vec()),
    ]
}

/// Changes bytes, cuts, repeats and swaps: a few times.
fn damaged(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.roll(6) {
        let (at, other) = (dice.roll(bytes.len()), dice.roll(bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match dice.roll(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] = dice.roll(256) as u8,
            2 if !bytes.is_empty() => bytes[at] ^= 1 << dice.roll(8),
            3 => {
                let piece = bytes[from..to.min(from + 64)].to_vec();
                bytes.splice(from..from, piece.repeat(1 + dice.roll(8)));
            }
            4 => drop(bytes.drain(from..to.min(from + 32))),
            _ => bytes
                .splice(
                    at..at,
                    (0..dice.roll(9))
                        .map(|it| [0, 255, b'<', b'(', b'[', b'{', b'"', b'\n', b'9'][it]),
                )
                .for_each(drop),
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_any_kind_gives_one_of_the_known_answers() {
    #[expect(clippy::disallowed_methods, reason = "how long a test takes is its caller's choice")]
    let asked = std::env::var("KNOWLEDGE_FUZZ_SECONDS");
    let seconds = asked.ok().and_then(|it| it.parse().ok()).unwrap_or(2);
    let settings = Extraction {
        time_max: SignedDuration::from_secs(10),
        cpu_s_max: 5,
        memory_bytes_max: 256 << 20,
        ..Extraction::default()
    };
    let extractor = Extractor::new(program(), &settings);
    let (mut dice, began) = (Dice(0x9e37_79b9_7f4a_7c15), Instant::now());
    let mut outcomes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let whole = whole();
    // On a slow machine a little longer: until there were enough of them.
    while began.elapsed() < Duration::from_secs(seconds) || outcomes.values().sum::<usize>() <= 20 {
        let (kind, bytes) = &whole[dice.roll(whole.len())];
        let bytes = damaged(bytes, &mut dice);
        // What comes in is looked at first, as it always is.
        let _ = sniff::kind(&bytes, None);
        let found = extractor.extract(*kind, Bytes::from(bytes)).await;
        let outcome = found.as_ref().map_or_else(|it| it.code(), |_| "text");
        assert_ne!(outcome, "extraction_unavailable", "{kind}");
        *outcomes.entry((kind.name(), outcome)).or_default() += 1;
    }
    let total: usize = outcomes.values().sum();
    println!("{total} damaged files in {:.1} s: {outcomes:?}", began.elapsed().as_secs_f64());
    assert!(total > 20, "{outcomes:?}");
    let hung = outcomes.keys().filter(|it| it.1 == "extraction_timeout").count();
    assert_eq!(hung, 0, "a reader hung: {outcomes:?}");
}

#[test]
fn looking_at_bytes_never_fails_in_another_way_than_by_saying_so() {
    let mut dice = Dice(7);
    let whole = whole();
    for _ in 0..3_000 {
        let (_, bytes) = &whole[dice.roll(whole.len())];
        let bytes = damaged(bytes, &mut dice);
        if let Err(unfit) = sniff::kind(&bytes, Some("a.txt")) {
            assert!(!unfit.code().is_empty());
        }
    }
}
