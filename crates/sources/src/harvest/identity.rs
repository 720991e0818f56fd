//! By what a row would be recognised that could not be made into a record: it was there, so its record has not
//! gone. Where that cannot be known for certain, nothing is said. Nobody asks it of rows that were refused.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{Maker, has_key, key_of};
use crate::{
    expression::{Data, Value, json_of, value_of},
    read::Row,
};

impl Maker<'_> {
    /// The key that a row would have had. None where a part of it hangs on something that could not be read.
    pub(super) fn identity(&self, row: &Row, lacking: &[String]) -> Option<String> {
        let mut unsure: HashSet<&str> = lacking.iter().map(String::as_str).collect();
        if row.fault.is_some() {
            // One of those that are null could not be read.
            let empty = row.fields.iter().filter(|it| it.1.is_null());
            unsure.extend(empty.map(|it| it.0.as_str()));
        }
        let mut scope = self.scope.with("row", value_of(&Json::Object(row.fields.clone())));
        let mut seen: IndexMap<&str, Value> = IndexMap::new();
        let mut data = Data::new();
        for (name, text) in &self.source.map {
            scope.set("it", Value::from_pairs(seen.iter().map(|(name, it)| (*name, it.clone()))));
            let is_unsure = words(text).any(|it| unsure.contains(it));
            let value = if is_unsure { None } else { self.bench.eval(text, &scope).ok() };
            let Some(value) = value else {
                unsure.insert(name);
                continue;
            };
            let json = json_of(&value);
            seen.insert(name, value_of(&json));
            data.insert(name.clone(), json);
        }
        has_key(self.source, &data).then(|| key_of(self.source, &data))
    }
}

/// The names in an expression, and all else that looks like one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty())
}
