//! What was changed, by whom, when, from where, and why: one hash chain per tenant.
//!
//! A transaction says what it is with [`crate::Tx::audit`]; the rows are written at its commit, so
//! that a change and its row are kept together or not at all. Rows are never changed: the database
//! refuses it, and [`verify`] finds what got around that. A hash chain cannot show that somebody
//! who may write everything has rewritten a whole chain, its head included; keep
//! [`Chain::head`] somewhere else to see that too.
//!
//! Start at [`Entry`] (to say), [`list`] (to read), [`verify`] (to prove).

pub(crate) mod chain;
mod list;
mod verify;

use base::{RecordId, TenantId, Timestamp, VersionId};
use serde_json::Value as Json;

pub use list::{Filter, list};
pub use verify::{Broken, Chain, Damage, Report, verify};

/// What a transaction says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// What was done: `version_created`.
    pub action: &'static str,
    /// What it was done to: `codebooks/<id>`.
    pub subject: String,
    /// The record it belongs to.
    pub record: Option<RecordId>,
    /// The version it belongs to.
    pub version: Option<VersionId>,
    /// One sentence for people.
    pub summary: String,
    /// What was there before. No secrets.
    pub before: Option<Json>,
    /// What is there now. No secrets.
    pub after: Option<Json>,
    /// The reason that was given.
    pub why: Option<String>,
    /// Tokens of models that it cost.
    pub tokens_used: Option<i64>,
}

impl Entry {
    /// An entry without its optional parts.
    pub fn new(
        tenant: TenantId,
        action: &'static str,
        subject: impl Into<String>,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            tenant,
            action,
            subject: subject.into(),
            record: None,
            version: None,
            summary: summary.into(),
            before: None,
            after: None,
            why: None,
            tokens_used: None,
        }
    }

    /// The record it belongs to.
    #[must_use]
    pub fn record(self, id: RecordId) -> Self {
        Self { record: Some(id), ..self }
    }

    /// The version it belongs to.
    #[must_use]
    pub fn version(self, id: VersionId) -> Self {
        Self { version: Some(id), ..self }
    }

    /// What was there before.
    #[must_use]
    pub fn before(self, value: Json) -> Self {
        Self { before: Some(value), ..self }
    }

    /// What is there now.
    #[must_use]
    pub fn after(self, value: Json) -> Self {
        Self { after: Some(value), ..self }
    }

    /// The reason that was given.
    #[must_use]
    pub fn why(self, text: impl Into<String>) -> Self {
        Self { why: Some(text.into()), ..self }
    }

    /// Tokens of models that it cost.
    #[must_use]
    pub fn tokens(self, count: i64) -> Self {
        Self { tokens_used: Some(count), ..self }
    }
}

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Its place in the tenant's chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `usr_…`, `key_…`, `job_…`, `operator` or `mainstay`.
    pub actor: String,
    /// The caller's network address.
    pub address: Option<String>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// The record it belongs to.
    pub record: Option<RecordId>,
    /// The version it belongs to.
    pub version: Option<VersionId>,
    /// One sentence for people.
    pub summary: String,
    /// What was there before.
    pub before: Option<Json>,
    /// What was there afterwards.
    pub after: Option<Json>,
    /// The reason that was given.
    pub why: Option<String>,
    /// Tokens of models that it cost.
    pub tokens_used: Option<i64>,
    /// SHA-256 of the row and of the hash before it, in hexadecimal digits.
    pub hash: String,
}
