//! Changing documents while the application runs: checked with all others, written down whether or not they
//! are valid, put in force only when all checks pass.
//!
//! A change is looked at before it is written and written only if nobody was quicker: otherwise it is looked
//! at again, with what the other has changed. Text, pointer, marks and audit rows are one transaction, so a
//! process that is killed leaves all of it or nothing; taking a text over is reading it, and is done by every
//! process for itself. The files of the folder are never written.
//!
//! Start at [`Register::make`].

use std::{collections::BTreeMap, time::Duration};

use base::{Actor, Page, PageRequest, TenantId, Timestamp, metric::Counter};
use serde_json::{Value as Json, json};
use store::{Db, Store, Tx, audit, mark};
use tracing::info;

use super::{
    ConfigurationError, Document,
    bundle::{self, BundleError, DOCUMENT_BYTES_MAX},
    checksum, held_back,
    hide::Lost,
    standing::{self, Standing, Text},
    version::{self, FILE, Head, Origin, Version},
};
use crate::{
    check::{self, Level, Report, Told},
    folder::Folder,
    progress::document_mark,
    record::Invalid,
};

static CHANGES: Counter = Counter::new(
    "configuration_changes_total",
    "Texts that documents of the configuration were to have, each counted once.",
    &["origin", "outcome"],
);

/// How often a change is looked at again because another one was quicker.
const ROUNDS: usize = 8;
/// The longest reason.
pub const REASON_CHARS_MAX: usize = 500;

/// Where documents are changed. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    folder: Folder,
    store: Store,
}

/// What a document is to say.
#[derive(Clone, PartialEq, Eq)]
pub enum Wish {
    /// This text.
    Text(String),
    /// What its file says.
    File,
}

/// A change of documents.
#[derive(Clone)]
pub struct Change {
    /// What documents are to say, by name.
    pub wishes: BTreeMap<String, Wish>,
    /// How it came about.
    pub origin: Origin,
    /// Why.
    pub reason: String,
    /// The version that it was written upon, when it is to be refused upon any other.
    pub upon: Option<i64>,
}

/// What came of a change.
#[derive(Debug)]
pub struct Outcome {
    /// What the check of all documents found. With an error in it nothing was put in force.
    pub report: Report,
    /// The versions that were written down, by document.
    pub made: BTreeMap<String, i64>,
    /// Documents that say what they were to say already.
    pub unchanged: Vec<String>,
}

/// A document that will say something else.
struct Planned {
    config: String,
    file: String,
    /// What it says until now.
    old: Text,
    /// What it is to say.
    text: Option<String>,
    /// The file itself is to be in force.
    is_file: bool,
    base: Option<String>,
}

impl Register {
    /// The register of an application. Which versions the folder was read with does not matter, only its
    /// files.
    pub fn new(folder: Folder, store: Store) -> Self {
        Self { folder, store }
    }

