//! The door through which sources reach the application's records, tasks and files.
//!
//! What a source brings is held to the same rules as what anybody else writes: the schema, the
//! references, what must be unique. Nothing here knows how it was fetched.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Component, Path},
};

use async_trait::async_trait;
use base::{RecordId, TenantId};
use bytes::Bytes;
use identity::{Reach, tenant};
use knowledge::{
    extract::{ExtractError, VerdictKind},
    sniff::{self, Kind},
};
use serde_json::{Map, Value as Json, json};
use sources::{
    Kit, Policy, Shelf,
    expression::Data,
    shelf::{Kept, Lies, Patch, Refused, TaskQuestion, Unanswered, Who, Words},
};
use store::{Db, Error, Row, Tx};
use tokio::task::spawn_blocking;

use crate::{
    engine::{Engine, For, Settings},
    folder::Folder,
    indexes::{expression, text},
    record::{self, Act, Bindings, Change, CollectionKit, Fresh, RecordError},
    task::answer::TaskError,
};

/// The most records that one statement looks for.
const CHUNK: usize = 50;

/// What the sources of an application share.
pub(crate) fn kit(folder: &Folder, settings: &Settings) -> Result<Kit, reqwest::Error> {
    let declared = &folder.description().environment;
    let value = |name: &str| {
        let given = settings.environment.get(name).map(|it| it.reveal().clone());
        Some((name.to_owned(), given.or_else(|| declared.default_of(name))?))
    };
    let environment: BTreeMap<String, String> = declared.names().filter_map(value).collect();
    let policy = Policy { allow_private: settings.allow_private_sources, ..Policy::default() };
    let (programs, lookups) = (folder.sources().iter().cloned(), folder.lookups().iter().cloned());
    Kit::new(programs, lookups, environment, policy)
}

/// The application's records, tasks and files.
pub(crate) struct Records {
    pub(crate) engine: Engine,
}

#[async_trait]
impl Shelf for Records {
    fn faults(&self, collection: &str, data: &Data) -> Vec<String> {
        match self.kit(collection) {
            None => vec![format!("there is no collection `{collection}`")],
            Some(kit) => match kit.check(Json::Object(data.clone())) {
                Ok(_) => Vec::new(),
                Err(invalid) => vec![invalid.to_string()],
            },
        }
    }

    fn made(&self, collection: &str) -> Vec<String> {
        self.kit(collection).map(CollectionKit::made).unwrap_or_default()
    }

    fn completed(&self, collection: &str, data: &Data) -> Data {
        self.kit(collection).map_or_else(|| data.clone(), |kit| kit.completed(data))
    }

    fn usual(&self, collection: &str) -> Data {
        self.kit(collection).map(CollectionKit::usual).unwrap_or_default()
    }

    fn takes(&self, collection: &str, there: &Data, patch: &Patch) -> bool {
        self.kit(collection).is_some_and(|kit| kit.changed(there, &laid(there, patch)).is_ok())
    }

    fn fields(&self, collection: &str) -> Vec<String> {
        let all = self.kit(collection).map(|kit| kit.schema.fields()).unwrap_or_default();
        all.into_iter().filter(|it| !it.contains('.')).collect()
    }

