//! Answers that are given again: the same question of the same tenant, within some days, over the same
//! tables and prompts.

use base::{TenantId, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Db, Row, Tx, params};

/// An answer that is kept.
#[derive(Clone, PartialEq)]
pub struct Kept {
    /// What was asked.
    pub question: String,
    /// The query that was run.
    pub query: String,
    /// What it found, as far as it was listed.
    pub result: Json,
    /// The answer.
    pub answer: String,
    /// What could be asked next.
    pub followups: Vec<String>,
    /// In which language.
    pub language: String,
    /// What the question was about.
    pub category: Option<String>,
    /// How long the query took.
    pub execution_ms: u64,
    /// How many rows it found.
    pub result_count: u64,
}

/// Where an answer is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose.
    pub tenant: TenantId,
    /// Over which questions of the application.
    pub questions: String,
    /// The question: [`hash`].
    pub hash: String,
    /// What it rests on beside the data.
    pub made_by: String,
}

/// Shows how long the question is, never what it asks.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("question_bytes", &self.question.len())
            .field("result_count", &self.result_count)
            .finish_non_exhaustive()
    }
}

/// The same for questions that differ in capitals and spaces alone and are answered in one language.
pub fn hash(question: &str, language: &str) -> String {
    let words = question.to_lowercase();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let digest = Sha256::new().chain_update(language).chain_update([0]).chain_update(words);
    hex::encode(digest.finalize())
}

/// The answer that is kept, if there is one that still counts.
pub fn get(db: &Db, key: &Key, now: Timestamp) -> Result<Option<Kept>, store::Error> {
    let row = db.first(
        "SELECT * FROM question_answers
          WHERE tenant = $1 AND questions = $2 AND hash = $3 AND made_by = $4 AND expires_at > $5",
        &params![key.tenant, &key.questions, &key.hash, &key.made_by, now],
    )?;
    row.as_ref().map(read).transpose()
}

/// Keeps an answer, in the place of an older one.
pub fn put(
    tx: &Tx,
    key: &Key,
    kept: &Kept,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO question_answers
            (tenant, hash, questions, made_by, question, query, result, answer, followups, language,
             category, execution_ms, result_count, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (tenant, questions, hash) DO UPDATE SET
            made_by = excluded.made_by, question = excluded.question, query = excluded.query,
            result = excluded.result, answer = excluded.answer, followups = excluded.followups,
            language = excluded.language, category = excluded.category,
            execution_ms = excluded.execution_ms, result_count = excluded.result_count,
            created_at = excluded.created_at, expires_at = excluded.expires_at",
        &params![
            key.tenant,
            &key.hash,
            &key.questions,
            &key.made_by,
            &kept.question,
            &kept.query,
            &kept.result,
            &kept.answer,
            json!(kept.followups),
            &kept.language,
            &kept.category,
            kept.execution_ms,
            kept.result_count,
            now,
            expires_at
        ],
    )?;
    Ok(())
}

/// Removes what counts no longer.
pub fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM question_answers WHERE expires_at <= $1", &params![now])
}

fn read(row: &Row) -> Result<Kept, store::Error> {
    let followups: Json = row.get("followups")?;
    Ok(Kept {
        question: row.get("question")?,
        query: row.get("query")?,
        result: row.get("result")?,
        answer: row.get("answer")?,
        followups: serde_json::from_value(followups).unwrap_or_default(),
        language: row.get("language")?,
        category: row.get("category")?,
        execution_ms: row.get("execution_ms")?,
        result_count: row.get("result_count")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_differ_in_capitals_and_spaces_are_the_same() {
        assert_eq!(hash("How many  calls?", "en"), hash(" how MANY calls?\n", "en"));
        assert_ne!(hash("How many calls?", "en"), hash("How many call?", "en"));
    }

    #[test]
    fn the_same_words_with_an_answer_in_another_language_are_another_question() {
        assert_ne!(hash("Top topics?", "en"), hash("Top topics?", "nl"));
    }
}
