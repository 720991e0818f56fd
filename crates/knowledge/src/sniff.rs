//! What bytes are, by what is in them. A name only breaks ties between kinds of text.
//!
//! Nothing is unpacked and nothing is run here: the first bytes are looked at, the list of contents
//! of a zip archive, and whether a text is JSON.
//!
//! Start at [`kind`].

mod archive;
mod written;

use std::{fmt, str::FromStr};

use base::permission::UnknownName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use written::decoded;

/// The kinds of files that are known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pages.
    Pdf,
    /// A document of Word 2007 and later.
    Docx,
    /// A workbook of Excel 2007 and later.
    Xlsx,
    /// A web page.
    Html,
    /// Text with Markdown in it.
    #[serde(rename = "md")]
    Markdown,
    /// Text.
    #[serde(rename = "txt")]
    Text,
    /// JSON, or a JSON value on each line.
    Json,
    /// Text with separators.
    Csv,
    /// A picture.
    Png,
    /// A picture.
    Jpeg,
    /// A picture.
    Webp,
    /// A picture.
    Gif,
}

/// Bytes that are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing in them.
    #[error("the file is empty")]
    Empty,
    /// They can be read with a password only.
    #[error("the file is {0} that is locked with a password; save it without one")]
    Locked(&'static str),
    /// They are something else.
    #[error(
        "the file is {0}; expected pdf, docx, xlsx, html, md, txt, json or csv, whatever its name"
    )]
    Other(&'static str),
}

impl Unfit {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty | Self::Locked(_) => "invalid_file",
            Self::Other(_) => "invalid_file_type",
        }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Pdf,
        Self::Docx,
        Self::Xlsx,
        Self::Html,
        Self::Markdown,
        Self::Text,
        Self::Json,
        Self::Csv,
        Self::Png,
        Self::Jpeg,
        Self::Webp,
        Self::Gif,
    ];

    /// Those that hold text.
    pub const DOCUMENTS: [Self; 8] = [
        Self::Pdf,
        Self::Docx,
        Self::Xlsx,
        Self::Html,
        Self::Markdown,
        Self::Text,
        Self::Json,
        Self::Csv,
    ];

    /// The name used in tables, settings and answers: the ending of such files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Text => "txt",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    /// What goes into `Content-Type`. Texts are always handed out as UTF-8.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// Is it a picture? Those are taken as avatars, never as documents.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::Webp | Self::Gif)
    }

    /// What it is called in a sentence.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF",
            Self::Docx => "a Word document",
            Self::Xlsx => "an Excel workbook",
            Self::Html => "a web page",
            Self::Markdown | Self::Text => "a text",
            Self::Json => "JSON",
            Self::Csv => "a text with separators (CSV)",
            Self::Png | Self::Jpeg | Self::Webp | Self::Gif => "a picture",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownName {
            text: text.chars().take(64).collect(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

/// The first bytes of files that are something else, and what.
const OTHERS: [(&[u8], &str); 17] = [
    (b"{\\rtf", "a rich-text document (RTF)"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"SQLite format 3", "a database"),
    (b"ID3", "a recording"),
    (b"OggS", "a recording"),
    (b"II*\0", "a picture of a kind that is not taken (TIFF)"),
    (b"MM\0*", "a picture of a kind that is not taken (TIFF)"),
];

/// What `bytes` are. `file_name` decides between kinds of text that cannot be told apart.
///
/// # Errors
/// [`Unfit`] says what they are instead.
pub fn kind(bytes: &[u8], file_name: Option<&str>) -> Result<Kind, Unfit> {
    if bytes.iter().all(|it| it.is_ascii_whitespace() || *it == 0) {
        return Err(Unfit::Empty);
    }
    let start = trimmed(bytes);
    if start.starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if let Some(picture) = picture(bytes) {
        return Ok(picture);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return Err(compound(bytes));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return archive::kind(bytes);
    }
    // `MZ` may begin a text; a program has zeros soon after it.
    let is_binary = written::is_binary(bytes);
    let other = OTHERS.iter().find(|it| bytes.starts_with(it.0) && (it.0 != b"MZ" || is_binary));
    if let Some((_, what)) = other {
        return Err(Unfit::Other(what));
    }
    if is_binary {
        // Some writers put something before the first line of a PDF; readers look for it.
        let head = &bytes[..bytes.len().min(1024)];
        return match head.windows(5).any(|it| it == b"%PDF-") {
            true => Ok(Kind::Pdf),
            false => Err(Unfit::Other("a binary file")),
        };
    }
    written::kind(bytes, file_name)
}

fn picture(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
        _ => None,
    }
}

/// What a container of older Office programs holds. Newer ones put files with a password into it.
fn compound(bytes: &[u8]) -> Unfit {
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|it| it == wide)
    };
    match () {
        () if has("EncryptedPackage") => Unfit::Locked("a Word or Excel file"),
        () if has("WordDocument") => Unfit::Other("an old Word document (DOC); save it as DOCX"),
        () if has("Workbook") => Unfit::Other("an old Excel workbook (XLS); save it as XLSX"),
        () if has("PowerPoint Document") => Unfit::Other("a presentation"),
        () => Unfit::Other("an old Office file"),
    }
}

