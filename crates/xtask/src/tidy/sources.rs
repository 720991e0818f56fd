//! The source files: their names, their lengths, and what they may not speak of.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Fault;

/// Handlers hold no SQL.
pub(crate) fn check_names(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for file in rust_files(root) {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if !place.starts_with("crates/server/src/operations") {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        for (at, line) in text.lines().enumerate() {
            if ["SELECT ", "INSERT INTO ", "DELETE FROM "].iter().any(|it| line.contains(it)) {
                faults.push(Fault::at(
                    format!("{place}:{}", at + 1),
                    "a handler holds no SQL; ask a room",
                ));
            }
        }
    }
    Ok(faults)
}

/// Neither the rooms nor the interface know an application by name.
pub(crate) fn check_applications(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let mut applications = Vec::new();
    for entry in fs::read_dir(root.join("apps"))? {
        let path = entry?.path();
        if path.join("app.yaml").exists()
            && let Some(name) = path.file_name().and_then(|it| it.to_str())
        {
            applications.push(name.to_owned());
        }
    }
    let mut files = rust_files(root);
    collect(&root.join("web/src"), &["ts", "tsx"], &mut files);
    let mut faults = Vec::new();
    for file in files {
        let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if is_test(&place) || place.starts_with("crates/xtask") {
            continue;
        }
        let text = without_tests(&fs::read_to_string(&file)?);
        for (at, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(name) = applications.iter().find(|it| code.contains(it.as_str())) {
                faults.push(Fault::at(
                    format!("{place}:{}", at + 1),
                    format!(
                        "speaks of `{name}`; what an application needs is declared in its folder"
                    ),
                ));
            }
        }
    }
    Ok(faults)
}

/// Is this file there for tests only?
pub(crate) fn is_test(place: &str) -> bool {
    place.contains("/tests/") || place.contains(".test.") || place.ends_with("tests.rs")
}

/// The longest source files.
pub(crate) fn longest(root: &Path, most: usize) -> Vec<(usize, String)> {
    let mut files = rust_files(root);
    collect(&root.join("web/src"), &["ts", "tsx"], &mut files);
    let lines =
        |it: &PathBuf| fs::read_to_string(it).map(|it| it.lines().count()).unwrap_or_default();
    let mut all: Vec<_> = files
        .iter()
        .map(|it| (lines(it), it.strip_prefix(root).unwrap_or(it).display().to_string()))
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    all.truncate(most);
    all
}

/// Every Rust file of the rooms.
pub(crate) fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&root.join("crates"), &["rs"], &mut files);
    files
}

/// The text before the module of unit tests.
pub(crate) fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text).to_owned()
}

fn collect(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|it| it.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|it| it != "target" && it != "node_modules") {
                collect(&path, endings, into);
            }
        } else if path
            .extension()
            .and_then(|it| it.to_str())
            .is_some_and(|it| endings.contains(&it))
        {
            into.push(path);
        }
    }
}
