//! Making and changing records.
//!
//! A record is made with one statement and one for its words, and changed with one more to read it:
//! uniqueness is the database's to keep, by the declared indexes.

use std::collections::{BTreeSet, HashSet};

use base::{RecordId, TenantId, Timestamp, VersionId};
use serde_json::{Value as Json, json};
use store::{Dialect, Sql, Tx, Value, audit, params};
use uuid::Uuid;

use super::{
    Act, Bindings, Checked, CollectionKit, Invalid, Kits, Place, Record, RecordError, changed,
    hold, ids, json_text, living,
};
use crate::{
    field::{self, Data},
    indexes,
    schema::Fault,
    vector::wants,
    words::{self, Scope},
};

/// A record to be made.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Whose it will be. Shared collections and those within a parent know better.
    pub tenant: TenantId,
    /// The record it will lie in, where its collection has a parent.
    pub parent: Option<RecordId>,
    /// What it will hold.
    pub data: Checked,
}

/// A change to a record.
#[derive(Debug, Clone)]
pub struct Change {
    /// The record.
    pub id: RecordId,
    /// The collection it must be of, when the caller knows.
    pub collection: Option<String>,
    /// What becomes different (RFC 7396): null takes a field out, an object goes deeper.
    pub patch: Json,
    /// The revision the caller saw; with it, a change by somebody else in between is noticed.
    pub revision: Option<i64>,
}

/// Makes a record.
///
/// # Errors
/// [`RecordError::InVersion`] for collections that live in versions; [`RecordError::NotUnique`];
/// [`RecordError::Invalid`] for a reference to nothing; [`RecordError::NotFound`] for a parent that
/// is not there; [`RecordError::Shared`], [`RecordError::TenantForbidden`].
pub fn create(
    tx: &Tx,
    kit: &CollectionKit,
    act: &Act,
    new: NewRecord,
) -> Result<Record, RecordError> {
    let (tenant, parent) = place(tx, kit, act, &new)?;
    check_references(tx, kit, tenant, &[(new.data.data(), None)])?;

    let id = ids::fresh_one(tx, kit)?;
    let mut record = Record {
        id,
        tenant,
        collection: kit.name.clone(),
        parent,
        version: None,
        lineage: id,
        position: 0,
        data: new.data.data().clone(),
        revision: 1,
        active_version: None,
        created_at: act.now,
        updated_at: act.now,
        deleted_at: None,
        created_by: act.actor.to_string(),
    };
    record.position =
        insert_one(tx, &record, new.data.words()).map_err(|error| not_unique(kit, error))?;
    changed(tx, kit, tenant);
    wants::want(tx, kit, tenant, act.now)?;
    let summary = told(kit, "Created", &record.data);
    tx.audit(
        audit::Entry::new(tenant, "record_created", record.subject(), summary)
            .record(record.parent.unwrap_or(id))
            .after(audited(kit, record.data.clone())),
    );
    Ok(record)
}

/// Changes a record. A patch that changes nothing leaves everything as it is, the revision too.
///
/// # Errors
/// As [`create`], and [`RecordError::Stale`], [`RecordError::Deleted`].
pub fn update(tx: &Tx, kits: &Kits, act: &Act, change: &Change) -> Result<Record, RecordError> {
    let before = hold(tx, act.reach, change.id, change.collection.as_deref())?;
    let kit = kit_of(kits, &before)?;
    may_write(kit, act, &before)?;
    let before = living(before)?;
    if change.revision.is_some_and(|it| it != before.revision) {
        return Err(RecordError::Stale { id: before.id, revision: before.revision });
    }
    let Some(patch) = change.patch.as_object() else {
        return Err(Invalid::input("", "a change is an object of fields").into());
    };
    let Some(data) = kit.changed(&before.data, patch)? else { return Ok(before) };
    check_references(tx, kit, before.tenant, &[(data.data(), Some(&before.data))])?;

    let record = Record {
        data: data.data().clone(),
        revision: before.revision + 1,
        updated_at: act.now,
        ..before.clone()
    };
    save(tx, kit, &before.data, &record, data.words()).map_err(|error| not_unique(kit, error))?;
    let summary = told(kit, "Changed", &record.data);
    tx.audit(
        audit::Entry::new(record.tenant, "record_updated", record.subject(), summary)
            .record(record.parent.unwrap_or(record.id))
            .before(audited(kit, before.data))
            .after(audited(kit, record.data.clone())),
    );
    Ok(record)
}

