//! Pages of the web as documents: one page, or the pages of a small site.
//!
//! An address is somebody else's choice, and so is everything that answers at it: only the open
//! network is asked, within bounds of time, size and redirects, and only where the site's own rules
//! allow it. What comes back is a file like any other, taken apart by the process that reads files.
//!
//! Start at [`Knowledge::page`] and [`Knowledge::site`].

pub mod crawl;
mod fetch;

use base::{ChatId, DocumentId, JobId, TenantId};
use jiff::SignedDuration;
use reqwest::Url;
use serde_json::{Map, Value as Json, json};
use store::{Db, audit, blob::BlobId, params};

pub(crate) use fetch::{Fetched, Fetcher};
pub use outside::address;

use crate::{
    Knowledge,
    document::{
        Act, Document, Origin, any, change,
        upload::{Arrival, NewDocument, UploadError, Uploaded},
    },
    sniff::{self, Kind, Unfit},
};

/// A page to be fetched.
#[derive(Debug, Clone)]
pub struct NewPage {
    /// Whose tenant's document it becomes.
    pub tenant: TenantId,
    /// The chat it is bound to; none: it is there for every question.
    pub chat: Option<ChatId>,
    /// Where it is. Without a scheme it is taken as https.
    pub url: String,
    /// What it is called; its own title when left out.
    pub title: Option<String>,
    /// What it says, in short.
    pub summary: Option<String>,
    /// Whatever else is known of it.
    pub metadata: Map<String, Json>,
    /// Words by which it is chosen.
    pub tags: Vec<String>,
    /// Whether everybody of the tenant may see it. Left out: as it was when the page was fetched
    /// before, else not.
    pub shared: Option<bool>,
}

/// The pages of a site to be fetched.
#[derive(Debug, Clone)]
pub struct NewSite {
    /// Its first page, and what is said about every page.
    pub page: NewPage,
    /// The most pages.
    pub pages_max: u32,
    /// Whether links within the site are followed; else it is the one page.
    pub follow: bool,
    /// One document of all pages, instead of one of each.
    pub combine: bool,
}

/// Why a page is not a document.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Somebody switched it off.
    #[error("pages are not fetched here; the operator has switched it off")]
    Disabled,
    /// The address is not one that is asked.
    #[error(transparent)]
    Address(#[from] address::Refused),
    /// The site does not want it to be fetched by programs.
    #[error("the site's robots.txt does not allow this page to be fetched")]
    Robots,
    /// Nothing came back that is a page.
    #[error("the page cannot be had: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the page was not there within {0} s")]
    TooSlow(u64),
    /// It is larger than allowed.
    #[error("the page has more than {0} bytes, which is the most that is taken")]
    TooLarge(u64),
    /// It cannot become a document.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl PageError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disabled => "web_disabled",
            Self::Address(_) | Self::Robots => "page_refused",
            Self::Unreachable(_) | Self::TooSlow(_) => "page_unreachable",
            Self::TooLarge(_) => "page_too_large",
            Self::Upload(error) => error.code(),
        }
    }
}

impl From<store::Error> for PageError {
    fn from(error: store::Error) -> Self {
        Self::Upload(error.into())
    }
}

impl NewPage {
    /// A page of a tenant, with nothing said about it.
    pub fn new(tenant: TenantId, url: impl Into<String>) -> Self {
        Self {
            tenant,
            chat: None,
            url: url.into(),
            title: None,
            summary: None,
            metadata: Map::new(),
            tags: Vec::new(),
            shared: None,
        }
    }

    /// What was fetched for it, as a file to be taken in.
    fn document(&self, fetched: &Fetched) -> NewDocument {
        NewDocument {
            tenant: self.tenant,
            chat: self.chat,
            title: self.title.clone(),
            summary: self.summary.clone(),
            metadata: self.metadata.clone(),
            tags: self.tags.clone(),
            shared: self.shared.unwrap_or_default(),
            file_name: None,
            bytes: fetched.bytes.clone(),
        }
    }
}

impl Knowledge {
    /// Takes in a page of the web. One that was fetched a short while ago, or has not changed since, is
    /// the document that it was.
    ///
    /// # Errors
    /// [`PageError`] says why there is no page; nothing is kept then.
    pub async fn page(&self, act: &Act, new: NewPage) -> Result<Uploaded, PageError> {
        let url = self.address(&new.url)?;
        let fresh_for = self.settings().web.fresh_for;
        if let Some(document) = self.fetched_before(act, &new, &url, None, Some(fresh_for)).await? {
            return Ok(Uploaded { document, same_as: None, existed: true });
        }
        let fetched = self.fetcher().fetch(url).await?;
        let (kind, blob) = self.kind_of(&fetched).await?;
        if let Some(document) =
            self.fetched_before(act, &new, &fetched.asked, Some(blob), None).await?
        {
            return Ok(Uploaded { document, same_as: None, existed: true });
        }
        let arrival = Arrival {
            shared_said: new.shared.is_some(),
            ..Arrival::new(kind, Origin::Page, Some(fetched.asked.to_string()))
        };
        Ok(self.take_in(act, new.document(&fetched), arrival).await?)
    }

