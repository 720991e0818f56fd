//! Texts as vectors without a model: a bag of words, each hashed into a bucket. Lexical: it knows
//! that two texts share words, not that they mean the same.

use std::collections::HashMap;

use crate::dialect::fingerprint;

/// How many numbers a vector has, unless others are asked for.
pub const DIMENSIONS: usize = 384;

/// What is asked for beyond this is made shorter: the numbers are made here, and cost memory.
const DIMENSIONS_MAX: u32 = 16_384;

/// The vector of a text: of length 1, the same on every machine.
pub(super) fn of(text: &str, dimensions: Option<u32>) -> Vec<f32> {
    let dimensions = dimensions.map_or(DIMENSIONS, |it| it.clamp(1, DIMENSIONS_MAX) as usize);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for word in text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    if counts.is_empty() {
        // No words, but a direction all the same: nearness to nothing cannot be computed.
        counts.insert(String::new(), 1);
    }
    // In order, because sums of floats depend on it.
    let mut words: Vec<(String, u32)> = counts.into_iter().collect();
    words.sort_unstable();
    let mut sums = vec![0.0_f64; dimensions];
    for (word, count) in words {
        let hash = fingerprint::of(word.as_bytes());
        let bucket = usize::try_from(hash % dimensions as u64).unwrap_or(0);
        // Two words in one bucket cancel out as often as they add up.
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        sums[bucket] += sign * (1.0 + f64::from(count).ln());
    }
    let length = sums.iter().map(|it| it * it).sum::<f64>().sqrt();
    if length == 0.0 {
        sums[0] = 1.0;
    }
    let length = if length == 0.0 { 1.0 } else { length };
    sums.into_iter().map(|it| (it / length) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearness(one: &str, other: &str) -> f32 {
        of(one, None).iter().zip(of(other, None)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_are_near_by_the_words_they_share() {
        assert!((nearness("fire door, 90 minutes", "Fire door 90 MINUTES") - 1.0).abs() < 1e-6);
        assert!(nearness("fire door of steel", "door of wood") > 0.3);
        assert!(nearness("fire door of steel", "quarterly tax report").abs() < 0.2);
    }

    #[test]
    fn every_vector_has_length_one_even_that_of_no_text() {
        for text in ["", "…", "a", "a b a c"] {
            for dimensions in [None, Some(1), Some(64)] {
                let vector = of(text, dimensions);
                assert_eq!(vector.len(), dimensions.map_or(384, |it| it as usize));
                let length: f32 = vector.iter().map(|it| it * it).sum();
                assert!((length - 1.0).abs() < 1e-5, "{text:?} {length}");
            }
        }
    }
}
