//! Finding one record by a field that no two of its collection share.

use base::{RecordId, TenantId};
use serde_json::Value as Json;
use store::{Db, params};

use super::{CollectionKit, Invalid, Place, RecordError};
use crate::indexes::{expression, text};

/// The record of a tenant that has this value in a field; [`TenantId::DEFAULT`] for shared collections.
///
/// # Errors
/// [`RecordError::Invalid`] for a field that is not unique by itself; [`RecordError::NoneWith`].
pub fn by_value(
    db: &Db,
    kit: &CollectionKit,
    tenant: TenantId,
    field: &str,
    value: &Json,
) -> Result<RecordId, RecordError> {
    let unique = findable(kit);
    if !unique.contains(&field) {
        let fault = Invalid::input("/field", format!("`{field}` is not unique by itself"));
        return Err(match unique.is_empty() {
            true => fault.into(),
            false => fault.hint(format!("one of: {}", unique.join(", "))).into(),
        });
    }
    let missing =
        || RecordError::NoneWith { collection: kit.name.clone(), field: field.to_owned() };
    let value = kit.filter_text(db.dialect(), field, value);
    // No record holds a zero character, and PostgreSQL takes none.
    let value = value.filter(|it| !it.contains('\0')).ok_or_else(missing)?;
    let sql = format!(
        "SELECT r.id FROM records r
          WHERE r.tenant = $1 AND r.collection = {} AND r.version IS NULL AND r.deleted_at IS NULL
            AND {} = $2",
        text(&kit.name),
        expression(db.dialect(), "r", field),
    );
    let row = db.first(sql.as_str(), &params![tenant, value])?;
    Ok(row.ok_or_else(missing)?.get("id")?)
}

/// The fields by which a record of this collection can be found: each is unique by itself. Of what lies in
/// others they are unique within one alone, so nothing is found by them.
pub fn findable(kit: &CollectionKit) -> Vec<&str> {
    if kit.place != Place::Tenant {
        return Vec::new();
    }
    let alone = |it: &&Vec<String>| it.len() == 1;
    kit.spec.unique.iter().filter(alone).flatten().map(String::as_str).collect()
}
