//! How fast and how true the engine in the process is, on vectors that somebody else made and knows the
//! nearest of. Prints JSON. `bench/knowledge/run` starts it beside its peers.
//!
//! `cargo run --release -p knowledge --example nearest FOLDER DIMENSIONS`, with `base.f32`, `queries.f32`
//! (little-endian) and `truth.u32` (the ten nearest of each query) in FOLDER.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use base::{ChunkId, Clock, DocumentId, TenantId};
use knowledge::vector::{Among, Filter, Generation, Place, Settings, Vectors};
use models::Models;
use serde_json::{Value as Json, json};
use store::{Address, Error, Options, Store, Tx, Value, migrate, params};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

const MODEL: &str = "bench/made-up";
const PER_DOCUMENT: usize = 100;
const K: usize = 10;

struct Bench {
    folder: PathBuf,
    dimensions: usize,
    base: Vec<f32>,
    queries: Vec<f32>,
    truth: Vec<u32>,
    store: Store,
    tasks: TaskTracker,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this program is for a person at a terminal")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, dimensions] = &arguments[..] else { return Err("FOLDER DIMENSIONS".into()) };
    let folder = PathBuf::from(folder);
    let numbers = |name: &str| -> std::io::Result<Vec<[u8; 4]>> {
        Ok(std::fs::read(folder.join(name))?.as_chunks::<4>().0.to_vec())
    };
    let work = tempfile::tempdir_in(&folder)?;
    let store =
        Store::open(&Address::Sqlite(work.path().join("bench.db")), Options::default()).await?;
    let rooms = [store::MIGRATIONS, work::MIGRATIONS, models::MIGRATIONS, knowledge::MIGRATIONS];
    let mut migrations = rooms.concat();
    migrations.sort_by_key(|it| it.name);
    migrate::up(&store, &migrations, Clock::system().now()).await?;
    let bench = Bench {
        dimensions: dimensions.parse()?,
        base: numbers("base.f32")?.into_iter().map(f32::from_le_bytes).collect(),
        queries: numbers("queries.f32")?.into_iter().map(f32::from_le_bytes).collect(),
        truth: numbers("truth.u32")?.into_iter().map(u32::from_le_bytes).collect(),
        folder: work.path().to_owned(),
        store,
        tasks: TaskTracker::new(),
    };
    let figures = bench.run().await?;
    println!("{figures:#}");
    Ok(())
}

impl Bench {
    fn count(&self) -> usize {
        self.base.len() / self.dimensions
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.base[at * self.dimensions..][..self.dimensions]
    }

    fn open(&self, exact_up_to: usize) -> Result<Vectors, Box<dyn std::error::Error>> {
        let mut settings = Settings::default();
        if exact_up_to > 0 {
            settings.builtin.exact_up_to = exact_up_to;
        }
        let models =
            Models::open(self.store.clone(), Clock::system(), models::Settings::default())?;
        let place = Place { folder: Some(self.folder.join("graphs")), tasks: self.tasks.clone() };
        Ok(Vectors::open(self.store.clone(), Clock::system(), models, settings, place)?)
    }

    async fn run(&self) -> Result<Json, Box<dyn std::error::Error>> {
        // The first tenant has the first 10,000, the second all of them.
        let few = 10_000.min(self.count());
        self.insert(tenant(1), 0, few).await?;
        let begun = Instant::now();
        self.insert(tenant(2), few, self.count()).await?;
        let inserted = begun.elapsed();
        let vectors = self.open(0)?;
        vectors.added(tenant(2), document(0), MODEL, self.dimensions).await;
        let serving = vectors.serving().await?.ok_or("none serves")?;

        let exact_few = self.measure(&vectors, &serving, tenant(1), None, false).await?;
        let before = memory_mb();
        let begun = Instant::now();
        self.near(&vectors, &serving, tenant(2), 0, None).await?;
        let loaded = begun.elapsed();
        let all_gone_through = self.measure(&vectors, &serving, tenant(2), None, true).await?;
        let begun = Instant::now();
        self.settle(&vectors).await;
        let built = begun.elapsed();
        let by_graph = self.measure(&vectors, &serving, tenant(2), None, true).await?;
        // One point in a hundred.
        let documents = self.count() / PER_DOCUMENT;
        let few_documents: Vec<DocumentId> =
            (0..documents).step_by(100).map(|it| document(few / PER_DOCUMENT + it)).collect();
        let filtered =
            self.measure(&vectors, &serving, tenant(2), Some(few_documents), false).await?;
        let memory = memory_mb();
        let begun = Instant::now();
        vectors.close().await;
        let saved = begun.elapsed();

        let again = self.open(0)?;
        let begun = Instant::now();
        self.near(&again, &serving, tenant(2), 0, None).await?;
        let reopened = begun.elapsed();
        let after = self.measure(&again, &serving, tenant(2), None, true).await?;
        Ok(json!({
            "vectors": self.count(),
            "dimensions": self.dimensions,
            "exact, 10,000": exact_few,
            "insert of the rows, s": seconds(inserted),
            "rows into memory, s": seconds(loaded),
            "all gone through, without the graph": all_gone_through,
            "graph made, s": seconds(built),
            "by the graph": by_graph,
            "by the graph, a filter of 1 %": filtered,
            "memory before and after, MB": [before, memory],
            "graph saved, s": seconds(saved),
            "rows and graph into memory, s": seconds(reopened),
            "by the graph, loaded": after,
        }))
    }

