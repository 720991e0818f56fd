//! Accepted proposals become a new version, active at once. Several in one batch give one version.

use base::{ProposalId, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use work::Failure;

use super::{embed_version, import, steps::Steps};
use crate::{
    proposal,
    version::{NewVersion, Origin},
};

/// What the job is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) record: RecordId,
    pub(crate) proposals: Vec<ProposalId>,
    pub(crate) notes: Option<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let record = steps.record(plan.record).await?;
    let children = steps.children(&record)?;
    if let Some((version, result)) = import::finished(steps) {
        let embedded = embed_version::run(steps, version, children, 90).await?;
        return Ok(import::with(result, embedded));
    }
    if let Some(result) = steps.done() {
        return Ok(result);
    }
    steps.progress(10, "Applying the proposals").await?;
    let (engine, job) = (steps.engine.clone(), steps.job().id);
    let (version, result) = steps
        .commit(move |tx, act| {
            let label = match plan.proposals.len() {
                1 => "Accepted proposal".to_owned(),
                count => format!("{count} accepted proposals"),
            };
            let new = NewVersion {
                notes: plan.notes.clone(),
                job: Some(job),
                ..NewVersion::new(plan.record, Origin::Proposals, label)
            };
            let kits = engine.folder().kits();
            let done = proposal::apply(tx, kits, act, &plan.proposals, new)?;
            let result = json!({
                "record": plan.record,
                "version": done.version.as_ref().map(|it| it.id),
                "number": done.version.as_ref().map(|it| it.number),
                "applied": done.applied,
                "advice": done.advice,
                "conflicts": done.conflicts.iter().map(|it| json!({"proposal": it.proposal, "why": it.why})).collect::<Vec<_>>(),
            });
            match &done.version {
                Some(version) => crate::event::version_activated(&engine, tx, version, act.now)?,
                // Advice alone changes nothing; that it was taken is worth a line all the same.
                None => tx.audit(store::audit::Entry::new(
                    tenant_of(act),
                    "proposals_noted",
                    format!("records/{}", plan.record),
                    "Accepted proposals that change nothing by themselves".to_owned(),
                )),
            }
            let id = done.version.map(|it| it.id);
            let checkpoint = json!({"version": id, "result": result});
            Ok(((id, result), checkpoint))
        })
        .await?;
    match version {
        Some(version) => {
            Ok(import::with(result, embed_version::run(steps, version, children, 90).await?))
        }
        None => Ok(result),
    }
}

/// The tenant in which a job acts.
fn tenant_of(act: &crate::record::Act) -> base::TenantId {
    match act.reach {
        identity::Reach::Tenant(tenant) => tenant,
        identity::Reach::All => base::TenantId::DEFAULT,
    }
}
