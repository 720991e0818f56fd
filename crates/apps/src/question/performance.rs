//! How questions fared: one row for each, answered or not, so that somebody can see what people ask
//! and get no answer to.

use base::{Page, PageRequest, RunId, TenantId, Timestamp};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, Value, params};

/// How one question fared.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Which one.
    pub id: RunId,
    /// In which tenant.
    pub tenant: TenantId,
    /// Over which questions of the application.
    pub questions: String,
    /// Who asked, as the audit log writes actors.
    pub owner: String,
    /// What was asked.
    pub question: String,
    /// Why there was no answer, as a code.
    pub error: Option<String>,
    /// What it was about.
    pub category: Option<String>,
    /// In which language.
    pub language: String,
    /// How long it took.
    pub response_ms: u64,
    /// Tokens used.
    pub tokens_used: u64,
    /// The answer had been given before.
    pub from_cache: bool,
    /// When.
    pub at: Timestamp,
}

/// Shows how it fared, never what was asked.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("error", &self.error)
            .field("response_ms", &self.response_ms)
            .finish_non_exhaustive()
    }
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Only those that were answered, or only those that were not.
    pub was_answered: Option<bool>,
}

/// Notes how a question fared.
pub fn add(tx: &Tx, entry: &Entry) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO question_runs
            (id, tenant, questions, owner, question, was_answered, error, category, language,
             response_ms, tokens_used, from_cache, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &params![
            entry.id,
            entry.tenant,
            &entry.questions,
            &entry.owner,
            &entry.question,
            entry.error.is_none(),
            &entry.error,
            &entry.category,
            &entry.language,
            entry.response_ms,
            entry.tokens_used,
            entry.from_cache,
            entry.at
        ],
    )?;
    Ok(())
}

const LIST: &str = "
    SELECT * FROM question_runs
     WHERE (tenant = $1 OR $2 = 1) AND (was_answered = $3 OR $4 = 1) AND (at, id) < ($5, $6)
     ORDER BY at DESC, id DESC LIMIT $7";
const LIST_BACK: &str = "
    SELECT * FROM question_runs
     WHERE (tenant = $1 OR $2 = 1) AND (was_answered = $3 OR $4 = 1) AND (at, id) > ($5, $6)
     ORDER BY at, id LIMIT $7";

/// How questions fared, the newest first.
pub fn list(
    db: &Db,
    reach: Reach,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Entry>, store::Error> {
    let sql = if page.is_backwards() { LIST_BACK } else { LIST };
    let tenant = reach.tenant().or(filter.tenant);
    let (at, id) = page.moment_and_id();
    let rows = db.query(
        sql,
        &params![
            tenant.unwrap_or(TenantId::DEFAULT),
            tenant.is_none(),
            filter.was_answered.unwrap_or_default(),
            filter.was_answered.is_none(),
            at,
            id,
            Value::Int(i64::from(page.limit) + 1)
        ],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| vec![it.at.as_microsecond().into(), it.id.to_string().into()]))
}

/// Removes what is older.
pub fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM question_runs WHERE at < $1", &params![before])
}

/// What callers see.
pub fn view(entry: &Entry) -> Json {
    json!({
        "id": entry.id,
        "tenant": entry.tenant,
        "questions": entry.questions,
        "asked_by": entry.owner,
        "question": entry.question,
        "was_answered": entry.error.is_none(),
        "error": entry.error,
        "category": entry.category,
        "language": entry.language,
        "response_ms": entry.response_ms,
        "tokens_used": entry.tokens_used,
        "from_cache": entry.from_cache,
        "at": entry.at,
    })
}

fn read(row: &Row) -> Result<Entry, store::Error> {
    Ok(Entry {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        questions: row.get("questions")?,
        owner: row.get("owner")?,
        question: row.get("question")?,
        error: row.get("error")?,
        category: row.get("category")?,
        language: row.get("language")?,
        response_ms: row.get("response_ms")?,
        tokens_used: row.get("tokens_used")?,
        from_cache: row.get("from_cache")?,
        at: row.get("at")?,
    })
}
