//! Expressions of a description: compiled once for a pass, run against what they may see.
//!
//! The language is that of templates (minijinja), strict and bounded by fuel. Nothing here knows what
//! an expression is for.

use std::{collections::HashMap, error::Error as _, sync::Arc};

use minijinja::{Environment, value::ValueKind};
use serde_json::{Map, Number, Value as Json};

pub use minijinja::Value;

/// The fields of a row or a record.
pub type Data = Map<String, Json>;

/// The language with its filters, shared.
pub type Language = Arc<Environment<'static>>;

/// What expressions see: name → value. Values are shared; a clone is cheap.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<(Arc<str>, Value)>);

/// Expressions ready to run, by their text.
pub(crate) struct Bench<'a> {
    language: &'a Environment<'static>,
    compiled: HashMap<String, minijinja::Expression<'a, 'static>>,
}

/// An expression that could not be understood, or did not come to its end. In words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

impl Scope {
    /// Gives a value under a name, in place of one of the same name.
    pub fn set(&mut self, name: &str, value: Value) -> &mut Self {
        match self.0.iter_mut().find(|it| &*it.0 == name) {
            Some(there) => there.1 = value,
            None => self.0.push((name.into(), value)),
        }
        self
    }

    /// The same with one more.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut more = self.clone();
        more.set(name, value);
        more
    }

    fn value(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(name, value)| (name.clone(), value.clone())))
    }
}

impl<'a> Bench<'a> {
    /// With these expressions.
    pub(crate) fn new<'t>(
        language: &'a Environment<'static>,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, Wrong> {
        let mut compiled = HashMap::new();
        for text in texts {
            if !compiled.contains_key(text) {
                let expression = language.compile_expression_owned(text.to_owned());
                compiled.insert(text.to_owned(), expression.map_err(|it| wrong(&it))?);
            }
        }
        Ok(Self { language, compiled })
    }

    /// What an expression gives.
    pub(crate) fn eval(&self, text: &str, scope: &Scope) -> Result<Value, Wrong> {
        match self.compiled.get(text) {
            Some(expression) => expression.eval(scope.value()).map_err(|it| wrong(&it)),
            None => eval(self.language, text, scope),
        }
    }

    /// What an expression gives, as JSON.
    pub(crate) fn json(&self, text: &str, scope: &Scope) -> Result<Json, Wrong> {
        self.eval(text, scope).map(|it| json_of(&it))
    }

    /// Is it true?
    pub(crate) fn is_true(&self, text: &str, scope: &Scope) -> Result<bool, Wrong> {
        self.eval(text, scope).map(|it| it.is_true())
    }
}

/// What an expression gives that is used once.
pub fn eval(language: &Environment<'static>, text: &str, scope: &Scope) -> Result<Value, Wrong> {
    let expression = language.compile_expression_owned(text.to_owned()).map_err(|it| wrong(&it))?;
    expression.eval(scope.value()).map_err(|it| wrong(&it))
}

/// What a text with `{{ … }}` in it becomes: a text, or the value itself when there is nothing beside
/// the one expression. Texts without are as they are.
pub fn filled(language: &Environment<'static>, text: &str, scope: &Scope) -> Result<Json, Wrong> {
    match parts(text) {
        Parts::Plain => Ok(Json::String(text.to_owned())),
        Parts::Whole(expression) => eval(language, expression, scope).map(|it| json_of(&it)),
        Parts::Mixed => {
            language.render_str(text, scope.value()).map(Json::String).map_err(|it| wrong(&it))
        }
    }
}

/// The same for every text within a value.
pub(crate) fn filled_within(
    language: &Environment<'static>,
    value: &Json,
    scope: &Scope,
) -> Result<Json, Wrong> {
    Ok(match value {
        Json::String(text) => filled(language, text, scope)?,
        Json::Array(entries) => {
            let entries = entries.iter().map(|it| filled_within(language, it, scope));
            entries.collect::<Result<_, _>>()?
        }
        Json::Object(object) => {
            let fields = object
                .iter()
                .map(|(name, it)| Ok((name.clone(), filled_within(language, it, scope)?)));
            Json::Object(fields.collect::<Result<_, Wrong>>()?)
        }
        other => other.clone(),
    })
}

/// The expressions in a text with `{{ … }}`, or what is wrong with it, and the names it asks for.
pub fn asked_by_text(language: &Environment<'static>, text: &str) -> Result<Vec<String>, Wrong> {
    match parts(text) {
        Parts::Plain => Ok(Vec::new()),
        Parts::Whole(expression) => asked_by(language, expression),
        Parts::Mixed => {
            let template = language.template_from_str(text).map_err(|it| wrong(&it))?;
            Ok(without_globals(language, template.undeclared_variables(false)))
        }
    }
}

