//! A graph of neighbours over packed rows: HNSW, by `usearch`.
//!
//! What is known to go wrong with that library is not done here: room is reserved before anything is
//! added, and while nobody else is at it; a file is loaded, never mapped; nothing is removed (rows
//! that are gone are passed over, and the graph is made anew when they are many). Distances are
//! ours ([`Dot`]), because the library's own are slow in 16 bits.
//!
//! A row is known by its slot. Nothing here knows what a slot holds.

use std::path::Path;

use usearch::{Index, IndexOptions, MetricKind, ScalarKind, f16};

use crate::vector::{dot::Dot, half::Half};

/// Neighbours of a row.
const CONNECTIVITY: usize = 16;

/// Rows looked at for each that is added.
const LOOKED_AT_TO_ADD: usize = 128;

/// Rows looked at for a query. By `bench/knowledge/run`, recall at 10 of 100,000 is over 0.99 from
/// 64 on.
const LOOKED_AT_TO_SEARCH: usize = 128;

/// How many may be at it at the same time: further ones are refused, and scan.
const AT_ONCE: usize = 64;

/// A graph.
pub(super) struct Graph {
    index: Index,
    dimensions: usize,
}

/// Why the graph did not do it. Whoever asks it can do without.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct GraphError(String);

impl Graph {
    /// A graph with room for so many rows.
    pub(super) fn new(dimensions: usize, room: usize, dot: Dot) -> Result<Self, GraphError> {
        let mut graph = Self::unmeasured(dimensions)?;
        graph.measure_by(dot);
        graph.reserve(room)?;
        Ok(graph)
    }

    /// The graph that was saved in this file, which must be whole: it is not looked at again here.
    pub(super) fn load(dimensions: usize, file: &Path, dot: Dot) -> Result<Self, GraphError> {
        let mut graph = Self::unmeasured(dimensions)?;
        graph.index.load(text(file)?).map_err(said)?;
        if graph.index.dimensions() != dimensions {
            return Err(GraphError(format!("it has {} dimensions", graph.index.dimensions())));
        }
        // Loading brings the library's own distance with it.
        graph.measure_by(dot);
        graph.reserve(graph.len())?;
        Ok(graph)
    }

    /// Writes the graph. Nobody may add meanwhile.
    pub(super) fn save(&self, file: &Path) -> Result<(), GraphError> {
        self.index.save(text(file)?).map_err(said)
    }

    /// How many rows are in it.
    pub(super) fn len(&self) -> usize {
        self.index.size()
    }

    /// Makes room for so many rows in all. Nobody else may be at it.
    pub(super) fn reserve(&mut self, room: usize) -> Result<(), GraphError> {
        let room = room.max(self.index.size()).max(1);
        self.index.reserve_capacity_and_threads(room, AT_ONCE).map_err(said)
    }

    /// Has it room for so many rows in all?
    pub(super) fn has_room(&self, rows: usize) -> bool {
        rows <= self.index.capacity()
    }

    /// Adds a row. Several threads may add at the same time, as long as there is room.
    pub(super) fn add(&self, slot: usize, row: &[Half]) -> Result<(), GraphError> {
        debug_assert!(row.len() == self.dimensions && self.has_room(self.len() + 1));
        self.index.add(slot as u64, f16::from_i16s(row)).map_err(said)
    }

    /// The slots nearest to a packed query, at most `most`, of those that `passes` lets through.
    pub(super) fn search(
        &self,
        query: &[Half],
        most: usize,
        passes: Option<&dyn Fn(usize) -> bool>,
    ) -> Result<Vec<usize>, GraphError> {
        let query = f16::from_i16s(query);
        let found = match passes {
            None => self.index.search(query, most),
            Some(passes) => self.index.filtered_search(query, most, |it| passes(it as usize)),
        };
        Ok(found.map_err(said)?.keys.into_iter().map(|it| it as usize).collect())
    }

    /// The bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.index.memory_usage()
    }

    fn unmeasured(dimensions: usize) -> Result<Self, GraphError> {
        let options = IndexOptions {
            dimensions,
            metric: MetricKind::IP,
            quantization: ScalarKind::F16,
            connectivity: CONNECTIVITY,
            expansion_add: LOOKED_AT_TO_ADD,
            expansion_search: LOOKED_AT_TO_SEARCH,
            multi: false,
        };
        Ok(Self { index: Index::new(&options).map_err(said)?, dimensions })
    }

    #[expect(unsafe_code, reason = "the library hands out where two of its rows begin")]
    fn measure_by(&mut self, dot: Dot) {
        let dimensions = self.dimensions;
        let distance = move |one: *const f16, other: *const f16| {
            // SAFETY: both point to a whole row of the index, or to a query whose length it has
            // checked: `dimensions` numbers of 16 bits, which `f16` is a transparent name for. They
            // live for the call, and nobody writes to a row that is in the index.
            let (one, other) = unsafe {
                (
                    std::slice::from_raw_parts(one.cast::<Half>(), dimensions),
                    std::slice::from_raw_parts(other.cast::<Half>(), dimensions),
                )
            };
            1.0 - dot.of_rows(one, other)
        };
        self.index.change_metric::<f16>(Box::new(distance));
    }
}

fn said(error: impl std::fmt::Display) -> GraphError {
    GraphError(error.to_string())
}

fn text(file: &Path) -> Result<&str, GraphError> {
    file.to_str().ok_or_else(|| GraphError("the path is not UTF-8".to_owned()))
}

impl From<GraphError> for std::io::Error {
    fn from(error: GraphError) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests;
