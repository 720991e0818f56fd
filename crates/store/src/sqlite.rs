//! SQLite in the process: one thread writes, in groups that share a commit; reads never wait.
//!
//! Another process (the command line) may use the same file at the same time: every group takes
//! the file's write lock before it looks at anything.
//!
//! Start at [`Sqlite`]; [`File`] is one connection and runs statements.

mod file;
pub(crate) mod guard;
mod place;
mod readers;
mod writer;

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

pub(crate) use file::File;
use readers::Readers;
use writer::Writer;

use crate::{Db, Error, OpenError, Options, Tx, db::Act};

/// The oldest SQLite without the bug that damages a database when its log is reset.
const VERSION_MIN: i32 = 3_051_003;

/// A file that is open.
pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        if rusqlite::version_number() < VERSION_MIN {
            return Err(OpenError::TooOld { found: rusqlite::version() });
        }
        place::check(path)?;
        let failed = |source| OpenError::File { path: path.to_owned(), source };
        // The writer comes first: it turns the write-ahead log on, which readers rely on.
        let writer = Writer::open(path, options).map_err(failed)?;
        let readers = Readers::open(path, options).map_err(failed)?;
        Ok(Self { path: path.to_owned(), writer, readers })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.readers.read(f).await
    }

    pub(crate) async fn read_long<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.readers.read_long(f).await
    }

    pub(crate) async fn write<T, E, F>(
        &self,
        what: &'static str,
        act: Option<Act>,
        f: F,
    ) -> Result<T, E>
    where
        F: FnOnce(&Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.writer.write(what, act, f).await
    }

    pub(crate) async fn close(&self) {
        let threads = self.readers.stop();
        join(threads).await;
        // The writer goes last, so that nothing keeps its log from being folded into the file.
        join(self.writer.stop()).await;
    }
}

/// Copies a database that may be in use, whole and as of one moment.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // A copy that was cut short must not look like one that is good.
    let _ = std::fs::remove_file(&part);
    let text = part.to_str().ok_or_else(|| Error::failed("the path is not UTF-8"))?;
    File::copier(from, std::time::Duration::from_secs(30))?
        .execute("VACUUM INTO $1", &[crate::Value::from(text)])?;
    std::fs::File::open(&part)
        .and_then(|it| it.sync_all())
        .and_then(|()| std::fs::rename(&part, to))
        .map_err(|it| Error::failed_by("cannot keep the copy", it))
}

async fn join(threads: Vec<std::thread::JoinHandle<()>>) {
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            let _ = thread.join();
        }
    });
    let _ = joined.await;
}

/// The answer of a thread, or why there is none.
async fn answered<T, E: From<Error>>(
    answer: oneshot::Receiver<std::thread::Result<Result<T, E>>>,
) -> Result<T, E> {
    match answer.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => Err(closed().into()),
    }
}

fn closed() -> Error {
    Error::unavailable("the database was closed")
}
