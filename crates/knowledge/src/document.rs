//! A document: what somebody put in to be asked about, whose it is, and how far it has come.
//!
//! A document belongs to whoever put it in. The owner may share it with the tenant, or bind it to one
//! chat, where nobody else ever sees it, not even who manages everybody's documents. Whoever may not
//! see a document learns not even that it is there. Nothing here reads a file or asks a model; that is [`crate::ingest`].
//!
//! Start at [`Document`] and [`Sight`]; [`upload`] puts one in, [`state`] says what may become of it.

mod again;
pub mod carry;
pub mod change;
pub mod export;
pub mod list;
pub mod remove;
pub mod state;
mod stray;
pub mod text;
pub mod theirs;
pub mod upload;
mod view;

use base::{
    Actor, ChatId, DocumentId, JobId, TenantId, Timestamp, actor::Who, permission::UnknownName,
};
use serde_json::{Map, Value as Json};
use store::{Db, Error, Row, Sql, Tx, blob::BlobId, params};

pub use list::Filter;
pub use state::{Reason, State};
pub use view::view;

use crate::{extract::Verdict, sniff::Kind};

/// A document, as its row says.
#[derive(Clone, PartialEq)]
pub struct Document {
    /// Which one.
    pub id: DocumentId,
    /// Whose tenant's.
    pub tenant: TenantId,
    /// Whose, as the audit log spells who.
    pub owner: String,
    /// The chat it is bound to; none: it is there for every question.
    pub chat: Option<ChatId>,
    /// Everybody of the tenant may see it.
    pub shared: bool,
    /// What it is called.
    pub title: String,
    /// What it says, in short.
    pub summary: Option<String>,
    /// Whatever else its owner knows of it.
    pub metadata: Map<String, Json>,
    /// Words by which it is chosen.
    pub tags: Vec<String>,
    /// How it came in.
    pub origin: Origin,
    /// Where it was fetched.
    pub url: Option<String>,
    /// What the file was called.
    pub file_name: Option<String>,
    /// What it is, by its content.
    pub kind: Kind,
    /// How large the file is.
    pub size_bytes: u64,
    /// Where the file is kept.
    pub blob: BlobId,
    /// Where it stands.
    pub state: State,
    /// What was found in it.
    pub verdict: Option<Verdict>,
    /// What came of it.
    pub made: Made,
    /// The job that is at it, or was last.
    pub job: JobId,
    /// How often it was begun and not heard of again since something came of it.
    pub(crate) begun: u32,
    /// When it was last put in line.
    pub queued_at: Timestamp,
    /// When it was put in.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What came of a document so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Its pages; 0 where there are no pages.
    pub pages: u32,
    /// Characters of its text.
    pub chars: u64,
    /// Pieces of its text.
    pub chunks: u64,
    /// Pieces that were left out because it has their text already.
    pub chunks_deduped: u64,
    /// Pieces that have a vector.
    pub vectors_done: u64,
    /// Those of them whose vector was there already, of the same text elsewhere.
    pub vectors_reused: u64,
    /// The model of its vectors, as `provider/model`; none: it is found by words.
    pub model: Option<String>,
    /// The length of its vectors.
    pub dimensions: Option<u32>,
}

/// How a document came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// As a file.
    Upload,
    /// As a text that somebody wrote.
    Text,
    /// As a page of the web.
    Page,
    /// As the pages of a site, or one of them.
    Site,
}

/// Which documents somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Of this tenant; none: of all.
    pub tenant: Option<TenantId>,
    /// Whose.
    pub whose: Whose,
}

/// Whose documents somebody sees, by the owner as the audit log spells who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's, wherever they lie: for the house itself, and for no caller.
    All,
    /// Everybody's but what lies in a chat of somebody else: whoever looks after documents is no
    /// reader of other people's chats.
    Managed(String),
    /// Their own and the shared ones.
    Own(String),
}

