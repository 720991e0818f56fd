//! Asking: the chunks that answer a question, by meaning and by words.
//!
//! Both rankings keep to what the caller sees before anything is ranked, and are made one by their
//! places. Where one of them cannot be had (no embedding model, an engine that is away, a model that
//! is being replaced) the other answers, and the result says so in a sentence. What is handed out is
//! read from the rows once more, under the same conditions: whatever an index believes, nobody gets a
//! word of what they may not see.
//!
//! Start at [`Knowledge::search`]; [`passages`] cuts what is shown.

mod fuse;
mod look;
mod passage;
mod settings;

use std::collections::HashMap;

use base::{ChatId, ChunkId, DocumentId, TenantId};
use store::Error;

pub use passage::{Passage, passages};
pub use settings::Settings;

use crate::{
    Knowledge, Sight,
    document::{change, state::sentence},
    lexical,
    vector::{self, Generation, State},
};

/// Characters of a question that are looked at: about 8,000 tokens.
const QUERY_CHARS_MAX: usize = 32_000;

/// So many times as many chunks are read when those before them were not enough.
const PART_GROWS: usize = 4;

/// What is asked, by whom, and where it is looked for.
#[derive(Clone)]
pub struct Ask {
    /// What the caller sees.
    pub sight: Sight,
    /// In this tenant.
    pub tenant: TenantId,
    /// In words.
    pub query: String,
    /// In the documents of this chat as well; else only in those that are there for every question.
    pub chat: Option<ChatId>,
    /// In these documents only.
    pub documents: Option<Vec<DocumentId>>,
    /// In documents with one of these tags only; empty: with any or none.
    pub tags: Vec<String>,
    /// How.
    pub mode: Mode,
    /// The most results.
    pub limit: usize,
    /// Only results that are at least so good, from 0 to 1.
    pub min_score: f32,
}

/// Shows everything but the question.
impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("tenant", &self.tenant)
            .field("chat", &self.chat)
            .field("documents", &self.documents)
            .field("mode", &self.mode)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Ask {
    /// Ten results, by meaning and by words, in everything that is there for every question.
    pub fn new(tenant: TenantId, sight: Sight, query: impl Into<String>) -> Self {
        Self {
            sight,
            tenant,
            query: query.into(),
            chat: None,
            documents: None,
            tags: Vec::new(),
            mode: Mode::Hybrid,
            limit: 10,
            min_score: 0.0,
        }
    }
}

/// How it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Mode {
    /// By meaning and by words.
    #[default]
    Hybrid,
    /// By meaning.
    Semantic,
    /// By words.
    Lexical,
}

impl Mode {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Semantic => "semantic",
            Self::Lexical => "lexical",
        }
    }
}

/// What was found, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best first.
    pub hits: Vec<Hit>,
    /// Who compared vectors: an engine's name, `exact` when it was the rows; `lexical` when nobody
    /// did.
    pub engine: String,
    /// How it was really looked for.
    pub mode: Mode,
    /// The model that the question was compared with, as `provider/model`.
    pub model: Option<String>,
    /// What could not be done, in one sentence for people.
    pub degraded: Option<String>,
}

/// A chunk that was found.
#[derive(Clone, PartialEq)]
pub struct Hit {
    /// Which.
    pub chunk: ChunkId,
    /// Of which document.
    pub document: DocumentId,
    /// What that is called.
    pub title: String,
    /// Where that is from.
    pub url: Option<String>,
    /// The page it lies on; none where there are no pages.
    pub page: Option<u32>,
    /// Where it begins in the document, in characters.
    pub start_char: u64,
    /// Where it ends.
    pub end_char: u64,
    /// What it says.
    pub text: String,
    /// How good it is, from 0 to 1.
    pub score: f32,
    /// How near it is in meaning: the cosine, when it was compared.
    pub semantic: Option<f32>,
    /// Of what the question asks for, the share that is in it, when it was looked at.
    pub lexical: Option<f32>,
}

/// Shows everything but what it says.
impl std::fmt::Debug for Hit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hit")
            .field("chunk", &self.chunk)
            .field("document", &self.document)
            .field("page", &self.page)
            .field("score", &self.score)
            .field("semantic", &self.semantic)
            .field("lexical", &self.lexical)
            .finish_non_exhaustive()
    }
}

/// Is there anything to look in?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ready {
    /// A document of the chat that is ready.
    pub of_chat: bool,
    /// A document that is ready and there for every question.
    pub everywhere: bool,
}

