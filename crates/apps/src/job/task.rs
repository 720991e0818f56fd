//! A run of a task over a version: a new version that waits for approval, or proposals.

use base::{RecordId, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use work::Failure;

use super::{embed_version, fill, import, propose, steps::Steps};
use crate::{
    description::task::Makes,
    engine::Prepared,
    record::{CollectionKit, Record},
    table::Report,
    task::Draft,
    version::{self, NewVersion, Origin, Outcome},
};

/// What a run is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) task: String,
    pub(crate) record: RecordId,
    pub(crate) version: VersionId,
    pub(crate) input: Json,
    pub(crate) label: Option<String>,
    pub(crate) notes: Option<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let record = steps.record(plan.record).await?;
    let children = steps.children(&record)?;
    if let Some((version, result)) = import::finished(steps) {
        let embedded = embed_version::run(steps, version, children, 95).await?;
        return Ok(import::with(result, embedded));
    }
    if let Some(result) = steps.done() {
        return Ok(result);
    }
    steps.progress(5, "Reading the version").await?;
    steps.discard_unfinished().await?;
    let version = plan.version;
    let there = steps.read(move |db| Ok(version::records(db, version)?)).await?;
    let prepared = steps.engine.asker(steps, &plan.task, &record, &plan.input, there.len()).await?;
    match prepared.asker.kit.description.makes {
        Some(Makes::Version) => {
            Box::pin(make(steps, &plan, &record, children, there, prepared)).await
        }
        None => propose(steps, &plan, &record, there, prepared).await,
    }
}

/// A new version, not active until somebody approves it.
async fn make(
    steps: &Steps,
    plan: &Payload,
    record: &Record,
    children: &CollectionKit,
    there: Vec<Record>,
    prepared: Prepared,
) -> Result<Json, Failure> {
    let mut drafts: Vec<Draft> = there
        .into_iter()
        .map(|it| Draft { data: it.data, lineage: Some(it.lineage), id: Some(it.id), row: None })
        .collect();
    let said = fill::run(steps, &prepared.asker, &mut drafts, (10, 65)).await?;
    let mut report = Report::default();
    let renumbered = import::renumber(children, &mut drafts, []);
    let mut warnings: Vec<Json> = match &said.details {
        Some(Json::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    warnings.extend(renumbered.iter().map(|it| {
        let wanted = it.wanted.as_deref().unwrap_or("nothing");
        json!(format!("`{wanted}` was given to more than one record; one became `{}`", it.given))
    }));
    if !said.lost.is_empty() {
        warnings.push(json!(format!(
            "the model left {} records out; they are as before",
            said.lost.len()
        )));
    }
    if said.completed_by_rules > 0 {
        warnings.push(json!(format!(
            "the model left {} records out; rules answered for them",
            said.completed_by_rules
        )));
    }
    let count = drafts.len();
    let (ids, ready) = import::checked(children, drafts, &mut report);
    if ready.len() < count {
        let why = report.lines.first().map(|it| it.message.clone()).unwrap_or_default();
        return Err(Failure::for_good(
            "model_error",
            format!(
                "{} of {count} answers do not fit the records; the first: {why}",
                count - ready.len()
            ),
        ));
    }
    let title = prepared.asker.kit.description.title.clone();
    let new = NewVersion {
        notes: plan.notes.clone(),
        task: Some(plan.task.clone()),
        job: Some(steps.job().id),
        inputs: Some(prepared.inputs),
        based_on: Some(plan.version),
        ..NewVersion::new(record.id, Origin::Task, plan.label.clone().unwrap_or(title))
    };
    let version = import::build(steps, new, ids, ready).await?;
    let outcome = Outcome {
        summary: said.summary.clone(),
        details: said.details.clone(),
        warnings: Some(Json::Array(warnings.clone())),
        prompt_version: prepared.prompt_version.filter(|_| said.is_by_model()),
        produced_by: said.produced_by.clone(),
        tokens_used: Some(said.tokens_used as i64).filter(|it| *it > 0),
        inputs: None,
    };
    let result = json!({
        "record": record.id,
        "version": version,
        "record_count": count,
        "summary": said.summary,
        "produced_by": said.produced_by,
        "warnings": warnings,
        "tokens_used": said.tokens_used,
    });
    let (engine, kept) = (steps.engine.clone(), result.clone());
    let entry = completed(steps, plan, record, version);
    steps
        .commit(move |tx, act| {
            version::finish(tx, engine.folder().kits(), act, version, outcome)?;
            tx.audit(entry);
            Ok(((), json!({"version": version, "result": kept})))
        })
        .await?;
    let embedded = embed_version::run(steps, version, children, 95).await?;
    Ok(import::with(result, embedded))
}

/// What the audit log says when the task has had its effect.
fn completed(
    steps: &Steps,
    plan: &Payload,
    record: &Record,
    version: VersionId,
) -> store::audit::Entry {
    let summary = format!("Finished the task {}", plan.task);
    store::audit::Entry::new(record.tenant, "task_completed", record.subject(), summary)
        .record(record.id)
        .version(version)
        .after(json!({"task": plan.task, "job": steps.job().id}))
}

/// Proposals about the version.
async fn propose(
    steps: &Steps,
    plan: &Payload,
    record: &Record,
    there: Vec<Record>,
    prepared: Prepared,
) -> Result<Json, Failure> {
    let rows: Vec<(RecordId, Json)> =
        there.into_iter().map(|it| (it.id, Json::Object(it.data))).collect();
    let proposed = propose::ask(steps, &prepared.asker, &rows, (10, 90)).await?;
    let makers: Vec<String> = proposed.by.keys().cloned().collect();
    let (version, title) = (plan.version, prepared.asker.kit.description.title.clone());
    let entry = completed(steps, plan, record, version);
    let (record, found, tokens) = (record.clone(), proposed.count() as u64, proposed.tokens_used);
    steps
        .commit(move |tx, act| {
            let count = proposed.insert(tx, act, version)?;
            let result = json!({
                "record": record.id,
                "version": version,
                "proposal_count": count,
                "known_before": found.saturating_sub(count),
                "produced_by": makers.join(", "),
                "tokens_used": tokens,
            });
            tx.audit(entry);
            tx.audit(
                store::audit::Entry::new(
                    record.tenant,
                    "proposals_made",
                    format!("versions/{version}"),
                    format!("{title}: {count} proposals"),
                )
                .record(record.id)
                .version(version)
                .tokens(tokens as i64),
            );
            let checkpoint = json!({"proposed": true, "result": result});
            Ok((result, checkpoint))
        })
        .await
}
