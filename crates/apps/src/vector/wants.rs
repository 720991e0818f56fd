//! Vectors that are wanted: by whoever writes a record, in the same transaction, and by whoever looks
//! now and then whether any are lacking.
//!
//! One job waits for each tenant and collection. Whoever writes while it waits leaves it to that job;
//! whoever writes while it runs asks for another. Neither waits for anybody.

use std::time::Duration;

use base::{Actor, TenantId, Timestamp};
use jiff::SignedDuration;
use serde_json::json;
use store::{Error, Tx, params};
use work::{Busy, EnqueueError, Lock, NewJob};

use super::rows;
use crate::{
    engine::Engine,
    field::{self, Data},
    job::Kind,
    record::{CollectionKit, Record},
};

/// A job begins so much later than it is wanted, so that what is written one after the other is sent
/// together, and by few jobs: each looks through the whole collection.
const GATHER: SignedDuration = SignedDuration::from_secs(60);

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(3_600);

/// A model that is away or refuses is tried again until it answers, ever more seldom.
const ATTEMPTS_MAX: u32 = 1_000_000;

/// Records of this collection were written: those outside of versions get vectors, where somebody
/// makes them.
pub(crate) fn want(
    tx: &Tx,
    kit: &CollectionKit,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(model) = kit.embedder() else { return Ok(()) };
    let payload = json!({"collection": &kit.name, "model": &*model});
    let kind = Kind::Embed.name();
    let key = format!("{kind}/{}/{model}", kit.name);
    let job = NewJob {
        lock: Some(Lock { key, busy: Busy::Join }),
        due_at: now + GATHER,
        attempts_max: ATTEMPTS_MAX,
        timeout: TIMEOUT,
        // Somebody waits for the others.
        priority: -1,
        ..NewJob::new(tenant, kind, payload, Actor::house().to_string(), now)
    };
    match work::enqueue(tx, job, now) {
        Ok(_) | Err(EnqueueError::Busy { .. }) => Ok(()),
        Err(EnqueueError::Store(error)) => Err(error),
    }
}

/// A record was changed: a vector of what it said before is not its own any more.
pub(crate) fn changed(
    tx: &Tx,
    kit: &CollectionKit,
    before: &Data,
    after: &Record,
) -> Result<(), Error> {
    let fields = kit.spec.embedded();
    if fields.is_empty() {
        return Ok(());
    }
    let says_other = super::text(before, fields) != super::text(&after.data, fields);
    if says_other {
        tx.execute("DELETE FROM record_vectors WHERE record = $1", &params![after.id])?;
    }
    let recent = kit.spec.embedded_recently();
    let is_of_another_day = recent
        .is_some_and(|it| field::get(before, &it.field) != field::get(&after.data, &it.field));
    match says_other || is_of_another_day {
        true => want(tx, kit, after.tenant, after.updated_at),
        false => Ok(()),
    }
}

impl Engine {
    /// The duty of every few minutes: asks for vectors where records lack them, which nobody may have
    /// written lately. They are there since before a model was set up; their job was cancelled; another
    /// model is set up; or they were written at the very moment in which a job began.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tend_vectors(&self, now: Timestamp) -> Result<(), Error> {
        let this = self.clone();
        let lacking = self.store().read_long(move |db| {
            let mut all = Vec::new();
            for kit in this.folder().kits().iter() {
                let Some(model) = kit.embedder() else { continue };
                let tenants = rows::tenants_lacking(db, kit, &model, now)?;
                all.extend(tenants.into_iter().map(|it| (kit.name.clone(), it)));
            }
            Ok::<_, Error>(all)
        });
        for (collection, tenant) in lacking.await? {
            let this = self.clone();
            self.store()
                .bookkeep("want vectors of records", move |tx| {
                    match this.folder().kits().get(&collection) {
                        Some(kit) => want(tx, kit, tenant, now),
                        None => Ok(()),
                    }
                })
                .await?;
        }
        Ok(())
    }
}
