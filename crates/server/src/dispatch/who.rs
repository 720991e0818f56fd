//! Who calls: by a key, by a token, by a cookie, or nobody; and from a page of which origin.
//!
//! Start at [`caller_at`].

use axum::http::{HeaderMap, HeaderName, header};
use base::{Permission, UserId};
use identity::{Caller, Credential};

use crate::{
    App, Visit,
    cookie::{self, Jar},
    problem::Problem,
    route::{Route, Source},
};

// Each official client of a model has its own place for the key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
// Some clients have a header of their own for the token of a session.
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// Who calls, by what the request carries; nobody when it carries nothing. A cookie counts where no header says
/// anything.
///
/// # Errors
/// What is wrong with the credential.
pub async fn caller(app: &App, headers: &HeaderMap, visit: &Visit) -> Result<Caller, Problem> {
    let jar = app.cookies.as_ref().map(|it| visit.jar.get_or_init(|| it.read(headers)));
    let given = match credential(headers)? {
        Some(given) => Some(given),
        None => jar.map(Jar::credential).transpose()?.flatten(),
    };
    let Some(credential) = given else {
        return Ok(Caller::nobody(visit.address, Some(&visit.id)));
    };
    let caller = app.identity.authenticate(&credential, visit.address, Some(&visit.id)).await?;
    let _ = visit.who.set(caller.actor.to_string());
    if let Some(tenant) = caller.tenant() {
        let _ = visit.tenant.set(tenant);
    }
    Ok(caller)
}

/// Who calls at a route. What a browser sends by itself counts only when a page of this server meant it.
pub(super) async fn caller_at(
    app: &App,
    route: &Route,
    headers: &HeaderMap,
    visit: &Visit,
) -> Result<Caller, Problem> {
    let caller = caller(app, headers, visit).await?;
    cookie::guard(app, route, &caller, visit).await?;
    Ok(caller)
}

/// Does the path name the caller, where everybody may do it to themselves?
pub(super) fn is_of_oneself(route: &Route, path: &[(String, String)], caller: &Caller) -> bool {
    let named = || {
        let take = route.take(route.operation.of_oneself?)?;
        let Source::Named(name) = &take.source else { return None };
        path.iter().find(|it| it.0 == *name)?.1.parse::<UserId>().ok()
    };
    caller.user().is_some() && named() == caller.user()
}

/// Is it done for nobody, though what the request carries is no good? What anyone may do is, whatever key comes along:
/// a stale token must not prevent a sign-in. What visitors may do is, beside a cookie: they cannot leave it at home.
pub(super) fn is_for_nobody(app: &App, route: &Route, problem: &Problem, visit: &Visit) -> bool {
    let permission = route.operation.permission;
    let is_by_cookie = visit.jar.get().is_some_and(Jar::is_used);
    permission == Permission::Anyone
        || (is_by_cookie
            && route.is_declared
            && matches!(problem.status(), 401 | 403)
            && app.description().visitors.contains(&permission))
}

fn credential(headers: &HeaderMap) -> Result<Option<Credential>, Problem> {
    let text = |name: HeaderName| match headers.get(name) {
        None => Ok(None),
        Some(given) => given
            .to_str()
            .map(Some)
            .map_err(|_| Problem::new("key_invalid", "The credential is not plain text.")),
    };
    let api_key = text(API_KEY)?.or(text(GOOG_API_KEY)?);
    let authorization = text(header::AUTHORIZATION)?.map(str::to_owned);
    let session = text(SESSION_TOKEN)?;
    // A browser cannot give a WebSocket a header of its own: the token comes as a protocol.
    let authorization = match (authorization, session) {
        (Some(given), _) => Some(given),
        (None, Some(token)) => Some(format!("Bearer {token}")),
        (None, None) => text(header::SEC_WEBSOCKET_PROTOCOL)?.and_then(bearer_of_protocols),
    };
    Ok(Credential::from_headers(authorization.as_deref(), api_key)?)
}

/// The token among the protocols that a WebSocket offers: `mainstay, bearer.TOKEN`.
fn bearer_of_protocols(given: &str) -> Option<String> {
    let token = given.split(',').find_map(|it| it.trim().strip_prefix("bearer."))?;
    Some(format!("Bearer {token}"))
}

/// Does the request come from a page of this server, of an origin that may, or from no page at all?
pub(crate) fn is_of_origin(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = text_of(headers, "origin") else { return true };
    let host = text_of(headers, "host");
    let of_ours = origin.split_once("://").map(|it| it.1) == host.as_deref();
    of_ours || allowed.contains(&origin)
}

/// The text of a header.
pub(crate) fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned()).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_of_another_origin_is_told_apart() {
        let is_ours = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("chat.example:8080"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_of_origin(&headers, &["https://app.example".to_owned()])
        };
        assert!(is_ours(None) && is_ours(Some("http://chat.example:8080")));
        assert!(is_ours(Some("https://app.example")));
        assert!(!is_ours(Some("https://evil.example")) && !is_ours(Some("null")));
    }

    #[test]
    fn a_browser_gives_its_token_as_a_protocol() {
        assert_eq!(bearer_of_protocols("mainstay, bearer.a.b-c").as_deref(), Some("Bearer a.b-c"));
        assert_eq!(bearer_of_protocols("mainstay"), None);
    }
}
