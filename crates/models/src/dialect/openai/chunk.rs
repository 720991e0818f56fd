//! One frame of a stream, as far as it is read. Fields of an unexpected type say nothing instead of
//! breaking the frame: servers differ, and a stream is paid for.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// A frame of `chat/completions`.
#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(super) id: Word<'a>,
    #[serde(borrow, default)]
    pub(super) model: Word<'a>,
    #[serde(borrow, default)]
    pub(super) choices: Many<Choice<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) service_tier: Word<'a>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) x_groq: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Word<'a>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(super) content: Word<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Word<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning: Word<'a>,
    #[serde(borrow, default)]
    pub(super) refusal: Word<'a>,
    #[serde(borrow, default)]
    pub(super) tool_calls: Many<Call<'a>>,
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Call<'a> {
    #[serde(default)]
    pub(super) index: Count,
    #[serde(borrow, default)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow, default)]
    pub(super) name: Word<'a>,
    #[serde(borrow, default)]
    pub(super) arguments: Arguments<'a>,
}

/// A text, or the texts among parts; anything else is no text.
#[derive(Default)]
pub(super) struct Word<'a>(Cow<'a, str>);

impl Word<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, when there is any.
    pub(super) fn said(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words(PhantomData))
    }
}

struct Words<'a>(PhantomData<&'a ()>);

/// A part of a text.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Word<'a>,
}

impl<'de: 'a, 'a> Visitor<'de> for Words<'a> {
    type Value = Word<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Word<'a>, E> {
        Ok(Word(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word<'a>, E> {
        Ok(Word(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Word<'a>, E> {
        Ok(Word::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Word<'a>, E> {
        Ok(Word::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Word<'a>, E> {
        Ok(Word::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Word<'a>, E> {
        Ok(Word::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Word<'a>, E> {
        Ok(Word::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Word<'a>, A::Error> {
        let mut text = String::new();
        while let Some(piece) = list.next_element::<Piece<'de>>()? {
            text.push_str(piece.text.as_str());
        }
        Ok(Word(Cow::Owned(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Word<'a>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Word::default())
    }
}

/// The arguments of a call as text. Some servers send them as a value.
#[derive(Default)]
pub(super) struct Arguments<'a>(Cow<'a, str>);

impl Arguments<'_> {
    pub(super) fn said(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(match raw.as_bytes().first() {
            Some(b'"') => match serde_json::from_str::<Word<'_>>(raw) {
                Ok(word) => Cow::Owned(word.0.into_owned()),
                Err(_) => return Err(D::Error::custom("a text that is none")),
            },
            Some(b'{' | b'[') => Cow::Borrowed(raw),
            _ => Cow::Borrowed(""),
        }))
    }
}

/// A number that counts; anything else is none.
#[derive(Default, Clone, Copy)]
pub(super) struct Count(pub(super) Option<usize>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(raw.parse().ok()))
    }
}

/// A list; null is an empty one.
pub(super) struct Many<T>(pub(super) Option<Vec<T>>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Many<T> {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.as_deref().unwrap_or_default().iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Vec<T>>::deserialize(deserializer).map(Self)
    }
}
