//! Somebody's results over time in words: a task of the application says where they go.

use base::{RecordId, TenantId};
use identity::{Caller, Reach};
use serde_json::{Value as Json, json};
use store::{Db, audit};

use super::within;
use crate::{
    description::Progress,
    engine::{Engine, For},
    error::EngineError,
    field, language,
    progress::{CommentAsk, ProgressError, who::Whose},
    record::{self, Invalid, RecordError},
};

impl Engine {
    /// Says in words how somebody's results went: one's own, or those of another whose texts one may see.
    ///
    /// # Errors
    /// A progress that is not declared, or for which there are no words; results of others of which the caller
    /// sees no texts; [`EngineError::NothingToDo`] where
    /// there are no results yet; no model that answers, where the task has no rules.
    pub async fn progress_comment(
        &self,
        caller: &Caller,
        ask: CommentAsk,
    ) -> Result<Json, EngineError> {
        let tenant = ask.tenant;
        within(caller, tenant)?;
        let (name, spec) = self.declared_progress(ask.progress.as_deref())?;
        let unsaid = ProgressError::Unnamed("nothing says this progress in words");
        let task = spec.comment.clone().ok_or(unsaid)?;
        let sight = self.progress_sight(caller, spec, ask.of.as_deref())?;
        // Words are of one, and made of texts.
        let Whose::One(owner) = sight.whose else {
            let fault =
                Invalid::input("/of", "is one person, by id; nobody speaks of all together");
            return Err(fault.into());
        };
        if !sight.has_texts {
            return Err(ProgressError::NotYours.into());
        }
        let told = self.progress_of(tenant, name, &owner).await?;
        if told["count"] == 0 {
            return Err(EngineError::NothingToDo("there are no results yet"));
        }
        let language = self.language_for(tenant, spec, &told, ask.language.as_deref()).await?;
        let input = json!({"language": language, "language_name": language::name(&language)});
        let for_whom = For { tenant, job: None, user: Some(owner.clone()) };
        let prepared = Box::pin(self.prepare(&task, None, &input, 0, for_whom)).await?;
        let answered = Box::pin(prepared.asker.ask(&[], 1, 1)).await?;
        let act = self.act(caller);
        let (subject, tokens) = (format!("progress/{name}"), answered.tokens_used as i64);
        self.store()
            .write(&caller.actor, act.now, move |tx| {
                let summary = format!("Ran the task {task}");
                let entry = audit::Entry::new(tenant, "task_answered", subject, summary);
                tx.audit(entry.tokens(tokens));
                Ok::<_, EngineError>(())
            })
            .await?;
        let (provider, model) = match answered.produced_by.split_once('/') {
            Some((provider, model)) => (provider, Some(model)),
            None => (answered.produced_by.as_str(), None),
        };
        Ok(json!({
            "progress": name,
            "of": owner,
            "count": told["count"],
            "last_at": told["last_at"],
            "language": language,
            "comment": answered.value["comment"].as_str().unwrap_or_default(),
            "provider": provider,
            "model": model,
        }))
    }

    /// The language that somebody wants, else that of their newest result, else the application's usual one.
    async fn language_for(
        &self,
        tenant: TenantId,
        spec: &Progress,
        told: &Json,
        wanted: Option<&str>,
    ) -> Result<String, EngineError> {
        let languages = &self.folder().description().languages;
        let usual = languages.first().map_or("en", String::as_str);
        if let Some(wanted) = wanted.and_then(|it| known(it, languages)) {
            return Ok(wanted.to_owned());
        }
        let newest = told["points"].as_array().and_then(|it| it.last()?["record"].as_str());
        let Some(id) = newest.and_then(|it| it.parse::<RecordId>().ok()) else {
            return Ok(usual.to_owned());
        };
        let of = spec.of.clone();
        let read = move |db: &Db| record::get(db, Reach::Tenant(tenant), id, Some(of.as_str()));
        let newest = match self.store().read(read).await {
            Ok(newest) => newest,
            Err(RecordError::Store(error)) => return Err(error.into()),
            // It went meanwhile.
            Err(_) => return Ok(usual.to_owned()),
        };
        let lists = spec.recurring.iter().filter_map(|it| field::get(&newest.data, it)?.as_array());
        let texts: Vec<&str> = lists.flatten().filter_map(Json::as_str).collect();
        let found = language::detect(&texts.join("\n"), languages, usual, language::THRESHOLD);
        Ok(found.language)
    }
}

/// The language that is meant among those of the application: `es` by `es-ES`, and by `es-ES,en;q=0.8` too.
fn known<'a>(wanted: &str, languages: &'a [String]) -> Option<&'a str> {
    let code = wanted.split(['-', '_', ',', ';']).next().unwrap_or_default().trim().to_lowercase();
    languages.iter().find(|it| **it == code).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_first_letters() {
        let languages = ["en".to_owned(), "es".to_owned()];
        for wanted in ["es", "ES", "es-MX", "es_ES", "es-ES,en;q=0.8", " es "] {
            assert_eq!(known(wanted, &languages), Some("es"), "{wanted}");
        }
        for other in ["", "pt-BR", "spanish"] {
            assert_eq!(known(other, &languages), None, "{other}");
        }
    }
}
