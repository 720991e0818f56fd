//! The words that every room uses: ids, time, the caller as an actor, secrets, pages, metrics.
//!
//! Nothing here does I/O, waits, or knows a room. A word moves in when a second room needs it.
//!
//! Start at [`Actor`] (who does something) and [`id`] (what it is done to).

pub mod actor;
pub mod clock;
pub mod id;
pub mod metric;
pub mod money;
pub mod network;
pub mod page;
pub mod permission;
pub mod redact;
pub mod secret;
pub mod words;

pub use actor::Actor;
pub use clock::Clock;
pub use id::{
    AppKeyId, ArchiveId, BlobObjectId, ChatId, ChunkId, DeliveryId, DocumentId, JobId, MessageId,
    ProposalId, RecordId, RequestId, RunId, SessionId, TenantId, UsageId, UserId, VersionId,
    WebhookId,
};
pub use jiff::Timestamp;
pub use money::MicroUsd;
pub use page::{Cursor, CursorKey, Page, PageRequest};
pub use permission::{Permission, Role, Scope};
pub use secret::Secret;