    /// The versions that are in force over the files, and a number that tells whether that is still so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn heads(&self) -> Result<(i64, Vec<Head>), store::Error> {
        let read = |db: &Db| Ok::<_, store::Error>((version::generation(db)?, version::heads(db)?));
        self.store.read(read).await
    }

    /// Checks a change with all documents, writes it down, and puts it in force at once for whoever reads
    /// documents anew, if nothing is wrong.
    ///
    /// # Errors
    /// A document that is not there, a reason or a text that is none; a version that it was not written
    /// upon.
    pub async fn make(
        &self,
        actor: &Actor,
        now: Timestamp,
        change: Change,
    ) -> Result<Outcome, ConfigurationError> {
        self.fits(&change)?;
        for _ in 0..ROUNDS {
            let (generation, heads) = self.heads().await?;
            let (planned, unchanged, report) = self.look(&change, &heads).await?;
            if planned.is_empty() {
                return Ok(Outcome { report, made: BTreeMap::new(), unchanged });
            }
            let written = self.write(actor, now, &change, planned, &report, generation).await?;
            if let Some(made) = written {
                let outcome = if report.is_fit() { "valid" } else { "refused" };
                CHANGES.add(made.len() as u64, &[change.origin.name(), outcome]);
                for (document, number) in &made {
                    info!(
                        configuration.document = document,
                        configuration.version = number,
                        configuration.outcome = outcome,
                        "Version {number} of {document} is {outcome}"
                    );
                }
                return Ok(Outcome { report, made, unchanged });
            }
        }
        Err(ConfigurationError::Busy)
    }

    /// Checks a change with all documents, and changes nothing.
    ///
    /// # Errors
    /// As [`Register::make`].
    pub async fn check(&self, change: Change) -> Result<Outcome, ConfigurationError> {
        self.fits(&change)?;
        let heads = self.heads().await?.1;
        let (_, unchanged, report) = self.look(&change, &heads).await?;
        Ok(Outcome { report, made: BTreeMap::new(), unchanged })
    }

    /// A change that goes back to a version of a document, or to its file: [`FILE`].
    ///
    /// # Errors
    /// A document or a version that is not there.
    pub async fn back_to(
        &self,
        config: &str,
        number: i64,
        reason: String,
        upon: Option<i64>,
    ) -> Result<Change, ConfigurationError> {
        self.document(config, |_| ())?;
        let wish = match number {
            FILE => Wish::File,
            _ => match self.version(config, number).await?.content {
                Some(text) => Wish::Text(text),
                None => Wish::File,
            },
        };
        let wishes = BTreeMap::from([(config.to_owned(), wish)]);
        Ok(Change { wishes, origin: Origin::Revert, reason, upon })
    }

    /// A version of a document, secrets and all.
    async fn version(&self, config: &str, number: i64) -> Result<Version, ConfigurationError> {
        let named = config.to_owned();
        let found = self.store.read(move |db: &Db| version::get(db, &named, number)).await?;
        let missing = || ConfigurationError::NoSuchVersion { config: config.to_owned(), number };
        found.ok_or_else(missing)
    }

    /// The versions of a document, the newest first, as they may be shown.
    ///
    /// # Errors
    /// A document that is not there.
    pub async fn history(
        &self,
        config: &str,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, ConfigurationError> {
        let document = self.document(config, Document::clone)?;
        let (named, page) = (config.to_owned(), page.clone());
        let read = move |db: &Db| {
            let mut found = version::list(db, &named, &page)?;
            if counted {
                found.total = Some(version::count(db, &named)?);
            }
            Ok::<_, store::Error>((found, version::heads(db)?))
        };
        let (found, heads) = self.store.read(read).await?;
        let in_force = heads
            .iter()
            .find(|it| it.config == config && standing::holds(it, document.file_text()))
            .map(|it| it.number);
        let shown = move || found.map(|it| view(&document, &it, in_force));
        Ok(apart(shown).await?)
    }

    /// All documents that say something, as they may be shown, in one file.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export(&self) -> Result<Vec<u8>, ConfigurationError> {
        let heads = self.heads().await?.1;
        let configuration = self.folder.configuration();
        let packed = apart(move || {
            let mut by_heads = standing::by_heads(&configuration, &heads);
            let texts = configuration.documents().iter().filter_map(|it| {
                let text = by_heads.remove(&it.name)?.text?;
                Some((it.file.clone(), it.shown_text(&text)?))
            });
            bundle::pack(&texts.collect())
        });
        packed.await?.map_err(ConfigurationError::Pack)
    }

    /// What documents are to say by a file with several, and the entries of it that are none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn unpack(
        &self,
        bytes: &[u8],
    ) -> Result<(BTreeMap<String, Wish>, Vec<String>), ConfigurationError> {
        let configuration = self.folder.configuration();
        let (mut wishes, mut unknown) = (BTreeMap::new(), Vec::new());
        for (path, text) in bundle::unpack(bytes)? {
            // What file managers leave in archives.
            if path.split('/').any(|it| it.starts_with('.') || it == "__MACOSX") {
                continue;
            }
            let bare = path.strip_prefix("config/").unwrap_or(&path);
            let stem = bare.strip_suffix(".yaml").or_else(|| bare.strip_suffix(".yml"));
            let named = configuration.documents().iter().find(|it| it.file == path);
            let named = named.or_else(|| configuration.get(stem?));
            match named {
                Some(document) => {
                    if wishes.insert(document.name.clone(), Wish::Text(text)).is_some() {
                        return Err(BundleError::Twice(path).into());
                    }
                }
                None => unknown.push(path),
            }
        }
        Ok((wishes, unknown))
    }

    /// What is looked up of a document.
    fn document<T>(
        &self,
        name: &str,
        look: impl FnOnce(&Document) -> T,
    ) -> Result<T, ConfigurationError> {
        let configuration = self.folder.configuration();
        configuration.get(name).map(look).ok_or_else(|| ConfigurationError::NoSuch(name.to_owned()))
    }

    /// Is a change one that can be looked at?
    fn fits(&self, change: &Change) -> Result<(), ConfigurationError> {
        let reason = change.reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX || reason.contains('\0') {
            let message = format!("must have 1 to {REASON_CHARS_MAX} characters");
            return Err(Invalid::input("/reason", message)
                .hint("say why, for those who read the history")
                .into());
        }
        for (config, wish) in &change.wishes {
            self.document(config, |_| ())?;
            let Wish::Text(text) = wish else { continue };
            if text.len() > DOCUMENT_BYTES_MAX {
                return Err(Invalid::input("/content", "is longer than 1 MB").into());
            }
            if text.contains('\0') {
                return Err(Invalid::input("/content", "holds a NUL character").into());
            }
        }
        Ok(())
    }

    /// What a change makes of the documents: what will be another text, what stays, and what the check says
    /// of all of them.
    async fn look(
        &self,
        change: &Change,
        heads: &[Head],
    ) -> Result<(Vec<Planned>, Vec<String>, Report), ConfigurationError> {
        let configuration = self.folder.configuration();
        let mut by_heads = standing::by_heads(&configuration, heads);
        let (mut planned, mut unchanged) = (Vec::new(), Vec::new());
        for (config, wish) in &change.wishes {
            let document = configuration.get(config);
            let document = document.ok_or_else(|| ConfigurationError::NoSuch(config.clone()))?;
            let nothing = Text { version: FILE, text: None };
            let old = by_heads.get(config).cloned().unwrap_or(nothing);
            if change.upon.is_some_and(|it| it != old.version) {
                return Err(ConfigurationError::Stale {
                    config: config.clone(),
                    version: old.version,
                });
            }
            let (text, is_file) = match wish {
                Wish::Text(text) => (Some(unhidden(document, text, &old)?), false),
                Wish::File => (document.file_text().map(str::to_owned), true),
            };
            // One that was set aside is let go of when somebody goes back to the file.
            let is_aside = is_file && heads.iter().any(|it| it.config == *config);
            if text == old.text && !is_aside {
                unchanged.push(config.clone());
                continue;
            }
            let now = Text { version: FILE, text: text.clone() };
            by_heads.insert(config.clone(), now);
            planned.push(Planned {
                config: config.clone(),
                file: document.file.clone(),
                old,
                text,
                is_file,
                base: document.base(),
            });
        }
        let mut report = check(&self.folder, &by_heads).await?;
        let of_change = |file: &str| {
            let mut documents = change.wishes.keys().filter_map(|it| configuration.get(it));
            documents.any(|it| it.file == file)
        };
        // What is held back of other documents was told to whoever wrote those.
        report.faults.retain(|it| {
            it.code != held_back::CODE || it.level == Level::Error || of_change(&it.file)
        });
        Ok((planned, unchanged, report))
    }

    /// Writes a change down, unless somebody was quicker: then none.
    async fn write(
        &self,
        actor: &Actor,
        now: Timestamp,
        change: &Change,
        planned: Vec<Planned>,
        report: &Report,
        generation: i64,
    ) -> Result<Option<BTreeMap<String, i64>>, ConfigurationError> {
        let (origin, reason) = (change.origin, change.reason.trim().to_owned());
        let (is_valid, created_by) = (report.is_fit(), actor.to_string());
        let is_one = planned.len() == 1;
        let planned: Vec<(Planned, Json)> = planned
            .into_iter()
            .map(|it| {
                let own = report.faults.iter().filter(|fault| is_one || fault.file == it.file);
                let faults = json!(own.collect::<Vec<_>>());
                (it, faults)
            })
            .collect();
        let write = move |tx: &Tx| {
            tx.hold(version::MARK)?;
            if version::generation(tx)? != generation {
                return Ok(None);
            }
            let mut made = BTreeMap::new();
            for (it, faults) in planned {
                let number = version::newest(tx, &it.config)? + 1;
                let entry = entry(&it, number, origin, is_valid).why(reason.as_str());
                version::add(
                    tx,
                    &Version {
                        config: it.config.clone(),
                        number,
                        content: it.text,
                        old_content: it.old.text,
                        base: it.base,
                        origin,
                        reason: reason.clone(),
                        is_valid,
                        faults,
                        created_by: created_by.clone(),
                        created_at: now,
                    },
                )?;
                if is_valid {
                    version::point(tx, &it.config, (!it.is_file).then_some(number))?;
                    mark::touch(tx, &document_mark(&it.config), TenantId::DEFAULT);
                }
                version::prune(tx, &it.config, number)?;
                tx.audit(entry);
                made.insert(it.config, number);
            }
            if is_valid {
                mark::touch(tx, version::MARK, TenantId::DEFAULT);
            }
            Ok::<_, store::Error>(Some(made))
        };
        Ok(self.store.write(actor, now, write).await?)
    }
}

