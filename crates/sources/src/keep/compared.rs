//! What was found equal to its records a short while ago, from run to run.

use std::collections::HashMap;

use serde_json::json;

use crate::{
    cache::{self, Entry, Kind},
    trip::{Stop, Trip},
};

impl Trip<'_> {
    /// What was found equal a short while ago; whether it was kept.
    pub(crate) async fn load_compared(&mut self) -> Result<bool, Stop> {
        let (name, tags) = self.compared_name();
        let shape = self.program.shape().to_owned();
        let found = self.kept(Kind::Comparison, &name, &tags, &shape).await?;
        let is_kept = found.is_some();
        let read: Option<HashMap<String, String>> =
            found.and_then(|it| serde_json::from_value(it.body).ok());
        self.compared = read.unwrap_or_default();
        Ok(is_kept)
    }

    /// Keeps what was found equal. What was kept before is left to grow old: it was not looked at.
    pub(crate) async fn save_compared(&mut self) -> Result<(), Stop> {
        let (name, tags) = self.compared_name();
        let entry = Entry {
            kind: Kind::Comparison,
            name,
            tags,
            row_count: None,
            shape: self.program.shape().to_owned(),
            body: json!(self.compared),
        };
        Ok(self.keep_entry(entry).await?)
    }

    fn compared_name(&self) -> (String, Vec<String>) {
        let name = self.program.name();
        let tags = vec![name.to_owned(), "compared".to_owned()];
        (cache::name(&format!("{name}/compared"), &json!([self.tenant])), tags)
    }
}
