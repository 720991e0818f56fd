//! What one person has with assistants, counted and taken away for good, a little at a time.
//!
//! Runs that ended stay as numbers that belong to nobody; one that is under way goes, and whoever makes it
//! has nothing left to keep its answer in. Start at [`disown`] and [`remove_chat`]; [`crate::person`] calls.

use base::{ChatId, DocumentId, RunId, TenantId, Timestamp};
use identity::Reach;
use knowledge::document::remove::of_chat;
use store::{Db, Tx, params};

use super::{
    AssistantError,
    chat::{self, Whose},
    message,
};

/// How much of each kind somebody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Having {
    pub(crate) chats: u64,
    pub(crate) messages: u64,
    pub(crate) runs: u64,
    pub(crate) prompts: u64,
}

/// A chat that was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) messages: u64,
    /// The documents that lay in it.
    pub(crate) documents: Vec<(TenantId, DocumentId)>,
}

/// How much somebody has.
pub(crate) fn count(db: &Db, owner: &str) -> Result<Having, store::Error> {
    let total =
        |sql: &str| -> Result<u64, store::Error> { db.one(sql, &params![owner])?.get("total") };
    Ok(Having {
        chats: total("SELECT count(*) AS total FROM assistant_chats WHERE owner = $1")?,
        messages: total(
            "SELECT count(*) AS total FROM assistant_messages
              WHERE chat IN (SELECT id FROM assistant_chats WHERE owner = $1)",
        )?,
        runs: total("SELECT count(*) AS total FROM assistant_runs WHERE owner = $1")?,
        prompts: total("SELECT count(*) AS total FROM assistant_prompts WHERE owner = $1")?,
    })
}

/// Some of somebody's runs.
pub(crate) fn runs(db: &Db, owner: &str, most: usize) -> Result<Vec<RunId>, store::Error> {
    let sql = "SELECT id FROM assistant_runs WHERE owner = $1 ORDER BY id LIMIT $2";
    db.query(sql, &params![owner, most])?.iter().map(|it| it.get("id")).collect()
}

/// Takes runs from whose they are, with everything that was told of them.
pub(crate) fn disown(tx: &Tx, runs: &[RunId]) -> Result<(), store::Error> {
    for id in runs {
        // First, because whoever makes one holds its row while it keeps what is told.
        tx.execute(
            "DELETE FROM assistant_runs WHERE id = $1 AND state = 'running'",
            &params![*id],
        )?;
        tx.execute(
            "UPDATE assistant_runs
                SET owner = '', chat = NULL, question_message = NULL, answer_message = NULL,
                    replaces = NULL, sources = '[]', metadata = '{}'
              WHERE id = $1",
            &params![*id],
        )?;
        tx.execute("DELETE FROM assistant_events WHERE run = $1", &params![*id])?;
    }
    Ok(())
}

/// Some of somebody's chats.
pub(crate) fn chats(db: &Db, owner: &str, most: usize) -> Result<Vec<ChatId>, store::Error> {
    let sql = "SELECT id FROM assistant_chats WHERE owner = $1 ORDER BY id LIMIT $2";
    db.query(sql, &params![owner, most])?.iter().map(|it| it.get("id")).collect()
}

/// Takes a chat away with everything said in it, and its documents. None when it went meanwhile.
pub(crate) fn remove_chat(
    tx: &Tx,
    owner: &str,
    id: ChatId,
    has_documents: bool,
    now: Timestamp,
) -> Result<Option<Removed>, AssistantError> {
    message::hold(tx, id)?;
    let whose = Whose { owner: owner.to_owned(), reach: Reach::All };
    let found = match chat::get(tx, &whose, id) {
        Ok(found) => found,
        Err(AssistantError::NoSuchChat(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let messages = message::count(tx, id)?;
    let documents = if has_documents { of_chat(tx, found.tenant, id, now)? } else { Vec::new() };
    chat::remove(tx, &found)?;
    let documents = documents.into_iter().map(|it| (found.tenant, it)).collect();
    Ok(Some(Removed { messages, documents }))
}

/// Takes away the system prompts that somebody set for themselves; says how many.
pub(crate) fn remove_prompts(tx: &Tx, owner: &str) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM assistant_prompts WHERE owner = $1", &params![owner])
}
