//! Routes: do they name operations, arguments and shapes that exist, and no path twice?

mod answers;
mod envelope;
mod versions;

use std::collections::HashMap;

use serde_json::Value as Json;

use answers::Answers;

use super::{At, Checker, OperationHead};
use crate::{
    description::{Collection, Description, RouteSpec, Routes},
    field,
    record::{Condition, NEAR, Way},
    schema::Schema,
};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// What belongs to the house itself.
const RESERVED: [&str; 7] =
    ["/health", "/metrics", "/openapi.json", "/docs", "/__debug", "/llm", "/ws"];
/// What a shape spreads to keep the whole of what the server answers.
const WHOLE: &str = "$";

impl Checker<'_> {
    pub(super) fn routes(&mut self, routes: &Routes, all: &Description) {
        let prefix = &routes.prefix;
        if !prefix.is_empty() && (!prefix.starts_with('/') || prefix.ends_with('/')) {
            let message = format!("`{prefix}` must begin with `/` and not end with one");
            self.fault(At::Value("/routes/prefix"), "invalid_path", message);
        }
        self.route_answers(&Answers::main(routes), "/routes");
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (path, route) in &routes.paths {
            let pointer = field::pointer_to("/routes/paths", path);
            if let Some(parameters) = self.path(path, prefix, &pointer) {
                let same = normal(path);
                if let Some(first) = seen.insert(same, path) {
                    let message = format!("`{path}` answers at the same address as `{first}`");
                    self.fault(At::Key(&pointer), "repeated_route", message);
                }
                self.parameters(path, route, &parameters, &pointer);
                self.house_path(path, route, routes, &parameters, &pointer);
            }
            self.route(path, route, routes, all, &pointer);
            self.route_ageing(path, route, all, &pointer);
        }
        self.route_versions(routes, all);
    }

    /// Checks that an operation is one of the engine's.
    pub(super) fn known_operation(&mut self, pointer: &str, name: &str) -> Option<OperationHead> {
        let found = self.operations.iter().find(|it| it.name == name).cloned();
        if found.is_none() && !self.operations.is_empty() {
            let message = format!("there is no operation `{name}`");
            let known: Vec<&str> = self.operations.iter().map(|it| it.name.as_str()).collect();
            self.unknown(At::Value(pointer), "unknown_operation", message, known, name);
        }
        found
    }

    /// The parameters of a path; none when it is badly written, which is then told.
    fn path<'p>(&mut self, path: &'p str, prefix: &str, pointer: &str) -> Option<Vec<&'p str>> {
        let (method, address) = path.split_once(' ').unwrap_or((path, ""));
        if !METHODS.contains(&method) || !address.starts_with('/') {
            let message = format!("`{path}` is no route");
            let hint = Some("write it like `GET /things/{thing_id}`".to_owned());
            self.fault(At::Key(pointer), "invalid_path", message).hint = hint;
            return None;
        }
        let full = format!("{prefix}{address}");
        if is_reserved(&full) {
            let message = format!("`{full}` belongs to the server itself");
            self.fault(At::Key(pointer), "invalid_path", message);
        }
        let mut parameters = Vec::new();
        for segment in address.split('/').skip(1) {
            let name = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            let good = match name {
                Some(name) => {
                    !name.is_empty()
                        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
                }
                None => segment.bytes().all(|it| {
                    it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'~')
                }),
            };
            if !good || (segment.is_empty() && address != "/") {
                let message = format!("`{segment}` is no part of a path");
                self.fault(At::Key(pointer), "invalid_path", message);
                return None;
            }
            if let Some(name) = name {
                if parameters.contains(&name) {
                    let message = format!("the parameter `{name}` stands twice in the path");
                    self.fault(At::Key(pointer), "repeated_name", message);
                }
                parameters.push(name);
            }
        }
        Some(parameters)
    }

    /// The interface lives on the server's own paths: there an application may only add to what is
    /// taken and answered.
    fn house_path(
        &mut self,
        path: &str,
        route: &RouteSpec,
        routes: &Routes,
        parameters: &[&str],
        pointer: &str,
    ) {
        let (method, address) = path.split_once(' ').unwrap_or((path, ""));
        let same = normal(&format!("{method} {}{address}", routes.prefix));
        let is_there = |it: &&OperationHead| it.paths.iter().any(|own| normal(own) == same);
        let Some(head) = self.operations.iter().find(is_there).cloned() else { return };
        if head.name != route.operation {
            let message = format!("at `{path}` the server itself answers, with `{}`", head.name);
            let hint = Some("choose another path, or the same operation".to_owned());
            self.fault(At::Key(pointer), "invalid_path", message).hint = hint;
            return;
        }
        let shape = route.shape.as_ref().and_then(|it| routes.shapes.get(it));
        if shape.is_some_and(|it| it.get("...").is_none_or(|from| from.trim() != WHOLE)) {
            let message = format!("at `{path}` the server's own answer must stay whole");
            let hint = Some(format!("add `\"...\": {WHOLE}` to the shape"));
            self.fault(At::Value(&format!("{pointer}/as")), "invalid_shape", message).hint = hint;
        }
        for (argument, source) in &route.from {
            let keeps = |it: &str| it.trim() == argument || parameters.contains(&it.trim());
            if !source.split('|').any(keeps) {
                let at = field::pointer_to(&format!("{pointer}/from"), argument);
                let message = format!("at `{path}` `{argument}` must keep its own name too");
                let hint = Some(format!("write `{argument} | {source}`"));
                self.fault(At::Value(&at), "invalid_value", message).hint = hint;
            }
        }
    }

    /// Every parameter of the path must go somewhere.
    fn parameters(&mut self, path: &str, route: &RouteSpec, parameters: &[&str], pointer: &str) {
        let operation = self.operations.iter().find(|it| it.name == route.operation);
        let is_arg = |name: &str| match operation {
            Some(operation) => operation.args.iter().any(|it| it == name),
            // An unknown operation may take anything.
            None => true,
        };
        let taken = |name: &str| {
            route.from.values().any(|it| it.split('|').any(|it| it.trim() == name))
                || route.filters.values().any(|it| it == name)
                || route.switches.values().any(|it| it == name)
                || (is_arg(name) && !route.from.contains_key(name) && !route.set.contains_key(name))
        };
        let lost: Vec<&str> = parameters.iter().copied().filter(|it| !taken(it)).collect();
        for name in lost {
            let message = format!("nobody takes the parameter `{name}` of `{path}`");
            let hint = Some(format!("add `from: {{argument: {name}}}`"));
            self.fault(At::Key(pointer), "unused_path_parameter", message).hint = hint;
        }
    }

    fn route(
        &mut self,
        path: &str,
        route: &RouteSpec,
        routes: &Routes,
        all: &Description,
        pointer: &str,
    ) {
        let operation = self.known_operation(&format!("{pointer}/do"), &route.operation);
        if let Some(operation) = &operation {
            let set = route.set.keys().map(|it| ("set", it));
            for (key, argument) in set.chain(route.from.keys().map(|it| ("from", it))) {
                let name = argument.split('.').next().unwrap_or(argument);
                if !operation.args.iter().any(|it| it == name) {
                    let message = format!("`{}` takes no argument `{name}`", operation.name);
                    let at = field::pointer_to(&format!("{pointer}/{key}"), argument);
                    let known: Vec<&str> = operation.args.iter().map(String::as_str).collect();
                    let hint = field::nearest(name, known.iter().copied()).map_or_else(
                        || format!("it takes: {}", known.join(", ")),
                        |it| format!("did you mean `{it}`?"),
                    );
                    self.fault(At::Key(&at), "unknown_argument", message).hint = Some(hint);
                }
            }
        }
        if let Some(operation) = &operation
            && !operation.args.iter().any(|it| it == "filters")
        {
            let all = [
                ("filters", &route.filters),
                ("switches", &route.switches),
                ("hides", &route.hides),
            ];
            for (key, names) in all {
                if !names.is_empty() {
                    let message =
                        format!("`{}` lists nothing that can be narrowed", operation.name);
                    self.fault(At::Key(&format!("{pointer}/{key}")), "unknown_argument", message);
                }
            }
        }
        if let Some(limit) = route.limit
            && !(1..=routes.lists.most).contains(&limit)
        {
            let most = routes.lists.most;
            let message = format!("the usual limit must be between 1 and the most, {most}");
            self.fault(At::Value(&format!("{pointer}/limit")), "invalid_limit", message);
        }
        for field in route.switches.keys().filter(|it| route.filters.contains_key(*it)) {
            let message = format!("`{field}` is both a filter and a switch");
            let at = field::pointer_to(&format!("{pointer}/switches"), field);
            self.fault(At::Key(&at), "repeated_name", message);
        }
        for argument in route.from.keys().filter(|it| route.set.contains_key(*it)) {
            let message = format!("`{argument}` is both set and taken from the request");
            let at = field::pointer_to(&format!("{pointer}/from"), argument);
            self.fault(At::Key(&at), "repeated_name", message);
        }
        if path.starts_with("GET ") {
            for (argument, source) in route.from.iter().filter(|it| it.1 == "body") {
                let message = format!("a GET has no {source} for `{argument}`");
                let at = field::pointer_to(&format!("{pointer}/from"), argument);
                self.fault(At::Value(&at), "invalid_value", message);
            }
        }
        if let Some(shape) = &route.shape
            && !routes.shapes.contains_key(shape)
        {
            let message = format!("there is no shape `{shape}`");
            let known: Vec<&str> = routes.shapes.keys().map(String::as_str).collect();
            self.unknown(
                At::Value(&format!("{pointer}/as")),
                "unknown_shape",
                message,
                known,
                shape,
            );
        }
        if let Some(status) = route.status
            && !(200..=299).contains(&status)
        {
            let message = format!("{status} is no status of success (200 to 299)");
            self.fault(At::Value(&format!("{pointer}/status")), "invalid_value", message);
        }
        let mut collection = None;
        match route.set.get("collection") {
            Some(Json::String(name))
                if self.known_collection(&format!("{pointer}/set/collection"), name) =>
            {
                collection = all.collections.get_key_value(name);
            }
            None | Some(Json::String(_)) => {}
            Some(_) => {
                let message = "must be the name of a collection".to_owned();
                self.fault(
                    At::Value(&format!("{pointer}/set/collection")),
                    "invalid_value",
                    message,
                );
            }
        }
        for (at, child) in route.with().enumerate() {
            let at = format!("{pointer}/set/with/{at}");
            if self.known_collection(&at, child)
                && let Some((name, _)) = collection
                && all.collections.get(child).is_some_and(|it| it.parent.as_ref() != Some(name))
            {
                let message = format!("records of `{child}` do not lie in those of `{name}`");
                self.fault(At::Value(&at), "not_a_child", message);
            }
        }
        if let Some(Json::String(task)) = route.set.get("task") {
            self.known_task(&format!("{pointer}/set/task"), task);
        }
        if let Some(Json::String(assistant)) = route.set.get("assistant") {
            self.known_assistant(&format!("{pointer}/set/assistant"), assistant);
        }
        if let Some(Json::String(lookup)) = route.set.get("lookup")
            && !all.lookups.contains_key(lookup)
        {
            let at = format!("{pointer}/set/lookup");
            let message = format!("there is no look-up `{lookup}`");
            let known = all.lookups.keys().map(String::as_str);
            self.unknown(At::Value(&at), "unknown_lookup", message, known, lookup);
        }
        if let Some((name, collection)) = collection
            && let Some(schema) =
                self.schema(&format!("/collections/{name}/schema"), &collection.schema)
        {
            for key in route.filters.keys() {
                let at = field::pointer_to(&format!("{pointer}/filters"), key);
                self.route_filter(&at, key, name, collection, &schema);
            }
            for field in route.switches.keys() {
                let at = field::pointer_to(&format!("{pointer}/switches"), field);
                self.known_field(At::Key(&at), &schema, field, name);
                self.declared_filter(&at, field, name, collection, &schema);
            }
            for field in route.hides.keys() {
                let at = field::pointer_to(&format!("{pointer}/hides"), field);
                self.known_field(At::Key(&at), &schema, field, name);
                self.declared_filter(&at, field, name, collection, &schema);
            }
            let switches = route.switches.keys().map(|it| ("switches", it));
            let both = switches.chain(route.hides.keys().map(|it| ("hides", it)));
            for (key, field) in both.filter(|it| schema.knows(it.1)) {
                if !schema.kinds(field).boolean {
                    let at = field::pointer_to(&format!("{pointer}/{key}"), field);
                    let message =
                        format!("`{field}` is not true or false, so nothing can switch it");
                    let hint = Some("name it under `filters`".to_owned());
                    self.fault(At::Key(&at), "not_a_switch", message).hint = hint;
                }
            }
        }
    }
}

