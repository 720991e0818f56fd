//! What is looked up for a question: the web where it is asked for, documents, and records. Each step
//! is told; one that fails is told too, and the answer goes on without it.

use std::future::Future;

use base::{Permission, TenantId};
use identity::Caller;
use knowledge::{Sight, search};
use serde_json::{Map, Value as Json, json};
use tracing::warn;

use super::{
    about,
    answer::{Runner, Stop},
    cite::{Kind, Source},
    event::Name,
};
use crate::{ask::SearchAsk, engine::Engine, record::CollectionKit};

/// The first results of the web that are told while the others are still looked at.
const TOLD_OF_WEB: usize = 3;

impl Runner {
    /// Everything that the answer may name, unnumbered.
    pub(super) async fn gather(&mut self) -> Result<Vec<Source>, Stop> {
        let looks_up = self.look_round().await?;
        let mut found = self.search_web().await?;
        if looks_up {
            found.extend(self.search_documents().await?);
            found.extend(self.search_records().await?);
        }
        Ok(found)
    }

    /// Is there anything to look into? Tells it.
    async fn look_round(&mut self) -> Result<bool, Stop> {
        let mut ready = search::Ready::default();
        if let Some(knowledge) = self.documents() {
            let (sight, tenant, chat) = (self.sight(), self.tenant(), self.chat());
            match self.unless_stopped(knowledge.ready(&sight, tenant, chat)).await? {
                Ok(found) => ready = found,
                Err(error) => {
                    warn!(run.id = %self.id(), error = %error, "Could not see which documents there are");
                }
            }
        }
        let has_records = !self.kit().description.collections.is_empty();
        let is_enabled = ready.of_chat || ready.everywhere || has_records;
        self.note("rag_enabled", is_enabled.into());
        self.note("documents_attached", ready.of_chat.into());
        let told = json!({
            "stage": "rag_gate",
            "rag_enabled": is_enabled,
            "documents_attached": ready.of_chat,
        });
        self.teller.tell(Name::Meta, &told).await?;
        Ok(is_enabled)
    }

    async fn search_web(&mut self) -> Result<Vec<Source>, Stop> {
        let limits = self.kit().description.web;
        if !self.ask.web {
            return Ok(Vec::new());
        }
        let over = |message: &str, found: &[Source]| {
            json!({
                "stage": "web_search", "progress": 100, "message": message,
                "total_web_results": found.len(),
                "sources": found.iter().take(TOLD_OF_WEB)
                    .map(|it| json!({"title": it.title, "url": it.url})).collect::<Vec<_>>(),
            })
        };
        let web = self.engine.web_search().filter(|_| limits.enabled).cloned();
        let Some(web) = web else {
            let told =
                over("No web search is set up here, so there are no results of the web.", &[]);
            self.note("web", json!({"returned": 0, "error": "misconfigured"}));
            self.teller.tell(Name::Meta, &told).await?;
            return Ok(Vec::new());
        };
        let begun = json!({"stage": "web_search", "progress": 0, "message": "Searching the web"});
        self.teller.tell(Name::Meta, &begun).await?;
        let most = self.ask.web_results.unwrap_or(limits.results).min(limits.results);
        let question = self.question().to_owned();
        let found = match self.unless_stopped(web.find(&question, most)).await? {
            Ok(found) => found,
            Err(error) => {
                warn!(run.id = %self.id(), error = %error, "The web search failed; going on without it");
                self.note("web", json!({"returned": 0, "error": error.code()}));
                let message = format!("{}; going on without it.", sentence(&error.to_string()));
                self.teller.tell(Name::Meta, &over(&message, &[])).await?;
                return Ok(Vec::new());
            }
        };
        self.note("web", json!({"returned": found.len()}));
        let message = format!("{} results of the web", found.len());
        self.teller.tell(Name::Meta, &over(&message, &found)).await?;
        Ok(found)
    }

    async fn search_documents(&mut self) -> Result<Vec<Source>, Stop> {
        let Some(knowledge) = self.documents() else { return Ok(Vec::new()) };
        let limits = self.kit().description.retrieval;
        let told = json!({"stage": "embeddings", "model": self.engine.models().can_embed()});
        self.teller.tell(Name::Meta, &told).await?;
        let ask = search::Ask {
            chat: self.chat(),
            documents: self.ask.documents.clone(),
            tags: self.ask.tags.clone(),
            limit: limits.top_k,
            min_score: limits.min_score,
            ..search::Ask::new(self.tenant(), self.sight(), self.question().to_owned())
        };
        let mut stats = Map::new();
        stats.insert("stage".into(), "retrieval".into());
        stats.insert("top_k".into(), limits.top_k.into());
        stats.insert("min_score".into(), json!(limits.min_score));
        let found = match self.unless_stopped(knowledge.search(ask)).await? {
            Ok(found) => found,
            Err(error) => {
                warn!(run.id = %self.id(), error.code = error.code(), "Documents could not be searched; answering without them");
                stats.insert("returned".into(), 0.into());
                stats.insert("engine".into(), Json::Null);
                stats.insert("error".into(), error.code().into());
                let message =
                    "The documents could not be searched; the answer goes on without them.";
                stats.insert("message".into(), message.into());
                self.retrieved(stats).await?;
                return Ok(Vec::new());
            }
        };
        self.searches += 1;
        stats.insert("engine".into(), found.engine.into());
        stats.insert("mode".into(), found.mode.name().into());
        stats.insert("model".into(), json!(found.model));
        stats.insert("returned".into(), found.hits.len().into());
        if let Some(degraded) = found.degraded {
            stats.insert("degraded".into(), degraded.into());
        }
        self.retrieved(stats).await?;
        Ok(found.hits.into_iter().map(of_hit).collect())
    }

