//! A session in a cookie: what browsers keep of a sign-in, and how a request that one sends by itself is told from
//! one that a page of somebody else made it send.
//!
//! There are three cookies. That of the session holds the access token and comes along with every request; that of the
//! refresh token with its own operation alone; no script reads either. The third holds the CSRF token, for the pages
//! of this server to read: they say it in a header, which pages of others cannot.
//!
//! Start at [`Cookies`], which is there where the application declares it, then [`guard`].

mod jar;

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderValue, Method};
use base::{Secret, SessionId};
use identity::{
    Caller, Identity,
    csrf::{self, CsrfError, Proof},
    settings,
    sign_in::Tokens,
};
use jiff::SignedDuration;

use crate::{App, Visit, operation::Kind, problem::Problem, route::Route};

pub(crate) use jar::{CSRF_HEADER, Jar};

/// The cookies of an application that declares them.
#[derive(Debug)]
pub(crate) struct Cookies {
    /// What each is called. Behind `__Host-` and `__Secure-` a browser lets nobody else put one: neither a neighbour
    /// below the same domain nor who answers in this server's place without HTTPS.
    pub(crate) session: String,
    pub(crate) refresh: String,
    pub(crate) csrf: String,
    /// What all of them have behind value, path and age.
    attributes: String,
    /// Where refresh tokens are taken.
    refresh_paths: BTreeSet<String>,
    /// How long a CSRF token is good for.
    csrf_ttl: SignedDuration,
}

impl Cookies {
    /// The cookies of an application with these routes.
    pub(crate) fn of<'a>(
        app: &str,
        declared: settings::Cookie,
        csrf_ttl: SignedDuration,
        routes: impl Iterator<Item = &'a Route>,
    ) -> Self {
        // Servers of one machine share its cookies, whatever their ports: each has names of its own.
        let named = |prefix: &str, what: &str| {
            format!("{}{app}-{what}", if declared.secure { prefix } else { "" })
        };
        let refreshes = routes.filter(|it| it.operation.name == "auth.refresh");
        let path_of = |it: &Route| it.path.split("/{").next().unwrap_or_default().to_owned();
        Self {
            session: named("__Host-", "session"),
            refresh: named("__Secure-", "refresh"),
            csrf: named("__Host-", "csrf"),
            attributes: format!(
                "; SameSite={}{}",
                if declared.strict { "Strict" } else { "Lax" },
                if declared.secure { "; Secure" } else { "" },
            ),
            refresh_paths: refreshes.map(path_of).collect(),
            csrf_ttl,
        }
    }

    /// What a request brings of them.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Jar {
        Jar::read(headers, &self.session, &self.refresh)
    }

    fn begun(&self, tokens: &Tokens, csrf: &Secret<String>) -> Vec<HeaderValue> {
        let lasts = tokens.refresh_expires_in.as_secs();
        let (access, refresh) = (tokens.access_token.reveal(), tokens.refresh_token.reveal());
        let mut all = vec![
            self.hidden(&self.session, access, "/", tokens.expires_in.as_secs()),
            // It outlives its own token, which the next refresh needs still: there its age does not matter.
            self.readable(csrf, lasts),
        ];
        let paths = self.refresh_paths.iter();
        all.extend(paths.map(|path| self.hidden(&self.refresh, refresh, path, lasts)));
        all
    }

    fn ended(&self) -> Vec<HeaderValue> {
        let mut all = vec![
            self.hidden(&self.session, "", "/", 0),
            self.readable(&Secret::new(String::new()), 0),
        ];
        all.extend(self.refresh_paths.iter().map(|path| self.hidden(&self.refresh, "", path, 0)));
        all
    }

    /// A cookie that no script reads.
    fn hidden(&self, name: &str, value: &str, path: &str, lasts: u64) -> HeaderValue {
        let attributes = &self.attributes;
        written(format!("{name}={value}; Path={path}; Max-Age={lasts}; HttpOnly{attributes}"))
    }

    /// The cookie for pages to read.
    fn readable(&self, token: &Secret<String>, lasts: u64) -> HeaderValue {
        let (name, value, attributes) = (&self.csrf, token.reveal(), &self.attributes);
        written(format!("{name}={value}; Path=/; Max-Age={lasts}{attributes}"))
    }
}

fn written(text: String) -> HeaderValue {
    let value = HeaderValue::try_from(text);
    let mut value = value.expect("tokens and paths of routes are plain letters");
    value.set_sensitive(true);
    value
}

/// Lets a request through that is not by cookie, or is one that a page of this server meant.
///
/// # Errors
/// `csrf`: a page of another origin caused it, or nothing shows that none did.
pub(crate) async fn guard(
    app: &App,
    route: &Route,
    caller: &Caller,
    visit: &Visit,
) -> Result<(), Problem> {
    let Some(jar) = visit.jar.get().filter(|it| it.is_used()) else { return Ok(()) };
    // A WebSocket is opened by a GET, and then does what changes things.
    if route.operation.kind == Kind::Socket {
        return if jar.is_of_own_page() { Ok(()) } else { Err(of_another_page()) };
    }
    if route.method == Method::GET {
        return Ok(());
    }
    let proof = proof(&app.identity, jar).await?;
    if Some(proof.session) != caller.session {
        return Err(not_valid());
    }
    if proof.is_expired {
        return Err(refused("The CSRF token has expired."));
    }
    Ok(())
}

