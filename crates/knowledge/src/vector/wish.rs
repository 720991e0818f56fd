//! What this process wants to be served, and when it lets another one have its way.
//!
//! Processes with other settings may share a database: the old and the new one of a release. Each
//! notes once a minute which generation it wants. Nobody begins or gives up anything against a wish
//! that was heard of within ten minutes, and what was wanted later goes before what was wanted
//! earlier: else they would undo each other's work by turns.
//!
//! No I/O: this is what the tests pin down.

use base::Timestamp;
use jiff::SignedDuration;

use super::{Generation, State, Wanted};

/// So long a wish counts after it was last heard of.
pub(super) const HEARD_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How often a wish is noted.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Does somebody want this generation, as far as one can know?
pub(super) fn is_heard(generation: &Generation, now: Timestamp) -> bool {
    let last = generation.wanted_at.max(generation.created_at);
    now.duration_since(last) < HEARD_FOR
}

/// Is it time to note again that this one is wanted?
pub(super) fn is_due(generation: &Generation, now: Timestamp) -> bool {
    now.duration_since(generation.wanted_at) >= NOTED_EVERY
}

/// What stands in the way of beginning what this process has wanted since `since`: a generation that
/// somebody else is making, or has just let serve, or wants more lately than we.
pub(super) fn hindrance<'a>(
    all: &'a [Generation],
    wanted: &Wanted,
    since: Timestamp,
    now: Timestamp,
) -> Option<&'a Generation> {
    all.iter().filter(|it| !it.is(wanted)).find(|it| match it.state {
        State::Building => is_heard(it, now),
        State::Serving => {
            let is_fresh = it.switched_at.is_some_and(|at| now.duration_since(at) < HEARD_FOR);
            let began = it.switched_at.unwrap_or(it.created_at);
            is_fresh || (began > since && is_heard(it, now))
        }
        State::Retired => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        testkit::moment(testkit::START)
    }

    fn after(minutes: i64) -> Timestamp {
        start() + SignedDuration::from_mins(minutes)
    }

    fn wanted(model: &str) -> Wanted {
        Wanted { engine: "builtin".into(), model: model.into(), dimensions: 4 }
    }

    fn generation(model: &str, state: State) -> Generation {
        Generation {
            id: "v1".into(),
            engine: "builtin".into(),
            model: model.into(),
            dimensions: 4,
            state,
            position: 0,
            created_at: start(),
            switched_at: None,
            wanted_at: start(),
            has_served: state != State::Building,
        }
    }

    #[track_caller]
    fn check(all: &[Generation], since: i64, now: i64, expected: Option<&str>) {
        let found = hindrance(all, &wanted("a/mine"), after(since), after(now));
        assert_eq!(found.map(|it| it.model.as_str()), expected);
    }

    #[test]
    fn what_somebody_else_is_making_is_left_to_them_as_long_as_they_want_it() {
        let theirs = generation("a/theirs", State::Building);
        check(std::slice::from_ref(&theirs), 1, 9, Some("a/theirs"));
        check(std::slice::from_ref(&theirs), 1, 10, None);
        check(&[Generation { wanted_at: after(9), ..theirs }], 1, 12, Some("a/theirs"));
        check(&[generation("a/mine", State::Building)], 1, 2, None);
    }

    #[test]
    fn what_is_wanted_later_goes_before_what_was_wanted_earlier() {
        let old = generation("a/theirs", State::Serving);
        // A new release beside the old one, which still runs.
        check(&[Generation { wanted_at: after(30), ..old.clone() }], 29, 30, None);
        // The old one, once the new one serves; and when the new one is gone for good.
        let new = Generation { switched_at: Some(after(40)), wanted_at: after(59), ..old };
        check(std::slice::from_ref(&new), 0, 60, Some("a/theirs"));
        check(std::slice::from_ref(&new), 0, 70, None);
        // Gone back to on purpose, by a restart: not right after the switch.
        check(std::slice::from_ref(&new), 45, 46, Some("a/theirs"));
        check(&[new], 45, 60, None);
    }
}
