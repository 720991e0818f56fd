//! What should have gone and did not: rows of documents that are not there, documents of chats that are
//! not there. Whatever left them behind, an hour later they are gone.

use base::{Actor, ChatId, DocumentId, TenantId, Timestamp};
use jiff::SignedDuration;
use store::{Db, Error, Tx, audit, params};
use tracing::warn;

use super::{
    hold,
    remove::{contents, of_chat},
};
use crate::Knowledge;

/// How often it is looked.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Documents, or chats, that are seen to each time.
const AT_ONCE: usize = 200;

impl Knowledge {
    /// Clears away what is nobody's any more, once an hour.
    pub(crate) async fn clear_strays(&self, now: Timestamp) -> Result<(), Error> {
        let Some(after) = self.begins_clearing(now, EVERY) else { return Ok(()) };
        let documents = self.store().read_long(|db| documents(db, AT_ONCE)).await?;
        for id in documents {
            let clear = move |tx: &Tx| clear(tx, id);
            if self.store().bookkeep("clear away what is left of a document", clear).await? {
                warn!(document.id = %id, "Cleared away what was left of document {id}");
            }
        }
        let chats = self.store().read_long(move |db| chats(db, after, AT_ONCE)).await?;
        // Behind the last of all comes the first again.
        let is_end = chats.len() < AT_ONCE;
        self.cleared_up_to(chats.last().map(|it| it.1).filter(|_| !is_end));
        for (tenant, chat) in chats {
            self.clear_chat(tenant, chat, now).await?;
        }
        Ok(())
    }

    async fn clear_chat(
        &self,
        tenant: TenantId,
        chat: ChatId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let this = self.clone();
        let clear = move |tx: &Tx| -> Result<Vec<DocumentId>, Error> {
            if this.hold_chat(tx, chat)? {
                return Ok(Vec::new());
            }
            let removed = of_chat(tx, tenant, chat, now)?;
            if !removed.is_empty() {
                let summary = format!("Removed {} documents of a chat that is gone", removed.len());
                let subject = format!("chats/{chat}");
                tx.audit(audit::Entry::new(tenant, "documents_removed", subject, summary));
            }
            Ok(removed)
        };
        let removed = self.store().write(&Actor::house(), now, clear).await?;
        self.removed(tenant, &removed).await;
        Ok(())
    }
}

/// Documents that are not there and of which something is left.
fn documents(db: &Db, most: usize) -> Result<Vec<DocumentId>, Error> {
    let rows = db.query(
        "SELECT s.document FROM (
                SELECT document FROM knowledge_vectors
                UNION SELECT document FROM knowledge_chunks
                UNION SELECT document FROM knowledge_parts
                UNION SELECT document FROM knowledge_tags) s
          WHERE NOT EXISTS (SELECT 1 FROM knowledge_documents d WHERE d.id = s.document)
          LIMIT $1",
        &params![most],
    )?;
    rows.iter().map(|it| it.get("document")).collect()
}

/// Chats that documents are bound to, behind this one.
fn chats(db: &Db, after: Option<ChatId>, most: usize) -> Result<Vec<(TenantId, ChatId)>, Error> {
    let rows = db.query(
        "SELECT DISTINCT chat, tenant FROM knowledge_documents
          WHERE chat IS NOT NULL AND chat > $1 ORDER BY chat, tenant LIMIT $2",
        &params![after.map_or_else(String::new, |it| it.to_string()), most],
    )?;
    rows.iter().map(|it| Ok((it.get("tenant")?, it.get("chat")?))).collect()
}

/// Removes what is left of a document, unless it is there; says whether it was not.
fn clear(tx: &Tx, id: DocumentId) -> Result<bool, Error> {
    if hold(tx, id)? {
        return Ok(false);
    }
    contents(tx, id)?;
    tx.execute("DELETE FROM knowledge_tags WHERE document = $1", &params![id])?;
    Ok(true)
}
