//! This room as its callers see it: over real HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod house;
mod ledger;
mod provider;
mod structured;
mod transport;
