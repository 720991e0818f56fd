//! Arguments: what callers send, made into what an operation takes.
//!
//! An operation's arguments are described by the JSON Schema of its type. From it comes a small
//! checker that turns texts of a path or a query into numbers and truths, and that reports every
//! fault at once, each with its pointer. It knows the part of JSON Schema that `schemars` writes
//! for plain argument types; what it does not know it lets through, and `serde` has the last word.

use base::RecordId;
use schemars::JsonSchema;
use serde_json::{Map, Value as Json};

use crate::problem::Fault;

/// The arguments of an operation.
#[derive(Debug)]
pub struct Arguments {
    /// The fields in the order of the type.
    pub fields: Vec<Field>,
    /// The JSON Schema, for `/openapi.json`.
    pub schema: Json,
}

/// One argument.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it must be given.
    pub is_required: bool,
    /// Its JSON Schema, references resolved at the first level.
    pub schema: Json,
    kind: Kind,
}

/// Where a value came from decides how strictly it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// JSON: a number is a number.
    Json,
    /// A path, a query or a form: everything is text.
    Text,
}

/// Faults found so far, and whether all of them are malformed ids.
#[derive(Debug, Default)]
pub struct Faults {
    /// The faults.
    pub list: Vec<Fault>,
    others_than_ids: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Any,
    Truth,
    Whole { least: Option<i64>, most: Option<i64> },
    Number,
    Text { longest: Option<u64> },
    OneOf(Vec<String>),
    Id { prefix: String },
    Record,
    Time,
    List(Box<Kind>),
    Object { fields: Vec<(String, Kind, bool)>, is_open: bool },
    OrNothing(Box<Kind>),
}

impl Arguments {
    /// The arguments of a type.
    pub fn of<A: JsonSchema>() -> Self {
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            .with(|it| it.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<A>()
            .to_value();
        let none = Json::Object(Map::new());
        let definitions = schema.get("$defs").cloned().unwrap_or(none);
        let required = names(schema.get("required"));
        let fields = schema
            .get("properties")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .map(|(name, given)| Field {
                name: name.clone(),
                is_required: required.contains(name),
                schema: resolved(given, &definitions),
                kind: Kind::of(given, &definitions),
            })
            .collect();
        Self { fields, schema }
    }

    /// The argument of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|it| it.name == name)
    }
}

impl Field {
    /// Reads one value, named `pointer` towards the caller.
    pub fn check(&self, value: Json, origin: Origin, pointer: &str, faults: &mut Faults) -> Json {
        self.kind.check(value, origin, pointer, faults)
    }
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.others_than_ids = true;
        self.list.push(fault);
    }

    fn add_id(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// The code of all of them together.
    pub fn code(&self) -> &'static str {
        if self.others_than_ids { "invalid_input" } else { "invalid_id" }
    }
}

impl Kind {
    fn of(schema: &Json, definitions: &Json) -> Self {
        let schema = resolved(schema, definitions);
        for choice in ["anyOf", "oneOf"] {
            let Some(options) = schema.get(choice).and_then(Json::as_array) else { continue };
            let real: Vec<_> =
                options.iter().filter(|it| it.get("type") != Some(&"null".into())).collect();
            if real.len() < options.len() && real.len() == 1 {
                return Self::OrNothing(Box::new(Self::of(real[0], definitions)));
            }
            let constants: Option<Vec<String>> =
                real.iter().map(|it| Some(it.get("const")?.as_str()?.to_owned())).collect();
            return constants.map_or(Self::Any, Self::OneOf);
        }
        let (kinds, nothing) = match schema.get("type") {
            Some(Json::String(one)) => (vec![one.clone()], false),
            Some(Json::Array(several)) => {
                let all: Vec<String> =
                    several.iter().filter_map(Json::as_str).map(str::to_owned).collect();
                let kinds: Vec<String> = all.iter().filter(|it| *it != "null").cloned().collect();
                let nothing = kinds.len() < all.len();
                (kinds, nothing)
            }
            _ => (Vec::new(), false),
        };
        let kind = match kinds.as_slice() {
            [one] => Self::simple(one, &schema, definitions),
            _ => Self::Any,
        };
        if nothing { Self::OrNothing(Box::new(kind)) } else { kind }
    }

