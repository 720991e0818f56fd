//! Call records are pulled page by page, each page together with how far it was read: kills, late
//! numbers, repeated and spoilt records lose nothing and double nothing.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use apps::{
    acts::SourceRun,
    engine::{self, Engine},
    record::{self, Record, RecordError},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use base::{Actor, Clock, JobId, PageRequest, RecordId, Secret, TenantId};
use identity::{Caller, Reach, tenant};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::{Store, params};
use tempfile::TempDir;
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio_util::sync::CancellationToken;
use work::Workers;

use crate::{
    ground::{self, ROOMS},
    house::{job_of, quick, scripted, text},
    trail::{codes, copied, counts},
};

/// How long a run of a test may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A code in the sample that no tenant has, sent to everybody.
const NOBODY: &str = "nobody-knows-me";
/// How many calls the first tenant has: of 225 lines one is there twice and one has no time.
const OURS: u64 = 223;
/// And the second.
const THEIRS: u64 = 74;

/// A telephone system on the network, and the application that pulls from it.
struct Exchange {
    store: Store,
    clock: Clock,
    engine: Engine,
    ours: TenantId,
    theirs: TenantId,
    switchboard: Shared,
    server: tokio::task::JoinHandle<()>,
    _workers: Workers,
    _folder: TempDir,
}

type Shared = Arc<Mutex<Switchboard>>;

#[derive(Default)]
struct Switchboard {
    calls: Vec<Json>,
    asked: Vec<String>,
    /// After so many questions it is away.
    answers_left: Option<usize>,
}

fn lock(switchboard: &Shared) -> MutexGuard<'_, Switchboard> {
    switchboard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(switchboard): State<Shared>, uri: Uri, form: String) -> Response {
    let mut it = lock(&switchboard);
    let query = uri.query().unwrap_or_default();
    it.asked.push(query.to_owned());
    match it.answers_left {
        Some(0) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(left) => it.answers_left = Some(left - 1),
        None => {}
    }
    if form != "api_key=secret" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let wanted: HashMap<&str, &str> =
        query.split('&').filter_map(|it| it.split_once('=')).collect();
    let number = |name: &str| wanted[name].parse::<u64>().expect("a whole number");
    let (last, limit) = (number("last_id"), number("limit"));
    let mut calls: Vec<Json> = it
        .calls
        .iter()
        .filter(|it| it["tenant_code"] == wanted["tenant_code"] || it["tenant_code"] == NOBODY)
        .filter(|it| it["id"].as_u64() > Some(last))
        .cloned()
        .collect();
    calls.sort_by_key(|it| it["id"].as_u64());
    calls.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    axum::Json(calls).into_response()
}

/// The calls of the sample, as they arrived.
fn sample() -> Vec<Json> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../apps/analyzer/data/samples/call-records.jsonl");
    let text = fs::read_to_string(path).expect("the sample is there");
    text.lines().map(|it| serde_json::from_str(it).expect("a line is a call")).collect()
}

fn late(id: u64) -> Json {
    json!({
        "id": id, "processtime": "2026-11-20 09:00:00", "transcription": "Customer: hello.",
        "audio_file_length_secs": 5, "tenant_code": "default", "clid": "Office 1",
        "dst": "+99900000000", "direction": "in", "summary": null
    })
}

impl Exchange {
    async fn open(db: Database) -> Self {
        Self::with(db, models::Settings::default(), "secret").await
    }

    async fn with(db: Database, models: models::Settings, key: &str) -> Self {
        Self::adapted(db, models, key, str::to_owned).await
    }

