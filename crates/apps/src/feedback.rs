//! What people think of results and answers: up or down, and words if they like.
//!
//! Each person says it once about each, and may think again. It names the version of the prompt that the
//! answer came from, so that a change of a prompt can be judged by what was thought before and after it,
//! and what was judged becomes a test set for the next change. Words of a chat that nobody else sees are
//! kept here only when the person says that they may be shown.
//!
//! Start at [`Feedback`] and [`give`]; who may give and see it is decided in [`crate::acts::feedback`].

use base::{Page, PageRequest, TenantId, Timestamp, metric::Counter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, Value, audit, params};

static FEEDBACK: Counter = Counter::new(
    "feedback_total",
    "What people thought of results and answers, each time they said it.",
    &["task", "verdict"],
);

/// Good or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Good.
    Up,
    /// Not good.
    Down,
}

impl Verdict {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Up, Self::Down].into_iter().find(|it| it.name() == name)
    }
}

/// What something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A result of a task.
    Result,
    /// An answer in a chat.
    Message,
}

impl Kind {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Message => "message",
        }
    }
}

/// What somebody thinks of something.
#[derive(Clone, PartialEq)]
pub struct Feedback {
    /// The id of the result or message.
    pub subject: String,
    /// Who says it, as the audit log writes actors.
    pub owner: String,
    /// In which tenant.
    pub tenant: TenantId,
    /// What the subject is.
    pub kind: Kind,
    /// The task or the assistant that made it.
    pub task: String,
    /// The version of the prompt that it was made with.
    pub prompt_version: Option<String>,
    /// Good or not.
    pub verdict: Verdict,
    /// In words.
    pub words: Option<String>,
    /// Question and answer of a chat, when they may be shown.
    pub shared: Option<Json>,
    /// When it was said first.
    pub created_at: Timestamp,
    /// When it was said last.
    pub updated_at: Timestamp,
}

/// Shows what it is about, never the words.
impl std::fmt::Debug for Feedback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feedback")
            .field("subject", &self.subject)
            .field("task", &self.task)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// Which feedback is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this task or assistant.
    pub task: Option<String>,
    /// Only what is good, or only what is not.
    pub verdict: Option<Verdict>,
}

/// Writes down what somebody thinks; what they thought before is replaced.
pub fn give(tx: &Tx, it: &Feedback) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO feedback (subject, owner, tenant, kind, task, prompt_version, verdict, words,
                               shared, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (subject, owner) DO UPDATE
            SET verdict = excluded.verdict, words = excluded.words, shared = excluded.shared,
                prompt_version = excluded.prompt_version, updated_at = excluded.updated_at",
        &params![
            &it.subject,
            &it.owner,
            it.tenant,
            it.kind.name(),
            &it.task,
            &it.prompt_version,
            it.verdict.name(),
            &it.words,
            &it.shared,
            it.created_at,
            it.updated_at
        ],
    )?;
    // The words are the person's: the audit log knows that there were some.
    let after = json!({"verdict": it.verdict, "task": it.task, "has_words": it.words.is_some()});
    let subject = format!("{}s/{}", it.kind.name(), it.subject);
    let entry = audit::Entry::new(it.tenant, "feedback_given", subject, "Gave feedback");
    tx.audit(entry.after(after));
    FEEDBACK.increment(&[&it.task, it.verdict.name()]);
    Ok(())
}

const CHOSEN: &str = "(tenant = $1 OR CAST($1 AS TEXT) IS NULL) AND (task = $2 OR $3 = 1) AND (verdict = $4 OR $5 = 1)";

/// Feedback in a tenant, or in all, the newest first.
pub fn list(
    db: &Db,
    tenant: Option<TenantId>,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Feedback>, store::Error> {
    let (sign, order) = match page.is_backwards() {
        true => (">", ""),
        false => ("<", " DESC"),
    };
    let sql = format!(
        "SELECT * FROM feedback
          WHERE {CHOSEN} AND (created_at, subject, owner) {sign} ($6, $7, $8)
          ORDER BY created_at{order}, subject{order}, owner{order} LIMIT $9"
    );
    let key = page.cursor.as_ref().map(|it| it.key.as_slice());
    let at = key.map_or(i64::MAX, |it| it.first().and_then(Json::as_i64).unwrap_or_default());
    let text = |place: usize| key.and_then(|it| it.get(place)?.as_str()).unwrap_or_default();
    let mut values = filter.params(tenant).to_vec();
    values.extend(params![at, text(1), text(2), Value::Int(i64::from(page.limit) + 1)]);
    let rows = db.query(sql.as_str(), &values)?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![
            it.created_at.as_microsecond().into(),
            it.subject.as_str().into(),
            it.owner.as_str().into(),
        ]
    }))
}

