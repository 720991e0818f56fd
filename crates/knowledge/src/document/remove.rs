//! Taking documents away: their rows, texts, chunks and vectors at once; their files when nobody else
//! uses them and some time has passed.

use base::{ChatId, DocumentId, TenantId, Timestamp};
use serde_json::json;
use store::{Error, Sql, Tx, audit, blob::BlobId, params};

use super::{Act, Document, DocumentError, held, hold};
use crate::Knowledge;

impl Knowledge {
    /// Takes a document of the caller's away.
    ///
    /// # Errors
    /// [`DocumentError`] when it is not there, or another's.
    pub async fn remove(&self, act: &Act, id: DocumentId) -> Result<(), DocumentError> {
        let (sight, now) = (act.sight.clone(), self.now());
        let tenant = self
            .store()
            .write(&act.actor, now, move |tx| {
                let document = held(tx, &sight, id)?;
                rows(tx, document.tenant, id, &document.blob, now)?;
                let summary = format!("Removed a document of {} chunks", document.made.chunks);
                let subject = format!("documents/{id}");
                tx.audit(audit::Entry::new(document.tenant, "document_removed", subject, summary));
                Ok::<_, DocumentError>(document.tenant)
            })
            .await?;
        self.removed(tenant, &[id]).await;
        Ok(())
    }

    /// Tells the engines that documents are gone. Call it after the commit of [`of_chat`].
    pub async fn removed(&self, tenant: TenantId, documents: &[DocumentId]) {
        if !documents.is_empty() {
            self.vectors().removed(tenant, documents).await;
        }
    }
}

/// Takes the documents of a chat away, within the caller's transaction, which has its own audit
/// entry. Call [`Knowledge::removed`] with the ids after the commit.
///
/// # Errors
/// The database's.
pub fn of_chat(
    tx: &Tx,
    tenant: TenantId,
    chat: ChatId,
    now: Timestamp,
) -> Result<Vec<DocumentId>, Error> {
    let found = tx.query(
        "SELECT id, blob FROM knowledge_documents WHERE tenant = $1 AND chat = $2 ORDER BY id DESC",
        &params![tenant, chat],
    )?;
    let mut removed = Vec::new();
    for row in found {
        let (id, blob): (DocumentId, BlobId) = (row.get("id")?, row.get("blob")?);
        if hold(tx, id)? {
            rows(tx, tenant, id, &blob, now)?;
            removed.push(id);
        }
    }
    Ok(removed)
}

/// Takes away what a page was before it was fetched anew: the older documents of the same address,
/// owner and chat.
pub(crate) fn superseded(
    tx: &Tx,
    document: &Document,
    now: Timestamp,
) -> Result<Vec<DocumentId>, Error> {
    let found = tx.query(
        "SELECT id, blob FROM knowledge_documents
          WHERE tenant = $1 AND url = $2 AND owner = $3 AND id < $4 AND origin IN ('page', 'site')
            AND ((CAST($5 AS TEXT) IS NULL AND chat IS NULL) OR chat = $5)
          ORDER BY id DESC",
        &params![
            document.tenant,
            document.url.as_deref(),
            document.owner.as_str(),
            document.id,
            document.chat
        ],
    )?;
    let mut removed = Vec::new();
    for row in found {
        let (id, blob): (DocumentId, BlobId) = (row.get("id")?, row.get("blob")?);
        if !hold(tx, id)? {
            continue;
        }
        rows(tx, document.tenant, id, &blob, now)?;
        let summary = "A page was fetched anew; this is what it was before";
        let entry = audit::Entry::new(
            document.tenant,
            "document_replaced",
            format!("documents/{id}"),
            summary,
        );
        tx.audit(entry.after(json!({"by": document.id})));
        removed.push(id);
    }
    Ok(removed)
}

/// Takes everything of a tenant away, within the caller's transaction. Its blobs and jobs go with the
/// rooms that keep them.
///
/// # Errors
/// The database's.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
    // Whoever is at one of them is waited for; after that nobody adds anything to it.
    const HOLD: Sql<'_> = Sql {
        sqlite: "SELECT count(*) AS held FROM knowledge_documents WHERE tenant = $1",
        postgres: "SELECT count(*) AS held
                     FROM (SELECT id FROM knowledge_documents WHERE tenant = $1
                            ORDER BY id DESC FOR UPDATE) AS held",
    };
    tx.one(HOLD, &params![tenant])?;
    for sql in [
        "DELETE FROM knowledge_vectors WHERE tenant = $1",
        "DELETE FROM knowledge_chunks WHERE tenant = $1",
        "DELETE FROM knowledge_parts WHERE tenant = $1",
        "DELETE FROM knowledge_tags WHERE tenant = $1",
        "DELETE FROM knowledge_documents WHERE tenant = $1",
    ] {
        tx.execute(sql, &params![tenant])?;
    }
    Ok(())
}

/// Removes the rows of a document and gives its file back.
pub(super) fn rows(
    tx: &Tx,
    tenant: TenantId,
    id: DocumentId,
    blob: &BlobId,
    now: Timestamp,
) -> Result<(), Error> {
    contents(tx, id)?;
    tx.execute("DELETE FROM knowledge_tags WHERE document = $1", &params![id])?;
    tx.execute("DELETE FROM knowledge_documents WHERE id = $1", &params![id])?;
    // The job that may be at it finds nothing, and ends.
    store::blob::remove(tx, tenant, blob, now)?;
    Ok(())
}

/// Removes what was made of a document: its text, chunks and vectors.
pub(crate) fn contents(tx: &Tx, id: DocumentId) -> Result<(), Error> {
    tx.execute("DELETE FROM knowledge_vectors WHERE document = $1", &params![id])?;
    tx.execute("DELETE FROM knowledge_chunks WHERE document = $1", &params![id])?;
    tx.execute("DELETE FROM knowledge_parts WHERE document = $1", &params![id])?;
    Ok(())
}
