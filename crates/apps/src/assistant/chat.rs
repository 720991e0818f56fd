//! Chats: each belongs to who began it, and to nobody else whatever their role.

use base::{ChatId, Page, PageRequest, RecordId, RunId, TenantId, Timestamp};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, Value, audit, params};

use super::AssistantError;

/// The longest title, in characters.
pub const TITLE_MAX: usize = 200;

/// A chat.
#[derive(Clone, PartialEq)]
pub struct Chat {
    /// Which one.
    pub id: ChatId,
    /// In which tenant.
    pub tenant: TenantId,
    /// With which assistant.
    pub assistant: String,
    /// Whose: as the audit log writes actors.
    pub owner: String,
    /// The record that it is about.
    pub record: Option<RecordId>,
    /// What it is called.
    pub title: String,
    /// Somebody gave it that title.
    pub is_named: bool,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last said in it.
    pub updated_at: Timestamp,
    /// The answer that is being made in it.
    pub run: Option<RunId>,
}

/// Who looks at chats: their own, and only where they may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// As the audit log writes actors.
    pub owner: String,
    /// Where they may act.
    pub reach: Reach,
}

/// Shows which chat it is, never what it is called.
impl std::fmt::Debug for Chat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chat")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// Begins a chat.
pub fn create(tx: &Tx, chat: &Chat) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO assistant_chats
            (id, tenant, assistant, owner, title, is_named, created_at, updated_at, record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &params![
            chat.id,
            chat.tenant,
            &chat.assistant,
            &chat.owner,
            &chat.title,
            chat.is_named,
            chat.created_at,
            chat.updated_at,
            chat.record
        ],
    )?;
    let entry = audited(chat, "chat_created", "Began a chat");
    tx.audit(match chat.record {
        Some(record) => entry.record(record),
        None => entry,
    });
    Ok(())
}

/// A chat of this person.
///
/// # Errors
/// [`AssistantError::NoSuchChat`] also for somebody else's.
pub fn get(db: &Db, whose: &Whose, id: ChatId) -> Result<Chat, AssistantError> {
    let row = db.first(ONE, &params![id, &whose.owner])?;
    let chat = row.as_ref().map(read).transpose()?;
    chat.filter(|it| whose.reach.includes(Reach::Tenant(it.tenant)))
        .ok_or(AssistantError::NoSuchChat(id))
}

/// Chats with the answer that is being made in each. There is one at most: a new question stops it.
macro_rules! chats {
    ($rest:literal) => {
        concat!(
            "
    SELECT c.*, (SELECT max(r.id) FROM assistant_runs r
                  WHERE r.chat = c.id AND r.state = 'running') AS run
      FROM assistant_chats c",
            $rest
        )
    };
}

const ONE: &str = chats!("\n     WHERE c.id = $1 AND c.owner = $2");
const ABOUT: &str = chats!("\n     WHERE c.record = $1");
const LIST: &str = chats!(
    "
     WHERE tenant = $1 AND owner = $2 AND (assistant = $3 OR $4 = 1) AND (updated_at, id) < ($5, $6)
       AND (record = $8 OR $9 = 1)
     ORDER BY updated_at DESC, id DESC LIMIT $7"
);
const LIST_BACK: &str = chats!(
    "
     WHERE tenant = $1 AND owner = $2 AND (assistant = $3 OR $4 = 1) AND (updated_at, id) > ($5, $6)
       AND (record = $8 OR $9 = 1)
     ORDER BY updated_at, id LIMIT $7"
);

/// Which chats of a person are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// With this assistant.
    pub assistant: Option<String>,
    /// About this record.
    pub record: Option<RecordId>,
}

/// The chats of a person in a tenant, the one of which something was last said first.
pub fn list(
    db: &Db,
    owner: &str,
    tenant: TenantId,
    which: &Which,
    page: &PageRequest,
) -> Result<Page<Chat>, store::Error> {
    let sql = if page.is_backwards() { LIST_BACK } else { LIST };
    let (at, id) = page.moment_and_id();
    let rows = db.query(
        sql,
        &params![
            tenant,
            owner,
            which.assistant.as_deref().unwrap_or_default(),
            which.assistant.is_none(),
            at,
            id,
            Value::Int(i64::from(page.limit) + 1),
            which.record.map(|it| it.to_string()).unwrap_or_default(),
            which.record.is_none()
        ],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![it.updated_at.as_microsecond().into(), it.id.to_string().into()]
    }))
}