    fn simple(name: &str, schema: &Json, definitions: &Json) -> Self {
        let text = |key| schema.get(key).and_then(Json::as_str);
        match name {
            "boolean" => Self::Truth,
            "integer" => Self::Whole {
                least: schema.get("minimum").and_then(Json::as_i64),
                most: schema.get("maximum").and_then(Json::as_i64),
            },
            "number" => Self::Number,
            "string" => {
                if let Some(values) = schema.get("enum").and_then(Json::as_array) {
                    return Self::OneOf(
                        values.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
                    );
                }
                match (text("format"), text("pattern")) {
                    (Some("uuid"), _) if schema.get("x-numbered").is_some() => Self::Record,
                    (Some("uuid"), _) => Self::Id { prefix: String::new() },
                    (Some("date-time"), _) => Self::Time,
                    (_, Some(pattern)) if pattern.ends_with('_') => {
                        Self::Id { prefix: pattern.trim_start_matches('^').to_owned() }
                    }
                    _ => Self::Text { longest: schema.get("maxLength").and_then(Json::as_u64) },
                }
            }
            "array" => Self::List(Box::new(
                schema.get("items").map_or(Self::Any, |it| Self::of(it, definitions)),
            )),
            "object" => {
                let required = names(schema.get("required"));
                let fields = schema.get("properties").and_then(Json::as_object);
                let fields: Vec<_> = fields
                    .into_iter()
                    .flatten()
                    .map(|(name, it)| {
                        (name.clone(), Self::of(it, definitions), required.contains(name))
                    })
                    .collect();
                Self::Object { is_open: fields.is_empty(), fields }
            }
            _ => Self::Any,
        }
    }

    fn check(&self, value: Json, origin: Origin, at: &str, faults: &mut Faults) -> Json {
        match (self, value) {
            (Self::Any, value) => value,
            (Self::OrNothing(_), Json::Null) => Json::Null,
            (Self::OrNothing(_), Json::String(text))
                if origin == Origin::Text && text.is_empty() =>
            {
                Json::Null
            }
            (Self::OrNothing(kind), value) => kind.check(value, origin, at, faults),
            (Self::List(kind), value) => kind.check_list(value, origin, at, faults),
            (Self::Object { fields, is_open }, Json::Object(given)) => {
                check_object(fields, *is_open, given, origin, at, faults)
            }
            (Self::Object { .. }, Json::String(text)) if origin == Origin::Text => {
                // A form has no objects; one field of it may hold JSON.
                match serde_json::from_str::<Json>(&text) {
                    Ok(value @ Json::Object(_)) => self.check(value, Origin::Json, at, faults),
                    _ => faulty(Json::String(text), "must be a JSON object", at, faults),
                }
            }
            (Self::Object { .. }, value) => faulty(value, "must be an object", at, faults),
            (_, Json::Array(mut several)) if origin == Origin::Text && !several.is_empty() => {
                // A key that is repeated where one value is wanted: the last one holds.
                let last = several.pop().unwrap_or_default();
                self.check(last, origin, at, faults)
            }
            (kind, value) => kind.check_plain(value, origin, at, faults),
        }
    }

    fn check_list(&self, value: Json, origin: Origin, at: &str, faults: &mut Faults) -> Json {
        let entries = match value {
            Json::Array(entries) => entries,
            Json::String(text) if origin == Origin::Text => {
                text.split(',').map(|it| it.trim().into()).collect()
            }
            other => return faulty(other, "must be a list", at, faults),
        };
        let checked = entries.into_iter().enumerate();
        checked.map(|(n, it)| self.check(it, origin, &format!("{at}/{n}"), faults)).collect()
    }

