//! The journal: what is under way and what is over, in files, before the database has it.
//!
//! Each process writes files of its own, which it holds locked: `START-REPLICA-NUMBER.log`. A line is
//! appended with one write(2), which has happened when the call returns: a process that is killed
//! loses nothing. There is no fsync: loss of power, or a kernel that stops, may lose the lines of
//! the last half minute whose rows had not reached the database, which has its own durability;
//! ordinarily that is a few milliseconds' worth.
//!
//! A file is removed when all that began in it is over and all that ended in it is in the database,
//! the oldest first. What takes long does not keep a file: its line is carried over into the newest.
//! When the files together reach the bound, nothing new is begun, and no kept answer repeated.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base::{Timestamp, UsageId};
use tracing::error;

use super::{metric, record};
use crate::usage::Entry;

/// How large the journal becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A file, before the next one is begun.
    pub file_bytes: u64,
    /// All files of this process, before nothing new is begun.
    pub bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024, bytes_max: 64 * 1024 * 1024 }
    }
}

/// Nothing more is begun, because it could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFull {
    /// The database has not been taking rows for a while.
    #[error("the usage ledger is full: {bytes} bytes wait for the database")]
    Waiting {
        /// How many.
        bytes: u64,
    },
    /// The disk does not take them.
    #[error("the usage ledger cannot be written")]
    Disk(#[source] io::Error),
}

pub(super) struct Journal {
    folder: PathBuf,
    prefix: String,
    bounds: Bounds,
    state: Mutex<State>,
}

struct State {
    /// The oldest first; the last one is written.
    files: VecDeque<Segment>,
    last: u32,
    bytes: u64,
    /// What has begun and is not over: the file of its line, and the line.
    open: HashMap<UsageId, (u32, Box<[u8]>)>,
    /// What is over and not in the database: the file of the line that says so.
    ended: HashMap<UsageId, u32>,
    buffer: Vec<u8>,
    is_full: bool,
}

struct Segment {
    number: u32,
    file: File,
    path: PathBuf,
    bytes: u64,
    /// Lines that are needed: of what is open, and of what is not in the database.
    open: usize,
    ended: usize,
}

