//! Two hundred and more questions of people who mean harm, each with the query that a model writes which
//! was taken in by it. None of them is told a value of somebody else, none of them changes anything.
//!
//! `tests/hostile/questions.jsonl` holds them: `question`, and `query` (or one for each database).
//! `{OURS}` and `{THEIRS}` stand for the ids of two tenants. What is `harmless` may be answered, from the
//! caller's own calls; everything else must be refused by the database itself.

use std::{path::Path, time::Duration};

use apps::question::{
    cache::{self, Kept, Key},
    view,
};
use serde::Deserialize;
use serde_json::json;
use store::{
    Dialect,
    guarded::{Limits, Query, Refusal, Table},
};
use testkit::{Database, model::Script};

use crate::centre::{Centre, MARK, Wanted, asked_for, writes};

const QUESTIONS: &str = include_str!("../hostile/questions.jsonl");

/// So many there are at least.
const AT_LEAST: usize = 200;

/// The length of a call of the other tenant.
const THEIR_SECS: &str = "777777";

/// What some of them would write, if they could.
const STOLEN: &str = "/tmp/mainstay-stolen";

#[derive(Deserialize)]
struct Line {
    no: u32,
    kind: String,
    question: String,
    query: Option<String>,
    sqlite: Option<String>,
    postgres: Option<String>,
    #[serde(default)]
    harmless: bool,
}

struct Hostile {
    /// Which, for people who read a test that failed.
    name: String,
    question: String,
    query: String,
    is_harmless: bool,
}

fn all(centre: &Centre) -> Vec<Hostile> {
    let fill = |text: &str| {
        let text = text.replace("{OURS}", &centre.ours.to_string());
        text.replace("{THEIRS}", &centre.theirs.to_string())
    };
    let dialect = centre.store.dialect();
    let read = |line: &str| {
        let line: Line = serde_json::from_str(line).expect("a line of the fixture");
        let of_dialect = match dialect {
            Dialect::Sqlite => line.sqlite,
            Dialect::Postgres => line.postgres,
        };
        let query = line.query.or(of_dialect).expect("it has a query for this database");
        Hostile {
            name: format!("{} ({})", line.no, line.kind),
            question: fill(&line.question),
            query: fill(&query),
            is_harmless: line.harmless,
        }
    };
    let all: Vec<Hostile> = QUESTIONS.lines().map(read).collect();
    assert!(all.len() >= AT_LEAST, "only {} questions", all.len());
    all
}

/// Less patience than the house has with the queries of models.
const SOON: Duration = Duration::from_millis(500);

/// Runs a query as the house runs those of models, with this patience.
async fn guarded(centre: &Centre, text: &str, time: Duration) -> Result<Table, Refusal> {
    let kit = centre.engine.folder().question("calls").expect("questions are declared");
    let views = view::of(
        centre.store.dialect(),
        &kit.description,
        centre.engine.folder().kits(),
        centre.ours,
        centre.clock.now(),
    );
    let limits = Limits { rows: 500, time, ..Limits::default() };
    centre.store.ask(Query { text: text.to_owned(), views, tables: view::TABLES, limits }).await
}

/// Does a text hold what is not ours, and was not in the question?
fn leaks(centre: &Centre, text: &str, asked: &str) -> bool {
    let theirs = centre.theirs.to_string();
    [MARK, THEIR_SECS, theirs.as_str()].iter().any(|it| text.contains(it) && !asked.contains(it))
}

/// How much there is of everything, and what of it stands in records.
async fn everything(centre: &Centre) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "SELECT count(*) AS total FROM records",
        "SELECT sum(length(CAST(data AS TEXT))) AS total FROM records",
        "SELECT count(*) AS total FROM tenants",
        "SELECT count(*) AS total FROM users",
        "SELECT count(*) AS total FROM sessions",
        "SELECT count(*) AS total FROM jobs",
        "SELECT count(*) AS total FROM blobs",
        "SELECT count(*) AS total FROM versions",
        "SELECT count(*) AS total FROM webhooks",
        "SELECT count(*) AS total FROM audit_log",
        "SELECT count(*) AS total FROM question_answers",
        "SELECT count(*) AS total FROM question_runs",
        "SELECT count(*) AS total FROM question_turns",
    ] {
        all.push(centre.count(sql).await);
    }
    all.push(match centre.store.dialect() {
        Dialect::Sqlite => centre.count("SELECT count(*) AS total FROM sqlite_master").await,
        Dialect::Postgres => {
            let sql = "SELECT count(*) AS total FROM pg_catalog.pg_class
                        WHERE relnamespace = CAST(current_schema() AS regnamespace)";
            centre.count(sql).await
        }
    });
    all
}

