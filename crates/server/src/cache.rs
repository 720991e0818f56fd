//! Kept answers: what a declared route (`cache:`) answered is answered again to all whose answer would be
//! the same, until a record of one of its collections changes.
//!
//! An answer is kept with the number of its collections' changes ([`store::mark`]) as it was before the
//! answer was read, and given again only while that number is the same, so also a change made by another
//! process ends it, in the moment in which it is committed. That costs one small read for each request;
//! what it saves is the list, its count and its serialisation. How old an answer may become at most is
//! the route's `ttl`.
//!
//! What is kept is the data in its shape; the envelope around it, with the request's own id, is written
//! each time. Start at [`Keeping`] and [`Answers`]; a request's way through it is `dispatch::keeping`.

use std::{sync::Arc, time::Duration};

use apps::{
    description::{RouteCache, RouteSpec},
    record::{Kits, Place, mark_name},
};
use base::{
    Cursor, Timestamp,
    metric::{Counter, Gauge},
};
use jiff::SignedDuration;
use moka::sync::Cache;
use serde_json::{Map, Value as Json, value::RawValue};

static ASKED: Counter = Counter::new(
    "http_cache_requests_total",
    "Requests at routes whose answers are kept, by what was found.",
    &["endpoint", "outcome"],
);
static ENTRIES: Gauge = Gauge::new("http_cache_entries", "Answers that are kept.", &[]);
static BYTES: Gauge = Gauge::new("http_cache_bytes", "About what kept answers weigh.", &[]);

/// The largest answer that is kept.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// About what an entry weighs beside its texts.
const ENTRY_BYTES: usize = 256;
/// Nothing is kept longer, whatever a route declares: what nobody asks for any more makes room.
const KEPT_AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// How the answers of a route are kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// How long at most.
    pub ttl: SignedDuration,
    /// The collections whose changes end it.
    pub tags: Vec<String>,
    /// The names of the numbers that tell of those changes.
    pub marks: Vec<String>,
}

impl Keeping {
    /// What an application declares.
    ///
    /// # Errors
    /// Says why it cannot be.
    pub fn of(declared: &RouteCache, route: &RouteSpec) -> Result<Self, String> {
        let no_time = || format!("`{}` is no length of time", declared.ttl);
        let ttl = declared.ttl().ok_or_else(no_time)?;
        let tags = declared.watched(route);
        if tags.is_empty() {
            return Err("nothing says whose changes end a kept answer".to_owned());
        }
        let marks = tags.iter().map(|it| mark_name(it)).collect();
        Ok(Self { ttl, tags, marks })
    }

    /// Does a change of all that is asked for end it? What goes `with` a record may be of collections that
    /// are not watched.
    pub(crate) fn covers(&self, args: &Map<String, Json>) -> bool {
        let with = args.get("with").and_then(Json::as_array).into_iter().flatten();
        with.filter_map(Json::as_str).all(|it| self.tags.iter().any(|tag| tag == it))
    }

    /// Follows the collections of an application: what lies in versions changes with the record that
    /// holds it.
    pub(crate) fn follow(&mut self, kits: &Kits) {
        for tag in &self.tags {
            let Some(Place::Version(parent)) = kits.get(tag).map(|it| &it.place) else { continue };
            let name = mark_name(parent);
            if !self.marks.contains(&name) {
                self.marks.push(name);
            }
        }
    }
}

/// What counts as the same question.
pub(crate) type Key = [u8; 32];

/// An answer that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// What was answered, in the route's shape.
    pub(crate) what: What,
    /// Its state, for `ETag`.
    pub(crate) tag: String,
    /// The number of changes as it was before.
    pub(crate) mark: i64,
    /// When it was read.
    pub(crate) at: Timestamp,
}

/// What was answered.
#[derive(Debug)]
pub(crate) enum What {
    One(Box<RawValue>),
    Page {
        items: Vec<Box<RawValue>>,
        next: Option<Cursor>,
        prev: Option<Cursor>,
        total: Option<u64>,
    },
}

/// What became of a question at a route whose answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A kept answer was given.
    Hit,
    /// None was kept.
    Miss,
    /// One was kept, and something has changed since, or it was too old.
    Stale,
    /// The caller wanted a fresh one.
    Bypass,
}

