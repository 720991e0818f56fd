//! Proposals: list, read, accept, reject.

use apps::{
    ask::Decision,
    proposal::{self, Filter, Status},
    record::{self, RecordError},
    version,
};
use base::{Permission, ProposalId, VersionId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::records::fault;
use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, decide) = (Permission::ReadRecords, Permission::DecideProposals);
    vec![
        Operation::new(
            "proposals.list",
            read,
            Kind::Page,
            "Proposal",
            "Lists the proposals for a version.",
            list,
        ),
        Operation::new("proposals.get", read, Kind::One, "Proposal", "Reads a proposal.", get),
        Operation::new(
            "proposals.accept",
            decide,
            Kind::Accepted,
            "Accepted",
            "Accepts a proposal: its change comes into a new version.",
            accept,
        ),
        Operation::new(
            "proposals.reject",
            decide,
            Kind::One,
            "Proposal",
            "Rejects a proposal; the feedback goes into later questions.",
            reject,
        ),
        Operation::new(
            "proposals.decide",
            decide,
            Kind::Accepted,
            "Decided",
            "Decides about several proposals; those accepted give one new version.",
            decide_all,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// The version.
    version: VersionId,
    /// `pending`, `accepted`, `rejected` or `dismissed`.
    status: Option<String>,
    /// One of the categories of the task.
    category: Option<String>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let status = args.status.as_deref().map(str::parse::<Status>).transpose();
    let status = status.map_err(RecordError::from)?;
    let filter = Filter { status, category: args.category, count: call.count };
    let (app, reach, request) = (call.app.clone(), call.caller.reach, call.page.clone());
    let page = call.app.store.read(move |db| {
        let version = version::get(db, reach, args.version)?;
        let parent = record::find(db, reach, version.record, None)?;
        let page = proposal::list(db, reach, args.version, &filter, &request)?;
        let kits = app.kits();
        Ok::<_, Problem>(page.map(|it| proposal::view(&it, kits, &parent.collection)))
    });
    Ok(Answer::page(page.await?))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The proposal.
    proposal: ProposalId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let (app, reach) = (call.app.clone(), call.caller.reach);
    let view = call.app.store.read(move |db| {
        let proposal = proposal::get(db, reach, args.proposal)?;
        let parent = record::find(db, reach, proposal.parent, None)?;
        Ok::<_, Problem>(proposal::view(&proposal, app.kits(), &parent.collection))
    });
    Ok(Answer::one(view.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Accept {
    /// The proposal.
    proposal: ProposalId,
    /// Words about it.
    #[schemars(length(max = 2000))]
    notes: Option<String>,
}

async fn accept(call: Call, args: Accept) -> Result<Answer, Problem> {
    let accepted = call.app.engine.proposal_accept(&call.caller, args.proposal, args.notes).await?;
    Ok(Answer::one(accepted))
}

#[derive(Deserialize, JsonSchema)]
struct Reject {
    /// The proposal.
    proposal: ProposalId,
    /// Why.
    #[schemars(length(max = 2000))]
    reason: Option<String>,
    /// Words for the next time.
    #[schemars(length(max = 2000))]
    feedback: Option<String>,
}

async fn reject(call: Call, args: Reject) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    let rejected =
        engine.proposal_reject(&call.caller, args.proposal, args.reason, args.feedback).await?;
    Ok(Answer::one(rejected))
}

#[derive(Deserialize, JsonSchema)]
struct Decide {
    /// The proposals.
    #[schemars(length(min = 1, max = 1000))]
    ids: Vec<ProposalId>,
    /// What becomes of them.
    action: Decision,
    /// Words about it.
    #[schemars(length(max = 2000))]
    notes: Option<String>,
}

async fn decide_all(call: Call, args: Decide) -> Result<Answer, Problem> {
    if args.ids.is_empty() {
        return Err(fault("/ids", "is empty"));
    }
    if args.ids.len() > 1000 {
        return Err(fault("/ids", "has more than 1,000 entries"));
    }
    let engine = &call.app.engine;
    let decided = engine.proposals_decide(&call.caller, args.ids, args.action, args.notes).await?;
    Ok(Answer::one(decided))
}
