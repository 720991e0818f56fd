//! The vectors of records outside of versions: which are lacking, and keeping them.
//!
//! A model takes its time, so what was read before it was asked may not hold any more when it has
//! answered: a vector is kept only for a record that is there and says what it said ([`keep`]). A row
//! without numbers says that there is nothing to make a vector of, or that the model would not take it.

use std::collections::HashSet;

use base::{RecordId, TenantId, Timestamp};
use jiff::civil::Date;
use serde_json::Value as Json;
use store::{Db, Dialect, Error, Row, Tx, params};

use super::{BATCH, COLUMNS};
use crate::{
    indexes,
    record::{Bindings, CollectionKit, since_clause},
};

/// No more of those that lack a vector are counted: more of them only take longer to be counted.
const COUNTED_MAX: u32 = 10_000;

/// Which records are to have vectors, and by which model.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Of which collection.
    pub(crate) collection: String,
    /// The model, as `provider/model`.
    pub(crate) model: String,
    fields: Vec<String>,
    since: Option<(String, Date)>,
}

/// A record that has no vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// Which one.
    pub(crate) record: RecordId,
    /// Its place among the others.
    pub(crate) created_at: Timestamp,
    /// The text that stands for it; it may be empty.
    pub(crate) text: String,
    /// The same text has a vector in this tenant.
    pub(crate) is_known: bool,
    hash: String,
}

/// What there is to keep for a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Made {
    /// Its vector.
    Vector(Vec<f32>),
    /// That of another record with the same text.
    Same,
    /// No vector can be made for it.
    Nothing,
}

/// How many records something was kept for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// They have a vector.
    pub(crate) embedded: u64,
    /// No vector can be made for them.
    pub(crate) left_to_words: u64,
}

impl Wanted {
    /// The records of a tenant, as their collection declares it; what is recent, is so at `now`.
    pub(crate) fn of(kit: &CollectionKit, tenant: TenantId, model: &str, now: Timestamp) -> Self {
        Self {
            tenant,
            collection: kit.name.clone(),
            model: model.to_owned(),
            fields: kit.spec.embedded().to_vec(),
            since: since(kit, now),
        }
    }

    /// The condition on a record `r` that it is to have a vector and has none.
    fn is_lacking(&self, dialect: Dialect, bind: &mut Bindings) -> String {
        let mut all = vec![
            format!("r.tenant = {}", bind.put(self.tenant)),
            is_wanted(dialect, &self.collection, self.since.as_ref(), bind),
        ];
        all.push(has_none(&self.model, bind));
        all.join(" AND ")
    }

    fn read(&self, db: &Db, row: &Row) -> Result<Lacking, Error> {
        let data: Json = row.get("data")?;
        let text = data.as_object().map(|it| super::text(it, &self.fields)).unwrap_or_default();
        let hash = super::hash(&text);
        let known = "SELECT 1 AS known FROM record_vectors
                      WHERE tenant = $1 AND model = $2 AND hash = $3 AND dimensions > 0 LIMIT 1";
        let known = db.first(known, &params![self.tenant, self.model.as_str(), hash.as_str()])?;
        let (record, created_at) = (row.get("id")?, row.get("created_at")?);
        Ok(Lacking { record, created_at, is_known: known.is_some(), text, hash })
    }
}

/// The first day whose records of a collection are found by meaning; none when all are.
pub(super) fn since(kit: &CollectionKit, now: Timestamp) -> Option<(String, Date)> {
    kit.spec.embedded_recently().map(|it| (it.field.clone(), it.since(now)))
}

/// The condition on a record `r` that it is one of those that are to have vectors.
pub(super) fn is_wanted(
    dialect: Dialect,
    collection: &str,
    since: Option<&(String, Date)>,
    bind: &mut Bindings,
) -> String {
    let mut all = vec![
        format!("r.collection = {}", indexes::text(collection)),
        "r.version IS NULL AND r.deleted_at IS NULL".to_owned(),
    ];
    all.extend(since.map(|(field, day)| since_clause(dialect, field, *day, bind)));
    all.join(" AND ")
}

fn has_none(model: &str, bind: &mut Bindings) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM record_vectors v WHERE v.record = r.id AND v.model = {})",
        bind.put(model)
    )
}

/// The tenants in which records of a collection lack a vector of this model. In one that was deleted none
/// does: it has them made when it comes back.
pub(super) fn tenants_lacking(
    db: &Db,
    kit: &CollectionKit,
    model: &str,
    now: Timestamp,
) -> Result<Vec<TenantId>, Error> {
    let (mut bind, since) = (Bindings::default(), since(kit, now));
    let wanted = is_wanted(db.dialect(), &kit.name, since.as_ref(), &mut bind);
    let none = has_none(model, &mut bind);
    let sql = format!("SELECT DISTINCT r.tenant FROM records r WHERE {wanted} AND {none}");
    let living: HashSet<TenantId> = identity::tenant::ids(db)?.into_iter().collect();
    let tenants = db.query(sql.as_str(), &bind.0)?.into_iter().map(|it| it.get("tenant"));
    let mut tenants = tenants.collect::<Result<Vec<TenantId>, _>>()?;
    tenants.retain(|it| living.contains(it));
    Ok(tenants)
}

