//! Text of a Word document: paragraphs, lists, tables row by row, and the notes at its end.
//!
//! What was deleted with changes being tracked is left out, and so is what fields are made of.
//! Where pages end nobody knows before it is printed, so there are no page numbers.

use std::io::{Cursor, Read};

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};
use zip::{ZipArchive, result::ZipError};

use super::{Extracted, Limits, VerdictKind, Warning, neat};
use crate::sniff;

/// What a part may unpack to, for each character of text allowed: there is more markup than text.
const BYTES_PER_CHAR: u64 = 40;
const TITLE_MAX: usize = 512;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// What is between tags that holds no text of the document.
const LEFT_OUT: [&str; 9] =
    ["del", "moveFrom", "delText", "instrText", "fldData", "Fallback", "sdtPr", "rPr", "sectPr"];

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Extracted {
    let mut archive = match Archive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => return Extracted::nothing(verdict_of(&error)),
    };
    let most = limits.chars.saturating_mul(BYTES_PER_CHAR).min(limits.memory_bytes / 4);
    let body = match part(&mut archive, "word/document.xml", most) {
        Ok(Some(body)) => body,
        Ok(None) => return Extracted::nothing(VerdictKind::Broken),
        Err(kind) => return Extracted::nothing(kind),
    };
    let mut warnings = Vec::new();
    let mut text = Text::default();
    let mut is_whole = text.take(&body);
    drop(body);
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Ok(Some(notes)) = part(&mut archive, notes, most) {
            text.out.push('\n');
            is_whole &= text.take(&notes);
        }
    }
    if !is_whole {
        let message = "It is damaged; what stands behind the damage is missing.";
        warnings.push(Warning::new("damaged", message));
    }
    let title = part(&mut archive, "docProps/core.xml", most).ok().flatten();
    let title = title.and_then(|it| title_of(&it));
    let found = Extracted::of_text(title, neat::text(&text.out), warnings);
    match found.verdict.kind {
        VerdictKind::Empty if !is_whole => Extracted::nothing(VerdictKind::Broken),
        _ => found,
    }
}

/// A part of the archive as a text; none when it is not there.
fn part(archive: &mut Archive<'_>, name: &str, most: u64) -> Result<Option<String>, VerdictKind> {
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(verdict_of(&error)),
    };
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|_| VerdictKind::Broken)?;
    if bytes.len() as u64 > most {
        return Err(VerdictKind::TooLong);
    }
    Ok(Some(sniff::decoded(&bytes).0.into_owned()))
}

fn verdict_of(error: &ZipError) -> VerdictKind {
    match error {
        ZipError::InvalidPassword => VerdictKind::Encrypted,
        // What it says of a file with a password that nobody gave.
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => {
            VerdictKind::Encrypted
        }
        _ => VerdictKind::Broken,
    }
}

/// A text in the making.
#[derive(Default)]
struct Text {
    out: String,
    /// How many tables lie around the place.
    tables: usize,
    /// Cells of this row that have begun.
    cells: usize,
    is_text: bool,
}

impl Text {
    /// Takes the text of a part; false when it breaks off.
    fn take(&mut self, xml: &str) -> bool {
        let mut reader = Reader::from_str(xml);
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    if LEFT_OUT.contains(&tag.local_name().as_ref()) {
                        let end = tag.to_end().into_owned();
                        if reader.read_to_end(end.name()).is_err() {
                            return false;
                        }
                    } else {
                        self.begin(&tag);
                    }
                }
                Ok(Event::Empty(tag)) => self.alone(&tag),
                Ok(Event::End(tag)) => self.end(tag.local_name().as_ref()),
                Ok(Event::Text(words)) if self.is_text => self.out.push_str(&words.xml10_content()),
                Ok(Event::CData(words)) if self.is_text => {
                    self.out.push_str(&words.xml10_content());
                }
                Ok(Event::GeneralRef(sign)) if self.is_text => self.out.extend(sign_of(&sign)),
                Ok(Event::Eof) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "t" => self.is_text = true,
            "tbl" => {
                self.tables += 1;
                self.out.push('\n');
            }
            "tr" => self.cells = 0,
            "tc" => {
                if self.cells > 0 {
                    self.out.push_str(" | ");
                }
                self.cells += 1;
            }
            _ => {}
        }
    }

    fn alone(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "tab" | "ptab" => self.out.push(' '),
            "br" | "cr" | "p" => self.end_line(),
            "noBreakHyphen" => self.out.push('-'),
            "tc" => self.begin(tag),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.is_text = false,
            "p" => {
                self.end_line();
                // Paragraphs are apart from each other; those of a cell are not.
                if self.tables == 0 {
                    self.out.push('\n');
                }
            }
            "tr" => self.out.push('\n'),
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                self.out.push('\n');
            }
            _ => {}
        }
    }

    /// A line of a cell goes on in the same row.
    fn end_line(&mut self) {
        self.out.push(if self.tables == 0 { '\n' } else { ' ' });
    }
}

