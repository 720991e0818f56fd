//! What will go, and who still calls it.

use base::Permission;
use serde_json::json;

use crate::{
    ageing::calls,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "deprecations.list",
        Permission::ReadTelemetry,
        Kind::One,
        "Deprecations",
        "Lists the routes that will go, with the clients who called them last.",
        list,
    )]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let (app, now) = (call.app.clone(), call.now());
    let told = call.app.store.read(move |db| calls::told(db, app.ageing(), now)).await?;
    Ok(Answer::one(json!({"deprecations": told})))
}
