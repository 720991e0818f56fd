//! The file of an archive: brought to its place, and read back from wherever it lies.

use base::{TenantId, Timestamp};
use bytes::Bytes;
use store::{
    Store,
    blob::{self, Kept, Place},
};
use work::Failure;

use super::{
    ArchiveError,
    pack::{self, Line},
    refused,
    row::Archive,
};
use crate::job::steps::Steps;

/// Brings a file to the place that was chosen for archives, or to where all files are. It is nobody's until
/// it is named.
pub(super) async fn keep(
    store: &Store,
    place: Option<Place>,
    tenant: TenantId,
    packed: Bytes,
    now: Timestamp,
) -> Result<Kept, Failure> {
    let kept = match place {
        Some(place) => blob::keep_in(store, place, tenant, packed, now).await,
        None => blob::keep(store, tenant, packed, now).await,
    };
    kept.map_err(refused)
}

/// Reads an archive where it lies, and hands out the lines that are wanted: what this returns is what was
/// written, to the last byte, and whole.
///
/// # Errors
/// [`ArchiveError::Damaged`], as a failure of the job.
pub(super) async fn read_back(
    steps: &Steps,
    archive: &Archive,
    is_wanted: impl Fn(&Line) -> bool + Send + 'static,
) -> Result<Vec<Line>, Failure> {
    let (id, tenant) = (archive.id, archive.tenant);
    let damaged = move |why: String| refused(ArchiveError::Damaged { id, why });
    let bytes = match blob::read(steps.engine.store(), tenant, &archive.blob).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(damaged("nothing says where its file is".into())),
        Err(store::Error::BlobDamaged { place, harm, .. }) => {
            return Err(damaged(format!("its file in {place} is {harm}")));
        }
        Err(error) => return Err(refused(error)),
    };
    let unpacked = tokio::task::spawn_blocking(move || {
        let (mut wanted, mut is_theirs) = (Vec::new(), true);
        let head = pack::unpack(&bytes, |line| {
            is_theirs &= line.tenant == tenant;
            if is_wanted(&line) {
                wanted.push(line);
            }
        })?;
        if head.archive != id {
            return Err(format!("it is archive {}", head.archive));
        }
        match is_theirs && head.tenant == tenant {
            true => Ok(wanted),
            false => Err("it holds what is another tenant's".to_owned()),
        }
    });
    let unpacked = unpacked.await;
    unpacked
        .map_err(|_| Failure::for_now("unavailable", "unpacking the records broke off"))?
        .map_err(damaged)
}