/// Checks the folder as it would be with these documents.
///
/// # Errors
/// While the process stops.
pub(crate) async fn check(folder: &Folder, texts: &Standing) -> Result<Report, store::Error> {
    let texts: BTreeMap<String, String> =
        texts.iter().filter_map(|(name, it)| Some((name.clone(), it.text.clone()?))).collect();
    let configuration = folder.configuration();
    let files = configuration.documents().iter().filter_map(|it| {
        let text = texts.get(&it.name)?.clone();
        Some((it.file.clone(), text))
    });
    let (files, folder) = (files.collect::<BTreeMap<_, _>>(), folder.clone());
    let looked = apart(move || {
        let told = Told { operations: &[], kinds: folder.kinds() };
        let report = check::with_files(folder.path(), &told, files);
        report.with(held_back::of_texts(&folder, &texts))
    });
    looked.await
}

/// Does what takes long on a thread that answers nobody: reads files and texts, compiles schemas.
///
/// # Errors
/// While the process stops.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, store::Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => {
            let why = "the process is stopping".to_owned();
            Err(store::Error::Unavailable { retry_after: Duration::from_secs(1), why })
        }
    }
}

/// A text with what is hidden in it as it was.
fn unhidden(document: &Document, text: &str, old: &Text) -> Result<String, Invalid> {
    // What somebody was shown, and gives back as it is, is no change, though comments are gone from it.
    if let Some(was) = &old.text
        && document.shown_text(was).as_deref() == Some(text)
    {
        return Ok(was.clone());
    }
    document.unhidden(text, old.text.as_deref()).map_err(|(pointer, lost)| {
        let place = pointer.trim_start_matches('/').replace('/', ".");
        match lost {
            Lost::Unknown => {
                let message = format!("hides `{place}`, and nothing is known of it");
                Invalid::input("/content", message)
                    .hint("write the value itself, or leave it to the environment")
            }
            Lost::Elsewhere => {
                let message = format!(
                    "hides `{place}`, and an address beside it is another one: give the secret anew"
                );
                Invalid::input("/content", message)
                    .hint("write the value itself: one that is kept is not sent to another server")
            }
        }
    })
}

