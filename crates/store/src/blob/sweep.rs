//! Taking away what nobody uses: rows in a transaction, objects after its commit.

use base::{TenantId, Timestamp};
use futures::{StreamExt, stream};
use tracing::info;

use super::{
    keep::{Object, leave},
    meter,
};
use crate::{Error, Row, Store, Tx, params};

/// How many objects are deleted before the list of leftovers is told.
const GROUP: u64 = 100;

/// How many of them at the same time.
const AT_ONCE: usize = 8;

/// Takes away the rows that nobody has used since before `older_than`; says how many. Their objects are
/// cleared away by [`clear`] from `now` on.
pub fn sweep(tx: &Tx, older_than: Timestamp, now: Timestamp) -> Result<u64, Error> {
    let gone = tx.query(
        "DELETE FROM blobs WHERE uses = 0 AND touched_at < $1 RETURNING place, object",
        &params![older_than],
    )?;
    leave_all(tx, &gone, now)
}

/// Takes away every row of a tenant, used or not; says how many. Their objects are cleared away by
/// [`clear`] from `now` on.
pub fn erase(tx: &Tx, tenant: TenantId, now: Timestamp) -> Result<u64, Error> {
    let gone =
        tx.query("DELETE FROM blobs WHERE tenant = $1 RETURNING place, object", &params![tenant])?;
    leave_all(tx, &gone, now)
}

fn leave_all(tx: &Tx, gone: &[Row], now: Timestamp) -> Result<u64, Error> {
    for row in gone {
        if let Some(object) = Object::named_by(row)? {
            leave(tx, &object, now)?;
        }
    }
    Ok(gone.len() as u64)
}

/// Two servers that clear at the same time would wait for each other's rows.
const ONE_AT_A_TIME: &str = "blob_leftovers";

/// Who is claimed can be named no more, so that nothing is deleted that somebody is about to need.
const CLAIM: &str = "
    UPDATE blob_leftovers SET claimed = 1
     WHERE claimed = 0 AND due_at <= $1
       AND NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.object = blob_leftovers.object)";

/// Deletes the objects that are nobody's: of transactions that were undone or never came, of rows that
/// were swept, erased or moved. Says how many. It may be killed at any moment and called anew.
///
/// # Errors
/// [`Error::BlobsAway`] when a place does not answer: what is left stays on the list.
pub async fn clear(store: &Store, now: Timestamp) -> Result<u64, Error> {
    store
        .bookkeep("claim objects that nobody names", move |tx| {
            tx.hold(ONE_AT_A_TIME)?;
            tx.execute(CLAIM, &params![now])
        })
        .await?;
    let mut cleared = 0;
    loop {
        let claimed = store.read(|db| {
            let sql = "SELECT place, object FROM blob_leftovers WHERE claimed = 1 LIMIT $1";
            let rows = db.query(sql, &params![GROUP])?;
            rows.iter().filter_map(|it| Object::named_by(it).transpose()).collect()
        });
        let claimed: Vec<Object> = claimed.await?;
        let is_last = (claimed.len() as u64) < GROUP;
        let ended: Vec<(Object, Result<(), Error>)> = stream::iter(claimed)
            .map(|it| async {
                let ended = store.places().delete(it.place, &it.name).await;
                (it, ended)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut fault = None;
        let mut done = Vec::new();
        for (object, ended) in ended {
            match ended {
                Ok(()) => done.push(object),
                Err(error) => fault = Some(error),
            }
        }
        cleared += done.len() as u64;
        for object in &done {
            meter::CLEARED.increment(&[object.place.name()]);
        }
        let left = store
            .bookkeep("forget objects that were deleted", move |tx| {
                tx.hold(ONE_AT_A_TIME)?;
                for object in &done {
                    let sql = "DELETE FROM blob_leftovers WHERE object = $1";
                    tx.execute(sql, &params![object.name.as_str()])?;
                }
                leftovers(tx)
            })
            .await?;
        meter::LEFTOVERS.set(left as f64, &[]);
        if let Some(error) = fault {
            return Err(error);
        }
        if is_last {
            break;
        }
    }
    if cleared > 0 {
        info!(blob.objects = cleared, "Deleted {cleared} objects that no blob names");
    }
    Ok(cleared)
}

/// How many objects no row names.
pub(super) fn leftovers(db: &crate::Db) -> Result<u64, Error> {
    db.one("SELECT count(*) AS total FROM blob_leftovers", &[])?.get("total")
}