/// Without a byte-order mark and white space before it.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], name: Option<&str>, expected: Result<Kind, &str>) {
        let found = kind(bytes, name);
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{name:?}"),
            Err(part) => {
                let said = found.expect_err("it is not taken").to_string();
                assert!(said.contains(part), "{said}");
            }
        }
    }

    #[test]
    fn the_content_decides_whatever_the_name_says() {
        check(b"%PDF-1.7\n", Some("notes.txt"), Ok(Kind::Pdf));
        check(b"\xef\xbb\xbf\n%PDF-1.4\n", None, Ok(Kind::Pdf));
        check(b"<!DOCTYPE html><p>Hi</p>", Some("report.pdf"), Ok(Kind::Html));
        check(b"{\"a\": 1}", Some("a.docx"), Ok(Kind::Json));
        check(b"Just words.\n", Some("a.pdf"), Ok(Kind::Text));
        check(b"\x89PNG\r\n\x1a\n....", Some("a.pdf"), Ok(Kind::Png));
        check(b"\xff\xd8\xff\xe0", None, Ok(Kind::Jpeg));
        check(b"GIF89a", None, Ok(Kind::Gif));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", None, Ok(Kind::Webp));
    }

    #[test]
    fn something_before_the_first_line_of_a_pdf_does_not_hide_it() {
        let mut bytes = vec![0u8, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16];
        bytes.extend_from_slice(b"%PDF-1.4\n");
        check(&bytes, None, Ok(Kind::Pdf));
    }

    #[test]
    fn what_is_not_taken_is_called_by_its_name() {
        check(b"", None, Err("empty"));
        check(b" \n\0\0", None, Err("empty"));
        check(b"\x1f\x8b\x08", Some("a.txt"), Err("gzip"));
        check(b"\x7fELF\x02", Some("a.csv"), Err("a program"));
        check(b"{\\rtf1 x}", Some("a.doc"), Err("RTF"));
        check(b"\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11", None, Err("binary"));
        check(b"SQLite format 3\0", None, Err("a database"));
    }

    #[test]
    fn an_old_or_locked_office_file_is_told_from_the_names_in_it() {
        let file = |name: &str| {
            let mut bytes = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
            bytes.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
            bytes
        };
        check(&file("WordDocument"), Some("a.docx"), Err("DOC"));
        check(&file("EncryptedPackage"), Some("a.docx"), Err("password"));
        check(&file("Workbook"), None, Err("XLSX"));
        check(&file("x"), None, Err("old Office"));
    }

    #[test]
    fn a_word_that_begins_as_a_program_does_is_a_word() {
        check(b"MZ is how programs begin.\n", None, Ok(Kind::Text));
    }

    #[test]
    fn a_kind_is_read_by_the_name_that_it_is_written_by() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert!("exe".parse::<Kind>().is_err());
    }
}
