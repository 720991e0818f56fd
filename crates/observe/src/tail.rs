//! The last log lines, in memory: what the interface and the command line show while one watches.
//!
//! The lines are the redacted ones. They are gone with the process; files keep logs, not this.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::Value as Json;
use tracing::Level;

/// How many lines are kept, unless they are long.
pub const LINES_MAX: usize = 2_000;
/// How much memory their text may take.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The last lines. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Tail(Arc<Mutex<Ring>>);

struct Ring {
    kept: VecDeque<Kept>,
    lines_max: usize,
    bytes: usize,
    next_number: u64,
}

struct Kept {
    number: u64,
    level: Level,
    json: String,
}

/// Which lines to show.
#[derive(Debug, Clone)]
pub struct Query {
    /// Lines of this level and graver ones.
    pub level: Level,
    /// Lines that hold this text, in any case.
    pub text: Option<String>,
    /// Lines after the one with this number: to go on watching.
    pub after: Option<u64>,
    /// At most so many: the last ones, or with `after` the next ones.
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self { level: Level::TRACE, text: None, after: None, limit: 200 }
    }
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its number since the start of the process.
    pub number: u64,
    /// The line as it was written.
    pub line: Json,
}

impl Default for Tail {
    fn default() -> Self {
        Self::new(LINES_MAX)
    }
}

impl Tail {
    /// Keeps at most `lines_max` lines.
    pub fn new(lines_max: usize) -> Self {
        let ring = Ring { kept: VecDeque::new(), lines_max, bytes: 0, next_number: 1 };
        Self(Arc::new(Mutex::new(ring)))
    }

    pub(crate) fn push(&self, level: Level, json: String) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.bytes += json.len();
        let number = ring.next_number;
        ring.next_number += 1;
        ring.kept.push_back(Kept { number, level, json });
        while ring.kept.len() > ring.lines_max || ring.bytes > BYTES_MAX {
            let Some(oldest) = ring.kept.pop_front() else { break };
            ring.bytes -= oldest.json.len();
        }
    }

    /// The lines that fit, the oldest first.
    pub fn find(&self, query: &Query) -> Vec<Found> {
        let text = query.text.as_ref().map(|it| it.to_lowercase());
        let fits = |it: &&Kept| {
            it.level <= query.level
                && query.after.is_none_or(|after| it.number > after)
                && text.as_ref().is_none_or(|text| it.json.to_lowercase().contains(text))
        };
        let shown = |it: &Kept| Found {
            number: it.number,
            line: serde_json::from_str(&it.json).unwrap_or_default(),
        };
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if query.after.is_some() {
            return ring.kept.iter().filter(fits).take(query.limit).map(shown).collect();
        }
        let mut found: Vec<Found> =
            ring.kept.iter().rev().filter(fits).take(query.limit).map(shown).collect();
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lines_max: usize) -> Tail {
        let tail = Tail::new(lines_max);
        for number in 1..=10 {
            let level = if number % 2 == 0 { Level::ERROR } else { Level::DEBUG };
            tail.push(level, format!(r#"{{"message":"Line {number}"}}"#));
        }
        tail
    }

    #[track_caller]
    fn check(tail: &Tail, query: &Query, expected: &[u64]) {
        let numbers: Vec<u64> = tail.find(query).iter().map(|it| it.number).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn the_oldest_lines_make_room() {
        check(&filled(3), &Query::default(), &[8, 9, 10]);
    }

    #[test]
    fn long_lines_make_room_for_each_other_too() {
        let tail = Tail::default();
        for _ in 0..5 {
            tail.push(Level::INFO, "x".repeat(BYTES_MAX / 3));
        }
        check(&tail, &Query::default(), &[3, 4, 5]);
    }

    #[test]
    fn lines_are_found_by_level_and_text() {
        let tail = filled(100);
        check(&tail, &Query { level: Level::INFO, ..Query::default() }, &[2, 4, 6, 8, 10]);
        let text = Some("LINE 1".to_owned());
        check(&tail, &Query { text, ..Query::default() }, &[1, 10]);
    }

    #[test]
    fn a_limit_shows_the_last_ones_and_after_a_number_the_next_ones() {
        let tail = filled(100);
        check(&tail, &Query { limit: 2, ..Query::default() }, &[9, 10]);
        check(&tail, &Query { limit: 2, after: Some(5), ..Query::default() }, &[6, 7]);
        check(&tail, &Query { after: Some(10), ..Query::default() }, &[]);
    }
}
