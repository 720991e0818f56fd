//! What a task makes of a text that was handed in, step by step, kept in the record that waits for it.
//!
//! A run that is done again asks again only when nothing was kept: the answer, what it cost and what is
//! computed of it are written in one transaction.

use std::time::Instant;

use base::{RecordId, Timestamp};
use identity::Reach;
use models::Priority;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::{Tx, audit};
use work::{Failure, Job};

use super::steps::{Steps, failure};
use crate::{
    acts::analyses::{Manner, Subject},
    engine::Engine,
    field,
    language::Detected,
    record::{self, Change, Record},
    result::{Making, Status, raw, standing},
    task::answer::Answered,
};

/// What a run is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) task: String,
    pub(crate) result: RecordId,
    pub(crate) priority: Option<Priority>,
    pub(crate) language: Option<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let began = Instant::now();
    let engine = &steps.engine;
    let kit = engine.result_task(Some(&plan.task)).map_err(failure)?.clone();
    steps.progress(5, "Reading the text").await?;
    let result = steps.record(plan.result).await?;
    let done = json!({"result": plan.result, "status": Status::Completed.name()});
    if standing(&result.data, None).status == Status::Completed {
        return Ok(done);
    }
    let (text, record) = text_of(steps, &result, kit.description.text.as_deref()).await?;
    let found = engine.language_of(&kit, &text, plan.language.as_deref());
    let tenant = result.tenant;
    let is_debug = steps.read(move |db| Ok(raw::is_on(db, tenant)?)).await?;
    let manner = Manner {
        priority: plan.priority,
        language: plan.language,
        user: Some(steps.job().created_by.clone()),
        job: Some(steps.job().id),
        keeps_raw: is_debug,
    };
    steps.progress(20, "Asking for an answer").await?;
    let subject = Subject { tenant: result.tenant, text, record: Some(record) };
    let asked = Box::pin(engine.consult(&kit, &subject, &found.language, &manner)).await;
    let (answered, prompt_version) = asked.map_err(failure)?;
    steps.progress(90, "Keeping the result").await?;
    let seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    let facts = facts(&answered, &found, prompt_version, is_debug, seconds);
    let (engine, id, task) = (engine.clone(), plan.result, kit.name);
    steps
        .commit(move |tx, act| {
            let mut data = answered.value.as_object().cloned().unwrap_or_default();
            data.extend(facts);
            data.insert("completed_at".into(), json!(act.now));
            let patch = Json::Object(data);
            let change = Change { id, collection: None, patch, revision: None };
            let kept = record::update(tx, engine.folder().kits(), act, &change)?;
            if let Some(said) = &answered.raw {
                raw::keep(tx, kept.tenant, id, said, act.now)?;
            }
            let summary = format!("Ran the task {task}");
            let entry = audit::Entry::new(kept.tenant, "task_answered", kept.subject(), summary);
            tx.audit(entry.record(id).tokens(answered.tokens_used as i64));
            Ok(((), json!({"kept": true})))
        })
        .await?;
    Ok(done)
}

/// The text of a result, and the record that holds it.
async fn text_of(
    steps: &Steps,
    result: &Record,
    field: Option<&str>,
) -> Result<(String, Record), Failure> {
    let gone = || Failure::for_good("record_not_found", "the text of this result is gone");
    let record = steps.record(result.parent.ok_or_else(gone)?).await?;
    let text = field.and_then(|it| field::get(&record.data, it)?.as_str());
    let text = text.ok_or_else(gone)?.to_owned();
    Ok((text, record))
}

/// What is known about an answer, beside what it says.
fn facts(
    answered: &Answered,
    found: &Detected,
    prompt_version: Option<String>,
    is_debug: bool,
    seconds: f64,
) -> Map<String, Json> {
    let (provider, model) = match answered.produced_by.split_once('/') {
        Some((provider, model)) => (provider, Some(model)),
        None => (answered.produced_by.as_str(), None),
    };
    let spent = &answered.spent;
    let facts = [
        ("status", json!(Status::Completed.name())),
        ("progress", json!(100)),
        ("error", Json::Null),
        (
            "language_detection",
            json!({
                "detected_language": found.language,
                "confidence": found.confidence,
                "detection_method": found.method,
                "fallback_used": found.fallback_used,
            }),
        ),
        ("provider", json!(provider)),
        ("model", json!(model)),
        ("prompt_version", json!(prompt_version)),
        ("tokens_in", json!(spent.tokens_in)),
        ("tokens_out", json!(spent.tokens_out)),
        ("cost_usd", json!(spent.cost.map(models::money::NanoUsd::dollars))),
        ("processing_time_s", json!(seconds)),
        ("debug_enabled", json!(is_debug)),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A job that made no result says so in the record that waits for one.
pub(super) fn spoil(
    engine: &Engine,
    tx: &Tx,
    job: &Job,
    now: Timestamp,
) -> Result<(), store::Error> {
    let Some(id) = job.subject else { return Ok(()) };
    let found = record::get(tx, Reach::Tenant(job.tenant), id, None);
    let before = match found {
        Ok(found) => found,
        Err(record::RecordError::Store(error)) => return Err(error),
        // It was deleted while its job was at it.
        Err(_) => return Ok(()),
    };
    let kits = engine.folder().kits();
    let Some(kit) = kits.get(&before.collection) else { return Ok(()) };
    let stands = standing(&before.data, Some(Making::from(job)));
    if stands.status != Status::Failed {
        return Ok(());
    }
    let mut data = before.data.clone();
    data.insert("status".into(), Status::Failed.name().into());
    data.insert("progress".into(), json!(100));
    data.insert("error".into(), stands.error.unwrap_or_default());
    // Nothing else of it is asked or completed. Where the schema has no place for it, the job still tells.
    let told = ["status", "progress", "error"];
    let Ok(Some(checked)) = kit.changed_to(&before.data, Json::Object(data), &told) else {
        return Ok(());
    };
    let after = Record {
        data: checked.data().clone(),
        revision: before.revision + 1,
        updated_at: now,
        ..before.clone()
    };
    record::save(tx, kit, &before.data, &after, checked.words())
}
