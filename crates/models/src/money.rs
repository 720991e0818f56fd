//! Money in billionths of a dollar: a token of the cheapest models costs less than a millionth, and
//! a sum of rounded parts is not the sum.
//!
//! People are shown [`MicroUsd`]; [`NanoUsd`] is what the ledger adds up.

use std::{fmt, iter::Sum, ops::Add};

use base::MicroUsd;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in billionths of a United States dollar. Settings and answers write it in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount given in dollars. None when it is negative, not a number, or beyond nine billion.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nanos = (dollars * 1e9).round();
        (0.0..=9e18).contains(&nanos).then_some(Self(nanos as i64))
    }

    /// The amount in dollars, for answers that promise a number.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The amount as it is shown: rounded once, half away from zero.
    pub fn micros(self) -> MicroUsd {
        let half = if self.0 < 0 { -500 } else { 500 };
        MicroUsd(self.0.saturating_add(half) / 1_000)
    }
}

impl From<MicroUsd> for NanoUsd {
    fn from(amount: MicroUsd) -> Self {
        Self(amount.0.saturating_mul(1_000))
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        write!(f, "{sign}${}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
    }
}

impl Add for NanoUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for NanoUsd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.dollars().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NanoUsd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Self::from_dollars(dollars)
            .ok_or_else(|| de::Error::custom("an amount is a number of dollars, zero or more"))
    }
}

impl JsonSchema for NanoUsd {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dollars".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "minimum": 0})
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 0)]
    #[case(499, 0)]
    #[case(500, 1)]
    #[case(1_499, 1)]
    #[case(-500, -1)]
    fn what_is_shown_is_rounded_half_away_from_zero(#[case] nanos: i64, #[case] micros: i64) {
        assert_eq!(NanoUsd(nanos).micros(), MicroUsd(micros));
    }

    #[test]
    fn an_amount_is_read_and_written_in_dollars() {
        assert_eq!(serde_json::from_str::<NanoUsd>("0.1").ok(), Some(NanoUsd(100_000_000)));
        assert_eq!(serde_json::to_string(&NanoUsd(1_500_000_000)).ok(), Some("1.5".into()));
        assert!(serde_json::from_str::<NanoUsd>("-1").is_err());
        assert_eq!(NanoUsd(1_000_000_001).to_string(), "$1.000000001");
    }
}