    /// Has the pages of a site fetched by a job; hands back the job. Its result names the documents.
    ///
    /// # Errors
    /// [`PageError`] when the first address is not one that is asked.
    pub async fn site(&self, act: &Act, new: NewSite) -> Result<JobId, PageError> {
        let url = self.address(&new.page.url)?;
        let most = self.settings().web.pages_max.max(1);
        // What is said about the documents is looked at before anything is fetched.
        if let Some(title) = &new.page.title {
            change::title(title).map_err(UploadError::from)?;
        }
        change::tags(new.page.tags.clone()).map_err(UploadError::from)?;
        change::metadata(new.page.metadata.clone()).map_err(UploadError::from)?;
        if new.page.shared == Some(true) && new.page.chat.is_some() {
            return Err(UploadError::from(change::shared_in_chat()).into());
        }
        let plan = crawl::Plan {
            url: url.to_string(),
            pages_max: new.pages_max.clamp(1, most),
            follow: new.follow,
            combine: new.combine,
            chat: new.page.chat,
            title: new.page.title,
            summary: new.page.summary,
            metadata: new.page.metadata,
            tags: new.page.tags,
            shared: new.page.shared,
        };
        let (tenant, owner, now) = (new.page.tenant, act.actor.who.to_string(), self.now());
        let this = self.clone();
        self.store()
            .write(&act.actor, now, move |tx| {
                this.is_for_a_chat(tx, plan.chat)?;
                let pages = plan.pages_max;
                let job = crawl::job(tenant, &plan, &owner, now);
                let job = work::enqueue(tx, job, now).map_err(|error| match error {
                    work::EnqueueError::Store(error) => error,
                    busy => store::Error::Constraint { what: busy.to_string() },
                })?;
                let summary = format!("Began to fetch a site of at most {pages} pages");
                let entry = audit::Entry::new(
                    tenant,
                    "site_requested",
                    format!("jobs/{}", job.id),
                    summary,
                );
                tx.audit(entry.after(json!({"job": job.id, "pages_max": pages})));
                Ok::<_, PageError>(job.id)
            })
            .await
    }

    /// The address, if it is one that is asked.
    fn address(&self, text: &str) -> Result<Url, PageError> {
        let web = &self.settings().web;
        if !web.enabled {
            return Err(PageError::Disabled);
        }
        Ok(address::check(text, &web.policy())?)
    }

    /// What it is that was fetched, if that is taken, and the name of its bytes.
    pub(crate) async fn kind_of(&self, fetched: &Fetched) -> Result<(Kind, BlobId), UploadError> {
        let (bytes, name) = (fetched.bytes.clone(), fetched.name());
        // All of it is gone through twice, away from the runtime's threads.
        let sniffed = tokio::task::spawn_blocking(move || {
            sniff::kind(&bytes, Some(name.as_str())).map(|kind| (kind, BlobId::of(&bytes)))
        });
        let (kind, blob) =
            sniffed.await.map_err(|_| Unfit::Other("a page that cannot be read"))??;
        let allowed = &self.settings().uploads.kinds;
        match allowed.contains(&kind) {
            true => Ok((kind, blob)),
            false => Err(UploadError::Kind { kind, allowed: allowed.clone() }),
        }
    }

    /// The newest document of this address that the caller has already: of the same bytes, or so new.
    pub(crate) async fn fetched_before(
        &self,
        act: &Act,
        new: &NewPage,
        url: &Url,
        blob: Option<BlobId>,
        within: Option<SignedDuration>,
    ) -> Result<Option<Document>, store::Error> {
        let (owner, tenant, chat) = (act.actor.who.to_string(), new.tenant, new.chat);
        let since = within.map(|it| self.now() - it);
        let url = url.to_string();
        let find = move |db: &Db| {
            let row = db.first(
                "SELECT id FROM knowledge_documents
                  WHERE tenant = $1 AND url = $2 AND owner = $3 AND state <> 'failed'
                    AND ((CAST($4 AS TEXT) IS NULL AND chat IS NULL) OR chat = $4)
                    AND (CAST($5 AS TEXT) IS NULL OR blob = $5)
                    AND (CAST($6 AS BIGINT) IS NULL OR created_at >= $6)
                  ORDER BY id DESC LIMIT 1",
                &params![tenant, url, owner, chat, blob, since],
            )?;
            let Some(row) = row else { return Ok(None) };
            any(db, row.get::<DocumentId>("id")?)
        };
        self.store().read(find).await
    }
}
