//! The models that can be asked: the names of the settings, and what the providers list, asked for
//! once in a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use tokio::time::Instant;

use super::{
    Account, Asks, Body, Missed, Provider, Reply, Wanted, Words,
    reply::{Cached, Facts},
    route::{self, NoWay},
    travel::Trip,
};
use crate::{
    Models, Priority,
    dialect::{Class, Wire},
    face::{
        ErrorBody,
        models::{self, Listed},
    },
};

/// How long a provider's list is believed.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// A list is not worth waiting long for.
const PATIENCE: Duration = Duration::from_secs(3);
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// What the providers list, as they last did.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Known>);

/// By provider: when it was asked, and what it said.
type Known = HashMap<String, (Instant, Arc<[String]>)>;

impl Models {
    /// The models that this caller can ask, in these words.
    pub async fn listed(&self, account: &Account, words: Words) -> Reply {
        let names = self.names_for(account).await;
        let bytes = match words {
            Words::Openai => models::list(&names),
            Words::Anthropic => models::anthropic::list(&names),
        };
        self.reply_of(account, bytes)
    }

    /// One model that this caller can ask.
    pub async fn listed_as(
        &self,
        account: &Account,
        name: &str,
        words: Words,
        request_id: &Arc<str>,
    ) -> Reply {
        let face = words.face();
        let one = match words {
            Words::Openai => models::one,
            Words::Anthropic => models::anthropic::one,
        };
        let names = self.names_for(account).await;
        if let Some(found) = names.iter().find(|it| it.id == name) {
            return self.reply_of(account, one(found));
        }
        // Names that nobody lists can be asked for all the same.
        match route::route(&self.0.settings, wanted(account, name)) {
            Ok(way) if crate::settings::ModelRef::parse(name).is_some() => {
                let owned_by = way.candidates[0].to.provider.clone();
                let listed = Listed { id: name.to_owned(), created: 0, owned_by };
                self.reply_of(account, one(&listed))
            }
            found => {
                let trip = Trip::new(account, 0, None);
                let facts = Facts::new(&trip, request_id, Cached::Off);
                if let Err(why @ NoWay::NotAllowed(_)) = found {
                    return facts.missed(&Missed::from(why), face);
                }
                let mut error = ErrorBody::new(
                    Class::UnknownModel,
                    "There is no such model; GET models lists those there are.",
                );
                error.param = Some("model".into());
                facts.refused(&error, face)
            }
        }
    }

    fn reply_of(&self, account: &Account, bytes: bytes::Bytes) -> Reply {
        let trip = Trip::new(account, 0, None);
        let id: Arc<str> = "".into();
        let mut reply = Facts::new(&trip, &id, Cached::Off).whole(bytes);
        let own: Vec<_> =
            reply.headers.keys().filter(|it| it.as_str().starts_with("x-")).cloned().collect();
        own.into_iter().for_each(|it| drop(reply.headers.remove(it)));
        debug_assert!(matches!(reply.body, Body::Whole(_)));
        reply
    }

    /// Priorities and aliases first, then what the settings and the providers name.
    async fn names_for(&self, account: &Account) -> Vec<Listed> {
        let settings = &self.0.settings;
        let asked = self.0.providers.values().map(|it| self.list_of(it));
        let lists = join_all(asked).await;
        let own = route::names(settings).into_iter().map(|id| (id, "mainstay".to_owned()));
        let mentioned = route::mentions(settings)
            .filter_map(crate::settings::ModelRef::parse)
            .filter(|it| self.0.providers.contains_key(&it.provider) && !it.model.ends_with('*'))
            .map(|it| (it.text(), it.provider));
        let listed = self.0.providers.keys().zip(&lists).flat_map(|(provider, models)| {
            models.iter().map(move |it| (format!("{provider}/{it}"), provider.clone()))
        });
        let mut seen = std::collections::HashSet::new();
        own.chain(mentioned)
            .chain(listed)
            .filter(|it| seen.insert(it.0.clone()))
            .filter(|it| route::route(settings, wanted(account, &it.0)).is_ok())
            .map(|(id, owned_by)| Listed { id, created: 0, owned_by })
            .collect()
    }

    /// What each provider lists at this moment, by its own names; none when it does not answer or
    /// has no list that can be read.
    pub async fn remote_models(&self) -> Vec<(String, Option<Vec<String>>)> {
        let asked = self.0.providers.values().map(|provider| async move {
            let list = match built_in(provider) {
                Some(list) => Some(list),
                None => fetched(provider, Instant::now() + PATIENCE).await,
            };
            (provider.name.clone(), list)
        });
        join_all(asked).await
    }

    pub(crate) async fn list_of(&self, provider: &Provider) -> Arc<[String]> {
        if let Some(list) = built_in(provider) {
            return list.into();
        }
        let now = Instant::now();
        let known = self.0.lists.lock().get(&provider.name).cloned();
        if let Some((at, list)) = &known
            && now.duration_since(*at) < KNOWN_FOR
        {
            return list.clone();
        }
        let fetched = fetched(provider, now + PATIENCE).await;
        // A provider that does not answer is asked again later, and what it said before counts.
        let list = fetched.map(Arc::from).or(known.map(|it| it.1)).unwrap_or_default();
        self.0.lists.lock().insert(provider.name.clone(), (now, Arc::clone(&list)));
        list
    }
}

impl Lists {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn built_in(provider: &Provider) -> Option<Vec<String>> {
    let names = provider.dialect.built_in()?;
    Some(names.iter().map(|it| (*it).to_owned()).collect())
}

async fn fetched(provider: &Provider, until: Instant) -> Option<Vec<String>> {
    let received = provider.client.get(provider.dialect.models_path(), until).await.ok()?;
    if received.status != 200 {
        return None;
    }
    let body = received.whole(BYTES_MAX, until).await.ok()?;
    provider.client.exchanged();
    provider.dialect.read_models(&body).ok()
}

fn wanted<'a>(account: &'a Account, name: &'a str) -> Wanted<'a> {
    Wanted {
        model: Some(name),
        priority: Priority::Balanced,
        tenant: account.tenant,
        caller: account.caller.as_deref(),
        operation: Asks::Chat.operation(),
        speaks: Some(Wire::OpenaiChat),
        tokens: 0,
    }
}