    fn check_plain(&self, value: Json, origin: Origin, at: &str, faults: &mut Faults) -> Json {
        let is_text = origin == Origin::Text;
        match (self, value) {
            (Self::Truth, Json::Bool(it)) => it.into(),
            (Self::Truth, Json::String(text)) if is_text => match text.as_str() {
                "true" | "1" | "yes" => true.into(),
                "" | "false" | "0" | "no" => (text.is_empty()).into(),
                _ => faulty(text.into(), "must be true or false", at, faults),
            },
            (Self::Truth, other) => faulty(other, "must be true or false", at, faults),
            (Self::Whole { least, most }, value) => {
                let number = match &value {
                    Json::String(text) if is_text => text.trim().parse().ok(),
                    other => other.as_i64(),
                };
                let Some(number) = number else {
                    return faulty(value, "must be a whole number", at, faults);
                };
                if let Some(least) = least.filter(|it| number < *it) {
                    return faulty(value, &format!("must be at least {least}"), at, faults);
                }
                if let Some(most) = most.filter(|it| number > *it) {
                    return faulty(value, &format!("must be at most {most}"), at, faults);
                }
                number.into()
            }
            (Self::Number, Json::String(text)) if is_text => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => number.into(),
                _ => faulty(text.into(), "must be a number", at, faults),
            },
            (Self::Number, value @ Json::Number(_)) => value,
            (Self::Number, other) => faulty(other, "must be a number", at, faults),
            (Self::Text { longest }, Json::String(text)) => {
                let length = text.chars().count() as u64;
                if let Some(longest) = longest.filter(|it| length > *it) {
                    let message = format!("must have at most {longest} characters, has {length}");
                    return faulty(text.into(), &message, at, faults);
                }
                text.into()
            }
            (Self::OneOf(known), Json::String(text)) => {
                if known.contains(&text) {
                    return text.into();
                }
                let mut fault = Fault::new(at, format!("must be one of: {}", known.join(", ")));
                if let Some(meant) = nearest(&text, known.iter().map(String::as_str)) {
                    fault = fault.hint(format!("did you mean `{meant}`?"));
                }
                faults.add(fault);
                text.into()
            }
            (Self::Id { prefix }, Json::String(text)) => {
                let digits = text.strip_prefix(prefix.as_str());
                if digits.is_none_or(|it| uuid::Uuid::try_parse(it).is_err()) {
                    let like =
                        if prefix.is_empty() { "a UUID".into() } else { format!("`{prefix}…`") };
                    faults.add_id(Fault::new(at, format!("is not an id: expected {like}")));
                }
                text.into()
            }
            (Self::Record, value @ (Json::String(_) | Json::Number(_))) => {
                check_record(value, at, faults)
            }
            (Self::Time, Json::String(text)) => check_time(text, at, faults),
            (_, other) => faulty(other, "must be a text", at, faults),
        }
    }
}

/// Reads a truth: texts of a path or a query may be `true` or `false`, `1` or `0`, `yes` or `no`;
/// a name without a value is true.
pub fn truth(value: Json, origin: Origin, pointer: &str, faults: &mut Faults) -> bool {
    Kind::Truth.check(value, origin, pointer, faults) == Json::Bool(true)
}

fn check_object(
    fields: &[(String, Kind, bool)],
    is_open: bool,
    given: Map<String, Json>,
    origin: Origin,
    at: &str,
    faults: &mut Faults,
) -> Json {
    let mut checked = Map::with_capacity(given.len());
    for (name, value) in given {
        let pointer = format!("{at}/{}", escaped(&name));
        let value = match fields.iter().find(|it| it.0 == name) {
            Some((_, kind, _)) => kind.check(value, origin, &pointer, faults),
            None if is_open => value,
            None => {
                let known = fields.iter().map(|it| it.0.as_str());
                faults.add(unknown(&pointer, &name, known));
                continue;
            }
        };
        checked.insert(name, value);
    }
    for (name, _, is_required) in fields {
        if *is_required && !checked.contains_key(name) {
            faults.add(Fault::new(format!("{at}/{}", escaped(name)), "is missing"));
        }
    }
    Json::Object(checked)
}

