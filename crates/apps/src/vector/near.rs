//! The nearest of many vectors, seen one after the other: no more of them are held than are wanted.

use std::{cmp::Ordering, collections::BinaryHeap};

use base::RecordId;

/// A record and how near it is: 1 is the same direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Which one.
    pub record: RecordId,
    /// Cosine of the angle.
    pub score: f32,
}

/// The nearest to a vector of those that were seen.
pub struct Nearest<'a> {
    query: &'a [f32],
    most: usize,
    heap: BinaryHeap<Farthest>,
}

impl<'a> Nearest<'a> {
    /// At most so many.
    pub fn to(query: &'a [f32], most: usize) -> Self {
        Self { query, most, heap: BinaryHeap::with_capacity(most + 1) }
    }

    /// A record and its vector as it is kept.
    pub fn see(&mut self, record: RecordId, kept: &[u8]) {
        self.heap.push(Farthest(Near { record, score: cosine(self.query, kept) }));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// Those that are nearest, the nearest first.
    pub fn into_vec(self) -> Vec<Near> {
        self.heap.into_sorted_vec().into_iter().map(|it| it.0).collect()
    }
}

/// Cosine of the angle between a vector and a kept one; 0 when they cannot be compared.
pub fn cosine(query: &[f32], kept: &[u8]) -> f32 {
    let (floats, rest) = kept.as_chunks::<4>();
    if floats.len() != query.len() || !rest.is_empty() {
        return 0.0;
    }
    let (mut dot, mut own, mut other) = (0f32, 0f32, 0f32);
    for (a, b) in query.iter().zip(floats) {
        let b = f32::from_le_bytes(*b);
        dot += a * b;
        own += a * a;
        other += b * b;
    }
    let length = (own * other).sqrt();
    if length > 0.0 { dot / length } else { 0.0 }
}

/// A vector as it is kept: 32-bit floats, little-endian.
pub(super) fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|it| it.to_le_bytes()).collect()
}

/// The heap's top is the farthest, which is the one to drop.
struct Farthest(Near);

impl Ord for Farthest {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.0.score.total_cmp(&self.0.score);
        by_score.then_with(|| self.0.record.cmp(&other.0.record))
    }
}

impl PartialOrd for Farthest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Farthest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Farthest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_direction_is_one_and_a_right_angle_is_nothing() {
        assert!((cosine(&[1.0, 2.0], &bytes(&[2.0, 4.0])) - 1.0).abs() < 1e-6);
        assert!(cosine(&[1.0, 0.0], &bytes(&[0.0, 3.0])).abs() < 1e-6);
    }

    #[test]
    fn vectors_of_different_lengths_are_not_compared() {
        assert_eq!(cosine(&[1.0], &bytes(&[1.0, 1.0])), 0.0);
        assert_eq!(cosine(&[0.0], &bytes(&[0.0])), 0.0);
    }

    #[test]
    fn of_all_that_were_seen_the_nearest_stay() {
        let query = [1.0, 0.0];
        let mut nearest = Nearest::to(&query, 2);
        for angle in [1.2_f32, 0.1, 0.8, 0.4] {
            nearest.see(RecordId::generate(), &bytes(&[angle.cos(), angle.sin()]));
        }
        let found = nearest.into_vec();
        let angles: Vec<String> =
            found.iter().map(|it| format!("{:.1}", it.score.acos())).collect();
        assert_eq!(angles, ["0.1", "0.4"]);
    }
}
