//! The filters and tests that templates of an application may use beside minijinja's own.
//!
//! | in a template | gives |
//! | --- | --- |
//! | `text\|find("regex")` | `[whole, group 1, …]` of the first find, or none |
//! | `text\|find_all("regex")` | the list of all finds |
//! | `text is matching("regex")` | whether it is found |
//! | `text\|replace_all("regex", "with")` | the text with every find replaced; `$1` is a group |
//! | `text\|classify(list)` | the first entry of `list` whose `pattern` is found, or none |
//! | `text\|words` | its words: lower case, split at everything but letters and digits |
//! | `text\|similarity(other)` | 0 to 1, by the letters to be changed |
//! | `list\|overlap(other)` | 0 to 1, the share of entries that both have |
//! | `number\|pad(2)` | `08` |
//! | `text\|number` | the number it is, or none |
//! | `value\|tojson` | JSON, nothing escaped that JSON does not escape |
//! | `list\|index_by("field")` | a map: value → the entries that have it, in order |
//! | `list\|pluck("field")` | the values of a field, where there is one |
//! | `list\|repeated(3)` | the entries that stand there at least so often (2 when left out), each once |
//! | `list\|single` | the entries that stand there once only |
//! | `text\|parse_json` | the value that the JSON says; a comma before a closing bracket is forgiven |
//! | `object\|field("a.b")` | the value there, or none |
//! | `text\|seconds` | the length of time that it writes (`30s`, `5m`), in seconds |
//! | `text\|variables` | the names that it asks for when it is a template, sorted |
//! | `list\|without(other)` | the entries that do not stand in another list |
//!
//! Regular expressions are compiled once and kept. Where text is expected, none counts as empty.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use indexmap::IndexMap;
use minijinja::{Environment, Error, ErrorKind, Value, value::ValueKind};
use regex::{Regex, RegexSet};

use super::{json_of, value_of, without_trailing_commas};

/// The names of the filters added here.
pub(crate) const NAMES: [&str; 19] = [
    "find",
    "find_all",
    "replace_all",
    "classify",
    "words",
    "similarity",
    "overlap",
    "pad",
    "number",
    "tojson",
    "index_by",
    "pluck",
    "field",
    "repeated",
    "single",
    "parse_json",
    "seconds",
    "variables",
    "without",
];

/// Adds them.
pub(super) fn add(environment: &mut Environment<'static>) {
    let patterns = Arc::new(Patterns::default());
    let kept = Arc::clone(&patterns);
    environment.add_filter("find", move |text: Value, pattern: Value| find(&kept, &text, &pattern));
    let kept = Arc::clone(&patterns);
    environment.add_filter("find_all", move |text: Value, pattern: Value| {
        find_all(&kept, &text, &pattern)
    });
    let kept = Arc::clone(&patterns);
    environment.add_filter("replace_all", move |text: Value, pattern: Value, with: Value| {
        let (regex, text, with) = (kept.regex(&pattern)?, text_of(&text)?, text_of(&with)?);
        Ok::<_, Error>(regex.replace_all(&text, with.as_ref()).into_owned())
    });
    let kept = Arc::clone(&patterns);
    environment.add_test("matching", move |text: Value, pattern: Value| {
        Ok::<_, Error>(kept.regex(&pattern)?.is_match(&text_of(&text)?))
    });
    environment.add_filter("classify", move |text: Value, list: Value| {
        patterns.classify(&text_of(&text)?, &list)
    });
    environment.add_filter("words", |text: Value| Ok::<_, Error>(words(&text_of(&text)?)));
    environment.add_filter("similarity", |text: Value, other: Value| {
        let (text, other) = (text_of(&text)?, text_of(&other)?);
        Ok::<_, Error>(strsim::normalized_damerau_levenshtein(&text, &other))
    });
    environment.add_filter("overlap", |list: Value, other: Value| overlap(&list, &other));
    environment.add_filter("pad", |number: Value, digits: usize| pad(&number, digits));
    environment.add_filter("number", |text: Value| number(&text));
    environment.add_filter("tojson", |value: Value, indent: Option<usize>| tojson(&value, indent));
    environment.add_filter("index_by", |list: Value, field: String| index_by(&list, &field));
    environment.add_filter("pluck", |list: Value, field: String| pluck(&list, &field));
    environment.add_filter("repeated", |list: Value, times: Option<usize>| {
        counted(&list, |it| it >= times.unwrap_or(2))
    });
    environment.add_filter("single", |list: Value| counted(&list, |it| it == 1));
    environment.add_filter("parse_json", |text: Value| parse_json(&text));
    environment.add_filter("seconds", |text: Value| seconds(&text));
    environment.add_filter("variables", |text: Value| variables(&text));
    environment.add_filter("without", |list: Value, other: Value| without(&list, &other));
    environment
        .add_filter("field", |object: Value, path: String| Ok::<_, Error>(field(&object, &path)));
}

