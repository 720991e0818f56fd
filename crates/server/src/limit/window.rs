//! How many requests came within the last hour, or minute: a window that slides.
//!
//! However a span as long as the window is laid, no more requests than the limit are let in within it. A request is a
//! mark, its time, which counts until the window has passed over it. What was refused leaves no mark, so that waiting
//! helps. Where the limit is high, requests of the same moment share a mark that goes with the youngest of them: a
//! caller takes up [`MARKS`] + 1 marks at most, and gets a place back a hundred-and-twenty-eighth of the window late
//! at worst, never early.
//!
//! What a limit remembers is bounded: [`MARKS_TOGETHER`] marks, which many callers share among them (moments are
//! longer then, and places come back later, still never early), and [`CALLERS_MAX`] callers. Nobody is forgotten
//! before the window has passed over them, so that no flood frees somebody who has used up the limit; newcomers
//! beyond share one window until then.
//!
//! Start at [`Windows::count`].

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base::Timestamp;

use super::Left;

/// Into how many moments a window is divided where the limit is higher than this.
const MARKS: u64 = 128;

/// So many marks all callers of a limit have together, about: 8 MB. Each has a few, however many they are.
const MARKS_TOGETHER: u64 = 1 << 19;
const MARKS_MIN: u64 = 4;

/// The most callers remembered by name. Those beyond share one window: a flood of addresses takes neither all memory
/// nor more than the limit.
const CALLERS_MAX: usize = 100_000;
const THE_OTHERS: &str = "the others";

/// Those who are counted must not be looked through at each request of a flood.
const SWEEP_EVERY_MICROS: u64 = 10_000_000;

/// The windows of one limit, one for each caller.
pub(super) struct Windows {
    limit: u32,
    length: u64,
    callers_max: usize,
    marks_together: u64,
    kept: Mutex<Kept>,
}

/// How finely the past is remembered, as long as there are so many callers.
#[derive(Debug, Clone, Copy)]
struct Grain {
    /// Marks of one caller.
    marks: u64,
    /// Requests within the same of these moments share a mark.
    moment: u64,
}

#[derive(Default)]
struct Kept {
    of: HashMap<String, Window>,
    swept_at: u64,
}

#[derive(Default)]
struct Window {
    marks: VecDeque<Mark>,
    held: u32,
}

/// Requests of one moment.
#[derive(Debug, Clone, Copy)]
struct Mark {
    youngest: u64,
    count: u32,
}

impl Windows {
    /// So many within so long.
    pub(super) fn new(limit: NonZeroU32, length: Duration) -> Self {
        Self {
            limit: limit.get(),
            length: u64::try_from(length.as_micros()).unwrap_or(u64::MAX),
            callers_max: CALLERS_MAX,
            marks_together: MARKS_TOGETHER,
            kept: Mutex::default(),
        }
    }

    fn grain(&self, callers: usize) -> Grain {
        let marks = (self.marks_together / (callers as u64).max(1)).clamp(MARKS_MIN, MARKS);
        let moment = if u64::from(self.limit) <= marks { 1 } else { (self.length / marks).max(1) };
        Grain { marks, moment }
    }

    /// How many there may be.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// Counts one request, or says how long to wait for the next place.
    pub(super) fn count(&self, caller: &str, now: Timestamp) -> Result<Left, Duration> {
        let now = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let grain = self.grain(kept.of.len());
        let window = kept.window(caller, self.length, self.callers_max, grain, now);
        window.slide(self.length, now);
        let waits = window.marks.front().map(|it| it.youngest + self.length - now);
        if window.held >= self.limit {
            return Err(Duration::from_micros(waits.unwrap_or(self.length)));
        }
        window.add(grain.moment, now);
        window.thin(grain);
        Ok(Left {
            limit: self.limit,
            remaining: self.limit - window.held,
            reset_s: waits.unwrap_or(self.length).div_ceil(1_000_000),
        })
    }

