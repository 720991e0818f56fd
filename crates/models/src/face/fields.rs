//! Reads the fields of a JSON object one by one: each by its type, and what nobody took is left.
//! Null counts as absent, as official clients send it for what is not set.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Error, Visitor},
};
use serde_json::{Map, Value as Json};

use super::FaceError;

/// The fields of one object, of which each is taken once.
pub struct Fields {
    path: String,
    map: Map<String, Json>,
}

/// Shows which fields there are, never what they hold.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.map.keys().map(|it| self.path(it))).finish()
    }
}

impl Fields {
    /// The fields of a whole body.
    ///
    /// # Errors
    /// The body is no JSON object.
    pub fn of_body(body: &[u8]) -> Result<Self, FaceError> {
        match serde_json::from_slice(body) {
            Ok(Json::Object(map)) => Ok(Self { path: String::new(), map }),
            Ok(_) => Err(FaceError::not_json("is JSON, but not an object")),
            Err(why) => Err(FaceError::not_json(&format!(
                "is not JSON at line {}, column {}",
                why.line(),
                why.column()
            ))),
        }
    }

    /// The fields of the object at `path`.
    ///
    /// # Errors
    /// It is no object.
    pub fn of(path: impl Into<String>, value: Json) -> Result<Self, FaceError> {
        let path = path.into();
        match value {
            Json::Object(map) => Ok(Self { path, map }),
            other => Err(FaceError::wrong_type(path, "an object", &other)),
        }
    }

    /// The path of one of its fields.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes a field of any type; null counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        // Not `swap_remove`, which would change the order of what is left.
        self.map.shift_remove(name).filter(|it| !it.is_null())
    }

    /// Takes a text.
    ///
    /// # Errors
    /// It is something else; so with all that follow.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, FaceError> {
        self.typed(name, "a string", |it| match it {
            Json::String(text) => Ok(text),
            other => Err(other),
        })
    }

    /// Takes a text that must be there.
    pub fn text_required(&mut self, name: &str) -> Result<String, FaceError> {
        self.text(name)?.ok_or_else(|| FaceError::missing(self.path(name)))
    }

    /// Takes a truth value.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, FaceError> {
        self.typed(name, "a boolean", |it| it.as_bool().ok_or(it))
    }

    /// Takes a count. `4.0` is one too: some languages have no other number.
    pub fn count(&mut self, name: &str) -> Result<Option<u64>, FaceError> {
        self.typed(name, "a whole number that is not negative", |it| whole(&it).ok_or(it))
    }

    /// Takes a whole number.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, FaceError> {
        self.typed(name, "a whole number", |it| it.as_i64().ok_or(it))
    }

    /// Takes a number.
    pub fn number(&mut self, name: &str) -> Result<Option<f64>, FaceError> {
        self.typed(name, "a number", |it| it.as_f64().ok_or(it))
    }

    /// Takes a list.
    pub fn list(&mut self, name: &str) -> Result<Option<Vec<Json>>, FaceError> {
        self.typed(name, "a list", |it| match it {
            Json::Array(list) => Ok(list),
            other => Err(other),
        })
    }

    /// Takes an object.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, FaceError> {
        let path = self.path(name);
        self.take(name).map(|it| Self::of(path, it)).transpose()
    }

    /// What nobody took, without what is null.
    pub fn rest(mut self) -> Map<String, Json> {
        self.map.retain(|_, it| !it.is_null());
        self.map
    }

    fn typed<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(Json) -> Result<T, Json>,
    ) -> Result<Option<T>, FaceError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        read(value)
            .map(Some)
            .map_err(|other| FaceError::wrong_type(self.path(name), expected, &other))
    }
}

fn whole(value: &Json) -> Option<u64> {
    let float = || value.as_f64().filter(|it| *it >= 0.0 && it.fract() == 0.0 && *it < 1e15);
    value.as_u64().or_else(|| float().map(|it| it as u64))
}

/// A count, as [`Fields::count`] takes it, for what is read without building values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole(pub u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number that is not negative")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
                let whole = whole(&number.into()).map(Whole);
                whole.ok_or_else(|| E::custom("a number that is not whole"))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// A text that is borrowed where it can be: where nothing in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
        Borrowed::deserialize(deserializer).map(|it| Self(it.0))
    }
}

/// Why a body could not be peeked at, found out slowly: `read` takes the fields that were read.
pub fn why(body: &[u8], read: impl FnOnce(&mut Fields) -> Result<(), FaceError>) -> FaceError {
    let found = Fields::of_body(body).and_then(|mut fields| read(&mut fields));
    found.err().unwrap_or_else(|| FaceError::not_json("has a field that stands there twice"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn fields(body: Json) -> Fields {
        Fields::of("a.b[0]", body).unwrap()
    }

    #[test]
    fn what_nobody_took_is_left_in_its_order_and_without_nulls() {
        let mut it = fields(json!({"a": 1, "b": "text", "c": null, "d": 2}));
        assert_eq!(it.text("b"), Ok(Some("text".into())));
        assert_eq!(it.text("c"), Ok(None));
        assert_eq!(Json::from(it.rest()).to_string(), r#"{"a":1,"d":2}"#);
    }

    #[test]
    fn an_error_names_the_field_and_never_its_value() {
        let error = fields(json!({"n": "private words"})).count("n").unwrap_err();
        assert_eq!((&*error.field, error.code), ("a.b[0].n", "invalid_type"));
        assert_eq!(
            error.message,
            "`a.b[0].n` must be a whole number that is not negative, not a string"
        );
        assert_eq!(
            fields(json!({})).text_required("n").unwrap_err().code,
            "missing_required_parameter"
        );
    }

    #[rstest]
    #[case("4", Some(4))]
    #[case("4.0", Some(4))]
    #[case("4.5", None)]
    #[case("-4", None)]
    #[case("\"4\"", None)]
    fn a_count_may_be_written_with_a_point(#[case] text: &str, #[case] expected: Option<u64>) {
        let value: Json = serde_json::from_str(text).unwrap();
        assert_eq!(fields(json!({"n": value})).count("n").ok().flatten(), expected);
        assert_eq!(serde_json::from_str::<Whole>(text).ok().map(|it| it.0), expected);
    }

    #[rstest]
    #[case(b"[]", "the body of the request is JSON, but not an object; send a JSON object")]
    #[case(
        b"{\"a\":\n nope}",
        "the body of the request is not JSON at line 2, column 3; send a JSON object"
    )]
    fn a_body_that_is_no_object_is_said_to_be_none(#[case] body: &[u8], #[case] expected: &str) {
        assert_eq!(Fields::of_body(body).unwrap_err().message, expected);
    }
}
