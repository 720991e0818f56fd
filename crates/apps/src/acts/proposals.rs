//! Deciding about proposals. What is accepted is applied by a job, which makes a new version.

use std::collections::BTreeMap;

use base::{ProposalId, RecordId};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::Tx;

use super::{accepted, within};
use crate::{
    ask,
    engine::Engine,
    error::EngineError,
    job::{Kind, proposals::Payload},
    proposal::{self, Decision, Proposal},
    record::{self, Act, Invalid},
};

/// The most proposals decided at once.
const MOST: usize = 500;

impl Engine {
    /// Accepts a proposal and has it applied.
    ///
    /// # Errors
    /// A proposal that was decided before; a job that works on the record already.
    pub async fn proposal_accept(
        &self,
        caller: &Caller,
        id: ProposalId,
        notes: Option<String>,
    ) -> Result<Json, EngineError> {
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                within(&caller, proposal::get(tx, act.reach, id)?.tenant)?;
                let decided =
                    proposal::decide(tx, &act, id, &Decision::Accept { notes: notes.clone() })?;
                this.apply(tx, &caller, &act, decided.parent, &[&decided], notes)
            })
            .await
    }

    /// Refuses a proposal. The words go into later questions.
    ///
    /// # Errors
    /// A proposal that was decided before.
    pub async fn proposal_reject(
        &self,
        caller: &Caller,
        id: ProposalId,
        reason: Option<String>,
        feedback: Option<String>,
    ) -> Result<Json, EngineError> {
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                within(&caller, proposal::get(tx, act.reach, id)?.tenant)?;
                let decided =
                    proposal::decide(tx, &act, id, &Decision::Reject { reason, feedback })?;
                let collection = record::get(tx, act.reach, decided.parent, None)?.collection;
                Ok(proposal::view(&decided, this.folder().kits(), &collection))
            })
            .await
    }

    /// Decides about several proposals; those accepted give one new version for each record.
    ///
    /// # Errors
    /// No proposal named, or more than 500; a job that works on a record already.
    pub async fn proposals_decide(
        &self,
        caller: &Caller,
        ids: Vec<ProposalId>,
        action: ask::Decision,
        notes: Option<String>,
    ) -> Result<Json, EngineError> {
        if ids.is_empty() || ids.len() > MOST {
            return Err(Invalid::input("/ids", format!("name 1 to {MOST} proposals")).into());
        }
        let decision = match action {
            ask::Decision::Accept => Decision::Accept { notes: notes.clone() },
            ask::Decision::Reject => Decision::Reject { reason: notes.clone(), feedback: None },
            ask::Decision::Dismiss => Decision::Dismiss { notes: notes.clone() },
        };
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let done = proposal::decide_all(tx, &act, &ids, &decision)?;
                let mut by_record: BTreeMap<RecordId, Vec<&Proposal>> = BTreeMap::new();
                for decided in &done.decided {
                    within(&caller, decided.tenant)?;
                    by_record.entry(decided.parent).or_default().push(decided);
                }
                let mut jobs = Vec::new();
                if action == ask::Decision::Accept {
                    for (record, proposals) in by_record {
                        let job = this.apply(tx, &caller, &act, record, &proposals, notes.clone())?;
                        jobs.push(job["job"].clone());
                    }
                }
                if done.decided.is_empty() {
                    // Nothing changed, and a write must say what it did.
                    return Ok(json!({"accepted": 0, "rejected": 0, "dismissed": 0, "skipped": done.skipped, "job": null, "jobs": []}));
                }
                let count = |it: ask::Decision| if it == action { done.decided.len() } else { 0 };
                Ok(json!({
                    "accepted": count(ask::Decision::Accept),
                    "rejected": count(ask::Decision::Reject),
                    "dismissed": count(ask::Decision::Dismiss),
                    "skipped": done.skipped,
                    "job": jobs.first(),
                    "jobs": jobs,
                }))
            })
            .await
    }

    fn apply(
        &self,
        tx: &Tx,
        caller: &Caller,
        act: &Act,
        record: RecordId,
        proposals: &[&Proposal],
        notes: Option<String>,
    ) -> Result<Json, EngineError> {
        let found = record::get(tx, act.reach, record, None)?;
        let payload =
            Payload { record, proposals: proposals.iter().map(|it| it.id).collect(), notes };
        let job =
            self.new_job(found.tenant, Kind::Proposals.name(), record, json!(payload), caller);
        let job = work::enqueue(tx, job, act.now).map_err(EngineError::enqueue(record))?;
        Ok(accepted(job.id, record, None, "The accepted changes are being made"))
    }
}
