//! Files that commands hand over: where the caller wants them, and whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::json;

use crate::output::Output;

/// Hands over what was asked for, and says where it is: on standard output for `-`, in a folder under its
/// own name, or in the file that was named; under its own name here when nothing was.
pub(super) fn hand_over(
    name: &str,
    bytes: &[u8],
    to: Option<&Path>,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let path = match to {
        Some(path) if path == Path::new("-") => {
            io::stdout().lock().write_all(bytes)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(path) => path.to_path_buf(),
        None => PathBuf::from(name),
    };
    write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let size = bytes.len();
    output.show(&json!({"file": path, "bytes": size}), || {
        format!("wrote {} ({size} bytes)", path.display())
    });
    Ok(ExitCode::SUCCESS)
}

/// Beside it first, then in its place: a reader never sees half a file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
