//! The engine at work, with real workers, on both databases, over the applications `codebook`,
//! `knowledge-chat`, `analyzer` and `trailblaze`.
//!
//! Whatever may go wrong between a caller and a version goes wrong here: models that answer badly,
//! workers that die, people who come at the same time, strangers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as the tests themselves do")]

mod centre;
mod desk;
mod doomed;
mod ground;
mod house;
mod panel;
mod trail;
mod yard;

mod about;
mod analysing;
mod answering;
mod answers;
mod archiving;
mod chatting;
mod completing;
mod configuring;
mod crashes;
mod cutting;
mod following;
mod gathering;
mod grading;
mod holding;
mod hostile;
mod lists;
mod looking;
mod meaning;
mod planted;
mod progressing;
mod pulling;
mod questions;
mod rules;
mod search;
mod spoken;
mod strangers;
mod turns;
mod webhooks;