/// How much was good and how much was not, by task and version of the prompt.
pub fn summary(
    db: &Db,
    tenant: Option<TenantId>,
    filter: &Filter,
) -> Result<Vec<Json>, store::Error> {
    let sql = format!(
        "SELECT task, prompt_version, kind,
                CAST(sum(CASE verdict WHEN 'up' THEN 1 ELSE 0 END) AS BIGINT) AS up,
                CAST(sum(CASE verdict WHEN 'down' THEN 1 ELSE 0 END) AS BIGINT) AS down,
                count(words) AS with_words
           FROM feedback WHERE {CHOSEN}
          GROUP BY task, prompt_version, kind
          ORDER BY task, prompt_version"
    );
    let rows = db.query(sql.as_str(), &filter.params(tenant))?;
    let each = rows.iter().map(|row| {
        Ok(json!({
            "task": row.get::<String>("task")?,
            "kind": row.get::<String>("kind")?,
            "prompt_version": row.get::<Option<String>>("prompt_version")?,
            "up": row.get::<i64>("up")?,
            "down": row.get::<i64>("down")?,
            "with_words": row.get::<i64>("with_words")?,
        }))
    });
    each.collect()
}

/// Removes what was said about something that is gone.
pub(crate) fn forget(tx: &Tx, subject: &str) -> Result<(), store::Error> {
    tx.execute("DELETE FROM feedback WHERE subject = $1", &params![subject]).map(drop)
}

/// Removes what was said of answers that are not there any more: it was said while they were taken away.
pub(crate) fn sweep(tx: &Tx) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM feedback WHERE kind = 'message' AND NOT EXISTS
            (SELECT 1 FROM assistant_messages m WHERE m.id = feedback.subject)",
        &[],
    )
}

/// Removes everything that somebody said, of whatever.
pub(crate) fn forget_owner(tx: &Tx, owner: &str) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM feedback WHERE owner = $1", &params![owner])
}

/// How often somebody said something.
pub(crate) fn count_of(db: &Db, owner: &str) -> Result<u64, store::Error> {
    let sql = "SELECT count(*) AS total FROM feedback WHERE owner = $1";
    db.one(sql, &params![owner])?.get("total")
}

/// Removes everything of a tenant.
pub(crate) fn erase(tx: &Tx, tenant: TenantId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM feedback WHERE tenant = $1", &params![tenant]).map(drop)
}

/// What callers see.
pub fn view(it: &Feedback) -> Json {
    json!({
        "subject": it.subject,
        "kind": it.kind.name(),
        "task": it.task,
        "prompt_version": it.prompt_version,
        "verdict": it.verdict,
        "words": it.words,
        "given_by": it.owner,
        "created_at": it.created_at,
        "updated_at": it.updated_at,
    })
}

impl Filter {
    fn params(&self, tenant: Option<TenantId>) -> [Value; 5] {
        params![
            tenant,
            self.task.as_deref().unwrap_or_default(),
            self.task.is_none(),
            self.verdict.map_or("", Verdict::name),
            self.verdict.is_none()
        ]
    }
}

fn read(row: &Row) -> Result<Feedback, store::Error> {
    let unknown = |what: &str| store::Error::Constraint { what: format!("an unknown {what}") };
    let (kind, verdict): (String, String) = (row.get("kind")?, row.get("verdict")?);
    let kind = [Kind::Result, Kind::Message].into_iter().find(|it| it.name() == kind);
    Ok(Feedback {
        subject: row.get("subject")?,
        owner: row.get("owner")?,
        tenant: row.get("tenant")?,
        kind: kind.ok_or_else(|| unknown("kind of feedback"))?,
        task: row.get("task")?,
        prompt_version: row.get("prompt_version")?,
        verdict: Verdict::of_name(&verdict).ok_or_else(|| unknown("verdict"))?,
        words: row.get("words")?,
        shared: row.get("shared")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
