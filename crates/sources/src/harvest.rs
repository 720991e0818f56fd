//! What a document gives: rows mapped onto fields, rows of one record merged, fields computed.
//!
//! No I/O: the same document, description and day give the same harvest, so that it can be kept. Rows
//! that resist are set aside with their reason and cost nobody else anything.

mod identity;
mod seen;

use std::collections::HashMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

pub(crate) use self::seen::{seen, seen_kept};
use crate::{
    description::{Merge, Source},
    expression::{Bench, Data, Scope, Value, Wrong, json_of, value_of},
    finding::cut,
    item,
    program::Program,
    read::{ReadError, Reader, Row},
};

/// What a document gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Harvest {
    /// Rows that were found.
    pub rows: usize,
    /// Rows as an independent count has them.
    pub counted: Option<usize>,
    /// Whether the document is whole, where that can be told.
    pub whole: Option<bool>,
    /// Whether it is rightly empty.
    pub is_empty: bool,
    /// The records.
    pub items: Vec<Item>,
    /// Rows that resisted.
    pub aside: Vec<Resisting>,
    /// Required fields, and in how many rows they are missing.
    pub missing: IndexMap<String, usize>,
    /// Where nothing was found: how often each selector is.
    pub probes: Vec<(String, usize)>,
    /// It is not what the description says, and why.
    pub strange: Option<String>,
}

/// One record in the making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is recognised by: the values of its key.
    pub key: String,
    /// Its fields.
    pub data: Data,
    /// The first of its rows as it was, when somebody may ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Where it is in a source that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<i64>,
}

/// A row that could not be made into a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resisting {
    /// What it is known by: its key, its place, or its number.
    pub key: String,
    /// By what it would be recognised, where that is certain although it resists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The description refuses it: it is read, and none of the records that are meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refused: bool,
    /// Why it resists.
    pub reason: String,
    /// Its fields.
    pub row: Data,
    /// The row as it was, when somebody may ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Where it is in a source that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<i64>,
}

/// Makes the harvest of a document.
///
/// # Errors
/// An expression that cannot even be compiled; a check of the folder has seen that.
pub fn harvest(program: &Program, text: &str, scope: &Scope) -> Result<Harvest, Wrong> {
    let bench = program.bench()?;
    let source = program.source();
    let matches = |it: &Option<String>| {
        it.as_deref().and_then(|it| program.pattern(it)).map(|it| it.is_match(text))
    };
    let mut harvest = Harvest {
        counted: counted(program, text),
        whole: matches(&source.parse.whole),
        is_empty: matches(&source.parse.empty).unwrap_or(false),
        ..Harvest::default()
    };
    let reading = match (Reader { program, bench: &bench, scope }).rows(text) {
        Ok(reading) => reading,
        Err(ReadError::Other(why)) => {
            harvest.strange = Some(why);
            return Ok(harvest);
        }
        Err(ReadError::Wrong(wrong)) => return Err(wrong),
    };
    harvest.rows = reading.rows.len();
    harvest.probes = reading.probes;
    let maker = Maker { source, bench: &bench, scope };
    maker.gather(reading.rows, &mut harvest);
    Ok(harvest)
}

/// How often a document says that it has a row, without being understood.
pub(crate) fn counted(program: &Program, text: &str) -> Option<usize> {
    let count = program.source().parse.count.as_deref()?;
    program.pattern(count).map(|it| it.find_iter(text).count())
}

/// The hash of a document.
pub(crate) fn text_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..12])
}

/// Tries a row again that was set aside.
///
/// # Errors
/// Why it still resists.
pub fn again(
    program: &Program,
    row: Data,
    raw: Option<String>,
    scope: &Scope,
) -> Result<Item, Wrong> {
    let bench = program.bench()?;
    let maker = Maker { source: program.source(), bench: &bench, scope };
    let row = Row { fields: row, raw, ..Row::default() };
    let lacking = maker.lacking(&row);
    if !lacking.is_empty() {
        return Err(Wrong(format!("missing: {}", lacking.join(", "))));
    }
    let mapped = maker.mapped(&row).map_err(|it| Wrong(it.reason))?;
    maker.merged(vec![mapped]).map_err(Wrong)
}

/// A record of what a task read in a row that resists: it answers with fields, not with notes.
pub(crate) fn told(source: &Source, mut data: Data, resisting: &Resisting) -> Item {
    data.retain(|name, _| !name.starts_with('_'));
    let (raw, place) = (resisting.raw.clone(), resisting.place);
    Item { key: key_of(source, &data), data, raw, place }
}

