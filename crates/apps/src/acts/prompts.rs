//! The prompts and their history.

use base::{Page, PageRequest};
use serde_json::Value as Json;

use crate::{engine::Engine, error::EngineError, prompt};

impl Engine {
    /// All prompts that were ever in use, by name, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prompts_list(&self, page: &PageRequest) -> Result<Page<Json>, EngineError> {
        let page = page.clone();
        let found = self.store().read(move |db| prompt::list(db, &page)).await?;
        Ok(found.map(|it| prompt::view(&it)))
    }
}
