//! Bringing bytes to their place, naming them, reading them, giving them back.
//!
//! Bytes outside of the database cannot be a part of a transaction. So their object gets a name of its
//! own, never used before or after, which is written down as a leftover before there is an object, and
//! taken off that list by the transaction that names it. Whatever happens in between, the list says
//! what may be cleared away: nobody has to look through a folder or a bucket.

use std::fmt;

use base::{BlobObjectId, TenantId, Timestamp};
use bytes::Bytes;
use jiff::SignedDuration;

use super::{
    BlobId, Harm, Place,
    place::{Outside, damaged},
};
use crate::{Db, Error, Row, Sql, Store, Tx, params};

/// How long bytes may wait to be named, and how long those that another copy took the place of stay for
/// readers who are at them.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Bytes that were brought to their place. They are a tenant's only once [`put`] has named them.
#[derive(Clone)]
pub struct Kept {
    pub(super) tenant: TenantId,
    pub(super) id: BlobId,
    pub(super) size_bytes: usize,
    pub(super) body: Body,
}

/// Where kept bytes are.
#[derive(Clone)]
pub(super) enum Body {
    /// With us: they go into the row.
    Here(Bytes),
    /// In an object.
    There(Object),
}

/// An object outside of the database.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) place: Outside,
    pub(super) name: String,
}

impl Kept {
    /// The id under which they are found, once they are named.
    pub fn id(&self) -> &BlobId {
        &self.id
    }
}

/// Brings bytes to the place that was chosen for them: they outlive a loss of power when this returns.
/// Name them with [`put`] within a day, or they are cleared away.
///
/// # Errors
/// [`Error::BlobsAway`] or [`Error::Full`] when the place does not take them; nothing is kept then.
pub async fn keep(
    store: &Store,
    tenant: TenantId,
    bytes: Bytes,
    now: Timestamp,
) -> Result<Kept, Error> {
    keep_in(store, store.places().chosen(), tenant, bytes, now).await
}

/// As [`keep`], in a place of the caller's choice.
///
/// # Errors
/// As [`keep`]; [`Error::BlobsAway`] also when nothing says where that place is: ask
/// [`super::is_set_up`] before.
pub async fn keep_in(
    store: &Store,
    place: Place,
    tenant: TenantId,
    bytes: Bytes,
    now: Timestamp,
) -> Result<Kept, Error> {
    let id = id_of(bytes.clone()).await?;
    let size_bytes = bytes.len();
    let Some(place) = place.outside() else {
        return Ok(Kept { tenant, id, size_bytes, body: Body::Here(bytes) });
    };
    let folder = &id.as_str()[..2];
    let unique = BlobObjectId::generate().uuid();
    let object = Object { place, name: format!("{tenant}/{folder}/{id}-{}", unique.simple()) };
    let noted = object.clone();
    store.bookkeep("note an object of a blob", move |tx| leave(tx, &noted, now + GRACE)).await?;
    store.places().write(place, &object.name, bytes).await?;
    Ok(Kept { tenant, id, size_bytes, body: Body::There(object) })
}

const PUT_HERE: &str = "
    INSERT INTO blobs (tenant, id, uses, created_at, touched_at, size_bytes, bytes)
    VALUES ($1, $2, 1, $3, $3, $4, $5)
    ON CONFLICT (tenant, id) DO UPDATE SET uses = blobs.uses + 1, touched_at = excluded.touched_at";

const PUT_THERE: &str = "
    INSERT INTO blobs (tenant, id, uses, created_at, touched_at, size_bytes, bytes, place, object)
    VALUES ($1, $2, 1, $3, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant, id) DO UPDATE SET
        uses = blobs.uses + 1, touched_at = excluded.touched_at,
        bytes = excluded.bytes, place = excluded.place, object = excluded.object";

const USE_AGAIN: &str =
    "UPDATE blobs SET uses = uses + 1, touched_at = $3 WHERE tenant = $1 AND id = $2";

/// Names what was kept, and counts one use of it. The same bytes are named once; outside of the database
/// the newest copy of them counts, so that putting a file in again mends one that is damaged.
///
/// # Errors
/// [`Error::Unavailable`] when the bytes waited for so long that they are being cleared away.
pub fn put(tx: &Tx, kept: &Kept, now: Timestamp) -> Result<BlobId, Error> {
    let Kept { tenant, id, size_bytes, body } = kept;
    let object = match body {
        Body::Here(bytes) => {
            let bytes = bytes.as_ref();
            tx.execute(PUT_HERE, &params![*tenant, id, now, *size_bytes, bytes])?;
            return Ok(id.clone());
        }
        Body::There(object) => object,
    };
    tx.hold(&format!("blobs/{tenant}/{id}"))?;
    let before = held(tx, *tenant, id)?.flatten();
    if before.as_ref() == Some(object) {
        tx.execute(USE_AGAIN, &params![*tenant, id, now])?;
        return Ok(id.clone());
    }
    let (place, name) = (object.place.name(), object.name.as_str());
    let nothing: &[u8] = &[];
    tx.execute(PUT_THERE, &params![*tenant, id, now, *size_bytes, nothing, place, name])?;
    take(tx, object)?;
    if let Some(before) = before {
        leave(tx, &before, now + GRACE)?;
    }
    Ok(id.clone())
}

