//! Prompts with their history.

use base::Permission;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "prompts.list",
        Permission::ReadRecords,
        Kind::Page,
        "Prompt",
        "Lists the prompts of the application with every text that was ever in use.",
        list,
    )]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::page(call.app.engine.prompts_list(&call.page).await?))
}
