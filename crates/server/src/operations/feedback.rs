//! What people think of results and answers: given, listed, summed up, written out as a test set.

use apps::{
    acts::feedback::FeedbackAsk,
    feedback::{Filter, Verdict},
};
use base::{Permission, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Download, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let private = Permission::ReadPrivate;
    vec![
        Operation::new(
            "feedback.give",
            Permission::OwnAccount,
            Kind::One,
            "Feedback",
            "Says what one thinks of a result or of an answer in a chat; what one said before is replaced.",
            give,
        ),
        Operation::new(
            "feedback.list",
            private,
            Kind::Page,
            "Feedback",
            "Lists feedback, the newest first.",
            list,
        ),
        Operation::new(
            "feedback.summary",
            private,
            Kind::One,
            "FeedbackSummary",
            "Sums feedback up, by task and version of the prompt.",
            summary,
        ),
        Operation::new(
            "feedback.export",
            private,
            Kind::File,
            "",
            "Writes judged answers out with what they answered, one JSON object in a line.",
            export,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Give {
    /// The id of a result, or of an answer in a chat.
    #[schemars(length(max = 100))]
    subject: String,
    /// `up` or `down`.
    verdict: Verdict,
    /// In words.
    #[schemars(length(max = 4_000))]
    words: Option<String>,
    /// Question and answer of the chat may be shown to those who see feedback.
    share: Option<bool>,
}

async fn give(call: Call, args: Give) -> Result<Answer, Problem> {
    let ask = FeedbackAsk {
        subject: args.subject,
        verdict: args.verdict,
        words: args.words,
        shares: args.share.unwrap_or_default(),
    };
    Ok(Answer::one(call.app.engine.feedback_give(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Chosen {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// About this task or assistant.
    task: Option<String>,
    /// Only `up`, or only `down`.
    verdict: Option<Verdict>,
}

impl Chosen {
    fn filter(self) -> Filter {
        Filter { task: self.task, verdict: self.verdict }
    }
}

async fn list(call: Call, args: Chosen) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant);
    let engine = &call.app.engine;
    Ok(Answer::page(engine.feedback_list(&call.caller, tenant, args.filter(), &call.page).await?))
}

async fn summary(call: Call, args: Chosen) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant);
    let engine = &call.app.engine;
    Ok(Answer::one(engine.feedback_summary(&call.caller, tenant, args.filter()).await?))
}

async fn export(call: Call, args: Chosen) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant);
    let engine = &call.app.engine;
    let file = engine.feedback_export(&call.caller, tenant, args.filter()).await?;
    Ok(Answer::file(Download {
        name: file.name,
        content_type: file.content_type,
        bytes: file.bytes,
    }))
}
