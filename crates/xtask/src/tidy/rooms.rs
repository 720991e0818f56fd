//! Each room opens with its promise, its boundary and where to start.

use std::{fs, path::Path};

use anyhow::Context;

use super::Fault;

/// Names that mean that a thing has not been understood yet.
const VAGUE: [&str; 6] = ["utils", "util", "common", "helpers", "manager", "misc"];

pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root.join("crates")).context("cannot list crates")? {
        let room = entry?.path();
        let head = ["lib.rs", "main.rs"]
            .map(|it| room.join("src").join(it))
            .into_iter()
            .find(|it| it.exists());
        let Some(head) = head else { continue };
        let text = fs::read_to_string(&head)?;
        let lines = text.lines().take_while(|it| it.starts_with("//!")).count();
        if lines < 3 {
            let place = head.strip_prefix(root).unwrap_or(&head).display().to_string();
            faults.push(Fault::at(place, "opens without its promise, its boundary and where to start (//!, three lines or more)"));
        }
    }
    for file in super::sources::rust_files(root) {
        let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        if VAGUE.contains(&stem) {
            faults.push(Fault::at(
                file.display().to_string(),
                format!("`{stem}` says nothing; name the noun or the act in it"),
            ));
        }
    }
    Ok(faults)
}
