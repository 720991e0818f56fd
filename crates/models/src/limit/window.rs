//! How much was taken in the last sixty seconds.

use std::collections::VecDeque;

/// A minute in microseconds.
pub(super) const MINUTE: i64 = 60_000_000;
/// What is taken in this time is remembered as one.
const SLOT: i64 = 250_000;

/// What was taken in the last minute, and the most that may be.
///
/// What was taken in one quarter of a second counts until a minute after the last of it, so that the
/// bound holds in every sixty seconds, wherever they begin, and nobody waits for longer than that.
#[derive(Debug, Clone)]
pub(super) struct Window {
    most: u64,
    taken: u64,
    slots: VecDeque<Slot>,
    /// When somebody who waited may take again: those who wait are let in one after the other, and
    /// not all at once when a busy second a minute ago is forgotten.
    next_at: i64,
    now: i64,
}

/// What was taken at about the same time.
#[derive(Debug, Clone, Copy)]
struct Slot {
    began: i64,
    /// When the last of it was taken.
    last: i64,
    taken: u64,
}

impl Window {
    pub(super) fn new(most: u64) -> Self {
        let most = most.max(1);
        Self { most, taken: 0, slots: VecDeque::new(), next_at: i64::MIN, now: i64::MIN }
    }

    /// Forgets what is over. A clock that was set back takes what it remembers with it, so that
    /// nobody waits for a time that has been.
    pub(super) fn turn(&mut self, now: i64) {
        if now < self.now {
            let back = self.now - now;
            for slot in &mut self.slots {
                slot.began -= back;
                slot.last -= back;
            }
            self.next_at = self.next_at.saturating_sub(back);
        }
        self.now = now;
        while let Some(slot) = self.slots.front().copied()
            && slot.last + MINUTE <= now
        {
            self.taken -= slot.taken;
            self.slots.pop_front();
        }
    }

    /// What is reserved for a request: one that is larger than the limit takes all of it.
    pub(super) fn need(&self, wanted: u64) -> u64 {
        wanted.min(self.most)
    }

    /// After [`Window::turn`]: what was taken in the last minute.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    pub(super) fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    /// After [`Window::turn`]: how long until `need` fits behind `ahead`. 0: now.
    pub(super) fn wait(&self, need: u64, ahead: u64, has_waited: bool) -> i64 {
        let paced = if has_waited { self.next_at.saturating_sub(self.now).max(0) } else { 0 };
        let free = self.most.saturating_sub(self.taken);
        let wanted = need.saturating_add(ahead);
        if wanted <= free {
            return paced;
        }
        // When everything taken is forgotten, a minute's worth fits, and another each minute.
        let full_turns = i64::try_from(wanted.saturating_sub(1) / self.most).unwrap_or(0).min(60);
        let mut missing = (wanted - full_turns as u64 * self.most).saturating_sub(free);
        if full_turns > 0 {
            missing = missing.max(self.taken.min(1));
        }
        let mut until = self.now;
        for slot in &self.slots {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(slot.taken);
            until = slot.last + MINUTE;
        }
        (until - self.now + full_turns * MINUTE).max(paced)
    }

    pub(super) fn take(&mut self, count: u64, has_waited: bool) {
        self.add(count);
        if has_waited {
            let pace = i64::try_from(u128::from(count) * MINUTE as u128 / u128::from(self.most));
            self.next_at = self.next_at.max(self.now).saturating_add(pace.unwrap_or(MINUTE));
        }
    }

    /// Something was used beyond what was reserved: it counts from now on.
    pub(super) fn add(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        self.taken = self.taken.saturating_add(count);
        match self.slots.back_mut() {
            Some(slot) if self.now < slot.began + SLOT => {
                slot.taken = slot.taken.saturating_add(count);
                slot.last = self.now;
            }
            _ => self.slots.push_back(Slot { began: self.now, last: self.now, taken: count }),
        }
    }

