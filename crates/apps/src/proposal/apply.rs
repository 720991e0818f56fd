//! Applying accepted proposals: one new version of all their changes.
//!
//! [`plan`] decides what the new version holds and what could not be done, and does no I/O; [`apply`]
//! loads, plans and saves. A record is found by its lineage, so a proposal made for an older version
//! still meets it. Undoing is going back to the version before.

use std::collections::{BTreeMap, HashMap, HashSet};

use base::{ProposalId, RecordId};
use serde_json::{Value as Json, json};
use store::{Tx, audit, params};

use super::{Proposal, ProposalError, Status, get};
use crate::{
    field::{self, Data},
    record::{self, Act, Checked, CollectionKit, Invalid, Kits, Record, merge},
    version::{self, Contents, NewChild, NewVersion, Outcome, Version, VersionError},
};

/// What a proposal's `change.suggested` means.
#[derive(Debug, Clone, PartialEq)]
pub enum Suggested {
    /// Fields to set: objects go deeper, null takes a field out, `metadata.unit` reaches inside.
    Set(Data),
    /// Take the record out.
    Remove,
    /// Put a record in.
    Add(Data),
    /// Words for people; nothing changes by itself.
    Advice,
}

impl Suggested {
    /// Reads it.
    pub fn of(proposal: &Proposal) -> Self {
        let suggested = proposal.change.as_ref().and_then(|it| it.get("suggested"));
        let Some(Json::Object(suggested)) = suggested else { return Self::Advice };
        match proposal.lineage {
            Some(_) if suggested.get("remove") == Some(&Json::Bool(true)) => Self::Remove,
            Some(_) if !suggested.is_empty() => Self::Set(suggested.clone()),
            None => match suggested.get("add") {
                Some(Json::Object(data)) => Self::Add(data.clone()),
                _ => Self::Advice,
            },
            Some(_) => Self::Advice,
        }
    }
}

/// A change that could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The proposal.
    pub proposal: ProposalId,
    /// Why, in words.
    pub why: String,
}

/// What a version with all the changes holds.
#[derive(Debug)]
pub struct Plan {
    /// Its records.
    pub children: Vec<NewChild>,
    /// Proposals whose change is in it.
    pub applied: Vec<ProposalId>,
    /// Proposals that change nothing by themselves.
    pub advice: Vec<ProposalId>,
    /// Proposals whose change could not be made.
    pub conflicts: Vec<Conflict>,
}

/// What applying did.
#[derive(Debug)]
pub struct Applied {
    /// The new version, active; none when nothing was to be changed.
    pub version: Option<Version>,
    /// Proposals whose change is in it.
    pub applied: Vec<ProposalId>,
    /// Proposals that change nothing by themselves.
    pub advice: Vec<ProposalId>,
    /// Proposals whose change could not be made.
    pub conflicts: Vec<Conflict>,
}

/// Lays the changes of `proposals`, in their order, over `records`. What does not fit the schema,
/// speaks of a record that is gone, or makes two records share what must differ, stays out and is
/// told; the rest goes in.
pub fn plan(kit: &CollectionKit, records: &[Record], proposals: &[Proposal]) -> Plan {
    let mut draft = Draft::new(kit, records);
    for proposal in proposals {
        draft.take_in(proposal);
    }
    draft.part_repeats();
    draft.finish()
}

/// A record as it will be.
struct Entry<'a> {
    /// As it is; none for one that is put in.
    record: Option<&'a Record>,
    /// As it will be; none when it is taken out.
    data: Option<Checked>,
    /// The proposals that made it so.
    by: Vec<ProposalId>,
}

struct Draft<'a> {
    kit: &'a CollectionKit,
    entries: Vec<Entry<'a>>,
    places: HashMap<RecordId, usize>,
    advice: Vec<ProposalId>,
    conflicts: Vec<Conflict>,
}

