//! What every engine promises, proved on each: on the built-in one, on a real PostgreSQL with `vector`
//! and a real Milvus where the tests are told of one, and on servers that are scripted after the
//! published interface of Qdrant and Pinecone.
//!
//! `MAINSTAY_TEST_PGVECTOR` is the address of a PostgreSQL with the extension, `MAINSTAY_TEST_MILVUS`
//! that of a Milvus (`scripts/pgvector` and `scripts/milvus` start them). Without them those trials say
//! that they were skipped, and pass, unless `MAINSTAY_TEST_ENGINES_REQUIRED` is set.

mod scripted;

use std::collections::HashMap;

use base::{ChatId, Secret};
use store::params;

use super::{
    Among, EngineKind, Settings, Vectors,
    fixture::{
        Clusters, DIMENSIONS, House, MODEL, Put, Wish, everywhere, nearest, recall, seen, tenant,
    },
    label,
};

/// Tenant 2 has one point in a hundred.
const POINTS: usize = 1_000;

/// A house with documents, and an engine that knows them.
struct Trial {
    house: House,
    vectors: Vectors,
    documents: Vec<Put>,
    queries: Vec<Vec<f32>>,
}

impl Trial {
    async fn of(db: &testkit::Database, settings: Settings) -> Self {
        let house = House::on(db).await;
        let vectors = house.vectors(settings, None);
        let mut clusters = Clusters::new(20, DIMENSIONS, 7);
        let mut documents = Vec::new();
        for at in 0..POINTS / 10 {
            let tenant = tenant(if at % 100 == 50 { 2 } else { 1 });
            let vectors = (0..10).map(|_| clusters.vector()).collect();
            let owner = if at % 2 == 0 { "usr_ann" } else { "usr_bob" };
            let tags: &[&str] = if at % 10 == 0 { &["tenth"] } else { &[] };
            let wish =
                Wish { tenant, owner, tags, shared: at % 4 == 3, vectors, ..Wish::default() };
            documents.push(house.put(wish).await);
        }
        let queries = (0..20).map(|_| clusters.vector()).collect();
        let it = Self { house, vectors, documents, queries };
        it.vectors.added(it.documents[0].tenant, it.documents[0].document, MODEL, DIMENSIONS).await;
        it.catch_up().await;
        it
    }

    /// Until the engine has all there is.
    async fn catch_up(&self) {
        let now = self.house.clock.now();
        for _ in 0..20 {
            self.vectors.tend(now).await;
            let health = self.vectors.health().await;
            assert!(health.degraded.is_empty(), "{:?}", health.degraded);
            let serving = self.serving().await;
            if self.vectors.behind(&serving).await.is_ok_and(|it| it == 0) {
                self.settle(&serving).await;
                return;
            }
        }
        panic!("the engine does not catch up");
    }

    /// Until nothing goes on in the background: what is asked for once is held, and put into a graph
    /// where one is wanted.
    async fn settle(&self, serving: &super::Generation) {
        for number in [1, 2] {
            let among = everywhere(seen(tenant(number), None));
            let near = self.vectors.near(serving, &self.queries[0], &among, 1).await;
            near.expect("the database answers");
        }
        self.vectors.tend(self.house.clock.now()).await;
        self.house.tasks.close();
        self.house.tasks.wait().await;
        self.house.tasks.reopen();
    }

    async fn serving(&self) -> super::Generation {
        self.vectors.serving().await.expect("it is read").expect("one serves")
    }

    /// The nearest, from the engine itself and not from the rows.
    async fn near(&self, query: &[f32], among: &Among, most: usize) -> Vec<base::ChunkId> {
        let near = self.vectors.near(&self.serving().await, query, among, most).await;
        let near = near.expect("the database answers");
        assert_eq!(near.degraded, None);
        assert_ne!(near.engine, super::EXACT);
        near.hits.into_iter().map(|it| it.chunk).collect()
    }

    /// The mean share of the true nearest among those found, with a filter and what passes it.
    async fn recall(&self, among: &Among, passes: impl Fn(&Put) -> bool, most: usize) -> f64 {
        let all: Vec<_> =
            self.documents.iter().filter(|it| passes(it)).flat_map(|it| &it.chunks).collect();
        let mut sum = 0.0;
        for query in &self.queries {
            let truth = nearest(all.iter().copied(), query, most);
            let scores: HashMap<_, _> =
                nearest(all.iter().copied(), query, all.len()).into_iter().collect();
            let found = self.near(query, among, most).await;
            assert_eq!(found.len(), most.min(all.len()), "as many as asked for");
            assert!(
                found.iter().all(|it| scores.contains_key(it)),
                "nothing that must not be found"
            );
            sum += recall(&found, &truth, &scores);
        }
        sum / self.queries.len() as f64
    }
}

