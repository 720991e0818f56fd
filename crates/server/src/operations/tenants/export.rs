//! What a tenant has, written out part after part while it is read: however much it is, little of it is in memory.
//!
//! What comes first is read before the answer begins, so that whoever may not have it is told so. Should the
//! database go away on the way, the answer breaks off: nobody takes half of it for the whole.

use std::{collections::VecDeque, io};

use apps::{
    acts::is_shown,
    tenant::{self as kept, Part, Scope},
};
use axum::body::Body;
use base::TenantId;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use identity::Caller;
use serde_json::{Value as Json, json};
use tracing::warn;

use super::{One, read, view};
use crate::{
    App,
    operation::{Answer, Call},
    operations::documents,
    problem::Problem,
    written,
};

/// Rows of an export read at once.
const CHUNK: u32 = 500;

pub(super) async fn export(call: Call, args: One) -> Result<Answer, Problem> {
    let tenant = read(&call.app, args.tenant).await?;
    let mut way = Way::of(&call, args.tenant);
    let head = json!({
        "exported_at": call.now(),
        "tenant": view(&tenant),
        "left_out": way.left_out(),
    });
    let mut begin = serde_json::to_vec(&head).map_err(Problem::internal)?;
    // What it has comes behind what it is.
    begin.pop();
    let first = way.piece().await?.unwrap_or_default();
    let rest = stream::try_unfold(way, |mut way| async move {
        let piece = way.piece().await;
        piece.map(|it| it.map(|it| (it, way)))
    });
    let rest = rest.map_err(|problem| {
        warn!(problem = %problem, "An export broke off");
        io::Error::other("the export broke off")
    });
    let begin = stream::iter([Bytes::from(begin), first].map(Ok));
    let day = call.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let name = format!("{}-{day}.json", tenant.slug);
    let body = Body::from_stream(begin.chain(rest));
    Ok(Answer::stream(written::file_of(&name, "application/json", body)))
}

/// What is still to be written.
struct Way {
    app: App,
    caller: Caller,
    tenant: TenantId,
    scope: Scope,
    /// The parts, the one under way first.
    parts: VecDeque<Part>,
    /// After which row of it to go on.
    after: Option<String>,
    /// How far it is.
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next part is to be begun.
    Between,
    /// It was begun, and no row of it is written.
    Begun,
    /// Rows of it are written.
    Within,
    /// All is written.
    Over,
}

impl Way {
    fn of(call: &Call, tenant: TenantId) -> Self {
        let scope = Scope::of(&call.caller, documents::sight(call, Some(tenant)));
        let parts = Part::ALL.into_iter().filter(|it| scope.has(*it)).collect();
        Self {
            app: call.app.clone(),
            caller: call.caller.clone(),
            tenant,
            scope,
            parts,
            after: None,
            state: State::Between,
        }
    }

    /// The parts that are not handed out.
    fn left_out(&self) -> Vec<&'static str> {
        Part::ALL.into_iter().filter(|it| !self.scope.has(*it)).map(Part::name).collect()
    }

    /// What comes next in the document; none when it is whole.
    async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(part) = self.parts.front().copied() else {
            let is_whole = std::mem::replace(&mut self.state, State::Over) == State::Over;
            return Ok((!is_whole).then_some(Bytes::from_static(b"}")));
        };
        let (tenant, scope, from) = (self.tenant, self.scope.clone(), self.after.take());
        let chunk = self
            .app
            .store
            .read(move |db| kept::export(db, &scope, tenant, part, from.as_deref(), CHUNK))
            .await?;
        let (mut out, mut state) = (Vec::new(), self.state);
        if state == State::Between {
            out.extend_from_slice(format!(",\"{}\":[", part.name()).as_bytes());
            state = State::Begun;
        }
        for row in chunk.rows.iter().filter(|it| self.is_theirs(part, it)) {
            if state == State::Within {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, row).map_err(Problem::internal)?;
            state = State::Within;
        }
        self.after = chunk.next;
        if self.after.is_none() {
            out.push(b']');
            self.parts.pop_front();
            state = State::Between;
        }
        self.state = state;
        Ok(Some(out.into()))
    }

    /// What is private is shown as everywhere else: to whoever made it, and to who may see it.
    fn is_theirs(&self, part: Part, row: &Json) -> bool {
        part != Part::Records || is_shown(self.app.kits(), &self.caller, row)
    }
}
