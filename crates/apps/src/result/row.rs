//! Texts and results as records: handing one in, and whose they are.

use base::{Page, PageRequest, RecordId, TenantId};
use serde_json::{Value as Json, json};
use store::{Db, Tx, Value, params};
use work::{Filter, Job};

use crate::{
    error::EngineError,
    field::{self, Data},
    folder::TaskKit,
    indexes::expression,
    record::{self, Act, COLUMNS, CollectionKit, Kits, NewRecord, Record, RecordError},
};

/// How often one text can be handed in again.
const VERSIONS_MAX: usize = 10_000;

/// A text that is handed in.
pub(crate) struct Submission {
    pub(crate) tenant: TenantId,
    pub(crate) text: String,
    /// The text before it, or a result of that: what is handed in is another version of it.
    pub(crate) previous: Option<RecordId>,
}

/// Writes a text down, and its result, of which nothing is known yet.
pub(crate) fn hand_in(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    kit: &TaskKit,
    submission: Submission,
) -> Result<(Record, Record), EngineError> {
    let (texts, results) = collections(kits, kit)?;
    let missing = || EngineError::Misconfigured(format!("task `{}` looks at no text", kit.name));
    let text_field = kit.description.text.as_ref().ok_or_else(missing)?;
    let Submission { tenant, text, previous } = submission;
    let mut data = Data::new();
    if let Some(of) = &kit.description.result
        && (of.version.is_some() || of.previous.is_some())
    {
        // Two at once by the same person are two versions.
        tx.hold(&format!("submissions/{tenant}/{}", act.actor))?;
        let before = before(tx, act, kit, tenant, &text, previous)?;
        if let Some(path) = &of.version {
            let last = before.as_ref().and_then(|it| field::get(&it.data, path)?.as_i64());
            let last = last.unwrap_or(i64::from(before.is_some()));
            field::set(&mut data, path, json!(last + 1));
        }
        if let (Some(path), Some(before)) = (&of.previous, &before) {
            field::set(&mut data, path, json!(before.id));
        }
    }
    field::set(&mut data, text_field, Json::String(text));
    let data = texts.check(Json::Object(data))?;
    let text = record::create(tx, texts, act, NewRecord { tenant, parent: None, data })?;
    let data = results.check(json!({"status": "queued", "progress": 0}))?;
    let new = NewRecord { tenant, parent: Some(text.id), data };
    let result = record::create(tx, results, act, new)?;
    Ok((text, result))
}

/// The collections of a task's texts and results.
pub(crate) fn collections<'a>(
    kits: &'a Kits,
    kit: &TaskKit,
) -> Result<(&'a CollectionKit, &'a CollectionKit), EngineError> {
    let of = kit.description.result.as_ref().map_or("", |it| it.collection.as_str());
    let missing = || EngineError::Misconfigured(format!("task `{}` keeps no results", kit.name));
    kits.get(&kit.description.on).zip(kits.get(of)).ok_or_else(missing)
}

/// The text that the one at hand is another version of, in its last version: the one that is named, else
/// one of the same person with the same words.
fn before(
    tx: &Tx,
    act: &Act,
    kit: &TaskKit,
    tenant: TenantId,
    text: &str,
    named: Option<RecordId>,
) -> Result<Option<Record>, EngineError> {
    let owner = act.actor.to_string();
    let found = match named {
        Some(id) => {
            let missing = || RecordError::NotFound { id, collection: None };
            let found = record::get(tx, act.reach, id, None)?;
            let found = match found.parent {
                Some(text) if found.collection != kit.description.on => {
                    record::get(tx, act.reach, text, None)?
                }
                _ => found,
            };
            let is_own = found.collection == kit.description.on
                && found.created_by == owner
                && found.tenant == tenant;
            Some(found).filter(|_| is_own).ok_or_else(missing).map(Some)?
        }
        None => {
            let field = kit.description.text.as_deref().unwrap_or_default();
            newest(tx, kit, tenant, &owner, field, text)?
        }
    };
    let previous = kit.description.result.as_ref().and_then(|it| it.previous.as_deref());
    let (Some(mut last), Some(previous)) = (found.clone(), previous) else { return Ok(found) };
    for _ in 0..VERSIONS_MAX {
        match newest(tx, kit, tenant, &owner, previous, &last.id.to_string())? {
            Some(next) => last = next,
            None => break,
        }
    }
    Ok(Some(last))
}

/// The newest text of a person with this value in a field.
fn newest(
    tx: &Tx,
    kit: &TaskKit,
    tenant: TenantId,
    owner: &str,
    field: &str,
    value: &str,
) -> Result<Option<Record>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records r LEFT JOIN versions v ON v.id = r.active_version
          WHERE r.tenant = $1 AND r.collection = $2 AND r.created_by = $3 AND r.version IS NULL
            AND r.deleted_at IS NULL AND {} = $4
          ORDER BY r.created_at DESC, r.id DESC LIMIT 1",
        expression(tx.dialect(), "r", field),
    );
    let row = tx.first(sql.as_str(), &params![tenant, &kit.description.on, owner, value])?;
    Ok(row.as_ref().map(Record::read).transpose()?)
}

/// The newest job that makes a result.
pub(crate) fn job_of(db: &Db, result: &Record) -> Result<Option<Job>, store::Error> {
    let filter =
        Filter { tenant: Some(result.tenant), subject: Some(result.id), ..Filter::default() };
    Ok(work::list(db, &filter, &PageRequest::first(1))?.items.into_iter().next())
}

/// Whose results are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose<'a> {
    /// All of one person.
    Of(&'a str),
    /// All of everybody.
    All,
    /// The last one of each person.
    Last,
}

const COMMON: &str = "
      FROM records r
      LEFT JOIN versions v ON v.id = r.active_version
     WHERE r.tenant = $1 AND r.collection = $2 AND r.version IS NULL AND r.deleted_at IS NULL
       AND (r.created_by = $3 OR $4 = 1)";

const ONLY_THE_LAST: &str = "
       AND NOT EXISTS (SELECT 1 FROM records n
            WHERE n.tenant = r.tenant AND n.collection = r.collection AND n.created_by = r.created_by
              AND n.version IS NULL AND n.deleted_at IS NULL
              AND (n.created_at, n.id) > (r.created_at, r.id))";

/// Results in a tenant, the newest first.
pub(crate) fn list(
    db: &Db,
    tenant: TenantId,
    collection: &str,
    whose: Whose<'_>,
    page: &PageRequest,
) -> Result<Page<Record>, store::Error> {
    let last = if whose == Whose::Last { ONLY_THE_LAST } else { "" };
    let (sign, order) = match page.is_backwards() {
        true => (">", ""),
        false => ("<", " DESC"),
    };
    let sql = format!(
        "SELECT {COLUMNS} {COMMON} {last}
            AND (r.created_at, r.id) {sign} ($5, $6)
          ORDER BY r.created_at{order}, r.id{order} LIMIT $7"
    );
    let (at, id) = page.moment_and_id();
    let owner = if let Whose::Of(owner) = whose { owner } else { "" };
    let rows = db.query(
        sql.as_str(),
        &params![
            tenant,
            collection,
            owner,
            !matches!(whose, Whose::Of(_)),
            at,
            id,
            Value::Int(i64::from(page.limit) + 1)
        ],
    )?;
    let found = rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![it.created_at.as_microsecond().into(), it.id.to_string().into()]
    }))
}
