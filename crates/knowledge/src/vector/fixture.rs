//! For tests of this room: documents and vectors as rows, clustered like those of texts, and the
//! nearest among them by brute force.

use std::collections::HashMap;

use base::{ChatId, ChunkId, Clock, DocumentId, TenantId};
use store::{Store, Value, params};
use tokio_util::task::TaskTracker;

use super::{Among, Filter, Place, Settings, Vectors, dot, label, rows};
use crate::MIGRATIONS;

/// The model of all vectors here, unless another one is said.
pub(crate) const MODEL: &str = "script/one";

/// Numbers of a vector here.
pub(crate) const DIMENSIONS: usize = 32;

/// Random numbers that are the same on every machine: SplitMix64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Nearly normal: the sum of twelve that are even, less their mean.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| (self.next() >> 40) as f32 / (1u64 << 24) as f32).sum();
        sum - 6.0
    }
}

/// Vectors around some centres, as those of texts lie around subjects.
pub(crate) struct Clusters {
    centres: Vec<Vec<f32>>,
    numbers: Numbers,
}

impl Clusters {
    pub(crate) fn new(count: usize, dimensions: usize, seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let centre = |_| (0..dimensions).map(|_| numbers.normal()).collect();
        let centres = (0..count).map(centre).collect();
        Self { centres, numbers }
    }

    pub(crate) fn vector(&mut self) -> Vec<f32> {
        let at = self.numbers.below(self.centres.len());
        let centre = self.centres[at].clone();
        let around: Vec<f32> = centre.iter().map(|it| it + 0.7 * self.numbers.normal()).collect();
        rows::normalised(&around).expect("it has a direction")
    }
}

/// A document to be put in.
pub(crate) struct Wish<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) owner: &'a str,
    pub(crate) chat: Option<ChatId>,
    pub(crate) shared: bool,
    pub(crate) tags: &'a [&'a str],
    pub(crate) model: &'a str,
    pub(crate) vectors: Vec<Vec<f32>>,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            tenant: tenant(1),
            owner: "usr_ann",
            chat: None,
            shared: false,
            tags: &[],
            model: MODEL,
            vectors: Vec::new(),
        }
    }
}

/// A tenant of a test.
pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(number))
}

/// What a test has put in.
#[derive(Clone)]
pub(crate) struct Put {
    pub(crate) document: DocumentId,
    pub(crate) tenant: TenantId,
    pub(crate) chunks: Vec<(ChunkId, Vec<f32>)>,
}

/// A database with documents in it.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) tasks: TaskTracker,
}

impl House {
    pub(crate) async fn on(db: &testkit::Database) -> Self {
        let migrations = [work::MIGRATIONS, models::MIGRATIONS, MIGRATIONS];
        let store = db.migrated(&migrations).await;
        Self { store, clock: testkit::clock(), tasks: TaskTracker::new() }
    }

    /// The door, with a folder for graphs if there is one.
    pub(crate) fn vectors(
        &self,
        settings: Settings,
        folder: Option<std::path::PathBuf>,
    ) -> Vectors {
        self.vectors_of(settings, folder, models::Settings::default())
    }

    pub(crate) fn vectors_of(
        &self,
        settings: Settings,
        folder: Option<std::path::PathBuf>,
        models: models::Settings,
    ) -> Vectors {
        let models = models::Models::open(self.store.clone(), self.clock.clone(), models);
        let models = models.expect("the settings of a test work");
        let place = Place { folder, tasks: self.tasks.clone() };
        Vectors::open(self.store.clone(), self.clock.clone(), models, settings, place)
            .expect("the settings of a test work")
    }

    /// Puts a document in, ready, with a chunk for each vector.
    pub(crate) async fn put(&self, wish: Wish<'_>) -> Put {
        let put = Put {
            document: DocumentId::generate(),
            tenant: wish.tenant,
            chunks: wish.vectors.iter().map(|it| (ChunkId::generate(), it.clone())).collect(),
        };
        let document = document_row(&put, &wish);
        let tags: Vec<Vec<Value>> =
            wish.tags.iter().map(|tag| params![put.document, *tag, put.tenant].to_vec()).collect();
        let chunks = chunk_rows(&put);
        let vectors = vector_rows(&put, wish.model);
        self.store
            .bookkeep("put a document of a test", move |tx| {
                tx.insert_many("knowledge_documents", DOCUMENT, vec![document])?;
                tx.insert_many("knowledge_tags", &["document", "tag", "tenant"], tags)?;
                tx.insert_many("knowledge_chunks", CHUNK, chunks)?;
                tx.insert_many("knowledge_vectors", VECTOR, vectors)
            })
            .await
            .expect("a document of a test is put in");
        put
    }

