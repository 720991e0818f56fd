//! The way of a request through a route: who calls, may they, what do they bring, for whom, was it
//! done already, then the operation, then its answer in the route's shape and envelope.
//!
//! Start at [`dispatch`], which has `answer` see who calls. `usual` is the way of most operations, `raw` that of one that takes
//! the body as it is, `socket` that of one that talks over a WebSocket. Who calls is found out in `dispatch/who.rs`, what they bring
//! in `dispatch/bring.rs`; how an outcome becomes an answer is in `dispatch/ending.rs`, and in `dispatch/keeping.rs` at a
//! route that keeps its answers.

mod bring;
mod ending;
mod keeping;
mod who;

use std::sync::Arc;

use apps::description::LimitPer;
use axum::{
    body::HttpBody as _,
    extract::{FromRequestParts, Request, WebSocketUpgrade},
    http::{HeaderMap, Method, header},
    response::Response,
};
use base::{PageRequest, Permission, TenantId};
use identity::Caller;
use serde_json::{Map, Value as Json};
use store::rider;
use tracing::Instrument as _;

use crate::{
    App, Visit,
    argument::Faults,
    idempotency::{self, Begun},
    input::{self, Input},
    limit::{Ask, Left, Place},
    operation::{self, Call, IfMatch, Kind},
    problem::{Fault, Problem},
    reach::{About, tenant_of},
    route::Route,
    written::Written,
};

pub use who::caller;
pub(crate) use who::{is_of_origin, text_of};

use bring::{Brought, bring, key_of, precondition};
use ending::{Ending, capitalised, tell_left};
use keeping::Wish;
use who::{caller_at, is_for_nobody, is_of_oneself};

/// Answers a request at a route.
pub async fn dispatch(
    app: &App,
    route: &Arc<Route>,
    path: Vec<(String, String)>,
    request: Request,
    visit: &Arc<Visit>,
) -> Response {
    let mut admitted = Admitted::default();
    let ageing = route.ageing.clone().map(|it| (it, path.clone()));
    let was_gone = ageing.as_ref().is_some_and(|it| it.0.is_gone(visit.at));
    let answered = match &ageing {
        Some((ageing, path)) if was_gone => {
            // Who still calls is counted; that they may not is no matter any more.
            let _ = caller(app, request.headers(), visit).await;
            Err(ageing.refuse(&route.key(), path))
        }
        _ => answer(app, route, path, request, visit, &mut admitted).await,
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(problem) => route.style.refuse(&problem, visit),
    };
    if let Some((ageing, path)) = &ageing {
        ageing.tell(response.headers_mut(), path);
        let who = visit.who.get().map(String::as_str);
        app.deprecated.count(route, who, was_gone, visit.at);
    }
    if let Some(left) = admitted.left {
        tell_left(response.headers_mut(), left);
    }
    response
}

/// What was counted against limits, held until the answer is ready.
#[derive(Default)]
struct Admitted {
    places: Vec<Place>,
    left: Option<Left>,
}

async fn answer(
    app: &App,
    route: &Arc<Route>,
    path: Vec<(String, String)>,
    request: Request,
    visit: &Arc<Visit>,
    admitted: &mut Admitted,
) -> Result<Response, Problem> {
    let operation = &*route.operation;
    let headers = request.headers();
    let caller = match caller_at(app, route, headers, visit).await {
        Ok(caller) => caller,
        Err(problem) if is_for_nobody(app, route, &problem, visit) => {
            Caller::nobody(visit.address, Some(&visit.id))
        }
        Err(problem) => return Err(problem),
    };
    admitted.count(app, route, &caller, None, &[LimitPer::Caller, LimitPer::Address])?;
    // At the application's own paths, and nowhere else, a visitor may what it lets visitors do.
    let caller = match route.is_declared {
        true => caller.visiting(&app.description().visitors),
        false => caller,
    };
    if let Err(refused) = caller.may(operation.permission)
        && !(caller.may(Permission::OwnAccount).is_ok() && is_of_oneself(route, &path, &caller))
    {
        return Err(refused.into());
    }

    let about =
        About { app: app.clone(), route: route.clone(), caller, visit: visit.clone(), path };
    // Each way has its room in memory when it is gone, and not on every other.
    if operation.is_raw {
        return Box::pin(raw(about, request, admitted)).await;
    }
    if operation.kind == Kind::Socket {
        return Box::pin(socket(about, request)).await;
    }
    Box::pin(usual(about, request, admitted)).await
}

