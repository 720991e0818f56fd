//! Documents: put in, looked at, changed, removed; and searched.

mod pages;
mod search;

use base::{ChatId, DocumentId, Permission, TenantId};
use bytes::Bytes;
use knowledge::{
    Act, Sight,
    document::{
        self, DocumentError, Filter,
        change::Change,
        list::Bound,
        upload::{NewDocument, Uploaded},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    operation::{self, Answer, Call, FileOf, Kind, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    let (read, write) = (Permission::ReadDocuments, Permission::WriteDocuments);
    let mut all = vec![
        Operation::new(
            "documents.list",
            read,
            Kind::Page,
            "Document",
            "Lists one's own documents and those that are shared, the newest first.",
            list,
        ),
        Operation::new(
            "documents.create",
            write,
            Kind::Made,
            "Document",
            "Puts a document in: a file, or a text as `content`. It is pending until it was read and made findable.",
            create,
        )
        .takes_file(FileOf::Document)
        .takes_documents(),
        Operation::new("documents.get", read, Kind::One, "Document", "Reads what is known of a document.", get),
        Operation::new(
            "documents.content",
            read,
            Kind::One,
            "DocumentContent",
            "Reads the text of a document, or a part of it.",
            content,
        ),
        Operation::new(
            "documents.file",
            read,
            Kind::File,
            "",
            "Hands out the file of a document as it was put in.",
            file,
        ),
        Operation::new(
            "documents.update",
            write,
            Kind::One,
            "Document",
            "Changes what is said about a document, and whether it is shared.",
            update,
        ),
        Operation::new(
            "documents.resume",
            write,
            Kind::One,
            "Document",
            "Has a document that failed go on where it stopped.",
            resume,
        ),
        Operation::new(
            "documents.summarize",
            write,
            Kind::One,
            "Document",
            "Has a model say what a document says, in short, and keeps it as its summary.",
            summarize,
        )
        .patient(),
        Operation::new("documents.delete", write, Kind::Empty, "", "Removes a document.", delete),
    ];
    all.extend(pages::all());
    all.extend(search::all());
    all
}

/// What a caller sees of documents: everybody's, for who manages them, but of those in chats only
/// their own; else their own and the shared.
pub(super) fn sight(call: &Call, tenant: Option<TenantId>) -> Sight {
    let tenant = call.narrowed(tenant).or_else(|| call.app.only_tenant());
    let who = call.caller.actor.who;
    match call.caller.may(Permission::ManageDocuments) {
        Ok(()) => Sight::managing(tenant, who),
        Err(_) => Sight::of(tenant, who),
    }
}

fn act(call: &Call, tenant: Option<TenantId>) -> Act {
    Act { sight: sight(call, tenant), actor: call.caller.actor.clone() }
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Those of this chat.
    chat: Option<ChatId>,
    /// Only those that are bound to no chat.
    unbound: Option<bool>,
    /// In this state.
    state: Option<DocumentState>,
    /// With this tag.
    tag: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DocumentState {
    Pending,
    Extracting,
    Embedding,
    Ready,
    Failed,
}

impl DocumentState {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Extracting => "extracting",
            Self::Embedding => "embedding",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let sight = sight(&call, args.tenant);
    let bound = match (args.chat, args.unbound) {
        (Some(chat), _) => {
            call.app.engine.chat_get(&call.caller, chat).await?;
            Bound::Chat(chat)
        }
        (None, Some(true)) => Bound::Nothing,
        (None, _) => Bound::Any,
    };
    let filter = Filter {
        bound,
        state: args.state.and_then(|it| it.name().parse().ok()),
        tag: args.tag,
        ..Filter::default()
    };
    let knowledge = &call.app.knowledge;
    let mut page = knowledge.list(&sight, &filter, &call.page).await?;
    if call.count {
        page.total = Some(knowledge.count(&sight, &filter).await?);
    }
    Ok(Answer::page(page.map(|it| document::view(&it))))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// Whose it will be.
    tenant: Option<TenantId>,
    /// What it is called; the name of the file when left out.
    #[schemars(length(max = 512))]
    title: Option<String>,
    /// The text, when no file is sent.
    content: Option<String>,
    /// What it says, in short.
    #[schemars(length(max = 2048))]
    summary: Option<String>,
    /// Whatever else is known of it.
    metadata: Option<Map<String, Json>>,
    /// Words by which it is chosen.
    tags: Option<Vec<String>>,
    /// Everybody of the tenant may see it.
    shared: Option<bool>,
    /// The chat it is for; everywhere when left out.
    chat: Option<ChatId>,
}

async fn create(mut call: Call, args: Create) -> Result<Answer, Problem> {
    let (file_name, bytes) = given(call.upload.take(), args.content)?;
    let is_file = file_name.is_some();
    let about = About {
        tenant: args.tenant,
        title: args.title,
        summary: args.summary,
        metadata: args.metadata,
        tags: args.tags,
        shared: args.shared,
        chat: args.chat,
    };
    let new = NewDocument { file_name, bytes, ..new_document(&call, about).await? };
    let act = act(&call, Some(new.tenant));
    let knowledge = &call.app.knowledge;
    let taken = match is_file {
        true => knowledge.upload(&act, new).await?,
        false => knowledge.write(&act, new).await?,
    };
    Ok(Answer::one(taken_in(&taken)))
}

/// The file with its name, or the text.
fn given(
    upload: Option<operation::Upload>,
    content: Option<String>,
) -> Result<(Option<String>, Bytes), Problem> {
    match (upload, content) {
        (Some(_), Some(_)) => {
            let fault = Fault::new("/content", "must be left out when a file is sent");
            Err(Problem::faults("invalid_input", vec![fault]))
        }
        (Some(file), None) => Ok((Some(file.name), file.bytes)),
        (None, Some(text)) if !text.trim().is_empty() => Ok((None, text.into_bytes().into())),
        (None, _) => {
            let fault = Fault::new("/file", "is missing");
            let fault = fault.hint("send a `file` as multipart/form-data, or a text as `content`");
            Err(Problem::faults("invalid_input", vec![fault]))
        }
    }
}

/// What is said about a document to be.
struct About {
    tenant: Option<TenantId>,
    title: Option<String>,
    summary: Option<String>,
    metadata: Option<Map<String, Json>>,
    tags: Option<Vec<String>>,
    shared: Option<bool>,
    chat: Option<ChatId>,
}

/// A document to be, still without its contents. One for a chat is for one's own chat, and of the
/// chat's tenant: both go together.
async fn new_document(call: &Call, about: About) -> Result<NewDocument, Problem> {
    let of_chat: Option<TenantId> = match about.chat {
        Some(chat) => {
            let chat = call.app.engine.chat_get(&call.caller, chat).await?;
            chat["tenant"].as_str().and_then(|it| it.parse().ok())
        }
        None => None,
    };
    if let (Some(of_chat), Some(given)) = (of_chat, about.tenant)
        && of_chat != given
    {
        let fault = Fault::new("/tenant", "is not that of the chat");
        return Err(Problem::faults("invalid_input", vec![fault.hint("leave it out")]));
    }
    let tenant = call.tenant(of_chat.or(about.tenant))?;
    Ok(NewDocument {
        chat: about.chat,
        title: about.title.filter(|it| !it.trim().is_empty()),
        summary: about.summary,
        metadata: about.metadata.unwrap_or_default(),
        tags: about.tags.unwrap_or_default(),
        shared: about.shared.unwrap_or_default(),
        ..NewDocument::new(tenant, Bytes::new())
    })
}

fn taken_in(taken: &Uploaded) -> Json {
    let mut view = document::view(&taken.document);
    view["same_as"] = json!(taken.same_as);
    view["existed"] = json!(taken.existed);
    view
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The document.
    document: DocumentId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let found = call.app.knowledge.get(&sight(&call, None), args.document).await?;
    Ok(Answer::one(document::view(&found)))
}

#[derive(Deserialize, JsonSchema)]
struct Content {
    /// The document.
    document: DocumentId,
    /// From this character on, counted from 0.
    from_char: Option<u64>,
    /// Up to this one.
    to_char: Option<u64>,
}

async fn content(call: Call, args: Content) -> Result<Answer, Problem> {
    let (sight, knowledge) = (sight(&call, None), &call.app.knowledge);
    let found = knowledge.get(&sight, args.document).await?;
    let content = knowledge.content(&sight, args.document).await?;
    let chars = content.text.chars().count() as u64;
    let to = args.to_char.unwrap_or(chars).min(chars);
    let from = args.from_char.unwrap_or(0).min(to);
    let part = match (from, to) {
        (0, all) if all == chars => content.text,
        (from, to) => {
            let (skip, take) = (from as usize, (to - from) as usize);
            content.text.chars().skip(skip).take(take).collect()
        }
    };
    let pages: Vec<Json> = content
        .pages
        .iter()
        .map(|it| json!({"page": it.page, "start_char": it.start_char, "end_char": it.end_char}))
        .collect();
    Ok(Answer::one(json!({
        "id": found.id,
        "title": found.title,
        "state": found.state.name(),
        "content": part,
        "from_char": from,
        "to_char": to,
        "chars": chars,
        "pages": pages,
    })))
}

async fn file(call: Call, args: One) -> Result<Answer, Problem> {
    let (sight, knowledge) = (sight(&call, None), &call.app.knowledge);
    let found = knowledge.get(&sight, args.document).await?;
    let bytes = knowledge.file(&sight, args.document).await?;
    Ok(Answer::file(operation::Download {
        name: found.file_name.unwrap_or(found.title),
        content_type: found.kind.media_type().to_owned(),
        bytes,
    }))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// The document.
    document: DocumentId,
    /// What it is called.
    #[schemars(length(max = 512))]
    title: Option<String>,
    /// What it says, in short.
    #[schemars(length(max = 2048))]
    summary: Option<String>,
    /// Whatever else is known of it.
    metadata: Option<Map<String, Json>>,
    /// Words by which it is chosen.
    tags: Option<Vec<String>>,
    /// Whether everybody of the tenant may see it.
    shared: Option<bool>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let change = Change {
        title: args.title,
        summary: args.summary,
        metadata: args.metadata,
        tags: args.tags,
        shared: args.shared,
    };
    let changed = call.app.knowledge.change(&act(&call, None), args.document, change).await?;
    Ok(Answer::one(document::view(&changed)))
}

async fn resume(call: Call, args: One) -> Result<Answer, Problem> {
    let resumed = call.app.knowledge.go_on(&act(&call, None), args.document).await?;
    Ok(Answer::one(document::view(&resumed)))
}

async fn summarize(call: Call, args: One) -> Result<Answer, Problem> {
    let (act, knowledge) = (act(&call, None), &call.app.knowledge);
    let found = knowledge.get(&act.sight, args.document).await?;
    // Nobody has a model asked for what they may not keep.
    if !act.sight.owns(&found) {
        return Err(DocumentError::NotYours(args.document).into());
    }
    let content = knowledge.content(&act.sight, args.document).await?;
    if content.text.trim().is_empty() {
        return Err(Problem::new("document_state", "The document has no text yet."));
    }
    let engine = &call.app.engine;
    let summary = engine.summarize(&call.caller, found.tenant, &found.title, &content.text).await?;
    let change = Change { summary: Some(summary), ..Change::default() };
    let changed = knowledge.change(&act, args.document, change).await?;
    Ok(Answer::one(document::view(&changed)))
}

async fn delete(call: Call, args: One) -> Result<Answer, Problem> {
    call.app.knowledge.remove(&act(&call, None), args.document).await?;
    Ok(Answer::empty())
}