async fn the_nearest_are_found(it: &Trial) {
    let recall =
        it.recall(&everywhere(seen(tenant(1), None)), |put| put.tenant == tenant(1), 10).await;
    // A graph that threads make is another each time: now and then it misses two of a hundred.
    assert!(recall >= 0.97, "recall {recall}");
}

async fn a_tenant_with_one_point_in_a_hundred_gets_as_many_as_any(it: &Trial) {
    let recall =
        it.recall(&everywhere(seen(tenant(2), None)), |put| put.tenant == tenant(2), 10).await;
    assert!(recall >= 0.99, "recall {recall}");
    let nobody = it.near(&it.queries[0], &everywhere(seen(tenant(3), None)), 10).await;
    assert_eq!(nobody, [], "another tenant finds nothing");
}

async fn filters_hold_before_anything_is_ranked(it: &Trial) {
    // One document in a hundred.
    let chosen = it.documents[7].document;
    let mut filter = seen(tenant(1), None);
    filter.documents = Some(vec![chosen]);
    let recall = it.recall(&everywhere(filter), |put| put.document == chosen, 10).await;
    assert!(recall >= 0.99, "of one document: {recall}");

    let ids: Vec<_> = it.documents.iter().map(|it| it.document).collect();
    let at = |put: &Put| ids.iter().position(|it| *it == put.document).expect("it was put in");
    let mut filter = seen(tenant(1), Some("usr_ann"));
    filter.groups.extend(label::tagged(&["tenth".into(), "none".into()]));
    let is_hers = |at: usize| at.is_multiple_of(2) || at % 4 == 3;
    let passes = |put: &Put| put.tenant == tenant(1) && at(put) % 10 == 0 && is_hers(at(put));
    let recall = it.recall(&everywhere(filter), passes, 10).await;
    assert!(recall >= 0.99, "of tags and owners: {recall}");
}

async fn what_is_removed_or_changed_is_not_found_as_it_was(it: &mut Trial) {
    let gone = it.documents.remove(3);
    it.house.remove(&gone).await;
    it.vectors.removed(gone.tenant, &[gone.document]).await;
    it.catch_up().await;
    let among = everywhere(seen(tenant(1), None));
    let found = it.near(&gone.chunks[0].1, &among, 50).await;
    assert!(gone.chunks.iter().all(|(chunk, _)| !found.contains(chunk)), "it is gone");

    // The same chunk, another vector: where the query is, and no longer where it was.
    let (chunk, old) = it.documents[5].chunks[0].clone();
    let new: Vec<f32> = old.iter().map(|it| -it).collect();
    it.house
        .execute(
            "UPDATE knowledge_vectors SET vector = $2 WHERE chunk = $1",
            params![chunk, super::rows::encode(&new)].to_vec(),
        )
        .await;
    it.documents[5].chunks[0].1 = new.clone();
    let (tenant_of, document) = (it.documents[5].tenant, it.documents[5].document);
    it.vectors.changed(tenant_of, document).await;
    it.catch_up().await;
    assert_eq!(it.near(&new, &among, 1).await, [chunk]);
    assert!(!it.near(&old, &among, 10).await.contains(&chunk));
    let recall = it.recall(&among, |put| put.tenant == tenant(1), 10).await;
    assert!(recall >= 0.99, "recall after changes {recall}");
}

async fn who_may_find_a_document_changes_with_it(it: &mut Trial) {
    // Bob's, and not shared.
    let bobs = it.documents[1].clone();
    let ann = everywhere(seen(tenant(1), Some("usr_ann")));
    let nearest = bobs.chunks[0].clone();
    assert!(!it.near(&nearest.1, &ann, 5).await.contains(&nearest.0));
    it.house
        .execute(
            "UPDATE knowledge_documents SET shared = 1 WHERE id = $1",
            params![bobs.document].to_vec(),
        )
        .await;
    it.vectors.changed(bobs.tenant, bobs.document).await;
    it.catch_up().await;
    assert_eq!(it.near(&nearest.1, &ann, 1).await, [nearest.0]);
}

