//! Operations: what the server can do, apart from the paths where it does it.
//!
//! An [`Operation`] has a name (`records.get`), the permission it needs, typed arguments and one
//! kind of answer. Paths are [`crate::route`]; several may lead to one operation. An operation
//! never sees a header, a path or a status.
//!
//! Start at [`all`]: the whole table, built once at start.

use std::{fmt, future::Future, sync::Arc};

use apps::record::{PARTS, Sight};
use axum::{
    extract::ws::WebSocketUpgrade,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use base::{Page, PageRequest, Permission, TenantId};
use bytes::Bytes;
use futures::future::BoxFuture;
use identity::Caller;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::{App, Visit, argument::Arguments, problem::Fault, problem::Problem, shape::Thing};

/// Something the server can do.
pub struct Operation {
    /// `records.get`.
    pub name: &'static str,
    /// What the caller must be allowed.
    pub permission: Permission,
    /// One sentence for people.
    pub summary: &'static str,
    /// What it takes.
    pub arguments: Arguments,
    /// What it gives.
    pub kind: Kind,
    /// The name of the thing it gives, in `/openapi.json`.
    pub gives: &'static str,
    /// It takes a file beside its arguments, and of what.
    pub takes_file: Option<FileOf>,
    /// The argument that takes the fields of the body that no other argument claims.
    pub rest: Option<&'static str>,
    /// The argument that names a user in the path: who that is may do it to themselves, whatever else they may.
    /// What of it, the room decides.
    pub of_oneself: Option<&'static str>,
    /// Its answer holds a secret that is shown once: never kept for repetition.
    pub is_secret: bool,
    /// It may be called for a tenant that was deleted.
    pub reaches_deleted: bool,
    /// It takes the body as it is and answers in its own words: [`Call::raw`].
    pub is_raw: bool,
    /// A model may think for minutes before it answers: the server's limit of time is not its own.
    pub is_patient: bool,
    /// It takes whole documents: the longest text of `config/security.yaml` is not for them.
    pub takes_documents: bool,
    /// Its answer is the same for all who reach the same tenants, and changes with records alone: it may
    /// be kept.
    pub is_shareable: bool,
    run: Run,
}

type Run = Box<
    dyn Fn(Call, Map<String, Json>) -> BoxFuture<'static, Result<Answer, Problem>> + Send + Sync,
>;

/// What a file holds that an operation takes; how large it may be depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOf {
    /// A list of records.
    List,
    /// A document.
    Document,
    /// A picture of a person.
    Picture,
    /// Several documents of the configuration.
    Bundle,
}

/// What kind of answer an operation gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One thing: 200.
    One,
    /// One thing that was made: 201.
    Made,
    /// A page of things: 200.
    Page,
    /// A file to keep: 200.
    File,
    /// Nothing: 204.
    Empty,
    /// A promise that it will be done, or what was done at once: 202 or 200.
    Accepted,
    /// Events as they happen (SSE): 200.
    Events,
    /// A text of a format of its own: 200.
    Text,
    /// A conversation over a WebSocket: 101.
    Socket,
}

impl Kind {
    /// The status of success.
    pub fn status(self) -> u16 {
        match self {
            Self::One | Self::Page | Self::File | Self::Events | Self::Text => 200,
            Self::Socket => 101,
            Self::Made => 201,
            Self::Accepted => 202,
            Self::Empty => 204,
        }
    }
}

/// Does an answer of this status have a body?
pub fn has_body(status: u16) -> bool {
    !matches!(status, 204 | 205)
}