/// Why a row becomes no record.
struct Unmade {
    is_refused: bool,
    reason: String,
}

impl From<String> for Unmade {
    fn from(reason: String) -> Self {
        Self { is_refused: false, reason }
    }
}

struct Maker<'a> {
    source: &'a Source,
    bench: &'a Bench<'a>,
    scope: &'a Scope,
}

/// A row that was mapped.
struct Mapped {
    key: String,
    fields: IndexMap<String, Json>,
    raw: Option<String>,
    place: Option<i64>,
}

impl Maker<'_> {
    fn gather(&self, rows: Vec<Row>, harvest: &mut Harvest) {
        let mut order: Vec<Vec<Mapped>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for name in self.source.parse.required.iter().chain(&self.source.parse.present) {
            harvest.missing.insert(name.clone(), 0);
        }
        for (number, row) in rows.into_iter().enumerate() {
            let lacking = self.lacking(&row);
            for name in &lacking {
                *harvest.missing.entry(name.clone()).or_default() += 1;
            }
            let made = match (&row.fault, lacking.is_empty()) {
                (Some(fault), _) => Err(fault.clone().into()),
                (None, true) => self.mapped(&row),
                (None, false) => Err(format!("missing: {}", lacking.join(", ")).into()),
            };
            match made {
                Ok(mapped) => match places.get(&mapped.key) {
                    Some(at) => order[*at].push(mapped),
                    None => {
                        places.insert(mapped.key.clone(), order.len());
                        order.push(vec![mapped]);
                    }
                },
                Err(Unmade { is_refused, reason }) => {
                    let item = (!is_refused).then(|| self.identity(&row, &lacking)).flatten();
                    let resisting = self.resisting(number, row, &reason);
                    harvest.aside.push(Resisting { item, is_refused, ..resisting });
                }
            }
        }
        harvest.missing.retain(|_, count| *count > 0);
        for (number, mapped) in order.into_iter().enumerate() {
            let (key, raw, place) = (mapped[0].key.clone(), mapped[0].raw.clone(), mapped[0].place);
            match self.merged(mapped) {
                Ok(item) => harvest.items.push(item),
                Err(reason) => {
                    let row = Row { raw, ..Row::default() };
                    let resisting = self.resisting(number, row, &reason);
                    let item = Some(key.clone());
                    harvest.aside.push(Resisting { key, item, place, ..resisting });
                }
            }
        }
    }

    /// The required fields and keys that a row has not.
    fn lacking(&self, row: &Row) -> Vec<String> {
        let is_missing = |it: &&String| row.fields.get(it.as_str()).is_none_or(Json::is_null);
        let fields = self.source.parse.required.iter().filter(is_missing);
        let mut lacking: Vec<String> = row.lacks.clone();
        for name in fields {
            if !lacking.contains(name) {
                lacking.push(name.clone());
            }
        }
        lacking
    }

    fn resisting(&self, number: usize, row: Row, reason: &str) -> Resisting {
        let place = self.place(&row);
        let key = match place {
            Some(place) => place.to_string(),
            // Every page of a source that grows has a first row: what it says tells it from the others.
            None if self.source.cursor.is_some() => format!("row {}", item::hash(&row.fields)),
            None => format!("row {}", number + 1),
        };
        let (reason, item, is_refused) = (cut(reason), None, false);
        Resisting { key, item, is_refused, reason, row: row.fields, raw: row.raw, place }
    }

    /// Where a row is in a source that grows.
    fn place(&self, row: &Row) -> Option<i64> {
        let cursor = self.source.cursor.as_ref()?;
        match row.fields.get(&cursor.field)? {
            Json::Number(number) => number.as_i64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn mapped(&self, row: &Row) -> Result<Mapped, Unmade> {
        let seen = self.scope.with("row", value_of(&Json::Object(row.fields.clone())));
        for refusal in &self.source.refuse {
            let is_refused = self.bench.is_true(&refusal.when, &seen);
            if is_refused.map_err(|it| format!("`{}`: {it}", refusal.when))? {
                return Err(Unmade { is_refused: true, reason: refusal.because.clone() });
            }
        }
        let fields = self.computed(&self.source.map, &seen, IndexMap::new())?;
        let data: Data = fields.iter().map(|(name, it)| (name.clone(), it.clone())).collect();
        let empty = self.source.key.iter().find(|it| data.get(*it).is_none_or(is_empty));
        if let Some(empty) = empty {
            return Err(format!("`{empty}`, by which it would be recognised, is empty").into());
        }
        if self.source.cursor.is_some() && self.place(row).is_none() {
            return Err("it has no whole number by which its place is known".to_owned().into());
        }
        let (raw, place) = (row.raw.clone(), self.place(row));
        Ok(Mapped { key: key_of(self.source, &data), fields, raw, place })
    }

    /// Runs expressions in order; each sees as `it` what those before it gave.
    fn computed(
        &self,
        expressions: &IndexMap<String, String>,
        scope: &Scope,
        mut fields: IndexMap<String, Json>,
    ) -> Result<IndexMap<String, Json>, String> {
        let mut seen: IndexMap<String, Value> =
            fields.iter().map(|(name, it)| (name.clone(), value_of(it))).collect();
        let mut scope = scope.clone();
        for (name, text) in expressions {
            let pairs = seen.iter().map(|(name, it)| (name.as_str(), it.clone()));
            scope.set("it", Value::from_pairs(pairs));
            let value = self.bench.eval(text, &scope).map_err(|it| format!("`{name}`: {it}"))?;
            let json = json_of(&value);
            // As it will be read again: what expressions pass on is what is kept.
            seen.insert(name.clone(), value_of(&json));
            fields.insert(name.clone(), json);
        }
        Ok(fields)
    }

    /// One record of all its rows.
    fn merged(&self, mut rows: Vec<Mapped>) -> Result<Item, String> {
        let first = rows.remove(0);
        let (key, raw, place) = (first.key, first.raw, first.place);
        let mut fields = first.fields;
        for name in self.source.map.keys() {
            let rule = self.source.merge.get(name).copied().unwrap_or(Merge::First);
            let mine = fields.get(name).cloned().unwrap_or_default();
            let others = rows.iter().filter_map(|it| it.fields.get(name)).cloned();
            let values: Vec<Json> = std::iter::once(mine).chain(others).collect();
            fields.insert(name.clone(), merge(rule, values));
        }
        let fields = self.computed(&self.source.compute, self.scope, fields)?;
        let data = fields.into_iter().filter(|(name, _)| !name.starts_with('_')).collect();
        Ok(Item { key, data, raw, place })
    }
}

/// The values of a record's key, as one text that no other values give.
pub(crate) fn key_of(source: &Source, data: &Data) -> String {
    let values: Vec<&Json> =
        source.key.iter().map(|it| data.get(it).unwrap_or(&Json::Null)).collect();
    match values[..] {
        [Json::String(one)] => one.clone(),
        _ => json!(values).to_string(),
    }
}

/// Has a record all by which it is recognised?
pub(crate) fn has_key(source: &Source, data: &Data) -> bool {
    source.key.iter().all(|it| data.get(it).is_some_and(|it| !is_empty(it)))
}

/// Is there nothing in it?
pub(crate) fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(entries) => entries.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// What becomes of the values that several rows have. No I/O: this is the part the tests pin down.
fn merge(rule: Merge, values: Vec<Json>) -> Json {
    let truth = |it: &Json| it.as_bool().unwrap_or(false);
    let mut real = values.iter().filter(|it| !is_empty(it));
    match rule {
        Merge::First => real.next().or(values.first()).cloned().unwrap_or_default(),
        Merge::Last => real.next_back().or(values.last()).cloned().unwrap_or_default(),
        Merge::Any => Json::Bool(values.iter().any(truth)),
        Merge::All => Json::Bool(values.iter().all(truth)),
        Merge::Min => real.min_by(|a, b| order(a, b)).cloned().unwrap_or_default(),
        Merge::Max => real.max_by(|a, b| order(a, b)).cloned().unwrap_or_default(),
        Merge::Union => {
            let mut all: Vec<Json> = Vec::new();
            for value in values {
                let entries = match value {
                    Json::Array(entries) => entries,
                    Json::Null => Vec::new(),
                    one => vec![one],
                };
                for entry in entries {
                    if !all.contains(&entry) {
                        all.push(entry);
                    }
                }
            }
            Json::Array(all)
        }
    }
}

/// Numbers by size, all else by its letters: dates written year first are in order so.
fn order(a: &Json, b: &Json) -> std::cmp::Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => letters(a).cmp(&letters(b)),
    }
}

fn letters(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
#[path = "harvest/tests.rs"]
mod tests;
