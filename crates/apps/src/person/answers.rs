//! Answers of tasks that are kept (`kept_in`) about texts which somebody handed in: such an answer holds the text, so
//! it goes with whoever gave it. One about a record of the tenant is the tenant's, as that record is.
//!
//! Start at [`collections`] and [`next`]; [`super::erase`] and [`super::count()`] go through them.

use base::RecordId;
use serde_json::Value as Json;
use store::{Db, params};

use crate::{
    field::Data,
    folder::Folder,
    record::{self, CollectionKit},
};

/// So many are looked at at once: each may be long.
const AT_ONCE: usize = 500;

/// The collections in which tasks keep such answers. Those whose records are somebody's anyway are not among them.
pub(crate) fn collections(folder: &Folder) -> Vec<String> {
    let theirs = super::collections(folder);
    let kept = folder.tasks().filter_map(|it| it.description.kept_in.clone());
    let is_apart = |it: &CollectionKit| !it.is_in_versions() && !theirs.contains(&it.name);
    let mut all: Vec<String> =
        kept.filter(|it| folder.kits().get(it).is_some_and(is_apart)).collect();
    all.sort();
    all.dedup();
    all
}

/// What somebody made in a collection behind this record, in order, and whether it holds a text of theirs. Empty at
/// the end.
pub(crate) fn next(
    db: &Db,
    owner: &str,
    collection: &str,
    after: Option<RecordId>,
) -> Result<Vec<(RecordId, bool)>, store::Error> {
    let after = after.map(|it| it.to_string()).unwrap_or_default();
    let rows = db.query(
        "SELECT id, data FROM records
          WHERE created_by = $1 AND collection = $2 AND version IS NULL AND id > $3
          ORDER BY id LIMIT $4",
        &params![owner, collection, after, AT_ONCE],
    )?;
    rows.iter().map(|it| Ok((it.get("id")?, holds_text(&record::object(it, "data")?)))).collect()
}

/// How many of them hold a text of theirs.
pub(super) fn count(db: &Db, owner: &str, collection: &str) -> Result<u64, store::Error> {
    let (mut count, mut after) = (0, None);
    loop {
        let found = next(db, owner, collection, after)?;
        let Some((last, _)) = found.last() else { return Ok(count) };
        after = Some(*last);
        count += found.iter().filter(|it| it.1).count() as u64;
    }
}

/// Does a kept answer hold a text that was handed in, rather than name a record?
pub(crate) fn holds_text(data: &Data) -> bool {
    let has = |name: &str| data.get(name).is_some_and(|it: &Json| !it.is_null());
    has("text") && !has("record_id")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::Fixture;

    testkit::on_both! {
        async fn an_answer_about_a_text_of_ones_own_is_theirs_and_one_about_a_record_is_not(db: testkit::Database) {
            let house = Fixture::on(db).await;
            let act = house.act();
            let shelf = house.shelf("A").await;
            let mut made = Vec::new();
            for text in ["their own", "of a record", "of another"] {
                let data = json!({"text": text});
                made.push(house.create(&act, "notes", house.tenant, Some(shelf.id), data).await.expect("made").id);
            }
            let [own, of_record, of_another] = made[..] else { panic!("three were made") };
            let named = json!({"text": null, "record_id": shelf.id}).to_string();
            house.db.raw(&format!("UPDATE records SET data = '{named}' WHERE id = '{of_record}'")).await;
            house.db.raw(&format!("UPDATE records SET created_by = 'usr_2' WHERE id = '{of_another}'")).await;
            let owner = act.actor.to_string();
            let read = |after: Option<RecordId>| {
                let owner = owner.clone();
                house.read(move |db, _| Ok::<_, store::Error>((next(db, &owner, "notes", after)?, count(db, &owner, "notes")?)))
            };
            let mut expected = vec![(own, true), (of_record, false)];
            expected.sort();
            assert_eq!(read(None).await.expect("they are read"), (expected.clone(), 1));
            let rest = read(Some(expected[1].0)).await.expect("they are read").0;
            assert!(rest.is_empty(), "{rest:?}");
        }
    }
}
