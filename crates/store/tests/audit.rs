//! The audit log: who, what and when, and every way of tampering with it is found.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use base::{Actor, PageRequest, RecordId, TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::{
    Error, Store, Tx,
    audit::{self, Broken, Damage, Entry, Filter, Report},
    params,
};
use testkit::Database;

/// Somebody with the database's own rights, who knows how to get around the triggers.
const UNLOCK_SQLITE: &str = "DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete;";
const UNLOCK_POSTGRES: &str = "ALTER TABLE audit_log DISABLE TRIGGER ALL;";

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(number))
}

/// Three tenants with ten rows each.
async fn filled(db: &Database) -> Store {
    filled_with(db, "a test").await
}

/// The same, with this reason in the fourth row of each.
async fn filled_with(db: &Database, fourth: &'static str) -> Store {
    let store = db.migrated(&[]).await;
    let clock = testkit::clock();
    for number in 0..10 {
        let write = move |tx: &Tx| -> Result<(), Error> {
            for of in 1..=3 {
                tx.audit(
                    Entry::new(
                        tenant(of),
                        "thing_changed",
                        format!("things/{number}"),
                        format!("Change {number}"),
                    )
                    .after(json!({"number": number}))
                    .why(if number == 3 { fourth } else { "a test" }),
                );
            }
            Ok(())
        };
        store.write(&Actor::operator(), clock.now(), write).await.unwrap();
        clock.advance(SignedDuration::from_secs(60));
    }
    store
}

async fn report(store: &Store) -> Report {
    store.read(audit::verify).await.unwrap()
}

/// Tampers with the second tenant's chain; only that chain is broken, and where it is.
async fn check(db: Database, tamper: &str, seq: i64, damage: Damage) {
    let store = filled(&db).await;
    assert!(report(&store).await.is_whole());
    db.raw(if db.is_postgres() { UNLOCK_POSTGRES } else { UNLOCK_SQLITE }).await;
    db.raw(&tamper.replace("VICTIM", &format!("tenant = '{}'", tenant(2)))).await;
    let report = report(&store).await;
    let broken: Vec<Option<Broken>> = report.chains.iter().map(|it| it.broken).collect();
    assert_eq!(broken, [None, Some(Broken { seq, damage }), None]);
}

