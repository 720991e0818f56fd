//! One limit of one provider, model, tenant or key: who fits through, and how long until one does.

use super::{
    LimitKind, LimitName, LimitSettings, Subject, Use,
    window::{MINUTE, Window},
};
use crate::dialect::Rates;

/// A limit.
#[derive(Debug)]
pub(super) struct Gate {
    name: LimitName,
    requests: Option<Window>,
    tokens: Option<Window>,
    places: Option<u32>,
    /// Requests that have passed and are not over.
    in_flight: u32,
    /// Requests that have passed or will want to.
    pub(super) users: u32,
    /// How long a request keeps its place, roughly.
    stays: i64,
    /// What the provider says about itself.
    requests_told: Told,
    tokens_told: Told,
    /// Of questions and of answers, where it counts them apart.
    input_told: Told,
    output_told: Told,
    ahead: Ahead,
}

/// The tokens that a request is about to use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// All of them.
    pub(super) tokens: u64,
    /// Of these, those of the answer.
    pub(super) answer: u64,
}

/// Those who wait here and come first.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    pass: u64,
    requests: u64,
    tokens: u64,
    question: u64,
    answer: u64,
}

/// Why somebody does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) kind: LimitKind,
    /// In microseconds.
    pub(super) wait: i64,
    /// It depends on how long others stay, which nobody knows.
    pub(super) is_guess: bool,
}

/// What a provider says is left, and what came and went since.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// The most that was ever said to be left.
    most: i64,
    left: i64,
    at: i64,
    /// Until all of it is there again. It comes back evenly.
    full_at: i64,
}

/// How long a request is taken to stay, when none has gone yet.
const STAYS: i64 = 1_000_000;

impl Gate {
    pub(super) fn new(name: LimitName, limits: Option<&LimitSettings>) -> Self {
        Self {
            name,
            requests: limits.and_then(|it| it.requests_per_minute).map(Window::new),
            tokens: limits.and_then(|it| it.tokens_per_minute).map(Window::new),
            places: limits.and_then(|it| it.concurrency),
            in_flight: 0,
            users: 0,
            stays: STAYS,
            requests_told: Told::default(),
            tokens_told: Told::default(),
            input_told: Told::default(),
            output_told: Told::default(),
            ahead: Ahead::default(),
        }
    }

    pub(super) fn name(&self, kind: LimitKind) -> LimitName {
        LimitName { kind, ..self.name.clone() }
    }

