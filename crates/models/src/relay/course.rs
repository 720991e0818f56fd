//! The course of one call: which candidate is asked next, when, and when it is enough. Decided
//! here, without waiting.
//!
//! Candidates are asked in order, each once; where one failed and another is left, nobody waits.
//! When all have been asked, those that may be asked again are, each after its own wait.

use std::time::Duration;

use crate::{
    dialect::Class,
    retry::{self, Next},
    settings::RetrySettings,
};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask this candidate.
    Ask(usize),
    /// Wait, then ask again what to do.
    Wait(Duration),
    /// It is enough.
    Stop,
}

/// What an attempt ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    /// What it means.
    pub(crate) class: Class,
    /// The HTTP status; none when there was no answer.
    pub(crate) status: Option<u16>,
    /// How long the provider wants us to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The provider says whether repeating is of use.
    pub(crate) should_retry: Option<bool>,
}

/// The course of one call.
#[derive(Debug)]
pub(crate) struct Course {
    legs: Vec<Leg>,
    attempts: u32,
    attempts_max: u32,
    deadline: Duration,
    is_over: bool,
}

#[derive(Debug, Clone, Copy)]
struct Leg {
    /// The most tokens that the model takes, when that is known.
    context: Option<u64>,
    failed: u32,
    /// Since the call began.
    ready_at: Duration,
    is_out: bool,
}

impl Course {
    /// A course over candidates, of each of which the context may be known.
    pub(crate) fn new(
        contexts: impl IntoIterator<Item = Option<u64>>,
        attempts_max: u32,
        deadline: Duration,
    ) -> Self {
        let leg = |context| Leg { context, failed: 0, ready_at: Duration::ZERO, is_out: false };
        let legs = contexts.into_iter().map(leg).collect();
        Self { legs, attempts: 0, attempts_max, deadline, is_over: false }
    }

    /// What to do at this time since the call began.
    pub(crate) fn next(&self, now: Duration) -> Step {
        if self.is_over || self.attempts >= self.attempts_max || now >= self.deadline {
            return Step::Stop;
        }
        let alive = || self.legs.iter().enumerate().filter(|it| !it.1.is_out);
        if let Some((at, _)) = alive().find(|it| it.1.failed == 0) {
            return Step::Ask(at);
        }
        match alive().min_by_key(|it| it.1.ready_at) {
            None => Step::Stop,
            Some((at, leg)) if leg.ready_at <= now => Step::Ask(at),
            Some((_, leg)) if leg.ready_at < self.deadline => Step::Wait(leg.ready_at - now),
            Some(_) => Step::Stop,
        }
    }

    /// Is this the last candidate that has not been asked? Then it is worth waiting for.
    pub(crate) fn is_last(&self, at: usize) -> bool {
        self.legs.iter().enumerate().all(|(other, leg)| other == at || leg.is_out || leg.failed > 0)
    }

    /// An attempt is made.
    pub(crate) fn asked(&mut self) {
        self.attempts += 1;
    }

    /// A candidate cannot be asked now: it is left alone, or has no room.
    pub(crate) fn passed_over(&mut self, at: usize) {
        self.legs[at].is_out = true;
    }

