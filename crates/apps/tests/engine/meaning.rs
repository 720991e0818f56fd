//! Records found by meaning wherever they lie: vectors are made by a job of their own, follow what
//! becomes of their records, and stand in the way of nothing.

mod refusing;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use apps::{
    ask::SearchAsk,
    engine::{self, Engine},
    record::{self, Act, Change},
};
use base::{Actor, PageRequest, RecordId, TenantId};
use identity::{Caller, Reach};
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};
use store::{Options, Tx};
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio_util::sync::CancellationToken;
use work::{Job, State, Workers};

use crate::{
    centre::{Centre, MARK, Wanted, app, asked_for, call, writes},
    doomed::Doomed,
    ground,
    house::{quick, scripted},
    trail::copied,
};

const COUNT: &str = "SELECT count(*) AS calls FROM calls";
const VECTORS: &str = "SELECT count(*) AS total FROM record_vectors WHERE dimensions > 0";
const OPEN: &str =
    "SELECT count(*) AS total FROM jobs WHERE kind = 'embed' AND state IN ('pending', 'running')";
const LEFT_TO_WORDS: &str = "SELECT count(*) AS total FROM record_vectors WHERE dimensions = 0";
const PATIENCE: Duration = Duration::from_secs(30);

impl Centre {
    /// Waits until nobody is at vectors any more.
    async fn embedded(&self) {
        self.gathered().await;
        let began = Instant::now();
        while self.count(OPEN).await > 0 {
            assert!(began.elapsed() < PATIENCE, "{:?}", self.jobs(self.ours).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets the time go by in which a job waits for more. Nobody is at one meanwhile, or about to be:
    /// whoever is would have given no sign of life for as long.
    async fn gathered(&self) {
        let (began, now) = (Instant::now(), self.clock.now());
        let is_busy = |it: &Job| match it.state {
            State::Running => true,
            State::Pending => it.due_at <= now,
            _ => false,
        };
        loop {
            let mut jobs = self.jobs(self.ours).await;
            jobs.extend(self.jobs(self.theirs).await);
            if !jobs.iter().any(is_busy) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{jobs:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.clock.advance(SignedDuration::from_secs(61));
    }

    /// The process starts again over this folder, with these models; nobody works in it yet.
    async fn starts_again(&mut self, folder: &Path, models: models::Settings) {
        self.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let (folder, settings) = (ground::folder(folder), engine::Settings::default());
        self.engine = ground::engine(folder, &self.store, &self.clock, models, settings).await;
    }

    /// The jobs that made vectors for a tenant, the latest first.
    async fn jobs(&self, tenant: TenantId) -> Vec<Job> {
        let kind = Some("embed".to_owned());
        let filter = work::Filter { tenant: Some(tenant), kind, ..work::Filter::default() };
        let read = move |db: &store::Db| work::list(db, &filter, &PageRequest::first(100));
        self.store.read(read).await.expect("jobs are read").items
    }

    /// Waits until the latest of them is as it should be.
    async fn job_of(&self, tenant: TenantId, is_so: impl Fn(&Job) -> bool) -> Job {
        let began = Instant::now();
        loop {
            let job = self.jobs(tenant).await.into_iter().next().expect("there is one");
            if is_so(&job) {
                return job;
            }
            assert!(began.elapsed() < PATIENCE, "the job does not come that far: {job:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Searches calls: what was found, and by which method.
    async fn finds(&self, who: &Caller, query: &str) -> (Vec<RecordId>, String) {
        let ask = SearchAsk {
            tenant: None,
            collection: "call_records".into(),
            query: query.into(),
            record: None,
            limit: 5,
            filters: Map::new(),
            since: None,
        };
        let found = self.engine.search(who, ask).await.expect("it is looked for");
        let all = found["results"].as_array().expect("results");
        let id = |it: &Json| it["item"]["id"].as_str().and_then(|it| it.parse().ok());
        let ids = all.iter().map(|it| id(it).expect("an id")).collect();
        (ids, found["method"].as_str().expect("a method").to_owned())
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Tx, &Engine, &Act) -> Result<T, record::RecordError> + Send + 'static,
    ) -> T {
        let (engine, now) = (self.engine.clone(), self.clock.now());
        let write = move |tx: &Tx| act(tx, &engine, &Act::house(now));
        self.store.write(&Actor::house(), now, write).await.expect("it is written")
    }

    async fn change(&self, id: RecordId, patch: Json) {
        let change = Change { id, collection: None, patch, revision: None };
        self.write(move |tx, engine, act| record::update(tx, engine.folder().kits(), act, &change))
            .await;
    }

    async fn delete(&self, id: RecordId) {
        self.write(move |tx, engine, act| {
            record::delete(tx, engine.folder().kits(), act, id, None, None)
        })
        .await;
    }

    /// So many jobs for vectors were wanted, and not wanted any more.
    async fn has_wanted_in_vain(&self, count: usize) {
        let (tenant, now) = (self.ours, self.clock.now());
        let write = move |tx: &Tx| {
            for _ in 0..count {
                let job = work::NewJob::new(tenant, "embed", json!({}), "somebody", now);
                let id = work::enqueue(tx, job, now).expect("it is wanted").id;
                work::cancel(tx, None, id, now).expect("it is not wanted any more");
            }
            Ok::<_, store::Error>(())
        };
        self.store.write(&Actor::house(), now, write).await.expect("it is written");
    }

    /// How many vectors a record has.
    async fn vectors_of(&self, id: RecordId) -> i64 {
        let sql = "SELECT count(*) AS total FROM record_vectors WHERE record = $1";
        let read = move |db: &store::Db| db.one(sql, &store::params![id])?.get::<i64>("total");
        self.store.read(read).await.expect("they are counted")
    }
}

/// The texts that were sent to be embedded, in their order.
fn sent(script: &Script) -> Vec<String> {
    script.requests().iter().flat_map(testkit::model::Request::embeds).collect()
}

/// Requests for vectors.
fn asked(script: &Script) -> usize {
    script.requests().iter().filter(|it| !it.embeds().is_empty()).count()
}

/// So many calls, each about something of its own.
fn calls(count: u32) -> Vec<Json> {
    let one =
        |it: u32| call(2_000 + it, "2026-11-20T09:00:00Z", Some(&format!("matter{it}")), None, 1);
    (0..count).map(one).collect()
}

testkit::on_both! {
    async fn a_question_finds_calls_that_share_no_word_with_it(db: Database) {
        let script = Script::start().await;
        script.means("invoices", "billing");
        let centre = Centre::finding(db, &script).await;
        let by_words = centre.finds(&centre.ann, "invoices").await;
        assert_eq!(by_words, (vec![], "words".to_owned()), "nobody has made a vector yet");
        centre.embedded().await;
        let (found, method) = centre.finds(&centre.ann, "invoices").await;
        assert_eq!(method, "meaning");
        assert!(found[..2].iter().all(|it| centre.calls[..2].contains(it)), "{found:?}");
        assert!(!found.contains(&centre.calls[6]), "a call of more than six months ago");
        let (found, method) = centre.finds(&centre.ann, "billing").await;
        assert_eq!(method, "both");
        assert!(found.contains(&centre.calls[6]), "it is found by its words: {found:?}");

        writes(&script, COUNT);
        centre.told(&centre.ann, "Invoices?", None).await;
        let asked = asked_for(&script, Wanted::Query);
        assert!(asked[0].prompt().contains("The customer asked about billing"), "{}", asked[0].prompt());
    }

    async fn a_tenants_calls_are_sent_and_found_within_the_tenant_alone(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let (found, _) = centre.finds(&centre.zoe, "invoices").await;
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|it| !centre.calls.contains(it)), "{found:?}");
        for query in [MARK, "secret of theirs"] {
            let (found, _) = centre.finds(&centre.ann, query).await;
            assert!(found.iter().all(|it| centre.calls.contains(it)), "{found:?}");
        }
        for job in centre.jobs(centre.ours).await.iter().chain(&centre.jobs(centre.theirs).await) {
            assert_eq!((job.state, &job.payload["collection"]), (State::Completed, &json!("call_records")));
        }
        assert_eq!(centre.jobs(centre.ours).await.len(), 1, "one for all that was written together");
        let of_job = &centre.jobs(centre.ours).await[0].result;
        let told = json!({
            "embedded": 5, "left_to_words": 1, "of": 6, "model": "openai/scripted-embed",
        });
        assert_eq!(of_job.as_ref(), Some(&told), "five with a text, and one without");
    }

    async fn a_changed_call_is_found_by_its_new_text_and_a_deleted_one_not_at_all(db: Database) {
        let script = Script::start().await;
        script.means("holidays", "roaming");
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let id = centre.calls[4];
        let before = centre.count(VECTORS).await;
        centre.change(id, json!({"sentiment": "boos"})).await;
        assert_eq!((centre.vectors_of(id).await, centre.count(OPEN).await), (1, 0), "its text is as it was");
        centre.change(id, json!({"topic": "roaming", "summary": "roaming"})).await;
        assert_eq!(centre.vectors_of(id).await, 0, "its old text is not found any more");
        assert_ne!(centre.finds(&centre.ann, "holidays").await.0[0], id);
        centre.embedded().await;
        assert_eq!(centre.finds(&centre.ann, "holidays").await.0[0], id);

        centre.delete(id).await;
        assert_eq!(centre.count(VECTORS).await, before - 1);
        assert!(!centre.finds(&centre.ann, "holidays").await.0.contains(&id));
        centre.write(move |tx, engine, act| {
            record::restore(tx, engine.folder().kits(), act, id, None)
        }).await;
        centre.embedded().await;
        assert_eq!(centre.finds(&centre.ann, "holidays").await.0[0], id, "it is back");
        centre.write(move |tx, engine, act| {
            record::erase(tx, engine.folder().kits(), act, id, None)
        }).await;
        assert_eq!(centre.vectors_of(id).await, 0);
    }

    async fn a_text_that_changes_while_its_vector_is_made_gets_none_of_it(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let vector = vec![1.0; testkit::model::DIMENSIONS];
        script.answers_embeddings(Reply::embeddings(vec![vector]).delayed(Duration::from_secs(1)));
        let id = centre.takes(centre.ours, calls(1)).await[0];
        centre.gathered().await;
        while !sent(&script).iter().any(|it| it.starts_with("matter0")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        centre.change(id, json!({"topic": "something else"})).await;
        centre.embedded().await;
        let last = sent(&script).pop().expect("a text");
        assert!(last.starts_with("something else"), "{last}");
        assert_eq!(centre.vectors_of(id).await, 1);
        assert_eq!(centre.finds(&centre.ann, "something else").await.0[0], id);
    }

    async fn the_same_text_is_sent_once(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let before = sent(&script).len();
        let again = call(300, "2026-11-01T09:00:00Z", Some("outage"), None, 9);
        let id = centre.takes(centre.ours, vec![again]).await[0];
        centre.embedded().await;
        assert_eq!((centre.vectors_of(id).await, sent(&script).len()), (1, before));
    }

    async fn without_a_model_nobody_is_asked_and_words_find(db: Database) {
        let script = Script::start().await;
        let centre = Centre::open(db, &script).await;
        centre.engine.tend_vectors(centre.clock.now()).await.expect("nothing to do");
        assert_eq!((centre.count(OPEN).await, centre.jobs(centre.ours).await.len()), (0, 0));
        let (found, method) = centre.finds(&centre.ann, "billing").await;
        assert_eq!((found.len(), method.as_str()), (3, "words"));
        assert_eq!(asked(&script), 0);
    }

    async fn a_process_without_a_model_leaves_the_job_to_those_who_have_one(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::idle(db, scripted(&script, true)).await;
        let (folder, settings) = (ground::folder(&app()), engine::Settings::default());
        let without = scripted(&script, false);
        let command = ground::engine(folder, &centre.store, &centre.clock, without, settings).await;
        let hands = Workers::start(
            centre.store.clone(),
            centre.clock.clone(),
            quick(),
            command.handlers(),
            &CancellationToken::new(),
        );
        centre.gathered().await;
        let job = centre.job_of(centre.ours, |it| it.error.is_some() || it.state.is_finished()).await;
        assert_eq!(job.state, State::Pending, "{job:?}");
        hands.drain(Duration::from_secs(5)).await;
        centre.hire();
        centre.clock.advance(SignedDuration::from_secs(60));
        centre.embedded().await;
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 1);
    }

    async fn when_a_model_is_set_up_later_what_was_there_gets_vectors(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::open(db, &script).await;
        let models = scripted(&script, true);
        let folder = ground::folder(&app());
        let settings = engine::Settings::default();
        // The process starts again.
        centre.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        centre.engine = ground::engine(folder, &centre.store, &centre.clock, models, settings).await;
        centre.hire();
        for _ in 0..2 {
            centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        }
        assert_eq!(centre.jobs(centre.ours).await.len(), 1, "one waits");
        centre.embedded().await;
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 1);
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        assert_eq!(centre.count(OPEN).await, 0, "a call without a text is not looked at for ever");
    }

    async fn vectors_of_a_model_that_gave_its_place_to_another_go_when_the_new_ones_are_whole(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let mut models = scripted(&script, true);
        models.embedding = Some("openai/another".into());
        centre.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let folder = ground::folder(&app());
        let settings = engine::Settings::default();
        centre.engine = ground::engine(folder, &centre.store, &centre.clock, models, settings).await;
        let day = SignedDuration::from_hours(25);
        centre.clock.advance(day);
        centre.engine.sweep(centre.clock.now()).await.expect("it is swept");
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 1, "the new ones are not there yet");
        centre.hire();
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        centre.embedded().await;
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 2);
        centre.engine.sweep(centre.clock.now()).await.expect("it is swept");
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 1);
        let old = "SELECT count(*) AS total FROM record_vectors WHERE model = 'openai/scripted-embed'";
        assert_eq!(centre.count(old).await, 0);
    }

    async fn records_get_other_vectors_when_other_fields_stand_for_them(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let before = (centre.count(VECTORS).await, sent(&script).len());
        centre.starts_again(&app(), scripted(&script, true)).await;
        centre.hire();
        assert_eq!(centre.count(VECTORS).await, before.0, "the same fields");
        let other = copied("analyzer", |_, text| {
            text.replace("embed: {fields: [topic, summary],", "embed: {fields: [topic],")
        });
        centre.starts_again(other.path(), scripted(&script, true)).await;
        centre.hire();
        let gone = (centre.count(VECTORS).await, centre.count(LEFT_TO_WORDS).await);
        assert_eq!(gone, (0, 0));
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        centre.embedded().await;
        assert_eq!(centre.count(VECTORS).await, before.0);
        assert!(sent(&script)[before.1..].contains(&"billing".to_owned()), "without its summary");
    }

    async fn vectors_that_another_process_may_ask_for_stay_for_a_day(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let mut models = scripted(&script, true);
        models.embedding = Some("openai/another".into());
        centre.starts_again(&app(), models).await;
        centre.hire();
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        centre.embedded().await;
        centre.has_wanted_in_vain(200).await;
        centre.clock.advance(SignedDuration::from_hours(23));
        centre.engine.sweep(centre.clock.now()).await.expect("it is swept");
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 2, "however many jobs came since");
        centre.clock.advance(SignedDuration::from_hours(2));
        centre.engine.sweep(centre.clock.now()).await.expect("it is swept");
        assert_eq!(centre.vectors_of(centre.calls[0]).await, 1);
    }

