//! The queue and its workers, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod cancelling;
mod claiming;
mod draining;
mod failing;
mod killing;
mod kitchen;
mod leasing;
mod listing;
mod scheduling;
