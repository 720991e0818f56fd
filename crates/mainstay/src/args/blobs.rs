//! What can be said about blobs.

use clap::{Args as ClapArgs, Subcommand};
use store::blob::Place;

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Blobs {
    #[command(subcommand)]
    pub(crate) act: BlobsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BlobsAct {
    /// How much lies where, where new bytes go, and whether that place answers; exit code 1 when not.
    Status {
        #[command(flatten)]
        application: Application,
    },
    /// Move all bytes to one place, also while servers run. Stopped in the middle, it goes on when it
    /// is called again.
    Move {
        #[command(flatten)]
        application: Application,
        /// database, directory or s3.
        #[arg(long, value_name = "PLACE")]
        to: Place,
    },
    /// Read all bytes and compare them with their checksums; exit code 1 when some are damaged or missing.
    Verify {
        #[command(flatten)]
        application: Application,
    },
}
