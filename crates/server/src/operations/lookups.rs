//! Look-ups: what somebody outside knows of a record, asked while the caller waits.

use base::{Permission, RecordId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "lookups.ask",
        Permission::ReadRecords,
        Kind::One,
        "LookedUp",
        "Asks somebody outside about a record, at once.",
        ask,
    )]
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// The look-up, by its name in the application.
    lookup: String,
    /// The record.
    record: RecordId,
}

async fn ask(call: Call, args: Ask) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.look_up(&call.caller, &args.lookup, args.record).await?))
}
