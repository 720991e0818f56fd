//! Limits: how much of an application a caller may use, as its description declares.
//!
//! A rate is counted per caller, tenant or address within a window that slides (`window`): never more than it says
//! within any span of that length. `most` bounds what runs at the same moment. A limit may be `for` some alone: visitors,
//! keys or people. One that names no operation counts every request at the
//! application's own paths, and every request of an application key anywhere; what a signed-in
//! person's interface asks under `/api`, and what goes to models through the gateway, which keeps
//! limits of its own, is counted only by limits that name operations.
//!
//! Start at [`Limits::admit`].

mod window;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use apps::description::{Limit, LimitFor, LimitPer};
use base::{Clock, TenantId, Timestamp, metric::Counter};
use identity::{Caller, Grant};
use indexmap::IndexMap;

use self::window::Windows;
use crate::problem::{self, Problem};

static REFUSED: Counter =
    Counter::new("http_rate_limited_total", "Requests refused by a limit.", &["limit"]);

/// All limits of an application.
pub struct Limits {
    rules: Vec<Rule>,
    /// The house's, so that a clock set by hand moves limits too.
    clock: Clock,
}

struct Rule {
    name: String,
    per: LimitPer,
    whose: Option<LimitFor>,
    operations: Vec<String>,
    code: &'static str,
    bound: Bound,
}

enum Bound {
    Rate(Windows),
    Most { most: u32, running: Arc<Running> },
}

type Running = Mutex<HashMap<String, u32>>;

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The operation.
    pub operation: &'a str,
    /// Whether the path is one that the application declared.
    pub is_declared: bool,
    /// Who asks.
    pub caller: &'a Caller,
    /// For whom, once it is known.
    pub tenant: Option<TenantId>,
}

/// A place among those that run at the same moment; given back when dropped.
pub struct Place {
    running: Arc<Running>,
    key: String,
}

/// What is left of the tightest rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Requests in all.
    pub limit: u32,
    /// Requests left.
    pub remaining: u32,
    /// Seconds until the first of those counted leaves the window, and there is one more.
    pub reset_s: u64,
}

/// A limit that cannot be kept.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{name}: {fault}")]
pub struct InvalidLimit {
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub fault: String,
}

impl Limits {
    /// The limits as they are declared.
    ///
    /// # Errors
    /// The first one that cannot be kept.
    pub fn declared(limits: &IndexMap<String, Limit>, clock: &Clock) -> Result<Self, InvalidLimit> {
        let rules = limits.iter().map(|(name, limit)| Rule::of(name, limit));
        Ok(Self { rules: rules.collect::<Result<_, _>>()?, clock: clock.clone() })
    }

    /// No limits.
    pub fn none() -> Self {
        Self { rules: Vec::new(), clock: Clock::system() }
    }

    /// Counts a request against every limit of these kinds that concerns it.
    ///
    /// # Errors
    /// The problem of the first limit that is used up, with the time to wait.
    pub fn admit(
        &self,
        ask: Ask<'_>,
        per: &[LimitPer],
    ) -> Result<(Vec<Place>, Option<Left>), Problem> {
        let mut places = Vec::new();
        let mut tightest: Option<Left> = None;
        let now = self.clock.now();
        for rule in self.rules.iter().filter(|it| per.contains(&it.per) && it.concerns(ask)) {
            let Some(key) = rule.key(ask) else { continue };
            match &rule.bound {
                Bound::Most { most, running } => places.push(rule.enter(running, *most, key)?),
                Bound::Rate(windows) => {
                    let left = rule.count(windows, &key, now)?;
                    if tightest.is_none_or(|it| left.remaining < it.remaining) {
                        tightest = Some(left);
                    }
                }
            }
        }
        Ok((places, tightest))
    }

    /// Forgets those who have not asked for long.
    pub fn forget_idle(&self) {
        let now = self.clock.now();
        for rule in &self.rules {
            if let Bound::Rate(windows) = &rule.bound {
                windows.forget_idle(now);
            }
        }
    }
}