    pub(super) fn turn(&mut self, now: i64) {
        for window in [&mut self.requests, &mut self.tokens].into_iter().flatten() {
            window.turn(now);
        }
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// After [`Gate::turn`]: who it is, and how much they have used.
    pub(super) fn used(&self) -> Use {
        Use {
            id: self.name.id.clone(),
            requests: self.requests.as_ref().map(Window::taken),
            tokens: self.tokens.as_ref().map(Window::taken),
            in_flight: self.in_flight,
        }
    }

    /// After [`Gate::turn`]: is nothing remembered here that anybody could miss?
    pub(super) fn is_idle(&self, now: i64) -> bool {
        let is_empty = |it: &Option<Window>| it.as_ref().is_none_or(Window::is_idle);
        self.users == 0
            && is_empty(&self.requests)
            && is_empty(&self.tokens)
            && self.told().iter().all(|it| now >= it.full_at)
    }

    /// Does somebody wait here, who was seen in this pass?
    pub(super) fn is_taken(&self, pass: u64) -> bool {
        self.ahead.pass == pass && self.ahead.requests > 0
    }

    /// Somebody waits here from now on, before whoever comes later in this pass.
    pub(super) fn stand(&mut self, wanted: Wanted, pass: u64) {
        if self.ahead.pass != pass {
            self.ahead = Ahead { pass, ..Ahead::default() };
        }
        let need = self.reserved(wanted.tokens);
        let ahead = &mut self.ahead;
        ahead.requests += 1;
        ahead.tokens = ahead.tokens.saturating_add(need);
        ahead.question = ahead.question.saturating_add(wanted.question());
        ahead.answer = ahead.answer.saturating_add(wanted.answer);
    }

    fn told(&self) -> [&Told; 4] {
        [&self.requests_told, &self.tokens_told, &self.input_told, &self.output_told]
    }

    /// What is reserved of the tokens of a request.
    pub(super) fn reserved(&self, tokens: u64) -> u64 {
        self.tokens.as_ref().map_or(tokens, |it| it.need(tokens))
    }

    /// What keeps a request out, behind those who stand here in this pass. None: it fits.
    pub(super) fn lack(
        &self,
        wanted: Wanted,
        pass: u64,
        has_waited: bool,
        now: i64,
    ) -> Option<Lack> {
        let ahead = if self.ahead.pass == pass { self.ahead } else { Ahead::default() };
        let need = self.reserved(wanted.tokens);
        let known = |kind, wait| Some(Lack { kind, wait, is_guess: false });
        let requests = self.requests.as_ref().map(|it| it.wait(1, ahead.requests, has_waited));
        let tokens = self.tokens.as_ref().map(|it| it.wait(need, ahead.tokens, has_waited));
        let wants = [
            1 + ahead.requests,
            need.saturating_add(ahead.tokens),
            wanted.question().saturating_add(ahead.question),
            wanted.answer.saturating_add(ahead.answer),
        ];
        let waits = self.told().into_iter().zip(wants).map(|(told, wants)| told.wait(wants, now));
        let told = waits.max().unwrap_or(0);
        let all = [
            requests.and_then(|it| known(LimitKind::Requests, it)),
            tokens.and_then(|it| known(LimitKind::Tokens, it)),
            known(LimitKind::Provider, told),
            self.lack_of_places(ahead.requests),
        ];
        all.into_iter().flatten().filter(|it| it.wait > 0).max_by_key(|it| (it.wait, !it.is_guess))
    }

    fn lack_of_places(&self, ahead: u64) -> Option<Lack> {
        let places = u64::from(self.places?.max(1));
        let missing = (u64::from(self.in_flight) + ahead + 1).saturating_sub(places);
        let turns = i64::try_from(missing.div_ceil(places)).unwrap_or(i64::MAX);
        let wait = if missing == 0 { 0 } else { turns.saturating_mul(self.stays).max(1) };
        Some(Lack { kind: LimitKind::Concurrency, wait, is_guess: true })
    }

    /// A request passes. Says how many tokens are reserved.
    pub(super) fn take(&mut self, wanted: Wanted, has_waited: bool) -> u64 {
        let need = self.reserved(wanted.tokens);
        self.in_flight += 1;
        if let Some(requests) = &mut self.requests {
            requests.take(1, has_waited);
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.take(need, has_waited);
        }
        self.requests_told.take(1);
        self.tokens_told.take(need);
        self.input_told.take(wanted.question());
        self.output_told.take(wanted.answer);
        need
    }

    /// A request that passed is over.
    pub(super) fn over(&mut self, stayed: i64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        // Each new one counts an eighth: the last dozen or so say how long the next will stay.
        self.stays += (stayed.max(0) - self.stays) / 8;
    }

    /// A request that passed was never sent.
    pub(super) fn undo(&mut self, reserved: u64, wanted: Wanted, at: i64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(requests) = &mut self.requests {
            requests.give_back(1, at);
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.give_back(reserved, at);
        }
        self.requests_told.give_back(1);
        self.tokens_told.give_back(reserved);
        self.input_told.give_back(wanted.question());
        self.output_told.give_back(wanted.answer);
    }

    /// So many tokens were used of those reserved, or beyond them.
    pub(super) fn correct(&mut self, reserved: u64, used: u64, at: i64) {
        if let Some(tokens) = &mut self.tokens {
            if used < reserved {
                tokens.give_back(reserved - used, at);
            } else {
                tokens.add(used - reserved);
            }
        }
    }

    /// The provider says what is left.
    pub(super) fn learn(&mut self, rates: &Rates, now: i64) {
        self.requests_told.learn(rates.requests_left, rates.requests_reset, now);
        self.tokens_told.learn(rates.tokens_left, rates.tokens_reset, now);
        self.input_told.learn(rates.input_left, rates.input_reset, now);
        self.output_told.learn(rates.output_left, rates.output_reset, now);
    }
}

impl Subject<'_> {
    /// So many tokens, of which it says how many are the answer's.
    pub(super) fn wanted(&self, tokens: u64) -> Wanted {
        Wanted { tokens, answer: self.answer_tokens.min(tokens) }
    }
}

impl Wanted {
    fn question(self) -> u64 {
        self.tokens.saturating_sub(self.answer)
    }
}

