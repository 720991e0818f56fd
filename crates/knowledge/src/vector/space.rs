//! Where points of one model lie: a collection of an engine, and a generation of two of them.
//!
//! A [`Generation`] is an index over the rows of one model and one number of dimensions, in one
//! engine. It holds two spaces: documents that are there for every question, and those of chats. One
//! generation serves; another may be in the making beside it, and takes its place in one moment.

use base::Timestamp;
use store::{Db, Error, FromValue, Row, Tx, Value, params};

/// How nearness is measured. Vectors are of length one, so both give the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The cosine of the angle.
    Cosine,
    /// The sum of the products.
    InnerProduct,
}

/// How an engine that has the choice is to find the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Lists of which some are gone through.
    Ivf {
        /// How many lists.
        lists: u32,
    },
    /// A graph of neighbours.
    Hnsw {
        /// Neighbours of a point.
        m: u32,
        /// How many are looked at for each point that is added.
        ef_construction: u32,
        /// How many are looked at for a query.
        ef: u32,
    },
}

/// A collection of points in an engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Space {
    /// Its name there: letters, digits and `_`, beginning with a letter, at most 45 long.
    pub name: String,
    /// The model, as `provider/model`.
    pub model: String,
    /// Numbers of a vector.
    pub dimensions: usize,
    /// How nearness is measured.
    pub metric: Metric,
    /// How the nearest are found.
    pub kind: Kind,
    /// Whether documents of chats lie in it, or those for every question.
    pub of_chats: bool,
}

/// The two spaces of a model, in an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// `v` and eight hexadecimal digits.
    pub id: String,
    /// The engine it lies in.
    pub engine: String,
    /// The model, as `provider/model`.
    pub model: String,
    /// Numbers of a vector.
    pub dimensions: usize,
    /// How far it has come.
    pub state: State,
    /// Up to where of the log of changes it has followed: see [`super::changes`].
    pub position: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it began to serve, or ceased to.
    pub switched_at: Option<Timestamp>,
    /// When a process last said that it wants it: see [`super::wish`].
    pub wanted_at: Timestamp,
    /// Whether it serves, or ever did.
    pub has_served: bool,
}

/// How far a generation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// In the making, beside the one that serves.
    Building,
    /// Questions are answered from it.
    Serving,
    /// Another one serves in its place.
    Retired,
}

impl State {
    /// As rows write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Serving => "serving",
            Self::Retired => "retired",
        }
    }
}

impl FromValue for State {
    fn from_value(value: &Value) -> Result<Self, String> {
        let text = String::from_value(value)?;
        [Self::Building, Self::Serving, Self::Retired]
            .into_iter()
            .find(|it| it.name() == text)
            .ok_or_else(|| "expected building, serving or retired".to_owned())
    }
}

/// What a generation is to be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The engine.
    pub engine: String,
    /// The model, as `provider/model`.
    pub model: String,
    /// Numbers of a vector.
    pub dimensions: usize,
}

impl Generation {
    /// Where documents for every question lie: cosine, 128 lists where the engine has lists.
    pub fn documents(&self) -> Space {
        self.space("documents", Metric::Cosine, Kind::Ivf { lists: 128 }, false)
    }

    /// Where documents of chats lie: inner product, a graph.
    pub fn chats(&self) -> Space {
        let graph = Kind::Hnsw { m: 16, ef_construction: 128, ef: 128 };
        self.space("chats", Metric::InnerProduct, graph, true)
    }

    /// Both.
    pub fn spaces(&self) -> [Space; 2] {
        [self.documents(), self.chats()]
    }

    /// Is it what is wanted?
    pub fn is(&self, wanted: &Wanted) -> bool {
        self.engine == wanted.engine
            && self.model == wanted.model
            && self.dimensions == wanted.dimensions
    }

    fn space(&self, what: &str, metric: Metric, kind: Kind, of_chats: bool) -> Space {
        Space {
            name: format!("mainstay_{}_{what}", self.id),
            model: self.model.clone(),
            dimensions: self.dimensions,
            metric,
            kind,
            of_chats,
        }
    }

    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get("id")?,
            engine: row.get("engine")?,
            model: row.get("model")?,
            dimensions: row.get("dimensions")?,
            state: row.get("state")?,
            position: row.get("position")?,
            created_at: row.get("created_at")?,
            switched_at: row.get("switched_at")?,
            wanted_at: row.get("wanted_at")?,
            has_served: row.get("has_served")?,
        })
    }
}

/// Retired generations that are told of; those that serve or are built always are.
const RETIRED_MAX: usize = 100;

