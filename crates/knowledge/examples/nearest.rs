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
/// So many queries are asked with a filter.
const FILTERED: usize = 200;

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

    fn query(&self, at: usize) -> &[f32] {
        &self.queries[at * self.dimensions..][..self.dimensions]
    }

    fn open(&self) -> Result<Vectors, Box<dyn std::error::Error>> {
        let models =
            Models::open(self.store.clone(), Clock::system(), models::Settings::default())?;
        let place = Place { folder: Some(self.folder.join("graphs")), tasks: self.tasks.clone() };
        let settings = Settings::default();
        Ok(Vectors::open(self.store.clone(), Clock::system(), models, settings, place)?)
    }

    async fn run(&self) -> Result<Json, Box<dyn std::error::Error>> {
        let begun = Instant::now();
        self.insert().await?;
        let inserted = begun.elapsed();
        let vectors = self.open()?;
        vectors.added(tenant(), document(0), MODEL, self.dimensions).await;
        let serving = vectors.serving().await?.ok_or("none serves")?;

        let before = memory_mb();
        let begun = Instant::now();
        self.near(&vectors, &serving, 0, None).await?;
        let loaded = begun.elapsed();
        let exact = self.measure(&vectors, &serving, 1).await?;
        let mut told = json!({
            "vectors": self.count(),
            "dimensions": self.dimensions,
            "insert of the rows, s": seconds(inserted),
            "rows into memory, s": seconds(loaded),
            "all gone through": exact,
            "memory before and after, MB": [before, memory_mb()],
            "file, MB": self.file_mb()?,
        });
        // Up to here the settings' own choice is to go through all; no graph is made.
        if self.count() <= Settings::default().builtin.exact_up_to {
            vectors.close().await;
            return Ok(told);
        }
        let begun = Instant::now();
        self.settle(&vectors).await;
        told["graph made, s"] = seconds(begun.elapsed()).into();
        told["by the graph"] = self.measure(&vectors, &serving, 1).await?;
        told["by the graph, a filter of 50 %"] = self.measure(&vectors, &serving, 2).await?;
        told["by the graph, a filter of 1 %"] = self.measure(&vectors, &serving, 100).await?;
        told["memory before and after, MB"] = json!([before, memory_mb()]);
        let begun = Instant::now();
        vectors.close().await;
        told["graph saved, s"] = seconds(begun.elapsed()).into();

        let again = self.open()?;
        let begun = Instant::now();
        self.near(&again, &serving, 0, None).await?;
        told["rows and graph into memory, s"] = seconds(begun.elapsed()).into();
        told["by the graph, loaded"] = self.measure(&again, &serving, 1).await?;
        again.close().await;
        Ok(told)
    }

    /// Puts the vectors in, a hundred to a document.
    async fn insert(&self) -> Result<(), Error> {
        for at in (0..self.count()).step_by(PER_DOCUMENT) {
            let rows: Vec<(usize, Vec<u8>)> = (at..(at + PER_DOCUMENT).min(self.count()))
                .map(|it| (it, self.row(it).iter().flat_map(|it| it.to_le_bytes()).collect()))
                .collect();
            let dimensions = self.dimensions;
            self.store.bookkeep("bench", move |tx| put(tx, at, rows, dimensions)).await?;
        }
        Ok(())
    }

    async fn near(
        &self,
        vectors: &Vectors,
        serving: &Generation,
        query: usize,
        documents: Option<Vec<DocumentId>>,
    ) -> Result<Vec<u32>, Error> {
        let filter = Filter { documents, ..Filter::of(tenant()) };
        let among = Among { everywhere: Some(filter), of_chats: None };
        let near = vectors.near(serving, self.query(query), &among, K).await?;
        assert_eq!((near.engine, near.degraded), ("builtin", None));
        Ok(near.hits.iter().map(|it| it.chunk.uuid().as_u128() as u32).collect())
    }

    /// Some queries to warm up, then once each with the time taken. A filter lets one document in
    /// `every` pass; what is nearest among those is found out here, so fewer are asked.
    async fn measure(
        &self,
        vectors: &Vectors,
        serving: &Generation,
        every: usize,
    ) -> Result<Json, Error> {
        let all = self.queries.len() / self.dimensions;
        let count = if every == 1 { all } else { all.min(FILTERED) };
        let documents = (every > 1).then(|| {
            let last = self.count().div_ceil(PER_DOCUMENT);
            (0..last).step_by(every).map(document).collect::<Vec<_>>()
        });
        for query in 0..count.min(50) {
            self.near(vectors, serving, query, documents.clone()).await?;
        }
        let (mut times, mut found) = (Vec::with_capacity(count), 0);
        for query in 0..count {
            let asked = documents.clone();
            let begun = Instant::now();
            let near = self.near(vectors, serving, query, asked).await?;
            times.push(begun.elapsed());
            let truth = match every {
                1 => self.truth[query * K..][..K].to_vec(),
                _ => self.nearest(query, every),
            };
            found += near.iter().filter(|it| truth.contains(it)).count();
        }
        times.sort();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let milliseconds = |it: std::time::Duration| (it.as_secs_f64() * 1e6).round() / 1e3;
        Ok(json!({
            "p50 ms": milliseconds(at(50)),
            "p99 ms": milliseconds(at(99)),
            "recall@10": found as f64 / (count * K) as f64,
        }))
    }

    /// The nearest in one document of `every`, all of them compared.
    fn nearest(&self, query: usize, every: usize) -> Vec<u32> {
        let query = self.query(query);
        let score = |at: usize| query.iter().zip(self.row(at)).map(|(a, b)| a * b).sum::<f32>();
        let passes = |at: &usize| (at / PER_DOCUMENT).is_multiple_of(every);
        let mut all: Vec<(f32, u32)> =
            (0..self.count()).filter(passes).map(|at| (score(at), at as u32)).collect();
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        all.into_iter().take(K).map(|it| it.1).collect()
    }

    /// What lies on the disk, with the log that is not yet in the database.
    fn file_mb(&self) -> std::io::Result<u64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let about = entry?.metadata()?;
            bytes += if about.is_file() { about.len() } else { 0 };
        }
        Ok(bytes / 1_000_000)
    }

    async fn settle(&self, vectors: &Vectors) {
        vectors.tend(Clock::system().now()).await;
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

fn put(tx: &Tx, first: usize, rows: Vec<(usize, Vec<u8>)>, dimensions: usize) -> Result<(), Error> {
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
    let (tenant, document) = (tenant(), document(first / PER_DOCUMENT));
    let row = params![
        document, tenant, "operator", "bench", "{}", "text", "txt", 0, "", "ready", "", 0, 0, 0
    ];
    tx.insert_many("knowledge_documents", DOCUMENT, vec![row.to_vec()])?;
    let rows = rows.into_iter().map(|(number, vector)| {
        // The number that the truth knows it by.
        let chunk = ChunkId::from_uuid(Uuid::from_u128(number as u128));
        Vec::<Value>::from(params![chunk, MODEL, dimensions, tenant, document, "", vector])
    });
    tx.insert_many("knowledge_vectors", VECTOR, rows.collect())?;
    Ok(())
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(1))
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
