//! Asking for proposals: what a task suggests about the records of a version.

use std::collections::{BTreeMap, HashMap, HashSet};

use base::{PageRequest, RecordId, VersionId};
use serde_json::{Map, Value as Json};
use store::Tx;
use work::Failure;

use super::{fill, steps::Steps};
use crate::{
    error::EngineError,
    proposal::{self, NewProposal},
    record::Act,
    task::{Asker, answer::RULES},
    version,
};

/// How many refused proposals are remembered.
const REFUSED_MAX: u32 = 1_000;

/// Proposals, and who made them.
#[derive(Debug, Default)]
pub(crate) struct Proposed {
    /// By maker: `rules`, or `provider/model`.
    pub(crate) by: BTreeMap<String, Vec<NewProposal>>,
    /// Tokens used.
    pub(crate) tokens_used: u64,
}

impl Proposed {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.by.values().map(Vec::len).sum()
    }

    /// Did a model make any of them?
    pub(crate) fn is_by_model(&self) -> bool {
        self.by.keys().any(|it| it != RULES)
    }

    /// Takes those of another task in.
    pub(crate) fn extend(&mut self, more: Self) {
        self.tokens_used += more.tokens_used;
        for (by, proposals) in more.by {
            self.by.entry(by).or_default().extend(proposals);
        }
    }

    /// Keeps them for a version, and says how many: those that it has already are left out, whatever
    /// became of them, and those that were refused for an earlier version too.
    pub(crate) fn insert(self, tx: &Tx, act: &Act, version: VersionId) -> Result<u64, EngineError> {
        let known = Known::of(tx, act, version)?;
        let mut kept = 0;
        for (by, mut proposals) in self.by {
            proposals.retain(|it| !known.has(it));
            kept += proposal::insert(tx, act, version, &by, proposals)?;
        }
        Ok(kept)
    }
}

/// What was proposed before.
struct Known {
    /// For this version: about which record, and in which words.
    here: HashSet<(Option<RecordId>, String)>,
    /// Refused for any version: about which lineage.
    refused: HashSet<(Option<RecordId>, String)>,
    /// The lineages of this version's records; read only when something was refused.
    lineages: HashMap<RecordId, RecordId>,
}

impl Known {
    fn of(tx: &Tx, act: &Act, version: VersionId) -> Result<Self, EngineError> {
        let head = version::get(tx, act.reach, version)?;
        let mut here = HashSet::new();
        let mut page = PageRequest::first(1_000);
        loop {
            let found =
                proposal::list(tx, act.reach, version, &proposal::Filter::default(), &page)?;
            here.extend(found.items.into_iter().map(|it| (it.record, it.suggestion)));
            let Some(next) = found.next else { break };
            page.cursor = Some(next);
        }
        let refused = proposal::rejections(tx, head.tenant, head.record, REFUSED_MAX)?;
        let refused: HashSet<_> =
            refused.into_iter().map(|it| (it.lineage, it.suggestion)).collect();
        let lineages = match refused.is_empty() {
            true => HashMap::new(),
            false => {
                version::records(tx, version)?.into_iter().map(|it| (it.id, it.lineage)).collect()
            }
        };
        Ok(Self { here, refused, lineages })
    }

    fn has(&self, new: &NewProposal) -> bool {
        let lineage = new.record.and_then(|it| self.lineages.get(&it).copied());
        self.here.contains(&(new.record, new.suggestion.clone()))
            || self.refused.contains(&(lineage, new.suggestion.clone()))
    }
}

/// Asks about the records of a version. Proposals about records that are not there are left out;
/// one that is made twice counts once.
pub(crate) async fn ask(
    steps: &Steps,
    asker: &Asker,
    records: &[(RecordId, Json)],
    progress: (u8, u8),
) -> Result<Proposed, Failure> {
    let seen: Vec<Map<String, Json>> = records
        .iter()
        .map(|(id, data)| {
            let mut seen = data.as_object().cloned().unwrap_or_default();
            seen.insert("id".into(), id.to_string().into());
            seen
        })
        .collect();
    let there: HashMap<String, RecordId> =
        records.iter().map(|(id, _)| (id.to_string(), *id)).collect();
    let mut proposed = Proposed::default();
    let mut said = HashSet::new();
    for answered in fill::ask_all(steps, asker, &seen, progress).await? {
        proposed.tokens_used += answered.tokens_used;
        let list = proposed.by.entry(answered.produced_by.clone()).or_default();
        for proposal in read(asker, &answered.value, &there) {
            if said.insert((proposal.record, proposal.suggestion.clone())) {
                list.push(proposal);
            }
        }
    }
    Ok(proposed)
}

fn read(asker: &Asker, answer: &Json, there: &HashMap<String, RecordId>) -> Vec<NewProposal> {
    let Some(proposes) = &asker.kit.description.proposes else { return Vec::new() };
    let list = answer.get(&proposes.list).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let mut proposals = Vec::new();
    for entry in list {
        let about = match &entry["item_id"] {
            Json::String(id) => match there.get(id.trim()) {
                Some(found) => Some(*found),
                // A record that was made up: what is said about it is worth nothing.
                None => continue,
            },
            _ => None,
        };
        let category = entry["category"].as_str().unwrap_or_default();
        let known = proposes.categories.iter().any(|it| it == category);
        let fallback = proposes.categories.last().cloned().unwrap_or_default();
        let suggestion = entry["suggestion"].as_str().unwrap_or_default().trim();
        if suggestion.is_empty() {
            continue;
        }
        proposals.push(NewProposal {
            record: about,
            category: if known { category.to_owned() } else { fallback },
            suggestion: suggestion.to_owned(),
            change: entry.get("suggestion_payload").filter(|it| it.is_object()).cloned(),
        });
    }
    proposals
}
