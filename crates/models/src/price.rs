//! What models cost, and what an answer cost: whole micro-dollars, rounded once, half away from zero.
//!
//! A model without a price has an unknown cost. Unknown is not zero.

use base::{MicroUsd, Timestamp};
use jiff::{civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use crate::{Cost, Usage};

/// What a model costs from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// `provider/model` or `model`; a `*` at the end stands for any rest, as in `local/*`.
    pub model: String,
    /// Dollars for a million tokens of the question.
    #[schemars(with = "f64")]
    pub input_per_million_usd: Rate,
    /// Dollars for a million tokens of the answer. Embedding models have none: zero.
    #[serde(default)]
    #[schemars(with = "f64")]
    pub output_per_million_usd: Rate,
    /// Dollars for a million tokens of the question that the provider had cached. Default: as input.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub cached_per_million_usd: Option<Rate>,
    /// The first day (UTC) this price holds. Default: always.
    #[serde(default)]
    pub since: Option<Date>,
}

/// Micro-dollars for a million tokens, which is millionths of a micro-dollar for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate(pub i64);

impl Rate {
    /// A rate given in dollars for a million tokens. None when it is negative or not a number.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        (0.0..=1e15).contains(&micros).then_some(Self(micros as i64))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Self::from_dollars(dollars)
            .ok_or_else(|| de::Error::custom("a price is a number of dollars, zero or more"))
    }
}

/// What `usage` of a model cost at `now`.
pub fn cost(prices: &[Price], provider: &str, model: &str, usage: &Usage, now: Timestamp) -> Cost {
    match find(prices, provider, model, now) {
        Some(price) => Cost::Known(price.of(usage)),
        None => Cost::Unknown,
    }
}

impl Price {
    fn of(&self, usage: &Usage) -> MicroUsd {
        let cached = usage.cached.min(usage.tokens_in);
        let parts = [
            (usage.tokens_in - cached, self.input_per_million_usd),
            (cached, self.cached_per_million_usd.unwrap_or(self.input_per_million_usd)),
            (usage.tokens_out, self.output_per_million_usd),
        ];
        let millionths: i128 =
            parts.iter().map(|(tokens, rate)| i128::from(*tokens) * i128::from(rate.0)).sum();
        // Rounded once, over the sum: rounding each part would lose or invent money.
        MicroUsd(i64::try_from((millionths + 500_000) / 1_000_000).unwrap_or(i64::MAX))
    }
}

/// The newest price of the most exact name.
fn find<'a>(prices: &'a [Price], provider: &str, model: &str, now: Timestamp) -> Option<&'a Price> {
    let qualified = format!("{provider}/{model}");
    let today = TimeZone::UTC.to_datetime(now).date();
    prices
        .iter()
        .filter(|it| it.since.is_none_or(|since| since <= today))
        .filter_map(|it| Some((exactness(&it.model, &qualified, model)?, it)))
        .max_by_key(|(exactness, it)| (*exactness, it.since.unwrap_or(Date::MIN)))
        .map(|(_, it)| it)
}

fn exactness(pattern: &str, qualified: &str, model: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        None if pattern == qualified => Some(usize::MAX),
        None if pattern == model => Some(usize::MAX - 1),
        None => None,
        Some(start) if qualified.starts_with(start) || model.starts_with(start) => {
            Some(start.len())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn price(model: &str, input: f64, output: f64, since: Option<Date>) -> Price {
        Price {
            model: model.into(),
            input_per_million_usd: Rate::from_dollars(input).unwrap(),
            output_per_million_usd: Rate::from_dollars(output).unwrap(),
            cached_per_million_usd: None,
            since,
        }
    }

    fn usage(tokens_in: u64, tokens_out: u64, cached: u64) -> Usage {
        Usage { tokens_in, tokens_out, cached, estimated: false }
    }

    #[rstest]
    #[case(0.15, 0.60, usage(0, 0, 0), 0)]
    #[case(0.15, 0.60, usage(1_000_000, 0, 0), 150_000)]
    #[case(2.5, 10.0, usage(1_234, 567, 0), 8_755)] // 3,085 + 5,670
    #[case(0.15, 0.60, usage(3, 0, 0), 0)] // 0.45
    #[case(0.50, 0.0, usage(1, 0, 0), 1)] // exactly half
    #[case(0.3, 0.3, usage(1, 1, 0), 1)] // 0.6: each part alone would round to nothing
    #[case(60.0, 60.0, usage(u64::from(u32::MAX), 0, 0), 257_698_037_700)]
    fn a_cost_is_rounded_once(
        #[case] input: f64,
        #[case] output: f64,
        #[case] usage: Usage,
        #[case] expected: i64,
    ) {
        assert_eq!(price("m", input, output, None).of(&usage), MicroUsd(expected));
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        let mut it = price("m", 2.0, 0.0, None);
        assert_eq!(it.of(&usage(1_000, 0, 400)), MicroUsd(2_000));
        it.cached_per_million_usd = Rate::from_dollars(1.0);
        assert_eq!(it.of(&usage(1_000, 0, 400)), MicroUsd(1_600));
        // A provider that counts the cached ones apart must not make the cost negative.
        assert_eq!(it.of(&usage(100, 0, 400)), MicroUsd(100));
    }

    #[test]
    fn a_model_without_a_price_has_an_unknown_cost() {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        assert_eq!(
            cost(&[price("a", 1.0, 1.0, None)], "p", "b", &usage(0, 0, 0), now),
            Cost::Unknown
        );
    }

    #[track_caller]
    fn check(prices: &[Price], now: &str, expected: i64) {
        let now = now.parse().unwrap();
        let cost = cost(prices, "p", "gpt-4o", &usage(1_000_000, 0, 0), now);
        assert_eq!(cost, Cost::Known(MicroUsd(expected)));
    }

    #[test]
    fn the_newest_price_that_holds_already_counts() {
        let day = |month| Some(Date::constant(2026, month, 1));
        let prices = [
            price("gpt-4o", 3.0, 0.0, day(6)),
            price("gpt-4o", 5.0, 0.0, None),
            price("gpt-4o", 1.0, 0.0, day(12)),
        ];
        check(&prices, "2026-05-31T23:59:59Z", 5_000_000);
        check(&prices, "2026-06-01T00:00:00Z", 3_000_000);
        check(&prices, "2026-12-24T00:00:00Z", 1_000_000);
    }

    #[test]
    fn the_most_exact_name_counts() {
        let mut prices = vec![price("p/*", 1.0, 0.0, None)];
        check(&prices, "2026-11-21T08:00:00Z", 1_000_000);
        prices.push(price("gpt-*", 2.0, 0.0, None));
        check(&prices, "2026-11-21T08:00:00Z", 2_000_000);
        prices.push(price("gpt-4o", 3.0, 0.0, None));
        check(&prices, "2026-11-21T08:00:00Z", 3_000_000);
        prices.insert(0, price("p/gpt-4o", 4.0, 0.0, None));
        check(&prices, "2026-11-21T08:00:00Z", 4_000_000);
    }

    #[test]
    fn a_negative_price_is_refused() {
        assert!(serde_json::from_str::<Rate>("-1").is_err());
        assert_eq!(serde_json::from_str::<Rate>("0.02").ok(), Some(Rate(20_000)));
    }
}
