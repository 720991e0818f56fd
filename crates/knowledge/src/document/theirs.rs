//! The documents of one person, counted, and taken away or handed over when the person is erased.
//!
//! What is shared is the tenant's knowledge as well: whoever erases a person chooses whether it goes too or
//! becomes the house's. What lies in a chat goes with the chat. Start at [`next`]; call
//! [`crate::Knowledge::removed`] after the commit of [`remove`].

use base::{DocumentId, TenantId, Timestamp, actor::Who};
use store::{Db, Error, Tx, blob::BlobId, params};

use super::{hold, remove::rows};

/// How many documents somebody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Having {
    /// That nobody else finds.
    pub private: u64,
    /// That their tenant finds.
    pub shared: u64,
}

/// Which of somebody's documents are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that nobody else finds.
    Private,
    /// Those that their tenant finds.
    Shared,
}

/// How many documents somebody has, as the audit log spells who.
///
/// # Errors
/// The database's.
pub fn count(db: &Db, owner: &str) -> Result<Having, Error> {
    let row = db.one(
        "SELECT count(*) AS total,
                CAST(COALESCE(sum(CASE WHEN shared = 1 AND chat IS NULL THEN 1 ELSE 0 END), 0)
                     AS BIGINT) AS shared
           FROM knowledge_documents WHERE owner = $1",
        &params![owner],
    )?;
    let (total, shared): (u64, u64) = (row.get("total")?, row.get("shared")?);
    Ok(Having { private: total - shared, shared })
}

/// Some of somebody's documents, the newest first.
///
/// # Errors
/// The database's.
pub fn next(db: &Db, owner: &str, which: Which, most: usize) -> Result<Vec<DocumentId>, Error> {
    let sql = match which {
        Which::Private => {
            "SELECT id FROM knowledge_documents
              WHERE owner = $1 AND (shared = 0 OR chat IS NOT NULL) ORDER BY id DESC LIMIT $2"
        }
        Which::Shared => {
            "SELECT id FROM knowledge_documents
              WHERE owner = $1 AND shared = 1 AND chat IS NULL ORDER BY id DESC LIMIT $2"
        }
    };
    db.query(sql, &params![owner, most])?.iter().map(|it| it.get("id")).collect()
}

/// Takes those of these documents away that are this owner's still, within the caller's transaction, which
/// has its own audit entry.
///
/// # Errors
/// The database's.
pub fn remove(
    tx: &Tx,
    owner: &str,
    ids: &[DocumentId],
    now: Timestamp,
) -> Result<Vec<(TenantId, DocumentId)>, Error> {
    let mut removed = Vec::new();
    for id in ids {
        hold(tx, *id)?;
        let sql = "SELECT tenant, blob FROM knowledge_documents WHERE id = $1 AND owner = $2";
        let Some(row) = tx.first(sql, &params![*id, owner])? else { continue };
        let (tenant, blob): (TenantId, BlobId) = (row.get("tenant")?, row.get("blob")?);
        rows(tx, tenant, *id, &blob, now)?;
        removed.push((tenant, *id));
    }
    Ok(removed)
}

/// Makes those of these documents the house's that are this owner's and shared still: whoever manages
/// documents looks after them from then on. Says how many.
///
/// # Errors
/// The database's.
pub fn hand_over(tx: &Tx, owner: &str, ids: &[DocumentId], now: Timestamp) -> Result<u64, Error> {
    let mut handed = 0;
    for id in ids {
        hold(tx, *id)?;
        handed += tx.execute(
            "UPDATE knowledge_documents SET owner = $3, updated_at = $4
              WHERE id = $1 AND owner = $2 AND shared = 1 AND chat IS NULL",
            &params![*id, owner, Who::House.to_string(), now],
        )?;
    }
    Ok(handed)
}
