//! What the templates of a task see beside the records: rules, reference data, refused proposals.

use base::{RecordId, TenantId};
use identity::Reach;
use serde_json::{Map, Value as Json, json};
use store::{Db, params};

use crate::{
    configuration::Configuration,
    description::task::{Chosen, ContextSource},
    error::EngineError,
    folder::{Folder, TaskKit},
    language, proposal,
    record::{self, Invalid, RecordError},
};

/// Gathers the context of a task, for a parent record of a tenant and what the caller gave. All but
/// progress, which is whoever asks's own.
///
/// # Errors
/// [`RecordError::NotFound`] when the input names a record that is not there, or not one that fits.
pub fn gather(
    db: &Db,
    folder: &Folder,
    documents: &Configuration,
    kit: &TaskKit,
    tenant: TenantId,
    parent: Option<RecordId>,
    input: &Json,
) -> Result<Vec<(String, Json)>, EngineError> {
    let languages = &folder.description().languages;
    let mut context = Vec::with_capacity(kit.description.context.len());
    for (name, source) in &kit.description.context {
        let value = match source {
            ContextSource::Named(from) => match from.strip_prefix("config.") {
                Some(path) => documents.look(path, None, languages).unwrap_or_default(),
                None => shared(db, from)?,
            },
            ContextSource::Config(part) => {
                let language = part.by_language.then(|| language_of(folder, input));
                documents.look(&part.config, language.as_deref(), languages).unwrap_or_default()
            }
            ContextSource::Chosen(chosen) if chosen.most.is_some() => {
                let found = all(db, chosen, tenant)?;
                if found.is_empty() && chosen.required {
                    let message = format!("there are no `{}`", chosen.collection);
                    let fault = Invalid::input(&format!("/{name}"), message);
                    return Err(fault.hint("make one first").into());
                }
                Json::Array(found)
            }
            ContextSource::Chosen(chosen) => {
                let named = input.get(format!("{name}_id")).and_then(Json::as_str);
                match choose(db, chosen, tenant, parent, named)? {
                    Some(found) => found,
                    None if chosen.required => {
                        let fault = Invalid::input(
                            &format!("/{name}_id"),
                            "is missing, and none of its own fits",
                        );
                        return Err(fault
                            .hint(format!("make one in `{}` first", chosen.collection))
                            .into());
                    }
                    None => Json::Null,
                }
            }
            ContextSource::Refused { refused } => last_refused(db, tenant, parent, *refused)?,
            // It is not read here: over many results that takes its time, on a thread of its own.
            ContextSource::Progress(_) => continue,
        };
        context.push((name.clone(), value));
    }
    Ok(context)
}

/// The language of a run: what the caller says, else that of the text that is looked at, else the
/// application's usual one.
fn language_of(folder: &Folder, input: &Json) -> String {
    if let Some(given) = input.get("language").and_then(Json::as_str) {
        return given.to_owned();
    }
    let languages = &folder.description().languages;
    let usual = languages.first().map_or("en", String::as_str);
    match input.get("text").and_then(Json::as_str) {
        Some(text) => language::detect(text, languages, usual, language::THRESHOLD).language,
        None => usual.to_owned(),
    }
}

/// All of a shared collection.
fn shared(db: &Db, collection: &str) -> Result<Json, RecordError> {
    let rows = db.query(
        "SELECT data FROM records
          WHERE tenant = $1 AND collection = $2 AND version IS NULL AND deleted_at IS NULL
          ORDER BY position, created_at, id",
        &params![TenantId::DEFAULT, collection],
    )?;
    let all: Result<Vec<Json>, _> = rows.iter().map(|it| it.get("data")).collect();
    Ok(Json::Array(all?))
}

/// The records of a tenant that fit, in their order.
fn all(db: &Db, chosen: &Chosen, tenant: TenantId) -> Result<Vec<Json>, RecordError> {
    let rows = db.query(
        "SELECT id, data FROM records
          WHERE tenant = $1 AND collection = $2 AND version IS NULL AND deleted_at IS NULL
          ORDER BY position, created_at, id LIMIT $3",
        &params![tenant, &chosen.collection, chosen.most.unwrap_or(1)],
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, data): (RecordId, Json) = (row.get("id")?, row.get("data")?);
        if fits(chosen, &data) {
            found.push(seen(id, &data));
        }
    }
    Ok(found)
}

/// The record that the input names, or the newest that fits: its data with its id.
fn choose(
    db: &Db,
    chosen: &Chosen,
    tenant: TenantId,
    parent: Option<RecordId>,
    named: Option<&str>,
) -> Result<Option<Json>, RecordError> {
    let missing = |id| RecordError::NotFound { id, collection: Some(chosen.collection.clone()) };
    if let Some(text) = named {
        let id: RecordId =
            text.parse().map_err(|_| missing(RecordId::from_uuid(TenantId::DEFAULT.uuid())))?;
        let record = record::get(db, Reach::Tenant(tenant), id, Some(&chosen.collection))?;
        return if fits(chosen, &Json::Object(record.data.clone())) {
            Ok(Some(seen(record.id, &Json::Object(record.data))))
        } else {
            Err(missing(id))
        };
    }
    let rows = db.query(
        "SELECT id, data FROM records
          WHERE tenant = $1 AND collection = $2 AND version IS NULL AND deleted_at IS NULL
          ORDER BY created_at DESC, id DESC",
        &params![tenant, &chosen.collection],
    )?;
    let parent = parent.map(|it| it.to_string());
    let mut untied = None;
    for row in rows {
        let (id, data): (RecordId, Json) = (row.get("id")?, row.get("data")?);
        if !fits(chosen, &data) {
            continue;
        }
        let tie = chosen.beside.as_ref().and_then(|it| data.get(it)).and_then(Json::as_str);
        match tie {
            Some(tie) if Some(tie) == parent.as_deref() => return Ok(Some(seen(id, &data))),
            None if untied.is_none() => untied = Some(seen(id, &data)),
            _ => {}
        }
    }
    Ok(untied)
}

fn fits(chosen: &Chosen, data: &Json) -> bool {
    // What a record does not say is no reason to pass it over.
    chosen.only.iter().all(|(field, wanted)| data.get(field).is_none_or(|it| it == wanted))
}

fn seen(id: RecordId, data: &Json) -> Json {
    let mut fields: Map<String, Json> = data.as_object().cloned().unwrap_or_default();
    fields.insert("id".into(), id.to_string().into());
    Json::Object(fields)
}

/// What was refused last, so that it is not proposed again.
fn last_refused(
    db: &Db,
    tenant: TenantId,
    parent: Option<RecordId>,
    most: u32,
) -> Result<Json, EngineError> {
    let Some(parent) = parent else { return Ok(json!([])) };
    let refused = proposal::rejections(db, tenant, parent, most)?;
    let each = refused.iter().map(|it| {
        json!({
            "category": it.category,
            "suggestion": it.suggestion,
            "reason": it.notes,
            "feedback": it.feedback,
        })
    });
    Ok(each.collect())
}
