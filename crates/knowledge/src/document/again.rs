//! A page that is fetched anew: what people said of it before holds on, where nothing else is said.

use store::{Error, Tx, params};

use super::{
    Origin, any,
    upload::{Arrival, NewDocument},
};

/// Where nothing is said about a page that was fetched before, what people said of it then holds on.
pub(super) fn inherit(
    tx: &Tx,
    owner: &str,
    new: &mut NewDocument,
    arrival: &mut Arrival,
    says_summary: bool,
) -> Result<(), Error> {
    if !matches!(arrival.origin, Origin::Page | Origin::Site) {
        return Ok(());
    }
    let before = tx.first(
        "SELECT id, titled FROM knowledge_documents
          WHERE tenant = $1 AND url = $2 AND owner = $3 AND origin IN ('page', 'site')
            AND ((CAST($4 AS TEXT) IS NULL AND chat IS NULL) OR chat = $4)
          ORDER BY id DESC LIMIT 1",
        &params![new.tenant, arrival.url.as_deref(), owner, new.chat],
    )?;
    let Some(row) = before else { return Ok(()) };
    let Some(before) = any(tx, row.get("id")?)? else { return Ok(()) };
    if !arrival.titled && row.get::<bool>("titled")? {
        (new.title, arrival.titled) = (Some(before.title), true);
    }
    if !says_summary {
        new.summary = before.summary;
    }
    if new.metadata.is_empty() {
        new.metadata = before.metadata;
    }
    if new.tags.is_empty() {
        new.tags = before.tags;
    }
    if !arrival.shared_said {
        new.shared = before.shared;
    }
    Ok(())
}
