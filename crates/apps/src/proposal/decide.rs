//! Deciding about proposals: accept, refuse, put aside; once.

use base::{ProposalId, metric::Counter};
use serde_json::json;
use store::{Dialect, Tx, audit, params};

use super::{Proposal, ProposalError, Status, get};
use crate::record::{self, Act};

/// How proposals were decided: the acceptance rate is `accepted` of all.
pub(super) static DECIDED: Counter =
    Counter::new("proposals_decided_total", "Proposals decided, by decision.", &["decision"]);

/// What somebody decides about a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Take it.
    Accept {
        /// What they say about it.
        notes: Option<String>,
    },
    /// Refuse it.
    Reject {
        /// Why.
        reason: Option<String>,
        /// Words that go into later questions.
        feedback: Option<String>,
    },
    /// Put it aside.
    Dismiss {
        /// What they say about it.
        notes: Option<String>,
    },
}

impl Decision {
    /// What it makes of a proposal.
    pub fn status(&self) -> Status {
        match self {
            Self::Accept { .. } => Status::Accepted,
            Self::Reject { .. } => Status::Rejected,
            Self::Dismiss { .. } => Status::Dismissed,
        }
    }

    /// May a proposal in this state be decided so? Only one that waits: a decision is taken once.
    ///
    /// # Errors
    /// The state it is in.
    pub fn on(&self, status: Status) -> Result<Status, Status> {
        if status == Status::Pending { Ok(self.status()) } else { Err(status) }
    }
}

/// Decides about a proposal. Once: a second decision is refused, whoever comes second.
///
/// # Errors
/// [`ProposalError::Decided`], [`ProposalError::NotFound`].
pub fn decide(
    tx: &Tx,
    act: &Act,
    id: ProposalId,
    decision: &Decision,
) -> Result<Proposal, ProposalError> {
    if tx.dialect() == Dialect::Postgres {
        tx.first("SELECT id FROM proposals WHERE id = $1 FOR UPDATE", &params![id])?;
    }
    let before = get(tx, act.reach, id)?;
    // A proposal goes with the record it was made for.
    record::living(record::find(tx, act.reach, before.parent, None)?)?;
    let status =
        decision.on(before.status).map_err(|status| ProposalError::Decided { id, status })?;
    let (notes, feedback) = match decision {
        Decision::Accept { notes } | Decision::Dismiss { notes } => (notes.clone(), None),
        Decision::Reject { reason, feedback } => (reason.clone(), feedback.clone()),
    };
    let proposal = Proposal {
        status,
        decided_by: Some(act.actor.to_string()),
        decided_at: Some(act.now),
        notes,
        feedback,
        updated_at: act.now,
        ..before
    };
    tx.execute(
        "UPDATE proposals
            SET status = $2, decided_by = $3, decided_at = $4, notes = $5, feedback = $6,
                updated_at = $4
          WHERE id = $1",
        &params![
            id,
            status.name(),
            proposal.decided_by.clone(),
            act.now,
            proposal.notes.clone(),
            proposal.feedback.clone()
        ],
    )?;
    let action = match status {
        Status::Accepted => "proposal_accepted",
        Status::Dismissed => "proposal_dismissed",
        Status::Pending | Status::Rejected => "proposal_rejected",
    };
    let mut entry = audit::Entry::new(
        proposal.tenant,
        action,
        format!("proposals/{id}"),
        format!("A proposal about {} was {}", proposal.category, status.name()),
    )
    .record(proposal.parent)
    .version(proposal.version)
    .after(json!({"status": status.name(), "change": proposal.change}));
    if let Some(why) = &proposal.notes {
        entry = entry.why(why);
    }
    tx.audit(entry);
    DECIDED.increment(&[status.name()]);
    Ok(proposal)
}

/// What became of several proposals decided at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// Decided now.
    pub decided: Vec<Proposal>,
    /// Decided by somebody before, or not there.
    pub skipped: Vec<ProposalId>,
}

/// Decides about several proposals in the same way. Those decided before, or out of reach, are
/// skipped and named.
///
/// # Errors
/// [`ProposalError::Store`]; [`RecordError::Deleted`].
pub fn decide_all(
    tx: &Tx,
    act: &Act,
    ids: &[ProposalId],
    decision: &Decision,
) -> Result<Decided, ProposalError> {
    let mut all = Decided::default();
    for id in ids {
        match decide(tx, act, *id, decision) {
            Ok(proposal) => all.decided.push(proposal),
            Err(ProposalError::NotFound(_) | ProposalError::Decided { .. }) => {
                all.skipped.push(*id);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
