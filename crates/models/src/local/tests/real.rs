//! The model itself, where `MAINSTAY_TEST_MINILM` names a folder of models with it in. Without, these
//! tests say that they were skipped, and pass, unless `MAINSTAY_TEST_MINILM_REQUIRED` is set.
//!
//! What is expected was reckoned with NumPy in 64 bits from the published weights.

use std::{fs, path::PathBuf};

use tokio_util::task::TaskTracker;

use crate::local::{
    Local, LocalSettings, TOKENS_MAX,
    package::{MINILM, TOKENIZER},
    wordpiece::Wordpiece,
};

const HAPPY: &str = "That is a happy person";

#[expect(clippy::disallowed_methods, reason = "tests are told by their environment what is there")]
fn models() -> Option<PathBuf> {
    let named = std::env::var_os("MAINSTAY_TEST_MINILM").map(PathBuf::from);
    if named.is_none() {
        assert!(
            std::env::var_os("MAINSTAY_TEST_MINILM_REQUIRED").is_none(),
            "MAINSTAY_TEST_MINILM names no folder of models"
        );
        println!("skipped: MAINSTAY_TEST_MINILM names no folder of models");
    }
    named
}

fn local(folder: PathBuf) -> Local {
    let settings = LocalSettings { threads: None, folder: Some(folder) };
    Local::new(&MINILM, &settings, TaskTracker::new())
}

#[test]
fn its_vocabulary_gives_the_tokens_it_was_trained_with() {
    let Some(models) = models() else { return };
    let bytes = fs::read(MINILM.folder(&models).join(TOKENIZER)).unwrap();
    let vocabulary = Wordpiece::read(&bytes).unwrap();
    let known: [(&str, &[u32]); 7] = [
        (HAPPY, &[101, 2008, 2003, 1037, 3407, 2711, 102]),
        (
            "A brass gate valve, DN 50, rated for 16 bar.",
            &[
                101, 1037, 8782, 4796, 10764, 1010, 1040, 2078, 2753, 1010, 6758, 2005, 2385, 3347,
                1012, 102,
            ],
        ),
        (
            "Die Tür öffnet nach außen; façade & naïve café.",
            &[
                101, 3280, 10722, 2099, 2125, 7159, 6583, 2818, 8740, 17499, 2078, 1025, 8508,
                1004, 15743, 7668, 1012, 102,
            ],
        ),
        (
            "unbelievably electroencephalographically",
            &[101, 4895, 8671, 2666, 3567, 6321, 16175, 10127, 21890, 21197, 20721, 3973, 102],
        ),
        (
            "深層学習 is deep learning 🙂 e=mc²",
            &[101, 100, 100, 1817, 100, 2003, 2784, 4083, 100, 1041, 1027, 11338, 10701, 102],
        ),
        ("[MASK] stays a mark", &[101, 103, 12237, 1037, 2928, 102]),
        ("", &[101, 102]),
    ];
    for (text, ids) in known {
        assert_eq!(vocabulary.tokens(text).unwrap().ids, ids, "{text:?}");
    }
    let long = vocabulary.tokens(&"word ".repeat(400)).unwrap();
    assert_eq!((long.ids.len(), long.is_cut), (TOKENS_MAX, true));
}

#[tokio::test]
async fn its_vectors_are_those_of_the_published_weights() {
    let Some(models) = models() else { return };
    let (local, long) = (local(models), "word ".repeat(400));
    let known: [(&str, [f32; 6]); 5] = [
        (HAPPY, [-0.033877, 0.091942, 0.048701, -0.034884, -0.064829, -0.026686]),
        (
            "A brass gate valve, DN 50, rated for 16 bar.",
            [-0.106652, 0.052216, -0.045126, -0.056824, -0.132421, 0.013182],
        ),
        (
            "Die Tür öffnet nach außen; façade & naïve café.",
            [-0.000838, 0.044333, 0.003563, -0.018559, 0.032815, 0.056174],
        ),
        ("", [-0.118838, 0.048299, -0.002548, -0.011011, 0.051951, 0.010292]),
        // 400 words, of which 254 are seen.
        (&long, [-0.008124, -0.095586, -0.038673, 0.049662, -0.043794, 0.02372]),
    ];
    let texts = known.iter().map(|it| it.0.to_owned()).collect();
    let made = local.embed(texts).await.unwrap();
    for ((text, begins), vector) in known.iter().zip(&made.vectors) {
        assert_eq!(vector.len(), 384);
        for (found, expected) in vector.iter().zip(begins) {
            assert!((found - expected).abs() < 1e-5, "{text:.20}… {found} {expected}");
        }
    }
}

#[tokio::test]
async fn what_is_alike_in_meaning_is_near() {
    let Some(models) = models() else { return };
    let local = local(models);
    let texts =
        [HAPPY, "That is a happy dog", "That is a very happy person", "Today is a sunny day"];
    let made = local.embed(texts.map(str::to_owned).to_vec()).await.unwrap();
    let [person, others @ ..] = made.vectors.as_slice() else { panic!() };
    let near: Vec<f32> =
        others.iter().map(|it| it.iter().zip(person).map(|(a, b)| a * b).sum()).collect();
    for (found, expected) in near.iter().zip([0.694577, 0.942915, 0.256876]) {
        assert!((found - expected).abs() < 1e-4, "{near:?}");
    }
}
