//! A new record from a list: rows become records, tasks complete them, the first version is active.
//!
//! The list was read once already when it came in, so a file that cannot be read never gets here.
//! What is wrong with single rows is reported, not fatal.

use std::collections::HashMap;

use base::{RecordId, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::blob::BlobId;
use work::Failure;

use super::{
    embed_version, fill, propose,
    steps::{Steps, failure},
};
use crate::{
    error::EngineError,
    field::{self, Data},
    record::{Checked, CollectionKit, Invalid, Record},
    table::{Level, Line, Reader, Report},
    task::{
        Draft,
        draft::{self, Renumbered},
        numbering::{Change, Numbering},
    },
    version::{self, NewChild, NewVersion, Origin, Outcome},
};

/// Records put into a version in one transaction: others wait no longer than that takes.
const CHUNK: usize = 1_000;

/// What an import is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) record: RecordId,
    /// The list, kept as a blob.
    pub(crate) blob: String,
    pub(crate) file: String,
    pub(crate) label: Option<String>,
    pub(crate) notes: Option<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let record = steps.record(plan.record).await?;
    let children = steps.children(&record)?;
    let (done, result) = match finished(steps) {
        Some(done) => done,
        None => Box::pin(make(steps, &plan, &record, children)).await?,
    };
    let embedded = embed_version::run(steps, done, children, 95).await?;
    Ok(with(result, embedded))
}

async fn make(
    steps: &Steps,
    plan: &Payload,
    record: &Record,
    children: &CollectionKit,
) -> Result<(VersionId, Json), Failure> {
    steps.progress(5, "Reading the list").await?;
    steps.discard_unfinished().await?;
    let (mut drafts, mut report) = read(steps, plan, children).await?;
    steps.progress(25, &format!("Read {} rows", report.rows_read)).await?;

    let import = children.spec.import.as_ref();
    let tasks = import.map(|it| it.tasks.clone()).unwrap_or_default();
    let mut said = fill::Filled::default();
    let mut inputs = json!({});
    let mut prompts = Vec::new();
    for name in &tasks {
        let asker = steps.engine.asker(steps, name, record, &json!({}), drafts.len()).await?;
        if asker.asker.kit.description.proposes.is_none() {
            said = fill::run(steps, &asker.asker, &mut drafts, (30, 65)).await?;
            inputs = asker.inputs;
            prompts.extend(asker.prompt_version.filter(|_| said.is_by_model()));
        }
    }
    note_filled(&said, &drafts, &mut report);
    let renumbered = renumber(children, &mut drafts, []);
    note_renumbered(children, &renumbered, &drafts, &mut report);
    let (ids, ready) = checked(children, drafts, &mut report);

    let new = NewVersion {
        notes: plan.notes.clone(),
        job: Some(steps.job().id),
        inputs: Some(inputs),
        ..NewVersion::new(
            record.id,
            Origin::Import,
            plan.label
                .clone()
                .unwrap_or_else(|| import.map_or_else(String::new, |it| it.label.clone())),
        )
    };
    let count = ready.len();
    let rows: Vec<_> =
        ids.iter().zip(&ready).map(|(id, it)| (id.0, Json::Object(it.data().clone()))).collect();
    let version = build(steps, new, ids, ready).await?;

    let mut proposals = propose::Proposed::default();
    for name in &tasks {
        let asker = steps.engine.asker(steps, name, record, &json!({}), count).await?;
        if asker.asker.kit.description.proposes.is_some() {
            let proposed = propose::ask(steps, &asker.asker, &rows, (80, 92)).await?;
            prompts.extend(asker.prompt_version.filter(|_| proposed.is_by_model()));
            proposals.extend(proposed);
        }
    }
    let proposed = proposals.count();
    let outcome = Outcome {
        summary: said.summary.clone(),
        details: said.details.clone(),
        warnings: Some(warnings(&report)),
        prompt_version: Some(prompts.join(", ")).filter(|it| !it.is_empty()),
        produced_by: said.produced_by.clone(),
        tokens_used: Some((said.tokens_used + proposals.tokens_used) as i64).filter(|it| *it > 0),
        inputs: None,
    };
    let result = json!({
        "record": record.id,
        "version": version,
        "record_count": count,
        "proposal_count": proposed,
        "summary": said.summary,
        "produced_by": said.produced_by,
        "rows": {"read": report.rows_read, "kept": report.kept, "skipped": report.skipped, "warned": report.warned},
        "report": report.lines,
        "report_left_out": report.lines_left_out,
    });
    activate(steps, version, outcome, proposals, result.clone()).await?;
    Ok((version, result))
}

