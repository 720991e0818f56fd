//! Files in which people's own things are written: whoever else uses the machine does not read them.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// Creates a file that its owner alone reads, in place of one that was left by an attempt that broke off.
pub(super) fn create(path: &Path) -> io::Result<File> {
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
