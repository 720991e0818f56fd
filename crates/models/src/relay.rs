//! The way of one call: from the bytes of a caller to a provider and back.
//!
//! A call finds its way ([`route`]), is admitted (budget, limits, queue), and is tried at one
//! candidate after the other ([`course`], [`travel`]); what comes back goes out as it came or is
//! told anew, whole or in pieces ([`chat`], [`stream`]). Once a byte of an answer has gone to the
//! caller nobody else is asked: a stream that breaks then ends with an error inside of it.
//!
//! Start at [`Models::relay`].

mod account;
mod attempt;
mod cache;
mod chat;
pub(crate) mod client;
mod concede;
mod count;
mod course;
mod embed;
pub(crate) mod home;
mod listed;
mod manner;
mod policy;
mod provider;
mod recast;
mod refusal;
mod repeat;
mod reply;
mod room;
mod route;
mod say;
mod single_flight;
mod stream;
mod talk;
mod travel;
mod trip;
mod welcome;
mod wrong;

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use http::HeaderMap;
use tracing::Instrument as _;

use crate::{
    Models,
    face::{
        Face, anthropic::Anthropic, openai_chat::OpenaiChat, openai_responses::OpenaiResponses,
    },
    settings::Disconnect,
};

pub use account::{Account, Caller};
pub(crate) use attempt::Attempt;
pub(crate) use cache::Cache;
pub(crate) use chat::{Alike, Landed};
pub(crate) use concede::Ours;
pub(crate) use listed::Lists;
pub(crate) use provider::Provider;
pub use refusal::{Refused, refusal};
pub(crate) use room::limits_of;
pub(crate) use route::{Candidate, NoWay, Wanted, Way, mentions, named, route};
pub(crate) use say::{Said, Say, Vectors};
pub(crate) use single_flight::Flights;
pub(crate) use stream::{Ended, Running};
pub(crate) use talk::{Talk, Told};
pub(crate) use travel::{Errand, Leg, Parcel, Trip};
pub use welcome::Welcome;
pub(crate) use wrong::{Missed, Wrong};

/// What a call asks for, and in whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// An answer, as OpenAI's `chat/completions`.
    Chat,
    /// An answer, as OpenAI's `responses`.
    Responses,
    /// An answer, as Anthropic's `messages`.
    Messages,
    /// Embeddings, as OpenAI's.
    Embeddings,
    /// How many tokens a question has, as Anthropic's `count_tokens`.
    CountTokens,
}

/// Whose words refusals are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// OpenAI's.
    Openai,
    /// Anthropic's.
    Anthropic,
}

/// A call as it came.
pub struct Call {
    /// What it asks for.
    pub asks: Asks,
    /// On whose account.
    pub account: Account,
    /// Its headers. Few of them go on.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Its id, for whoever looks for it.
    pub request_id: Arc<str>,
    /// How long whoever asks may be answered.
    pub welcome: Welcome,
}

/// What goes back.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// The body of a reply.
pub enum Body {
    /// In one piece.
    Whole(Bytes),
    /// In pieces. Dropped before its end, the answer is cancelled or drained, as the settings say.
    Stream(BoxStream<'static, Bytes>),
}

impl Asks {
    /// What it is counted for when the caller does not say.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
            Self::CountTokens => "count_tokens",
        }
    }

    /// Whose words its refusals are in.
    pub fn words(self) -> Words {
        match self {
            Self::Chat | Self::Responses | Self::Embeddings => Words::Openai,
            Self::Messages | Self::CountTokens => Words::Anthropic,
        }
    }

    /// Who speaks these words.
    pub(crate) fn face(self) -> &'static dyn Face {
        match self {
            Self::Chat | Self::Embeddings => &OpenaiChat,
            Self::Responses => &OpenaiResponses,
            Self::Messages | Self::CountTokens => &Anthropic,
        }
    }
}

impl Words {
    fn face(self) -> &'static dyn Face {
        match self {
            Self::Openai => &OpenaiChat,
            Self::Anthropic => &Anthropic,
        }
    }
}

impl Models {
    /// Answers a call in the words it came in. A refusal is an answer too.
    ///
    /// Dropped before it is over, the call is cancelled, or goes on to its end by itself, as the
    /// settings say.
    pub async fn relay(&self, call: Call) -> Reply {
        if self.on_disconnect(&call.account, call.asks) == Disconnect::Cancel {
            return self.answer(call).await;
        }
        let models = self.clone();
        let answering = async move { models.answer(call).await };
        match self.0.tasks.spawn(answering.in_current_span()).await {
            Ok(reply) => reply,
            Err(why) => match why.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The process is stopping and has thrown it away.
                Err(_) => std::future::pending().await,
            },
        }
    }

    async fn answer(&self, call: Call) -> Reply {
        match call.asks {
            Asks::Chat | Asks::Responses | Asks::Messages => Box::pin(self.relay_chat(call)).await,
            Asks::Embeddings => Box::pin(self.relay_embeddings(call)).await,
            Asks::CountTokens => Box::pin(self.relay_count(call)).await,
        }
    }

    /// The largest body that a call may have.
    pub fn request_bytes_max(&self) -> usize {
        self.0.settings.relay.request_bytes_max
    }
}
