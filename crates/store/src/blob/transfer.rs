//! Where blobs lie, whether they are whole, and moving them to another place: a batch at a time, as
//! often as one likes, also while servers run. The row of a blob is the only thing that says where it
//! lies, so nothing has to be remembered between two batches.

use std::collections::HashMap;

use base::{TenantId, Timestamp};

use super::{
    BlobId, Place,
    keep::{Body, Object, held, keep_in, leave, read, take},
    place::is_set_up,
    sweep::leftovers,
};
use crate::{Db, Error, Store, Tx, Value, params};

/// Blobs of one batch.
const BATCH: u64 = 50;

/// Blobs that one statement looks for.
const ASKED: usize = 100;

/// For how long a copy that was moved stays, for readers who are at it.
const GRACE: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// How much lies where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where new bytes are put.
    pub chosen: Place,
    /// Each place that holds something.
    pub held: Vec<Held>,
    /// Objects that no row names: on their way to be named, or waiting to be deleted.
    pub leftovers: u64,
}

/// What lies in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The place.
    pub place: Place,
    /// Blobs.
    pub count: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// The settings say where it is.
    pub is_set_up: bool,
}

/// The last blob that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    tenant: TenantId,
    id: BlobId,
}

/// What became of some blobs.
#[derive(Debug, Default)]
pub struct Batch {
    /// How many were moved, or found whole.
    pub done: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// What was damaged or missing, and stays as it is.
    pub damaged: Vec<Error>,
    /// After which blob to go on; none at the end.
    pub next: Option<At>,
}

/// How much lies where.
///
/// # Errors
/// The database's.
pub async fn status(store: &Store) -> Result<Status, Error> {
    let (mut held, leftovers) = store
        .read(|db| {
            let rows = db.query(
                "SELECT COALESCE(place, 'database') AS place, count(*) AS total,
                        CAST(COALESCE(sum(size_bytes), 0) AS BIGINT) AS size_bytes
                   FROM blobs GROUP BY 1 ORDER BY 1",
                &[],
            )?;
            let held = rows.iter().map(|row| {
                Ok(Held {
                    place: row.get("place")?,
                    count: row.get("total")?,
                    size_bytes: row.get("size_bytes")?,
                    is_set_up: true,
                })
            });
            Ok::<_, Error>((held.collect::<Result<Vec<_>, Error>>()?, leftovers(db)?))
        })
        .await?;
    for held in &mut held {
        held.is_set_up = is_set_up(store, held.place);
    }
    Ok(Status { chosen: store.places().chosen(), held, leftovers })
}

/// Where the bytes of these blobs lie now, in their order; none for one that the tenant does not have.
///
/// # Errors
/// The database's.
pub fn places_of(db: &Db, blobs: &[(TenantId, BlobId)]) -> Result<Vec<Option<Place>>, Error> {
    let mut found: HashMap<(TenantId, BlobId), Place> = HashMap::with_capacity(blobs.len());
    for chunk in blobs.chunks(ASKED) {
        let mut values: Vec<Value> = Vec::with_capacity(2 * chunk.len());
        let mut pairs = Vec::with_capacity(chunk.len());
        for (tenant, id) in chunk {
            values.extend([Value::from(*tenant), Value::from(id)]);
            pairs.push(format!("(${}, ${})", values.len() - 1, values.len()));
        }
        let sql = format!(
            "SELECT tenant, id, COALESCE(place, 'database') AS place FROM blobs
              WHERE (tenant, id) IN (VALUES {})",
            pairs.join(", ")
        );
        for row in db.query(sql.as_str(), &values)? {
            found.insert((row.get("tenant")?, row.get("id")?), row.get("place")?);
        }
    }
    Ok(blobs.iter().map(|it| found.get(it).copied()).collect())
}