/// Reads the list again, away from the runtime's threads.
pub(super) async fn read(
    steps: &Steps,
    plan: &Payload,
    children: &CollectionKit,
) -> Result<(Vec<Draft>, Report), Failure> {
    let gone = || Failure::for_good("not_found", "the list is not kept any more; send it again");
    let (tenant, blob) = (steps.job().tenant, plan.blob.parse::<BlobId>().map_err(|_| gone())?);
    let bytes = store::blob::read(steps.engine.store(), tenant, &blob).await?;
    let bytes = bytes.ok_or_else(gone)?;
    let reader = steps.engine.folder().reader(&children.name).cloned();
    let reader: Reader = reader.ok_or_else(|| {
        Failure::for_good("misconfigured", format!("`{}` reads no lists any more", children.name))
    })?;
    let file = plan.file.clone();
    let read = tokio::task::spawn_blocking(move || reader.read(&bytes, Some(&file))).await;
    let table = read
        .map_err(|ended| match ended.is_panic() {
            true => Failure::for_good("internal", "reading the list broke off"),
            false => Failure::for_now("unavailable", "the program stopped while it read the list"),
        })?
        .map_err(|error| failure(EngineError::from(error)))?;
    let drafts = table.records.into_iter().map(|it| Draft::new(it.data, Some(it.row_number)));
    Ok((drafts.collect(), table.report))
}

/// Gives each draft its number, where the collection has such a field.
pub(super) fn renumber(
    children: &CollectionKit,
    drafts: &mut [Draft],
    there: impl IntoIterator<Item = String>,
) -> Vec<Renumbered> {
    match &children.spec.numbered {
        Some(rule) => draft::number(drafts, &mut Numbering::new(rule, there), &rule.field),
        None => Vec::new(),
    }
}

/// The drafts that fit their schema, with ids; those that do not are reported.
pub(super) fn checked(
    children: &CollectionKit,
    drafts: Vec<Draft>,
    report: &mut Report,
) -> (Vec<(RecordId, Option<RecordId>)>, Vec<Checked>) {
    checked_as(drafts, report, |_, data| children.check(data))
}

/// The same, where `fits` says of what the draft at a place holds what becomes of it.
pub(super) fn checked_as(
    drafts: Vec<Draft>,
    report: &mut Report,
    fits: impl Fn(usize, Data) -> Result<Checked, Invalid>,
) -> (Vec<(RecordId, Option<RecordId>)>, Vec<Checked>) {
    let (mut ids, mut ready) = (Vec::new(), Vec::new());
    for (at, draft) in drafts.into_iter().enumerate() {
        match fits(at, draft.data) {
            Ok(it) => {
                ids.push((RecordId::generate(), draft.lineage));
                ready.push(it);
            }
            Err(invalid) => {
                report.kept = report.kept.saturating_sub(1);
                report.skipped += 1;
                for fault in invalid.faults {
                    let column = Some(fault.pointer.trim_start_matches('/').replace('/', "."));
                    report.add(Line {
                        row: draft.row,
                        column,
                        level: Level::Error,
                        code: "does_not_fit",
                        message: fault.message,
                    });
                }
            }
        }
    }
    (ids, ready)
}

/// Builds a version of these records, out of sight.
pub(super) async fn build(
    steps: &Steps,
    new: NewVersion,
    ids: Vec<(RecordId, Option<RecordId>)>,
    ready: Vec<Checked>,
) -> Result<VersionId, Failure> {
    let engine = steps.engine.clone();
    let version = steps
        .build(move |tx, act| Ok(version::begin(tx, engine.folder().kits(), act, new)?.id))
        .await?;
    let total = ready.len().max(1);
    let mut children = ids.into_iter().zip(ready).map(|((id, lineage), data)| NewChild {
        id: Some(id),
        lineage,
        position: None,
        data,
    });
    let mut stored = 0;
    loop {
        let chunk: Vec<NewChild> = children.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(version);
        }
        stored += chunk.len();
        let engine = steps.engine.clone();
        steps
            .build(move |tx, act| {
                Ok(version::add(tx, engine.folder().kits(), act, version, chunk)?)
            })
            .await?;
        let percent = 65 + (15 * stored / total) as u8;
        steps.progress(percent, &format!("Stored {stored} of {total}")).await?;
    }
}

