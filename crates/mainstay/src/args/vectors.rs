//! What can be said about vectors.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Vectors {
    #[command(subcommand)]
    pub(crate) act: VectorsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VectorsAct {
    /// The engine, the model, and every generation of vectors; exit code 1 when something is amiss.
    Status {
        #[command(flatten)]
        application: Application,
    },
    /// Make the index anew beside the one that serves, from the stored vectors: for an engine that
    /// lost what it had. A running server fills it and lets it take over.
    Rebuild {
        #[command(flatten)]
        application: Application,
    },
    /// Write the vectors that serve into a file; one of this name is replaced when it is whole.
    BackUp {
        #[command(flatten)]
        application: Application,
        /// The file.
        file: PathBuf,
    },
    /// Read such a file back into a new index, which a running server lets take over. Vectors of
    /// texts that are gone or have changed are passed over.
    Restore {
        #[command(flatten)]
        application: Application,
        /// The file.
        file: PathBuf,
        /// Only look at the file: what it holds, and whether it is whole.
        #[arg(long)]
        dry_run: bool,
    },
}
