//! Putting a document in: what it is, is found out at once; what is in it, later.
//!
//! The file is kept first, then its row and the job that works on it in one transaction: what was
//! acknowledged is there, and somebody will be at it.

use std::time::Duration;

use base::{ChatId, DocumentId, JobId, TenantId, Timestamp};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use store::{
    Tx, audit,
    blob::{BlobId, Kept},
    params,
};
use work::{Busy, EnqueueError, Lock, NewJob};

use super::{Act, Document, DocumentError, Origin, Sight, again::inherit, any, change};
use crate::{
    Knowledge, ingest,
    settings::Uploads,
    sniff::{self, Kind, Unfit},
};

/// A document to be.
#[derive(Clone)]
pub struct NewDocument {
    /// Whose tenant's.
    pub tenant: TenantId,
    /// The chat it is bound to; none: it is there for every question.
    pub chat: Option<ChatId>,
    /// What it is called; the name of the file when left out.
    pub title: Option<String>,
    /// What it says, in short.
    pub summary: Option<String>,
    /// Whatever else is known of it.
    pub metadata: Map<String, Json>,
    /// Words by which it is chosen.
    pub tags: Vec<String>,
    /// Everybody of the tenant may see it.
    pub shared: bool,
    /// What the file is called. It decides nothing but ties between kinds of text.
    pub file_name: Option<String>,
    /// The file.
    pub bytes: Bytes,
}

/// A document that was taken in.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// As it is now: pending.
    pub document: Document,
    /// Another document with the same file, that the caller may see.
    pub same_as: Option<DocumentId>,
    /// It was there already: a page that has not changed.
    pub existed: bool,
}

/// Why a document was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Somebody switched it off.
    #[error("documents are not taken in at the moment; the operator has switched it off")]
    Disabled,
    /// It is larger than allowed.
    #[error("the file has {bytes} bytes; at most {bytes_max} are taken")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest that is taken.
        bytes_max: u64,
    },
    /// It is nothing that holds a text.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It is of a kind that is not taken here.
    #[error("the file is {}; taken are: {}", kind.described(), taken(allowed))]
    Kind {
        /// What it is.
        kind: Kind,
        /// What is taken.
        allowed: Vec<Kind>,
    },
    /// The chat that it is for is not there, or not any more.
    #[error("chat {0} does not exist")]
    NoSuchChat(ChatId),
    /// A field cannot be so.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The job that would take it in is another's.
    #[error(transparent)]
    Fence(#[from] work::FenceError),
}

fn taken(kinds: &[Kind]) -> String {
    kinds.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ")
}

impl UploadError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disabled => "uploads_disabled",
            Self::TooLarge { .. } => "file_too_large",
            Self::Unfit(unfit) => unfit.code(),
            Self::Kind { .. } => "invalid_file_type",
            Self::NoSuchChat(_) => "chat_not_found",
            Self::Document(error) => error.code(),
            Self::Fence(_) => "worker_lost",
        }
    }
}

impl From<store::Error> for UploadError {
    fn from(error: store::Error) -> Self {
        Self::Document(DocumentError::Store(error))
    }
}

impl NewDocument {
    /// A file of a tenant, with nothing said about it.
    pub fn new(tenant: TenantId, bytes: impl Into<Bytes>) -> Self {
        Self {
            tenant,
            chat: None,
            title: None,
            summary: None,
            metadata: Map::new(),
            tags: Vec::new(),
            shared: false,
            file_name: None,
            bytes: bytes.into(),
        }
    }
}

/// What a file is and where it came from, found out before anything is kept.
pub(crate) struct Arrival {
    pub(crate) kind: Kind,
    pub(crate) origin: Origin,
    pub(crate) url: Option<String>,
    /// Somebody gave it its title.
    pub(crate) titled: bool,
    /// It was said whether everybody may see it.
    pub(crate) shared_said: bool,
}

impl Arrival {
    pub(crate) fn new(kind: Kind, origin: Origin, url: Option<String>) -> Self {
        Self { kind, origin, url, titled: false, shared_said: true }
    }
}

impl Knowledge {
    /// Takes a file in.
    ///
    /// # Errors
    /// [`UploadError`] says what is wrong with the file or with what is said about it; nothing is kept
    /// then.
    pub async fn upload(&self, act: &Act, new: NewDocument) -> Result<Uploaded, UploadError> {
        let uploads = &self.settings().uploads;
        sized(uploads, new.bytes.len() as u64)?;
        let (bytes, name) = (new.bytes.clone(), new.file_name.clone());
        // A large text is looked at as a whole, away from the runtime's threads.
        let sniffed = tokio::task::spawn_blocking(move || sniff::kind(&bytes, name.as_deref()));
        let kind = sniffed.await.map_err(|_| Unfit::Other("a file that cannot be read"))??;
        allowed(uploads, kind)?;
        self.take_in(act, new, Arrival::new(kind, Origin::Upload, None)).await
    }