/// How many chats a person has in a tenant.
pub fn count(db: &Db, owner: &str, tenant: TenantId, which: &Which) -> Result<u64, store::Error> {
    let row = db.one(
        "SELECT count(*) AS total FROM assistant_chats
          WHERE tenant = $1 AND owner = $2 AND (assistant = $3 OR $4 = 1) AND (record = $5 OR $6 = 1)",
        &params![
            tenant,
            owner,
            which.assistant.as_deref().unwrap_or_default(),
            which.assistant.is_none(),
            which.record.map(|it| it.to_string()).unwrap_or_default(),
            which.record.is_none()
        ],
    )?;
    row.get("total")
}

/// All chats about a record, whosever they are.
pub(super) fn about(tx: &Tx, record: RecordId) -> Result<Vec<Chat>, store::Error> {
    tx.query(ABOUT, &params![record])?.iter().map(read).collect()
}

/// Gives a chat a title. `is_named`: a person did, so no model will change it.
pub fn rename(tx: &Tx, chat: &Chat, title: &str, is_named: bool) -> Result<Chat, store::Error> {
    tx.execute(
        "UPDATE assistant_chats SET title = $2, is_named = $3 WHERE id = $1",
        &params![chat.id, title, is_named],
    )?;
    tx.audit(audited(chat, "chat_renamed", "Renamed a chat"));
    Ok(Chat { title: title.to_owned(), is_named, ..chat.clone() })
}

/// Gives a chat a title by a model, unless a person gave one meanwhile, also in a transaction beside
/// this one.
pub fn suggest(tx: &Tx, chat: &Chat, title: &str) -> Result<(), store::Error> {
    let sql = "UPDATE assistant_chats SET title = $2 WHERE id = $1 AND is_named = $3";
    if tx.execute(sql, &params![chat.id, title, false])? > 0 {
        tx.audit(audited(chat, "chat_renamed", "Renamed a chat"));
    }
    Ok(())
}

/// Something was said in a chat. False when it is not there any more.
pub fn touch(tx: &Tx, id: ChatId, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "UPDATE assistant_chats SET updated_at = $2 WHERE id = $1";
    Ok(tx.execute(sql, &params![id, now])? == 1)
}

/// Removes a chat with everything said in it. Its documents are the caller's to remove.
pub fn remove(tx: &Tx, chat: &Chat) -> Result<(), store::Error> {
    let id = params![chat.id];
    tx.execute(
        "DELETE FROM assistant_events WHERE run IN (SELECT id FROM assistant_runs WHERE chat = $1)",
        &id,
    )?;
    // The runs stay, without their chat: they hold no text, and are counted.
    tx.execute(
        "UPDATE assistant_runs SET chat = NULL, question_message = NULL, answer_message = NULL,
                sources = '[]', spoken = NULL, cancel_asked = 1 WHERE chat = $1",
        &id,
    )?;
    // What was thought of its answers goes before the answers do: it may hold their words.
    for row in tx.query("SELECT id FROM assistant_messages WHERE chat = $1", &id)? {
        crate::feedback::forget(tx, &row.get::<String>("id")?)?;
    }
    tx.execute("DELETE FROM assistant_messages WHERE chat = $1", &id)?;
    tx.execute("DELETE FROM assistant_abouts WHERE chat = $1", &id)?;
    tx.execute("DELETE FROM assistant_earlier WHERE chat = $1", &id)?;
    tx.execute("DELETE FROM assistant_chats WHERE id = $1", &id)?;
    tx.audit(audited(chat, "chat_deleted", "Deleted a chat"));
    Ok(())
}

/// What callers see.
pub fn view(chat: &Chat) -> Json {
    json!({
        "id": chat.id,
        "tenant": chat.tenant,
        "assistant": chat.assistant,
        "record": chat.record,
        "title": chat.title,
        "is_named": chat.is_named,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
        "run": chat.run,
    })
}

/// A title as it is kept: one line without what surrounds it, no longer than it may be.
pub fn tidy_title(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ").replace('\0', "");
    super::question::cut_at_word(&line, TITLE_MAX).to_owned()
}

pub(super) fn audited(chat: &Chat, action: &'static str, summary: &str) -> audit::Entry {
    audit::Entry::new(chat.tenant, action, format!("chats/{}", chat.id), summary)
}

fn read(row: &Row) -> Result<Chat, store::Error> {
    Ok(Chat {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        assistant: row.get("assistant")?,
        owner: row.get("owner")?,
        record: row.get("record")?,
        title: row.get("title")?,
        is_named: row.get("is_named")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        run: row.get("run")?,
    })
}