/// The text of a value: none is empty, undefined is an error.
fn text_of(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Ok(Cow::Borrowed("")),
        ValueKind::String => Ok(Cow::Borrowed(value.as_str().unwrap_or_default())),
        _ => Ok(Cow::Owned(value.to_string())),
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Compiled patterns, kept for as long as the templates are.
#[derive(Default)]
struct Patterns {
    // Shared, not cloned: each clone of a `Regex` would learn its automaton anew.
    single: Mutex<HashMap<String, Arc<Regex>>>,
    lists: Mutex<Lists>,
}

/// Compiled lists of patterns: by the list itself, and by what is in it.
#[derive(Default)]
struct Lists {
    // The value is kept beside its address: while it is kept, nothing else can get that address.
    by_address: HashMap<usize, (Value, Arc<RegexSet>)>,
    by_content: HashMap<u64, (Vec<String>, Arc<RegexSet>)>,
}

const SINGLE_MAX: usize = 1_000;
const LISTS_MAX: usize = 64;

impl Patterns {
    fn regex(&self, pattern: &Value) -> Result<Arc<Regex>, Error> {
        let pattern = text_of(pattern)?;
        let mut kept = self.single.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = kept.get(pattern.as_ref()) {
            return Ok(Arc::clone(regex));
        }
        let regex = Regex::new(&pattern).map_err(|it| refused(in_one_line(&it)))?;
        let regex = Arc::new(regex);
        if kept.len() >= SINGLE_MAX {
            kept.clear();
        }
        kept.insert(pattern.into_owned(), Arc::clone(&regex));
        Ok(regex)
    }

    fn classify(&self, text: &str, list: &Value) -> Result<Value, Error> {
        let set = self.set(list)?;
        match set.matches(text).iter().next() {
            Some(at) => list.get_item_by_index(at),
            None => Ok(Value::from(())),
        }
    }

    fn set(&self, list: &Value) -> Result<Arc<RegexSet>, Error> {
        let address =
            list.downcast_object_ref::<Vec<Value>>().map(|it| std::ptr::from_ref(it) as usize);
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, set)) = address.and_then(|it| lists.by_address.get(&it)) {
            return Ok(Arc::clone(set));
        }
        let patterns = patterns_of(list)?;
        let mut hasher = DefaultHasher::new();
        patterns.hash(&mut hasher);
        let content = hasher.finish();
        let set = match lists.by_content.get(&content) {
            Some((same, set)) if *same == patterns => Arc::clone(set),
            _ => {
                let set = RegexSet::new(&patterns).map_err(|it| refused(in_one_line(&it)))?;
                let set = Arc::new(set);
                if lists.by_content.len() >= LISTS_MAX {
                    lists.by_content.clear();
                }
                lists.by_content.insert(content, (patterns, Arc::clone(&set)));
                set
            }
        };
        if let Some(address) = address {
            if lists.by_address.len() >= LISTS_MAX {
                lists.by_address.clear();
            }
            lists.by_address.insert(address, (list.clone(), Arc::clone(&set)));
        }
        Ok(set)
    }
}

