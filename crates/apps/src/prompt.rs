//! Prompts with a history: each text that was ever in use is kept under a number.
//!
//! The files of the application are what counts. At start, a text that differs from the one in use
//! becomes the next version; results name the version that made them.

use base::{Page, PageRequest, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Db, Row, Tx, audit, params};

/// One text of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptTemplate {
    /// The task that asks with it.
    pub name: String,
    /// Counts from 1.
    pub version: i64,
    /// The text.
    pub text: String,
    /// The variables it asks for.
    pub variables: Vec<String>,
    /// In use now.
    pub is_active: bool,
    /// When it came into use.
    pub created_at: Timestamp,
}

/// Takes a text into use. Returns its version, which is the old one when nothing changed.
pub fn record(
    tx: &Tx,
    name: &str,
    text: &str,
    variables: &[String],
    now: Timestamp,
) -> Result<i64, store::Error> {
    tx.hold(&format!("prompt_templates:{name}"))?;
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    let active = tx.first(
        "SELECT version, hash FROM prompt_templates WHERE name = $1 AND is_active = 1",
        &params![name],
    )?;
    if let Some(row) = &active
        && row.get::<String>("hash")? == hash
    {
        return row.get("version");
    }
    let last = tx.one(
        "SELECT COALESCE(max(version), 0) AS version FROM prompt_templates WHERE name = $1",
        &params![name],
    )?;
    let version = last.get::<i64>("version")? + 1;
    tx.execute("UPDATE prompt_templates SET is_active = 0 WHERE name = $1", &params![name])?;
    tx.execute(
        "INSERT INTO prompt_templates (name, version, hash, text, variables, is_active, created_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6)",
        &params![name, version, hash, text, json!(variables), now],
    )?;
    let summary = format!("Took version {version} of the prompt {name} into use");
    let subject = format!("prompts/{name}");
    tx.audit(audit::Entry::new(base::TenantId::DEFAULT, "prompt_changed", subject, summary));
    Ok(version)
}

/// The version of a prompt that is in use, as results name it: `refactor@3`.
pub fn in_use(db: &Db, name: &str) -> Result<Option<String>, store::Error> {
    let row = db.first(
        "SELECT version FROM prompt_templates WHERE name = $1 AND is_active = 1",
        &params![name],
    )?;
    row.map(|it| Ok(format!("{name}@{}", it.get::<i64>("version")?))).transpose()
}

/// All texts, by name and newest first. There are few, so they are always counted.
pub fn list(db: &Db, page: &PageRequest) -> Result<Page<PromptTemplate>, store::Error> {
    let backwards = page.is_backwards();
    let key = page.cursor.as_ref().map(|it| it.key.as_slice()).unwrap_or_default();
    let name = key.first().and_then(Json::as_str).unwrap_or_default();
    let version = key.get(1).and_then(Json::as_i64).unwrap_or_default();
    let rows = db.query(
        if backwards {
            "SELECT * FROM prompt_templates WHERE (name, -version) < ($1, $2)
              ORDER BY name DESC, version LIMIT $3"
        } else {
            "SELECT * FROM prompt_templates WHERE (name, -version) > ($1, $2)
              ORDER BY name, version DESC LIMIT $3"
        },
        &params![name, if page.cursor.is_some() { -version } else { i64::MIN }, page.limit + 1],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut page = Page::of(found, page, |it| vec![it.name.clone().into(), it.version.into()]);
    let count = db.one("SELECT count(*) AS total FROM prompt_templates", &[])?;
    page.total = Some(count.get("total")?);
    Ok(page)
}

/// What callers see.
pub fn view(prompt: &PromptTemplate) -> Json {
    json!({
        "name": prompt.name,
        "version": prompt.version,
        "text": prompt.text,
        "variables": prompt.variables,
        "is_active": prompt.is_active,
        "created_at": prompt.created_at,
    })
}

fn read(row: &Row) -> Result<PromptTemplate, store::Error> {
    let variables: Json = row.get("variables")?;
    Ok(PromptTemplate {
        name: row.get("name")?,
        version: row.get("version")?,
        text: row.get("text")?,
        variables: serde_json::from_value(variables).unwrap_or_default(),
        is_active: row.get("is_active")?,
        created_at: row.get("created_at")?,
    })
}