    /// Forgets those over whom the window has passed.
    pub(super) fn forget_idle(&self, now: Timestamp) {
        let now = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let grain = self.grain(kept.of.len());
        kept.sweep(self.length, grain, now);
        kept.of.shrink_to_fit();
    }
}

impl Kept {
    fn window(
        &mut self,
        caller: &str,
        length: u64,
        most: usize,
        grain: Grain,
        now: u64,
    ) -> &mut Window {
        let is_known = self.of.contains_key(caller);
        if !is_known && self.of.len() >= most && now.abs_diff(self.swept_at) >= SWEEP_EVERY_MICROS {
            self.sweep(length, grain, now);
        }
        let has_place = is_known || self.of.len() < most;
        self.of.entry(if has_place { caller } else { THE_OTHERS }.to_owned()).or_default()
    }

    fn sweep(&mut self, length: u64, grain: Grain, now: u64) {
        self.swept_at = now;
        self.of.retain(|_, window| {
            window.slide(length, now);
            window.thin(grain);
            window.held > 0
        });
    }
}

impl Window {
    /// Lets go what the window has passed over.
    fn slide(&mut self, length: u64, now: u64) {
        // A clock that was set back makes nobody wait for longer than the window.
        if self.marks.back().is_some_and(|it| it.youngest > now) {
            for mark in &mut self.marks {
                mark.youngest = mark.youngest.min(now);
            }
        }
        while let Some(oldest) = self.marks.front().filter(|it| now - it.youngest >= length) {
            self.held -= oldest.count;
            self.marks.pop_front();
        }
    }

    fn add(&mut self, moment: u64, now: u64) {
        self.held += 1;
        match self.marks.back_mut() {
            Some(mark) if mark.youngest / moment == now / moment => {
                mark.youngest = now;
                mark.count += 1;
            }
            _ => self.marks.push_back(Mark { youngest: now, count: 1 }),
        }
    }