/// Who does something to documents, and what they see.
#[derive(Debug, Clone)]
pub struct Act {
    /// What they see.
    pub sight: Sight,
    /// As the audit log knows them.
    pub actor: Actor,
}

/// Why a document was not found or not changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// There is none with this id that the caller may see.
    #[error("document {0} does not exist")]
    NoSuch(DocumentId),
    /// It is seen, but it is another's.
    #[error("document {0} is another's; only its owner changes it")]
    NotYours(DocumentId),
    /// It is not in a state for this.
    #[error("document {id} is {state}; {way_out}")]
    State {
        /// Which one.
        id: DocumentId,
        /// Where it stands.
        state: &'static str,
        /// What can be done.
        way_out: &'static str,
    },
    /// It failed in a way that going on does not change.
    #[error("document {id} cannot go on. {reason}")]
    CannotGoOn {
        /// Which one.
        id: DocumentId,
        /// Why it failed, in sentences with the way out.
        reason: String,
    },
    /// A field cannot be so.
    #[error("`{field}` {why}")]
    Invalid {
        /// Which one.
        field: &'static str,
        /// Why.
        why: String,
    },
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

impl DocumentError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuch(_) => "document_not_found",
            Self::NotYours(_) => "forbidden",
            Self::State { .. } | Self::CannotGoOn { .. } => "document_state",
            Self::Invalid { .. } => "invalid_input",
            Self::Store(_) => "database_error",
        }
    }
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Upload, Self::Text, Self::Page, Self::Site];

    /// The name used in the table and in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Text => "text",
            Self::Page => "page",
            Self::Site => "site",
        }
    }
}