const HELD: Sql = Sql {
    sqlite: "SELECT place, object FROM blobs WHERE tenant = $1 AND id = $2",
    postgres: "SELECT place, object FROM blobs WHERE tenant = $1 AND id = $2 FOR UPDATE",
};

/// Which object a blob names, if there is such a blob and if it names one. Nobody changes it before the
/// transaction ends.
pub(super) fn held(
    tx: &Tx,
    tenant: TenantId,
    id: &BlobId,
) -> Result<Option<Option<Object>>, Error> {
    tx.first(HELD, &params![tenant, id])?.as_ref().map(Object::named_by).transpose()
}

/// Takes an object off the list of leftovers: a row names it from now on.
pub(super) fn take(tx: &Tx, object: &Object) -> Result<(), Error> {
    let sql = "DELETE FROM blob_leftovers WHERE object = $1 AND claimed = 0";
    match tx.execute(sql, &params![object.name.as_str()])? {
        0 => Err(Error::unavailable("the bytes waited too long to be named; send them again")),
        _ => Ok(()),
    }
}

/// Notes that no row names an object, and from when on it may be cleared away.
pub(super) fn leave(tx: &Tx, object: &Object, due_at: Timestamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO blob_leftovers (object, place, due_at, claimed) VALUES ($1, $2, $3, 0)",
        &params![object.name.as_str(), object.place.name(), due_at],
    )?;
    Ok(())
}

/// The bytes, if the tenant has them: those that were kept, or an error.
///
/// # Errors
/// [`Error::BlobDamaged`] when they are gone or are others, [`Error::BlobsAway`] when their place cannot
/// be asked.
pub async fn read(store: &Store, tenant: TenantId, id: &BlobId) -> Result<Option<Bytes>, Error> {
    let mut before = None;
    loop {
        let asked = id.clone();
        let found = store.read(move |db| find(db, tenant, &asked)).await?;
        let object = match found {
            None => return Ok(None),
            Some(Body::Here(bytes)) => return checked(Place::Database, id, bytes).await.map(Some),
            Some(Body::There(object)) => object,
        };
        let place = object.place;
        if let Some(bytes) = store.places().read(place, &object.name).await? {
            return checked(place.place(), id, bytes).await.map(Some);
        }
        // It may have been moved between the two questions; then the row names another one now.
        if before.as_ref() == Some(&object) {
            return Err(damaged(place.place(), id, Harm::Missing));
        }
        before = Some(object);
    }
}

fn find(db: &Db, tenant: TenantId, id: &BlobId) -> Result<Option<Body>, Error> {
    let sql = "SELECT bytes, place, object FROM blobs WHERE tenant = $1 AND id = $2";
    let Some(row) = db.first(sql, &params![tenant, id])? else { return Ok(None) };
    Ok(Some(match Object::named_by(&row)? {
        Some(object) => Body::There(object),
        None => Body::Here(row.get::<Vec<u8>>("bytes")?.into()),
    }))
}

async fn checked(place: Place, id: &BlobId, bytes: Bytes) -> Result<Bytes, Error> {
    match id_of(bytes.clone()).await? == *id {
        true => Ok(bytes),
        false => Err(damaged(place, id, Harm::Damaged)),
    }
}

/// Bytes of which the sum is made where they are; that of more is made away from the runtime's threads.
const SMALL: usize = 64 * 1024;

async fn id_of(bytes: Bytes) -> Result<BlobId, Error> {
    if bytes.len() <= SMALL {
        return Ok(BlobId::of(&bytes));
    }
    let made = tokio::task::spawn_blocking(move || BlobId::of(&bytes)).await;
    made.map_err(|_| Error::unavailable("the process is stopping"))
}

const REMOVE: &str = "
    UPDATE blobs SET uses = uses - 1, touched_at = $3 WHERE tenant = $1 AND id = $2 AND uses > 0";

/// Gives back one use; says whether there was one.
pub fn remove(tx: &Tx, tenant: TenantId, id: &BlobId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(REMOVE, &params![tenant, id, now])? > 0)
}

impl Object {
    /// The object that a row names, if it does.
    pub(super) fn named_by(row: &Row) -> Result<Option<Self>, Error> {
        let name: Option<String> = row.get("object")?;
        name.map(|name| Ok(Self { place: row.get("place")?, name })).transpose()
    }
}

/// Shows how much there is, and nothing of it.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}
