//! Documents of the configuration: seen with their versions, changed, gone back to, carried out and in; and
//! what others changed, taken over by this process.

use std::collections::BTreeMap;

use base::{Page, PageRequest, metric::Counter};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::Db;
use tracing::{info, warn};

use crate::{
    ask::Download,
    check::{Level, Report},
    configuration::{
        ConfigurationError, Document,
        change::{self, Change, Outcome, Register, Wish},
        standing::{self, Standing},
        version::{self, Head, Origin},
    },
    engine::Engine,
    error::EngineError,
};

static TAKEN_OVER: Counter = Counter::new(
    "configuration_taken_over_total",
    "Changed documents that this process took over while it ran, and those that wait for its next start.",
    &["outcome"],
);

/// A document that is to say something else.
#[derive(Clone)]
pub struct ConfigurationSet {
    /// Its name.
    pub config: String,
    /// What it is to say.
    pub content: String,
    /// Why.
    pub reason: String,
    /// The version that it was written upon; 0 is the file. Refused when another one is in force.
    pub version: Option<i64>,
}

/// A document that is to go back.
#[derive(Debug, Clone)]
pub struct ConfigurationRevert {
    /// Its name.
    pub config: String,
    /// To this version; 0 is the file.
    pub to: i64,
    /// Why.
    pub reason: String,
    /// The version that is in force, as far as the caller knows.
    pub version: Option<i64>,
}

impl Engine {
    /// Where documents are changed.
    pub fn configuration_register(&self) -> Register {
        Register::new(self.folder().clone(), self.store().clone())
    }

