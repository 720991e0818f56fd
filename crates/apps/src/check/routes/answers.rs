//! How answers look: envelopes, lists, shapes and errors, of the main version of the paths and of each beside it.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::{
    check::{At, Checker},
    description::{
        CatalogueError, Envelope, RouteVersion, Routes,
        routes::{Lists, NUMBER},
    },
    field,
};

/// The key of a shape whose value is spread over it.
const SPREAD: &str = "...";

type Shapes = IndexMap<String, IndexMap<String, String>>;

/// What a version says of its answers.
pub(super) struct Answers<'a> {
    envelope: Option<&'a Envelope>,
    lists: Option<&'a Lists>,
    shapes: &'a Shapes,
    errors: &'a IndexMap<String, CatalogueError>,
    /// All shapes that it has, with those that it takes from the main one.
    known: &'a Shapes,
    /// The shapes that something is answered in.
    used: HashSet<&'a str>,
}

impl<'a> Answers<'a> {
    /// Those of the main version, of which the others take what they do not say.
    pub(super) fn main(routes: &'a Routes) -> Self {
        let others = routes.versions.values();
        let paths = others.clone().flat_map(|it| it.paths.values());
        let mut used: HashSet<&str> =
            routes.paths.values().chain(paths).filter_map(|it| it.shape.as_deref()).collect();
        used.extend(inner(&routes.shapes));
        used.extend(others.flat_map(|it| inner(&it.shapes)));
        Self {
            envelope: Some(&routes.envelope),
            lists: Some(&routes.lists),
            shapes: &routes.shapes,
            errors: &routes.errors,
            known: &routes.shapes,
            used,
        }
    }

    /// Those of another version; `side` is the whole of it.
    pub(super) fn of(version: &'a RouteVersion, side: &'a Routes) -> Self {
        let mut used: HashSet<&str> =
            side.paths.values().filter_map(|it| it.shape.as_deref()).collect();
        used.extend(inner(&side.shapes));
        Self {
            envelope: version.envelope.as_ref(),
            lists: version.lists.as_ref(),
            shapes: &version.shapes,
            errors: &version.errors,
            known: &side.shapes,
            used,
        }
    }
}

/// The shapes that fields of shapes are given.
fn inner(shapes: &Shapes) -> impl Iterator<Item = &str> {
    shapes.values().flat_map(|it| it.values()).filter_map(|it| inner_of(it))
}

/// The shape that a field is given, when it is the application's own. What becomes a number has that of the
/// house.
fn inner_of(source: &str) -> Option<&str> {
    given(source).filter(|it| *it != NUMBER)
}

/// What a field is given behind its path: `path | shape`. What is fixed has none.
fn given(source: &str) -> Option<&str> {
    let source = source.trim();
    if source.starts_with('=') {
        return None;
    }
    source.split_once('|').map(|it| it.1.trim())
}

impl Checker<'_> {
    /// What stands at `base` of how answers look.
    pub(super) fn route_answers(&mut self, answers: &Answers<'_>, base: &str) {
        if let Some(lists) = answers.lists
            && (lists.limit == 0 || lists.limit > lists.most)
        {
            let message = format!("the usual limit must be between 1 and the most, {}", lists.most);
            self.fault(At::Value(&format!("{base}/lists/limit")), "invalid_limit", message);
        }
        if let Some(envelope) = answers.envelope {
            self.envelopes_of(envelope, &format!("{base}/envelope"));
        }
        self.route_shapes(answers, &format!("{base}/shapes"));
        for (code, error) in answers.errors {
            let pointer = field::pointer_to(&format!("{base}/errors"), code);
            self.known_error(At::Key(&pointer), code);
            if !(400..=599).contains(&error.status) {
                let message = format!("{} is no status of an error (400 to 599)", error.status);
                self.fault(At::Value(&format!("{pointer}/status")), "invalid_value", message);
            }
            if !error.code.is_number() && !error.code.is_string() {
                let message = "`code` must be a number or a text".to_owned();
                self.fault(At::Value(&format!("{pointer}/code")), "invalid_value", message);
            }
        }
    }

    fn route_shapes(&mut self, answers: &Answers<'_>, base: &str) {
        for (name, fields) in answers.shapes {
            let pointer = field::pointer_to(base, name);
            if name == NUMBER {
                let message = format!("`{NUMBER}` is a shape that is there already");
                let hint =
                    "give this one another name: `path | number` makes ids numbers".to_owned();
                self.fault(At::Key(&pointer), "repeated_name", message).hint = Some(hint);
                continue;
            }
            if !answers.used.contains(name.as_str()) {
                let message = format!("no route uses the shape `{name}`");
                self.fault(At::Key(&pointer), "unused_shape", message).warns();
            }
            for (key, source) in fields {
                if key == SPREAD && given(source) == Some(NUMBER) {
                    let message = format!("`{SPREAD}` spreads what lies there: it is no id");
                    let hint = format!("name the field that is one: `id: id | {NUMBER}`");
                    let at = field::pointer_to(&pointer, key);
                    self.fault(At::Value(&at), "invalid_value", message).hint = Some(hint);
                }
                let Some(inner) = inner_of(source) else { continue };
                if !answers.known.contains_key(inner) {
                    let message = format!("there is no shape `{inner}`");
                    let known = answers.known.keys().map(String::as_str);
                    let at = field::pointer_to(&pointer, key);
                    self.unknown(At::Value(&at), "unknown_shape", message, known, inner);
                }
            }
        }
    }
}
