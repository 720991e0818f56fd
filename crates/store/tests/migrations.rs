//! Migrations: forth, back, twice, changed, unknown, broken, and by two processes at once.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use store::{
    Error, Migration, Options, Sql, Store,
    migrate::{self, Mismatch, State},
};
use testkit::Database;

const A: Migration = Migration {
    name: "20260101_000000_a",
    up: Sql::same("CREATE TABLE a (id TEXT PRIMARY KEY); INSERT INTO a (id) VALUES ('one');"),
    down: Sql::same("DROP TABLE a;"),
};

const B: Migration = Migration {
    name: "20260102_000000_b",
    up: Sql::same("CREATE TABLE b (id TEXT PRIMARY KEY);"),
    down: Sql::same("DROP TABLE b;"),
};

const BROKEN: Migration = Migration {
    name: "20260103_000000_broken",
    up: Sql::same("CREATE TABLE c (id TEXT PRIMARY KEY); INSERT INTO nowhere VALUES (1);"),
    down: Sql::same("DROP TABLE c;"),
};

fn now() -> base::Timestamp {
    testkit::moment(testkit::START)
}

async fn states(store: &Store, migrations: &[Migration]) -> Vec<(String, &'static str)> {
    let list = migrate::status(store, migrations).await.unwrap();
    let word = |state: &State| match state {
        State::Applied { .. } => "applied",
        State::Pending => "pending",
        State::Changed => "changed",
        State::Unknown => "unknown",
    };
    list.iter().map(|it| (it.name[16..].to_owned(), word(&it.state))).collect()
}

async fn has(store: &Store, table: &'static str) -> bool {
    let sql = format!("SELECT id FROM {table}");
    store.read(move |db| db.query(sql.as_str(), &[])).await.is_ok()
}

fn copies(db: &Database) -> Vec<String> {
    let Some(folder) = db.folder() else { return Vec::new() };
    let names =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut copies: Vec<String> = names.filter(|it| it.contains(".before-")).collect();
    copies.sort();
    copies
}

