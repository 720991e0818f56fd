//! Back to an older version: a copy of it becomes the active one.

use base::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use work::Failure;

use super::{embed_version, import, steps::Steps};
use crate::version::{self, NewVersion, Origin, Target};

/// What a revert is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) record: RecordId,
    pub(crate) number: i64,
    pub(crate) label: Option<String>,
    pub(crate) reason: Option<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let record = steps.record(plan.record).await?;
    let children = steps.children(&record)?;
    let (done, result) = match import::finished(steps) {
        Some(done) => done,
        None => make(steps, plan).await?,
    };
    let embedded = embed_version::run(steps, done, children, 90).await?;
    Ok(import::with(result, embedded))
}

async fn make(steps: &Steps, plan: Payload) -> Result<(base::VersionId, Json), Failure> {
    steps.progress(10, "Copying the version").await?;
    let (engine, job) = (steps.engine.clone(), steps.job().id);
    steps
        .commit(move |tx, act| {
            let label = plan.label.unwrap_or_else(|| format!("Back to version {}", plan.number));
            let new = NewVersion {
                notes: plan.reason.clone(),
                job: Some(job),
                ..NewVersion::new(plan.record, Origin::Revert, label)
            };
            let kits = engine.folder().kits();
            let why = plan.reason.as_deref();
            let made = version::revert(tx, kits, act, Target::Number(plan.number), new, why)?;
            crate::event::version_activated(&engine, tx, &made, act.now)?;
            let result = json!({
                "record": plan.record,
                "version": made.id,
                "number": made.number,
                "reverted_to": plan.number,
                "record_count": made.record_count,
            });
            let checkpoint = json!({"version": made.id, "result": result});
            Ok(((made.id, result), checkpoint))
        })
        .await
}
