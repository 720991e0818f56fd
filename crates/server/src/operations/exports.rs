//! Versions written out as files.

use base::{Permission, VersionId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Download, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "versions.export",
        Permission::ReadRecords,
        Kind::File,
        "",
        "Writes a version out as a file.",
        export,
    )]
}

#[derive(Deserialize, JsonSchema)]
struct Export {
    /// The version.
    version: VersionId,
    /// `csv`, `excel`, `json`, or another that the collection declares; `csv` when left out.
    format: Option<String>,
    /// Tabs between the fields, where the format knows them.
    tabs: Option<bool>,
}

async fn export(call: Call, args: Export) -> Result<Answer, Problem> {
    let format = args.format.as_deref().unwrap_or("csv");
    let tabs = args.tabs.unwrap_or(false);
    let file = call.app.engine.version_export(&call.caller, args.version, format, tabs).await?;
    Ok(Answer::file(Download {
        name: file.name,
        content_type: file.content_type,
        bytes: file.bytes,
    }))
}