/// Why nothing could be looked for.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

impl SearchError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) if error.is_unavailable() => "database_unavailable",
            Self::Store(_) => "database_error",
        }
    }
}

/// What came of looking by meaning.
enum Meaning {
    /// It was looked.
    Looked {
        near: vector::Near,
        generation: Box<Generation>,
        query: Vec<f32>,
        degraded: Option<String>,
    },
    /// It could not be, and why.
    Not(String),
}

impl Knowledge {
    /// The chunks that answer a question, of those that the caller sees.
    ///
    /// # Errors
    /// [`SearchError::Store`] when the database does not answer. Whatever else is away is done
    /// without, and [`Found::degraded`] says so.
    pub async fn search(&self, ask: Ask) -> Result<Found, SearchError> {
        // As tags are kept: what nobody sees in them is no part of them.
        let tags: Vec<String> =
            ask.tags.iter().filter_map(|it| change::line(it, usize::MAX)).collect();
        if tags.is_empty() && !ask.tags.is_empty() {
            return Ok(Found::nothing(ask.mode));
        }
        let ask = Ask { query: cut(&ask.query, QUERY_CHARS_MAX).to_owned(), tags, ..ask };
        let is_in_reach = ask.sight.tenant.is_none_or(|it| it == ask.tenant);
        let is_none = ask.documents.as_ref().is_some_and(Vec::is_empty);
        if !is_in_reach || is_none || ask.limit == 0 || ask.query.trim().is_empty() {
            return Ok(Found::nothing(ask.mode));
        }
        let meaning = match ask.mode {
            Mode::Lexical => None,
            Mode::Hybrid | Mode::Semantic => Some(self.by_meaning(&ask).await?),
        };
        let (near, degraded) = match meaning {
            Some(Meaning::Looked { near, generation, query, degraded }) => {
                let degraded = near.degraded.clone().or(degraded);
                (Some((near, generation, query)), degraded)
            }
            Some(Meaning::Not(why)) => (None, Some(why)),
            None => (None, None),
        };
        let mode = match (&near, ask.mode) {
            (Some(_), mode) => mode,
            (None, _) => Mode::Lexical,
        };
        let (weights, words) = match mode {
            Mode::Semantic => Default::default(),
            Mode::Hybrid | Mode::Lexical => self.by_words(&ask).await?,
        };
        let by_meaning: Vec<ChunkId> =
            near.iter().flat_map(|it| it.0.hits.iter().map(|it| it.chunk)).collect();
        let by_words: Vec<ChunkId> = words.iter().map(|it| it.chunk).collect();
        let settings = &self.settings().search;
        let fused = match mode {
            Mode::Hybrid => {
                fuse::fuse(&[(&by_meaning[..], settings.meaning), (&by_words[..], settings.words)])
            }
            Mode::Semantic => by_meaning,
            Mode::Lexical => by_words,
        };
        let hits = near.iter().flat_map(|it| &it.0.hits);
        let mut semantic: HashMap<ChunkId, f32> = hits.map(|it| (it.chunk, it.score)).collect();
        let known: HashMap<ChunkId, f64> = words.iter().map(|it| (it.chunk, it.share)).collect();
        let mut hits: Vec<Hit> = Vec::new();
        // A part of the ranking is read at a time: those behind the last that is wanted are read for nothing.
        let (mut rest, mut part) = (&fused[..], ask.limit);
        while hits.len() < ask.limit && !rest.is_empty() {
            let (next, behind) = rest.split_at(part.min(rest.len()));
            (rest, part) = (behind, part.saturating_mul(PART_GROWS));
            if let Some((_, generation, query)) = &near {
                let unknown = next.iter().filter(|it| !semantic.contains_key(*it));
                let unknown: Vec<ChunkId> = unknown.copied().collect();
                if !unknown.is_empty() {
                    let scores = self.vectors().scores(generation, ask.tenant, query, unknown);
                    semantic.extend(scores.await?);
                }
            }
            let read = look::hits(self.store(), &ask, next.to_vec()).await?;
            let mut shares = weights.shares();
            for hit in read {
                let semantic = semantic.get(&hit.chunk).copied();
                let lexical = (mode != Mode::Semantic).then(|| {
                    let known = known.get(&hit.chunk).copied();
                    known.unwrap_or_else(|| shares.of(&hit.text)) as f32
                });
                let score = fuse::score(semantic, lexical);
                if score >= ask.min_score {
                    hits.push(Hit { score, semantic, lexical, ..hit });
                }
            }
        }
        hits.truncate(ask.limit);
        Ok(Found {
            hits,
            engine: near.as_ref().map_or("lexical", |it| it.0.engine).to_owned(),
            mode,
            model: near.map(|it| it.1.model),
            degraded: degraded.map(|it| sentence(&it)),
        })
    }

