//! What callers ask of the engine: the values that its acts take, and what some give back.

use base::{ChatId, DocumentId, RecordId, TenantId, VersionId};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A file that somebody sends.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The name it came with; never trusted to say what is in it.
    pub name: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// Where a list comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File(Upload),
    /// Objects in the request.
    Items(Vec<Json>),
}

/// A new record with its first version, read from a list.
#[derive(Debug, Clone)]
pub struct ImportCreate {
    /// Whose it will be.
    pub tenant: TenantId,
    /// The versioned collection.
    pub collection: String,
    /// The fields of the new record.
    pub data: Map<String, Json>,
    /// The label of the version; the collection's own when left out.
    pub label: Option<String>,
    /// Words about the version.
    pub notes: Option<String>,
    /// The list.
    pub source: Source,
}

/// A new version of a record: what a list adds to the active one or changes in it.
#[derive(Debug, Clone)]
pub struct ImportChange {
    /// The record.
    pub record: RecordId,
    /// The collection it must be of, when the caller knows.
    pub collection: Option<String>,
    /// The label of the version.
    pub label: Option<String>,
    /// Words about the version.
    pub notes: Option<String>,
    /// The list.
    pub source: Source,
}

/// A run of a task.
#[derive(Debug, Clone)]
pub struct TaskRun {
    /// The task.
    pub task: String,
    /// The record it is about; its active version.
    pub record: Option<RecordId>,
    /// Or a version.
    pub version: Option<VersionId>,
    /// What the task's input schema asks for.
    pub input: Json,
    /// The label of the version that it makes.
    pub label: Option<String>,
    /// Words about that version.
    pub notes: Option<String>,
}

/// What comes of asking for a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskOutcome {
    /// A job was written.
    Accepted(Json),
    /// The answer: `{answer, produced_by, model}`.
    Answer(Json),
}

/// Back to an older version, as a new one.
#[derive(Debug, Clone)]
pub struct Revert {
    /// The record.
    pub record: RecordId,
    /// The collection it must be of, when the caller knows.
    pub collection: Option<String>,
    /// The number of the version to copy.
    pub number: i64,
    /// The label of the new version.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What becomes of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Its change is made.
    Accept,
    /// It is refused; the words go into later questions.
    Reject,
    /// It is put away without a word.
    Dismiss,
}

/// A question for records.
#[derive(Debug, Clone)]
pub struct SearchAsk {
    /// Whose records; none for a shared collection.
    pub tenant: Option<TenantId>,
    /// Of which kind.
    pub collection: String,
    /// In words.
    pub query: String,
    /// Only in the active version of this record.
    pub record: Option<RecordId>,
    /// The most results.
    pub limit: u32,
    /// Values by which to narrow.
    pub filters: Map<String, Json>,
    /// Only records with this day or a later one in a field.
    pub since: Option<(String, jiff::civil::Date)>,
}

/// A question to an assistant.
#[derive(Clone)]
pub struct AssistantAsk {
    /// On whose account.
    pub tenant: TenantId,
    /// Which one; the only one there is when left out.
    pub assistant: Option<String>,
    /// What is asked.
    pub question: String,
    /// Where it stands.
    pub place: AskPlace,
    /// The record it is about; in a chat, the one that the chat is about.
    pub record: Option<RecordId>,
    /// Rules for this answer; one's own when left out.
    pub system_prompt: Option<String>,
    /// Words that go along.
    pub context: Option<String>,
    /// The manner of the answer.
    pub personality: Option<String>,
    /// The web is searched too.
    pub web: bool,
    /// The most results of the web.
    pub web_results: Option<usize>,
    /// Only in these documents.
    pub documents: Option<Vec<DocumentId>>,
    /// Only in documents with one of these tags.
    pub tags: Vec<String>,
}

/// A chat that is begun about a record, before anything is asked in it.
#[derive(Debug, Clone)]
pub struct ChatCreate {
    /// On whose account.
    pub tenant: TenantId,
    /// With which assistant; the only one there is when left out.
    pub assistant: Option<String>,
    /// About this record.
    pub record: RecordId,
}

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskPlace {
    /// In no chat: nothing of it is kept as a message.
    Alone,
    /// It begins a chat.
    New,
    /// In this chat.
    Chat(ChatId),
    /// It is the last question of this chat, asked again; its answer is replaced.
    Again(ChatId),
}

/// Shows how long the question is, never what it asks.
impl std::fmt::Debug for AssistantAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssistantAsk")
            .field("tenant", &self.tenant)
            .field("assistant", &self.assistant)
            .field("question_bytes", &self.question.len())
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// A file to hand out.
#[derive(Debug, Clone)]
pub struct Download {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}