/// The way of most operations.
async fn usual(
    about: About,
    request: Request,
    admitted: &mut Admitted,
) -> Result<Response, Problem> {
    let (app, route, visit) = &(about.app.clone(), about.route.clone(), about.visit.clone());
    let operation = &*route.operation;
    let headers = request.headers();
    let if_match = precondition(headers);
    let if_none_match = headers.get(header::IF_NONE_MATCH).cloned();
    let idempotency_key = key_of(headers)?;
    let changes = !matches!(route.method, Method::GET | Method::HEAD);
    let last_event = text_of(headers, "last-event-id");
    let wish = route.keeping.as_ref().map(|_| Wish::of(headers)).unwrap_or_default();
    if changes {
        about.tenant_in_address(request.uri()).await?;
    }
    let brought = match Box::pin(bring(&about, request)).await {
        Ok(brought) => brought,
        Err(problem) => return Err(about.first(problem).await),
    };
    let Brought { mut args, page, count, upload } = brought;
    if operation.is_patient {
        let _ = visit.patience.set(());
    }
    about.settle_tenant(&mut args)?;
    let caller = &about.caller;
    admitted.count(app, route, caller, tenant_of(&args), &[LimitPer::Tenant])?;

    let list = (operation.kind == Kind::Page).then(|| list_name(route, &args, caller));
    let page = match (&list, page.1) {
        (Some(list), Some(text)) => PageRequest {
            limit: page.0,
            cursor: Some(app.cursor_key.read(&text, list).map_err(|error| {
                Problem::new("invalid_cursor", capitalised(&error.to_string()))
            })?),
        },
        _ => PageRequest { limit: page.0, cursor: None },
    };

    let ticket = match (&idempotency_key, changes) {
        (Some(key), true) if operation.permission != Permission::Anyone => {
            let request = idempotency::fingerprint(&route.key(), &args, upload.as_ref());
            let who = caller.actor.to_string();
            match idempotency::begin(&app.store, &who, key, request, app.clock.now()).await? {
                Begun::Fresh(ticket) => Some(ticket),
                Begun::Done(kept) => return Written::repeated(kept),
            }
        }
        _ => None,
    };
    let call = Call {
        app: app.clone(),
        caller: caller.clone(),
        visit: visit.clone(),
        page,
        count,
        upload,
        if_match,
        raw: None,
        last_event,
        socket: None,
    };
    let ending = Ending { about, list, if_none_match };
    let keeping = route.keeping.as_ref().filter(|it| !changes && it.covers(&args));
    if let Some(keeping) = keeping {
        return Ok(Box::pin(ending.kept_or_run(keeping, wish, call, args)).await.response);
    }
    if !changes {
        return Ok(ending.of(operation.run(call, args).await).await.response);
    }
    // A change that has begun is brought to its end and its answer kept, also when the caller
    // hangs up or the time is over. What is made for that caller alone ends with them: this future is
    // dropped then. Who gave a key comes back for the answer.
    let _left = ticket.is_none().then(|| visit.left.clone().drop_guard());
    let begun = ticket.clone();
    let change = async move {
        let operation = &ending.about.route.operation;
        let work = operation.run(call, args);
        let done = match &ticket {
            Some(ticket) => rider::along(ticket.rider(), work).await,
            None => work.await,
        };
        let written = ending.of(done).await;
        if let Some(ticket) = ticket {
            let kept = written.kept(operation.is_secret);
            if let Err(problem) = idempotency::finish(&ending.about.app.store, ticket, kept).await {
                tracing::warn!(problem = %problem, "Could not keep an answer for repetition");
            }
        }
        written.response
    };
    match app.changes.spawn(change.in_current_span()).await {
        Ok(response) => Ok(response),
        Err(died) => {
            if let Some(ticket) = begun
                && let Err(problem) = idempotency::leave(&app.store, ticket).await
            {
                tracing::warn!(problem = %problem, "Could not free an idempotency key");
            }
            Err(Problem::internal(died))
        }
    }
}