    /// Puts marks of the same moment together where there are more of them than callers have now. Each goes with its
    /// youngest request: none is let go early.
    fn thin(&mut self, grain: Grain) {
        if self.marks.len() as u64 <= grain.marks + 2 {
            return;
        }
        let mut fewer: VecDeque<Mark> = VecDeque::new();
        for mark in &self.marks {
            match fewer.back_mut() {
                Some(last) if last.youngest / grain.moment == mark.youngest / grain.moment => {
                    last.youngest = mark.youngest;
                    last.count += mark.count;
                }
                _ => fewer.push_back(*mark),
            }
        }
        self.marks = fewer;
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + seconds)
    }

    fn windows(limit: u32, length: Duration) -> Windows {
        Windows::new(NonZeroU32::new(limit).unwrap(), length)
    }

    /// Asks at all of these seconds; those at which somebody was let in.
    fn let_in(windows: &Windows, seconds: impl Iterator<Item = i64>) -> Vec<i64> {
        seconds.filter(|it| windows.count("ann", at(*it)).is_ok()).collect()
    }

    /// The most that came within one length of the window, wherever it begins.
    fn most_within(times: &[i64], seconds: i64) -> usize {
        let from =
            |begin: i64| times.iter().filter(|it| (begin..begin + seconds).contains(*it)).count();
        times.iter().map(|it| from(*it)).max().unwrap_or(0)
    }

    #[test]
    fn no_hour_has_more_than_the_limit_wherever_it_begins() {
        for limit in [1, 20, 128, 129, 1_000] {
            let times = let_in(&windows(limit, HOUR), 0..3 * 3_600);
            assert_eq!(most_within(&times, 3_600), limit as usize, "{limit}");
        }
    }

    #[test]
    fn twenty_at_once_are_followed_by_none_for_an_hour() {
        let windows = windows(20, HOUR);
        for left in (0..20).rev() {
            assert_eq!(windows.count("ann", at(0)).unwrap().remaining, left);
        }
        assert_eq!(windows.count("ann", at(600)), Err(Duration::from_secs(3_000)));
        assert_eq!(windows.count("ann", at(3_599)), Err(Duration::from_secs(1)));
        assert_eq!(windows.count("ann", at(3_600)).unwrap().remaining, 19);
    }

    #[test]
    fn it_tells_when_the_next_place_is_free() {
        let windows = windows(3, HOUR);
        assert_eq!(
            windows.count("ann", at(0)),
            Ok(Left { limit: 3, remaining: 2, reset_s: 3_600 })
        );
        assert_eq!(
            windows.count("ann", at(60)),
            Ok(Left { limit: 3, remaining: 1, reset_s: 3_540 })
        );
        assert_eq!(windows.count("bob", at(60)).unwrap().remaining, 2);
    }

    #[test]
    fn a_high_limit_keeps_few_marks() {
        let windows = windows(100_000, HOUR);
        for second in 0..7_200 {
            for _ in 0..10 {
                windows.count("ann", at(second)).unwrap();
            }
        }
        let kept = windows.kept.lock().unwrap();
        assert!(kept.of["ann"].marks.len() <= 129, "{}", kept.of["ann"].marks.len());
        // Ten each second, and what shares its mark with those of the last hour.
        assert!((36_000..=36_300).contains(&kept.of["ann"].held), "{}", kept.of["ann"].held);
    }

    #[test]
    fn many_callers_have_a_few_marks_each_and_none_of_them_more_than_the_limit() {
        let windows = Windows { marks_together: 1_000, ..windows(50, HOUR) };
        let mut times = let_in(&windows, (0..50).map(|it| it * 10));
        assert_eq!(times.len(), 50, "alone, each request has its mark");
        for caller in 0..500 {
            for second in (600..3_600).step_by(60) {
                assert!(windows.count(&format!("caller {caller}"), at(second)).is_ok());
            }
        }
        windows.forget_idle(at(3_599));
        let marks =
            || windows.kept.lock().unwrap().of.values().map(|it| it.marks.len()).sum::<usize>();
        assert!(marks() <= 501 * 7, "{} marks", marks());
        assert_eq!(
            windows.count("ann", at(3_599)),
            Err(Duration::from_secs(1 + 490)),
            "none was let go early"
        );
        times.extend(let_in(&windows, (600..3 * 3_600).step_by(10)));
        assert!(most_within(&times, 3_600) <= 50, "{times:?}");
        assert!(times.len() > 100, "places come back: {times:?}");
    }

    #[test]
    fn a_flood_of_callers_frees_nobody_who_has_used_up_the_limit() {
        let windows = Windows { callers_max: 10, ..windows(1, HOUR) };
        windows.count("ann", at(0)).unwrap();
        for caller in 0..1_000 {
            let _ = windows.count(&format!("caller {caller}"), at(1 + caller));
        }
        assert!(windows.count("ann", at(3_599)).is_err());
        assert!(windows.kept.lock().unwrap().of.len() <= 11);
    }

    #[test]
    fn a_flood_of_callers_shares_one_window() {
        let windows = Windows { callers_max: 2, ..windows(1, HOUR) };
        for caller in ["ann", "bob", "eve"] {
            assert!(windows.count(caller, at(0)).is_ok(), "{caller}");
        }
        assert!(windows.count("mallory", at(1)).is_err(), "counted with eve");
        assert!(windows.count("mallory", at(3_600)).is_ok(), "ann and bob are forgotten");
        assert_eq!(windows.kept.lock().unwrap().of.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_for_longer_than_the_window() {
        let windows = windows(1, HOUR);
        windows.count("ann", at(100_000)).unwrap();
        assert_eq!(windows.count("ann", at(0)), Err(HOUR));
        assert!(windows.count("ann", at(3_600)).is_ok());
    }

    #[test]
    fn who_has_not_asked_for_long_is_forgotten() {
        let windows = windows(5, HOUR);
        windows.count("ann", at(0)).unwrap();
        windows.count("bob", at(1_800)).unwrap();
        windows.forget_idle(at(3_700));
        assert_eq!(windows.kept.lock().unwrap().of.keys().collect::<Vec<_>>(), ["bob"]);
    }
}
