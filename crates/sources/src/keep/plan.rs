//! What is to be done with each record of a part. Nothing is written here.

use std::collections::HashMap;

use base::RecordId;
use serde_json::Value as Json;
use store::{Db, Error};

use super::{Keeper, Planned, Ready};
use crate::{
    decide::{self, Decision, Filled, Why},
    description::Existing,
    expression::Data,
    item::{self, Known},
    shelf::{Kept, Patch},
};

impl Keeper {
    /// What is to be done. Records are looked at only where that may matter.
    pub(super) fn plan(&self, db: &Db) -> Result<Vec<Planned>, Error> {
        let source = self.program.source();
        let names: Vec<String> = self.ready.iter().map(|it| it.item.key.clone()).collect();
        let known = item::known(db, &self.of, &names)?;
        let mut planned = Vec::with_capacity(self.ready.len());
        let (mut ids, mut strangers) = (Vec::new(), Vec::new());
        for (at, ready) in self.ready.iter().enumerate() {
            match known.get(&ready.item.key) {
                Some(known) if self.is_settled(known, ready) => {
                    let decision = match source.existing {
                        Existing::Keep => Decision::Skip(Why::There),
                        Existing::Update => Decision::Unchanged(decide::Change {
                            written: known.written.clone().unwrap_or_default(),
                            ..decide::Change::default()
                        }),
                    };
                    let record = Some(known.record);
                    planned.push(Planned { at, decision, known: Some(known.clone()), record });
                }
                Some(known) => ids.push((at, known.clone())),
                None => strangers.push(at),
            }
        }
        let records: Vec<RecordId> = ids.iter().map(|it| it.1.record).collect();
        let kept = self.shelf.by_ids(db, self.of.tenant, &records)?;
        let others = self.others(db, ids.iter().map(|it| (it.1.record, it.1.item.clone())))?;
        for (at, known) in ids {
            let there = kept.iter().find(|it| it.id == known.record);
            let decision = match there {
                // Gone for good: somebody deleted it, and its time to come back is over.
                None => Decision::Skip(Why::Deleted),
                Some(_) => {
                    let filled = self.filled(known.written.as_ref(), &others, known.record);
                    self.decided(there, filled, &self.ready[at])
                }
            };
            let record = Some(known.record);
            planned.push(Planned { at, decision, known: Some(known), record });
        }
        let keys: Vec<Vec<Json>> = strangers.iter().map(|at| self.key(*at)).collect();
        let found = self.shelf.by_keys(db, self.of.tenant, &source.into, &source.key, &keys)?;
        let records = strangers.iter().zip(&found);
        let records = records
            .filter_map(|(at, kept)| Some((kept.as_ref()?.id, self.ready[*at].item.key.clone())));
        let others = self.others(db, records)?;
        for (at, kept) in strangers.into_iter().zip(found) {
            let record = kept.as_ref().map(|it| it.id);
            let filled = record.map(|it| self.filled(None, &others, it)).unwrap_or_default();
            let decision = self.decided(kept.as_ref(), filled, &self.ready[at]);
            planned.push(Planned { at, decision, known: None, record });
        }
        planned.sort_by_key(|it| it.at);
        Ok(planned)
    }

    /// What becomes of a record, as far as its collection takes it.
    fn decided(&self, kept: Option<&Kept>, filled: Filled<'_>, ready: &Ready) -> Decision {
        let source = self.program.source();
        let said = kept.map(|it| said_of(it, filled, ready));
        let said = said.as_ref().unwrap_or(&ready.item.data);
        match (decide::decide(source.existing, kept, filled, said), kept) {
            (Decision::Update(change), Some(kept)) => {
                decide::fitting(change, filled, said, |patch| {
                    self.shelf.takes(&source.into, &kept.data, &patch_of(patch, said))
                })
            }
            (decision, _) => decision,
        }
    }

    /// What is known of who filled the fields of a record.
    fn filled<'a>(
        &'a self,
        written: Option<&'a Data>,
        others: &'a HashMap<RecordId, Vec<Data>>,
        record: RecordId,
    ) -> Filled<'a> {
        let mark = self.program.source().gone.as_ref().and_then(|it| it.field.as_deref());
        let by_others = others.get(&record).map_or(&[][..], Vec::as_slice);
        Filled { written, by_others, mark, usual: Some(&self.usual) }
    }

    /// What others placed in records. Where nothing is ever changed nobody needs to know.
    fn others(
        &self,
        db: &Db,
        records: impl Iterator<Item = (RecordId, String)>,
    ) -> Result<HashMap<RecordId, Vec<Data>>, Error> {
        match self.program.source().existing {
            Existing::Keep => Ok(HashMap::new()),
            Existing::Update => item::placed_by_others(db, &self.of, &records.collect()),
        }
    }

    /// Need nobody look at the record?
    fn is_settled(&self, known: &Known, ready: &Ready) -> bool {
        let is_same = known.hash == ready.hash;
        match self.program.source().existing {
            Existing::Keep => true,
            Existing::Update => {
                let was_equal = self.compared.get(&ready.item.key) == Some(&ready.hash);
                // An earlier attempt of this very run has kept it.
                let is_done = known.seen_run == self.job.job().id.to_string();
                known.gone_at.is_none() && is_same && (was_equal || is_done)
            }
        }
    }

    fn key(&self, at: usize) -> Vec<Json> {
        let data = &self.ready[at].item.data;
        let value = |it: &String| data.get(it).cloned().unwrap_or_default();
        self.program.source().key.iter().map(value).collect()
    }
}

/// A change of which the source says how all the fields are that it speaks of.
pub(super) fn patch_of(fields: &Data, said: &Data) -> Patch {
    let stay = said.keys().filter(|it| !fields.contains_key(*it));
    Patch { fields: fields.clone(), stay: stay.cloned().collect() }
}

/// What a source says of a record that is there: what its collection only completed of that says nothing against
/// what another source placed.
fn said_of(kept: &Kept, filled: Filled<'_>, ready: &Ready) -> Data {
    let is_word = |name: &String| {
        let there = kept.data.get(name).unwrap_or(&Json::Null);
        !ready.completed.contains(name) || !filled.is_by_others(name, there)
    };
    let said = ready.item.data.iter().filter(|it| is_word(it.0));
    said.map(|(name, it)| (name.clone(), it.clone())).collect()
}
