//! What belongs to one tenant: what it starts with, everything it has, and the end of it.
//!
//! Who a tenant is, is `identity`'s; here is what the application keeps for it.
//!
//! Start at [`begin`], [`export`] and [`erase`]; [`Engine::sweep_tenants`] erases those that were deleted
//! too long ago to come back.

use base::{Actor, TenantId, Timestamp};
use store::{Db, Dialect, Tx, params};

use crate::{
    assistant,
    engine::Engine,
    feedback,
    indexes::text,
    question,
    record::{self, Act, Bindings, Checked, Kits, NewRecord, Record, RecordError, store_code},
    result, seed, version,
};

mod export;

pub use export::{Chunk, Part, Scope, export};

/// Why an act on a tenant's data was refused.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// What is wrong is with the tenant itself.
    #[error(transparent)]
    Identity(#[from] identity::tenant::TenantError),
    /// What is wrong is with a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl TenantError {
    /// The stable code.
    pub fn code(&self) -> &str {
        use identity::tenant::TenantError as Of;
        match self {
            Self::Identity(Of::NoSuchTenant(_)) => "tenant_not_found",
            Self::Identity(Of::Store(error)) | Self::Store(error) => store_code(error),
            Self::Identity(_) => "invalid_input",
            Self::Record(error) => error.code(),
        }
    }
}

/// Gives a new tenant the records it starts with: collection and data of each. Each is given once in
/// a tenant's life: who deletes it does not meet it again.
///
/// # Errors
/// As [`record::create`].
pub fn begin(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    tenant: TenantId,
    defaults: Vec<(String, Checked)>,
) -> Result<Vec<Record>, RecordError> {
    let mut records = Vec::new();
    for (collection, data) in defaults {
        let name = format!("default/{collection}/{tenant}");
        tx.hold(&name)?;
        let kit = kits
            .get(&collection)
            .ok_or_else(|| RecordError::NoSuchCollection(collection.clone()))?;
        if !seed::is_news(tx, &name, "given")? {
            continue;
        }
        records.push(record::create(tx, kit, act, NewRecord { tenant, parent: None, data })?);
        seed::remember(tx, act, tenant, &name, "given", 1)?;
    }
    Ok(records)
}

/// Removes everything of a tenant for good, in this application and in the rooms below: records,
/// versions, proposals, vectors, webhooks, chats, documents, jobs, what sources remember, usage, blobs, and
/// at last the tenant itself with its keys and users. What the audit log says stays, with one entry more. Call
/// [`identity::Identity::forget_callers`] and [`knowledge::Knowledge::forget`] after the commit.
///
/// # Errors
/// [`TenantError::Identity`] for a tenant that is not there, or the default one.
pub fn erase(tx: &Tx, act: &Act, tenant: TenantId) -> Result<(), TenantError> {
    if !act.reaches(tenant) {
        return Err(RecordError::TenantForbidden(tenant).into());
    }
    for row in tx.query("SELECT id FROM versions WHERE tenant = $1", &params![tenant])? {
        version::remove_records(tx, row.get("id")?)?;
    }
    if tx.dialect() == Dialect::Sqlite {
        tx.execute(
            "DELETE FROM record_words WHERE rowid IN
                (SELECT seq FROM records WHERE tenant = $1 AND version IS NULL)",
            &params![tenant],
        )?;
    }
    for sql in [
        "DELETE FROM records WHERE tenant = $1 AND version IS NULL",
        "DELETE FROM versions WHERE tenant = $1",
        "DELETE FROM proposals WHERE tenant = $1",
        "DELETE FROM record_vectors WHERE tenant = $1",
        "DELETE FROM task_answers WHERE tenant = $1",
        "DELETE FROM webhook_deliveries WHERE tenant = $1",
        "DELETE FROM webhooks WHERE tenant = $1",
        "DELETE FROM seeds WHERE tenant = $1",
    ] {
        tx.execute(sql, &params![tenant])?;
    }
    store::mark::touch_all(tx, tenant)?;
    assistant::run::erase(tx, tenant)?;
    question::erase(tx, tenant)?;
    result::raw::erase(tx, tenant)?;
    feedback::erase(tx, tenant)?;
    crate::progress::kept::erase(tx, tenant)?;
    knowledge::Knowledge::erase(tx, tenant)?;
    work::erase(tx, tenant)?;
    // After its jobs: none of them can begin an archive from here on.
    crate::archive::row::erase(tx, tenant)?;
    sources::erase(tx, tenant)?;
    models::usage::erase(tx, tenant)?;
    store::blob::erase(tx, tenant, act.now)?;
    identity::tenant::erase(tx, tenant)?;
    Ok(())
}

impl Engine {
    /// Erases the tenants that were deleted longer ago than they can be restored, each in a
    /// transaction of its own, and names them. Call [`identity::Identity::forget_callers`] when there
    /// were any.
    ///
    /// # Errors
    /// When the database does not answer; those that were erased until then are gone.
    pub async fn sweep_tenants(&self, now: Timestamp) -> Result<Vec<TenantId>, TenantError> {
        let Some(tenants) = &self.folder().description().tenants else { return Ok(Vec::new()) };
        let before = record::restorable_since(now, tenants.restore_days);
        let expired = self.store().read(move |db| identity::tenant::expired(db, before)).await?;
        let mut erased = Vec::new();
        for id in expired {
            let sweep = move |tx: &Tx| {
                // Somebody may have brought it back meanwhile, or another server was here before.
                let is_due = identity::tenant::is_expired(tx, id, before)?;
                if is_due {
                    erase(tx, &Act::house(now), id)?;
                }
                Ok::<_, TenantError>(is_due)
            };
            if self.store().write(&Actor::house(), now, sweep).await? {
                if let Some(knowledge) = self.knowledge() {
                    knowledge.forget(id).await;
                }
                erased.push(id);
            }
        }
        Ok(erased)
    }
}

/// How many records a collection has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The collection.
    pub collection: String,
    /// Its living records; of those kept in versions, the ones in active versions.
    pub count: u64,
}

/// How many living records each collection has, in one tenant or in all.
///
/// # Errors
/// The database's.
pub fn counts(db: &Db, kits: &Kits, tenant: Option<TenantId>) -> Result<Vec<Count>, store::Error> {
    let mut all = Vec::new();
    for kit in kits.iter() {
        let mut bind = Bindings::default();
        let whose = match tenant.filter(|_| !kit.spec.shared) {
            Some(tenant) => format!(" AND r.tenant = {}", bind.put(tenant)),
            None => String::new(),
        };
        let sql = match (&kit.place, kit.parent()) {
            (record::Place::Version(_), Some(parent)) => format!(
                "SELECT CAST(COALESCE(sum(v.record_count), 0) AS BIGINT) AS total
                   FROM records r JOIN versions v ON v.id = r.active_version
                  WHERE r.collection = {} AND r.deleted_at IS NULL{whose}",
                text(parent),
            ),
            _ => format!(
                "SELECT count(*) AS total FROM records r
                  WHERE r.collection = {} AND r.version IS NULL AND r.deleted_at IS NULL{whose}",
                text(&kit.name),
            ),
        };
        let total: i64 = db.one(sql.as_str(), &bind.0)?.get("total")?;
        all.push(Count { collection: kit.name.clone(), count: total.unsigned_abs() });
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