/// The way of an operation that takes the body as it is. What it began ends with its caller:
/// nothing is kept for repetition.
async fn raw(about: About, request: Request, admitted: &mut Admitted) -> Result<Response, Problem> {
    let About { app, route, caller, visit, .. } = &about;
    let tenant = tenant_of_header(&about, request.headers()).await?;
    admitted.count(app, route, caller, Some(tenant), &[LimitPer::Tenant])?;
    let mut input = Input::of_uri(request.uri(), about.path.clone())?;
    let mut faults = Faults::default();
    let args = input.arguments(route, &mut faults);
    if !faults.list.is_empty() {
        return Err(Problem::faults(faults.code(), faults.list));
    }
    let (parts, body) = request.into_parts();
    let room = app.llm_room.take(body.size_hint().exact())?;
    let most = room.bytes_max;
    // The answer may take minutes; sending the question may not.
    let taking = tokio::time::timeout(app.time_limit(), input::take(body, &parts.headers, most));
    let body = taking.await.map_err(|_| {
        Problem::new("timeout", "The body of the request took too long to arrive.")
    })??;
    let body = body.ok_or_else(|| app.llm_room.too_large(most))?;
    let call = Call {
        app: app.clone(),
        caller: caller.clone(),
        visit: visit.clone(),
        page: PageRequest::first(1),
        count: false,
        upload: None,
        if_match: IfMatch::Any,
        raw: Some(operation::Raw { tenant, headers: parts.headers, body }),
        last_event: None,
        socket: None,
    };
    let done = route.operation.run(call, args).await;
    // What was asked is not needed any more: the answer is there, or on its way.
    drop(room);
    let ending = Ending { about, list: None, if_none_match: None };
    Ok(ending.of(done).await.response)
}

/// The way of an operation that talks over a WebSocket. A page of another origin may not open one,
/// whatever token it has come by.
async fn socket(about: About, request: Request) -> Result<Response, Problem> {
    let About { app, route, caller, visit, .. } = &about;
    if !is_of_origin(request.headers(), &app.settings.allowed_origins) {
        return Err(Problem::new("forbidden", "Pages of this origin may not connect here.")
            .hint("name the origin in `allowed_origins` of config/backend.yaml"));
    }
    let mut input = Input::of_uri(request.uri(), about.path.clone())?;
    let mut faults = Faults::default();
    let mut args = input.arguments(route, &mut faults);
    if !faults.list.is_empty() {
        return Err(Problem::faults(faults.code(), faults.list));
    }
    if let Some(tenant) = tenant_of(&args) {
        about.tenant(tenant).await?;
    }
    about.settle_tenant(&mut args)?;
    let last_event = text_of(request.headers(), "last-event-id");
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| {
        Problem::new("upgrade_required", "This path takes a WebSocket.")
            .hint("connect with `new WebSocket(…)`, over HTTP/1.1")
            .header("upgrade", "websocket")
    })?;
    let call = Call {
        app: app.clone(),
        caller: caller.clone(),
        visit: visit.clone(),
        page: PageRequest::first(1),
        count: false,
        upload: None,
        if_match: IfMatch::Any,
        raw: None,
        last_event,
        socket: Some(upgrade),
    };
    let done = route.operation.run(call, args).await;
    let ending = Ending { about, list: None, if_none_match: None };
    Ok(ending.of(done).await.response)
}

/// On whose account a call goes that has no place for a tenant in its body: the header
/// `x-mainstay-tenant`, else the caller's own tenant, else the only one, else the house's own.
async fn tenant_of_header(about: &About, headers: &HeaderMap) -> Result<TenantId, Problem> {
    let Some(given) = headers.get("x-mainstay-tenant") else {
        let own = about.caller.tenant().or_else(|| about.app.only_tenant());
        return Ok(own.unwrap_or(TenantId::DEFAULT));
    };
    let text = given.to_str().unwrap_or_default();
    let tenant = text.parse::<TenantId>().map_err(|error| {
        Problem::faults("invalid_id", vec![Fault::new("/x-mainstay-tenant", error.to_string())])
    })?;
    about.tenant(tenant).await?;
    Ok(tenant)
}

impl Admitted {
    fn count(
        &mut self,
        app: &App,
        route: &Route,
        caller: &Caller,
        tenant: Option<TenantId>,
        per: &[LimitPer],
    ) -> Result<(), Problem> {
        let ask =
            Ask { operation: route.operation.name, is_declared: route.is_declared, caller, tenant };
        let (places, left) = app.limits.admit(ask, per)?;
        self.places.extend(places);
        if let Some(left) = left
            && self.left.is_none_or(|it| left.remaining < it.remaining)
        {
            self.left = Some(left);
        }
        Ok(())
    }
}

/// What a cursor is bound to: the path, what narrows the list, and how far the caller reaches.
fn list_name(route: &Route, args: &Map<String, Json>, caller: &Caller) -> String {
    let reach = caller.tenant().map(|it| it.to_string()).unwrap_or_default();
    let args = serde_json::to_string(args).unwrap_or_default();
    format!("{} {args} {reach}", route.operation.name)
}