fn patterns_of(list: &Value) -> Result<Vec<String>, Error> {
    if matches!(list.kind(), ValueKind::Undefined) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut patterns = Vec::new();
    for (at, entry) in list.try_iter()?.enumerate() {
        let pattern = entry.get_attr("pattern")?;
        match pattern.as_str() {
            Some(pattern) => patterns.push(pattern.to_owned()),
            None => return Err(refused(format!("entry {at} of the list has no `pattern`"))),
        }
    }
    Ok(patterns)
}

fn in_one_line(error: &regex::Error) -> String {
    error.to_string().lines().last().unwrap_or("not a regular expression").trim().to_owned()
}

fn groups(found: &regex::Captures<'_>) -> Value {
    let group =
        |it: Option<regex::Match<'_>>| it.map_or(Value::from(()), |it| Value::from(it.as_str()));
    Value::from(found.iter().map(group).collect::<Vec<_>>())
}

fn find(patterns: &Patterns, text: &Value, pattern: &Value) -> Result<Value, Error> {
    let (regex, text) = (patterns.regex(pattern)?, text_of(text)?);
    Ok(regex.captures(&text).map_or(Value::from(()), |it| groups(&it)))
}

fn find_all(patterns: &Patterns, text: &Value, pattern: &Value) -> Result<Value, Error> {
    let (regex, text) = (patterns.regex(pattern)?, text_of(text)?);
    Ok(Value::from(regex.captures_iter(&text).map(|it| groups(&it)).collect::<Vec<_>>()))
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

fn overlap(list: &Value, other: &Value) -> Result<f64, Error> {
    let set = |it: &Value| it.try_iter().map(|it| it.collect::<std::collections::HashSet<_>>());
    let (list, other) = (set(list)?, set(other)?);
    let both = list.intersection(&other).count();
    let all = list.len() + other.len() - both;
    #[expect(clippy::cast_precision_loss, reason = "lists are far shorter than 2^52")]
    Ok(if all == 0 { 0.0 } else { both as f64 / all as f64 })
}

/// `8` → `08`; the digits before a decimal point count; what is no number stays as it is.
fn pad(number: &Value, digits: usize) -> Result<String, Error> {
    let text = text_of(number)?;
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_ref()), |it| ("-", it));
    let whole = rest.split('.').next().unwrap_or_default();
    if whole.is_empty() || !rest.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
        return Ok(text.into_owned());
    }
    let zeros = "0".repeat(digits.min(100).saturating_sub(whole.len()));
    Ok(format!("{sign}{zeros}{}", rest.strip_suffix(".0").unwrap_or(rest)))
}

fn number(text: &Value) -> Result<Value, Error> {
    if text.is_number() {
        return Ok(text.clone());
    }
    let text = text_of(text)?;
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Value::from(whole));
    }
    let looks_so =
        text.starts_with(|it: char| it.is_ascii_digit() || matches!(it, '.' | '-' | '+'));
    let number = text.parse::<f64>().ok().filter(|it| looks_so && it.is_finite());
    Ok(number.map_or(Value::from(()), Value::from))
}

fn tojson(value: &Value, indent: Option<usize>) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let json = json_of(value);
    let text = match indent {
        Some(_) => serde_json::to_string_pretty(&json),
        None => serde_json::to_string(&json),
    };
    text.map_err(|it| refused(it.to_string()))
}

fn field(object: &Value, path: &str) -> Value {
    let mut at = object.clone();
    for name in path.split('.') {
        match at.get_attr(name) {
            Ok(inner) if !inner.is_undefined() => at = inner,
            _ => return Value::from(()),
        }
    }
    at
}

fn pluck(list: &Value, path: &str) -> Result<Vec<Value>, Error> {
    Ok(list.try_iter()?.map(|it| field(&it, path)).filter(|it| !it.is_none()).collect())
}