/// What the audit log says was done to a record, in a sentence.
pub(super) fn told(kit: &CollectionKit, verb: &str, data: &Data) -> String {
    let noun = &kit.spec.noun;
    match kit.title(data).filter(|_| !kit.spec.private) {
        Some(title) => format!("{verb} the {noun} `{title}`"),
        None if kit.spec.private => format!("{verb} a {noun}"),
        None => format!("{verb} the {noun} ``"),
    }
}

/// What the audit log keeps of a record's data. Of a private one it knows which fields there were, and
/// not what is in them: more people read the log than may see the record.
pub(super) fn audited(kit: &CollectionKit, data: Data) -> Json {
    match kit.spec.private {
        true => json!({"fields": data.keys().collect::<Vec<_>>()}),
        false => Json::Object(data),
    }
}

/// The kit of a record's collection.
pub(super) fn kit_of<'a>(
    kits: &'a Kits,
    record: &Record,
) -> Result<&'a CollectionKit, RecordError> {
    kits.get(&record.collection)
        .ok_or_else(|| RecordError::NoSuchCollection(record.collection.clone()))
}

/// May this act change that record at all?
pub(super) fn may_write(
    kit: &CollectionKit,
    act: &Act,
    record: &Record,
) -> Result<(), RecordError> {
    if !act.reaches(record.tenant) {
        return Err(RecordError::Shared(kit.name.clone()));
    }
    if record.version.is_some() {
        return Err(in_version(kit));
    }
    Ok(())
}

fn in_version(kit: &CollectionKit) -> RecordError {
    let parent = kit.parent().unwrap_or_default().to_owned();
    RecordError::InVersion { collection: kit.name.clone(), parent }
}

/// Whose the record will be, and what it will lie in.
fn place(
    tx: &Tx,
    kit: &CollectionKit,
    act: &Act,
    new: &NewRecord,
) -> Result<(TenantId, Option<RecordId>), RecordError> {
    let (tenant, parent) = match &kit.place {
        Place::Version(_) => return Err(in_version(kit)),
        Place::Tenant if kit.spec.shared => (TenantId::DEFAULT, None),
        Place::Tenant => (new.tenant, None),
        Place::Parent(collection) => {
            let Some(parent) = new.parent else {
                let fault = Invalid::input("/parent", "is missing");
                return Err(fault.hint(format!("name the record of `{collection}`")).into());
            };
            let parent = living(hold(tx, act.reach, parent, Some(collection))?)?;
            (parent.tenant, Some(parent.id))
        }
    };
    match act.reaches(tenant) {
        true => Ok((tenant, parent)),
        false if kit.spec.shared => Err(RecordError::Shared(kit.name.clone())),
        false => Err(RecordError::TenantForbidden(tenant)),
    }
}

