//! The format of an archive: lines of JSON, packed with gzip, so that `zcat` reads it anywhere.
//!
//! The first line says what it is, the last how many there are between them and what their SHA-256 is: an
//! object that was cut or changed is seen without the database that made it. Line by line, so that only what
//! is packed is ever held whole. Pure; nothing is read or written here.

use std::io::{self, BufRead, BufReader, Write};

use base::{ArchiveId, RecordId, TenantId, Timestamp};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::choose::Stored;

/// What an archive says first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Which one it is.
    pub(crate) archive: ArchiveId,
    /// How it is to be read.
    pub(crate) format: u32,
    /// The application.
    pub(crate) app: String,
    pub(crate) tenant: TenantId,
    pub(crate) collection: String,
    pub(crate) made_at: Timestamp,
}

/// A row, as an archive keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The record that it went with; its own id when it is that record.
    pub(crate) root: RecordId,
    pub(crate) id: RecordId,
    pub(crate) tenant: TenantId,
    pub(crate) collection: String,
    pub(crate) parent: Option<RecordId>,
    pub(crate) lineage: RecordId,
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) created_by: String,
    /// Its own text: a number that was read and written again could be another one.
    pub(crate) data: Box<RawValue>,
}

/// What an archive says last.
#[derive(Serialize, Deserialize)]
struct Foot {
    rows: usize,
    sha256: String,
}

/// The one way in which archives are written so far.
pub(crate) const FORMAT: u32 = 1;

impl Line {
    /// A record that goes with `root`.
    pub(crate) fn of(root: RecordId, record: &Stored) -> Self {
        Self {
            root,
            id: record.id,
            tenant: record.tenant,
            collection: record.collection.clone(),
            parent: record.parent,
            lineage: record.lineage,
            position: record.position,
            revision: record.revision,
            created_at: record.created_at,
            updated_at: record.updated_at,
            deleted_at: record.deleted_at,
            created_by: record.created_by.clone(),
            data: record.data.clone(),
        }
    }

    /// The record again.
    pub(crate) fn record(&self) -> Stored {
        Stored {
            id: self.id,
            tenant: self.tenant,
            collection: self.collection.clone(),
            parent: self.parent,
            version: None,
            lineage: self.lineage,
            position: self.position,
            data: self.data.clone(),
            revision: self.revision,
            active_version: None,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
            created_by: self.created_by.clone(),
        }
    }
}

/// An archive in the making: what was said so far, packed, and its sum.
struct Packer {
    packed: GzEncoder<Vec<u8>>,
    sum: Sha256,
}

impl Packer {
    fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        // Between the parts of a text that somebody else wrote there may be line breaks; in JSON, a space
        // does as well, and within a string there is none.
        line.iter_mut().filter(|it| matches!(**it, b'\n' | b'\r')).for_each(|it| *it = b' ');
        line.push(b'\n');
        self.sum.update(&line);
        self.packed.write_all(&line)
    }
}

/// Packs lines.
///
/// # Errors
/// A line that cannot be written as JSON.
pub(crate) fn pack(head: &Head, lines: impl IntoIterator<Item = Line>) -> io::Result<Vec<u8>> {
    let packed = GzEncoder::new(Vec::new(), Compression::default());
    let mut packer = Packer { packed, sum: Sha256::new() };
    packer.say(head)?;
    let mut rows = 0;
    for line in lines {
        packer.say(&line)?;
        rows += 1;
    }
    let foot = Foot { rows, sha256: hex::encode(packer.sum.clone().finalize()) };
    packer.say(&foot)?;
    packer.packed.finish()
}

/// Unpacks an archive, and hands its lines out one by one. What it says must be whole, which is known when
/// this returns: until then nothing may be done with them that cannot be undone.
///
/// # Errors
/// What does not fit, in words.
pub(crate) fn unpack(bytes: &[u8], mut each: impl FnMut(Line)) -> Result<Head, String> {
    let mut text = BufReader::new(GzDecoder::new(bytes));
    let (mut sum, mut head, mut rows) = (Sha256::new(), None, 0);
    // A line is one of the records only if another one follows it.
    let mut last: Option<Vec<u8>> = None;
    loop {
        let mut next = Vec::new();
        let read = text.read_until(b'\n', &mut next);
        if read.map_err(|error| format!("it cannot be unpacked ({error})"))? == 0 {
            break;
        }
        let Some(line) = last.replace(next) else { continue };
        sum.update(&line);
        if head.is_none() {
            head = Some(head_of(&line)?);
            continue;
        }
        let line = serde_json::from_slice(&line);
        each(line.map_err(|error| format!("a line cannot be read: {error}"))?);
        rows += 1;
    }
    let last = last.ok_or("it is empty")?;
    let last = last.strip_suffix(b"\n").ok_or("its last line is cut")?;
    let head = head.ok_or("it has one line only")?;
    let foot: Foot = serde_json::from_slice(last).map_err(|_| "its last line is missing")?;
    if hex::encode(sum.finalize()) != foot.sha256 {
        return Err("its lines are not those that were written".into());
    }
    match rows == foot.rows {
        true => Ok(head),
        false => Err(format!("it has {rows} rows, not {}", foot.rows)),
    }
}

