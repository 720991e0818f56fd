//! `mainstay export`: a version as a file.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use identity::{Caller, Reach};
use serde_json::json;

use crate::{args::Export, environment::Environment, output::Output, wire::Site};

pub(crate) async fn run(
    args: Export,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let version = match (args.version_id, args.record) {
        (Some(version), _) => version,
        (None, Some(record)) => {
            house.store.read(move |db| apps::version::active(db, Reach::All, record)).await?.id
        }
        (None, None) => {
            anyhow::bail!("which version? name one with --version-id, or a record with --record")
        }
    };
    let file =
        house.engine.version_export(&Caller::operator(), version, &args.format, args.tabs).await?;
    house.store.close().await;
    let path = match args.output.as_deref() {
        Some(path) if path == Path::new("-") => {
            std::io::stdout().lock().write_all(&file.bytes)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(folder) if folder.is_dir() => folder.join(&file.name),
        Some(path) => path.to_path_buf(),
        None => PathBuf::from(&file.name),
    };
    write_whole(&path, &file.bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let size = file.bytes.len();
    output.show(&json!({"file": path, "bytes": size}), || {
        format!("wrote {} ({size} bytes)", path.display())
    });
    Ok(ExitCode::SUCCESS)
}

/// Beside it first, then in its place: a reader never sees half a file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
