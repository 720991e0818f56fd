//! The door to those who keep records: what this room needs of them, and nothing of how they do it.
//!
//! Records are found by the fields of their key, put in, and changed; tasks are asked. Whoever
//! implements it keeps the rules of its collections: what does not fit is refused there.

use std::fmt;

use async_trait::async_trait;
use base::{Actor, JobId, RecordId, TenantId, Timestamp};
use bytes::Bytes;
use serde_json::Value as Json;
use store::{Db, Error, Tx};

use crate::expression::Data;

/// Keeps records, and knows whom to ask.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// What is wrong with data for a collection, in words; nothing when it fits.
    fn faults(&self, collection: &str, data: &Data) -> Vec<String>;

    /// The fields that a record of a collection may have, by their names; none of one that there is not.
    fn fields(&self, collection: &str) -> Vec<String>;

    /// The records with these ids, deleted ones among them.
    fn by_ids(&self, db: &Db, tenant: TenantId, ids: &[RecordId]) -> Result<Vec<Kept>, Error>;

    /// The first living records of a collection, in the order in which they were made.
    fn all(
        &self,
        db: &Db,
        tenant: TenantId,
        collection: &str,
        most: u32,
    ) -> Result<Vec<Kept>, Error>;

    /// For each key (the values of these fields, in order) the living record that has it.
    fn by_keys(
        &self,
        db: &Db,
        tenant: TenantId,
        collection: &str,
        fields: &[String],
        keys: &[Vec<Json>],
    ) -> Result<Vec<Option<Kept>>, Error>;

    /// The fields of a collection that it makes of others by itself, whatever is said in them.
    fn made(&self, collection: &str) -> Vec<String>;

    /// Data as a collection would keep it, with what it completes; the same fields and no more.
    fn completed(&self, collection: &str, data: &Data) -> Data;

    /// What stands in the fields of a record of which nobody said anything.
    fn usual(&self, collection: &str) -> Data;

    /// Would a record that holds this take such a change?
    fn takes(&self, collection: &str, there: &Data, patch: &Patch) -> bool;

    /// Puts records in, all or none; their ids in the same order. The caller writes the audit row.
    fn insert(
        &self,
        tx: &Tx,
        who: &Who,
        collection: &str,
        all: Vec<Data>,
    ) -> Result<Vec<RecordId>, Refused>;

    /// Lays fields over a record, with an audit row; what it holds then.
    fn update(&self, tx: &Tx, who: &Who, id: RecordId, patch: &Patch) -> Result<Data, Refused>;

    /// Asks a task once; its answer.
    async fn ask(&self, ask: TaskQuestion) -> Result<Json, Unanswered>;

    /// What expressions may know of a tenant: `{id, slug, name, data}`.
    fn tenant(&self, db: &Db, tenant: TenantId) -> Result<Json, Error>;

    /// A file of the application's folder, by its path below it.
    async fn file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// What lies at the address of a page, by what is in it and not by what it is called. An error says in
    /// words why nothing can be read there, and holds none of it.
    async fn lies(&self, bytes: Bytes) -> Result<Lies, String>;
}

/// What lies at the address of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lies {
    /// A page of the web, which this room reads itself.
    Page,
    /// Some other text.
    Text,
    /// A document that had to be taken apart: its words.
    Document(Words),
}

/// Words of somebody else.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(pub String);

/// Shows how many there are, and none of them.
impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} bytes)", self.0.len())
    }
}

/// A record that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its id.
    pub id: RecordId,
    /// Its fields.
    pub data: Data,
    /// Somebody deleted it.
    pub is_deleted: bool,
}

/// A change of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// Fields and what each becomes, whole; null takes one out.
    pub fields: Data,
    /// Other fields that are known to be as they are: nobody completes them anew.
    pub stay: Vec<String>,
}

/// Who writes, for whom, and when.
#[derive(Debug, Clone)]
pub struct Who {
    /// Whose records.
    pub tenant: TenantId,
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
}

/// A question to a task.
#[derive(Debug, Clone)]
pub struct TaskQuestion {
    /// Whose usage it is.
    pub tenant: TenantId,
    /// The job that asks.
    pub job: JobId,
    /// The task.
    pub task: String,
    /// What it is given.
    pub input: Json,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It does not fit, or another one has the same key.
    #[error("{0}")]
    Record(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why a task did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Nobody answers at all: it will be no better for the next one.
    #[error("{0}")]
    Nobody(String),
    /// Nobody answers now: it may be no better for the next one.
    #[error("{0}")]
    Away(String),
    /// It did not answer this.
    #[error("{0}")]
    This(String),
}
