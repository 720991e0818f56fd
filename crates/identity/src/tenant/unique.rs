//! Fields of a tenant's data that no two living tenants may share, where the application declares any: what
//! others call a tenant, say. Which fields those are is the application's to say.
//!
//! Start at [`check_unique`].

use base::TenantId;
use serde_json::Value as Json;
use store::{Sql, Tx, params};

use super::{HOLD, TenantError};

/// Is this data no other living tenant's in these fields? Tenants are held until the transaction ends, so
/// that nobody takes a value meanwhile. A field that holds nothing, or no text, is nobody's.
///
/// # Errors
/// [`TenantError::FieldTaken`].
pub fn check_unique(
    tx: &Tx,
    tenant: Option<TenantId>,
    data: &Json,
    fields: &[String],
) -> Result<(), TenantError> {
    tx.hold(HOLD)?;
    let own = tenant.map(|it| it.to_string()).unwrap_or_default();
    for field in fields {
        let Some(value) = data.get(field).and_then(Json::as_str) else { continue };
        if tx.first(OTHER_WITH, &params![&own, field, value])?.is_some() {
            let (field, value) = (field.clone(), value.to_owned());
            return Err(TenantError::FieldTaken { field, value });
        }
    }
    Ok(())
}

const OTHER_WITH: Sql<'static> = Sql {
    sqlite: "
    SELECT id FROM tenants
     WHERE deleted_at IS NULL AND id <> $1 AND data ->> ('$.\"' || $2 || '\"') = $3
     LIMIT 1",
    postgres: "
    SELECT id FROM tenants
     WHERE deleted_at IS NULL AND id <> $1 AND CAST(data AS jsonb) ->> CAST($2 AS TEXT) = $3
     LIMIT 1",
};