    /// Is there a document that is ready and that the caller sees: of a chat, or for every question?
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ready(
        &self,
        sight: &Sight,
        tenant: TenantId,
        chat: Option<ChatId>,
    ) -> Result<Ready, Error> {
        let sight = sight.clone();
        self.store().read(move |db| look::ready(db, &sight, tenant, chat)).await
    }

    async fn by_words(&self, ask: &Ask) -> Result<(lexical::Weights, Vec<lexical::Found>), Error> {
        let (ask, depth) = (ask.clone(), self.settings().search.depth);
        let search = move |db: &store::Db| {
            let terms = lexical::of_query(&ask.query);
            let weights = lexical::weights(db, ask.tenant, &terms)?;
            let among = look::among(db, &ask);
            let found = lexical::search(db, ask.tenant, &weights, &among, depth.max(ask.limit))?;
            Ok::<_, Error>((weights, found))
        };
        self.store().read_long(search).await
    }

    async fn by_meaning(&self, ask: &Ask) -> Result<Meaning, Error> {
        let generations = self.vectors().generations().await?;
        let find = |state| generations.iter().find(|it: &&Generation| it.state == state);
        let set_up = self.models().can_embed();
        let Some(serving) = find(State::Serving) else {
            return Ok(Meaning::Not(match set_up {
                Some(_) => "no document has vectors yet: they are found by words alone".into(),
                None => "no embedding model is set up: documents are found by words alone".into(),
            }));
        };
        // While vectors are made anew, the question is still asked in the way of those that serve. If
        // that model is gone, those that are there already have to do.
        let building = find(State::Building).filter(|it| set_up.as_ref() == Some(&it.model));
        let (query, generation, degraded) = match self.embedded(ask, serving).await {
            Ok(query) => (query, serving, None),
            Err(why) => match building {
                None => return Ok(Meaning::Not(why)),
                Some(building) => match self.embedded(ask, building).await {
                    Ok(query) => (query, building, Some(BEING_MADE.to_owned())),
                    Err(why) => return Ok(Meaning::Not(why)),
                },
            },
        };
        let depth = self.settings().search.depth.max(ask.limit);
        let near = self.vectors().near(generation, &query, &look::filters(ask), depth).await?;
        Ok(Meaning::Looked { near, generation: Box::new(generation.clone()), query, degraded })
    }

    /// The question as a vector of a generation's model, or why there is none.
    async fn embedded(&self, ask: &Ask, generation: &Generation) -> Result<Vec<f32>, String> {
        let texts = vec![ask.query.clone()];
        let made =
            self.models().embed_as(&generation.model, ask.tenant, "knowledge.search", texts).await;
        let made = made.map_err(|error| {
            // What a provider says may repeat the question, so it is not repeated here.
            let why = match error {
                models::ModelError::NotConfigured => "is not set up any more",
                error if error.is_temporary() => "is away",
                error if error.is_absent() => "is not ready",
                _ => "refused",
            };
            format!("the embedding model {why}: documents are found by words alone")
        })?;
        let vector = made.vectors.into_iter().next().and_then(|it| vector::normalised(&it));
        match vector {
            Some(vector) if vector.len() == generation.dimensions => Ok(vector),
            Some(_) => {
                Err("the embedding model gives vectors of another length than are kept: documents \
                            are found by words alone"
                    .into())
            }
            None => Err("the question has no vector: documents are found by words alone".into()),
        }
    }
}

const BEING_MADE: &str =
    "vectors are being made anew by another model: not every document is found by meaning yet";

impl Found {
    fn nothing(mode: Mode) -> Self {
        Self { hits: Vec::new(), engine: "lexical".into(), mode, model: None, degraded: None }
    }
}

/// The beginning of a text, cut at a word.
fn cut(text: &str, chars_max: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(chars_max) else { return text };
    let cut = &text[..end];
    cut.rfind(char::is_whitespace).map_or(cut, |at| &cut[..at])
}

#[cfg(test)]
mod tests;
