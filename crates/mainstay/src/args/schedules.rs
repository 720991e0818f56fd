//! What can be said about schedules.

use clap::{Args as ClapArgs, Subcommand};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Schedules {
    #[command(subcommand)]
    pub(crate) act: SchedulesAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesAct {
    /// List what comes round: its next run, its last one, and how that went.
    List {
        #[command(flatten)]
        application: Application,
    },
    /// Begin a run now; its jobs are done by a running server.
    Run(Named),
    /// Let a schedule begin nothing until it is resumed.
    Pause(Named),
    /// Let a schedule go on with the next run to come.
    Resume(Named),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Named {
    #[command(flatten)]
    pub(crate) application: Application,
    /// The schedule, by its name in app.yaml.
    pub(crate) schedule: String,
}
