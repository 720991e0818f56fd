//! How many tokens a question has: asked of the provider where it counts by itself, estimated
//! otherwise. Counting is free and is not in the ledger; where a provider is asked, limits and
//! breakers hold as for every call.

use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;

use super::{
    Call, Missed, Provider, Reply, Wanted,
    client::{self, Sending},
    reply::{Cached, Facts},
    route,
    travel::Trip,
    wrong::Wrong,
};
use crate::{
    Models, Priority,
    dialect::{Class, Wire},
    face::{Face, Inject, Peek, anthropic},
    settings::ModelRef,
};

/// A count is not worth waiting long for, neither in the queue nor for the provider.
const PATIENCE: Duration = Duration::from_secs(10);
const BYTES_MAX: usize = 64 * 1024;

impl Models {
    pub(super) async fn relay_count(&self, call: Call) -> Reply {
        let face = call.asks.face();
        let peek = match face.peek(&call.body).and_then(Peek::named) {
            Ok(peek) => peek,
            Err(why) => return self.unreadable(&call, &why),
        };
        let wanted = Wanted {
            model: Some(&peek.model),
            priority: Priority::Balanced,
            tenant: call.account.tenant,
            caller: call.account.caller.as_deref(),
            operation: call.asks.operation(),
            speaks: Some(Wire::AnthropicMessages),
            tokens: 0,
        };
        // It uses no tokens.
        let mut trip = Trip { patience: Some(PATIENCE), ..Trip::new(&call.account, 0, Some(0)) };
        let way = match route::route(&self.0.settings, wanted) {
            Ok(way) => way,
            Err(why) => {
                let facts = Facts::new(&trip, &call.request_id, Cached::Off);
                return facts.missed(&Missed::from(why), face);
            }
        };
        let to = &way.candidates[0].to;
        let counted = self.counted(&mut trip, &call, to, face).await;
        let facts = Facts::new(&trip, &call.request_id, Cached::Off);
        let counted = match counted {
            Ok(counted) => counted,
            Err(missed) => return facts.missed(&missed, face),
        };
        let facts = facts.by(to, false);
        match counted.map_or_else(|| anthropic::count_tokens(&call.body), Ok) {
            Ok(bytes) => facts.whole(bytes),
            Err(why) => facts.refused(&why.body(), face),
        }
    }

    /// The provider's own count. None where it has none, fails, or is left alone.
    ///
    /// # Errors
    /// There is no room within the limits.
    async fn counted(
        &self,
        trip: &mut Trip<'_>,
        call: &Call,
        to: &ModelRef,
        face: &dyn Face,
    ) -> Result<Option<Bytes>, Missed> {
        let Some(provider) = self.0.providers.get(&to.provider) else { return Ok(None) };
        if provider.dialect.wire() != Wire::AnthropicMessages {
            return Ok(None);
        }
        let mut room = self.enter(trip, provider, to, true).await?;
        if provider.admit(&to.model, self.0.clock.now()).is_err() {
            room.undo();
            return Ok(None);
        }
        room.used(0);
        let mut asked = Asked { provider, clock: &self.0.clock, model: &to.model, is_over: false };
        let began = Instant::now();
        let path = format!("{}/count_tokens", provider.dialect.chat_path(&to.model, false));
        let sending = Sending {
            path: &path,
            body: face.rewrite(&call.body, &to.model, Inject::Nothing),
            headers: client::passed_on(&call.headers, Wire::AnthropicMessages, false),
            is_fresh: false,
            until: began + PATIENCE,
        };
        let counted = asked.count(sending).await;
        trip.elsewhere += began.elapsed();
        Ok(counted)
    }
}

/// A provider that is being asked. Dropped before it answered, that says nothing about it.
struct Asked<'a> {
    provider: &'a Provider,
    clock: &'a Clock,
    model: &'a str,
    is_over: bool,
}

impl Asked<'_> {
    async fn count(&mut self, sending: Sending<'_>) -> Option<Bytes> {
        let until = sending.until;
        let received = match self.provider.client.send(sending).await {
            Ok(received) => received,
            // A connection from before had died: that says nothing about the provider.
            Err(client::Failure::HungUp { was_kept: true }) => return None,
            Err(failure) => return self.failed(&Wrong::Failed(failure)),
        };
        let (status, headers) = (received.status, received.headers.clone());
        let bytes = match received.whole(BYTES_MAX, until).await {
            Ok(bytes) => bytes,
            Err(failure) => return self.failed(&Wrong::Failed(failure)),
        };
        self.provider.client.exchanged();
        if status == 200 {
            self.is_over = true;
            self.provider.answered(self.model, self.clock.now());
            return Some(bytes);
        }
        self.refused(status, &headers, &bytes)
    }

    fn refused(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Bytes> {
        let complaint = self.provider.dialect.complaint(status, headers, body);
        // Servers that are compatible may have no such path, and answer otherwise or not at all.
        if matches!(complaint.class, Class::Invalid | Class::UnknownModel) {
            return None;
        }
        self.failed(&Wrong::Refused { status, complaint })
    }

    fn failed(&mut self, wrong: &Wrong) -> Option<Bytes> {
        self.is_over = true;
        self.provider.note(self.model, wrong, self.clock.now());
        None
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.provider.abandoned(self.model, self.clock.now());
        }
    }
}