/// The refresh token of the cookie and the session that it must be of; none where no cookie brings one.
///
/// # Errors
/// As [`guard`], but that an expired CSRF token will do: what is asked for brings the next one, and who has to ask
/// has often been away for longer than it lasts.
pub(crate) async fn refresh_token(
    app: &App,
    visit: &Visit,
) -> Result<Option<(SessionId, Secret<String>)>, Problem> {
    let Some(jar) = visit.jar.get() else { return Ok(None) };
    let Some(token) = jar.refresh_token()? else { return Ok(None) };
    Ok(Some((proof(&app.identity, jar).await?.session, token)))
}

/// What a browser is given at a sign-in: its cookies, and the CSRF token that its pages are to say. Nothing where
/// no cookies are declared, and nothing at the request of another site's page: nobody is to be signed in here by a page
/// of somebody else.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn begun(
    app: &App,
    visit: &Visit,
    tokens: &Tokens,
) -> Result<Option<(Vec<HeaderValue>, Secret<String>)>, Problem> {
    let (Some(cookies), Some(jar)) = (&app.cookies, visit.jar.get()) else { return Ok(None) };
    if jar.is_of_another_page() {
        return Ok(None);
    }
    let csrf = csrf::issue(&app.identity, tokens.session, cookies.csrf_ttl).await?;
    Ok(Some((cookies.begun(tokens, &csrf), csrf)))
}

/// A fresh CSRF token for who calls by cookie, and its cookie.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn renewed(
    app: &App,
    visit: &Visit,
    session: SessionId,
) -> Result<Option<(HeaderValue, Secret<String>)>, Problem> {
    let (Some(cookies), Some(jar)) = (&app.cookies, visit.jar.get()) else { return Ok(None) };
    if !jar.is_used() || jar.is_of_another_page() {
        return Ok(None);
    }
    let csrf = csrf::issue(&app.identity, session, cookies.csrf_ttl).await?;
    let lasts = app.identity.settings().refresh_ttl.as_secs().unsigned_abs();
    Ok(Some((cookies.readable(&csrf, lasts), csrf)))
}

/// What a browser is to forget of a session that has ended.
pub(crate) fn ended(app: &App) -> Vec<HeaderValue> {
    app.cookies.as_ref().map(Cookies::ended).unwrap_or_default()
}

/// What the request shows of whose page has sent it.
async fn proof(identity: &Identity, jar: &Jar) -> Result<Proof, Problem> {
    if jar.is_of_another_page() {
        return Err(of_another_page());
    }
    let Some(token) = jar.csrf_token() else {
        let detail = format!("What changes something by cookie needs the header `{CSRF_HEADER}`.");
        return Err(refused(&detail));
    };
    csrf::read(identity, token).await.map_err(|error| match error {
        CsrfError::Invalid => not_valid(),
        CsrfError::Store(error) => error.into(),
    })
}

fn of_another_page() -> Problem {
    Problem::new("csrf", "Pages of other origins do nothing here by cookie.")
        .hint("a program sends `Authorization: Bearer <token>`")
}

fn not_valid() -> Problem {
    refused("The CSRF token is not one of this session.")
}

fn refused(detail: &str) -> Problem {
    Problem::new("csrf", detail).hint(
        "send the `csrf_token` of the last sign-in or refresh in that header; GET /api/me gives a fresh one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(strict: bool, secure: bool) -> Cookies {
        let declared = settings::Cookie { strict, secure };
        let operations = crate::route::operations();
        let routes = crate::route::fixed(&operations, &crate::llm::Styles::default());
        Cookies::of("shelf", declared, SignedDuration::from_hours(1), routes.iter())
    }

    #[test]
    fn each_cookie_says_who_may_read_it_and_where_it_goes() {
        let cookies = cookies(true, true);
        let text = |it: HeaderValue| it.to_str().expect("letters").to_owned();
        let all: Vec<String> = cookies.ended().into_iter().map(text).collect();
        assert_eq!(
            all,
            [
                "__Host-shelf-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure",
                "__Host-shelf-csrf=; Path=/; Max-Age=0; SameSite=Strict; Secure",
                "__Secure-shelf-refresh=; Path=/api/auth/refresh; Max-Age=0; HttpOnly; SameSite=Strict; Secure",
            ]
        );
    }

    #[test]
    fn without_https_no_name_promises_it() {
        let cookies = cookies(false, false);
        let names = [&cookies.session, &cookies.refresh, &cookies.csrf];
        assert_eq!(names, ["shelf-session", "shelf-refresh", "shelf-csrf"]);
        let first = cookies.ended().remove(0);
        let expected = "shelf-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
        assert_eq!(first.to_str().expect("letters"), expected);
    }

    #[test]
    fn what_a_cookie_holds_is_not_shown_in_logs() {
        let token = Secret::new("a.b.c".to_owned());
        let shown = format!("{:?}", cookies(true, true).readable(&token, 1));
        assert!(!shown.contains("a.b.c"), "{shown}");
    }
}
