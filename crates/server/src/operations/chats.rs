//! Assistants, and the chats that people have with them. A chat is its owner's alone, whatever the
//! role of whoever asks for it.

use apps::{
    ask::ChatCreate,
    assistant::{chat::Which, message},
};
use base::{ChatId, Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let ask = Permission::UseAssistants;
    vec![
        Operation::new(
            "assistants.list",
            ask,
            Kind::Page,
            "Assistant",
            "Lists the assistants of the application.",
            assistants,
        ),
        Operation::new(
            "assistants.prompt",
            ask,
            Kind::One,
            "OwnPrompt",
            "Shows the system prompt that one has set for oneself.",
            prompt,
        ),
        Operation::new(
            "assistants.set_prompt",
            ask,
            Kind::One,
            "OwnPrompt",
            "Sets a system prompt for oneself.",
            set_prompt,
        ),
        Operation::new(
            "assistants.clear_prompt",
            ask,
            Kind::One,
            "OwnPrompt",
            "Takes one's own system prompt away.",
            clear_prompt,
        ),
        Operation::new(
            "chats.list",
            ask,
            Kind::Page,
            "Chat",
            "Lists one's own chats, the one in which something was last said first.",
            list,
        ),
        Operation::new(
            "chats.create",
            ask,
            Kind::Made,
            "Chat",
            "Begins a chat about a record, which is kept with it as it is now.",
            create,
        ),
        Operation::new("chats.get", ask, Kind::One, "Chat", "Reads a chat.", get),
        Operation::new(
            "chats.messages",
            ask,
            Kind::Page,
            "Message",
            "Lists what was said in a chat, the oldest first; from its end backwards when that is asked for.",
            messages,
        ),
        Operation::new("chats.rename", ask, Kind::One, "Chat", "Gives a chat a title.", rename),
        Operation::new(
            "chats.title",
            ask,
            Kind::One,
            "Chat",
            "Gives a chat a title made of its first question, by a model where there is one.",
            title,
        )
        .patient(),
        Operation::new(
            "chats.export",
            ask,
            Kind::One,
            "ChatExport",
            "Hands out a chat with everything said in it.",
            export,
        ),
        Operation::new(
            "chats.delete",
            ask,
            Kind::One,
            "ChatDeleted",
            "Deletes a chat with everything said in it, and its documents.",
            delete,
        ),
    ]
}

async fn assistants(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let items = call
        .app
        .engine
        .folder()
        .assistants()
        .map(|kit| {
            let it = &kit.description;
            json!({
                "name": kit.name,
                "title": it.title,
                "about": it.about,
                "documents": it.documents,
                "collections": it.collections,
                "on": it.on.as_ref().map(|it| &it.records),
                "own_prompt_chars": it.own_prompt_chars,
                "question_chars": it.question.chars,
                "web": it.web.enabled && call.app.engine.can_search_web(),
                "quotes": !call.app.engine.has_model(kit),
            })
        })
        .collect();
    Ok(Answer::page(base::Page { items, next: None, prev: None, total: None }))
}

#[derive(Deserialize, JsonSchema)]
struct Prompt {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// For this assistant; the only one when left out.
    assistant: Option<String>,
}

async fn prompt(call: Call, args: Prompt) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let engine = &call.app.engine;
    let found = engine.own_prompt(&call.caller, tenant, args.assistant.as_deref()).await?;
    Ok(Answer::one(found))
}

#[derive(Deserialize, JsonSchema)]
struct SetPrompt {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// For this assistant; the only one when left out.
    assistant: Option<String>,
    /// The prompt.
    system_prompt: String,
}

async fn set_prompt(call: Call, args: SetPrompt) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let (engine, assistant) = (&call.app.engine, args.assistant.as_deref());
    let set = engine.own_prompt_set(&call.caller, tenant, assistant, &args.system_prompt);
    Ok(Answer::one(set.await?))
}

async fn clear_prompt(call: Call, args: Prompt) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let engine = &call.app.engine;
    let set = engine.own_prompt_set(&call.caller, tenant, args.assistant.as_deref(), "");
    Ok(Answer::one(set.await?))
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// With this assistant.
    assistant: Option<String>,
    /// About this record.
    record: Option<RecordId>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let which = Which { assistant: args.assistant, record: args.record };
    let found = call.app.engine.chats_list(&call.caller, tenant, which, &call.page, call.count);
    Ok(Answer::page(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// On whose account.
    tenant: Option<TenantId>,
    /// With this assistant; the only one when left out.
    assistant: Option<String>,
    /// The record it is about.
    record: RecordId,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let ask = ChatCreate { tenant, assistant: args.assistant, record: args.record };
    Ok(Answer::one(call.app.engine.chat_create(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The chat.
    chat: ChatId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.chat_get(&call.caller, args.chat).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Messages {
    /// The chat.
    chat: ChatId,
    /// Which page is the first one, where no cursor says it: with `end` it is the last of the chat, and
    /// `prev_cursor` leads to those before. Give it with each cursor too.
    from: Option<Edge>,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Edge {
    Start,
    End,
}

async fn messages(call: Call, args: Messages) -> Result<Answer, Problem> {
    let page = match args.from {
        Some(Edge::End) if call.page.cursor.is_none() => message::from_end(call.page.limit),
        _ => call.page.clone(),
    };
    let found = call.app.engine.chat_messages(&call.caller, args.chat, &page, call.count);
    Ok(Answer::page(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Rename {
    /// The chat.
    chat: ChatId,
    /// What it is called from now on.
    #[schemars(length(max = 1000))]
    title: String,
}

async fn rename(call: Call, args: Rename) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    Ok(Answer::one(engine.chat_rename(&call.caller, args.chat, Some(&args.title)).await?))
}

async fn title(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.chat_rename(&call.caller, args.chat, None).await?))
}

async fn export(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.chat_export(&call.caller, args.chat).await?))
}

async fn delete(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.chat_delete(&call.caller, args.chat).await?))
}
