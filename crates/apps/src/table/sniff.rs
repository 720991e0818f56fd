//! What a file is, by its content.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{Line, file_warning};

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Xlsx,
    Xls,
    Text,
    Empty,
    /// Something that is not read, with its article.
    Other(&'static str),
}

/// Looks at the first bytes, and into a zip archive's list of contents.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    const SIGNS: [(&[u8], &str); 16] = [
        (b"%PDF", "a PDF"),
        (b"\x89PNG", "an image"),
        (b"\xff\xd8\xff", "an image"),
        (b"GIF8", "an image"),
        (b"RIFF", "an image or a recording"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"7z\xbc\xaf", "a 7-zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"SQLite format 3", "a database"),
        (b"{\\rtf", "a rich-text document"),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    ];
    if bytes.iter().all(|it| it.is_ascii_whitespace() || *it == 0) {
        return Kind::Empty;
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return Kind::Xls;
    }
    if bytes.starts_with(b"PK\x03\x04") {
        let names = archive(bytes).map(|it| it.names).unwrap_or_default();
        let has = |part: &str| names.iter().any(|it| it.starts_with(part));
        return match () {
            () if has("xl/workbook.xml") => Kind::Xlsx,
            () if has("xl/workbook.bin") => Kind::Other("a binary workbook (XLSB)"),
            () if has("word/") => Kind::Other("a Word document"),
            () if has("ppt/") => Kind::Other("a presentation"),
            () if has("content.xml") => Kind::Other("an OpenDocument file"),
            () => Kind::Other("a zip archive"),
        };
    }
    if let Some((_, name)) = SIGNS.iter().find(|(sign, _)| bytes.starts_with(sign)) {
        return Kind::Other(name);
    }
    let start = &bytes[..bytes.len().min(64 * 1024)];
    if wide_encoding(start).is_none() {
        let is_odd =
            |it: &&u8| **it < 0x20 && !matches!(**it, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1b);
        let odd = start.iter().filter(is_odd).count();
        if odd > 8 && odd * 50 > start.len() {
            return Kind::Other("a binary file");
        }
    }
    let lower = String::from_utf8_lossy(&start[..start.len().min(512)]).to_lowercase();
    let lower = lower.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Kind::Other("a web page");
    }
    if lower.starts_with("<?xml") {
        return Kind::Other("an XML document");
    }
    Kind::Text
}

/// The text of a file, and what there is to say about how it is written.
pub(super) fn text(bytes: &[u8]) -> (Cow<'_, str>, Option<Line>) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (encoding.decode_with_bom_removal(bytes).0, None);
    }
    if let Some(encoding) = wide_encoding(&bytes[..bytes.len().min(64 * 1024)]) {
        return (encoding.decode_without_bom_handling(bytes).0, None);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => {
            let message =
                "The file is not UTF-8; it was read as Windows-1252. Look at letters with accents.";
            let text = WINDOWS_1252.decode_without_bom_handling(bytes).0;
            (text, Some(file_warning("encoding", message.into())))
        }
    }
}

/// UTF-16 without a byte-order mark: every other byte of plain text is zero.
fn wide_encoding(start: &[u8]) -> Option<&'static Encoding> {
    if start.len() < 4 {
        return None;
    }
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return (encoding == UTF_16LE || encoding == UTF_16BE).then_some(encoding);
    }
    let zeros = |offset: usize| start.iter().skip(offset).step_by(2).filter(|it| **it == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), start.len() / 2);
    match () {
        () if odd * 10 > half * 7 && even * 10 < half => Some(UTF_16LE),
        () if even * 10 > half * 7 && odd * 10 < half => Some(UTF_16BE),
        () => None,
    }
}

/// What a zip archive says about itself.
pub(super) struct Archive {
    names: Vec<String>,
    /// What its files have when they are unpacked.
    pub(super) unpacked_bytes: u64,
}

/// Reads the list of contents at the end of a zip archive.
pub(super) fn archive(bytes: &[u8]) -> Option<Archive> {
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = bytes.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |sum, it| (sum << 8) | u64::from(*it)))
    };
    let tail = bytes.len().saturating_sub(65_557);
    let end = tail + bytes[tail..].windows(4).rposition(|it| it == b"PK\x05\x06")?;
    let mut at = usize::try_from(number(end + 16, 4)?).ok()?;
    let mut archive = Archive { names: Vec::new(), unpacked_bytes: 0 };
    while bytes.get(at..at + 4)? == b"PK\x01\x02" {
        let length = |offset| number(at + offset, 2).and_then(|it| usize::try_from(it).ok());
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        archive.unpacked_bytes = archive.unpacked_bytes.saturating_add(number(at + 24, 4)?);
        archive
            .names
            .push(String::from_utf8_lossy(bytes.get(at + 46..at + 46 + name)?).into_owned());
        at += 46 + name + extra + comment;
        if archive.names.len() > 10_000 {
            break;
        }
    }
    Some(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_content_says() {
        for (bytes, expected) in [
            (b"label,code\n8\" cap,A\n".as_slice(), Kind::Text),
            (b"\xef\xbb\xbflabel\n", Kind::Text),
            (b"\xff\xfel\0a\0b\0\n\0", Kind::Text),
            (b"l\0a\0b\0e\0l\0\n\0x\0\n\0", Kind::Text),
            (b"caf\xe9,code\n", Kind::Text),
            (b"label\n6\" GATE\0 VALVE\n", Kind::Text),
            (b"[{\"label\": 1}]", Kind::Text),
            (b"", Kind::Empty),
            (b"  \n\n", Kind::Empty),
            (b"%PDF-1.7", Kind::Other("a PDF")),
            (b"<!DOCTYPE html><table>", Kind::Other("a web page")),
            (b"PK\x03\x04whatever", Kind::Other("a zip archive")),
            (b"\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11", Kind::Other("a binary file")),
        ] {
            assert_eq!(kind(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn text_is_decoded_from_what_it_is_written_in() {
        for (bytes, expected, warned) in [
            (b"caf\xc3\xa9".as_slice(), "café", false),
            (b"\xef\xbb\xbfcaf\xc3\xa9", "café", false),
            (b"\xff\xfec\0a\0f\0\xe9\0", "café", false),
            (b"\xfe\xff\0c\0a\0f\0\xe9", "café", false),
            (b"c\0a\0f\0e\0,\0", "cafe,", false),
            (b"caf\xe9 \x80", "café €", true),
        ] {
            let (text, warning) = text(bytes);
            assert_eq!((text.as_ref(), warning.is_some()), (expected, warned), "{bytes:?}");
        }
    }
}