/// The answers that are kept.
pub struct Answers(Option<Cache<Key, Arc<Kept>>>);

impl Answers {
    /// Room for answers of so many bytes together; none keeps nothing.
    pub(crate) fn new(bytes_max: u64) -> Self {
        let is_on = bytes_max > 0;
        Self(is_on.then(|| {
            Cache::builder()
                .max_capacity(bytes_max)
                .weigher(|_: &Key, kept: &Arc<Kept>| {
                    u32::try_from(kept.weight()).unwrap_or(u32::MAX)
                })
                .time_to_live(KEPT_AT_MOST)
                .build()
        }))
    }

    /// The answer that is kept for a question, if it still holds.
    pub(crate) fn find(
        &self,
        key: &Key,
        mark: i64,
        ttl: SignedDuration,
        now: Timestamp,
    ) -> Result<Arc<Kept>, Outcome> {
        let kept = self.0.as_ref().and_then(|it| it.get(key)).ok_or(Outcome::Miss)?;
        let holds = kept.mark == mark && now.duration_since(kept.at) < ttl;
        if holds { Ok(kept) } else { Err(Outcome::Stale) }
    }

    /// Keeps an answer, unless it is too large.
    pub(crate) fn keep(&self, key: Key, kept: &Arc<Kept>) {
        if let Some(cache) = self.0.as_ref().filter(|_| kept.weight() <= ANSWER_BYTES_MAX) {
            cache.insert(key, kept.clone());
        }
    }

    /// Shows in the metrics how much is kept.
    pub(crate) fn show(&self) {
        let Some(cache) = &self.0 else { return };
        // Entries that are over are counted until somebody looks.
        cache.run_pending_tasks();
        ENTRIES.set(cache.entry_count() as f64, &[]);
        BYTES.set(cache.weighted_size() as f64, &[]);
    }
}

impl Kept {
    fn weight(&self) -> usize {
        let texts = match &self.what {
            What::One(one) => one.get().len(),
            What::Page { items, .. } => {
                items.iter().map(|it| it.get().len() + size_of::<Box<RawValue>>()).sum()
            }
        };
        ENTRY_BYTES + texts
    }
}

impl Outcome {
    /// Counts it.
    pub(crate) fn count(self, endpoint: &str) {
        let name = match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Bypass => "bypass",
        };
        ASKED.increment(&[endpoint, name]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, mark: i64) -> Arc<Kept> {
        let one = RawValue::from_string(text.to_owned()).expect("JSON");
        let at = testkit::moment("2026-11-21T08:00:00Z");
        Arc::new(Kept { what: What::One(one), tag: "1".into(), mark, at })
    }

    #[test]
    fn an_answer_holds_until_something_changes_or_it_is_too_old() {
        let answers = Answers::new(1024 * 1024);
        let (key, ttl) = ([7; 32], SignedDuration::from_secs(300));
        let at = testkit::moment;
        assert_eq!(
            answers.find(&key, 4, ttl, at("2026-11-21T08:00:01Z")).err(),
            Some(Outcome::Miss)
        );
        answers.keep(key, &kept("{\"id\":1}", 4));
        assert!(answers.find(&key, 4, ttl, at("2026-11-21T08:04:59Z")).is_ok());
        let old = answers.find(&key, 4, ttl, at("2026-11-21T08:05:00Z"));
        assert_eq!(old.err(), Some(Outcome::Stale));
        let changed = answers.find(&key, 5, ttl, at("2026-11-21T08:00:01Z"));
        assert_eq!(changed.err(), Some(Outcome::Stale));
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_without_room_nothing_is() {
        let (ttl, now) = (SignedDuration::from_secs(300), testkit::moment("2026-11-21T08:00:01Z"));
        let large = format!("\"{}\"", "x".repeat(ANSWER_BYTES_MAX));
        let answers = Answers::new(64 * 1024 * 1024);
        answers.keep([1; 32], &kept(&large, 0));
        assert_eq!(answers.find(&[1; 32], 0, ttl, now).err(), Some(Outcome::Miss));
        let off = Answers::new(0);
        off.keep([1; 32], &kept("1", 0));
        assert_eq!(off.find(&[1; 32], 0, ttl, now).err(), Some(Outcome::Miss));
    }
}