async fn documents_of_a_chat_are_found_in_it_alone(it: &mut Trial) {
    let chat = ChatId::generate();
    let vector = it.queries[0].clone();
    let wish = Wish { chat: Some(chat), vectors: vec![vector.clone()], ..Wish::default() };
    let put = it.house.put(wish).await;
    it.vectors.added(put.tenant, put.document, MODEL, DIMENSIONS).await;
    it.catch_up().await;
    let ann = seen(tenant(1), Some("usr_ann"));
    let within = |chat, owner| super::Filter {
        groups: vec![label::within(chat, owner)],
        ..super::Filter::of(tenant(1))
    };
    let both = |of_chats| Among { everywhere: Some(ann.clone()), of_chats: Some(of_chats) };
    assert_eq!(it.near(&vector, &both(within(chat, Some("usr_ann"))), 3).await[0], put.chunks[0].0);
    for among in [
        everywhere(ann.clone()),
        both(within(ChatId::generate(), Some("usr_ann"))),
        both(within(chat, Some("usr_bob"))),
    ] {
        assert!(!it.near(&vector, &among, 20).await.contains(&put.chunks[0].0), "{among:?}");
    }
}

async fn it_counts_what_it_has(it: &Trial) {
    let serving = it.serving().await;
    let engine = it.vectors.engine_of(&serving).expect("it is set up");
    assert_eq!(engine.count(&serving.documents()).await, Ok(POINTS as u64));
    assert_eq!(engine.count(&serving.chats()).await, Ok(0));
}

async fn all_of_it(db: &testkit::Database, settings: Settings) {
    let mut it = Trial::of(db, settings).await;
    it_counts_what_it_has(&it).await;
    the_nearest_are_found(&it).await;
    a_tenant_with_one_point_in_a_hundred_gets_as_many_as_any(&it).await;
    filters_hold_before_anything_is_ranked(&it).await;
    what_is_removed_or_changed_is_not_found_as_it_was(&mut it).await;
    who_may_find_a_document_changes_with_it(&mut it).await;
    documents_of_a_chat_are_found_in_it_alone(&mut it).await;
    let serving = it.serving().await;
    let engine = it.vectors.engine_of(&serving).expect("it is set up");
    for space in serving.spaces() {
        engine.erase(&space).await.expect("its spaces are taken away");
        engine.erase(&space).await.expect("what is not there is no fault");
    }
}

fn engine(kind: EngineKind) -> Settings {
    Settings { engine: kind, ..Settings::default() }
}

/// What the environment says about a real server; none, said aloud, when it says nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where servers are"
)]
fn server(name: &str) -> Option<String> {
    let address = std::env::var(name).ok().filter(|it| !it.is_empty());
    if address.is_none() {
        let is_required = std::env::var_os("MAINSTAY_TEST_ENGINES_REQUIRED").is_some();
        assert!(!is_required, "{name} is not set");
        eprintln!("skipped: {name} is not set");
    }
    address
}

