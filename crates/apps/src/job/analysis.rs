//! Many records looked at by a task, one after the other. What was answered is kept before the next one
//! is asked about, so a job that runs again goes on where it was.

use base::RecordId;
use identity::Reach;
use models::Priority;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use work::Failure;

use super::steps::{Steps, failure};
use crate::{acts::analyses::Manner, error::EngineError, record::RecordError};

/// What a run is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) task: String,
    pub(crate) records: Vec<RecordId>,
    pub(crate) priority: Option<Priority>,
    pub(crate) language: Option<String>,
}

/// How far a run has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    /// Records that were looked at, or passed over.
    done: usize,
    /// Those among them with an answer.
    answered: u64,
    /// Those that are gone, or hold no text.
    skipped: u64,
    /// Tokens used.
    tokens_used: u64,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let engine = &steps.engine;
    let kit = engine.text_task(&plan.task).map_err(failure)?.clone();
    let kept = steps.job().checkpoint.clone().unwrap_or_default();
    let mut so_far: Progress = serde_json::from_value(kept).unwrap_or_default();
    let manner = Manner {
        priority: plan.priority,
        language: plan.language.clone(),
        user: Some(steps.job().created_by.clone()),
        job: Some(steps.job().id),
        keeps_raw: false,
    };
    let reach = Reach::Tenant(steps.job().tenant);
    let total = plan.records.len().max(1);
    for id in plan.records.iter().skip(so_far.done).copied() {
        let percent = u8::try_from(so_far.done * 100 / total).unwrap_or(99);
        let message = format!("{} of {}", so_far.done, plan.records.len());
        steps.progress(percent, &message).await?;
        let subject = match engine.analysed(reach, &kit, id).await {
            Ok(subject) if subject.tenant == steps.job().tenant => Some(subject),
            Ok(_)
            | Err(
                EngineError::Record(RecordError::NotFound { .. } | RecordError::Deleted { .. })
                | EngineError::NothingToDo(_),
            ) => None,
            Err(error) => return Err(failure(error)),
        };
        let analysis = match subject {
            Some(subject) => {
                Some(Box::pin(engine.look_at(&kit, subject, &manner)).await.map_err(failure)?)
            }
            None => None,
        };
        so_far.done += 1;
        match &analysis {
            Some(analysis) => {
                so_far.answered += 1;
                so_far.tokens_used += analysis.tokens_used();
            }
            None => so_far.skipped += 1,
        }
        let (engine, kit, checkpoint) = (engine.clone(), kit.clone(), json!(so_far));
        steps
            .commit(move |tx, act| {
                match &analysis {
                    Some(analysis) => {
                        engine.keep_analysis(tx, act, &kit, analysis)?;
                    }
                    None => tx.audit(store::audit::Entry::new(
                        act.reach.tenant().unwrap_or(base::TenantId::DEFAULT),
                        "task_skipped",
                        format!("records/{id}"),
                        "Passed a record over that is gone or holds no text",
                    )),
                }
                Ok(((), checkpoint))
            })
            .await?;
    }
    Ok(json!({
        "task": plan.task,
        "answered": so_far.answered,
        "skipped": so_far.skipped,
        "tokens_used": so_far.tokens_used,
    }))
}