/// Finishes a version, keeps its proposals and makes it the active one: all at once or not at all.
pub(super) async fn activate(
    steps: &Steps,
    version: VersionId,
    outcome: Outcome,
    proposals: propose::Proposed,
    result: Json,
) -> Result<(), Failure> {
    let engine = steps.engine.clone();
    steps
        .commit(move |tx, act| {
            let kits = engine.folder().kits();
            version::finish(tx, kits, act, version, outcome)?;
            proposals.insert(tx, act, version)?;
            let done = version::activate(tx, act, version, None, None)?;
            crate::event::version_activated(&engine, tx, &done.version, act.now)?;
            Ok(((), json!({"version": version, "result": result})))
        })
        .await
}

/// What an earlier attempt finished: the version and its result.
pub(super) fn finished(steps: &Steps) -> Option<(VersionId, Json)> {
    let version = steps.finished()?;
    Some((version, steps.job().checkpoint.as_ref()?.get("result")?.clone()))
}

/// The result with what is known only at the end.
pub(super) fn with(mut result: Json, embedded: Option<Json>) -> Json {
    if let (Some(embedded), Some(fields)) = (embedded, result.as_object_mut()) {
        fields.insert("embedded".into(), embedded);
    }
    result
}

fn note_filled(said: &fill::Filled, drafts: &[Draft], report: &mut Report) {
    for at in &said.lost {
        report.add(Line {
            row: drafts[*at].row,
            column: None,
            level: Level::Warning,
            code: "not_answered",
            message: "the model left this row out, also when it was asked again".into(),
        });
    }
    if said.stray > 0 {
        report.add(Line {
            row: None,
            column: None,
            level: Level::Warning,
            code: "stray_answer",
            message: format!(
                "{} answers of the model name no row of the list; they are left out",
                said.stray
            ),
        });
    }
    if said.completed_by_rules > 0 {
        report.add(Line {
            row: None,
            column: None,
            level: Level::Warning,
            code: "completed_by_rules",
            message: format!(
                "the model left {} rows out; rules answered for them",
                said.completed_by_rules
            ),
        });
    }
}

pub(super) fn note_renumbered(
    children: &CollectionKit,
    renumbered: &[Renumbered],
    drafts: &[Draft],
    report: &mut Report,
) {
    let field = children.spec.numbered.as_ref().map(|it| it.field.clone());
    let first: HashMap<&str, Option<u64>> = match &field {
        Some(field) => drafts
            .iter()
            .rev()
            .filter_map(|it| Some((field::get(&it.data, field)?.as_str()?, it.row)))
            .collect(),
        None => HashMap::new(),
    };
    for it in renumbered {
        let (code, message) = match (it.change, &it.wanted) {
            (Change::Repeated, Some(wanted)) => {
                let at = first.get(wanted.as_str()).copied().flatten();
                let place = at.map_or_else(String::new, |it| format!(" (row {it})"));
                (
                    "repeated",
                    format!(
                        "`{wanted}` belongs to another record{place}; this one became `{}`",
                        it.given
                    ),
                )
            }
            _ => ("empty", format!("it has none; this one became `{}`", it.given)),
        };
        let line = Line {
            row: drafts[it.at].row,
            column: field.clone(),
            level: Level::Warning,
            code,
            message,
        };
        // The list may have repeated it already, and the reader told so.
        report.settle(field.as_deref().unwrap_or_default(), line);
    }
}

/// The part of a report that stays with the version.
pub(super) fn warnings(report: &Report) -> Json {
    let lines = report.lines.iter().filter(|it| it.code == "repeated" || it.code == "not_answered");
    json!(lines.take(200).collect::<Vec<_>>())
}