impl Checker<'_> {
    /// What narrows a list: a field, a field and a word, or how far away a place is.
    fn route_filter(
        &mut self,
        at: &str,
        key: &str,
        name: &str,
        collection: &Collection,
        schema: &Schema,
    ) {
        if NEAR.contains(&key) {
            if collection.located.is_none() {
                let message = format!("`{name}` does not say where its records lie");
                let hint = Some(format!("add `located` to `{name}`"));
                self.fault(At::Key(at), "not_a_filter", message).hint = hint;
            }
            return;
        }
        let Condition { field, way } = Condition::read(key);
        let (list, known) = match way {
            Way::Is | Way::Not | Way::From | Way::To => {
                self.known_field(At::Key(at), schema, field, name);
                self.declared_filter(at, field, name, collection, schema);
                return;
            }
            Way::Contains => {
                self.known_field(At::Key(at), schema, field, name);
                (
                    "search",
                    collection.search.iter().chain(&collection.filters).any(|it| it == field),
                )
            }
            Way::Has => ("entries", collection.entries.iter().any(|it| it == field)),
        };
        if !known {
            let message = format!("`{name}` is not narrowed by `{key}`");
            let hint = Some(format!("add `{field}` to the `{list}` of `{name}`"));
            self.fault(At::Key(at), "not_a_filter", message).hint = hint;
        }
    }

    /// A field by which lists of a collection are narrowed must be one of its filters.
    fn declared_filter(
        &mut self,
        at: &str,
        field: &str,
        name: &str,
        collection: &Collection,
        schema: &Schema,
    ) {
        if schema.knows(field) && !collection.filters.iter().any(|it| it == field) {
            let message = format!("`{name}` is not narrowed by `{field}`");
            let hint = Some(format!("add `{field}` to the `filters` of `{name}`"));
            self.fault(At::Key(at), "not_a_filter", message).hint = hint;
        }
    }
}

/// Does this whole path belong to the house?
fn is_reserved(full: &str) -> bool {
    RESERVED.iter().any(|it| full == *it || full.starts_with(&format!("{it}/")))
}

/// A path with its parameters unnamed, so that two that meet are the same.
fn normal(path: &str) -> String {
    let parts = path.split('/').map(|it| if it.starts_with('{') { "{}" } else { it });
    parts.collect::<Vec<_>>().join("/")
}