    async fn nobody_makes_vectors_for_a_tenant_that_is_deleted(db: Database) {
        let script = Script::start().await;
        let mut centre = Centre::open(db, &script).await;
        let (theirs, now) = (centre.theirs, centre.clock.now());
        let delete = move |tx: &Tx| identity::tenant::delete(tx, theirs, None);
        centre.store.write(&Actor::house(), now, delete).await.expect("it is deleted");
        centre.starts_again(&app(), scripted(&script, true)).await;
        centre.engine.tend_vectors(centre.clock.now()).await.expect("it is looked");
        let wanted = (centre.jobs(centre.ours).await.len(), centre.jobs(centre.theirs).await.len());
        assert_eq!(wanted, (1, 0));
    }

    async fn a_call_that_grows_old_loses_its_vector(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        // In May those of September and October are older than six months, those of November are not.
        centre.clock.advance(SignedDuration::from_hours(24 * 165));
        let swept = centre.engine.sweep(centre.clock.now()).await.expect("it is swept");
        assert_eq!(swept["vectors"], 3, "{swept}");
        assert_eq!((centre.vectors_of(centre.calls[0]).await, centre.vectors_of(centre.calls[4]).await), (1, 0));
    }

    async fn workers_killed_in_the_middle_leave_what_they_made_and_others_go_on(db: Database) {
        let script = Script::start().await;
        let models = scripted(&script, true);
        let mut centre = Centre::idle(db, models.clone()).await;
        let ids = centre.takes(centre.ours, calls(130)).await;
        centre.gathered().await;
        let (db, clock) = (centre.db.clone(), centre.clock.clone());
        let theirs = centre.theirs;
        let first = sent(&script).len();
        // Only the job of ours: that of the others is in nobody's way.
        let cancel = centre.jobs(theirs).await[0].id;
        let now = centre.clock.now();
        let cancelled = move |tx: &Tx| work::cancel(tx, None, cancel, now);
        centre.store.write(&Actor::house(), now, cancelled).await.expect("it is cancelled");
        let begin = move || async move {
            let store = db.open(Options::default()).await;
            let (folder, settings) = (ground::folder(&app()), engine::Settings::default());
            let engine = ground::engine(folder, &store, &clock, models, settings).await;
            Workers::start(store, clock, quick(), engine.handlers(), &CancellationToken::new())
        };
        // The second batch never comes back to those who asked first.
        let vectors = |count: usize| vec![vec![0.5; testkit::model::DIMENSIONS]; count];
        script.answers_embeddings(Reply::embeddings(vectors(64)));
        script.answers_embeddings(Reply::embeddings(vectors(64)).delayed(Duration::from_secs(60)));
        let doomed = Doomed::begin(begin).await;
        let began = Instant::now();
        while sent(&script).len() < first + 128 {
            assert!(began.elapsed() < PATIENCE, "the second batch is never asked for");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        doomed.kill();
        assert_eq!(centre.count(VECTORS).await, 64, "the first batch is kept");
        centre.clock.advance(SignedDuration::from_secs(120));
        centre.hire();
        let job = centre.job_of(centre.ours, |job| {
            // It may have been put off when its workers went away.
            let rest = job.due_at.duration_since(centre.clock.now());
            if job.state == State::Pending && rest.is_positive() {
                centre.clock.advance(rest);
            }
            job.state.is_finished()
        });
        let job = job.await;
        assert_eq!((job.state, job.retry_count), (State::Completed, 1), "{job:?}");
        let all: Vec<String> = sent(&script).into_iter().filter(|it| it.starts_with("matter")).collect();
        let twice = all.iter().filter(|it| all.iter().filter(|other| it == other).count() > 1);
        assert_eq!(twice.count(), 128, "no text was sent twice but those that nobody got");
        for id in ids {
            assert_eq!(centre.vectors_of(id).await, 1);
        }
    }

    async fn two_processes_do_not_stand_in_each_others_way(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        let models = scripted(&script, true);
        let (folder, settings) = (ground::folder(&app()), engine::Settings::default());
        let other = ground::engine(folder, &centre.store, &centre.clock, models, settings).await;
        let stop = CancellationToken::new();
        let workers = Workers::start(
            centre.store.clone(),
            centre.clock.clone(),
            quick(),
            other.handlers(),
            &stop,
        );
        let mut ids = Vec::new();
        for part in calls(120).chunks(20) {
            let (one, two) = part.split_at(10);
            let (one, two) = tokio::join!(
                centre.takes(centre.ours, one.to_vec()),
                centre.takes(centre.ours, two.to_vec()),
            );
            ids.extend(one.into_iter().chain(two));
            centre.gathered().await;
        }
        centre.embedded().await;
        for id in &ids {
            assert_eq!(centre.vectors_of(*id).await, 1);
        }
        for job in centre.jobs(centre.ours).await {
            assert_eq!((job.state, job.retry_count), (State::Completed, 0), "{job:?}");
        }
        let all = sent(&script);
        let of_ours = all.iter().filter(|it| it.starts_with("matter")).count();
        assert_eq!(of_ours, 120, "each text was sent once");
        drop(workers);
    }

    async fn a_tenant_that_is_erased_leaves_no_vector(db: Database) {
        let script = Script::start().await;
        let centre = Centre::finding(db, &script).await;
        centre.embedded().await;
        let (theirs, now) = (centre.theirs, centre.clock.now());
        let erase = move |tx: &Tx| apps::tenant::erase(tx, &Act::house(now), theirs);
        centre.store.write(&Actor::house(), now, erase).await.expect("it is erased");
        assert_eq!(centre.count(VECTORS).await, 5, "those of ours");
        let seen = centre.store.read(move |db| {
            db.query("SELECT DISTINCT tenant FROM record_vectors", &[])?
                .iter().map(|it| it.get::<TenantId>("tenant")).collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(seen.await.expect("they are read"), [centre.ours]);
        let reach = Reach::Tenant(centre.ours);
        let id = centre.calls[0];
        let there = centre.store.read(move |db| record::get(db, reach, id, None)).await;
        assert!(there.is_ok());
    }
}
