//! The points of one tenant in one space, in memory.
//!
//! Rows lie packed one after the other, so that all of them are gone through as fast as the memory
//! gives them. A row that is gone keeps its slot, marked, until the shelf is made anew. Up to
//! `graphed` the rows are also in a graph; those after it are always gone through.
//!
//! Nothing here does I/O.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base::{ChunkId, DocumentId};

use super::graph::{Graph, GraphError};
use crate::vector::{
    Filter, Scored,
    dot::Dot,
    half::{self, Half},
    label::Place,
    top::Top,
};

/// Whose a slot is that is nobody's any more.
const NOBODY: u32 = u32::MAX;

/// The points of one tenant.
pub(super) struct Shelf {
    /// Another shelf has another one: slots of two shelves have nothing to do with each other.
    id: u64,
    dimensions: usize,
    dot: Dot,
    /// Row after row.
    rows: Vec<Half>,
    slots: Vec<Slot>,
    documents: Vec<Document>,
    by_id: HashMap<DocumentId, u32>,
    /// Slots that are nobody's.
    dead: usize,
    /// Whoever saves it holds it too: it does not grow meanwhile.
    graph: Option<Arc<Graph>>,
    /// So many of the first slots are in the graph.
    graphed: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    chunk: ChunkId,
    document: u32,
}

struct Document {
    id: DocumentId,
    labels: Vec<String>,
    slots: Vec<u32>,
}

/// What a filter lets pass.
struct Allowed {
    /// For each document; none: all of them.
    documents: Option<Vec<bool>>,
    rows: usize,
}

/// From how many rows on the graph is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold(pub(super) usize);

/// The graph is asked when it may give one row in so many; below, most of its work is in vain.
const SHARE_MIN: usize = 20;

/// So few rows that pass a filter are gone through whatever the graph could do: that takes some
/// microseconds, and a graph may have no way to each of them.
const FEW: usize = 512;

