//! A small application for the tests of this room, and a tenant that works in it.
//!
//! Shelves lie in no other record and are versioned over their books; notes lie in shelves; plans
//! refer to shelves and hold a document; topics are shared by all tenants.

use std::sync::Arc;

use base::{Actor, Clock, RecordId, TenantId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Store, Tx};

use crate::{
    description::Description,
    indexes,
    record::{self, Act, Checked, Kits, NewRecord, Record},
    schema::Schema,
    version::{self, Contents, NewChild, NewVersion, Origin, Outcome, Version},
};

pub(crate) struct Fixture {
    pub(crate) db: testkit::Database,
    pub(crate) store: Store,
    pub(crate) kits: Arc<Kits>,
    pub(crate) clock: Clock,
    pub(crate) tenant: TenantId,
    pub(crate) stranger: TenantId,
}

pub(crate) fn description() -> Description {
    serde_json::from_value(json!({
        "app": "library",
        "title": "Library",
        "tenants": {"noun": "reader", "schema": "tenant", "restore_days": 10},
        "collections": {
            "shelves": {
                "noun": "shelf", "plural": "shelves", "schema": "shelf", "title": "name",
                "columns": ["name", "kind"], "filters": ["kind", "is_open"],
                "entries": ["tags", "boards.wood"], "sorts": ["name", "kind"],
                "located": {"latitude": "latitude", "longitude": "longitude"},
                "unique": [["name", "kind"]], "versioned": {"children": "books"}
            },
            "books": {
                "noun": "book", "parent": "shelves", "schema": "book", "title": "code",
                "columns": ["code", "label", "metadata.unit"], "filters": ["topic", "metadata.unit"],
                "unique": [["code"]], "search": ["code", "label", "metadata.material"]
            },
            "notes": {
                "noun": "note", "parent": "shelves", "schema": "note", "title": "text",
                "unique": [["text"]]
            },
            "plans": {
                "noun": "plan", "schema": "plan", "title": "name", "filters": ["is_active", "shelf"],
                "references": {"shelf": "shelves"},
                "documents": {"rules": {"schema": "rules", "code": "invalid_document"}}
            },
            "topics": {
                "noun": "topic", "schema": "topic", "title": "code", "shared": true,
                "unique": [["code"]], "search": ["code", "title"]
            }
        }
    }))
    .expect("the description of the fixture is one")
}

