//! How many tokens a question has: asked of the provider where it counts by itself, estimated
//! otherwise. Counting is free and is not in the ledger.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Call, Missed, Reply, Wanted,
    client::{self, Sending},
    reply::{Cached, Facts},
    route,
    travel::Trip,
};
use crate::{
    Models, Priority,
    dialect::Wire,
    face::{Face, Inject, Peek, anthropic},
    settings::ModelRef,
};

/// A count is not worth waiting long for.
const PATIENCE: Duration = Duration::from_secs(10);
const BYTES_MAX: usize = 64 * 1024;

impl Models {
    pub(super) async fn relay_count(&self, call: Call) -> Reply {
        let face = call.asks.face();
        let peek = match face.peek(&call.body).and_then(Peek::named) {
            Ok(peek) => peek,
            Err(why) => return self.unreadable(&call, &why),
        };
        let mut trip = Trip::new(&call.account, peek.prompt_tokens, Some(0));
        let wanted = Wanted {
            model: Some(&peek.model),
            priority: Priority::Balanced,
            tenant: call.account.tenant,
            caller: call.account.caller.as_deref(),
            operation: &call.account.operation,
            speaks: Some(Wire::AnthropicMessages),
            tokens: 0,
        };
        let way = match route::route(&self.0.settings, wanted) {
            Ok(way) => way,
            Err(why) => {
                let facts = Facts::new(&trip, &call.request_id, Cached::Off);
                return facts.missed(&Missed::from(why), face);
            }
        };
        let to = &way.candidates[0].to;
        let asked = Instant::now();
        let counted = self.counted(&call, to, face).await;
        trip.elsewhere = asked.elapsed();
        let facts = Facts::new(&trip, &call.request_id, Cached::Off).by(to, false);
        match counted.map_or_else(|| anthropic::count_tokens(&call.body), Ok) {
            Ok(bytes) => facts.whole(bytes),
            Err(why) => facts.refused(&why.body(), face),
        }
    }

    /// The provider's own count.
    async fn counted(&self, call: &Call, to: &ModelRef, face: &dyn Face) -> Option<Bytes> {
        let provider = self.0.providers.get(&to.provider)?;
        if provider.dialect.wire() != Wire::AnthropicMessages {
            return None;
        }
        let until = Instant::now() + PATIENCE;
        let path = format!("{}/count_tokens", provider.dialect.chat_path(&to.model, false));
        let sending = Sending {
            path: &path,
            body: face.rewrite(&call.body, &to.model, Inject::Nothing),
            headers: client::passed_on(&call.headers, Wire::AnthropicMessages, false),
            is_fresh: false,
            until,
        };
        let received = provider.client.send(sending).await.ok()?;
        let is_good = received.status == 200;
        let bytes = received.whole(BYTES_MAX, until).await.ok()?;
        provider.client.exchanged();
        is_good.then_some(bytes)
    }
}
