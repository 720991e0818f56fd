//! What one person asked over data, counted and taken away for good, a little at a time.
//!
//! Start at [`remove_conversation`]; [`crate::person`] calls.

use base::ChatId;
use store::{Db, Tx, params};

use super::conversation;

/// How much of each kind somebody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Having {
    pub(crate) conversations: u64,
    /// Questions of which it is known how they fared.
    pub(crate) questions: u64,
}

/// How much somebody has.
pub(crate) fn count(db: &Db, owner: &str) -> Result<Having, store::Error> {
    let total =
        |sql: &str| -> Result<u64, store::Error> { db.one(sql, &params![owner])?.get("total") };
    Ok(Having {
        conversations: total(
            "SELECT count(*) AS total FROM question_conversations WHERE owner = $1",
        )?,
        questions: total("SELECT count(*) AS total FROM question_runs WHERE owner = $1")?,
    })
}

/// Some of somebody's conversations.
pub(crate) fn conversations(
    db: &Db,
    owner: &str,
    most: usize,
) -> Result<Vec<ChatId>, store::Error> {
    let sql = "SELECT id FROM question_conversations WHERE owner = $1 ORDER BY id LIMIT $2";
    db.query(sql, &params![owner, most])?.iter().map(|it| it.get("id")).collect()
}

/// Takes a conversation away with everything said in it, and the answers that are kept for the same
/// questions: they hold the words of whoever asked first. False when it went meanwhile.
pub(crate) fn remove_conversation(tx: &Tx, id: ChatId) -> Result<bool, store::Error> {
    conversation::hold(tx, id)?;
    tx.execute(
        "DELETE FROM question_answers
          WHERE EXISTS (SELECT 1 FROM question_turns t
                         WHERE t.conversation = $1 AND t.tenant = question_answers.tenant
                           AND t.hash = question_answers.hash)",
        &params![id],
    )?;
    tx.execute("DELETE FROM question_turns WHERE conversation = $1", &params![id])?;
    let sql = "DELETE FROM question_conversations WHERE id = $1";
    Ok(tx.execute(sql, &params![id])? == 1)
}

/// Forgets how somebody's questions fared, some of them; says how many.
pub(crate) fn forget_questions(tx: &Tx, owner: &str, most: usize) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM question_runs
          WHERE id IN (SELECT id FROM question_runs WHERE owner = $1 ORDER BY id LIMIT $2)",
        &params![owner, most],
    )
}