/// Moves the next blobs after `after` that lie elsewhere to a place. The copies they leave are cleared
/// away an hour later.
///
/// # Errors
/// [`Error::BlobsAway`] when a place does not answer: what was moved is moved, the rest stays.
pub async fn transfer(
    store: &Store,
    to: Place,
    after: Option<At>,
    now: Timestamp,
) -> Result<Batch, Error> {
    each(store, Act::Move { to, now }, after).await
}

/// Reads the next blobs after `after`, wherever they lie, and compares them with their sums.
///
/// # Errors
/// [`Error::BlobsAway`] when a place does not answer.
pub async fn verify(store: &Store, after: Option<At>) -> Result<Batch, Error> {
    each(store, Act::Verify, after).await
}

/// What is done with each blob.
#[derive(Clone, Copy)]
enum Act {
    Move { to: Place, now: Timestamp },
    Verify,
}

const NEXT: &str = "
    SELECT tenant, id FROM blobs
     WHERE COALESCE(place, 'database') <> $1 AND (tenant, id) > ($2, $3)
     ORDER BY tenant, id LIMIT $4";

/// Does something with each of the next blobs, and gathers what is damaged.
async fn each(store: &Store, act: Act, after: Option<At>) -> Result<Batch, Error> {
    let but = match act {
        Act::Move { to, .. } => to.name(),
        // No place is called nothing, so none is passed over.
        Act::Verify => "",
    };
    let found = store.read(move |db: &Db| {
        let (tenant, id) =
            after.map_or_else(Default::default, |it| (it.tenant.to_string(), it.id.to_string()));
        let rows = db.query(NEXT, &params![but, tenant, id, BATCH])?;
        let at = rows.iter().map(|it| Ok(At { tenant: it.get("tenant")?, id: it.get("id")? }));
        at.collect::<Result<Vec<_>, Error>>()
    });
    let found = found.await?;
    let mut batch = Batch::default();
    for at in &found {
        let ended = match act {
            Act::Move { to, now } => transfer_one(store, to, at, now).await,
            Act::Verify => verify_one(store, at).await,
        };
        match ended {
            Ok(size_bytes) => {
                batch.done += 1;
                batch.size_bytes += size_bytes;
            }
            Err(error @ Error::BlobDamaged { .. }) => batch.damaged.push(error),
            Err(error) => return Err(error),
        }
    }
    batch.next = found.last().filter(|_| found.len() as u64 == BATCH).cloned();
    Ok(batch)
}

async fn verify_one(store: &Store, at: &At) -> Result<u64, Error> {
    Ok(read(store, at.tenant, &at.id).await?.map_or(0, |it| it.len() as u64))
}

async fn transfer_one(store: &Store, to: Place, at: &At, now: Timestamp) -> Result<u64, Error> {
    // One that was swept meanwhile need not be moved.
    let Some(bytes) = read(store, at.tenant, &at.id).await? else { return Ok(0) };
    let size_bytes = bytes.len() as u64;
    let kept = keep_in(store, to, at.tenant, bytes, now).await?;
    let at = at.clone();
    store
        .bookkeep("move a blob", move |tx| {
            let Some(before) = held(tx, at.tenant, &at.id)? else { return Ok(()) };
            lay(tx, &at, &kept.body)?;
            match before {
                Some(before) => leave(tx, &before, now + GRACE),
                None => Ok(()),
            }
        })
        .await?;
    Ok(size_bytes)
}

/// Has a row say that its bytes lie there.
fn lay(tx: &Tx, at: &At, body: &Body) -> Result<(), Error> {
    let (bytes, object): (&[u8], Option<&Object>) = match body {
        Body::Here(bytes) => (bytes, None),
        Body::There(object) => (&[], Some(object)),
    };
    tx.execute(
        "UPDATE blobs SET bytes = $3, place = $4, object = $5 WHERE tenant = $1 AND id = $2",
        &params![
            at.tenant,
            &at.id,
            bytes,
            object.map(|it| it.place.name()),
            object.map(|it| it.name.as_str())
        ],
    )?;
    object.map_or(Ok(()), |it| take(tx, it))
}
