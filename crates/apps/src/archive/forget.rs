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
use crate::{field::Data, job::steps::Steps, person::answers};

/// What is somebody's in archives.
pub(crate) struct Theirs {
    /// Under which names it is kept.
    pub(crate) owners: Vec<String>,
    /// The collections in which all that they made is theirs.
    pub(crate) collections: Vec<String>,
    /// Those in which answers about texts of theirs are: [`answers::holds_text`].
    pub(crate) of_answers: Vec<String>,
}

/// What an archive will be without somebody's records.
pub(crate) struct Rest {
    /// The records that go, each with what lies in it.
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

/// The archive of a collection behind this one, of whatever tenant; begun since, when that is given.
pub(crate) async fn next(
    steps: &Steps,
    collection: &str,
    after: Option<ArchiveId>,
    since: Option<Timestamp>,
) -> Result<Option<Archive>, Failure> {
    let name = collection.to_owned();
    steps.read(move |db| Ok(row::behind(db, &name, after, since)?)).await
}

/// Reads an archive, and writes a file of it without what is theirs, also within what others made; none when
/// there is nothing of theirs in it. The file is nobody's until [`replace`].
pub(crate) async fn without(
    steps: &Steps,
    archive: &Archive,
    whose: &Theirs,
) -> Result<Option<Rest>, Failure> {
    let lines = file::read_back(steps, archive, |_| true).await?;
    let all = theirs(&lines, whose);
    if all.is_empty() {
        return Ok(None);
    }
    // What lies in one that goes is not counted by itself.
    let is_within = |it: &Line| it.parent.is_some_and(|it| all.contains(&it));
    let first = lines.iter().filter(|it| all.contains(&it.id) && !is_within(it));
    let gone: BTreeSet<RecordId> = first.map(|it| it.id).collect();
    // What was changed while it was put away is in the file, and is no record of the archive.
    let id = archive.id;
    let records = steps.read(move |db| Ok(row::records(db, id)?)).await?;
    let stays = |it: &Line| !all.contains(&it.id) && records.contains_key(&it.root);
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

/// What is theirs, with all that lies in it. No I/O: this is what is decided.
fn theirs(lines: &[Line], whose: &Theirs) -> BTreeSet<RecordId> {
    let is_of_kind = |it: &Line| {
        let data = || serde_json::from_str::<Data>(it.data.get());
        whose.collections.contains(&it.collection)
            || (whose.of_answers.contains(&it.collection)
                && data().is_ok_and(|it| answers::holds_text(&it)))
    };
    let is_own = |it: &&Line| whose.owners.contains(&it.created_by) && is_of_kind(it);
    let mut all: BTreeSet<RecordId> = lines.iter().filter(is_own).map(|it| it.id).collect();
    loop {
        let is_within = |it: &Line| it.parent.is_some_and(|it| all.contains(&it));
        let more = lines.iter().filter(|it| !all.contains(&it.id) && is_within(it));
        let more: Vec<RecordId> = more.map(|it| it.id).collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
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

#[cfg(test)]
mod tests {
    use base::TenantId;
    use serde_json::value::RawValue;

    use super::*;

    fn whose(owner: &str) -> Theirs {
        let (collections, of_answers) = (vec!["notes".to_owned()], vec!["answers".to_owned()]);
        Theirs { owners: vec![owner.to_owned()], collections, of_answers }
    }

    fn line(collection: &str, within: Option<&Line>, created_by: &str) -> Line {
        let (id, at) = (RecordId::generate(), testkit::moment("2026-11-21T08:00:00Z"));
        Line {
            root: within.map_or(id, |it| it.root),
            id,
            tenant: TenantId::DEFAULT,
            collection: collection.into(),
            parent: within.map(|it| it.id),
            lineage: id,
            position: 0,
            revision: 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
            created_by: created_by.into(),
            data: RawValue::from_string("{}".into()).expect("an object"),
        }
    }

    #[test]
    fn what_is_somebodys_goes_out_of_what_others_made_and_takes_along_what_lies_in_it() {
        let case = line("cases", None, "bob");
        let note = line("notes", Some(&case), "ann");
        let reply = line("notes", Some(&note), "bob");
        let other = line("notes", Some(&case), "bob");
        let own = line("cases", None, "ann");
        let expected = BTreeSet::from([note.id, reply.id]);
        // What lies in another may come before it.
        let lines = [case, reply, note, other, own];
        assert_eq!(theirs(&lines, &whose("ann")), expected);
        assert!(theirs(&lines, &whose("eve")).is_empty());
    }

    #[test]
    fn of_answers_that_tasks_keep_those_about_somebodys_own_text_are_theirs() {
        let answer = |created_by: &str, data: &str| {
            let data = RawValue::from_string(data.into()).expect("an object");
            Line { data, ..line("answers", None, created_by) }
        };
        let own = answer("ann", r#"{"text": "My own.", "record_id": null, "result": {}}"#);
        let of_record = answer("ann", r#"{"text": null, "record_id": "one", "result": {}}"#);
        let of_another = answer("bob", r#"{"text": "His own.", "record_id": null}"#);
        let expected = BTreeSet::from([own.id]);
        assert_eq!(theirs(&[own, of_record, of_another], &whose("ann")), expected);
    }
}
