//! What is found by meaning: are there such fields, and is it said well how far back?

use super::{At, Checker};
use crate::{
    description::{Collection, Description, Embed},
    field,
    schema::Schema,
};

impl Checker<'_> {
    pub(super) fn embedded(
        &mut self,
        name: &str,
        collection: &Collection,
        schema: &Schema,
        all: &Description,
    ) {
        let base = format!("{}/embed", field::pointer_to("/collections", name));
        let (fields, is_narrowed) = match &collection.embed {
            None => return,
            Some(Embed::All(_)) => (base.clone(), false),
            Some(Embed::Narrowed(_)) => (format!("{base}/fields"), true),
        };
        for (at, field) in collection.embedded().iter().enumerate() {
            self.known_field(At::Value(&format!("{fields}/{at}")), schema, field, name);
        }
        if is_narrowed && collection.embedded().is_empty() {
            self.fault(At::Value(&fields), "invalid_value", "names no field".to_owned());
        }
        let Some(recent) = collection.embedded_recently() else { return };
        let at = |path: &str| format!("{base}/recent{path}");
        if lies_in_versions(name, collection, all) {
            let message = format!(
                "records of `{name}` lie in versions, which are found by meaning as a whole"
            );
            self.fault(At::Key(&at("")), "invalid_value", message).hint =
                Some("take `recent` out".to_owned());
        }
        self.known_field(At::Value(&at("/field")), schema, &recent.field, name);
        if schema.knows(&recent.field) && !schema.kinds(&recent.field).text {
            let message = format!("`{}` holds neither a day nor a time", recent.field);
            self.fault(At::Value(&at("/field")), "invalid_value", message);
        }
        if recent.months == 0 {
            let message = "`embed.recent.months` must be at least 1".to_owned();
            self.fault(At::Value(&at("/months")), "invalid_value", message);
        }
    }
}

fn lies_in_versions(name: &str, collection: &Collection, all: &Description) -> bool {
    let parent = collection.parent.as_ref().and_then(|it| all.collections.get(it));
    parent.and_then(|it| it.versioned.as_ref()).is_some_and(|it| it.children == name)
}
