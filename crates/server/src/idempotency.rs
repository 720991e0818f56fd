//! Idempotency keys: the same request sent twice is done once, and answered twice.
//!
//! The answer to a change that came with an `Idempotency-Key` is kept for [`KEPT_FOR`]; the same
//! caller's same request gets it again. Another request under the same key is refused, and so is
//! a repetition while the first is still running. Failures of the server (5xx) and refusals for
//! being too early (429) are not kept: repeating those is what the key is for.
//!
//! That it was done is noted in the transaction that does it ([`Ticket::rider`]), so a kill at any
//! moment leaves either no change and a key that frees itself, or the change and a key that knows
//! it. The answer is kept a moment later. Of one that was lost in that moment, that holds a secret
//! shown once, or that is too large, only the fact is told that it was done.

use std::{sync::Arc, time::Duration};

use base::Timestamp;
use jiff::SignedDuration;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use store::{Sql, Store, Tx, params, rider::Rider};

use crate::{operation::Upload, problem::Problem};

/// The tables of this room.
pub const MIGRATIONS: &[store::Migration] = &[
    store::Migration {
        name: "20261121_090000_idempotency_keys",
        up: Sql::same(include_str!("../migrations/20261121_090000_idempotency_keys/up.sql")),
        down: Sql::same(include_str!("../migrations/20261121_090000_idempotency_keys/down.sql")),
    },
    store::Migration {
        name: "20261121_161200_deprecated_calls",
        up: Sql::same(include_str!("../migrations/20261121_161200_deprecated_calls/up.sql")),
        down: Sql::same(include_str!("../migrations/20261121_161200_deprecated_calls/down.sql")),
    },
];

/// How long answers are kept.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The largest answer that is kept.
const MOST_BYTES: usize = 256 * 1024;

/// A request that runs longer than this has died with its server. If it changed nothing, its key may
/// be taken over.
const RUNS_AT_MOST: SignedDuration = SignedDuration::from_mins(2);

/// A change that is being made under a key.
#[derive(Debug, Clone)]
pub struct Ticket {
    id: String,
    began: Timestamp,
}

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The `ETag`.
    pub tag: Option<String>,
    /// The body; none when it was not kept.
    pub body: Option<String>,
}

/// What a key means for a request.
#[derive(Debug)]
pub enum Begun {
    /// It is new: make the change with the ticket's rider, then [`finish`].
    Fresh(Ticket),
    /// It was done.
    Done(Kept),
}

impl Ticket {
    /// Notes in the transaction of the change that the key's request is done.
    pub fn rider(&self) -> Rider {
        let Self { id, began } = self.clone();
        Arc::new(move |tx| match tx.execute(DONE, &params![id.as_str(), began])? {
            0 => Err(store::Error::Unavailable {
                retry_after: Duration::from_secs(1),
                why: "the request took so long that its key was given to a repetition".into(),
            }),
            _ => Ok(()),
        })
    }
}

const DONE: &str = "
    UPDATE idempotency_keys SET state = 'done'
     WHERE id = $1 AND created_at = $2";

/// What makes two requests the same: the route, its arguments, its file.
pub fn fingerprint(route: &str, args: &Map<String, Json>, upload: Option<&Upload>) -> String {
    let mut hash = Sha256::new();
    hash.update(route);
    hash.update([0]);
    hash.update(serde_json::to_vec(args).unwrap_or_default());
    if let Some(upload) = upload {
        hash.update([0]);
        hash.update(&upload.name);
        hash.update([0]);
        hash.update(&upload.bytes);
    }
    hex::encode(hash.finalize())
}

/// Is this a key that may be used?
pub fn is_key(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|it| (0x20..0x7f).contains(&it))
}

/// Takes a key of a caller for a request.
///
/// # Errors
/// `idempotency_conflict` when the key belongs to another request, `idempotency_busy` when the
/// request is running.
pub async fn begin(
    store: &Store,
    caller: &str,
    key: &str,
    request: String,
    now: Timestamp,
) -> Result<Begun, Problem> {
    let id = hex::encode(Sha256::digest(format!("{caller}\0{key}")));
    let found = store.bookkeep("idempotency", move |tx| take(tx, id, &request, now)).await?;
    match found {
        Found::Ours(id) => Ok(Begun::Fresh(Ticket { id, began: now })),
        Found::Done(kept) => Ok(Begun::Done(kept)),
        Found::Other => Err(Problem::new(
            "idempotency_conflict",
            "This idempotency key was used for another request.",
        )
        .hint("use a fresh key for each change")),
        Found::Running => Err(Problem::new(
            "idempotency_busy",
            "The same request is being answered at this moment.",
        )
        .retry_after(Duration::from_secs(1))),
    }
}

