//! The documents of `config/` that rooms below this one read: each in the type that its room gives it,
//! and then whether what it says can work.
//!
//! A check does not look at the environment, so it does not miss what may still come from there: keys,
//! a bucket, providers that a variable names.

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use store::blob;

use super::{
    Fault, Files,
    files::last,
    shape::{self, prune, remove, told},
};
use crate::{
    field::pointer_to,
    marked::{Marked, Place},
    schema::Schema,
};

static KNOWLEDGE: LazyLock<Schema> = LazyLock::new(shape::of::<knowledge::Settings>);
static MODELS: LazyLock<Schema> = LazyLock::new(shape::of::<models::Settings>);
static BLOBS: LazyLock<Schema> = LazyLock::new(shape::of::<blob::Settings>);

/// What only the environment may say, or may say as well.
const FROM_OUTSIDE: [&str; 3] = ["vectors.pinecone.api_key", "s3", "s3.bucket"];

/// Something that cannot work: the path of a setting, and a sentence.
type Finding = (String, String);

/// Tells every fault of these documents, as far as they are there.
pub(super) fn check(files: &Files, faults: &mut Vec<Fault>) {
    document(files, "knowledge", &KNOWLEDGE, faults, |it: knowledge::Settings| {
        let found = it.check().into_iter();
        found.map(|it| (it.path.to_owned(), format!("`{}` {}", it.path, it.message))).collect()
    });
    document(files, "llm", &MODELS, faults, |it: models::Settings| {
        let found = it.check_alone().into_iter();
        found.map(|it| (it.path.clone(), format!("`{}`: {}", it.path, it.message))).collect()
    });
    document(files, "blobs", &BLOBS, faults, |it: blob::Settings| {
        let found = it.check();
        let found = found.iter().filter_map(|it| it.split_once(": "));
        found.map(|(path, why)| (path.to_owned(), format!("`{path}` {why}"))).collect()
    });
}

fn document<T: DeserializeOwned>(
    files: &Files,
    name: &str,
    schema: &Schema,
    faults: &mut Vec<Fault>,
    check: impl Fn(T) -> Vec<Finding>,
) {
    for file in [format!("config/{name}.yaml"), format!("config/{name}.yml")] {
        let Some(document) = files.document(&file) else { continue };
        let Some(settings) = read(&file, document, schema, faults) else { continue };
        for (path, message) in check(settings) {
            if !FROM_OUTSIDE.contains(&path.as_str()) {
                let place = document.place(&pointer_of(&document.value, &path));
                faults.push(Fault::new(&file, place, "invalid_setting", message));
            }
        }
    }
}

/// Tells the faults of shape, and gives what is left without what is at fault.
fn read<T: DeserializeOwned>(
    file: &str,
    document: &Marked,
    schema: &Schema,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let mut value = document.value.clone();
    if !value.is_object() {
        let message = "must be an object with settings by their names".to_owned();
        faults.push(Fault::new(file, Place::START, "invalid_value", message));
        return None;
    }
    for round in 0..20 {
        let Err(found) = schema.check(&value) else { break };
        for it in &found {
            if round == 0 {
                faults.push(told(file, document, it));
            }
            prune(&mut value, &it.pointer);
        }
    }
    // What a schema does not know: that `5 apples` is no time.
    loop {
        let message = match serde_json::from_value(value.clone()) {
            Ok(settings) => return Some(settings),
            Err(error) => error.to_string(),
        };
        let blamed = blamed::<T>(&value, &message);
        let place = blamed.as_ref().map_or(Place::START, |it| document.place(it));
        let what = blamed.as_ref().map_or("it".to_owned(), |it| format!("`{}`", last(it)));
        let message = format!("{what} cannot be understood: {message}");
        faults.push(Fault::new(file, place, "invalid_value", message));
        remove(&mut value, &blamed?);
    }
}

/// Where the value stands that cannot be understood: the first with which reading ends in this error.
fn blamed<T: DeserializeOwned>(value: &Json, error: &str) -> Option<String> {
    let mut pointers = Vec::new();
    leaves(value, "", &mut pointers);
    let fails = |count: &usize| {
        let mut left = *count;
        let read = serde_json::from_value::<T>(beginning(value, &mut left));
        read.is_err_and(|it| it.to_string() == error)
    };
    (1..=pointers.len()).find(fails).map(|it| pointers.swap_remove(it - 1))
}

