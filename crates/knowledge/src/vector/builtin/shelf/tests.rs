use base::TenantId;
use proptest::prelude::*;

use super::*;
use crate::vector::{
    fixture::{Clusters, nearest, recall},
    label,
};

const DIMENSIONS: usize = 16;

type Points = Vec<(ChunkId, Vec<f32>)>;

/// A shelf, and what brute force knows of it.
struct Fixture {
    shelf: Shelf,
    documents: Vec<(DocumentId, Points)>,
    clusters: Clusters,
}

fn place(owner: &str) -> Place {
    Place { owner: owner.into(), ..Place::default() }
}

impl Fixture {
    fn of(documents: usize, each: usize) -> Self {
        let shelf = Shelf::new(DIMENSIONS, Dot::of_this_machine());
        let clusters = Clusters::new(6, DIMENSIONS, 11);
        let mut it = Self { shelf, documents: Vec::new(), clusters };
        for number in 0..documents {
            let owner = if number % 2 == 0 { "usr_ann" } else { "usr_bob" };
            it.put(DocumentId::generate(), owner, each);
        }
        it
    }

    fn put(&mut self, document: DocumentId, owner: &str, count: usize) {
        let points: Vec<_> =
            (0..count).map(|_| (ChunkId::generate(), self.clusters.vector())).collect();
        self.shelf.put(document, &place(owner), &points);
        self.documents.retain(|it| it.0 != document);
        self.documents.push((document, points));
    }

    fn build(&mut self) {
        let slots = self.shelf.slots();
        let graph = Graph::new(DIMENSIONS, slots + 10, Dot::of_this_machine()).unwrap();
        for slot in (0..slots).filter(|it| self.shelf.chunk(*it).is_some()) {
            graph.add(slot, self.shelf.row(slot)).unwrap();
        }
        self.shelf.take_graph(graph, slots);
    }

    /// Compares with brute force over what passes.
    fn check(&mut self, filter: &Filter, passes: impl Fn(usize, DocumentId) -> bool) {
        let all: Vec<_> = self
            .documents
            .iter()
            .enumerate()
            .filter(|(at, it)| passes(*at, it.0))
            .flat_map(|(_, it)| it.1.clone())
            .collect();
        let scores: HashMap<_, _> =
            nearest(&all, &[0.0; DIMENSIONS], all.len()).into_iter().collect();
        for _ in 0..10 {
            let query = self.clusters.vector();
            let found = self.shelf.search(&query, filter, 8, Threshold(20));
            let found: Vec<ChunkId> = found.into_iter().map(|it| it.chunk).collect();
            assert_eq!(found.len(), 8.min(all.len()));
            assert!(
                found.iter().all(|it| scores.contains_key(it)),
                "nothing that must not be found"
            );
            let truth = nearest(&all, &query, 8);
            let by_query: HashMap<_, _> = nearest(&all, &query, all.len()).into_iter().collect();
            assert!(recall(&found, &truth, &by_query) >= 0.99, "{found:?} is not {truth:?}");
        }
    }

    fn check_all(&mut self) {
        let every = Filter::of(TenantId::DEFAULT);
        self.check(&every, |_, _| true);
        let anns = Filter {
            groups: label::everywhere(Some("usr_ann")).into_iter().collect(),
            ..every.clone()
        };
        let owners: HashMap<DocumentId, bool> = self
            .documents
            .iter()
            .map(|it| {
                (
                    it.0,
                    anns.lets(it.0, &self.shelf.documents[self.shelf.by_id[&it.0] as usize].labels),
                )
            })
            .collect();
        self.check(&anns, |_, id| owners[&id]);
        let first = self.documents[0].0;
        let one = Filter { documents: Some(vec![first]), ..every };
        self.check(&one, |_, id| id == first);
    }
}

#[test]
fn it_finds_what_brute_force_finds_with_any_filter() {
    Fixture::of(30, 5).check_all();
}

#[test]
fn with_a_graph_it_finds_the_same() {
    // So many that the graph is asked with a filter too.
    let mut it = Fixture::of(240, 5);
    it.build();
    it.check_all();
}

