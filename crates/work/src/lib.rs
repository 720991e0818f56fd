//! Things done later: a durable queue, and the workers that empty it.
//!
//! A job is a row. It is written in the caller's own transaction, so that it exists exactly when
//! what asked for it does. Workers claim it under a lease, keep the lease alive while they work,
//! and lose the job when they fall silent: then it runs again elsewhere, and the fence keeps the
//! silent one from doing harm when it wakes up.
//!
//! This room does not know what any job does; it never decides about records, and it never reads
//! the payload.
//!
//! Start at [`enqueue`] (wanting), [`Handler`] (doing) and [`Workers`] (who does it). What may
//! happen to a job is in one place: `decide`. What comes round by the clock is [`schedule`].

pub mod job;

pub mod queue;

pub mod list;

pub mod act;

pub mod handler;

pub mod worker;

pub mod event;

pub mod schedule;

mod attempt;
mod backoff;
mod decide;
mod lease;
mod metric;

pub use act::{CancelError, RetryError, cancel, erase, forget, forget_of, retry, sweep};
pub use event::{JobChanged, events, wake};
pub use handler::{Failure, FenceError, Handler, Running};
pub use job::{Job, JobError, Lease, State};
pub use list::{AtWork, Counts, Filter, at_work, count, counts, get, list, wanted_last};
pub use queue::{Busy, EnqueueError, Enqueued, Lock, NewJob, enqueue};
pub use worker::{Drained, Settings, Workers};

/// The tables of this room, in the order in which they came to be.
pub const MIGRATIONS: &[store::Migration] = &[
    store::Migration {
        name: "20261121_030000_jobs",
        up: store::Sql::same(include_str!("../migrations/20261121_030000_jobs/up.sql")),
        down: store::Sql::same(include_str!("../migrations/20261121_030000_jobs/down.sql")),
    },
    store::Migration {
        name: "20261121_161000_schedules",
        up: store::Sql::same(include_str!("../migrations/20261121_161000_schedules/up.sql")),
        down: store::Sql::same(include_str!("../migrations/20261121_161000_schedules/down.sql")),
    },
];