    /// Takes in a text that somebody wrote.
    ///
    /// # Errors
    /// As [`Knowledge::upload`].
    pub async fn write(&self, act: &Act, new: NewDocument) -> Result<Uploaded, UploadError> {
        let uploads = &self.settings().uploads;
        sized(uploads, new.bytes.len() as u64)?;
        let bytes = new.bytes.clone();
        let sniffed = tokio::task::spawn_blocking(move || sniff::kind(&bytes, None));
        // It is what its writer says, even where it looks like the source of something.
        let kind = match sniffed.await.map_err(|_| Unfit::Other("a text that cannot be read"))?? {
            Kind::Markdown => Kind::Markdown,
            _ => Kind::Text,
        };
        allowed(uploads, kind)?;
        self.take_in(act, new, Arrival::new(kind, Origin::Text, None)).await
    }

    pub(crate) async fn take_in(
        &self,
        act: &Act,
        new: NewDocument,
        arrival: Arrival,
    ) -> Result<Uploaded, UploadError> {
        self.take_in_with(act, new, arrival, |_, _| Ok(())).await
    }

    /// As [`Knowledge::take_in`], with something else in the same transaction, at its beginning.
    pub(crate) async fn take_in_with(
        &self,
        act: &Act,
        new: NewDocument,
        mut arrival: Arrival,
        also: impl FnOnce(&Tx, DocumentId) -> Result<(), UploadError> + Send + 'static,
    ) -> Result<Uploaded, UploadError> {
        arrival.titled |= new.title.is_some();
        let says_summary = new.summary.is_some();
        let mut checked = checked(new, &arrival)?;
        let (this, act, now) = (self.clone(), act.clone(), self.now());
        let actor = act.actor.clone();
        let file = checked.bytes.clone();
        let file = store::blob::keep(self.store(), checked.tenant, file, now).await?;
        self.store()
            .write(&actor, now, move |tx| {
                let id = DocumentId::generate();
                // First of all: who removes a chat holds it before anything else, too.
                this.is_for_a_chat(tx, checked.chat)?;
                also(tx, id)?;
                let owner = act.actor.who.to_string();
                inherit(tx, &owner, &mut checked, &mut arrival, says_summary)?;
                insert(tx, id, &act, &checked, &file, &arrival, now)?;
                let document = any(tx, id)?.ok_or(DocumentError::NoSuch(id))?;
                let same_as = same_as(tx, &act.sight, &document)?;
                let summary = format!("Took in {} of {} bytes", arrival.kind, checked.bytes.len());
                let subject = format!("documents/{id}");
                let entry = audit::Entry::new(checked.tenant, "document_added", subject, summary);
                tx.audit(entry.after(json!({
                    "job": document.job, "origin": arrival.origin.name(), "chat": checked.chat,
                    "shared": checked.shared,
                })));
                Ok(Uploaded { document, same_as, existed: false })
            })
            .await
    }
}

impl Knowledge {
    /// Sees to it that the chat is there that a document is for, and stays there meanwhile.
    pub(crate) fn is_for_a_chat(&self, tx: &Tx, chat: Option<ChatId>) -> Result<(), UploadError> {
        match chat {
            Some(chat) if !self.hold_chat(tx, chat)? => Err(UploadError::NoSuchChat(chat)),
            _ => Ok(()),
        }
    }
}

pub(super) fn sized(uploads: &Uploads, bytes: u64) -> Result<(), UploadError> {
    if !uploads.enabled {
        return Err(UploadError::Disabled);
    }
    match uploads.bytes_max {
        bytes_max if bytes > bytes_max => Err(UploadError::TooLarge { bytes, bytes_max }),
        _ => Ok(()),
    }
}

pub(super) fn allowed(uploads: &Uploads, kind: Kind) -> Result<(), UploadError> {
    match uploads.kinds.contains(&kind) {
        true => Ok(()),
        false => Err(UploadError::Kind { kind, allowed: uploads.kinds.clone() }),
    }
}

/// What is said about a document, as it is kept.
pub(super) fn checked(new: NewDocument, arrival: &Arrival) -> Result<NewDocument, DocumentError> {
    let file_name = new.file_name.as_deref().and_then(|it| change::line(it, change::TITLE_MAX));
    let title = match new.title.as_deref() {
        Some(given) => change::title(given)?,
        None => default_title(file_name.as_deref(), arrival.url.as_deref()),
    };
    if new.shared && new.chat.is_some() {
        return Err(change::shared_in_chat());
    }
    Ok(NewDocument {
        title: Some(title),
        summary: new.summary.as_deref().map(change::summary).transpose()?.flatten(),
        metadata: change::metadata(new.metadata)?,
        tags: change::tags(new.tags)?,
        file_name,
        ..new
    })
}