impl Shelf {
    /// An empty one.
    pub(super) fn new(dimensions: usize, dot: Dot) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            dimensions,
            dot,
            rows: Vec::new(),
            slots: Vec::new(),
            documents: Vec::new(),
            by_id: HashMap::new(),
            dead: 0,
            graph: None,
            graphed: 0,
        }
    }

    /// Which shelf it is.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// How many points there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.dead
    }

    /// How many slots there are, used or not.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many of them are nobody's.
    pub(super) fn dead(&self) -> usize {
        self.dead
    }

    /// The bytes it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Half>()
            + self.slots.capacity() * (size_of::<Slot>() + size_of::<u32>())
            + self.documents.len() * 256
            + self.graph.as_deref().map_or(0, Graph::bytes)
    }

    /// Puts the points of a document in place of those that are there. None: it is gone.
    ///
    /// A point that is there as it should be stays where it is.
    pub(super) fn put(
        &mut self,
        document: DocumentId,
        place: &Place,
        points: &[(ChunkId, Vec<f32>)],
    ) {
        if points.is_empty() {
            self.forget(document);
            return;
        }
        let number = self.number(document);
        let there = std::mem::take(&mut self.documents[number as usize].slots);
        let mut by_chunk: HashMap<ChunkId, u32> =
            there.into_iter().map(|slot| (self.slots[slot as usize].chunk, slot)).collect();
        let mut slots = Vec::with_capacity(points.len());
        let mut packed = Vec::with_capacity(self.dimensions);
        for (chunk, vector) in points {
            packed.clear();
            half::pack(vector, &mut packed);
            match by_chunk.remove(chunk) {
                Some(slot) if self.row(slot as usize) == packed => slots.push(slot),
                changed => {
                    changed.into_iter().for_each(|it| self.kill(it));
                    slots.push(self.append(*chunk, number, &packed));
                }
            }
        }
        by_chunk.into_values().for_each(|it| self.kill(it));
        let kept = &mut self.documents[number as usize];
        kept.labels = place.labels();
        kept.slots = slots;
    }

    fn forget(&mut self, document: DocumentId) {
        if let Some(number) = self.by_id.get(&document) {
            let slots = std::mem::take(&mut self.documents[*number as usize].slots);
            slots.into_iter().for_each(|it| self.kill(it));
        }
    }

    fn number(&mut self, document: DocumentId) -> u32 {
        *self.by_id.entry(document).or_insert_with(|| {
            self.documents.push(Document { id: document, labels: Vec::new(), slots: Vec::new() });
            (self.documents.len() - 1) as u32
        })
    }

    fn append(&mut self, chunk: ChunkId, document: u32, packed: &[Half]) -> u32 {
        self.rows.extend_from_slice(packed);
        self.slots.push(Slot { chunk, document });
        (self.slots.len() - 1) as u32
    }

    fn kill(&mut self, slot: u32) {
        self.slots[slot as usize].document = NOBODY;
        self.dead += 1;
    }

    /// The packed row of a slot.
    pub(super) fn row(&self, slot: usize) -> &[Half] {
        &self.rows[slot * self.dimensions..][..self.dimensions]
    }

    /// The chunk of a slot, unless it is nobody's.
    pub(super) fn chunk(&self, slot: usize) -> Option<ChunkId> {
        self.slots.get(slot).filter(|it| it.document != NOBODY).map(|it| it.chunk)
    }

    /// The points nearest to `query`, at most `most`, the best first.
    pub(super) fn search(
        &self,
        query: &[f32],
        filter: &Filter,
        most: usize,
        threshold: Threshold,
    ) -> Vec<Scored> {
        let allowed = self.allowed(filter);
        let most = most.min(allowed.rows);
        if most == 0 {
            return Vec::new();
        }
        let found = self
            .by_graph(query, &allowed, most, threshold)
            .unwrap_or_else(|| self.by_scan(query, &allowed, most, 0));
        let scored = |(chunk, score)| Scored { chunk, score };
        found.into_sorted().into_iter().map(scored).collect()
    }

    /// Would a search with this filter take long?
    pub(super) fn is_long(&self, threshold: Threshold) -> bool {
        self.graph.is_none() && self.slots.len() > threshold.0
    }

    fn allowed(&self, filter: &Filter) -> Allowed {
        if filter.documents.is_none() && filter.groups.is_empty() {
            return Allowed { documents: None, rows: self.len() };
        }
        let mut rows = 0;
        let mut documents = vec![false; self.documents.len()];
        let mut allow = |number: usize, document: &Document| {
            if !document.slots.is_empty() && filter.lets(document.id, &document.labels) {
                documents[number] = true;
                rows += document.slots.len();
            }
        };
        match &filter.documents {
            // Asked for one by one: no need to go through all.
            Some(wanted) => {
                let mut numbers: Vec<u32> =
                    wanted.iter().filter_map(|it| self.by_id.get(it).copied()).collect();
                numbers.sort_unstable();
                numbers.dedup();
                for number in numbers {
                    allow(number as usize, &self.documents[number as usize]);
                }
            }
            None => {
                for (number, document) in self.documents.iter().enumerate() {
                    allow(number, document);
                }
            }
        }
        Allowed { documents: Some(documents), rows }
    }

    /// By the graph and the rows after it. None when that is not the way: the filter is narrow, the
    /// graph is not there, fails, or gives too few.
    fn by_graph(
        &self,
        query: &[f32],
        allowed: &Allowed,
        most: usize,
        threshold: Threshold,
    ) -> Option<Top<ChunkId>> {
        let graph = self.graph.as_deref()?;
        let is_few = allowed.documents.is_some() && allowed.rows <= FEW;
        let is_narrow = is_few || allowed.rows * SHARE_MIN < self.slots.len();
        if allowed.rows <= threshold.0 || is_narrow {
            return None;
        }
        let mut packed = Vec::with_capacity(self.dimensions);
        half::pack(query, &mut packed);
        // Some more than wanted: the graph knows the query in 16 bits only.
        let wanted = most + most / 2 + 8;
        let passes = |slot: usize| self.passes(slot, allowed);
        let is_all = allowed.documents.is_none() && self.dead == 0;
        let slots = graph.search(&packed, wanted, (!is_all).then_some(&passes as _)).ok()?;
        let mut top = self.by_scan(query, allowed, most, self.graphed);
        let mut found = 0;
        for slot in slots.into_iter().filter(|it| *it < self.graphed && passes(*it)) {
            top.offer(self.dot.with_query(self.row(slot), query), self.slots[slot].chunk);
            found += 1;
        }
        (found >= most).then_some(top)
    }

    /// By going through all rows from a slot on.
    fn by_scan(&self, query: &[f32], allowed: &Allowed, most: usize, from: usize) -> Top<ChunkId> {
        let mut top = Top::new(most);
        match &allowed.documents {
            // Few documents of many: their slots are known.
            Some(documents) if from == 0 && allowed.rows * 4 < self.slots.len() => {
                let some =
                    documents.iter().zip(&self.documents).filter(|(is_allowed, _)| **is_allowed);
                for slot in some.flat_map(|(_, document)| &document.slots) {
                    let slot = *slot as usize;
                    top.offer(self.dot.with_query(self.row(slot), query), self.slots[slot].chunk);
                }
            }
            _ => {
                for slot in (from..self.slots.len()).filter(|it| self.passes(*it, allowed)) {
                    top.offer(self.dot.with_query(self.row(slot), query), self.slots[slot].chunk);
                }
            }
        }
        top
    }

    #[inline]
    fn passes(&self, slot: usize, allowed: &Allowed) -> bool {
        let Some(Slot { document, .. }) = self.slots.get(slot) else { return false };
        *document != NOBODY && allowed.documents.as_ref().is_none_or(|it| it[*document as usize])
    }

    /// The graph, when there is one.
    pub(super) fn graph(&self) -> Option<&Graph> {
        self.graph.as_deref()
    }

    /// The graph as it is, to be saved: until whoever has it lets it go, it does not grow.
    pub(super) fn still_graph(&self) -> Option<Arc<Graph>> {
        self.graph.clone()
    }

    /// How many of the first slots are in the graph.
    pub(super) fn graphed(&self) -> usize {
        self.graphed
    }

    /// Takes a graph of the first `graphed` slots into use.
    pub(super) fn take_graph(&mut self, graph: Graph, graphed: usize) {
        debug_assert!(graphed <= self.slots.len());
        (self.graph, self.graphed) = (Some(Arc::new(graph)), graphed);
    }

    /// Brings the next slots into the graph; says whether there are more that could follow. One that
    /// is being saved grows later; one that will not take them is given up.
    pub(super) fn grow_graph(&mut self, most: usize) -> bool {
        let Some(mut shared) = self.graph.take() else { return false };
        let Some(graph) = Arc::get_mut(&mut shared) else {
            self.graph = Some(shared);
            return false;
        };
        let to = (self.graphed + most).min(self.slots.len());
        let grown = self.extend(graph, to);
        match grown {
            Ok(()) => {
                (self.graph, self.graphed) = (Some(shared), to);
                to < self.slots.len()
            }
            Err(error) => {
                tracing::warn!(error = %error, "Gave up a graph of vectors; they are gone through until it is made anew");
                self.graphed = 0;
                false
            }
        }
    }

    fn extend(&self, graph: &mut Graph, to: usize) -> Result<(), GraphError> {
        if !graph.has_room(to) {
            graph.reserve(self.slots.len() + self.slots.len() / 4)?;
        }
        (self.graphed..to)
            .filter(|slot| self.slots[*slot].document != NOBODY)
            .try_for_each(|slot| graph.add(slot, self.row(slot)))
    }

    /// The same points without the slots that are nobody's, and without a graph.
    pub(super) fn compact(&self) -> Self {
        let mut new = Self::new(self.dimensions, self.dot);
        new.rows.reserve_exact(self.len() * self.dimensions);
        new.slots.reserve_exact(self.len());
        for document in self.documents.iter().filter(|it| !it.slots.is_empty()) {
            let number = new.number(document.id);
            let slots = document.slots.iter().map(|slot| {
                let slot = *slot as usize;
                new.append(self.slots[slot].chunk, number, self.row(slot))
            });
            let slots: Vec<u32> = slots.collect();
            let kept = &mut new.documents[number as usize];
            (kept.labels, kept.slots) = (document.labels.clone(), slots);
        }
        new
    }

    /// Puts rows where a graph that was saved knows them: `order` says what its slots held. Says how
    /// many of them are still what they were.
    pub(super) fn arrange(&mut self, order: &[(ChunkId, u64)]) -> usize {
        let mut by_chunk: HashMap<ChunkId, u32> = HashMap::with_capacity(self.slots.len());
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, it)| it.document != NOBODY) {
            by_chunk.insert(slot.chunk, at as u32);
        }
        let mut new = Self::new(self.dimensions, self.dot);
        new.rows.reserve_exact((order.len() + self.len()) * self.dimensions);
        for document in &self.documents {
            new.number(document.id);
        }
        let (mut known, mut moved) = (0, HashMap::with_capacity(self.slots.len()));
        let nothing = vec![0; self.dimensions];
        for (chunk, print) in order {
            match by_chunk.get(chunk) {
                Some(slot) if fingerprint(self.row(*slot as usize)) == *print => {
                    let document = self.slots[*slot as usize].document;
                    moved.insert(*slot, new.append(*chunk, document, self.row(*slot as usize)));
                    known += 1;
                }
                _ => {
                    let slot = new.append(*chunk, NOBODY, &nothing);
                    debug_assert_eq!(new.slots[slot as usize].document, NOBODY);
                    new.dead += 1;
                }
            }
        }
        for (number, document) in self.documents.iter_mut().enumerate() {
            let slots = std::mem::take(&mut document.slots);
            let slots = slots.into_iter().map(|slot| match moved.get(&slot) {
                Some(to) => *to,
                None => {
                    let row = &self.rows[slot as usize * self.dimensions..][..self.dimensions];
                    new.append(self.slots[slot as usize].chunk, number as u32, row)
                }
            });
            new.documents[number].slots = slots.collect();
            new.documents[number].labels = std::mem::take(&mut document.labels);
        }
        *self = new;
        known
    }

    /// What each of these slots holds, for whoever saves the graph.
    pub(super) fn order(&self, slots: Range<usize>) -> Vec<(ChunkId, u64)> {
        let entry = |slot: usize| match self.chunk(slot) {
            Some(chunk) => (chunk, fingerprint(self.row(slot))),
            // Matches no row, whatever it is.
            None => (ChunkId::from_uuid(Default::default()), 0),
        };
        (slots.start..slots.end.min(self.slots.len())).map(entry).collect()
    }
}

/// A number that another row hardly has: FNV-1a over its bytes.
fn fingerprint(row: &[Half]) -> u64 {
    let bytes = row.iter().flat_map(|it| it.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, it| {
        (hash ^ u64::from(it)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
