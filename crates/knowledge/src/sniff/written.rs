//! Which kind of text a text is, and how it is written.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::de::IgnoredAny;

use super::{Kind, Unfit};

/// How much of a text is looked at where looking at all of it is not needed.
const HEAD: usize = 64 * 1024;

/// Are these bytes no text, in whichever way it could be written?
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    if wide(head).is_some() {
        return false;
    }
    let is_odd =
        |it: &&u8| **it < 0x20 && !matches!(**it, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1b);
    let odd = head.iter().filter(is_odd).count();
    odd > 8 && odd * 50 > head.len()
}

/// The text that bytes are, and whether its way of writing had to be guessed.
pub(crate) fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (encoding.decode_with_bom_removal(bytes).0, false);
    }
    if let Some(encoding) = wide(&bytes[..bytes.len().min(HEAD)]) {
        return (encoding.decode_without_bom_handling(bytes).0, false);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}

/// UTF-16 without a byte-order mark: every other byte of plain text is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return (encoding == UTF_16LE || encoding == UTF_16BE).then_some(encoding);
    }
    if head.len() < 4 {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|it| **it == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    match () {
        () if odd * 10 > half * 7 && even * 10 < half => Some(UTF_16LE),
        () if even * 10 > half * 7 && odd * 10 < half => Some(UTF_16BE),
        () => None,
    }
}

/// Which kind of text it is.
pub(super) fn kind(bytes: &[u8], file_name: Option<&str>) -> Result<Kind, Unfit> {
    let (text, _) = decoded(bytes);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.is_empty() {
        return Err(Unfit::Empty);
    }
    let ending = file_name.and_then(|it| it.rsplit_once('.')).map(|it| it.1.to_lowercase());
    let named = match ending.as_deref() {
        Some("html" | "htm" | "xhtml") => Some(Kind::Html),
        Some("md" | "markdown") => Some(Kind::Markdown),
        Some("txt" | "text" | "log") => Some(Kind::Text),
        Some("csv" | "tsv" | "tab") => Some(Kind::Csv),
        Some("json" | "jsonl" | "ndjson") => Some(Kind::Json),
        _ => None,
    };
    if is_page(start) || (named == Some(Kind::Html) && start.starts_with('<')) {
        return Ok(Kind::Html);
    }
    if start.starts_with("<?xml") {
        return Err(Unfit::Other("an XML document"));
    }
    if is_json(start) {
        return Ok(Kind::Json);
    }
    Ok(match named {
        // Named as JSON and broken: what can be read of it is its text.
        Some(Kind::Json | Kind::Html) => Kind::Text,
        Some(named) => named,
        None if is_markdown(start) => Kind::Markdown,
        None if is_separated(start) => Kind::Csv,
        None => Kind::Text,
    })
}

/// Does it begin as a web page does, perhaps after comments and a prologue?
fn is_page(start: &str) -> bool {
    let mut rest = start;
    loop {
        rest = rest.trim_start();
        let skipped = match () {
            () if rest.starts_with("<!--") => rest.find("-->").map(|it| it + 3),
            () if rest.starts_with("<?xml") => rest.find("?>").map(|it| it + 2),
            () => None,
        };
        match skipped {
            Some(end) => rest = &rest[end..],
            None => break,
        }
    }
    let head: String = rest.chars().take(16).collect::<String>().to_lowercase();
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|it| head.starts_with(it))
}

/// One JSON value that holds others, or such a value on each line.
fn is_json(start: &str) -> bool {
    if !start.starts_with(['{', '[']) {
        return false;
    }
    if serde_json::from_str::<IgnoredAny>(start).is_ok() {
        return true;
    }
    let mut lines = start.lines().filter(|it| !it.trim().is_empty()).take(5).peekable();
    let is_value =
        |it: &str| it.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(it).is_ok();
    lines.peek().is_some() && lines.all(|it| is_value(it.trim()))
}

fn is_markdown(start: &str) -> bool {
    let is_heading = |it: &str| {
        let rest = it.trim_start_matches('#');
        rest.len() < it.len() && it.len() - rest.len() <= 6 && rest.starts_with(' ')
    };
    let mut lines = start.lines().take(200);
    lines.any(is_heading)
}

/// The same separator, as often, in each of the first lines.
fn is_separated(start: &str) -> bool {
    let lines: Vec<&str> = start.lines().filter(|it| !it.is_empty()).take(6).collect();
    let same = |separator: char| {
        let counts: Vec<usize> = lines.iter().map(|it| it.matches(separator).count()).collect();
        counts.first().is_some_and(|first| *first > 0 && counts.iter().all(|it| it == first))
    };
    lines.len() >= 3 && [',', ';', '\t'].into_iter().any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: Option<&str>, expected: Kind) {
        assert_eq!(kind(text.as_bytes(), name), Ok(expected), "{text:?} {name:?}");
    }

    #[test]
    fn a_name_breaks_ties_between_texts() {
        let rows = "a,b\n1,2\n3,4\n";
        check(rows, None, Kind::Csv);
        check(rows, Some("a.txt"), Kind::Text);
        check(rows, Some("a.csv"), Kind::Csv);
        check("words", Some("a.md"), Kind::Markdown);
        check("words", Some("a.docx"), Kind::Text);
        check("# Title\n\nWords.", None, Kind::Markdown);
        check("<p>Hi</p>", Some("a.html"), Kind::Html);
        check("<p>Hi</p>", None, Kind::Text);
    }

    #[test]
    fn what_can_be_told_is_not_left_to_the_name() {
        check("[1, 2]", Some("a.txt"), Kind::Json);
        check("{\"a\":1}\n{\"a\":2}\n", Some("a.csv"), Kind::Json);
        check("[draft] A note.", Some("a.json"), Kind::Text);
        check("<!-- made by hand -->\n<HTML>", Some("a.txt"), Kind::Html);
        check("<?xml version=\"1.0\"?><!DOCTYPE html><html/>", None, Kind::Html);
        assert!(kind(b"<?xml version=\"1.0\"?><rss/>", Some("a.html")).is_ok());
        assert!(kind(b"<?xml version=\"1.0\"?><rss/>", None).is_err());
    }

    #[test]
    fn prose_with_commas_is_prose() {
        check("Dear all, welcome.\nIt is, as ever, late.\nBye.\n", None, Kind::Text);
    }

    #[test]
    fn a_text_is_decoded_from_what_it_is_written_in() {
        for (bytes, expected, guessed) in [
            (b"caf\xc3\xa9".as_slice(), "café", false),
            (b"\xef\xbb\xbfcaf\xc3\xa9", "café", false),
            (b"\xff\xfec\0a\0f\0\xe9\0", "café", false),
            (b"\xfe\xff\0c\0a\0f\0\xe9", "café", false),
            (b"c\0a\0f\0e\0,\0", "cafe,", false),
            (b"caf\xe9 \x80", "café €", true),
        ] {
            assert_eq!(decoded(bytes), (expected.into(), guessed), "{bytes:?}");
        }
    }

    #[test]
    fn text_in_sixteen_bits_is_text() {
        assert!(!is_binary(b"W\0o\0r\0d\0s\0 \0i\0n\0 \0w\0i\0d\0e\0.\0"));
        assert!(is_binary(&[0; 64]));
    }
}