    /// Something was reserved at a time and not used. What is forgotten already stays so.
    pub(super) fn give_back(&mut self, count: u64, reserved_at: i64) {
        let mut left = count;
        // The slot it was reserved in, and its neighbours where that one does not hold as much.
        let near = self.slots.partition_point(|it| it.began <= reserved_at).saturating_sub(1);
        for at in (0..=near.min(self.slots.len().saturating_sub(1))).rev() {
            let Some(slot) = self.slots.get_mut(at) else { break };
            if slot.began + SLOT <= reserved_at.saturating_sub(SLOT) {
                break;
            }
            let back = left.min(slot.taken);
            slot.taken -= back;
            self.taken -= back;
            left -= back;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(window: &mut Window, second: i64) -> &mut Window {
        window.turn(second * SECOND);
        window
    }

    #[test]
    fn what_was_taken_fits_again_a_minute_later_and_the_wait_says_so() {
        let mut it = Window::new(10);
        at(&mut it, 0).take(6, false);
        at(&mut it, 20).take(4, false);
        assert_eq!(it.wait(1, 0, false), 40 * SECOND);
        assert_eq!(it.wait(6, 0, false), 40 * SECOND);
        assert_eq!(it.wait(7, 0, false), 60 * SECOND);
        assert_eq!(it.wait(5, 5, false), 60 * SECOND);
        it.turn(60 * SECOND);
        assert_eq!(it.wait(6, 0, false), 0);
        assert!(it.wait(7, 0, false) > 0);
    }

    #[test]
    fn what_was_not_used_is_given_back_and_what_was_used_beyond_is_taken() {
        let mut it = Window::new(100);
        at(&mut it, 0).take(80, false);
        at(&mut it, 5).give_back(70, 0);
        assert_eq!(it.wait(90, 0, false), 0);
        it.add(95);
        assert_eq!(it.wait(1, 0, false), 55 * SECOND);
        // What was forgotten is not given back a second time.
        at(&mut it, 70).give_back(95, 5 * SECOND);
        assert_eq!(it.wait(100, 0, false), 0);
        assert!(it.wait(101, 0, false) > 0);
    }

    #[test]
    fn those_who_waited_are_let_in_one_after_the_other() {
        let mut it = Window::new(60);
        at(&mut it, 0).take(60, false);
        at(&mut it, 61);
        assert_eq!(it.wait(1, 0, true), 0);
        it.take(1, true);
        assert_eq!(it.wait(1, 0, true), SECOND);
        assert_eq!(it.wait(1, 0, false), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_minute() {
        let mut it = Window::new(1);
        at(&mut it, 100_000).take(1, true);
        at(&mut it, 10);
        assert!(it.wait(1, 0, true) <= MINUTE, "{}", it.wait(1, 0, true));
        at(&mut it, 10 + 61);
        assert_eq!(it.wait(1, 0, true), 0);
    }

    proptest! {
        /// Whoever takes as soon as it is said to fit, at whatever times, with whatever is given
        /// back: the sum of any sixty seconds is within the limit.
        #[test]
        fn no_sixty_seconds_hold_more_than_the_limit(
            most in 1_u64..50,
            steps in prop::collection::vec((0_i64..20 * SECOND, 1_u64..20, any::<bool>()), 1..120),
        ) {
            let mut window = Window::new(most);
            let (mut now, mut taken) = (0, Vec::<(i64, u64)>::new());
            for (pause, wanted, has_waited) in steps {
                now += pause;
                window.turn(now);
                let need = window.need(wanted);
                let wait = window.wait(need, 0, has_waited);
                prop_assert!(wait <= MINUTE, "{wait}");
                if wait > 0 && has_waited {
                    // The time that was said is enough.
                    now += wait;
                    window.turn(now);
                    prop_assert_eq!(window.wait(need, 0, true), 0);
                } else if wait > 0 {
                    continue;
                }
                window.take(need, has_waited);
                taken.push((now, need));
            }
            for (from, _) in &taken {
                let within = taken.iter().filter(|it| (*from..*from + MINUTE).contains(&it.0));
                prop_assert!(within.map(|it| it.1).sum::<u64>() <= most);
            }
        }
    }
}
