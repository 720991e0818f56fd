//! Looking something up about a record, while somebody waits.

use base::RecordId;
use identity::Caller;
use serde_json::{Value as Json, json};
use sources::LookupError;

use crate::{engine::Engine, error::EngineError, record};

impl Engine {
    /// Asks somebody outside about a record, or says what they said of it a short while ago.
    ///
    /// # Errors
    /// A record that is not there for the caller, or of another collection; nobody outside who answers.
    pub async fn look_up(
        &self,
        caller: &Caller,
        lookup: &str,
        id: RecordId,
    ) -> Result<Json, EngineError> {
        let known = self.folder().lookups().iter().find(|it| it.name() == lookup);
        let known = known.ok_or_else(|| LookupError::NoSuch(lookup.to_owned()))?;
        let (reach, on) = (caller.reach, known.described().on.clone());
        let get = move |db: &store::Db| record::get(db, reach, id, Some(&on));
        let found = self.store().read(get).await?;
        self.sees(caller, &found)?;
        let mut data = found.data;
        data.insert("id".into(), json!(id));
        let looked = Box::pin(self.sources().look_up(found.tenant, lookup, &data)).await?;
        Ok(json!({
            "record": id,
            "lookup": lookup,
            "found": looked.found,
            "answer": looked.answer,
            "asked_at": looked.asked_at,
        }))
    }
}