    fn by_ids(&self, db: &Db, tenant: TenantId, ids: &[RecordId]) -> Result<Vec<Kept>, Error> {
        let mut kept = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let mut bind = Bindings::default();
            let places: Vec<String> = chunk.iter().map(|it| bind.put(*it)).collect();
            let sql = format!(
                "SELECT id, data, deleted_at FROM records
                  WHERE id IN ({}) AND tenant IN ({}, {})",
                places.join(", "),
                bind.put(tenant),
                bind.put(TenantId::DEFAULT),
            );
            for row in db.query(sql.as_str(), &bind.0)? {
                kept.push(read(&row)?);
            }
        }
        Ok(kept)
    }

    fn all(
        &self,
        db: &Db,
        tenant: TenantId,
        collection: &str,
        most: u32,
    ) -> Result<Vec<Kept>, Error> {
        let Some(kit) = self.kit(collection) else { return Ok(Vec::new()) };
        let mut bind = Bindings::default();
        let sql = format!(
            "SELECT id, data, deleted_at FROM records
              WHERE collection = {collection} AND deleted_at IS NULL AND version IS NULL
                AND tenant = {tenant}
              ORDER BY created_at, id LIMIT {most}",
            collection = text(&kit.name),
            tenant = bind.put(owner(kit, tenant)),
        );
        db.query(sql.as_str(), &bind.0)?.iter().map(read).collect()
    }

    fn by_keys(
        &self,
        db: &Db,
        tenant: TenantId,
        collection: &str,
        fields: &[String],
        keys: &[Vec<Json>],
    ) -> Result<Vec<Option<Kept>>, Error> {
        let Some(kit) = self.kit(collection) else { return Ok(vec![None; keys.len()]) };
        let dialect = db.dialect();
        let texts: Vec<Vec<Option<String>>> = keys
            .iter()
            .map(|key| {
                let pairs = fields.iter().zip(key);
                pairs.map(|(field, value)| kit.filter_text(dialect, field, value)).collect()
            })
            .collect();
        let mut found: HashMap<Vec<Option<String>>, Kept> = HashMap::new();
        // A key with nothing in it is nobody's.
        let whole: Vec<&Vec<Option<String>>> =
            texts.iter().filter(|it| it.iter().all(Option::is_some)).collect();
        for chunk in whole.chunks(CHUNK) {
            let mut bind = Bindings::default();
            let one = |key: &&Vec<Option<String>>, bind: &mut Bindings| {
                let parts = fields.iter().zip(key.iter()).map(|(field, value)| {
                    let place = bind.put(value.clone());
                    format!("{} = {place}", expression(dialect, "", field))
                });
                format!("({})", parts.collect::<Vec<_>>().join(" AND "))
            };
            let any: Vec<String> = chunk.iter().map(|it| one(it, &mut bind)).collect();
            let columns = fields
                .iter()
                .enumerate()
                .map(|(at, field)| format!("{} AS key_{at}", expression(dialect, "", field)));
            // As the declared index is written, so that it is used.
            let sql = format!(
                "SELECT id, data, deleted_at, {columns} FROM records
                  WHERE collection = {collection} AND deleted_at IS NULL AND tenant = {tenant}
                    AND ({any})",
                columns = columns.collect::<Vec<_>>().join(", "),
                collection = text(&kit.name),
                tenant = bind.put(owner(kit, tenant)),
                any = any.join(" OR "),
            );
            for row in db.query(sql.as_str(), &bind.0)? {
                let key = (0..fields.len()).map(|at| row.get(&format!("key_{at}")));
                found.insert(key.collect::<Result<_, _>>()?, read(&row)?);
            }
        }
        Ok(texts.iter().map(|it| found.get(it).cloned()).collect())
    }

    fn insert(
        &self,
        tx: &Tx,
        who: &Who,
        collection: &str,
        all: Vec<Data>,
    ) -> Result<Vec<RecordId>, Refused> {
        let no_such = || Refused::Record(format!("there is no collection `{collection}`"));
        let kit = self.kit(collection).ok_or_else(no_such)?;
        let tenant = owner(kit, who.tenant);
        let mut rows = Vec::with_capacity(all.len());
        let ids = record::fresh(tx, kit, all.len())?;
        for (id, data) in ids.iter().copied().zip(all) {
            let data =
                kit.check(Json::Object(data)).map_err(|it| Refused::Record(it.to_string()))?;
            record::check_references(tx, kit, tenant, &[(data.data(), None)]).map_err(refused)?;
            rows.push(Fresh {
                id,
                tenant,
                parent: None,
                version: None,
                lineage: id,
                // A record outside of others has no neighbours to be behind.
                position: 1,
                data,
            });
        }
        let by = who.actor.to_string();
        record::insert(tx, kit, rows, &by, who.now)
            .map_err(|error| refused(record::not_unique(kit, error)))?;
        Ok(ids)
    }

    fn update(&self, tx: &Tx, who: &Who, id: RecordId, patch: &Patch) -> Result<Data, Refused> {
        let act = Act { reach: Reach::All, actor: who.actor.clone(), now: who.now };
        let there = record::get(tx, act.reach, id, None).map_err(refused)?;
        let patch = Json::Object(laid(&there.data, patch));
        let change = Change { id, collection: None, patch, revision: None };
        let made = record::update(tx, self.engine.folder().kits(), &act, &change);
        Ok(made.map_err(refused)?.data)
    }

    async fn ask(&self, ask: TaskQuestion) -> Result<Json, Unanswered> {
        let for_whom = For { tenant: ask.tenant, job: Some(ask.job), user: None };
        let prepared =
            Box::pin(self.engine.prepare(&ask.task, None, &ask.input, 1, for_whom)).await;
        let prepared = prepared.map_err(|it| Unanswered::Nobody(it.to_string()))?;
        match Box::pin(prepared.asker.ask(&[], 1, 1)).await {
            Ok(answered) => Ok(answered.value),
            // Temporary ones first: a model that takes too long over one question is there for the next.
            Err(TaskError::Model(error)) if error.is_temporary() => {
                Err(Unanswered::Away(error.to_string()))
            }
            Err(TaskError::Model(error)) if error.is_absent() => {
                Err(Unanswered::Nobody(error.to_string()))
            }
            Err(error) => Err(Unanswered::This(error.to_string())),
        }
    }

    fn tenant(&self, db: &Db, id: TenantId) -> Result<Json, Error> {
        Ok(match tenant::get(db, id)? {
            Some(it) => json!({"id": it.id, "slug": it.slug, "name": it.name, "data": it.data}),
            None => json!({"id": id, "slug": "default", "name": "default", "data": {}}),
        })
    }

    async fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        let inside = Path::new(path)
            .components()
            .all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
        if !inside || path.is_empty() {
            return Err(format!("`{path}` is no file of the application's folder"));
        }
        let read = tokio::fs::read(self.engine.folder().path().join(path)).await;
        read.map_err(|_| format!("the file `{path}` cannot be read"))
    }

    async fn lies(&self, bytes: Bytes) -> Result<Lies, String> {
        let looked_at = bytes.clone();
        // To know whether a long text is JSON all of it is read.
        let kind = spawn_blocking(move || sniff::kind(&looked_at, None)).await;
        let kind = kind.map_err(|_| "it could not be looked at".to_owned())?;
        match kind.map_err(|it| it.to_string())? {
            Kind::Html => Ok(Lies::Page),
            Kind::Markdown | Kind::Text | Kind::Json | Kind::Csv => Ok(Lies::Text),
            kind @ (Kind::Png | Kind::Jpeg | Kind::Webp | Kind::Gif) => {
                Err(format!("what lies there is {}", kind.described()))
            }
            kind @ (Kind::Pdf | Kind::Docx | Kind::Xlsx) => {
                let nobody =
                    || format!("what lies there is {}, and nobody reads it", kind.described());
                let knowledge = self.engine.knowledge().ok_or_else(nobody)?;
                let words = Box::pin(knowledge.words(kind, bytes)).await;
                let words = words.map_err(|it| unread(kind, &it))?;
                Ok(Lies::Document(Words(words)))
            }
        }
    }
}

