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
    for own in kits.iter() {
        let mut above = Some(own);
        // A collection lies in another at most as often as there are collections.
        for _ in kits.iter() {
            match above {
                Some(it) if it.name == kit.name => {
                    changed(tx, own, tenant);
                    break;
                }
                Some(it) => above = kits.parent_of(it),
                None => break,
            }
        }
    }
}
