use super::*;
use crate::vector::{
    fixture::{Clusters, nearest},
    half,
};

const DIMENSIONS: usize = 24;

fn rows(count: usize) -> Vec<Vec<f32>> {
    let mut clusters = Clusters::new(8, DIMENSIONS, 3);
    (0..count).map(|_| clusters.vector()).collect()
}

fn packed(vector: &[f32]) -> Vec<Half> {
    let mut row = Vec::new();
    half::pack(vector, &mut row);
    row
}

fn graph_of(rows: &[Vec<f32>]) -> Graph {
    let graph = Graph::new(DIMENSIONS, rows.len(), Dot::of_this_machine()).unwrap();
    for (slot, row) in rows.iter().enumerate() {
        graph.add(slot, &packed(row)).unwrap();
    }
    graph
}

/// The slot that brute force says is the nearest.
fn truth(rows: &[Vec<f32>], query: &[f32]) -> usize {
    let all: Vec<_> = rows.iter().map(|it| (base::ChunkId::generate(), it.clone())).collect();
    let best = nearest(&all, query, 1)[0].0;
    all.iter().position(|it| it.0 == best).unwrap()
}

#[test]
fn it_finds_what_brute_force_finds() {
    let all = rows(800);
    let graph = graph_of(&all);
    let found = all.iter().step_by(8).filter(|query| {
        graph.search(&packed(query), 3, None).unwrap().contains(&truth(&all, query))
    });
    assert!(found.count() >= 99, "of a hundred");
}

#[test]
fn a_filter_is_kept_to_while_it_walks() {
    let all = rows(500);
    let graph = graph_of(&all);
    let is_even = |slot: usize| slot.is_multiple_of(2);
    let found = graph.search(&packed(&all[0]), 20, Some(&is_even)).unwrap();
    assert_eq!(found.len(), 20);
    assert!(found.into_iter().all(is_even));
}

#[test]
fn what_was_saved_answers_as_before_and_can_be_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.graph");
    let all = rows(300);
    let graph = graph_of(&all);
    graph.save(&file).unwrap();
    let mut loaded = Graph::load(DIMENSIONS, &file, Dot::of_this_machine()).unwrap();
    assert_eq!(loaded.len(), 300);
    for query in all.iter().step_by(10) {
        let query = packed(query);
        assert_eq!(loaded.search(&query, 5, None).unwrap(), graph.search(&query, 5, None).unwrap());
    }
    assert!(!loaded.has_room(301), "room is made before anything is added");
    loaded.reserve(310).unwrap();
    loaded.add(300, &packed(&all[0])).unwrap();
    assert_eq!(loaded.search(&packed(&all[0]), 2, None).unwrap().len(), 2);
    assert!(Graph::load(DIMENSIONS + 1, &file, Dot::of_this_machine()).is_err());
}

#[test]
fn many_threads_ask_at_the_same_time() {
    let all = rows(500);
    let graph = graph_of(&all);
    std::thread::scope(|scope| {
        for part in all.chunks(100) {
            let graph = &graph;
            scope.spawn(move || {
                for query in part {
                    assert_eq!(graph.search(&packed(query), 5, None).unwrap().len(), 5);
                }
            });
        }
    });
}