impl Records {
    fn kit(&self, collection: &str) -> Option<&CollectionKit> {
        self.engine.folder().kits().get(collection)
    }
}

/// Whose a record of a collection is.
fn owner(kit: &CollectionKit, tenant: TenantId) -> TenantId {
    if kit.spec.shared { TenantId::DEFAULT } else { tenant }
}

fn read(row: &Row) -> Result<Kept, Error> {
    let deleted: Option<base::Timestamp> = row.get("deleted_at")?;
    let data = record::object(row, "data")?;
    Ok(Kept { id: row.get("id")?, data, is_deleted: deleted.is_some() })
}

/// Why a document that lies at an address has no words. Whoever reads this did not put it there.
fn unread(kind: Kind, error: &ExtractError) -> String {
    let why: String = match error {
        ExtractError::Nothing { verdict } => match verdict.kind {
            VerdictKind::ImageOnly => "that holds pictures without text".into(),
            VerdictKind::Encrypted => "that is locked with a password".into(),
            VerdictKind::Broken => "that is damaged and cannot be read".into(),
            VerdictKind::TooLong => "that is longer than what is read".into(),
            VerdictKind::Empty | VerdictKind::Text => "without a word in it".into(),
        },
        ExtractError::TooLong { seconds } => format!("that takes longer than {seconds} s to read"),
        ExtractError::TooMuch { megabytes } => {
            format!("that takes more than {megabytes} MB to read, or breaks readers")
        }
        ExtractError::NotStarted { .. } => return error.to_string(),
    };
    format!("what lies there is {} {why}", kind.described())
}

