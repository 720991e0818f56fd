//! What can be said about tenants.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Tenant {
    #[command(subcommand)]
    pub(crate) act: TenantAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantAct {
    /// Write everything of a tenant out as JSON, also what is one person's alone.
    Export {
        #[command(flatten)]
        application: Application,
        /// Which, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// The file to write. Files of documents are named in it by their SHA-256; `documents export`
        /// writes those.
        file: PathBuf,
    },
}
