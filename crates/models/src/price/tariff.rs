//! On what terms an answer was given, where they change its price: as the answer itself states them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value as Json;

/// On what terms an answer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tariff {
    /// Those of most, and of who says nothing.
    #[default]
    Ordinary,
    /// In a batch, for some time later.
    Batch,
    /// When the provider has room, for less.
    Flex,
    /// Before others, for more.
    Priority,
    /// Others, which no list of prices here knows.
    Other,
}

impl Tariff {
    /// What the `service_tier` of an answer means. None when it states none.
    pub(crate) fn stated(tier: Option<&Json>) -> Option<Self> {
        tier.and_then(Json::as_str).and_then(Self::of_word)
    }

    /// What this word of a provider means. None for no word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "" => return None,
            // OpenAI's, Anthropic's, and Groq's word for it; `auto`: it was left to the provider.
            "default" | "standard" | "on_demand" | "auto" => Self::Ordinary,
            "batch" => Self::Batch,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            _ => Self::Other,
        })
    }

    /// Of two answers together.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Other }
    }
}

/// A share in percent, kept in thousandths of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(with = "f64")]
pub struct Percent(pub u32);

impl Percent {
    /// All of it.
    pub const WHOLE: Self = Self(100_000);

    /// None when it is negative, not a number, or more than a million.
    pub fn new(percent: f64) -> Option<Self> {
        let thousandths = (percent * 1e3).round();
        (0.0..=1e9).contains(&thousandths).then_some(Self(thousandths as u32))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(deserializer)?;
        Self::new(percent).ok_or_else(|| de::Error::custom("a share is a number of percent"))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As it is mostly written: the version of a list of prices is made of this.
        if self.0.is_multiple_of(1_000) {
            serializer.serialize_u32(self.0 / 1_000)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 1e3)
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!("default"), Some(Tariff::Ordinary))]
    #[case(json!("standard"), Some(Tariff::Ordinary))]
    #[case(json!("on_demand"), Some(Tariff::Ordinary))]
    #[case(json!("auto"), Some(Tariff::Ordinary))]
    #[case(json!("batch"), Some(Tariff::Batch))]
    #[case(json!("flex"), Some(Tariff::Flex))]
    #[case(json!("priority"), Some(Tariff::Priority))]
    #[case(json!("scale"), Some(Tariff::Other))]
    #[case(json!(""), None)]
    #[case(json!(null), None)]
    #[case(json!(7), None)]
    fn a_tier_is_what_the_answer_states(#[case] tier: Json, #[case] expected: Option<Tariff>) {
        assert_eq!(Tariff::stated(Some(&tier)), expected);
    }

    #[test]
    fn a_share_is_written_as_it_was_read() {
        for text in ["50", "166.667", "0", "0.001"] {
            let share: Percent = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&share).unwrap(), text);
        }
        for text in ["-1", "1e9", "null", "\"50\""] {
            assert!(serde_json::from_str::<Percent>(text).is_err(), "{text}");
        }
    }
}