/// Keeps the answer. A failure is not kept: see [`leave`].
pub async fn finish(store: &Store, ticket: Ticket, answer: Kept) -> Result<(), Problem> {
    if answer.status >= 500 || answer.status == 429 {
        return leave(store, ticket).await;
    }
    let Ticket { id, began } = ticket;
    let body = answer.body.filter(|it| it.len() <= MOST_BYTES);
    let (status, kind, tag) = (i64::from(answer.status), answer.content_type, answer.tag);
    let values = params![id, began, status, kind, tag, body];
    let kept = store.bookkeep("idempotency", move |tx| tx.execute(KEEP, &values));
    kept.await.map(drop).map_err(|it: store::Error| it.into())
}

const KEEP: &str = "
    UPDATE idempotency_keys
       SET state = 'answered', status = $3, content_type = $4, tag = $5, body = $6
     WHERE id = $1 AND created_at = $2";

/// Frees the key of a request that came to no good end, unless it has changed something.
pub async fn leave(store: &Store, ticket: Ticket) -> Result<(), Problem> {
    let Ticket { id, began } = ticket;
    let left = store.bookkeep("idempotency", move |tx| {
        tx.execute(FREE, &params![&id, began])?;
        tx.execute(CLOSE, &params![&id, began])
    });
    left.await.map(drop).map_err(|it: store::Error| it.into())
}

const FREE: &str =
    "DELETE FROM idempotency_keys WHERE id = $1 AND created_at = $2 AND state = 'running'";

const CLOSE: &str = "
    UPDATE idempotency_keys SET state = 'answered'
     WHERE id = $1 AND created_at = $2 AND state = 'done'";

/// Forgets answers older than [`KEPT_FOR`]. Returns how many.
pub async fn sweep(store: &Store, now: Timestamp) -> Result<u64, store::Error> {
    let before = now - KEPT_FOR;
    store
        .bookkeep("idempotency sweep", move |tx| {
            tx.execute("DELETE FROM idempotency_keys WHERE created_at < $1", &params![before])
        })
        .await
}

enum Found {
    Ours(String),
    Done(Kept),
    Other,
    Running,
}

const FIND: Sql<'static> = Sql {
    sqlite: "SELECT request, state, status, content_type, tag, body, created_at
               FROM idempotency_keys WHERE id = $1",
    postgres: "SELECT request, state, status, content_type, tag, body, created_at
                 FROM idempotency_keys WHERE id = $1 FOR UPDATE",
};

fn take(tx: &Tx, id: String, request: &str, now: Timestamp) -> Result<Found, store::Error> {
    let inserted = tx.execute(
        "INSERT INTO idempotency_keys (id, request, state, created_at)
         VALUES ($1, $2, 'running', $3) ON CONFLICT (id) DO NOTHING",
        &params![&id, request, now],
    )?;
    if inserted > 0 {
        return Ok(Found::Ours(id));
    }
    let row = tx.one(FIND, &params![&id])?;
    let created_at: Timestamp = row.get("created_at")?;
    let state: String = row.get("state")?;
    let age = now.duration_since(created_at);
    if age > KEPT_FOR || (state == "running" && age > RUNS_AT_MOST) {
        tx.execute(
            "UPDATE idempotency_keys
                SET request = $2, state = 'running', status = NULL, content_type = NULL,
                    tag = NULL, body = NULL, created_at = $3
              WHERE id = $1",
            &params![&id, request, now],
        )?;
        return Ok(Found::Ours(id));
    }
    if row.get::<String>("request")? != request {
        return Ok(Found::Other);
    }
    // Done, but without an answer yet: it is being written, or was lost with its server.
    if state == "running" || (state == "done" && age <= RUNS_AT_MOST) {
        return Ok(Found::Running);
    }
    let status: Option<i64> = row.get("status")?;
    Ok(Found::Done(Kept {
        status: status.and_then(|it| it.try_into().ok()).unwrap_or(200),
        content_type: row.get("content_type")?,
        tag: row.get("tag")?,
        body: row.get("body")?,
    }))
}
