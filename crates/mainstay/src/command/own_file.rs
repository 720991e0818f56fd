//! Files in which people's own things are written: whoever else uses the machine does not read them, nobody sees
//! half of one, and nothing stays of one that was never whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// A file on its way, beside its place until [`OwnFile::keep`]. Dropped before that, it is gone.
pub(super) struct OwnFile {
    place: PathBuf,
    beside: PathBuf,
    out: BufWriter<File>,
    is_kept: bool,
}

impl OwnFile {
    /// Begins a file that its owner alone reads, in place of one that was left by an attempt that was killed.
    pub(super) fn create(place: &Path) -> io::Result<Self> {
        let mut beside = place.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let out = BufWriter::new(create(&beside)?);
        Ok(Self { place: place.to_owned(), beside, out, is_kept: false })
    }

    /// All that was written is on the disk when this returns.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }

    /// Puts it in its place, whole.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.sync()?;
        fs::rename(&self.beside, &self.place)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Write for OwnFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder can be listed");
        let name = |it: io::Result<fs::DirEntry>| it.expect("an entry").file_name();
        entries.map(|it| name(it).to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn nothing_stays_of_a_file_that_was_never_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = folder.path().join("all.json");
        let mut file = OwnFile::create(&place).expect("it can be begun");
        file.write_all(b"half").expect("it is written");
        assert_eq!(names(folder.path()), ["all.json.part"]);
        drop(file);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_whole_file_is_in_its_place_also_where_a_half_one_was_left() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = folder.path().join("all.json");
        fs::write(folder.path().join("all.json.part"), "left over").expect("it is written");
        let mut file = OwnFile::create(&place).expect("it can be begun");
        file.write_all(b"whole").expect("it is written");
        file.keep().expect("it is kept");
        assert_eq!(names(folder.path()), ["all.json"]);
        assert_eq!(fs::read(&place).expect("it can be read"), b"whole");
    }
}