impl Rule {
    fn of(name: &str, limit: &Limit) -> Result<Self, InvalidLimit> {
        let invalid = |fault: String| InvalidLimit { name: name.to_owned(), fault };
        let (bound, default) = match (&limit.rate, limit.most) {
            (Some(rate), None) => {
                let (limit, length) = parse(rate).ok_or_else(|| {
                    invalid(format!("`{rate}` is not a rate; for example 100/minute"))
                })?;
                (Bound::Rate(Windows::new(limit, length)), "rate_limited")
            }
            (None, Some(most)) => {
                (Bound::Most { most, running: Arc::default() }, "too_many_at_once")
            }
            _ => return Err(invalid("needs either `rate` or `most`".into())),
        };
        let given = limit.error.as_deref().unwrap_or(default);
        let code = problem::look_up(given).code;
        if code != given {
            return Err(invalid(format!("`{given}` is not an error code")));
        }
        Ok(Self {
            name: name.to_owned(),
            per: limit.per,
            whose: limit.whose,
            operations: limit.operations.clone(),
            code,
            bound,
        })
    }

    fn concerns(&self, ask: Ask<'_>) -> bool {
        if self.whose.is_some_and(|it| !is_one(ask.caller, it)) {
            return false;
        }
        if self.operations.is_empty() {
            let is_of_a_key = matches!(ask.caller.grant, Grant::Scopes(_));
            ask.is_declared || (is_of_a_key && !ask.operation.starts_with("llm."))
        } else {
            self.operations.iter().any(|it| it == ask.operation)
        }
    }

    fn key(&self, ask: Ask<'_>) -> Option<String> {
        match self.per {
            LimitPer::Caller => Some(ask.caller.rate_key()),
            LimitPer::Tenant => ask.tenant.map(|it| it.to_string()),
            LimitPer::Address => Some(ask.caller.address_key()),
        }
    }

    fn count(&self, windows: &Windows, key: &str, now: Timestamp) -> Result<Left, Problem> {
        windows.count(key, now).map_err(|wait| {
            let limit = windows.limit();
            let detail = format!("The limit `{}` of {limit} requests is used up.", self.name);
            let seconds = u64::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            self.refuse(detail, format!("wait {seconds} s, then go on more slowly"))
                .retry_after(Duration::from_secs(seconds))
                .header("x-ratelimit-limit", limit.to_string())
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", seconds.to_string())
        })
    }

    fn enter(&self, running: &Arc<Running>, most: u32, key: String) -> Result<Place, Problem> {
        let mut now = running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = now.entry(key.clone()).or_default();
        if *count >= most {
            let detail = format!("{most} requests are being answered for you at this moment.");
            let problem = self.refuse(detail, "wait for one of them to end".into());
            return Err(problem.retry_after(Duration::from_secs(1)));
        }
        *count += 1;
        drop(now);
        Ok(Place { running: running.clone(), key })
    }

    fn refuse(&self, detail: String, hint: String) -> Problem {
        REFUSED.increment(&[&self.name]);
        Problem::new(self.code, detail).hint(hint)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = now.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                now.remove(&self.key);
            }
        }
    }
}

/// Is the caller one of those whom a limit is for? The house is none of them.
fn is_one(caller: &Caller, whose: LimitFor) -> bool {
    match caller.grant {
        Grant::Nobody | Grant::Visitor(_) => whose == LimitFor::Visitors,
        Grant::Scopes(_) => whose == LimitFor::Keys,
        Grant::Role(_) => whose == LimitFor::People,
        Grant::House => false,
    }
}

