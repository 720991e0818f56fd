//! Tasks: questions about records, answered by a model or by rules, checked either way.
//!
//! This module asks and lays answers beside records. What becomes of an answer (a version, proposals,
//! a reply) is decided by the jobs in [`crate::job`]. No answer is ever executed.
//!
//! Start at [`answer::Asker`]; [`context`] gathers what the templates see, [`part`] what a question is
//! composed of; [`compute`] and [`segment`] say what no model is asked for.

pub mod answer;
pub mod compute;
pub mod context;
pub mod draft;
pub mod each;
pub mod numbering;
pub mod part;
pub mod scene;
pub mod segment;

pub use answer::{Asker, TaskError};
pub use draft::Draft;
