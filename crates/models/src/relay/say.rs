//! Questions of the house itself: the same way as those of the gateway, without bytes of a caller.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;

use super::{
    Attempt, Missed, Ours,
    chat::said,
    client::{self, Received},
    home,
    travel::{Errand, Leg, Parcel},
    wrong::Wrong,
};
use crate::{
    Cost, Usage,
    chat::{Answer, Request},
    dialect::offline,
    quirk::answers_by_tool,
    settings::ModelRef,
    tokens,
};

/// The longest answer that the house reads, after decompression.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What an exchange brought: what was read, what it used, and the attempt, still to be ended.
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) by: ModelRef,
    pub(crate) usage: Usage,
    pub(crate) cost: Cost,
    pub(crate) latency: Duration,
    pub(crate) attempt: Attempt,
}

/// One answer of a conversation.
pub(crate) struct Say<'a> {
    request: &'a Request,
    /// About how many tokens the question has.
    asked: u64,
    /// What was sent last is to be answered by a tool of ours.
    is_by_tool: bool,
}

impl<'a> Say<'a> {
    /// An answer to this request, which has about so many tokens.
    pub(crate) fn new(request: &'a Request, asked: u64) -> Self {
        Self { request, asked, is_by_tool: false }
    }
}

/// Vectors of texts.
pub(crate) struct Vectors<'a> {
    pub(crate) texts: &'a [String],
    pub(crate) asked: u64,
}

impl Errand for Say<'_> {
    type Out = Said<Answer>;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let dialect = leg.provider.dialect;
        let made = dialect.chat_body(self.request, &leg.to.model, leg.quirks);
        let made = made.map_err(Missed::Unsupported)?;
        let owns_tools = self.request.tools.is_empty();
        self.is_by_tool = owns_tools && answers_by_tool(&made);
        Ok(Parcel {
            path: dialect.chat_path(&leg.to.model, false),
            body: Bytes::from(made.to_string()),
            headers: client::passed_on(&HeaderMap::new(), dialect.wire(), false),
            is_stream: false,
            made: Some(made),
            owns_tools,
            ours: Ours::default(),
        })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        received: Received,
        attempt: Attempt,
        until: Instant,
    ) -> Result<Said<Answer>, (Attempt, Wrong)> {
        let (status, body) = match whole(received, &attempt, until).await {
            Ok(body) => body,
            Err(wrong) => return Err((attempt, wrong)),
        };
        let dialect = leg.provider.dialect;
        let read = if self.is_by_tool {
            dialect.read_answer_by_tool(&body)
        } else {
            dialect.read_answer(&body)
        };
        match read {
            Ok(answer) => {
                let usage = tokens::completed(answer.usage, self.asked, said(&answer));
                Ok(Said::of(answer, leg.to.clone(), status, usage, attempt))
            }
            Err(why) => Err((attempt, why.into())),
        }
    }

    async fn at_home(&mut self, leg: Leg<'_>, attempt: Attempt) -> Result<Said<Answer>, Missed> {
        let answer = offline::answer(self.request);
        let usage = answer.usage.unwrap_or_default();
        Ok(Said::of(answer, leg.to.clone(), 200, usage, attempt))
    }
}

impl Errand for Vectors<'_> {
    type Out = Said<Vec<Vec<f32>>>;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let dialect = leg.provider.dialect;
        let made = dialect.embed(&leg.to.model, self.texts, None);
        let (path, body) =
            made.ok_or_else(|| Missed::NoEmbeddings { provider: leg.to.provider.clone() })?;
        Ok(Parcel {
            path,
            body: Bytes::from(body.to_string()),
            headers: client::passed_on(&HeaderMap::new(), dialect.wire(), false),
            is_stream: false,
            made: None,
            owns_tools: false,
            ours: Ours::default(),
        })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        received: Received,
        attempt: Attempt,
        until: Instant,
    ) -> Result<Self::Out, (Attempt, Wrong)> {
        let (status, body) = match whole(received, &attempt, until).await {
            Ok(body) => body,
            Err(wrong) => return Err((attempt, wrong)),
        };
        match leg.provider.dialect.read_embeddings(&body, self.texts.len()) {
            Ok((vectors, counted)) => {
                let usage = tokens::completed(counted, self.asked, 0);
                Ok(Said::of(vectors, leg.to.clone(), status, usage, attempt))
            }
            Err(why) => Err((attempt, why.into())),
        }
    }

    /// Vectors of two models are never compared.
    fn may_be_downgraded(&self) -> bool {
        false
    }

    fn at_door(&mut self, leg: Leg<'_>) -> Result<(), Missed> {
        home::embeds(leg, None)
    }

    async fn at_home(&mut self, leg: Leg<'_>, attempt: Attempt) -> Result<Self::Out, Missed> {
        let made = home::vectors(leg, attempt, self.texts, None).await?;
        Ok(Said::of(made.vectors, leg.to.clone(), 200, made.usage, made.attempt))
    }
}

impl<T> Said<T> {
    fn of(value: T, by: ModelRef, status: u16, usage: Usage, mut attempt: Attempt) -> Self {
        let cost = attempt.answered(status, usage);
        let latency = attempt.elapsed();
        Self { value, by, usage, cost, latency, attempt }
    }
}

async fn whole(
    received: Received,
    attempt: &Attempt,
    until: Instant,
) -> Result<(u16, Bytes), Wrong> {
    let status = received.status;
    let body = received.whole(ANSWER_BYTES_MAX, until).await.map_err(Wrong::Failed)?;
    attempt.exchanged();
    Ok((status, body))
}
