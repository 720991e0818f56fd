//! The words of a file that is read once and kept nowhere.

use bytes::Bytes;

use super::ExtractError;
use crate::{Knowledge, sniff::Kind};

impl Knowledge {
    /// The words of a file of this kind, page after page: read by the process that reads documents, within
    /// the same bounds. Nothing of it is kept.
    ///
    /// # Errors
    /// [`ExtractError`] says why there are none.
    pub async fn words(&self, kind: Kind, bytes: Bytes) -> Result<String, ExtractError> {
        let read = self.extractor().extract(kind, bytes).await?;
        let pages: Vec<String> = read.pages.into_iter().map(|it| it.text).collect();
        Ok(pages.join("\n"))
    }
}
