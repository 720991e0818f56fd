//! Vectors that serve nobody any more: removed a little at a time.
//!
//! What a record no longer is loses its vector with the change itself. What comes by the time is found
//! here: records that are not recent any more, collections that are declared otherwise, and models that
//! gave their place to another. That other fields stand for records is found when an engine starts.

use std::collections::HashSet;

use base::{RecordId, TenantId, Timestamp};
use jiff::SignedDuration;
use store::{Db, Dialect, Error, Tx, params};

use super::rows;
use crate::{
    engine::Engine,
    indexes,
    job::Kind,
    record::{Act, Bindings, CollectionKit},
    seed,
};

/// Rows removed in one transaction.
const AT_ONCE: usize = 500;

/// How often the vectors of a collection are looked through, for those that somebody held.
const ROUNDS: u32 = 3;

/// A model that a job was made for within this time may be that of another process.
const MAY_SERVE_ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);

impl Engine {
    /// Removes the vectors of records outside of versions that serve nobody any more; says how many.
    pub(crate) async fn sweep_vectors(&self, now: Timestamp) -> Result<u64, Error> {
        let mut swept = 0;
        loop {
            let this = self.clone();
            let unwanted = self.store().read_long(move |db| unwanted(db, &this, now)).await?;
            let (count, is_last) = (self.forget(None, &unwanted).await?, unwanted.len() < AT_ONCE);
            swept += count;
            // What somebody holds goes the next time.
            if is_last || count == 0 {
                break;
            }
        }
        let this = self.clone();
        let old = self.store().read_long(move |db| replaced(db, &this, now)).await?;
        for (tenant, model) in old {
            loop {
                let of = model.clone();
                let rows = self.store().read_long(move |db| of_model(db, tenant, &of)).await?;
                let (count, is_last) =
                    (self.forget(Some(&model), &rows).await?, rows.len() < AT_ONCE);
                swept += count;
                if is_last || count == 0 {
                    break;
                }
            }
        }
        Ok(swept)
    }

    /// Removes the vectors of collections whose records are known by other fields than when they were made:
    /// nobody lacks a vector who has one of a text that is not theirs any more. What was removed is asked
    /// for anew as what is lacking.
    pub(crate) async fn forget_vectors_of_other_fields(&self) -> Result<(), Error> {
        let kits = self.folder().kits().iter().filter(|it| it.is_embedded_apart());
        let all: Vec<_> = kits.map(|it| (it.name.clone(), fields_hash(it))).collect();
        for (collection, fields) in all {
            let name = format!("embed/{collection}");
            let asked = name.clone();
            let known = self.store().read(move |db| seed::remembered(db, &asked)).await?;
            if known.as_ref() == Some(&fields) {
                continue;
            }
            // What is not all gone is looked for at the next start.
            if known.is_some() && !self.forget_collection(&collection).await? {
                continue;
            }
            let act = Act::house(self.now());
            let remember =
                move |tx: &Tx| seed::remember(tx, &act, TenantId::DEFAULT, &name, &fields, 0);
            self.store().bookkeep("remember what stands for records", remember).await?;
        }
        Ok(())
    }

