//! Messages: what was said in a chat, oldest first, with what an answer was made from.

use base::{ChatId, Cursor, MessageId, Page, PageRequest, RunId, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, Value, params};

use super::cite::Source;

/// A message.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// In which tenant.
    pub tenant: TenantId,
    /// In which chat.
    pub chat: ChatId,
    /// Its place in the chat.
    pub seq: i64,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// Whether all of it was said.
    pub state: State,
    /// Who answered: `provider/model`, or a word for quoting.
    pub model_used: Option<String>,
    /// Tokens that the answer took, the question included.
    pub tokens_used: Option<u64>,
    /// How it was made.
    pub metadata: Json,
    /// The numbered sources that the answer could use.
    pub sources: Vec<Source>,
    /// The numbers of those that it names.
    pub cited: Vec<u32>,
    /// What could be asked after it, as it was proposed.
    pub followups: Vec<String>,
    /// The run that made it.
    pub run: Option<RunId>,
    /// When it was said.
    pub created_at: Timestamp,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The name in the table and in answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of this name.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

pub(super) use names;

names! {
    /// Who says something.
    Role {
        /// The house.
        System = "system",
        /// The one who asks.
        User = "user",
        /// The assistant.
        Assistant = "assistant",
    }
}

names! {
    /// Whether all of a message was said.
    State {
        /// It was.
        Whole = "whole",
        /// It stops where the model was stopped, or broke off.
        Interrupted = "interrupted",
    }
}

/// Shows which message it is, never what it says.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// The sources that the answer names.
    pub fn citations(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|it| self.cited.contains(&it.number))
    }
}

/// The place of the next message of a chat. Hold the chat before: [`hold`].
pub fn next_seq(db: &Db, chat: ChatId) -> Result<i64, store::Error> {
    let row = db.one(
        "SELECT COALESCE(max(seq), 0) AS last FROM assistant_messages WHERE chat = $1",
        &params![chat],
    )?;
    Ok(row.get::<i64>("last")? + 1)
}

/// Waits until nobody else writes in this chat.
pub fn hold(tx: &Tx, chat: ChatId) -> Result<(), store::Error> {
    tx.hold(&format!("assistant_chats:{chat}"))
}

/// Adds a message.
pub fn add(tx: &Tx, message: &Message) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO assistant_messages
            (id, tenant, chat, seq, role, content, state, model_used, tokens_used, metadata,
             sources, citations, followups, run, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &params![
            message.id,
            message.tenant,
            message.chat,
            message.seq,
            message.role.name(),
            &message.content,
            message.state.name(),
            &message.model_used,
            message.tokens_used,
            &message.metadata,
            json!(message.sources),
            json!(message.cited),
            json!(message.followups),
            message.run,
            message.created_at
        ],
    )?;
    Ok(())
}

/// Takes one message away, with what was thought of it: an answer that is given anew.
pub fn remove(tx: &Tx, chat: ChatId, id: MessageId) -> Result<(), store::Error> {
    // It may hold the words of the answer, and nobody could look at those any more.
    crate::feedback::forget(tx, &id.to_string())?;
    let sql = "DELETE FROM assistant_messages WHERE chat = $1 AND id = $2";
    tx.execute(sql, &params![chat, id]).map(drop)
}

/// Takes the oldest messages away, with what was thought of them, so that `most` are left.
pub fn trim(tx: &Tx, chat: ChatId, most: u32) -> Result<u64, store::Error> {
    let rows = tx.query(
        "SELECT id FROM assistant_messages WHERE chat = $1 AND id NOT IN
            (SELECT id FROM assistant_messages WHERE chat = $1 ORDER BY seq DESC LIMIT $2)",
        &params![chat, most],
    )?;
    for row in &rows {
        remove(tx, chat, row.get("id")?)?;
    }
    Ok(rows.len() as u64)
}

/// A message of a chat.
pub fn get(db: &Db, chat: ChatId, id: MessageId) -> Result<Option<Message>, store::Error> {
    let sql = "SELECT * FROM assistant_messages WHERE chat = $1 AND id = $2";
    db.first(sql, &params![chat, id])?.as_ref().map(read).transpose()
}

/// A message of whatever chat. Whose that is, is the caller's to ask.
pub(crate) fn find(db: &Db, id: MessageId) -> Result<Option<Message>, store::Error> {
    let sql = "SELECT * FROM assistant_messages WHERE id = $1";
    db.first(sql, &params![id])?.as_ref().map(read).transpose()
}

/// Asks for the last messages of a chat. Those before them are reached from their page, backwards.
pub fn from_end(limit: u32) -> PageRequest {
    let cursor = Cursor { key: vec![END.into()], backwards: true };
    PageRequest { limit, cursor: Some(cursor) }
}

