//! What models cost, and what an answer cost: whole billionths of a dollar, rounded once, half away
//! from zero.
//!
//! A model without a price has an unknown cost. Unknown is not zero. No price is built in: those of
//! the application's `config/llm.yaml` are the only ones, and each row of the ledger says by which
//! version of them it was priced.
//!
//! An answer is priced by the [`Tariff`] that it states. One that the list has no share for has an
//! unknown cost too, and never the ordinary one. So has one that used what costs more than its kin,
//! or something else, and has no price in the list: what is written into a cache, sound, searches.

mod tariff;

use base::Timestamp;
use jiff::{civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Cost, Usage, money::NanoUsd};
pub use tariff::{Percent, Tariff};

/// What a model costs from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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
    /// Dollars for a million tokens that were written into the provider's cache. Default: nobody
    /// knows, because it costs more than input; nothing where input and output cost nothing.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub cache_written_per_million_usd: Option<Rate>,
    /// The same for what stays there for an hour. Default: nobody knows; nothing where input and
    /// output cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub cache_written_1h_per_million_usd: Option<Rate>,
    /// Dollars for a million tokens that were thought and not said. Default: as output.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub reasoning_per_million_usd: Option<Rate>,
    /// Dollars for a million tokens of the question that were sound. Default: nobody knows; nothing
    /// where input and output cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub audio_input_per_million_usd: Option<Rate>,
    /// Dollars for a million tokens of the answer that were sound. Default: nobody knows; nothing
    /// where input and output cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub audio_output_per_million_usd: Option<Rate>,
    /// Dollars for each request, whatever it holds.
    #[serde(default)]
    pub per_request_usd: NanoUsd,
    /// Dollars for each time that the provider searched the web for an answer, in every tariff.
    /// Default: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_web_search_usd: Option<NanoUsd>,
    /// What the same costs when the answer was made in a batch, in percent. Default: nobody knows.
    #[serde(default)]
    pub batch_percent: Option<Percent>,
    /// What the same costs when the answer says that its tier is `flex`, in percent. Default: nobody
    /// knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flex_percent: Option<Percent>,
    /// What the same costs when the answer says that its tier is `priority`, in percent. Default:
    /// nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_percent: Option<Percent>,
    /// Other prices for long questions, the shortest first. The whole request is priced by the last
    /// tier that it is above.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// The first day (UTC) this price holds. Default: always.
    #[serde(default)]
    pub since: Option<Date>,
}

/// What a model costs for long questions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// For questions of more tokens than this, cached ones included.
    pub above_tokens: u64,
    /// As for the price.
    #[schemars(with = "f64")]
    pub input_per_million_usd: Rate,
    /// As for the price.
    #[serde(default)]
    #[schemars(with = "f64")]
    pub output_per_million_usd: Rate,
    /// As for the price. Default: as input of this tier.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub cached_per_million_usd: Option<Rate>,
    /// As for the price.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub cache_written_per_million_usd: Option<Rate>,
    /// As for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub cache_written_1h_per_million_usd: Option<Rate>,
    /// As for the price. Default: as output of this tier.
    #[serde(default)]
    #[schemars(with = "Option<f64>")]
    pub reasoning_per_million_usd: Option<Rate>,
    /// As for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub audio_input_per_million_usd: Option<Rate>,
    /// As for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub audio_output_per_million_usd: Option<Rate>,
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

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0 as f64 / 1e6).serialize(serializer)
    }
}

/// What `usage` of a model cost at `now`, on the terms that it was given on.
pub fn cost(prices: &[Price], provider: &str, model: &str, usage: &Usage, now: Timestamp) -> Cost {
    let price = find(prices, provider, model, now);
    price.and_then(|it| it.of(usage)).map_or(Cost::Unknown, Cost::Known)
}

/// Tells one list of prices from another: the same for the same prices in the same order.
pub fn version(prices: &[Price]) -> String {
    let text = serde_json::to_vec(prices).unwrap_or_default();
    format!("{:016x}", crate::ledger::checksum(&text))
}

/// What cannot work in a list of prices: where, and the way out.
pub(crate) fn check(prices: &[Price]) -> Vec<(String, String)> {
    let mut findings = Vec::new();
    for (at, price) in prices.iter().enumerate() {
        if price.tiers.windows(2).any(|it| it[0].above_tokens >= it[1].above_tokens) {
            let message = "must name ever longer questions: each `above_tokens` above the last";
            findings.push((format!("prices[{at}].tiers"), message.to_owned()));
        }
    }
    findings
}

