//! Conversations: the questions that somebody asked one after the other, with their answers. Each is
//! its owner's alone, whatever anybody's role, and goes when it has been quiet for long enough.

use base::{ChatId, MessageId, Page, PageRequest, TenantId, Timestamp};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, Value, audit, params};

use super::QuestionError;
use crate::assistant::chat::Whose;

/// A conversation.
#[derive(Clone, PartialEq)]
pub struct Conversation {
    /// Which one.
    pub id: ChatId,
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose: as the audit log writes actors.
    pub owner: String,
    /// Over which questions of the application.
    pub questions: String,
    /// The beginning of its first question.
    pub title: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last asked in it.
    pub updated_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
}

/// A question and its answer.
#[derive(Clone, PartialEq)]
pub struct Turn {
    /// Which one.
    pub id: MessageId,
    /// In which tenant.
    pub tenant: TenantId,
    /// In which conversation.
    pub conversation: ChatId,
    /// Its place in it, from 1.
    pub seq: i64,
    /// The question, to know it again.
    pub hash: String,
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub answer: String,
    /// What could be asked next.
    pub followups: Vec<String>,
    /// In which language.
    pub language: String,
    /// What the data said, as far as it was listed.
    pub result: Json,
    /// The answer had been given before.
    pub from_cache: bool,
    /// When.
    pub created_at: Timestamp,
}

/// Shows which it is, never what is said in it.
impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Shows which it is, never what is said in it.
impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("id", &self.id).field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// A title: the first characters of a question.
pub fn title(question: &str, chars: usize) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars {
        return line;
    }
    format!("{}...", line.chars().take(chars).collect::<String>())
}

/// Begins a conversation.
pub fn create(tx: &Tx, conversation: &Conversation) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO question_conversations
            (id, tenant, owner, questions, title, created_at, updated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &params![
            conversation.id,
            conversation.tenant,
            &conversation.owner,
            &conversation.questions,
            &conversation.title,
            conversation.created_at,
            conversation.updated_at,
            conversation.expires_at
        ],
    )?;
    tx.audit(audited(conversation, "conversation_created", "Began a conversation"));
    Ok(())
}

/// A conversation of this person that has not gone.
///
/// # Errors
/// [`QuestionError::NoSuchConversation`] also for somebody else's.
pub fn get(
    db: &Db,
    whose: &Whose,
    id: ChatId,
    now: Timestamp,
) -> Result<Conversation, QuestionError> {
    let row = db.first(
        "SELECT * FROM question_conversations WHERE id = $1 AND owner = $2 AND expires_at > $3",
        &params![id, &whose.owner, now],
    )?;
    let found = row.as_ref().map(read).transpose()?;
    found
        .filter(|it| whose.reach.includes(Reach::Tenant(it.tenant)))
        .ok_or(QuestionError::NoSuchConversation(id))
}

/// Waits until nobody else asks in this conversation, which may be gone by then.
pub fn hold(tx: &Tx, id: ChatId) -> Result<(), store::Error> {
    tx.hold(&format!("question_conversations:{id}"))
}

const LIST: &str = "
    SELECT * FROM question_conversations
     WHERE tenant = $1 AND owner = $2 AND (questions = $3 OR $4 = 1) AND expires_at > $5
       AND (updated_at, id) < ($6, $7)
     ORDER BY updated_at DESC, id DESC LIMIT $8";
const LIST_BACK: &str = "
    SELECT * FROM question_conversations
     WHERE tenant = $1 AND owner = $2 AND (questions = $3 OR $4 = 1) AND expires_at > $5
       AND (updated_at, id) > ($6, $7)
     ORDER BY updated_at, id LIMIT $8";

/// The conversations of a person in a tenant, the one in which something was last asked first.
pub fn list(
    db: &Db,
    owner: &str,
    tenant: TenantId,
    questions: Option<&str>,
    now: Timestamp,
    page: &PageRequest,
) -> Result<Page<Conversation>, store::Error> {
    let sql = if page.is_backwards() { LIST_BACK } else { LIST };
    let (at, id) = page.moment_and_id();
    let rows = db.query(
        sql,
        &params![
            tenant,
            owner,
            questions.unwrap_or_default(),
            questions.is_none(),
            now,
            at,
            id,
            Value::Int(i64::from(page.limit) + 1)
        ],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![it.updated_at.as_microsecond().into(), it.id.to_string().into()]
    }))
}

/// How many conversations a person has in a tenant.
pub fn count(
    db: &Db,
    owner: &str,
    tenant: TenantId,
    questions: Option<&str>,
    now: Timestamp,
) -> Result<u64, store::Error> {
    let row = db.one(
        "SELECT count(*) AS total FROM question_conversations
          WHERE tenant = $1 AND owner = $2 AND (questions = $3 OR $4 = 1) AND expires_at > $5",
        &params![tenant, owner, questions.unwrap_or_default(), questions.is_none(), now],
    )?;
    row.get("total")
}

