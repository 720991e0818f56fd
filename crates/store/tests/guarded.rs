//! What a query that nobody trusts can and cannot do, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::time::Duration;

use base::{Actor, TenantId};
use store::{
    Error, Migration, Sql, Store, Tx, Value, audit,
    guarded::{Limits, Query, Refusal, Table, View},
    params,
};
use testkit::Database;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "20260101_000000_letters",
    up: Sql::same(
        "CREATE TABLE letters (id TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, topic TEXT,
                               size BIGINT NOT NULL, secret TEXT NOT NULL);
         CREATE TABLE passwords (owner TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL);",
    ),
    down: Sql::same("DROP TABLE passwords; DROP TABLE letters;"),
}];

/// What nobody may ever find.
const SECRET: &str = "nobody-may-read-this";

async fn open(db: &Database) -> Store {
    let store = db.migrated(&[MIGRATIONS]).await;
    store.prepare_guard().await.expect("the database is made ready");
    store.prepare_guard().await.expect("a second time does nothing");
    let write = |tx: &Tx| {
        for number in 0..300_i64 {
            let owner = if number % 3 == 0 { "bob" } else { "ann" };
            let topic =
                if owner == "ann" { format!("topic {}", number % 4) } else { SECRET.into() };
            tx.execute(
                "INSERT INTO letters (id, owner, topic, size, secret) VALUES ($1, $2, $3, $4, $5)",
                &params![format!("l{number}"), owner, topic, number, SECRET],
            )?;
        }
        tx.execute("INSERT INTO passwords (owner, hash) VALUES ('ann', $1)", &params![SECRET])?;
        tx.audit(audit::Entry::new(TenantId::DEFAULT, "written", "letters", "Wrote letters"));
        Ok::<_, Error>(())
    };
    store.write(&Actor::house(), testkit::moment(testkit::START), write).await.unwrap();
    store
}

fn query(text: &str, limits: Limits) -> Query {
    let view = View {
        name: "mail".into(),
        columns: vec!["topic".into(), "size".into()],
        rows: "SELECT topic, size FROM letters WHERE owner = 'ann'".into(),
    };
    Query { text: text.into(), views: vec![view], tables: &["letters"], limits }
}

async fn ask(store: &Store, text: &str) -> Result<Table, Refusal> {
    store.ask(query(text, Limits::default())).await
}

async fn rows(store: &Store, text: &str) -> Vec<Vec<Value>> {
    ask(store, text).await.unwrap_or_else(|error| panic!("{text}: {error}")).rows
}

/// Is this refused, and does the refusal tell nothing?
async fn refused(store: &Store, text: &str) -> &'static str {
    match ask(store, text).await {
        Ok(table) => {
            assert!(
                !format!("{:?}", table.rows).contains(SECRET),
                "{text} was answered with a secret"
            );
            panic!("{text} was answered: {:?}", table.rows);
        }
        Err(refusal) => {
            assert!(!refusal.to_string().contains(SECRET), "{text}: {refusal}");
            refusal.code()
        }
    }
}

