//! Following the log: what changed is read anew, and an engine is brought to what the rows say.
//!
//! It does not matter how often that is done, or where it broke off: the rows of a document are the
//! whole truth about it, and an engine that has them has all there is to have.

use std::collections::HashMap;

use base::{DocumentId, TenantId};
use store::{Db, Store};

use super::{
    Engine, EngineError, Generation, Point,
    changes::{self, Change, Following},
    label::Place,
    rows, space,
};

/// Documents that are read at once.
const AT_ONCE: usize = 20;

/// How far somebody has followed.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    position: i64,
    /// What was followed beyond it, and will be met again: with the number it had.
    unsettled: HashMap<DocumentId, i64>,
}

/// A document as it is now.
pub(crate) struct News {
    pub(crate) document: DocumentId,
    pub(crate) tenant: TenantId,
    /// None: it is gone.
    pub(crate) place: Option<Place>,
    pub(crate) points: Vec<Point>,
}

/// One walk along the log, from where it was followed to its end.
pub(crate) struct Walk<'a> {
    followed: &'a mut Followed,
    following: Following,
    last: Option<Change>,
    /// What was walked past, with the number it had. Nothing of it counts before the end: who breaks
    /// off, or is broken off, meets all of it again.
    met: HashMap<DocumentId, i64>,
    /// Up to where it was settled when the walk began.
    horizon: Option<i64>,
    is_over: bool,
    is_torn: bool,
}

/// Why following broke off. What was followed stays so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    /// The engine did not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The rows could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Followed {
    /// Up to here.
    pub(crate) fn at(position: i64) -> Self {
        Self { position, unsettled: HashMap::new() }
    }

    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    pub(crate) fn walk(&mut self, following: Following) -> Walk<'_> {
        Walk {
            followed: self,
            following,
            last: None,
            met: HashMap::new(),
            horizon: None,
            is_over: false,
            is_torn: false,
        }
    }
}

impl Walk<'_> {
    /// The next documents that are not what they were; none at the end. The list may be empty before
    /// the end.
    pub(crate) async fn next(
        &mut self,
        store: &Store,
        most: usize,
    ) -> Result<Option<Vec<News>>, store::Error> {
        if self.is_over {
            return Ok(None);
        }
        let (following, last) = (self.following.clone(), self.last);
        let known = self.followed.unsettled.clone();
        let from = last.map_or(following.position, |it| it.seq);
        let read = move |db: &Db| read(db, &following, last, &known, most);
        let Read { horizon, swept, changes, news } = store.read(read).await?;
        self.is_torn |= swept > from;
        self.horizon.get_or_insert(horizon);
        self.is_over = changes.len() < most;
        self.last = changes.last().copied().or(self.last);
        for change in changes {
            self.met.insert(change.document, change.seq);
        }
        Ok(Some(news))
    }

    /// The log was cleared beyond where this walk began: it may lack what happened in between, and
    /// who follows it must begin anew.
    pub(crate) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Up to where everything was followed so far, if the walk ended here.
    pub(crate) fn reached(&self) -> i64 {
        let horizon = self.horizon.unwrap_or(self.followed.position);
        match self.last {
            Some(last) if !self.is_over => horizon.min(last.seq),
            _ => horizon,
        }
    }

    /// Takes what was walked as followed.
    pub(crate) fn end(self) {
        let reached = self.reached();
        self.followed.position = self.followed.position.max(reached);
        self.followed.unsettled.extend(self.met);
        self.followed.unsettled.retain(|_, seq| *seq >= reached);
    }
}

struct Read {
    horizon: i64,
    /// Below this, lines may be missing.
    swept: i64,
    changes: Vec<Change>,
    news: Vec<News>,
}

fn read(
    db: &Db,
    following: &Following,
    last: Option<Change>,
    known: &HashMap<DocumentId, i64>,
    most: usize,
) -> Result<Read, store::Error> {
    let (horizon, swept) = (changes::horizon(db)?, changes::swept(db)?);
    let changes = changes::next(db, following, last, most)?;
    let model = rows::Model { name: following.model.clone(), dimensions: following.dimensions };
    let is_new = |it: &&Change| known.get(&it.document) != Some(&it.seq);
    let news = changes.iter().filter(is_new).map(|it| news(db, &model, it.document, it.tenant));
    let news = news.collect::<Result<_, _>>()?;
    Ok(Read { horizon, swept, changes, news })
}

fn news(
    db: &Db,
    model: &rows::Model,
    document: DocumentId,
    tenant: TenantId,
) -> Result<News, store::Error> {
    let place = rows::place(db, document)?.map(|it| it.1);
    let points = match &place {
        Some(place) => rows::points(db, model, tenant, document, place)?,
        None => Vec::new(),
    };
    Ok(News { document, tenant, place, points })
}

/// Brings an engine up to the end of the log, at most `most` documents. Says whether it got there.
pub(crate) async fn catch_up(
    store: &Store,
    engine: &dyn Engine,
    generation: &Generation,
    followed: &mut Followed,
    most: usize,
) -> Result<bool, FollowError> {
    let following = Following {
        model: generation.model.clone(),
        dimensions: generation.dimensions,
        tenant: None,
        position: followed.position(),
    };
    let mut walk = followed.walk(following);
    let (mut done, mut outcome) = (0, Ok(true));
    while let Some(news) = walk.next(store, AT_ONCE).await? {
        done += news.len();
        if let Err(error) = bring_all(engine, generation, &news).await {
            outcome = Err(error.into());
            break;
        }
        let (id, position) = (generation.id.clone(), walk.reached());
        if position > generation.position {
            store
                .bookkeep("note how far vectors were followed", move |tx| {
                    space::moved(tx, &id, position)
                })
                .await?;
        }
        if done >= most {
            outcome = Ok(walk.is_over);
            break;
        }
    }
    // What was read and not brought must be met again.
    if outcome.is_ok() {
        walk.end();
    }
    outcome
}

async fn bring_all(
    engine: &dyn Engine,
    generation: &Generation,
    news: &[News],
) -> Result<(), EngineError> {
    for it in news {
        bring(engine, generation, it).await?;
    }
    Ok(())
}

/// Brings an engine to what one document is now.
pub(crate) async fn one(
    store: &Store,
    engine: &dyn Engine,
    generation: &Generation,
    tenant: TenantId,
    document: DocumentId,
) -> Result<(), FollowError> {
    let model = rows::Model { name: generation.model.clone(), dimensions: generation.dimensions };
    let news = store.read(move |db| news(db, &model, document, tenant)).await?;
    Ok(bring(engine, generation, &news).await?)
}

async fn bring(
    engine: &dyn Engine,
    generation: &Generation,
    news: &News,
) -> Result<(), EngineError> {
    let is_of_chat = news.place.as_ref().is_some_and(|it| it.chat.is_some());
    for space in generation.spaces() {
        // New ones first, then what is too much: at no moment is a document not to be found.
        let kept = if space.of_chats == is_of_chat && !news.points.is_empty() {
            engine.upsert(&space, &news.points).await?;
            news.points.iter().map(|it| it.chunk).collect()
        } else {
            Vec::new()
        };
        engine.retain(&space, news.tenant, news.document, &kept).await?;
    }
    Ok(())
}
