//! What of a changed document does not act as it stands there, because only the operator may say it: where keys of the
//! environment go, whose word lets people in.
//!
//! The rooms hold it back when they start. Here whoever writes such a document hears of it at once, as a warning; as an
//! error where the application would not start. Nothing here does I/O. Start at [`in_force`] and [`of_texts`].

use std::collections::BTreeMap;

use super::{Document, Finding, Kind};
use crate::{
    check::{Fault, Level},
    folder::Folder,
};

/// What these faults are, in a word for programs.
pub(super) const CODE: &str = "held_back";

/// Something that a changed document says and that is not its to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// What, and the way out.
    pub finding: Finding,
    /// The application does not start without it.
    pub is_needed: bool,
}

/// What is held back of the documents that are in force in a folder.
pub fn in_force(folder: &Folder) -> Vec<Fault> {
    let configuration = folder.configuration();
    let texts = configuration.documents().iter();
    texts.flat_map(|it| of_text(it, folder.kinds(), it.text_in_force())).collect()
}

/// What would be held back of documents with these texts: name of a document → its text.
pub fn of_texts(folder: &Folder, texts: &BTreeMap<String, String>) -> Vec<Fault> {
    let configuration = folder.configuration();
    let named =
        |it: &Document| of_text(it, folder.kinds(), texts.get(&it.name).map(String::as_str));
    configuration.documents().iter().flat_map(named).collect()
}

fn of_text(document: &Document, kinds: &[Kind], text: Option<&str>) -> Vec<Fault> {
    let kind = kinds.iter().find(|it| it.name() == document.name);
    let (Some(kind), Some(text)) = (kind, text.filter(|it| document.file_text() != Some(*it)))
    else {
        return Vec::new();
    };
    // What is no document is told as such.
    let Ok(changed) = document.marked(text) else { return Vec::new() };
    let file = document.file_text().and_then(|it| document.marked(it).ok());
    let file = file.map(|it| it.value).unwrap_or_default();
    let found = kind.held_back(&changed.value, &file).into_iter();
    found
        .map(|(pointer, HeldBack { finding, is_needed })| {
            let message = format!("`{}` {}", finding.path, finding.message);
            let fault = Fault::new(&document.file, changed.place(&pointer), CODE, message);
            let level = if is_needed { Level::Error } else { Level::Warning };
            Fault { level, ..fault }
        })
        .collect()
}
