//! Archives: is it said what goes, and can it go?

use base::Timestamp;

use super::{At, Checker};
use crate::{
    description::{
        Archive, Description,
        archive::{KeepLast, before},
    },
    field,
    schema::Schema,
};

/// The most records of one archive: they are removed in one transaction.
const BATCH_MAX: u32 = 5_000;

impl Checker<'_> {
    pub(super) fn archive(
        &mut self,
        name: &str,
        archive: &Archive,
        schema: Option<&Schema>,
        all: &Description,
    ) {
        let base = format!("{}/archive", field::pointer_to("/collections", name));
        let at = |path: &str| format!("{base}/{path}");
        if has_versions(name, all) {
            let message = format!("records of `{name}` have to do with versions, which stay");
            self.fault(At::Key(&base), "not_archivable", message);
        }
        if archive.older_than.is_none() && archive.keep_last.is_none() {
            let message = "nothing says which records go".to_owned();
            let hint = Some("say `older_than: 12 months`, or `keep_last: {count: 100}`".to_owned());
            self.fault(At::Value(&base), "invalid_archive", message).hint = hint;
        }
        let stay = Some(&archive.brought_back_stay);
        for (key, text) in
            [("older_than", archive.older_than.as_ref()), ("brought_back_stay", stay)]
        {
            if text.is_some_and(|it| before(Timestamp::UNIX_EPOCH, it).is_none()) {
                let message = format!("`{key}` is no length of time");
                let hint = Some("write it like `12 months` or `90 days`".to_owned());
                self.fault(At::Value(&at(key)), "invalid_value", message).hint = hint;
            }
        }
        if !(1..=BATCH_MAX).contains(&archive.batch) {
            let message = format!("`batch` must be between 1 and {BATCH_MAX}");
            self.fault(At::Value(&at("batch")), "invalid_value", message);
        }
        let Some(schema) = schema else { return };
        let field = &archive.field;
        if !["created_at", "updated_at"].contains(&field.as_str()) {
            self.known_field(At::Value(&at("field")), schema, field, name);
            if schema.knows(field) && !schema.kinds(field).text {
                let message = format!("`{field}` holds neither a date nor a time");
                self.fault(At::Value(&at("field")), "invalid_value", message);
            }
        }
        if let Some(keep) = &archive.keep_last {
            self.keep_last(name, keep, schema, all, &at("keep_last/per"));
        }
    }

    fn keep_last(
        &mut self,
        name: &str,
        keep: &KeepLast,
        schema: &Schema,
        all: &Description,
        pointer: &str,
    ) {
        match keep.per.as_str() {
            "created_by" | "tenant" => {}
            "parent" => {
                if all.collections.get(name).is_some_and(|it| it.parent.is_none()) {
                    let message = format!("records of `{name}` lie in no other");
                    self.fault(At::Value(pointer), "invalid_value", message);
                }
            }
            field => self.known_field(At::Value(pointer), schema, field, name),
        }
    }
}

/// Do its records have versions, lie in one that has, or hold records that do, however deep?
fn has_versions(name: &str, all: &Description) -> bool {
    let is_versioned =
        |it: &str| all.collections.get(it).is_some_and(|collection| collection.versioned.is_some());
    is_versioned(name)
        || parent_of(name, all).is_some_and(is_versioned)
        || all.collections.keys().any(|it| is_versioned(it) && lies_in(it, name, all))
}

/// Do records of `inner` lie in those of `outer`, or in others that do?
fn lies_in(inner: &str, outer: &str, all: &Description) -> bool {
    let mut above = parent_of(inner, all);
    // One that lies in itself is told elsewhere.
    for _ in 0..all.collections.len() {
        match above {
            Some(it) if it == outer => return true,
            Some(it) => above = parent_of(it, all),
            None => break,
        }
    }
    false
}

fn parent_of<'a>(name: &str, all: &'a Description) -> Option<&'a str> {
    all.collections.get(name).and_then(|it| it.parent.as_deref())
}
