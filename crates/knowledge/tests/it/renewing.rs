//! P5: another embedding model, another length of vectors, a lost index: made beside what serves, and
//! switched to in one moment.

use std::{path::PathBuf, time::Duration};

use base::{Clock, DocumentId};
use jiff::SignedDuration;
use knowledge::{
    Knowledge,
    search::{Ask, Found, Mode},
    vector::{Generation, State, Vectors},
};
use store::Store;
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio_util::sync::CancellationToken;
use work::Workers;

use crate::house::{House, knowledge, scripted, sentences, settings, without_model};

/// The same provider, another model.
fn other(script: &Script) -> models::Settings {
    models::Settings { embedding: Some("local/other".into()), ..scripted(script) }
}

fn hire(store: &Store, clock: &Clock, knowledge: &Knowledge) -> Workers {
    let settings = work::Settings { poll: Duration::from_millis(20), ..work::Settings::default() };
    let stop = CancellationToken::new();
    Workers::start(store.clone(), clock.clone(), settings, knowledge.handlers(), &stop)
}

async fn asked(house: &House, knowledge: &Knowledge) -> Found {
    let ask = Ask::new(house.tenant, house.ann.sight.clone(), "Sentence number 0003");
    knowledge.search(Ask { mode: Mode::Semantic, ..ask }).await.expect("the database answers")
}

async fn serving(knowledge: &Knowledge) -> Generation {
    knowledge.vectors().serving().await.expect("it is read").expect("one serves")
}

