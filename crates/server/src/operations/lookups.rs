//! Look-ups: which there are, and what somebody outside knows of a record, asked while the caller waits.

use base::{Page, Permission, RecordId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "lookups.list",
            Permission::ReadRecords,
            Kind::Page,
            "LookupEntry",
            "Lists the look-ups, with what each is asked about and what it gives.",
            list,
        ),
        Operation::new(
            "lookups.ask",
            Permission::ReadRecords,
            Kind::One,
            "LookedUp",
            "Asks somebody outside about a record, at once.",
            ask,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let items = call.app.engine.lookup_list();
    let total = Some(items.len() as u64);
    Ok(Answer::page(Page { items, next: None, prev: None, total }))
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