/// The id of a record, in the one way in which the house writes it: whoever names a record by its number asks
/// for the same as whoever names it by its UUID, for a kept answer, a cursor and a repeated request.
fn check_record(value: Json, at: &str, faults: &mut Faults) -> Json {
    match serde_json::from_value::<RecordId>(value.clone()) {
        Ok(id) => id.to_string().into(),
        Err(_) => {
            let message = format!("is not an id: expected {}", RecordId::EXPECTED);
            faults.add_id(Fault::new(at, message));
            value
        }
    }
}

/// A time, or a day: the day begins at midnight UTC, and as the end of a span (`to…`) it ends there.
fn check_time(text: String, at: &str, faults: &mut Faults) -> Json {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return text.into();
    }
    if text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10 {
        let is_end = at.trim_start_matches('/').starts_with("to");
        return format!("{text}T{}Z", if is_end { "23:59:59.999999" } else { "00:00:00" }).into();
    }
    faults.add(
        Fault::new(at, "is not a time").hint("for example 2026-11-21T08:00:00Z, or 2026-11-21"),
    );
    text.into()
}

fn faulty(value: Json, message: &str, at: &str, faults: &mut Faults) -> Json {
    faults.add(Fault::new(at, message));
    value
}

/// The fault of a field that nobody knows.
pub fn unknown<'a>(pointer: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    let known: Vec<&str> = known.collect();
    let fault = Fault::new(pointer, "is not a known field");
    match nearest(name, known.iter().copied()) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None if known.is_empty() => fault.hint("no field is expected"),
        None => fault.hint(format!("known: {}", known.join(", "))),
    }
}

/// A name written for a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The known name that was probably meant: one that begins with it, or one that is a few letters
/// away.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (given.chars().count() / 3).max(1);
    let given = given.to_lowercase();
    let distance = |it: &str| {
        let is_beginning = given.len() >= 4 && it.starts_with(&given);
        if is_beginning { 1 } else { edits(&given, it) }
    };
    known
        .map(|it| (distance(&it.to_lowercase()), it))
        .filter(|it| it.0 <= most)
        .min_by_key(|it| it.0)
        .map(|it| it.1)
}

