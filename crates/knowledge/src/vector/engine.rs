//! What every vector engine does: keeps points, and finds those nearest to a query.
//!
//! A filter holds before anything is ranked: whoever may see one point in a hundred gets as many
//! results as anybody. An engine is an index and nothing more; the rows of this room are the truth,
//! and every engine can be emptied and filled again from them.

use base::{ChunkId, DocumentId, TenantId};

use super::Space;

/// Finds the nearest points. Implemented by `builtin`, `pgvector`, `qdrant`, `milvus` and `pinecone`.
#[async_trait::async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Its name, as settings write it and answers tell it.
    fn name(&self) -> &'static str;

    /// Makes the space, unless it is there.
    async fn create(&self, space: &Space) -> Result<(), EngineError>;

    /// Takes the space away, with all that is in it, if it is there.
    async fn erase(&self, space: &Space) -> Result<(), EngineError>;

    /// Keeps points, in place of those of the same chunks. All of one tenant.
    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError>;

    /// Of the points of a document keeps those of `kept`, and forgets the others.
    async fn retain(
        &self,
        space: &Space,
        tenant: TenantId,
        document: DocumentId,
        kept: &[ChunkId],
    ) -> Result<(), EngineError>;

    /// The points nearest to `query`, at most `most`, the best first. The filter holds before.
    async fn search(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, EngineError>;

    /// How many points are in the space.
    async fn count(&self, space: &Space) -> Result<u64, EngineError>;

    /// Does it answer?
    async fn health(&self) -> Result<(), EngineError>;
}

/// A chunk, and where it lies.
#[derive(Clone, PartialEq)]
pub struct Point {
    /// Which.
    pub chunk: ChunkId,
    /// Of which document.
    pub document: DocumentId,
    /// Whose.
    pub tenant: TenantId,
    /// What it may be found under: see [`super::label`].
    pub labels: Vec<String>,
    /// Of length one.
    pub vector: Vec<f32>,
}

/// Shows which it is; a vector says too much about its text.
impl std::fmt::Debug for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { chunk, document, vector, .. } = self;
        write!(f, "Point({chunk} of {document}, {} dimensions)", vector.len())
    }
}

/// What may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of this tenant, always.
    pub tenant: TenantId,
    /// Of these documents; of all when left out.
    pub documents: Option<Vec<DocumentId>>,
    /// Of each of these groups at least one label.
    pub groups: Vec<Vec<String>>,
}

impl Filter {
    /// All of a tenant.
    pub fn of(tenant: TenantId) -> Self {
        Self { tenant, documents: None, groups: Vec::new() }
    }

    /// Is it plain that nothing can be found?
    pub fn is_empty(&self) -> bool {
        self.documents.as_ref().is_some_and(Vec::is_empty) || self.groups.iter().any(Vec::is_empty)
    }

    /// Does a point of this document and with these labels pass?
    pub fn lets(&self, document: DocumentId, labels: &[String]) -> bool {
        self.documents.as_ref().is_none_or(|it| it.contains(&document))
            && self.groups.iter().all(|group| group.iter().any(|it| labels.contains(it)))
    }
}

/// A chunk and how near it is: 1 is the same direction, 0 a right angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Which.
    pub chunk: ChunkId,
    /// How near.
    pub score: f32,
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It does not answer, not in time, or with a fault of its own. It may do so later.
    #[error("the vector engine `{engine}` is away: {why}")]
    Away {
        /// Which.
        engine: &'static str,
        /// What was seen. Never a vector, a text or a key.
        why: String,
    },
    /// It answers, and will not do this: a wrong key, a version that is too old, no room.
    #[error("the vector engine `{engine}` refuses: {what}")]
    Refused {
        /// Which.
        engine: &'static str,
        /// What it said, and the way out where one is known.
        what: String,
    },
}

impl EngineError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away { .. } => "vector_engine_away",
            Self::Refused { .. } => "vector_engine_refused",
        }
    }

    pub(crate) fn away(engine: &'static str, why: impl Into<String>) -> Self {
        Self::Away { engine, why: brief(why.into()) }
    }

    pub(crate) fn refused(engine: &'static str, what: impl Into<String>) -> Self {
        Self::Refused { engine, what: brief(what.into()) }
    }

    /// What an error of a database means to an engine that stands on one.
    pub(crate) fn of_store(engine: &'static str, error: &store::Error) -> Self {
        match error {
            store::Error::Unavailable { .. } => Self::away(engine, error.to_string()),
            _ => Self::refused(engine, error.to_string()),
        }
    }
}

/// What somebody else's program said: on one line, short, and without what looks like a secret.
fn brief(text: String) -> String {
    const CHARS_MAX: usize = 200;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let cut: String = line.chars().take(CHARS_MAX).collect();
    base::redact::text(&cut).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_lets_pass_what_has_a_label_of_every_group() {
        let document = DocumentId::generate();
        let labels = ["own:usr_a".to_owned(), "tag:1".to_owned()];
        let check = |groups: &[&[&str]], expected: bool| {
            let groups = groups.iter().map(|it| it.iter().map(ToString::to_string).collect());
            let filter = Filter { groups: groups.collect(), ..Filter::of(TenantId::DEFAULT) };
            assert_eq!(filter.lets(document, &labels), expected, "{filter:?}");
        };
        check(&[], true);
        check(&[&["own:usr_a", "shared"]], true);
        check(&[&["own:usr_a"], &["tag:2", "tag:1"]], true);
        check(&[&["own:usr_a"], &["tag:2"]], false);
        let others = Filter { documents: Some(vec![]), ..Filter::of(TenantId::DEFAULT) };
        assert!(!others.lets(document, &labels) && others.is_empty());
    }

    #[test]
    fn what_another_program_said_is_told_short_and_without_its_secrets() {
        let said = format!("bad key\n  sk-{} {}", "a1B2".repeat(10), "x ".repeat(400));
        let told = EngineError::refused("qdrant", said).to_string();
        assert!(told.len() < 300 && !told.contains("a1B2a1B2"), "{told}");
    }

    #[test]
    fn a_point_is_shown_without_its_vector() {
        let point = Point {
            chunk: ChunkId::generate(),
            document: DocumentId::generate(),
            tenant: TenantId::DEFAULT,
            labels: vec![],
            vector: vec![0.125; 4],
        };
        assert!(!format!("{point:?}").contains("0.125"));
    }
}
