//! What can be said about sources.

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Sources {
    #[command(subcommand)]
    pub(crate) act: SourcesAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesAct {
    /// List the sources, how they are and what they brought.
    List {
        #[command(flatten)]
        application: Application,
        /// As they are for this tenant, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Run a source now; exit code 1 when it fails or is refused.
    Run(Box<RunSource>),
    /// List the last runs of a source, with what was found about them.
    Runs {
        #[command(flatten)]
        application: Application,
        /// The source, by its name in app.yaml.
        source: String,
        /// Only of this tenant, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// See what the caches of sources hold and of what use they were, or clear them.
    Cache {
        #[command(flatten)]
        application: Application,
        /// html, structured, comparison, answer.
        #[arg(long)]
        kind: Option<apps::acts::CacheKind>,
        /// Only what is kept under such names; `*` is anything.
        #[arg(long)]
        pattern: Option<String>,
        /// Only what is kept with this tag: a source, a step, a host.
        #[arg(long)]
        tag: Option<String>,
        /// Clear it.
        #[arg(long)]
        clear: bool,
    },
    /// List the look-ups: what each is asked about, asked with, and gives.
    Lookups {
        #[command(flatten)]
        application: Application,
    },
    /// Ask somebody outside about a record, now; exit code 1 when nobody answers.
    Lookup {
        #[command(flatten)]
        application: Application,
        /// The look-up, by its name in app.yaml.
        lookup: String,
        /// The record.
        record: base::RecordId,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  \
    mainstay sources run --app apps/APP --validate calendar")]
pub(crate) struct RunSource {
    #[command(flatten)]
    pub(crate) application: Application,
    /// The source, by its name in app.yaml.
    pub(crate) source: String,
    /// For this tenant, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Pass over everything that is kept.
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Pass over what is kept under such names; `*` is anything.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) refresh_pattern: Option<String>,
    /// Pass over what is kept with this tag: a source, a step, a host.
    #[arg(long, value_name = "TAG")]
    pub(crate) refresh_tag: Option<String>,
    /// Tell everything that may help to find a fault.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Do everything but write.
    #[arg(long)]
    pub(crate) validate: bool,
    /// Read from the beginning, where a source grows at its end.
    #[arg(long)]
    pub(crate) whole: bool,
}
