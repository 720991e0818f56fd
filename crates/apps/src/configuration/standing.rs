//! Where files and versions meet: which of both is in force.
//!
//! One rule, without a clock: a version is in force over its file as long as the file is the one that it was
//! made upon. Whoever deploys another file has the last word; the version stays in the history, is told as
//! set aside, and can be gone back to. Nothing here does I/O.

use std::collections::BTreeMap;

use super::{
    Configuration, Document, Kind, checksum, file_of, names,
    version::{FILE, Head},
};
use crate::{
    check::Files,
    description::{ConfigurationSpec, DocumentSpec},
};

/// Versions over the files of a folder.
#[derive(Default)]
pub(crate) struct Overlay {
    over: BTreeMap<String, Over>,
    aside: BTreeMap<String, i64>,
    texts: BTreeMap<String, String>,
}

/// A version over a file.
pub(crate) struct Over {
    /// Its number.
    pub(crate) number: i64,
    /// What the file itself says; none when there is none.
    pub(crate) file_text: Option<String>,
}

/// What is in force of each document, by name.
pub(crate) type Standing = BTreeMap<String, Text>;

/// What is in force of a document.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// The version; [`FILE`] when it is the file.
    pub(crate) version: i64,
    /// The text; none when there is none.
    pub(crate) text: Option<String>,
}

impl Overlay {
    /// What versions make of the files of a folder. One of a document that is no more counts for nothing.
    pub(crate) fn of(
        files: &Files,
        spec: &ConfigurationSpec,
        kinds: &[Kind],
        heads: &[Head],
    ) -> Self {
        let (mut overlay, nothing) = (Self::default(), DocumentSpec::default());
        let known = names(files, spec, kinds);
        for head in heads.iter().filter(|it| known.contains(&it.config)) {
            let declared = spec.documents.get(&head.config).unwrap_or(&nothing);
            let file = file_of(files, &head.config, declared);
            let file_text = files.text(&file).map(str::to_owned);
            if holds(head, file_text.as_deref()) {
                overlay.texts.insert(file, head.content.clone());
                let over = Over { number: head.number, file_text };
                overlay.over.insert(head.config.clone(), over);
            } else {
                overlay.aside.insert(head.config.clone(), head.number);
            }
        }
        overlay
    }

    /// The version over the file of a document.
    pub(crate) fn over(&self, name: &str) -> Option<&Over> {
        self.over.get(name)
    }

    /// The version of a document that is set aside.
    pub(crate) fn aside(&self, name: &str) -> Option<i64> {
        self.aside.get(name).copied()
    }

    /// The texts that stand in the place of files: path → text.
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        self.texts.clone()
    }
}

/// Is a version in force over this file?
pub(crate) fn holds(head: &Head, file_text: Option<&str>) -> bool {
    head.base == file_text.map(checksum)
}

/// The version of a document that was put in force, and is not: its file is another one.
pub(crate) fn aside<'a>(document: &Document, heads: &'a [Head]) -> Option<&'a Head> {
    let head = heads.iter().find(|it| it.config == document.name)?;
    (!holds(head, document.file_text())).then_some(head)
}

/// What is in force by the newest versions over the files as this process read them: what its next start
/// would find, were no file changed.
pub(crate) fn by_heads(configuration: &Configuration, heads: &[Head]) -> Standing {
    let documents = configuration.documents().iter().map(|it| {
        let head = heads.iter().find(|head| head.config == it.name);
        let text = match head.filter(|head| holds(head, it.file_text())) {
            Some(head) => Text { version: head.number, text: Some(head.content.clone()) },
            None => Text { version: FILE, text: it.file_text().map(str::to_owned) },
        };
        (it.name.clone(), text)
    });
    documents.collect()
}

/// What is in force in this process.
pub(crate) fn here(configuration: &Configuration) -> Standing {
    let documents = configuration.documents().iter().map(|it| {
        let text = it.text_in_force().map(str::to_owned);
        (it.name.clone(), Text { version: it.version(), text })
    });
    documents.collect()
}

/// What would be in force in this process if what acts at once were as the heads say, and the names of what
/// that changes.
pub(crate) fn taken_over(
    configuration: &Configuration,
    by_heads: &Standing,
) -> (Standing, Vec<String>) {
    let (mut taken, mut changed) = (here(configuration), Vec::new());
    for it in configuration.documents().iter().filter(|it| it.acts_at_once()) {
        let (Some(now), Some(then)) = (taken.get_mut(&it.name), by_heads.get(&it.name)) else {
            continue;
        };
        if now != then {
            now.clone_from(then);
            changed.push(it.name.clone());
        }
    }
    (taken, changed)
}