impl<'a> Draft<'a> {
    fn new(kit: &'a CollectionKit, records: &'a [Record]) -> Self {
        let entry = |it: &'a Record| Entry {
            record: Some(it),
            data: Some(Checked::stored(kit, it.data.clone())),
            by: Vec::new(),
        };
        Self {
            kit,
            entries: records.iter().map(entry).collect(),
            places: records.iter().enumerate().map(|(at, it)| (it.lineage, at)).collect(),
            advice: Vec::new(),
            conflicts: Vec::new(),
        }
    }

    fn take_in(&mut self, proposal: &Proposal) {
        if let Err(why) = self.try_to_take_in(proposal) {
            self.conflicts.push(Conflict { proposal: proposal.id, why });
        }
    }

    fn try_to_take_in(&mut self, proposal: &Proposal) -> Result<(), String> {
        let unfit = |it: Invalid| format!("the record would not fit any more: {it}");
        let fields = match Suggested::of(proposal) {
            Suggested::Advice => {
                self.advice.push(proposal.id);
                return Ok(());
            }
            Suggested::Add(data) => {
                let data = Some(self.kit.check(data).map_err(unfit)?);
                self.entries.push(Entry { record: None, data, by: vec![proposal.id] });
                return Ok(());
            }
            Suggested::Set(fields) => Some(fields),
            Suggested::Remove => None,
        };
        let at = proposal.lineage.and_then(|it| self.places.get(&it).copied());
        let present = at.and_then(|it| Some((it, self.entries[it].data.as_ref()?)));
        let Some((at, present)) = present else {
            return Err("the record it speaks of is gone".to_owned());
        };
        let data = match fields {
            None => None,
            Some(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                let named: Vec<&str> = names.iter().map(|it| field::top(it)).collect();
                let mut after = present.data().clone();
                set(&mut after, fields);
                let changed = self.kit.changed_to(present.data(), Json::Object(after), &named);
                Some(changed.map_err(unfit)?.unwrap_or_else(|| present.clone()))
            }
        };
        let entry = &mut self.entries[at];
        entry.data = data;
        entry.by.push(proposal.id);
        Ok(())
    }

    /// Takes changes back until no two records share what must differ. Of two that would, the one
    /// that was so before stays; of two changed ones, the first.
    fn part_repeats(&mut self) {
        // Each round takes at least one change back, so this ends.
        while let Some((at, why)) = self.kit.spec.unique.iter().find_map(|it| self.repeat(it)) {
            self.take_back(at, &why);
        }
    }

    /// The first record whose change has to be taken back, and why.
    fn repeat(&self, fields: &[String]) -> Option<(usize, String)> {
        let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let Some(data) = &entry.data else { continue };
            let Some(key) = key(data.data(), fields) else { continue };
            let why = format!(
                "another record has the same {}: `{}`",
                fields.join(" and "),
                key.join("`, `")
            );
            let Some(first) = seen.insert(key, at) else { continue };
            let changed = [at, first].into_iter().find(|it| !self.entries[*it].by.is_empty());
            if let Some(changed) = changed {
                return Some((changed, why));
            }
        }
        None
    }

    fn take_back(&mut self, at: usize, why: &str) {
        let entry = &mut self.entries[at];
        for proposal in std::mem::take(&mut entry.by) {
            self.conflicts.push(Conflict { proposal, why: why.to_owned() });
        }
        entry.data = entry.record.map(|it| Checked::stored(self.kit, it.data.clone()));
    }

    fn finish(self) -> Plan {
        let mut applied = Vec::new();
        let mut children = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            applied.extend(entry.by);
            children.extend(entry.data.map(|data| match entry.record {
                Some(record) => NewChild::next(record, data),
                None => data.into(),
            }));
        }
        Plan { children, applied, advice: self.advice, conflicts: self.conflicts }
    }
}

/// Sets suggested fields: dotted names reach inside, the rest is merged.
fn set(data: &mut Data, fields: Data) {
    for (path, value) in fields {
        match path.contains('.') {
            true if value.is_null() => {
                field::remove(data, &path);
            }
            true => field::set(data, &path, value),
            false => {
                let mut whole = Json::Object(std::mem::take(data));
                merge(&mut whole, &json!({ path: value }));
                if let Json::Object(whole) = whole {
                    *data = whole;
                }
            }
        }
    }
}

/// The values that must differ from those of every other record; none when one is missing.
fn key(data: &Data, fields: &[String]) -> Option<Vec<String>> {
    let value = |path: &String| match field::get(data, path) {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    fields.iter().map(value).collect()
}

/// Applies accepted proposals of a record: one new version, active at once, from the one that is
/// active now. Those applied before are left out, so doing it again does nothing.
///
/// # Errors
/// [`ProposalError::NotAccepted`]; [`ProposalError::NotFound`] also for proposals of other records;
/// [`VersionError::NoActive`]; [`record::RecordError::Deleted`] of the record.
pub fn apply(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    ids: &[ProposalId],
    new: NewVersion,
) -> Result<Applied, ProposalError> {
    let parent = record::living(record::hold(tx, act.reach, new.record, None)?)?;
    let mut proposals: BTreeMap<ProposalId, Proposal> = BTreeMap::new();
    for id in ids {
        let proposal = get(tx, act.reach, *id)?;
        if proposal.parent != parent.id {
            return Err(ProposalError::NotFound(*id));
        }
        if proposal.status != Status::Accepted {
            return Err(ProposalError::NotAccepted { id: *id, status: proposal.status });
        }
        if proposal.applied_version.is_none() {
            proposals.insert(*id, proposal);
        }
    }
    let active = parent.active_version.as_ref().ok_or(VersionError::NoActive(parent.id))?.id;
    let kit = kits.get(&parent.collection).and_then(|it| kits.children_of(it));
    let kit = kit.ok_or(VersionError::NotVersioned(parent.collection.clone()))?;
    let records = version::records(tx, active)?;
    let proposals: Vec<Proposal> = proposals.into_values().collect();
    let Plan { children, applied, advice, conflicts } = plan(kit, &records, &proposals);
    if applied.is_empty() {
        return Ok(Applied { version: None, applied, advice, conflicts });
    }

    let authors: HashSet<&str> = proposals.iter().map(|it| it.produced_by.as_str()).collect();
    let outcome = Outcome {
        produced_by: authors
            .iter()
            .next()
            .filter(|_| authors.len() == 1)
            .map(|it| (*it).to_owned()),
        ..Outcome::default()
    };
    let new = NewVersion { based_on: Some(active), ..new };
    let version =
        version::settle(tx, kits, act, &parent, new, Contents::Records(children), outcome)?;
    for id in &applied {
        tx.execute(
            "UPDATE proposals SET applied_version = $2, updated_at = $3 WHERE id = $1",
            &params![*id, version.id, act.now],
        )?;
    }
    tx.audit(
        audit::Entry::new(
            version.tenant,
            "proposals_applied",
            format!("versions/{}", version.id),
            format!("Applied {} proposals as version {}", applied.len(), version.number),
        )
        .record(version.record)
        .version(version.id)
        .before(json!({ "active_version": active }))
        .after(json!({
            "active_version": version.id,
            "number": version.number,
            "applied": applied,
            "conflicts": conflicts.len(),
        })),
    );
    Ok(Applied { version: Some(version), applied, advice, conflicts })
}