/// Where the values stand that hold no others, in order.
fn leaves(value: &Json, pointer: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            object.iter().for_each(|(name, it)| leaves(it, &pointer_to(pointer, name), found));
        }
        Json::Array(list) => {
            let entries = list.iter().enumerate();
            entries.for_each(|(at, it)| leaves(it, &format!("{pointer}/{at}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// The document with only so many of its leaves, the first ones.
fn beginning(value: &Json, left: &mut usize) -> Json {
    match value {
        Json::Object(object) => {
            let mut kept = Map::new();
            for (name, it) in object {
                if *left == 0 {
                    break;
                }
                kept.insert(name.clone(), beginning(it, left));
            }
            Json::Object(kept)
        }
        Json::Array(list) => {
            let mut kept = Vec::new();
            for it in list {
                if *left == 0 {
                    break;
                }
                kept.push(beginning(it, left));
            }
            Json::Array(kept)
        }
        leaf => {
            *left -= 1;
            leaf.clone()
        }
    }
}

/// The pointer of a path like `providers.local.timeout` or `budgets[0].name`. Names may hold dots
/// themselves, so of those that are there the longest is meant.
fn pointer_of(document: &Json, path: &str) -> String {
    let path = path.replace('[', ".").replace(']', "");
    let mut names: Vec<&str> = path.split('.').collect();
    let (mut pointer, mut here) = (String::new(), Some(document));
    while !names.is_empty() {
        let is_there =
            |count: &usize| here.and_then(|it| step(it, &names[..*count].join("."))).is_some();
        let count = (1..=names.len()).rev().find(is_there).unwrap_or(1);
        let name = names[..count].join(".");
        here = here.and_then(|it| step(it, &name));
        pointer = pointer_to(&pointer, &name);
        names.drain(..count);
    }
    pointer
}

fn step<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    match value {
        Json::Object(object) => object.get(name),
        Json::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The faults of a folder that has this document.
    fn told(name: &str, text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("config")).expect("a folder in it");
        fs::write(folder.path().join(format!("config/{name}.yaml")), text).expect("a file in it");
        let mut faults = Vec::new();
        check(&Files::read(folder.path()), &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    /// Says each of these, in this order, where it stands; `file:line:column: ` and its beginning.
    #[track_caller]
    fn check_told(name: &str, text: &str, expected: &[(&str, &str)]) {
        let told = told(name, text);
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (place, words) in expected {
            let beginning = format!("config/{name}.yaml:{place}: {words}");
            assert!(told.iter().any(|it| it.starts_with(&beginning)), "{beginning}\n{told:#?}");
        }
    }

    #[test]
    fn every_fault_of_the_settings_of_documents_is_told_where_it_stands() {
        let text = "uploads:\n  byte_max: 10\n  kinds: [pdf, png]\nchunks: {tokens: ten, overlap: 80}\n\
                    ingest:\n  pause: 5 apples\n  patience: 6 pears\nvectors:\n  engine: milvsu\n";
        let expected = [
            ("2:3", "`byte_max` is not known here (did you mean `bytes_max`?)"),
            ("3:3", "`uploads.kinds` names a kind that holds no text"),
            ("4:18", "`tokens` must be a whole number, not text"),
            ("6:10", "`pause` cannot be understood: "),
            ("7:13", "`patience` cannot be understood: "),
            ("9:11", "`engine` must be one of: builtin, pgvector, qdrant, milvus, pinecone"),
        ];
        check_told("knowledge", text, &expected);
        check_told(
            "knowledge",
            "chunks: {tokens: 100, overlap: 80}\n",
            &[("1:32", "`chunks.overlap` must be half of `chunks.tokens` at most")],
        );
        check_told("knowledge", "# nothing yet\n", &[("1:1", "must be an object")]);
    }

    #[test]
    fn every_fault_of_the_settings_of_models_is_told_where_it_stands() {
        let text = "providers:\n  my.own: {base_url: 'ftp://x', concurrency: 0}\n  other: {}\n\
                    aliases: {fast: nowhere/tiny}\nfallbacks: {fast: [balanced, nope]}\nretires: {}\n";
        let expected = [
            ("2:22", "`providers.my.own.base_url`: must begin with `http://` or `https://`"),
            ("2:46", "`providers.my.own.concurrency`: must be at least 1"),
            ("3:3", "`providers.other.base_url`: is missing"),
            ("3:3", "`providers.other.api_key`: is missing"),
            ("4:17", "`aliases.fast`: there is no provider `nowhere`"),
            ("5:30", "`fallbacks.fast[1]`: `nope` is neither"),
            ("6:1", "`retires` is not known here"),
        ];
        check_told("llm", text, &expected);
    }

    #[test]
    fn what_the_environment_may_bring_is_not_missed() {
        let text = "providers: {openai: {}, groq: {}}\nembedding: openai/text-embedding-3-small\n\
                    priorities: {balanced: anthropic/claude-sonnet-4-5, speed: groq/small}\n\
                    fallbacks: {balanced: [gemini/gemini-2.5-flash]}\n";
        check_told("llm", text, &[]);
        check_told("knowledge", "vectors: {engine: pinecone}\n", &[]);
        check_told("blobs", "place: s3\n", &[]);
        check_told("blobs", "place: s3\ns3: {region: eu-west-1}\n", &[]);
    }

    #[test]
    fn every_fault_of_the_place_of_files_is_told_where_it_stands() {
        let text = "place: tape\ns3:\n  bukcet: files\n  endpoint: me:pw@host\n  timeout: 0s\n";
        let expected = [
            ("1:8", "`place` must be one of: database, directory, s3"),
            ("3:3", "`bukcet` is not known here (did you mean `bucket`?)"),
            ("4:13", "`s3.endpoint` must be an address like"),
            ("5:12", "`s3.timeout` must be more than 0"),
        ];
        check_told("blobs", text, &expected);
    }

    #[test]
    fn a_path_is_found_also_where_names_hold_dots() {
        let document =
            serde_json::json!({"providers": {"a.b": {"c": 1}, "a": {}}, "list": [{}, {"x": 2}]});
        for (path, expected) in [
            ("providers.a.b.c", "/providers/a.b/c"),
            ("providers.a.kind", "/providers/a/kind"),
            ("list[1].x", "/list/1/x"),
            ("list[1].y.z", "/list/1/y/z"),
        ] {
            assert_eq!(pointer_of(&document, path), expected);
        }
    }
}