fn head_of(line: &[u8]) -> Result<Head, String> {
    let head: Head =
        serde_json::from_slice(line).map_err(|error| format!("its first line: {error}"))?;
    match head.format {
        FORMAT => Ok(head),
        other => Err(format!("it is of format {other}, which this version does not read")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn lines(count: usize) -> Vec<Line> {
        let at = testkit::moment(testkit::START);
        (0..count)
            .map(|it| {
                let id = RecordId::generate();
                let data = format!(r#"{{"text": "n\u00f6te\n\"quoted\"", "n":{it}, "x": 0.10}}"#);
                Line {
                    root: id,
                    id,
                    tenant: TenantId::DEFAULT,
                    collection: "notes".into(),
                    parent: None,
                    lineage: id,
                    position: 1,
                    revision: 3,
                    created_at: at,
                    updated_at: at,
                    deleted_at: None,
                    created_by: "mainstay".into(),
                    data: RawValue::from_string(data).expect("an object"),
                }
            })
            .collect()
    }

    fn head() -> Head {
        Head {
            archive: ArchiveId::generate(),
            format: FORMAT,
            app: "notes".into(),
            tenant: TenantId::DEFAULT,
            collection: "notes".into(),
            made_at: testkit::moment("2026-11-21T08:00:00.123456Z"),
        }
    }

    fn packed(head: &Head, lines: &[Line]) -> Vec<u8> {
        pack(head, lines.to_vec()).expect("memory takes it")
    }

    /// What is in an archive, as texts.
    fn unpacked(bytes: &[u8]) -> Result<(Head, Vec<String>), String> {
        let mut found = Vec::new();
        let head = unpack(bytes, |it| found.push(it))?;
        Ok((head, texts(&found)))
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |it: &Line| serde_json::to_string(it).expect("a line is JSON");
        lines.iter().map(text).collect()
    }

    #[test]
    fn what_is_packed_is_unpacked_as_it_was_to_the_last_letter() {
        let (head, lines) = (head(), lines(3));
        let found = unpacked(&packed(&head, &lines));
        assert!(lines[0].data.get().contains("0.10"), "a number keeps the way it was written");
        assert_eq!(found, Ok((head, texts(&lines))));
    }

    #[test]
    fn an_archive_without_records_is_whole_too() {
        let head = head();
        assert_eq!(unpacked(&packed(&head, &[])), Ok((head, Vec::new())));
    }

    #[test]
    fn a_text_of_several_lines_becomes_one_line() {
        let (head, mut lines) = (head(), lines(1));
        lines[0].data = RawValue::from_string("{\n\"a\":\r\n1}".into()).expect("an object");
        let (_, found) = unpacked(&packed(&head, &lines)).expect("it is whole");
        assert!(found[0].ends_with("{ \"a\":  1}}"), "{found:?}");
    }

    #[test]
    fn what_was_cut_or_changed_is_seen() {
        let packed = packed(&head(), &lines(20));
        for length in [0, 10, packed.len() / 2, packed.len() - 1] {
            assert!(unpacked(&packed[..length]).is_err(), "cut at {length}");
        }
        let mut text = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("it is whole");
        let again = |text: &[u8]| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(text).expect("memory takes it");
            packer.finish().expect("memory takes it")
        };
        assert!(unpacked(&again(&text)).is_ok());
        let changed = String::from_utf8_lossy(&text).replacen("\"n\":7", "\"n\":8", 1);
        let told = unpacked(&again(changed.as_bytes())).expect_err("a row was changed");
        assert!(told.contains("not those"), "{told}");
        let shorter: Vec<&str> = changed.lines().collect();
        let shorter = shorter[..shorter.len() - 1].join("\n") + "\n";
        let told = unpacked(&again(shorter.as_bytes())).expect_err("the last line is gone");
        assert!(told.contains("missing"), "{told}");
    }

    #[test]
    fn an_archive_of_a_later_format_is_not_guessed_at() {
        let packed = packed(&Head { format: 2, ..head() }, &lines(1));
        let told = unpacked(&packed).expect_err("nobody knows format 2");
        assert!(told.contains("format 2"), "{told}");
    }
}