/// An answer that somebody of the other tenant got.
async fn their_answer(centre: &Centre) {
    let key = Key {
        tenant: centre.theirs,
        questions: "calls".into(),
        hash: cache::hash(MARK, "en"),
        made_by: "somebody".into(),
    };
    let kept = Kept {
        question: MARK.into(),
        query: MARK.into(),
        result: json!({"rows": [[MARK]]}),
        answer: MARK.into(),
        followups: vec![MARK.into()],
        language: "en".into(),
        category: None,
        execution_ms: 1,
        result_count: 1,
    };
    let now = centre.clock.now();
    let until = now + jiff::SignedDuration::from_hours(24);
    let put = move |tx: &store::Tx| cache::put(tx, &key, &kept, now, until);
    centre.store.bookkeep("keep an answer of theirs", put).await.expect("it is kept");
}

testkit::on_both! {
    async fn the_database_lets_no_hostile_query_through(db: Database) {
        let centre = Centre::without_model(db).await;
        their_answer(&centre).await;
        let before = everything(&centre).await;
        let mut wrong = Vec::new();
        for hostile in all(&centre) {
            match guarded(&centre, &hostile.query, SOON).await {
                Ok(table) => {
                    let told = format!("{:?} {:?}", table.columns, table.rows);
                    if leaks(&centre, &told, &hostile.query) {
                        wrong.push(format!("{} told of others: {}", hostile.name, hostile.query));
                    } else if !hostile.is_harmless {
                        wrong.push(format!("{} was answered: {}", hostile.name, hostile.query));
                    }
                }
                Err(Refusal::Store(error)) => {
                    wrong.push(format!("{} broke something: {error}", hostile.name));
                }
                Err(refusal) => {
                    if leaks(&centre, &refusal.to_string(), &hostile.query) {
                        wrong.push(format!("{} was refused with a value of others", hostile.name));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(everything(&centre).await, before, "nothing was written");
        for ending in ["", ".db"] {
            assert!(!Path::new(&format!("{STOLEN}{ending}")).exists(), "no file was written");
        }
        // And what is asked after all of them is answered.
        let asked = "SELECT count(*) AS calls FROM calls";
        let table = guarded(&centre, asked, Limits::default().time).await.expect("an answer");
        assert_eq!(table.rows, [[store::Value::Int(6)]]);
    }

    async fn whoever_asks_hostile_questions_is_told_nothing_of_others(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        their_answer(&centre).await;
        let some: Vec<Hostile> =
            all(&centre).into_iter().enumerate().filter(|it| it.0 % 6 == 0).map(|it| it.1).collect();
        let asked = some.len();
        for hostile in some {
            writes(&script, &hostile.query);
            let told = centre.told(&centre.ann, &hostile.question, None).await;
            let text = told.to_string();
            assert!(!leaks(&centre, &text, &hostile.question), "{}: {text}", hostile.name);
            assert!(hostile.is_harmless || told["answered"] == false, "{}: {text}", hostile.name);
            assert_eq!(told["followups"].as_array().map(Vec::len), Some(3), "{}", hostile.name);
        }
        let noted = centre.count("SELECT count(*) AS total FROM question_runs").await;
        assert_eq!(usize::try_from(noted).ok(), Some(asked), "each is noted, whatever became of it");
        for what in [Wanted::Query, Wanted::Answer, Wanted::Next] {
            for request in asked_for(&script, what) {
                let prompt = request.prompt();
                assert!(!prompt.contains(MARK) && !prompt.contains(THEIR_SECS), "{prompt}");
            }
        }
    }
}