/// One call of an operation: who calls, in which request, and what does not fit into arguments.
pub struct Call {
    /// The application.
    pub app: App,
    /// Who calls. The permission is checked already.
    pub caller: Caller,
    /// The request.
    pub visit: Arc<Visit>,
    /// Which page of a list is asked for.
    pub page: PageRequest,
    /// Whether the rows of the whole list are to be counted.
    pub count: bool,
    /// The file that came along.
    pub upload: Option<Upload>,
    /// Which state of the thing the caller believes to change.
    pub if_match: IfMatch,
    /// What came as it came, for operations that take it so.
    pub raw: Option<Raw>,
    /// The last event that the caller has heard of (`Last-Event-ID`).
    pub last_event: Option<String>,
    /// The WebSocket that the caller wants to open.
    pub socket: Option<WebSocketUpgrade>,
}

/// A request as it came.
pub struct Raw {
    /// On whose account it goes.
    pub tenant: TenantId,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A file that came with a request.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name, without folders.
    pub name: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// The precondition of a change (`If-Match`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    /// None was given, or `*`.
    Any,
    /// This revision.
    Revision(i64),
    /// A tag that this server never gave out.
    Foreign,
}

/// What an operation answers.
pub struct Answer {
    /// The answer itself.
    pub body: Body,
    /// The state of the thing, for `ETag`.
    pub tag: Option<String>,
    /// A status other than the operation's own.
    pub status: Option<u16>,
    /// Cookies that a browser is to keep, or to forget.
    pub cookies: Vec<HeaderValue>,
}

/// The body of an answer.
pub enum Body {
    /// One thing.
    One(Thing),
    /// A page of things.
    Page(Page<Json>),
    /// A file.
    File(Download),
    /// Nothing.
    Empty,
    /// A response made elsewhere: a stream of events, or of a file.
    Stream(Response),
}

/// A file to keep.
#[derive(Debug, Clone)]
pub struct Download {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// Operations that take nothing.
#[derive(Debug, serde::Deserialize, JsonSchema)]
pub struct Nothing {}

/// Every operation of the server.
pub fn all() -> Vec<Operation> {
    crate::operations::all()
}

impl Operation {
    /// An operation over a typed function.
    pub fn new<A, F, R>(
        name: &'static str,
        permission: Permission,
        kind: Kind,
        gives: &'static str,
        summary: &'static str,
        run: F,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(Call, A) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let run = Arc::new(run);
        let typed = move |call: Call, args: Map<String, Json>| -> BoxFuture<'static, _> {
            let run = run.clone();
            Box::pin(async move {
                let args = serde_json::from_value::<A>(Json::Object(args)).map_err(|error| {
                    Problem::faults("invalid_input", vec![Fault::new("", error.to_string())])
                })?;
                run(call, args).await
            })
        };
        Self {
            name,
            permission,
            summary,
            arguments: Arguments::of::<A>(),
            kind,
            gives,
            takes_file: None,
            rest: None,
            of_oneself: None,
            is_secret: false,
            reaches_deleted: false,
            is_raw: false,
            is_patient: false,
            takes_documents: false,
            is_shareable: false,
            run: Box::new(typed),
        }
    }

    /// It takes a file beside its arguments.
    #[must_use]
    pub fn takes_file(mut self, of: FileOf) -> Self {
        self.takes_file = Some(of);
        self
    }

