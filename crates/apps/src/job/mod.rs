//! The engine's jobs: what takes longer than a request, step by step.
//!
//! Each job reads what it needs, works outside of any transaction, and writes under its fence, so
//! that an attempt that was given up cannot write beside the one that took over. A job that runs
//! again throws away what an earlier attempt left half-built, keeps the answers that models gave it,
//! and does not do twice what was already done: that is in its checkpoint.
//!
//! Start at [`import`]; [`steps`] is what all of them stand on.

pub(crate) mod analysis;
pub mod answers;
pub mod change;
pub(crate) mod embed;
pub(crate) mod embed_version;
pub mod fill;
pub mod import;
pub mod proposals;
pub mod propose;
pub(crate) mod result;
pub mod revert;
pub mod steps;
pub mod task;
pub(crate) mod unfinished;
pub mod view;

use async_trait::async_trait;
use base::Timestamp;
use serde_json::Value as Json;
use store::Tx;
use work::{Failure, Handler, Job, Running, State};

use crate::{engine::Engine, event};

/// The kinds of jobs of this room, beside the delivery of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A new record and its first version, from a list.
    Import,
    /// A new version, from a list of changes.
    Change,
    /// A run of a task.
    Task,
    /// A new version, from accepted proposals.
    Proposals,
    /// A new version that is a copy of an older one.
    Revert,
    /// Many records looked at by a task.
    Analysis,
    /// What a task makes of a text that was handed in.
    Result,
    /// Vectors of records outside of versions.
    Embed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Import,
        Self::Change,
        Self::Task,
        Self::Proposals,
        Self::Revert,
        Self::Analysis,
        Self::Result,
        Self::Embed,
    ];

    /// The name in the table of jobs. A task's job carries the task: `task.refactor`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Change => "change",
            Self::Task => "task",
            Self::Proposals => "proposals",
            Self::Revert => "revert",
            Self::Analysis => "analysis",
            Self::Result => "result",
            Self::Embed => "embed",
        }
    }
}

/// Does the jobs of one kind.
pub(crate) struct JobHandler {
    pub(crate) engine: Engine,
    pub(crate) kind: Kind,
}

#[async_trait]
impl Handler for JobHandler {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let steps = steps::Steps::new(self.engine.clone(), job);
        let done = match self.kind {
            Kind::Import => Box::pin(import::run(&steps)).await,
            Kind::Change => Box::pin(change::run(&steps)).await,
            Kind::Task => Box::pin(task::run(&steps)).await,
            Kind::Proposals => Box::pin(proposals::run(&steps)).await,
            Kind::Revert => Box::pin(revert::run(&steps)).await,
            Kind::Analysis => Box::pin(analysis::run(&steps)).await,
            Kind::Result => Box::pin(result::run(&steps)).await,
            Kind::Embed => Box::pin(embed::run(&steps)).await,
        };
        if done.is_err() {
            // It may wait long for its next attempt, or be cancelled while it waits. When this
            // fails too, the next attempt does it, or the end of the job.
            let _ = steps.discard_unfinished().await;
        }
        done
    }

    fn ended(&self, tx: &Tx, job: &Job, now: Timestamp) -> Result<(), store::Error> {
        unfinished::discard(tx, job.id)?;
        // Nobody asked for it, so nobody waits to be told.
        if self.kind == Kind::Embed {
            return Ok(());
        }
        match (self.kind, job.state) {
            (_, State::Completed) => unfinished::give_back_list(tx, job, now)?,
            (Kind::Result, _) => result::spoil(&self.engine, tx, job, now)?,
            _ => {}
        }
        event::job_ended(&self.engine, tx, job, now)
    }
}
