//! `mainstay report`: a record as a document that people keep.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use identity::Caller;
use serde_json::json;

use super::export::write_whole;
use crate::{args::progress::Report, environment::Environment, output::Output, wire::Site};

pub(crate) async fn run(
    args: Report,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let file = house.engine.report(&Caller::operator(), &args.report, args.record).await?;
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