fn refused(error: RecordError) -> Refused {
    match error {
        RecordError::Store(error) => Refused::Store(error),
        other => Refused::Record(other.to_string()),
    }
}

/// What is said of a record in a patch: what changes, whole, and what stays as it is.
fn laid(there: &Data, patch: &Patch) -> Map<String, Json> {
    let before = |name: &String| there.get(name).unwrap_or(&Json::Null);
    let stay = patch.stay.iter().filter_map(|name| match before(name) {
        Json::Null => None,
        // To go deeper and say nothing: what is null in it stays so.
        Json::Object(_) => Some((name.clone(), json!({}))),
        value => Some((name.clone(), value.clone())),
    });
    let fields = patch.fields.iter();
    let fields = fields.map(|(name, value)| (name.clone(), whole(before(name), value.clone())));
    stay.chain(fields).collect()
}

/// A change that puts `after` in place of `before`, where a change of an object goes deeper: what is not
/// in it any more is taken out.
fn whole(before: &Json, after: Json) -> Json {
    let (Json::Object(before), Json::Object(after)) = (before, &after) else { return after };
    let mut patch = after.clone();
    for (name, old) in before {
        match patch.get_mut(name) {
            None => {
                patch.insert(name.clone(), Json::Null);
            }
            Some(new) => *new = whole(old, new.take()),
        }
    }
    Json::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_document_has_no_words_is_told_of_what_lies_there() {
        let error = ExtractError::TooLong { seconds: 30 };
        assert_eq!(
            unread(Kind::Pdf, &error),
            "what lies there is a PDF that takes longer than 30 s to read"
        );
    }

    #[test]
    fn what_is_said_to_stay_is_named_and_changes_nothing() {
        let there = json!({"a": {"b": null}, "c": null, "d": [null], "e": 1});
        let (there, stay) = (there.as_object().expect("an object"), ["a", "c", "d", "e", "f"]);
        let fields = Data::from_iter([("e".to_owned(), json!(2))]);
        let patch = Patch { fields, stay: stay.map(str::to_owned).to_vec() };
        let patch = Json::Object(laid(there, &patch));
        assert_eq!(patch, json!({"a": {}, "d": [null], "e": 2}));
        let mut after = Json::Object(there.clone());
        record::merge(&mut after, &patch);
        assert_eq!(after, json!({"a": {"b": null}, "c": null, "d": [null], "e": 2}));
    }

    #[test]
    fn an_object_is_replaced_and_not_laid_over_the_old_one() {
        let before = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        let after = json!({"a": 2, "b": {"c": 2}, "f": 4});
        let mut there = before.clone();
        record::merge(&mut there, &whole(&before, after.clone()));
        assert_eq!(there, after);
    }
}
