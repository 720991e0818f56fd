//! An answer that was spoken whole while its run goes on: what could be asked next is still looked for.
//!
//! What is needed to end it is kept with the run, in the transaction that keeps the last of its words. So
//! whoever ends the run in the place of a process that died ends it as the good answer that it is
//! ([`super::bury`]): nothing is proposed behind it, and a new chat keeps its first title. It is forgotten
//! when the run ends, or its chat goes.

use base::{ChatId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Tx, params};

/// What is known of an answer once all of its words are told.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Spoken {
    /// In which chat.
    pub chat: Option<ChatId>,
    /// How it was made.
    pub metadata: Json,
    /// The numbers of the sources that it names.
    pub cited: Vec<u32>,
    /// Who answered.
    pub model_used: Option<String>,
    /// Tokens that it took.
    pub tokens_used: Option<u64>,
    /// What is told of what it used; none when no model was asked.
    pub usage: Option<Json>,
    /// What is told at its end. The id of the answer comes to it.
    pub done: Json,
    /// How many messages its chat keeps.
    pub messages_max: u32,
}

/// Shows what it took, never what it tells.
impl std::fmt::Debug for Spoken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spoken").field("tokens_used", &self.tokens_used).finish_non_exhaustive()
    }
}

impl Spoken {
    /// Keeps it with its run, unless the chat is gone by now.
    pub(super) fn keep(&self, tx: &Tx, run: RunId) -> Result<(), store::Error> {
        tx.execute(
            "UPDATE assistant_runs SET spoken = $2
              WHERE id = $1 AND (CAST($3 AS TEXT) IS NULL OR chat = $3)",
            &params![run, json!(self), self.chat],
        )?;
        Ok(())
    }
}
