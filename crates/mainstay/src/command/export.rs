//! `mainstay export`: a version as a file.

use std::process::ExitCode;

use identity::{Caller, Reach};

use super::whole_file;
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
    whole_file::hand_over(&file.name, &file.bytes, args.output.as_deref(), output)
}
