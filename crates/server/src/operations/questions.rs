//! Questions over data, and the conversations that people have in asking them. A conversation is its
//! owner's alone, whatever the role of whoever asks for it.

use apps::{
    acts::questions::{CommentAsk, FollowUps},
    question::{QuestionAsk, performance::Filter},
};
use base::{ChatId, Permission, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let ask = Permission::AskQuestions;
    vec![
        Operation::new(
            "questions.list",
            ask,
            Kind::Page,
            "Questions",
            "Lists what can be asked of the application's data.",
            list,
        ),
        Operation::new(
            "questions.ask",
            ask,
            Kind::One,
            "QuestionAnswer",
            "Asks a question over the data of a tenant, in a conversation, which it begins when none is named.",
            ask_question,
        )
        .patient(),
        Operation::new(
            "questions.initial",
            ask,
            Kind::One,
            "InitialQuestions",
            "Gives questions to begin with.",
            initial,
        ),
        Operation::new(
            "questions.followups",
            ask,
            Kind::One,
            "FollowUps",
            "Proposes three questions that go on from others.",
            followups,
        )
        .patient(),
        Operation::new(
            "questions.comment",
            ask,
            Kind::One,
            "AnswerComment",
            "Says a word about an answer that somebody got, beside a record.",
            comment,
        )
        .patient(),
        Operation::new(
            "questions.performance",
            Permission::ReadUsage,
            Kind::Page,
            "QuestionPerformance",
            "Lists how questions fared, those without an answer too, the newest first.",
            performance,
        ),
        Operation::new(
            "conversations.list",
            ask,
            Kind::Page,
            "Conversation",
            "Lists one's own conversations, the one in which something was last asked first.",
            conversations,
        ),
        Operation::new(
            "conversations.turns",
            ask,
            Kind::Page,
            "ConversationTurn",
            "Lists what was asked and answered in a conversation, the oldest first.",
            turns,
        ),
        Operation::new(
            "conversations.delete",
            ask,
            Kind::Empty,
            "",
            "Deletes a conversation with everything said in it.",
            delete,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let all = call.app.engine.folder().questions();
    let items = all
        .iter()
        .map(|kit| {
            let it = &kit.description;
            json!({
                "name": kit.name,
                "title": it.title,
                "about": it.about,
                "languages": kit.languages,
                "tables": it.tables.keys().collect::<Vec<_>>(),
                "categories": kit.categories(),
                "question_chars": it.question_chars,
                "keep_days": it.keep_days,
                "comments": it.comment.is_some(),
            })
        })
        .collect();
    Ok(Answer::page(base::Page { items, next: None, prev: None, total: None }))
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// Of whose data.
    tenant: Option<TenantId>,
    /// Which of the application's questions; the only ones when left out.
    questions: Option<String>,
    /// What is asked.
    question: String,
    /// The conversation; a new one when left out.
    conversation: Option<ChatId>,
    /// The language of who asks, for a question that does not tell.
    language: Option<String>,
}

async fn ask_question(call: Call, args: Ask) -> Result<Answer, Problem> {
    let ask = QuestionAsk {
        tenant: call.tenant(args.tenant)?,
        questions: args.questions,
        question: args.question,
        conversation: args.conversation,
        language: args.language,
    };
    Ok(Answer::one(call.app.engine.question_ask(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Initial {
    /// Which of the application's questions; the only ones when left out.
    questions: Option<String>,
    /// In which language.
    language: Option<String>,
}

async fn initial(call: Call, args: Initial) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    let found = engine.question_initial(args.questions.as_deref(), args.language.as_deref())?;
    Ok(Answer::one(found))
}

#[derive(Deserialize, JsonSchema)]
struct Follow {
    /// On whose account.
    tenant: Option<TenantId>,
    /// Which of the application's; the only ones when left out.
    topic: Option<String>,
    /// The kind of conversation.
    kind: Option<String>,
    /// What was asked, the oldest first.
    questions: Vec<String>,
    /// What was answered to each.
    #[serde(default)]
    responses: Option<Vec<String>>,
    /// The language of who asks.
    language: Option<String>,
}

async fn followups(call: Call, args: Follow) -> Result<Answer, Problem> {
    let given = FollowUps {
        tenant: call.tenant(args.tenant)?,
        questions: args.topic,
        kind: args.kind,
        asked: args.questions,
        answered: args.responses.unwrap_or_default(),
        language: args.language,
    };
    Ok(Answer::one(call.app.engine.question_followups(&call.caller, given).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Comment {
    /// On whose account.
    tenant: Option<TenantId>,
    /// Which of the application's questions; the only ones when left out.
    questions: Option<String>,
    /// The record: its id, or what callers know it by.
    #[schemars(length(max = 200))]
    record: String,
    /// The question: the id of a turn of one's own, or `CATEGORY/NUMBER` of those to begin with.
    #[schemars(length(max = 200))]
    question: String,
    /// The answer.
    response: String,
    /// The language of who asks.
    language: Option<String>,
}

async fn comment(call: Call, args: Comment) -> Result<Answer, Problem> {
    let ask = CommentAsk {
        tenant: call.tenant(args.tenant)?,
        questions: args.questions,
        record: args.record,
        question: args.question,
        response: args.response,
        language: args.language,
    };
    Ok(Answer::one(call.app.engine.question_comment(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Performance {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Only those that were answered, or only those that were not.
    answered: Option<bool>,
}

async fn performance(call: Call, args: Performance) -> Result<Answer, Problem> {
    let filter = Filter { tenant: call.narrowed(args.tenant), was_answered: args.answered };
    let found = call.app.engine.question_performance(&call.caller, filter, &call.page);
    Ok(Answer::page(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Conversations {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// Over which of the application's questions.
    questions: Option<String>,
}

async fn conversations(call: Call, args: Conversations) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let engine = &call.app.engine;
    let found =
        engine.conversations_list(&call.caller, tenant, args.questions, &call.page, call.count);
    Ok(Answer::page(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The conversation.
    conversation: ChatId,
}

async fn turns(call: Call, args: One) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    let found = engine.conversation_turns(&call.caller, args.conversation, &call.page, call.count);
    Ok(Answer::page(found.await?))
}

async fn delete(call: Call, args: One) -> Result<Answer, Problem> {
    call.app.engine.conversation_delete(&call.caller, args.conversation).await?;
    Ok(Answer::empty())
}
