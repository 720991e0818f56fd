//! `mainstay report`: a record as a document that people keep.

use std::process::ExitCode;

use identity::Caller;

use super::whole_file;
use crate::{args::progress::Report, environment::Environment, output::Output, wire::Site};

pub(crate) async fn run(
    args: Report,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let file = house.engine.report(&Caller::operator(), &args.report, args.record).await?;
    house.store.close().await;
    whole_file::hand_over(&file.name, &file.bytes, args.output.as_deref(), output)
}
