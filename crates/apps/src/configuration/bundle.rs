//! Documents in one file: a zip that holds each where it lies in the folder, `config/rubric.yaml`.
//!
//! What comes in is somebody's upload: bounded in size, in number and in what it may unpack to, and never
//! written anywhere but into memory.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use zip::{ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// The largest file that is taken in.
pub const BYTES_MAX: usize = 10 << 20;
/// The longest text of one document.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// What all of them may unpack to.
const UNPACKED_BYTES_MAX: usize = 10 << 20;
/// The most entries.
const ENTRIES_MAX: usize = 200;

/// Why a file with documents could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is none.
    #[error("the file is no zip that can be read")]
    Unreadable(#[source] ZipError),
    /// It is larger than any may be.
    #[error("the file is larger than 10 MB")]
    TooLarge,
    /// It holds more than any may.
    #[error("the file holds more than 200 entries")]
    TooMany,
    /// An entry is larger than a document may be, or all together are.
    #[error("`{0}` is larger than a document may be, 1 MB, or all of them are larger than 10 MB")]
    EntryTooLarge(String),
    /// An entry cannot be read.
    #[error("`{0}` cannot be read as text")]
    NoText(String),
    /// Two entries have the same name.
    #[error("`{0}` is there twice")]
    Twice(String),
}

/// Packs texts: path → text. The same texts make the same bytes.
pub fn pack(texts: &BTreeMap<String, String>) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in texts {
        archive.start_file(path, SimpleFileOptions::default())?;
        archive.write_all(text.as_bytes()).map_err(ZipError::Io)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The texts in a file: path → text.
///
/// # Errors
/// It is no zip, or holds more than it may.
pub fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, String>, BundleError> {
    if bytes.len() > BYTES_MAX {
        return Err(BundleError::TooLarge);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(BundleError::Unreadable)?;
    if archive.len() > ENTRIES_MAX {
        return Err(BundleError::TooMany);
    }
    let (mut texts, mut left) = (BTreeMap::new(), UNPACKED_BYTES_MAX);
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(BundleError::Unreadable)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(BundleError::Unreadable)?.replace('\\', "/");
        let name = name.trim_start_matches("./").to_owned();
        let most = left.min(DOCUMENT_BYTES_MAX);
        let mut unpacked = Vec::new();
        // What an archive says of its sizes is not believed: no more than one byte too many is unpacked.
        let read = entry.take(most as u64 + 1).read_to_end(&mut unpacked);
        if read.is_err() {
            return Err(BundleError::NoText(name));
        }
        if unpacked.len() > most {
            return Err(BundleError::EntryTooLarge(name));
        }
        left -= unpacked.len();
        let Ok(text) = String::from_utf8(unpacked) else { return Err(BundleError::NoText(name)) };
        if texts.insert(name.clone(), text).is_some() {
            return Err(BundleError::Twice(name));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_is_packed_comes_out_again_and_the_bytes_are_the_same_each_time() {
        let all = texts(&[
            ("config/llm.yaml", "retry: {times: 2}\n"),
            ("config/rubric.yaml", "# ü\na: 1\n"),
        ]);
        let packed = pack(&all).expect("memory takes it");
        assert_eq!(unpack(&packed).expect("it can be read"), all);
        assert_eq!(pack(&all).expect("memory takes it"), packed);
    }

    #[test]
    fn a_file_that_is_no_zip_is_refused() {
        assert!(matches!(unpack(b"a: 1\n"), Err(BundleError::Unreadable(_))));
        assert!(matches!(unpack(&vec![0; BYTES_MAX + 1]), Err(BundleError::TooLarge)));
    }

    #[test]
    fn an_entry_that_unpacks_to_more_than_a_document_may_be_is_refused() {
        let bomb = " ".repeat(DOCUMENT_BYTES_MAX + 1);
        let packed = pack(&texts(&[("config/a.yaml", &bomb)])).expect("memory takes it");
        assert!(packed.len() < 10_000, "{} bytes hold it", packed.len());
        assert!(
            matches!(unpack(&packed), Err(BundleError::EntryTooLarge(name)) if name == "config/a.yaml")
        );
        let many: Vec<(String, String)> =
            (0..=ENTRIES_MAX).map(|it| (format!("{it}"), String::new())).collect();
        let packed = pack(&many.into_iter().collect()).expect("memory takes it");
        assert!(matches!(unpack(&packed), Err(BundleError::TooMany)));
    }

    #[test]
    fn many_large_entries_together_are_refused() {
        let large = " ".repeat(DOCUMENT_BYTES_MAX);
        let many: BTreeMap<String, String> =
            (0..11).map(|it| (format!("config/{it}.yaml"), large.clone())).collect();
        let packed = pack(&many).expect("memory takes it");
        assert!(matches!(unpack(&packed), Err(BundleError::EntryTooLarge(_))));
    }
}