/// What the audit log says of a change: never the text itself, in which there may be secrets.
fn entry(it: &Planned, number: i64, origin: Origin, is_valid: bool) -> audit::Entry {
    let Planned { config, old, text, is_file, .. } = it;
    let (action, summary) = match (is_valid, is_file) {
        (false, _) => ("configuration_refused", format!("Refused version {number} of {config}")),
        (true, true) => ("configuration_changed", format!("Went back to the file of {config}")),
        (true, false) => {
            ("configuration_changed", format!("Put version {number} of {config} in force"))
        }
    };
    let sum = |text: &Option<String>| text.as_deref().map(checksum);
    let subject = format!("configuration/{config}");
    audit::Entry::new(TenantId::DEFAULT, action, subject, summary)
        .before(json!({"version": old.version, "checksum": sum(&old.text)}))
        .after(json!({"version": number, "checksum": sum(text), "origin": origin.name()}))
}

/// What callers see of a version.
fn view(document: &Document, it: &Version, in_force: Option<i64>) -> Json {
    let shown = |text: &Option<String>| text.as_deref().and_then(|it| document.shown_text(it));
    json!({
        "config": it.config,
        "version": it.number,
        "in_force": in_force == Some(it.number),
        "origin": it.origin.name(),
        "reason": it.reason,
        "is_valid": it.is_valid,
        "faults": it.faults,
        "old": shown(&it.old_content),
        "new": shown(&it.content),
        "created_by": it.created_by,
        "created_at": it.created_at,
    })
}
