//! What users declare in YAML, made true: collections, versions, tasks, proposals, imports, webhooks,
//! assistants, questions over data, sources.
//!
//! An application is a folder; nothing here knows one by name, and none has Rust of its own. Records
//! are read within a tenant and written with an audit entry. Models are asked through `models`, slow
//! things are done by `work`; HTTP and its status codes are the server's.
//!
//! Start at [`description`] (what can be declared), [`folder`] (a folder read and compiled) and
//! [`engine`] (an application at work).

pub mod check;
pub mod configuration;
pub mod description;
pub mod folder;

pub mod acts;
pub mod archive;
pub mod ask;
pub mod assistant;
pub mod engine;
pub mod error;
pub mod feedback;
pub mod job;
pub mod person;
pub mod progress;
pub mod question;
pub mod report;
pub mod result;
pub mod schedule;
mod source;
pub mod task;
pub mod webhook;

pub mod diff;
pub mod prompt;
pub mod proposal;
pub mod record;
pub mod search;
pub mod seed;
pub mod tenant;
pub mod vector;
pub mod version;

pub mod export;
pub mod table;
pub mod template;

pub mod field;
mod followups;
pub mod indexes;
pub mod language;
pub mod schema;
pub mod words;

mod breaker;
mod event;
pub mod marked;
mod migrations;

pub use migrations::MIGRATIONS;
pub use schema::Fault;

#[cfg(test)]
mod fixture;
