//! What can be said about archives.

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Archives {
    #[command(subcommand)]
    pub(crate) act: ArchivesAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArchivesAct {
    /// List what was put away, the newest first.
    List {
        #[command(flatten)]
        application: Application,
        /// Only of this tenant, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// Only of this collection.
        #[arg(long)]
        collection: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Put the records of a collection away that are due, now.
    Run {
        #[command(flatten)]
        application: Application,
        /// The collection.
        collection: String,
        /// Whose records, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Bring records back out of an archive: all, or those that are named. The archive stays.
    Restore {
        #[command(flatten)]
        application: Application,
        /// The archive.
        id: base::ArchiveId,
        /// Only this record; may be repeated.
        #[arg(long, value_name = "ID")]
        record: Vec<base::RecordId>,
    },
}
