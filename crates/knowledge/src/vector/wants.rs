//! Chunks without a vector: found without going through all of them each time, and asked for by a job
//! for each tenant, ever more seldom of a model that refuses.

use std::collections::HashMap;

use base::{Actor, PageRequest, TenantId, Timestamp};
use jiff::SignedDuration;
use serde_json::json;
use store::{Db, Error, Tx, audit};
use work::{Busy, EnqueueError, Filter, Lock, NewJob};

use super::{
    Vectors,
    reembed::{self, KIND},
    rows::{self, Lacking},
};

/// How often all documents are looked at; in between those that changed.
const ALL_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A change may be seen so much later than it says it happened: clocks differ, commits take time.
const SEEN_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// How often a job for the same tenant is asked for, should it not get to the end. After each that
/// failed, twice as seldom.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(2);

/// And at the most so seldom.
const ASK_AT_LEAST_EVERY: SignedDuration = SignedDuration::from_hours(6);

/// Jobs that are looked back at: two minutes doubled so often are more than six hours.
const LOOKED_BACK_AT: u32 = 8;

/// Tenants that are seen to at once.
const TENANTS: usize = 50;

/// What is known of chunks without a vector. All of it may be lost.
#[derive(Default)]
pub(super) struct Known {
    /// Of this model and length.
    of: (String, Option<usize>),
    /// The last document of each tenant that lacked one when it was looked.
    lacking: Vec<Lacking>,
    looked_at: Option<Timestamp>,
    all_looked_at: Option<Timestamp>,
    asked_at: HashMap<TenantId, Timestamp>,
}

/// How sure somebody must be that nothing is lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What changed is enough.
    AtChanges,
    /// Another generation is to take over: nothing may be left out.
    AtAll,
}

impl Vectors {
    /// Sees to it that chunks without a vector get one. Says whether there are any.
    pub(super) async fn have_embedded(
        &self,
        known: &mut Known,
        look: Look,
        model: &str,
        dimensions: Option<usize>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let of = (model.to_owned(), dimensions);
        if known.of != of {
            let asked_at = std::mem::take(&mut known.asked_at);
            *known = Known { of, asked_at, ..Known::default() };
        }
        self.look(known, look, now).await?;
        let can_embed = self.0.models.can_embed().as_deref() == Some(model);
        for it in known.lacking.iter().filter(|_| can_embed) {
            let is_recent = |it: &Timestamp| now.duration_since(*it) < ASK_EVERY;
            if known.asked_at.get(&it.tenant).is_some_and(is_recent) {
                continue;
            }
            known.asked_at.insert(it.tenant, now);
            self.want_job(it.tenant, model.to_owned(), now).await?;
        }
        known.asked_at.retain(|_, at| now.duration_since(*at) < ASK_EVERY);
        Ok(!known.lacking.is_empty())
    }

    async fn look(&self, known: &mut Known, look: Look, now: Timestamp) -> Result<(), Error> {
        let (model, dimensions) = known.of.clone();
        let before = std::mem::take(&mut known.lacking);
        let is_old = known.all_looked_at.is_none_or(|at| now.duration_since(at) >= ALL_EVERY);
        let changed_since = known.looked_at.map(|at| at - SEEN_WITHIN);
        let found = self.0.store.read_long(move |db| -> Result<_, Error> {
            let mut lacking = Vec::new();
            for it in before {
                if rows::lacks(db, it.document, &model, dimensions)? {
                    lacking.push(it);
                }
            }
            // One that lacks something is answer enough to whether all is there.
            let at_all = is_old || (look == Look::AtAll && lacking.is_empty());
            let since = changed_since.filter(|_| !at_all);
            let new = rows::lacking(db, &model, dimensions, since, TENANTS)?;
            for it in new {
                match lacking.iter_mut().find(|known: &&mut Lacking| known.tenant == it.tenant) {
                    Some(known) => known.document = known.document.max(it.document),
                    None => lacking.push(it),
                }
            }
            Ok((lacking, since.is_none()))
        });
        let (lacking, at_all) = found.await?;
        known.lacking = lacking;
        known.looked_at = Some(now);
        if at_all {
            known.all_looked_at = Some(now);
        }
        Ok(())
    }

    async fn want_job(&self, tenant: TenantId, model: String, now: Timestamp) -> Result<(), Error> {
        let of = model.clone();
        let past = self.0.store.read_long(move |db| past(db, tenant, &of)).await?;
        if past.rests_until.is_some_and(|it| now < it) {
            return Ok(());
        }
        let want = move |tx: &Tx| {
            let job = NewJob {
                lock: Some(Lock { key: KIND.to_owned(), busy: Busy::Refuse }),
                timeout: reembed::TIMEOUT,
                priority: -1,
                ..NewJob::new(
                    tenant,
                    KIND,
                    json!({"model": &model}),
                    Actor::house().to_string(),
                    now,
                )
            };
            match work::enqueue(tx, job, now) {
                Ok(_) if past.is_new => {
                    let summary = format!("Chunks without a vector of `{model}` are given one");
                    tx.audit(audit::Entry::new(tenant, "vectors_wanted", "vectors", summary));
                    Ok(())
                }
                // One is at it.
                Ok(_) | Err(EnqueueError::Busy { .. }) => Ok(()),
                Err(EnqueueError::Store(error)) => Err(error),
            }
        };
        // That vectors of a model are wanted is said once; that it is tried again is no act.
        match past.is_new {
            true => self.0.store.write(&Actor::house(), now, want).await,
            false => self.0.store.bookkeep("want vectors of chunks again", want).await,
        }
    }
}

/// What came of asking for a tenant's vectors before.
struct Past {
    /// It was never asked of this model.
    is_new: bool,
    /// It failed: not before this.
    rests_until: Option<Timestamp>,
}

fn past(db: &Db, tenant: TenantId, model: &str) -> Result<Past, Error> {
    let filter = Filter { tenant: Some(tenant), kind: Some(KIND.to_owned()), ..Filter::default() };
    let jobs = work::list(db, &filter, &PageRequest::first(LOOKED_BACK_AT))?.items;
    let is_same = |it: &&work::Job| it.payload["model"].as_str() == Some(model);
    let of_model: Vec<&work::Job> = jobs.iter().take_while(is_same).collect();
    let failed = of_model.iter().take_while(|it| it.state == work::State::Failed).count();
    let last = of_model.first().filter(|_| failed > 0);
    Ok(Past {
        is_new: of_model.is_empty(),
        rests_until: last.map(|it| it.completed_at.unwrap_or(it.created_at) + rest(failed)),
    })
}

/// How long a model is left in peace that refused so often, one time after the other.
fn rest(failed: usize) -> SignedDuration {
    let doubled = i32::try_from(failed).ok().and_then(|it| 2_i32.checked_pow(it.unsigned_abs()));
    let rest = doubled.and_then(|it| ASK_EVERY.checked_mul(it));
    rest.unwrap_or(ASK_AT_LEAST_EVERY).min(ASK_AT_LEAST_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_refuses_is_asked_ever_more_seldom_but_never_not_at_all() {
        assert_eq!(rest(1), SignedDuration::from_mins(4));
        assert_eq!(rest(3), SignedDuration::from_mins(16));
        assert_eq!(rest(8), SignedDuration::from_hours(6));
        assert_eq!(rest(usize::MAX), SignedDuration::from_hours(6));
    }
}