/// Something was asked in it. False when it is not there any more.
pub fn touch(
    tx: &Tx,
    id: ChatId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, store::Error> {
    let sql = "UPDATE question_conversations SET updated_at = $2, expires_at = $3 WHERE id = $1";
    Ok(tx.execute(sql, &params![id, now, expires_at])? == 1)
}

/// Removes a conversation with everything said in it.
pub fn remove(tx: &Tx, conversation: &Conversation) -> Result<(), store::Error> {
    tx.execute("DELETE FROM question_turns WHERE conversation = $1", &params![conversation.id])?;
    tx.execute("DELETE FROM question_conversations WHERE id = $1", &params![conversation.id])?;
    tx.audit(audited(conversation, "conversation_deleted", "Deleted a conversation"));
    Ok(())
}

/// The place of the next turn. Hold the conversation before.
pub fn next_seq(db: &Db, id: ChatId) -> Result<i64, store::Error> {
    let row = db.one(
        "SELECT COALESCE(max(seq), 0) AS last FROM question_turns WHERE conversation = $1",
        &params![id],
    )?;
    Ok(row.get::<i64>("last")? + 1)
}

/// Adds a turn.
pub fn add(tx: &Tx, turn: &Turn) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO question_turns
            (id, tenant, conversation, seq, hash, question, answer, followups, language, result,
             from_cache, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &params![
            turn.id,
            turn.tenant,
            turn.conversation,
            turn.seq,
            &turn.hash,
            &turn.question,
            &turn.answer,
            json!(turn.followups),
            &turn.language,
            &turn.result,
            turn.from_cache,
            turn.created_at
        ],
    )?;
    Ok(())
}

/// The last turns of a conversation, the oldest of them first.
pub fn last(db: &Db, id: ChatId, most: u32) -> Result<Vec<Turn>, store::Error> {
    let rows = db.query(
        "SELECT * FROM question_turns WHERE conversation = $1 ORDER BY seq DESC LIMIT $2",
        &params![id, most],
    )?;
    let mut turns = rows.iter().map(read_turn).collect::<Result<Vec<_>, _>>()?;
    turns.reverse();
    Ok(turns)
}

/// The newest turn of a conversation in which the same was asked, not before `since`.
pub fn same(
    db: &Db,
    id: ChatId,
    hash: &str,
    since: Timestamp,
) -> Result<Option<Turn>, store::Error> {
    let row = db.first(
        "SELECT * FROM question_turns WHERE conversation = $1 AND hash = $2 AND created_at >= $3
          ORDER BY seq DESC LIMIT 1",
        &params![id, hash, since],
    )?;
    row.as_ref().map(read_turn).transpose()
}

/// A turn of a conversation.
pub fn turn(db: &Db, id: MessageId) -> Result<Option<Turn>, store::Error> {
    let row = db.first("SELECT * FROM question_turns WHERE id = $1", &params![id])?;
    row.as_ref().map(read_turn).transpose()
}

/// The turns of a conversation, the oldest first.
pub fn turns(db: &Db, id: ChatId, page: &PageRequest) -> Result<Page<Turn>, store::Error> {
    let key = page.cursor.as_ref().and_then(|it| it.key.first()?.as_i64());
    let limit = Value::Int(i64::from(page.limit) + 1);
    let rows = if page.is_backwards() {
        db.query(
            "SELECT * FROM question_turns WHERE conversation = $1 AND seq < $2
              ORDER BY seq DESC LIMIT $3",
            &params![id, key.unwrap_or(i64::MAX), limit],
        )?
    } else {
        db.query(
            "SELECT * FROM question_turns WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            &params![id, key.unwrap_or(0), limit],
        )?
    };
    let found = rows.iter().map(read_turn).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| vec![it.seq.into()]))
}

/// How many turns a conversation has.
pub fn count_turns(db: &Db, id: ChatId) -> Result<u64, store::Error> {
    let sql = "SELECT count(*) AS total FROM question_turns WHERE conversation = $1";
    db.one(sql, &params![id])?.get("total")
}

/// Removes what has been quiet for long enough.
pub fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM question_turns WHERE conversation IN
            (SELECT id FROM question_conversations WHERE expires_at <= $1)",
        &params![now],
    )?;
    tx.execute("DELETE FROM question_conversations WHERE expires_at <= $1", &params![now])
}

/// What callers see of a conversation.
pub fn view(conversation: &Conversation) -> Json {
    json!({
        "id": conversation.id,
        "tenant": conversation.tenant,
        "questions": conversation.questions,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "expires_at": conversation.expires_at,
    })
}

/// What callers see of a turn.
pub fn turn_view(turn: &Turn) -> Json {
    json!({
        "id": turn.id,
        "conversation": turn.conversation,
        "seq": turn.seq,
        "question": turn.question,
        "answer": turn.answer,
        "followups": turn.followups,
        "language": turn.language,
        "result": turn.result,
        "from_cache": turn.from_cache,
        "created_at": turn.created_at,
    })
}

fn audited(conversation: &Conversation, action: &'static str, summary: &str) -> audit::Entry {
    let subject = format!("conversations/{}", conversation.id);
    audit::Entry::new(conversation.tenant, action, subject, summary)
}

fn read(row: &Row) -> Result<Conversation, store::Error> {
    Ok(Conversation {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        owner: row.get("owner")?,
        questions: row.get("questions")?,
        title: row.get("title")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        expires_at: row.get("expires_at")?,
    })
}

fn read_turn(row: &Row) -> Result<Turn, store::Error> {
    let followups: Json = row.get("followups")?;
    Ok(Turn {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        conversation: row.get("conversation")?,
        seq: row.get("seq")?,
        hash: row.get("hash")?,
        question: row.get("question")?,
        answer: row.get("answer")?,
        followups: serde_json::from_value(followups).unwrap_or_default(),
        language: row.get("language")?,
        result: row.get("result")?,
        from_cache: row.get("from_cache")?,
        created_at: row.get("created_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_a_question() {
        assert_eq!(title("What do  customers\ncall about?", 50), "What do customers call about?");
        let long = "a".repeat(60);
        assert_eq!(title(&long, 50), format!("{}...", "a".repeat(50)));
    }
}
