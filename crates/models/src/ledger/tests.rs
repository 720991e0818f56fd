use std::time::{Duration, Instant};

use base::{AppKeyId, TenantId};

use super::{
    house::{House, Who},
    *,
};
use crate::{
    Cost, Usage,
    money::NanoUsd,
    usage::{Entry, Outcome},
};

fn nobody() -> Who {
    Who::default()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(20), "not within twenty seconds: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn break_table(house: &House) {
    house.db.raw("ALTER TABLE model_usage RENAME TO away").await;
}

async fn mend_table(house: &House) {
    house.db.raw("ALTER TABLE away RENAME TO model_usage").await;
}

/// From now on the database takes no row of the model `bad`.
async fn refuse_bad_rows(house: &House) {
    let refuse = if house.db.is_postgres() {
        "ALTER TABLE model_usage ADD CONSTRAINT picky CHECK (model <> 'bad')"
    } else {
        "CREATE TRIGGER picky BEFORE INSERT ON model_usage WHEN NEW.model = 'bad'
         BEGIN SELECT RAISE(ABORT, 'picky'); END"
    };
    house.db.raw(refuse).await;
}

/// The files of a folder as they are now.
fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

testkit::on_both! {
    async fn a_row_says_everything_that_is_known_of_an_attempt(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[]);
        let who = Who {
            tenant: Some(TenantId::generate()),
            key: Some(AppKeyId::generate()),
            task: Some("sort"),
        };
        let mut tab = ledger.begins(who, "small", Hold::default());
        tab.first_piece();
        let usage = Usage {
            tokens_in: 100,
            tokens_out: 20,
            cached: 40,
            cache_written: 10,
            cache_written_1h: 4,
            reasoning: 5,
            audio_in: 3,
            audio_out: 2,
            web_searches: 1,
            ..Usage::default()
        };
        assert_eq!(tab.answered(200, usage), Cost::Known(NanoUsd(130)));
        tab.end(Outcome::Ok).await;
        let row = house.rows().await.remove(0);
        assert_eq!((row.key, row.task.as_deref(), row.usage), (who.key, Some("sort"), usage));
        assert_eq!((row.cost, row.ttft_ms.is_some()), (Cost::Known(NanoUsd(130)), true));
        let version = row.prices.unwrap();
        let list = house.store.read(move |db| {
            db.one("SELECT prices FROM model_price_lists WHERE version = $1", &store::params![version])
        });
        let list: Result<store::Row, store::Error> = list.await;
        assert!(list.unwrap().get::<String>("prices").unwrap().contains("\"small\""));
    }

    async fn what_a_damaged_answer_says_it_used_keeps_no_later_row_from_being_written(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[]);
        ledger.uses(nobody(), Hold::default(), u64::MAX).await;
        ledger.uses(nobody(), Hold::default(), u64::MAX).await;
        ledger.uses(nobody(), Hold::default(), 7).await;
        assert_eq!(house.rows().await.len(), 3);
        house.verified().await;
        // Whatever made it so: a sum at its end stays there, and rows go on.
        house.db.raw("UPDATE model_spent SET nano_usd = 9223372036854775806, tokens = 9223372036854775806").await;
        ledger.uses(nobody(), Hold::default(), 7).await;
        assert_eq!(house.rows().await.len(), 4);
        let spent = house.spent().await;
        assert_eq!((spent.cost, spent.tokens), (NanoUsd(i64::MAX), i64::MAX as u64));
    }

    async fn sums_at_their_end_are_counted_again_and_their_rows_can_be_erased(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[]);
        let tenant = TenantId::generate();
        for _ in 0..2 {
            for _ in 0..3 {
                ledger.uses(Who::tenant(tenant), Hold::default(), 7).await;
            }
            house.db.raw("UPDATE model_usage SET cost_nano_usd = 9223372036854775807, tokens_in = 9223372036854775807, tokens_out = 0, tokens_total = 9223372036854775807").await;
            house.db.raw("UPDATE model_spent SET nano_usd = 9223372036854775807, tokens = 9223372036854775807").await;
            house.verified().await;
            let erased = house.store.bookkeep("a test", move |tx| crate::usage::erase(tx, tenant)).await;
            assert_eq!(erased.unwrap(), 3);
            house.verified().await;
        }
    }

    async fn with_a_journal_nobody_waits_for_the_database_and_the_rows_come_in_groups(db: testkit::Database) {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let ledger = house.replica(&[]);
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        for _ in 0..300 {
            ledger.uses(nobody(), Hold::default(), 1).await;
        }
        ledger.finish().await;
        assert_eq!((house.rows().await.len(), ledger.waiting()), (300, 0));
        assert_eq!(ledger.journal().unwrap().bytes(), 0);
        house.verified().await;
    }

    async fn a_database_that_is_away_stops_nothing_until_the_journal_is_full(db: testkit::Database) {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let ledger = house.replica(&[]);
        let bounds = Bounds { file_bytes: 4_000, bytes_max: 60_000 };
        ledger.keep_journal(folder.path(), bounds).unwrap();
        break_table(&house).await;
        let started = Instant::now();
        for _ in 0..40 {
            ledger.uses(nobody(), Hold::default(), 1).await;
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        let to = crate::settings::ModelRef { provider: "local".into(), model: "small".into() };
        let begun = Begun {
            asked: UsageId::generate(),
            tenant: TenantId::DEFAULT,
            key: None,
            caller: None,
            operation: "test",
            task: None,
            job: None,
            priority: None,
            to: &to,
            tokens_in: 1,
        };
        let mut more = 0;
        while let Ok(tab) = ledger.open_tab(&begun, Hold::default()) {
            tab.close(Outcome::Ok);
            more += 1;
            assert!(more < 1_000, "no bound");
        }
        mend_table(&house).await;
        until("the rows are written", async || ledger.waiting() == 0).await;
        assert_eq!(house.rows().await.len(), 40 + more);
        ledger.open_tab(&begun, Hold::default()).unwrap().dismiss();
        house.verified().await;
    }

    async fn a_row_that_the_database_does_not_take_does_not_keep_the_others_out(db: testkit::Database) {
        let house = House::open(db).await;
        refuse_bad_rows(&house).await;
        let folder = tempfile::tempdir().unwrap();
        let ledger = house.replica(&[]);
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        for model in ["small", "bad", "small", "nul\0in it"] {
            ledger.begins(nobody(), model, Hold::default()).close(Outcome::Ok);
        }
        ledger.finish().await;
        let mut models: Vec<_> = house.rows().await.into_iter().map(|it| it.model).collect();
        models.sort();
        assert_eq!(models, ["nul\u{fffd}in it", "small", "small"]);
        assert_eq!(ledger.journal().unwrap().bytes(), 0);
        house.verified().await;
    }

    async fn a_row_that_the_database_does_not_take_keeps_no_other_of_its_journal_out(db: testkit::Database) {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let gone = house.replica(&[]);
        gone.keep_journal(folder.path(), Bounds::default()).unwrap();
        break_table(&house).await;
        for model in ["small", "bad", "large"] {
            gone.begins(nobody(), model, Hold::default()).close(Outcome::Ok);
        }
        // As if it had been killed here.
        let copy = copied(folder.path());
        mend_table(&house).await;
        until("the living one writes its rows", async || gone.waiting() == 0).await;
        house.db.raw("DELETE FROM model_usage").await;
        refuse_bad_rows(&house).await;
        let heir = house.replica(&[]);
        heir.keep_journal(copy.path(), Bounds::default()).unwrap();
        assert_eq!(heir.recover().await.unwrap().written, 2);
        let mut models: Vec<_> = house.rows().await.into_iter().map(|it| it.model).collect();
        models.sort();
        assert_eq!(models, ["large", "small"]);
        assert_eq!(heir.recover().await.unwrap(), Recovered::default(), "its journal is gone");
    }

    async fn what_a_process_left_is_replayed_and_twice_is_as_once(db: testkit::Database) {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let budget: budget::Budget = serde_json::from_value(serde_json::json!(
            {"name": "all", "scope": "whole", "period": "month", "limit_usd": 1e-6}
        )).unwrap();
        let gone = house.replica(std::slice::from_ref(&budget));
        gone.keep_journal(folder.path(), Bounds::default()).unwrap();
        gone.uses(nobody(), Hold::default(), 5).await;
        gone.finish().await;
        let hold = gone.holds(nobody(), 900).await.unwrap();
        break_table(&house).await;
        let under_way = gone.begins(nobody(), "small", hold);
        gone.begins(nobody(), "unreached", Hold::default()).dismiss();
        gone.uses(nobody(), Hold::default(), 7).await;
        // As if it had been killed here: its files stay as they are.
        let copy = copied(folder.path());
        mend_table(&house).await;

        let ledger = house.replica(&[budget]);
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        assert_eq!(ledger.recover().await.unwrap(), Recovered { living: 1, ..Recovered::default() });
        until("the living one writes its row", async || gone.waiting() == 0).await;
        std::mem::forget(under_way);

        let heir = house.replica(&[]);
        heir.keep_journal(copy.path(), Bounds::default()).unwrap();
        let expected = Recovered { journals: 1, written: 1, abandoned: 1, known: 1, ..Recovered::default() };
        assert_eq!(heir.recover().await.unwrap(), expected);
        assert_eq!(heir.recover().await.unwrap(), Recovered::default());
        let mut rows: Vec<Entry> = house.rows().await;
        rows.sort_by_key(|it| it.usage.tokens_in);
        let shown: Vec<_> = rows.iter().map(|it| (it.outcome.name(), it.usage.tokens_in, it.usage.estimated)).collect();
        assert_eq!(shown, [("abandoned", 1, true), ("ok", 5, false), ("ok", 7, false)]);
        // What it had asked counts as what was held for it.
        assert_eq!((rows[0].cost, rows[0].held), (Cost::Known(NanoUsd(900)), Some(NanoUsd(900))));
        assert_eq!(rows[0].usage.total(), 900);
        house.verified().await;
        // The lease of the one that is gone came back with its journal.
        assert!(ledger.holds(nobody(), 89).await.is_err());
        ledger.spends(nobody(), 88).await.unwrap();
    }

    async fn an_attempt_of_which_nobody_says_how_it_ended_costs_what_was_held_for_it(db: testkit::Database) {
        let house = House::open(db).await;
        let budget: budget::Budget = serde_json::from_value(serde_json::json!(
            {"name": "all", "scope": "whole", "period": "month", "limit_usd": 1e-6}
        )).unwrap();
        let ledger = house.replica(&[budget]);
        let hold = ledger.holds(nobody(), 800).await.unwrap();
        drop(ledger.begins(nobody(), "small", hold));
        // Nobody knows what this one cost: what was held for it counts, and its row does not guess.
        let hold = ledger.holds(nobody(), 100).await.unwrap();
        ledger.begins(nobody(), "unpriced", hold).close(Outcome::Timeout);
        // Nobody made an answer to this one: it costs its question.
        let hold = ledger.holds(nobody(), 100).await.unwrap();
        let mut tab = ledger.begins(nobody(), "small", hold);
        tab.unanswered();
        tab.end(Outcome::HungUp).await;
        ledger.finish().await;
        let mut rows = house.rows().await;
        rows.sort_by_key(|it| it.usage.total());
        let shown: Vec<_> = rows.iter().map(|it| (it.outcome, it.usage.total(), it.cost)).collect();
        assert_eq!(shown, [
            (Outcome::HungUp, 1, Cost::Known(NanoUsd(1))),
            (Outcome::Timeout, 100, Cost::Unknown),
            (Outcome::Abandoned, 800, Cost::Known(NanoUsd(800))),
        ]);
        assert!(rows.iter().all(|it| it.usage.estimated && it.usage.tokens_in == 1));
        house.verified().await;
        assert!(ledger.holds(nobody(), 100).await.is_err());
        ledger.spends(nobody(), 99).await.unwrap();
    }

    async fn an_answer_from_the_cache_is_a_row_that_cost_nothing(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[]);
        let to = crate::settings::ModelRef { provider: "local".into(), model: "small".into() };
        let begun = Begun {
            asked: UsageId::generate(),
            tenant: TenantId::DEFAULT,
            key: None,
            caller: None,
            operation: "test",
            task: None,
            job: None,
            priority: None,
            to: &to,
            tokens_in: 50,
        };
        ledger.note_cached(&begun, 1).unwrap();
        ledger.finish().await;
        let row = house.rows().await.remove(0);
        assert_eq!((row.from_cache, row.usage.total(), row.cost), (true, 0, Cost::Known(NanoUsd::ZERO)));
    }

    async fn what_was_seen_of_an_answer_that_nobody_waited_for_is_counted(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[]);
        let mut tab = ledger.begins(nobody(), "small", Hold::default());
        tab.answered(200, Usage { tokens_in: 10, tokens_out: 3, estimated: true, ..Usage::default() });
        tab.close(Outcome::Abandoned);
        ledger.finish().await;
        let row = house.rows().await.remove(0);
        assert_eq!((row.outcome, row.cost), (Outcome::Abandoned, Cost::Known(NanoUsd(13))));
        assert!(row.usage.estimated);
    }

    async fn the_rows_from_before_are_counted_when_the_sums_are_made(db: testkit::Database) {
        let store = db.migrated(&[&crate::MIGRATIONS[..1]]).await;
        for (id, tenant, cost, at) in [("a", 1, "5", "2026-10-31T23:59:59Z"), ("b", 1, "7", "2026-11-01T00:00:00Z"), ("c", 2, "NULL", "2026-11-21T00:00:00Z")] {
            let (at, uuid) = (testkit::moment(at).as_microsecond(), format!("00000000-0000-0000-0000-00000000000{tenant}"));
            db.raw(&format!("INSERT INTO model_usage VALUES ('use_{id}', 'use_{id}', '{uuid}', NULL, NULL, 'test', 'p', 'm', 3, 4, 7, 0, 0, {cost}, 1, 'ok', 200, {at})")).await;
        }
        let all: Vec<store::Migration> = store::MIGRATIONS.iter().chain(crate::MIGRATIONS).copied().collect();
        store::migrate::up(&store, &all, testkit::moment(testkit::START)).await.unwrap();
        let since = base::Timestamp::UNIX_EPOCH;
        let drifts = store.read(move |db| spent::verify(db, since)).await.unwrap();
        assert_eq!(drifts, []);
        let month = store.read(|db| spent::spenders(db, spent::Scope::Whole, period::Period::Month, testkit::moment(testkit::START), 9));
        let month: Result<_, store::Error> = month.await;
        assert_eq!(month.unwrap()[0].1, Spend { cost: NanoUsd(7_000), tokens: 14 });
        // And back: what is less than a millionth is rounded.
        db.raw("UPDATE model_usage SET cost_nano_usd = 7499 WHERE id = 'use_b'").await;
        let later = all.iter().filter(|it| it.name >= "20261121_100300_model_ledger").count();
        store::migrate::down(&store, &all, later).await.unwrap();
        let cost = store.read(|db| db.one("SELECT cost_micro_usd FROM model_usage WHERE id = 'use_b'", &[]));
        let cost: Result<store::Row, store::Error> = cost.await;
        assert_eq!(cost.unwrap().get::<i64>("cost_micro_usd").unwrap(), 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_cannot_be_read_keeps_out_its_own_rows_alone() {
    // Nothing else than a whole number comes into such a column of PostgreSQL.
    testkit::run::on_sqlite(async |db| {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let ledger = house.replica(&[]);
        let (damaged, good) = (TenantId::generate(), TenantId::generate());
        ledger.uses(Who::tenant(damaged), Hold::default(), 7).await;
        house
            .db
            .raw(&format!(
                "UPDATE model_spent SET nano_usd = 0.5 WHERE scope = 'tenant' AND id = '{damaged}'"
            ))
            .await;
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        ledger.uses(Who::tenant(damaged), Hold::default(), 7).await;
        ledger.uses(Who::tenant(good), Hold::default(), 7).await;
        until("nothing waits behind it", async || ledger.waiting() == 0).await;
        let tenants: Vec<_> = house.rows().await.iter().map(|it| it.tenant).collect();
        assert_eq!(tenants.iter().filter(|it| **it == good).count(), 1);
        assert_eq!(
            tenants.iter().filter(|it| **it == damaged).count(),
            1,
            "what came later is told as lost"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_kept_once() {
    testkit::run::on_sqlite(async |db| {
        let house = House::open(db).await;
        let folder = tempfile::tempdir().unwrap();
        let ledger = house.replica(&[]);
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        let again = ledger.keep_journal(folder.path(), Bounds::default());
        assert!(matches!(again, Err(JournalError::KeptAlready)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    })
    .await;
}
