//! Changing what is said about a document, and having it go on where it stopped.
//!
//! The file and its text are never changed: another text is another document.

use base::{DocumentId, TenantId};
use serde_json::{Map, Value as Json, json};
use store::{Tx, audit, params};

use super::{Act, Document, DocumentError, State, any, held, state, upload};
use crate::Knowledge;

pub(crate) const TITLE_MAX: usize = 512;
const SUMMARY_MAX: usize = 2_048;
const METADATA_BYTES_MAX: usize = 32 * 1024;
const TAGS_MAX: usize = 32;
const TAG_MAX: usize = 64;

/// What shall be different. What is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// What it is called.
    pub title: Option<String>,
    /// What it says, in short; an empty text takes it away.
    pub summary: Option<String>,
    /// Whatever else is known of it; all of it anew.
    pub metadata: Option<Map<String, Json>>,
    /// Words by which it is chosen; all of them anew.
    pub tags: Option<Vec<String>>,
    /// Whether everybody of the tenant may see it.
    pub shared: Option<bool>,
}

impl Knowledge {
    /// Changes what is said about a document of the caller's.
    ///
    /// # Errors
    /// [`DocumentError`] says what cannot be so; nothing is changed then.
    pub async fn change(
        &self,
        act: &Act,
        id: DocumentId,
        change: Change,
    ) -> Result<Document, DocumentError> {
        let (sight, now) = (act.sight.clone(), self.now());
        let changed = self
            .store()
            .write(&act.actor, now, move |tx| {
                let mut document = held(tx, &sight, id)?;
                let fields = apply(&mut document, change)?;
                tx.execute(
                    "UPDATE knowledge_documents
                        SET title = $2, summary = $3, metadata = $4, shared = $5, updated_at = $6,
                            titled = CASE WHEN $7 = 1 THEN 1 ELSE titled END
                      WHERE id = $1",
                    &params![
                        id,
                        document.title.as_str(),
                        document.summary.as_deref(),
                        Json::Object(document.metadata.clone()),
                        document.shared,
                        now,
                        fields.contains(&"title")
                    ],
                )?;
                if fields.contains(&"tags") {
                    tx.execute("DELETE FROM knowledge_tags WHERE document = $1", &params![id])?;
                    put_tags(tx, document.tenant, id, &document.tags)?;
                }
                let summary = format!("Changed {} of a document", fields.join(", "));
                let subject = format!("documents/{id}");
                let entry =
                    audit::Entry::new(document.tenant, "document_changed", subject, summary);
                tx.audit(entry.after(json!({"fields": fields, "shared": document.shared})));
                any(tx, id)?.ok_or(DocumentError::NoSuch(id))
            })
            .await?;
        self.vectors().changed(changed.tenant, id).await;
        Ok(changed)
    }

    /// Has a document go on where it stopped: one that failed, or one that is ready and lacks vectors
    /// since a model is there to make them.
    ///
    /// # Errors
    /// [`DocumentError::State`] when somebody is at it, or nothing is missing;
    /// [`DocumentError::CannotGoOn`] when there is no text in its file.
    pub async fn go_on(&self, act: &Act, id: DocumentId) -> Result<Document, DocumentError> {
        let (act, now) = (act.clone(), self.now());
        let has_provider = self.models().can_embed().is_some();
        let actor = act.actor.clone();
        self.store()
            .write(&actor, now, move |tx| {
                // Two callers at the same moment must not both see it failed.
                let document = held(tx, &act.sight, id)?;
                let next = state::resumed(&document, has_provider).ok_or_else(|| {
                    let (state, way_out) = match &document.state {
                        State::Failed(reason) => {
                            return DocumentError::CannotGoOn {
                                id,
                                reason: reason.message.clone(),
                            };
                        }
                        it if it.is_open() => (it.name(), "somebody is at it; wait for it"),
                        it => (it.name(), "there is nothing left to do"),
                    };
                    DocumentError::State { id, state, way_out }
                })?;
                let owner = act.actor.who.to_string();
                let job = upload::enqueue(tx, document.tenant, id, &owner, now)?;
                tx.execute(
                    "UPDATE knowledge_documents
                        SET state = $2, reason_code = NULL, reason = NULL, begun = 0, job = $3,
                            queued_at = $4, updated_at = $4
                      WHERE id = $1",
                    &params![id, next.name(), job, now],
                )?;
                let subject = format!("documents/{id}");
                let summary = "Put a document back in line";
                let entry =
                    audit::Entry::new(document.tenant, "document_resumed", subject, summary);
                tx.audit(
                    entry
                        .before(json!({"state": document.state.name()}))
                        .after(json!({"state": next.name(), "job": job})),
                );
                any(tx, id)?.ok_or(DocumentError::NoSuch(id))
            })
            .await
    }
}