/// Every declared reference in `all` names a living record of the same tenant, or a shared one. What
/// a record referred to before, the second of each pair, is not looked up again.
pub(crate) fn check_references(
    tx: &Tx,
    kit: &CollectionKit,
    tenant: TenantId,
    all: &[(&Data, Option<&Data>)],
) -> Result<(), RecordError> {
    let mut asked: Vec<(&str, &str, Option<RecordId>)> = Vec::new();
    for (path, collection) in &kit.spec.references {
        for (data, before) in all {
            let value = field::get(data, path);
            if before.is_some_and(|it| field::get(it, path) == value) {
                continue;
            }
            let ids = match value {
                None | Some(Json::Null) => continue,
                Some(Json::Array(ids)) => ids.iter().collect(),
                Some(id) => vec![id],
            };
            asked.extend(ids.into_iter().map(|it| {
                // A field keeps what is written in it, and whoever follows it looks for a UUID.
                let id = it.as_str().and_then(|it| Uuid::try_parse(it).ok());
                let id = id.map(RecordId::from_uuid);
                (path.as_str(), collection.as_str(), id)
            }));
        }
    }
    let ids: BTreeSet<RecordId> = asked.iter().filter_map(|it| it.2).collect();
    let ids: Vec<RecordId> = ids.into_iter().collect();
    let mut there: HashSet<(RecordId, String)> = HashSet::new();
    for chunk in ids.chunks(200) {
        let mut bind = Bindings::default();
        let places: Vec<String> = chunk.iter().map(|it| bind.put(*it)).collect();
        let sql = format!(
            "SELECT id, collection FROM records
              WHERE id IN ({}) AND deleted_at IS NULL AND tenant IN ({}, {})",
            places.join(", "),
            bind.put(tenant),
            bind.put(TenantId::DEFAULT),
        );
        for row in tx.query(sql.as_str(), &bind.0)? {
            there.insert((row.get("id")?, row.get("collection")?));
        }
    }
    let faults: Vec<Fault> = asked
        .iter()
        .filter(|(_, collection, id)| {
            !id.is_some_and(|it| there.contains(&(it, (*collection).to_owned())))
        })
        .map(|(path, collection, id)| Fault {
            pointer: field::pointer(path),
            message: format!("names no record of `{collection}`"),
            hint: id.is_none().then(|| "write the UUID of a record".to_owned()),
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Invalid { code: "invalid_input".into(), faults }.into()),
    }
}

/// A broken declared rule as the refusal it is.
pub(crate) fn not_unique(kit: &CollectionKit, error: store::Error) -> RecordError {
    match unique_fields(kit, &error) {
        Some(fields) => RecordError::NotUnique { collection: kit.name.clone(), fields },
        None => error.into(),
    }
}

/// The declared fields whose index refused a row.
pub(crate) fn unique_fields(kit: &CollectionKit, error: &store::Error) -> Option<Vec<String>> {
    kit.spec.unique.iter().find(|it| error.violates(&indexes::name(&kit.name, it))).cloned()
}

/// A record outside of others has no neighbours to be behind: its place is 1.
const INSERT: Sql<'static> = Sql {
    sqlite: "
    INSERT INTO records (id, tenant, collection, parent, lineage, position, data, revision,
                         created_at, updated_at, created_by)
    VALUES ($1, $2, $3, $4, $1,
            (SELECT COALESCE(max(position), 0) + 1 FROM records
              WHERE parent = $4 AND collection = $3 AND version IS NULL),
            $5, 1, $6, $6, $7)
    RETURNING position",
    postgres: "
    INSERT INTO records (id, tenant, collection, parent, lineage, position, data, revision,
                         created_at, updated_at, created_by, words)
    VALUES ($1, $2, $3, $4, $1,
            (SELECT COALESCE(max(position), 0) + 1 FROM records
              WHERE parent = $4 AND collection = $3 AND version IS NULL),
            $5, 1, $6, $6, $7, $8)
    RETURNING position",
};

pub(super) const PUT_WORDS: &str = "
    INSERT OR REPLACE INTO record_words (rowid, words, scope)
    SELECT seq, $2, $3 FROM records WHERE id = $1";

/// Writes a record; gives its place.
fn insert_one(tx: &Tx, record: &Record, words: Option<&str>) -> Result<i64, store::Error> {
    let mut values = params![
        record.id,
        record.tenant,
        &record.collection,
        record.parent,
        json_text(&record.data),
        record.created_at,
        &record.created_by
    ]
    .to_vec();
    let scope = Scope::of(record.tenant, &record.collection, None);
    match tx.dialect() {
        Dialect::Sqlite => {
            let position = tx.one(INSERT, &values)?.get("position")?;
            if let Some(words) = words {
                tx.execute(PUT_WORDS, &params![record.id, words, scope.sqlite()])?;
            }
            Ok(position)
        }
        Dialect::Postgres => {
            values.push(words.map(|it| words::tsvector(it, &scope)).into());
            tx.one(INSERT, &values)?.get("position")
        }
    }
}

