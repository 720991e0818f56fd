//! Reading documents page by page, newest first, and counting them.

use base::{ChatId, Cursor, DocumentId, Page, PageRequest, TenantId};
use serde_json::json;
use store::{Db, Error, Sql, Value, params};

use super::{Document, DocumentError, Sight, change::line, get, read, state::StateName};
use crate::{Knowledge, sniff::Kind};

/// Which documents are listed. Nothing set lists all that are seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Bound to what.
    pub bound: Bound,
    /// In this state.
    pub state: Option<StateName>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Fetched from this address.
    pub url: Option<String>,
}

/// What documents are bound to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bound {
    /// Whatever it is.
    #[default]
    Any,
    /// No chat: they are there for every question.
    Nothing,
    /// This chat.
    Chat(ChatId),
}

/// How many documents there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All of them.
    pub documents: u64,
    /// Of these, those that are found.
    pub ready: u64,
    /// Those that failed.
    pub failed: u64,
    /// Bytes of their files.
    pub size_bytes: u64,
    /// Pieces of their texts.
    pub chunks: u64,
}

/// One statement for every filter. The caller's sight is a part of it, never something done after.
macro_rules! of {
    ($what:literal, $after:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM knowledge_documents d
              WHERE (CAST($1 AS TEXT) IS NULL OR d.tenant = $1)
                AND (CAST($2 AS TEXT) IS NULL OR d.owner = $2 OR (d.shared = 1 AND d.chat IS NULL))
                AND (CAST($3 AS TEXT) IS NULL OR d.chat = $3 OR ($3 = 'none' AND d.chat IS NULL))
                AND (CAST($4 AS TEXT) IS NULL OR d.state = $4)
                AND (CAST($5 AS TEXT) IS NULL OR d.kind = $5)
                AND (CAST($6 AS TEXT) IS NULL OR d.url = $6)
                AND (CAST($7 AS TEXT) IS NULL OR EXISTS (
                        SELECT 1 FROM knowledge_tags t WHERE t.document = d.id AND t.tag = $7))
                AND (CAST($8 AS TEXT) IS NULL OR d.chat IS NULL OR d.owner = $8)",
            $after
        )
    };
}

const FORTH: &str =
    of!("d.*", " AND (CAST($9 AS TEXT) IS NULL OR d.id < $9) ORDER BY d.id DESC LIMIT $10");
const BACK: &str =
    of!("d.*", " AND (CAST($9 AS TEXT) IS NULL OR d.id > $9) ORDER BY d.id LIMIT $10");
const COUNT: &str = of!("count(*) AS total", "");

impl Knowledge {
    /// One document that may be seen.
    ///
    /// # Errors
    /// [`DocumentError::NoSuch`] when there is none that may be seen.
    pub async fn get(&self, sight: &Sight, id: DocumentId) -> Result<Document, DocumentError> {
        let sight = sight.clone();
        self.store().read(move |db| get(db, &sight, id)).await
    }

    /// A page of the documents that may be seen, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(
        &self,
        sight: &Sight,
        filter: &Filter,
        page: &PageRequest,
    ) -> Result<Page<Document>, Error> {
        let (sight, filter, page) = (sight.clone(), filter.clone(), page.clone());
        self.store().read(move |db| list(db, &sight, &filter, &page)).await
    }

    /// How many documents the whole list has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count(&self, sight: &Sight, filter: &Filter) -> Result<u64, Error> {
        let (sight, filter) = (sight.clone(), filter.clone());
        self.store().read(move |db| db.one(COUNT, &filter.params(&sight))?.get("total")).await
    }

    /// How many documents there are, in one tenant or in all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn totals(&self, tenant: Option<TenantId>) -> Result<Totals, Error> {
        self.store().read(move |db| totals(db, tenant)).await
    }
}

impl Filter {
    fn params(&self, sight: &Sight) -> Vec<Value> {
        let bound = match self.bound {
            Bound::Any => None,
            Bound::Nothing => Some("none".to_owned()),
            Bound::Chat(id) => Some(id.to_string()),
        };
        params![
            sight.tenant,
            sight.owner(),
            bound,
            self.state.map(StateName::as_str),
            self.kind.map(Kind::name),
            self.url.as_deref(),
            // As tags are kept; no tag is empty.
            self.tag.as_deref().map(|it| line(it, usize::MAX).unwrap_or_default()),
            sight.chats_of()
        ]
        .to_vec()
    }
}

fn list(
    db: &Db,
    sight: &Sight,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Document>, Error> {
    let mut params = filter.params(sight);
    params.push(edge(page.cursor.as_ref()).into());
    params.push(Value::from(i64::from(page.limit) + 1));
    let sql = if page.is_backwards() { BACK } else { FORTH };
    let mut documents =
        db.query(sql, &params)?.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    tagged(db, &mut documents)?;
    Ok(Page::of(documents, page, |it| vec![it.id.to_string().into()]))
}

/// The id at the edge of a page. A cursor is signed, so it holds what this list put into it.
fn edge(cursor: Option<&Cursor>) -> Option<String> {
    cursor?.key.first()?.as_str().map(str::to_owned)
}

/// Gives documents their tags, with one question for all of them.
fn tagged(db: &Db, documents: &mut [Document]) -> Result<(), Error> {
    const TAGS: Sql<'_> = Sql {
        sqlite: "SELECT document, tag FROM knowledge_tags
                  WHERE document IN (SELECT value FROM json_each($1)) ORDER BY tag",
        postgres: "SELECT document, tag FROM knowledge_tags
                    WHERE document IN (SELECT jsonb_array_elements_text(CAST($1 AS JSONB)))
                    ORDER BY tag",
    };
    let ids: Vec<DocumentId> = documents.iter().map(|it| it.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    for row in db.query(TAGS, &params![json!(ids)])? {
        let id: DocumentId = row.get("document")?;
        if let Some(document) = documents.iter_mut().find(|it| it.id == id) {
            document.tags.push(row.get("tag")?);
        }
    }
    Ok(())
}

fn totals(db: &Db, tenant: Option<TenantId>) -> Result<Totals, Error> {
    let row = db.one(
        "SELECT count(*) AS documents,
                count(CASE WHEN state = 'ready' THEN 1 END) AS ready,
                count(CASE WHEN state = 'failed' THEN 1 END) AS failed,
                CAST(COALESCE(sum(size_bytes), 0) AS BIGINT) AS size_bytes,
                CAST(COALESCE(sum(chunks), 0) AS BIGINT) AS chunks
           FROM knowledge_documents
          WHERE CAST($1 AS TEXT) IS NULL OR tenant = $1",
        &params![tenant],
    )?;
    Ok(Totals {
        documents: row.get("documents")?,
        ready: row.get("ready")?,
        failed: row.get("failed")?,
        size_bytes: row.get("size_bytes")?,
        chunks: row.get("chunks")?,
    })
}
