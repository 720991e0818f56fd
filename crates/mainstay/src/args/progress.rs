//! What can be said about results over time, and about reports.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Progress {
    #[command(flatten)]
    pub(crate) application: Application,
    /// Which of the application's, where it has several.
    #[arg(value_name = "NAME")]
    pub(crate) progress: Option<String>,
    /// Whose: all together, or the id of a user.
    #[arg(long, value_name = "all|USER", default_value = "all")]
    pub(crate) of: String,
    /// In which tenant, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Put together by week, month or quarter.
    #[arg(long, value_name = "PERIOD", default_value = "month", value_parser = ["week", "month", "quarter"])]
    pub(crate) by: String,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  \
    mainstay report --app apps/APP evaluation 0199… -o evaluation.pdf")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) application: Application,
    /// The report's name in app.yaml.
    #[arg(value_name = "REPORT")]
    pub(crate) report: String,
    /// The record that it is of.
    #[arg(value_name = "RECORD")]
    pub(crate) record: base::RecordId,
    /// The file or folder to write to; `-` is standard output. The report's own name when left out.
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
}