/// The entries whose count is wanted, each once, in the order in which they first stand.
fn counted(list: &Value, is_wanted: impl Fn(usize) -> bool) -> Result<Vec<Value>, Error> {
    let mut counts: IndexMap<Value, usize> = IndexMap::new();
    for entry in list.try_iter()? {
        *counts.entry(entry).or_default() += 1;
    }
    Ok(counts.into_iter().filter(|(_, count)| is_wanted(*count)).map(|(it, _)| it).collect())
}

fn parse_json(text: &Value) -> Result<Value, Error> {
    let text = without_trailing_commas(&text_of(text)?);
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|it| refused(format!("not JSON: {it}")))?;
    Ok(value_of(&value))
}

fn seconds(text: &Value) -> Result<Value, Error> {
    if text.is_number() {
        return Ok(text.clone());
    }
    let text = text_of(text)?;
    let time = text.trim().parse::<jiff::SignedDuration>();
    let time = time.map_err(|_| refused("no length of time, like `30s`".to_owned()))?;
    Ok(Value::from(time.as_secs_f64()))
}

fn variables(text: &Value) -> Result<Vec<String>, Error> {
    let text = text_of(text)?;
    super::compile("a template in a document", &text)
        .map_err(|(place, why)| refused(format!("line {} of the template: {why}", place.line)))?;
    Ok(super::undeclared("a template in a document", &text))
}

fn without(list: &Value, other: &Value) -> Result<Vec<Value>, Error> {
    let other: std::collections::HashSet<Value> = other.try_iter()?.collect();
    Ok(list.try_iter()?.filter(|it| !other.contains(it)).collect())
}

