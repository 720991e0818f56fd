//! Two rankings as one: reciprocal rank fusion with k = 60. Places count, scores do not: those of the
//! two have nothing to do with each other.

use std::collections::HashMap;

use base::ChunkId;

const K: f64 = 60.0;

/// The chunks of all rankings, each the best first with what its places count, the best first.
pub(super) fn fuse(rankings: &[(&[ChunkId], f64)]) -> Vec<ChunkId> {
    let mut sums: HashMap<ChunkId, f64> = HashMap::new();
    for (ranking, weight) in rankings.iter().filter(|it| it.1 > 0.0) {
        for (at, chunk) in ranking.iter().enumerate() {
            *sums.entry(*chunk).or_default() += weight / (K + 1.0 + at as f64);
        }
    }
    let mut fused: Vec<(ChunkId, f64)> = sums.into_iter().collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused.into_iter().map(|it| it.0).collect()
}

/// From 0 to 1, what a chunk is held against when only good ones are wanted: how near it is in meaning,
/// and more when the words of the question are in it as well.
pub(super) fn score(semantic: Option<f32>, lexical: Option<f32>) -> f32 {
    const MEANING: f32 = 0.7;
    const WORDS: f32 = 0.3;
    let score = match (semantic, lexical) {
        (Some(semantic), Some(lexical)) => semantic.max(MEANING * semantic + WORDS * lexical),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => 0.0,
    };
    score.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_rank_high_comes_first() {
        let ids: Vec<ChunkId> = (0..4).map(|_| ChunkId::generate()).collect();
        let [a, b, c, d] = ids[..] else { panic!("four") };
        let fuse = |one: &[ChunkId], of_one, two: &[ChunkId], of_two| {
            fuse(&[(one, of_one), (two, of_two)])
        };
        assert_eq!(fuse(&[a, b, c], 1.0, &[b, d], 1.0)[0], b);
        assert_eq!(fuse(&[a, b], 1.0, &[c, d], 0.0), [a, b], "what counts nothing adds nothing");
        assert_eq!(fuse(&[a, b], 1.0, &[c, d], 3.0), [c, d, a, b]);
    }

    #[test]
    fn a_score_is_never_less_than_the_nearness_in_meaning() {
        assert_eq!(score(Some(0.5), Some(0.0)), 0.5);
        assert!((score(Some(0.5), Some(1.0)) - 0.65).abs() < 1e-6);
        assert_eq!(score(None, Some(0.4)), 0.4);
        assert_eq!(score(Some(-0.2), None), 0.0);
        assert_eq!(score(None, None), 0.0);
    }
}