fn schema(file: &str) -> Option<Schema> {
    let text = json!({"type": "string", "minLength": 1, "maxLength": 200});
    let (required, properties) = match file {
        "shelf" => (
            json!(["name"]),
            json!({
                "name": text, "kind": {"type": "string"}, "is_open": {"type": "boolean"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "boards": {"type": "array", "items": {"type": "object"}},
                "latitude": {"type": ["number", "null"]}, "longitude": {"type": ["number", "null"]}
            }),
        ),
        "book" => (
            json!(["label"]),
            json!({
                "code": {"type": ["string", "null"]}, "label": text,
                "topic": {"type": ["string", "null"]}, "pages": {"type": "integer"},
                "metadata": {"type": "object"}
            }),
        ),
        "note" => (json!(["text"]), json!({"text": text})),
        "plan" => (
            json!(["name"]),
            json!({
                "name": text, "is_active": {"type": "boolean"}, "rules": {"type": "object"},
                "shelf": {"type": ["string", "null"]}
            }),
        ),
        "rules" => (json!(["order"]), json!({"order": {"enum": ["code", "label"]}})),
        "topic" => (json!(["code"]), json!({"code": text, "title": {"type": "string"}})),
        _ => return None,
    };
    let schema = json!({
        "type": "object", "required": required, "properties": properties,
        "additionalProperties": false
    });
    Some(Schema::compile(&schema).expect("the schemas of the fixture compile"))
}

pub(crate) fn kits(description: &Description) -> Kits {
    Kits::new(description, schema).expect("the fixture names no schema that is not there")
}

impl Fixture {
    /// The application over an empty database, its indexes made.
    pub(crate) async fn on(db: testkit::Database) -> Self {
        let rooms = [
            crate::MIGRATIONS,
            identity::MIGRATIONS,
            work::MIGRATIONS,
            models::MIGRATIONS,
            knowledge::MIGRATIONS,
            sources::MIGRATIONS,
        ];
        let store = db.migrated(&rooms).await;
        let fixture = Self {
            db,
            store,
            kits: Arc::new(kits(&description())),
            clock: testkit::clock(),
            tenant: TenantId::generate(),
            stranger: TenantId::generate(),
        };
        let made =
            fixture.write(&fixture.house(), |tx, kits, _| indexes::reconcile(tx, kits)).await;
        made.expect("the indexes are made");
        fixture
    }

    /// Somebody of the tenant, now.
    pub(crate) fn act(&self) -> Act {
        Act { reach: Reach::Tenant(self.tenant), actor: Actor::operator(), now: self.clock.now() }
    }

    /// Somebody of another tenant, now.
    pub(crate) fn stranger(&self) -> Act {
        Act { reach: Reach::Tenant(self.stranger), ..self.act() }
    }

    /// The house, now.
    pub(crate) fn house(&self) -> Act {
        Act::house(self.clock.now())
    }

    pub(crate) fn days_pass(&self, days: i64) {
        self.clock.advance(jiff::SignedDuration::from_hours(24 * days));
    }

    pub(crate) async fn write<T, E>(
        &self,
        act: &Act,
        f: impl FnOnce(&Tx, &Kits, &Act) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let (kits, own) = (self.kits.clone(), act.clone());
        self.store.write(&act.actor, act.now, move |tx| f(tx, &kits, &own)).await
    }

    pub(crate) async fn read<T, E>(
        &self,
        f: impl FnOnce(&Db, &Kits) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        let kits = self.kits.clone();
        self.store.read(move |db| f(db, &kits)).await
    }

    /// A number that a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let row = self.store.read(move |db| db.one(sql, &[])).await;
        row.and_then(|it| it.get("total")).expect("the statement counts a `total`")
    }

    pub(crate) fn checked(&self, collection: &str, data: Json) -> Checked {
        let kit = self.kits.get(collection).expect("the collection is there");
        kit.check(data).expect("the data of the test fits")
    }

    pub(crate) async fn create(
        &self,
        act: &Act,
        collection: &'static str,
        tenant: TenantId,
        parent: Option<RecordId>,
        data: Json,
    ) -> Result<Record, record::RecordError> {
        let data = self.checked(collection, data);
        self.write(act, move |tx, kits, act| {
            let kit = kits.get(collection).expect("the collection is there");
            record::create(tx, kit, act, NewRecord { tenant, parent, data })
        })
        .await
    }

    /// A record of the tenant.
    pub(crate) async fn record(&self, collection: &'static str, data: Json) -> Record {
        let made = self.create(&self.act(), collection, self.tenant, None, data).await;
        made.expect("the record is made")
    }

    pub(crate) async fn shelf(&self, name: &str) -> Record {
        self.record("shelves", json!({"name": name})).await
    }

    pub(crate) fn books(&self, data: &[Json]) -> Vec<NewChild> {
        data.iter().map(|it| self.checked("books", it.clone()).into()).collect()
    }

    /// A finished version of the tenant's shelf with these books, not active.
    pub(crate) async fn version(&self, shelf: RecordId, books: &[Json]) -> Version {
        self.version_of(&self.act(), shelf, self.books(books)).await.expect("the version is made")
    }

    pub(crate) async fn version_of(
        &self,
        act: &Act,
        shelf: RecordId,
        books: Vec<NewChild>,
    ) -> Result<Version, version::VersionError> {
        self.write(act, move |tx, kits, act| {
            let new = NewVersion::new(shelf, Origin::Import, "Made by a test");
            let contents = Contents::Records(books);
            version::complete(tx, kits, act, new, contents, Outcome::default())
        })
        .await
    }

    /// A version that is active at once.
    pub(crate) async fn active(&self, shelf: RecordId, books: &[Json]) -> Version {
        let version = self.version(shelf, books).await;
        let id = version.id;
        let activated = self
            .write(&self.act(), move |tx, _, act| version::activate(tx, act, id, None, None))
            .await;
        activated.expect("the version is activated").version
    }
}