/// The models that texts were embedded by, request by request.
fn models_asked(script: &Script) -> Vec<String> {
    let requests = script.requests().into_iter().filter(|it| it.path.ends_with("/embeddings"));
    requests.map(|it| it.body["model"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Lets time pass and looks after the house, until it is as it should be.
async fn until(house: &House, knowledge: &Knowledge, is_so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        // Time stands still for whoever is at work: a lease must not run out.
        let at_work = "SELECT count(*) AS total FROM jobs WHERE state IN ('pending', 'running')";
        if house.count(at_work).await == 0 {
            house.passes(SignedDuration::from_secs(6));
        }
        knowledge.tend(house.clock.now()).await.expect("the house is looked after");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not come that far");
}

/// A house whose first model has embedded a document, with nobody at work any more.
async fn embedded(db: Database, script: &Script) -> (House, DocumentId) {
    let mut house = House::open(db, scripted(script)).await;
    let document = house.ready(house.text(&sentences(20))).await;
    house.tend().await;
    house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
    (house, document.id)
}

testkit::on_both! {
    async fn the_old_vectors_serve_until_the_new_ones_are_whole(db: Database) {
        let script = Script::start().await;
        let (house, document) = embedded(db, &script).await;
        let before = asked(&house, &house.knowledge).await;
        assert_eq!(before.model.as_deref(), Some("local/embed"));
        let old = serving(&house.knowledge).await;

        // A restart with another model, which is over its limit at first.
        let new = knowledge(&house.store, &house.clock, other(&script), settings());
        new.tend(house.clock.now()).await.unwrap();
        let meanwhile = asked(&house, &new).await;
        assert_eq!(meanwhile.model.as_deref(), Some("local/embed"), "asked in the old way");
        assert_eq!(meanwhile.hits, before.hits);

        script.answers_embeddings(Reply::status(429).retry_after(1));
        let _workers = hire(&house.store, &house.clock, &new);
        until(&house, &new, async || serving(&new).await.id != old.id).await;
        let now = serving(&new).await;
        assert_eq!((now.model.as_str(), now.state), ("local/other", State::Serving));
        let after = asked(&house, &new).await;
        assert_eq!(after.model.as_deref(), Some("local/other"));
        assert_eq!(after.degraded, None);
        assert_eq!(after.hits.len(), before.hits.len());
        assert_eq!(after.hits[0].chunk, before.hits[0].chunk);
        let document = house.look(document).await;
        assert_eq!(document.made.model.as_deref(), Some("local/other"));
        // Nothing was embedded twice by the new one: 20 chunks, in one batch, refused once.
        let by_other = models_asked(&script).iter().filter(|it| *it == "other").count();
        assert_eq!(by_other, 3, "refused, then made, then the question: {:?}", models_asked(&script));

        // What served is kept for a while, and then goes with its rows.
        let kept = house.count("SELECT count(*) AS total FROM knowledge_vectors").await;
        assert_eq!(kept, 40);
        house.passes(SignedDuration::from_hours(25));
        until(&house, &new, async || new.vectors().generations().await.unwrap().len() == 1).await;
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_vectors").await, 20);
    }

    async fn vectors_of_another_length_are_made_beside_too(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        let new = knowledge(&house.store, &house.clock, other(&script), settings());
        let short = |count: usize| {
            Reply::embeddings((0..count).map(|at| vec![1.0, at as f32, 0.5]).collect())
        };
        script.answers_embeddings(short(20));
        let _workers = hire(&house.store, &house.clock, &new);
        until(&house, &new, async || serving(&new).await.dimensions == 3).await;
        script.answers_embeddings(short(1));
        let found = asked(&house, &new).await;
        assert_eq!((found.degraded, found.model.as_deref()), (None, Some("local/other")));
        assert_eq!(found.hits.len(), 10);
    }

    async fn a_model_that_is_set_up_later_gives_vectors_to_what_is_there(db: Database) {
        let script = Script::start().await;
        let mut house = House::open(db, without_model()).await;
        house.ready(house.text(&sentences(5))).await;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let new = knowledge(&house.store, &house.clock, scripted(&script), settings());
        let _workers = hire(&house.store, &house.clock, &new);
        until(&house, &new, async || new.vectors().serving().await.unwrap().is_some()).await;
        until(&house, &new, async || asked(&house, &new).await.hits.len() == 5).await;
        assert_eq!(asked(&house, &new).await.mode, Mode::Semantic);
    }

    async fn who_goes_back_gives_up_what_was_begun(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        let old = serving(&house.knowledge).await;
        let new = knowledge(&house.store, &house.clock, other(&script), settings());
        new.vectors().added(house.tenant, DocumentId::generate(), "local/other", 64).await;
        assert_eq!(new.vectors().generations().await.unwrap().len(), 2);
        // The other one may be there still.
        house.tend().await;
        let states: Vec<_> = house.knowledge.vectors().generations().await.unwrap();
        assert!(states.iter().any(|it| it.state == State::Building));
        house.passes(SignedDuration::from_mins(11));
        house.tend().await;
        let all = house.knowledge.vectors().generations().await.unwrap();
        let states: Vec<_> = all.iter().map(|it| (it.id == old.id, it.state)).collect();
        assert!(states.contains(&(true, State::Serving)) && states.contains(&(false, State::Retired)));
    }

    // P5: two workers, two models.
    async fn two_processes_that_want_different_models_do_not_undo_each_others_work(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        let old = serving(&house.knowledge).await;
        let new = knowledge(&house.store, &house.clock, other(&script), settings());
        new.vectors().added(house.tenant, DocumentId::generate(), "local/other", 64).await;
        let begun = new.vectors().generations().await.unwrap();
        let begun = begun.iter().find(|it| it.state == State::Building).expect("it is begun").id.clone();
        for _ in 0..110 {
            house.tend().await;
            new.tend(house.clock.now()).await.unwrap();
            house.passes(SignedDuration::from_secs(7));
        }
        let all = new.vectors().generations().await.unwrap();
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(serving(&new).await.id, old.id);
        assert!(all.iter().any(|it| it.id == begun && it.state == State::Building), "{all:?}");
        let health = house.knowledge.vectors().health().await;
        assert!(health.degraded.iter().any(|it| it.contains("another process")), "{health:?}");

        // One of them is gone for good: the other has its way after a while, and says no more.
        for _ in 0..12 {
            house.passes(SignedDuration::from_mins(1));
            house.tend().await;
        }
        let all = house.knowledge.vectors().generations().await.unwrap();
        assert!(all.iter().all(|it| it.state != State::Building), "{all:?}");
        house.tend().await;
        assert_eq!(house.knowledge.vectors().health().await.degraded, Vec::<String>::new());
    }

    async fn what_serves_is_seen_however_many_have_been_retired_since(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        let old = serving(&house.knowledge).await;
        let at = house.clock.now().as_microsecond() + 1_000;
        let rows: Vec<String> = (0..150)
            .map(|it| format!("('w{it}', 'builtin', 'local/other', 64, 'retired', 0, {}, {at})", at + it))
            .collect();
        house.db.raw(&format!(
            "INSERT INTO knowledge_spaces
                (id, engine, model, dimensions, state, position, created_at, switched_at) VALUES {}",
            rows.join(", ")
        )).await;
        house.tend().await;
        assert_eq!(serving(&house.knowledge).await.id, old.id);
        let all = house.knowledge.vectors().generations().await.unwrap();
        assert!(all.iter().any(|it| it.id == old.id && it.state == State::Serving));
        let found = asked(&house, &house.knowledge).await;
        assert_eq!((found.mode, found.degraded), (Mode::Semantic, None));
    }

    async fn what_never_served_goes_at_once_where_another_has_its_vectors(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        house.db.raw(
            "INSERT INTO knowledge_spaces
                (id, engine, model, dimensions, state, position, created_at, switched_at, has_served)
             SELECT 'w' || id, engine, model, dimensions, 'retired', 0, created_at, created_at, 0
               FROM knowledge_spaces",
        ).await;
        house.tend().await;
        assert_eq!(house.knowledge.vectors().generations().await.unwrap().len(), 1);
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_vectors").await, 20);
    }

    async fn a_model_that_refuses_for_ever_is_asked_ever_more_seldom(db: Database) {
        let script = Script::start().await;
        let mut house = House::open(db, without_model()).await;
        house.ready(house.text(&sentences(3))).await;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let new = knowledge(&house.store, &house.clock, scripted(&script), settings());
        for _ in 0..200 {
            script.answers_embeddings(Reply::status(401));
        }
        let _workers = hire(&house.store, &house.clock, &new);
        for _ in 0..160 {
            new.tend(house.clock.now()).await.unwrap();
            let at_work = "SELECT count(*) AS total FROM jobs WHERE state IN ('pending', 'running')";
            while house.count(at_work).await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            house.passes(SignedDuration::from_mins(3));
        }
        let jobs = house.count("SELECT count(*) AS total FROM jobs WHERE kind = 'knowledge.reembed'").await;
        assert!((4..=9).contains(&jobs), "{jobs} jobs in eight hours");
        let told = "SELECT count(*) AS total FROM audit_log WHERE action = 'vectors_wanted'";
        assert_eq!(house.count(told).await, 1);
    }

    // KNO-7.
    async fn a_backup_is_read_back_into_a_new_index_that_takes_the_place_of_the_old(db: Database) {
        let script = Script::start().await;
        let (house, document) = embedded(db, &script).await;
        let before = asked(&house, &house.knowledge).await;
        let old = serving(&house.knowledge).await;
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("vectors.jsonl");
        let vectors = house.knowledge.vectors();
        let made = vectors.back_up(&file, house.clock.now()).await.unwrap();
        assert_eq!((made.vectors, made.head.model.as_str()), (20, "local/embed"));
        assert_eq!(Vectors::look_at(&file).await.unwrap(), made);

        // The vectors are lost; the chunks are not, but for one.
        house.db.raw("DELETE FROM knowledge_vectors").await;
        let first = before.hits[9].chunk;
        house.db.raw(&format!("UPDATE knowledge_chunks SET hash = 'another' WHERE id = '{first}'")).await;
        house.passes(SignedDuration::from_secs(1));
        assert_eq!(asked(&house, &house.knowledge).await.hits.len(), 0);

        let restored = vectors.restore(&file).await.unwrap();
        assert_eq!((restored.kept, restored.passed_over), (19, 1));
        // One chunk has none: the model gives it one.
        let asked_before = models_asked(&script).len();
        let _workers = hire(&house.store, &house.clock, &house.knowledge);
        until(&house, &house.knowledge, async || serving(&house.knowledge).await.id != old.id).await;
        assert!(models_asked(&script).len() <= asked_before + 2, "one chunk was embedded");
        let after = asked(&house, &house.knowledge).await;
        assert_eq!(after.hits, before.hits, "of {document}");
    }

    async fn a_damaged_backup_changes_nothing(db: Database) {
        let script = Script::start().await;
        let (house, _) = embedded(db, &script).await;
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("vectors.jsonl");
        let vectors = house.knowledge.vectors();
        vectors.back_up(&file, house.clock.now()).await.unwrap();
        let good = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let without_one = [&lines[..5], &lines[6..]].concat().join("\n");
        let bad = [
            ("no backup at all", "hello".to_owned()),
            ("a line is gone", without_one),
            ("its end is gone", lines[..lines.len() - 1].join("\n")),
            ("a number is another", good.replacen("\"hash\":\"", "\"hash\":\"0", 1)),
            ("it is cut", good[..good.len() / 2].to_owned()),
        ];
        for (what, text) in bad {
            std::fs::write(&file, text).unwrap();
            let refused = vectors.restore(&file).await.expect_err(what);
            assert_eq!(refused.code(), "invalid_backup", "{what}: {refused}");
        }
        assert_eq!(vectors.generations().await.unwrap().len(), 1);
    }
}