    /// With texts of the application that the test has adapted.
    async fn adapted(
        db: Database,
        models: models::Settings,
        key: &str,
        adapt: impl Fn(&str) -> String,
    ) -> Self {
        let switchboard = Shared::default();
        lock(&switchboard).calls = sample();
        let routes = Router::new().route("/calls", post(answer)).with_state(switchboard.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/calls", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        let store = db.migrated(&ROOMS).await;
        let clock = testkit::clock();
        // As the product is, but for its patience.
        let copied = copied("analyzer", |_, text| {
            adapt(&text).replace("pace: 200ms", "pace: 1ms").replace("tries: 5", "tries: 1")
        });
        let actor = Actor::house();
        let made = store.write(&actor, clock.now(), |tx| {
            tenant::ensure_default(tx, "All", "all").expect("the tenant of everybody");
            let mut ids = Vec::new();
            for code in ["default", "harbourline"] {
                let (name, slug) = (code.to_owned(), Some(code.to_owned()));
                let new = tenant::New { name, slug, data: json!({}) };
                ids.push(tenant::create(tx, new).expect("a tenant").id);
            }
            Ok::<_, store::Error>((ids[0], ids[1]))
        });
        let (ours, theirs) = made.await.expect("two tenants");
        let given = [("URL", url.as_str()), ("API_KEY", key), ("LIMIT", "50")];
        let environment: BTreeMap<String, Secret<String>> = given
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())))
            .collect();
        let settings = engine::Settings {
            environment,
            allow_private_sources: true,
            ..engine::Settings::default()
        };
        let folder = ground::folder(copied.path());
        let engine = ground::engine(folder, &store, &clock, models, settings).await;
        let (stop, handlers) = (CancellationToken::new(), engine.handlers());
        let workers = Workers::start(store.clone(), clock.clone(), quick(), handlers, &stop);
        Self {
            store,
            clock,
            engine,
            ours,
            theirs,
            switchboard,
            server,
            _workers: workers,
            _folder: copied,
        }
    }

    fn board(&self) -> MutexGuard<'_, Switchboard> {
        lock(&self.switchboard)
    }

    fn asked(&self) -> Vec<String> {
        self.board().asked.clone()
    }

    async fn begins(&self, tenant: TenantId) -> JobId {
        let ask = SourceRun { source: "calls".into(), ..SourceRun::default() };
        let accepted = self.engine.source_run(&Caller::operator(), tenant, ask).await;
        job_of(&accepted.expect("the run is taken"))
    }

    /// Pulls what there is for a tenant.
    async fn pulls(&self, tenant: TenantId) -> Json {
        let job = self.begins(tenant).await;
        self.until(job, |it| it.state.is_finished()).await;
        let run = self.engine.source_run_get(&Caller::operator(), "calls", job).await;
        run.expect("the run is there")
    }

    async fn until(&self, job: JobId, is_so: impl Fn(&work::Job) -> bool) {
        let began = Instant::now();
        loop {
            let found = self.store.read(move |db| work::get(db, None, job)).await;
            let found = found.expect("the database answers").expect("the job is there");
            if is_so(&found) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the run does not come that far: {found:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The calls of a tenant, by their numbers.
    async fn calls(&self, tenant: TenantId) -> BTreeMap<String, Record> {
        let read = move |db: &store::Db| {
            let sql = "SELECT id FROM records
                        WHERE collection = 'call_records' AND tenant = $1 AND deleted_at IS NULL";
            let mut calls = BTreeMap::new();
            for row in db.query(sql, &params![tenant])? {
                let id: RecordId = row.get("id")?;
                let call = record::get(db, Reach::All, id, None)?;
                calls.insert(text(&call, "transcription_id"), call);
            }
            Ok::<_, RecordError>(calls)
        };
        self.store.read(read).await.expect("the calls are there")
    }

    /// The highest number that was seen.
    async fn mark(&self, tenant: TenantId) -> Json {
        let list = self.engine.source_list(&Caller::operator(), tenant).await;
        list.expect("the sources are listed")[0]["mark"].clone()
    }

    /// What is aside at a step: the names and the reasons.
    async fn aside(&self, tenant: TenantId, step: &str) -> Vec<(String, String)> {
        let (operator, page) = (Caller::operator(), PageRequest::first(1_000));
        let found = self.engine.source_asides(&operator, tenant, "calls", page).await;
        let word = |it: &Json, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let found = found.expect("what is aside is shown").items;
        let of_step = found.iter().filter(|it| it["step"] == step);
        of_step.map(|it| (word(it, "item"), word(it, "reason"))).collect()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.server.abort();
    }
}

testkit::on_both! {
    async fn each_tenant_gets_its_own_calls_once(db: Database) {
        let exchange = Exchange::open(db).await;
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["inserted", "errors"]), [OURS, 2], "{run}");
        assert!(codes(&run).contains(&"not_completed"), "no model labels them: {run}");
        assert_eq!(exchange.mark(exchange.ours).await, 48667);
        assert_eq!(exchange.calls(exchange.theirs).await.len(), 0);
        let aside: BTreeMap<String, String> =
            exchange.aside(exchange.ours, "row").await.into_iter().collect();
        assert!(aside["48667"].contains("processtime"), "{aside:?}");
        assert_eq!(aside["48666"], "it is a call of another tenant");

        let run = exchange.pulls(exchange.theirs).await;
        assert_eq!(counts(&run, ["inserted", "errors"]), [THEIRS, 1], "{run}");
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted", "updated", "skipped"]), [0, 0, OURS], "{run}");
        assert_eq!(exchange.calls(exchange.ours).await.len() as u64, OURS);

        let call = &exchange.calls(exchange.ours).await["48212"];
        assert_eq!(call.data["processing_date"], "2026-09-21T08:16:00Z");
        assert_eq!(call.data["call_duration_secs"], 56);
        assert_eq!((&call.data["call_direction"], &call.data["needs_labels"]), (&json!("out"), &json!(true)));
    }

    async fn a_walk_that_broke_off_goes_on_at_the_very_question_it_stuck_at(db: Database) {
        let exchange = Exchange::open(db).await;
        exchange.board().answers_left = Some(2);
        let job = exchange.begins(exchange.ours).await;
        exchange.until(job, |it| it.attempts == 1 && it.error.is_some()).await;
        let kept = exchange.calls(exchange.ours).await.len();
        assert!(kept > 90 && kept <= 100, "two pages are kept: {kept}");
        assert!(exchange.mark(exchange.ours).await.is_number());

        exchange.board().answers_left = None;
        exchange.clock.advance(SignedDuration::from_secs(60));
        exchange.until(job, |it| it.state.is_finished()).await;
        let run = exchange.engine.source_run_get(&Caller::operator(), "calls", job).await.unwrap();
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["inserted"]), [OURS], "both attempts together");
        let asked = exchange.asked();
        assert_eq!(asked[2], asked[3]);
        assert!(asked[0].contains("last_id=0&limit=50&tenant_code=default"), "{}", asked[0]);
        assert_eq!(exchange.calls(exchange.ours).await.len() as u64, OURS);
    }

    async fn numbers_that_come_late_are_met_again(db: Database) {
        let exchange = Exchange::open(db).await;
        exchange.pulls(exchange.ours).await;
        exchange.board().calls.push(late(48206));
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted"]), [1], "a run looks back: {run}");

        exchange.board().calls.push(late(60000));
        exchange.pulls(exchange.ours).await;
        assert_eq!(exchange.mark(exchange.ours).await, 60000);
        exchange.board().calls.push(late(48207));
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted"]), [0], "too far behind: {run}");
        exchange.clock.advance(SignedDuration::from_hours(25));
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted"]), [1], "once a day everything is read: {run}");
        assert_eq!(exchange.mark(exchange.ours).await, 60000);
    }

    async fn a_spoilt_record_is_taken_once_it_comes_whole(db: Database) {
        let exchange = Exchange::open(db).await;
        exchange.pulls(exchange.ours).await;
        for call in exchange.board().calls.iter_mut().filter(|it| it["id"] == 48667) {
            call["processtime"] = json!("2026-11-09 10:00:00");
        }
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted"]), [1], "{run}");
        let aside = exchange.aside(exchange.ours, "row").await;
        assert_eq!(aside.len(), 1, "only the one of nobody is left: {aside:?}");
    }

    async fn a_page_without_its_keys_is_refused_with_the_list_of_the_missing(db: Database) {
        let exchange = Exchange::open(db).await;
        for call in exchange.board().calls.iter_mut() {
            let call = call.as_object_mut().unwrap();
            call.remove("direction");
            call.remove("dst");
        }
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(run["state"], "failed");
        assert_eq!(codes(&run), ["structure_changed"], "{run}");
        let message = run["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("`direction`") && message.contains("`dst`"), "{message}");
        assert_eq!(exchange.calls(exchange.ours).await.len(), 0);
        assert_eq!(exchange.mark(exchange.ours).await, Json::Null);
    }

    async fn a_wrong_key_is_told_without_the_key(db: Database) {
        let exchange = Exchange::with(db, models::Settings::default(), "wrong-key").await;
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!((run["state"].as_str(), codes(&run)), (Some("failed"), vec!["fetch_failed"]), "{run}");
        assert!(run.to_string().contains("401") && !run.to_string().contains("wrong-key"), "{run}");
    }

    async fn a_call_that_nobody_labels_is_kept_and_labelled_later(db: Database) {
        let script = Script::start().await;
        let exchange = Exchange::with(db, scripted(&script, false), "secret").await;
        exchange.board().calls.truncate(6);
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(run["state"], "completed", "{run}");
        let waiting = exchange.calls(exchange.ours).await;
        assert!(!waiting.is_empty() && waiting.values().all(|it| it.data["needs_labels"] == true));
        assert_eq!(exchange.aside(exchange.ours, "completion").await.len(), waiting.len());

        let labels = json!({"version": "1", "sentiment": "Negatief", "topic": " Billing ", "summary": "A bill was wrong."});
        script.always(move |_| Reply::text(labels.to_string()));
        exchange.clock.advance(SignedDuration::from_mins(10));
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted", "updated"]), [0, waiting.len() as u64], "{run}");
        for call in exchange.calls(exchange.ours).await.values() {
            let found = ["topic", "sentiment", "sentiment_label", "summary"].map(|it| text(call, it));
            assert_eq!(found, ["billing", "Negatief", "negative", "A bill was wrong."]);
            assert_eq!(call.data["needs_labels"], false);
        }
        assert!(exchange.aside(exchange.ours, "completion").await.is_empty());
    }

    async fn what_a_call_was_completed_with_is_remembered_as_its_collection_keeps_it(db: Database) {
        let script = Script::start().await;
        // A collection that writes topics in its own way, and a source that takes what changes.
        let adapt = |text: &str| {
            text.replace("\n    schema: schemas/call_record.json", "\n    schema: schemas/call_record.json\n    computed: {topic: it.topic|upper if it.topic else none}")
                .replace("existing: keep", "existing: update")
        };
        let exchange = Exchange::adapted(db, scripted(&script, false), "secret", adapt).await;
        exchange.board().calls.truncate(6);
        exchange.pulls(exchange.ours).await;
        let waiting = exchange.aside(exchange.ours, "completion").await.len() as u64;
        // They are not met again: what is remembered is what the completion alone noted.
        exchange.board().calls.clear();
        let labels = json!({"version": "1", "sentiment": "Negatief", "topic": "Billing", "summary": "A bill was wrong."});
        script.always(move |_| Reply::text(labels.to_string()));
        exchange.clock.advance(SignedDuration::from_mins(10));
        let run = exchange.pulls(exchange.ours).await;
        assert!(waiting > 0 && counts(&run, ["updated"]) == [waiting], "{run}");
        for call in exchange.calls(exchange.ours).await.values() {
            assert_eq!(text(call, "topic"), "BILLING");
            let origins = exchange.engine.source_origins(&Caller::operator(), call.id).await.expect("its origins");
            assert_eq!(origins[0]["locked"], json!([]), "nobody corrected it: {origins:?}");
        }
    }

    async fn what_the_telephone_system_takes_back_is_empty_and_no_correction_by_hand(db: Database) {
        // A field that is laid in where nobody speaks of it, and a source that takes what changes.
        let adapt = |text: &str| {
            text.replace("\"title\": \"Caller\"", "\"title\": \"Caller\", \"default\": \"unknown\"")
                .replace("existing: keep", "existing: update")
        };
        let exchange = Exchange::adapted(db, models::Settings::default(), "secret", adapt).await;
        exchange.board().calls = vec![late(48206)];
        exchange.pulls(exchange.ours).await;
        for (clid, expected) in [(json!(null), ""), (json!("Office 2"), "Office 2")] {
            exchange.board().calls[0]["clid"] = clid;
            let run = exchange.pulls(exchange.ours).await;
            assert_eq!(counts(&run, ["updated"]), [1], "{run}");
            let call = &exchange.calls(exchange.ours).await["48206"];
            assert_eq!(call.data.get("clid").and_then(Json::as_str).unwrap_or_default(), expected);
            let origins = exchange.engine.source_origins(&Caller::operator(), call.id).await.expect("its origins");
            assert_eq!(origins[0]["locked"], json!([]), "{origins:?}");
        }
    }

    async fn what_a_call_was_completed_with_and_does_not_take_is_told_and_tried_again_with_the_kept_answer(db: Database) {
        let script = Script::start().await;
        let adapt = |text: &str| {
            let rule = "{must: it.topic is none or it.topic != \"billing\", field: topic, says: must not be `billing`}";
            text.replace("\n    schema: schemas/call_record.json", &format!("\n    schema: schemas/call_record.json\n    rules: [{rule}]"))
        };
        let exchange = Exchange::adapted(db, scripted(&script, false), "secret", adapt).await;
        exchange.board().calls.truncate(6);
        exchange.pulls(exchange.ours).await;
        let waiting = exchange.aside(exchange.ours, "completion").await.len();
        let labels = json!({"version": "1", "sentiment": "Negatief", "topic": "Billing", "summary": "A bill was wrong."});
        script.always(move |_| Reply::text(labels.to_string()));
        exchange.clock.advance(SignedDuration::from_mins(10));
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!((run["state"].as_str(), counts(&run, ["updated"])), (Some("completed"), [0]), "{run}");
        let told = run["findings"].to_string();
        assert!(codes(&run).contains(&"not_completed") && told.contains("must not be `billing`"), "{run}");
        let aside = exchange.aside(exchange.ours, "completion").await;
        assert!(waiting > 0 && aside.len() == waiting, "{aside:?}");
        assert!(aside.iter().all(|it| it.1.contains("must not be `billing`")), "{aside:?}");
        let asked = || script.requests().iter().filter(|it| !it.body.is_null()).count();
        let before = asked();
        exchange.clock.advance(SignedDuration::from_mins(10));
        exchange.pulls(exchange.ours).await;
        assert_eq!(asked(), before, "the answer is kept, and nobody is asked anew");
    }

    async fn a_model_that_is_away_on_one_page_is_not_asked_on_the_next(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::status(503));
        let exchange = Exchange::with(db, scripted(&script, false), "secret").await;
        let calls = (0..60).map(|it| {
            let mut call = late(50_000 + it);
            call["transcription"] = json!(format!("Customer: number {it}."));
            call
        });
        exchange.board().calls = calls.collect();
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!(counts(&run, ["inserted", "completed"]), [60, 0], "{run}");
        let told = run["findings"].to_string();
        assert!(told.contains("10 records without") && told.contains("is not asked further"), "{run}");
        let bodies: Vec<String> = script.requests().iter().map(|it| it.body.to_string()).collect();
        let is_asked = |it: &u64| bodies.iter().any(|body| body.contains(&format!("number {it}.")));
        let asked = (0..60).filter(is_asked).count();
        assert!((1..=3).contains(&asked), "{asked} of 60");
        assert_eq!(exchange.aside(exchange.ours, "completion").await.len(), 60);
    }

    async fn a_question_that_no_model_answers_costs_the_others_nothing(db: Database) {
        let script = Script::start().await;
        let labels = json!({"version": "1", "sentiment": "Negatief", "topic": "Billing", "summary": "A bill was wrong."});
        script.always(move |body| match body.to_string().contains("the one that takes too long") {
            true => Reply::status(503),
            false => Reply::text(labels.to_string()),
        });
        let exchange = Exchange::with(db, scripted(&script, false), "secret").await;
        let calls = (0..4).map(|it| {
            let mut call = late(50_000 + it);
            let words = if it == 0 { "the one that takes too long" } else { "an ordinary one" };
            call["transcription"] = json!(format!("Customer: {words}, number {it}."));
            call
        });
        exchange.board().calls = calls.collect();
        let run = exchange.pulls(exchange.ours).await;
        assert_eq!((run["state"].as_str(), counts(&run, ["inserted", "completed"])), (Some("completed"), [4, 3]), "{run}");
        let told = run["findings"].to_string();
        assert!(told.contains("1 records without summary, topic, sentiment"), "{run}");
        let waiting: Vec<String> = exchange.calls(exchange.ours).await.into_iter()
            .filter(|it| it.1.data["needs_labels"] == true).map(|it| it.0).collect();
        assert_eq!(waiting, ["50000"]);
        assert_eq!(exchange.aside(exchange.ours, "completion").await.len(), 1);
    }
}