    /// An attempt failed.
    pub(crate) fn missed(
        &mut self,
        at: usize,
        miss: Miss,
        settings: &RetrySettings,
        jitter: f64,
        now: Duration,
    ) {
        if !miss.class.is_worth_another() {
            self.is_over = true;
            return;
        }
        if miss.class == Class::ContextLength
            && let Some(too_small) = self.legs[at].context
        {
            for leg in &mut self.legs {
                leg.is_out |= leg.context.is_some_and(|it| it <= too_small);
            }
        }
        let leg = &mut self.legs[at];
        leg.failed += 1;
        let may_repeat = miss.class.is_replayable() && miss.should_retry != Some(false);
        let next = match miss.status.filter(|_| may_repeat) {
            Some(status) => retry::next(settings, status, leg.failed, miss.retry_after, jitter),
            None => Next::GiveUp,
        };
        match next {
            Next::After(wait) => leg.ready_at = now + wait,
            Next::GiveUp => leg.is_out = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn course(candidates: usize) -> Course {
        Course::new(vec![None; candidates], 8, 100 * SECOND)
    }

    fn miss(class: Class, status: u16) -> Miss {
        Miss { class, status: Some(status), retry_after: None, should_retry: None }
    }

    /// Plays misses, each at the moment when its candidate is asked; returns who was asked when.
    fn play(course: &mut Course, misses: &[Miss]) -> Vec<(usize, u64)> {
        let (mut now, mut asked) = (Duration::ZERO, Vec::new());
        let mut misses = misses.iter();
        loop {
            match course.next(now) {
                Step::Stop => return asked,
                Step::Wait(wait) => now += wait,
                Step::Ask(at) => {
                    asked.push((at, now.as_secs()));
                    course.asked();
                    let Some(miss) = misses.next() else { return asked };
                    course.missed(at, *miss, &RetrySettings::default(), 0.0, now);
                }
            }
        }
    }

    #[test]
    fn another_candidate_is_asked_at_once_and_the_first_again_only_then() {
        let busy = miss(Class::Overloaded, 503);
        assert_eq!(play(&mut course(2), &[busy; 4]), [(0, 0), (1, 0), (0, 2), (1, 2), (0, 6)]);
    }

    #[test]
    fn alone_it_is_asked_again_after_2_4_and_8_seconds() {
        let busy = miss(Class::RateLimited, 429);
        assert_eq!(play(&mut course(1), &[busy; 9]), [(0, 0), (0, 2), (0, 6), (0, 14)]);
    }

    #[test]
    fn a_wrong_request_asks_nobody_else() {
        assert_eq!(play(&mut course(3), &[miss(Class::Invalid, 400)]), [(0, 0)]);
    }

    #[test]
    fn an_account_without_money_is_passed_by_and_not_asked_again() {
        let poor = miss(Class::OutOfQuota, 429);
        assert_eq!(play(&mut course(2), &[poor; 9]), [(0, 0), (1, 0)]);
    }

    #[test]
    fn a_provider_that_says_so_is_not_asked_again() {
        let no = Miss { should_retry: Some(false), ..miss(Class::Overloaded, 503) };
        assert_eq!(play(&mut course(1), &[no; 9]), [(0, 0)]);
    }

    #[test]
    fn a_connection_that_died_is_not_asked_again_but_another_is() {
        let died = Miss { status: None, ..miss(Class::Broken, 0) };
        assert_eq!(play(&mut course(2), &[died; 9]), [(0, 0), (1, 0)]);
    }

    #[test]
    fn a_question_too_long_goes_to_a_larger_model_only() {
        let mut course = Course::new([Some(8), Some(8), Some(32), None], 8, 100 * SECOND);
        let long = miss(Class::ContextLength, 400);
        assert_eq!(play(&mut course, &[long; 9]), [(0, 0), (2, 0), (3, 0)]);
    }

    #[test]
    fn the_deadline_and_the_number_of_attempts_bound_everything() {
        let busy = miss(Class::Overloaded, 503);
        let mut short = Course::new([None], 8, 5 * SECOND);
        assert_eq!(play(&mut short, &[busy; 9]), [(0, 0), (0, 2)]);
        let mut few = Course::new([None, None, None], 2, 100 * SECOND);
        assert_eq!(play(&mut few, &[busy; 9]), [(0, 0), (1, 0)]);
    }

    #[test]
    fn the_last_one_left_is_known() {
        let mut course = course(2);
        assert!(!course.is_last(0));
        course.missed(0, miss(Class::Broken, 500), &RetrySettings::default(), 0.0, Duration::ZERO);
        assert!(course.is_last(1));
    }
}