/// What a reference stands for, where it is one of those that every document knows.
fn sign_of(sign: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(letter)) = sign.resolve_char_ref() {
        return Some(letter);
    }
    match sign.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// The title among the properties of a document.
fn title_of(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let (mut title, mut is_title) = (String::new(), false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => is_title = tag.local_name().as_ref() == "title",
            Ok(Event::Text(words)) if is_title => title.push_str(&words.xml10_content()),
            Ok(Event::GeneralRef(sign)) if is_title => title.extend(sign_of(&sign)),
            Ok(Event::End(_)) if is_title => break,
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    neat::line(&title, TITLE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let mut text = Text::default();
        assert!(text.take(&format!("<w:document><w:body>{body}</w:body></w:document>")));
        assert_eq!(neat::text(&text.out), expected);
    }

    fn paragraph(text: &str) -> String {
        format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
    }

    #[test]
    fn paragraphs_are_apart_and_references_are_signs() {
        let body = paragraph("Salt &amp; pepper &lt;fine&gt;") + &paragraph("caf&#xe9;");
        check(&body, "Salt & pepper <fine>\n\ncafé");
    }

    #[test]
    fn runs_of_one_word_are_one_word() {
        let body = "<w:p><w:r><w:t>cali</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">brate </w:t></w:r><w:r><w:t>it</w:t></w:r></w:p>";
        check(body, "calibrate it");
    }

    #[test]
    fn a_row_of_a_table_is_a_line() {
        let cell = |text: &str| format!("<w:tc>{}{}</w:tc>", paragraph(text), "<w:p/>");
        let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell(a), cell(b));
        let table = format!("<w:tbl>{}{}</w:tbl>", row("part", "weeks"), row("probe", "4"));
        check(
            &(paragraph("Before") + &table + &paragraph("after")),
            "Before\n\npart | weeks\nprobe | 4\n\nafter",
        );
    }

    #[test]
    fn what_was_deleted_and_what_fields_are_made_of_is_left_out() {
        let body = "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:t>new</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>";
        check(body, "new");
    }

    #[test]
    fn what_is_there_twice_for_older_programs_is_taken_once() {
        let drawn = paragraph("in a box");
        let body = format!(
            "<w:p><mc:AlternateContent><mc:Choice>{drawn}</mc:Choice><mc:Fallback>{drawn}</mc:Fallback></mc:AlternateContent></w:p>"
        );
        check(&body, "in a box");
    }

    #[test]
    fn a_part_that_breaks_off_gives_what_stands_before() {
        let mut text = Text::default();
        assert!(!text.take("<w:p><w:r><w:t>Half</w:t></w:r></w:p><w:p></w:q>"));
        assert_eq!(text.out.trim(), "Half");
    }

    #[test]
    fn the_title_is_among_the_properties() {
        let xml = "<cp:coreProperties><dc:title>Pumps &amp; probes</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>";
        assert_eq!(title_of(xml).as_deref(), Some("Pumps & probes"));
        assert_eq!(title_of("<cp:coreProperties><dc:title/></cp:coreProperties>"), None);
    }

    #[test]
    fn an_archive_without_a_document_is_broken() {
        let limits = Limits { memory_bytes: 1 << 30, cpu_s: 9, chars: 100, pages: 9, time_ms: 99 };
        assert_eq!(read(b"PK\x03\x04", &limits).verdict.kind, VerdictKind::Broken);
    }
}