/// How many records lack a vector, at most [`COUNTED_MAX`].
pub(crate) fn count_lacking(db: &Db, wanted: &Wanted) -> Result<u64, Error> {
    let mut bind = Bindings::default();
    let lacking = wanted.is_lacking(db.dialect(), &mut bind);
    let sql = format!(
        "SELECT count(*) AS total
           FROM (SELECT 1 AS one FROM records r WHERE {lacking} LIMIT {COUNTED_MAX}) some_of_them",
    );
    Ok(db.one(sql.as_str(), &bind.0)?.get::<i64>("total")?.unsigned_abs())
}

/// The next records that lack a vector, at most [`BATCH`] of them, the newest first: those behind
/// `after`, or the first of all.
pub(crate) fn lacking(
    db: &Db,
    wanted: &Wanted,
    after: Option<(Timestamp, RecordId)>,
) -> Result<Vec<Lacking>, Error> {
    let mut bind = Bindings::default();
    let mut wheres = vec![wanted.is_lacking(db.dialect(), &mut bind)];
    if let Some((at, id)) = after {
        wheres.push(format!("(r.created_at, r.id) < ({}, {})", bind.put(at), bind.put(id)));
    }
    let sql = format!(
        "SELECT r.id, r.created_at, r.data FROM records r
          WHERE {}
          ORDER BY r.created_at DESC, r.id DESC LIMIT {BATCH}",
        wheres.join(" AND "),
    );
    db.query(sql.as_str(), &bind.0)?.iter().map(|it| wanted.read(db, it)).collect()
}

/// Keeps what was made, and says for how many records. Left out are those that somebody changed,
/// removed or is changing right now: nobody waits here for a record, so that whoever changes several
/// never waits for this in a ring.
pub(crate) fn keep(tx: &Tx, wanted: &Wanted, made: Vec<(Lacking, Made)>) -> Result<Kept, Error> {
    let unchanged = unchanged(tx, wanted, &made)?;
    let (mut rows, mut kept) = (Vec::with_capacity(made.len()), Kept::default());
    for (it, made) in made.into_iter().filter(|it| unchanged.contains(&it.0.record)) {
        let numbers = match made {
            Made::Vector(numbers) => {
                kept.embedded += 1;
                numbers
            }
            Made::Nothing => {
                kept.left_to_words += 1;
                Vec::new()
            }
            Made::Same => {
                kept.embedded += copy(tx, wanted, &it)?;
                continue;
            }
        };
        let (tenant, model) = (wanted.tenant, &wanted.model);
        rows.push(super::row(it.record, tenant, None, model, &it.hash, &numbers));
    }
    tx.insert_many("record_vectors", COLUMNS, rows)?;
    Ok(kept)
}

/// Those that still lack a vector and say what they said. They stay so until the transaction ends.
fn unchanged(
    tx: &Tx,
    wanted: &Wanted,
    made: &[(Lacking, Made)],
) -> Result<HashSet<RecordId>, Error> {
    let mut bind = Bindings::default();
    let lacking = wanted.is_lacking(tx.dialect(), &mut bind);
    let ids: Vec<String> = made.iter().map(|it| bind.put(it.0.record)).collect();
    let hold = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR SHARE OF r SKIP LOCKED",
    };
    let sql = format!(
        "SELECT r.id, r.data FROM records r WHERE {lacking} AND r.id IN ({}){hold}",
        ids.join(", "),
    );
    let mut unchanged = HashSet::new();
    for row in tx.query(sql.as_str(), &bind.0)? {
        let (id, data): (RecordId, Json) = (row.get("id")?, row.get("data")?);
        let text = data.as_object().map(|it| super::text(it, &wanted.fields)).unwrap_or_default();
        if made.iter().any(|it| it.0.record == id && it.0.text == text) {
            unchanged.insert(id);
        }
    }
    Ok(unchanged)
}

fn copy(tx: &Tx, wanted: &Wanted, it: &Lacking) -> Result<u64, Error> {
    tx.execute(
        "INSERT INTO record_vectors (record, model, tenant, version, dimensions, hash, vector)
         SELECT $1, model, tenant, NULL, dimensions, hash, vector FROM record_vectors
          WHERE tenant = $2 AND model = $3 AND hash = $4 AND dimensions > 0 LIMIT 1",
        &params![it.record, wanted.tenant, wanted.model.as_str(), it.hash.as_str()],
    )
}