/// The prices of the kinds of tokens, with what is left out filled in where its kin costs as much
/// or more. None: nobody knows.
struct Rates {
    input: Rate,
    output: Rate,
    cached: Rate,
    cache_written: Option<Rate>,
    cache_written_1h: Option<Rate>,
    reasoning: Rate,
    audio_in: Option<Rate>,
    audio_out: Option<Rate>,
}

macro_rules! rates {
    ($it:expr) => {{
        let (input, output) = ($it.input_per_million_usd, $it.output_per_million_usd);
        let free = (input, output) == (Rate(0), Rate(0));
        let free = free.then_some(Rate(0));
        Rates {
            input,
            output,
            cached: $it.cached_per_million_usd.unwrap_or(input),
            cache_written: $it.cache_written_per_million_usd.or(free),
            cache_written_1h: $it.cache_written_1h_per_million_usd.or(free),
            reasoning: $it.reasoning_per_million_usd.unwrap_or(output),
            audio_in: $it.audio_input_per_million_usd.or(free),
            audio_out: $it.audio_output_per_million_usd.or(free),
        }
    }};
}

impl Price {
    /// What this tariff costs, beside the ordinary one. None when nobody knows.
    fn share(&self, tariff: Tariff) -> Option<Percent> {
        match tariff {
            Tariff::Ordinary => Some(Percent::WHOLE),
            Tariff::Batch => self.batch_percent,
            Tariff::Flex => self.flex_percent,
            Tariff::Priority => self.priority_percent,
            Tariff::Other => None,
        }
    }

    fn of(&self, usage: &Usage) -> Option<NanoUsd> {
        let rates = match self.tiers.iter().rfind(|it| usage.tokens_in > it.above_tokens) {
            Some(tier) => rates!(tier),
            None => rates!(self),
        };
        // A provider that counts the parts apart from the whole must not make a cost negative. Where
        // it does not say whether parts of it overlap, what costs most is taken first.
        let heard = usage.audio_in.min(usage.tokens_in);
        let written = usage.cache_written.min(usage.tokens_in - heard);
        let written_1h = usage.cache_written_1h.min(written);
        let cached = usage.cached.min(usage.tokens_in - heard - written);
        let spoken = usage.audio_out.min(usage.tokens_out);
        let thought = usage.reasoning.min(usage.tokens_out - spoken);
        let parts = [
            (usage.tokens_in - heard - written - cached, Some(rates.input)),
            (heard, rates.audio_in),
            (cached, Some(rates.cached)),
            (written - written_1h, rates.cache_written),
            (written_1h, rates.cache_written_1h),
            (usage.tokens_out - spoken - thought, Some(rates.output)),
            (spoken, rates.audio_out),
            (thought, Some(rates.reasoning)),
        ];
        let costs = parts.iter().map(|(used, rate)| times(*used, rate.map(|it| it.0)));
        let tokens = costs.sum::<Option<i128>>()?;
        let searches = times(usage.web_searches, self.per_web_search_usd.map(|it| it.0))?;
        let share = i128::from(self.share(usage.tariff)?.0);
        let picos = (tokens + i128::from(self.per_request_usd.0) * 1_000) * share
            + searches * 1_000 * i128::from(Percent::WHOLE.0);
        // Rounded once, over the sum: rounding each part would lose or invent money.
        let nanos = i64::try_from((picos + 50_000_000) / 100_000_000).map_or(COST_MAX, NanoUsd);
        Some(nanos.min(COST_MAX))
    }
}

/// So many at this price each. None: some were used, and nobody knows what they cost.
fn times(used: u64, price: Option<i64>) -> Option<i128> {
    match price {
        Some(price) => Some(i128::from(used) * i128::from(price)),
        None => (used == 0).then_some(0),
    }
}

/// A million dollars: no call costs that, and thousands that are said to still add up within 64
/// bits.
const COST_MAX: NanoUsd = NanoUsd(1_000_000_000_000_000);

