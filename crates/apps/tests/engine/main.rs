//! The engine at work, with real workers, on both databases, over the applications `codebook` and
//! `knowledge-chat`.
//!
//! Whatever may go wrong between a caller and a version goes wrong here: models that answer badly,
//! workers that die, people who come at the same time, strangers.

mod desk;
mod house;

mod answering;
mod answers;
mod chatting;
mod crashes;
mod cutting;
mod holding;
mod lists;
mod planted;
mod rules;
mod search;
mod strangers;
mod turns;
mod webhooks;