testkit::on_both! {
    async fn migrations_run_once_in_the_order_of_their_names(db: Database) {
        let store = db.open(Options::default()).await;
        assert_eq!(states(&store, &[B, A]).await, [("a".into(), "pending"), ("b".into(), "pending")]);
        assert_eq!(migrate::up(&store, &[B, A], now()).await.unwrap(), [A.name, B.name]);
        assert_eq!(migrate::up(&store, &[B, A], now()).await.unwrap(), [""; 0]);
        assert_eq!(states(&store, &[A, B]).await, [("a".into(), "applied"), ("b".into(), "applied")]);
        migrate::check(&store, &[A, B]).await.unwrap();
        assert!(has(&store, "b").await);
    }

    async fn the_last_steps_are_taken_back_newest_first(db: Database) {
        let store = db.open(Options::default()).await;
        migrate::up(&store, &[A, B], now()).await.unwrap();
        assert_eq!(migrate::down(&store, &[A, B], 1).await.unwrap(), [B.name]);
        assert!(has(&store, "a").await && !has(&store, "b").await);
        assert_eq!(migrate::down(&store, &[A, B], 9).await.unwrap(), [A.name]);
        assert_eq!(migrate::up(&store, &[A, B], now()).await.unwrap(), [A.name, B.name]);
        assert!(has(&store, "a").await && has(&store, "b").await);
    }

    async fn a_pending_migration_says_which_command_runs_it(db: Database) {
        let store = db.open(Options::default()).await;
        migrate::up(&store, &[A], now()).await.unwrap();
        let mismatch = migrate::check(&store, &[A, B]).await.unwrap_err();
        assert_eq!(
            mismatch.to_string(),
            "the database lacks 20260102_000000_b: run `mainstay migrate up`"
        );
    }

    async fn a_migration_that_was_changed_after_it_ran_is_found(db: Database) {
        let store = db.open(Options::default()).await;
        migrate::up(&store, &[A], now()).await.unwrap();
        let changed = Migration { up: Sql::same("CREATE TABLE other (id TEXT);"), ..A };
        assert_eq!(states(&store, &[changed]).await, [("a".into(), "changed")]);
        assert!(matches!(migrate::check(&store, &[changed]).await, Err(Mismatch::Differs { changed, .. }) if changed == [A.name]));
        assert!(migrate::up(&store, &[changed, B], now()).await.is_err());
        assert!(!has(&store, "b").await);
    }

    async fn a_database_newer_than_the_program_is_refused(db: Database) {
        let store = db.open(Options::default()).await;
        migrate::up(&store, &[A, B], now()).await.unwrap();
        assert_eq!(states(&store, &[A]).await, [("a".into(), "applied"), ("b".into(), "unknown")]);
        let mismatch = migrate::check(&store, &[A]).await.unwrap_err().to_string();
        assert!(mismatch.contains("newer than this program") && mismatch.contains(B.name), "{mismatch}");
        assert!(migrate::down(&store, &[A], 1).await.is_err());
        assert!(has(&store, "a").await);
    }

    async fn a_migration_that_fails_leaves_nothing_of_itself(db: Database) {
        let store = db.open(Options::default()).await;
        let failed = migrate::up(&store, &[A, B, BROKEN], now()).await.unwrap_err();
        assert!(failed.to_string().contains(BROKEN.name), "{failed}");
        assert_eq!(states(&store, &[A, B, BROKEN]).await[2], ("broken".into(), "pending"));
        assert!(has(&store, "b").await && !has(&store, "c").await);
    }

    async fn two_processes_that_start_together_run_each_once(db: Database) {
        let (one, two) = (db.open(Options::default()).await, db.open(Options::default()).await);
        let (a, b) = tokio::join!(migrate::up(&one, &[A, B], now()), migrate::up(&two, &[A, B], now()));
        let mut ran: Vec<&str> = a.unwrap().into_iter().chain(b.unwrap()).collect();
        ran.sort_unstable();
        assert_eq!(ran, [A.name, B.name]);
        let rows: Result<_, Error> = one.read(|db| db.query("SELECT id FROM a", &[])).await;
        assert_eq!(rows.unwrap().len(), 1);
    }

    async fn names_must_be_in_order_and_unique(db: Database) {
        let store = db.open(Options::default()).await;
        let nameless = Migration { name: "first", ..A };
        assert!(migrate::up(&store, &[nameless], now()).await.unwrap_err().to_string().contains("YYYYMMDD"));
        assert!(migrate::up(&store, &[A, B, A], now()).await.unwrap_err().to_string().contains("two"));
    }

    async fn a_file_that_holds_something_is_copied_before_it_changes(db: Database) {
        let store = db.open(Options::default()).await;
        migrate::up(&store, &[A], now()).await.unwrap();
        assert_eq!(copies(&db), [""; 0]);
        migrate::up(&store, &[A, B], now()).await.unwrap();
        let Some(folder) = db.folder() else { return };
        assert_eq!(copies(&db), [format!("test.db.before-{}", B.name)]);
        let copy = store::Address::Sqlite(folder.join(&copies(&db)[0]));
        let copy = Store::open(&copy, Options::default()).await.unwrap();
        assert_eq!(states(&copy, &[A, B]).await, [("a".into(), "applied"), ("b".into(), "pending")]);
        let rows: Result<_, Error> = copy.read(|db| db.query("SELECT id FROM a", &[])).await;
        assert_eq!(rows.unwrap().len(), 1);
    }

    async fn the_tables_of_this_room_go_back_and_forth(db: Database) {
        let store = db.migrated(&[]).await;
        let all = store::MIGRATIONS;
        assert_eq!(migrate::down(&store, all, 9).await.unwrap().len(), all.len());
        assert_eq!(migrate::up(&store, all, now()).await.unwrap().len(), all.len());
    }
}