    /// All documents in lines, each with the version that is in force and the one that the next start
    /// would find.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn configuration_list(&self) -> Result<Vec<Json>, EngineError> {
        let heads = self.configuration_register().heads().await?.1;
        let documents = self.folder().configuration();
        let by_heads = standing::by_heads(&documents, &heads);
        let lines =
            documents.documents().iter().map(|it| with_next(it, it.line(), &by_heads, &heads));
        Ok(lines.collect())
    }

    /// The whole of a document.
    ///
    /// # Errors
    /// [`ConfigurationError::NoSuch`] for one that is not there.
    pub async fn configuration_get(&self, name: &str) -> Result<Json, EngineError> {
        let heads = self.configuration_register().heads().await?.1;
        let documents = self.folder().configuration();
        let by_heads = standing::by_heads(&documents, &heads);
        let missing = || ConfigurationError::NoSuch(name.to_owned());
        let document = documents.get(name).ok_or_else(missing)?;
        let mut view = with_next(document, document.view(), &by_heads, &heads);
        // What an editor begins with is the newest text, also when it waits for the next start.
        let newest = by_heads.get(name).and_then(|it| it.text.as_deref());
        view["newest"] = newest.and_then(|it| document.shown_text(it)).into();
        Ok(view)
    }

    /// The texts of all documents as the next start would find them, by name, with these in their place.
    /// For a check: there are secrets in them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn configuration_texts(
        &self,
        given: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, EngineError> {
        let heads = self.configuration_register().heads().await?.1;
        let documents = self.folder().configuration();
        let newest = standing::by_heads(&documents, &heads).into_iter();
        let mut texts: BTreeMap<String, String> =
            newest.filter_map(|(name, it)| Some((name, it.text?))).collect();
        for (name, text) in given {
            let Some(document) = documents.get(&name) else { continue };
            let known = texts.get(&name).map(String::as_str);
            let text = document.unhidden(&text, known).unwrap_or(text);
            texts.insert(name, text);
        }
        Ok(texts)
    }

    /// Changes a document: checked with all others, written down, and in force when nothing is wrong. That
    /// something is wrong is an answer too.
    ///
    /// # Errors
    /// A document that is not there; a version that it was not written upon.
    pub async fn configuration_set(
        &self,
        caller: &Caller,
        ask: ConfigurationSet,
    ) -> Result<Json, EngineError> {
        let change = Change {
            wishes: BTreeMap::from([(ask.config.clone(), Wish::Text(ask.content))]),
            origin: Origin::Set,
            reason: ask.reason,
            upon: ask.version,
        };
        self.configuration_change(caller, &ask.config, change).await
    }

    /// Goes back to a version of a document, or to its file.
    ///
    /// # Errors
    /// As [`Engine::configuration_set`]; a version that is not there.
    pub async fn configuration_revert(
        &self,
        caller: &Caller,
        ask: ConfigurationRevert,
    ) -> Result<Json, EngineError> {
        let register = self.configuration_register();
        let change = register.back_to(&ask.config, ask.to, ask.reason, ask.version).await?;
        self.configuration_change(caller, &ask.config, change).await
    }

    /// The versions of a document, the newest first.
    ///
    /// # Errors
    /// A document that is not there.
    pub async fn configuration_history(
        &self,
        config: &str,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        Ok(self.configuration_register().history(config, page, counted).await?)
    }

    /// All documents in one file, without what is never shown.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn configuration_export(&self) -> Result<Download, EngineError> {
        let bytes = self.configuration_register().export().await?;
        let name = format!("{}-configuration.zip", self.folder().description().app);
        Ok(Download { name, content_type: "application/zip".to_owned(), bytes: bytes.into() })
    }

    /// Changes all documents that a file holds: all of them or none. With `only_checks` nothing is changed.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub async fn configuration_import(
        &self,
        caller: &Caller,
        bytes: &[u8],
        reason: String,
        only_checks: bool,
    ) -> Result<Json, EngineError> {
        let register = self.configuration_register();
        let (wishes, unknown) = register.unpack(bytes)?;
        let names: Vec<String> = wishes.keys().cloned().collect();
        let change = Change { wishes, origin: Origin::Import, reason, upon: None };
        // A file that holds something else is not half taken in.
        let outcome = match only_checks || !unknown.is_empty() {
            true => register.check(change).await?,
            false => register.make(&caller.actor, self.now(), change).await?,
        };
        if outcome.report.is_fit() && !outcome.made.is_empty() {
            self.follow_after_change().await;
        }
        Ok(self.imported(&names, &unknown, &outcome, only_checks))
    }

    /// Takes over what anybody has changed: what acts at once, when it fits what else is in force in this
    /// process. The duty of every moment; it asks for one number unless something was changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn follow_configuration(&self) -> Result<(), EngineError> {
        let mut followed = self.followed().lock().await;
        let generation = self.store().read(|db: &Db| version::generation(db)).await?;
        if *followed == Some(generation) {
            return Ok(());
        }
        let (generation, heads) = self.configuration_register().heads().await?;
        let documents = self.folder().configuration();
        let by_heads = standing::by_heads(&documents, &heads);
        for head in documents.documents().iter().filter_map(|it| standing::aside(it, &heads)) {
            let Head { config, number, .. } = head;
            warn!(
                configuration.document = config,
                configuration.version = number,
                "Version {number} of {config} is set aside: its file is another one than it was made upon"
            );
        }
        let (texts, changed) = standing::taken_over(&documents, &by_heads);
        if !changed.is_empty() {
            let report = change::check(self.folder(), &texts).await?;
            let taken = report.is_fit().then(|| self.folder().take_over(&texts, &changed));
            match taken {
                Some(Ok(())) => self.tell_taken_over(&texts, &changed).await,
                Some(Err(fault)) => wait_for_start(&changed, &fault.to_string()),
                None => {
                    let first = report.faults.iter().find(|it| it.level == Level::Error);
                    wait_for_start(&changed, &first.map(ToString::to_string).unwrap_or_default());
                }
            }
        }
        *followed = Some(generation);
        Ok(())
    }

    async fn tell_taken_over(&self, texts: &Standing, changed: &[String]) {
        for document in changed {
            TAKEN_OVER.increment(&["applied"]);
            let number = texts.get(document).map_or(version::FILE, |it| it.version);
            info!(
                configuration.document = document,
                configuration.version = number,
                "Version {number} of {document} is in force"
            );
        }
        if let Err(error) = self.record_prompts().await {
            warn!(error = %error, "Could not note the prompts that documents changed");
        }
    }

    async fn configuration_change(
        &self,
        caller: &Caller,
        config: &str,
        change: Change,
    ) -> Result<Json, EngineError> {
        let register = self.configuration_register();
        let outcome = register.make(&caller.actor, self.now(), change).await?;
        let is_valid = outcome.report.is_fit();
        if is_valid {
            self.follow_after_change().await;
        }
        let mut view = report_view(&outcome.report);
        view["config"] = config.into();
        let (newest, is_applied) = self.newest(config).await?;
        view["changed"] = (is_valid && !outcome.made.is_empty()).into();
        view["version"] = outcome.made.get(config).copied().unwrap_or(newest).into();
        view["applied"] = (is_valid && is_applied).into();
        view["acts"] = self.acts(config, is_valid).into();
        Ok(view)
    }

    /// What was changed is written down: that this process could not take it over at once is for the next
    /// moment, and no failure of the change.
    async fn follow_after_change(&self) {
        if let Err(error) = self.follow_configuration().await {
            warn!(error = %error, "Could not take changed documents over; trying again");
        }
    }

    /// The newest version of a document in force, and whether it is so in this process.
    async fn newest(&self, config: &str) -> Result<(i64, bool), EngineError> {
        let heads = self.configuration_register().heads().await?.1;
        let documents = self.folder().configuration();
        let by_heads = standing::by_heads(&documents, &heads);
        let (here, newest) = (documents.get(config), by_heads.get(config));
        let is_applied =
            here.zip(newest).is_some_and(|(here, it)| here.text_in_force() == it.text.as_deref());
        Ok((newest.map_or(version::FILE, |it| it.version), is_applied))
    }

    fn acts(&self, config: &str, is_valid: bool) -> Option<&'static str> {
        let documents = self.folder().configuration();
        let document = documents.get(config).filter(|_| is_valid)?;
        Some(if document.acts_at_once() { "now" } else { "next_start" })
    }

    /// What came of a file with documents.
    fn imported(
        &self,
        names: &[String],
        unknown: &[String],
        outcome: &Outcome,
        only_checks: bool,
    ) -> Json {
        let (documents, is_fit) = (self.folder().configuration(), outcome.report.is_fit());
        let is_valid = is_fit && unknown.is_empty();
        let (mut results, mut reloaded, mut waiting) = (Vec::new(), Vec::new(), 0);
        for document in names.iter().filter_map(|it| documents.get(it)) {
            let name = &document.name;
            let made = outcome.made.get(name).copied();
            let faults = outcome.report.faults.iter().filter(|it| it.file == document.file);
            let faults: Vec<_> = faults.collect();
            let is_at_fault = faults.iter().any(|it| it.level == Level::Error);
            let is_unchanged = outcome.unchanged.contains(name);
            if is_valid && made.is_some() {
                // What is in force here and now is what was written down, or it waits.
                match made == Some(document.version()) {
                    true => reloaded.push(name.clone()),
                    false => waiting += 1,
                }
            }
            let came = match (is_unchanged, is_at_fault, is_valid && made.is_some()) {
                (true, ..) => "unchanged",
                (_, true, _) => "refused",
                (.., true) => "imported",
                _ if only_checks && is_valid => "valid",
                _ => "left_out",
            };
            results.push(json!({
                "config": name, "file": document.file, "outcome": came, "version": made,
                "acts": if document.acts_at_once() { "now" } else { "next_start" }, "faults": faults,
            }));
        }
        results.extend(unknown.iter().map(|file| {
            json!({
                "config": null, "file": file, "outcome": "unknown", "version": null, "acts": null, "faults": [],
            })
        }));
        let mut view = report_view(&outcome.report);
        view["is_valid"] = is_valid.into();
        view["validated_only"] = only_checks.into();
        view["imported"] = (if is_valid { outcome.made.len() } else { 0 }).into();
        view["applied"] = (is_valid && !only_checks && waiting == 0).into();
        view["hot_reloaded"] = reloaded.into();
        view["results"] = results.into();
        view
    }
}

/// What a check found, as callers see it.
pub fn report_view(report: &Report) -> Json {
    let errors = report.faults.iter().filter(|it| it.level == Level::Error).count();
    json!({
        "is_valid": report.is_fit(),
        "errors": errors,
        "warnings": report.faults.len() - errors,
        "faults": report.faults,
    })
}

/// A document with what the next start would find of it.
fn with_next(document: &Document, mut view: Json, by_heads: &Standing, heads: &[Head]) -> Json {
    let aside = standing::aside(document, heads);
    view["set_aside"] = aside.map(|it| it.number).into();
    let next = by_heads.get(&document.name);
    let waits = next.is_some_and(|it| it.text.as_deref() != document.text_in_force());
    view["newest_version"] = next.map_or(version::FILE, |it| it.version).into();
    view["waits_for_start"] = waits.into();
    view
}

fn wait_for_start(changed: &[String], why: &str) {
    TAKEN_OVER.add(changed.len() as u64, &["waits"]);
    let documents = changed.join(", ");
    warn!(
        configuration.documents = documents,
        why,
        "Changed documents wait for the next start, since they do not fit what is in force here: {documents}"
    );
}
