//! Taking one person's records out of archives: the file is written anew without them, and takes the place
//! of the old one in the transaction that forgets them.
//!
//! An archive in which nothing is left goes whole. The old file is nobody's from then on, and is cleared away
//! with all that nobody uses. Start at [`next`]; [`crate::person`] calls.

use std::collections::BTreeSet;

use base::{ArchiveId, RecordId, Timestamp};
use bytes::Bytes;
use store::{
    Tx,
    blob::{self, BlobId, Kept},
    params,
};
use work::Failure;

use super::{
    ArchiveError, file,
    pack::{self, FORMAT, Head, Line},
    row::{self, Archive},
};
use crate::job::steps::Steps;

/// What an archive will be without somebody's records.
pub(crate) struct Rest {
    /// The records that go.
    gone: BTreeSet<RecordId>,
    /// The file of those that stay; none when nothing does.
    left: Option<Left>,
}

struct Left {
    file: Kept,
    size_bytes: u64,
    record_count: u64,
    row_count: u64,
    oldest_at: Timestamp,
    newest_at: Timestamp,
}

/// The archive of a collection behind this one, of whatever tenant.
pub(crate) async fn next(
    steps: &Steps,
    collection: &str,
    after: Option<ArchiveId>,
) -> Result<Option<Archive>, Failure> {
    let name = collection.to_owned();
    steps.read(move |db| Ok(row::behind(db, &name, after)?)).await
}

/// Reads an archive, and writes a file of it without what was made by one of these; none when there is
/// nothing of theirs in it. The file is nobody's until [`replace`].
pub(crate) async fn without(
    steps: &Steps,
    archive: &Archive,
    owners: &[String],
) -> Result<Option<Rest>, Failure> {
    let lines = file::read_back(steps, archive, |_| true).await?;
    let is_theirs = |it: &&Line| it.id == it.root && owners.contains(&it.created_by);
    let gone: BTreeSet<RecordId> = lines.iter().filter(is_theirs).map(|it| it.root).collect();
    if gone.is_empty() {
        return Ok(None);
    }
    // What was changed while it was put away is in the file, and is no record of the archive.
    let id = archive.id;
    let records = steps.read(move |db| Ok(row::records(db, id)?)).await?;
    let stays = |it: &Line| !gone.contains(&it.root) && records.contains_key(&it.root);
    let lines: Vec<Line> = lines.into_iter().filter(stays).collect();
    let roots: Vec<Timestamp> =
        lines.iter().filter(|it| it.id == it.root).map(|it| it.created_at).collect();
    let (Some(oldest_at), Some(newest_at)) = (roots.iter().min(), roots.iter().max()) else {
        return Ok(Some(Rest { gone, left: None }));
    };
    let (oldest_at, newest_at) = (*oldest_at, *newest_at);
    let (record_count, row_count) = (roots.len() as u64, lines.len() as u64);
    let head = Head {
        archive: id,
        format: FORMAT,
        app: steps.engine.folder().description().app.clone(),
        tenant: archive.tenant,
        collection: archive.collection.clone(),
        made_at: archive.created_at,
    };
    let packed = tokio::task::spawn_blocking(move || pack::pack(&head, lines))
        .await
        .map_err(|_| Failure::for_now("unavailable", "packing the records broke off"))?
        .map_err(|error| Failure::for_good("internal", format!("packing the records: {error}")))?;
    let size_bytes = packed.len() as u64;
    let (store, packed) = (steps.engine.store(), Bytes::from(packed));
    let file = file::keep(store, archive.place, archive.tenant, packed, steps.now()).await?;
    let left = Left { file, size_bytes, record_count, row_count, oldest_at, newest_at };
    Ok(Some(Rest { gone, left: Some(left) }))
}

/// Puts the file in the place of the old one and forgets the records that are not in it; says how many.
/// Nothing happens to an archive that somebody else has changed meanwhile.
pub(crate) fn replace(
    tx: &Tx,
    archive: &Archive,
    rest: &Rest,
    now: Timestamp,
) -> Result<u64, ArchiveError> {
    let is_same = match &rest.left {
        Some(left) => {
            let id: BlobId = left.file.id().clone();
            blob::put(tx, &left.file, now)?;
            tx.execute(
                "UPDATE archives
                    SET blob = $3, size_bytes = $4, record_count = $5, row_count = $6,
                        oldest_at = $7, newest_at = $8
                  WHERE id = $1 AND blob = $2 AND state = 'kept'",
                &params![
                    archive.id,
                    &archive.blob,
                    &id,
                    left.size_bytes,
                    left.record_count,
                    left.row_count,
                    left.oldest_at,
                    left.newest_at
                ],
            )? == 1
        }
        None => {
            let sql = "DELETE FROM archives WHERE id = $1 AND blob = $2 AND state = 'kept'";
            tx.execute(sql, &params![archive.id, &archive.blob])? == 1
        }
    };
    if !is_same {
        if let Some(left) = &rest.left {
            blob::remove(tx, archive.tenant, left.file.id(), now)?;
        }
        return Ok(0);
    }
    blob::remove(tx, archive.tenant, &archive.blob, now)?;
    if rest.left.is_none() {
        tx.execute("DELETE FROM archived_records WHERE archive = $1", &params![archive.id])?;
    }
    for record in &rest.gone {
        let sql = "DELETE FROM archived_records WHERE archive = $1 AND record = $2";
        tx.execute(sql, &params![archive.id, *record])?;
    }
    Ok(rest.gone.len() as u64)
}