/// All generations that serve or are built, and the newest of those that are retired; the newest
/// first.
pub fn all(db: &Db) -> Result<Vec<Generation>, Error> {
    let rows = db.query(
        "SELECT * FROM knowledge_spaces
          WHERE state <> 'retired'
             OR id IN (SELECT id FROM knowledge_spaces WHERE state = 'retired'
                        ORDER BY created_at DESC, id LIMIT $1)
          ORDER BY created_at DESC, id",
        &params![RETIRED_MAX],
    )?;
    rows.iter().map(Generation::read).collect()
}

/// The generation that serves, if one does.
pub fn serving(db: &Db) -> Result<Option<Generation>, Error> {
    let row = db.first("SELECT * FROM knowledge_spaces WHERE state = 'serving'", &[])?;
    row.as_ref().map(Generation::read).transpose()
}

/// Begins a generation: it serves at once when none does, and is built beside the other otherwise.
/// What was being built for something else is retired. Bookkeeping: nobody's act.
pub fn begin(tx: &Tx, id: &str, wanted: &Wanted, now: Timestamp) -> Result<Generation, Error> {
    tx.hold("knowledge_spaces")?;
    let known = all(tx)?;
    let open = |it: &&Generation| it.state != State::Retired && it.is(wanted);
    if let Some(there) = known.iter().find(open) {
        return Ok(there.clone());
    }
    tx.execute(
        "UPDATE knowledge_spaces SET state = 'retired', switched_at = $1 WHERE state = 'building'",
        &params![now],
    )?;
    let is_first = !known.iter().any(|it| it.state == State::Serving);
    let state = if is_first { State::Serving } else { State::Building };
    insert(tx, id, wanted, state, now)?;
    Ok(Generation {
        id: id.to_owned(),
        engine: wanted.engine.clone(),
        model: wanted.model.clone(),
        dimensions: wanted.dimensions,
        state,
        position: 0,
        created_at: now,
        switched_at: None,
        wanted_at: now,
        has_served: is_first,
    })
}

/// Begins a generation beside the one that serves, of the same kind even, to take its place: when an
/// engine lost what it had, or a backup was read back.
pub fn renew(tx: &Tx, id: &str, wanted: &Wanted, now: Timestamp) -> Result<(), Error> {
    tx.hold("knowledge_spaces")?;
    tx.execute(
        "UPDATE knowledge_spaces SET state = 'retired', switched_at = $1 WHERE state = 'building'",
        &params![now],
    )?;
    insert(tx, id, wanted, State::Building, now)
}

fn insert(tx: &Tx, id: &str, wanted: &Wanted, state: State, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO knowledge_spaces
                (id, engine, model, dimensions, state, position, created_at, switched_at, wanted_at,
                 has_served)
         VALUES ($1, $2, $3, $4, $5, 0, $6, NULL, $6, $7)",
        &params![
            id,
            &wanted.engine,
            &wanted.model,
            wanted.dimensions,
            state.name(),
            now,
            state == State::Serving
        ],
    )?;
    Ok(())
}

/// Retires a generation that is built, because it is not wanted any more: unless somebody has said
/// since `heard` that they want it.
pub(crate) fn give_up(tx: &Tx, id: &str, heard: Timestamp, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE knowledge_spaces SET state = 'retired', switched_at = $3
          WHERE id = $1 AND state = 'building' AND wanted_at <= $2",
        &params![id, heard, now],
    )?;
    Ok(())
}

/// Notes that a process wants a generation.
pub(crate) fn want(tx: &Tx, id: &str, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "UPDATE knowledge_spaces SET wanted_at = $2 WHERE id = $1 AND wanted_at < $2",
        &params![id, now],
    )?;
    Ok(())
}

/// Lets a generation serve in place of the one that does. One transaction: at no moment do none or
/// two of them serve. Says whether it was there to be switched to.
pub fn switch(tx: &Tx, id: &str, now: Timestamp) -> Result<bool, Error> {
    tx.hold("knowledge_spaces")?;
    if !all(tx)?.iter().any(|it| it.id == id && it.state == State::Building) {
        return Ok(false);
    }
    tx.execute(
        "UPDATE knowledge_spaces SET state = 'retired', switched_at = $1 WHERE state = 'serving'",
        &params![now],
    )?;
    tx.execute(
        "UPDATE knowledge_spaces SET state = 'serving', switched_at = $2, has_served = 1
          WHERE id = $1",
        &params![id, now],
    )?;
    Ok(true)
}

/// Notes how far a generation has followed the log.
pub(crate) fn moved(tx: &Tx, id: &str, position: i64) -> Result<(), Error> {
    tx.execute(
        "UPDATE knowledge_spaces SET position = $2 WHERE id = $1 AND position <> $2",
        &params![id, position],
    )?;
    Ok(())
}

/// Forgets a generation that is retired.
pub(crate) fn forget(tx: &Tx, id: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM knowledge_spaces WHERE id = $1 AND state = 'retired'", &params![id])?;
    Ok(())
}

#[cfg(test)]
mod tests;
