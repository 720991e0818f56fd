//! Everything that a tenant has, part after part, for whoever takes it elsewhere.
//!
//! What is one person's alone (chats, conversations, system prompts, documents of chats) is only in the
//! whole export, which is the operator's: no caller reads another's chat, whatever their role. What is
//! private is only for those who may see what is private. Start at [`export`].

use base::{Permission, TenantId};
use identity::{Caller, Reach};
use knowledge::{
    Sight,
    document::export::{self as documents, Line},
};
use serde_json::{Value as Json, json};
use store::{Db, params};

use super::TenantError;
use crate::record::{self, COLUMNS, Record, RecordError};

/// What an export hands out, part after part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Records of all collections, deleted ones and all versions' among them; results are records.
    Records,
    /// Versions.
    Versions,
    /// Proposals.
    Proposals,
    /// Webhooks, without their secrets.
    Webhooks,
    /// Documents, each with the checksum of its file.
    Documents,
    /// The texts of documents.
    Texts,
    /// What people think of results and answers.
    Feedback,
    /// Chats with assistants.
    Chats,
    /// What was said in them.
    Messages,
    /// How answers were made.
    Runs,
    /// System prompts of people's own.
    Prompts,
    /// Conversations over data.
    Conversations,
    /// What was said in them.
    Turns,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Records,
        Self::Versions,
        Self::Proposals,
        Self::Webhooks,
        Self::Documents,
        Self::Texts,
        Self::Feedback,
        Self::Chats,
        Self::Messages,
        Self::Runs,
        Self::Prompts,
        Self::Conversations,
        Self::Turns,
    ];

    /// The name of its list in the export.
    pub fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Versions => "versions",
            Self::Proposals => "proposals",
            Self::Webhooks => "webhooks",
            Self::Documents => "documents",
            Self::Texts => "texts",
            Self::Feedback => "feedback",
            Self::Chats => "chats",
            Self::Messages => "messages",
            Self::Runs => "runs",
            Self::Prompts => "system_prompts",
            Self::Conversations => "conversations",
            Self::Turns => "turns",
        }
    }
}

/// How much of a tenant is handed out.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Which tenants are reached.
    pub(super) reach: Reach,
    /// What is seen of documents; none: nothing.
    pub(super) documents: Option<Sight>,
    /// Feedback too.
    pub(super) feedback: bool,
    /// What is one person's alone too.
    pub(super) persons: bool,
}

impl Scope {
    /// Everything: for the operator.
    pub fn whole() -> Self {
        Self {
            reach: Reach::All,
            documents: Some(Sight::everything()),
            feedback: true,
            persons: true,
        }
    }

    /// What this caller may see, who sees of documents what `documents` says. Of records, see
    /// [`crate::acts::is_shown`].
    pub fn of(caller: &Caller, documents: Sight) -> Self {
        Self {
            reach: caller.reach,
            documents: caller.may(Permission::ReadDocuments).is_ok().then_some(documents),
            feedback: caller.may(Permission::ReadPrivate).is_ok(),
            persons: false,
        }
    }

    /// Is this part of it handed out?
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Records | Part::Versions | Part::Proposals | Part::Webhooks => true,
            Part::Documents => self.documents.is_some(),
            Part::Feedback => self.feedback,
            // Texts of documents are read one by one by those who see them.
            Part::Texts
            | Part::Chats
            | Part::Messages
            | Part::Runs
            | Part::Prompts
            | Part::Conversations
            | Part::Turns => self.persons,
        }
    }
}

/// Some rows of one part of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// The rows, as JSON objects.
    pub rows: Vec<Json>,
    /// After which row to go on; none when the part is complete.
    pub next: Option<String>,
}