#[test]
fn what_came_after_the_graph_is_found_and_what_went_is_not() {
    let mut it = Fixture::of(60, 5);
    it.build();
    it.put(DocumentId::generate(), "usr_ann", 7);
    let (changed, gone) = (it.documents[3].0, it.documents[8].0);
    it.put(changed, "usr_ann", 2);
    it.shelf.put(gone, &place("usr_ann"), &[]);
    it.documents.retain(|it| it.0 != gone);
    assert_eq!(it.shelf.len(), 60 * 5 + 7 - 5 + 2 - 5);
    it.check_all();
    while it.shelf.grow_graph(2) {}
    assert_eq!(it.shelf.graphed(), it.shelf.slots());
    it.check_all();
}

#[test]
fn a_point_that_did_not_change_stays_where_it_is() {
    let mut it = Fixture::of(3, 4);
    let (id, points) = it.documents[1].clone();
    let slots = it.shelf.slots();
    it.shelf.put(id, &place("usr_new"), &points);
    assert_eq!((it.shelf.slots(), it.shelf.dead()), (slots, 0), "only its labels are others");
    let mut changed = points;
    changed[2].1 = it.clusters.vector();
    it.shelf.put(id, &place("usr_new"), &changed);
    assert_eq!((it.shelf.slots(), it.shelf.dead()), (slots + 1, 1));
}

#[test]
fn clearing_away_what_is_gone_changes_no_answer() {
    let mut it = Fixture::of(20, 5);
    let gone: Vec<_> = it.documents.iter().step_by(3).map(|it| it.0).collect();
    for id in &gone {
        it.shelf.put(*id, &place("usr_ann"), &[]);
    }
    it.documents.retain(|it| !gone.contains(&it.0));
    it.shelf = it.shelf.compact();
    assert_eq!((it.shelf.dead(), it.shelf.slots()), (0, it.shelf.len()));
    it.check_all();
}

#[test]
fn a_saved_graph_is_taken_into_use_although_rows_came_and_went_since() {
    let mut it = Fixture::of(40, 5);
    it.build();
    let order = it.shelf.order(0..it.shelf.graphed());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.graph");
    it.shelf.graph().unwrap().save(&file).unwrap();

    // A restart: the rows are read in another order, one document changed, one is gone, one is new.
    let mut new = Fixture::of(0, 0);
    new.documents = it.documents.clone();
    new.documents.rotate_left(7);
    new.documents.remove(2);
    for (id, points) in new.documents.clone() {
        new.shelf.put(id, &place("usr_ann"), &points);
    }
    let changed = new.documents[4].0;
    new.put(changed, "usr_ann", 3);
    new.put(DocumentId::generate(), "usr_bob", 4);

    let known = new.shelf.arrange(&order);
    assert_eq!(known, 38 * 5);
    let graph = Graph::load(DIMENSIONS, &file, Dot::of_this_machine()).unwrap();
    new.shelf.take_graph(graph, order.len());
    new.check_all();
}

#[test]
fn a_graph_that_is_being_saved_does_not_grow_and_is_asked_all_the_same() {
    let mut it = Fixture::of(60, 5);
    it.build();
    let graphed = it.shelf.graphed();
    it.put(DocumentId::generate(), "usr_ann", 7);
    let saved = it.shelf.still_graph().unwrap();
    assert!(!it.shelf.grow_graph(3), "not now");
    assert_eq!((it.shelf.graphed(), saved.len()), (graphed, graphed));
    it.check_all();
    drop(saved);
    while it.shelf.grow_graph(3) {}
    assert_eq!(it.shelf.graphed(), it.shelf.slots());
    it.check_all();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Documents come, change and go; at the end it is as if only the last of each had ever come.
    #[test]
    fn whatever_happens_it_holds_the_last_of_each(
        acts in prop::collection::vec((0usize..6, 0usize..4), 1..40),
        grows in any::<bool>(),
    ) {
        let ids: Vec<_> = (0..6).map(|_| DocumentId::generate()).collect();
        let mut it = Fixture::of(0, 0);
        for (at, count) in acts {
            it.put(ids[at], "usr_ann", count);
            if grows && it.shelf.graph().is_none() && it.shelf.len() > 6 {
                it.build();
            }
            while grows && it.shelf.grow_graph(3) {}
        }
        let mut expected: Vec<ChunkId> =
            it.documents.iter().flat_map(|it| it.1.iter().map(|it| it.0)).collect();
        let found = it.shelf.search(&[0.1; DIMENSIONS], &Filter::of(TenantId::DEFAULT), 100, Threshold(2));
        let mut found: Vec<ChunkId> = found.into_iter().map(|it| it.chunk).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
