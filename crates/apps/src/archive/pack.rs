//! The format of an archive: lines of JSON, packed with gzip, so that `zcat` reads it anywhere.
//!
//! The first line says what it is, the last how many there are between them and what their SHA-256 is: an
//! object that was cut or changed is seen without the database that made it. Pure; nothing is read or
//! written here.

use std::io::{Read, Write};

use base::{ArchiveId, RecordId, TenantId, Timestamp};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{field::Data, record::Record};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub(crate) data: Data,
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
    pub(crate) fn of(root: RecordId, record: Record) -> Self {
        Self {
            root,
            id: record.id,
            tenant: record.tenant,
            collection: record.collection,
            parent: record.parent,
            lineage: record.lineage,
            position: record.position,
            revision: record.revision,
            created_at: record.created_at,
            updated_at: record.updated_at,
            deleted_at: record.deleted_at,
            created_by: record.created_by,
            data: record.data,
        }
    }

    /// The record again.
    pub(crate) fn record(&self) -> Record {
        Record {
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

/// Packs lines.
pub(crate) fn pack(head: &Head, lines: &[Line]) -> Vec<u8> {
    let mut text = Vec::with_capacity(256 * (lines.len() + 2));
    // Writing to memory does not fail, and nothing here has keys that are no texts.
    let line = |text: &mut Vec<u8>, value: &Json| {
        text.extend_from_slice(value.to_string().as_bytes());
        text.push(b'\n');
    };
    line(&mut text, &serde_json::to_value(head).unwrap_or_default());
    for it in lines {
        line(&mut text, &serde_json::to_value(it).unwrap_or_default());
    }
    let foot = Foot { rows: lines.len(), sha256: hex::encode(Sha256::digest(&text)) };
    line(&mut text, &serde_json::to_value(foot).unwrap_or_default());
    let mut packer = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::default());
    let packed = packer.write_all(&text).and_then(|()| packer.finish());
    packed.unwrap_or_default()
}

/// Unpacks an archive; what it says must be whole.
///
/// # Errors
/// What does not fit, in words.
pub(crate) fn unpack(bytes: &[u8]) -> Result<(Head, Vec<Line>), String> {
    let mut text = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut text)
        .map_err(|error| format!("it cannot be unpacked ({error})"))?;
    let body = text.strip_suffix(b"\n").ok_or("its last line is cut")?;
    let at = body.iter().rposition(|it| *it == b'\n').ok_or("it has one line only")?;
    let (said, last) = text.split_at(at + 1);
    let foot: Foot = serde_json::from_slice(last).map_err(|_| "its last line is missing")?;
    if hex::encode(Sha256::digest(said)) != foot.sha256 {
        return Err("its lines are not those that were written".into());
    }
    let mut lines = said.split(|it| *it == b'\n').filter(|it| !it.is_empty());
    let head = lines.next().ok_or("it is empty")?;
    let head: Head =
        serde_json::from_slice(head).map_err(|error| format!("its first line: {error}"))?;
    if head.format != FORMAT {
        return Err(format!("it is of format {}, which this version does not read", head.format));
    }
    let lines: Vec<Line> = lines
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("a line cannot be read: {error}"))?;
    if lines.len() != foot.rows {
        return Err(format!("it has {} rows, not {}", lines.len(), foot.rows));
    }
    Ok((head, lines))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(count: usize) -> Vec<Line> {
        let at = testkit::moment(testkit::START);
        (0..count)
            .map(|it| {
                let id = RecordId::generate();
                let data = json!({"text": format!("n\u{f6}te {it}\n\"quoted\""), "n": it});
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
                    data: data.as_object().cloned().expect("an object"),
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

    #[test]
    fn what_is_packed_is_unpacked_as_it_was() {
        let (head, lines) = (head(), lines(3));
        assert_eq!(unpack(&pack(&head, &lines)), Ok((head, lines)));
    }

    #[test]
    fn an_archive_without_records_is_whole_too() {
        let head = head();
        assert_eq!(unpack(&pack(&head, &[])), Ok((head, Vec::new())));
    }

    #[test]
    fn what_was_cut_or_changed_is_seen() {
        let packed = pack(&head(), &lines(20));
        for length in [0, 10, packed.len() / 2, packed.len() - 1] {
            assert!(unpack(&packed[..length]).is_err(), "cut at {length}");
        }
        let mut text = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("it is whole");
        let again = |text: &[u8]| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(text).expect("memory takes it");
            packer.finish().expect("memory takes it")
        };
        assert!(unpack(&again(&text)).is_ok());
        let changed = String::from_utf8_lossy(&text).replacen("\"n\":7", "\"n\":8", 1);
        let told = unpack(&again(changed.as_bytes())).expect_err("a row was changed");
        assert!(told.contains("not those"), "{told}");
        let shorter: Vec<&str> = changed.lines().collect();
        let shorter = shorter[..shorter.len() - 1].join("\n") + "\n";
        let told = unpack(&again(shorter.as_bytes())).expect_err("the last line is gone");
        assert!(told.contains("missing"), "{told}");
    }

    #[test]
    fn an_archive_of_a_later_format_is_not_guessed_at() {
        let packed = pack(&Head { format: 2, ..head() }, &lines(1));
        let told = unpack(&packed).expect_err("nobody knows format 2");
        assert!(told.contains("format 2"), "{told}");
    }
}