    /// Removes all vectors of a collection's records outside of versions; says whether none is left.
    async fn forget_collection(&self, collection: &str) -> Result<bool, Error> {
        for _ in 0..ROUNDS {
            let (mut after, mut is_first) = (None, true);
            loop {
                let of = collection.to_owned();
                let read = move |db: &Db| of_collection(db, &of, after);
                let records = self.store().read_long(read).await?;
                let Some(last) = records.last() else { break };
                (after, is_first) = (Some(*last), false);
                self.forget(None, &records).await?;
            }
            if is_first {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the vectors of these records, of all models or of one.
    async fn forget(&self, model: Option<&str>, records: &[RecordId]) -> Result<u64, Error> {
        if records.is_empty() {
            return Ok(0);
        }
        let (model, records) = (model.map(str::to_owned), records.to_vec());
        self.store()
            .bookkeep("remove vectors that serve nobody", move |tx| {
                forget(tx, model.as_deref(), &records)
            })
            .await
    }
}

/// Records with a vector that are not to have one: gone, deleted, too old, of a collection that is not
/// found by meaning any more.
fn unwanted(db: &Db, engine: &Engine, now: Timestamp) -> Result<Vec<RecordId>, Error> {
    let mut bind = Bindings::default();
    let mut wanted = vec!["1 = 0".to_owned()];
    for kit in engine.folder().kits().iter().filter(|it| it.is_embedded_apart()) {
        let since = rows::since(kit, now);
        let is_wanted = rows::is_wanted(db.dialect(), &kit.name, since.as_ref(), &mut bind);
        wanted.push(format!("({is_wanted})"));
    }
    let sql = format!(
        "SELECT DISTINCT v.record
           FROM record_vectors v LEFT JOIN records r ON r.id = v.record
          WHERE v.version IS NULL AND ({}) IS NOT TRUE
          LIMIT {AT_ONCE}",
        wanted.join(" OR "),
    );
    db.query(sql.as_str(), &bind.0)?.iter().map(|it| it.get("record")).collect()
}

/// Models whose vectors serve nobody in a tenant: those of the one that is set up are whole, and no
/// other process seems to make them.
fn replaced(db: &Db, engine: &Engine, now: Timestamp) -> Result<Vec<(TenantId, String)>, Error> {
    let Some(current) = engine.models().can_embed() else { return Ok(Vec::new()) };
    let others = db.query(
        "SELECT DISTINCT tenant, model FROM record_vectors WHERE version IS NULL AND model <> $1",
        &params![current.as_str()],
    )?;
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let mut lacking: HashSet<TenantId> = HashSet::new();
    for kit in engine.folder().kits().iter().filter(|it| it.is_embedded_apart()) {
        lacking.extend(rows::tenants_lacking(db, kit, &current, now)?);
    }
    let mut replaced = Vec::new();
    for row in others {
        let (tenant, model): (TenantId, String) = (row.get("tenant")?, row.get("model")?);
        if !lacking.contains(&tenant) && !may_serve_elsewhere(db, engine, tenant, &model, now)? {
            replaced.push((tenant, model));
        }
    }
    Ok(replaced)
}

/// Was a job made for this model lately, for any collection?
fn may_serve_elsewhere(
    db: &Db,
    engine: &Engine,
    tenant: TenantId,
    model: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    for kit in engine.folder().kits().iter().filter(|it| it.is_embedded_apart()) {
        // As whoever wants vectors names it.
        let lock = format!("{}/{}/{model}", Kind::Embed.name(), kit.name);
        let last = work::wanted_last(db, tenant, &lock)?;
        if last.is_some_and(|it| now.duration_since(it) < MAY_SERVE_ELSEWHERE) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn of_model(db: &Db, tenant: TenantId, model: &str) -> Result<Vec<RecordId>, Error> {
    let sql = format!(
        "SELECT record FROM record_vectors
          WHERE version IS NULL AND tenant = $1 AND model = $2 LIMIT {AT_ONCE}"
    );
    db.query(sql.as_str(), &params![tenant, model])?.iter().map(|it| it.get("record")).collect()
}

/// The next records of a collection that have vectors, of whatever model, in the order of their ids.
fn of_collection(
    db: &Db,
    collection: &str,
    after: Option<RecordId>,
) -> Result<Vec<RecordId>, Error> {
    let mut bind = Bindings::default();
    let behind = after.map(|it| format!(" AND v.record > {}", bind.put(it))).unwrap_or_default();
    let sql = format!(
        "SELECT DISTINCT v.record
           FROM record_vectors v JOIN records r ON r.id = v.record
          WHERE v.version IS NULL AND r.collection = {}{behind}
          ORDER BY v.record LIMIT {AT_ONCE}",
        indexes::text(collection),
    );
    db.query(sql.as_str(), &bind.0)?.iter().map(|it| it.get("record")).collect()
}

/// What the fields are known by whose text stands for the records of a collection.
fn fields_hash(kit: &CollectionKit) -> String {
    super::hash(&kit.spec.embedded().join("\n"))
}

fn forget(tx: &Tx, model: Option<&str>, records: &[RecordId]) -> Result<u64, Error> {
    let mut bind = Bindings::default();
    let ids: Vec<String> = records.iter().map(|it| bind.put(*it)).collect();
    let mut wheres = format!("version IS NULL AND record IN ({})", ids.join(", "));
    if let Some(model) = model {
        wheres.push_str(&format!(" AND model = {}", bind.put(model)));
    }
    // Whoever changes several records holds their vectors one by one: rows that somebody holds are
    // passed over, so that neither waits for the other in a ring.
    let sql = match tx.dialect() {
        Dialect::Sqlite => format!("DELETE FROM record_vectors WHERE {wheres}"),
        Dialect::Postgres => format!(
            "DELETE FROM record_vectors WHERE (record, model) IN
                (SELECT record, model FROM record_vectors WHERE {wheres} FOR UPDATE SKIP LOCKED)"
        ),
    };
    tx.execute(sql.as_str(), &bind.0)
}
