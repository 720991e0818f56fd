//! The way of a request at a route whose answers are kept: everything before the operation is as at any
//! other route (who calls, may they, for whom); then a kept answer that still holds, or the operation.
//!
//! Two callers get the same answer only when all is the same that shapes it: the route, its arguments
//! in one order, the page, how far the caller reaches, and what they accept in which language.
//!
//! Browsers are told to ask each time (`no-cache`) and are answered 304 while the state is the same: an
//! answer that a browser kept by itself would outlive the change that ends it here.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base::{PageRequest, Permission, Timestamp};
use bytes::Bytes;
use identity::{Caller, Grant};
use serde::Serialize;
use serde_json::{Map, Value as Json, value::to_raw_value};
use sha2::{Digest, Sha256};
use store::mark;

use super::{Ending, text_of};
use crate::{
    cache::{Keeping, Kept, Key, Outcome, What},
    operation::{Answer, Body, Call},
    problem::Problem,
    route::Route,
    shape::{Shaped, Thing},
    style::Listed,
    written::{Written, names_tag},
};

const FOUND: HeaderName = HeaderName::from_static("x-mainstay-cache");
const SHAPED_BY: &str = "authorization, x-api-key, x-session-token, accept, accept-language";
const SHAPED_BY_COOKIE: &str =
    "authorization, x-api-key, x-session-token, cookie, accept, accept-language";

/// What a request says that concerns kept answers.
#[derive(Default)]
pub(super) struct Wish {
    is_fresh: bool,
    accept: String,
    language: String,
}

impl Wish {
    /// Reads the headers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| text_of(headers, name).unwrap_or_default().to_ascii_lowercase();
        let control = text("cache-control");
        let is_fresh = control.split(',').any(|it| matches!(it.trim(), "no-cache" | "no-store"));
        Self { is_fresh, accept: text("accept"), language: text("accept-language") }
    }
}

impl Ending {
    /// A kept answer, or the operation's, which is then kept.
    pub(super) async fn kept_or_run(
        &self,
        keeping: &Keeping,
        wish: Wish,
        call: Call,
        args: Map<String, Json>,
    ) -> Written {
        let (app, now) = (&self.about.app, call.now());
        let (names, tenant) = (keeping.marks.clone(), call.caller.tenant());
        // First the number, then the records: what is read later is never older than the number says.
        let mark = app.store.read(move |db| mark::sum(db, &names, tenant)).await;
        let mark = match mark {
            Ok(mark) => mark,
            Err(error) => return self.of(Err(error.into())).await,
        };
        let key = key(&self.about.route, &wish, &call, &args);
        // Who may change records may want to see at once what came of a change made beside this house.
        let is_bypassed = wish.is_fresh && call.caller.may(Permission::WriteRecords).is_ok();
        let found = match is_bypassed {
            true => Err(Outcome::Bypass),
            false => app.answers.find(&key, mark, keeping.ttl, now),
        };
        let caller = call.caller.clone();
        let missed = match found {
            Ok(kept) => {
                Outcome::Hit.count(&self.about.route.path);
                return self.write_kept(&kept, &caller, Outcome::Hit, now);
            }
            Err(missed) => missed,
        };
        missed.count(&self.about.route.path);
        let answer = match self.about.route.operation.run(call, args).await {
            Ok(answer) => answer,
            Err(problem) => return self.of(Err(problem)).await,
        };
        // Who works on a record comes and goes without a change of the record.
        if answer.status.is_some() || has_lock(&answer.body) {
            return self.write(answer);
        }
        match self.kept(answer, mark, now) {
            Ok(kept) => {
                let kept = Arc::new(kept);
                app.answers.keep(key, &kept);
                self.write_kept(&kept, &caller, missed, now)
            }
            Err(problem) => self.of(Err(problem)).await,
        }
    }

    /// An answer as it is kept.
    fn kept(&self, answer: Answer, mark: i64, at: Timestamp) -> Result<Kept, Problem> {
        let shape = self.about.route.shape.as_deref();
        let what = match answer.body {
            Body::One(value) => {
                let one = Shaped { value: &value, shape };
                What::One(to_raw_value(&one).map_err(Problem::internal)?)
            }
            Body::Page(page) => {
                let items = page.items.iter().map(|value| to_raw_value(&Shaped { value, shape }));
                let items = items.collect::<Result<_, _>>().map_err(Problem::internal)?;
                What::Page { items, next: page.next, prev: page.prev, total: page.total }
            }
            Body::File(_) | Body::Empty | Body::Stream(_) => {
                return Err(Problem::internal("an answer that cannot be kept"));
            }
        };
        let tag = match answer.tag {
            Some(tag) => tag,
            None => tag_of(&what)?,
        };
        Ok(Kept { what, tag, mark, at })
    }

