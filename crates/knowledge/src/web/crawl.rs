//! The pages of a small site, fetched one after the other by a job.
//!
//! Only pages of the site that the first one is of, breadth first, with the pause that the site asks
//! for. Each page that becomes a document does so in the transaction that notes it in the job's
//! checkpoint: a job that is killed goes on behind the last page, and no page becomes two documents.

mod walk;

use std::time::Duration;

use async_trait::async_trait;
use base::{Actor, ChatId, TenantId, Timestamp, actor::Who};
use bytes::Bytes;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::blob::BlobId;
use work::{Failure, Handler, NewJob, Running};

use self::walk::Walk;
use super::{Fetched, NewPage, PageError, fetch};
use crate::{
    Knowledge,
    document::{
        Act, Origin, Sight,
        upload::{Arrival, NewDocument, UploadError},
    },
    extract::Extracted,
    sniff::Kind,
};

/// The kind of the jobs.
pub const KIND: &str = "knowledge.site";

/// After so many addresses that were asked in vain it is noted how far the job is, once more.
const KEPT_EVERY: u32 = 10;

/// What a job is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) url: String,
    pub(crate) pages_max: u32,
    pub(crate) follow: bool,
    pub(crate) combine: bool,
    pub(crate) chat: Option<ChatId>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) metadata: Map<String, Json>,
    pub(crate) tags: Vec<String>,
    pub(crate) shared: Option<bool>,
}

/// The job that carries a plan out, in the name of `owner`.
pub(crate) fn job(tenant: TenantId, plan: &Plan, owner: &str, now: Timestamp) -> NewJob {
    NewJob {
        attempts_max: 20,
        timeout: Duration::from_secs(2 * 3600),
        ..NewJob::new(tenant, KIND, json!(plan), owner, now)
    }
}

/// Does the jobs.
pub(crate) struct Crawl {
    pub(crate) knowledge: Knowledge,
}

#[async_trait]
impl Handler for Crawl {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let plan: Plan = serde_json::from_value(job.job().payload.clone())
            .map_err(|_| Failure::for_good("internal", "the job's payload cannot be read"))?;
        let start = Url::parse(&plan.url)
            .map_err(|_| Failure::for_good("internal", "the job names no address"))?;
        let act = act(&job);
        Box::pin(Site { knowledge: &self.knowledge, job, plan, start, act }.walk()).await
    }
}

/// Whoever asked for the job acts.
fn act(job: &Running) -> Act {
    let job = job.job();
    let user = job.created_by.parse().ok().map(Who::User);
    let who = user.or_else(|| job.created_by.parse().ok().map(Who::Key));
    let who = who.or(match job.created_by.as_str() {
        "operator" => Some(Who::Operator),
        "mainstay" => Some(Who::House),
        _ => None,
    });
    let who = who.unwrap_or(Who::Job(job.id));
    let actor = Actor { who, address: None, request_id: None };
    Act { sight: Sight::of(job.tenant, who), actor }
}

/// A site on its way.
struct Site<'a> {
    knowledge: &'a Knowledge,
    job: Running,
    plan: Plan,
    start: Url,
    act: Act,
}

