//! Records like a question, as examples for whoever writes the query. A question is answered without
//! them too, so a search that fails again and again is left alone for a while.

use std::sync::{Mutex, PoisonError};

use base::{TenantId, Timestamp};
use identity::Caller;
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};
use serde_json::Map;
use tracing::warn;

use crate::{ask::SearchAsk, description::question::Similar, engine::Engine, field};

/// So many failures in a row, and nothing is searched for a while.
const FAILURES_MAX: u32 = 5;
/// For so long.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Leaves a search alone that fails.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    failures: u32,
    closed_from: Option<Timestamp>,
}

impl Breaker {
    /// May one search now?
    pub(crate) fn lets_through(&self, now: Timestamp) -> bool {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.closed_from.is_none_or(|it| it <= now)
    }

    /// How it went.
    pub(crate) fn note(&self, went_well: bool, now: Timestamp) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if went_well {
            *count = Count::default();
            return;
        }
        count.failures += 1;
        if count.failures >= FAILURES_MAX {
            count.closed_from = Some(now + PAUSE);
        }
    }
}

/// The texts of records like the question, the most similar first. None when there is nothing to find
/// or nobody to ask.
pub(crate) async fn texts(
    engine: &Engine,
    caller: &Caller,
    tenant: TenantId,
    similar: &Similar,
    question: &str,
) -> Vec<String> {
    let (breaker, now) = (engine.similar_breaker(), engine.now());
    if !breaker.lets_through(now) {
        return Vec::new();
    }
    let ask = SearchAsk {
        tenant: Some(tenant),
        collection: similar.collection.clone(),
        query: question.to_owned(),
        record: None,
        limit: similar.top,
        filters: Map::new(),
        since: similar.recent.as_ref().map(|it| (it.field.clone(), since(now, it.months))),
    };
    let found = match engine.search(caller, ask).await {
        Ok(found) => found,
        // A question without a word that could be looked for finds nothing.
        Err(error) if error.code() == "invalid_input" => return Vec::new(),
        Err(error) => {
            breaker.note(false, now);
            warn!(error.code = error.code(), "No records like a question could be found");
            return Vec::new();
        }
    };
    breaker.note(true, now);
    let results = found["results"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |it: &serde_json::Value| {
        let data = it["item"]["data"].as_object()?;
        let text = field::display(field::get(data, &similar.field)?);
        let text: String = text.chars().take(similar.chars).collect();
        (!text.trim().is_empty()).then_some(text)
    };
    results.iter().filter_map(text).collect()
}

/// The first day of the last months.
fn since(now: Timestamp, months: u32) -> Date {
    let today = now.to_zoned(TimeZone::UTC).date();
    today.checked_sub(i64::from(months).months()).unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_fails_five_times_is_left_alone_for_half_a_minute() {
        let (breaker, now) = (Breaker::default(), testkit::moment(testkit::START));
        for _ in 0..4 {
            breaker.note(false, now);
        }
        assert!(breaker.lets_through(now));
        breaker.note(false, now);
        assert!(!breaker.lets_through(now + SignedDuration::from_secs(29)));
        assert!(breaker.lets_through(now + SignedDuration::from_secs(30)));
        breaker.note(true, now);
        assert!(breaker.lets_through(now));
    }
}