/// The next at most `limit` rows of a part of everything a tenant has, those after the row `after`.
/// Each call is a read of its own, so an export of any size holds nothing up.
///
/// # Errors
/// [`RecordError::TenantForbidden`].
pub fn export(
    db: &Db,
    scope: &Scope,
    tenant: TenantId,
    part: Part,
    after: Option<&str>,
    limit: u32,
) -> Result<Chunk, TenantError> {
    if scope.reach != Reach::All && scope.reach != Reach::Tenant(tenant) {
        return Err(RecordError::TenantForbidden(tenant).into());
    }
    if !scope.has(part) {
        return Ok(Chunk { rows: Vec::new(), next: None });
    }
    let after = after.unwrap_or_default();
    let params = params![tenant, after, limit];
    let lines: Vec<Line> = match part {
        Part::Records => {
            let sql = format!(
                "SELECT {COLUMNS}
                   FROM records r
                   LEFT JOIN versions v ON v.id = r.active_version
                  WHERE r.tenant = $1 AND r.id > $2
                  ORDER BY r.id LIMIT $3"
            );
            let rows = db.query(sql.as_str(), &params)?;
            let records = rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?;
            let line = |it: &Record| (it.id.to_string(), Some(record::view(it, None)));
            records.iter().map(line).collect()
        }
        Part::Documents => match &scope.documents {
            Some(sight) => documents::documents(db, sight, tenant, after, limit)?,
            None => Vec::new(),
        },
        Part::Texts => documents::texts(db, tenant, after, limit)?,
        Part::Versions => objects(db, VERSIONS, &params)?,
        Part::Proposals => objects(db, PROPOSALS, &params)?,
        Part::Webhooks => objects(db, WEBHOOKS, &params)?,
        Part::Feedback => objects(db, FEEDBACK, &params)?,
        Part::Chats => objects(db, CHATS, &params)?,
        Part::Messages => objects(db, MESSAGES, &params)?,
        Part::Runs => objects(db, RUNS, &params)?,
        Part::Prompts => objects(db, PROMPTS, &params)?,
        Part::Conversations => objects(db, CONVERSATIONS, &params)?,
        Part::Turns => objects(db, TURNS, &params)?,
    };
    let next = lines.last().filter(|_| lines.len() == limit as usize).map(|it| it.0.clone());
    Ok(Chunk { rows: lines.into_iter().filter_map(|it| it.1).collect(), next })
}

const VERSIONS: &str = "
    SELECT id, tenant, record, number, label, notes, state, origin, task, inputs, summary, details,
           warnings, prompt_version, produced_by, based_on, record_count, created_by, created_at,
           deleted_at
      FROM versions WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const PROPOSALS: &str = "
    SELECT id, tenant, record_parent AS parent, version, record, category, suggestion, change, status,
           produced_by, decided_by, decided_at, notes, feedback, applied_version, created_at,
           updated_at
      FROM proposals WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const WEBHOOKS: &str = "
    SELECT id, tenant, url, events, description, is_active, created_by, created_at, updated_at
      FROM webhooks WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

/// One of each person about each thing, so both together are its id.
const FEEDBACK: &str = "
    SELECT subject || '/' || owner AS id, tenant, subject, kind, owner, task, prompt_version, verdict,
           words, shared, created_at, updated_at
      FROM feedback WHERE tenant = $1 AND subject || '/' || owner > $2
     ORDER BY subject || '/' || owner LIMIT $3";

const CHATS: &str = "
    SELECT id, tenant, assistant, owner, record, title, is_named, created_at, updated_at
      FROM assistant_chats WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const MESSAGES: &str = "
    SELECT id, tenant, chat, seq, role, content, state, model_used, tokens_used, metadata, sources,
           citations, followups, run, created_at
      FROM assistant_messages WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const RUNS: &str = "
    SELECT id, tenant, owner, assistant, chat, state, question_message, answer_message, searches,
           tokens_used, error, started_at, ended_at
      FROM assistant_runs WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const PROMPTS: &str = "
    SELECT owner || '/' || assistant AS id, tenant, owner, assistant, text, updated_at
      FROM assistant_prompts WHERE tenant = $1 AND owner || '/' || assistant > $2
     ORDER BY owner || '/' || assistant LIMIT $3";

const CONVERSATIONS: &str = "
    SELECT id, tenant, owner, questions, title, created_at, updated_at
      FROM question_conversations WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

const TURNS: &str = "
    SELECT id, tenant, conversation, seq, question, answer, followups, language, result, created_at
      FROM question_turns WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

/// Columns that hold JSON.
const JSON: [&str; 11] = [
    "inputs",
    "details",
    "warnings",
    "change",
    "events",
    "metadata",
    "sources",
    "citations",
    "followups",
    "result",
    "shared",
];

/// Rows as JSON objects under the names of their columns, with their ids.
fn objects(db: &Db, sql: &str, params: &[store::Value]) -> Result<Vec<Line>, store::Error> {
    let rows = db.query(sql, params)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut object = serde_json::Map::new();
        for column in row.columns() {
            let value = match row.value(column)? {
                store::Value::Null => Json::Null,
                store::Value::Int(micros) if column.ends_with("_at") => {
                    json!(base::clock::from_micros(*micros))
                }
                store::Value::Int(it) if column.starts_with("is_") => json!(*it == 1),
                store::Value::Int(it) => json!(it),
                store::Value::Real(it) => json!(it),
                store::Value::Text(_) if JSON.contains(&column) => row.get(column)?,
                store::Value::Text(it) => json!(it),
                store::Value::Blob(_) => continue,
            };
            object.insert(column.to_owned(), value);
        }
        all.push((row.get("id")?, Some(Json::Object(object))));
    }
    Ok(all)
}
