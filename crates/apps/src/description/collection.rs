//! Collections: what an application keeps.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Archive, Recent};

/// A collection of records of one shape.
///
/// A record lies beside nothing, in a parent record, or, when the parent's collection is versioned
/// over it, in a version of that parent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// What people call one record.
    pub noun: String,
    /// What people call several; `noun` + `s` when left out.
    pub plural: Option<String>,
    /// JSON Schema (draft 2020-12) of a record's data.
    pub schema: String,
    /// The collection whose records hold these.
    pub parent: Option<String>,
    /// What the ids of its new records are.
    #[serde(default)]
    pub ids: Ids,
    /// The field that names a record to people.
    pub title: String,
    /// Fields shown in tables, in order; `metadata.unit` reaches into objects.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Fields by which lists can be narrowed.
    #[serde(default)]
    pub filters: Vec<String>,
    /// Lists by whose entries lists can be narrowed (`has`): a list of texts, or a field of the objects in
    /// one, `distances.distance`.
    #[serde(default)]
    pub entries: Vec<String>,
    /// Fields of text by which lists can be ordered: days, times, names. `-name` begins with the last.
    #[serde(default)]
    pub sorts: Vec<String>,
    /// The order of lists that ask for none; one of `sorts`, `created_at` or `-created_at`.
    pub order: Option<String>,
    /// Where a record lies on the Earth: lists can be narrowed by how far away that is.
    pub located: Option<Located>,
    /// Sets of fields of which no two living records beside each other may share all values.
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
    /// Fields by which an incoming record is recognised as one that is there, tried in order.
    #[serde(rename = "match", default)]
    pub matched_by: Vec<String>,
    /// Fields that are computed of others whenever a record is written: field → an expression of the record,
    /// `it`. What is said in them is passed over, unless the expression asks for it.
    #[serde(default)]
    pub computed: IndexMap<String, String>,
    /// What must be true of several fields together.
    #[serde(default)]
    pub rules: Vec<RecordRule>,
    /// Fields found by words.
    #[serde(default)]
    pub search: Vec<String>,
    /// Fields found by meaning, when a provider makes embeddings: a list, or with how far back.
    pub embed: Option<Embed>,
    /// Snapshots of a record and its children.
    pub versioned: Option<Versioned>,
    /// A field that never stays empty and never repeats.
    pub numbered: Option<Numbered>,
    /// How lists are read in.
    pub import: Option<Import>,
    /// How lists are written out.
    pub export: Option<Export>,
    /// Fields that hold the id of a record of another collection.
    #[serde(default)]
    pub references: IndexMap<String, String>,
    /// Fields that hold a document with a schema and an error code of its own.
    #[serde(default)]
    pub documents: IndexMap<String, DocumentField>,
    /// One set for all tenants: only those who reach all tenants change it.
    #[serde(default)]
    pub shared: bool,
    /// CSV, JSON or YAML with which the collection starts; changed rows are taken over at the next start.
    pub seed: Option<String>,
    /// JSON of the record that every new tenant starts with.
    pub default: Option<String>,
    /// Where its records go when they are old.
    pub archive: Option<Archive>,
    /// Each record is seen by whoever made it, and by those who may see what is private; the audit log says
    /// that it was made, and not what is in it.
    #[serde(default)]
    pub private: bool,
}

impl Collection {
    /// The fields found by meaning.
    pub fn embedded(&self) -> &[String] {
        match &self.embed {
            None => &[],
            Some(Embed::All(fields) | Embed::Narrowed(EmbedNarrowed { fields, .. })) => fields,
        }
    }

    /// How far back records are found by meaning; all of them when none.
    pub fn embedded_recently(&self) -> Option<&Recent> {
        match &self.embed {
            Some(Embed::Narrowed(it)) => it.recent.as_ref(),
            Some(Embed::All(_)) | None => None,
        }
    }
}

/// What of its records is found by meaning.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Embed {
    /// These fields of all records.
    All(Vec<String>),
    /// These fields of some.
    Narrowed(EmbedNarrowed),
}

/// Fields of some records.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedNarrowed {
    /// The fields.
    pub fields: Vec<String>,
    /// Only records of the last months: older ones are found by words. Not for records in versions.
    pub recent: Option<Recent>,
}

/// What the ids of new records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ids {
    /// UUIDs.
    #[default]
    Uuid,
    /// Numbers, counted once for the whole installation: each names one record, whatever its collection and
    /// tenant. Inside, and at the server's own paths, such a record has a UUID that is made of its number.
    Integer,
}

/// What must be true of a record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRule {
    /// An expression of the record, `it`, that must come out as true.
    pub must: String,
    /// The field that is told to be at fault.
    pub field: String,
    /// What is wrong, as the rest of a sentence that begins with the field.
    pub says: String,
}

/// Where a record lies on the Earth.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Located {
    /// The field with its latitude, in degrees.
    pub latitude: String,
    /// The field with its longitude, in degrees.
    pub longitude: String,
}

/// Snapshots of a record and its children: numbered, immutable, exactly one active.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Versioned {
    /// The collection of its children.
    pub children: String,
}

/// A field that never stays empty and never repeats within a version.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// The field.
    pub field: String,
    /// What an empty one becomes: `UNCLASSIFIED-{n:4}` counts 0001, 0002.
    pub empty: String,
    /// What a repeated one becomes: `{value}-{n}` counts from 2.
    pub repeated: String,
}

/// A field with a document in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentField {
    /// JSON Schema of the document.
    pub schema: String,
    /// The error code of a document that does not fit.
    pub code: String,
}

/// How a list is read in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// `csv`, `xls`, `xlsx`, `json`, `jsonl`.
    pub formats: Vec<String>,
    /// The largest file.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
    /// The most rows.
    #[serde(default = "default_max_rows")]
    pub max_rows: u64,
    /// Field → the headers that mean it, best first.
    pub columns: IndexMap<String, Vec<String>>,
    /// The object that takes the columns nobody claimed.
    pub rest: Option<String>,
    /// Fields without which a row is skipped and reported.
    #[serde(default)]
    pub required: Vec<String>,
    /// Field → how its words are understood.
    #[serde(default)]
    pub values: IndexMap<String, ValueWords>,
    /// Tasks that complete the records, in order.
    #[serde(default)]
    pub tasks: Vec<String>,
    /// The label of the first version.
    #[serde(default = "default_label")]
    pub label: String,
}

/// How the words of a field are understood.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueWords {
    /// Value → the words that mean it.
    pub words: IndexMap<String, Vec<String>>,
    /// What becomes of a word that means none of them.
    pub unknown: UnknownWord,
}

/// What becomes of a word that means nothing known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnknownWord {
    /// The value it gets.
    #[serde(default)]
    pub value: Json,
    /// The field that keeps the word.
    pub keep_as: Option<String>,
}

/// How a list is written out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The file's name without its ending; `{codebook}` (the parent's noun) is its title, `{version}`, `{date}`.
    pub name: String,
    /// `csv`, `excel`, `json`, and any format declared beside it.
    pub formats: Vec<String>,
    /// Header → field.
    pub columns: IndexMap<String, String>,
    /// Columns of the `hcss` format: header → field; written as CSV, with tabs on request.
    pub hcss: Option<IndexMap<String, String>>,
}

fn default_max_bytes() -> u64 {
    10 * 1024 * 1024
}

fn default_max_rows() -> u64 {
    10_000
}

fn default_label() -> String {
    "Initial import".into()
}
