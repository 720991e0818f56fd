//! The command that reads files for the server: it is there, and nobody is told of it.

use std::process::{Output, Stdio};

use serde_json::Value as Json;
use testkit::file;
use tokio::io::AsyncWriteExt;

use crate::place::Place;

/// Runs the command over these bytes.
async fn extract(place: &Place, arguments: &[&str], bytes: Vec<u8>) -> Output {
    let mut command = place.command(&[&["extract"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (wrote, ended) = tokio::join!(
        async move {
            // One that refuses its arguments does not wait for a file.
            let _ = stdin.write_all(&bytes).await;
        },
        child.wait_with_output()
    );
    let () = wrote;
    ended.unwrap()
}

#[tokio::test]
async fn a_file_on_standard_input_is_its_pages_and_a_verdict_on_standard_output() {
    let place = Place::new();
    let pages = ["The first page is about foxes.", "The second page is about hens."];
    let ended = extract(&place, &["pdf"], file::pdf(&pages)).await;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let found: Json = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(found["verdict"]["kind"], "text", "{found}");
    assert_eq!(found["verdict"]["pages"], 2);
    for (at, text) in pages.iter().enumerate() {
        assert_eq!(found["pages"][at]["number"], at + 1);
        assert!(found["pages"][at]["text"].as_str().unwrap().contains(text), "{found}");
    }
    assert!(!place.path().join("data").exists(), "it needs no data folder and makes none");
}

#[tokio::test]
async fn a_file_without_text_is_a_verdict_and_no_failure() {
    let place = Place::new();
    let ended = extract(&place, &["pdf"], file::pdf_of_pictures(2)).await;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let found: Json = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(found["verdict"]["kind"], "image_only", "{found}");
}

#[tokio::test]
async fn only_kinds_that_are_known_are_read_and_nobody_is_told_of_the_command() {
    let place = Place::new();
    let ended = extract(&place, &["exe"], b"MZ".to_vec()).await;
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stdout.is_empty());
    let help = place.done(&["--help"]).await;
    assert!(!help.contains("extract"), "{help}");
}