/// What a document is called when nobody says it.
pub(crate) fn default_title(file_name: Option<&str>, url: Option<&str>) -> String {
    let stem = file_name.map(|it| it.rsplit_once('.').map_or(it, |it| it.0).trim());
    let title = stem.filter(|it| !it.is_empty()).or(url).unwrap_or("Untitled");
    title.chars().take(change::TITLE_MAX).collect()
}

pub(super) fn insert(
    tx: &Tx,
    id: DocumentId,
    act: &Act,
    new: &NewDocument,
    file: &Kept,
    arrival: &Arrival,
    now: Timestamp,
) -> Result<(), store::Error> {
    let owner = act.actor.who.to_string();
    let blob = store::blob::put(tx, file, now)?;
    let job = enqueue(tx, new.tenant, id, &owner, now)?;
    tx.execute(
        "INSERT INTO knowledge_documents
            (id, tenant, owner, chat, shared, title, summary, metadata, origin, url, file_name, kind,
             size_bytes, blob, state, job, queued_at, created_at, updated_at, titled)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'pending', $15, $16,
                 $16, $16, $17)",
        &params![
            id,
            new.tenant,
            owner,
            new.chat,
            new.shared,
            new.title.as_deref(),
            new.summary.as_deref(),
            Json::Object(new.metadata.clone()),
            arrival.origin.name(),
            arrival.url.as_deref(),
            new.file_name.as_deref(),
            arrival.kind.name(),
            new.bytes.len(),
            blob,
            job,
            now,
            arrival.titled
        ],
    )?;
    change::put_tags(tx, new.tenant, id, &new.tags)
}

/// Wants the job that works on a document. One is at it at a time.
pub(crate) fn enqueue(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    owner: &str,
    now: Timestamp,
) -> Result<JobId, store::Error> {
    let lock = Lock { key: format!("documents/{document}"), busy: Busy::Wait };
    let job = NewJob {
        lock: Some(lock),
        // The document counts by itself how often it is begun in vain; see `ingest`.
        attempts_max: ingest::ATTEMPTS_MAX,
        timeout: Duration::from_secs(3600),
        ..NewJob::new(tenant, ingest::KIND, json!({"document": document}), owner, now)
    };
    match work::enqueue(tx, job, now) {
        Ok(job) => Ok(job.id),
        Err(EnqueueError::Store(error)) => Err(error),
        // It waits in line, so nobody is in its way.
        Err(busy) => Err(store::Error::Constraint { what: busy.to_string() }),
    }
}

/// Another document of the same file that may be seen; the newest.
fn same_as(
    tx: &Tx,
    sight: &Sight,
    document: &Document,
) -> Result<Option<DocumentId>, store::Error> {
    let blob: &BlobId = &document.blob;
    let row = tx.first(
        "SELECT id FROM knowledge_documents
          WHERE tenant = $1 AND blob = $2 AND id <> $3
            AND (CAST($4 AS TEXT) IS NULL OR owner = $4 OR (shared = 1 AND chat IS NULL))
            AND (CAST($5 AS TEXT) IS NULL OR chat IS NULL OR owner = $5)
          ORDER BY id DESC LIMIT 1",
        &params![document.tenant, blob, document.id, sight.owner(), sight.chats_of()],
    )?;
    row.map(|it| it.get("id")).transpose()
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewDocument")
            .field("tenant", &self.tenant)
            .field("chat", &self.chat)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_named_is_called_by_its_file_or_its_address() {
        let check = |file, url, expected| assert_eq!(default_title(file, url), expected);
        check(Some("pump manual.v2.pdf"), None, "pump manual.v2");
        check(Some(".pdf"), Some("https://example.com/"), "https://example.com/");
        check(None, None, "Untitled");
    }

    #[test]
    fn a_file_over_the_limit_is_refused_with_the_limit() {
        let uploads = Uploads { bytes_max: 10, ..Uploads::default() };
        assert!(sized(&uploads, 10).is_ok());
        let refused = sized(&uploads, 11).unwrap_err();
        assert_eq!(
            (refused.code(), refused.to_string().contains("at most 10")),
            ("file_too_large", true)
        );
        let off = Uploads { enabled: false, ..Uploads::default() };
        assert_eq!(sized(&off, 1).unwrap_err().code(), "uploads_disabled");
    }

    #[test]
    fn a_kind_that_is_not_taken_here_is_named_with_those_that_are() {
        let uploads = Uploads { kinds: vec![Kind::Pdf, Kind::Docx], ..Uploads::default() };
        assert!(allowed(&uploads, Kind::Pdf).is_ok());
        let refused = allowed(&uploads, Kind::Png).unwrap_err();
        assert_eq!(refused.code(), "invalid_file_type");
        assert_eq!(refused.to_string(), "the file is a picture; taken are: pdf, docx");
    }
}
