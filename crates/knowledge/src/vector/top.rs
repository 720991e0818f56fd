//! The best of many, without sorting them all.

use std::{cmp::Ordering, collections::BinaryHeap};

/// Keeps the highest scores that it was offered.
pub(crate) struct Top<T> {
    most: usize,
    /// Its top is the worst of those kept, the one to go next.
    heap: BinaryHeap<Ranked<T>>,
}

struct Ranked<T> {
    score: f32,
    item: T,
}

impl<T: Ord + Copy> Top<T> {
    /// Keeps at most this many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::with_capacity(most.min(1024) + 1) }
    }

    /// Offers one. Of two with the same score the lesser item is kept, so that an order is an order.
    #[inline]
    pub(crate) fn offer(&mut self, score: f32, item: T) {
        if self.heap.len() < self.most {
            self.heap.push(Ranked { score, item });
        } else if let Some(mut worst) = self.heap.peek_mut()
            && (Ranked { score, item }) < *worst
        {
            *worst = Ranked { score, item };
        }
    }

    /// Those kept, the best first.
    pub(crate) fn into_sorted(self) -> Vec<(T, f32)> {
        self.heap.into_sorted_vec().into_iter().map(|it| (it.item, it.score)).collect()
    }
}

/// The less, the better.
impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then_with(|| self.item.cmp(&other.item))
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Ranked<T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_the_same_score_the_lesser_comes_first() {
        let mut top = Top::new(2);
        for (score, item) in [(0.5, 3), (0.5, 1), (0.9, 7), (0.5, 2)] {
            top.offer(score, item);
        }
        assert_eq!(top.into_sorted(), [(7, 0.9), (1, 0.5)]);
    }

    proptest! {
        #[test]
        fn it_keeps_what_sorting_would(scores in prop::collection::vec(-1.0f32..1.0, 0..200), most in 0usize..20) {
            let mut top = Top::new(most);
            let mut all: Vec<(usize, f32)> = scores.into_iter().enumerate().collect();
            for (item, score) in &all {
                top.offer(*score, *item);
            }
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            all.truncate(most);
            prop_assert_eq!(top.into_sorted(), all);
        }
    }
}
