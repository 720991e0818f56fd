//! Versions of routes, what will go, and what is kept: are they whole, and does the way on lead somewhere?

use std::collections::HashMap;

use crate::{
    check::{At, Checker},
    description::{Deprecated, Description, RouteSpec, RouteVersion, Routes},
    field,
};

use super::{answers::Answers, is_reserved, normal};

/// Answers are kept at most so long.
const TTL_HOURS_MAX: i64 = 24;

impl Checker<'_> {
    /// Each version beside the main one.
    pub(super) fn route_versions(&mut self, routes: &Routes, all: &Description) {
        let sides = routes.sides();
        let mut prefixes = vec![routes.prefix.as_str()];
        for ((prefix, version), side) in routes.versions.iter().zip(sides.iter().skip(1)) {
            let base = field::pointer_to("/routes/versions", prefix);
            if !prefix.starts_with('/') || prefix.len() < 2 || prefix.ends_with('/') {
                let message = format!("`{prefix}` must begin with `/` and not end with one");
                self.fault(At::Key(&base), "invalid_path", message);
            }
            if prefixes.contains(&prefix.as_str()) {
                let message = format!("there is a version at `{prefix}` already");
                self.fault(At::Key(&base), "repeated_name", message);
            }
            prefixes.push(prefix);
            self.route_version(version, side, &base, all);
        }
        let known: Vec<&str> = std::iter::once(routes.prefix.as_str())
            .chain(routes.versions.keys().map(String::as_str))
            .collect();
        for (prefix, version) in &routes.versions {
            let Some(deprecated) = &version.deprecated else { continue };
            let base = format!("{}/deprecated", field::pointer_to("/routes/versions", prefix));
            self.deprecated_days(deprecated, &base);
            let Some(instead) = &deprecated.instead else { continue };
            if !known.contains(&instead.as_str()) || instead == prefix {
                let message = format!("there is no other version at `{instead}`");
                let others = known.iter().copied().filter(|it| it != prefix);
                let at = format!("{base}/use");
                self.unknown(At::Value(&at), "unknown_version", message, others, instead);
            }
        }
    }

    fn route_version(
        &mut self,
        version: &RouteVersion,
        side: &Routes,
        base: &str,
        all: &Description,
    ) {
        if version.paths.is_empty() && !version.inherits {
            let message = "this version has no paths".to_owned();
            let hint = Some("say `inherits: true`, or name its `paths`".to_owned());
            self.fault(At::Value(base), "invalid_value", message).hint = hint;
        }
        if !version.inherits && !version.without.is_empty() {
            let message = "nothing is inherited, so nothing can be left out".to_owned();
            self.fault(At::Key(&format!("{base}/without")), "invalid_value", message);
        }
        let main = all.routes.as_ref();
        for (at, path) in version.without.iter().enumerate() {
            let known: Vec<&str> =
                main.into_iter().flat_map(|it| it.paths.keys().map(String::as_str)).collect();
            if !known.contains(&path.as_str()) {
                let message = format!("the main version has no `{path}`");
                let pointer = format!("{base}/without/{at}");
                self.unknown(At::Value(&pointer), "unknown_route", message, known, path);
            }
        }
        self.route_answers(&Answers::of(version, side), base);
        self.inherited(version, side, base);
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (path, route) in &version.paths {
            let pointer = field::pointer_to(&format!("{base}/paths"), path);
            if let Some(parameters) = self.path(path, &side.prefix, &pointer) {
                if let Some(first) = seen.insert(normal(path), path) {
                    let message = format!("`{path}` answers at the same address as `{first}`");
                    self.fault(At::Key(&pointer), "repeated_route", message);
                }
                self.parameters(path, route, &parameters, &pointer);
                self.house_path(path, route, side, &parameters, &pointer);
            }
            self.route(path, route, side, all, &pointer);
            self.route_ageing(path, route, all, &pointer);
        }
    }

    /// The paths that a version takes from the main one must be right under its prefix and with its lists too.
    fn inherited(&mut self, version: &RouteVersion, side: &Routes, base: &str) {
        let most = side.lists.most;
        for (path, route) in side.paths.iter().filter(|it| !version.paths.contains_key(it.0)) {
            if version.lists.is_some() && route.limit.is_some_and(|it| it > most) {
                let message = format!("the usual limit of `{path}` is more than the most, {most}");
                let hint = Some(format!("name `{path}` among the paths of this version"));
                let at = format!("{base}/lists/most");
                self.fault(At::Value(&at), "invalid_limit", message).hint = hint;
            }
            let address = path.split_once(' ').map_or("", |it| it.1);
            let full = format!("{}{address}", side.prefix);
            if is_reserved(&full) {
                let message = format!("`{full}` belongs to the server itself");
                self.fault(At::Key(base), "invalid_path", message);
            }
            let parameters: Vec<&str> = names_in(address).collect();
            self.house_path(path, route, side, &parameters, base);
        }
    }

    /// What will go, and what is kept for a while.
    pub(super) fn route_ageing(
        &mut self,
        path: &str,
        route: &RouteSpec,
        all: &Description,
        pointer: &str,
    ) {
        if let Some(deprecated) = &route.deprecated {
            let base = format!("{pointer}/deprecated");
            self.deprecated_days(deprecated, &base);
            if let Some(instead) = &deprecated.instead {
                self.successor(path, instead, all, &format!("{base}/use"));
            }
        }
        self.route_cache(path, route, pointer);
    }

    fn deprecated_days(&mut self, deprecated: &Deprecated, base: &str) {
        let days = [
            ("since", Some(&deprecated.since), deprecated.since()),
            ("sunset", deprecated.sunset.as_ref(), deprecated.sunset()),
        ];
        for (key, said, day) in days {
            if let (Some(text), None) = (said, day) {
                let message = format!("`{text}` is no day");
                let hint = Some("write it like `2027-06-01`".to_owned());
                let place = format!("{base}/{key}");
                let at = At::Value(&place);
                self.fault(at, "invalid_value", message).hint = hint;
            }
        }
        if let (Some(since), Some(sunset)) = (deprecated.since(), deprecated.sunset())
            && sunset < since
        {
            let message = "it is gone before it is deprecated".to_owned();
            self.fault(At::Value(&format!("{base}/sunset")), "invalid_value", message);
        }
    }

    /// Where callers are sent must be there, and be found with what they have in hand.
    fn successor(&mut self, path: &str, instead: &str, all: &Description, pointer: &str) {
        if instead.starts_with("https://") {
            return;
        }
        let sides = all.routes.as_ref().map(Routes::sides).unwrap_or_default();
        let mut known: Vec<String> = Vec::new();
        for side in &sides {
            let paths = side.paths.keys().filter_map(|it| it.split_once(' '));
            known.extend(paths.map(|it| format!("{}{}", side.prefix, it.1.trim())));
        }
        if !known.iter().any(|it| normal(it) == normal(instead)) {
            let message = format!("nothing answers at `{instead}`");
            let known = known.iter().map(String::as_str);
            self.unknown(At::Value(pointer), "unknown_route", message, known, instead);
            return;
        }
        let own: Vec<&str> = names_in(path).collect();
        for name in names_in(instead).filter(|it| !own.contains(it)) {
            let message = format!("`{path}` does not know `{{{name}}}`");
            let hint = Some(format!("use the names of `{path}` in braces"));
            self.fault(At::Value(pointer), "unknown_parameter", message).hint = hint;
        }
    }

    fn route_cache(&mut self, path: &str, route: &RouteSpec, pointer: &str) {
        let Some(cache) = &route.cache else { return };
        let base = format!("{pointer}/cache");
        if !path.starts_with("GET ") {
            let message = "only answers to GET can be kept".to_owned();
            self.fault(At::Key(&base), "invalid_value", message);
        }
        let operation = self.operations.iter().find(|it| it.name == route.operation);
        if operation.is_some_and(|it| !it.is_shareable) {
            let message =
                format!("what `{}` answers is not the same for everybody", route.operation);
            let hint = "answers about records and versions can be kept, one's own things cannot";
            let fault = self.fault(At::Key(&base), "not_shareable", message);
            fault.hint = Some(hint.to_owned());
        }
        match cache.ttl() {
            Some(ttl) if ttl.as_hours() < TTL_HOURS_MAX => {}
            Some(_) => {
                let message = format!("answers are kept for less than {TTL_HOURS_MAX} hours");
                self.fault(At::Value(&format!("{base}/ttl")), "invalid_value", message);
            }
            None => {
                let message = format!("`{}` is no length of time", cache.ttl);
                let hint = Some("write it like `300s` or `5m`".to_owned());
                let place = format!("{base}/ttl");
                let at = At::Value(&place);
                self.fault(at, "invalid_value", message).hint = hint;
            }
        }
        for (at, tag) in cache.tags.iter().enumerate() {
            self.known_collection(&format!("{base}/tags/{at}"), tag);
        }
        let watched = cache.watched(route);
        for child in route.with().filter(|it| !watched.iter().any(|tag| tag == it)) {
            let message = format!("a change of `{child}`, which goes along, does not end it");
            let hint = Some(format!("add `{child}` to `tags`"));
            self.fault(At::Key(&format!("{base}/tags")), "missing_key", message).hint = hint;
        }
        if watched.is_empty() {
            let message = "nothing says whose changes end it".to_owned();
            let hint = Some("name the collections: `tags: [events]`".to_owned());
            self.fault(At::Value(&base), "missing_key", message).hint = hint;
        }
    }
}

/// The names in the braces of a path.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
}
