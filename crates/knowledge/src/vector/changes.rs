//! The log of what changed, which every index follows.
//!
//! Triggers write it, in the transaction of the change itself: a row says that the vectors of a
//! document, or who finds them, are not what they were. Who follows reads the document's rows anew, so
//! that following twice does no harm.
//!
//! Below the [`horizon`] everything is settled: no transaction under way can still write there. What
//! is at or above it is followed too, and looked at again next time.

use base::{DocumentId, TenantId};
use store::{Db, Error, Sql, Tx, params};

/// A document whose points are not what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// Its place in the log.
    pub(crate) seq: i64,
    pub(crate) tenant: TenantId,
    pub(crate) document: DocumentId,
}

/// What of the log is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Following {
    /// The model, as `provider/model`.
    pub(crate) model: String,
    pub(crate) dimensions: usize,
    /// Of one tenant, or of all.
    pub(crate) tenant: Option<TenantId>,
    /// From here on.
    pub(crate) position: i64,
}

const HORIZON: Sql<'_> = Sql {
    sqlite:
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'knowledge_changes'), 0) + 1
                 AS horizon",
    postgres: "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS horizon",
};

/// Up to where the log is settled, as of this snapshot.
pub(crate) fn horizon(db: &Db) -> Result<i64, Error> {
    db.one(HORIZON, &[])?.get("horizon")
}

const OF_ALL: &str = "
    SELECT seq, tenant, document FROM knowledge_changes
     WHERE model = $1 AND dimensions = $2 AND seq >= $3 AND (seq, document) > ($4, $5)
     ORDER BY seq, document
     LIMIT $6";

const OF_TENANT: &str = "
    SELECT seq, tenant, document FROM knowledge_changes
     WHERE tenant = $7 AND model = $1 AND dimensions = $2 AND seq >= $3
       AND (seq, document) > ($4, $5)
     ORDER BY seq, document
     LIMIT $6";

/// The next changes, in their order, after `last` when one is given.
pub(crate) fn next(
    db: &Db,
    following: &Following,
    last: Option<Change>,
    most: usize,
) -> Result<Vec<Change>, Error> {
    let Following { model, dimensions, tenant, position } = following;
    let (seq, document) = match last {
        Some(last) => (last.seq, last.document.to_string()),
        None => (position.saturating_sub(1), String::new()),
    };
    let mut given = params![model, *dimensions, *position, seq, document, most].to_vec();
    let rows = match tenant {
        None => db.query(OF_ALL, &given)?,
        Some(tenant) => {
            given.push((*tenant).into());
            db.query(OF_TENANT, &given)?
        }
    };
    rows.iter()
        .map(|row| {
            Ok(Change {
                seq: row.get("seq")?,
                tenant: row.get("tenant")?,
                document: row.get("document")?,
            })
        })
        .collect()
}

/// How many documents are still to be followed.
pub(crate) fn behind(db: &Db, following: &Following) -> Result<u64, Error> {
    let row = db.one(
        "SELECT count(*) AS behind FROM knowledge_changes
          WHERE model = $1 AND dimensions = $2 AND seq >= $3",
        &params![&following.model, following.dimensions, following.position],
    )?;
    row.get("behind")
}

const FROM_ELSEWHERE: Sql<'_> = Sql {
    sqlite: "UPDATE knowledge_changes SET seq = seq WHERE seq < 0",
    postgres: "UPDATE knowledge_changes SET seq = 0
                WHERE seq > CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)",
};

/// Up to where lines may be missing: of documents that were gone by then.
pub(crate) fn swept(db: &Db) -> Result<i64, Error> {
    db.one("SELECT position FROM knowledge_swept", &[])?.get("position")
}

/// Makes sense again of a log that came from another server: numbers that this one has not reached
/// are no numbers of its own. Who had followed further than the log goes begins anew. Says whether
/// anything had to be done.
pub(crate) fn heal(tx: &Tx) -> Result<bool, Error> {
    let foreign = tx.execute(FROM_ELSEWHERE, &[])?;
    let horizon = horizon(tx)?;
    let ahead = tx.execute(
        "UPDATE knowledge_spaces SET position = 0 WHERE position > $1",
        &params![horizon],
    )?;
    let beyond = tx.execute(
        "UPDATE knowledge_swept SET position = 0 WHERE position > $1",
        &params![horizon],
    )?;
    Ok(foreign + ahead + beyond > 0)
}

/// Lines that say that a document has no vectors any more, below $1: what stands elsewhere has read
/// them. What is held in memory may not have; it looks at [`swept`].
macro_rules! sweepable {
    ($before:literal) => {
        concat!(
            $before,
            " FROM knowledge_changes
               WHERE seq < $1
                 AND seq < coalesce((SELECT min(position) FROM knowledge_spaces
                                      WHERE state <> 'retired' AND engine <> 'builtin'), $1)
                 AND NOT EXISTS (SELECT 1 FROM knowledge_vectors v
                                  WHERE v.document = knowledge_changes.document
                                    AND v.model = knowledge_changes.model
                                    AND v.dimensions = knowledge_changes.dimensions)"
        )
    };
}

/// Drops what says that a document has no vectors any more, below `settled`, and notes how far that
/// went.
pub(crate) fn sweep(tx: &Tx, settled: i64) -> Result<u64, Error> {
    const LAST: &str = sweepable!("SELECT max(seq) AS last");
    const DROP: &str = sweepable!("DELETE");
    let Some(last) = tx.one(LAST, &params![settled])?.get::<Option<i64>>("last")? else {
        return Ok(0);
    };
    // Only up to there, whatever was committed since it was looked.
    let settled = settled.min(last.saturating_add(1));
    tx.execute("UPDATE knowledge_swept SET position = $1 WHERE position < $1", &params![settled])?;
    tx.execute(DROP, &params![settled])
}

/// Drops the log of a model of which no vectors are left.
pub(crate) fn forget(tx: &Tx, model: &str, dimensions: usize) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM knowledge_changes WHERE model = $1 AND dimensions = $2",
        &params![model, dimensions],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