    /// Runs a statement as somebody with the password could.
    pub(crate) async fn execute(&self, sql: &'static str, given: Vec<Value>) {
        let execute = move |tx: &store::Tx| tx.execute(sql, &given);
        self.store.bookkeep("change a row of a test", execute).await.expect("the row is changed");
    }

    pub(crate) async fn remove(&self, put: &Put) {
        for sql in [
            "DELETE FROM knowledge_vectors WHERE document = $1",
            "DELETE FROM knowledge_chunks WHERE document = $1",
            "DELETE FROM knowledge_tags WHERE document = $1",
            "DELETE FROM knowledge_documents WHERE id = $1",
        ] {
            self.execute(sql, params![put.document].to_vec()).await;
        }
    }
}

const DOCUMENT: &[&str] = &[
    "id",
    "tenant",
    "owner",
    "chat",
    "shared",
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
const CHUNK: &[&str] = &[
    "id",
    "tenant",
    "document",
    "position",
    "start_char",
    "end_char",
    "tokens",
    "text",
    "hash",
    "created_at",
];
const VECTOR: &[&str] = &["chunk", "model", "dimensions", "tenant", "document", "hash", "vector"];

fn document_row(put: &Put, wish: &Wish<'_>) -> Vec<Value> {
    params![
        put.document,
        put.tenant,
        wish.owner,
        wish.chat,
        wish.shared,
        "A document",
        "{}",
        "text",
        "txt",
        1,
        "",
        "ready",
        base::JobId::generate(),
        0,
        0,
        0
    ]
    .to_vec()
}

fn chunk_rows(put: &Put) -> Vec<Vec<Value>> {
    let row = |(at, (chunk, _)): (usize, &(ChunkId, Vec<f32>))| {
        let text = format!("Text {at} of {}", put.document);
        let hash = format!("hash-{chunk}");
        params![*chunk, put.tenant, put.document, at, 0, 1, 1, text, hash, 0].to_vec()
    };
    put.chunks.iter().enumerate().map(row).collect()
}

pub(crate) fn vector_rows(put: &Put, model: &str) -> Vec<Vec<Value>> {
    let row = |(chunk, vector): &(ChunkId, Vec<f32>)| {
        let (hash, bytes) = (format!("hash-{chunk}"), rows::encode(vector));
        params![*chunk, model, vector.len(), put.tenant, put.document, hash, bytes].to_vec()
    };
    put.chunks.iter().map(row).collect()
}

/// What somebody may find in a tenant, chats left out.
pub(crate) fn seen(tenant: TenantId, owner: Option<&str>) -> Filter {
    Filter { groups: label::everywhere(owner).into_iter().collect(), ..Filter::of(tenant) }
}

/// Among the documents that are there for every question.
pub(crate) fn everywhere(filter: Filter) -> Among {
    Among { everywhere: Some(filter), of_chats: None }
}

/// The nearest by brute force, with their scores: what every engine is held against.
pub(crate) fn nearest<'a>(
    all: impl IntoIterator<Item = &'a (ChunkId, Vec<f32>)>,
    query: &[f32],
    most: usize,
) -> Vec<(ChunkId, f32)> {
    let mut scored: Vec<(ChunkId, f32)> =
        all.into_iter().map(|(chunk, vector)| (*chunk, dot::plain(vector, query))).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(most);
    scored
}

/// The share of the true nearest that were found. One that is as near as the last of them counts as
/// one of them: in 16 bits there are more ties than in 32.
pub(crate) fn recall(
    found: &[ChunkId],
    truth: &[(ChunkId, f32)],
    all: &HashMap<ChunkId, f32>,
) -> f64 {
    let Some(worst) = truth.last().map(|it| it.1) else { return 1.0 };
    let good = found.iter().filter(|it| all.get(*it).is_some_and(|it| *it >= worst - 1e-3));
    good.count() as f64 / truth.len() as f64
}
