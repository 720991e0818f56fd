//! Embeddings on their way through the gateway: as they came where the provider speaks as the
//! caller does, told anew otherwise.

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::Instant;

use super::{
    Attempt, Call, Missed, Ours, Reply, Wanted,
    chat::speaks_of_error,
    client::{self, Received},
    home::{self, AtHome},
    reply::{Cached, Facts},
    route,
    travel::{Errand, Leg, Parcel, Trip},
    wrong::Wrong,
};
use crate::{
    Cost, Models, Priority, Usage,
    dialect::{Dialect, Wire},
    face::{
        Peek,
        embeddings::{self, EmbeddingsRequest},
    },
    tokens,
    usage::Outcome,
};

/// Embeddings that are asked for.
struct Embed<'a> {
    call: &'a Call,
    asked: u64,
    answer_bytes_max: usize,
    /// Read when it has to be told anew.
    request: Option<EmbeddingsRequest>,
}

struct Made {
    bytes: Bytes,
    cost: Cost,
    upstream_id: Option<HeaderValue>,
}

impl Models {
    pub(super) async fn relay_embeddings(&self, call: Call) -> Reply {
        let face = call.asks.face();
        let peek = match embeddings::peek(&call.body).and_then(Peek::named) {
            Ok(peek) => peek,
            Err(why) => return self.unreadable(&call, &why),
        };
        let wanted = Wanted {
            model: Some(&peek.model),
            priority: Priority::Balanced,
            tenant: call.account.tenant,
            caller: call.account.caller.as_deref(),
            operation: call.asks.operation(),
            speaks: Some(Wire::OpenaiChat),
            tokens: 0,
        };
        let mut trip = Trip::new(&call.account, peek.prompt_tokens, Some(0));
        let way = route::route(&self.0.settings, wanted).map_err(Missed::from);
        let mut embed = Embed {
            call: &call,
            asked: peek.prompt_tokens,
            answer_bytes_max: self.0.settings.relay.answer_bytes_max,
            request: None,
        };
        let arrived = match &way {
            Ok(way) => Box::pin(self.travel(&mut trip, way, &mut embed)).await,
            Err(missed) => Err(missed.clone()),
        };
        let facts = Facts::new(&trip, &call.request_id, Cached::Off);
        match arrived {
            Ok(arrived) => {
                let facts = facts.by(&arrived.by, arrived.is_fallback).cost(arrived.out.cost);
                let upstream_id = arrived.out.upstream_id;
                Facts { upstream_id, ..facts }.whole(arrived.out.bytes)
            }
            Err(missed) => facts.missed(&missed, face),
        }
    }
}

impl Embed<'_> {
    /// Do the caller's bytes pass to this provider?
    fn passes(dialect: &dyn Dialect, model: &str) -> bool {
        dialect.wire() == Wire::OpenaiChat
            && dialect.embed(model, &[], None).is_some_and(|(path, _)| path == "embeddings")
    }

    fn request(&mut self) -> Result<&EmbeddingsRequest, Missed> {
        match &mut self.request {
            Some(request) => Ok(request),
            empty => {
                let read = embeddings::read(&self.call.body).map_err(Missed::Unreadable)?;
                Ok(empty.insert(read))
            }
        }
    }

    fn read(&self, leg: Leg<'_>, body: Bytes) -> Result<(Bytes, Usage), Wrong> {
        let (dialect, model) = (leg.provider.dialect, leg.to.model.as_str());
        let Some(request) = &self.request else {
            let counted = dialect.read_usage(&body);
            if counted.is_none_or(|it| it.total() == 0) || speaks_of_error(&body) {
                dialect.read_embeddings(&body, 0).or_else(|why| match why {
                    // Another number of vectors than none: they are there.
                    crate::dialect::Unreadable::Shape(_) if has_data(&body) => {
                        Ok(Default::default())
                    }
                    why => Err(why),
                })?;
            }
            return Ok((body, tokens::completed(counted, self.asked, 0)));
        };
        let (vectors, counted) = dialect.read_embeddings(&body, request.texts.len())?;
        let usage = tokens::completed(counted, self.asked, 0);
        Ok((embeddings::answer(model, &vectors, Some(usage), request.encoding), usage))
    }
}

fn has_data(body: &[u8]) -> bool {
    let body: Result<serde_json::Value, _> = serde_json::from_slice(body);
    body.is_ok_and(|it| it["data"].is_array())
}

impl Errand for Embed<'_> {
    type Out = Made;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let (dialect, model) = (leg.provider.dialect, leg.to.model.as_str());
        let headers = client::passed_on(&self.call.headers, dialect.wire(), false);
        let parcel = |path: String, body: Bytes| Parcel {
            path,
            body,
            headers,
            is_stream: false,
            made: None,
            owns_tools: false,
            ours: Ours::default(),
        };
        if Self::passes(dialect, model) {
            self.request = None;
            let body = embeddings::rewrite(&self.call.body, model);
            return Ok(parcel("embeddings".into(), body));
        }
        let request = self.request()?;
        let made = dialect.embed(model, &request.texts, request.dimensions);
        let (path, body) =
            made.ok_or_else(|| Missed::NoEmbeddings { provider: leg.to.provider.clone() })?;
        Ok(parcel(path, body.to_string().into()))
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        received: Received,
        mut attempt: Attempt,
        until: Instant,
    ) -> Result<Made, (Attempt, Wrong)> {
        let (status, upstream_id) = (received.status, received.upstream_id());
        let body = match received.whole(self.answer_bytes_max, until).await {
            Ok(body) => body,
            Err(failure) => return Err((attempt, Wrong::Failed(failure))),
        };
        attempt.exchanged();
        match self.read(leg, body.clone()) {
            Ok((bytes, usage)) => {
                let cost = attempt.answered(status, usage);
                attempt.end(Outcome::Ok);
                Ok(Made { bytes, cost, upstream_id })
            }
            Err(wrong) => {
                attempt.counted(status, leg.provider.dialect.read_usage(&body), self.asked);
                Err((attempt, wrong))
            }
        }
    }

    /// Vectors of two models are never compared.
    fn may_be_downgraded(&self) -> bool {
        false
    }

    fn at_door(&mut self, leg: Leg<'_>) -> Result<(), Missed> {
        let dimensions = self.request()?.dimensions;
        home::embeds(leg, dimensions)
    }

    async fn at_home(&mut self, leg: Leg<'_>, attempt: Attempt) -> Result<Made, Missed> {
        let request = self.request()?;
        let made = home::vectors(leg, attempt, &request.texts, request.dimensions).await?;
        let AtHome { vectors, model, usage, mut attempt } = made;
        let bytes = embeddings::answer(&model, &vectors, Some(usage), request.encoding);
        let cost = attempt.answered(200, usage);
        attempt.end(Outcome::Ok);
        Ok(Made { bytes, cost, upstream_id: None })
    }
}
