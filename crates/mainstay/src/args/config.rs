//! What can be said about the documents of the configuration.

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) act: ConfigAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAct {
    /// List the documents by category: where each lies, and who says what may stand in it.
    List {
        #[command(flatten)]
        application: Application,
    },
    /// Show what is in force of a document, the defaults of what it leaves out among it. Secrets are
    /// never shown.
    Show {
        #[command(flatten)]
        application: Application,
        /// Its name: `rubric`, `llm`.
        #[arg(value_name = "DOCUMENT")]
        document: String,
        /// Only what the file says.
        #[arg(long)]
        given: bool,
    },
    /// Check all documents, each by itself and all together; exit code 1 when one has a fault.
    Check {
        #[command(flatten)]
        application: Application,
    },
}
