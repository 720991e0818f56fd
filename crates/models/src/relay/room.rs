//! Room for a call among the others: within the limits of its caller, once, and within those of
//! each model that is asked.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::{Missed, Provider, travel::Trip};
use crate::{
    Models, Settings,
    limit::{LimitSettings, Per, Permit, Subject},
    settings::{ModelRef, std},
};

/// The room that a call has within the limits of its caller, as long as one of its attempts lasts.
pub(crate) type Ours = Arc<Mutex<Permit>>;

/// The room of one attempt.
pub(crate) struct Room {
    ours: Ours,
    theirs: Permit,
    /// No attempt of the call came before.
    is_first: bool,
}

impl Room {
    /// So many tokens were used.
    pub(crate) fn used(&mut self, tokens: u64) {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner).used(tokens);
        self.theirs.used(tokens);
    }

    /// Nobody was asked: with the provider it is as if the attempt had not come. The caller came;
    /// it is only that no tokens were used so far.
    pub(crate) fn undo(self) {
        if self.is_first {
            unused(&self.ours);
        }
        self.theirs.undo();
    }
}

/// No tokens of the caller were used so far.
fn unused(ours: &Ours) {
    ours.lock().unwrap_or_else(PoisonError::into_inner).used(0);
}

impl Models {
    /// Waits for room, unless there is somebody else who may be asked.
    pub(crate) async fn enter(
        &self,
        trip: &mut Trip<'_>,
        provider: &Provider,
        to: &ModelRef,
        is_last: bool,
    ) -> Result<Room, Missed> {
        let account = trip.account;
        let held = trip.tokens_held();
        let tokens = trip.tokens_in.saturating_add(held);
        let longest = trip.patience.unwrap_or(std(self.0.settings.relay.deadline));
        let until = trip.begun + longest;
        let limits = &self.0.limits;
        let missed = |why| Missed::NoRoom { provider: provider.name.clone(), why };
        let ours = match &trip.room {
            Some(ours) => ours.clone(),
            None => {
                let subject = Subject::of_caller(account.tenant, account.key);
                let entered = limits.enter(&subject, tokens, account.priority, Some(until)).await;
                let permit = entered.map_err(missed)?;
                trip.queued += permit.waited();
                trip.depth_of_tenant = trip.depth_of_tenant.max(permit.depth_of_tenant());
                trip.room.insert(Arc::new(Mutex::new(permit))).clone()
            }
        };
        let subject = Subject::of_model(account.tenant, &to.provider, &to.model).answering(held);
        let until = if is_last { until } else { Instant::now() };
        let entered = limits.enter(&subject, tokens, account.priority, Some(until)).await;
        let is_first = trip.attempts == 0;
        let theirs = entered.map_err(|why| {
            if is_first {
                unused(&ours);
            }
            missed(why)
        })?;
        trip.queued += theirs.waited();
        trip.depth_of_tenant = trip.depth_of_tenant.max(theirs.depth_of_tenant());
        Ok(Room { ours, theirs, is_first })
    }
}

/// The limits of the settings, with how many requests each provider takes at once.
pub(crate) fn limits_of(settings: &Settings) -> Vec<LimitSettings> {
    let mut limits = settings.limits.clone();
    for (name, provider) in &settings.providers {
        let exactness = |it: &LimitSettings| match it.matches.as_deref() {
            None => Some(0),
            Some(exact) if exact == name => Some(usize::MAX),
            Some(pattern) => {
                let start = pattern.strip_suffix('*')?;
                name.starts_with(start).then_some(start.len() + 1)
            }
        };
        let of_providers = limits.iter().enumerate().filter(|it| it.1.per == Per::Provider);
        let best =
            of_providers.filter_map(|(at, it)| Some((exactness(it)?, at))).max_by_key(|it| it.0);
        // The most exact limit counts and no other: what it said for many it says for this one.
        let mut own = match best {
            Some((_, at)) => limits[at].clone(),
            None => LimitSettings {
                per: Per::Provider,
                matches: None,
                requests_per_minute: None,
                tokens_per_minute: None,
                concurrency: None,
            },
        };
        own.matches = Some(name.clone());
        own.concurrency =
            Some(own.concurrency.map_or(provider.concurrency, |it| it.min(provider.concurrency)));
        match best {
            Some((usize::MAX, at)) => limits[at] = own,
            _ => limits.push(own),
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_provider_takes_no_more_at_once_than_its_settings_say_whatever_limits_there_are() {
        let settings: Settings = serde_json::from_value(json!({
            "providers": {"a": {"base_url": "http://h", "concurrency": 2}, "b": {"base_url": "http://h", "concurrency": 9},
                          "c": {"base_url": "http://h", "concurrency": 9}},
            "limits": [
                {"per": "provider", "requests_per_minute": 60, "concurrency": 5},
                {"per": "provider", "match": "b", "tokens_per_minute": 1000},
                {"per": "tenant", "concurrency": 1},
            ],
        }))
        .unwrap();
        let limits = limits_of(&settings);
        let of = |name: &str| {
            let it = limits.iter().find(|it| it.matches.as_deref() == Some(name)).unwrap();
            (it.requests_per_minute, it.tokens_per_minute, it.concurrency)
        };
        assert_eq!(of("a"), (Some(60), None, Some(2)));
        assert_eq!(of("b"), (None, Some(1000), Some(9)));
        assert_eq!(of("c"), (Some(60), None, Some(5)));
        assert_eq!(limits.len(), 5);
    }
}