    /// Puts the first `count` vectors in, under ids that begin at `first`.
    async fn insert(&self, tenant: TenantId, first: usize, count: usize) -> Result<(), Error> {
        for at in (0..count).step_by(PER_DOCUMENT) {
            let rows: Vec<(usize, Vec<u8>)> = (at..(at + PER_DOCUMENT).min(count))
                .map(|it| (it, self.row(it).iter().flat_map(|it| it.to_le_bytes()).collect()))
                .collect();
            let dimensions = self.dimensions;
            self.store
                .bookkeep("bench", move |tx| put(tx, tenant, first, at, rows, dimensions))
                .await?;
        }
        Ok(())
    }

    async fn near(
        &self,
        vectors: &Vectors,
        serving: &Generation,
        tenant: TenantId,
        query: usize,
        documents: Option<Vec<DocumentId>>,
    ) -> Result<Vec<u32>, Error> {
        let query = &self.queries[query * self.dimensions..][..self.dimensions];
        let filter = Filter { documents, ..Filter::of(tenant) };
        let among = Among { everywhere: Some(filter), of_chats: None };
        let near = vectors.near(serving, query, &among, K).await?;
        assert_eq!((near.engine, near.degraded), ("builtin", None));
        Ok(near.hits.iter().map(|it| it.chunk.uuid().as_u128() as u32).collect())
    }

    /// Every query once to warm up, then once each with the time taken.
    async fn measure(
        &self,
        vectors: &Vectors,
        serving: &Generation,
        tenant: TenantId,
        documents: Option<Vec<DocumentId>>,
        against_truth: bool,
    ) -> Result<Json, Error> {
        let count = self.queries.len() / self.dimensions;
        let (mut times, mut found, mut of) = (Vec::with_capacity(count), 0, 0);
        for query in 0..count.min(50) {
            self.near(vectors, serving, tenant, query, documents.clone()).await?;
        }
        for query in 0..count {
            let begun = Instant::now();
            let near = self.near(vectors, serving, tenant, query, documents.clone()).await?;
            times.push(begun.elapsed());
            if against_truth {
                let truth = &self.truth[query * K..][..K];
                found += near.iter().filter(|it| truth.contains(it)).count();
                of += K;
            }
        }
        times.sort();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let milliseconds = |it: std::time::Duration| (it.as_secs_f64() * 1e6).round() / 1e3;
        let recall = against_truth.then(|| found as f64 / of as f64);
        Ok(
            json!({"p50 ms": milliseconds(at(50)), "p99 ms": milliseconds(at(99)), "recall@10": recall}),
        )
    }

    async fn settle(&self, vectors: &Vectors) {
        vectors.tend(Clock::system().now()).await;
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

fn put(
    tx: &Tx,
    tenant: TenantId,
    first: usize,
    at: usize,
    rows: Vec<(usize, Vec<u8>)>,
    dimensions: usize,
) -> Result<(), Error> {
    const DOCUMENT: &[&str] = &[
        "id",
        "tenant",
        "owner",
        "title",
        "metadata",
        "origin",
        "kind",
        "size_bytes",
        "blob",
        "state",
        "job",
        "queued_at",
        "created_at",
        "updated_at",
    ];
    const VECTOR: &[&str] =
        &["chunk", "model", "dimensions", "tenant", "document", "hash", "vector"];
    let document = document((first + at) / PER_DOCUMENT);
    let row = params![
        document, tenant, "operator", "bench", "{}", "text", "txt", 0, "", "ready", "", 0, 0, 0
    ];
    tx.insert_many("knowledge_documents", DOCUMENT, vec![row.to_vec()])?;
    let rows = rows.into_iter().map(|(number, vector)| {
        // The lower half is the number that the truth knows it by.
        let chunk = ChunkId::from_uuid(Uuid::from_u128((first as u128) << 64 | number as u128));
        Vec::<Value>::from(params![chunk, MODEL, dimensions, tenant, document, "", vector])
    });
    tx.insert_many("knowledge_vectors", VECTOR, rows.collect())?;
    Ok(())
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn document(number: usize) -> DocumentId {
    DocumentId::from_uuid(Uuid::from_u128(number as u128))
}

fn seconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1e3).round() / 1e3
}

/// Memory that is in use now.
fn memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? / 1024)
}
