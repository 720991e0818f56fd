//! Pages of the web as documents.

use base::{ChatId, Permission, TenantId};
use knowledge::web::{NewPage, NewSite};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{About, act, new_document, taken_in};
use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let write = Permission::WriteDocuments;
    vec![
        Operation::new(
            "documents.page",
            write,
            Kind::Made,
            "Document",
            "Puts a page of the web in. Private and local addresses are refused, and what robots.txt does not allow.",
            page,
        )
        .patient(),
        Operation::new(
            "documents.site",
            write,
            Kind::Accepted,
            "SiteAccepted",
            "Puts the pages of a small site in, by a job.",
            site,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Page {
    /// Whose it will be.
    tenant: Option<TenantId>,
    /// Where it is; https when no scheme is given.
    #[schemars(length(max = 2048))]
    url: String,
    /// What it is called; its own title when left out.
    #[schemars(length(max = 512))]
    title: Option<String>,
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

async fn page(call: Call, args: Page) -> Result<Answer, Problem> {
    let new = new_page(&call, args).await?;
    let act = act(&call, Some(new.tenant));
    let taken = call.app.knowledge.page(&act, new).await?;
    let answer = Answer::one(taken_in(&taken));
    Ok(if taken.existed { answer.with_status(200) } else { answer })
}

#[derive(Deserialize, JsonSchema)]
struct Site {
    /// Whose it will be.
    tenant: Option<TenantId>,
    /// Its first page.
    #[schemars(length(max = 2048))]
    url: String,
    /// The most pages; 10 when left out.
    #[schemars(range(min = 1, max = 100))]
    max_pages: Option<u32>,
    /// Whether links within the site are followed; they are when left out.
    follow: Option<bool>,
    /// Whether all pages become one document.
    combine: Option<bool>,
    /// What the documents are called; each by its own title when left out.
    #[schemars(length(max = 512))]
    title: Option<String>,
    /// Whatever else is known of them.
    metadata: Option<Map<String, Json>>,
    /// Words by which they are chosen.
    tags: Option<Vec<String>>,
    /// Everybody of the tenant may see them.
    shared: Option<bool>,
    /// The chat they are for; everywhere when left out.
    chat: Option<ChatId>,
}

async fn site(call: Call, args: Site) -> Result<Answer, Problem> {
    let page = Page {
        tenant: args.tenant,
        url: args.url,
        title: args.title,
        summary: None,
        metadata: args.metadata,
        tags: args.tags,
        shared: args.shared,
        chat: args.chat,
    };
    let new = NewSite {
        page: new_page(&call, page).await?,
        pages_max: args.max_pages.unwrap_or(10),
        follow: args.follow.unwrap_or(true),
        combine: args.combine.unwrap_or_default(),
    };
    let act = act(&call, Some(new.page.tenant));
    let job = call.app.knowledge.site(&act, new).await?;
    Ok(Answer::one(json!({
        "job": job,
        "state": "pending",
        "message": "The pages are fetched one after the other; the job tells how far it is.",
    })))
}

async fn new_page(call: &Call, args: Page) -> Result<NewPage, Problem> {
    let shared = args.shared;
    let about = About {
        tenant: args.tenant,
        title: args.title,
        summary: args.summary,
        metadata: args.metadata,
        tags: args.tags,
        shared: args.shared,
        chat: args.chat,
    };
    let new = new_document(call, about).await?;
    Ok(NewPage {
        chat: new.chat,
        title: new.title,
        summary: new.summary,
        metadata: new.metadata,
        tags: new.tags,
        shared,
        ..NewPage::new(new.tenant, args.url)
    })
}