testkit::on_both! {
    async fn a_query_counts_and_groups_what_it_may_see(db: Database) {
        let store = open(&db).await;
        assert_eq!(rows(&store, "SELECT count(*) AS n FROM mail").await, [[Value::Int(200)]]);
        let grouped = ask(
            &store,
            "WITH big AS (SELECT topic, size FROM mail WHERE size >= 10 AND topic LIKE 'topic%')
             SELECT topic, count(*) AS letters, round(avg(size), 1) AS mean,
                    row_number() OVER (ORDER BY topic) AS place,
                    CASE WHEN topic IN ('topic 1', 'topic 2') THEN 'low' ELSE 'high' END AS kind
               FROM big GROUP BY topic HAVING count(*) > 1 ORDER BY topic LIMIT 3;",
        )
        .await
        .unwrap();
        assert_eq!(grouped.columns, ["topic", "letters", "mean", "place", "kind"]);
        assert_eq!(grouped.rows.len(), 3);
        assert_eq!(grouped.rows[0][0], Value::Text("topic 0".into()));
        assert_eq!(grouped.rows[1][4], Value::Text("low".into()));
        assert!(!grouped.is_cut);
        // A part of a query may be called like a table of the house: it is still its own.
        let part = rows(&store, "WITH letters AS (SELECT size FROM mail) SELECT max(size) AS m FROM letters");
        assert_eq!(part.await.len(), 1);
        let part = rows(&store, "WITH x AS (SELECT size FROM mail) SELECT count(*) AS n FROM x -- all").await;
        assert_eq!(part, [[Value::Int(200)]]);
    }

    async fn what_is_not_in_a_view_is_not_there(db: Database) {
        let store = open(&db).await;
        for text in [
            "SELECT * FROM letters",
            "SELECT count(*) AS n FROM letters",
            "SELECT secret FROM mail",
            "SELECT owner FROM mail",
            "SELECT mail.secret FROM mail",
            "SELECT hash FROM passwords",
            "SELECT topic FROM mail UNION ALL SELECT hash FROM passwords",
            "SELECT topic FROM mail WHERE EXISTS (SELECT 1 FROM passwords)",
            "SELECT (SELECT hash FROM passwords LIMIT 1) AS h FROM mail",
            "WITH mail AS (SELECT * FROM letters) SELECT * FROM mail",
            "WITH mail AS (SELECT topic, secret FROM letters) SELECT secret FROM mail",
            "SELECT m.topic FROM mail m JOIN letters l ON l.topic = m.topic",
            "TABLE letters",
        ] {
            refused(&store, text).await;
        }
    }

    async fn a_query_changes_nothing_and_is_only_one(db: Database) {
        let store = open(&db).await;
        for text in [
            "DELETE FROM letters",
            "UPDATE letters SET owner = 'ann'",
            "INSERT INTO letters VALUES ('x', 'x', 'x', 1, 'x')",
            "DROP TABLE letters",
            "CREATE TABLE stolen AS SELECT * FROM mail",
            "SELECT * INTO stolen FROM mail",
            "SELECT topic FROM mail; DELETE FROM letters",
            "SELECT topic FROM mail; SELECT topic FROM mail",
            "WITH gone AS (DELETE FROM letters RETURNING *) SELECT * FROM gone",
            "SELECT topic FROM mail FOR UPDATE",
            "EXPLAIN SELECT * FROM mail",
            "VACUUM",
            "BEGIN",
            "COMMIT",
            "",
            "-- nothing",
        ] {
            refused(&store, text).await;
        }
        let count = |db: &store::Db| db.one("SELECT count(*) AS n FROM letters", &[])?.get::<i64>("n");
        assert_eq!(store.read(count).await.unwrap(), 300);
    }

    async fn what_takes_too_long_or_too_much_is_stopped(db: Database) {
        let store = open(&db).await;
        let short = Limits { time: Duration::from_millis(300), cost: 1e15, ..Limits::default() };
        let heavy = "SELECT count(*) AS n FROM mail a, mail b, mail c, mail d, mail e WHERE a.size + b.size + c.size + d.size = e.size";
        let started = std::time::Instant::now();
        let stopped = store.ask(query(heavy, short)).await.unwrap_err();
        assert_eq!(stopped.code(), "too_much", "{stopped}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(refused(&store, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) AS m FROM c").await, "forbidden");
        let few = Limits { rows: 5, cell_chars: 3, ..Limits::default() };
        let cut = store.ask(query("SELECT topic FROM mail ORDER BY size", few)).await.unwrap();
        assert_eq!((cut.rows.len(), cut.is_cut), (5, true));
        assert_eq!(cut.rows[0][0], Value::Text("top".into()));
        let small = Limits { bytes: 100, ..Limits::default() };
        let cut = store.ask(query("SELECT topic FROM mail", small)).await.unwrap();
        assert!(cut.is_cut && cut.rows.len() < 20, "{cut:?}");
        let wide: Vec<String> = (0..60).map(|at| format!("{at} AS c{at}")).collect();
        assert_eq!(refused(&store, &format!("SELECT {}", wide.join(", "))).await, "too_much");
        assert_eq!(refused(&store, &format!("SELECT '{}' AS x", "a".repeat(10_000))).await, "too_much");
    }

    async fn a_wrong_query_is_told_what_is_wrong_with_it(db: Database) {
        let store = open(&db).await;
        let told = ask(&store, "SELECT topik FROM mail").await.unwrap_err();
        assert!(told.code() == "wrong" && told.to_string().contains("topik"), "{told}");
        assert!(told.may_mend());
        let told = ask(&store, "SELECT FROM WHERE").await.unwrap_err();
        assert_eq!(told.code(), "wrong", "{told}");
        let table = ask(&store, "SELECT NULL AS gone, 1.5 AS half, 'ä' AS letter").await.unwrap();
        assert_eq!(table.rows[0][0], Value::Null);
        assert_eq!(table.rows[0][1], Value::Real(1.5));
        assert_eq!(table.rows[0][2], Value::Text("ä".into()));
    }

    async fn queries_do_not_see_each_other(db: Database) {
        let store = open(&db).await;
        let other = View {
            name: "mail".into(),
            columns: vec!["size".into()],
            rows: "SELECT size FROM letters WHERE owner = 'bob'".into(),
        };
        let of_bob = Query {
            text: "SELECT count(*) AS n FROM mail".into(),
            views: vec![other],
            tables: &["letters"],
            limits: Limits::default(),
        };
        let mut asked = Vec::new();
        for _ in 0..8 {
            asked.push(tokio::join!(
                ask(&store, "SELECT count(*) AS n FROM mail"),
                store.ask(of_bob.clone())
            ));
        }
        for (ann, bob) in asked {
            assert_eq!(ann.unwrap().rows, [[Value::Int(200)]]);
            assert_eq!(bob.unwrap().rows, [[Value::Int(100)]]);
        }
        assert_eq!(rows(&store, "SELECT count(*) AS n FROM mail").await, [[Value::Int(200)]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_a_query_from_its_own_catalogue_its_files_and_its_settings() {
    testkit::run::on_sqlite(async |db: Database| {
        let store = open(&db).await;
        for text in [
            "SELECT sql FROM sqlite_master",
            "SELECT count(*) FROM sqlite_schema",
            "SELECT * FROM sqlite_temp_master",
            "SELECT * FROM temp.sqlite_temp_schema",
            "SELECT * FROM pragma_table_info('letters')",
            "SELECT count(*) FROM pragma_table_list",
            "SELECT count(*) FROM dbstat",
            "SELECT value FROM json_each('[1, 2]')",
            "SELECT main.letters.topic FROM main.letters",
            "SELECT load_extension('x')",
            "SELECT readfile('/etc/hostname')",
            "SELECT writefile('/tmp/x', 'x')",
            "SELECT hex(randomblob(100000000))",
            "SELECT zeroblob(1000000000)",
            "SELECT printf('%1000000000d', 1)",
            "SELECT fts3_tokenizer('simple')",
            "SELECT sqlite_version()",
            "SELECT last_insert_rowid(), changes()",
            "PRAGMA query_only = OFF",
            "ATTACH ':memory:' AS other",
            "EXPLAIN QUERY PLAN SELECT * FROM mail",
            "VACUUM INTO '/tmp/stolen.db'",
            "SELECT ?1",
            "SELECT * FROM mail WHERE topic MATCH 'x'",
            "SELECT topic REGEXP 'x' FROM mail",
        ] {
            refused(&store, text).await;
        }
        let huge = format!("SELECT {} AS x FROM mail", nested_replace(12));
        assert_eq!(refused(&store, &huge).await, "too_much");
    })
    .await;
}

/// Text that grows as often as it is replaced in itself.
fn nested_replace(depth: usize) -> String {
    (0..depth)
        .fold("topic".to_owned(), |inner, _| format!("replace({inner}, 't', '{}')", "t".repeat(30)))
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_a_query_from_its_catalogue_its_files_and_its_settings() {
    testkit::run::on_postgres(async |db: Database| {
        let store = open(&db).await;
        for text in [
            "SELECT * FROM public.letters",
            "SELECT * FROM pg_catalog.pg_class",
            "SELECT relname FROM pg_class",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM pg_stat_activity",
            "SELECT rolname FROM pg_roles",
            "SELECT passwd FROM pg_shadow",
            "SELECT pg_sleep(10)",
            "SELECT set_config('role', 'none', true) AS x",
            "SELECT set_config('search_path', 'public', true) AS x, topic FROM mail",
            "SELECT current_setting('data_directory') AS x",
            "SELECT query_to_xml('SELECT * FROM public.letters', true, true, '') AS x",
            "SELECT database_to_xml(true, true, '') AS x",
            "SELECT table_to_xml('letters', true, true, '') AS x",
            "SELECT pg_read_file('/etc/passwd') AS x",
            "SELECT pg_ls_dir('/') AS x",
            "SELECT lo_import('/etc/passwd') AS x",
            "SELECT lo_get(1) AS x",
            "SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(x INT)",
            "COPY letters TO STDOUT",
            "COPY (SELECT * FROM mail) TO PROGRAM 'cat'",
            "SELECT current_user AS x",
            "SELECT session_user AS x",
            "SELECT version() AS x",
            "SELECT inet_server_addr() AS x",
            "SELECT 'letters'::regclass AS x",
            "SELECT CAST('public.letters' AS regclass) AS x",
            "SELECT oid FROM pg_database",
            "SELECT mail FROM mail",
            "SELECT row_to_json(mail) AS x FROM mail",
            "SELECT x FROM generate_series(1, 1000000000) AS t(x)",
            "SELECT generate_series(1, 1000000000) AS x",
            "SELECT repeat('x', 1000000000) AS x",
            "SELECT nextval('letters_id_seq') AS x",
            "SELECT pg_advisory_lock(1) AS x",
            "SELECT pg_terminate_backend(1) AS x",
            "SELECT txid_current() AS x",
            "SELECT topic FROM mail TABLESAMPLE system (10)",
            "SELECT * FROM ROWS FROM (pg_ls_dir('/')) AS t(x)",
            "SELECT * FROM xmltable('/a' PASSING '<a/>' COLUMNS b TEXT) AS t",
            "SELECT topic FROM mail WHERE CAST(topic AS xml) IS NOT NULL",
            "SELECT $1 AS x",
            "SELECT E'\\x41'::bytea AS x",
        ] {
            refused(&store, text).await;
        }
        // What cannot be converted is told without the value.
        let told = ask(&store, "SELECT CAST(topic AS INTEGER) AS x FROM mail").await.unwrap_err();
        assert!(!told.to_string().contains("topic 1"), "{told}");
        let cost = Limits { cost: 1.0, ..Limits::default() };
        let heavy = "SELECT count(*) AS n FROM mail a, mail b, mail c";
        assert_eq!(store.ask(query(heavy, cost)).await.unwrap_err().code(), "too_much");
        let types = ask(
            &store,
            "SELECT CAST(now() AS DATE) - DATE '2026-01-01' AS days, date_trunc('month', TIMESTAMP '2026-09-21 08:00') AS month,
                    to_char(DATE '2026-09-21', 'YYYY-MM') AS label, sum(size) / NULLIF(count(*), 0) AS mean,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS middle, bool_or(size > 5) AS some FROM mail",
        );
        let types = types.await.unwrap();
        assert_eq!(types.rows[0][1], Value::Text("2026-09-01 00:00:00".into()));
        assert_eq!(types.rows[0][2], Value::Text("2026-09".into()));
        assert_eq!(types.rows[0][5], Value::Int(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_questions_has_no_right_on_any_table() {
    testkit::run::on_postgres(async |db: Database| {
        let store = open(&db).await;
        let rights = |db: &store::Db| {
            db.one(
                "SELECT count(*) AS n FROM pg_catalog.pg_class c
                  WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relnamespace = 'public'::regnamespace
                    AND pg_catalog.has_table_privilege('mainstay_questions', c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
                &[],
            )?
            .get::<i64>("n")
        };
        assert_eq!(store.read(rights).await.unwrap(), 0);
    })
    .await;
}
