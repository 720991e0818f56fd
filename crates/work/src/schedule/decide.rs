//! What a look at the clock comes to. No I/O, no clock, no dice: all of them are arguments.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{Missed, Schedule};

/// A run that will come, or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// When it comes round.
    pub at: Timestamp,
    /// When it may begin: after the jitter, and when the window is open.
    pub due: Timestamp,
}

/// What is to be done now that a run is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// These begin, the oldest first.
    pub(crate) runs: Vec<Planned>,
    /// How many do not.
    pub(crate) missed: u32,
    /// What is waited for from then on.
    pub(crate) next: Planned,
}

/// A run that begins within this of its time counts as on time: a restart takes a moment.
const ON_TIME: SignedDuration = SignedDuration::from_mins(5);
/// After so many missed runs the count is given up and the last day alone is looked at.
const COUNTED_MAX: u32 = 100_000;
const LAST_DAY: SignedDuration = SignedDuration::from_hours(24);

impl Schedule {
    /// The run after this moment. `seed` is the house's own, the same in all of its replicas.
    pub fn next(&self, after: Timestamp, seed: u64) -> Planned {
        let never = Planned { at: Timestamp::MAX, due: Timestamp::MAX };
        self.times.after(after).map_or(never, |at| self.planned(at, seed))
    }

    /// The runs after this moment.
    pub fn next_runs(&self, after: Timestamp, seed: u64, count: usize) -> Vec<Planned> {
        let mut runs = Vec::with_capacity(count);
        let mut at = after;
        while runs.len() < count {
            let next = self.next(at, seed);
            if next.at == Timestamp::MAX {
                break;
            }
            at = next.at;
            runs.push(next);
        }
        runs
    }

    /// When a run that comes round at `at` may begin.
    fn planned(&self, at: Timestamp, seed: u64) -> Planned {
        let jitter = jitter(&self.name, seed, self.jitter);
        let shifted = at.checked_add(jitter).unwrap_or(Timestamp::MAX);
        let zone = self.times.zone();
        let due = self.off_peak.as_ref().map_or(shifted, |it| it.opens(shifted, zone));
        Planned { at, due }
    }
}

