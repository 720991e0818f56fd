//! Looking something up about a record, while somebody waits.

use base::RecordId;
use identity::Caller;
use serde_json::{Value as Json, json};
use sources::{Live, LookupError};

use crate::{engine::Engine, error::EngineError, record};

impl Engine {
    /// The look-ups of the application: what each is asked about, with and for, without its address.
    pub fn lookup_list(&self) -> Vec<Json> {
        self.folder().lookups().iter().map(entry).collect()
    }

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

/// A look-up as people see it. Its address, its headers and the values of its question stay in the document:
/// there may be keys in them.
fn entry(lookup: &Live) -> Json {
    let described = lookup.described();
    json!({
        "name": lookup.name(),
        "title": described.title,
        "about": described.about,
        "of": described.on,
        "asked_with": described.query.keys().collect::<Vec<_>>(),
        "gives": described.gives.keys().collect::<Vec<_>>(),
        "needs": described.need,
        "is_conditional": described.when.is_some(),
        "has_otherwise": described.otherwise.is_some(),
        "good_for_s": described.cache.ttl.as_secs(),
        "waits_ms": described.timeout.as_millis() as u64,
    })
}
