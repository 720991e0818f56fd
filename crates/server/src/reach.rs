//! Who may speak of what: a stranger is told so before anything is said about what they sent.
//!
//! A tenant that a request names is looked at before the rest of the request, one in its address even
//! before the body. A record, a job or another thing in the path is looked for by its operation
//! anyway; only where a request is refused for its contents first, it is looked for here, so that
//! who may not see the thing hears nothing but that.

use std::sync::Arc;

use axum::http::Uri;
use base::{PageRequest, TenantId};
use identity::Caller;
use serde_json::{Map, Value as Json};

use crate::{
    App, Visit,
    input::Input,
    operation::{Call, IfMatch},
    problem::{Fault, Problem},
    route::{Route, Source},
};

/// The operation that shows a thing, by the argument that names one.
const SHOWN_BY: &[(&str, &str, &str)] = &[
    ("record", "records.get", "record"),
    ("beside", "records.get", "record"),
    ("parent", "records.get", "record"),
    ("version", "versions.get", "version"),
    ("other", "versions.get", "version"),
    ("proposal", "proposals.get", "proposal"),
    ("job", "jobs.get", "job"),
    ("webhook", "webhooks.get", "webhook"),
    ("user", "users.get", "user"),
    ("document", "documents.get", "document"),
    ("chat", "chats.get", "chat"),
    ("run", "runs.get", "run"),
    ("archive", "archives.get", "archive"),
];

/// Who speaks, at which route, and what its path names.
pub(crate) struct About {
    pub(crate) app: App,
    pub(crate) route: Arc<Route>,
    pub(crate) caller: Caller,
    pub(crate) visit: Arc<Visit>,
    /// Values of the path's names.
    pub(crate) path: Vec<(String, String)>,
}

impl About {
    /// Looks at the tenant in the path or the query, if there is one.
    ///
    /// # Errors
    /// As [`Self::tenant`].
    pub(crate) async fn tenant_in_address(&self, uri: &Uri) -> Result<(), Problem> {
        let Some(name) = self.name_of("tenant") else { return Ok(()) };
        let address = Input::of_uri(uri, Vec::new())?;
        let given = self.in_path("tenant").or_else(|| address.in_query(name));
        match given.and_then(|it| it.parse().ok()) {
            Some(tenant) => self.tenant(tenant).await,
            None => Ok(()),
        }
    }

    /// May the caller speak of this tenant, and is it there?
    ///
    /// # Errors
    /// `tenant_forbidden`, `tenant_not_found`, `deleted`.
    pub(crate) async fn tenant(&self, tenant: TenantId) -> Result<(), Problem> {
        let Self { app, route, caller, visit, .. } = self;
        caller.reaches(tenant)?;
        let _ = visit.tenant.set(tenant);
        let with_deleted = route.operation.reaches_deleted;
        app.tenants.check(&app.store, tenant, with_deleted, app.clock.now()).await
    }

    /// Fills in the tenant of an operation that needs one: the caller's own, or the only one.
    ///
    /// # Errors
    /// `invalid_input` from who reaches all and names none, `invalid_id`.
    pub(crate) fn settle_tenant(&self, args: &mut Map<String, Json>) -> Result<(), Problem> {
        let Self { app, route, caller, .. } = self;
        let Some(field) = route.operation.arguments.field("tenant") else { return Ok(()) };
        if let Some(Json::String(text)) = args.get("tenant") {
            return text.parse::<TenantId>().map(drop).map_err(|error| {
                let pointer = route.take("tenant").map_or("/tenant".into(), |it| it.pointer());
                Problem::faults("invalid_id", vec![Fault::new(pointer, error.to_string())])
            });
        }
        if field.is_required {
            let own = caller.tenant().or_else(|| app.only_tenant());
            let Some(tenant) = own else {
                let fault = Fault::new("/tenant", "is missing");
                let fault = fault.hint("you reach all tenants: say which one this is for");
                return Err(Problem::faults("invalid_input", vec![fault]));
            };
            args.insert("tenant".into(), tenant.to_string().into());
        }
        Ok(())
    }

    /// What to say instead of this problem: that a thing in the path is not there for the caller,
    /// when the problem is about the contents of the request.
    pub(crate) async fn first(&self, problem: Problem) -> Problem {
        if !matches!(problem.status(), 400 | 413 | 415 | 422) {
            return problem;
        }
        for (argument, shown_by, name) in SHOWN_BY {
            let Some(id) = self.in_path(argument) else { continue };
            let Some(operation) = self.app.operations.get(shown_by) else { continue };
            let args = Map::from_iter([((*name).to_owned(), Json::from(id))]);
            if let Err(hidden) = operation.run(self.call(), args).await
                && matches!(hidden.status(), 403 | 404 | 410)
            {
                return hidden;
            }
        }
        problem
    }

    /// The value of an argument that the path gives.
    fn in_path(&self, argument: &str) -> Option<&str> {
        let name = self.name_of(argument)?;
        self.path.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    /// What callers call an argument of the route.
    fn name_of(&self, argument: &str) -> Option<&str> {
        match &self.route.take(argument)?.source {
            Source::Named(name) => Some(name),
            Source::Fixed(_) | Source::Body | Source::Header => None,
        }
    }

    fn call(&self) -> Call {
        Call {
            app: self.app.clone(),
            caller: self.caller.clone(),
            visit: self.visit.clone(),
            page: PageRequest::first(1),
            count: false,
            upload: None,
            if_match: IfMatch::Any,
            raw: None,
            last_event: None,
            socket: None,
        }
    }
}

/// The tenant among the arguments of an operation.
pub(crate) fn tenant_of(args: &Map<String, Json>) -> Option<TenantId> {
    args.get("tenant")?.as_str()?.parse().ok()
}