    async fn retrieved(&mut self, stats: Map<String, Json>) -> Result<(), Stop> {
        let mut kept = stats.clone();
        kept.shift_remove("stage");
        self.note("retrieval", kept.into());
        self.teller.tell(Name::Meta, &stats.into()).await
    }

    async fn search_records(&mut self) -> Result<Vec<Source>, Stop> {
        if self.caller.may(Permission::ReadRecords).is_err() {
            return Ok(Vec::new());
        }
        let limits = self.kit().description.retrieval;
        let mut all = Vec::new();
        for collection in self.kit().description.collections.clone() {
            let shows = self.kit().description.shows.get(&collection).cloned();
            let found = records(
                &self.engine,
                &self.caller,
                self.tenant(),
                (collection.as_str(), shows),
                self.question().to_owned(),
                limits.top_k,
            );
            match self.unless_stopped(found).await? {
                Ok(found) => {
                    all.extend(found.into_iter().filter(|it| it.score >= limits.min_score));
                }
                // A question without a word that could be looked for finds nothing.
                Err(error) if error.code() == "invalid_input" => {}
                Err(error) => {
                    warn!(run.id = %self.id(), collection, error.code = error.code(), "Records could not be searched; answering without them");
                }
            }
        }
        Ok(all)
    }

    /// What the answer may look into: one's own documents, and those that are shared.
    fn sight(&self) -> Sight {
        Sight::of(self.tenant(), self.caller.actor.who)
    }

    /// Where documents are, when this assistant looks into them.
    fn documents(&self) -> Option<knowledge::Knowledge> {
        self.engine.knowledge().filter(|_| self.kit().description.documents).cloned()
    }

    /// Does the work, unless the run is stopped meanwhile.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            why = self.live.stopped() => Err(Stop::GivenUp(why)),
            done = work => Ok(done),
        }
    }
}

/// A passage of a document.
fn of_hit(hit: search::Hit) -> Source {
    Source {
        number: 0,
        kind: Kind::Rag,
        title: hit.title,
        url: hit.url,
        document: Some(hit.document),
        chunk: Some(hit.chunk),
        record: None,
        page: hit.page,
        start_char: Some(hit.start_char),
        end_char: Some(hit.end_char),
        score: hit.score,
        excerpt: hit.text,
    }
}

/// Records in which the words of a question are.
async fn records(
    engine: &Engine,
    caller: &Caller,
    tenant: TenantId,
    (collection, shows): (&str, Option<Vec<String>>),
    question: String,
    most: usize,
) -> Result<Vec<Source>, crate::error::EngineError> {
    let kit = engine.collection(collection)?;
    let ask = SearchAsk {
        tenant: Some(tenant).filter(|_| !kit.spec.shared),
        collection: collection.to_owned(),
        query: question,
        record: None,
        limit: u32::try_from(most).unwrap_or(u32::MAX),
        filters: Map::new(),
        since: None,
    };
    let found = engine.search(caller, ask).await?;
    let hits = found["results"].as_array().cloned().unwrap_or_default();
    let columns = if kit.spec.columns.is_empty() { &kit.spec.search } else { &kit.spec.columns };
    let shown = shows.as_ref().unwrap_or(columns);
    Ok(hits.iter().filter_map(|it| of_record(kit, shown, it)).collect())
}

fn of_record(kit: &CollectionKit, shown: &[String], hit: &Json) -> Option<Source> {
    let data = hit["item"]["data"].as_object()?;
    Some(Source {
        number: 0,
        kind: Kind::Rag,
        title: hit["title"].as_str().unwrap_or(&kit.spec.noun).to_owned(),
        url: None,
        document: None,
        chunk: None,
        record: hit["item"]["id"].as_str()?.parse().ok(),
        page: None,
        start_char: None,
        end_char: None,
        score: hit["score"].as_f64().unwrap_or_default() as f32,
        excerpt: about::words(data, shown.iter().map(String::as_str), "; "),
    })
}

/// A sentence begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