impl Told {
    fn learn(&mut self, left: Option<u64>, reset: Option<std::time::Duration>, now: i64) {
        let (Some(left), Some(reset)) = (left, reset) else { return };
        self.left = i64::try_from(left).unwrap_or(i64::MAX);
        self.most = self.most.max(self.left);
        self.at = now;
        self.full_at = now.saturating_add(i64::try_from(reset.as_micros()).unwrap_or(MINUTE));
    }

    /// How long until so much is left. One that is larger than anything ever left waits for all.
    fn wait(&self, need: u64, now: i64) -> i64 {
        let until_full = self.full_at.saturating_sub(now);
        if until_full <= 0 {
            return 0;
        }
        let need = i64::try_from(need).unwrap_or(i64::MAX).min(self.most.max(1));
        let missing = need.saturating_sub(self.left);
        if missing <= 0 {
            return 0;
        }
        let (span, comes) = (self.full_at - self.at, self.most.saturating_sub(self.left));
        if comes <= 0 {
            return until_full;
        }
        let after = i128::from(span) * i128::from(missing) / i128::from(comes);
        let at = self.at.saturating_add(i64::try_from(after).unwrap_or(i64::MAX));
        (at - now).clamp(0, until_full)
    }

    fn take(&mut self, count: u64) {
        self.left = self.left.saturating_sub(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn give_back(&mut self, count: u64) {
        self.left = self.left.saturating_add(i64::try_from(count).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limit::Per;

    const SECOND: i64 = 1_000_000;

    fn gate(limits: &LimitSettings) -> Gate {
        let name = LimitName { kind: LimitKind::Requests, per: Per::Tenant, id: "a".into() };
        Gate::new(name, Some(limits))
    }

    fn tokens(tokens: u64) -> Wanted {
        Wanted { tokens, answer: 0 }
    }

    fn limits() -> LimitSettings {
        LimitSettings {
            per: Per::Tenant,
            matches: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            concurrency: None,
        }
    }

    #[test]
    fn the_limit_that_lasts_longest_is_the_one_that_is_named() {
        let mut it = gate(&LimitSettings {
            requests_per_minute: Some(2),
            tokens_per_minute: Some(100),
            ..limits()
        });
        it.turn(0);
        assert_eq!(it.take(tokens(60), false), 60);
        it.turn(10 * SECOND);
        assert_eq!(it.lack(tokens(40), 1, false, 10 * SECOND), None);
        let lack = it.lack(tokens(41), 1, false, 10 * SECOND).unwrap();
        assert_eq!((lack.kind, lack.wait), (LimitKind::Tokens, 50 * SECOND));
        it.take(tokens(0), false);
        let lack = it.lack(tokens(0), 1, false, 10 * SECOND).unwrap();
        assert_eq!(lack.kind, LimitKind::Requests);
    }

    #[test]
    fn places_are_free_again_when_requests_are_over() {
        let mut it = gate(&LimitSettings { concurrency: Some(1), ..limits() });
        it.take(tokens(5), false);
        let lack = it.lack(tokens(5), 1, false, 0).unwrap();
        assert!(lack.is_guess && lack.kind == LimitKind::Concurrency);
        it.over(SECOND);
        assert_eq!(it.lack(tokens(5), 1, false, 0), None);
    }

    #[test]
    fn what_the_provider_says_is_left_is_all_there_is_until_it_comes_back() {
        let mut it = gate(&limits());
        let told = |left| Rates {
            requests_left: Some(left),
            requests_reset: Some(Duration::from_secs(60)),
            ..Rates::default()
        };
        it.learn(&told(60), 0);
        it.learn(&told(1), 0);
        assert_eq!(it.lack(tokens(0), 1, false, 0), None);
        it.take(tokens(0), false);
        let lack = it.lack(tokens(0), 1, false, 0).unwrap();
        // One of fifty-nine that come back evenly.
        assert_eq!((lack.kind, lack.wait / SECOND), (LimitKind::Provider, 1));
        assert_eq!(it.lack(tokens(0), 1, false, 2 * SECOND), None);
        it.learn(&told(0), 2 * SECOND);
        it.take(tokens(0), false);
        assert!(it.lack(tokens(0), 1, false, 3 * SECOND).is_some());
        assert_eq!(it.lack(tokens(0), 1, false, 62 * SECOND), None);
    }
}
