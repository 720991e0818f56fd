//! Vectors of texts: similar texts get similar ones.

use std::collections::HashMap;

/// Numbers of a made-up embedding.
pub const DIMENSIONS: usize = 64;

/// A vector of length 1 made of the words of a text: each word has its own place, or that of the word
/// that it means the same as.
pub(super) fn vector(text: &str, synonyms: &HashMap<String, String>) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    for word in text.to_lowercase().split(|it: char| !it.is_alphanumeric()) {
        let word = synonyms.get(word).map_or(word, String::as_str);
        if !word.is_empty() {
            // FNV-1a: the same on every machine and in every build.
            let start = 0xcbf2_9ce4_8422_2325_u64;
            let hash = word
                .bytes()
                .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            vector[hash as usize % DIMENSIONS] += 1.0;
        }
    }
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
    if length > 0.0 { vector.iter().map(|it| it / length).collect() } else { vector }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_texts_get_similar_vectors() {
        let synonyms = HashMap::from([("tube".to_owned(), "pipe".to_owned())]);
        let vector = |text: &str| vector(text, &synonyms);
        let alike =
            |a: &str, b: &str| -> f32 { vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum() };
        let pipe = "8 inch PVC sewer pipe";
        assert!(alike(pipe, "PVC pipe, 8 inch") > alike(pipe, "brass gate valve"));
        assert!((alike(pipe, pipe) - 1.0).abs() < 1e-5);
        assert!((alike("tube", "pipe") - 1.0).abs() < 1e-5);
    }
}