fn index_by(list: &Value, path: &str) -> Result<Value, Error> {
    let mut index: IndexMap<Value, Vec<Value>> = IndexMap::new();
    for entry in list.try_iter()? {
        let key = field(&entry, path);
        if !key.is_none() {
            index.entry(key).or_default().push(entry);
        }
    }
    Ok(Value::from_pairs(index))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::{FUEL, Templates, Vars};
    use super::*;

    fn answer(expression: &str, vars: &Json) -> Result<Json, String> {
        let text = format!("{{{{ ({expression})|tojson }}}}");
        let templates =
            Templates::read([("t".to_owned(), text)], FUEL).map_err(|it| it.to_string())?;
        let mut given = Vars::new();
        for (name, value) in vars.as_object().into_iter().flatten() {
            given.set(name, value);
        }
        let template = templates.get("t").ok_or("no template")?;
        template.answer(&given).map_err(|it| it.to_string())
    }

    #[track_caller]
    fn gives(expression: &str, expected: Json) {
        let vars = json!({"label": "8\" PVC CAP", "nothing": null, "items": [
            {"code": "A", "metadata": {"unit": "EA"}}, {"code": "B"}, {"code": "A", "metadata": {"unit": "LF"}},
            {"code": null, "metadata": {"unit": "EA"}}]});
        assert_eq!(answer(expression, &vars), Ok(expected), "{expression}");
    }

    #[test]
    fn texts_are_searched_by_regular_expressions() {
        gives(r#"label|find("(\\d+)\"\\s*(\\w+)")"#, json!(["8\" PVC", "8", "PVC"]));
        gives(r#"label|find("(x)?CAP")"#, json!(["CAP", null]));
        gives(r#"label|find("tee")"#, json!(null));
        gives(r#"nothing|find("tee")"#, json!(null));
        gives(r#""a1b22"|find_all("[a-z](\\d+)")"#, json!([["a1", "1"], ["b22", "22"]]));
        gives(r#"label is matching("(?i)pvc")"#, json!(true));
        gives(r#"label is not matching("pvc")"#, json!(true));
        gives(r#""a-b_c"|replace_all("[-_](\\w)", " $1")"#, json!("a b c"));
    }

    #[test]
    fn the_first_entry_whose_pattern_is_found_classifies() {
        let list = r#"[{"key": "tee", "pattern": "(?i)tee"}, {"key": "cap", "pattern": "(?i)\\bcap\\b"}, {"key": "any", "pattern": "."}]"#;
        gives(&format!("(label|classify({list})).key"), json!("cap"));
        gives(&format!("nothing|classify({list})"), json!(null));
        gives("label|classify([])", json!(null));
        assert!(answer(r#""a"|classify([{"key": 1}])"#, &json!({})).is_err());
        assert!(answer(r#""a"|classify([{"pattern": "("}])"#, &json!({})).is_err());
    }

    #[test]
    fn numbers_are_padded_and_read() {
        gives(
            "[8|pad(2), 12|pad(2), 8.5|pad(2), '8'|pad(3), -3|pad(2), 'x'|pad(2), 8.0|pad(2)]",
            json!(["08", "12", "08.5", "008", "-03", "x", "08"]),
        );
        gives(
            "['8'|number, '8.5'|number, ' 12 '|number, 'six'|number, ''|number, 'inf'|number, nothing|number, 4|number]",
            json!([8, 8.5, 12, null, null, null, null, 4]),
        );
    }

    #[test]
    fn lists_are_plucked_indexed_and_compared() {
        gives("items|pluck('metadata.unit')", json!(["EA", "LF", "EA"]));
        gives("items|pluck('colour')", json!([]));
        gives("(items|index_by('code'))['A']|length", json!(2));
        gives("items|index_by('metadata.unit')|list", json!(["EA", "LF"]));
        gives("'8\" PVC-Cap'|words", json!(["8", "pvc", "cap"]));
        gives("['a', 'b']|overlap(['b', 'c'])", json!(1.0 / 3.0));
        gives("[]|overlap([])", json!(0.0));
        gives("['a', 'b', 'a', 'c', 'b', 'a']|repeated", json!(["a", "b"]));
        gives("['a', 'b', 'a', 'c', 'b', 'a']|repeated(3)", json!(["a"]));
        gives("['a', 'b', 'a', 'c']|single", json!(["b", "c"]));
        gives("'[{\"a\": 1,}, ]'|parse_json|first", json!({"a": 1}));
        gives("['a', 'b', 'c']|without(['b'])", json!(["a", "c"]));
        gives("'5m'|seconds == 300 and 30|seconds == 30", json!(true));
        gives(
            "'Dear {{ name }}, {% set a = 1 %}{{ a }} {{ at|upper }}'|variables",
            json!(["at", "name"]),
        );
        assert!(answer("'soon'|seconds", &json!({})).is_err());
        assert!(answer("'{% if %}'|variables", &json!({})).is_err());
        gives("'trench'|similarity('trench')", json!(1.0));
        gives("('trencing'|similarity('trenching')) > 0.8", json!(true));
    }

    #[test]
    fn json_is_written_plainly() {
        gives("{'a': \"it's <b> & co\", 'n': none}", json!({"a": "it's <b> & co", "n": null}));
        assert!(answer("unknown_thing", &json!({})).is_err());
    }

    #[test]
    fn every_filter_of_the_list_is_there() {
        for name in NAMES {
            let text = format!("{{{{ 'x' is filter and ('{name}' is filter) }}}}");
            let templates = Templates::read([("t".to_owned(), text)], FUEL).expect("it compiles");
            let out = templates.get("t").map(|it| it.render(&Vars::new()).expect("it renders"));
            assert_eq!(out.as_deref(), Some("False"), "'x' is no filter");
            let text = format!("{{{{ '{name}' is filter }}}}");
            let templates = Templates::read([("t".to_owned(), text)], FUEL).expect("it compiles");
            let out = templates.get("t").map(|it| it.render(&Vars::new()).expect("it renders"));
            assert_eq!(out.as_deref(), Some("True"), "{name}");
        }
    }
}
