//! The commands, one file each.

pub(crate) mod archives;
pub(crate) mod ask;
pub(crate) mod ask_data;
pub(crate) mod audit;
pub(crate) mod blobs;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod documents;
pub(crate) mod export;
pub(crate) mod extract;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod openapi;
mod own_file;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod schedules;
pub(crate) mod serve;
pub(crate) mod sources;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod vectors;
