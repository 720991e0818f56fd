//! The tables of this room, in the order in which they came to be.

use store::{Migration, Sql};

/// The steps of the tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261122_100000_sources",
        up: Sql::same(include_str!("../migrations/20261122_100000_sources/up.sql")),
        down: Sql::same(include_str!("../migrations/20261122_100000_sources/down.sql")),
    },
    Migration {
        name: "20261201_130000_placed_fields",
        up: Sql::same(include_str!("../migrations/20261201_130000_placed_fields/up.sql")),
        down: Sql::same(include_str!("../migrations/20261201_130000_placed_fields/down.sql")),
    },
];

#[cfg(test)]
mod tests {
    use base::RecordId;
    use serde_json::Value as Json;
    use store::{Db, Error, Tx, params};

    use super::*;

    testkit::on_both! {
        async fn of_records_that_several_sources_wrote_nothing_counts_as_placed(db: testkit::Database) {
            let store = db.migrated(&[&MIGRATIONS[..1]]).await;
            let (both, one) = (RecordId::generate(), RecordId::generate());
            let write = move |tx: &Tx| {
                for (source, record) in [("calendar", both), ("websites", both), ("calendar", one)] {
                    tx.execute(
                        "INSERT INTO source_items (tenant, source, item, record, written, hash, first_seen_at, seen_at, seen_run)
                         VALUES ('t', $1, $2, $3, '{\"name\": \"X\"}', '', 0, 0, 'r')",
                        &params![source, record.to_string(), record],
                    )?;
                }
                Ok::<_, Error>(())
            };
            store.bookkeep("note items as they were noted before", write).await.expect("they are written");
            store.close().await;
            let store = db.migrated(&[MIGRATIONS]).await;
            let read = |db: &Db| {
                let rows = db.query("SELECT record, placed FROM source_items", &[])?;
                rows.iter().map(|it| Ok((it.get("record")?, it.get("placed")?))).collect::<Result<Vec<(RecordId, Option<Json>)>, Error>>()
            };
            let all = store.read(read).await.expect("they are read");
            assert_eq!(all.len(), 3);
            for (record, placed) in all {
                let expected = (record == both).then(|| serde_json::json!({}));
                assert_eq!(placed, expected, "one that a source alone wrote is what it wrote");
            }
        }
    }
}