/// `100/minute` → 100 in 60 s.
fn parse(rate: &str) -> Option<(NonZeroU32, Duration)> {
    let (count, period) = rate.split_once('/')?;
    let seconds = match period.trim() {
        "second" | "s" => 1,
        "minute" | "min" => 60,
        "hour" | "h" => 3_600,
        "day" | "d" => 86_400,
        _ => return None,
    };
    Some((count.trim().parse().ok()?, Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn limits(yaml: serde_json::Value, clock: &Clock) -> Result<Limits, InvalidLimit> {
        Limits::declared(&serde_json::from_value(yaml).expect("limits as they are declared"), clock)
    }

    fn ask(caller: &Caller) -> Ask<'_> {
        Ask { operation: "imports.create", is_declared: true, caller, tenant: None }
    }

    #[test]
    fn the_sixth_upload_of_an_hour_waits_for_its_turn() {
        let clock = Clock::by_hand(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
        let limits = limits(
            serde_json::json!({
                "uploads": {"per": "caller", "rate": "5/hour", "operations": ["imports.create"]},
            }),
            &clock,
        )
        .unwrap();
        let caller = Caller::house();
        for left in (0..5).rev() {
            let (_, remaining) = limits.admit(ask(&caller), &[LimitPer::Caller]).ok().unwrap();
            assert_eq!(remaining.unwrap().remaining, left);
        }
        let refused = limits.admit(ask(&caller), &[LimitPer::Caller]).err().unwrap();
        assert_eq!(refused.code(), "rate_limited");
        assert_eq!(refused.comes_back_in(), Some(Duration::from_secs(3_600)));
        clock.advance(SignedDuration::from_mins(12));
        assert!(limits.admit(ask(&caller), &[LimitPer::Caller]).is_err(), "not one by one");
        clock.advance(SignedDuration::from_mins(48));
        assert!(limits.admit(ask(&caller), &[LimitPer::Caller]).is_ok());
    }

    #[test]
    fn a_limit_for_visitors_concerns_no_key_and_nobody_who_is_signed_in() {
        let clock = Clock::by_hand(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
        let key = Caller { grant: Grant::Scopes(Vec::new()), ..Caller::house() };
        let person = Caller { grant: Grant::Role(base::Role::Viewer), ..Caller::house() };
        let visitor = Caller::nobody(None, None);
        for (whose, bounded) in [("visitors", &visitor), ("keys", &key), ("people", &person)] {
            let of = serde_json::json!({"few": {"per": "caller", "rate": "1/hour", "for": whose}});
            let limits = limits(of, &clock).unwrap();
            for caller in [&visitor, &key, &person, &Caller::house()] {
                let is_let_in = || limits.admit(ask(caller), &[LimitPer::Caller]).is_ok();
                assert!(is_let_in(), "the first, for {whose}");
                assert_eq!(is_let_in(), !std::ptr::eq(caller, bounded), "the second, for {whose}");
            }
        }
    }

    #[test]
    fn what_has_ended_makes_room_for_the_next() {
        let clock = Clock::system();
        let limits =
            limits(serde_json::json!({"at_once": {"per": "caller", "most": 2}}), &clock).unwrap();
        let caller = Caller::house();
        let first = limits.admit(ask(&caller), &[LimitPer::Caller]).ok().unwrap();
        let _second = limits.admit(ask(&caller), &[LimitPer::Caller]).ok().unwrap();
        let refused = limits.admit(ask(&caller), &[LimitPer::Caller]).err().unwrap();
        assert_eq!(refused.code(), "too_many_at_once");
        drop(first);
        assert!(limits.admit(ask(&caller), &[LimitPer::Caller]).is_ok());
    }

    #[test]
    fn models_are_asked_by_the_limits_of_the_gateway_alone() {
        let clock = Clock::system();
        let limits =
            limits(serde_json::json!({"all": {"per": "caller", "rate": "1/hour"}}), &clock)
                .unwrap();
        let scopes = std::iter::once(base::Scope::UseModels).collect();
        let caller = Caller { grant: Grant::Scopes(scopes), ..Caller::house() };
        let ask = |operation| Ask { operation, is_declared: false, caller: &caller, tenant: None };
        for _ in 0..3 {
            assert!(limits.admit(ask("llm.chat"), &[LimitPer::Caller]).is_ok());
        }
        assert!(limits.admit(ask("records.list"), &[LimitPer::Caller]).is_ok());
        assert!(limits.admit(ask("records.list"), &[LimitPer::Caller]).is_err());
    }

    #[test]
    fn a_rate_that_cannot_be_read_is_named() {
        let refused =
            limits(serde_json::json!({"x": {"per": "caller", "rate": "many"}}), &Clock::system());
        assert!(refused.err().unwrap().to_string().contains("`many` is not a rate"));
    }
}