testkit::on_both! {
    async fn an_untouched_log_is_whole(db: Database) {
        let store = filled(&db).await;
        let report = report(&store).await;
        assert!(report.is_whole());
        assert_eq!((report.rows, report.chains.len()), (30, 3));
    }

    async fn a_changed_field_is_found(db: Database) {
        check(db, "UPDATE audit_log SET summary = 'nothing happened' WHERE VICTIM AND seq = 4", 4, Damage::Changed).await;
    }

    async fn a_field_that_was_emptied_is_found(db: Database) {
        check(db, "UPDATE audit_log SET why = NULL WHERE VICTIM AND seq = 10", 10, Damage::Changed).await;
    }

    async fn a_removed_row_is_found(db: Database) {
        check(db, "DELETE FROM audit_log WHERE VICTIM AND seq = 5", 5, Damage::Missing).await;
    }

    async fn a_removed_first_row_is_found(db: Database) {
        check(db, "DELETE FROM audit_log WHERE VICTIM AND seq = 1", 1, Damage::Missing).await;
    }

    async fn a_removed_tail_is_found(db: Database) {
        check(db, "DELETE FROM audit_log WHERE VICTIM AND seq > 7", 8, Damage::TailMissing).await;
    }

    async fn a_removed_chain_is_found_while_its_head_is_there(db: Database) {
        check(db, "DELETE FROM audit_log WHERE VICTIM", 1, Damage::TailMissing).await;
    }

    async fn swapped_rows_are_found(db: Database) {
        let swap = "UPDATE audit_log SET seq = -6 WHERE VICTIM AND seq = 6;
                    UPDATE audit_log SET seq = 6 WHERE VICTIM AND seq = 7;
                    UPDATE audit_log SET seq = 7 WHERE VICTIM AND seq = -6;";
        check(db, swap, 6, Damage::Changed).await;
    }

    async fn a_row_under_the_hash_of_another_is_found(db: Database) {
        let copy = "UPDATE audit_log SET hash = (SELECT hash FROM audit_log WHERE VICTIM AND seq = 2) WHERE VICTIM AND seq = 3";
        check(db, copy, 3, Damage::Changed).await;
    }

    async fn a_row_written_anew_with_its_hash_is_found_at_the_next_one(db: Database) {
        // Somebody computes the hash as the program does: by letting it write the row elsewhere.
        let forger = Database::sqlite();
        let forged = filled_with(&forger, "another reason").await;
        let hash = "SELECT hash FROM audit_log WHERE tenant = $1 AND seq = 4";
        let hash = move |db: &store::Db| db.one(hash, &params![tenant(2)])?.get::<String>("hash");
        let hash = forged.read(hash).await.unwrap();
        let rewrite = format!("UPDATE audit_log SET why = 'another reason', hash = '{hash}' WHERE VICTIM AND seq = 4");
        check(db, &rewrite, 5, Damage::Unlinked).await;
    }

    async fn a_tail_cut_with_the_head_moved_back_is_found(db: Database) {
        // No number is missing then; the head's hash still gives it away.
        let close = "DELETE FROM audit_log WHERE VICTIM AND seq = 10;
                     UPDATE audit_heads SET seq = 9 WHERE VICTIM;";
        check(db, close, 9, Damage::HeadDiffers).await;
    }

    async fn a_removed_head_is_found(db: Database) {
        check(db, "DELETE FROM audit_heads WHERE VICTIM", 10, Damage::HeadDiffers).await;
    }

    async fn the_database_refuses_to_change_the_log(db: Database) {
        let store = filled(&db).await;
        for sql in ["UPDATE audit_log SET why = 'x' WHERE seq = 1", "DELETE FROM audit_log WHERE seq = 1"] {
            let refused = store.bookkeep("test", move |tx| tx.execute(sql, &[])).await;
            assert!(matches!(&refused, Err(Error::Constraint { what }) if what.contains("never changed")), "{refused:?}");
        }
        assert!(report(&store).await.is_whole());
    }

    async fn rows_written_at_once_form_one_chain(db: Database) {
        let store = db.migrated(&[]).await;
        let mut tasks = Vec::new();
        for _ in 0..40 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let write = |tx: &Tx| -> Result<(), Error> {
                    for of in [3, 1, 2, 1] {
                        tx.audit(Entry::new(tenant(of), "thing_changed", "things", "Changed"));
                    }
                    Ok(())
                };
                store.write(&Actor::house(), testkit::moment(testkit::START), write).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let report = report(&store).await;
        assert!(report.is_whole(), "{report:?}");
        let rows: Vec<u64> = report.chains.iter().map(|it| it.rows).collect();
        assert_eq!(rows, [80, 40, 40]);
    }

    async fn the_log_is_listed_newest_first_and_page_by_page(db: Database) {
        let store = filled(&db).await;
        let of_action = Filter { action: Some("thing_changed".into()), ..Filter::default() };
        for filter in [Filter::default(), of_action, Filter { tenant: Some(tenant(2)), ..Filter::default() }] {
            let (mut seen, mut request) = (Vec::new(), PageRequest::first(4));
            loop {
                let (filter, asked) = (filter.clone(), request.clone());
                let page = store.read(move |db| audit::list(db, &filter, &asked)).await.unwrap();
                seen.extend(page.items);
                match page.next {
                    Some(cursor) => request.cursor = Some(cursor),
                    None => break,
                }
            }
            assert_eq!(seen.len(), if filter.tenant.is_some() { 10 } else { 30 });
            assert!(seen.windows(2).all(|it| it[0].at >= it[1].at));
            assert_eq!(seen[0].subject, "things/9");
            assert_eq!((seen[0].actor.as_str(), &seen[0].after), ("operator", &Some(json!({"number": 9}))));
        }
    }

    async fn a_page_before_the_cursor_leads_back(db: Database) {
        let store = filled(&db).await;
        let filter = Filter { tenant: Some(tenant(1)), ..Filter::default() };
        let page = async |request: PageRequest| {
            let filter = filter.clone();
            store.read(move |db| audit::list(db, &filter, &request)).await.unwrap()
        };
        let first = page(PageRequest::first(3)).await;
        let second = page(PageRequest { limit: 3, cursor: first.next.clone() }).await;
        let back = page(PageRequest { limit: 3, cursor: second.prev }).await;
        assert_eq!(back.items, first.items);
    }

    async fn the_log_is_filtered(db: Database) {
        let store = filled(&db).await;
        let (record, user) = (RecordId::generate(), UserId::generate());
        let actor = Actor {
            address: Some("10.0.0.7".parse().unwrap()),
            request_id: Some("req-1".into()),
            ..Actor::user(user)
        };
        let now = testkit::moment("2026-12-01T00:00:00Z");
        let write = move |tx: &Tx| -> Result<(), Error> {
            tx.audit(Entry::new(tenant(1), "thing_made", "things/x", "Made").record(record).tokens(12));
            Ok(())
        };
        store.write(&actor, now, write).await.unwrap();
        let found = async |filter: Filter| {
            let request = PageRequest::first(50);
            store.read(move |db| audit::list(db, &filter, &request)).await.unwrap().items
        };
        let by_record = found(Filter { record: Some(record), ..Filter::default() }).await;
        assert_eq!(by_record.len(), 1);
        assert_eq!(by_record[0].address.as_deref(), Some("10.0.0.7"));
        assert_eq!(by_record[0].request_id.as_deref(), Some("req-1"));
        assert_eq!((by_record[0].actor.clone(), by_record[0].tokens_used), (user.to_string(), Some(12)));
        let elsewhere = Filter { record: Some(record), tenant: Some(tenant(2)), ..Filter::default() };
        assert_eq!(found(elsewhere).await, []);
        let by_user = Filter { actor: Some(user.to_string()), ..Filter::default() };
        let of_tenant = |of, filter: &Filter| Filter { tenant: Some(tenant(of)), ..filter.clone() };
        let by_action = Filter { action: Some("thing_made".into()), ..Filter::default() };
        let by_both = Filter { action: Some("thing_made".into()), ..by_user.clone() };
        for filter in [by_user, by_action, by_both] {
            assert_eq!(found(filter.clone()).await, by_record);
            assert_eq!(found(of_tenant(1, &filter)).await, by_record);
            assert_eq!(found(of_tenant(2, &filter)).await, []);
            let other = Filter { action: Some("thing_changed".into()), ..filter.clone() };
            let expected = if other.actor.is_some() { 0 } else { 30 };
            assert_eq!(found(other).await.len(), expected, "{filter:?}");
            let record = Filter { record: Some(record), ..filter };
            assert_eq!(found(record).await, by_record);
        }
        assert_eq!(found(Filter { from: Some(now), ..Filter::default() }).await, by_record);
        assert_eq!(found(Filter { to: Some(now), ..Filter::default() }).await.len(), 30);
    }
}
