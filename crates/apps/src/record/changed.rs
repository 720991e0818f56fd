//! Telling those who keep answers that records have changed: see [`store::mark`].

use base::TenantId;
use store::{Tx, mark};

use super::{CollectionKit, Kits};

/// The name under which changes of a collection's records are told. What lies in versions changes with
/// the record that holds it: when another version becomes the active one.
pub fn mark_name(collection: &str) -> String {
    format!("records/{collection}")
}

/// A record of this collection has changed.
pub(crate) fn changed(tx: &Tx, kit: &CollectionKit, tenant: TenantId) {
    if kit.is_watched {
        mark::touch(tx, &mark_name(&kit.name), tenant);
    }
}

/// A record of this collection has changed, with everything that lies in it.
pub(crate) fn family_changed(tx: &Tx, kits: &Kits, kit: &CollectionKit, tenant: TenantId) {
    for own in kits.family(kit) {
        changed(tx, own, tenant);
    }
}
