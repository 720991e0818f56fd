//! What kinds of values a field may hold, as far as its schema says so.

use serde_json::Value as Json;

/// The kinds of values a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Text.
    pub text: bool,
    /// Numbers with a fraction (and without).
    pub number: bool,
    /// Whole numbers.
    pub integer: bool,
    /// True and false.
    pub boolean: bool,
    /// Nothing.
    pub null: bool,
    /// Objects.
    pub object: bool,
    /// Lists.
    pub list: bool,
}

impl Kinds {
    /// Anything.
    pub const ANY: Self = Self {
        text: true,
        number: true,
        integer: true,
        boolean: true,
        null: true,
        object: true,
        list: true,
    };
    const NONE: Self = Self {
        text: false,
        number: false,
        integer: false,
        boolean: false,
        null: false,
        object: false,
        list: false,
    };

    pub(super) fn of(schema: &Json) -> Self {
        if let Some(values) = schema.get("enum").and_then(Json::as_array) {
            return values.iter().fold(Self::NONE, |kinds, it| kinds.or(Self::of_value(it)));
        }
        if let Some(value) = schema.get("const") {
            return Self::of_value(value);
        }
        match schema.get("type") {
            Some(Json::String(name)) => return Self::named(name),
            Some(Json::Array(names)) => {
                return names
                    .iter()
                    .filter_map(Json::as_str)
                    .fold(Self::NONE, |kinds, it| kinds.or(Self::named(it)));
            }
            _ => {}
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(ways) = schema.get(key).and_then(Json::as_array) {
                return ways.iter().fold(Self::NONE, |kinds, it| kinds.or(Self::of(it)));
            }
        }
        Self::ANY
    }

    fn named(name: &str) -> Self {
        let none = Self::NONE;
        match name {
            "string" => Self { text: true, ..none },
            "number" => Self { number: true, integer: true, ..none },
            "integer" => Self { integer: true, ..none },
            "boolean" => Self { boolean: true, ..none },
            "null" => Self { null: true, ..none },
            "object" => Self { object: true, ..none },
            "array" => Self { list: true, ..none },
            _ => none,
        }
    }

    fn of_value(value: &Json) -> Self {
        Self::named(match value {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(it) if it.is_f64() => "number",
            Json::Number(_) => "integer",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        })
    }

    fn or(self, other: Self) -> Self {
        Self {
            text: self.text || other.text,
            number: self.number || other.number,
            integer: self.integer || other.integer,
            boolean: self.boolean || other.boolean,
            null: self.null || other.null,
            object: self.object || other.object,
            list: self.list || other.list,
        }
    }
}
