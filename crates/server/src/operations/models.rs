//! The models there are: how they do, what they cost, how much may be asked of them, and who waits.

use base::Permission;
use models::try_out::Tester;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let telemetry = Permission::ReadTelemetry;
    vec![
        Operation::new(
            "models.list",
            Permission::ReadUsage,
            Kind::One,
            "Models",
            "Shows the providers, how they do, and which names lead to which models. Asks none.",
            list,
        ),
        Operation::new(
            "models.test",
            Permission::ManageModels,
            Kind::One,
            "ModelTests",
            "Asks each provider, or one model, a short question, and says how that went.",
            test,
        ),
        Operation::new(
            "prices.list",
            Permission::ReadUsage,
            Kind::One,
            "PriceTable",
            "Shows what models cost, and the version of the prices that the ledger names.",
            prices,
        ),
        Operation::new(
            "limits.list",
            telemetry,
            Kind::One,
            "ModelLimits",
            "Shows the limits, and who has used how much of each in this process.",
            limits,
        ),
        Operation::new(
            "queue.get",
            telemetry,
            Kind::One,
            "ModelQueue",
            "Shows who waits at the limits of this process.",
            queue,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::one(json!(call.app.models.overview())))
}

#[derive(Deserialize, JsonSchema)]
struct Test {
    /// The model, by any name it can be asked for; each provider's first one when left out.
    #[schemars(length(max = 200))]
    model: Option<String>,
}

async fn test(call: Call, args: Test) -> Result<Answer, Problem> {
    let own = call.caller.tenant().or_else(|| call.app.only_tenant());
    let tester = Tester {
        tenant: own.unwrap_or(base::TenantId::DEFAULT),
        caller: call.caller.actor.who.to_string(),
    };
    let tests = call.app.models.try_out(&tester, args.model.as_deref()).await;
    Ok(Answer::one(json!({"tests": tests})))
}

async fn prices(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let models = &call.app.models;
    Ok(Answer::one(json!({"version": models.prices_version(), "prices": models.prices()})))
}

async fn limits(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let models = &call.app.models;
    let told =
        json!({"limits": models.limits().standings(), "request_limit_usd": models.request_limit()});
    Ok(Answer::one(told))
}

async fn queue(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::one(json!(call.app.models.limits().queue_standing())))
}
