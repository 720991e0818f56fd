//! Collections: do their schemas, parents, fields, imports and exports fit together?

use std::collections::HashMap;

use super::{At, Checker};
use crate::{
    description::{Collection, Description, Ids, Import, plural},
    export, field,
    schema::{Kinds, Schema},
    table,
};

impl Checker<'_> {
    pub(super) fn collection(&mut self, name: &str, collection: &Collection, all: &Description) {
        let base = field::pointer_to("/collections", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "collection", name);
        let schema = self.schema(&at("schema"), &collection.schema);
        self.family(name, collection, all, &base);
        for (key, file) in &collection.documents {
            let pointer = field::pointer_to(&at("documents"), key);
            self.schema(&format!("{pointer}/schema"), &file.schema);
            self.known_error(At::Value(&format!("{pointer}/code")), &file.code);
        }
        for (key, target) in &collection.references {
            self.known_collection(&field::pointer_to(&at("references"), key), target);
        }
        if let Some(import) = &collection.import {
            self.import(name, import, all, &at("import"));
        }
        if let Some(export) = &collection.export {
            self.export(collection, export, all, &at("export"));
        }
        if let Some(numbered) = &collection.numbered {
            self.counted(&at("numbered/empty"), &numbered.empty, &["n"]);
            self.counted(&at("numbered/repeated"), &numbered.repeated, &["n", "value"]);
        }
        if let Some(archive) = &collection.archive {
            self.archive(name, archive, schema.as_ref(), all);
        }
        let Some(schema) = schema else {
            for (key, file) in [("seed", &collection.seed), ("default", &collection.default)] {
                if let Some(file) = file {
                    self.exists(&at(key), file);
                }
            }
            return;
        };
        self.fields(name, collection, &schema, &base);
        self.embedded(name, collection, &schema, all);
        self.rules(name, collection, &schema, &base);
        if let Some(file) = &collection.seed {
            self.seed(&at("seed"), file, collection, &schema);
        }
        if let Some(file) = &collection.default {
            self.default_record(&at("default"), file, collection, &schema);
        }
    }

    /// Parents and children.
    fn family(&mut self, name: &str, collection: &Collection, all: &Description, base: &str) {
        let parent = collection.parent.as_ref().and_then(|it| all.collections.get(it));
        let versioned = parent.and_then(|it| it.versioned.as_ref());
        if collection.ids == Ids::Integer && versioned.is_some_and(|it| it.children == name) {
            let message = format!(
                "each version has records of `{name}` of its own, so a number would name one of them for no longer than a version"
            );
            let hint = Some("leave `ids` out".to_owned());
            self.fault(At::Value(&format!("{base}/ids")), "ids_in_versions", message).hint = hint;
        }
        if let Some(parent) = &collection.parent {
            let pointer = format!("{base}/parent");
            if self.known_collection(&pointer, parent) {
                let mut above = parent;
                for _ in 0..all.collections.len() {
                    if above == name {
                        let message = format!("`{name}` cannot lie in itself");
                        self.fault(At::Value(&pointer), "own_parent", message);
                        break;
                    }
                    match all.collections.get(above).and_then(|it| it.parent.as_ref()) {
                        Some(next) => above = next,
                        None => break,
                    }
                }
            }
            if collection.shared {
                let message = "a shared collection has no parent".to_owned();
                self.fault(At::Value(&format!("{base}/shared")), "shared_child", message);
            }
        }
        if let Some(versioned) = &collection.versioned {
            let pointer = format!("{base}/versioned/children");
            let children = &versioned.children;
            if self.known_collection(&pointer, children)
                && let Some(child) = all.collections.get(children)
                && child.parent.as_deref() != Some(name)
            {
                let message = format!("`{children}` must name `{name}` as its parent");
                let hint = format!("add `parent: {name}` to `{children}`");
                self.fault(At::Value(&pointer), "not_a_child", message).hint = Some(hint);
            }
        }
    }

    /// Every place that names a field.
    fn fields(&mut self, name: &str, collection: &Collection, schema: &Schema, base: &str) {
        let mut uses: Vec<(String, &str)> = vec![(format!("{base}/title"), &collection.title)];
        let list = |key: &str, fields: &'_ [String]| -> Vec<String> {
            fields.iter().enumerate().map(|(at, _)| format!("{base}/{key}/{at}")).collect()
        };
        for (key, fields) in [
            ("columns", &collection.columns),
            ("filters", &collection.filters),
            ("match", &collection.matched_by),
            ("search", &collection.search),
            ("sorts", &collection.sorts),
        ] {
            uses.extend(list(key, fields).into_iter().zip(fields.iter().map(String::as_str)));
        }
        for (at, set) in collection.unique.iter().enumerate() {
            let key = format!("unique/{at}");
            uses.extend(list(&key, set).into_iter().zip(set.iter().map(String::as_str)));
        }
        if let Some(numbered) = &collection.numbered {
            uses.push((format!("{base}/numbered/field"), &numbered.field));
        }
        for (pointer, field) in &uses {
            self.known_field(At::Value(pointer), schema, field, name);
        }
        self.lists(name, collection, schema, base);
        let keys = collection.references.keys().map(|it| ("references", it));
        for (key, field) in keys.chain(collection.documents.keys().map(|it| ("documents", it))) {
            let pointer = field::pointer_to(&format!("{base}/{key}"), field);
            self.known_field(At::Key(&pointer), schema, field, name);
        }
        if let Some(import) = &collection.import {
            self.import_fields(name, import, schema, &format!("{base}/import"));
        }
        if let Some(export) = &collection.export {
            let hcss = export.hcss.iter().flatten().map(|it| ("hcss", it));
            for (key, (header, field)) in
                export.columns.iter().map(|it| ("columns", it)).chain(hcss)
            {
                let pointer = field::pointer_to(&format!("{base}/export/{key}"), header);
                self.known_field(At::Value(&pointer), schema, field, name);
            }
        }
        for (at, set) in collection.unique.iter().enumerate() {
            if set.is_empty() {
                let pointer = format!("{base}/unique/{at}");
                self.fault(At::Value(&pointer), "invalid_value", "names no field".into());
            }
        }
    }

    /// How lists of it can be ordered and narrowed.
    fn lists(&mut self, name: &str, collection: &Collection, schema: &Schema, base: &str) {
        for (at, field) in collection.sorts.iter().enumerate() {
            if schema.knows(field) && !schema.kinds(field).text {
                let message = format!("`{field}` is no text, and lists are ordered by texts");
                let pointer = format!("{base}/sorts/{at}");
                self.fault(At::Value(&pointer), "invalid_value", message);
            }
        }
        if let Some(order) = &collection.order {
            let field = order.strip_prefix('-').unwrap_or(order);
            let known = collection.sorts.iter().map(String::as_str).chain(["created_at"]);
            if !known.clone().any(|it| it == field) {
                let message = format!("`{name}` is not ordered by `{field}`");
                let pointer = format!("{base}/order");
                self.unknown(At::Value(&pointer), "unknown_field", message, known, field);
            }
        }
        for (at, path) in collection.entries.iter().enumerate() {
            let pointer = format!("{base}/entries/{at}");
            let list = path.rsplit_once('.').map_or(path.as_str(), |it| it.0);
            self.known_field(At::Value(&pointer), schema, list, name);
            if schema.knows(list) && !schema.kinds(list).list {
                let message = format!("`{list}` is no list, so it has no entries");
                self.fault(At::Value(&pointer), "invalid_value", message);
            }
        }
        let Some(located) = &collection.located else { return };
        for (key, field) in [("latitude", &located.latitude), ("longitude", &located.longitude)] {
            let pointer = format!("{base}/located/{key}");
            self.known_field(At::Value(&pointer), schema, field, name);
            if schema.knows(field) && !schema.kinds(field).number {
                let message = format!("`{field}` is no number");
                self.fault(At::Value(&pointer), "invalid_value", message);
            }
        }
    }

    fn import(&mut self, name: &str, import: &Import, all: &Description, base: &str) {
        for (at, format) in import.formats.iter().enumerate() {
            let known = table::Format::ALL.map(table::Format::name);
            if !known.contains(&format.as_str()) {
                let message =
                    format!("`{format}` cannot be imported; one of: {}", known.join(", "));
                self.unknown(
                    At::Value(&format!("{base}/formats/{at}")),
                    "unknown_format",
                    message,
                    known,
                    format,
                );
            }
        }
        for (key, value) in [("max_bytes", import.max_bytes), ("max_rows", import.max_rows)] {
            if value == 0 {
                let message = format!("`{key}` must be at least 1");
                self.fault(At::Value(&format!("{base}/{key}")), "invalid_limit", message);
            }
        }
        for (at, task) in import.tasks.iter().enumerate() {
            let pointer = format!("{base}/tasks/{at}");
            if self.known_task(&pointer, task)
                && let Some(on) = all.tasks.get(task).map(|it| &it.on)
                && on != name
            {
                let message = format!("the task `{task}` works on `{on}`, not on `{name}`");
                self.fault(At::Value(&pointer), "wrong_collection", message);
            }
        }
    }

    fn import_fields(&mut self, name: &str, import: &Import, schema: &Schema, base: &str) {
        let mut words: HashMap<String, &String> = HashMap::new();
        for (field, headers) in &import.columns {
            let pointer = field::pointer_to(&format!("{base}/columns"), field);
            self.known_field(At::Key(&pointer), schema, field, name);
            for (at, header) in headers.iter().enumerate() {
                let plain = header.to_lowercase().replace('_', " ");
                if let Some(first) = words.get(&plain).filter(|it| **it != field) {
                    let message = format!("the header `{header}` already means `{first}`");
                    self.fault(At::Value(&format!("{pointer}/{at}")), "repeated_name", message);
                }
                words.entry(plain).or_insert(field);
            }
        }
        if let Some(rest) = &import.rest {
            let pointer = format!("{base}/rest");
            self.known_field(At::Value(&pointer), schema, rest, name);
            if schema.knows(rest) && !schema.kinds(rest).object {
                let message = format!("`{rest}` must be an object to take the rest");
                self.fault(At::Value(&pointer), "invalid_value", message);
            }
        }
        for (at, field) in import.required.iter().enumerate() {
            let pointer = format!("{base}/required/{at}");
            self.known_field(At::Value(&pointer), schema, field, name);
            if schema.knows(field) && !import.columns.contains_key(field) {
                let message = format!("`{field}` is required and no header means it");
                let hint = Some(format!("add `{field}` to `columns`"));
                self.fault(At::Value(&pointer), "no_header", message).hint = hint;
            }
        }
        for (field, values) in &import.values {
            let pointer = field::pointer_to(&format!("{base}/values"), field);
            self.known_field(At::Key(&pointer), schema, field, name);
            if let Some(place) = &values.unknown.keep_as {
                self.known_field(
                    At::Value(&format!("{pointer}/unknown/keep_as")),
                    schema,
                    place,
                    name,
                );
            }
            let allowed =
                schema.part(field).and_then(|it| it.get("enum")).and_then(|it| it.as_array());
            let mut meanings: HashMap<String, &String> = HashMap::new();
            for (value, words) in &values.words {
                let pointer = field::pointer_to(&format!("{pointer}/words"), value);
                if allowed.is_some_and(|it| !it.iter().any(|it| it == value.as_str())) {
                    let message = format!("`{field}` cannot be `{value}`");
                    let known: Vec<String> = allowed
                        .into_iter()
                        .flatten()
                        .filter_map(|it| it.as_str().map(str::to_owned))
                        .collect();
                    self.unknown(
                        At::Key(&pointer),
                        "invalid_value",
                        message,
                        known.iter().map(String::as_str),
                        value,
                    );
                }
                for (at, word) in words.iter().enumerate() {
                    let plain = word.to_lowercase().replace('_', " ");
                    if let Some(first) = meanings.get(&plain).filter(|it| **it != value) {
                        let message = format!("`{word}` already means `{first}`");
                        self.fault(At::Value(&format!("{pointer}/{at}")), "repeated_name", message);
                    }
                    meanings.entry(plain).or_insert(value);
                }
            }
            let kinds = schema.kinds(field);
            if values.unknown.value.is_null() && kinds != Kinds::ANY && !kinds.null {
                let message = format!("`{field}` cannot be nothing, which an unknown word becomes");
                self.fault(At::Value(&format!("{pointer}/unknown")), "invalid_value", message);
            }
        }
    }

    fn export(
        &mut self,
        collection: &Collection,
        export: &crate::description::Export,
        all: &Description,
        base: &str,
    ) {
        for (at, format) in export.formats.iter().enumerate() {
            let pointer = format!("{base}/formats/{at}");
            match export::Format::named(format) {
                Some(export::Format::Hcss) if export.hcss.is_none() => {
                    let message = "`hcss` needs its columns".to_owned();
                    let hint = Some("add `hcss:` with header: field beside `columns:`".to_owned());
                    self.fault(At::Value(&pointer), "missing_key", message).hint = hint;
                }
                Some(_) => {}
                None => {
                    let known = export::Format::ALL.map(export::Format::name);
                    let message =
                        format!("`{format}` cannot be exported; one of: {}", known.join(", "));
                    self.unknown(At::Value(&pointer), "unknown_format", message, known, format);
                }
            }
        }
        let parent = collection.parent.as_ref().and_then(|it| all.collections.get(it));
        let noun = parent.unwrap_or(collection).noun.to_lowercase().replace(' ', "_");
        let known = ["version", "date", noun.as_str()];
        self.placeholders(&format!("{base}/name"), &export.name, &known);
    }

    /// A pattern that counts: `{n}` or `{n:4}` must be in it, and nothing unknown.
    fn counted(&mut self, pointer: &str, pattern: &str, known: &[&str]) {
        self.placeholders(pointer, pattern, known);
        if !pattern.contains("{n}") && !pattern.contains("{n:") {
            let message = format!("`{pattern}` has no `{{n}}`, so it would repeat");
            self.fault(At::Value(pointer), "invalid_pattern", message);
        }
    }

    /// Checks that every `{name}` of a pattern is known.
    fn placeholders(&mut self, pointer: &str, pattern: &str, known: &[&str]) {
        let mut rest = pattern;
        while let Some(start) = rest.find('{') {
            let Some(end) = rest[start..].find('}') else {
                let message = format!("`{pattern}` opens a brace that is never closed");
                self.fault(At::Value(pointer), "invalid_pattern", message);
                return;
            };
            let name = rest[start + 1..start + end].split(':').next().unwrap_or_default();
            if !known.contains(&name) {
                let names: Vec<String> = known.iter().map(|it| format!("{{{it}}}")).collect();
                let message =
                    format!("`{{{name}}}` is not known here; one of: {}", names.join(", "));
                self.unknown(
                    At::Value(pointer),
                    "invalid_pattern",
                    message,
                    known.iter().copied(),
                    name,
                );
            }
            rest = &rest[start + end + 1..];
        }
    }

    /// A name that becomes part of tables, routes and metrics.
    pub(super) fn snake_name(&mut self, at: At<'_>, kind: &str, name: &str) {
        let is_good = name.starts_with(|it: char| it.is_ascii_lowercase())
            && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
            && name.len() <= 40;
        if !is_good {
            let message = format!(
                "`{name}` is no name for a {kind}: lower-case letters, digits and `_`, at most 40"
            );
            self.fault(at, "invalid_name", message);
        }
    }

    /// Two collections that people could not tell apart.
    pub(super) fn nouns(&mut self, all: &Description) {
        let mut seen: HashMap<String, &String> = HashMap::new();
        for (name, collection) in &all.collections {
            let said = plural(&collection.noun, collection.plural.as_deref()).to_lowercase();
            if let Some(first) = seen.insert(said.clone(), name) {
                let pointer = field::pointer_to("/collections", name);
                let message = format!("people would call both `{first}` and `{name}` \"{said}\"");
                self.fault(At::Value(&format!("{pointer}/noun")), "repeated_name", message);
            }
        }
    }
}
