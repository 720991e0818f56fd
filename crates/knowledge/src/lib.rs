//! Documents in, the right passages out: what people put in is read, cut, given vectors, and found
//! again by meaning and by words.
//!
//! A document always ends: ready, or failed with its reason; what was acknowledged is never lost and
//! nothing is embedded twice. Files are read by a process of their own, because anybody may have made
//! them. This room does not know who calls: it is told what they see ([`Sight`]). It answers no
//! question; assistants do that with what is found here. No log line, metric or error of it holds a
//! word of a document or a question.
//!
//! Start at [`Knowledge`]: [`Knowledge::upload`], then `ingest`, then [`Knowledge::search`].

mod door;
pub mod settings;

pub mod document;
pub mod sniff;
pub mod web;

pub mod chunk;
pub mod extract;
pub mod ingest;

pub mod lexical;
pub mod search;
pub mod vector;

mod metric;
mod migrations;

pub use document::{Act, Document, DocumentError, Sight, Whose};
pub use door::{Knowledge, OpenError, Parts};
pub use migrations::MIGRATIONS;
pub use settings::Settings;