    /// Writes an answer with what is to be known about its keeping.
    fn write_kept(
        &self,
        kept: &Kept,
        caller: &Caller,
        outcome: Outcome,
        now: Timestamp,
    ) -> Written {
        let tag = format!("W/\"{}\"", kept.tag);
        let is_known = self.if_none_match.as_ref().is_some_and(|it| names_tag(it, &tag));
        let mut written = if is_known {
            Written::plain(304, None, Some(tag), Bytes::new())
        } else {
            let status = self.about.route.status.unwrap_or(200);
            Written::plain(status, Some("application/json".into()), Some(tag), self.body(kept))
        };
        let headers = written.response.headers_mut();
        let age = now.duration_since(kept.at).as_secs().max(0);
        headers.insert(header::AGE, HeaderValue::from(age));
        let has_cookies = self.about.app.cookies.is_some();
        let shaped_by = if has_cookies { SHAPED_BY_COOKIE } else { SHAPED_BY };
        headers.insert(header::VARY, HeaderValue::from_static(shaped_by));
        let found = if outcome == Outcome::Hit { "hit" } else { "miss" };
        headers.insert(FOUND, HeaderValue::from_static(found));
        if matches!(caller.grant, Grant::Nobody | Grant::Visitor(_)) {
            let control = HeaderValue::from_static("public, no-cache");
            headers.insert(header::CACHE_CONTROL, control);
        }
        written
    }

    fn body(&self, kept: &Kept) -> Bytes {
        let (route, visit) = (&self.about.route, &*self.about.visit);
        match &kept.what {
            What::One(one) => route.style.write_one(one, visit).into(),
            What::Page { items, next, prev, total } => {
                let list = self.list.as_deref().unwrap_or_default();
                let sign = |it: &base::Cursor| self.about.app.cursor_key.sign(it, list);
                let listed = Listed {
                    items,
                    next: next.as_ref().map(sign),
                    prev: prev.as_ref().map(sign),
                    total: *total,
                };
                route.style.write_list(&listed, visit).into()
            }
        }
    }
}

/// What counts as the same question.
fn key(route: &Route, wish: &Wish, call: &Call, args: &Map<String, Json>) -> Key {
    let mut args = Json::Object(args.clone());
    args.sort_all_objects();
    let reach = call.caller.tenant().map_or_else(|| "all".to_owned(), |it| it.to_string());
    let grant = match call.caller.grant {
        Grant::Nobody | Grant::Visitor(_) => "nobody",
        _ => "somebody",
    };
    let mut hash = Sha256::new();
    for text in [
        route.key().as_str(),
        grant,
        reach.as_str(),
        wish.accept.as_str(),
        wish.language.as_str(),
        page_name(&call.page, call.count).as_str(),
        args.to_string().as_str(),
    ] {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn page_name(page: &PageRequest, count: bool) -> String {
    #[derive(Serialize)]
    struct Name<'a> {
        limit: u32,
        count: bool,
        cursor: Option<&'a base::Cursor>,
    }
    let name = Name { limit: page.limit, count, cursor: page.cursor.as_ref() };
    serde_json::to_string(&name).unwrap_or_default()
}

/// Is somebody at work on one of these?
fn has_lock(body: &Body) -> bool {
    let is_held = |it: &Json| it.get("lock").is_some_and(|it| !it.is_null());
    match body {
        Body::One(Thing::Json(one)) => is_held(one),
        Body::One(Thing::Record(record)) => record.part("lock").is_some_and(|it| !it.is_null()),
        Body::Page(page) => page.items.iter().any(is_held),
        Body::File(_) | Body::Empty | Body::Stream(_) => true,
    }
}

/// The state of what has no revision of its own: what it says. It begins with a letter, so that nobody
/// takes it for a revision.
fn tag_of(what: &What) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    match what {
        What::One(one) => hash.update(one.get()),
        What::Page { items, next, prev, total } => {
            for item in items {
                hash.update(item.get());
                hash.update([0]);
            }
            let edges = serde_json::to_vec(&(next, prev, total)).map_err(Problem::internal)?;
            hash.update(edges);
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    Ok(format!("c{}", hex::encode(&digest[..12])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_fresh_answer_is_understood() {
        let is_fresh = |control: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
            Wish::of(&headers).is_fresh
        };
        assert!(is_fresh("no-cache") && is_fresh("max-age=0, No-Store"));
        assert!(!is_fresh("max-age=60"));
        assert!(!Wish::of(&HeaderMap::new()).is_fresh);
    }

    #[test]
    fn the_state_of_a_page_is_what_it_says() {
        let raw =
            |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON");
        let page = |items: &[&str], total| What::Page {
            items: items.iter().map(|it| raw(it)).collect(),
            next: None,
            prev: None,
            total,
        };
        let tag = |what: What| tag_of(&what).expect("a tag");
        assert_eq!(tag(page(&["1", "2"], None)), tag(page(&["1", "2"], None)));
        assert_ne!(tag(page(&["1", "2"], None)), tag(page(&["12"], None)));
        assert_ne!(tag(page(&["1"], None)), tag(page(&["1"], Some(1))));
        assert!(tag(What::One(raw("{}"))).starts_with('c'));
    }
}