impl Site<'_> {
    async fn walk(&self) -> Result<Json, Failure> {
        let (mut walk, mut in_vain) = (self.begun(), 0_u32);
        while let Some(next) = walk.next(self.plan.pages_max) {
            let Ok(url) = Url::parse(&next) else { continue };
            self.progress(&walk).await?;
            self.is_wanted().await?;
            if walk.pages > 0 {
                self.pause(&url).await?;
            }
            match self.page(&mut walk, url).await {
                Ok(()) => walk.pages += 1,
                Err(Missed::Stop(failure)) => return Err(failure),
                // Without the first page there is no site.
                Err(Missed::Page(error)) if walk.pages == 0 => return Err(hopeless(&error)),
                Err(Missed::Page(error)) => {
                    walk.fault(next, &error);
                    // Whoever goes on after us does not ask for all of these again.
                    in_vain += 1;
                    if in_vain.is_multiple_of(KEPT_EVERY) && !self.plan.combine {
                        self.job.checkpoint(json!(walk)).await?;
                    }
                }
            }
        }
        if self.plan.combine {
            self.together(&mut walk).await?;
        }
        Ok(json!({
            "pages": walk.pages, "documents": walk.documents, "faults": walk.faults,
        }))
    }

    /// From the checkpoint, if there is one; a document of all pages is begun anew.
    fn begun(&self) -> Walk {
        let kept = self.job.job().checkpoint.clone().filter(|_| !self.plan.combine);
        kept.and_then(|it| serde_json::from_value(it).ok())
            .unwrap_or_else(|| Walk::from(&self.start))
    }

    async fn progress(&self, walk: &Walk) -> Result<(), Failure> {
        if self.job.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let percent = walk.pages.saturating_mul(100) / self.plan.pages_max.max(1);
        let message = format!("Fetched {} pages", walk.pages);
        self.job.progress(u8::try_from(percent.min(99)).unwrap_or(99), &message).await;
        Ok(())
    }

    /// Stops where the chat that the pages are for is gone.
    async fn is_wanted(&self) -> Result<(), Failure> {
        let Some(chat) = self.plan.chat else { return Ok(()) };
        let knowledge = self.knowledge.clone();
        let hold = move |tx: &store::Tx| knowledge.hold_chat(tx, chat);
        match self.knowledge.store().bookkeep("see whether a chat is there", hold).await? {
            true => Ok(()),
            false => Err(no_such_chat(&UploadError::NoSuchChat(chat))),
        }
    }

    async fn pause(&self, url: &Url) -> Result<(), Failure> {
        let fetcher = self.knowledge.fetcher();
        // What pause a site wants may have to be asked of it, which takes its time too.
        let paused = async { tokio::time::sleep(fetcher.pause(url).await).await };
        tokio::select! {
            () = paused => Ok(()),
            () = self.job.cancelled() => Err(Failure::Cancelled),
        }
    }

    /// Fetches a page, notes where it links to, and makes a document of it.
    async fn page(&self, walk: &mut Walk, url: Url) -> Result<(), Missed> {
        let fetched = tokio::select! {
            fetched = self.knowledge.fetcher().fetch(url) => fetched.map_err(Missed::Page)?,
            () = self.job.cancelled() => return Err(Missed::Stop(Failure::Cancelled)),
        };
        let site = walk.site.get_or_insert_with(|| fetch::site(&fetched.found));
        if fetch::site(&fetched.found) != *site {
            return Err(Missed::Page(PageError::Unreachable(
                "it is a page of another site".into(),
            )));
        }
        let kind_of = self.knowledge.kind_of(&fetched).await;
        let (kind, blob) = kind_of.map_err(|it| Missed::Page(it.into()))?;
        let read = match kind == Kind::Html || self.plan.combine {
            true => self.read(kind, &fetched).await?,
            false => None,
        };
        if let Some(read) = read.as_ref().filter(|_| self.plan.follow) {
            walk.note(&fetched.found, read, self.plan.pages_max);
        }
        match self.plan.combine {
            true => walk.add(&fetched, read),
            false => self.keep(walk, kind, blob, &fetched).await?,
        }
        Ok(())
    }

    /// What is on the page; none when there is nothing.
    async fn read(&self, kind: Kind, fetched: &Fetched) -> Result<Option<Extracted>, Missed> {
        match self.knowledge.extractor().extract(kind, fetched.bytes.clone()).await {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.is_temporary() => {
                Err(Missed::Stop(Failure::for_now(error.code(), error.to_string())))
            }
            Err(_) => Ok(None),
        }
    }

    /// Makes a document of a page, with the checkpoint that notes it.
    async fn keep(
        &self,
        walk: &mut Walk,
        kind: Kind,
        blob: BlobId,
        fetched: &Fetched,
    ) -> Result<(), Missed> {
        let page = self.described();
        let before =
            self.knowledge.fetched_before(&self.act, &page, &fetched.asked, Some(blob), None);
        if let Some(document) = before.await.map_err(|it| Missed::Stop(it.into()))? {
            walk.documents.push(document.id);
            return Ok(());
        }
        let arrival = Arrival {
            shared_said: page.shared.is_some(),
            ..Arrival::new(kind, Origin::Site, Some(fetched.asked.to_string()))
        };
        // The title is the site's; a page has its own.
        let new = NewDocument { title: None, ..page.document(fetched) };
        let (job, mut kept) = (self.job.clone(), json!(walk));
        kept["pages"] = json!(walk.pages + 1);
        let taken = self.knowledge.take_in_with(&self.act, new, arrival, move |tx, id| {
            if let Some(documents) = kept["documents"].as_array_mut() {
                documents.push(json!(id));
            }
            Ok(job.checkpoint_in(tx, &kept)?)
        });
        match taken.await {
            Ok(taken) => {
                walk.documents.push(taken.document.id);
                Ok(())
            }
            Err(error) => Err(missed(error)),
        }
    }

    /// Makes one document of all pages.
    async fn together(&self, walk: &mut Walk) -> Result<(), Failure> {
        if walk.together.trim().is_empty() {
            return Err(Failure::for_good("empty", "no text was found on the pages"));
        }
        let page = self.described();
        let new = NewDocument {
            tenant: page.tenant,
            chat: page.chat,
            title: self.plan.title.clone().or_else(|| walk.title.clone()),
            summary: page.summary,
            metadata: page.metadata,
            tags: page.tags,
            shared: page.shared.unwrap_or_default(),
            file_name: None,
            bytes: Bytes::from(std::mem::take(&mut walk.together)),
        };
        let arrival = Arrival {
            shared_said: page.shared.is_some(),
            ..Arrival::new(Kind::Markdown, Origin::Site, Some(self.start.to_string()))
        };
        let job = self.job.clone();
        let taken = self
            .knowledge
            .take_in_with(&self.act, new, arrival, move |tx, _| Ok(job.fence(tx)?))
            .await;
        match taken {
            Ok(taken) => {
                walk.documents.push(taken.document.id);
                Ok(())
            }
            Err(error) => match missed(error) {
                Missed::Stop(failure) => Err(failure),
                Missed::Page(error) => Err(hopeless(&error)),
            },
        }
    }

    /// What is said about every page.
    fn described(&self) -> NewPage {
        NewPage {
            tenant: self.job.job().tenant,
            chat: self.plan.chat,
            url: self.plan.url.clone(),
            title: self.plan.title.clone(),
            summary: self.plan.summary.clone(),
            metadata: self.plan.metadata.clone(),
            tags: self.plan.tags.clone(),
            shared: self.plan.shared,
        }
    }
}

/// Why a page is not a document.
enum Missed {
    /// It is the page.
    Page(PageError),
    /// It is this job.
    Stop(Failure),
}

fn missed(error: UploadError) -> Missed {
    use crate::document::DocumentError;
    match error {
        UploadError::Fence(error) => Missed::Stop(error.into()),
        UploadError::Document(DocumentError::Store(error)) => Missed::Stop(error.into()),
        UploadError::NoSuchChat(_) => Missed::Stop(no_such_chat(&error)),
        error => Missed::Page(error.into()),
    }
}

/// Nobody is there any more who wanted the pages.
fn no_such_chat(error: &UploadError) -> Failure {
    Failure::for_good(error.code(), format!("{error}; what was fetched for it is gone with it"))
}

/// A site whose first page cannot be had: what is away may come back.
fn hopeless(error: &PageError) -> Failure {
    match error {
        PageError::Unreachable(_) | PageError::TooSlow(_) => {
            Failure::for_now(error.code(), error.to_string())
        }
        _ => Failure::for_good(error.code(), error.to_string()),
    }
}
