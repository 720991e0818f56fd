//! Journals of processes that are no more: what they say becomes rows.
//!
//! A journal belongs to a living process as long as one of its files is locked. What is over is a
//! row as it says; what began and is not known to be over was abandoned: its tokens are what was
//! held for it, and its cost is that of these. A row that is there already is left as it is, so that a replay may be
//! repeated, or be cut short, at any place.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use base::UsageId;

use super::record::{self, Record};
use crate::usage::Entry;

/// What was found in the journals of the dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// How many processes left one.
    pub journals: u64,
    /// Rows that were written now.
    pub written: u64,
    /// Of these, those of requests that were under way.
    pub abandoned: u64,
    /// Rows that were there already.
    pub known: u64,
    /// Lines that could not be read: the last one of a killed process, or damage.
    pub broken_lines: u64,
    /// Journals of processes that live, which were left alone.
    pub living: u64,
}

/// The journal of a process that is no more, locked by us.
pub(super) struct Left {
    /// What the process was called.
    pub(super) replica: String,
    /// The rows it says, in the order they began.
    pub(super) rows: Vec<Entry>,
    pub(super) broken_lines: u64,
    files: Vec<(PathBuf, File)>,
}

impl Left {
    /// Its rows are in the database.
    pub(super) fn remove(self) -> io::Result<()> {
        // The locks go with the files, after their names: nobody can come between.
        self.files.iter().try_for_each(|(path, _)| fs::remove_file(path))
    }
}

/// The journals in this folder whose processes are no more, and how many are of the living.
pub(super) fn find(folder: &Path) -> io::Result<(Vec<Left>, u64)> {
    let mut journals: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(why) => return Err(why),
    };
    for file in files {
        let path = file?.path();
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        if let Some((journal, _)) = name.strip_suffix(".log").and_then(|it| it.rsplit_once('-')) {
            journals.entry(journal.to_owned()).or_default().push(path);
        }
    }
    let (mut left, mut living) = (Vec::new(), 0);
    for (name, mut paths) in journals {
        paths.sort();
        match lock(paths)? {
            Some(files) => left.push(read(&name, files)?),
            None => living += 1,
        }
    }
    Ok((left, living))
}

/// All files of a journal, or none when somebody has one of them.
fn lock(paths: Vec<PathBuf>) -> io::Result<Option<Vec<(PathBuf, File)>>> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let file = match File::open(&path) {
            Ok(file) => file,
            // Somebody else has just replayed it, or its process removed it.
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            Err(why) => return Err(why),
        };
        match file.try_lock() {
            Ok(()) if path.exists() => files.push((path, file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(why)) => return Err(why),
        }
    }
    Ok((!files.is_empty()).then_some(files))
}

fn read(name: &str, files: Vec<(PathBuf, File)>) -> io::Result<Left> {
    let mut order: Vec<UsageId> = Vec::new();
    let mut rows: HashMap<UsageId, Option<Entry>> = HashMap::new();
    let mut broken_lines = 0;
    let mut line = Vec::new();
    for (_, file) in &files {
        let mut lines = BufReader::new(file);
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            match line.strip_suffix(b"\n").and_then(record::read) {
                Some(Record::Begun(entry)) => {
                    rows.entry(entry.id).or_insert_with(|| {
                        order.push(entry.id);
                        Some(*entry)
                    });
                }
                Some(Record::Ended(entry)) => {
                    let id = entry.id;
                    if rows.insert(id, Some(*entry)).is_none() {
                        order.push(id);
                    }
                }
                Some(Record::Dismissed(id)) => {
                    rows.insert(id, None);
                }
                None => broken_lines += 1,
            }
        }
    }
    let replica = name.rsplit_once('-').map_or(name, |it| it.1).to_owned();
    let rows = order.iter().filter_map(|id| rows.remove(id).flatten()).collect();
    Ok(Left { replica, rows, broken_lines, files })
}

/// The rows that the files of a folder say, locked or not.
#[cfg(test)]
pub(super) fn sample_rows(folder: &Path) -> Vec<Entry> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    let files = paths.into_iter().map(|it| (it.clone(), File::open(it).unwrap())).collect();
    read("x", files).unwrap().rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        journal::{Bounds, Journal},
        sample,
    };

    #[test]
    fn a_torn_tail_costs_its_own_line_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("20261121T080000Z-a1-000000.log");
        let (whole, torn) = (sample::entry(), sample::entry());
        let mut text = Vec::new();
        record::begun(&whole, &mut text);
        let cut = text.len() + 40;
        record::begun(&torn, &mut text);
        fs::write(&path, &text[..cut]).unwrap();
        let (mut left, living) = find(folder.path()).unwrap();
        assert_eq!((left.len(), living), (1, 0));
        let left = left.remove(0);
        assert_eq!((left.replica.as_str(), left.broken_lines), ("a1", 1));
        assert_eq!(left.rows, [whole]);
        left.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn the_journal_of_a_living_process_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let started = "2026-11-21T08:00:00Z".parse().unwrap();
        let journal = Journal::open(folder.path(), started, "a1", Bounds::default()).unwrap();
        journal.begin(&sample::entry()).unwrap();
        let (left, living) = find(folder.path()).unwrap();
        assert_eq!((left.len(), living), (0, 1));
        drop(journal);
        let (left, living) = find(folder.path()).unwrap();
        assert_eq!((left.len(), living), (1, 0));
    }

    #[test]
    fn the_last_word_counts_in_whatever_file_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut entry = sample::entry();
        let gone = sample::entry();
        let write = |number: u32, text: &[u8]| {
            let path = folder.path().join(format!("20261121T080000Z-a1-{number:06}.log"));
            fs::write(path, text).unwrap();
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        record::begun(&entry, &mut first);
        record::begun(&gone, &mut first);
        entry.latency_ms = 7;
        record::ended(&entry, &mut second);
        // A line that was carried over comes after its end.
        entry.latency_ms = 0;
        record::begun(&entry, &mut second);
        record::dismissed(gone.id, &mut second);
        write(0, &first);
        write(1, &second);
        let (left, _) = find(folder.path()).unwrap();
        let latencies: Vec<_> = left[0].rows.iter().map(|it| it.latency_ms).collect();
        assert_eq!(latencies, [7]);
    }
}