/// Writes a changed record, which held `before`; its words only when they are others than before.
pub(crate) fn save(
    tx: &Tx,
    kit: &CollectionKit,
    before: &Data,
    record: &Record,
    words: Option<&str>,
) -> Result<(), store::Error> {
    let values = params![record.id, json_text(&record.data), record.revision, record.updated_at];
    tx.execute(
        "UPDATE records SET data = $2, revision = $3, updated_at = $4 WHERE id = $1",
        &values,
    )?;
    if let Some(words) = words.filter(|it| kit.words(before).as_deref() != Some(*it)) {
        put_words(tx, record, words)?;
    }
    changed(tx, kit, record.tenant);
    wants::changed(tx, kit, before, record)
}

fn put_words(tx: &Tx, record: &Record, words: &str) -> Result<u64, store::Error> {
    let scope = Scope::of(record.tenant, &record.collection, record.version);
    match tx.dialect() {
        Dialect::Sqlite => tx.execute(PUT_WORDS, &params![record.id, words, scope.sqlite()]),
        Dialect::Postgres => tx.execute(
            "UPDATE records SET words = $2 WHERE id = $1",
            &params![record.id, words::tsvector(words, &scope)],
        ),
    }
}

/// A row of many to be written at once.
pub(crate) struct Fresh {
    pub(crate) id: RecordId,
    pub(crate) tenant: TenantId,
    pub(crate) parent: Option<RecordId>,
    pub(crate) version: Option<VersionId>,
    pub(crate) lineage: RecordId,
    pub(crate) position: i64,
    pub(crate) data: Checked,
}

const SQLITE_COLUMNS: &[&str] = &[
    "id",
    "tenant",
    "collection",
    "parent",
    "version",
    "lineage",
    "position",
    "data",
    "revision",
    "created_at",
    "updated_at",
    "created_by",
    "seq",
];

const POSTGRES_COLUMNS: &[&str] = &[
    "id",
    "tenant",
    "collection",
    "parent",
    "version",
    "lineage",
    "position",
    "data",
    "revision",
    "created_at",
    "updated_at",
    "created_by",
    "words",
];

/// Writes many records of one collection with their words.
pub(crate) fn insert(
    tx: &Tx,
    kit: &CollectionKit,
    rows: Vec<Fresh>,
    by: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let dialect = tx.dialect();
    // One writer at a time: the numbers after the last one are free until this transaction ends.
    let mut seq: i64 = match dialect {
        Dialect::Sqlite => {
            tx.one("SELECT COALESCE(max(seq), 0) AS last FROM records", &[])?.get("last")?
        }
        Dialect::Postgres => 0,
    };
    let mut records: Vec<Vec<Value>> = Vec::with_capacity(rows.len());
    let mut all_words: Vec<Vec<Value>> = Vec::new();
    let outside: BTreeSet<TenantId> =
        rows.iter().filter(|it| it.version.is_none()).map(|it| it.tenant).collect();
    for tenant in outside {
        changed(tx, kit, tenant);
        wants::want(tx, kit, tenant, now)?;
    }
    for it in rows {
        seq += 1;
        let scope = Scope::of(it.tenant, &kit.name, it.version);
        let words = it.data.words();
        let last: Value = match dialect {
            Dialect::Postgres => words.map(|it| words::tsvector(it, &scope)).into(),
            Dialect::Sqlite => {
                if let Some(words) = words {
                    all_words.push(vec![seq.into(), words.into(), scope.sqlite().into()]);
                }
                seq.into()
            }
        };
        records.push(vec![
            it.id.into(),
            it.tenant.into(),
            kit.name.as_str().into(),
            it.parent.into(),
            it.version.into(),
            it.lineage.into(),
            it.position.into(),
            json_text(it.data.data()).into(),
            1_i64.into(),
            now.into(),
            now.into(),
            by.into(),
            last,
        ]);
    }
    match dialect {
        Dialect::Postgres => tx.insert_many("records", POSTGRES_COLUMNS, records)?,
        Dialect::Sqlite => {
            tx.insert_many("records", SQLITE_COLUMNS, records)?;
            tx.insert_many("record_words", &["rowid", "words", "scope"], all_words)?
        }
    };
    Ok(())
}
