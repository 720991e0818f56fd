//! What the templates of a task see: the records, the parent, the rules, the reference data.

use serde_json::{Map, Value as Json, json};

use crate::{
    folder::TaskKit,
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

    /// The whole, with these records as `items`.
    pub fn with_batch(
        &self,
        kit: &TaskKit,
        records: &[Map<String, Json>],
        number: usize,
        of: usize,
    ) -> Vars {
        let items = records.iter().map(|it| value_of(&Json::Object(it.clone())));
        let mut vars = self.vars.clone();
        vars.set_value("items", items.collect())
            .set("batch", &json!({"number": number, "of": of}))
            .set("task", &json!(kit.name))
            .set("schema", &json!(kit.output.inlined().to_string()));
        vars
    }
}