/// The place behind the last message.
const END: i64 = i64::MAX;

/// The messages of a chat, the oldest first.
pub fn list(db: &Db, chat: ChatId, page: &PageRequest) -> Result<Page<Message>, store::Error> {
    let key = page.cursor.as_ref().and_then(|it| it.key.first()?.as_i64());
    let limit = Value::Int(i64::from(page.limit) + 1);
    let rows = if page.is_backwards() {
        db.query(
            "SELECT * FROM assistant_messages WHERE chat = $1 AND seq < $2
              ORDER BY seq DESC LIMIT $3",
            &params![chat, key.unwrap_or(END), limit],
        )?
    } else {
        db.query(
            "SELECT * FROM assistant_messages WHERE chat = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            &params![chat, key.unwrap_or(0), limit],
        )?
    };
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let found = Page::of(found, page, |it| vec![it.seq.into()]);
    Ok(match page.is_backwards() && key == Some(END) {
        true => Page { next: None, ..found },
        false => found,
    })
}

/// How many messages a chat has.
pub fn count(db: &Db, chat: ChatId) -> Result<u64, store::Error> {
    let sql = "SELECT count(*) AS total FROM assistant_messages WHERE chat = $1";
    db.one(sql, &params![chat])?.get("total")
}

/// The last messages of a chat before a place in it, the newest first.
pub fn before(db: &Db, chat: ChatId, seq: i64, most: u32) -> Result<Vec<Message>, store::Error> {
    let rows = db.query(
        "SELECT * FROM assistant_messages WHERE chat = $1 AND seq < $2
          ORDER BY seq DESC LIMIT $3",
        &params![chat, seq, most],
    )?;
    rows.iter().map(read).collect()
}

/// The last question of a chat.
pub fn last_question(db: &Db, chat: ChatId) -> Result<Option<Message>, store::Error> {
    let sql = "SELECT * FROM assistant_messages WHERE chat = $1 AND role = 'user'
                ORDER BY seq DESC LIMIT 1";
    db.first(sql, &params![chat])?.as_ref().map(read).transpose()
}

/// The answer to a question: the last one that was made for it.
pub fn answer_to(
    db: &Db,
    chat: ChatId,
    question: MessageId,
) -> Result<Option<Message>, store::Error> {
    let row = db.first(
        "SELECT m.* FROM assistant_messages m JOIN assistant_runs r ON r.id = m.run
          WHERE m.chat = $1 AND m.role = 'assistant' AND r.question_message = $2
          ORDER BY m.seq DESC LIMIT 1",
        &params![chat, question],
    )?;
    row.as_ref().map(read).transpose()
}

/// The question that an answer was made for. It need not be what stands before it: an answer may come
/// late.
pub(crate) fn question_of(db: &Db, answer: &Message) -> Result<Option<Message>, store::Error> {
    let row = db.first(
        "SELECT m.* FROM assistant_messages m JOIN assistant_runs r ON r.question_message = m.id
          WHERE m.chat = $1 AND r.id = $2",
        &params![answer.chat, answer.run],
    )?;
    row.as_ref().map(read).transpose()
}

/// What callers see.
pub fn view(message: &Message) -> Json {
    json!({
        "id": message.id,
        "chat_id": message.chat,
        "role": message.role.name(),
        "content": message.content,
        "state": message.state.name(),
        "model_used": message.model_used,
        "tokens_used": message.tokens_used,
        "metadata": message.metadata,
        "sources": message.sources.iter().map(Source::view).collect::<Vec<_>>(),
        "citations": message.citations().map(Source::citation).collect::<Vec<_>>(),
        "followups": message.followups,
        "run": message.run,
        "created_at": message.created_at,
    })
}

fn read(row: &Row) -> Result<Message, store::Error> {
    let (role, state): (String, String) = (row.get("role")?, row.get("state")?);
    let unknown = |what: &str| store::Error::Constraint { what: format!("an unknown {what}") };
    let list = |column: &str| row.get::<Json>(column);
    Ok(Message {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        chat: row.get("chat")?,
        seq: row.get("seq")?,
        role: Role::of_name(&role).ok_or_else(|| unknown("role of a message"))?,
        content: row.get("content")?,
        state: State::of_name(&state).ok_or_else(|| unknown("state of a message"))?,
        model_used: row.get("model_used")?,
        tokens_used: row.get("tokens_used")?,
        metadata: row.get("metadata")?,
        sources: serde_json::from_value(list("sources")?).unwrap_or_default(),
        cited: serde_json::from_value(list("citations")?).unwrap_or_default(),
        followups: serde_json::from_value(list("followups")?).unwrap_or_default(),
        run: row.get("run")?,
        created_at: row.get("created_at")?,
    })
}
