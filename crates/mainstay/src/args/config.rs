//! What can be said about the documents of the configuration.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) act: ConfigAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAct {
    /// List the documents by category: where each lies, and which version of it is in force.
    List {
        #[command(flatten)]
        application: Application,
        /// Only as the files are, without asking the database.
        #[arg(long)]
        files: bool,
    },
    /// Show what is in force of a document, the defaults of what it leaves out among it. Secrets are
    /// never shown.
    Show {
        #[command(flatten)]
        application: Application,
        /// Its name: `rubric`, `llm`.
        #[arg(value_name = "DOCUMENT")]
        document: String,
        /// Only what it says itself.
        #[arg(long)]
        given: bool,
        /// Only as the files are, without asking the database.
        #[arg(long)]
        files: bool,
    },
    /// Check all documents, each by itself and all together; exit code 1 when one has a fault.
    Check {
        #[command(flatten)]
        application: Application,
        /// Only the files, without asking the database.
        #[arg(long)]
        files: bool,
    },
    /// Change a document: checked with all others, and in force only when nothing is wrong.
    #[command(after_help = "Example:\n  \
        mainstay config set --app apps/APP rubric rubric.yaml --reason 'risks weigh more'")]
    Set {
        #[command(flatten)]
        application: Application,
        /// Its name: `rubric`, `llm`.
        #[arg(value_name = "DOCUMENT")]
        document: String,
        /// The file with the text; `-` is standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why, for those who read the history.
        #[arg(long)]
        reason: String,
        /// The version that the text was written upon, 0 for the file; refused when another is in force.
        #[arg(long, value_name = "VERSION")]
        upon: Option<i64>,
    },
    /// List what a document was changed to, the newest first: why, by whom, when, and whether it was valid.
    History {
        #[command(flatten)]
        application: Application,
        /// Its name: `rubric`, `llm`.
        #[arg(value_name = "DOCUMENT")]
        document: String,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Go back to a version of a document, or to its file.
    Revert {
        #[command(flatten)]
        application: Application,
        /// Its name: `rubric`, `llm`.
        #[arg(value_name = "DOCUMENT")]
        document: String,
        /// To this version; 0 is the file.
        #[arg(long, value_name = "VERSION")]
        to: i64,
        /// Why, for those who read the history.
        #[arg(long)]
        reason: String,
    },
    /// Write all documents out as one zip, without secrets.
    Export {
        #[command(flatten)]
        application: Application,
        /// The file to write to.
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Change all documents that a zip holds: all of them or none.
    Import {
        #[command(flatten)]
        application: Application,
        /// The zip.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Why, for those who read the history.
        #[arg(long, default_value = "Imported")]
        reason: String,
        /// Only check what it holds.
        #[arg(long)]
        validate_only: bool,
    },
}
