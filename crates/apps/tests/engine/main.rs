//! The engine at work, with real workers, on both databases, over the application `codebook`.
//!
//! Whatever may go wrong between a caller and a version goes wrong here: models that answer badly,
//! workers that die, people who come at the same time, strangers.

mod house;

mod answers;
mod crashes;
mod lists;
mod planted;
mod rules;
mod search;
mod strangers;
mod turns;
mod webhooks;