/// How much later a schedule begins: the same for each of its runs, so that the time between them stays
/// what was declared; another for each name and each house.
fn jitter(name: &str, seed: u64, most: SignedDuration) -> SignedDuration {
    let Ok(seconds) = u64::try_from(most.as_secs()) else { return SignedDuration::ZERO };
    // FNV-1a over the name, begun by the seed, then stirred as in splitmix64.
    let begun = 0xcbf2_9ce4_8422_2325 ^ seed;
    let mut hash = name
        .bytes()
        .fold(begun, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    SignedDuration::from_secs(i64::try_from(hash % (seconds + 1)).unwrap_or(0))
}

/// What a schedule that waits for `waiting`, which is due, does now.
pub(crate) fn decide(schedule: &Schedule, seed: u64, waiting: Planned, now: Timestamp) -> Decision {
    let most = match schedule.missed {
        Missed::All { most } => usize::try_from(most.max(1)).unwrap_or(1),
        Missed::Skip | Missed::Once => 1,
    };
    let mut last = VecDeque::from([waiting]);
    let (mut seen, mut at) = (1_u32, waiting.at);
    let next = loop {
        if seen == COUNTED_MAX {
            at = at.max(now.checked_sub(LAST_DAY).unwrap_or(at));
        }
        let next = schedule.next(at, seed);
        if next.due > now {
            break next;
        }
        seen = seen.saturating_add(1);
        at = next.at;
        last.push_back(next);
        if last.len() > most {
            last.pop_front();
        }
    };
    if schedule.missed == Missed::Skip {
        last.retain(|it| now.duration_since(it.due) <= ON_TIME);
    }
    let runs = Vec::from(last);
    let missed = seen - u32::try_from(runs.len()).unwrap_or(seen);
    Decision { runs, missed, next }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schedule::{Times, Window};

    const SEED: u64 = 7;

    fn every(expression: &str, missed: Missed) -> Schedule {
        Schedule {
            name: "gather".into(),
            times: Times::read(expression, "UTC").expect("it says when"),
            jitter: SignedDuration::ZERO,
            missed,
            off_peak: None,
            act: json!(null),
        }
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    /// The hour and minute of each run that begins, how many do not, and what is waited for next.
    fn told(schedule: &Schedule, waiting: &str, now: &str) -> (Vec<String>, u32, String) {
        let at = moment(waiting);
        let decision = decide(schedule, SEED, schedule.planned(at, SEED), moment(now));
        let runs = decision.runs.iter().map(|it| it.at.strftime("%d %H:%M").to_string()).collect();
        (runs, decision.missed, decision.next.at.strftime("%d %H:%M").to_string())
    }

    #[test]
    fn a_run_in_time_is_a_run_whatever_becomes_of_missed_ones() {
        for missed in [Missed::Skip, Missed::Once, Missed::All { most: 3 }] {
            let told =
                told(&every("0 * * * *", missed), "2026-11-21T08:00:00Z", "2026-11-21T08:00:01Z");
            assert_eq!(told, (vec!["21 08:00".into()], 0, "21 09:00".into()), "{missed:?}");
        }
    }

    #[test]
    fn after_a_night_away_one_run_stands_for_all() {
        let told =
            told(&every("0 * * * *", Missed::Once), "2026-11-21T22:00:00Z", "2026-11-22T06:30:00Z");
        assert_eq!(told, (vec!["22 06:00".into()], 8, "22 07:00".into()));
    }

    #[test]
    fn after_a_night_away_missed_runs_are_left_out_when_that_is_declared() {
        let hourly = every("0 * * * *", Missed::Skip);
        let late = told(&hourly, "2026-11-21T22:00:00Z", "2026-11-22T06:30:00Z");
        assert_eq!(late, (vec![], 9, "22 07:00".into()));
        let in_time = told(&hourly, "2026-11-21T22:00:00Z", "2026-11-22T06:02:00Z");
        assert_eq!(in_time, (vec!["22 06:00".into()], 8, "22 07:00".into()));
    }

    #[test]
    fn after_a_night_away_the_last_ones_are_made_up_for_in_order() {
        let told = told(
            &every("0 * * * *", Missed::All { most: 3 }),
            "2026-11-21T22:00:00Z",
            "2026-11-22T06:30:00Z",
        );
        let runs = ["22 04:00", "22 05:00", "22 06:00"].map(str::to_owned).to_vec();
        assert_eq!(told, (runs, 6, "22 07:00".into()));
    }

    #[test]
    fn a_year_away_does_not_take_a_year_to_look_through() {
        let told = told(
            &every("* * * * *", Missed::All { most: 2 }),
            "2025-11-21T00:00:00Z",
            "2026-11-22T00:00:30Z",
        );
        assert_eq!(told.0, ["21 23:59", "22 00:00"]);
        assert!(told.1 >= COUNTED_MAX, "{} were missed", told.1);
    }

    #[test]
    fn jitter_is_the_same_each_time_and_another_for_each_name_and_house() {
        let most = SignedDuration::from_mins(10);
        let one = jitter("gather", 1, most);
        assert_eq!(one, jitter("gather", 1, most));
        assert!(one >= SignedDuration::ZERO && one <= most);
        let others: Vec<_> = (0..50).map(|it| jitter(&format!("gather-{it}"), 1, most)).collect();
        assert!(others.iter().any(|it| *it != one));
        assert!((2..50).any(|house| jitter("gather", house, most) != one));
        assert_eq!(jitter("gather", 1, SignedDuration::ZERO), SignedDuration::ZERO);
    }

    #[test]
    fn a_run_with_jitter_is_due_later_and_planned_as_declared() {
        let schedule =
            Schedule { jitter: SignedDuration::from_mins(30), ..every("0 3 * * *", Missed::Once) };
        let runs = schedule.next_runs(moment("2026-11-21T08:00:00Z"), SEED, 3);
        let late: Vec<_> = runs.iter().map(|it| it.due.duration_since(it.at)).collect();
        assert!(late.iter().all(|it| *it == late[0] && *it <= schedule.jitter), "{late:?}");
        assert_eq!(runs[2].at, moment("2026-11-24T03:00:00Z"));
    }

    #[test]
    fn heavy_work_of_the_day_is_one_run_at_night() {
        let schedule = Schedule {
            off_peak: Some(Window::read::<&str>("22:00", "06:00", &[]).expect("a window")),
            ..every("0 * * * *", Missed::Once)
        };
        let waiting = schedule.next(moment("2026-11-21T11:30:00Z"), SEED);
        assert_eq!(waiting.at, moment("2026-11-21T12:00:00Z"));
        assert_eq!(waiting.due, moment("2026-11-21T22:00:00Z"));
        let decision = decide(&schedule, SEED, waiting, moment("2026-11-21T22:00:00Z"));
        assert_eq!(decision.runs.len(), 1);
        assert_eq!(decision.next.at, moment("2026-11-21T23:00:00Z"));
        assert_eq!(decision.next.due, decision.next.at);
    }
}