impl Journal {
    /// Begins a journal in a folder, which is made if need be.
    pub(super) fn open(
        folder: &Path,
        started: Timestamp,
        replica: &str,
        bounds: Bounds,
    ) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let prefix = format!("{}-{replica}", started.strftime("%Y%m%dT%H%M%SZ"));
        let first = segment(folder, &prefix, 0)?;
        let state = State {
            files: VecDeque::from([first]),
            last: 0,
            bytes: 0,
            open: HashMap::new(),
            ended: HashMap::new(),
            buffer: Vec::with_capacity(1024),
            is_full: false,
        };
        Ok(Self { folder: folder.to_owned(), prefix, bounds, state: Mutex::new(state) })
    }

    /// A request is about to be sent.
    pub(super) fn begin(&self, entry: &Entry) -> Result<(), LedgerFull> {
        let mut state = self.state();
        state.buffer.clear();
        record::begun(entry, &mut state.buffer);
        self.admit(&mut state, |state, number| {
            let line = state.buffer.as_slice().into();
            state.open.insert(entry.id, (number, line));
            state.count(number, |it| it.open += 1);
        })
    }

    /// Something is over that needed no request: it may be refused as one that is about to be sent.
    pub(super) fn note(&self, entry: &Entry) -> Result<(), LedgerFull> {
        let mut state = self.state();
        state.buffer.clear();
        record::ended(entry, &mut state.buffer);
        self.admit(&mut state, |state, number| state.over(entry.id, number))
    }

    /// It is over. This is never refused: the bound may be passed by what was under way.
    pub(super) fn end(&self, entry: &Entry) {
        let mut state = self.state();
        state.buffer.clear();
        record::ended(entry, &mut state.buffer);
        let written = self.append(&mut state, |state, number| {
            state.close(entry.id);
            state.over(entry.id, number);
        });
        // The line of its beginning stays, so that a replay knows of it at least. The row goes into
        // the database from memory.
        if let Err(why) = written {
            metric::FAILURES.increment(&["journal"]);
            error!(
                error = &why as &dyn std::error::Error,
                "Cannot write into the journal of the usage ledger"
            );
        }
    }

    /// It reached nobody.
    pub(super) fn dismiss(&self, id: UsageId) {
        let mut state = self.state();
        state.buffer.clear();
        record::dismissed(id, &mut state.buffer);
        // Before the line is written: with it the file may be full, and the line of the beginning
        // would be carried over, past the one that takes it back.
        state.close(id);
        if self.append(&mut state, |_, _| ()).is_err() {
            metric::FAILURES.increment(&["journal"]);
        }
    }

    /// These are in the database, or will never be.
    pub(super) fn saved(&self, ids: impl IntoIterator<Item = UsageId>) {
        let mut state = self.state();
        for id in ids {
            state.close(id);
            if let Some(number) = state.ended.remove(&id) {
                state.count(number, |it| it.ended -= 1);
            }
        }
        self.tidy(&mut state);
        metric::JOURNAL_BYTES.set(state.bytes as f64, &[]);
    }

    /// Bytes in all files.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Writes the buffer, unless the files have reached their bound.
    fn admit(
        &self,
        state: &mut State,
        count: impl FnOnce(&mut State, u32),
    ) -> Result<(), LedgerFull> {
        let bytes = state.bytes;
        if bytes + state.buffer.len() as u64 > self.bounds.bytes_max {
            state.refuse(&format!("{bytes} bytes wait for the database"));
            return Err(LedgerFull::Waiting { bytes });
        }
        match self.append(state, count) {
            Ok(()) => {
                state.is_full = false;
                Ok(())
            }
            Err(why) => {
                state.refuse(&why.to_string());
                Err(LedgerFull::Disk(why))
            }
        }
    }

    /// Writes the buffer, with one call. Nothing of it stays if it fails.
    ///
    /// `count` is told into which file, and notes there who needs the line. That comes before the
    /// next file is begun, with which those go that nobody needs: a line that filled its file would
    /// go with it.
    fn append(&self, state: &mut State, count: impl FnOnce(&mut State, u32)) -> io::Result<()> {
        let State { files, buffer, bytes, .. } = &mut *state;
        let current = files.back_mut().expect("a journal has a file that is written");
        if let Err(why) = current.file.write_all(buffer) {
            // Half a line would be taken for the beginning of the next one.
            let _ = current.file.set_len(current.bytes);
            return Err(why);
        }
        let length = buffer.len() as u64;
        current.bytes += length;
        *bytes += length;
        let (number, is_full) = (current.number, current.bytes >= self.bounds.file_bytes);
        count(state, number);
        if is_full {
            self.rotate(state);
        }
        Ok(())
    }

    fn rotate(&self, state: &mut State) {
        match segment(&self.folder, &self.prefix, state.last + 1) {
            Ok(next) => {
                state.last += 1;
                state.files.push_back(next);
                self.tidy(state);
            }
            // The file goes on being written: it only becomes longer than it should.
            Err(why) => error!(
                error = &why as &dyn std::error::Error,
                "Cannot begin a new file of the journal of the usage ledger"
            ),
        }
    }

    /// Removes what is not needed any more, from the oldest on. In this order: a line that says that
    /// something is over must not go before the line that says that it began.
    fn tidy(&self, state: &mut State) {
        while state.files.len() > 1 {
            let (ended, open) = (state.files[0].ended, state.files[0].open);
            if ended > 0 || (open > 0 && (state.files.len() < 3 || !state.carry())) {
                return;
            }
            if let Some(oldest) = state.files.pop_front() {
                state.bytes -= oldest.bytes;
                let _ = fs::remove_file(&oldest.path);
            }
        }
        let State { files, bytes, .. } = state;
        let is_idle = |it: &Segment| it.ended == 0 && it.open == 0 && it.bytes > 0;
        if let Some(only) = files.front_mut().filter(|it| is_idle(it))
            && only.file.set_len(0).is_ok()
        {
            *bytes -= only.bytes;
            only.bytes = 0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, number: u32, change: impl FnOnce(&mut Segment)) {
        if let Some(segment) = self.files.iter_mut().rfind(|it| it.number == number) {
            change(segment);
        }
    }

    fn over(&mut self, id: UsageId, number: u32) {
        self.ended.insert(id, number);
        self.count(number, |it| it.ended += 1);
    }

    fn close(&mut self, id: UsageId) {
        if let Some((number, _)) = self.open.remove(&id) {
            self.count(number, |it| it.open -= 1);
        }
    }

    /// Writes the open lines of the oldest file into the newest. False when that fails.
    fn carry(&mut self) -> bool {
        let Self { files, open, bytes, .. } = self;
        let (from, to) = (files[0].number, files[files.len() - 1].number);
        let lines = || open.values().filter(|it| it.0 == from);
        let carried: Vec<u8> = lines().flat_map(|it| it.1.iter().copied()).collect();
        let newest = files.back_mut().expect("a journal has a file that is written");
        if newest.file.write_all(&carried).is_err() {
            let _ = newest.file.set_len(newest.bytes);
            return false;
        }
        newest.bytes += carried.len() as u64;
        *bytes += carried.len() as u64;
        for (number, _) in open.values_mut().filter(|it| it.0 == from) {
            *number = to;
            newest.open += 1;
        }
        files[0].open = 0;
        true
    }

    fn refuse(&mut self, why: &str) {
        metric::REFUSED.increment(&[]);
        if !std::mem::replace(&mut self.is_full, true) {
            error!("Nothing more is asked of models, because the usage ledger is full: {why}");
        }
    }
}

/// Ends the journal: what is not needed is removed, the rest is for [`super::recover`].
impl Drop for Journal {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.open.is_empty() && state.ended.is_empty() {
            for it in &state.files {
                let _ = fs::remove_file(&it.path);
            }
        }
    }
}

/// A new file, locked by this process.
fn segment(folder: &Path, prefix: &str, number: u32) -> io::Result<Segment> {
    let path = folder.join(format!("{prefix}-{number:06}.log"));
    let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    // A process that looks for journals of the dead may have found it before it was locked, and
    // taken it for one.
    file.try_lock()?;
    if !path.exists() {
        return Err(io::Error::other(
            "another process took the new journal for that of a dead one",
        ));
    }
    Ok(Segment { number, file, path, bytes: 0, open: 0, ended: 0 })
}

#[cfg(test)]
mod tests;