impl std::str::FromStr for Origin {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| UnknownName {
            text: text.chars().take(64).collect(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

impl Sight {
    /// Everything: for the house itself.
    pub fn everything() -> Self {
        Self { tenant: None, whose: Whose::All }
    }

    /// What an actor sees in a tenant, or in all: their own documents and the shared ones.
    pub fn of(tenant: impl Into<Option<TenantId>>, who: Who) -> Self {
        Self { tenant: tenant.into(), whose: Whose::Own(who.to_string()) }
    }

    /// What an actor sees who manages the documents of a tenant, or of all: everybody's, but of those
    /// that lie in chats only their own.
    pub fn managing(tenant: impl Into<Option<TenantId>>, who: Who) -> Self {
        Self { tenant: tenant.into(), whose: Whose::Managed(who.to_string()) }
    }

    /// May this document be seen?
    pub fn sees(&self, document: &Document) -> bool {
        let in_reach = self.tenant.is_none_or(|it| it == document.tenant);
        let is_open = document.shared && document.chat.is_none();
        in_reach && (is_open || self.owns(document))
    }

    /// May this document be changed?
    pub fn owns(&self, document: &Document) -> bool {
        let in_reach = self.tenant.is_none_or(|it| it == document.tenant);
        in_reach
            && match &self.whose {
                Whose::All => true,
                Whose::Managed(who) => document.chat.is_none() || *who == document.owner,
                Whose::Own(who) => *who == document.owner,
            }
    }

    /// Whose documents, beside the shared ones, are seen of those that lie in no chat; none:
    /// everybody's.
    pub(crate) fn owner(&self) -> Option<&str> {
        match &self.whose {
            Whose::All | Whose::Managed(_) => None,
            Whose::Own(who) => Some(who),
        }
    }

    /// Whose documents are seen of those that lie in a chat; none: everybody's.
    pub(crate) fn chats_of(&self) -> Option<&str> {
        match &self.whose {
            Whose::All => None,
            Whose::Managed(who) | Whose::Own(who) => Some(who),
        }
    }
}

const GET: &str = "SELECT * FROM knowledge_documents WHERE id = $1";

/// A document that may be seen.
///
/// # Errors
/// [`DocumentError::NoSuch`], also when it is there and may not be seen.
pub fn get(db: &Db, sight: &Sight, id: DocumentId) -> Result<Document, DocumentError> {
    let found = any(db, id)?.filter(|it| sight.sees(it));
    found.ok_or(DocumentError::NoSuch(id))
}

/// A document that may be changed.
///
/// # Errors
/// [`DocumentError::NotYours`] when it may be seen only.
pub(crate) fn own(db: &Db, sight: &Sight, id: DocumentId) -> Result<Document, DocumentError> {
    let found = get(db, sight, id)?;
    if sight.owns(&found) { Ok(found) } else { Err(DocumentError::NotYours(id)) }
}

/// Waits until nobody else is changing a document, and keeps it from being changed or removed until the
/// transaction ends: what is read of it from here on is what it is. Of several, hold the newest first.
/// False when there is none. On SQLite there is one writer, and nothing to wait for.
pub(crate) fn hold(tx: &Tx, id: DocumentId) -> Result<bool, Error> {
    const HOLD: Sql<'_> = Sql {
        sqlite: "SELECT id FROM knowledge_documents WHERE id = $1",
        postgres: "SELECT id FROM knowledge_documents WHERE id = $1 FOR UPDATE",
    };
    Ok(tx.first(HOLD, &params![id])?.is_some())
}

/// A document that may be changed, held until the transaction ends.
///
/// # Errors
/// As [`own`].
pub(crate) fn held(tx: &Tx, sight: &Sight, id: DocumentId) -> Result<Document, DocumentError> {
    hold(tx, id)?;
    own(tx, sight, id)
}

/// A document, whoever may see it.
pub(crate) fn any(db: &Db, id: DocumentId) -> Result<Option<Document>, Error> {
    let Some(row) = db.first(GET, &params![id])? else { return Ok(None) };
    let mut document = read(&row)?;
    document.tags = tags(db, id)?;
    Ok(Some(document))
}

/// The tags of a document, in the order of the alphabet.
fn tags(db: &Db, id: DocumentId) -> Result<Vec<String>, Error> {
    let rows =
        db.query("SELECT tag FROM knowledge_tags WHERE document = $1 ORDER BY tag", &params![id])?;
    rows.iter().map(|it| it.get("tag")).collect()
}

/// Reads a whole row; its tags are in other rows.
fn read(row: &Row) -> Result<Document, Error> {
    fn known<T: std::str::FromStr<Err = UnknownName>>(row: &Row, name: &str) -> Result<T, Error> {
        let text: String = row.get(name)?;
        let wrong = |it: UnknownName| Error::Column { column: name.into(), what: it.to_string() };
        text.parse().map_err(wrong)
    }
    let metadata: Json = row.get("metadata")?;
    let verdict: Option<Json> = row.get("verdict")?;
    Ok(Document {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        owner: row.get("owner")?,
        chat: row.get("chat")?,
        shared: row.get("shared")?,
        title: row.get("title")?,
        summary: row.get("summary")?,
        metadata: metadata.as_object().cloned().unwrap_or_default(),
        tags: Vec::new(),
        origin: known(row, "origin")?,
        url: row.get("url")?,
        file_name: row.get("file_name")?,
        kind: known(row, "kind")?,
        size_bytes: row.get("size_bytes")?,
        blob: row.get("blob")?,
        state: State::read(row)?,
        // Of another version of this program: what it found is not lost with it, only not shown.
        verdict: verdict.and_then(|it| serde_json::from_value(it).ok()),
        made: Made {
            pages: row.get("pages")?,
            chars: row.get("chars")?,
            chunks: row.get("chunks")?,
            chunks_deduped: row.get("chunks_deduped")?,
            vectors_done: row.get("vectors_done")?,
            vectors_reused: row.get("vectors_reused")?,
            model: row.get("model")?,
            dimensions: row.get("dimensions")?,
        },
        job: row.get("job")?,
        begun: row.get("begun")?,
        queued_at: row.get("queued_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Shows which it is and where it stands; what it is called may tell what is in it.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("size_bytes", &self.size_bytes)
            .field("state", &self.state)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}