    /// It may take as long as a model thinks.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.is_patient = true;
        self
    }

    /// It takes whole documents, however long their texts are.
    #[must_use]
    pub fn takes_documents(mut self) -> Self {
        self.takes_documents = true;
        self
    }

    /// Fields of the body that no argument claims go into this argument.
    #[must_use]
    pub fn rest_into(mut self, argument: &'static str) -> Self {
        self.rest = Some(argument);
        self
    }

    /// Whoever this argument of the path names may do it to themselves.
    #[must_use]
    pub fn of_oneself(mut self, argument: &'static str) -> Self {
        self.of_oneself = Some(argument);
        self
    }

    /// Its answer is shown once.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// It may be called for a tenant that was deleted.
    #[must_use]
    pub fn reaches_deleted(mut self) -> Self {
        self.reaches_deleted = true;
        self
    }

    /// It takes the body as it is and answers in its own words.
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.is_raw = true;
        self
    }

    /// Its answer is the same for all who reach the same tenants, and changes with records alone.
    #[must_use]
    pub fn shareable(mut self) -> Self {
        self.is_shareable = true;
        self
    }

    /// Calls it with arguments that [`Arguments::check`] has passed.
    pub fn run(
        &self,
        call: Call,
        args: Map<String, Json>,
    ) -> BoxFuture<'static, Result<Answer, Problem>> {
        (self.run)(call, args)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Call {
    /// The time of the request.
    pub fn now(&self) -> base::Timestamp {
        self.app.clock.now()
    }

    /// The tenant given, or the caller's own, or the only one there is.
    pub fn tenant(&self, given: Option<TenantId>) -> Result<TenantId, Problem> {
        given.or_else(|| self.caller.tenant()).or_else(|| self.app.only_tenant()).ok_or_else(|| {
            Problem::faults(
                "invalid_input",
                vec![
                    Fault::new("/tenant", "is missing")
                        .hint("you reach all tenants: say which one this is for"),
                ],
            )
        })
    }

    /// The tenant that a list is narrowed to: none is all of them, for who reaches all.
    pub fn narrowed(&self, given: Option<TenantId>) -> Option<TenantId> {
        given.or_else(|| self.caller.tenant())
    }

    /// The revision that must be there still.
    pub fn expected_revision(&self) -> Result<Option<i64>, Problem> {
        match self.if_match {
            IfMatch::Any => Ok(None),
            IfMatch::Revision(revision) => Ok(Some(revision)),
            IfMatch::Foreign => {
                Err(Problem::new("stale", "The state named in If-Match is not one of this thing.")
                    .hint("read it again and repeat the change with the ETag of that answer"))
            }
        }
    }
}

impl Answer {
    fn of(body: Body, tag: Option<String>) -> Self {
        Self { body, tag, status: None, cookies: Vec::new() }
    }

    /// One thing.
    pub fn one(thing: Json) -> Self {
        Self::of(Body::One(Thing::Json(thing)), None)
    }

    /// A page of things.
    pub fn page(page: Page<Json>) -> Self {
        Self::of(Body::Page(page), None)
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::of(Body::Empty, None)
    }

    /// A file.
    pub fn file(file: Download) -> Self {
        Self::of(Body::File(file), None)
    }

    /// A stream.
    pub fn stream(response: Response) -> Self {
        Self::of(Body::Stream(response), None)
    }

    /// One thing that has a `revision` (and may have a `lock`): its state becomes the `ETag`.
    pub fn revised(thing: Json) -> Self {
        let tag = thing.get("revision").and_then(Json::as_i64).map(|revision| {
            match thing.get("lock").and_then(|it| it.get("job")).and_then(Json::as_str) {
                Some(job) => format!("{revision}-{job}"),
                None => revision.to_string(),
            }
        });
        Self::of(Body::One(Thing::Json(thing)), tag)
    }

    /// A record that is only looked at; its state becomes the `ETag`.
    pub fn seen(record: Sight) -> Self {
        let tag = Some(record.tag());
        Self::of(Body::One(Thing::Record(Box::new(record))), tag)
    }

    /// The same with the records that lie in it: their state is a part of its own.
    pub fn seen_with(record: &Sight, children: Map<String, Json>) -> Self {
        let children = Json::Object(children);
        let digest: [u8; 32] = Sha256::digest(children.to_string()).into();
        let tag = Some(format!("{}-c{}", record.tag(), hex::encode(&digest[..8])));
        let parts = PARTS.into_iter().filter_map(|it| Some((it.to_owned(), record.part(it)?)));
        let mut thing: Map<String, Json> = parts.collect();
        thing.insert("children".to_owned(), children);
        Self::of(Body::One(Thing::Json(Json::Object(thing))), tag)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same with these cookies.
    #[must_use]
    pub fn with_cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }
}
