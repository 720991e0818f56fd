//! The system prompts that people set for themselves, one for each assistant.

use base::{TenantId, Timestamp};
use store::{Db, Tx, audit, params};

/// A prompt somebody set.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnPrompt {
    /// Its text.
    pub text: String,
    /// When it was set.
    pub updated_at: Timestamp,
}

/// Whose prompt it is, and for which assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose: as the audit log writes actors.
    pub owner: String,
    /// For which assistant.
    pub assistant: String,
}

/// Shows how long it is, never what it says.
impl std::fmt::Debug for OwnPrompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a prompt of {} bytes", self.text.len())
    }
}

/// The prompt, when there is one.
pub fn get(db: &Db, place: &Place) -> Result<Option<OwnPrompt>, store::Error> {
    let row = db.first(
        "SELECT text, updated_at FROM assistant_prompts
          WHERE tenant = $1 AND owner = $2 AND assistant = $3",
        &params![place.tenant, &place.owner, &place.assistant],
    )?;
    row.map(|it| Ok(OwnPrompt { text: it.get("text")?, updated_at: it.get("updated_at")? }))
        .transpose()
}

/// Sets the prompt.
pub fn set(tx: &Tx, place: &Place, prompt: &OwnPrompt) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO assistant_prompts (tenant, owner, assistant, text, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, owner, assistant) DO UPDATE
            SET text = excluded.text, updated_at = excluded.updated_at",
        &params![place.tenant, &place.owner, &place.assistant, &prompt.text, prompt.updated_at],
    )?;
    tx.audit(audited(place, "own_prompt_set", "Set an own system prompt"));
    Ok(())
}

/// Takes the prompt away. False when there was none.
pub fn clear(tx: &Tx, place: &Place) -> Result<bool, store::Error> {
    let gone = tx.execute(
        "DELETE FROM assistant_prompts WHERE tenant = $1 AND owner = $2 AND assistant = $3",
        &params![place.tenant, &place.owner, &place.assistant],
    )?;
    if gone > 0 {
        tx.audit(audited(place, "own_prompt_cleared", "Took an own system prompt away"));
    }
    Ok(gone > 0)
}

fn audited(place: &Place, action: &'static str, summary: &str) -> audit::Entry {
    audit::Entry::new(place.tenant, action, format!("assistants/{}", place.assistant), summary)
}