/// The names that an expression asks for, or what is wrong with it.
pub fn asked_by(language: &Environment<'static>, text: &str) -> Result<Vec<String>, Wrong> {
    let expression = language.compile_expression_owned(text.to_owned()).map_err(|it| wrong(&it))?;
    Ok(without_globals(language, expression.undeclared_variables(false)))
}

fn without_globals(
    language: &Environment<'static>,
    names: impl IntoIterator<Item = String>,
) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.retain(|it| !language.globals().any(|(known, _)| known == it));
    names.sort();
    names
}

enum Parts<'t> {
    Plain,
    Whole(&'t str),
    Mixed,
}

fn parts(text: &str) -> Parts<'_> {
    if !text.contains("{{") && !text.contains("{%") {
        return Parts::Plain;
    }
    let inner = text.trim().strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
    match inner {
        Some(inner) if !inner.contains("{{") && !inner.contains("}}") => {
            Parts::Whole(inner.trim_matches('-').trim())
        }
        _ => Parts::Mixed,
    }
}

/// In words, without the values that were met.
fn wrong(error: &minijinja::Error) -> Wrong {
    let mut innermost = error;
    while let Some(source) = innermost.source().and_then(|it| it.downcast_ref()) {
        innermost = source;
    }
    Wrong(match innermost.detail() {
        Some(detail) => format!("{}: {detail}", innermost.kind()),
        None => innermost.kind().to_string(),
    })
}

/// JSON as expressions see it.
pub fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(it) => Value::from(*it),
        Json::Number(it) => match (it.as_i64(), it.as_u64(), it.as_f64()) {
            (Some(it), ..) => Value::from(it),
            (_, Some(it), _) => Value::from(it),
            (_, _, it) => Value::from(it.unwrap_or(f64::NAN)),
        },
        Json::String(it) => Value::from(it.as_str()),
        Json::Array(entries) => Value::from(entries.iter().map(value_of).collect::<Vec<_>>()),
        Json::Object(object) => {
            Value::from_pairs(object.iter().map(|(key, value)| (key.as_str(), value_of(value))))
        }
    }
}

/// A value of an expression as JSON. What JSON has no word for (functions, undefined) is `null`.
pub fn json_of(value: &Value) -> Json {
    match value.kind() {
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
            Some(it) => Json::from(it),
            None => f64::try_from(value.clone())
                .ok()
                .and_then(Number::from_f64)
                .map_or(Json::Null, Json::Number),
        },
        ValueKind::String => Json::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().map_or(Json::Null, |it| it.map(|it| json_of(&it)).collect())
        }
        ValueKind::Map => {
            let mut object = Map::new();
            for key in value.try_iter().into_iter().flatten() {
                let inner = value.get_item(&key).map_or(Json::Null, |it| json_of(&it));
                object.insert(key.to_string(), inner);
            }
            Json::Object(object)
        }
        ValueKind::Plain => Json::String(value.to_string()),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("name", Value::from("Ann")).set("ids", value_of(&json!([1, 2])));
        scope
    }

    #[track_caller]
    fn check(text: &str, expected: Json) {
        assert_eq!(filled(&Environment::new(), text, &scope()), Ok(expected), "{text}");
    }

    #[test]
    fn a_text_that_is_one_expression_keeps_the_kind_of_its_value() {
        check("{{ ids }}", json!([1, 2]));
        check(" {{ ids|length }} ", json!(2));
        check("#cal", json!("#cal"));
        check("Dear {{ name }}", json!("Dear Ann"));
        check("{{ name }}/{{ ids|first }}", json!("Ann/1"));
    }

    #[test]
    fn the_later_value_of_a_name_counts() {
        let scope = scope().with("name", Value::from("Bob"));
        assert_eq!(filled(&Environment::new(), "{{ name }}", &scope), Ok(json!("Bob")));
    }

    #[test]
    fn an_expression_says_what_it_asks_for() {
        let language = Environment::new();
        assert_eq!(
            asked_by(&language, "row.a ~ it.b ~ range(2)"),
            Ok(vec!["it".into(), "row".into()])
        );
        assert!(asked_by(&language, "row.a ~").is_err());
        assert_eq!(asked_by_text(&language, "a {{ b }} c"), Ok(vec!["b".into()]));
    }

    #[test]
    fn numbers_and_objects_survive_the_way_there_and_back() {
        let value = json!({"a": [1, 2.5, null, true], "b": {"c": "d"}});
        assert_eq!(json_of(&value_of(&value)), value);
    }
}
