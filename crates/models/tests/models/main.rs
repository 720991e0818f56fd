//! This room as its callers see it: over real HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

mod claims;
mod counting;
mod faults;
mod gateway;
mod house;
mod keeping;
mod killing;
mod ledger;
mod local;
mod passing;
mod provider;
mod retelling;
mod speaking;
mod streaming;
mod structured;
mod tariffs;
mod transport;
mod trying;
