//! What can be said about results over time, and about reports.

use std::path::PathBuf;

use apps::progress::range;
use clap::Args as ClapArgs;
use jiff::civil::Date;

use super::Application;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    mainstay progress --app apps/APP --from 2026-11-01 --to 2026-11-30 --by week\n  \
    mainstay progress --app apps/APP --comment --of ann@example.com")]
pub(crate) struct Progress {
    #[command(flatten)]
    pub(crate) application: Application,
    /// Which of the application's, where it has several.
    #[arg(value_name = "NAME")]
    pub(crate) progress: Option<String>,
    /// Whose: all together, or a user by e-mail address, by the name that they sign in with, or by id; all when left
    /// out.
    #[arg(long, value_name = "all|USER")]
    pub(crate) of: Option<String>,
    /// In which tenant, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Put together by week, month or quarter.
    #[arg(long, value_name = "PERIOD", default_value = "month", value_parser = ["week", "month", "quarter"])]
    pub(crate) by: String,
    /// Of this day and those after it, in UTC: 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = range::day)]
    pub(crate) from: Option<Date>,
    /// Of this day and those before it, in UTC: 2026-11-30.
    #[arg(long, value_name = "DAY", value_parser = range::day)]
    pub(crate) to: Option<Date>,
    /// Say in words where the results of one user go, where the application has a task for that; a model is asked.
    #[arg(long, requires = "of", conflicts_with_all = ["by", "from", "to"])]
    pub(crate) comment: bool,
    /// The language of these words: es; that of the newest result when left out.
    #[arg(long, value_name = "CODE", requires = "comment")]
    pub(crate) language: Option<String>,
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