/// How many letters must change, come or go (Levenshtein).
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (y, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = y + 1;
        for (x, against) in other.iter().enumerate() {
            let cost = corner + usize::from(letter != *against);
            corner = row[x + 1];
            row[x + 1] = cost.min(row[x] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}

fn names(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn resolved(schema: &Json, definitions: &Json) -> Json {
    let Some(name) = schema.get("$ref").and_then(Json::as_str) else { return schema.clone() };
    let name = name.trim_start_matches("#/$defs/");
    let mut found = definitions.get(name).cloned().unwrap_or_default();
    if let (Some(text), Some(found)) = (schema.get("description"), found.as_object_mut()) {
        found.insert("description".into(), text.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{TenantId, UserId};
    use serde_json::json;

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Args {
        tenant: Option<TenantId>,
        user: UserId,
        #[schemars(range(min = 1, max = 500))]
        limit: Option<u32>,
        deep: Option<bool>,
        role: Option<base::Role>,
        ids: Vec<TenantId>,
        record: Option<RecordId>,
        records: Vec<RecordId>,
        from: Option<base::Timestamp>,
        to: Option<base::Timestamp>,
        input: Option<Map<String, Json>>,
    }

    #[track_caller]
    fn check(name: &str, given: Json, origin: Origin, expected: Result<Json, &str>) {
        let args = Arguments::of::<Args>();
        let mut faults = Faults::default();
        let field = args.field(name).expect("a field of Args");
        let value = field.check(given, origin, &format!("/{name}"), &mut faults);
        match (faults.list.first(), expected) {
            (None, expected) => assert_eq!(Ok(value), expected),
            (Some(fault), expected) => assert_eq!(Err(fault.message.as_str()), expected),
        }
    }

    #[test]
    fn texts_of_a_query_become_numbers_truths_and_lists() {
        check("limit", json!("50"), Origin::Text, Ok(json!(50)));
        check("deep", json!("true"), Origin::Text, Ok(json!(true)));
        check("deep", json!(""), Origin::Text, Ok(Json::Null));
        let id = TenantId::DEFAULT.to_string();
        check("ids", json!([id, id]), Origin::Text, Ok(json!([id, id])));
        check("ids", json!(format!("{id},{id}")), Origin::Text, Ok(json!([id, id])));
        check("to", json!("2026-11-21"), Origin::Text, Ok(json!("2026-11-21T23:59:59.999999Z")));
        check("from", json!("2026-11-21"), Origin::Text, Ok(json!("2026-11-21T00:00:00Z")));
    }

    #[test]
    fn texts_of_json_stay_texts() {
        check("limit", json!("50"), Origin::Json, Err("must be a whole number"));
        check("deep", json!("true"), Origin::Json, Err("must be true or false"));
    }

    #[test]
    fn a_fault_says_what_would_be_right() {
        check("limit", json!("501"), Origin::Text, Err("must be at most 500"));
        check("limit", json!("ten"), Origin::Text, Err("must be a whole number"));
        check("tenant", json!("banana"), Origin::Text, Err("is not an id: expected a UUID"));
        check("user", json!("usr_1"), Origin::Json, Err("is not an id: expected `usr_…`"));
        check(
            "role",
            json!("king"),
            Origin::Json,
            Err("must be one of: owner, admin, operator, editor, viewer"),
        );
        check("from", json!("yesterday"), Origin::Text, Err("is not a time"));
    }

    #[test]
    fn a_record_is_named_by_its_number_or_by_its_uuid() {
        let uuid = json!("00000000-0000-8000-8000-000000000017");
        check("record", json!("17"), Origin::Text, Ok(uuid.clone()));
        check("record", json!(17), Origin::Json, Ok(uuid.clone()));
        check("record", json!("17"), Origin::Json, Ok(uuid.clone()));
        check(
            "record",
            json!("00000000-0000-8000-8000-000000000017"),
            Origin::Text,
            Ok(uuid.clone()),
        );
        check(
            "record",
            json!("01A1FC96-0241-7626-AFE9-000000000000"),
            Origin::Text,
            Ok(json!("01a1fc96-0241-7626-afe9-000000000000")),
        );
        check("record", json!(null), Origin::Json, Ok(Json::Null));
        check("records", json!("17,17"), Origin::Text, Ok(json!([uuid, uuid])));
        let wrong = "is not an id: expected a UUID, or a whole number from 1 on";
        for text in ["0", "-1", "017", "1e3", " 17", "1000000000000000", "banana"] {
            check("record", json!(text), Origin::Text, Err(wrong));
        }
        for number in
            [json!(0), json!(-1), json!(17.0), json!(1e3), json!(1_000_000_000_000_000_u64)]
        {
            check("record", number, Origin::Json, Err(wrong));
        }
        check("record", json!(true), Origin::Json, Err("must be a text"));
    }

    #[test]
    fn malformed_ids_alone_have_a_code_of_their_own() {
        let args = Arguments::of::<Args>();
        let mut faults = Faults::default();
        args.field("tenant").unwrap().check(json!("x"), Origin::Text, "/tenant", &mut faults);
        assert_eq!(faults.code(), "invalid_id");
        args.field("limit").unwrap().check(json!("x"), Origin::Text, "/limit", &mut faults);
        assert_eq!(faults.code(), "invalid_input");
    }

    #[test]
    fn a_misspelt_field_is_recognised() {
        let known = ["name", "description", "type"];
        assert_eq!(nearest("descripton", known.into_iter()), Some("description"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }
}