/// The newest price of the most exact name.
pub(crate) fn find<'a>(
    prices: &'a [Price],
    provider: &str,
    model: &str,
    now: Timestamp,
) -> Option<&'a Price> {
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
            input_per_million_usd: rate(input),
            output_per_million_usd: rate(output),
            since,
            ..Price::default()
        }
    }

    fn rate(dollars: f64) -> Rate {
        Rate::from_dollars(dollars).unwrap()
    }

    fn usage(tokens_in: u64, tokens_out: u64, cached: u64) -> Usage {
        Usage { tokens_in, tokens_out, cached, ..Usage::default() }
    }

    #[track_caller]
    fn costs(price: &Price, usage: Usage, nanos: i64) {
        assert_eq!(price.of(&usage), Some(NanoUsd(nanos)));
    }

    #[rstest]
    #[case(0.15, 0.60, usage(0, 0, 0), 0)]
    #[case(0.15, 0.60, usage(1_000_000, 0, 0), 150_000_000)]
    #[case(2.5, 10.0, usage(1_234, 567, 0), 8_755_000)] // 3,085,000 + 5,670,000
    #[case(0.15, 0.60, usage(3, 0, 0), 450)]
    #[case(0.0005, 0.0, usage(1, 0, 0), 1)] // exactly half
    #[case(0.0003, 0.0003, usage(1, 1, 0), 1)] // 0.6: each part alone would round to nothing
    #[case(60.0, 60.0, usage(u64::from(u32::MAX), 0, 0), 257_698_037_700_000)]
    fn a_cost_is_rounded_once(
        #[case] input: f64,
        #[case] output: f64,
        #[case] usage: Usage,
        #[case] expected: i64,
    ) {
        costs(&price("m", input, output, None), usage, expected);
    }

    #[test]
    fn each_kind_of_token_has_its_own_price_or_that_of_its_kin() {
        let mut it = price("m", 2.0, 10.0, None);
        let usage = Usage {
            tokens_in: 1_000,
            cached: 400,
            cache_written: 100,
            tokens_out: 50,
            reasoning: 30,
            ..Usage::default()
        };
        it.cache_written_per_million_usd = Some(rate(2.5));
        costs(&it, usage, 1_000_000 + 800_000 + 250_000 + 500_000);
        it.cached_per_million_usd = Some(rate(0.2));
        costs(&it, usage, 1_000_000 + 80_000 + 250_000 + 500_000);
        it.reasoning_per_million_usd = Some(rate(1.0));
        costs(&it, usage, 1_000_000 + 80_000 + 250_000 + 200_000 + 30_000);
        // A provider that counts the cached ones apart must not make the cost negative.
        let apart = Usage { tokens_in: 100, cached: 400, cache_written: 9, ..Usage::default() };
        costs(&it, apart, 91 * 200 + 9 * 2_500);
    }

    #[rstest]
    #[case::written(Usage { cache_written: 100, ..usage(1_000, 50, 0) }, 1_800_000 + 250_000 + 500_000)]
    #[case::for_an_hour(
        Usage { cache_written: 100, cache_written_1h: 60, ..usage(1_000, 50, 0) },
        1_800_000 + 100_000 + 240_000 + 500_000
    )]
    #[case::heard(Usage { audio_in: 100, ..usage(1_000, 50, 0) }, 1_800_000 + 4_000_000 + 500_000)]
    // Nobody says whether sound was cached too: it is not taken for the cheaper of both.
    #[case::heard_and_cached(Usage { audio_in: 100, ..usage(100, 0, 100) }, 4_000_000)]
    #[case::said(Usage { audio_out: 20, ..usage(1_000, 50, 0) }, 2_000_000 + 300_000 + 1_600_000)]
    #[case::searched(Usage { web_searches: 3, ..usage(1_000, 50, 0) }, 2_500_000 + 30_000_000)]
    fn what_costs_more_than_its_kin_has_its_own_price_or_none_that_is_known(
        #[case] used: Usage,
        #[case] expected: i64,
    ) {
        let mut it = price("m", 2.0, 10.0, None);
        assert_eq!(it.of(&used), None);
        it.cache_written_per_million_usd = Some(rate(2.5));
        it.cache_written_1h_per_million_usd = Some(rate(4.0));
        it.audio_input_per_million_usd = Some(rate(40.0));
        it.audio_output_per_million_usd = Some(rate(80.0));
        it.per_web_search_usd = Some(NanoUsd(10_000_000));
        costs(&it, used, expected);
        // A longer question is priced by its tier as a whole: what that has no price for has none.
        it.tiers =
            vec![Tier { above_tokens: 99, input_per_million_usd: rate(2.0), ..Tier::default() }];
        assert_eq!(it.of(&used).is_some(), used.web_searches > 0);
    }

    #[test]
    fn a_model_that_costs_nothing_costs_nothing_in_all_its_tokens() {
        let used = Usage {
            cache_written: 9,
            cache_written_1h: 1,
            audio_in: 1,
            audio_out: 1,
            ..usage(20, 5, 0)
        };
        costs(&price("m", 0.0, 0.0, None), used, 0);
        // Of one whose answers have no price it is not known that they are for nothing.
        assert_eq!(price("m", 1.0, 0.0, None).of(&used), None);
    }

    #[test]
    fn searches_cost_the_same_in_every_tariff() {
        let mut it = price("m", 2.0, 0.0, None);
        it.per_web_search_usd = Some(NanoUsd(10_000_000));
        it.batch_percent = Percent::new(50.0);
        let used = Usage { tariff: Tariff::Batch, web_searches: 1, ..usage(1_000, 0, 0) };
        costs(&it, used, 1_000_000 + 10_000_000);
    }

    #[rstest]
    #[case(200_000, 400_000_000)]
    #[case(200_001, 1_000_005_000)]
    #[case(500_001, 5_000_010_000)]
    fn a_long_question_is_priced_by_its_tier_as_a_whole(
        #[case] tokens: u64,
        #[case] expected: i64,
    ) {
        let mut it = price("m", 2.0, 0.0, None);
        let tier = |above_tokens, input| Tier {
            above_tokens,
            input_per_million_usd: rate(input),
            ..Tier::default()
        };
        it.tiers = vec![tier(200_000, 5.0), tier(500_000, 10.0)];
        costs(&it, usage(tokens, 0, 0), expected);
        assert_eq!(check(&[it.clone()]), []);
        it.tiers.reverse();
        assert_eq!(check(&[it])[0].0, "prices[0].tiers");
    }

    #[test]
    fn a_request_may_cost_something_by_itself() {
        let mut it = price("m", 2.0, 0.0, None);
        it.per_request_usd = NanoUsd(10_000);
        costs(&it, usage(1_000, 0, 0), 2_010_000);
    }

    #[rstest]
    #[case(Tariff::Batch, 1_000_000)]
    #[case(Tariff::Flex, 800_000)]
    #[case(Tariff::Priority, 3_333_340)]
    fn every_tariff_has_a_price_of_its_own_or_none_that_is_known(
        #[case] tariff: Tariff,
        #[case] expected: i64,
    ) {
        let used = Usage { tariff, ..usage(1_000, 0, 0) };
        let mut it = price("m", 2.0, 0.0, None);
        // Nobody said what it costs: it is not the same, and it is not nothing.
        assert_eq!(it.of(&used), None);
        it.batch_percent = Percent::new(50.0);
        it.flex_percent = Percent::new(40.0);
        it.priority_percent = Percent::new(166.667);
        costs(&it, used, expected);
        assert_eq!(it.of(&Usage { tariff: Tariff::Other, ..used }), None);
    }

    #[test]
    fn a_list_without_shares_has_the_version_that_it_had_before_there_were_any() {
        let mut one = price("m", 2.0, 0.0, None);
        one.batch_percent = Percent::new(50.0);
        let text = serde_json::to_string(&one).unwrap();
        assert!(text.contains(r#""batch_percent":50,"tiers""#), "{text}");
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
    fn check_at(prices: &[Price], now: &str, expected_micros: i64) {
        let now = now.parse().unwrap();
        let cost = cost(prices, "p", "gpt-4o", &usage(1_000_000, 0, 0), now);
        assert_eq!(cost, Cost::Known(NanoUsd(expected_micros * 1_000)));
    }

    #[test]
    fn the_newest_price_that_holds_already_counts() {
        let day = |month| Some(Date::constant(2026, month, 1));
        let prices = [
            price("gpt-4o", 3.0, 0.0, day(6)),
            price("gpt-4o", 5.0, 0.0, None),
            price("gpt-4o", 1.0, 0.0, day(12)),
        ];
        check_at(&prices, "2026-05-31T23:59:59Z", 5_000_000);
        check_at(&prices, "2026-06-01T00:00:00Z", 3_000_000);
        check_at(&prices, "2026-12-24T00:00:00Z", 1_000_000);
    }

    #[test]
    fn the_most_exact_name_counts() {
        let mut prices = vec![price("p/*", 1.0, 0.0, None)];
        check_at(&prices, "2026-11-21T08:00:00Z", 1_000_000);
        prices.push(price("gpt-*", 2.0, 0.0, None));
        check_at(&prices, "2026-11-21T08:00:00Z", 2_000_000);
        prices.push(price("gpt-4o", 3.0, 0.0, None));
        check_at(&prices, "2026-11-21T08:00:00Z", 3_000_000);
        prices.insert(0, price("p/gpt-4o", 4.0, 0.0, None));
        check_at(&prices, "2026-11-21T08:00:00Z", 4_000_000);
    }

    #[test]
    fn other_prices_are_another_version_and_the_same_are_the_same() {
        let one = vec![price("a", 0.15, 0.6, Some(Date::constant(2026, 1, 1)))];
        let text = serde_json::to_string(&one).unwrap();
        let again: Vec<Price> = serde_json::from_str(&text).unwrap();
        assert_eq!((version(&one), &one), (version(&again), &again));
        let mut other = one.clone();
        other[0].output_per_million_usd = rate(0.61);
        assert_ne!(version(&one), version(&other));
    }

    #[test]
    fn a_negative_price_is_refused() {
        assert!(serde_json::from_str::<Rate>("-1").is_err());
        assert_eq!(serde_json::from_str::<Rate>("0.02").ok(), Some(Rate(20_000)));
    }
}
