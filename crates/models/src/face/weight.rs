//! About how many tokens a JSON value has, counted while it is read: one for every four bytes of
//! its texts ([`crate::tokens`]), one for every number, and a fixed count for a picture, whose
//! base64 says nothing of what it costs.
//!
//! Used to hold back budget before anybody has counted; never for what is billed.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a picture is taken for: OpenAI counts 85 to 1,500 of them by size, Anthropic up to 1,600.
pub const TOKENS_PER_PICTURE: u64 = 1_000;
const BYTES_PER_TOKEN: u64 = 4;
/// Shorter texts under `data` are no picture.
const PICTURE_BYTES_MIN: usize = 256;

/// The bytes of a value that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight(u64);

impl Weight {
    /// About how many tokens.
    pub fn tokens(self) -> u64 {
        self.0.div_ceil(BYTES_PER_TOKEN)
    }

    /// This and another.
    pub fn and(self, other: Option<Self>) -> Self {
        Self(self.0.saturating_add(other.unwrap_or_default().0))
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scales)
    }
}

struct Scales;

impl<'de> Visitor<'de> for Scales {
    type Value = Weight;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Weight, E> {
        Ok(Weight(BYTES_PER_TOKEN))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Weight, E> {
        Ok(Weight(BYTES_PER_TOKEN))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Weight, E> {
        Ok(Weight(BYTES_PER_TOKEN))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Weight, E> {
        Ok(Weight(BYTES_PER_TOKEN))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Weight, E> {
        let is_picture = text.len() >= PICTURE_BYTES_MIN && text.starts_with("data:");
        let picture = Weight(TOKENS_PER_PICTURE * BYTES_PER_TOKEN);
        Ok(if is_picture { picture } else { Weight(text.len() as u64) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Weight, A::Error> {
        let mut sum = Weight(0);
        while let Some(next) = list.next_element()? {
            sum = sum.and(Some(next));
        }
        Ok(sum)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Weight, A::Error> {
        let mut sum = Weight(0);
        while let Some(key) = map.next_key()? {
            let next = match key {
                // Proofs and ids are carried, not read.
                Key::Carried => map.next_value::<IgnoredAny>().map(|_| Weight(0))?,
                Key::Other => map.next_value()?,
                Key::Data => {
                    let data: Weight = map.next_value()?;
                    if data.0 < PICTURE_BYTES_MIN as u64 {
                        data
                    } else {
                        Weight(TOKENS_PER_PICTURE * BYTES_PER_TOKEN)
                    }
                }
            };
            sum = sum.and(Some(next));
        }
        Ok(sum)
    }
}

enum Key {
    /// `data`, `file_data`: bytes as base64.
    Data,
    /// Not words for the model.
    Carried,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl Visitor<'_> for Names {
            type Value = Key;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "data" | "file_data" => Key::Data,
                    "id" | "type" | "signature" | "encrypted_content" => Key::Carried,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_identifier(Names)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value as Json, json};

    use super::*;

    #[rstest]
    #[case::a_message(json!([{"role": "user", "content": "four by four has 16"}]), 6)]
    #[case::parts(json!([{"content": [{"type": "text", "text": "12345678"}]}]), 2)]
    #[case::token_ids(json!([[1, 2, 3], [4]]), 4)]
    #[case::nothing(json!(null), 0)]
    #[case::a_picture(json!({"image_url": {"url": format!("data:image/png;base64,{}", "A".repeat(40_000))}}), 1_000)]
    #[case::a_picture_of_anthropic(json!({"source": {"data": "A".repeat(40_000)}}), 1_000)]
    #[case::a_proof(json!({"encrypted_content": "A".repeat(40_000)}), 0)]
    fn four_bytes_of_text_are_a_token_and_a_picture_is_a_thousand(
        #[case] value: Json,
        #[case] expected: u64,
    ) {
        let weight: Weight = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(weight.tokens(), expected);
    }
}
