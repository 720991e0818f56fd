//! Which tenants there are: asked for with every request that names one, so known for a moment.

use std::sync::Arc;

use base::{TenantId, Timestamp};
use identity::tenant::TenantError;
use jiff::SignedDuration;
use moka::sync::Cache;
use store::Store;

use crate::problem::Problem;

/// How long what was found counts. A tenant deleted in this process is forgotten at once.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(2);

/// Which tenants there are.
#[derive(Clone)]
pub struct Tenants(Arc<Cache<TenantId, Known>>);

#[derive(Clone, Copy)]
struct Known {
    is_deleted: bool,
    at: Timestamp,
}

impl Default for Tenants {
    fn default() -> Self {
        Self(Arc::new(Cache::new(10_000)))
    }
}

impl Tenants {
    /// Is there such a tenant, and does it live?
    ///
    /// # Errors
    /// `tenant_not_found`; `deleted`, unless `with_deleted`.
    pub async fn check(
        &self,
        store: &Store,
        id: TenantId,
        with_deleted: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if id == TenantId::DEFAULT {
            return Ok(());
        }
        let known = match self.0.get(&id).filter(|it| now.duration_since(it.at) < KNOWN_FOR) {
            Some(known) => known,
            None => {
                let found = store.read(move |db| identity::tenant::get(db, id)).await?;
                let tenant = found.ok_or(TenantError::NoSuchTenant(id))?;
                let known = Known { is_deleted: tenant.deleted_at.is_some(), at: now };
                self.0.insert(id, known);
                known
            }
        };
        if known.is_deleted && !with_deleted {
            Err(TenantError::Deleted(id).into())
        } else {
            Ok(())
        }
    }

    /// Looks again at the next request.
    pub fn forget(&self, id: TenantId) {
        self.0.invalidate(&id);
    }
}