/// Changes the document; says which fields it named.
fn apply(document: &mut Document, change: Change) -> Result<Vec<&'static str>, DocumentError> {
    let mut fields = Vec::new();
    if let Some(given) = change.title {
        document.title = title(&given)?;
        fields.push("title");
    }
    if let Some(given) = change.summary {
        document.summary = summary(&given)?;
        fields.push("summary");
    }
    if let Some(given) = change.metadata {
        document.metadata = metadata(given)?;
        fields.push("metadata");
    }
    if let Some(given) = change.tags {
        document.tags = tags(given)?;
        fields.push("tags");
    }
    if let Some(given) = change.shared {
        if given && document.chat.is_some() {
            return Err(shared_in_chat());
        }
        document.shared = given;
        fields.push("shared");
    }
    match fields.is_empty() {
        true => {
            Err(invalid("change", "names no field; give title, summary, metadata, tags or shared"))
        }
        false => Ok(fields),
    }
}

fn invalid(field: &'static str, why: impl Into<String>) -> DocumentError {
    DocumentError::Invalid { field, why: why.into() }
}

/// A document of a chat is nobody else's.
pub(crate) fn shared_in_chat() -> DocumentError {
    invalid("shared", "cannot be true for a document of a chat; chats are nobody else's")
}

/// One line of text without what nobody sees; none when nothing is left of it.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let words = text.split(|it: char| it.is_whitespace() || it.is_control());
    let line = words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(most).collect();
    (!line.is_empty()).then_some(line)
}

pub(crate) fn title(given: &str) -> Result<String, DocumentError> {
    if given.chars().count() > TITLE_MAX {
        return Err(invalid("title", format!("is longer than {TITLE_MAX} characters")));
    }
    line(given, TITLE_MAX)
        .ok_or_else(|| invalid("title", "is empty; leave it out or say something"))
}

pub(crate) fn summary(given: &str) -> Result<Option<String>, DocumentError> {
    if given.chars().count() > SUMMARY_MAX {
        return Err(invalid("summary", format!("is longer than {SUMMARY_MAX} characters")));
    }
    let kept: String = given.chars().filter(|it| *it == '\n' || !it.is_control()).collect();
    Ok(Some(kept.trim().to_owned()).filter(|it| !it.is_empty()))
}

pub(crate) fn metadata(given: Map<String, Json>) -> Result<Map<String, Json>, DocumentError> {
    let bytes = Json::Object(given.clone()).to_string();
    if bytes.len() > METADATA_BYTES_MAX {
        let why = format!("has {} bytes; at most {METADATA_BYTES_MAX} are kept", bytes.len());
        return Err(invalid("metadata", why));
    }
    Ok(given)
}

pub(crate) fn tags(given: Vec<String>) -> Result<Vec<String>, DocumentError> {
    let mut tags: Vec<String> = given.iter().filter_map(|it| line(it, usize::MAX)).collect();
    tags.sort();
    tags.dedup();
    if tags.len() > TAGS_MAX {
        return Err(invalid("tags", format!("are {}; at most {TAGS_MAX} are kept", tags.len())));
    }
    match tags.iter().any(|it| it.chars().count() > TAG_MAX) {
        true => Err(invalid("tags", format!("hold one with more than {TAG_MAX} characters"))),
        false => Ok(tags),
    }
}

pub(crate) fn put_tags(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    tags: &[String],
) -> Result<(), store::Error> {
    let row = |it: &String| Vec::<store::Value>::from(params![document, it, tenant]);
    tx.insert_many(
        "knowledge_tags",
        &["document", "tag", "tenant"],
        tags.iter().map(row).collect(),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_that_is_not_too_long() {
        assert_eq!(title(" A\n\0 title ").unwrap(), "A title");
        assert!(title(" \n").unwrap_err().to_string().contains("`title` is empty"));
        assert_eq!(title(&"a".repeat(513)).unwrap_err().code(), "invalid_input");
        assert_eq!(title(&"ä".repeat(512)).unwrap().chars().count(), 512);
    }

    #[test]
    fn an_empty_summary_is_none() {
        assert_eq!(summary("  ").unwrap(), None);
        assert_eq!(summary("a\nb\0").unwrap().as_deref(), Some("a\nb"));
        assert!(summary(&"a".repeat(2_049)).is_err());
    }

    #[test]
    fn tags_are_different_and_few() {
        let given = ["b", " a ", "b", ""].map(str::to_owned).to_vec();
        assert_eq!(tags(given).unwrap(), ["a", "b"]);
        assert!(tags((0..33).map(|it| it.to_string()).collect()).is_err());
        assert!(tags(vec!["a".repeat(65)]).is_err());
    }

    #[test]
    fn metadata_has_an_end() {
        let long = Map::from_iter([("a".to_owned(), Json::from("x".repeat(40_000)))]);
        assert!(metadata(long).is_err());
    }
}
