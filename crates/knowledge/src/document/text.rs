//! The whole text of a document, kept in parts: what is shown to people, and what citations point
//! into. Places are counted in characters (Unicode scalar values), never in bytes.

use base::{DocumentId, TenantId};
use bytes::Bytes;
use store::{Db, Error, Tx, Value, params};

use super::{DocumentError, Sight, get};
use crate::{Knowledge, chunk::BETWEEN_PAGES, extract::Page};

/// The most characters in one row.
const PART_CHARS_MAX: usize = 65_535;

/// The text of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// All of it.
    pub text: String,
    /// Where its pages lie in it; empty where there are no pages.
    pub pages: Vec<PageSpan>,
}

/// Where a page lies in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSpan {
    /// Its number, from 1.
    pub page: u32,
    /// Where it begins, in characters.
    pub start_char: u64,
    /// Where it ends.
    pub end_char: u64,
}

impl Knowledge {
    /// The text of a document that may be seen; empty until it was got out of the file.
    ///
    /// # Errors
    /// [`DocumentError::NoSuch`] when there is none that may be seen.
    pub async fn content(&self, sight: &Sight, id: DocumentId) -> Result<Content, DocumentError> {
        let sight = sight.clone();
        self.store()
            .read_long(move |db| {
                let document = get(db, &sight, id)?;
                Ok(content(db, document.tenant, id)?)
            })
            .await
    }

    /// The file of a document that may be seen, as it was put in.
    ///
    /// # Errors
    /// [`DocumentError::NoSuch`] when there is none that may be seen.
    pub async fn file(&self, sight: &Sight, id: DocumentId) -> Result<Bytes, DocumentError> {
        let sight = sight.clone();
        let document = self.store().read(move |db| get(db, &sight, id)).await?;
        let bytes = store::blob::read(self.store(), document.tenant, &document.blob).await?;
        bytes.ok_or(DocumentError::NoSuch(id))
    }
}

/// The text of a document of this tenant.
pub(crate) fn content(db: &Db, tenant: TenantId, id: DocumentId) -> Result<Content, Error> {
    let rows = db.query(
        "SELECT page, start_char, text FROM knowledge_parts
          WHERE tenant = $1 AND document = $2 ORDER BY position",
        &params![tenant, id],
    )?;
    let (mut whole, mut pages) = (String::new(), Vec::<PageSpan>::new());
    for row in rows {
        let text: String = row.get("text")?;
        let (page, start_char): (Option<u32>, u64) = (row.get("page")?, row.get("start_char")?);
        // What stands between pages belongs to none of them.
        let own = text.strip_suffix(BETWEEN_PAGES).unwrap_or(&text);
        let end_char = start_char + own.chars().count() as u64;
        match (page, pages.last_mut()) {
            (Some(page), Some(last)) if last.page == page => last.end_char = end_char,
            (Some(page), _) => pages.push(PageSpan { page, start_char, end_char }),
            (None, _) => {}
        }
        whole.push_str(&text);
    }
    Ok(Content { text: whole, pages })
}

/// Keeps the pages of a document.
pub(crate) fn insert(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    pages: &[Page],
) -> Result<(), Error> {
    const COLUMNS: &[&str] = &["document", "position", "tenant", "page", "start_char", "text"];
    let mut rows = Vec::new();
    for part in parts(pages) {
        rows.push(Vec::<Value>::from(params![
            document,
            rows.len(),
            tenant,
            part.page,
            part.start_char,
            part.text
        ]));
    }
    tx.insert_many("knowledge_parts", COLUMNS, rows)?;
    Ok(())
}

/// A piece of the text as long as a row takes.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    page: Option<u32>,
    start_char: u64,
    text: String,
}

fn parts(pages: &[Page]) -> Vec<Part> {
    let (mut parts, mut start_char) = (Vec::new(), 0);
    for (at, page) in pages.iter().enumerate() {
        let mut text = page.text.clone();
        if at + 1 < pages.len() {
            text.push_str(BETWEEN_PAGES);
        }
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.char_indices().nth(PART_CHARS_MAX).map_or(rest.len(), |it| it.0);
            let text = rest[..end].to_owned();
            let chars = text.chars().count() as u64;
            parts.push(Part { page: page.number, start_char, text });
            start_char += chars;
            rest = &rest[end..];
        }
    }
    parts
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("bytes", &self.text.len())
            .field("pages", &self.pages.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u32, text: &str) -> Page {
        Page { number: Some(number), text: text.into() }
    }

    #[test]
    fn parts_follow_each_other_without_a_gap() {
        let pages = [page(1, "Größe"), page(2, ""), page(3, &"ä".repeat(70_000))];
        let parts = parts(&pages);
        let shape: Vec<_> =
            parts.iter().map(|it| (it.page, it.start_char, it.text.chars().count())).collect();
        assert_eq!(
            shape,
            [(Some(1), 0, 7), (Some(2), 7, 2), (Some(3), 9, 65_535), (Some(3), 65_544, 4_465)]
        );
        let whole: String = parts.iter().map(|it| it.text.as_str()).collect();
        let texts: Vec<_> = pages.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(whole, texts.join(BETWEEN_PAGES));
    }
}