testkit::on_both! {
    async fn the_built_in_engine_keeps_every_promise(db: testkit::Database) {
        all_of_it(&db, engine(EngineKind::Builtin)).await;
    }

    async fn the_built_in_engine_keeps_them_by_its_graph_too(db: testkit::Database) {
        let mut settings = engine(EngineKind::Builtin);
        settings.builtin.exact_up_to = 50;
        all_of_it(&db, settings).await;
    }

    async fn many_points_are_in_a_graph(db: testkit::Database) {
        let mut settings = engine(EngineKind::Builtin);
        settings.builtin.exact_up_to = 50;
        let it = Trial::of(&db, settings).await;
        let holding = it.vectors.0.builtin.holding();
        // All but those of the second tenant, which are few.
        assert_eq!((holding.points, holding.graphed), (POINTS, POINTS - 10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_pgvector_keeps_every_promise() {
    let Some(address) = server("MAINSTAY_TEST_PGVECTOR") else { return };
    testkit::run::on_sqlite(async |db| {
        let mut settings = engine(EngineKind::Pgvector);
        settings.pgvector.url = Some(Secret::new(address));
        all_of_it(&db, settings).await;
    })
    .await;
}

/// What passes a filter is compared as a whole up to a bound, below which all of these points would stay:
/// here a tenant's, and those with a tag, are found by walking the graph until enough passes.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_pgvector_keeps_them_by_its_graph_too() {
    let Some(address) = server("MAINSTAY_TEST_PGVECTOR") else { return };
    testkit::run::on_sqlite(async |db| {
        let mut settings = engine(EngineKind::Pgvector);
        settings.pgvector.url = Some(Secret::new(address));
        settings.pgvector.exact_up_to = 50;
        all_of_it(&db, settings).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_milvus_keeps_every_promise() {
    let Some(address) = server("MAINSTAY_TEST_MILVUS") else { return };
    testkit::run::on_sqlite(async |db| {
        let mut settings = engine(EngineKind::Milvus);
        settings.milvus.url = Some(address);
        // The one of the tests is not made for speed.
        settings.timeout = jiff::SignedDuration::from_secs(120);
        all_of_it(&db, settings).await;
    })
    .await;
}

/// By contract: the server is scripted after the published interface.
#[tokio::test(flavor = "multi_thread")]
async fn qdrant_by_its_published_interface_keeps_every_promise() {
    testkit::run::on_sqlite(async |db| {
        let server = scripted::qdrant().await;
        let mut settings = engine(EngineKind::Qdrant);
        settings.qdrant.url = Some(server.address());
        settings.qdrant.api_key = Some(Secret::new(scripted::KEY.to_owned()));
        all_of_it(&db, settings).await;
        assert_eq!(server.faults(), Vec::<String>::new());
    })
    .await;
}

/// By contract: the server is scripted after the published interface.
#[tokio::test(flavor = "multi_thread")]
async fn pinecone_by_its_published_interface_keeps_every_promise() {
    testkit::run::on_sqlite(async |db| {
        let server = scripted::pinecone().await;
        let mut settings = engine(EngineKind::Pinecone);
        settings.pinecone.url = server.address();
        settings.pinecone.api_key = Some(Secret::new(scripted::KEY.to_owned()));
        all_of_it(&db, settings).await;
        assert_eq!(server.faults(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_goes_away_is_stood_in_for_by_the_rows_and_caught_up_with_later() {
    testkit::run::on_sqlite(async |db| {
        let server = scripted::qdrant().await;
        let mut settings = engine(EngineKind::Qdrant);
        settings.qdrant.url = Some(server.address());
        settings.qdrant.api_key = Some(Secret::new(scripted::KEY.to_owned()));
        let it = Trial::of(&db, settings).await;
        let (among, query) = (everywhere(seen(tenant(1), None)), it.queries[0].clone());
        let before = it.near(&query, &among, 10).await;

        server.set_away(true);
        let serving = it.serving().await;
        let near = it.vectors.near(&serving, &query, &among, 10).await.expect("the rows answer");
        assert_eq!(near.engine, super::EXACT);
        assert!(near.degraded.expect("it says so").contains("`qdrant` is away"));
        assert_eq!(near.hits.iter().map(|it| it.chunk).collect::<Vec<_>>(), before);
        let health = it.vectors.health().await;
        assert!(health.degraded[0].contains("stored vectors"), "{:?}", health.degraded);

        // What is put in meanwhile is found at once, by the rows.
        let put = it.house.put(Wish { vectors: vec![query.clone()], ..Wish::default() }).await;
        it.vectors.added(put.tenant, put.document, MODEL, DIMENSIONS).await;
        let near = it.vectors.near(&serving, &query, &among, 1).await.expect("the rows answer");
        assert_eq!(near.hits[0].chunk, put.chunks[0].0);

        server.set_away(false);
        it.house.clock.advance(jiff::SignedDuration::from_secs(6));
        it.catch_up().await;
        assert_eq!(it.near(&query, &among, 1).await, [put.chunks[0].0]);
        assert_eq!(server.faults(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_a_document_does_not_wait_for_an_engine_that_is_given_much() {
    testkit::run::on_sqlite(async |db| {
        let server = scripted::qdrant().await;
        let mut settings = engine(EngineKind::Qdrant);
        settings.qdrant.url = Some(server.address());
        settings.qdrant.api_key = Some(Secret::new(scripted::KEY.to_owned()));
        let it = Trial::of(&db, settings).await;
        let serving = it.serving().await;
        let gate = it.vectors.0.following.lock().unwrap()[&serving.id].clone();
        // Somebody brings it hundreds of documents.
        let busy = gate.lock().await;
        let gone = &it.documents[3];
        it.house.remove(gone).await;
        let documents = [gone.document];
        let told = it.vectors.removed(gone.tenant, &documents);
        let told = tokio::time::timeout(std::time::Duration::from_secs(5), told).await;
        told.expect("nobody waits for that");
        let among = everywhere(seen(tenant(1), None));
        let found = it.near(&gone.chunks[0].1, &among, 50).await;
        assert!(gone.chunks.iter().all(|(chunk, _)| !found.contains(chunk)), "gone all the same");
        drop(busy);
        it.catch_up().await;
    })
    .await;
}
