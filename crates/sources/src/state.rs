//! What is remembered of a source from run to run: how many records the last good run had, and how far
//! one that grows was read.
//!
//! How far is decided here, in pure functions. The *mark* is the highest number of any page that was
//! kept. A run begins behind it by as much as the description looks back, so that rows which came late
//! are met again; what is there already changes nothing. Every so often everything is read from the
//! beginning, for rows that came later than that. A walk that does not come to its end goes on where
//! the last kept page ended, so that a kill loses no page and skips none.

use base::{TenantId, Timestamp};
use store::{Db, Error, Tx, params};

use crate::description::Cursor;

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// How many records the last good run had.
    pub good_count: Option<u64>,
    /// When that was.
    pub good_at: Option<Timestamp>,
    /// When a run last failed.
    pub failed_at: Option<Timestamp>,
    /// How many have failed since the last good one.
    pub failures: u64,
    /// The highest number that was seen.
    pub mark: Option<i64>,
    /// Where an unfinished walk goes on.
    pub position: Option<i64>,
    /// Whether that walk reads everything.
    pub is_whole: bool,
    /// When everything was last read.
    pub whole_at: Option<Timestamp>,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Rows after this number.
    pub after: i64,
    /// Whether it reads everything.
    pub is_whole: bool,
}

impl Memory {
    /// Where the next walk begins. `start` is where the first one did; `whole` asks for everything.
    pub fn walk(&self, cursor: &Cursor, start: i64, whole: bool, now: Timestamp) -> Walk {
        if let Some(position) = self.position
            && (self.is_whole || !whole)
        {
            return Walk { after: position, is_whole: self.is_whole };
        }
        let Some(mark) = self.mark else { return Walk { after: start, is_whole: true } };
        let is_due = self.whole_at.is_none_or(|it| it + cursor.whole_every <= now);
        if whole || is_due {
            return Walk { after: start, is_whole: true };
        }
        let back = mark.saturating_sub(i64::from(cursor.look_back));
        Walk { after: back.max(start), is_whole: false }
    }

    /// After a page whose rows end at `last`.
    #[must_use]
    pub fn turned(&self, walk: Walk, last: i64) -> Self {
        let mark = Some(self.mark.map_or(last, |it| it.max(last)));
        Self { mark, position: Some(last), is_whole: walk.is_whole, ..self.clone() }
    }

    /// After the last page.
    #[must_use]
    pub fn walked(&self, walk: Walk, now: Timestamp) -> Self {
        let whole_at = if walk.is_whole { Some(now) } else { self.whole_at };
        Self { position: None, is_whole: false, whole_at, ..self.clone() }
    }

    /// After a run that ended well, with so many records.
    #[must_use]
    pub fn succeeded(&self, count: u64, now: Timestamp) -> Self {
        Self { good_count: Some(count), good_at: Some(now), failures: 0, ..self.clone() }
    }

    /// After a run that did not.
    #[must_use]
    pub fn failed(&self, now: Timestamp) -> Self {
        Self { failed_at: Some(now), failures: self.failures + 1, ..self.clone() }
    }
}

/// What is remembered of a source; nothing of one that never ran.
pub fn load(db: &Db, tenant: TenantId, source: &str) -> Result<Memory, Error> {
    let Some(row) = db.first(LOAD, &params![tenant, source])? else {
        return Ok(Memory::default());
    };
    Ok(Memory {
        good_count: row.get("good_count")?,
        good_at: row.get("good_at")?,
        failed_at: row.get("failed_at")?,
        failures: row.get("failures")?,
        mark: row.get("mark")?,
        position: row.get("position")?,
        is_whole: row.get("is_whole")?,
        whole_at: row.get("whole_at")?,
    })
}

/// Remembers.
pub(crate) fn save(tx: &Tx, tenant: TenantId, source: &str, it: &Memory) -> Result<(), Error> {
    tx.execute(
        SAVE,
        &params![
            tenant,
            source,
            it.good_count,
            it.good_at,
            it.failed_at,
            it.failures,
            it.mark,
            it.position,
            it.is_whole,
            it.whole_at
        ],
    )?;
    Ok(())
}

const LOAD: &str = "
    SELECT good_count, good_at, failed_at, failures, mark, position, is_whole, whole_at
      FROM source_states
     WHERE tenant = $1 AND source = $2";

const SAVE: &str = "
    INSERT INTO source_states (tenant, source, good_count, good_at, failed_at, failures, mark,
                               position, is_whole, whole_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (tenant, source) DO UPDATE
       SET good_count = excluded.good_count, good_at = excluded.good_at,
           failed_at = excluded.failed_at, failures = excluded.failures, mark = excluded.mark,
           position = excluded.position, is_whole = excluded.is_whole, whole_at = excluded.whole_at";

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn cursor() -> Cursor {
        serde_json::from_value(serde_json::json!({"field": "id", "look_back": 100}))
            .expect("a cursor")
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000 + hours)
    }

    #[track_caller]
    fn check(memory: &Memory, hours: i64, whole: bool, expected: (i64, bool)) {
        let walk = memory.walk(&cursor(), 0, whole, at(hours));
        assert_eq!((walk.after, walk.is_whole), expected);
    }

    #[test]
    fn the_first_walk_reads_everything() {
        check(&Memory::default(), 0, false, (0, true));
    }

    #[test]
    fn the_next_one_looks_back_and_not_behind_the_start() {
        let memory = Memory { mark: Some(500), whole_at: Some(at(0)), ..Memory::default() };
        check(&memory, 1, false, (400, false));
        check(&Memory { mark: Some(50), ..memory }, 1, false, (0, false));
        check(&memory, 24, false, (0, true));
        check(&memory, 1, true, (0, true));
    }

    #[test]
    fn a_walk_that_broke_off_goes_on_behind_the_last_page_that_was_kept() {
        let memory = Memory { mark: Some(500), whole_at: Some(at(0)), ..Memory::default() };
        let walk = memory.walk(&cursor(), 0, false, at(1));
        let memory = memory.turned(walk, 450);
        assert_eq!(memory.mark, Some(500), "a look back moves nothing back");
        check(&memory, 2, false, (450, false));
        check(&memory, 2, true, (0, true));
        let memory = memory.turned(walk, 700).walked(walk, at(2));
        assert_eq!((memory.mark, memory.position, memory.whole_at), (Some(700), None, Some(at(0))));
        check(&memory, 3, false, (600, false));
    }

    #[test]
    fn a_walk_from_the_beginning_counts_only_when_it_came_to_its_end() {
        let memory = Memory { mark: Some(500), whole_at: Some(at(0)), ..Memory::default() };
        let walk = memory.walk(&cursor(), 0, false, at(24));
        let turned = memory.turned(walk, 200);
        assert_eq!(turned.whole_at, Some(at(0)));
        check(&turned, 25, false, (200, true));
        assert_eq!(turned.walked(walk, at(26)).whole_at, Some(at(26)));
    }

    #[test]
    fn failures_are_counted_until_a_run_ends_well() {
        let memory = Memory::default().failed(at(0)).failed(at(1));
        assert_eq!((memory.failures, memory.good_count), (2, None));
        let memory = memory.succeeded(59, at(2));
        assert_eq!(
            (memory.failures, memory.good_count, memory.failed_at),
            (0, Some(59), Some(at(1)))
        );
    }
}
