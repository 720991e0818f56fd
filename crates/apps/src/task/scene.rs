//! What the templates of a task see: the records, the parent, the rules, the reference data.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::{
    folder::TaskKit,
    language,
    schema::Schema,
    template::{Value, Vars, value_of},
};

/// Everything but the batch. Made once for a run; its values are shared by all batches.
#[derive(Debug, Clone)]
pub struct Scene {
    vars: Vars,
}

impl Scene {
    /// What a run sees of its parent record, of the caller's input and of its context. `total` is
    /// the number of records in all batches.
    pub fn new(
        record: Option<&Map<String, Json>>,
        input: &Json,
        context: impl IntoIterator<Item = (String, Json)>,
        total: usize,
    ) -> Self {
        let mut vars = Vars::new();
        vars.set_value("record", record.map_or_else(|| Value::from(()), |it| value_of(&json!(it))));
        vars.set("input", input).set("total", &json!(total));
        for (name, value) in context {
            vars.set(&name, &value);
        }
        Self { vars }
    }

    /// The whole, with these records as `items` and the schema that the answer is asked to follow.
    pub fn with_batch(
        &self,
        kit: &TaskKit,
        asked: &Schema,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Vars {
        let items = records.iter().map(|it| value_of(&Json::Object(it.clone())));
        let mut vars = self.vars.clone();
        vars.set_value("items", items.collect())
            .set("batch", &json!({"number": number, "of": of}))
            .set("task", &json!(kit.name))
            .set("schema", &json!(asked.inlined().to_string()));
        vars
    }
}

/// What templates see of a text that is looked at. `boundary` is a mark that does not occur in it: what
/// stands between two of them is the text, whatever it says about itself.
pub fn of_text(text: &str, language: &str) -> Json {
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    // The same for the same text, so that the same question is known again.
    let boundary = format!("TEXT-{}", &hash[..16]);
    json!({
        "text": text,
        "language": language,
        "language_name": language::name(language),
        "boundary": boundary,
    })
}
