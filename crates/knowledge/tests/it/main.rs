//! Documents on their way, with real workers and the real process that reads files, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod house;

mod blobs;
mod carrying;
mod documents;
mod extracting;
mod fuzzing;
mod ingesting;
mod killing;
mod pages;
mod removing;
mod renewing;
mod searching;
mod strangers;
